//! The dialect that PushGuard and Selly clients speak: shared contract in ARCHITECTURE.md, "The wire".

use super::{
    accept, access,
    attempts::{ApiResult, again, attempts},
    failure::{Failure, FailureKind},
    idempotency::IdempotentRequest,
    limit::RateLimiter,
};
use crate::{
    http::{Method, Request, Response},
    platform::{Fault, Statement},
    shop::{App, account::Account, catalog, prepared::Prepared},
};

mod account;
mod appearance;
mod authorization;
mod blacklist;
mod blacklist_rule;
mod blocked;
mod category;
mod coupon;
#[cfg(not(target_arch = "wasm32"))]
mod custom;
pub mod event;
mod feedback;
mod gateway;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
mod order;
mod page;
mod pay;
mod payments;
mod product;
mod purchase;
mod query;
mod risk;
mod risk_weights;
pub mod routes;
mod rule_trial;
mod test_mode;
pub mod upload;
mod webhook;
mod wire;

/// One authenticated request.
pub struct Call<'a> {
    pub app: &'a App,
    pub request: &'a Request,
    pub account: &'a Account,
    once: IdempotentRequest,
}

impl Call<'_> {
    /// Commits what a verb has prepared, and with it the answer that tells of it. `body` words the answer.
    async fn commit<T>(&self, status: u16, prepared: Prepared<T>, body: impl FnOnce(&T) -> String) -> ApiResult {
        self.once.commit(self.app, status, prepared, body).await
    }

    /// The answer that is about to be committed, kept under the request's Idempotency-Key; for the same commit.
    fn keep(&self, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        self.once.keep(self.app, status, body)
    }

    /// Of the links that are handed out.
    fn origin(&self) -> &str {
        self.app.platform.settings.public_url.as_deref().unwrap_or(&self.request.origin)
    }

    /// For the first of several commits: takes the Idempotency-Key.
    fn begin(&self) -> Vec<Statement> {
        self.once.begin(self.app)
    }

    /// 201 with what was made by commits that are all done.
    async fn made(&self, json: String) -> ApiResult {
        self.done(201, json).await
    }

    /// The answer to what is done, kept under the request's Idempotency-Key.
    async fn done(&self, status: u16, json: String) -> ApiResult {
        let keep = self.keep(status, &json)?;
        if !keep.is_empty() {
            self.account.db(self.app)?.commit(keep).await.map_err(|no| no.into_fault())?;
        }
        Ok(Response::json(status, json))
    }
}

pub async fn answer(app: &App, request: &Request, segments: &[&str], meter: &RateLimiter<'_>) -> ApiResult {
    let account = &match access::by_key(app, request, meter).await {
        // The answer that told of a new key was lost: whoever has the old one and the request's key may hear it again.
        Err(refused)
            if refused.kind == FailureKind::Unauthenticated
                && request.method == Method::Post
                && segments == ["account", "api_key"] =>
        {
            return replaced_key(app, request).await.ok_or(refused);
        }
        answered => answered?,
    };
    match segments {
        ["orders.csv"] => accept::require_accepted(request, accept::CSV)?,
        ["products", _, "file"] if request.method == Method::Get => accept::require_accepted(request, accept::FILE)?,
        _ => accept::require_accepted(request, accept::JSON)?,
    }
    request.load().await?;
    let once = match (request.method, segments) {
        // What this one commits is in the directory.
        (Method::Post, ["account", "api_key"]) => {
            IdempotentRequest::read(request, app.platform.databases.directory(), account.id)?
        }
        // Its key is a PUT's, and this is no route.
        (Method::Post, ["products", _, "serials"]) => IdempotentRequest::never(),
        // This one adds, as a POST does.
        (Method::Post, _) | (Method::Put, ["products", _, "serials"]) => {
            IdempotentRequest::read(request, account.db(app)?, account.id)?
        }
        _ => IdempotentRequest::never(),
    };
    let call = &Call { app, request, account, once };
    let answer = call.once.answer(app, routes::route(call, segments)).await;
    if request.method != Method::Get {
        forget(app, account, segments);
    }
    answer
}

/// What may have changed what buyers see. It stands here, once, so that no verb can leave it out; a fault may have written as well.
fn forget(app: &App, account: &Account, segments: &[&str]) {
    match segments.first() {
        // A slug may be another shop's address now.
        Some(&"account") => {
            catalog::forget(app, account.id);
            catalog::forget_addresses(app);
        }
        // Orders take and give back stock.
        Some(&("products" | "categories" | "feedbacks" | "orders" | "pay" | "test")) => {
            catalog::forget(app, account.id)
        }
        _ => {}
    }
}

async fn replaced_key(app: &App, request: &Request) -> Option<Response> {
    request.header("idempotency-key")?;
    let account = access::by_replaced_key(app, request).await?;
    IdempotentRequest::read(request, app.platform.databases.directory(), account.id).ok()?.known(app).await
}

fn not_allowed(methods: &[Method]) -> ApiResult {
    let named: Vec<&str> = methods.iter().map(|method| method.names()).collect();
    Err(Failure::not_allowed(&named.join(", ")))
}
