//! The dialect that PushGuard and Selly clients speak: shared contract in ARCHITECTURE.md, "The wire".

use super::{
    failure::{Failure, FailureKind},
    idempotency::IdempotentRequest,
    limit::RateLimiter,
};
use crate::{
    http::{Method, Request, Response},
    platform::{Fault, LocalBoxFuture, Statement},
    shop::{Shop, account::Account, prepared::Prepared},
};

mod account;
mod auth;
mod blacklist;
mod blacklist_rule;
mod category;
mod coupon;
mod custom;
pub mod event;
mod feedback;
mod gateway;
mod order;
mod page;
mod pay;
mod payments;
mod product;
mod query;
mod test_mode;
pub mod upload;
mod webhook;

/// One authenticated request.
pub struct Call<'a> {
    pub shop: &'a Shop,
    pub request: &'a Request,
    pub account: &'a Account,
    once: IdempotentRequest,
}

impl Call<'_> {
    /// Commits what a verb has prepared, and with it the answer that tells of it. `body` words the answer.
    async fn commit<T>(&self, status: u16, prepared: Prepared<T>, body: impl FnOnce(&T) -> String) -> Answer {
        self.once.commit(self.shop, status, prepared, body).await
    }

    /// The answer that is about to be committed, kept under the request's Idempotency-Key; for the same commit.
    fn keep(&self, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        self.once.keep(self.shop, status, body)
    }

    /// Of the links that are handed out.
    fn origin(&self) -> &str {
        self.shop.platform.settings.public_url.as_deref().unwrap_or(&self.request.origin)
    }

    /// For the first of several commits: takes the Idempotency-Key.
    fn begin(&self) -> Vec<Statement> {
        self.once.begin(self.shop)
    }

    /// 201 with what was made by commits that are all done.
    async fn made(&self, json: String) -> Answer {
        let keep = self.keep(201, &json)?;
        if !keep.is_empty() {
            self.account.db(self.shop)?.commit(keep).await.map_err(|no| no.into_fault())?;
        }
        Ok(Response::json(201, json))
    }
}

type Answer = Result<Response, Failure>;

/// Of those who change the same thing at the same time one gets through each time.
const MAX_ATTEMPTS: u32 = 8;

/// Does it once more when somebody else changed the same at the same time: what was not sent must stay as they left it.
/// `change` is told which attempt it is, from 0.
async fn again(change: impl AsyncFn(u32) -> Answer) -> Answer {
    for attempt in 0..MAX_ATTEMPTS - 1 {
        match change(attempt).await {
            Err(failure) if failure.kind == FailureKind::Conflict => {}
            answer => return answer,
        }
    }
    change(MAX_ATTEMPTS - 1).await
}

pub async fn answer(shop: &Shop, request: &Request, segments: &[&str], meter: &RateLimiter<'_>) -> Answer {
    let account = &match auth::authenticate(shop, request, meter).await {
        // The answer that told of a new key was lost: whoever has the old one and the request's key may hear it again.
        Err(refused)
            if refused.kind == FailureKind::Unauthenticated
                && request.method == Method::Post
                && segments == ["account", "api_key"] =>
        {
            return replaced_key(shop, request).await.ok_or(refused);
        }
        answered => answered?,
    };
    auth::require_json_accepted(request)?;
    request.load().await?;
    let once = match (request.method, segments) {
        // What this one commits is in the directory.
        (Method::Post, ["account", "api_key"]) => {
            IdempotentRequest::read(request, shop.platform.databases.directory(), account.id)?
        }
        (Method::Post, _) => IdempotentRequest::read(request, account.db(shop)?, account.id)?,
        _ => IdempotentRequest::never(),
    };
    let call = &Call { shop, request, account, once };
    call.once.answer(shop, route(call, segments)).await
}

async fn replaced_key(shop: &Shop, request: &Request) -> Option<Response> {
    request.header("idempotency-key")?;
    let account = auth::replaced(shop, request).await?;
    IdempotentRequest::read(request, shop.platform.databases.directory(), account.id).ok()?.known(shop).await
}

