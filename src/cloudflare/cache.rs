//! The edge's cache, for what an address shows for ever: images. A copy is an hour old at most (`s-maxage`), so what a seller
//! takes away is gone from everywhere then. On a `workers.dev` address the platform keeps nothing, and nothing is the worse.

use worker::{Cache, Context};

use super::{Runtime, request};
use crate::{
    http::{Method, Request, Response},
    platform::{Log, LogLine},
};

/// The key of what may be kept: a GET of an image, whatever query it comes with.
pub fn key(request: &Request) -> Option<String> {
    let kept = request.method == Method::Get && request.path.starts_with("/images/");
    kept.then(|| format!("{}{}", request.origin, request.path))
}

/// A cache that can't be asked has nothing.
pub async fn find(key: &str) -> Option<web_sys::Response> {
    match Cache::default().get(key, false).await {
        Ok(found) => found.map(Into::into),
        Err(error) => {
            Runtime.write(LogLine::warn("cache.unread").because(&error));
            None
        }
    }
}

/// Keeps a copy, after the answer is sent.
pub fn keep(context: &Context, key: String, answer: &Response) {
    if answer.status != 200 {
        return;
    }
    let mut copy = answer.clone();
    // It names this request.
    copy.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-request-id"));
    let Ok(copy) = request::answer(&copy) else { return };
    context.wait_until(async move {
        if let Err(error) = Cache::default().put(key.as_str(), copy.into()).await {
            Runtime.write(LogLine::warn("cache.unwritten").because(&error));
        }
    });
}
