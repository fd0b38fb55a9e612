//! Time: milliseconds since 1970, UTC, everywhere inside. The calendar is chrono's; what the time is, only the platform's
//! clock says (`platform::Clock`; chrono is compiled without its own).

use chrono::{DateTime, Datelike, SecondsFormat, Timelike};

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Of a leap second, as chrono has it, in which no clock here believes.
const LEAP: u32 = 1_000_000_000;

/// `2019-12-28T16:47:01.000+00:00`, the contract's form.
pub fn wire(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// `2017-12-03 13:55:30`, in UTC.
pub fn seconds(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2019-12-28T16:47:01.000Z`, as most others write it.
pub fn zulu(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `2019-12-28T16:47:01.000+0000`, as Java writes it by default.
pub fn basic_offset(ms: i64) -> String {
    zulu(ms).replace('Z', "+0000")
}

/// The contract's form and its kin of ISO 8601: `2019-12-28T16:47:01.000+00:00`, `2019-12-28T16:47:01Z`, without seconds,
/// with a comma before the fraction, any offset (`+01:00`, `+0100`, `+01`); and a day alone, which is its midnight in UTC.
/// Anything finer than a millisecond is cut off. A plus that somebody put into a query string as it is has become a space,
/// and counts.
pub fn parse(text: &str) -> Option<i64> {
    let text = match text.split_once(['T', 't']) {
        Some((day, rest)) => format!("{day}T{}", rfc3339(rest)?),
        None => format!("{text}T00:00:00Z"),
    };
    let time = DateTime::parse_from_rfc3339(&text).ok().filter(|time| time.nanosecond() < LEAP)?;
    Some(time.timestamp_millis())
}

/// A clock and its offset as RFC 3339 writes them, which is stricter than ISO 8601. What neither allows stays as wrong as it is.
fn rfc3339(text: &str) -> Option<String> {
    let (clock, offset) = text.split_at_checked(text.find(['Z', 'z', '+', '-', ' '])?)?;
    // `16:47`, and up to nine digits after `16:47:01.`.
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let clock = if clock.len() <= 18 { clock.replace(',', ".") } else { return None };
    let sign = if offset.starts_with('-') { '-' } else { '+' };
    let offset = match offset.get(1..)? {
        "" if offset.eq_ignore_ascii_case("z") => "Z".to_owned(),
        hours if hours.len() == 2 => format!("{sign}{hours}:00"),
        digits if digits.len() == 4 => format!("{sign}{}:{}", digits.get(..2)?, digits.get(2..)?),
        written => format!("{sign}{written}"),
    };
    Some(format!("{clock}{seconds}{offset}"))
}

/// The hour of the day, and the day of the week, of which 1 is Monday (ISO 8601); in UTC.
pub fn hour_and_weekday(ms: i64) -> (u32, u32) {
    let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    (time.hour(), time.weekday().number_from_monday())
}

/// `Wed, 15 Nov 2023 00:10:00 GMT` (RFC 9110, 5.6.7), the one form of dates in headers that is still written.
pub fn http_date(text: &str) -> Option<i64> {
    // Not the weekday, which says nothing that the date doesn't.
    mail_date(text.split_once(' ')?.1)
}

/// `15 Nov 2023 00:10:00 GMT` (RFC 5322, 3.3), with any of the zones that it names, as PST and PDT.
pub fn mail_date(text: &str) -> Option<i64> {
    Some(DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    #[test]
    fn times_are_written_with_milliseconds_and_an_offset() {
        assert_eq!(super::wire(1_577_551_621_000), "2019-12-28T16:47:01.000+00:00");
        assert_eq!(super::wire(7), "1970-01-01T00:00:00.007+00:00");
        assert_eq!(super::seconds(1_512_309_330_999), "2017-12-03 13:55:30");
    }

    #[test]
    fn dates_of_headers_are_read() {
        assert_eq!(super::http_date("Wed, 15 Nov 2023 00:10:00 GMT"), Some(1_700_007_000_000));
        for odd in
            ["", "soon", "Wed, 15 Nov 2023 00:10:00", "Wed, 15 Nov 2023 25:10:00 GMT", "Wed, 15 Xyz 2023 00:10:00 GMT"]
        {
            assert_eq!(super::http_date(odd), None, "{odd}");
        }
    }

    #[test]
    fn times_are_read_in_the_forms_that_clients_write() {
        let at = Some(1_577_551_621_000);
        for text in [
            "2019-12-28T16:47:01.000+00:00",
            "2019-12-28T16:47:01.000 00:00",
            "2019-12-28T16:47:01Z",
            "2019-12-28t16:47:01z",
            "2019-12-28T16:47:01.000999999Z",
            "2019-12-28T18:17:01+01:30",
            "2019-12-28T18:17:01+0130",
            "2019-12-28T17:47:01+01",
            "2019-12-28T16:47:01,000Z",
            "2019-12-28T16:47:01,000 0000",
            "2019-12-28T16:47:01-00",
            "2019-12-27T20:47:01.0-20:00",
        ] {
            assert_eq!(super::parse(text), at, "{text}");
        }
        assert_eq!(super::parse("2019-12-28"), Some(1_577_491_200_000));
        assert_eq!(super::parse("2019-12-28T16:47:01.5Z"), Some(1_577_551_621_500));
        for text in ["2019-12-28T16:47Z", "2019-12-28T16:47+0000", "2019-12-28T17:47+01", "2019-12-28T11:17-05:30"] {
            assert_eq!(super::parse(text), Some(1_577_551_620_000), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "T",
            "now",
            "1577551621",
            "2019-12-28T",
            "2019-12-28T16:47:01",
            "2019-12-28 16:47:01Z",
            "2019-12-28T16Z",
            "2019-12-28T16:47.5Z",
            "2019-12-28T1:47:01Z",
            "2019-12-28T16:47:01+1",
            "2019-12-28T16:47:01+100",
            "2019-12-28T16:47:01+01000",
            "2019-12-28T16:47:01.Z",
            "2019-12-28T16:47:01,Z",
            "2019-12-28T16:47:01.0000000001Z",
            "2019-12-28T24:00:00Z",
            "2019-12-28T16:60:01Z",
            "2019-12-28T16:47:60Z",
            "2019-12-28T16:47:01+24:00",
            "2019-12-28T16:47:01+01:00:00",
            "2019-02-29",
            "2019-13-01",
            "2019-00-01",
            "2019-01-00",
            "2019-04-31",
            "19-12-28",
            "2019-12-8",
            "+019-12-28",
            "-2019-12-28",
            "2019-12-28T16:47:01é",
            "2019-12-28T１6:47:01Z",
        ] {
            assert_eq!(super::parse(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever is a digit away from a time is read as chrono reads it, or not at all.
        #[test]
        fn times_are_read_as_chrono_reads_them(
            ms in 0_i64..=253_402_300_799_999, minutes in -1_439_i32..=1_439, place in 0_usize..29, digit in "[0-9]",
        ) {
            let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let mut text = DateTime::from_timestamp_millis(ms).unwrap().with_timezone(&offset).to_rfc3339();
            if text.starts_with(|c: char| c.is_ascii_digit()) && text.as_bytes()[4] == b'-' {
                prop_assert_eq!(super::parse(&text), Some(ms), "{}", text);
                if text.as_bytes().get(place).is_some_and(u8::is_ascii_digit) {
                    text.replace_range(place..=place, &digit);
                    // Chrono takes the sixtieth second, for leaps; no clock here has one.
                    let theirs = DateTime::parse_from_rfc3339(&text).ok().filter(|_| &text[17..19] != "60");
                    prop_assert_eq!(super::parse(&text), theirs.map(|time| time.timestamp_millis()), "{}", text);
                }
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}", digits in "[-0-9T:.+Z ]{0,30}") {
            super::parse(&text);
            super::parse(&digits);
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_chronos(ms in 0_i64..=253_402_300_799_999) {
            let theirs = DateTime::from_timestamp_millis(ms).unwrap();
            prop_assert_eq!(super::wire(ms), theirs.to_rfc3339_opts(SecondsFormat::Millis, false));
            prop_assert_eq!(super::parse(&super::wire(ms)), Some(ms));
            let header = theirs.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            prop_assert_eq!(super::http_date(&header), Some(ms - ms % 1_000));
        }
    }
}
