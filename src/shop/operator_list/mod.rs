//! Lists that the operator feeds: networks of Tor exits, of VPNs and of hosting, and disposable e-mail domains. Every database has
//! them whole, because an order start asks in its account's database, in a statement that it makes anyway. A list is
//! replaced as a whole: a new revision is written beside the old one, and becomes the list in one statement.

use std::{collections::BTreeMap, rc::Rc};

use futures_util::future::try_join_all;

use super::{
    App, Outcome, Refusal,
    blacklist::Network,
    text::{
        clean, email,
        table::{self, Rest},
    },
    time::HOUR,
};
use crate::platform::{Db, Fault};

pub mod sql;

/// Lines of a file that name something.
pub const MAX_LINES: usize = 100_000;
/// Bytes of a file.
pub const MAX_BYTES: usize = 4 << 20;
/// A range that is wider was meant for something else: half of the world would be a VPN.
const WIDEST_V4: u32 = 8;
const WIDEST_V6: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Tor,
    Vpn,
    Hosting,
    Disposable,
}

impl Name {
    pub const ALL: [Name; 4] = [Name::Tor, Name::Vpn, Name::Hosting, Name::Disposable];

    pub fn parse(text: &str) -> Option<Name> {
        Name::ALL.into_iter().find(|name| name.word() == text)
    }

    pub fn word(self) -> &'static str {
        match self {
            Name::Tor => "tor",
            Name::Vpn => "vpn",
            Name::Hosting => "hosting",
            Name::Disposable => "disposable",
        }
    }
}

/// What a file has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// First and last of each range, sorted; no two overlap.
    pub ranges: Vec<(String, String)>,
    /// Lines that name something.
    pub lines: usize,
    pub refused: Vec<(usize, BadLine)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLine {
    NotUtf8,
    NoNetwork,
    TooWide,
    NoDomain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    TooManyLines,
    Utf16,
}

/// One a line. What stands behind a `#` is a comment.
pub fn read(name: Name, bytes: &[u8]) -> Result<Content, Unreadable> {
    let mut rest = Rest::of(table::utf8(bytes).ok_or(Unreadable::Utf16)?);
    let mut content = Content::default();
    while !rest.is_empty() {
        let (line, bytes) = rest.line();
        let text = std::str::from_utf8(bytes).map_err(|_| BadLine::NotUtf8);
        let item = text.map(|text| clean(text.split('#').next().unwrap_or_default()));
        if item == Ok("") {
            continue;
        }
        if content.lines + content.refused.len() == MAX_LINES {
            return Err(Unreadable::TooManyLines);
        }
        match item.and_then(|item| range(name, item)) {
            Ok(range) => {
                content.lines += 1;
                content.ranges.push(range);
            }
            Err(bad) => content.refused.push((line, bad)),
        }
    }
    content.ranges.sort();
    content.ranges.dedup_by(|next, before| merge(before, next));
    Ok(content)
}

fn range(name: Name, item: &str) -> Result<(String, String), BadLine> {
    if name == Name::Disposable {
        let domain = email::domain(item).filter(|domain| domain.contains('.')).ok_or(BadLine::NoDomain)?;
        return Ok((domain.to_string(), domain.into_owned()));
    }
    let network = Network::parse(item).ok_or(BadLine::NoNetwork)?;
    let widest = if network.family() == 4 { WIDEST_V4 } else { WIDEST_V6 };
    if network.length() < widest { Err(BadLine::TooWide) } else { Ok(network.ends()) }
}

/// Whether the next one begins in this one, which then ends where the later of both does.
fn merge(before: &mut (String, String), next: &mut (String, String)) -> bool {
    let is_within = next.0 <= before.1;
    if is_within && next.1 > before.1 {
        before.1 = std::mem::take(&mut next.1);
    }
    is_within
}

/// A list as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub lines: u32,
    pub updated_at: i64,
    /// Databases that have another revision: putting it there broke off.
    pub behind: Vec<String>,
}

/// So long after it was begun an upload that didn't end is taken away, in milliseconds.
const ABANDONED: i64 = HOUR;

/// Replaces the list in every database. Each has the old one or the new one, never a part. Should it break off between two
/// databases, it is put once more.
pub async fn put(app: &App, name: Name, content: &Content) -> Outcome<Kept> {
    // Below 2^53, and nobody's yet.
    let revision = i64::from_be_bytes(app.random::<8>()).unsigned_abs() >> 11;
    let revision = i64::try_from(revision).unwrap_or(0);
    let now = app.now();
    for (_, db) in shards(app)? {
        db.commit(vec![sql::note(revision, now + ABANDONED)]).await?;
        for part in content.ranges.chunks(sql::PART) {
            db.commit(vec![sql::fill(revision, part)]).await?;
        }
        db.commit(sql::switch(name, revision, content.lines, now).into()).await.map_err(|no| match no.is_stale() {
            true => Refusal::Conflict.into(),
            false => super::Error::from(no),
        })?;
    }
    let lines = u32::try_from(content.lines).unwrap_or(u32::MAX);
    Ok(Kept { name: name.word().to_owned(), lines, updated_at: now, behind: Vec::new() })
}

