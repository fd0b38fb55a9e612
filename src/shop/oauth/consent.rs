//! Consent: a seller who has signed in says yes. Between the two stands a step that we sign, so that nobody keeps a session: it
//! names the account and the whole request, and lives for a few minutes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{
    App, Application, Outcome,
    code::{self, sql::NewCode},
    request::Request,
    token::{self, Kind},
};
use crate::shop::{
    account::Account,
    signature::{self, Purpose},
    time::MINUTE,
};

/// Milliseconds that a seller may take to read what is asked.
const TTL: i64 = 10 * MINUTE;

/// Who has signed in, for which request.
pub struct Step {
    account_id: i64,
    /// When the account got its key: with another one the step is void.
    key_since: i64,
}

/// The token of the step. `query` is the whole authorization request, as it came.
pub fn step(app: &App, account: &Account, query: &str) -> String {
    let (id, since, until) = (account.id, account.key_since(), app.now() + TTL);
    let signed = signature::sign(&app.platform.settings.token_keys, Purpose::Consent, &text(id, since, until, query));
    format!("{id}.{since}.{until}.{signed}")
}

/// `None`: it was made for another request, or too long ago, or not by us.
pub fn read(app: &App, token: &str, query: &str) -> Option<Step> {
    let mut parts = token.splitn(4, '.');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (account_id, key_since, until) = (number()?, number()?, number()?);
    let text = text(account_id, key_since, until, query);
    let is_ours = signature::verify(&app.platform.settings.token_keys, Purpose::Consent, &text, parts.next()?);
    (is_ours && app.now() < until).then_some(Step { account_id, key_since })
}

fn text(account_id: i64, key_since: i64, until: i64, query: &str) -> String {
    format!("{account_id}.{key_since}.{until}.{}", URL_SAFE_NO_PAD.encode(Sha256::digest(query.as_bytes())))
}

/// The code for the application. `None`: the account or the application is disabled by now, or the account has another key.
pub async fn allow(app: &App, step: &Step, application: &Application, request: &Request) -> Outcome<Option<String>> {
    let code = token::generate(app, Kind::Code);
    let new = NewCode {
        hash: token::hash(&code),
        account_id: step.account_id,
        key_since: step.key_since,
        app_id: &application.id,
        scopes: request.scopes,
        redirect_uri: request.redirect_sent.then_some(request.redirect_uri.as_str()),
        challenge: request.challenge.as_deref(),
        expires_at: app.now() + code::TTL,
    };
    let rows = app.platform.databases.directory().commit(vec![code::sql::insert(&new)]).await?;
    Ok(rows.first().is_some_and(|rows| !rows.is_empty()).then_some(code))
}
