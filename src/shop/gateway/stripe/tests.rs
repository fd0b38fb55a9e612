use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{
    currency::{minor, units},
    *,
};

const BODY: &str = r#"{"id":"evt_1"}"#;

/// All that there are.
fn currencies() -> &'static [Currency] {
    static ALL: LazyLock<Vec<Currency>> = LazyLock::new(|| {
        let letters = || (b'A'..=b'Z').map(char::from);
        let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
        codes.filter_map(|code| Currency::parse(&code)).collect()
    });
    &ALL
}

fn price(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::parse(code).unwrap()).unwrap()
}

#[test]
fn stripe_counts_some_currencies_in_units_of_its_own() {
    let cases = [
        ("USD", 1_000, Some(1_000)),
        ("JPY", 1_500, Some(1_500)),
        ("ISK", 5, Some(500)),
        ("UGX", 5_000, Some(500_000)),
        ("MGA", 500, Some(5)),
        ("MGA", 520, None),
        ("HUF", 1_045, Some(1_045)),
        ("TWD", 80_045, Some(80_045)),
        ("KWD", 5_120, Some(5_120)),
        ("KWD", 5_124, None),
        ("ISK", i64::MAX, None),
    ];
    for (code, minor, expected) in cases {
        assert_eq!(units(price(minor, code)), expected, "{minor} {code}");
    }
    let zero_decimal = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF";
    assert!(currencies().len() > 150);
    for &currency in currencies() {
        // One major unit is 1 where Stripe knows no cents, and 100 or 1000 elsewhere.
        let one = Amount::new(10_i64.pow(currency.exponent().into()), currency).unwrap();
        let expected = match currency.code() {
            code if zero_decimal.split(' ').any(|known| known == code) => 1,
            "ISK" | "UGX" => 100,
            _ => one.minor(),
        };
        assert_eq!(units(one), Some(expected), "{}", currency.code());
    }
    assert_eq!(minor(-5, Currency::parse("USD").unwrap()), 0);
}

proptest! {
    #[test]
    fn what_stripe_is_asked_for_is_the_price_exactly_and_so_is_the_way_back(amount in 0..1_000_000_000_000_i64) {
        for &currency in currencies() {
            let price = Amount::new(amount, currency).unwrap();
            match units(price) {
                Some(units) => prop_assert_eq!(minor(units, currency), amount, "{}", currency.code()),
                None => {
                    let step = if currency.code() == "MGA" { 100 } else { 10 };
                    prop_assert!(amount % step != 0, "{} {}", amount, currency.code());
                    let round = Amount::new(amount - amount % step, currency).unwrap();
                    prop_assert_eq!(units(round).map(|units| minor(units, currency)), Some(round.minor()));
                }
            }
        }
    }
}

fn notification(header: &str, at: i64) -> GatewayNotification {
    GatewayNotification {
        body: BODY.into(),
        headers: vec![("stripe-signature".into(), header.into())],
        received_at: at * SECOND,
    }
}

fn tag(secret: &str, time: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{BODY}").as_bytes());
    crate::shop::id::hex(&mac.finalize().into_bytes())
}

#[test]
fn a_signature_is_the_sdks_own_and_holds_for_five_minutes_either_way() {
    // Made by the stripe SDK 23.1.0: generateTestHeaderString({payload: BODY, secret: "whsec_test", timestamp: 1700000000}).
    let sdk = "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
    let signed = |header: &str, at: i64| is_signed("whsec_test", &notification(header, at));
    assert!(signed(sdk, 1_700_000_000) && signed(sdk, 1_700_000_300) && signed(sdk, 1_699_999_700));
    assert!(!signed(sdk, 1_700_000_301) && !signed(sdk, 1_699_999_699));
    assert!(!is_signed("whsec_other", &notification(sdk, 1_700_000_000)));
    let mut other = notification(sdk, 1_700_000_000);
    other.body.push(' ');
    assert!(!is_signed("whsec_test", &other), "every byte counts");
}

#[test]
fn of_several_signatures_one_has_to_be_right() {
    let at = 1_700_000_000;
    let signed = |header: &str| is_signed("whsec_test", &notification(header, at));
    let (good, bad) = (tag("whsec_test", "1700000000"), tag("whsec_old", "1700000000"));
    assert!(signed(&format!("t=1700000000,v1={bad},v1={good},v0={bad}")));
    assert!(signed(&format!("v1={good}, v0=x,t=1700000000")));
    assert!(!signed(&format!("t=1700000000,v1={bad}")));
    assert!(!signed(&format!("t=1700000000,v0={good}")), "an old scheme");
    assert!(!signed(&format!("v1={good}")), "no time");
    assert!(!signed(&format!("t=1700000001,v1={good}")), "a time that was not signed");
    assert!(!signed(&format!("t=-9223372036854775808,v1={good}")));
    assert!(!signed(&format!("t=1700000000,v1={}", &good[..62])));
    for none in ["", "t=1700000000", "t=1700000000,v1=", "t=1700000000,v1=zz", "v1", "t=,v1="] {
        assert!(!signed(none), "{none}");
    }
}