pub async fn destroy(app: &App, name: Name) -> Outcome<()> {
    let mut was_there = false;
    for (_, db) in shards(app)? {
        let [_, gone] = db.commit_batch(sql::destroy(name, app.now())).await?;
        was_there |= !gone.is_empty();
    }
    if was_there { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// By name. One round trip to each database.
pub async fn list(app: &App) -> Outcome<Vec<Kept>> {
    let shards = shards(app)?;
    let answers = try_join_all(shards.iter().map(|(_, db)| db.batch([sql::all()]))).await?;
    let mut found: BTreeMap<String, (i64, Kept)> = BTreeMap::new();
    for [rows] in &answers {
        for row in rows {
            let (name, revision, lines, updated_at) =
                row.read(|row| Ok((row.text(), row.int(), row.count(), row.int())))?;
            // The newest is the list; the others are behind.
            let newer = found.get(&name).is_none_or(|(_, kept)| kept.updated_at < updated_at);
            if newer {
                found.insert(name.clone(), (revision, Kept { name, lines, updated_at, behind: Vec::new() }));
            }
        }
    }
    for ((shard, _), [rows]) in shards.iter().zip(&answers) {
        let has = |name: &str, revision: i64| -> Result<bool, Fault> {
            let mut its = rows.iter().map(|row| row.read(|row| Ok((row.text(), row.int()))));
            its.try_fold(false, |has, row| Ok(has || row? == (name.to_owned(), revision)))
        };
        for (name, (revision, kept)) in &mut found {
            if !has(name, *revision)? {
                kept.behind.push(shard.clone());
            }
        }
    }
    Ok(found.into_values().map(|(_, kept)| kept).collect())
}

/// A database and its name.
type Shard = (String, Rc<dyn Db>);

fn shards(app: &App) -> Result<Vec<Shard>, Fault> {
    let databases = &app.platform.databases;
    databases.shards().into_iter().map(|name| Ok((name.clone(), databases.shard(&name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_merged_so_that_none_overlap() {
        let file = "# Tor\n10.0.0.0/24 # one\r\n10.0.0.7\n10.0.0.128/25\n\n::ffff:10.0.1.0/120\n2001:db8::/32\n2001:db8:1::/48\n192.0.2.1\n";
        let content = read(Name::Tor, file.as_bytes()).unwrap();
        let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let v6 = |tail: char| format!("620010db8{}", tail.to_string().repeat(24));
        let expected = [
            pair("40a000000", "40a0000ff"),
            pair("40a000100", "40a0001ff"),
            pair("4c0000201", "4c0000201"),
            (v6('0'), v6('f')),
        ];
        assert_eq!((content.ranges, content.lines, content.refused), (expected.into(), 7, vec![]));
    }

    #[test]
    fn what_is_no_network_or_no_domain_is_told_by_its_line() {
        let content =
            read(Name::Vpn, b"0.0.0.0/0\n::/0\n10.0.0.0/7\n10.0.0.0/8\nexample.com\ncaf\xe9\n2001::/15").unwrap();
        let bad = [
            (1, BadLine::TooWide),
            (2, BadLine::TooWide),
            (3, BadLine::TooWide),
            (5, BadLine::NoNetwork),
            (6, BadLine::NotUtf8),
            (7, BadLine::TooWide),
        ];
        assert_eq!((content.refused, content.lines), (bad.into(), 1));
        let content = read(
            Name::Disposable,
            "Mailinator.com\nbücher.example\ncom\na b.co\n*.x.co\nada@x.co\nmailinator.com".as_bytes(),
        )
        .unwrap();
        let domains: Vec<_> = content.ranges.into_iter().map(|(first, _)| first).collect();
        assert_eq!(domains, ["mailinator.com", "xn--bcher-kva.example"]);
        assert_eq!(content.refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5, 6]);
    }

    #[test]
    fn a_file_that_is_too_long_is_refused_as_a_whole() {
        let many = "10.0.0.1\n#\n".repeat(MAX_LINES);
        assert_eq!(read(Name::Tor, many.as_bytes()).unwrap().ranges.len(), 1);
        assert_eq!(read(Name::Tor, format!("{many}x").as_bytes()), Err(Unreadable::TooManyLines));
        assert_eq!(read(Name::Tor, b"\xfe\xff\0a"), Err(Unreadable::Utf16));
    }
}
