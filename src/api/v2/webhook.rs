//! `/webhooks`: endpoints and logs.

use serde::Serialize;

use super::{Answer, Call, page::Wanted};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json::{self, Raw, Value},
    notes::Meaning,
    shop::{
        sample, time,
        webhook::{
            self, Endpoint, Event, Log,
            enable::Updated,
            replay::{self, Replayed},
            simulate,
        },
    },
};

pub async fn endpoints(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let all = webhook::endpoints(call.shop, call.account).await?;
    let skip = (wanted.page as usize - 1).saturating_mul(wanted.per_page as usize);
    let page = all.iter().skip(skip).take(wanted.per_page as usize);
    Ok(wanted.answer(call, page.map(endpoint_object), all.len() as u64))
}

pub async fn endpoint(call: &Call<'_>, id: &str) -> Answer {
    let endpoint = webhook::endpoint(call.shop, call.account, id).await?;
    Ok(Response::json(200, endpoint_object(&endpoint)))
}

pub async fn create_endpoint(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "endpoint")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.shop.platform.settings);
    if url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let events = events(&mut fields, true);
    let enabled = fields.flag("enabled").unwrap_or(true);
    fields.finish()?;
    let (url, events) = (url.unwrap_or_default(), events.unwrap_or_default());
    let keep = |endpoint: &Endpoint| call.keep(201, &endpoint_object(endpoint));
    let endpoint = webhook::create_endpoint(call.shop, call.account, url, events, enabled, &keep).await?;
    Ok(Response::json(201, endpoint_object(&endpoint)))
}

pub async fn update_endpoint(call: &Call<'_>, id: &str) -> Answer {
    let mut fields = Fields::read(call.request, "endpoint")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.shop.platform.settings);
    if fields.has("url") && url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let events = events(&mut fields, false);
    let enabled = fields.flag("enabled");
    fields.finish()?;
    let body = match webhook::update_endpoint(call.shop, call.account, id, url, events, enabled, sample::of).await? {
        Updated::Done(endpoint) => endpoint_object(&endpoint),
        Updated::Back { endpoint, missed, since } => {
            endpoint_body(&endpoint, Some(Back { missed, missed_since: time::wire(since) }))
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

pub async fn destroy_endpoint(call: &Call<'_>, id: &str) -> Answer {
    webhook::destroy_endpoint(call.shop, call.account, id).await?;
    Ok(Response::empty(204))
}

/// A list without repeats; one name alone is a list too.
fn events(fields: &mut Fields, required: bool) -> Option<Vec<Event>> {
    fields.means("events", names);
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
        match Event::parse(name) {
            Some(event) if !events.contains(&event) => events.push(event),
            Some(_) => {}
            None => {
                fields.error(format!("Events are not included in the list ({})", known_events()));
                return None;
            }
        }
    }
    Some(events)
}

fn names() -> Meaning {
    Meaning::words(Event::ALL.iter().map(|event| event.name()))
}

fn known_events() -> String {
    let known: Vec<&str> = Event::ALL.iter().map(|event| event.name()).collect();
    known.join(", ")
}

/// The reference's endpoint object, and beside it how it does: since when it only fails, when that will disable it, and
/// when and why that happened.
pub fn endpoint_object(endpoint: &Endpoint) -> String {
    endpoint_body(endpoint, None)
}

fn endpoint_body(endpoint: &Endpoint, back: Option<Back>) -> String {
    let moment = |at: Option<i64>| at.map(time::wire);
    let body = EndpointBody {
        id: &endpoint.id,
        url: &endpoint.url,
        enabled: endpoint.enabled,
        events: endpoint.events.iter().map(|event| event.name()).collect(),
        created_at: time::wire(endpoint.created_at),
        updated_at: time::wire(endpoint.updated_at),
        failing_since: moment(endpoint.failing_since),
        disables_at: moment(endpoint.disables_at()),
        disabled_at: moment(endpoint.disabled_at),
        disabled_reason: endpoint.disabled_reason.as_deref(),
        back,
    };
    json::noted(&body, &[("events", names), ("disabled_reason", || Meaning::words(["failing", "gone"]))])
}

#[derive(Serialize)]
struct EndpointBody<'a> {
    id: &'a str,
    url: &'a str,
    enabled: bool,
    events: Vec<&'static str>,
    created_at: String,
    updated_at: String,
    failing_since: Option<String>,
    disables_at: Option<String>,
    disabled_at: Option<String>,
    disabled_reason: Option<&'a str>,
    #[serde(flatten)]
    back: Option<Back>,
}

