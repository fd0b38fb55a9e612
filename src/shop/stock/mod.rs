//! Stock: serials, one row each, of which every one goes to one order. Here they are read from what a seller pastes, kept
//! and counted; orders hold and claim them.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, clean};

pub mod delimiter;
pub mod expired;
pub mod file;
pub mod sql;

/// A product has at most so many serials in stock.
pub const MAX_SERIALS: usize = 50_000;
/// Characters of one serial.
pub const MAX_LENGTH: usize = 4_096;

/// Bytes of all serials of one call as a JSON array, which is one parameter of a statement: D1 takes
/// 2,000,000. Fifty thousand UUIDs are 1,950,001.
const MAX_JSON: usize = 1_990_000;

/// Serials as `info` has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serials {
    /// Cleaned at their ends, in their order, none of them empty.
    pub all: Vec<String>,
    /// What stands between two of them: the delimiter, with the white space around the first one.
    pub joint: String,
    /// How many of them stand there before.
    pub repeated: u32,
}

/// Why `info` can't be stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    TooMany,
    /// Where they stand, from 1 (`unit`).
    TooLong(Vec<usize>),
    /// Where they stand, and what is in them. Two serials that look the same would be told apart by it.
    Invisible(Vec<(usize, char)>),
    /// More bytes than `file::MAX_STOCK_BYTES`, with what stands between them, or than `MAX_JSON`.
    TooLarge,
    /// Each with where it stands first and where it stands again. Only where each must stand there once.
    Repeated(Vec<(String, usize, usize)>),
}

impl Serials {
    /// `unique`: none may repeat.
    pub fn read(info: &str, delimiter: &str, unique: bool) -> Result<Serials, Unfit> {
        // As many of each fault as anybody reads, and a few more.
        const NAMED: usize = 100;
        let delimiter = &delimiter::meant(info, delimiter);
        let mut serials = Serials { joint: joint(info, delimiter), ..Serials::default() };
        let (mut seen, mut repeated, mut long, mut hidden) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, piece) in delimiter::split(info, delimiter) {
            let piece = clean(piece);
            if piece.is_empty() {
                continue;
            }
            if piece.len() > MAX_LENGTH && piece.chars().count() > MAX_LENGTH {
                long.push(place);
            }
            if hidden.len() < NAMED {
                hidden.extend(text::hidden(piece).map(|c| (place, c)));
            }
            match seen.get(piece) {
                Some(first) => {
                    serials.repeated += 1;
                    if repeated.len() < NAMED {
                        repeated.push((piece.to_owned(), *first, place));
                    }
                }
                None => {
                    seen.insert(piece, place);
                }
            }
            serials.all.push(piece.to_owned());
        }
        if !long.is_empty() {
            return Err(Unfit::TooLong(long));
        }
        if !hidden.is_empty() {
            return Err(Unfit::Invisible(hidden));
        }
        if unique && !repeated.is_empty() {
            return Err(Unfit::Repeated(repeated));
        }
        if serials.all.len() > MAX_SERIALS {
            return Err(Unfit::TooMany);
        }
        if !serials.fit() {
            return Err(Unfit::TooLarge);
        }
        Ok(serials)
    }

    /// Without those that the product's orders took since they were read: as many of each as were taken, beyond those that are
    /// in stock still.
    pub fn without(self, gone: &BTreeMap<String, Gone>) -> Serials {
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        let (mut all, mut repeated) = (Vec::new(), 0);
        let mut kept = BTreeSet::new();
        for serial in &self.all {
            let nth = seen.entry(serial).or_default();
            *nth += 1;
            if gone.get(serial).is_none_or(|gone| *nth <= gone.left || *nth > gone.left + gone.taken) {
                repeated += u32::from(!kept.insert(serial));
                all.push(serial.clone());
            }
        }
        Serials { all, joint: self.joint, repeated }
    }

    /// As `info` reads back; nothing when there are none.
    pub fn info(&self) -> Option<String> {
        (!self.all.is_empty()).then(|| self.all.join(&self.joint))
    }

    /// Whether a row can show them, and a statement take them.
    fn fit(&self) -> bool {
        let bytes: usize = self.all.iter().map(|serial| serial.len() + self.joint.len()).sum();
        // Written out only where it could be too long: a character is six bytes there at most.
        let json = |serials: &[String]| crate::json::to_text(serials).len();
        bytes as u64 <= file::MAX_STOCK_BYTES && (bytes < MAX_JSON / 8 || json(&self.all) <= MAX_JSON)
    }

    pub fn count(&self) -> u32 {
        // `MAX_SERIALS` fits.
        self.all.len() as u32
    }
}

/// `, ` of "A, B": so that what was sent reads back as it was sent.
fn joint(info: &str, delimiter: &str) -> String {
    // Bytes: what is added to each of many thousand serials must not burst what a row can hold.
    const MAX: usize = 4;
    let Some((before, between, after)) = delimiter::split_once(info, delimiter) else {
        return delimiter.to_owned();
    };
    let head = before.get(before.trim_end().len()..).unwrap_or_default();
    let tail = after.get(..after.len() - after.trim_start().len()).unwrap_or_default();
    // White space to the end is what stands after the last serial, not between two.
    if head.len() + tail.len() > MAX || tail.len() == after.len() {
        return between.to_owned();
    }
    format!("{head}{between}{tail}")
}

