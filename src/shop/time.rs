//! Time: milliseconds since 1970, UTC, everywhere inside. Only two formats cross the wire, so the calendar is written out
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

    proptest! {
        #[test]
        fn the_calendar_is_chronos(ms in 0_i64..=253_402_300_799_999) {
            let theirs = DateTime::from_timestamp_millis(ms).unwrap();
            prop_assert_eq!(super::wire(ms), theirs.to_rfc3339_opts(SecondsFormat::Millis, false));
            let header = theirs.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            prop_assert_eq!(super::http_date(&header), Some(ms - ms % 1_000));
        }
    }
}
