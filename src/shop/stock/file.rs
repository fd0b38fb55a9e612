//! Serials out of a file: a text with one on each line, or a table (RFC 4180) that has them in its
//! first column. A line that can't be a serial is told by its number, and the others are taken.

use std::borrow::Cow;

use super::{MAX_LENGTH, MAX_SERIALS, delimiter};
use crate::shop::text::{
    clean, hidden,
    table::{self, OpenQuote, Rest},
};

/// Bytes of a file. The stock of a product is half of it at most (`MAX_STOCK_BYTES`); a table has
/// other columns besides.
pub const MAX_BYTES: usize = 4 << 20;
/// Bytes of all serials that a product has in stock, with what stands between them: `info` shows them
/// as one text, and a text of D1 has 2,000,000 at most
/// (https://developers.cloudflare.com/d1/platform/limits/).
pub const MAX_STOCK_BYTES: u64 = 1_900_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    /// Whether the first line is a header. `None`: if it says `serial`.
    Table {
        header: Option<bool>,
    },
}

/// The serials of a file, and what isn't one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines<'a> {
    /// Each with its line, from 1.
    pub serials: Vec<(usize, Cow<'a, str>)>,
    pub refused: Vec<(usize, BadLine)>,
}

/// Why a line can't be a serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLine {
    NotUtf8,
    TooLong,
    /// A buyer gets their serials one a line, and sees nothing of such a character.
    Control(char),
    /// Two serials that look the same would be told apart by it.
    Invisible(char),
    /// `info` would show two serials.
    Delimiter,
    /// In a table: something other than a comma stands behind the closing quote.
    BehindQuote,
}

/// Why nothing of a file can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    TooManyLines,
    /// A quote that is opened on this line is never closed, so what stands behind it is unknown.
    OpenQuote(usize),
    /// It begins as a file in UTF-16 does.
    Utf16,
}

pub fn read(bytes: &[u8], format: Format) -> Result<Lines<'_>, Unreadable> {
    let bytes = table::utf8(bytes).ok_or(Unreadable::Utf16)?;
    let mut lines = Lines::default();
    let mut header = match format {
        Format::Text => Some(false),
        Format::Table { header } => header,
    };
    let mut rest = Rest::of(bytes);
    while !rest.is_empty() {
        let (line, cell) = match format {
            Format::Text => {
                let (line, text) = rest.line();
                (line, Ok(Cow::Borrowed(text)))
            }
            Format::Table { .. } => {
                let (line, cells) = rest.record(1).map_err(|OpenQuote(line)| Unreadable::OpenQuote(line))?;
                (line, cells.into_iter().next().unwrap_or(Ok(Cow::Borrowed(b""))))
            }
        };
        let serial = match cell {
            Ok(cell) => text(cell).map(|text| cut(&text).unwrap_or(text)),
            Err(table::BehindQuote) => Err(BadLine::BehindQuote),
        };
        if matches!(&serial, Ok(serial) if serial.is_empty()) {
            continue;
        }
        let is_header = |serial: &Cow<'_, str>| serial.eq_ignore_ascii_case("serial");
        let first = header.replace(false);
        if first == Some(true) || (first.is_none() && serial.as_ref().is_ok_and(is_header)) {
            continue;
        }
        if lines.serials.len() + lines.refused.len() == MAX_SERIALS {
            return Err(Unreadable::TooManyLines);
        }
        match serial.and_then(checked) {
            Ok(serial) => lines.serials.push((line, serial)),
            Err(bad) => lines.refused.push((line, bad)),
        }
    }
    Ok(lines)
}

fn text(cell: Cow<'_, [u8]>) -> Result<Cow<'_, str>, BadLine> {
    match cell {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| BadLine::NotUtf8),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| BadLine::NotUtf8),
    }
}

/// Without what is cleaned off the ends of a serial.
fn cut<'a>(text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => Some(Cow::Borrowed(clean(text))),
        Cow::Owned(text) if clean(text).len() < text.len() => Some(Cow::Owned(clean(text).to_owned())),
        Cow::Owned(_) => None,
    }
}