/// A serial that can't be put in stock, because the account has it already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub serial: String,
    pub product_id: String,
    pub state: State,
}

/// Of a serial that a product's orders hold or had: how many the product has in stock, and how many orders took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    pub left: u32,
    pub taken: u32,
}

/// Where a serial is; the numbers are the table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    InStock = 0,
    Held = 1,
    Sold = 2,
    /// It was sold, found bad and replaced.
    Bad = 3,
}

impl State {
    pub fn from_code(code: i64) -> Option<State> {
        [State::InStock, State::Held, State::Sold, State::Bad].into_iter().find(|state| *state as i64 == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(info: &str, delimiter: &str) -> (Vec<String>, String) {
        let serials = Serials::read(info, delimiter, true).unwrap();
        (serials.all, serials.joint)
    }

    #[test]
    fn serials_are_trimmed_and_empty_ones_dropped() {
        for (info, delimiter, all, joint) in [
            ("SERIAL1, SERIAL2, SERIAL3", ",", vec!["SERIAL1", "SERIAL2", "SERIAL3"], ", "),
            ("A,B", ",", vec!["A", "B"], ","),
            ("A", ",", vec!["A"], ","),
            (" , ,, A ,\tB,", ",", vec!["A", "B"], " , "),
            ("A\r\nB\r\n\r\nC\r\n", "\n", vec!["A", "B", "C"], "\r\n"),
            ("a:b :: c:d", "::", vec!["a:b", "c:d"], " :: "),
            ("A,", ",", vec!["A"], ","),
            ("A, ", ",", vec!["A"], ","),
            ("", ",", vec![], ","),
        ] {
            assert_eq!(
                read(info, delimiter),
                (all.iter().map(|s| (*s).to_owned()).collect(), joint.to_owned()),
                "{info:?}"
            );
        }
        let wide = format!("A,{}B", " ".repeat(100));
        assert_eq!(read(&wide, ",").1, ",", "what stands between stays short");
    }

    #[test]
    fn repeated_serials_are_all_there_and_counted() {
        let serials = Serials::read("A,B,A, A,C,B", ",", false).unwrap();
        assert_eq!((serials.all.len(), serials.repeated), (6, 3));
        assert_eq!(serials.info().as_deref(), Some("A,B,A,A,C,B"));
    }

    #[test]
    fn what_orders_took_does_not_come_back_and_what_is_new_does() {
        for (sent, left, taken, kept) in [
            ("x,x,x,x,x", 3, 2, "x,x,x"),
            ("x,x,x,y", 3, 2, "x,x,x,y"),
            ("x,y", 0, 1, "y"),
            ("x,x,x", 0, 1, "x,x"),
            ("y,x,x,x,x", 1, 2, "y,x,x"),
        ] {
            let gone = BTreeMap::from([("x".to_owned(), Gone { left, taken })]);
            let serials = Serials::read(sent, ",", false).unwrap().without(&gone);
            assert_eq!(serials.all.join(","), kept, "{sent}");
            let distinct = serials.all.iter().collect::<BTreeSet<_>>().len();
            assert_eq!(serials.repeated as usize, serials.all.len() - distinct);
        }
    }

    #[test]
    fn invisible_characters_leave_the_ends_and_are_named_inside() {
        let serials = Serials::read("\u{feff}A-1\r\n\u{200e}A-2\u{200b}\r\nA-1\u{ad}", "\n", false).unwrap();
        assert_eq!((serials.all.join(" "), serials.repeated), ("A-1 A-2 A-1".into(), 1));
        assert_eq!(serials.joint, "\r\n");
        let no = Serials::read("A-1\n\nA\u{200b}-2\nA\u{2066}-3", "\n", false).unwrap_err();
        assert_eq!(no, Unfit::Invisible(vec![(3, '\u{200b}'), (4, '\u{2066}')]));
        assert!(Serials::read("❤\u{fe0f} you,👨\u{200d}👩", ",", true).is_ok(), "emoji are made of such");
    }

    #[test]
    fn what_can_not_be_sold_twice_is_named_with_its_places() {
        let no = Serials::read("A\nB\n\n A\nB\nC\nA", "\n", true).unwrap_err();
        assert_eq!(no, Unfit::Repeated(vec![("A".into(), 1, 4), ("B".into(), 2, 5), ("A".into(), 1, 7)]));
        let long = "é".repeat(MAX_LENGTH);
        assert!(Serials::read(&long, ",", true).is_ok());
        assert_eq!(Serials::read(&format!("A,{long}x"), ",", true), Err(Unfit::TooLong(vec![2])));
        let many: Vec<String> = (0..=MAX_SERIALS).map(|n| n.to_string()).collect();
        assert_eq!(Serials::read(&many.join(","), ",", true), Err(Unfit::TooMany));
        assert_eq!(Serials::read(&many[1..].join(","), ",", true).unwrap().count(), 50_000);
    }
}
