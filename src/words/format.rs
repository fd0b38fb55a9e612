//! Dates and numbers as a language writes them. What a buyer copies or sends keeps the dot: a wallet reads it.

use chrono::{DateTime, Datelike, Timelike};

use super::{Language, Words, fill};

impl Words {
    /// `27 Nov 2026, 01:47 UTC`, of milliseconds since 1970.
    pub fn moment(&self, ms: i64) -> String {
        let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
        let month = usize::try_from(time.month0()).ok().and_then(|month| self.pay.months.split(' ').nth(month));
        let (day, year) = (time.day().to_string(), time.year().to_string());
        let clock = format!("{:02}:{:02}", time.hour(), time.minute());
        let places = [("day", &*day), ("month", month.unwrap_or_default()), ("year", &*year), ("time", &*clock)];
        fill(self.pay.moment, &places)
    }
}

impl Language {
    /// What stands before the decimals, and between thousands.
    fn separators(self) -> (char, char) {
        match self {
            Language::English | Language::Chinese | Language::Japanese => ('.', ','),
            Language::German | Language::Spanish | Language::Portuguese => (',', '.'),
            Language::Italian | Language::Dutch | Language::Turkish => (',', '.'),
            Language::French => (',', '\u{202f}'),
            Language::Polish | Language::Russian => (',', '\u{a0}'),
        }
    }

    /// `64231.515` with its thousands set apart.
    pub fn grouped(self, number: &str) -> String {
        let (point, comma) = self.separators();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut text = String::new();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n).is_multiple_of(3) {
                text.push(comma);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    /// A number of coins. Their decimals vary, so that a grouped `1.000` could be one coin or a thousand.
    pub fn coins(self, number: &str) -> String {
        let (point, _) = self.separators();
        number.replace('.', point.encode_utf8(&mut [0; 4]))
    }

    /// Money with its currency, given as `1234.50 USD`. English prices are shown as the seller's API has them.
    pub fn money(self, text: &str) -> String {
        match text.split_once(' ') {
            Some((number, currency)) if self != Language::English => format!("{} {currency}", self.grouped(number)),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;

    #[test]
    fn moments_are_written_as_people_read_them() {
        assert_eq!(english().moment(1_577_551_621_000), "28 Dec 2019, 16:47 UTC");
        assert_eq!(english().moment(1_709_251_199_999), "29 Feb 2024, 23:59 UTC");
        assert_eq!(english().moment(0), "1 Jan 1970, 00:00 UTC");
        assert_eq!(english().moment(i64::MAX), "1 Jan 1970, 00:00 UTC");
    }

    #[test]
    fn thousands_and_decimals_are_set_apart() {
        for (language, number, text) in [
            (Language::English, "64231.515", "64,231.515"),
            (Language::English, "1", "1"),
            (Language::English, "123456", "123,456"),
            (Language::German, "64231.515", "64.231,515"),
            (Language::German, "1234567", "1.234.567"),
            (Language::French, "1234.5", "1\u{202f}234,5"),
            (Language::Polish, "1234.5", "1\u{a0}234,5"),
            (Language::Japanese, "1234.5", "1,234.5"),
            (Language::German, "999.00", "999,00"),
        ] {
            assert_eq!(language.grouped(number), text);
        }
        assert_eq!(Language::German.coins("1000.00031122"), "1000,00031122");
        assert_eq!(Language::English.coins("1000.00031122"), "1000.00031122");
    }

    #[test]
    fn money_keeps_its_currency_behind_it() {
        assert_eq!(Language::English.money("1234.50 USD"), "1234.50 USD");
        assert_eq!(Language::German.money("1234.50 USD"), "1.234,50 USD");
        assert_eq!(Language::German.money("1500 JPY"), "1.500 JPY");
    }
}
