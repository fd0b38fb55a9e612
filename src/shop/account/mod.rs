//! Accounts: who may come in. What a seller can set is in `seller`.

use std::{collections::HashMap, hint::black_box, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Along, Outcome, Refusal, Shop, id, text::email, time::MINUTE};
use crate::platform::{CommitError, Db, Fault, Statement};

pub mod cached;
pub mod contact;
pub mod directory;
pub mod policy;
pub mod secret;
mod sql;

/// An account as its directory row has it: enough to let a request in and to open the right database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: i64,
    /// In the form for comparing (`text::email`).
    pub email: String,
    pub shard: String,
    /// Payments are simulated and move no money.
    pub test: bool,
    /// As links show it; not known where the directory's database isn't the account's.
    pub shop_name: Option<String>,
    /// The operator lets it in no more.
    pub disabled: bool,
    key_hash: String,
    /// When the key became this one. A copy of the row in which that is later knows more.
    key_since: i64,
}

impl Account {
    /// The database in which this account lives.
    pub fn db(&self, shop: &Shop) -> Result<Rc<dyn Db>, Fault> {
        shop.platform.databases.shard(&self.shard)
    }

    /// The account that acts when nobody has signed in: a job, a payment page. Both carry it in something we signed or wrote.
    pub fn acting(id: i64, shard: &str, test: bool) -> Account {
        Account {
            id,
            email: String::new(),
            shard: shard.to_owned(),
            test,
            shop_name: None,
            disabled: false,
            key_hash: String::new(),
            key_since: 0,
        }
    }
}

/// What is shown once, when an account is made.
pub struct Created {
    pub email: String,
    pub api_key: String,
    pub webhook_secret: String,
}

/// The account behind an e-mail and an API key, if the cache knows it: no database round trip. Who is not known may
/// still be `find`able: a key that doesn't match the cached row is tried against the directory, so that a new key
/// works everywhere at once; an old one is dead when the caches' minute is over.
pub async fn known(shop: &Shop, email: &str, api_key: &str) -> Option<Known> {
    let email = email::key(email);
    let (account, fresh) = cached::get(shop, &email).await?;
    matches(&account, api_key).then_some(Known { account, fresh })
}

pub struct Known {
    pub account: Account,
    /// Otherwise the directory has to be asked again: it is believed no longer, though the key is the one it had.
    pub fresh: bool,
}

/// The account behind an e-mail and an API key, by the directory.
pub async fn find(shop: &Shop, email: &str, api_key: &str) -> Outcome<Option<Account>> {
    let (email, asked_at) = (email::key(email), shop.now());
    let rows = shop.platform.databases.directory().rows(vec![sql::by_email(&email)]).await?;
    let account = rows.first().and_then(|rows| rows.first()).map(sql::from_row).transpose()?;
    let Some(account) = account.filter(|account| matches(account, api_key)) else {
        return Ok(None);
    };
    let account = with_shop_name(shop, account).await?;
    cached::remember(shop, &account, asked_at).await;
    Ok(Some(account))
}

/// For so long, in milliseconds, a replaced key may ask for the answer that replaced it, should that have been lost.
const REPLACED_KEY_TTL: i64 = 10 * MINUTE;

/// The account behind an e-mail and the key before its present one, if that was replaced a moment ago.
pub async fn find_replaced(shop: &Shop, email: &str, api_key: &str) -> Outcome<Option<Account>> {
    let look = sql::replaced(&email::key(email), shop.now() - REPLACED_KEY_TTL);
    let rows = shop.platform.databases.directory().rows(vec![look]).await?;
    let Some(row) = rows.first().and_then(|rows| rows.first()) else { return Ok(None) };
    let (account, old_hash) = sql::replaced_row(row)?;
    Ok(Some(account).filter(|account| !account.disabled && is_hash(&old_hash, api_key)))
}

/// The account with this id, by the directory, for whoever comes without credentials. It can act, and has no e-mail.
pub async fn by_id(shop: &Shop, id: i64) -> Outcome<Option<Account>> {
    let rows = shop.platform.databases.directory().rows(vec![sql::by_id(id)]).await?;
    let Some(row) = rows.first().and_then(|rows| rows.first()) else { return Ok(None) };
    Ok(Some(row.read(|row| Ok(Account::acting(id, &row.text(), row.flag())))?))
}

/// What is compared are hashes, which nobody can make up byte by byte; and it takes no longer the more of one is right.
fn matches(account: &Account, api_key: &str) -> bool {
    is_hash(&account.key_hash, api_key)
}

fn is_hash(known: &str, api_key: &str) -> bool {
    let given = hash(api_key);
    let pairs = given.bytes().zip(known.bytes());
    given.len() == known.len() && black_box(pairs.fold(0, |differ, (a, b)| differ | (a ^ b))) == 0
}

fn hash(api_key: &str) -> String {
    id::hex(&Sha256::digest(api_key.as_bytes()))
}

/// Caches the directory's row as it is now.
pub async fn refresh(shop: &Shop, account: &Account) -> Result<(), Fault> {
    let rows = shop.platform.databases.directory().rows(vec![sql::by_email(&account.email)]).await?;
    if let Some(row) = rows.first().and_then(|rows| rows.first()) {
        cached::write(shop, &with_shop_name(shop, sql::from_row(row)?).await?).await;
    }
    Ok(())
}

