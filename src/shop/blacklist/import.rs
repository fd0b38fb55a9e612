//! Many entries out of a file: a text with a fact on each line, or a table (RFC 4180) whose first line names its columns. A line
//! that can't be an entry is told by its number, and the others are taken.

use std::{borrow::Cow, collections::BTreeSet};

use super::{BadFact, Draft, Entry, Fact, Kind, sql};
use crate::{
    platform::{Fault, Row},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        list,
        prepared::Prepared,
        text::{
            clean,
            table::{self, OpenQuote, Rest},
        },
        time,
    },
};

/// Lines of a file that name something.
pub const MAX_LINES: usize = 10_000;
/// Bytes of a file: as many lines with notes of usual length.
pub const MAX_BYTES: usize = 2 << 20;
/// Characters of a fact and of a note, as `POST /blacklist` takes them.
const MAX_FACT: usize = 254;
const MAX_NOTE: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Table,
}

/// What a file has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// Each with its line, from 1.
    pub drafts: Vec<(usize, Draft)>,
    pub refused: Vec<(usize, BadLine)>,
}

/// Why a line can't be an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLine {
    NotUtf8,
    /// Something other than a comma stands behind the closing quote.
    BehindQuote,
    Blank,
    TooLong,
    UnknownType,
    Fact(BadFact),
    NoteTooLong,
    NoteControl,
    BadTime,
    PastTime,
}

/// Why nothing of a file can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    TooManyLines,
    OpenQuote(usize),
    Utf16,
    /// The first line of a table names no `blocked_data`.
    NoHeader,
    UnknownColumn(String),
    DoubledColumn(&'static str),
}

/// The columns of a table, in any order.
pub const COLUMNS: [&str; 4] = ["blocked_data", "blacklist_type", "note", "expires_at"];

pub fn read(bytes: &[u8], format: Format, now: i64) -> Result<Lines, Unreadable> {
    let mut rest = Rest::of(table::utf8(bytes).ok_or(Unreadable::Utf16)?);
    let mut lines = Lines::default();
    let mut places = None;
    while !rest.is_empty() {
        let (line, cells) = match format {
            Format::Text => {
                let (line, text) = rest.line();
                (line, vec![Ok(Cow::Borrowed(text))])
            }
            Format::Table => rest.record(2 * COLUMNS.len()).map_err(|OpenQuote(line)| Unreadable::OpenQuote(line))?,
        };
        let cells: Result<Vec<String>, BadLine> = cells.into_iter().map(text).collect();
        if matches!(&cells, Ok(cells) if cells.iter().all(String::is_empty)) {
            continue;
        }
        let places = match (format, places) {
            (Format::Text, _) => [Some(0), None, None, None],
            (Format::Table, Some(places)) => places,
            (Format::Table, None) => {
                places = Some(header(&cells.map_err(|_| Unreadable::NoHeader)?)?);
                continue;
            }
        };
        if lines.drafts.len() + lines.refused.len() == MAX_LINES {
            return Err(Unreadable::TooManyLines);
        }
        match cells.and_then(|cells| draft(&cells, places, now)) {
            Ok(draft) => lines.drafts.push((line, draft)),
            Err(bad) => lines.refused.push((line, bad)),
        }
    }
    if format == Format::Table && places.is_none() { Err(Unreadable::NoHeader) } else { Ok(lines) }
}

fn text(cell: table::Cell<'_>) -> Result<String, BadLine> {
    let bytes = cell.map_err(|table::BehindQuote| BadLine::BehindQuote)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| BadLine::NotUtf8)?;
    Ok(clean(text).to_owned())
}

/// Where each of `COLUMNS` stands.
type Places = [Option<usize>; 4];

fn header(cells: &[String]) -> Result<Places, Unreadable> {
    let mut places = [None; 4];
    // Programs that make tables end a line with a comma now and then.
    for (at, name) in cells.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let known = COLUMNS.iter().zip(&mut places).find(|(known, _)| name.eq_ignore_ascii_case(known));
        let (known, place) = known.ok_or_else(|| match at {
            // A table without a header begins with a fact.
            0 => Unreadable::NoHeader,
            _ => Unreadable::UnknownColumn(name.clone()),
        })?;
        if place.replace(at).is_some() {
            return Err(Unreadable::DoubledColumn(known));
        }
    }
    if places[0].is_none() { Err(Unreadable::NoHeader) } else { Ok(places) }
}

