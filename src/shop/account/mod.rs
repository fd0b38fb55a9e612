//! Accounts: who may come in. What a seller can set is in `seller`.

use std::{collections::HashMap, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{App, Outcome, error::AccountRefusal, id, money::Currency, prepared::Prepared, text::email, time::MINUTE};
use crate::{
    platform::{CommitError, Db, Fault, Statement},
    words::Language,
};

pub mod by_key;
pub mod cached;
pub mod contact;
pub mod directory;
pub mod policy;
pub mod secret;
pub mod slug;
mod sql;

pub use sql::read_shop;

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
    pub shop: Option<ShopFace>,
    /// The operator lets it in no more.
    pub disabled: bool,
    key_hash: String,
    /// When the key became this one. A copy of the row in which that is later knows more.
    key_since: i64,
}

/// What links show of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopFace {
    pub name: String,
    /// Of its pages; `None`: their reader's.
    pub language: Option<Language>,
    /// Of payments whose request names none.
    pub currency: Currency,
    /// Of its buttons, as `#rrggbb`; `None`: ours.
    pub accent_color: Option<String>,
}

impl ShopFace {
    /// Of a new account.
    fn new(name: &str) -> ShopFace {
        ShopFace { name: name.to_owned(), language: None, currency: Currency::USD, accent_color: None }
    }
}

impl Account {
    /// The database in which this account lives.
    pub fn db(&self, app: &App) -> Result<Rc<dyn Db>, Fault> {
        app.platform.databases.shard(&self.shard)
    }

    /// When its key became this one, in milliseconds since 1970.
    pub fn key_since(&self) -> i64 {
        self.key_since
    }

