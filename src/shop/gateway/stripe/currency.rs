//! Which prices Stripe takes, and how it counts them (docs.stripe.com/currencies).

use crate::shop::money::{Amount, Currency, Decimal};

/// What cards can be charged in.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF \
    CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK \
    JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN \
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TND \
    TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW";

/// The least charge. In other currencies it moves with the rates, and Stripe says no when the buyer comes.
const MIN_PRICES: [(&str, &str); 24] = [
    ("USD", "0.50"),
    ("AED", "2.00"),
    ("AUD", "0.50"),
    ("BGN", "1.00"),
    ("BRL", "0.50"),
    ("CAD", "0.50"),
    ("CHF", "0.50"),
    ("CZK", "15.00"),
    ("DKK", "2.50"),
    ("EUR", "0.50"),
    ("GBP", "0.30"),
    ("HKD", "4.00"),
    ("HUF", "175.00"),
    ("INR", "0.50"),
    ("JPY", "50"),
    ("MXN", "10.00"),
    ("MYR", "2.00"),
    ("NOK", "3.00"),
    ("NZD", "0.50"),
    ("PLN", "2.00"),
    ("RON", "2.00"),
    ("SEK", "3.00"),
    ("SGD", "0.50"),
    ("THB", "10.00"),
];

/// Of three decimals Stripe takes two. The ariary is whole there.
pub fn decimals(currency: Currency) -> Option<u8> {
    let code = currency.code();
    let decimals = if code == "MGA" { 0 } else { currency.exponent().min(2) };
    CURRENCIES.split(' ').any(|known| known == code).then_some(decimals)
}

pub fn min_price(currency: Currency) -> Option<Amount> {
    let (_, min) = MIN_PRICES.iter().find(|(code, _)| *code == currency.code())?;
    Amount::from_decimal(Decimal::parse(min).ok()?, currency).ok()
}

/// A price in what Stripe counts (docs.stripe.com/currencies): the ariary whole, and the króna and Uganda's shilling, which have
/// no cents, in cents all the same. Of three decimals the last is 0. `None` for what it can't count.
pub fn units(price: Amount) -> Option<i64> {
    let (minor, currency) = (price.minor(), price.currency());
    match currency.code() {
        "MGA" => Some(minor / 100).filter(|_| minor % 100 == 0),
        "ISK" | "UGX" => minor.checked_mul(100),
        _ => Some(minor).filter(|_| currency.exponent() < 3 || minor % 10 == 0),
    }
}

/// The way back, never below zero.
pub fn minor(units: i64, currency: Currency) -> i64 {
    let minor = match currency.code() {
        "MGA" => units.saturating_mul(100),
        "ISK" | "UGX" => units / 100,
        _ => units,
    };
    minor.max(0)
}
