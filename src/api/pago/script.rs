//! `/api/scripts`: scripts of applications on the shop's lists.

use serde::Serialize;

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::fields::Fields,
    http::Response,
    json,
    shop::{
        script::{self, BadSrc, MAX_SRC, Script},
        webhook::url::BadUrl,
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let all = script::list(call.app, call.account, call.app_id()).await?;
    Ok(wanted.of_all(call, &all, object))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let script = script::get(call.app, call.account, call.app_id(), id).await?;
    Ok(Response::json(200, object(&script)))
}

/// `{src, integrity}`
pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "script")?;
    let src = src(&mut fields);
    let integrity = fields.required_text("integrity", 200);
    if integrity.as_deref().is_some_and(|text| !script::is_integrity(text)) {
        fields.error("Integrity must be sha384- and the hash of the script in base64, and nothing else");
    }
    fields.finish()?;
    let (src, integrity) = (src.unwrap_or_default(), integrity.unwrap_or_default());
    let created = script::create(call.app, call.account, call.app_id(), src, integrity)?;
    call.commit(201, created, object).await
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    script::destroy(call.app, call.account, call.app_id(), id).await?;
    Ok(Response::empty(204))
}

fn src(fields: &mut Fields) -> Option<String> {
    let text = fields.required_text("src", 2_000)?;
    let problem = match script::check_src(&text) {
        Ok(()) => return Some(text),
        Err(BadSrc::Url(BadUrl::NotHttps)) => "must be an HTTPS URL".to_owned(),
        Err(BadSrc::Url(BadUrl::Credentials)) => "must not contain credentials".to_owned(),
        Err(BadSrc::Url(BadUrl::Private)) => "must not point to a private network".to_owned(),
        Err(BadSrc::Url(_)) => "is not a valid URL".to_owned(),
        Err(BadSrc::Query) => "must have no query: the policy of a page can't name one".to_owned(),
        Err(BadSrc::TooLong) => format!("is too long (maximum is {MAX_SRC} bytes)"),
        Err(BadSrc::Folder) => "must be the address of one file".to_owned(),
        Err(BadSrc::Character(c)) => format!("is not a valid URL (\"{c}\" must be percent-encoded)"),
    };
    fields.error(format!("Src {problem}"));
    None
}

values! {
    Integrity<'a>(&'a str) = {"type": "string", "pattern": "^sha384-[A-Za-z0-9+/]{64}$"}
}

fn object(script: &Script) -> String {
    json::to_text(&Body {
        id: &script.id,
        src: &script.src,
        integrity: Integrity(&script.integrity),
        app_id: script.app_id.as_deref(),
        created_at: Time::at(script.created_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Script"))]
pub struct Body<'a> {
    /// Identifies the script for as long as it exists.
    id: &'a str,
    /// Where it is: over HTTPS, one file, without a query.
    src: &'a str,
    /// Its hash (Subresource Integrity): browsers run nothing else.
    integrity: Integrity<'a>,
    /// The app that made it; `null`: the seller.
    app_id: Option<&'a str>,
    /// When it was made.
    created_at: Time,
}
