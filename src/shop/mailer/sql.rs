//! Statements and rows of `mails`, and what a mail needs of its shop.

use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        account::contact::{self, Contact},
        mail::NOT_COMPLETED,
    },
    words::Language,
};

/// Counts the try, and takes it for one runner: a second message for it finds nothing. Answers the
/// number of the try, from 1.
pub fn claim(account_id: i64, id: &str, now: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE mails SET tries = tries + 1, next_at = ?4, due_at = ?4, off_at = NULL
         WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL AND next_at <= ?3 RETURNING tries",
        vec![account_id.into(), id.into(), now.into(), until.into()],
    )
}

/// The next try is at `next`, unless another runner has taken over; `due_at` is when cron nudges it.
pub fn put_off(account_id: i64, id: &str, tries: u32, next: i64, due_at: i64, error: &str) -> Statement {
    Statement::new(
        "UPDATE mails SET next_at = ?4, due_at = ?5, error = ?6
         WHERE account_id = ?1 AND id = ?2 AND tries = ?3 AND due_at IS NOT NULL",
        vec![account_id.into(), id.into(), tries.into(), next.into(), due_at.into(), error.into()],
    )
}

/// E-mail is off: it is looked at again at `due_at`. Answers since when it is off, and the tries that
/// were made before.
pub fn set_aside(account_id: i64, id: &str, now: i64, due_at: i64) -> Statement {
    Statement::new(
        "UPDATE mails SET off_at = COALESCE(off_at, ?3), due_at = ?4, error = 'off'
         WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL RETURNING off_at, tries",
        vec![account_id.into(), id.into(), now.into(), due_at.into()],
    )
}

/// Whether the mail `?2` is still owed; for `history::note_if`.
pub const IS_OWED: &str = "EXISTS (SELECT 1 FROM mails WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL)";

/// Answers a row, unless it was given up before.
pub fn give_up(account_id: i64, id: &str, error: &str) -> Statement {
    Statement::new(
        "UPDATE mails SET due_at = NULL, error = ?3
         WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL RETURNING 1 AS given_up",
        vec![account_id.into(), id.into(), error.into()],
    )
}

/// It waits for its order's money, and not longer than until then. Retention goes by `owed_at`.
pub fn wait(account_id: i64, id: &str, until: i64) -> Statement {
    Statement::new(
        "UPDATE mails SET due_at = NULL, owed_at = ?3, error = ?4 WHERE account_id = ?1 AND id = ?2",
        vec![account_id.into(), id.into(), until.into(), NOT_COMPLETED.into()],
    )
}

/// It was sent, or there is nothing to tell any more.
pub fn done(account_id: i64, id: &str) -> Statement {
    Statement::new("DELETE FROM mails WHERE account_id = ?1 AND id = ?2", vec![account_id.into(), id.into()])
}

/// Cron's sweep over all accounts of a shard: what is owed and no message reached, and again at
/// `until`.
pub fn take_due(now: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "UPDATE mails SET due_at = ?2 FROM
           (SELECT account_id, id FROM mails INDEXED BY mails_due WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3) m
         WHERE mails.account_id = m.account_id AND mails.id = m.id RETURNING mails.account_id, mails.id",
        vec![now.into(), until.into(), limit.into()],
    )
}

/// Those that were given up, and were owed before this time.
pub fn take_old(before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM mails WHERE (account_id, id) IN (
           SELECT account_id, id FROM mails INDEXED BY mails_given_up
           WHERE due_at IS NULL AND owed_at < ?1 ORDER BY owed_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![before.into(), limit.into()],
    )
}

/// Whose mail it is.
pub struct Shop {
    /// The account's own, where its seller is told.
    pub email: String,
    pub name: String,
    /// Of its pages and mails; `None`: English, since a mail has no reader's browser to ask.
    pub language: Option<Language>,
    pub contact: Contact,
}

pub fn shop(account_id: i64) -> Statement {
    let contact = contact::COLUMNS;
    Statement::new(
        format!("SELECT email, shop_name, language, {contact} FROM shops WHERE account_id = ?1"),
        vec![account_id.into()],
    )
}

impl Shop {
    pub fn read(rows: &[Row]) -> Result<Shop, Fault> {
        let row = rows.first().ok_or_else(|| Fault("an account has no shop row".into()))?;
        row.read(|row| {
            let (email, name, language) = (row.text(), row.text(), row.maybe_text());
            let language = language.and_then(|code| Language::parse(&code));
            Ok(Shop { email, name, language, contact: Contact::read(row) })
        })
    }
}

/// Where the buyer was, of the order that a query is about.
pub fn origin_of_query(account_id: i64, query_id: &str) -> Statement {
    Statement::new(
        "SELECT o.origin FROM queries q CROSS JOIN orders o ON o.id = q.order_id AND o.account_id = q.account_id
         WHERE q.account_id = ?1 AND q.id = ?2",
        vec![account_id.into(), query_id.into()],
    )
}
