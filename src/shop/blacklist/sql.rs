//! Statements and rows of `blacklist`.

use super::{Entry, Fact, Kind};
use crate::{
    json,
    platform::{Fault, Row, Statement, Value},
    shop::list,
};

pub const TABLE: &str = "blacklist";
pub const COLUMNS: &str = "id, blacklist_type, blocked_data, typed, note, expires_at, created_at, updated_at";

/// Ranges that a buyer's address may hit and that are told. Those that nest more deeply add nothing.
const MAX_RANGES: u32 = 8;

/// The entries that a buyer hits and that haven't expired, as one column of a larger statement: a JSON array for
/// `keys::hits`. `?1` is the account, `?2` the time, and `keys` an expression that is the buyer's `Keys`.
///
/// Each spelling is one search of the index. Of ranges only the lengths are tried that the account has (`blacklist_lengths`):
/// what it reads goes with those, and not with how many entries there are.
pub fn hits_column(keys: &str) -> String {
    let found = "b.id, b.blacklist_type, b.blocked_data, b.typed, b.note, b.expires_at, b.created_at";
    let lives = "(b.expires_at IS NULL OR b.expires_at > ?2)";
    format!(
        "(SELECT json_group_array(json_object('id', id, 'type', blacklist_type, 'blocked', COALESCE(typed, blocked_data),
             'matched', blocked_data, 'note', note, 'expires_at', expires_at, 'created_at', created_at))
          FROM (
            SELECT {found} FROM json_each({keys}, '$.email') AS wanted CROSS JOIN blacklist AS b INDEXED BY blacklist_fact
            ON b.account_id = ?1 AND b.blacklist_type = 1 AND b.blocked_data = wanted.value WHERE {lives}
            UNION ALL
            SELECT * FROM (
              SELECT {found} FROM blacklist_lengths AS l CROSS JOIN blacklist AS b INDEXED BY blacklist_fact
              ON b.account_id = ?1 AND b.blacklist_type = 2
                AND b.blocked_data = json_extract({keys}, '$.ip[' || l.length || ']')
              WHERE l.account_id = ?1 AND l.family = json_extract({keys}, '$.family') AND {lives}
              ORDER BY l.length DESC LIMIT {MAX_RANGES})
            UNION ALL
            SELECT {found} FROM blacklist AS b INDEXED BY blacklist_fact
            WHERE b.account_id = ?1 AND b.blacklist_type = 3 AND b.blocked_data = json_extract({keys}, '$.country')
              AND {lives}
          ))"
    )
}

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM blacklist WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn entry(row: &Row) -> Result<Entry, Fault> {
    row.read(|row| {
        let id = row.text();
        let kind = Kind::from_code(row.int()).ok_or_else(|| Fault("a blacklist entry of an unknown type".into()))?;
        Ok(Entry {
            id,
            fact: Fact { kind, blocked: row.text(), typed: row.maybe_text() },
            note: row.maybe_text(),
            expires_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// `[[type, blocked], …]`
fn facts_text(facts: &[&Fact]) -> Value {
    let pairs: Vec<(i64, &str)> = facts.iter().map(|fact| (fact.kind as i64, fact.blocked.as_str())).collect();
    json::to_text(&pairs).into()
}

const IS_FACT: &str = "b.blacklist_type = json_extract(wanted.value, '$[0]')
     AND b.blocked_data = json_extract(wanted.value, '$[1]')";

/// The entries of these facts that haven't expired.
pub fn known(account_id: i64, facts: &[&Fact], now: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS} FROM blacklist WHERE account_id = ?1 AND seq IN (
               SELECT b.seq FROM json_each(?2) AS wanted CROSS JOIN blacklist AS b INDEXED BY blacklist_fact
                 ON b.account_id = ?1 AND {IS_FACT}
               WHERE b.expires_at IS NULL OR b.expires_at > ?3)"
        ),
        vec![account_id.into(), facts_text(facts), now.into()],
    )
}

/// Which of these facts are listed and haven't expired: their places, with commas between.
pub fn known_places(account_id: i64, facts: &[&Fact], now: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT group_concat(wanted.key) AS places FROM json_each(?2) AS wanted WHERE EXISTS (
               SELECT 1 FROM blacklist AS b INDEXED BY blacklist_fact
               WHERE b.account_id = ?1 AND {IS_FACT} AND (b.expires_at IS NULL OR b.expires_at > ?3))"
        ),
        vec![account_id.into(), facts_text(facts), now.into()],
    )
}

