//! Who asks: whoever sends an API key, and nothing else with it.

use super::Failure;
use crate::{
    api::limit::RateLimiter,
    http::Request,
    shop::{
        App,
        account::{Account, by_key},
        text::clean,
    },
};

/// The key as it is in `Authorization`, or behind `Bearer`. Whoever is not known yet is counted as anybody before the directory
/// is asked, so that guessing keys costs us nothing.
pub async fn authenticate(app: &App, request: &Request, meter: &RateLimiter<'_>) -> Result<Account, Failure> {
    let Some(key) = key(request) else {
        meter.anonymous().await?;
        return Err(refused());
    };
    let known = by_key::known(app, key).await;
    match &known {
        Some(known) => meter.account(known.account.id).await?,
        None => meter.anonymous().await?,
    }
    let account = match known {
        Some(known) if known.fresh => known.account,
        stale => {
            let account = by_key::find(app, key).await?.ok_or_else(refused)?;
            if stale.is_none() {
                meter.account(account.id).await?;
            }
            account
        }
    };
    match account.disabled {
        true => Err(Failure { message: "This account is disabled".to_owned(), ..refused() }),
        false => Ok(account),
    }
}

fn refused() -> Failure {
    Failure::unauthenticated("Bearer realm=\"api\"")
}

fn key(request: &Request) -> Option<&str> {
    let text = request.header("authorization")?.trim();
    let key = match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key,
        Some(_) => return None,
        None => text,
    };
    // It is pasted with the end of its line, or read from a file that begins with a byte order mark.
    Some(clean(key)).filter(|key| !key.is_empty())
}
