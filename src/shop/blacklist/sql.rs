//! Statements and rows of `blacklist`.

use super::{Entry, Fact, Kind};
use crate::{
    platform::{Fault, Row, Statement},
    shop::list,
};

pub const TABLE: &str = "blacklist";
pub const COLUMNS: &str = "id, blacklist_type, blocked_data, typed, note, created_at, updated_at";

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
            kind,
            fact: Fact { blocked: row.text(), typed: row.maybe_text() },
            note: row.maybe_text(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

pub fn insert(account_id: i64, entry: &Entry) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO blacklist (account_id, seq, {COLUMNS})
             SELECT ?1, {}, ?2, ?3, ?4, ?5, ?6, ?7, ?7",
            list::next_seq(TABLE)
        ),
        vec![
            account_id.into(),
            (&entry.id).into(),
            (entry.kind as i64).into(),
            (&entry.fact.blocked).into(),
            entry.fact.typed.clone().into(),
            entry.note.clone().into(),
            entry.created_at.into(),
        ],
    )
}

/// Answers a row if it was there.
pub fn update(account_id: i64, entry: &Entry) -> Statement {
    Statement::new(
        "UPDATE blacklist SET blacklist_type = ?3, blocked_data = ?4, typed = ?5, note = ?6, updated_at = ?7
         WHERE account_id = ?1 AND id = ?2 RETURNING id",
        vec![
            account_id.into(),
            (&entry.id).into(),
            (entry.kind as i64).into(),
            (&entry.fact.blocked).into(),
            entry.fact.typed.clone().into(),
            entry.note.clone().into(),
            entry.updated_at.into(),
        ],
    )
}
