//! Statements and rows of `accounts` (the directory) and `shops` (settings, in the account's shard). What has columns of
//! its own in them (contact, policy, secret), and the operator's list, has its statements in its own file.

use super::{Account, ShopFace};
use crate::{
    json,
    platform::{Fault, Reader, Row, Statement},
    shop::money::Currency,
    words::Language,
};

pub fn by_email(email: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM accounts WHERE email = ?1"), vec![email.into()])
}

/// The account of a key, by its hash.
pub fn by_key(key_hash: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM accounts WHERE key_hash = ?1"), vec![key_hash.into()])
}

const COLUMNS: &str = "id, email, shard, test, key_hash,
    (SELECT COALESCE(language, '') || ':' || currency || ':' || COALESCE(accent_color, '') || ':' || shop_name
     FROM shops WHERE account_id = accounts.id) AS shop, disabled_at IS NOT NULL AS disabled, key_since";

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
    let (id, email, shard, test, key_hash) = (row.int(), row.text(), row.text(), row.flag(), row.text());
    let shop = row.maybe_text().map(shop_face);
    Account { id, email, shard, test, key_hash, shop, disabled: row.flag(), key_since: row.int() }
}

/// What `language:currency:color:name` says, which is one column so that it costs one read.
fn shop_face(text: String) -> ShopFace {
    let mut parts = text.splitn(4, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (language, currency, color, name) = (next(), next(), next(), next());
    ShopFace {
        language: Language::parse(language),
        currency: Currency::parse(currency).unwrap_or(Currency::USD),
        accent_color: (!color.is_empty()).then(|| color.to_owned()),
        ..ShopFace::new(name)
    }
}

/// The directory row as the cache keeps it. The e-mail is the cache key.
pub fn to_cache(account: &Account, now: i64) -> String {
    let Account { id, shard, test, key_hash, shop, disabled, key_since, .. } = account;
    let shop = shop
        .as_ref()
        .map(|shop| (&shop.name, shop.language.map(Language::code), shop.currency.code(), &shop.accent_color));
    json::to_text(&(id, shard, test, key_hash, now, shop, disabled, key_since))
}

/// And when it was cached.
pub fn from_cache(email: &str, text: &str) -> Option<(Account, i64)> {
    type Shop = Option<(String, Option<String>, String, Option<String>)>;
    let (id, shard, test, key_hash, cached_at, shop, disabled, key_since): (_, _, _, _, _, Shop, _, _) =
        json::from_text(text)?;
    let language = |code: Option<String>| Language::parse(&code?);
    let shop = match shop {
        Some((name, code, currency, accent_color)) => {
            Some(ShopFace { name, language: language(code), currency: Currency::parse(&currency)?, accent_color })
        }
        None => None,
    };
    let email = email.to_owned();
    Some((Account { id, email, shard, test, key_hash, shop, disabled, key_since }, cached_at))
}

pub fn insert(account: &Account, slug: &str, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO accounts (id, email, key_hash, shard, test, key_since, created_at, updated_at, slug)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?7)",
        vec![
            account.id.into(),
            (&account.email).into(),
            (&account.key_hash).into(),
            (&account.shard).into(),
            account.test.into(),
            now.into(),
            slug.into(),
        ],
    )
}

/// Whose shop is there.
pub fn by_slug(slug: &str) -> Statement {
    Statement::new("SELECT id, shard FROM accounts WHERE slug = ?1", vec![slug.into()])
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

/// For `read_shop`.
pub fn shop(account_id: i64) -> Statement {
    Statement::new(
        "SELECT COALESCE(language, '') || ':' || currency || ':' || COALESCE(accent_color, '') || ':' || shop_name
         FROM shops WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

pub fn read_shop(row: &Row) -> Result<ShopFace, Fault> {
    row.read(|row| Ok(shop_face(row.text())))
}

/// An account that was not made after all leaves nothing behind in its shard.
pub fn drop_shop(account_id: i64) -> [Statement; 2] {
    ["DELETE FROM shops WHERE account_id = ?1", "DELETE FROM wallets WHERE account_id = ?1"]
        .map(|sql| Statement::new(sql, vec![account_id.into()]))
}

pub fn insert_shop(
    account: &Account,
    email: &str,
    shop_name: &str,
    slug: &str,
    sealed_secret: &str,
    now: i64,
) -> Statement {
    Statement::new(
        "INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at, slug)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        vec![
            account.id.into(),
            email.into(),
            shop_name.into(),
            sealed_secret.into(),
            account.test.into(),
            now.into(),
            slug.into(),
        ],
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
