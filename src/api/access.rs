//! Who asks, by the `Authorization` header: a seller with their API key, or an application with a token. Dialects that applications
//! speak use `read`, and ask `Access` before they do anything; this is the one place that knows what a scope opens.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{failure::Failure, limit::RateLimiter};
use crate::{
    http::Request,
    shop::{
        App, Refusal,
        account::{self, Account, by_key},
        error::AccountRefusal,
        oauth::{self, Authorized, Scope, Scopes},
        text::clean,
    },
};

/// For whom a request may act, and how far.
#[derive(Debug)]
pub struct Access {
    pub account: Account,
    /// `None`: the seller's own API key.
    pub app: Option<Connected>,
    /// An API key has all.
    pub scopes: Scopes,
}

/// The application that asks, and what its seller granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    pub app_id: String,
    pub grant_id: String,
}

impl Access {
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// A 403 that names the scope which is missing (RFC 6750, 3.1).
    pub fn need(&self, scope: Scope) -> Result<(), Failure> {
        if self.may(scope) {
            return Ok(());
        }
        let name = scope.name();
        let mut failure = Failure::new(403, &format!("This token lacks the scope {name}"));
        failure.headers.push((
            "www-authenticate",
            format!("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"{name}\""),
        ));
        Err(failure)
    }
}

impl From<Authorized> for Access {
    fn from(Authorized { account, app_id, grant_id, scopes }: Authorized) -> Access {
        Access { account, app: Some(Connected { app_id, grant_id }), scopes }
    }
}

/// An API key (Basic) or an access token (Bearer, RFC 6750).
pub async fn read(app: &App, request: &Request, meter: &RateLimiter<'_>) -> Result<Access, Failure> {
    match bearer(request) {
        Some(token) => by_token(app, token, meter).await,
        None if request.header("authorization").is_some() => {
            let account = by_key(app, request, meter).await?;
            Ok(Access { account, app: None, scopes: Scopes::all() })
        }
        None => {
            meter.anonymous().await?;
            // Whoever sent nothing is told no error (RFC 6750, 3.1).
            Err(Failure::unauthenticated("Bearer realm=\"api\""))
        }
    }
}

/// The API key alone, as programs send it that know no e-mail: behind `Bearer`, or by itself.
pub fn bare_key(request: &Request) -> Option<&str> {
    let text = request.header("authorization")?.trim();
    let key = match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key,
        Some(_) => return None,
        None => text,
    };
    // It is pasted with the end of its line, or read from a file that begins with a byte order mark.
    Some(clean(key)).filter(|key| key.starts_with("pg_live_") || key.starts_with("pg_test_"))
}

/// Whose such a key is. Whoever is not known yet is counted as anybody before the directory is asked.
pub async fn by_bare_key(app: &App, key: &str, meter: &RateLimiter<'_>) -> Result<Option<Account>, Failure> {
    let known = by_key::known(app, key).await;
    match &known {
        Some(known) => meter.account(known.account.id).await?,
        None => meter.anonymous().await?,
    }
    match known {
        Some(known) if known.fresh => Ok(Some(known.account)),
        stale => {
            let account = by_key::find(app, key).await?;
            if let (None, Some(account)) = (&stale, &account) {
                meter.account(account.id).await?;
            }
            Ok(account)
        }
    }
}

/// An API key alone, or with an e-mail (Basic), or an access token.
pub async fn read_any(app: &App, request: &Request, meter: &RateLimiter<'_>) -> Result<Access, Failure> {
    let Some(key) = bare_key(request) else { return read(app, request, meter).await };
    let account = by_bare_key(app, key, meter).await?;
    let account = account.ok_or_else(|| Failure::unauthenticated("Bearer realm=\"api\", error=\"invalid_token\""))?;
    if account.disabled {
        return Err(Refusal::Account(AccountRefusal::Disabled).into());
    }
    Ok(Access { account, app: None, scopes: Scopes::all() })
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.header("authorization")?.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A token that isn't known yet is counted as anybody's before the database is asked.
async fn by_token(app: &App, token: &str, meter: &RateLimiter<'_>) -> Result<Access, Failure> {
    let known = oauth::known(app, token);
    if known.is_none() {
        meter.anonymous().await?;
    }
    let authorized = match known {
        Some(authorized) => authorized,
        None => oauth::authenticate(app, token)
            .await?
            .ok_or_else(|| Failure::unauthenticated("Bearer realm=\"api\", error=\"invalid_token\""))?,
    };
    meter.application(&authorized.app_id, authorized.account.id).await?;
    Ok(authorized.into())
}

/// HTTP Basic (RFC 7617): the account's e-mail and an API key. Whoever is not known yet is counted as anybody before
/// the directory is asked, so that guessing keys costs us nothing.
pub async fn by_key(app: &App, request: &Request, meter: &RateLimiter<'_>) -> Result<Account, Failure> {
    let credentials = credentials(request);
    let Some((email, key)) = credentials else {
        meter.anonymous().await?;
        return Err(refused(request));
    };
    let known = account::known(app, &email, &key).await;
    match &known {
        Some(known) => meter.account(known.account.id).await?,
        None => meter.anonymous().await?,
    }
    let account = match known {
        Some(known) if known.fresh => known.account,
        stale => {
            let account = account::find(app, &email, &key).await?.ok_or_else(|| refused(request))?;
            if stale.is_none() {
                meter.account(account.id).await?;
            }
            account
        }
    };
    if account.disabled { Err(Refusal::Account(AccountRefusal::Disabled).into()) } else { Ok(account) }
}

/// The account behind the key before its present one, if that was replaced a moment ago.
pub async fn by_replaced_key(app: &App, request: &Request) -> Option<Account> {
    let (email, key) = credentials(request)?;
    account::find_replaced(app, &email, &key).await.ok()?
}

/// Programs wait for the challenge; a browser that fetches in the background must not open a dialog over somebody's page.
fn refused(request: &Request) -> Failure {
    // Node's fetch says its mode too, but only browsers say from which site.
    let background = request.header("sec-fetch-site").is_some()
        && request.header("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
    let scheme = if background { "xBasic" } else { "Basic" };
    Failure::unauthenticated(&format!("{scheme} realm=\"api\", charset=\"UTF-8\""))
}

fn credentials(request: &Request) -> Option<(String, String)> {
    let (email, key) = basic(request)?;
    // A key is pasted with the end of its line, or read from a file that begins with a byte order mark.
    let (email, key) = (clean(&email), clean(&key));
    (!email.is_empty() && !key.is_empty()).then(|| (email.to_owned(), key.to_owned()))
}

/// The two parts of HTTP Basic, as they were sent.
pub fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 1_000 {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    // We ask for UTF-8. Old clients send Latin-1 all the same, whose bytes are the characters' numbers.
    let decoded =
        String::from_utf8(decoded).unwrap_or_else(|no| no.as_bytes().iter().map(|b| char::from(*b)).collect());
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
