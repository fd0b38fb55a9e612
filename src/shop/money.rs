//! Exact money: decimals as they arrive, amounts in minor units, and what they are worth in coins.
//!
//! Nothing here touches a binary float. A number is rounded once, half up, when it becomes an
//! amount (contract-v2.md, "Responses"); a price in coins is rounded up, so that rounding never
//! turns an exact payment into a partial one.

use std::cmp::Ordering;

/// ISO 4217 codes in force (List One, 2026), by the number of digits after the decimal point of
/// their minor unit. Codes without a minor unit (XAU, XDR, XTS, XXX …) are left out: nobody can be
/// charged in them.
const CURRENCIES: [(u8, &str); 4] = [
    (
        2,
        "USD EUR GBP AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL \
         BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD \
         EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD \
         KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR \
         MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON \
         RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT \
         TOP TRY TTD TWD TZS UAH USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    ),
    (0, "JPY BIF CLP DJF GNF ISK KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// Decimals of a coin's smallest unit (satoshi, litoshi, 10⁻⁸ ether), as the contract counts them.
const COIN_DECIMALS: u8 = 8;
/// No price is worth more coins than there will ever be bitcoins: 21 million of 10⁸ units.
const MOST_COIN_UNITS: u64 = 2_100_000_000_000_000;
/// The largest amount the shop takes, in major units.
const MOST_MAJOR: u128 = 999_999_999;
/// Decimals that a price may be written with.
const PRICE_DECIMALS: u8 = 8;
/// Decimals that an exchange rate is shown with.
const EXCHANGE_DECIMALS: u8 = 6;
/// The highest power of ten that fits a `u128`.
const MOST_SCALE: u8 = 38;

/// A currency of ISO 4217 that has a minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

impl Currency {
    /// Finds a currency by its three letters, in any case. `None` for anything else.
    pub fn parse(text: &str) -> Option<Currency> {
        CURRENCIES.iter().find_map(|&(exponent, codes)| {
            let code = codes.split(' ').find(|code| code.eq_ignore_ascii_case(text))?;
            Some(Currency { code, exponent })
        })
    }

    /// The three letters, upper case.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Digits after the decimal point: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.exponent
    }
}

/// Why a text is no [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecimal {
    /// Not a plain or exponent-form decimal number.
    NotANumber,
    /// A number below zero.
    Negative,
    /// A number, but with more digits than can be held exactly (38, on either side of the point).
    OutOfRange,
}

/// An exact number ≥ 0: `digits / 10^scale`, kept without trailing zeros, so that equal numbers are
/// equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    digits: u128,
    scale: u8,
}

impl Decimal {
    pub const ONE: Decimal = Decimal { digits: 1, scale: 0 };

    /// `digits / 10^scale`. `None` when more than 38 decimals are left after dropping trailing
    /// zeros.
    pub fn new(digits: u128, scale: u8) -> Option<Decimal> {
        Some(Decimal::shortest(digits, scale)).filter(|number| number.scale <= MOST_SCALE)
    }

    /// Reads `12`, `12.5`, `.5`, `0012.50` and JSON's exponent forms (`1e3`, `1.5E-2`), with spaces
    /// around them. No sign but the minus of a zero, no thousands marks, no bare point (`12.`).
    pub fn parse(text: &str) -> Result<Decimal, NotDecimal> {
        let text = text.trim_ascii();
        let Some(magnitude) = text.strip_prefix('-') else {
            return unsigned(text);
        };
        match unsigned(magnitude) {
            Ok(number) if !number.is_zero() => Err(NotDecimal::Negative),
            Err(NotDecimal::OutOfRange) => Err(NotDecimal::Negative),
            zero_or_no_number => zero_or_no_number,
        }
    }

    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The shortest plain form: "12.5", "1500", "0.000001", "0".
    pub fn to_text(self) -> String {
        plain(self.digits, self.scale)
    }

    /// The form of contract-v2.md, at least one fractional digit and no padding: "1.0", "0.923456".
    pub fn wire(self) -> String {
        let mut text = self.to_text();
        if self.scale == 0 {
            text.push_str(".0");
        }
        text
    }

