//! Scripts of others that a shop's own pages load: by URL, and by the hash of what is there (Subresource Integrity), so that
//! nobody changes what runs. They weaken the pages, whose policy runs no script otherwise; so none is taken and none runs unless
//! the seller has turned them on. Pages with goods or with forms for money never run any (`storefront`).

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::ScriptRefusal,
    id,
    prepared::Prepared,
    webhook::url::{self, BadUrl},
};
use crate::platform::last_answers;

pub mod sql;

/// An account has at most so many.
pub const MAX: u32 = 10;
/// Bytes of an address: all of them stand in a page's policy.
pub const MAX_SRC: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub id: String,
    /// The app that made it; `None`: whoever has the API key.
    pub app_id: Option<String>,
    pub src: String,
    pub integrity: String,
    pub created_at: i64,
}

/// Why an address is none of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSrc {
    Url(BadUrl),
    /// A policy can't name a query.
    Query,
    TooLong,
    /// It would name everything below it.
    Folder,
    /// It would end a source of the policy.
    Character(char),
}

/// HTTPS everywhere, also in development: pages of HTTPS load nothing else.
pub fn check_src(text: &str) -> Result<(), BadSrc> {
    let url = url::check(text, false).map_err(BadSrc::Url)?;
    if text.len() > MAX_SRC {
        return Err(BadSrc::TooLong);
    }
    if text.contains(['?', '#']) {
        return Err(BadSrc::Query);
    }
    // A path that ends so stands for all paths that begin so (CSP 3, 6.7.2.8).
    if url.path().ends_with('/') {
        return Err(BadSrc::Folder);
    }
    match text.chars().find(|c| matches!(c, ';' | ',' | '\'' | '*')) {
        Some(c) => Err(BadSrc::Character(c)),
        None => Ok(()),
    }
}

/// `sha384-` and the hash in base64: one, and no other kind.
pub fn is_integrity(text: &str) -> bool {
    let hash = text.strip_prefix("sha384-").and_then(|hash| STANDARD.decode(hash).ok());
    hash.is_some_and(|hash| hash.len() == 48)
}

/// Whose scripts: an app's, or all of the account for its seller. Those of others are as unknown as another account's.
pub async fn list(app: &App, account: &Account, app_id: Option<&str>) -> Outcome<Vec<Script>> {
    let [rows] = account.db(app)?.batch([sql::within(account.id, app_id)]).await?;
    Ok(rows.iter().map(sql::script).collect::<Result<_, _>>()?)
}

pub async fn get(app: &App, account: &Account, app_id: Option<&str>, id: &str) -> Outcome<Script> {
    let row = account.db(app)?.row(sql::one(account.id, app_id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::script(&row)?)
}

pub fn create(
    app: &App,
    account: &Account,
    app_id: Option<&str>,
    src: String,
    integrity: String,
) -> Outcome<Prepared<Script>> {
    let app_id = app_id.map(str::to_owned);
    let script = Script { id: id::short(app.random()), app_id, src, integrity, created_at: app.now() };
    let statements = vec![sql::may_be_made(account.id), sql::insert(account.id, &script)];
    Ok(Prepared::new(account.db(app)?, script, statements).why_stale(sql::are_on(account.id), |rows| {
        let on = rows.first().map_or(Ok(false), |row| row.read(|row| Ok(row.flag())))?;
        Ok(if on { ScriptRefusal::TooMany } else { ScriptRefusal::Off }.into())
    }))
}

pub async fn destroy(app: &App, account: &Account, app_id: Option<&str>, id: &str) -> Outcome<()> {
    let [gone] = last_answers(account.db(app)?.commit(vec![sql::delete(account.id, app_id, id)]).await?)?;
    if gone.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_file_over_https_that_a_policy_can_name() {
        for good in ["https://cdn.example/a.js", "https://cdn.example:8443/v1/a%3B.js", "https://cdn.example/a"] {
            assert_eq!(check_src(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("http://cdn.example/a.js", BadSrc::Url(BadUrl::NotHttps)),
            ("//cdn.example/a.js", BadSrc::Url(BadUrl::Unreadable)),
            ("javascript:alert(1)", BadSrc::Url(BadUrl::NotHttps)),
            ("https://127.0.0.1/a.js", BadSrc::Url(BadUrl::Private)),
            ("https://u:p@cdn.example/a.js", BadSrc::Url(BadUrl::Credentials)),
            ("https://cdn.example/a.js?v=1", BadSrc::Query),
            ("https://cdn.example/a.js#x", BadSrc::Query),
            ("https://cdn.example", BadSrc::Folder),
            ("https://cdn.example/lib/", BadSrc::Folder),
            ("https://cdn.example/a;script-src *", BadSrc::Url(BadUrl::Character(' '))),
            ("https://cdn.example/a;b.js", BadSrc::Character(';')),
            ("https://cdn.example/a,b.js", BadSrc::Character(',')),
            ("https://cdn.example/'none'", BadSrc::Character('\'')),
        ] {
            assert_eq!(check_src(bad), Err(why), "{bad}");
        }
        assert_eq!(check_src(&format!("https://cdn.example/{}", "a".repeat(MAX_SRC))), Err(BadSrc::TooLong));
    }

    #[test]
    fn an_integrity_is_one_sha384_and_nothing_else() {
        let hash = "oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";
        assert!(is_integrity(&format!("sha384-{hash}")));
        for bad in ["", "sha384-", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha384-AAAA"] {
            assert!(!is_integrity(bad), "{bad}");
        }
        assert!(!is_integrity(&format!("sha384-{hash} sha384-{hash}")) && !is_integrity(&format!("SHA384-{hash}")));
        assert!(!is_integrity(&format!("sha384-{hash}\" onload=\"x")));
    }
}
