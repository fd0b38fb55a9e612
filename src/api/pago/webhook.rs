//! `/api/webhooks`: where an application is told of what happens. It sees its own, and each topic needs the scope to read what it
//! tells.

use serde::Serialize;

use super::{
    ApiResult, Call,
    event::{TOPICS, Topic, topic},
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json::{self, Value},
    shop::{
        sample,
        webhook::{self, Dialect, Endpoint, EndpointChange, Event, Log, NewEndpoint, Scope, enable::Updated, simulate},
    },
};

impl Call<'_> {
    /// Whose webhooks these are: the app's, or those that were made with the API key.
    fn own(&self) -> Scope<'_> {
        Scope { dialects: &[Dialect::Pago], app_id: self.app_id() }
    }
}

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let all = webhook::endpoints(call.app, call.account, call.own()).await?;
    Ok(wanted.of_all(call, &all, object))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let endpoint = webhook::endpoint(call.app, call.account, call.own(), id).await?;
    Ok(Response::json(200, object(&endpoint)))
}

/// `{url, topics, enabled?}`
pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "webhook")?;
    let url = url(call, &mut fields, true);
    let events = topics(&mut fields, true);
    let enabled = fields.flag("enabled").unwrap_or(true);
    fields.finish()?;
    let (url, events) = (url.unwrap_or_default(), events.unwrap_or_default());
    may_read(call, &events)?;
    let new = NewEndpoint {
        enabled,
        app_id: call.app_id().map(str::to_owned),
        ..NewEndpoint::of(Dialect::Pago, url, events)
    };
    call.commit(201, webhook::create_endpoint(call.app, call.account, new)?, object).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "webhook")?;
    let sent = fields.has("url");
    let url = url(call, &mut fields, sent);
    let events = topics(&mut fields, false);
    let enabled = fields.flag("enabled");
    fields.finish()?;
    may_read(call, events.as_deref().unwrap_or_default())?;
    let change = EndpointChange { url, events, enabled, ..EndpointChange::default() };
    match webhook::update_endpoint(call.app, call.account, call.own(), id, change, Some(sample::of)).await? {
        Updated::Done(endpoint) | Updated::Back { endpoint, .. } => Ok(Response::json(200, object(&endpoint))),
        Updated::Unwilling(log) => {
            let code = log.response_code.to_string();
            let reason = if log.response_code == 0 { log.error.as_deref().unwrap_or("network") } else { &code };
            Err(Failure::invalid(&format!("Enabled can't be true before the webhook accepts a test ({reason})")))
        }
    }
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    webhook::destroy_endpoint(call.app, call.account, call.own(), id).await?;
    Ok(Response::empty(204))
}

/// `{topic?}` → 202: a sample is queued.
pub async fn test(call: &Call<'_>, id: &str) -> ApiResult {
    let endpoint = webhook::endpoint(call.app, call.account, call.own(), id).await?;
    let mut fields = Fields::read(call.request, "webhook")?;
    let name = fields.text("topic", 64);
    let event = match &name {
        Some(name) => event(&mut fields, name),
        None => told(&endpoint).next(),
    };
    fields.finish()?;
    let event = event.ok_or_else(Failure::not_found)?;
    may_read(call, &[event])?;
    let simulated = simulate::simulate(call.app, call.account, (Dialect::Pago, endpoint.url), event, sample::of)?;
    call.commit(202, simulated, |log| queued(log, event)).await
}

fn url(call: &Call<'_>, fields: &mut Fields, required: bool) -> Option<String> {
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.app.platform.settings);
    if required && url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    url
}

/// A list without repeats; one name alone is a list too.
fn topics(fields: &mut Fields, required: bool) -> Option<Vec<Event>> {
    let names: Vec<Value> = match fields.list("topics") {
        None if required || fields.has("topics") => Vec::new(),
        names => names?,
    };
    if names.is_empty() {
        fields.error("Topics can't be blank");
    }
    let mut events = Vec::new();
    for name in names {
        let event = event(fields, name.as_str().unwrap_or_default())?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    Some(events)
}

fn event(fields: &mut Fields, name: &str) -> Option<Event> {
    let known = TOPICS.iter().find(|(known, _, _)| *known == name);
    if known.is_none() {
        let all: Vec<&str> = TOPICS.iter().map(|(name, _, _)| *name).collect();
        fields.error(format!("Topics are not included in the list ({})", all.join(", ")));
    }
    known.map(|(_, event, _)| *event)
}

/// Whoever is told of something must be allowed to read it.
fn may_read(call: &Call<'_>, events: &[Event]) -> Result<(), Failure> {
    for (_, _, scope) in TOPICS.iter().filter(|(_, event, _)| events.contains(event)) {
        call.access.need(*scope)?;
    }
    Ok(())
}

values! {
    DisabledReason<'a>(&'a str) = {"type": "string", "enum": ["failing", "gone"]}
}

/// What it tells in this dialect. An app that was disconnected was told so, and then of nothing.
fn told(endpoint: &Endpoint) -> impl Iterator<Item = Event> {
    endpoint.events.iter().copied().filter(|event| !topic(*event).is_empty())
}

fn object(endpoint: &Endpoint) -> String {
    json::to_text(&Body {
        id: &endpoint.id,
        url: &endpoint.url,
        topics: told(endpoint).map(|event| Topic(topic(event))).collect(),
        enabled: endpoint.enabled,
        disabled_at: Time::maybe(endpoint.disabled_at),
        disabled_reason: endpoint.disabled_reason.as_deref().map(DisabledReason),
        created_at: Time::at(endpoint.created_at),
        updated_at: Time::at(endpoint.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Webhook"))]
pub struct Body<'a> {
    /// Identifies the webhook for as long as it exists.
    id: &'a str,
    /// Where it is sent, over HTTPS.
    url: &'a str,
    /// What it tells.
    topics: Vec<Topic<'static>>,
    /// Whether anything is sent.
    enabled: bool,
    /// When it was disabled because it failed for days, or answered 410. Send `enabled` to have it
    /// back.
    disabled_at: Option<Time>,
    /// `failing`, or `gone` when it answered 410.
    disabled_reason: Option<DisabledReason<'a>>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}

fn queued(log: &Log, event: Event) -> String {
    json::to_text(&Queued { id: &log.id, topic: Topic(topic(event)), created_at: Time::at(log.created_at) })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "QueuedTest"))]
pub struct Queued<'a> {
    /// What the test will have as its `id`.
    id: &'a str,
    /// What it tells.
    topic: Topic<'static>,
    /// When it was queued.
    created_at: Time,
}
