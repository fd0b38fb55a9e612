//! Statements and rows of `oauth_grants` and `oauth_tokens`.

use super::{Ended, Family, Grant, Introspected, MAX, MAX_TOKENS, New, NewToken, Scopes, TTL};
use crate::platform::{Fault, Row, Statement};

/// Those of an account that are alive.
const ALIVE: &str = "g.account_id = ?1 AND g.ended_at IS NULL AND g.expires_at > ?2";
const SHOWN: &str =
    "SELECT g.id, g.app_id, p.name, p.site, g.scopes, g.created_at, COALESCE(g.rotated_at, g.created_at) AS refreshed_at, g.expires_at
     FROM oauth_grants g JOIN oauth_apps p ON p.id = g.app_id AND p.deleted_at IS NULL";

/// How many there are, and a page, the newest first. An account has fifty of each application at most, so they are counted.
pub fn page(account_id: i64, now: i64, page: u32, per_page: u32) -> [Statement; 2] {
    let skip = i64::from(page - 1) * i64::from(per_page);
    [
        Statement::new(
            format!(
                "SELECT COUNT(*) FROM oauth_grants g JOIN oauth_apps p ON p.id = g.app_id AND p.deleted_at IS NULL WHERE {ALIVE}"
            ),
            vec![account_id.into(), now.into()],
        ),
        Statement::new(
            format!("{SHOWN} WHERE {ALIVE} ORDER BY g.created_at DESC, g.id LIMIT ?4 OFFSET ?3"),
            vec![account_id.into(), now.into(), skip.into(), per_page.into()],
        ),
    ]
}

pub fn one(account_id: i64, id: &str, now: i64) -> Statement {
    Statement::new(format!("{SHOWN} WHERE {ALIVE} AND g.id = ?3"), vec![account_id.into(), now.into(), id.into()])
}

pub fn read(row: &Row) -> Result<Grant, Fault> {
    row.read(|row| {
        Ok(Grant {
            id: row.text(),
            app_id: row.text(),
            app_name: row.text(),
            app_site: row.text(),
            scopes: Scopes::read(&row.text()),
            created_at: row.int(),
            refreshed_at: row.int(),
            expires_at: row.int(),
        })
    })
}

/// With its first access token. Of too many of one application the oldest ends.
pub fn insert(new: &New, now: i64) -> [Statement; 3] {
    let grant = Statement::new(
        "INSERT INTO oauth_grants
           (account_id, id, app_id, scopes, family_hash, refresh_hash, generation, expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
        vec![
            new.account_id.into(),
            (&new.id).into(),
            (&new.app_id).into(),
            new.scopes.to_text().into(),
            (&new.family_hash).into(),
            (&new.refresh_hash).into(),
            new.expires_at.into(),
            now.into(),
        ],
    );
    let oldest = Statement::new(
        "UPDATE oauth_grants SET ended_at = ?3, expires_at = ?3 WHERE account_id = ?1 AND id IN
           (SELECT id FROM oauth_grants WHERE account_id = ?1 AND app_id = ?2 AND ended_at IS NULL
            ORDER BY created_at DESC, id LIMIT 100 OFFSET ?4)",
        vec![new.account_id.into(), (&new.app_id).into(), now.into(), MAX.into()],
    );
    [grant, insert_token(&new.id, 0, &new.token, now), oldest]
}

fn insert_token(grant_id: &str, generation: i64, token: &NewToken, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO oauth_tokens (hash, grant_id, generation, scopes, expires_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        vec![
            (&token.hash).into(),
            grant_id.into(),
            generation.into(),
            token.scopes.to_text().into(),
            token.expires_at.into(),
            now.into(),
        ],
    )
}

/// The grant that a refresh token names, with whether its account and its application may come in. Of one that has ended nothing.
pub fn family(hash: &str) -> Statement {
    Statement::new(
        "SELECT g.id, g.account_id, g.app_id, g.scopes, g.refresh_hash, g.previous_hash, g.salt, g.rotated_at, g.generation,
                g.expires_at, g.created_at, a.disabled_at IS NULL AS enabled
         FROM oauth_grants g JOIN accounts a ON a.id = g.account_id
         JOIN oauth_apps p ON p.id = g.app_id AND p.disabled_at IS NULL AND p.deleted_at IS NULL
         WHERE g.family_hash = ?1 AND g.ended_at IS NULL",
        vec![hash.into()],
    )
}

pub fn read_family(row: &Row) -> Result<Family, Fault> {
    row.read(|row| {
        Ok(Family {
            id: row.text(),
            account_id: row.int(),
            app_id: row.text(),
            scopes: Scopes::read(&row.text()),
            refresh_hash: row.text(),
            previous_hash: row.maybe_text(),
            salt: row.maybe_text(),
            rotated_at: row.maybe_int(),
            generation: row.int(),
            expires_at: row.int(),
            created_at: row.int(),
            enabled: row.flag(),
        })
    })
}

/// A new access token, and unless it was rotated a moment ago the next refresh token by its hash and its salt. Stale if somebody
/// else rotated or ended the grant meanwhile.
pub fn refresh(family: &Family, rotated: Option<(&str, &str)>, token: &NewToken, now: i64) -> Vec<Statement> {
    let generation = family.generation + i64::from(rotated.is_some());
    let unmoved = Statement::guard(
        "EXISTS (SELECT 1 FROM oauth_grants WHERE account_id = ?1 AND id = ?2 AND generation = ?3 AND ended_at IS NULL)",
        vec![family.account_id.into(), (&family.id).into(), family.generation.into()],
    );
    let mut statements = vec![unmoved];
    if let Some((hash, salt)) = rotated {
        statements.push(Statement::new(
            "UPDATE oauth_grants SET previous_hash = refresh_hash, refresh_hash = ?3, salt = ?4, rotated_at = ?5, generation = ?6,
               expires_at = ?7
             WHERE account_id = ?1 AND id = ?2",
            vec![
                family.account_id.into(),
                (&family.id).into(),
                hash.into(),
                salt.into(),
                now.into(),
                generation.into(),
                (now + TTL).into(),
            ],
        ));
    }
    statements.push(insert_token(&family.id, generation, token, now));
    statements.push(Statement::new(
        "DELETE FROM oauth_tokens WHERE grant_id = ?1 AND hash NOT IN
           (SELECT hash FROM oauth_tokens WHERE grant_id = ?1 ORDER BY generation DESC, created_at DESC LIMIT ?2)",
        vec![(&family.id).into(), MAX_TOKENS.into()],
    ));
    statements
}

/// What cron, or whoever ends a grant, still has to tell: grant, account, its database, application, and whether it has to.
const ENDED: &str =
    "RETURNING id, account_id, (SELECT shard FROM accounts WHERE accounts.id = account_id) AS shard, app_id, untold";

/// Answers a row if it was alive. Its end is to be told if it was the account's last one for its application; until `retry` that is
/// the business of whoever ended it.
pub fn end(account_id: i64, id: &str, now: i64, retry: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE oauth_grants SET ended_at = ?3, untold = (NOT {others}), expires_at = IIF({others}, ?3, ?4)
             WHERE account_id = ?1 AND id = ?2 AND ended_at IS NULL AND expires_at > ?3 {ENDED}",
            others = "EXISTS (SELECT 1 FROM oauth_grants o WHERE o.account_id = ?1 AND o.app_id = oauth_grants.app_id AND o.id <> ?2
                        AND o.ended_at IS NULL AND o.expires_at > ?3)"
        ),
        vec![account_id.into(), id.into(), now.into(), retry.into()],
    )
}

