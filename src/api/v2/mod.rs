//! The dialect that PushGuard and Selly clients speak: shared contract in ARCHITECTURE.md, "The wire".

use super::{failure::Failure, once::Once};
use crate::{
    http::{Method, Request, Response},
    shop::{Shop, account::Account},
    world::{Fault, Statement},
};

mod account;
mod auth;
mod blacklist;
mod blacklist_rule;
mod coupon;
pub mod event;
mod order;
mod page;
mod pay;
mod rehearsal;
mod webhook;

/// One authenticated request.
pub struct Call<'a> {
    pub shop: &'a Shop,
    pub request: &'a Request,
    pub account: &'a Account,
    once: Once,
}

impl Call<'_> {
    /// The answer that is about to be committed, kept under the request's Idempotency-Key; for the same commit.
    fn keep(&self, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        self.once.keep(self.shop, status, body)
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

pub async fn answer(shop: &Shop, request: &Request, segments: &[&str]) -> Answer {
    let account = &auth::authenticate(shop, request).await?;
    auth::require_json_accepted(request)?;
    let once = match (request.method, segments) {
        // What this one commits is in the directory.
        (Method::Post, ["account", "api_key"]) => Once::read(request, shop.world.databases.directory(), account.id)?,
        (Method::Post, _) => Once::read(request, account.db(shop)?, account.id)?,
        _ => Once::never(),
    };
    let call = &Call { shop, request, account, once };
    call.once.answer(shop, route(call, segments)).await
}

/// The route table.
async fn route(call: &Call<'_>, segments: &[&str]) -> Answer {
    use Method::{Delete, Get, Post, Put};
    let method = call.request.method;
    match segments {
        ["account"] => match method {
            Get => account::get(call).await,
            Put => account::update(call).await,
            _ => not_allowed("GET, HEAD, PUT, PATCH"),
        },
        ["account", "api_key"] => match method {
            Post => account::regenerate_key(call).await,
            _ => not_allowed("POST"),
        },
        ["blacklist"] => match method {
            Get => blacklist::list(call).await,
            Post => blacklist::create(call).await,
            _ => not_allowed("GET, HEAD, POST"),
        },
        ["blacklist", id] => match method {
            Get => blacklist::get(call, id).await,
            Put => blacklist::update(call, id).await,
            Delete => blacklist::destroy(call, id).await,
            _ => not_allowed("GET, HEAD, PUT, PATCH, DELETE"),
        },
        ["blacklist_rules"] => match method {
            Get => blacklist_rule::list(call).await,
            Post => blacklist_rule::create(call).await,
            _ => not_allowed("GET, HEAD, POST"),
        },
        ["blacklist_rules", id] => match method {
            Get => blacklist_rule::get(call, id).await,
            Put => blacklist_rule::update(call, id).await,
            Delete => blacklist_rule::destroy(call, id).await,
            _ => not_allowed("GET, HEAD, PUT, PATCH, DELETE"),
        },
        ["coupons"] => match method {
            Get => coupon::list(call).await,
            Post => coupon::create(call).await,
            _ => not_allowed("GET, HEAD, POST"),
        },
        ["coupons", id] => match method {
            Get => coupon::get(call, id).await,
            Put => coupon::update(call, id).await,
            Delete => coupon::destroy(call, id).await,
            _ => not_allowed("GET, HEAD, PUT, PATCH, DELETE"),
        },
        ["orders"] => match method {
            Get => order::list(call).await,
            _ => not_allowed("GET, HEAD"),
        },
        ["orders", id] => match method {
            Get => order::get(call, id).await,
            _ => not_allowed("GET, HEAD"),
        },
        ["pay"] => match method {
            Post => pay::create(call).await,
            _ => not_allowed("POST"),
        },
        ["pay", id] => match method {
            Delete => pay::destroy(call, id).await,
            _ => not_allowed("DELETE"),
        },
        ["webhooks", "endpoints"] => match method {
            Get => webhook::endpoints(call).await,
            Post => webhook::create_endpoint(call).await,
            _ => not_allowed("GET, HEAD, POST"),
        },
        ["webhooks", "endpoints", id] => match method {
            Get => webhook::endpoint(call, id).await,
            Put => webhook::update_endpoint(call, id).await,
            Delete => webhook::destroy_endpoint(call, id).await,
            _ => not_allowed("GET, HEAD, PUT, PATCH, DELETE"),
        },
        ["webhooks", "logs"] => match method {
            Get => webhook::logs(call).await,
            _ => not_allowed("GET, HEAD"),
        },
        ["webhooks", "logs", id] => match method {
            Get => webhook::log(call, id).await,
            _ => not_allowed("GET, HEAD"),
        },
        ["test", "payments"] => match method {
            Post => rehearsal::pay(call).await,
            _ => not_allowed("POST"),
        },
        ["test", "blocks"] => match method {
            Post => rehearsal::mine(call).await,
            _ => not_allowed("POST"),
        },
        ["test", "double_spend"] => match method {
            Post => rehearsal::double_spend(call).await,
            _ => not_allowed("POST"),
        },
        _ => Err(Failure::not_found()),
    }
}

fn not_allowed(allow: &str) -> Answer {
    Err(Failure::not_allowed(allow))
}
