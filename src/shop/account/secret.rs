//! The webhook secret and its replacement. For a day after it the old secret signs beside the new one, so that a receiver
//! can be changed over at any moment of that day (see `webhook::sign` for how).

use crate::shop::error::WebhookRefusal;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::Account;
use crate::{
    json,
    platform::{Fault, Reader, Statement},
    shop::{App, Outcome, prepared::Prepared, time::DAY, vault},
};

/// A replaced secret signs for so long, in milliseconds.
const RETENTION: i64 = DAY;

/// So many secrets sign at the same time at most: each costs every webhook a signature.
const MAX: u32 = 5;

/// The secrets as `shops` has them: the present one, and the JSON of those that it replaced. Both are sealed.
pub struct Sealed {
    secret: String,
    old: Option<String>,
}

impl Sealed {
    /// Reads `webhook_secret` and `webhook_secrets_old`.
    pub fn read(row: &mut Reader<'_>) -> Sealed {
        Sealed { secret: row.text(), old: row.maybe_text() }
    }

    /// Those that sign at this time. Fails when VAULT_KEY is not the one that sealed them.
    pub fn open(&self, app: &App, account_id: i64, now: i64) -> Result<Secrets, Fault> {
        let open = |sealed: &str| vault::open(&app.platform.settings.vault_keys, &place(account_id), sealed);
        let mut old = Vec::new();
        let mut valid_until = None;
        let kept: Option<Vec<(String, i64)>> = json::from_text(self.old.as_deref().unwrap_or("[]"));
        for (sealed, until) in kept.ok_or_else(|| Fault("the old webhook secrets can't be read".into()))? {
            if until > now {
                old.push(open(&sealed)?);
                valid_until = Some(until);
            }
        }
        Ok(Secrets { newest: open(&self.secret)?, old, valid_until })
    }
}

/// The secrets that sign now.
pub struct Secrets {
    pub newest: String,
    /// Oldest first.
    old: Vec<String>,
    /// When the last of the old ones is over.
    pub valid_until: Option<i64>,
}

impl Secrets {
    /// One that nothing was replaced by.
    pub fn only(secret: String) -> Secrets {
        Secrets { newest: secret, old: Vec::new(), valid_until: None }
    }

    /// Newest first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.newest.as_str()).chain(self.old.iter().rev().map(String::as_str))
    }

    /// The secret for a place where only one signature fits: the oldest at the first attempt, then the next newer one,
    /// and so on in turn.
    pub fn in_turn(&self, attempt: u32) -> &str {
        let turn = attempt as usize % (self.old.len() + 1);
        self.old.get(turn).unwrap_or(&self.newest)
    }

    pub fn are_several(&self) -> bool {
        !self.old.is_empty()
    }
}

/// What is shown once, when a secret is replaced.
pub struct Rotated {
    pub secret: String,
    /// The old one signs until then.
    pub old_valid_until: i64,
}

pub fn generate(app: &App) -> String {
    format!("whsec_{}", STANDARD.encode(app.random::<32>()))
}

pub fn seal(app: &App, account_id: i64, secret: &str) -> Result<String, Fault> {
    vault::seal(&app.platform.settings.vault_keys, &place(account_id), secret, app.random())
}

fn place(account_id: i64) -> String {
    format!("webhook_secret:{account_id}")
}

/// A new webhook secret. Refused when too many old ones still sign.
pub fn rotate(app: &App, account: &Account) -> Outcome<Prepared<Rotated>> {
    let now = app.now();
    let rotated = Rotated { secret: generate(app), old_valid_until: now + RETENTION };
    let sealed = seal(app, account.id, &rotated.secret)?;
    let statements = vec![room(account.id, now), replace(account.id, &sealed, now, rotated.old_valid_until)];
    Ok(Prepared::new(account.db(app)?, rotated, statements).on_stale(WebhookRefusal::TooManySecrets))
}

/// For `Sealed::read`.
pub fn of(account_id: i64) -> Statement {
    Statement::new(
        "SELECT webhook_secret, webhook_secrets_old FROM shops WHERE account_id = ?1",
        vec![account_id.into()],
    )
}

/// Holds a commit to there being fewer old secrets than may sign at the same time.
fn room(account_id: i64, now: i64) -> Statement {
    Statement::guard(
        "(SELECT COUNT(*) FROM shops, json_each(COALESCE(webhook_secrets_old, '[]'))
          WHERE account_id = ?1 AND json_extract(value, '$[1]') > ?2) < ?3",
        vec![account_id.into(), now.into(), (MAX - 1).into()],
    )
}

/// The present secret becomes the last of the old ones, and those that are over go.
fn replace(account_id: i64, sealed: &str, now: i64, until: i64) -> Statement {
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

/// Takes away the webhook secrets that no longer sign, of so many accounts at a time, and answers a row for each; for cron.
pub fn take_old(now: i64, most: u32) -> Statement {
    Statement::new(
        "UPDATE shops SET webhook_secrets_old = NULL WHERE account_id IN
           (SELECT account_id FROM shops WHERE webhook_secrets_old IS NOT NULL AND webhook_secret_rotated_at < ?1
            ORDER BY webhook_secret_rotated_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - RETENTION).into(), most.into()],
    )
}
