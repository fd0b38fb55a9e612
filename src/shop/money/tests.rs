use super::*;
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn amount(text: &str, code: &str) -> Amount {
    Amount::from_decimal(decimal(text), currency(code)).unwrap()
}

#[test]
fn a_currency_is_found_in_any_case_and_knows_its_minor_unit() {
    for (text, code, exponent) in [
        ("USD", "USD", 2),
        ("eur", "EUR", 2),
        ("Jpy", "JPY", 0),
        ("kwd", "KWD", 3),
        ("CLF", "CLF", 4),
        ("zwg", "ZWG", 2),
    ] {
        let found = currency(text);
        assert_eq!((found.code(), found.exponent()), (code, exponent));
    }
}

#[test]
fn every_currency_is_found_by_its_code() {
    for currency in Currency::all() {
        assert_eq!(Currency::parse(currency.code()), Some(currency));
    }
}

#[test]
fn what_is_no_currency_with_a_minor_unit_is_not_found() {
    for text in [
        "", " ", "US", "USDT", "USD ", "SD ", "D E", "XAU", "XAG", "XDR", "XTS", "XXX", "XUA", "BTC", "HRK", "€",
        "ÜSD", "U$D", "usd eur",
    ] {
        assert_eq!(Currency::parse(text), None, "{text:?}");
    }
}

#[test]
fn the_table_holds_each_code_once_and_all_are_three_capitals() {
    let mut all: Vec<&str> = Currency::all().map(Currency::code).collect();
    assert!(all.iter().all(|code| code.len() == 3));
    assert!(all.iter().all(|code| code.bytes().all(|letter| letter.is_ascii_uppercase())));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (165, 165));
}

