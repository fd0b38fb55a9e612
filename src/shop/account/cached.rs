//! The account behind an e-mail, kept near every reader. A copy is written only when the directory says something else than it:
//! the free plan of KV has a thousand writes a day. That a copy still says the same, each isolate remembers for itself.

use crate::shop::error::AccountRefusal;
use std::{cell::RefCell, collections::HashMap};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Account, App, Outcome, sql};
use crate::{
    platform::{Fault, LogLine},
    shop::time::MINUTE,
};

/// Milliseconds for which a copy is believed, from its writing or from when the directory last said the same; then the directory
/// is asked again. A copy that went wrong (two writers at once) lets an old key live no longer than this.
const TRUSTED: i64 = 10 * MINUTE;
/// More copies than this are not remembered; then the memory is begun anew.
const MAX_CONFIRMED: usize = 5_000;

/// Copies of which this isolate knows that the directory said the same, and when, in milliseconds since 1970. By their whole
/// text: of another copy, as of a disabled account or a new key, it says nothing.
#[derive(Default)]
pub struct Confirmed(RefCell<HashMap<String, i64>>);

impl Confirmed {
    fn add(&self, text: String, now: i64) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_CONFIRMED {
            known.clear();
        }
        known.insert(text, now);
    }

    fn at(&self, text: &str) -> Option<i64> {
        self.0.borrow().get(text).copied()
    }
}

struct Copy {
    account: Account,
    /// When it was written, in milliseconds since 1970.
    written_at: i64,
    text: String,
}

/// The account as its copy has it, and whether that is still believed.
pub async fn get(app: &App, email: &str) -> Option<(Account, bool)> {
    let copy = read(app, email).await?;
    let since = copy.written_at.max(app.memory.of::<Confirmed>().at(&copy.text).unwrap_or(i64::MIN));
    Some((copy.account, since >= app.now() - TRUSTED))
}

async fn read(app: &App, email: &str) -> Option<Copy> {
    let text = app.platform.cache.get(&key(email)).await.unwrap_or_default()?;
    let (account, written_at) = sql::from_cache(email, &text)?;
    Some(Copy { account, written_at, text })
}

/// After the directory said so, which was asked at `asked_at`.
pub async fn remember(app: &App, account: &Account, asked_at: i64) {
    match read(app, &account.email).await {
        Some(copy) if copy.account == *account => app.memory.of::<Confirmed>().add(copy.text, asked_at),
        // The cache has just been told of a newer key than the directory: what commits it is on its way, and the old key must
        // not be put back behind it.
        Some(copy) if copy.account.key_since > account.key_since && copy.written_at > app.now() - MINUTE => {}
        _ => write(app, account).await,
    }
}

/// After a change. A cache that can't be written only makes the next request slower.
pub async fn write(app: &App, account: &Account) {
    put(app, account).await.unwrap_or_else(|fault| warn(app, account, fault));
}

/// Before a change that no old copy may hide. Refused when the cache takes nothing: then nothing is changed.
pub async fn write_first(app: &App, account: &Account) -> Outcome<()> {
    if let Err(fault) = put(app, account).await {
        warn(app, account, fault);
        return Err(AccountRefusal::Busy { retry_after: 1 }.into());
    }
    Ok(())
}

async fn put(app: &App, account: &Account) -> Result<(), Fault> {
    app.platform.cache.put(&key(&account.email), &sql::to_cache(account, app.now()), None).await
}

fn warn(app: &App, account: &Account, fault: Fault) {
    app.platform.log.write(LogLine::warn("cache.write_failed").account(account.id).because(fault));
}

fn key(email: &str) -> String {
    format!("account:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(email.as_bytes())))
}
