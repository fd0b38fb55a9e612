//! `/webhooks`: endpoints and logs.

use super::{Answer, Call, page::Wanted};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{Json, Value},
    notes::Meaning,
    shop::{
        time,
        webhook::{self, Endpoint, Event, Log},
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
    let url = fields.url("url", call.shop.world.settings.allow_insecure_urls);
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
    let url = fields.url("url", call.shop.world.settings.allow_insecure_urls);
    if fields.has("url") && url.is_none() && fields.errors.len() == before {
        fields.error("Url can't be blank");
    }
    let events = events(&mut fields, false);
    let enabled = fields.flag("enabled");
    fields.finish()?;
    let endpoint = webhook::update_endpoint(call.shop, call.account, id, url, events, enabled).await?;
    Ok(Response::json(200, endpoint_object(&endpoint)))
}

pub async fn destroy_endpoint(call: &Call<'_>, id: &str) -> Answer {
    webhook::destroy_endpoint(call.shop, call.account, id).await?;
    Ok(Response::empty(204))
}

/// A list without repeats; one name alone is a list too.
fn events(fields: &mut Fields, required: bool) -> Option<Vec<Event>> {
    fields.means("events", names);
    let names: Vec<Value> = match fields.value("events") {
        None if required || fields.has("events") => Vec::new(),
        None => return None,
        Some(Value::Array(items)) => items.clone(),
        // `events[0]=…` of a form.
        Some(Value::Object(items)) => items.iter().map(|(_, item)| item.clone()).collect(),
        Some(one) => vec![one.clone()],
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
                let known: Vec<&str> = Event::ALL.iter().map(|event| event.name()).collect();
                fields.error(format!("Events are not included in the list ({})", known.join(", ")));
                return None;
            }
        }
    }
    Some(events)
}

fn names() -> Meaning {
    Meaning::words(Event::ALL.iter().map(|event| event.name()))
}

fn endpoint_object(endpoint: &Endpoint) -> String {
    Json::object(|json| {
        json.text("id", &endpoint.id);
        json.text("url", &endpoint.url);
        json.flag("enabled", endpoint.enabled);
        json.texts("events", endpoint.events.iter().map(|event| event.name()));
        json.means("events", names);
        json.text("created_at", &time::wire(endpoint.created_at));
        json.text("updated_at", &time::wire(endpoint.updated_at));
    })
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

/// The reference's log object, and beside it `error`: why no answer came.
fn log_object(log: &Log) -> String {
    Json::object(|json| {
        json.text("id", &log.id);
        json.text("url", &log.url);
        json.raw("payload", &log.payload);
        json.maybe("response", log.response.as_deref());
        json.int("response_code", log.response_code);
        json.raw("response_headers", log.response_headers.as_deref().unwrap_or("null"));
        json.maybe("error", log.error.as_deref());
        json.int("retries", log.retries);
        json.text("event", &log.event);
        json.means("event", names);
        json.int("retry_limit", log.retry_limit);
        json.maybe("next_retry_at", log.next_retry_at.map(time::wire).as_deref());
        json.text("created_at", &time::wire(log.created_at));
        json.text("updated_at", &time::wire(log.updated_at));
    })
}
