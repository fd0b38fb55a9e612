//! Zettle Pusher, for programs that were written for it: webhook subscriptions of the same shop at
//! `/organizations/{uuid|self}/subscriptions`. `docs/dialects/zettle-pusher.md` says what stands where.

use super::{access::Access, access::read_any, failure::Failure, limit::RateLimiter};
use crate::{
    http::{Method, Request, Response},
    shop::{App, id},
};

mod asked;
pub mod event;
mod payload;
pub mod refusal;
mod subscription;

pub use refusal::Refused;

type ApiResult = Result<Response, Refused>;

/// One authenticated request.
struct Call<'a> {
    app: &'a App,
    request: &'a Request,
    access: &'a Access,
}

/// The account, as this API calls it.
pub fn organization(account_id: i64) -> String {
    id::named_uuid("organization", &account_id.to_string())
}

pub async fn answer(
    app: &App,
    request: &Request,
    organization: &str,
    segments: &[&str],
    meter: &RateLimiter<'_>,
) -> ApiResult {
    let access = &read_any(app, request, meter).await?;
    // Another account's is as unknown as one that is nobody's.
    if organization != "self" && !organization.eq_ignore_ascii_case(&self::organization(access.account.id)) {
        return Err(Refused::new(404, "ORGANIZATION_NOT_FOUND", "There is no such organization"));
    }
    request.load().await.map_err(Failure::from)?;
    let call = &Call { app, request, access };
    match (segments, request.method) {
        ([], Method::Get) => subscription::list(call).await,
        ([], Method::Post) => subscription::create(call).await,
        ([], _) => Err(Failure::not_allowed("GET, HEAD, POST").into()),
        ([uuid], Method::Put) => subscription::update(call, uuid).await,
        // The document writes both.
        ([uuid] | ["uuid", uuid], Method::Delete) => subscription::destroy(call, uuid).await,
        ([_], _) => Err(Failure::not_allowed("PUT, DELETE").into()),
        (["uuid", _], _) => Err(Failure::not_allowed("DELETE").into()),
        _ => Err(Failure::not_found().into()),
    }
}
