//! The statement that looks for whom an access token is of.

use super::{Authorized, Scopes};
use crate::{
    platform::{Fault, Row, Statement},
    shop::account::Account,
};

/// It has no account yet: that is what it looks for. Four rows, each by its key.
pub fn authorized(hash: &str, now: i64) -> Statement {
    Statement::new(
        "SELECT a.id AS account_id, a.shard, a.test, g.app_id, t.grant_id, t.scopes, t.expires_at
         FROM oauth_tokens t
         JOIN oauth_grants g ON g.id = t.grant_id AND g.ended_at IS NULL
         JOIN oauth_apps p ON p.id = g.app_id AND p.disabled_at IS NULL AND p.deleted_at IS NULL
         JOIN accounts a ON a.id = g.account_id AND a.disabled_at IS NULL
         WHERE t.hash = ?1 AND t.expires_at > ?2",
        vec![hash.into(), now.into()],
    )
}

/// And when the token expires.
pub fn read_authorized(row: &Row) -> Result<(Authorized, i64), Fault> {
    row.read(|row| {
        let (id, shard, test) = (row.int(), row.text(), row.flag());
        let account = Account::acting(id, &shard, test);
        let (app_id, grant_id) = (row.text(), row.text());
        Ok((Authorized { account, app_id, grant_id, scopes: Scopes::read(&row.text()) }, row.int()))
    })
}