fn draft(cells: &[String], places: Places, now: i64) -> Result<Draft, BadLine> {
    let [fact, kind, note, expires_at] =
        places.map(|place| place.and_then(|place| cells.get(place)).filter(|cell| !cell.is_empty()));
    let fact = fact.ok_or(BadLine::Blank)?;
    if fact.chars().count() > MAX_FACT {
        return Err(BadLine::TooLong);
    }
    let kind = match kind {
        Some(code) => code.parse().ok().and_then(Kind::from_code).ok_or(BadLine::UnknownType)?,
        None => Kind::of(fact),
    };
    let fact = kind.fact(fact).map_err(BadLine::Fact)?;
    if let Some(note) = note {
        if note.chars().count() > MAX_NOTE {
            return Err(BadLine::NoteTooLong);
        }
        if note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(BadLine::NoteControl);
        }
    }
    let expires_at = expires_at.map(|text| time::parse(text).ok_or(BadLine::BadTime)).transpose()?;
    if expires_at.is_some_and(|at| at <= now) {
        return Err(BadLine::PastTime);
    }
    Ok(Draft { fact, note: note.cloned(), expires_at })
}

/// What becomes of a file's lines; each by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub added: usize,
    /// Those whose facts are listed already, or stand on an earlier line.
    pub duplicates: Vec<usize>,
    pub refused: Vec<(usize, BadLine)>,
}

/// All of them or none. One trip to read, one to commit.
pub async fn add(app: &App, account: &Account, lines: &Lines) -> Outcome<Prepared<Imported>> {
    let (db, now) = (account.db(app)?, app.now());
    let facts: Vec<&Fact> = lines.drafts.iter().map(|(_, draft)| &draft.fact).collect();
    let looks = facts.chunks(FACTS).map(|part| sql::known_places(account.id, part, now)).collect();
    let known = known(&db.rows(looks).await?)?;
    let mut imported = Imported { added: 0, duplicates: Vec::new(), refused: lines.refused.clone() };
    let (mut new, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, (line, draft)) in lines.drafts.iter().enumerate() {
        if known.contains(&place) || !seen.insert((draft.fact.kind as i64, draft.fact.blocked.as_str())) {
            imported.duplicates.push(*line);
        } else {
            new.push(draft.clone().entry(app));
        }
    }
    imported.added = new.len();
    if new.is_empty() {
        return Ok(Prepared::new(db, imported, Vec::new()));
    }
    let mut statements = Vec::new();
    for part in new.chunks(FACTS) {
        let facts: Vec<&Fact> = part.iter().map(|entry: &Entry| &entry.fact).collect();
        statements.extend(sql::make_room(account.id, &facts, "", now));
    }
    statements.push(list::grow_by(account.id, sql::TABLE, new.len()));
    let mut left = new.len();
    for part in new.chunks(ENTRIES) {
        left = left.saturating_sub(part.len());
        statements.push(sql::insert_some(account.id, part, left));
    }
    // Somebody else listed one of them meanwhile: it is looked at again.
    Ok(Prepared::new(db, imported, statements).on_taken("blacklist", "blocked_data", Refusal::Conflict))
}

/// So many cross with one statement as one JSON text, of which D1 takes 2,000,000 bytes. A fact has 1,000 at most, an entry with
/// its note 6,000.
const FACTS: usize = 1_000;
const ENTRIES: usize = 250;

