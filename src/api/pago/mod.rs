//! The dialect of applications that speak Pago's resources: products, orders, coupons, customers, abandoned carts, scripts and
//! webhooks, at `/api`. Its reference says scopes, headers, statuses, paging and dates; the objects are near those of `/api/v2`.

use super::{
    access::{self, Access},
    attempts::{ApiResult, again},
    failure::Failure,
    idempotency::IdempotentRequest,
    limit::RateLimiter,
};
use crate::{
    http::{Method, Request},
    shop::{App, account::Account, catalog, prepared::Prepared},
};

mod cart;
mod coupon;
mod customer;
pub mod event;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
mod order;
mod page;
mod product;
#[macro_use]
mod route_macros;
pub mod routes;
mod script;
mod webhook;
mod wire;

/// One request of somebody who may make it.
pub struct Call<'a> {
    app: &'a App,
    request: &'a Request,
    access: &'a Access,
    account: &'a Account,
    once: IdempotentRequest,
}

impl Call<'_> {
    /// Commits what a verb has prepared, and with it the answer that tells of it. `body` words the answer.
    async fn commit<T>(&self, status: u16, prepared: Prepared<T>, body: impl FnOnce(&T) -> String) -> ApiResult {
        self.once.commit(self.app, status, prepared, body).await
    }

    /// Of the links that are handed out.
    fn origin(&self) -> &str {
        self.app.platform.settings.public_url.as_deref().unwrap_or(&self.request.origin)
    }

    /// The app that asks; `None`: the seller, with the API key.
    fn app_id(&self) -> Option<&str> {
        self.access.app.as_ref().map(|app| app.app_id.as_str())
    }
}

/// Whether a path is one of this dialect's.
pub fn is_path(segments: &[&str]) -> bool {
    const NOUNS: [&str; 7] = ["products", "orders", "coupons", "customers", "abandoned_carts", "scripts", "webhooks"];
    segments.first().is_some_and(|noun| NOUNS.contains(noun))
}

/// `segments`: behind `/api`.
pub async fn answer(app: &App, request: &Request, segments: &[&str], meter: &RateLimiter<'_>) -> ApiResult {
    let access = &access::read(app, request, meter).await?;
    require_version(request)?;
    // The one place where scopes are checked, before anything is read or looked up.
    if let Some(scope) = routes::scope(request.method, segments)? {
        access.need(scope)?;
    }
    request.load().await?;
    let account = &access.account;
    let once = match request.method {
        Method::Post => {
            let whose = access.app.as_ref().map(|app| app.app_id.as_str());
            IdempotentRequest::read_of(request, account.db(app)?, account.id, whose)?
        }
        _ => IdempotentRequest::never(),
    };
    let call = &Call { app, request, access, account, once };
    let answer = call.once.answer(app, routes::route(call, segments)).await;
    // It may have changed what buyers see; a fault may have written as well.
    if request.method != Method::Get && matches!(segments.first(), Some(&("products" | "orders" | "scripts"))) {
        catalog::forget(app, account.id);
    }
    answer
}

/// The version that this is.
const VERSION: &str = "2";

fn require_version(request: &Request) -> Result<(), Failure> {
    match request.header("x-api-version") {
        Some(VERSION) => Ok(()),
        _ => Err(Failure::new(400, "The header X-Api-Version is required, and must be 2")),
    }
}

fn not_allowed(methods: &[Method]) -> Failure {
    let named: Vec<&str> = methods.iter().map(|method| method.names()).collect();
    Failure::not_allowed(&named.join(", "))
}
