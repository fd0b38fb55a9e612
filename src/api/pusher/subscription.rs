//! `/organizations/{uuid}/subscriptions`: webhook endpoints, as this dialect has them.

use serde::Serialize;

use super::{ApiResult, Call, Refused, asked, event, event::Name};
use crate::{
    http::Response,
    json,
    platform::Fault,
    shop::{
        Error, Refusal,
        error::WebhookRefusal,
        event::Test,
        id, time,
        webhook::{
            self, Dialect, Endpoint, EndpointChange, NewEndpoint, Scope,
            enable::{self, Updated},
            key, url,
        },
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let mut endpoints = webhook::endpoints(call.app, &call.access.account, scope(call)).await?;
    // As the document's example: the first one first.
    endpoints.reverse();
    let bodies = endpoints.iter().map(|endpoint| body(call, endpoint)).collect::<Result<Vec<_>, _>>()?;
    Ok(Response::json(200, json::array(bodies.into_iter())).with("cache-control", "no-store"))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let account = &call.access.account;
    let asked = asked::read(call, &["uuid", "transportName", "eventNames", "destination", "contactEmail"])?;
    let events = allowed(call, asked.events.unwrap_or_default())?;
    let url = asked.destination.unwrap_or_default();
    let known = webhook::endpoints(call.app, account, scope(call)).await?;
    if known.iter().any(|endpoint| Some(&endpoint.id) == asked.uuid.as_ref()) {
        return Err(already_exists());
    }
    let key = key::generate(call.app);
    // Whoever has had its test message, and is well, gets no other.
    let same = |endpoint: &Endpoint| endpoint.enabled && url::normal(&endpoint.url) == url::normal(&url);
    if !known.iter().any(same) {
        try_out(call, &url, key.clone()).await?;
    }
    let new = NewEndpoint {
        id: asked.uuid,
        signing_key: Some(key),
        contact_email: asked.contact_email,
        app_id: app_id(call).map(str::to_owned),
        ..NewEndpoint::of(Dialect::Pusher, url, events.iter().map(|name| name.event).collect())
    };
    let created = webhook::create_endpoint(call.app, account, new)?;
    let (endpoint, _) = created.commit(call.app, Vec::new()).await.map_err(|error| match error {
        Error::Refused(Refusal::Webhook(WebhookRefusal::EndpointTaken)) => already_exists(),
        error => error.into(),
    })?;
    Ok(Response::json(200, body(call, &endpoint)?).with("cache-control", "no-store"))
}

/// 200 without a body.
pub async fn update(call: &Call<'_>, uuid: &str) -> ApiResult {
    let account = &call.access.account;
    let uuid = known_uuid(uuid)?;
    let before = webhook::endpoint(call.app, account, scope(call), &uuid).await?;
    let asked = asked::read(call, &[])?;
    let events = asked.events.map(|events| allowed(call, events)).transpose()?;
    let url = asked.destination.filter(|url| *url != before.url);
    // One that we disabled shows that it is back, and is enabled again.
    let back = !before.enabled;
    if back || url.is_some() {
        let key = before.key(call.app, account.id)?.ok_or_else(|| Fault("a subscription has no key".into()))?;
        try_out(call, url.as_ref().unwrap_or(&before.url), key).await?;
    }
    let change = EndpointChange {
        url,
        events: events.map(|events| events.iter().map(|name| name.event).collect()),
        enabled: back.then_some(true),
        contact_email: asked.contact_email,
    };
    match webhook::update_endpoint(call.app, account, scope(call), &uuid, change, None).await? {
        // Without a sample nobody is asked whether they are willing.
        Updated::Done(_) | Updated::Back { .. } | Updated::Unwilling(_) => Ok(Response::empty(200)),
    }
}

pub async fn destroy(call: &Call<'_>, uuid: &str) -> ApiResult {
    webhook::destroy_endpoint(call.app, &call.access.account, scope(call), &known_uuid(uuid)?).await?;
    Ok(Response::empty(204))
}

/// Those of whoever asks: the API key's, or an application's own.
fn scope<'a>(call: &'a Call<'_>) -> Scope<'a> {
    Scope { dialects: &[Dialect::Pusher], app_id: app_id(call) }
}

fn app_id<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    call.access.app.as_ref().map(|app| app.app_id.as_str())
}

fn already_exists() -> Refused {
    Refused::new(400, "SUBSCRIPTION_ALREADY_EXIST", "A subscription with this uuid already exists")
}

/// What is no UUIDv1 is nobody's.
fn known_uuid(text: &str) -> Result<String, Refused> {
    id::parse_timed_uuid(text).ok_or_else(|| Error::Refused(Refusal::NotFound).into())
}

/// The events that these scopes allow: those that are named, or all. Refused when one is named that they don't, or when they
/// allow none.
fn allowed(call: &Call<'_>, named: Vec<Name>) -> Result<Vec<Name>, Refused> {
    let scopes = call.access.scopes;
    let forbidden =
        |name: &Name| Refused::new(403, "FORBIDDEN", &format!("{} takes {} of this API", name.text, name.needs()));
    if let Some(name) = named.iter().find(|name| !name.is_allowed(scopes)) {
        return Err(forbidden(name));
    }
    if !named.is_empty() {
        return Ok(named);
    }
    let all: Vec<Name> = Name::ALL.into_iter().filter(|name| name.is_allowed(scopes)).collect();
    if all.is_empty() {
        return Err(Refused::new(403, "FORBIDDEN", "This token has no scope of this API"));
    }
    Ok(all)
}

/// A destination shows that it answers.
async fn try_out(call: &Call<'_>, url: &str, key: String) -> Result<(), Refused> {
    let account_id = call.access.account.id;
    match enable::try_out(call.app, account_id, (Dialect::Pusher, url), key, &Test).await? {
        Ok(200..300) => Ok(()),
        Ok(status) => Err(Refused::new(
            500,
            "DESTINATION_RESPONDED_WITH_ERROR_CODE",
            &format!("The destination responded to a test message with {status}"),
        )),
        Err(reason) => Err(Refused::new(
            400,
            "DESTINATION_NOT_ACCESSIBLE",
            &format!("The destination is not accessible ({reason})"),
        )),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    uuid: &'a str,
    transport_name: &'static str,
    event_names: Vec<&'static str>,
    updated: String,
    destination: &'a str,
    contact_email: Option<&'a str>,
    status: &'static str,
    signing_key: String,
}

fn body(call: &Call<'_>, endpoint: &Endpoint) -> Result<String, Fault> {
    let key = endpoint.key(call.app, call.access.account.id)?;
    Ok(json::to_text(&Body {
        uuid: &endpoint.id,
        transport_name: "WEBHOOK",
        event_names: endpoint.events.iter().map(|event| event::text(*event)).collect(),
        updated: time::zulu(endpoint.updated_at),
        destination: &endpoint.url,
        contact_email: endpoint.contact_email.as_deref(),
        status: match (endpoint.enabled, endpoint.failing_since) {
            (false, _) => "DISABLED",
            (true, Some(_)) => "FAILING",
            (true, None) => "ACTIVE",
        },
        signing_key: key.unwrap_or_default(),
    }))
}