pub fn read_ended(row: &Row) -> Result<Ended, Fault> {
    row.read(|row| {
        Ok(Ended { id: row.text(), account_id: row.int(), shard: row.text(), app_id: row.text(), untold: row.flag() })
    })
}

/// It is told.
pub fn told(account_id: i64, id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE oauth_grants SET untold = 0, expires_at = ?3 WHERE account_id = ?1 AND id = ?2 AND untold = 1",
        vec![account_id.into(), id.into(), now.into()],
    )
}

/// Takes up those whose end nobody told, until a time; and before them ends some of deleted applications. For cron.
pub fn take_untold(now: i64, until: i64, most: u32) -> [Statement; 2] {
    [
        Statement::new(
            "UPDATE oauth_grants SET ended_at = ?1, untold = 1, expires_at = ?1 WHERE id IN
               (SELECT g.id FROM oauth_apps p INDEXED BY oauth_apps_deleted
                CROSS JOIN oauth_grants g INDEXED BY oauth_grants_app ON g.app_id = p.id
                WHERE p.deleted_at IS NOT NULL AND g.ended_at IS NULL LIMIT ?2)",
            vec![now.into(), most.into()],
        ),
        Statement::new(
            format!(
                "UPDATE oauth_grants SET expires_at = ?2 WHERE id IN
                   (SELECT id FROM oauth_grants INDEXED BY oauth_grants_untold WHERE untold = 1 AND expires_at <= ?1
                    ORDER BY expires_at LIMIT ?3) {ENDED}"
            ),
            vec![now.into(), until.into(), most.into()],
        ),
    ]
}

/// An access token of this application that is good.
pub fn own_token(app_id: &str, hash: &str, now: i64) -> Statement {
    Statement::new(
        "SELECT t.scopes, g.account_id, t.expires_at, t.created_at
         FROM oauth_tokens t JOIN oauth_grants g ON g.id = t.grant_id AND g.ended_at IS NULL
         JOIN accounts a ON a.id = g.account_id AND a.disabled_at IS NULL
         WHERE t.hash = ?1 AND t.expires_at > ?2 AND g.app_id = ?3",
        vec![hash.into(), now.into(), app_id.into()],
    )
}

pub fn read_own_token(row: &Row) -> Result<Introspected, Fault> {
    row.read(|row| {
        Ok(Introspected {
            scopes: Scopes::read(&row.text()),
            account_id: row.int(),
            expires_at: row.int(),
            created_at: row.int(),
            is_access: true,
        })
    })
}

/// Answers the grant if it was there.
pub fn delete_own_token(app_id: &str, hash: &str) -> Statement {
    Statement::new(
        "DELETE FROM oauth_tokens WHERE hash = ?1 AND EXISTS
           (SELECT 1 FROM oauth_grants WHERE id = oauth_tokens.grant_id AND app_id = ?2)
         RETURNING grant_id",
        vec![hash.into(), app_id.into()],
    )
}

/// Deletes grants and access tokens that are over; for cron.
pub fn take_old(now: i64, most: u32) -> [Statement; 2] {
    [
        "DELETE FROM oauth_grants WHERE id IN
           (SELECT id FROM oauth_grants WHERE expires_at < ?1 AND untold = 0 ORDER BY expires_at LIMIT ?2)
         RETURNING 1 AS gone",
        "DELETE FROM oauth_tokens WHERE hash IN
           (SELECT hash FROM oauth_tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)
         RETURNING 1 AS gone",
    ]
    .map(|sql| Statement::new(sql, vec![now.into(), most.into()]))
}