#[test]
fn plain_and_exponent_forms_are_read_exactly() {
    for (text, shortest) in [
        ("12", "12"),
        ("12.5", "12.5"),
        (".5", "0.5"),
        ("0012.50", "12.5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.5E-2", "0.015"),
        ("1.50e1", "15"),
        ("100e-2", "1"),
        ("1e0003", "1000"),
        ("0e999999999999999999999999", "0"),
        ("0.00e-5", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        (" 7 ", "7"),
        ("1e38", "100000000000000000000000000000000000000"),
        ("1e-38", "0.00000000000000000000000000000000000001"),
        ("340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
    ] {
        assert_eq!(decimal(text).to_text(), shortest, "{text}");
    }
}

#[test]
fn a_long_run_of_zeros_is_no_reason_to_refuse() {
    let zeros = "0".repeat(5000);
    assert_eq!(decimal(&format!("{zeros}1.5{zeros}")).to_text(), "1.5");
    assert_eq!(decimal(&format!("1{zeros}e-5000")).to_text(), "1");
    assert_eq!(decimal(&format!(".{zeros}1e5001")).to_text(), "1");
}

#[test]
fn what_is_not_a_number_is_refused() {
    for text in [
        "",
        " ",
        ".",
        "-",
        "+",
        "--1",
        "- 1",
        "+1",
        "1.2.3",
        "12.",
        "1,000",
        "1 000",
        "1_000",
        "0x10",
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "e5",
        ".e5",
        "1e",
        "1e+",
        "1e-",
        "1e5.0",
        "1e5e5",
        "1e--5",
        "12a",
        "١٢",
        "½",
        "1\u{a0}",
        "-abc",
    ] {
        assert_eq!(Decimal::parse(text), Err(NotDecimal::NotANumber), "{text:?}");
    }
}

#[test]
fn a_number_below_zero_is_told_as_negative() {
    for text in ["-1", "-0.01", "-.5", " -1e3", "-1e400"] {
        assert_eq!(Decimal::parse(text), Err(NotDecimal::Negative), "{text}");
    }
}

#[test]
fn a_number_that_cannot_be_held_exactly_is_out_of_range() {
    let long = "9".repeat(60);
    for text in [
        "1e39",
        "1e400",
        "1e-39",
        "1e-400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "340282366920938463463374607431768211456",
        &long,
    ] {
        assert_eq!(Decimal::parse(text), Err(NotDecimal::OutOfRange), "{text}");
    }
    assert_eq!(Decimal::new(1, 39), None);
    assert_eq!(Decimal::new(10, 39), decimal("1e-38").into());
}

#[test]
fn decimals_compare_by_value() {
    assert!(decimal("9.99") < decimal("10"));
    assert!(decimal("0.1") > decimal("0.09999"));
    assert!(decimal("1e38") > decimal("1e-38"));
    assert!(decimal("1e-38") < decimal("2e-38"));
    assert_eq!(decimal("1.0"), decimal("1"));
    assert_eq!(decimal("1"), Decimal::ONE);
}

#[test]
fn a_price_rounds_once_half_up_to_the_minor_unit() {
    for (text, code, minor) in [
        ("12.99", "USD", 1299),
        ("12.994", "USD", 1299),
        ("12.995", "USD", 1300),
        ("0.00499999", "USD", 0),
        ("0.005", "USD", 1),
        ("1500.5", "JPY", 1501),
        ("1500.49", "JPY", 1500),
        ("1.2345", "KWD", 1235),
        ("1", "CLF", 10000),
        ("1.100000000000", "USD", 110),
        ("999999999", "USD", 99_999_999_900),
    ] {
        assert_eq!(amount(text, code).minor(), minor, "{text} {code}");
    }
}

#[test]
fn a_price_of_ten_figures_is_refused_and_decimals_are_rounded_however_many_there_are() {
    let price = |text| Amount::from_decimal(decimal(text), currency("USD"));
    for (noise, minor) in [
        ("29.979999999999997", 2_998),
        ("0.1000000000000000055511151231257827", 10),
        ("19.999999999999996", 2_000),
        ("1.005", 101),
        ("1.00499999999999989", 100),
        ("0.000000001", 0),
    ] {
        assert_eq!(price(noise).map(Amount::minor), Ok(minor), "{noise}");
    }
    assert_eq!(price("1.12345678").map(Amount::minor), Ok(112));
    assert_eq!(price("999999999.01"), Err(AmountError::TooLarge));
    assert_eq!(price("999999999.995"), Err(AmountError::TooLarge));
    assert_eq!(price("1e9"), Err(AmountError::TooLarge));
    assert_eq!(price("3e38"), Err(AmountError::TooLarge));
    assert_eq!(Amount::new(-1, currency("USD")), None);
}

#[test]
fn a_text_has_as_many_decimals_as_it_is_asked_for_or_is_none() {
    assert_eq!(amount("10", "USD").text(2).as_deref(), Some("10.00"));
    assert_eq!(amount("0.05", "USD").text(2).as_deref(), Some("0.05"));
    assert_eq!(amount("1500", "JPY").text(0).as_deref(), Some("1500"));
    assert_eq!(amount("1500", "HUF").text(0).as_deref(), Some("1500"));
    assert_eq!(amount("1500.01", "HUF").text(0), None);
    assert_eq!(amount("1.234", "KWD").text(2), None);
    assert_eq!(amount("1500", "JPY").text(2), None, "yen have no decimals");
}

#[test]
fn the_wire_has_at_least_one_decimal_and_no_padding() {
    assert_eq!(amount("10", "USD").wire(), "10.0");
    assert_eq!(amount("12.99", "USD").wire(), "12.99");
    assert_eq!(amount("12.90", "USD").wire(), "12.9");
    assert_eq!(amount("1500", "JPY").wire(), "1500.0");
    assert_eq!(amount("0", "USD").wire(), "0.0");
    assert_eq!(amount("0.05", "USD").wire(), "0.05");
    assert_eq!(Decimal::ONE.wire(), "1.0");
    assert_eq!(decimal("0.923456").wire(), "0.923456");
    assert_eq!(Amount::new(i64::MAX, currency("USD")).map(Amount::wire).as_deref(), Some("92233720368547758.07"));
}

#[test]
fn people_read_amounts_padded_to_the_minor_unit() {
    assert_eq!(amount("10", "usd").display(), "10.00 USD");
    assert_eq!(amount("0.05", "EUR").display(), "0.05 EUR");
    assert_eq!(amount("1500", "JPY").display(), "1500 JPY");
    assert_eq!(amount("0", "JPY").display(), "0 JPY");
    assert_eq!(amount("1.5", "KWD").display(), "1.500 KWD");
}

#[test]
fn a_price_in_coins_is_rounded_up() {
    let price = amount("19.99", "USD");
    assert_eq!(coin_value(price, decimal("64231.515")), Some(31122));
    assert_eq!(coin_value(amount("64231", "USD"), decimal("64231")), Some(100_000_000));
    assert_eq!(coin_value(amount("1", "JPY"), decimal("9700000")), Some(11));
    assert_eq!(coin_value(amount("1", "CLF"), decimal("2500.5")), Some(39993));
    assert_eq!(coin_value(amount("0", "USD"), decimal("5")), Some(0));
}

#[test]
fn a_price_in_coins_needs_a_rate_and_an_end() {
    let price = amount("999999999", "USD");
    assert_eq!(coin_value(price, decimal("0")), None);
    assert_eq!(coin_value(amount("0", "USD"), decimal("0")), None);
    assert_eq!(coin_value(price, decimal("1e-30")), None);
    assert_eq!(coin_value(price, decimal("1e-6")), None);
    assert_eq!(coin_value(amount("21", "USD"), decimal("0.000001")), Some(2_100_000_000_000_000));
    assert_eq!(coin_value(amount("21.01", "USD"), decimal("0.000001")), None);
}

#[test]
fn received_coins_are_revalued_half_up() {
    let usd = currency("USD");
    let value = |units, rate| fiat_value(units, decimal(rate), usd).map(Amount::minor);
    assert_eq!(value(31122, "64231.515"), Some(1999));
    assert_eq!(value(100_000_000, "0.005"), Some(1));
    assert_eq!(value(99_999_999, "0.005"), Some(0));
    assert_eq!(value(1, "0"), None);
    assert_eq!(value(u64::MAX, "1e38"), None);
    let yen = fiat_value(31122, decimal("9700000"), currency("JPY")).unwrap();
    assert_eq!(yen.display(), "3019 JPY");
}

#[test]
fn every_currency_of_the_table_is_priced_and_revalued_in_its_own_minor_unit() {
    let mut exponents = [0; 5];
    for currency in all_currencies() {
        exponents[usize::from(currency.exponent)] += 1;
        let (one, rate) = (Amount::new(1, currency).unwrap(), decimal("50000"));
        // One minor unit at 50,000 a coin: 2,000 units where it has no decimals, a tenth of that for each it has.
        let units = 2_000_u64.div_ceil(10_u64.pow(currency.exponent.into()));
        assert_eq!(coin_value(one, rate), Some(units), "{}", currency.code());
        assert_eq!(
            fiat_value(2_000_000, rate, currency).map(Amount::wire).as_deref(),
            Some("1000.0"),
            "{}",
            currency.code()
        );
        assert_eq!(amount("1000", currency.code()).minor(), 1000 * 10_i64.pow(currency.exponent.into()));
        let (dollars, exchange) =
            cross(amount("1000", currency.code()), rate, decimal("25000"), self::currency("USD")).unwrap();
        assert_eq!((dollars.display().as_str(), exchange.wire().as_str()), ("500.00 USD", "0.5"));
    }
    assert_eq!(exponents, [17, 0, 139, 7, 2], "of each exponent");
}

#[test]
fn a_spread_lowers_the_price_of_a_coin_exactly() {
    let spread = |rate, basis_points| decimal(rate).less(basis_points).map(Decimal::to_text);
    for (rate, basis_points, quoted) in [
        ("50000", 250, "48750"),
        ("50000", 1, "49995"),
        ("64231.515", 125, "63428.6210625"),
        ("64231.515", 0, "64231.515"),
        ("64231.123456789012345", 0, "64231.123456789012345"),
        ("64231.123456789012345", 100, "63588.812222221122"),
        ("50000", 9_999, "5"),
    ] {
        assert_eq!(spread(rate, basis_points).as_deref(), Some(quoted), "{rate} with {basis_points}");
    }
    for basis_points in [10_000, 10_001, u32::MAX] {
        assert_eq!(spread("50000", basis_points), None);
    }
    assert_eq!(spread("0", 250), None);
}

#[test]
fn rates_of_several_sources_meet_in_the_middle_unless_they_are_too_far_apart() {
    let mean = |a, b| decimal(a).mean(decimal(b)).map(Decimal::to_text);
    assert_eq!(mean("50000", "50001").as_deref(), Some("50000.5"));
    assert_eq!(mean("0.1", "64231.515").as_deref(), Some("32115.8075"));
    assert_eq!(mean("64231.123456789012345", "64231.1").as_deref(), Some("64231.111728394506"));
    assert_eq!(mean("340282366920938463463374607431768211455", "1"), None);
    assert_eq!(mean("1e-38", "1e38"), None);
    for (a, b, apart) in [
        ("100", "103", false),
        ("100", "103.0000001", true),
        ("103", "100", false),
        ("0", "1", true),
        ("0", "0", false),
    ] {
        assert_eq!(decimal(a).apart(decimal(b), 3), apart, "{a} {b}");
    }
    assert!(decimal("1e-38").apart(decimal("1e38"), 3), "too long to compare");
    assert_eq!(decimal("40000.01").times(decimal("162.89")).map(Decimal::to_text).as_deref(), Some("6515601.6289"));
    assert_eq!(decimal("1e38").times(decimal("10")), None);
}

#[test]
fn an_amount_crosses_to_another_currency_through_the_coin() {
    let cross = |text, code, from, rate, to| {
        cross(amount(text, code), decimal(from), decimal(rate), currency(to))
            .map(|(amount, exchange)| (amount.display(), exchange.wire()))
    };
    assert_eq!(cross("100", "USD", "64231.515", "59876.25", "EUR"), Some(("93.22 EUR".into(), "0.932194".into())));
    assert_eq!(cross("1500", "JPY", "9700000", "64231.515", "USD"), Some(("9.93 USD".into(), "0.006622".into())));
    assert_eq!(cross("9.99", "USD", "64231.5", "64231.5", "USD"), Some(("9.99 USD".into(), "1.0".into())));
    assert_eq!(cross("9.99", "USD", "0", "1", "EUR"), None);
    assert_eq!(cross("9.99", "USD", "1", "0", "EUR"), None);
    assert_eq!(cross("9.99", "USD", "1e-30", "1e30", "EUR"), None);
}

#[test]
fn coins_are_written_without_trailing_zeros() {
    assert_eq!(coin_text(31122), "0.00031122");
    assert_eq!(coin_text(100_000_000), "1");
    assert_eq!(coin_text(50_000_000), "0.5");
    assert_eq!(coin_text(1), "0.00000001");
    assert_eq!(coin_text(0), "0");
    assert_eq!(coin_text(u64::MAX), "184467440737.09551615");
}

fn all_currencies() -> Vec<Currency> {
    Currency::all().collect()
}

/// Of all in the table, and as often of each exponent as of another.
fn any_currency() -> impl Strategy<Value = Currency> {
    let of = |exponent| {
        let known: Vec<_> = all_currencies().into_iter().filter(|currency| currency.exponent == exponent).collect();
        prop::sample::select(known)
    };
    prop_oneof![of(0), of(2), of(3), of(4)]
}

/// An amount that the shop takes, as likely a small one as a large one.
fn any_amount() -> impl Strategy<Value = Amount> {
    let minor = (0..=12_u32, 0..10_i64.pow(13)).prop_map(|(figures, minor)| minor / 10_i64.pow(figures));
    (any_currency(), minor).prop_map(|(currency, minor)| {
        let most = 999_999_999 * 10_i64.pow(currency.exponent.into());
        Amount::new(minor.min(most), currency).unwrap()
    })
}

/// What a coin costs, plausibly, in some currency: from a hundredth to ten billions, to 17 figures.
fn any_price() -> impl Strategy<Value = Decimal> {
    (0..=12_u32, 1..10_u128.pow(17)).prop_map(|(size, digits)| {
        let figures = digits.ilog10() + 1;
        // So many figures before the point, less two.
        let scale = (figures + 2).saturating_sub(size).min(20) as u8;
        Decimal::new(digits, scale).unwrap()
    })
}

/// A price of one coin as feeds give it: up to 17 figures, up to 12 of them decimals.
fn any_rate() -> impl Strategy<Value = Decimal> {
    (1..100_000_000_000_000_000_u128, 0..=12_u8).prop_map(|(digits, scale)| Decimal::new(digits, scale).unwrap())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = Decimal::parse(&text);
        let _ = Currency::parse(&text);
    }

    #[test]
    fn any_figures_are_read_or_refused(text in "[ -]?[0-9.eE+-]{0,50}") {
        let _ = Decimal::parse(&text);
    }

    #[test]
    fn a_decimal_survives_its_text(digits: u128, scale in 0..=38_u8) {
        let number = Decimal::new(digits, scale).unwrap();
        prop_assert_eq!(Decimal::parse(&number.to_text()), Ok(number));
        prop_assert_eq!(Decimal::parse(&number.wire()), Ok(number));
        prop_assert_eq!(Decimal::parse(&format!("{digits}e-{scale}")), Ok(number));
    }

    #[test]
    fn decimals_sort_as_their_padded_texts_do(a: u128, b: u128, x in 0..=38_u8, y in 0..=38_u8) {
        let padded = |number: Decimal| {
            let text = number.wire();
            let (whole, fraction) = text.split_once('.').unwrap();
            format!("{whole:0>40}{fraction:0<40}")
        };
        let (a, b) = (Decimal::new(a, x).unwrap(), Decimal::new(b, y).unwrap());
        prop_assert_eq!(a.cmp(&b), padded(a).cmp(&padded(b)));
    }

    #[test]
    fn an_amount_survives_the_wire(minor in 0..=99_999_999_900_i64, currency in any_currency()) {
        let minor = minor.min(999_999_999 * 10_i64.pow(currency.exponent().into()));
        let amount = Amount::new(minor, currency).unwrap();
        let number = Decimal::parse(&amount.wire()).unwrap();
        prop_assert_eq!(Amount::from_decimal(number, currency), Ok(amount));
    }

    #[test]
    fn a_price_in_coins_is_the_least_that_covers_it(
        minor in 0..10_000_000_i64, rate in 1..1_000_000_000_000_u128, scale in 0..=6_u8,
    ) {
        let price = Amount::new(minor, currency("USD")).unwrap();
        let rate = Decimal::new(rate, scale).unwrap();
        // Both sides of units · rate ≥ price, as integers of one scale.
        let worth = |units: u64| u128::from(units) * rate.digits * 100;
        let asked = price.digits() * 10_u128.pow(8 + u32::from(rate.scale));
        if let Some(units) = coin_value(price, rate) {
            prop_assert!(worth(units) >= asked);
            prop_assert!(units == 0 || worth(units - 1) < asked);
        }
    }

    #[test]
    fn paying_the_asked_coins_is_never_worth_less_than_the_price(
        minor in 0..=99_999_999_900_i64, rate in any_rate(),
    ) {
        let usd = currency("USD");
        let price = Amount::new(minor, usd).unwrap();
        if let Some(units) = coin_value(price, rate) {
            let worth = fiat_value(units, rate, usd).unwrap();
            prop_assert!(worth.minor() >= minor);
        }
    }

    #[test]
    fn crossing_to_the_same_currency_changes_nothing(
        minor in 0..=99_999_999_900_i64, rate in any_rate(), currency in any_currency(),
    ) {
        let amount = Amount::new(minor, currency).unwrap();
        prop_assert_eq!(cross(amount, rate, rate, currency), Some((amount, Decimal::ONE)));
    }

    #[test]
    fn seventeen_figures_are_never_too_long(
        minor in 0..=100_000_000_i64, to in any_currency(), price in 0..=99_999_999_900_i64,
        rates in prop::array::uniform2((10_u128.pow(16)..10_u128.pow(17), 4..=12_u8)),
    ) {
        let [a, b] = rates.map(|(digits, scale)| Decimal::new(digits, scale).unwrap());
        let usd = currency("USD");
        prop_assert!(cross(Amount::new(minor, usd).unwrap(), a, b, to).is_some());
        prop_assert!(coin_value(Amount::new(price, usd).unwrap(), a).is_some());
        prop_assert!(fiat_value(minor.unsigned_abs(), a, to).is_some());
    }

    #[test]
    fn a_price_in_any_currency_is_covered_and_by_less_than_one_unit_more(price in any_amount(), rate in any_price()) {
        let Some(units) = coin_value(price, rate) else {
            // More coins than there are: 21 million of them don't cover it.
            let most = fiat_value(MAX_COIN_UNITS, rate, price.currency());
            prop_assert!(most.is_none_or(|most| most.minor() <= price.minor()));
            return Ok(());
        };
        // units · 10⁻⁸ · rate ≥ minor · 10⁻ᵉ, as integers.
        let worth = |units: u64| u128::from(units) * rate.digits * 10_u128.pow(price.currency.exponent.into());
        let asked = price.digits().checked_mul(10_u128.pow(8 + u32::from(rate.scale)));
        prop_assume!(asked.is_some());
        prop_assert!(worth(units) >= asked.unwrap());
        prop_assert!(units == 0 || worth(units - 1) < asked.unwrap());
    }

    #[test]
    fn what_was_asked_in_coins_is_worth_the_price_when_it_comes(price in any_amount(), rate in any_price()) {
        if let Some(units) = coin_value(price, rate) {
            let worth = fiat_value(units, rate, price.currency()).unwrap();
            prop_assert!(worth.minor() >= price.minor());
            // Above it by what one unit is worth, and by half a minor unit of rounding.
            let unit = fiat_value(1, rate, price.currency()).unwrap();
            prop_assert!(worth.minor() - price.minor() <= unit.minor() + 1);
        }
    }

    #[test]
    fn coins_are_worth_their_price_to_half_a_minor_unit(
        units in 0..=MAX_COIN_UNITS, rate in any_price(), currency in any_currency(),
    ) {
        let scale = 10_u128.pow(8 + u32::from(rate.scale));
        let exact = u128::from(units).checked_mul(rate.digits * 10_u128.pow(currency.exponent.into()));
        match (fiat_value(units, rate, currency), exact) {
            (Some(worth), Some(exact)) => prop_assert!(2 * worth.digits().checked_mul(scale).unwrap().abs_diff(exact) <= scale),
            (Some(_), None) => {}
            (None, exact) => prop_assert!(exact.is_none_or(|exact| exact / scale >= i64::MAX as u128)),
        }
    }

    #[test]
    fn more_coins_are_never_worth_less_and_a_dearer_price_never_costs_fewer(
        price in any_amount(), rate in any_price(), units in 0..MAX_COIN_UNITS,
    ) {
        let currency = price.currency();
        if let (Some(less), Some(more)) = (fiat_value(units, rate, currency), fiat_value(units + 1, rate, currency)) {
            prop_assert!(less.minor() <= more.minor());
        }
        let dearer = Amount::new(price.minor() + 1, currency).unwrap();
        if let (Some(less), Some(more)) = (coin_value(price, rate), coin_value(dearer, rate)) {
            prop_assert!(less <= more);
        }
    }

    #[test]
    fn crossing_there_and_back_is_off_by_the_roundings_alone(
        amount in any_amount(), to in any_currency(), from_rate in any_price(), to_rate in any_price(),
    ) {
        let Some((there, exchange)) = cross(amount, from_rate, to_rate, to) else {
            return Ok(());
        };
        prop_assert!(exchange.scale <= EXCHANGE_DECIMALS);
        let Some((back, _)) = cross(there, to_rate, from_rate, amount.currency()) else {
            return Ok(());
        };
        // Half a minor unit there, at the other rate, and half a one here.
        let half = cross(Amount::new(1, to).unwrap(), to_rate, from_rate, amount.currency());
        let allowed = half.map_or(0, |(half, _)| half.minor()) + 1;
        prop_assert!(back.minor().abs_diff(amount.minor()) <= allowed.unsigned_abs(), "{back:?} {amount:?}");
    }

    #[test]
    fn numbers_too_large_for_the_answer_are_none_and_never_wrong(
        minor in 0..=i64::MAX, digits: u128, other: u128, scale in 0..=38_u8, from in any_currency(), to in any_currency(),
    ) {
        let (a, b) = (Decimal::new(digits, scale).unwrap(), Decimal::new(other, 38 - scale).unwrap());
        let amount = Amount::new(minor, from).unwrap();
        prop_assert!(coin_value(amount, a).is_none_or(|units| units <= MAX_COIN_UNITS));
        prop_assert!(fiat_value(minor.unsigned_abs(), a, to).is_none_or(|amount| amount.minor() >= 0));
        prop_assert!(cross(amount, a, b, to).is_none_or(|(amount, _)| amount.minor() >= 0));
        let _ = (a.mean(b), a.times(b), a.apart(b, 3), a.less(250));
    }

    #[test]
    fn a_mean_lies_between_and_is_that_of_both_orders(a in any_price(), b in any_price()) {
        let mean = a.mean(b).unwrap();
        prop_assert_eq!(Some(mean), b.mean(a));
        // Rounded to 17 figures it may reach either end, and not pass it.
        prop_assert!(mean >= a.min(b) && mean <= a.max(b), "{mean:?}");
        prop_assert_eq!(a.mean(a), Some(a));
    }

    #[test]
    fn a_product_of_few_figures_is_exact(a in 1..100_000_000_u128, b in 1..100_000_000_u128, x in 0..9_u8, y in 0..9_u8) {
        let product = Decimal::new(a, x).unwrap().times(Decimal::new(b, y).unwrap());
        prop_assert_eq!(product, Decimal::new(a * b, x + y));
    }

    #[test]
    fn how_far_apart_two_are_does_not_depend_on_their_order(a in any_price(), percent in 0..=50_u8, more in 0..=5_000_u128) {
        let b = a.times(Decimal::new(10_000 + more, 4).unwrap()).unwrap();
        prop_assert_eq!(a.apart(b, percent), b.apart(a, percent));
        // Rounding to 17 figures decides only at the edge itself.
        if more != u128::from(percent) * 100 {
            prop_assert_eq!(a.apart(b, percent), more > u128::from(percent) * 100);
        }
    }

    #[test]
    fn a_spread_never_lets_the_buyer_pay_less(price in any_amount(), rate in any_price(), spread in 0..10_000_u32) {
        let quoted = rate.less(spread).unwrap();
        prop_assert!(quoted <= rate);
        if let (Some(plain), Some(more)) = (coin_value(price, rate), coin_value(price, quoted)) {
            prop_assert!(more >= plain);
        }
    }

    #[test]
    fn crossing_is_off_by_half_a_minor_unit_at_most(
        minor in 0..1_000_000_i64, from in 1..1_000_000_u128, to in 1..1_000_000_u128,
        a in 0..=6_u8, b in 0..=6_u8,
    ) {
        let amount = Amount::new(minor, currency("USD")).unwrap();
        let (from, to) = (Decimal::new(from, a).unwrap(), Decimal::new(to, b).unwrap());
        let (crossed, _) = cross(amount, from, to, currency("KWD")).unwrap();
        // crossed / 1000 against minor / 100 · to / from, as integers of one scale.
        let got = crossed.digits() * 100 * from.digits * 10_u128.pow(to.scale.into());
        let exact = amount.digits() * 1000 * to.digits * 10_u128.pow(from.scale.into());
        let unit = 100 * from.digits * 10_u128.pow(to.scale.into());
        prop_assert!(2 * got.abs_diff(exact) <= unit);
    }
}
