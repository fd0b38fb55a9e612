//! Statements and rows of `oauth_codes`.

use super::{Code, DAY, Scopes};
use crate::{
    platform::{Fault, Row, Statement},
    shop::oauth::grant::{self, New},
};

/// A code that a seller's consent makes.
pub struct NewCode<'a> {
    pub hash: String,
    pub account_id: i64,
    pub key_since: i64,
    pub app_id: &'a str,
    pub scopes: Scopes,
    pub redirect_uri: Option<&'a str>,
    pub challenge: Option<&'a str>,
    pub expires_at: i64,
}

/// Answers a row if the account has the key that it signed in with, and neither it nor the application is disabled.
pub fn insert(code: &NewCode<'_>) -> Statement {
    Statement::new(
        "INSERT INTO oauth_codes (account_id, hash, app_id, scopes, redirect_uri, challenge, expires_at)
         SELECT a.id, ?3, p.id, ?5, ?6, ?7, ?8 FROM accounts a, oauth_apps p
         WHERE a.id = ?1 AND a.key_since = ?2 AND a.disabled_at IS NULL
           AND p.id = ?4 AND p.disabled_at IS NULL AND p.deleted_at IS NULL
         RETURNING 1 AS made",
        vec![
            code.account_id.into(),
            code.key_since.into(),
            (&code.hash).into(),
            code.app_id.into(),
            code.scopes.to_text().into(),
            code.redirect_uri.into(),
            code.challenge.into(),
            code.expires_at.into(),
        ],
    )
}

pub fn one(hash: &str) -> Statement {
    Statement::new(
        "SELECT c.hash, c.account_id, c.app_id, c.scopes, c.redirect_uri, c.challenge, c.grant_id, c.expires_at,
                a.disabled_at IS NULL AS enabled
         FROM oauth_codes c JOIN accounts a ON a.id = c.account_id WHERE c.hash = ?1",
        vec![hash.into()],
    )
}

pub fn read(row: &Row) -> Result<Code, Fault> {
    row.read(|row| {
        Ok(Code {
            hash: row.text(),
            account_id: row.int(),
            app_id: row.text(),
            scopes: Scopes::read(&row.text()),
            redirect_uri: row.maybe_text(),
            challenge: row.maybe_text(),
            grant_id: row.maybe_text(),
            expires_at: row.int(),
            enabled: row.flag(),
        })
    })
}

/// The code becomes a grant, unless somebody redeemed it before: then the commit is stale.
pub fn redeem(hash: &str, new: &New, now: i64) -> Vec<Statement> {
    let unused = Statement::guard(
        "EXISTS (SELECT 1 FROM oauth_codes WHERE account_id = ?1 AND hash = ?2 AND grant_id IS NULL)",
        vec![new.account_id.into(), hash.into()],
    );
    let mark = Statement::new(
        "UPDATE oauth_codes SET grant_id = ?3 WHERE account_id = ?1 AND hash = ?2",
        vec![new.account_id.into(), hash.into(), (&new.id).into()],
    );
    let mut statements = vec![unused, mark];
    statements.extend(grant::sql::insert(new, now));
    statements
}

/// Deletes those that are older than a day; for cron.
pub fn take_old(now: i64, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM oauth_codes WHERE hash IN
           (SELECT hash FROM oauth_codes WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - DAY).into(), most.into()],
    )
}
