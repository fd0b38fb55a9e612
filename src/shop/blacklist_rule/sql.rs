//! Statements and rows of `blacklist_rules`.

use super::{Action, Change, MAX, Rule};
use crate::platform::{Fault, Row, Statement};

const COLUMNS: &str = "id, name, rule, action_type, enabled, priority, expires_at, created_at, updated_at";

pub fn rule(row: &Row) -> Result<Rule, Fault> {
    row.read(|row| {
        Ok(Rule {
            id: row.text(),
            name: row.text(),
            text: row.text(),
            action: Action::parse(&row.text()).ok_or_else(|| Fault("a rule has an unknown action".into()))?,
            enabled: row.flag(),
            priority: row.int(),
            expires_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// How many there are, and the page: a walk along the index that has their order.
pub fn page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    let skip = i64::from(page - 1) * i64::from(per_page);
    [
        Statement::new("SELECT COUNT(*) FROM blacklist_rules WHERE account_id = ?1", vec![account_id.into()]),
        Statement::new(
            format!(
                "SELECT {COLUMNS} FROM blacklist_rules WHERE account_id = ?1
                 ORDER BY priority, id DESC LIMIT ?2 OFFSET ?3"
            ),
            vec![account_id.into(), per_page.into(), skip.into()],
        ),
    ]
}

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM blacklist_rules WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn last_priority(account_id: i64) -> Statement {
    Statement::new(
        "SELECT COALESCE(MAX(priority), 0) FROM blacklist_rules WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

/// Holds a commit to there being fewer rules than an account may have.
pub fn room_for_one(account_id: i64) -> Statement {
    Statement::guard(
        "(SELECT COUNT(*) FROM blacklist_rules WHERE account_id = ?1) < ?2",
        vec![account_id.into(), MAX.into()],
    )
}

pub fn insert(account_id: i64, rule: &Rule) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO blacklist_rules (account_id, {COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)"
        ),
        vec![
            account_id.into(),
            (&rule.id).into(),
            (&rule.name).into(),
            (&rule.text).into(),
            rule.action.name().into(),
            rule.enabled.into(),
            rule.priority.into(),
            rule.expires_at.into(),
            rule.created_at.into(),
        ],
    )
}

/// Answers the rule as it is then, if it is there.
pub fn update(account_id: i64, id: &str, change: Change, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE blacklist_rules SET name = COALESCE(?3, name), rule = COALESCE(?4, rule),
             action_type = COALESCE(?5, action_type), enabled = COALESCE(?6, enabled),
             priority = COALESCE(?7, priority), updated_at = ?8, expires_at = IIF(?9, ?10, expires_at)
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        vec![
            account_id.into(),
            id.into(),
            change.name.into(),
            change.text.into(),
            change.action.map(Action::name).into(),
            change.enabled.into(),
            change.priority.into(),
            now.into(),
            change.expires_at.is_some().into(),
            change.expires_at.flatten().into(),
        ],
    )
}

pub fn destroy(account_id: i64, id: &str) -> Statement {
    Statement::new(
        "DELETE FROM blacklist_rules WHERE account_id = ?1 AND id = ?2 RETURNING id",
        vec![account_id.into(), id.into()],
    )
}

/// Those that expired before this time, so many at a time.
pub fn take_old(before: i64, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM blacklist_rules WHERE (account_id, id) IN (
           SELECT account_id, id FROM blacklist_rules INDEXED BY blacklist_rules_expires
           WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![before.into(), most.into()],
    )
}
