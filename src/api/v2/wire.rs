//! Values of this dialect's answers.

pub(super) use crate::api::{
    schema::{CurrencyCode, DecimalText},
    values::{Int, values},
};
use crate::shop::time;

values! {
    /// `2019-12-28T16:47:01.000+00:00`
    Time(String) = {"type": "string", "format": "date-time"}
}

impl Time {
    /// Milliseconds since 1970.
    pub fn at(ms: i64) -> Time {
        Time(time::wire(ms))
    }
}
