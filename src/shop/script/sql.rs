//! Statements and rows of `scripts`.

use super::{MAX, Script};
use crate::platform::{Fault, Row, Statement};

const COLUMNS: &str = "id, app_id, src, integrity, created_at";
/// Those of an app, or all for the account itself; `?2` is the app.
const WHOSE: &str = "account_id = ?1 AND (?2 IS NULL OR app_id = ?2)";

/// Newest first.
pub fn within(account_id: i64, app_id: Option<&str>) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM scripts WHERE {WHOSE} ORDER BY created_at DESC, id"),
        vec![account_id.into(), app_id.into()],
    )
}

pub fn one(account_id: i64, app_id: Option<&str>, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM scripts WHERE {WHOSE} AND id = ?3"),
        vec![account_id.into(), app_id.into(), id.into()],
    )
}

/// What the shop's pages load, oldest first; nothing unless its seller has turned scripts on.
pub fn running(account_id: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS} FROM scripts WHERE account_id = ?1
               AND (SELECT scripts FROM shops WHERE account_id = ?1) = 1 ORDER BY created_at, id"
        ),
        vec![account_id.into()],
    )
}

pub fn script(row: &Row) -> Result<Script, Fault> {
    row.read(|row| {
        Ok(Script {
            id: row.text(),
            app_id: row.maybe_text(),
            src: row.text(),
            integrity: row.text(),
            created_at: row.int(),
        })
    })
}

/// Holds a commit to the seller's having turned scripts on, and to there being room for one more.
pub fn may_be_made(account_id: i64) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM shops WHERE account_id = ?1 AND scripts = 1)
         AND (SELECT COUNT(*) FROM scripts WHERE account_id = ?1) < ?2",
        vec![account_id.into(), MAX.into()],
    )
}

pub fn are_on(account_id: i64) -> Statement {
    Statement::new("SELECT scripts FROM shops WHERE account_id = ?1", vec![account_id.into()])
}

pub fn insert(account_id: i64, script: &Script) -> Statement {
    Statement::new(
        format!("INSERT INTO scripts (account_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
        vec![
            account_id.into(),
            (&script.id).into(),
            script.app_id.clone().into(),
            (&script.src).into(),
            (&script.integrity).into(),
            script.created_at.into(),
        ],
    )
}

/// Answers a row if it was there.
pub fn delete(account_id: i64, app_id: Option<&str>, id: &str) -> Statement {
    Statement::new(
        format!("DELETE FROM scripts WHERE {WHOSE} AND id = ?3 RETURNING id"),
        vec![account_id.into(), app_id.into(), id.into()],
    )
}

/// All of an app that is disconnected.
pub fn leave(account_id: i64, app_id: &str) -> Statement {
    Statement::new("DELETE FROM scripts WHERE account_id = ?1 AND app_id = ?2", vec![account_id.into(), app_id.into()])
}
