//! `/blacklist`: list, get, create, update, destroy.

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
    shop::{
        blacklist::{self, Entry, Fact, Kind},
        text::email::{self, BadEmail},
    },
};

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
    fields.finish()?;
    let (Some(kind), Some(fact)) = (kind, fact) else {
        return Err(Failure::invalid("Blocked data is invalid"));
    };
    call.commit(201, blacklist::create(call.app, call.account, kind, fact, note)?, object).await
}

/// Changes what is sent. A new type must fit what is blocked, sent or kept.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let mut entry = blacklist::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "blacklist")?;
    entry.kind = kind(&mut fields).unwrap_or(entry.kind);
    let blocked = match fields.has("blocked_data") {
        true => fields.required_text("blocked_data", 254),
        false => Some(entry.fact.shown().to_owned()),
    };
    let fact = blocked.and_then(|text| fact_of(&mut fields, entry.kind, &text));
    if fields.has("note") {
        entry.note = fields.text("note", 1_000);
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
    let fact = kind.fact(text);
    if fact.is_none() {
        fields.error(match kind {
            Kind::Email => {
                let bad = email::parse(text).err().unwrap_or(BadEmail::Malformed);
                format!("Blocked data {}", bad_email(bad))
            }
            Kind::Ip => "Blocked data is not a valid IP address or range".into(),
            Kind::Country => "Blocked data is not a valid ISO 3166-1 alpha-2 code".into(),
        });
    }
    fact
}

fn object(entry: &Entry) -> String {
    let body = Body {
        id: &entry.id,
        blocked_data: entry.fact.shown(),
        blacklist_type: BlacklistType(entry.kind as i64),
        note: entry.note.as_deref(),
        created_at: Time::at(entry.created_at),
        updated_at: Time::at(entry.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "BlacklistEntry"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What is blocked. E-mails are kept in lower case, countries (ISO 3166-1 alpha-2) in capitals,
    /// IP addresses and ranges (CIDR, v4 and v6) in their shortest form.
    blocked_data: &'a str,
    /// What kind of fact it is: 1 an e-mail, 2 an IP address or range, 3 a country.
    blacklist_type: BlacklistType,
    /// For yourself.
    note: Option<&'a str>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}