/// The directory's row has the shop's name only where the account lives in the same database.
async fn with_shop_name(shop: &Shop, mut account: Account) -> Result<Account, Fault> {
    if account.shop_name.is_none() {
        let rows = account.db(shop)?.rows(vec![sql::shop_name(account.id)]).await?;
        account.shop_name = rows.first().and_then(|rows| rows.first()).map(|row| row.text()).transpose()?;
    }
    Ok(account)
}

/// Where a new account goes: to the shard that has the fewest.
async fn least_full(shop: &Shop) -> Result<String, Fault> {
    let mut shards = shop.platform.databases.shards();
    if shards.len() > 1 {
        let rows = shop.platform.databases.directory().rows(vec![sql::shards()]).await?;
        let mut counts = HashMap::new();
        for row in rows.iter().flatten() {
            let (name, accounts) = row.read(|row| Ok((row.text(), row.int())))?;
            counts.insert(name, accounts);
        }
        // Of several with as few the first.
        shards.sort_by_key(|name| counts.get(name).copied().unwrap_or(0));
    }
    shards.into_iter().next().ok_or_else(|| Fault("no database is bound".into()))
}

/// Makes an account. A test account gets these simulated `wallets` with it.
pub async fn create(
    shop: &Shop,
    email: &str,
    shop_name: &str,
    test: bool,
    wallets: fn(&Shop, i64) -> Result<Vec<Statement>, Fault>,
    along: Along<'_, Created>,
) -> Outcome<Created> {
    let api_key = new_api_key(shop, test);
    let webhook_secret = secret::generate(shop);
    let account = Account {
        id: id::account(shop.random()),
        email: email::key(email),
        shard: least_full(shop).await?,
        test,
        shop_name: Some(shop_name.to_owned()),
        disabled: false,
        key_hash: hash(&api_key),
        key_since: shop.now(),
    };
    // What was typed is shown, in lower case as ever.
    let shown = email.to_lowercase();
    let sealed = secret::seal(shop, account.id, &webhook_secret)?;
    let now = shop.now();
    let mut in_shard = vec![sql::insert_shop(&account, &shown, shop_name, &sealed, now)];
    if test {
        in_shard.extend(wallets(shop, account.id)?);
    }
    let created = Created { email: shown, api_key, webhook_secret };
    let mut in_directory = along(&created)?;
    in_directory.extend([sql::insert(&account, now), sql::count_in(&account.shard)]);
    let shards = shop.platform.databases.shards();
    let apart = shards.first().is_some_and(|directory| *directory != account.shard);
    if apart {
        // First, so that whoever can come in has somewhere to go.
        account.db(shop)?.commit(in_shard).await?;
    } else {
        in_directory.extend(in_shard);
    }
    if let Err(no) = shop.platform.databases.directory().commit(in_directory).await {
        if apart && matches!(no, CommitError::Constraint(_)) {
            account.db(shop)?.commit(sql::drop_shop(account.id).into()).await?;
        }
        return Err(if no.names("accounts.email") { Refusal::EmailTaken.into() } else { no.into() });
    }
    cached::write(shop, &account).await;
    Ok(created)
}

fn new_api_key(shop: &Shop, test: bool) -> String {
    let kind = if test { "test" } else { "live" };
    format!("pg_{kind}_{}", URL_SAFE_NO_PAD.encode(shop.random::<32>()))
}

/// A new API key. The old one is dead here at once, and everywhere within a minute; its owner may ask for a lost answer
/// with it (`find_replaced`).
pub async fn regenerate_key(shop: &Shop, account: &Account, along: Along<'_, String>) -> Outcome<String> {
    replace_key(shop, account, true, along).await
}

/// `keep`: the old key may ask for the answer once more.
async fn replace_key(shop: &Shop, account: &Account, keep: bool, along: Along<'_, String>) -> Outcome<String> {
    let api_key = new_api_key(shop, account.test);
    let key_since = shop.now().max(account.key_since + 1);
    let account = Account { key_hash: hash(&api_key), key_since, ..account.clone() };
    let mut statements = vec![sql::set_key(&account, keep)];
    statements.extend(along(&api_key)?);
    // The cache first, and it must succeed: an old copy that stays there would let the old key in. Until the directory
    // has the new hash, the old key misses the cache and is found there. KV takes one write a second of each key, so
    // this is the only one.
    cached::write_first(shop, &account).await?;
    shop.platform.databases.directory().commit(statements).await?;
    Ok(api_key)
}

/// The shop's name, from the directory's row where that has it.
pub async fn shop_name(shop: &Shop, account: &Account) -> Outcome<String> {
    match &account.shop_name {
        Some(name) => Ok(name.clone()),
        None => {
            let account = with_shop_name(shop, account.clone()).await?;
            Ok(account.shop_name.ok_or_else(|| Fault("an account has no shop row".into()))?)
        }
    }
}

/// The account's webhook secrets, for `secret::Sealed`.
pub fn secrets(account_id: i64) -> Statement {
    sql::secrets(account_id)
}

/// Takes away the webhook secrets that sign no more, of so many accounts at a time, and answers a row for each; for cron.
pub fn take_old(now: i64, most: u32) -> Statement {
    sql::take_old(now, most)
}
