//! Time: milliseconds since 1970, UTC, everywhere inside.

use chrono::{DateTime, SecondsFormat};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// `2019-12-28T16:47:01.000+00:00`, the contract's form.
pub fn wire(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, false)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_with_milliseconds_and_an_offset() {
        assert_eq!(super::wire(1_577_551_621_000), "2019-12-28T16:47:01.000+00:00");
        assert_eq!(super::wire(7), "1970-01-01T00:00:00.007+00:00");
    }
}
