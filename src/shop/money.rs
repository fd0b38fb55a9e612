//! Exact money: decimals as they arrive, amounts in minor units, and what they are worth in coins.
//!
//! Nothing here touches a binary float. A number is rounded once, half up, when it becomes an
//! amount (contract-v2.md, "Responses"); a price in coins is rounded up, so that rounding never
//! turns an exact payment into a partial one.

use std::{cmp::Ordering, sync::LazyLock};

use iso_currency::IntoEnumIterator;

mod rate;

/// Decimals of a coin's smallest unit (satoshi, litoshi, 10⁻⁸ ether), as the contract counts them.
const COIN_DECIMALS: u8 = 8;
/// No price is worth more coins than there will ever be bitcoins: 21 million of 10⁸ units.
const MAX_COIN_UNITS: u64 = 2_100_000_000_000_000;
/// The largest amount the shop takes, in major units.
const MAX_MAJOR: u128 = 999_999_999;
/// Decimals that an exchange rate is shown with.
const EXCHANGE_DECIMALS: u8 = 6;
/// The highest power of ten that fits a `u128`.
const MAX_SCALE: u8 = 38;

/// A currency of ISO 4217 that has a minor unit. Codes without one (XAU, XDR, XTS, XXX …) are left out: nobody can be charged in
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

/// In the order of their codes, for searching: the crate compares a code with each of its own in turn.
static BY_CODE: LazyLock<Vec<Currency>> = LazyLock::new(|| {
    let mut all: Vec<Currency> = Currency::all().collect();
    all.sort_unstable_by_key(|currency| currency.code);
    all
});

impl Currency {
    /// US dollars, into which every order is converted for comparison.
    pub const USD: Currency = Currency { code: "USD", exponent: 2 };

    /// Finds a currency by its three letters, in any case. `None` for anything else.
    pub fn parse(text: &str) -> Option<Currency> {
        let code = text.to_ascii_uppercase();
        let at = BY_CODE.binary_search_by(|known| known.code.cmp(&code)).ok()?;
        BY_CODE.get(at).copied()
    }

    /// Each once.
    pub fn all() -> impl Iterator<Item = Currency> {
        iso_currency::Currency::iter().filter_map(Currency::in_force)
    }

    fn in_force(known: iso_currency::Currency) -> Option<Currency> {
        // The crate has Venezuela's VES superseded by VED. List One of ISO 4217 (2026) has both, and VES is what people pay in.
        let is_gone = known.is_superseded().is_some() && known != iso_currency::Currency::VES;
        let exponent = known.exponent().filter(|_| !is_gone)?.try_into().ok()?;
        Some(Currency { code: known.code(), exponent })
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
        Some(Decimal::shortest(digits, scale)).filter(|number| number.scale <= MAX_SCALE)
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

    /// How many of `10^-places` it is. `None` when it isn't a whole number of them, or too large.
    pub fn count(self, places: u8) -> Option<u32> {
        let shift = places.checked_sub(self.scale)?;
        shift_up(self.digits, shift.into()).and_then(|count| u32::try_from(count).ok())
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
        let shift = i32::from(currency.exponent) - i32::from(number.scale);
        let most = shift_up(MAX_MAJOR, currency.exponent.into());
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

    /// The number, in major units.
    pub fn decimal(self) -> Option<Decimal> {
        Decimal::new(self.digits(), self.currency.exponent)
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

    /// The number with so many decimals, "10.00" or "1500". `None` when the currency has fewer, or when some would be lost.
    pub fn text(self, decimals: u8) -> Option<String> {
        let spare = 10_u128.checked_pow(self.currency.exponent.checked_sub(decimals)?.into())?;
        self.digits().is_multiple_of(spare).then(|| plain(self.digits() / spare, decimals))
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
    (units <= MAX_COIN_UNITS).then_some(units)
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
fn plain(digits: u128, scale: u8) -> String {
    // WebAssembly divides 64 bits by itself, and 128 by a function, for each digit.
    let digits = u64::try_from(digits).map_or_else(|_| digits.to_string(), |digits| digits.to_string());
    let scale = usize::from(scale);
    let (whole, decimals) = digits.split_at(digits.len().saturating_sub(scale));
    match (scale, whole) {
        (0, whole) => whole.to_owned(),
        (_, "") => format!("0.{decimals:0>scale$}"),
        (_, whole) => [whole, ".", decimals].concat(),
    }
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
mod tests;
