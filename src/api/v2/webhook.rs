//! `/webhooks`: endpoints and logs.

use serde::Serialize;

use super::{
    ApiResult, Call, attempts,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json::{self, Raw, Value},
    shop::{
        Error, Refusal, sample,
        webhook::{
            self, Dialect, Endpoint, EndpointChange, Event, Log, NewEndpoint, Scope,
            enable::Updated,
            replay::{self, Replayed},
            simulate,
        },
    },
};

/// The events of this dialect: those of the reference, and what can happen to an endpoint, which is told to the others.
pub const EVENTS: [Event; 12] = [
    Event::OrderCreated,
    Event::OrderUpdated,
    Event::OrderPaid,
    Event::OrderBlocked,
    Event::ProductOutOfStock,
    Event::ProductStockWarning,
    Event::FeedbackCreated,
    Event::FeedbackUpdated,
    Event::QueryCreated,
    Event::QueryReplied,
    Event::EndpointFailing,
    Event::EndpointDisabled,
];

pub async fn endpoints(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let all = webhook::endpoints(call.app, call.account, Scope::SELLER).await?;
    let skip = (wanted.page as usize - 1).saturating_mul(wanted.per_page as usize);
    let page = all.iter().skip(skip).take(wanted.per_page as usize);
    Ok(wanted.answer(call, page.map(endpoint_object), all.len() as u64))
}

pub async fn endpoint(call: &Call<'_>, id: &str) -> ApiResult {
    let endpoint = webhook::endpoint(call.app, call.account, Scope::SELLER, id).await?;
    Ok(Response::json(200, endpoint_object(&endpoint)))
}

pub async fn create_endpoint(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "endpoint")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.app.platform.settings);
    if url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let format = format(&mut fields);
    let dialect = format.unwrap_or_default();
    let events = events(call, &mut fields, true, &[dialect]);
    let enabled = fields.flag("enabled").unwrap_or(true);
    fields.finish()?;
    let new = NewEndpoint::of(dialect, url.unwrap_or_default(), events.unwrap_or_default());
    let created = webhook::create_endpoint(call.app, call.account, NewEndpoint { enabled, ..new })?;
    call.commit(201, created, endpoint_object).await
}

pub async fn update_endpoint(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "endpoint")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.app.platform.settings);
    if fields.has("url") && url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let wanted: Vec<Dialect> = format(&mut fields).map_or(Scope::SELLER.dialects.to_vec(), |format| vec![format]);
    let events = events(call, &mut fields, false, &wanted);
    let enabled = fields.flag("enabled");
    fields.finish()?;
    // Only an endpoint whose format has all of these events: which one it has needn't be read for that.
    let all = events.clone().unwrap_or_default();
    let fitting = |dialect: &&Dialect| all.iter().all(|event| call.app.serializers.tells(**dialect, *event));
    let dialects: Vec<Dialect> = wanted.iter().filter(fitting).copied().collect();
    let scope = Scope { dialects: &dialects, ..Scope::SELLER };
    let change = EndpointChange { url, events, enabled, ..EndpointChange::default() };
    let updated = match webhook::update_endpoint(call.app, call.account, scope, id, change, Some(sample::of)).await {
        Err(Error::Refused(Refusal::NotFound)) if dialects.len() < Scope::SELLER.dialects.len() => {
            return Err(unfit(webhook::endpoint(call.app, call.account, Scope::SELLER, id).await?.dialect, &wanted));
        }
        updated => updated?,
    };
    let body = match updated {
        Updated::Done(endpoint) => endpoint_object(&endpoint),
        Updated::Back { endpoint, missed, since } => {
            endpoint_body(&endpoint, Some(Back { missed, missed_since: Time::at(since) }))
        }
        Updated::Unwilling(log) => {
            let code = log.response_code.to_string();
            let reason = if log.response_code == 0 { log.error.as_deref().unwrap_or("network") } else { &code };
            return Err(Failure::invalid(&format!(
                "Enabled can't be true before the endpoint accepts a test webhook ({reason}, log {})",
                log.id
            )));
        }
    };
    Ok(Response::json(200, body))
}

pub async fn destroy_endpoint(call: &Call<'_>, id: &str) -> ApiResult {
    webhook::destroy_endpoint(call.app, call.account, Scope::SELLER, id).await?;
    Ok(Response::empty(204))
}

/// Why an endpoint that is there was not changed.
fn unfit(dialect: Dialect, wanted: &[Dialect]) -> Failure {
    match wanted.contains(&dialect) {
        true => Failure::invalid(&format!("Events have some that are not told in the format {}", format_name(dialect))),
        false => Failure::invalid("Format can't be changed: add another endpoint"),
    }
}

fn format_name(dialect: Dialect) -> &'static str {
    FORMATS.iter().find(|(known, _)| *known == dialect).map_or("", |(_, name)| name)
}

fn format(fields: &mut Fields) -> Option<Dialect> {
    let name = fields.text("format", 32)?;
    let format = FORMATS.iter().find(|(_, known)| *known == name).map(|(dialect, _)| *dialect);
    if format.is_none() {
        fields.error(format!("Format is not included in the list ({})", FORMATS.map(|(_, name)| name).join(", ")));
    }
    format
}

