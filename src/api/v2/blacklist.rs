//! `/blacklist`: list, get, create, update, destroy, and import; and `POST /orders/:id/blacklist`, which lists a buyer.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::{
        failure::Failure,
        fields::{Fields, bad_email},
    },
    http::Response,
    json,
    shop::blacklist::{self, BadFact, Draft, Entry, Fact, Kind},
};

mod import;

#[cfg(not(target_arch = "wasm32"))]
pub use import::ImportedBody;
pub use import::import;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = blacklist::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let entry = blacklist::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&entry)))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "blacklist")?;
    let kind = kind(&mut fields);
    if kind.is_none() && fields.errors.is_empty() {
        fields.error("Blacklist type can't be blank");
    }
    let blocked = fields.required_text("blocked_data", 254);
    let fact = blocked.and_then(|text| fact_of(&mut fields, kind?, &text));
    let note = fields.text("note", 1_000);
    let expires_at = fields.future("expires_at", call.app.now()).flatten();
    fields.finish()?;
    let fact = fact.ok_or_else(|| Failure::invalid("Blocked data is invalid"))?;
    call.commit(201, blacklist::create(call.app, call.account, Draft { fact, note, expires_at })?, object).await
}

/// Changes what is sent. A new type must fit what is blocked, sent or kept.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let mut entry = blacklist::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "blacklist")?;
    let kind = kind(&mut fields).unwrap_or(entry.fact.kind);
    let blocked = match fields.has("blocked_data") {
        true => fields.required_text("blocked_data", 254),
        false => Some(entry.fact.shown().to_owned()),
    };
    let fact = blocked.and_then(|text| fact_of(&mut fields, kind, &text));
    if fields.has("note") {
        entry.note = fields.text("note", 1_000);
    }
    if let Some(expires_at) = fields.future("expires_at", call.app.now()) {
        entry.expires_at = expires_at;
    }
    fields.finish()?;
    entry.fact = fact.ok_or_else(|| Failure::invalid("Blocked data is invalid"))?;
    let entry = blacklist::update(call.app, call.account, entry).await?;
    Ok(Response::json(200, object(&entry)))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    blacklist::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

fn kind(fields: &mut Fields) -> Option<Kind> {
    let before = fields.errors.len();
    let code = fields.int("blacklist_type", i64::MIN, i64::MAX);
    let kind = code.and_then(Kind::from_code);
    if code.is_some() && kind.is_none() {
        fields.errors.truncate(before);
        fields.error("Blacklist type is not included in the list");
    }
    kind
}

values! {
    BlacklistType(i64) = {"type": "integer", "enum": [1, 2, 3]}
}

fn fact_of(fields: &mut Fields, kind: Kind, text: &str) -> Option<Fact> {
    kind.fact(text).inspect_err(|bad| fields.error(format!("Blocked data {}", bad_fact(*bad)))).ok()
}

/// Why a text is no fact, for a sentence about it.
fn bad_fact(bad: BadFact) -> String {
    match bad {
        BadFact::Email(bad) => bad_email(bad),
        BadFact::Pattern => "is not *@ and a domain, or *@*. and a domain of at most 8 labels".into(),
        BadFact::Ip => "is not a valid IP address or range".into(),
        BadFact::Country => "is not a valid ISO 3166-1 alpha-2 code".into(),
    }
}

fn object(entry: &Entry) -> String {
    json::to_text(&body(entry))
}

/// What `POST /orders/:id/blacklist` answers.
pub(super) fn listed(entries: &[Entry]) -> String {
    json::to_text(&Listed { entries: entries.iter().map(body).collect() })
}

fn body(entry: &Entry) -> Body<'_> {
    Body {
        id: &entry.id,
        blocked_data: entry.fact.shown(),
        blacklist_type: BlacklistType(entry.fact.kind as i64),
        note: entry.note.as_deref(),
        created_at: Time::at(entry.created_at),
        updated_at: Time::at(entry.updated_at),
        expires_at: entry.expires_at.map(Time::at),
    }
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "BlacklistEntry"))]
pub struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What is blocked. An e-mail, or `*@example.com` for all of a domain, or `*@*.example.com` for
    /// all of its subdomains: kept in lower case, and compared without what its provider ignores.
    /// Countries (ISO 3166-1 alpha-2) are kept in capitals, IP addresses and ranges (CIDR, v4 and
    /// v6) in their shortest form.
    blocked_data: &'a str,
    /// What kind of fact it is: 1 an e-mail or a domain, 2 an IP address or range, 3 a country.
    blacklist_type: BlacklistType,
    /// For yourself.
    note: Option<&'a str>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// From then on it blocks nobody; 90 days later it is gone. `null`: never.
    expires_at: Option<Time>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "ListedBuyer"))]
pub struct Listed<'a> {
    /// One for each fact: e-mail, IP address, country. What was listed before is as it was.
    entries: Vec<Body<'a>>,
}
