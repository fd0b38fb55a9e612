//! Statements and rows of `accounts` (the directory) and `shops` (settings, in the account's shard).

use super::{Account, Profile};
use crate::{
    json::{self, Value},
    world::{Fault, Row, Statement},
};

pub fn by_email(email: &str) -> Statement {
    Statement::new(
        "SELECT id, email, shard, test, key_hash, (SELECT shop_name FROM shops WHERE account_id = accounts.id) AS shop_name
         FROM accounts WHERE email = ?1",
        vec![email.into()],
    )
}

pub fn from_row(row: &Row) -> Result<Account, Fault> {
    row.read(|row| {
        Ok(Account {
            id: row.int(),
            email: row.text(),
            shard: row.text(),
            test: row.flag(),
            key_hash: row.text(),
            shop_name: row.maybe_text(),
        })
    })
}

/// The directory row as the cache keeps it. The e-mail is the cache key.
pub fn to_cache(account: &Account, now: i64) -> String {
    let fields: Vec<Value> = vec![
        account.id.into(),
        account.shard.as_str().into(),
        account.test.into(),
        account.key_hash.as_str().into(),
        now.into(),
        account.shop_name.as_deref().map_or(Value::Null, Value::from),
    ];
    Value::Array(fields).to_text()
}

/// `None` as well when it is older than `since`.
pub fn from_cache(email: &str, text: &str, since: i64) -> Option<Account> {
    let fields = json::parse(text).ok()?;
    if fields.at(4)?.as_int::<i64>()? < since {
        return None;
    }
    Some(Account {
        id: fields.at(0)?.as_int()?,
        email: email.to_owned(),
        shard: fields.at(1)?.as_str()?.to_owned(),
        test: fields.at(2)?.as_bool()?,
        key_hash: fields.at(3)?.as_str()?.to_owned(),
        shop_name: fields.at(5).and_then(Value::as_str).map(str::to_owned),
    })
}

pub fn insert(account: &Account, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO accounts (id, email, key_hash, shard, test, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
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

pub fn insert_shop(account: &Account, shop_name: &str, sealed_secret: &str, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        vec![
            account.id.into(),
            (&account.email).into(),
            shop_name.into(),
            sealed_secret.into(),
            account.test.into(),
            now.into(),
        ],
    )
}

pub fn shop(account_id: i64) -> Statement {
    Statement::new(
        "SELECT email, shop_name, test, webhook_secret, created_at, updated_at FROM shops WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

pub fn secret(account_id: i64) -> Statement {
    Statement::new("SELECT webhook_secret FROM shops WHERE account_id = ?1", vec![account_id.into()])
}

/// The webhook secret is still sealed, and the wallets are not read yet.
pub fn profile(row: &Row) -> Result<Profile, Fault> {
    row.read(|row| {
        Ok(Profile {
            email: row.text(),
            shop_name: row.text(),
            test: row.flag(),
            webhook_secret: row.text(),
            wallets: Vec::new(),
            created_at: row.int(),
            updated_at: row.int(),
        })
    })
}

pub fn touch(account_id: i64, shop_name: Option<&str>, now: i64) -> Statement {
    Statement::new(
        "UPDATE shops SET shop_name = COALESCE(?2, shop_name), updated_at = ?3 WHERE account_id = ?1",
        vec![account_id.into(), shop_name.into(), now.into()],
    )
}

pub fn set_key(account_id: i64, key_hash: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE accounts SET key_hash = ?2, updated_at = ?3 WHERE id = ?1",
        vec![account_id.into(), key_hash.into(), now.into()],
    )
}
