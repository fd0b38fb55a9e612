//! The account behind an API key alone, for clients that send no e-mail with it.
//!
//! Which e-mail a key's hash belongs to is kept in KV, written once a key, and remembered in each isolate. It lets nobody in: the
//! account's own copy says whether the key is still the one (`cached`), and a key that was replaced doesn't match that.

use std::{cell::RefCell, collections::HashMap};

use super::{Account, App, Known, Outcome, cached, hash, matches, sql, with_shop};
use crate::platform::LogLine;

/// More keys than this are not remembered; then the memory is begun anew.
const MAX_OWNERS: usize = 5_000;
/// No key of ours is longer.
const MAX_KEY: usize = 200;

/// E-mails by the hashes of keys.
#[derive(Default)]
struct Owners(RefCell<HashMap<String, String>>);

/// The account, if the caches know it: no database round trip. As `account::known`.
pub async fn known(app: &App, api_key: &str) -> Option<Known> {
    let hash = hash_of(api_key)?;
    let owners = app.memory.of::<Owners>();
    let remembered = owners.0.borrow().get(&hash).cloned();
    let email = match remembered {
        Some(email) => email,
        None => {
            let email = app.platform.cache.get(&kept_under(&hash)).await.unwrap_or_default()?;
            remember(app, &hash, &email);
            email
        }
    };
    let (account, fresh) = cached::get(app, &email).await?;
    matches(&account, api_key).then_some(Known { account, fresh })
}

/// The account, by the directory. As `account::find`.
pub async fn find(app: &App, api_key: &str) -> Outcome<Option<Account>> {
    let Some(hash) = hash_of(api_key) else { return Ok(None) };
    let asked_at = app.now();
    let Some(row) = app.platform.databases.directory().row(sql::by_key(&hash)).await? else { return Ok(None) };
    let account = with_shop(app, sql::from_row(&row)?).await?;
    cached::remember(app, &account, asked_at).await;
    let known = app.platform.cache.get(&kept_under(&hash)).await.unwrap_or_default();
    if known.as_ref() != Some(&account.email) {
        // A cache that can't be written only makes the next isolate slower.
        let put = app.platform.cache.put(&kept_under(&hash), &account.email, None).await;
        put.unwrap_or_else(|fault| {
            app.platform.log.write(LogLine::warn("cache.write_failed").account(account.id).because(fault));
        });
    }
    remember(app, &hash, &account.email);
    Ok(Some(account))
}

fn hash_of(api_key: &str) -> Option<String> {
    (!api_key.is_empty() && api_key.len() <= MAX_KEY).then(|| hash(api_key))
}

fn kept_under(hash: &str) -> String {
    format!("key:{hash}")
}

fn remember(app: &App, hash: &str, email: &str) {
    let owners = app.memory.of::<Owners>();
    let mut owners = owners.0.borrow_mut();
    if owners.len() >= MAX_OWNERS {
        owners.clear();
    }
    owners.insert(hash.to_owned(), email.to_owned());
}
