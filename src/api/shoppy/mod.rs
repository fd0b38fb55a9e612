//! Shoppy 1.0, for programs that were written for it: the same shop at `/api/1.0`. `docs/dialects/shoppy.md` says what stands where.

use super::{accept, failure::Failure, idempotency::IdempotentRequest, limit::RateLimiter};
use crate::{
    http::{Method, Request, Response},
    shop::{App, account::Account, prepared::Prepared},
};

mod auth;
pub mod event;
mod feedback;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
mod order;
mod page;
mod pay;
mod product;
mod query;
pub mod refusal;
pub mod routes;
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
    async fn commit<T>(&self, prepared: Prepared<T>, body: impl FnOnce(&T) -> String) -> ApiResult {
        self.once.commit(self.app, 200, prepared, body).await
    }

    /// Of the links that are handed out.
    fn origin(&self) -> &str {
        self.app.platform.settings.public_url.as_deref().unwrap_or(&self.request.origin)
    }
}

type ApiResult = Result<Response, Failure>;

pub async fn answer(app: &App, request: &Request, segments: &[&str], meter: &RateLimiter<'_>) -> ApiResult {
    let account = &auth::authenticate(app, request, meter).await?;
    accept::require_accepted(request, accept::JSON)?;
    request.load().await?;
    let once = match request.method {
        Method::Post => IdempotentRequest::read(request, account.db(app)?, account.id)?,
        _ => IdempotentRequest::never(),
    };
    let call = &Call { app, request, account, once };
    match (request.method, segments) {
        // The document's own example deletes a payment without `/pay`.
        (Method::Delete, [id]) if !routes::is_path(&[id]) => {
            call.once.answer(app, routes::route(call, &["pay", id])).await
        }
        _ => call.once.answer(app, routes::route(call, segments)).await,
    }
}

fn not_allowed(methods: &[Method]) -> ApiResult {
    let named: Vec<&str> = methods.iter().map(|method| method.names()).collect();
    Err(Failure::not_allowed(&named.join(", ")))
}