/// A list without repeats; one name alone is a list too. Each must be told in one of these dialects.
fn events(call: &Call<'_>, fields: &mut Fields, required: bool, dialects: &[Dialect]) -> Option<Vec<Event>> {
    let is_told = |event: &Event| dialects.iter().any(|dialect| call.app.serializers.tells(*dialect, *event));
    let names: Vec<Value> = match fields.list("events") {
        None if required || fields.has("events") => Vec::new(),
        None => return None,
        Some(names) => names,
    };
    if names.is_empty() {
        fields.error("Events can't be blank");
        return None;
    }
    let mut events = Vec::new();
    for name in names {
        let name = name.as_str().unwrap_or_default();
        match Event::parse(name).filter(is_told) {
            Some(event) if !events.contains(&event) => events.push(event),
            Some(_) => {}
            None => {
                let known: Vec<&str> = Event::ALL.into_iter().filter(is_told).map(Event::name).collect();
                fields.error(format!("Events are not included in the list ({})", known.join(", ")));
                return None;
            }
        }
    }
    Some(events)
}

/// An event of this dialect.
fn known(name: &str) -> Option<Event> {
    Event::parse(name).filter(|event| EVENTS.contains(event))
}

fn known_events() -> String {
    let known: Vec<&str> = EVENTS.iter().map(|event| event.name()).collect();
    known.join(", ")
}

values! {
    #[cfg(not(target_arch = "wasm32"))]
    EventName<'a>(&'a str) = {"type": "string", "enum": EVENTS.map(Event::name)}

    /// Of an endpoint, whatever its format.
    EndpointEvent<'a>(&'a str) = {
        "type": "string",
        "enum": EVENTS.into_iter().chain([Event::OrderDisputed]).map(Event::name).collect::<Vec<_>>()
    }

    Format(&'static str) = {"type": "string", "enum": FORMATS.map(|(_, name)| name)}

    LoggedEvent<'a>(&'a str) = {"type": "string", "enum": Event::ALL.map(Event::name)}

    DisabledReason<'a>(&'a str) = {"type": "string", "enum": ["failing", "gone"]}
}

/// The dialects that a seller may choose for an endpoint, by their names here.
const FORMATS: [(Dialect, &str); 2] = [(Dialect::V2, "pushguard"), (Dialect::Shoppy, "shoppy")];

/// The reference's endpoint object, and beside it how it does: since when it only fails, when that will disable it, and
/// when and why that happened.
pub fn endpoint_object(endpoint: &Endpoint) -> String {
    endpoint_body(endpoint, None)
}

fn endpoint_body(endpoint: &Endpoint, back: Option<Back>) -> String {
    let moment = |at: Option<i64>| at.map(Time::at);
    let body = EndpointBody {
        id: &endpoint.id,
        url: &endpoint.url,
        enabled: endpoint.enabled,
        events: endpoint.events.iter().map(|event| EndpointEvent(event.name())).collect(),
        created_at: Time::at(endpoint.created_at),
        updated_at: Time::at(endpoint.updated_at),
        failing_since: moment(endpoint.failing_since),
        disables_at: moment(endpoint.disables_at()),
        disabled_at: moment(endpoint.disabled_at),
        disabled_reason: endpoint.disabled_reason.as_deref().map(DisabledReason),
        format: Format(format_name(endpoint.dialect)),
        back,
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "WebhookEndpoint"))]
pub(super) struct EndpointBody<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// Where events are sent, over HTTPS.
    url: &'a str,
    /// Whether anything is sent.
    enabled: bool,
    /// The events that are sent. `order:disputed` is told in the format `shoppy` alone, which has no
    /// `order:created`, `order:updated`, `order:blocked`, `feedback:updated` and none about endpoints.
    events: Vec<EndpointEvent<'static>>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// The first failure since anything was delivered.
    failing_since: Option<Time>,
    /// When it will be disabled, at the earliest, if it goes on failing: after five days, and three
    /// failures twelve hours apart.
    disables_at: Option<Time>,
    /// When it was disabled for you. Send `enabled` to have it back; it then starts with a clean
    /// record.
    disabled_at: Option<Time>,
    /// `failing`, or `gone` when it answered 410.
    disabled_reason: Option<DisabledReason<'a>>,
    /// In what form events are told: `pushguard`, ours, or `shoppy`, that of [Shoppy's
    /// API](/docs/shoppy), signed in `X-Shoppy-Signature`. It can't be changed.
    format: Format,
    #[serde(flatten)]
    back: Option<Back>,
}

/// What an endpoint missed that is enabled again.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct Back {
    /// In the answer that enables it again: how many events it wasn't delivered, of 20,000 at most
    /// that are looked at.
    missed: u32,
    /// Since when: give it to `POST /webhooks/replay` as `since`, with the endpoint's id, to have
    /// them sent.
    missed_since: Time,
}

pub async fn logs(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = webhook::logs(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|log| log_object(call, log)), page.total))
}