/// One table for the requests, for `Allow` and for the specification. A line is a path, and the verb of each method; what
/// stands in a path without quotes goes to the verb.
macro_rules! routes {
    ($($path:tt { $($method:ident: $room:ident::$verb:ident),+ $(,)? })+) => {
        async fn route(call: &Call<'_>, segments: &[&str]) -> Answer {
            match segments {
                $($path => match call.request.method {
                    $(Method::$method => verb!($path, $room::$verb, call),)+
                    _ => not_allowed(&[$(Method::$method),+]),
                },)+
                _ => Err(Failure::not_found()),
            }
        }

        /// Path, method, and room and verb.
        #[cfg(not(target_arch = "wasm32"))]
        pub const ROUTES: &[(&[&str], Method, [&str; 2])] =
            &[$($((&segments!($path), Method::$method, [stringify!($room), stringify!($verb)]),)+)+];
    };
}

macro_rules! verb {
    ([$($literal:literal),+], $room:ident::$verb:ident, $call:ident) => {
        boxed(Box::pin($room::$verb($call))).await
    };
    ([$($literal:literal,)+ $id:ident $(, $more:literal)*], $room:ident::$verb:ident, $call:ident) => {
        boxed(Box::pin($room::$verb($call, $id))).await
    };
}

#[cfg(not(target_arch = "wasm32"))]
macro_rules! segments {
    ([$($literal:literal),+]) => { [$($literal),+] };
    ([$($literal:literal,)+ $id:ident $(, $more:literal)*]) => {
        [$($literal,)+ concat!("{", stringify!($id), "}") $(, $more)*]
    };
}

routes! {
    ["account"] { Get: account::get, Put: account::update }
    ["account", "api_key"] { Post: account::regenerate_key }
    ["account", "webhook_secret"] { Post: account::rotate_secret }
    ["blacklist"] { Get: blacklist::list, Post: blacklist::create }
    ["blacklist", id] { Get: blacklist::get, Put: blacklist::update, Delete: blacklist::destroy }
    ["blacklist_rules"] { Get: blacklist_rule::list, Post: blacklist_rule::create }
    ["blacklist_rules", id] {
        Get: blacklist_rule::get, Put: blacklist_rule::update, Delete: blacklist_rule::destroy
    }
    ["categories"] { Get: category::list, Post: category::create }
    ["categories", id] { Get: category::get, Put: category::update, Delete: category::destroy }
    ["categories", id, "image"] { Put: category::put_image, Delete: category::destroy_image }
    ["coupons"] { Get: coupon::list, Post: coupon::create }
    ["coupons", id] { Get: coupon::get, Put: coupon::update, Delete: coupon::destroy }
    ["feedbacks"] { Get: feedback::list, Post: feedback::create }
    ["feedbacks", id] { Get: feedback::get }
    ["feedbacks", id, "reply"] { Post: feedback::reply }
    ["orders"] { Get: order::list }
    ["orders", id] { Get: order::get }
    ["pay"] { Post: pay::create }
    ["pay", id] { Delete: pay::destroy }
    ["queries"] { Get: query::list, Post: query::create }
    ["queries", id] { Get: query::get }
    ["queries", id, "close"] { Post: query::close }
    ["queries", id, "reply"] { Post: query::reply }
    ["products"] { Get: product::list, Post: product::create }
    ["products", id] { Get: product::get, Put: product::update, Delete: product::destroy }
    ["products", id, "file"] { Put: product::put_file, Delete: product::destroy_file }
    ["products", id, "image"] { Put: product::put_image, Delete: product::destroy_image }
    ["webhooks", "endpoints"] { Get: webhook::endpoints, Post: webhook::create_endpoint }
    ["webhooks", "endpoints", id] {
        Get: webhook::endpoint, Put: webhook::update_endpoint, Delete: webhook::destroy_endpoint
    }
    ["webhooks", "logs"] { Get: webhook::logs }
    ["webhooks", "logs", id] { Get: webhook::log }
    ["webhooks", "logs", id, "retry"] { Post: webhook::retry }
    ["webhooks", "replay"] { Post: webhook::replay }
    ["webhooks", "simulate"] { Post: webhook::simulate }
    ["test", "payments"] { Post: test_mode::pay }
    ["test", "blocks"] { Post: test_mode::mine }
    ["test", "double_spend"] { Post: test_mode::double_spend }
}

fn not_allowed(methods: &[Method]) -> Answer {
    let named: Vec<&str> = methods.iter().map(|method| method.names()).collect();
    Err(Failure::not_allowed(&named.join(", ")))
}

/// Each verb's future stands alone: as parts of one, all of them together weigh more.
fn boxed<'a>(future: LocalBoxFuture<'a, Answer>) -> LocalBoxFuture<'a, Answer> {
    future
}