/// The places, among all, of facts that are listed; a row for each part.
fn known(answers: &[Vec<Row>]) -> Result<BTreeSet<usize>, Fault> {
    let mut all = BTreeSet::new();
    for (part, rows) in answers.iter().enumerate() {
        let places = rows.first().map(|row| row.read(|row| Ok(row.maybe_text()))).transpose()?.flatten();
        for place in places.as_deref().unwrap_or_default().split(',').filter(|place| !place.is_empty()) {
            let place: usize = place.parse().map_err(|_| Fault("a fact's place is none".into()))?;
            all.insert(part * FACTS + place);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::text::email::BadEmail;

    fn facts(file: &str, format: Format) -> Vec<(usize, i64, String)> {
        let lines = read(file.as_bytes(), format, 0).unwrap();
        assert_eq!(lines.refused, [], "{file:?}");
        let fact = |(line, draft): (usize, Draft)| (line, draft.fact.kind as i64, draft.fact.blocked);
        lines.drafts.into_iter().map(fact).collect()
    }

    #[test]
    fn a_text_has_a_fact_a_line_and_its_shape_says_which() {
        let found =
            facts("\u{feff}eve@example.com\r\n\r\n*@Example.org\r10.1.2.3/8\n  se \n2001:DB8::/32", Format::Text);
        let expected = [
            (1, 1, "eve@example.com"),
            (3, 1, "*@example.org"),
            (4, 2, "10.0.0.0/8"),
            (5, 3, "SE"),
            (6, 2, "2001:db8::/32"),
        ];
        assert_eq!(found, expected.map(|(line, kind, text)| (line, kind, text.to_owned())));
    }

    #[test]
    fn a_table_names_its_columns_in_any_order() {
        let file = "Note,blocked_data,expires_at,blacklist_type\r\n\"twice,\nagain\",eve@example.com,1970-01-02,1\n,SE,,\n,,,\n,SE,,3,";
        let lines = read(file.as_bytes(), Format::Table, 7).unwrap();
        assert_eq!(lines.refused, []);
        let (line, first) = &lines.drafts[0];
        assert_eq!((*line, first.note.as_deref(), first.expires_at), (2, Some("twice,\nagain"), Some(86_400_000)));
        assert_eq!(lines.drafts.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 6]);
        assert_eq!(facts("blocked_data\nXK", Format::Table), [(2, 3, "XK".to_owned())]);
    }

    #[test]
    fn what_can_not_be_an_entry_is_told_by_its_line() {
        let long = format!("{}@example.com", "a".repeat(250));
        let note = format!("se,,{},", "n".repeat(1_001));
        for (row, bad) in [
            ("eve@,,,", BadLine::Fact(BadFact::Email(BadEmail::Malformed))),
            ("*@com,,,", BadLine::Fact(BadFact::Pattern)),
            ("Sweden,,,", BadLine::Fact(BadFact::Ip)),
            ("ZZ,,,", BadLine::Fact(BadFact::Country)),
            ("SE,1,,", BadLine::Fact(BadFact::Email(BadEmail::Malformed))),
            ("SE,4,,", BadLine::UnknownType),
            ("SE,country,,", BadLine::UnknownType),
            (",3,note,", BadLine::Blank),
            (&long, BadLine::TooLong),
            (&note, BadLine::NoteTooLong),
            ("SE,,a\0b,", BadLine::NoteControl),
            ("SE,,,soon", BadLine::BadTime),
            ("SE,,,1970-01-01", BadLine::PastTime),
            ("\"SE\" x,,,", BadLine::BehindQuote),
        ] {
            let file = format!("blocked_data,blacklist_type,note,expires_at\n{row}\nDE");
            let lines = read(file.as_bytes(), Format::Table, 0).unwrap();
            assert_eq!((lines.refused, lines.drafts.len()), (vec![(2, bad)], 1), "{row}");
        }
        let lines = read(b"caf\xe9\nSE", Format::Text, 0).unwrap();
        assert_eq!((lines.refused, lines.drafts.len()), (vec![(1, BadLine::NotUtf8)], 1));
    }

    #[test]
    fn a_file_that_can_not_be_told_apart_is_refused_as_a_whole() {
        let table = |file: &[u8]| read(file, Format::Table, 0).unwrap_err();
        assert_eq!(table(b"SE\nDE"), Unreadable::NoHeader);
        assert_eq!(table(b""), Unreadable::NoHeader);
        assert_eq!(table(b"note\nx"), Unreadable::NoHeader);
        assert_eq!(table(b"blocked_data,country\nSE,x"), Unreadable::UnknownColumn("country".into()));
        assert_eq!(table(b"blocked_data,note,NOTE\n"), Unreadable::DoubledColumn("note"));
        assert_eq!(table(b"blocked_data\n\"SE"), Unreadable::OpenQuote(2));
        assert_eq!(read(b"\xff\xfeS\0", Format::Text, 0), Err(Unreadable::Utf16));
        let many = "SE\n\n".repeat(MAX_LINES);
        assert_eq!(read(many.as_bytes(), Format::Text, 0).unwrap().drafts.len(), MAX_LINES);
        assert_eq!(read(format!("{many}SE").as_bytes(), Format::Text, 0), Err(Unreadable::TooManyLines));
    }
}