    fn shortest(mut digits: u128, mut scale: u8) -> Decimal {
        while scale > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            scale -= 1;
        }
        Decimal { digits, scale }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        // Whole parts first; then the fractions, brought to one scale: both stay below 10^38 and
        // can't overflow.
        let scale = self.scale.max(other.scale);
        let parts = |number: &Decimal| {
            let one = 10_u128.saturating_pow(number.scale.into());
            let widen = 10_u128.saturating_pow((scale - number.scale).into());
            let fraction = number.digits % one;
            (number.digits / one, fraction.saturating_mul(widen))
        };
        parts(self).cmp(&parts(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why a number is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// More than 8 decimals, trailing zeros not counted.
    TooManyDecimals,
    /// More than 999 999 999 of the currency's major unit.
    TooLarge,
}

/// Money ≥ 0, counted in the currency's minor unit (cents; whole yen).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// An amount as it is stored. `None` below zero.
    pub fn new(minor: i64, currency: Currency) -> Option<Amount> {
        (minor >= 0).then_some(Amount { minor, currency })
    }

    /// Rounds a number, once and half up, to the currency's minor unit.
    pub fn from_decimal(number: Decimal, currency: Currency) -> Result<Amount, AmountError> {
        if number.scale > PRICE_DECIMALS {
            return Err(AmountError::TooManyDecimals);
        }
        let shift = i32::from(currency.exponent) - i32::from(number.scale);
        let most = shift_up(MOST_MAJOR, currency.exponent.into());
        half_up(number.digits, 1, shift)
            .filter(|&minor| most.is_some_and(|most| minor <= most))
            .and_then(|minor| Amount::counted(minor, currency))
            .ok_or(AmountError::TooLarge)
    }

    pub fn minor(self) -> i64 {
        self.minor
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The number as contract-v2.md sends it, without padding: "10.0", "12.99", "1500.0" (yen too).
    pub fn wire(self) -> String {
        Decimal::shortest(self.digits(), self.currency.exponent).wire()
    }

    /// The amount as people read it, padded to the currency's decimals: "10.00 USD", "1500 JPY".
    pub fn display(self) -> String {
        let mut text = plain(self.digits(), self.currency.exponent);
        text.push(' ');
        text.push_str(self.currency.code);
        text
    }

    fn counted(minor: u128, currency: Currency) -> Option<Amount> {
        Amount::new(i64::try_from(minor).ok()?, currency)
    }

    fn digits(self) -> u128 {
        self.minor.unsigned_abs().into()
    }
}

/// What `price` costs in a coin, in its 10⁻⁸ units, rounded up; `rate` is the price of one coin in
/// the same currency. 19.99 USD at 64231.515 is 31122. `None` for a zero rate, more than 21
/// million coins, or numbers too long to compute exactly.
pub fn coin_value(price: Amount, rate: Decimal) -> Option<u64> {
    let shift = i32::from(COIN_DECIMALS + rate.scale) - i32::from(price.currency.exponent);
    let (value, divisor) = shifted(price.digits(), rate.digits, shift)?;
    if divisor == 0 {
        return None;
    }
    let units = u64::try_from(value.div_ceil(divisor)).ok()?;
    (units <= MOST_COIN_UNITS).then_some(units)
}

/// What `units` of 10⁻⁸ coin are worth, rounded half up; `rate` is the price of one coin in
/// `currency`. `None` for a zero rate, an amount that can't be held, or numbers too long to compute
/// exactly.
pub fn fiat_value(units: u64, rate: Decimal, currency: Currency) -> Option<Amount> {
    if rate.is_zero() {
        return None;
    }
    let value = u128::from(units).checked_mul(rate.digits)?;
    let shift = i32::from(currency.exponent) - i32::from(COIN_DECIMALS + rate.scale);
    Amount::counted(half_up(value, 1, shift)?, currency)
}

/// `amount` in another currency, rounded half up to its minor unit, and the exchange rate used,
/// half up to 6 decimals. `from_rate` and `to_rate` are the prices of one coin in the amount's
/// currency and in `to`.
///
/// The amount is computed from the two rates, not from the rounded exchange rate. `None` for a zero
/// rate, an amount that can't be held, or numbers too long to compute exactly; rates of up to 17
/// figures are not.
pub fn cross(amount: Amount, from_rate: Decimal, to_rate: Decimal, to: Currency) -> Option<(Amount, Decimal)> {
    if from_rate.is_zero() || to_rate.is_zero() {
        return None;
    }
    // to/from as a ratio of integers is off by this power of ten; taking the difference first keeps
    // the products small.
    let shift = i32::from(from_rate.scale) - i32::from(to_rate.scale);
    let exponents = i32::from(to.exponent) - i32::from(amount.currency.exponent);
    let product = amount.digits().checked_mul(to_rate.digits)?;
    let value = half_up(product, from_rate.digits, shift + exponents)?;
    let places = shift + i32::from(EXCHANGE_DECIMALS);
    let exchange = half_up(to_rate.digits, from_rate.digits, places)?;
    let exchange = Decimal::shortest(exchange, EXCHANGE_DECIMALS);
    Some((Amount::counted(value, to)?, exchange))
}

/// Units of 10⁻⁸ coin as coins, without trailing zeros: "0.00031122", "1". What BIP 21 wants and
/// people read.
pub fn coin_text(units: u64) -> String {
    Decimal::shortest(units.into(), COIN_DECIMALS).to_text()
}

fn unsigned(text: &str) -> Result<Decimal, NotDecimal> {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, exponent(power)?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(NotDecimal::NotANumber),
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let figures = || whole.bytes().chain(fraction.bytes());
    if figures().next().is_none() || !figures().all(|figure| figure.is_ascii_digit()) {
        return Err(NotDecimal::NotANumber);
    }
    // Zeros count only once another digit follows, so that no run of zeros, however long, is out of
    // range.
    let (mut digits, mut zeros) = (0_u128, 0_u32);
    for figure in figures() {
        if figure == b'0' {
            zeros = zeros.saturating_add(1);
            continue;
        }
        digits = shift_up(digits, zeros.saturating_add(1))
            .and_then(|digits| digits.checked_add(u128::from(figure - b'0')))
            .ok_or(NotDecimal::OutOfRange)?;
        zeros = 0;
    }
    if digits == 0 {
        return Ok(Decimal { digits, scale: 0 });
    }
    let decimals = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let shift = power.saturating_add(zeros.into()).saturating_sub(decimals);
    let places = u32::try_from(shift.unsigned_abs()).map_err(|_| NotDecimal::OutOfRange)?;
    if shift < 0 {
        let scale = u8::try_from(places).map_err(|_| NotDecimal::OutOfRange)?;
        Decimal::new(digits, scale).ok_or(NotDecimal::OutOfRange)
    } else {
        let digits = shift_up(digits, places).ok_or(NotDecimal::OutOfRange)?;
        Ok(Decimal { digits, scale: 0 })
    }
}

/// The power of an exponent form. Any length of digits is read; absurd ones end at a number that
/// fits no decimal.
fn exponent(text: &str) -> Result<i64, NotDecimal> {
    let (sign, figures) = match text.strip_prefix('-') {
        Some(figures) => (-1, figures),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if figures.is_empty() || !figures.bytes().all(|figure| figure.is_ascii_digit()) {
        return Err(NotDecimal::NotANumber);
    }
    let size =
        figures.bytes().fold(0_i64, |size, figure| size.saturating_mul(10).saturating_add((figure - b'0').into()));
    Ok(sign * size)
}

/// `digits / 10^scale`, written with exactly `scale` decimals.
fn plain(mut digits: u128, scale: u8) -> String {
    let mut backwards = String::new();
    let mut place = 0;
    while digits > 0 || place <= scale {
        if place == scale && scale > 0 {
            backwards.push('.');
        }
        backwards.push(char::from(b'0' + (digits % 10) as u8));
        digits /= 10;
        place += 1;
    }
    backwards.chars().rev().collect()
}

/// `value / divisor * 10^shift`, rounded half up.
fn half_up(value: u128, divisor: u128, shift: i32) -> Option<u128> {
    let (value, divisor) = shifted(value, divisor, shift)?;
    let whole = value.checked_div(divisor)?;
    let rest = value % divisor;
    Some(whole + u128::from(rest >= divisor - rest))
}

/// Multiplies the ratio `value / divisor` by `10^shift`, exactly.
fn shifted(value: u128, divisor: u128, shift: i32) -> Option<(u128, u128)> {
    let places = shift.unsigned_abs();
    if shift < 0 { Some((value, shift_up(divisor, places)?)) } else { Some((shift_up(value, places)?, divisor)) }
}

fn shift_up(digits: u128, places: u32) -> Option<u128> {
    if digits == 0 { Some(0) } else { digits.checked_mul(10_u128.checked_pow(places)?) }
}

#[cfg(test)]
mod tests {
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
        let mut all: Vec<&str> = CURRENCIES.iter().flat_map(|(_, codes)| codes.split(' ')).collect();
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
    fn a_price_with_nine_decimals_or_ten_figures_is_refused() {
        let price = |text| Amount::from_decimal(decimal(text), currency("USD"));
        assert_eq!(price("0.000000001"), Err(AmountError::TooManyDecimals));
        assert_eq!(price("1.12345678").map(Amount::minor), Ok(112));
        assert_eq!(price("999999999.01"), Err(AmountError::TooLarge));
        assert_eq!(price("999999999.995"), Err(AmountError::TooLarge));
        assert_eq!(price("1e9"), Err(AmountError::TooLarge));
        assert_eq!(price("3e38"), Err(AmountError::TooLarge));
        assert_eq!(Amount::new(-1, currency("USD")), None);
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

    fn any_currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec!["USD", "JPY", "KWD", "CLF"]).prop_map(currency)
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
}
