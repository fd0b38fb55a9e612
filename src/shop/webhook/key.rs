//! Keys of endpoints: what signs there instead of the account's secrets.

use super::{App, Endpoint};
use crate::{platform::Fault, shop::vault};

/// Letters and digits of a new key: 64, of which each holds 5.9 bits.
const LENGTH: usize = 64;

/// A new one: letters and digits.
pub fn generate(app: &App) -> String {
    const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut key = String::with_capacity(LENGTH);
    while key.len() < LENGTH {
        // Six bits of each byte; what is beyond the 62 is drawn anew, so that each is as likely as any other.
        let drawn = app.random::<LENGTH>().map(|byte| DIGITS.get(usize::from(byte & 63)).copied().map(char::from));
        key.extend(drawn.into_iter().flatten().take(LENGTH - key.len()));
    }
    key
}

pub fn seal(app: &App, account_id: i64, endpoint_id: &str, key: &str) -> Result<String, Fault> {
    vault::seal(&app.platform.settings.vault_keys, &place(account_id, endpoint_id), key, app.random())
}

pub fn open(app: &App, account_id: i64, endpoint_id: &str, sealed: &str) -> Result<String, Fault> {
    vault::open(&app.platform.settings.vault_keys, &place(account_id, endpoint_id), sealed)
}

fn place(account_id: i64, endpoint_id: &str) -> String {
    format!("signing_key:{account_id}:{endpoint_id}")
}

impl Endpoint {
    /// Its own key, if it has one.
    pub fn key(&self, app: &App, account_id: i64) -> Result<Option<String>, Fault> {
        self.signing_key.as_deref().map(|sealed| open(app, account_id, &self.id, sealed)).transpose()
    }
}