fn checked(serial: Cow<'_, str>) -> Result<Cow<'_, str>, BadLine> {
    let is_control = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if serial.len() > MAX_LENGTH && serial.chars().count() > MAX_LENGTH {
        Err(BadLine::TooLong)
    } else if let Some(c) = serial.chars().find(is_control) {
        Err(BadLine::Control(c))
    } else if let Some(c) = hidden(&serial) {
        Err(BadLine::Invisible(c))
    } else {
        Ok(serial)
    }
}

/// Whether a serial would be two in a stock with this delimiter, however that is typed.
pub fn is_split(serial: &str, stock_delimiter: &str) -> bool {
    delimiter::split_once(serial, &delimiter::meant(serial, stock_delimiter)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Format = Format::Table { header: None };

    fn serials(file: &str, format: Format) -> Vec<(usize, String)> {
        let lines = read(file.as_bytes(), format).unwrap();
        assert_eq!(lines.refused, [], "{file:?}");
        lines.serials.into_iter().map(|(line, serial)| (line, serial.into_owned())).collect()
    }

    fn all(expected: &[(usize, &str)]) -> Vec<(usize, String)> {
        expected.iter().map(|(line, serial)| (*line, (*serial).to_owned())).collect()
    }

    #[test]
    fn a_text_has_a_serial_a_line_however_lines_end() {
        for file in ["A\nB\n\nC", "\u{feff}A\r\nB\r\n\r\nC\r\n", "A\rB\r\rC", "A\r\n B \n\u{200b}\nC\t\n\n"] {
            assert_eq!(serials(file, Format::Text), all(&[(1, "A"), (2, "B"), (4, "C")]), "{file:?}");
        }
        assert_eq!(serials("serial\n\"A\",B\n", Format::Text), all(&[(1, "serial"), (2, "\"A\",B")]), "as it stands");
        assert_eq!(serials("", Format::Text), all(&[]));
    }

    #[test]
    fn a_table_has_them_in_its_first_column() {
        for (file, expected) in [
            ("A,1\nB,2", &[(1, "A"), (2, "B")][..]),
            ("serial,note\r\nA,1\r\n\r\nB\r\n", &[(2, "A"), (4, "B")]),
            ("\u{feff}\"Serial\"\nA", &[(2, "A")]),
            ("A\nserial", &[(1, "A"), (2, "serial")]),
            ("\"A,1\",x\n\"say \"\"B\"\"\" ,y", &[(1, "A,1"), (2, "say \"B\"")]),
            ("A,\"a note\r\nof three\nlines\"\nB", &[(1, "A"), (4, "B")]),
            ("A,x\"y\nB\"C,\n,only a note\n\"\"\nD", &[(1, "A"), (2, "B\"C"), (5, "D")]),
            ("\"\"\"\"", &[(1, "\"")]),
            ("A,", &[(1, "A")]),
        ] {
            assert_eq!(serials(file, TABLE), all(expected), "{file:?}");
        }
        let told = |header| serials("code\nA", Format::Table { header: Some(header) });
        assert_eq!((told(true), told(false)), (all(&[(2, "A")]), all(&[(1, "code"), (2, "A")])));
    }

    #[test]
    fn what_can_not_be_a_serial_is_told_by_its_line() {
        let refused = |file: &[u8], format| read(file, format).unwrap().refused;
        let long = format!("A\n{}\n{}", "é".repeat(MAX_LENGTH), "é".repeat(MAX_LENGTH + 1));
        assert_eq!(refused(long.as_bytes(), Format::Text), [(3, BadLine::TooLong)]);
        for (file, bad) in [
            (&b"A\nB\tC"[..], BadLine::Control('\t')),
            (b"A\n\0B\0", BadLine::Control('\0')),
            ("A\nB\u{2028}C".as_bytes(), BadLine::Control('\u{2028}')),
            ("A\nB\u{200b}C".as_bytes(), BadLine::Invisible('\u{200b}')),
            (b"A\ncaf\xe9", BadLine::NotUtf8),
        ] {
            let lines = read(file, Format::Text).unwrap();
            assert_eq!((lines.serials.len(), lines.refused), (1, vec![(2, bad)]), "{file:?}");
        }
        assert_eq!(refused(b"A\n\"B\nC\"\nD", TABLE), [(2, BadLine::Control('\n'))]);
        assert_eq!(refused(b"\"A\" B,x\n\"\"C\nD", TABLE), [(1, BadLine::BehindQuote), (2, BadLine::BehindQuote)]);
        assert_eq!(refused(b"\"caf\xe9\"\nA", TABLE), [(1, BadLine::NotUtf8)]);
    }

    #[test]
    fn a_file_that_can_not_be_told_apart_is_refused_as_a_whole() {
        assert_eq!(read(b"A\nB,\"C\nD\nE", TABLE), Err(Unreadable::OpenQuote(2)));
        assert_eq!(read(b"\"", TABLE), Err(Unreadable::OpenQuote(1)));
        assert_eq!(read(b"\xff\xfeA\0", Format::Text), Err(Unreadable::Utf16));
        let many = "A\n\n".repeat(MAX_SERIALS);
        assert_eq!(read(many.as_bytes(), Format::Text).unwrap().serials.len(), MAX_SERIALS);
        assert_eq!(read(format!("{many}A").as_bytes(), Format::Text), Err(Unreadable::TooManyLines));
        assert!(read(format!("serial\n{many}").as_bytes(), TABLE).is_ok(), "the header is no serial");
    }

    #[test]
    fn a_serial_that_the_stock_would_show_as_two_is_known() {
        for (serial, delimiter, split) in [
            ("A,B", ",", true),
            ("A;B", ",", false),
            ("A B", "\n", false),
            ("A\\nB", "\\n", true),
            ("A\\nB", "\n", false),
            ("a::b", "::", true),
        ] {
            assert_eq!(is_split(serial, delimiter), split, "{serial} {delimiter}");
        }
    }
}
