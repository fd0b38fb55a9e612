//! Time: milliseconds since 1970, UTC, everywhere inside. Few formats cross the wire, so the calendar is written out
//! here (after the usual reckoning in eras of 400 years from March on) and a property test compares it with chrono.

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// `2019-12-28T16:47:01.000+00:00`, the contract's form.
pub fn wire(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(DAY));
    let of_day = ms.rem_euclid(DAY);
    let (hour, minute) = (of_day / HOUR, of_day / MINUTE % 60);
    let (second, milli) = (of_day / SECOND % 60, of_day % SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+00:00")
}

/// The contract's form and its kin of ISO 8601: `2019-12-28T16:47:01.000+00:00`, `2019-12-28T16:47:01Z`, without seconds,
/// with a comma before the fraction, any offset (`+01:00`, `+0100`, `+01`); and a day alone, which is its midnight in UTC.
/// Anything finer than a millisecond is cut off. A plus that somebody put into a query string as it is has become a space,
/// and counts.
pub fn parse(text: &str) -> Option<i64> {
    let (day, clock) = match text.split_once(['T', 't']) {
        Some((day, clock)) => (day, clock),
        None => (text, "00:00:00Z"),
    };
    let mut day = day.split('-');
    let (year, month, day) = match (day.next(), day.next(), day.next(), day.next()) {
        (Some(year), Some(month), Some(day), None) => (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?),
        _ => return None,
    };
    let days = days(year, month, day);
    // No month has a 31st February.
    if date(days) != (year, month, day) {
        return None;
    }
    let (clock, offset) = match clock.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let at = clock.rfind(['+', '-', ' '])?;
            let offset = clock.get(at + 1..)?;
            let (hours, minutes) = match (offset.split_once(':'), offset.len()) {
                (Some(parts), _) => parts,
                (None, 4) => offset.split_at_checked(2)?,
                (None, _) => (offset, "00"),
            };
            let offset = within(hours, 23)? * HOUR + within(minutes, 59)? * MINUTE;
            (clock.get(..at)?, if clock.get(at..=at) == Some("-") { -offset } else { offset })
        }
    };
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        // A fraction is one of seconds here.
        Some((clock, _)) if clock.len() < 8 => return None,
        Some(parts) => parts,
        None => (clock, "0"),
    };
    let mut clock = clock.split(':');
    let of_day = match (clock.next(), clock.next(), clock.next(), clock.next()) {
        (Some(hour), Some(minute), second, None) => {
            within(hour, 23)? * HOUR + within(minute, 59)? * MINUTE + within(second.unwrap_or("00"), 59)? * SECOND
        }
        _ => return None,
    };
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let milli = fraction.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(days * DAY + of_day + milli - offset)
}

/// Exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() == count { number(text, 9_999) } else { None }
}

/// Two digits of a clock.
fn within(text: &str, most: i64) -> Option<i64> {
    digits(text, 2).filter(|n| *n <= most)
}

/// `Wed, 15 Nov 2023 00:10:00 GMT` (RFC 9110, 5.6.7), the one form of dates in headers that is still written.
pub fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split(' ');
    let _weekday = parts.next()?;
    let day = number(parts.next()?, 31)?;
    let month = parts.next().and_then(|name| MONTHS.iter().position(|known| *known == name))?;
    let year = number(parts.next()?, 9_999)?;
    let mut clock = parts.next()?.split(':');
    let (hour, minute, second) = (number(clock.next()?, 23)?, number(clock.next()?, 59)?, number(clock.next()?, 60)?);
    let gmt = parts.next() == Some("GMT") && parts.next().is_none() && clock.next().is_none();
    let month = i64::try_from(month).ok()? + 1;
    gmt.then(|| days(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * SECOND)
}

fn number(text: &str, most: i64) -> Option<i64> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok().filter(|n| *n <= most) } else { None }
}

/// Days since 1970 to year, month and day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // since 1 March of the year 0
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The other way.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    #[test]
    fn times_are_written_with_milliseconds_and_an_offset() {
        assert_eq!(super::wire(1_577_551_621_000), "2019-12-28T16:47:01.000+00:00");
        assert_eq!(super::wire(7), "1970-01-01T00:00:00.007+00:00");
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