pub async fn log(call: &Call<'_>, id: &str) -> ApiResult {
    let log = webhook::log(call.app, call.account, id).await?;
    Ok(Response::json(200, log_object(call, &log)))
}

/// `{}` → 201 with the new log.
pub async fn retry(call: &Call<'_>, id: &str) -> ApiResult {
    call.commit(201, replay::retry(call.app, call.account, id).await?, |log| log_object(call, log)).await
}

/// A replay that is overtaken looks through the logs again, which costs the account's budget of a minute.
const MAX_REPLAY_ATTEMPTS: u32 = 3;

/// `{since, until?, endpoint_id?, only?: failed|all, latest_per_subject?, after?, dry_run?}` → 201 with what was sent again.
pub async fn replay(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "replay")?;
    let endpoint_id = fields.text("endpoint_id", 64);
    let before = fields.errors.len();
    let since = fields.time("since");
    if since.is_none() && fields.errors.len() == before {
        fields.error("Since can't be blank");
    }
    let until = fields.time("until");
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        fields.error("Until must be later than since");
    }
    let failed = match fields.text("only", 16).as_deref() {
        None | Some("failed") => true,
        Some("all") => false,
        Some(_) => {
            fields.error("Only is not included in the list (failed, all)");
            false
        }
    };
    let latest_per_subject = fields.flag("latest_per_subject").unwrap_or(false);
    let after = fields.text("after", 64);
    let dry_run = fields.flag("dry_run").unwrap_or(false);
    fields.finish()?;
    let since = since.unwrap_or_default();
    let wanted = replay::Wanted { endpoint_id, since, until, after, failed, latest_per_subject, dry_run };
    let object = |replayed: &Replayed| {
        let body = ReplayBody {
            matched: replayed.matched,
            replayed: replayed.log_ids.len(),
            remaining: replayed.remaining,
            next: replayed.next.as_deref(),
            dry_run,
            log_ids: &replayed.log_ids,
        };
        json::to_text(&body)
    };
    attempts(MAX_REPLAY_ATTEMPTS, async |attempt| {
        let replayed = replay::replay(call.app, call.account, &wanted, attempt).await?;
        call.commit(201, replayed, object).await
    })
    .await
}

/// `{url, event}` → 201 with the log of the sample.
pub async fn simulate(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "simulation")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.app.platform.settings);
    if url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let name = fields.required_text("event", 64);
    let event = name.as_deref().and_then(known);
    if name.is_some() && event.is_none() {
        fields.error(format!("Event is not included in the list ({})", known_events()));
    }
    fields.finish()?;
    let (Some(url), Some(event)) = (url, event) else {
        return Err(Failure::not_found());
    };
    let simulated = simulate::simulate(call.app, call.account, (Dialect::V2, url), event, sample::of)?;
    call.commit(201, simulated, |log| log_object(call, log)).await
}

/// The reference's log object, and beside it `error`: why no answer came, of which log it is a repetition, and whether it
/// is a sample.
fn log_object(call: &Call<'_>, log: &Log) -> String {
    let payload = log.body(call.app, call.account.id);
    let body = LogBody {
        id: &log.id,
        url: &log.url,
        payload: Raw(&payload),
        response: log.response.as_deref(),
        response_code: log.response_code,
        response_headers: Raw(log.response_headers.as_deref().unwrap_or("null")),
        retries: log.retries,
        event: LoggedEvent(&log.event),
        retry_limit: log.retry_limit,
        next_retry_at: log.next_retry_at.map(Time::at),
        created_at: Time::at(log.created_at),
        updated_at: Time::at(log.updated_at),
        error: log.error.as_deref(),
        replay_of: log.replay_of.as_deref(),
        simulated: log.simulated,
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "WebhookLog"))]
pub(super) struct LogBody<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// Where it was sent.
    url: &'a str,
    /// The body of the event.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "super::event::Payload"))]
    payload: Raw<'a>,
    /// The body that your receiver answered, cut off when it is long.
    response: Option<&'a str>,
    /// The status that it answered; 0 until there is an answer.
    response_code: i64,
    /// The headers that it answered.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<json::Map<String, json::Value>>"))]
    response_headers: Raw<'a>,
    /// How often it was sent again.
    retries: u32,
    /// What happened.
    event: LoggedEvent<'a>,
    /// How often it is sent again at most.
    retry_limit: u32,
    /// When it will be sent again.
    next_retry_at: Option<Time>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// Why there was no answer, or why not all of it is here: `too_large` when its body went on
    /// after 20 KB, `incomplete` when it broke off or didn't end in time. What the receiver got,
    /// `response_code` says.
    error: Option<&'a str>,
    /// The log whose payload this one sends again.
    replay_of: Option<&'a str>,
    /// Whether it is a sample that you asked for.
    simulated: bool,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Replay"))]
pub(super) struct ReplayBody<'a> {
    /// How many were found.
    matched: u32,
    /// How many are sent again.
    replayed: usize,
    /// How many were found and are left for another call.
    remaining: u32,
    /// Where that call has to go on; null when there is nothing more to look at.
    next: Option<&'a str>,
    /// Only count.
    dry_run: bool,
    /// The new logs, oldest first.
    log_ids: &'a [String],
}