/// Takes away the entries of these facts that have expired, but for the one of this id: counts the gaps, then deletes, as
/// `list::delete` does.
pub fn make_room(account_id: i64, facts: &[&Fact], id: &str, now: i64) -> [Statement; 2] {
    let expired = format!(
        "FROM json_each(?2) AS wanted CROSS JOIN blacklist AS b INDEXED BY blacklist_fact
           ON b.account_id = ?1 AND {IS_FACT}
         WHERE b.expires_at <= ?3 AND b.id <> ?4"
    );
    let args = vec![account_id.into(), facts_text(facts), now.into(), id.into()];
    [
        Statement::new(
            format!(
                "INSERT INTO list_gaps (account_id, list, block, deleted)
                 SELECT b.account_id, '{TABLE}', (b.seq - 1) / 1024, COUNT(*) {expired} GROUP BY 1, 3
                 ON CONFLICT (account_id, list, block) DO UPDATE SET deleted = deleted + excluded.deleted"
            ),
            args.clone(),
        ),
        Statement::new(
            format!("DELETE FROM blacklist WHERE (account_id, seq) IN (SELECT b.account_id, b.seq {expired})"),
            args,
        ),
    ]
}

pub fn insert(account_id: i64, entry: &Entry) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO blacklist (account_id, seq, {COLUMNS})
             SELECT ?1, {}, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8",
            list::next_seq(TABLE)
        ),
        vec![
            account_id.into(),
            (&entry.id).into(),
            (entry.fact.kind as i64).into(),
            (&entry.fact.blocked).into(),
            entry.fact.typed.clone().into(),
            entry.note.clone().into(),
            entry.expires_at.into(),
            entry.created_at.into(),
        ],
    )
}

/// Several at once, which take the last so many numbers of the list; `after` of them come with other statements behind this one.
pub fn insert_some(account_id: i64, entries: &[Entry], after: usize) -> Statement {
    type Columns<'a> = (&'a str, i64, &'a str, Option<&'a str>, Option<&'a str>, Option<i64>, i64);
    let columns = |entry: &Entry| -> String {
        let Entry { id, fact, note, expires_at, created_at, .. } = entry;
        let all: Columns<'_> =
            (id, fact.kind as i64, &fact.blocked, fact.typed.as_deref(), note.as_deref(), *expires_at, *created_at);
        json::to_text(&all)
    };
    let column = |n: usize| format!("json_extract(new.value, '$[{n}]')");
    let columns_of: Vec<String> = [0, 1, 2, 3, 4, 5, 6, 6].map(column).into();
    let behind = (entries.len() + after) as i64 - 1;
    Statement::new(
        format!(
            "INSERT INTO blacklist (account_id, seq, {COLUMNS})
             SELECT ?1, {} - ?3 + new.key, {} FROM json_each(?2) AS new",
            list::next_seq(TABLE),
            columns_of.join(", ")
        ),
        vec![account_id.into(), json::array(entries.iter().map(columns)).into(), behind.into()],
    )
}

/// Answers a row if it was there.
pub fn update(account_id: i64, entry: &Entry) -> Statement {
    Statement::new(
        "UPDATE blacklist SET blacklist_type = ?3, blocked_data = ?4, typed = ?5, note = ?6, expires_at = ?7, updated_at = ?8
         WHERE account_id = ?1 AND id = ?2 RETURNING id",
        vec![
            account_id.into(),
            (&entry.id).into(),
            (entry.fact.kind as i64).into(),
            (&entry.fact.blocked).into(),
            entry.fact.typed.clone().into(),
            entry.note.clone().into(),
            entry.expires_at.into(),
            entry.updated_at.into(),
        ],
    )
}

/// Those that expired before this time, so many at a time: their gaps are counted, and they go.
pub fn take_old(before: i64, most: u32) -> [Statement; 2] {
    let old = "FROM blacklist INDEXED BY blacklist_expires WHERE expires_at < ?1 ORDER BY expires_at, account_id, seq LIMIT ?2";
    let args: Vec<Value> = vec![before.into(), most.into()];
    [
        Statement::new(
            format!(
                "INSERT INTO list_gaps (account_id, list, block, deleted)
                 SELECT account_id, '{TABLE}', (seq - 1) / 1024, COUNT(*) FROM (SELECT account_id, seq {old}) WHERE TRUE
                 GROUP BY 1, 3 ON CONFLICT (account_id, list, block) DO UPDATE SET deleted = deleted + excluded.deleted"
            ),
            args.clone(),
        ),
        Statement::new(
            format!(
                "DELETE FROM blacklist WHERE (account_id, seq) IN (SELECT account_id, seq {old}) RETURNING 1 AS gone"
            ),
            args,
        ),
    ]
}