    /// The account that acts when nobody has signed in: a job, a payment page. Both carry it in something we signed or wrote.
    pub fn acting(id: i64, shard: &str, test: bool) -> Account {
        Account {
            id,
            email: String::new(),
            shard: shard.to_owned(),
            test,
            shop: None,
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
pub async fn known(app: &App, email: &str, api_key: &str) -> Option<Known> {
    let email = email::key(email);
    let (account, fresh) = cached::get(app, &email).await?;
    matches(&account, api_key).then_some(Known { account, fresh })
}

pub struct Known {
    pub account: Account,
    /// Otherwise the directory has to be asked again: it is believed no longer, though the key is the one it had.
    pub fresh: bool,
}

/// The account behind an e-mail and an API key, by the directory.
pub async fn find(app: &App, email: &str, api_key: &str) -> Outcome<Option<Account>> {
    let (email, asked_at) = (email::key(email), app.now());
    let row = app.platform.databases.directory().row(sql::by_email(&email)).await?;
    let account = row.as_ref().map(sql::from_row).transpose()?;
    let Some(account) = account.filter(|account| matches(account, api_key)) else {
        return Ok(None);
    };
    let account = with_shop(app, account).await?;
    cached::remember(app, &account, asked_at).await;
    Ok(Some(account))
}

/// For so long, in milliseconds, a replaced key may ask for the answer that replaced it, should that have been lost.
const REPLACED_KEY_TTL: i64 = 10 * MINUTE;

/// The account behind an e-mail and the key before its present one, if that was replaced a moment ago.
pub async fn find_replaced(app: &App, email: &str, api_key: &str) -> Outcome<Option<Account>> {
    let look = sql::replaced(&email::key(email), app.now() - REPLACED_KEY_TTL);
    let Some(row) = app.platform.databases.directory().row(look).await? else { return Ok(None) };
    let (account, old_hash) = sql::replaced_row(&row)?;
    Ok(Some(account).filter(|account| !account.disabled && is_hash(&old_hash, api_key)))
}

/// The account whose shop is at this slug, by the directory. It can act; whether it is a test account its shard knows.
pub async fn by_slug(app: &App, slug: &str) -> Result<Option<(i64, String)>, Fault> {
    let row = app.platform.databases.directory().row(sql::by_slug(slug)).await?;
    row.map(|row| row.read(|row| Ok((row.int(), row.text())))).transpose()
}

/// The account with this id, by the directory, for whoever comes without credentials. It can act, and has no e-mail.
pub async fn by_id(app: &App, id: i64) -> Outcome<Option<Account>> {
    let Some(row) = app.platform.databases.directory().row(sql::by_id(id)).await? else { return Ok(None) };
    Ok(Some(row.read(|row| Ok(Account::acting(id, &row.text(), row.flag())))?))
}

/// What is compared are hashes, which nobody can make up byte by byte; and it takes no longer the more of one is right.
fn matches(account: &Account, api_key: &str) -> bool {
    is_hash(&account.key_hash, api_key)
}

fn is_hash(known: &str, api_key: &str) -> bool {
    hash(api_key).as_bytes().ct_eq(known.as_bytes()).into()
}

fn hash(api_key: &str) -> String {
    id::hex(&Sha256::digest(api_key.as_bytes()))
}

/// Caches the directory's row as it is now.
pub async fn refresh(app: &App, account: &Account) -> Result<(), Fault> {
    if let Some(row) = app.platform.databases.directory().row(sql::by_email(&account.email)).await? {
        cached::write(app, &with_shop(app, sql::from_row(&row)?).await?).await;
    }
    Ok(())
}

/// The directory's row has the shop only where the account lives in the same database.
async fn with_shop(app: &App, mut account: Account) -> Result<Account, Fault> {
    if account.shop.is_none() {
        let row = account.db(app)?.row(sql::shop(account.id)).await?;
        account.shop = row.as_ref().map(sql::read_shop).transpose()?;
    }
    Ok(account)
}

/// Where a new account goes: to the shard that has the fewest. And whether a shop is at this slug.
async fn places(app: &App, slug: &str) -> Result<(String, bool), Fault> {
    let mut shards = app.platform.databases.shards();
    let [rows, taken] = app.platform.databases.directory().batch([sql::shards(), sql::by_slug(slug)]).await?;
    let mut counts = HashMap::new();
    for row in &rows {
        let (name, accounts) = row.read(|row| Ok((row.text(), row.int())))?;
        counts.insert(name, accounts);
    }
    // Of several with as few the first.
    shards.sort_by_key(|name| counts.get(name).copied().unwrap_or(0));
    let shard = shards.into_iter().next().ok_or_else(|| Fault("no database is bound".into()))?;
    Ok((shard, !taken.is_empty()))
}

/// An account that can be made: what is shown of it once, and what its two databases are to have.
pub struct NewAccount {
    pub created: Created,
    account: Account,
    in_shard: Vec<Statement>,
    in_directory: Vec<Statement>,
}

/// Draws the keys of a new account and looks for its place. A test account gets these simulated `wallets` with it.
pub async fn prepare(
    app: &App,
    email: &str,
    shop_name: &str,
    test: bool,
    wallets: fn(&App, i64) -> Result<Vec<Statement>, Fault>,
) -> Outcome<NewAccount> {
    let api_key = new_api_key(app, test);
    let webhook_secret = secret::generate(app);
    let id = id::account(app.random());
    let mut slug = slug::of_name(shop_name, id);
    let (shard, taken) = places(app, &slug).await?;
    if taken {
        slug = slug::apart(&slug, id);
    }
    // Asked once: what is cached of the account and what the database has must be the same.
    let now = app.now();
    let account = Account {
        id,
        email: email::key(email),
        shard,
        test,
        shop: Some(ShopFace::new(shop_name)),
        disabled: false,
        key_hash: hash(&api_key),
        key_since: now,
    };
    // What was typed is shown, in lower case as ever.
    let shown = email.to_lowercase();
    let sealed = secret::seal(app, account.id, &webhook_secret)?;
    let mut in_shard = vec![sql::insert_shop(&account, &shown, shop_name, &slug, &sealed, now)];
    if test {
        in_shard.extend(wallets(app, account.id)?);
    }
    let in_directory = vec![sql::insert(&account, &slug, now), sql::count_in(&account.shard)];
    let created = Created { email: shown, api_key, webhook_secret };
    Ok(NewAccount { created, account, in_shard, in_directory })
}

/// Makes the account: in its own database and in the directory, which may be the same. `first` goes before what the directory
/// is to have, in one commit with it.
pub async fn create(app: &App, new: NewAccount, first: Vec<Statement>) -> Outcome<()> {
    let NewAccount { account, in_shard, .. } = new;
    let mut in_directory = first;
    in_directory.extend(new.in_directory);
    let shards = app.platform.databases.shards();
    let apart = shards.first().is_some_and(|directory| *directory != account.shard);
    if apart {
        // First, so that whoever can come in has somewhere to go.
        account.db(app)?.commit(in_shard).await?;
    } else {
        in_directory.extend(in_shard);
    }
    if let Err(no) = app.platform.databases.directory().commit(in_directory).await {
        if apart && matches!(no, CommitError::Constraint(_)) {
            account.db(app)?.commit(sql::drop_shop(account.id).into()).await?;
        }
        return Err(match no {
            no if no.is_taken("accounts", "email") => AccountRefusal::EmailTaken.into(),
            // Another account of this name was made at the same moment.
            no if no.is_taken("accounts", "slug") => AccountRefusal::Busy { retry_after: 1 }.into(),
            no => no.into(),
        });
    }
    cached::write(app, &account).await;
    Ok(())
}

fn new_api_key(app: &App, test: bool) -> String {
    let kind = if test { "test" } else { "live" };
    format!("pg_{kind}_{}", URL_SAFE_NO_PAD.encode(app.random::<32>()))
}

/// A new API key. The old one is dead here at once, and everywhere within a minute. `keep`: its owner may ask for a lost answer
/// with it (`find_replaced`). What it owes is `seller::replace_key`'s.
pub async fn replace_key(app: &App, account: &Account, keep: bool) -> Outcome<Prepared<String>> {
    let api_key = new_api_key(app, account.test);
    let key_since = app.now().max(account.key_since + 1);
    let account = Account { key_hash: hash(&api_key), key_since, ..account.clone() };
    // The cache first, and it must succeed: an old copy that stays there would let the old key in. Until the directory
    // has the new hash, the old key misses the cache and is found there. KV takes one write a second of each key, so
    // this is the only one.
    cached::write_first(app, &account).await?;
    Ok(Prepared::new(app.platform.databases.directory(), api_key, vec![sql::set_key(&account, keep)]))
}

/// Reads the shop as links show it, for pages that read more of the account.
pub fn face_of_shop(account_id: i64) -> Statement {
    sql::shop(account_id)
}

/// The shop as links show it, from the directory's row where that has it.
pub async fn shop(app: &App, account: &Account) -> Outcome<ShopFace> {
    match &account.shop {
        Some(shop) => Ok(shop.clone()),
        None => {
            let account = with_shop(app, account.clone()).await?;
            Ok(account.shop.ok_or_else(|| Fault("an account has no shop row".into()))?)
        }
    }
}
