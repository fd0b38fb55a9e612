//! OAuth: applications of others that sellers let act for them (RFC 6749 with PKCE, RFC 7636).
//!
//! An *application* is registered by the operator. A seller who consents gives it a *code*; for that it gets a *grant*, which has
//! access tokens and one refresh token that is replaced each time it is used. All of it stands in the directory's database, and
//! nothing of it can be used while the account or the application is disabled.

use super::{App, Outcome, account::Account};
use crate::platform::{Fault, LogLine, Row, Statement};

pub mod application;
pub mod code;
pub mod consent;
pub mod grant;
mod memory;
pub mod redirect;
pub mod request;
mod scope;
mod sql;
pub mod token;

pub use application::Application;
pub use grant::Grant;
pub use memory::{forget_application, forget_everything, forget_grant};
pub use scope::{Scope, Scopes};

use token::Kind;

/// What an access token says: which application asks, for which account, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    /// It can act, and has no e-mail.
    pub account: Account,
    pub app_id: String,
    pub grant_id: String,
    pub scopes: Scopes,
}

/// Whom this isolate knows an access token to be of: no database round trip.
pub fn known(app: &App, token: &str) -> Option<Authorized> {
    token::is_shaped(Kind::Access, token).then(|| memory::get(app, &token::hash(token)))?
}

/// Whom an access token is of: one round trip at most, and none for half a minute after it. A token that is revoked is dead at
/// once in the isolate that revoked it, and everywhere when that half minute is over.
pub async fn authenticate(app: &App, token: &str) -> Outcome<Option<Authorized>> {
    if !token::is_shaped(Kind::Access, token) {
        return Ok(None);
    }
    let (hash, now) = (token::hash(token), app.now());
    if let Some(authorized) = memory::get(app, &hash) {
        return Ok(Some(authorized));
    }
    let asked = memory::ask(app);
    let Some(row) = app.platform.databases.directory().row(sql::authorized(&hash, now)).await? else { return Ok(None) };
    let (authorized, expires_at) = sql::read_authorized(&row)?;
    asked.remember(app, hash, &authorized, now, expires_at);
    Ok(Some(authorized))
}

/// What a client gets for a code or a refresh token.
pub struct Issued {
    pub access_token: String,
    pub refresh_token: String,
    pub scopes: Scopes,
    /// Seconds.
    pub expires_in: i64,
}

/// Why none is issued (RFC 6749, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIssued {
    /// There is no such client, or it is not who it says.
    UnknownClient,
    /// Unknown, expired, used, revoked, another client's, or not of this redirect URI or verifier: nobody is told which.
    InvalidGrant,
    /// More was asked for than was granted.
    InvalidScope,
}

/// What is over goes, so many rows of a kind at a time; for cron. Each answers a row for each that went.
pub fn take_old(now: i64, most: u32) -> [Statement; 3] {
    let [grants, tokens] = grant::sql::take_old(now, most);
    [grants, tokens, code::sql::take_old(now, most)]
}

/// Takes up the ends of grants that nobody told, until a time, and ends some of deleted applications; for cron, which gives what the
/// second statement answers to `tell_ends`.
pub fn take_untold(now: i64, until: i64, most: u32) -> [Statement; 2] {
    grant::sql::take_untold(now, until, most)
}

pub async fn tell_ends(app: &App, rows: &[Row]) -> Result<(), Fault> {
    for row in rows {
        let ended = grant::sql::read_ended(row)?;
        forget_grant(app, &ended.id);
        // One database that is away keeps no other waiting.
        if let Err(fault) = grant::tell(app, &ended).await {
            let line = LogLine::warn("oauth.end_untold").account(ended.account_id).with("grant", ended.id.as_str());
            app.platform.log.write(line.because(fault));
        }
    }
    Ok(())
}

fn no_row(what: &str) -> Fault {
    Fault(format!("{what} has gone"))
}
