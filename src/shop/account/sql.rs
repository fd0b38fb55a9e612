//! Statements and rows of `accounts` (the directory) and `shops` (settings, in the account's shard).

use super::{
    Account, contact,
    directory::Listed,
    secret::{KEPT, MOST},
};
use crate::{
    json,
    platform::{Fault, Reader, Row, Statement},
};

pub fn by_email(email: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM accounts WHERE email = ?1"), vec![email.into()])
}

const COLUMNS: &str = "id, email, shard, test, key_hash,
    (SELECT shop_name FROM shops WHERE account_id = accounts.id) AS shop_name, disabled_at IS NOT NULL AS disabled, key_since";

pub fn whole(id: i64) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"), vec![id.into()])
}

/// The account whose key was replaced after `since`, and the hash of the key before it.
pub fn replaced(email: &str, since: i64) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS}, old_key_hash FROM accounts
             WHERE email = ?1 AND old_key_hash IS NOT NULL AND key_since > ?2"
        ),
        vec![email.into(), since.into()],
    )
}

pub fn by_id(id: i64) -> Statement {
    Statement::new("SELECT shard, test FROM accounts WHERE id = ?1", vec![id.into()])
}

pub fn from_row(row: &Row) -> Result<Account, Fault> {
    row.read(|row| Ok(account(row)))
}

/// With the hash of the key before.
pub fn replaced_row(row: &Row) -> Result<(Account, String), Fault> {
    row.read(|row| Ok((account(row), row.text())))
}

fn account(row: &mut Reader<'_>) -> Account {
    Account {
        id: row.int(),
        email: row.text(),
        shard: row.text(),
        test: row.flag(),
        key_hash: row.text(),
        shop_name: row.maybe_text(),
        disabled: row.flag(),
        key_since: row.int(),
    }
}

/// The directory row as the cache keeps it. The e-mail is the cache key.
pub fn to_cache(account: &Account, now: i64) -> String {
    let Account { id, shard, test, key_hash, shop_name, disabled, key_since, .. } = account;
    json::to_text(&(id, shard, test, key_hash, now, shop_name, disabled, key_since))
}

/// And when it was cached.
pub fn from_cache(email: &str, text: &str) -> Option<(Account, i64)> {
    let (id, shard, test, key_hash, cached_at, shop_name, disabled, key_since) = json::from_text(text)?;
    let email = email.to_owned();
    Some((Account { id, email, shard, test, key_hash, shop_name, disabled, key_since }, cached_at))
}

pub fn insert(account: &Account, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO accounts (id, email, key_hash, shard, test, key_since, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)",
        vec![
            account.id.into(),
            (&account.email).into(),
            (&account.key_hash).into(),
            (&account.shard).into(),
            account.test.into(),
            now.into(),
        ],
    )
}

/// How many accounts the shards have that have any.
pub fn shards() -> Statement {
    Statement::new("SELECT name, accounts FROM shards", Vec::new())
}

/// Counts the account in its shard.
pub fn count_in(shard: &str) -> Statement {
    Statement::new(
        "INSERT INTO shards (name, accounts) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET accounts = accounts + 1",
        vec![shard.into()],
    )
}

pub fn shop_name(account_id: i64) -> Statement {
    Statement::new("SELECT shop_name FROM shops WHERE account_id = ?1", vec![account_id.into()])
}

pub fn shop_names(account_ids: &[i64]) -> Statement {
    Statement::new(
        "SELECT account_id, shop_name FROM shops WHERE account_id IN (SELECT value FROM json_each(?1))",
        vec![json::to_text(account_ids).into()],
    )
}

/// An account that was not made after all leaves nothing behind in its shard.
pub fn drop_shop(account_id: i64) -> [Statement; 2] {
    ["DELETE FROM shops WHERE account_id = ?1", "DELETE FROM wallets WHERE account_id = ?1"]
        .map(|sql| Statement::new(sql, vec![account_id.into()]))
}

pub fn insert_shop(account: &Account, email: &str, shop_name: &str, sealed_secret: &str, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        vec![account.id.into(), email.into(), shop_name.into(), sealed_secret.into(), account.test.into(), now.into()],
    )
}

