//! The blacklist: e-mails and domains, IP addresses and ranges, and countries that may not buy. Entries are kept, listed and
//! looked for here; what an order start makes of a hit is its own.

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::BlacklistRefusal,
    id,
    list::{self, Page},
    prepared::Prepared,
    time::DAY,
};
use crate::platform::Statement;

mod fact;
pub mod import;
pub mod keys;
pub mod network;
pub mod sql;

pub use fact::{BadFact, Fact, Kind};
pub use keys::{Hit, Keys};
pub use network::Network;

/// An entry or a rule that has expired matches no more. It is listed for so long, in milliseconds, and then taken away.
pub const KEPT_EXPIRED: i64 = 90 * DAY;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub fact: Fact,
    pub note: Option<String>,
    /// From then on it matches nobody.
    pub expires_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What a new entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub fact: Fact,
    pub note: Option<String>,
    pub expires_at: Option<i64>,
}

impl Draft {
    fn entry(self, app: &App) -> Entry {
        let Draft { fact, note, expires_at } = self;
        let now = app.now();
        Entry { id: id::short(app.random()), fact, note, expires_at, created_at: now, updated_at: now }
    }
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Entry>> {
    let statements = list::page(account.id, sql::TABLE, sql::COLUMNS, page, per_page);
    Ok(list::read(account.db(app)?.batch(statements).await?, sql::entry)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Entry> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::entry(&row)?)
}

/// An entry of the same fact that has expired makes room.
pub fn create(app: &App, account: &Account, draft: Draft) -> Outcome<Prepared<Entry>> {
    let entry = draft.entry(app);
    let mut statements: Vec<Statement> = sql::make_room(account.id, &[&entry.fact], &entry.id, app.now()).into();
    statements.extend([list::grow(account.id, sql::TABLE), sql::insert(account.id, &entry)]);
    prepare(app, account, entry, statements)
}

/// Writes the whole entry, unless it is gone.
pub async fn update(app: &App, account: &Account, entry: Entry) -> Outcome<Entry> {
    let before = entry.updated_at;
    let entry = Entry { updated_at: list::moved(app.now(), before), ..entry };
    let mut statements = vec![list::unmoved(account.id, sql::TABLE, &entry.id, before)];
    statements.extend(sql::make_room(account.id, &[&entry.fact], &entry.id, app.now()));
    statements.push(sql::update(account.id, &entry));
    let (entry, rows) = prepare(app, account, entry, statements)?.commit(app, Vec::new()).await?;
    match rows.last() {
        Some(rows) if !rows.is_empty() => Ok(entry),
        _ => Err(Refusal::NotFound.into()),
    }
}

pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    match account.db(app)?.commit(list::delete(account.id, sql::TABLE, id).into()).await?.last() {
        Some(rows) if !rows.is_empty() => Ok(()),
        _ => Err(Refusal::NotFound.into()),
    }
}

fn prepare(app: &App, account: &Account, entry: Entry, statements: Vec<Statement>) -> Outcome<Prepared<Entry>> {
    Ok(Prepared::new(account.db(app)?, entry, statements)
        .on_taken("blacklist", "blocked_data", BlacklistRefusal::AlreadyListed)
        .on_stale(Refusal::Conflict))
}

/// Entries for facts that may be listed already: those that are, as they are, and those that are new with what lists them.
pub struct Added {
    /// In the order of the drafts.
    pub entries: Vec<Entry>,
    /// Those of them that are new.
    pub new: Vec<Entry>,
    pub statements: Vec<Statement>,
}

/// One trip, to see which are listed. A commit of the statements is refused as taken should somebody list one meanwhile.
pub async fn add(app: &App, account: &Account, drafts: Vec<Draft>) -> Outcome<Added> {
    let now = app.now();
    let facts: Vec<&Fact> = drafts.iter().map(|draft| &draft.fact).collect();
    let [rows] = account.db(app)?.batch([sql::known(account.id, &facts, now)]).await?;
    let known: Vec<Entry> = rows.iter().map(sql::entry).collect::<Result<_, _>>()?;
    let mut added = Added { entries: Vec::new(), new: Vec::new(), statements: Vec::new() };
    for draft in drafts {
        let is_it = |entry: &&Entry| entry.fact.kind == draft.fact.kind && entry.fact.blocked == draft.fact.blocked;
        let entry = match known.iter().find(is_it) {
            Some(entry) => entry.clone(),
            None => {
                let entry = draft.entry(app);
                added.statements.extend(sql::make_room(account.id, &[&entry.fact], &entry.id, now));
                added.statements.extend([list::grow(account.id, sql::TABLE), sql::insert(account.id, &entry)]);
                added.new.push(entry.clone());
                entry
            }
        };
        added.entries.push(entry);
    }
    Ok(added)
}
