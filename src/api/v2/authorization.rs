//! `/authorizations`: applications that the seller lets act for them.

use serde::Serialize;

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    http::Response,
    json,
    shop::oauth::{
        Scope,
        grant::{self, Grant},
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = grant::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    Ok(Response::json(200, object(&grant::get(call.app, call.account, id).await?)))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    grant::revoke(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

fn object(grant: &Grant) -> String {
    let body = Body {
        id: &grant.id,
        app: AppBody { client_id: &grant.app_id, name: &grant.app_name, site: &grant.app_site },
        scopes: grant.scopes.iter().map(Scope::name).map(ScopeName).collect(),
        created_at: Time::at(grant.created_at),
        refreshed_at: Time::at(grant.refreshed_at),
        expires_at: Time::at(grant.expires_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Authorization"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// The application.
    app: AppBody<'a>,
    /// What you let it do.
    scopes: Vec<ScopeName>,
    /// When you allowed it.
    created_at: Time,
    /// When it last fetched new tokens; the same as `created_at` until then.
    refreshed_at: Time,
    /// When it ends unless the application fetches new tokens before.
    expires_at: Time,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "AuthorizedApp"))]
struct AppBody<'a> {
    /// Identifies the application.
    client_id: &'a str,
    /// What it is called.
    name: &'a str,
    /// Its own pages.
    site: &'a str,
}

values! {
    /// What an application may be allowed to do.
    ScopeName(&'static str) = {"type": "string", "enum": Scope::ALL.map(Scope::name)}
}