pub fn contact(account_id: i64) -> Statement {
    let columns = contact::COLUMNS;
    Statement::new(format!("SELECT {columns} FROM shops WHERE account_id = ?1"), vec![account_id.into()])
}

pub fn secrets(account_id: i64) -> Statement {
    Statement::new(
        "SELECT webhook_secret, webhook_secrets_old FROM shops WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

/// `keep`: the key before may ask for the answer once more.
pub fn set_key(account: &Account, keep: bool) -> Statement {
    Statement::new(
        "UPDATE accounts SET old_key_hash = CASE ?4 WHEN 1 THEN key_hash END, key_hash = ?2, key_since = ?3, updated_at = ?3
         WHERE id = ?1",
        vec![account.id.into(), (&account.key_hash).into(), account.key_since.into(), keep.into()],
    )
}

/// In the directory and in the account's own row.
pub fn disable(account_id: i64, disabled_at: Option<i64>, now: i64) -> [Statement; 2] {
    [
        "UPDATE accounts SET disabled_at = ?2, updated_at = ?3 WHERE id = ?1",
        "UPDATE shops SET disabled_at = ?2, updated_at = ?3 WHERE account_id = ?1",
    ]
    .map(|sql| Statement::new(sql, vec![account_id.into(), disabled_at.into(), now.into()]))
}

/// As the operator sees them, by id. The e-mail as it was typed stands where the account's settings do.
const LISTED: &str = "SELECT id, COALESCE((SELECT email FROM shops WHERE account_id = accounts.id), email) AS shown,
      (SELECT shop_name FROM shops WHERE account_id = accounts.id) AS shop_name,
      test, shard, disabled_at, created_at, updated_at FROM accounts";

pub fn list(after: i64, most: u32) -> Statement {
    Statement::new(format!("{LISTED} WHERE id > ?1 ORDER BY id LIMIT ?2"), vec![after.into(), most.into()])
}

pub fn listed_by_email(email: &str) -> Statement {
    Statement::new(format!("{LISTED} WHERE email = ?1"), vec![email.into()])
}

pub fn listed_by_id(id: i64) -> Statement {
    Statement::new(format!("{LISTED} WHERE id = ?1"), vec![id.into()])
}

pub fn listed(row: &Row) -> Result<Listed, Fault> {
    row.read(|row| {
        Ok(Listed {
            id: row.int(),
            email: row.text(),
            shop_name: row.maybe_text(),
            test: row.flag(),
            shard: row.text(),
            disabled_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// Holds a commit to there being fewer old secrets than may sign at the same time.
pub fn room_for_secret(account_id: i64, now: i64) -> Statement {
    Statement::guard(
        "(SELECT COUNT(*) FROM shops, json_each(COALESCE(webhook_secrets_old, '[]'))
          WHERE account_id = ?1 AND json_extract(value, '$[1]') > ?2) < ?3",
        vec![account_id.into(), now.into(), (MOST - 1).into()],
    )
}

/// The present secret becomes the last of the old ones, and those that are over go.
pub fn rotate_secret(account_id: i64, sealed: &str, now: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE shops SET
           webhook_secrets_old = (SELECT json_group_array(json(pair)) FROM (
             SELECT value AS pair FROM json_each(COALESCE(webhook_secrets_old, '[]'))
             WHERE json_extract(value, '$[1]') > ?3
             UNION ALL SELECT json_array(webhook_secret, CAST(?4 AS INTEGER)))),
           webhook_secret = ?2, webhook_secret_rotated_at = ?3, updated_at = ?3
         WHERE account_id = ?1",
        vec![account_id.into(), sealed.into(), now.into(), until.into()],
    )
}

pub fn take_old(now: i64, most: u32) -> Statement {
    Statement::new(
        "UPDATE shops SET webhook_secrets_old = NULL WHERE account_id IN
           (SELECT account_id FROM shops WHERE webhook_secrets_old IS NOT NULL AND webhook_secret_rotated_at < ?1
            ORDER BY webhook_secret_rotated_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - KEPT).into(), most.into()],
    )
}