/// What an endpoint missed that is enabled again.
#[derive(Serialize)]
struct Back {
    missed: u32,
    missed_since: String,
}

pub async fn logs(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let page = webhook::logs(call.shop, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(log_object), page.total))
}

pub async fn log(call: &Call<'_>, id: &str) -> Answer {
    let log = webhook::log(call.shop, call.account, id).await?;
    Ok(Response::json(200, log_object(&log)))
}

/// `{}` → 201 with the new log.
pub async fn retry(call: &Call<'_>, id: &str) -> Answer {
    let keep = |log: &Log| call.keep(201, &log_object(log));
    let log = replay::retry(call.shop, call.account, id, &keep).await?;
    Ok(Response::json(201, log_object(&log)))
}

/// `{since, until?, endpoint_id?, only?: failed|all, latest_per_subject?, after?, dry_run?}` → 201 with what was sent again.
pub async fn replay(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "replay")?;
    let endpoint_id = fields.text("endpoint_id", 64);
    let before = fields.errors.len();
    fields.means("since", || Meaning::Needed);
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
    fields.means("only", || Meaning::words(["failed", "all"]));
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
        json::noted(&body, &[])
    };
    let keep = |replayed: &Replayed| call.keep(201, &object(replayed));
    let replayed = replay::replay(call.shop, call.account, &wanted, &keep).await?;
    Ok(Response::json(201, object(&replayed)))
}

/// `{url, event}` → 201 with the log of the sample.
pub async fn simulate(call: &Call<'_>) -> Answer {
    let mut fields = Fields::read(call.request, "simulation")?;
    let before = fields.errors.len();
    let url = fields.hook_url("url", &call.shop.platform.settings);
    if url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    fields.means("event", names);
    let name = fields.required_text("event", 64);
    let event = name.as_deref().and_then(Event::parse);
    if name.is_some() && event.is_none() {
        fields.error(format!("Event is not included in the list ({})", known_events()));
    }
    fields.finish()?;
    let (Some(url), Some(event)) = (url, event) else {
        return Err(Failure::not_found());
    };
    let keep = |log: &Log| call.keep(201, &log_object(log));
    let log = simulate::simulate(call.shop, call.account, url, event, sample::of, &keep).await?;
    Ok(Response::json(201, log_object(&log)))
}

/// The reference's log object, and beside it `error`: why no answer came, of which log it is a repetition, and whether it
/// is a sample.
fn log_object(log: &Log) -> String {
    let body = LogBody {
        id: &log.id,
        url: &log.url,
        payload: Raw(&log.payload),
        response: log.response.as_deref(),
        response_code: log.response_code,
        response_headers: Raw(log.response_headers.as_deref().unwrap_or("null")),
        retries: log.retries,
        event: &log.event,
        retry_limit: log.retry_limit,
        next_retry_at: log.next_retry_at.map(time::wire),
        created_at: time::wire(log.created_at),
        updated_at: time::wire(log.updated_at),
        error: log.error.as_deref(),
        replay_of: log.replay_of.as_deref(),
        simulated: log.simulated,
    };
    json::noted(&body, &[("event", names)])
}

#[derive(Serialize)]
struct LogBody<'a> {
    id: &'a str,
    url: &'a str,
    payload: Raw<'a>,
    response: Option<&'a str>,
    response_code: i64,
    response_headers: Raw<'a>,
    retries: u32,
    event: &'a str,
    retry_limit: u32,
    next_retry_at: Option<String>,
    created_at: String,
    updated_at: String,
    error: Option<&'a str>,
    replay_of: Option<&'a str>,
    simulated: bool,
}

#[derive(Serialize)]
struct ReplayBody<'a> {
    matched: u32,
    replayed: usize,
    remaining: u32,
    next: Option<&'a str>,
    dry_run: bool,
    log_ids: &'a [String],
}
