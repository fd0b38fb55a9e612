//! Values of this dialect's answers.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use crate::api::values::Int;
pub(super) use crate::api::{schema::CurrencyCode, values::values};
use crate::shop::{
    money::{Amount, Currency},
    time,
};

values! {
    /// `2017-12-03T13:55:30Z`: ISO 8601, in UTC, to the second.
    Time(String) = {"type": "string", "format": "date-time", "pattern": "Z$"}

    /// An amount, with as many decimals as its currency has: `10.00`, `1500`.
    Money(String) = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
}

impl Time {
    /// Milliseconds since 1970.
    pub fn at(ms: i64) -> Time {
        let text = time::wire(ms);
        // `2017-12-03T13:55:30.000+00:00`, of which the seconds end at the point.
        Time(format!("{}Z", text.split('.').next().unwrap_or_default()))
    }

    pub fn maybe(ms: Option<i64>) -> Option<Time> {
        ms.map(Time::at)
    }
}

impl Money {
    pub fn of(amount: Amount) -> Money {
        let text = amount.display();
        Money(text.split(' ').next().unwrap_or_default().to_owned())
    }

    /// Of minor units, which are never below zero.
    pub fn minor(minor: i64, currency: Currency) -> Money {
        Amount::new(minor.max(0), currency).map_or_else(|| Money("0".into()), Money::of)
    }
}
