//! The wire: bytes become commands, outcomes become bytes. A dialect owns its field names, formats and statuses:
//! `/api/v2` is ours, `/api/1.0` Shoppy's, `/organizations` Zettle Pusher's. Beside them are `/oauth`, and the operator's
//! `/admin`.

use serde::Serialize;

use crate::{
    http::{Method, Request, Response},
    json,
    platform::LogLine,
    shop::{App, app::Serializers, catalog, network, oauth as grants, webhook::Dialect},
};

pub mod access;
mod accept;
mod admin;
mod attempts;
mod body;
mod coupon_fields;
mod custom_fields;
pub mod failure;
pub mod fields;
mod idempotency;
mod image;
pub mod limit;
mod multipart;
mod notification;
mod oauth;
mod page_links;
#[macro_use]
pub mod route;
pub mod pago;
mod price;
mod product_fields;
pub mod pusher;
mod schema;
pub mod shoppy;
pub mod v2;
mod values;

use failure::{Failure, quoted};
use limit::RateLimiter;

/// Every dialect's webhooks.
pub fn serializers() -> Serializers {
    Serializers::default()
        .with(Dialect::V2, v2::event::form())
        .with(Dialect::Shoppy, shoppy::event::form())
        .with(Dialect::Pusher, pusher::event::form())
        .with(Dialect::Pago, pago::event::form())
}

pub async fn answer(app: &App, request: &Request, request_id: &str) -> Response {
    let meter = &RateLimiter::new(app, request);
    let segments = request.segments();
    let public_url = app.platform.settings.public_url.as_deref();
    let answered = match segments.as_slice() {
        // Monitors ask it often, and it asks for one static file, once an isolate.
        ["healthz"] => healthz(app, request).await,
        ["admin" | "api" | "gateways" | "oauth" | "organizations", ..] if !is_private_line(app, request) => {
            Err(Failure::new(403, "All API requests must be made over HTTPS"))
        }
        // A browser adds the credentials that it knows. Only what changes something is refused.
        ["admin" | "api" | "organizations", ..]
            if request.method != Method::Get && request.is_cross_site(public_url) =>
        {
            Err(Failure::new(403, "Cross-site requests are not allowed"))
        }
        ["admin" | "api" | "gateways" | "oauth" | "organizations", ..] if let Some(encoding) = encoded(request) => {
            Err(encoding)
        }
        ["admin", rest @ ..] => {
            let answer = admin::answer(app, request, rest, meter).await;
            // There may be another shop, or one less, and an account or an application may be disabled.
            if request.method != Method::Get {
                catalog::forget_everything(app);
                grants::forget_everything(app);
            }
            answer
        }
        ["gateways", gateway, account_id] => notification::answer(app, request, gateway, account_id, meter).await,
        ["images", rest @ ..] => image::answer(app, request, rest).await,
        ["oauth", rest @ ..] => {
            let answer = oauth::answer(app, request, rest, meter).await;
            return meter.mark(answer.unwrap_or_else(|refused| {
                log(app, &refused.failure, &segments, meter.known_account(), request_id);
                refused.into_response()
            }));
        }
        [".well-known", "oauth-authorization-server"] => oauth::metadata(app, request),
        ["organizations", organization, "subscriptions", rest @ ..] => {
            let answer = pusher::answer(app, request, organization, rest, meter).await;
            return meter.mark(answer.unwrap_or_else(|refused| {
                log(app, &refused.failure, &segments, meter.known_account(), request_id);
                refused.into_response()
            }));
        }
        ["api", rest @ ..] if pago::is_path(rest) => pago::answer(app, request, rest, meter).await,
        ["api", "v2", rest @ ..] => v2::answer(app, request, rest, meter).await,
        ["api", "1.0", rest @ ..] => shoppy::answer(app, request, rest, meter).await,
        _ => Err(Failure::not_found()),
    };
    let response = answered.unwrap_or_else(|failure| {
        log(app, &failure, &segments, meter.known_account(), request_id);
        match segments.as_slice() {
            ["api", "1.0", ..] => shoppy::refusal::answer(failure),
            ["organizations", ..] => pusher::Refused::from(failure).into_response(),
            _ => failure.into_response(request_id),
        }
    });
    meter.mark(response)
}

/// Faults, and refusals that an operator counts: wrong keys and too many requests. What a client merely filled in wrongly
/// is for the client to read.
fn log(app: &App, failure: &Failure, segments: &[&str], account_id: Option<i64>, request_id: &str) {
    let line = match (&failure.fault, failure.status) {
        (Some(fault), _) => LogLine::error("request.failed").because(fault),
        (None, 401 | 403 | 429) => LogLine::info("request.refused").because(&failure.message),
        (None, _) => return,
    };
    let line =
        line.request(request_id).with("status", i64::from(failure.status)).with("route", route(segments).as_str());
    app.platform.log.write(match account_id {
        Some(id) => line.account(id),
        None => line,
    });
}

/// A path without the ids and whatever else a client may have put there, such as a key.
fn route(segments: &[&str]) -> String {
    let is_word = |part: &str| part.len() <= 20 && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let shown =
        segments.iter().take(5).map(|part| if is_word(part) || matches!(*part, "v2" | "1.0") { *part } else { ":id" });
    shown.fold(String::new(), |path, part| path + "/" + part)
}

/// Bodies are read as they are.
fn encoded(request: &Request) -> Option<Failure> {
    let encoding = request.header("content-encoding").filter(|value| !value.is_empty())?;
    let known = encoding.split(',').all(|name| name.trim().eq_ignore_ascii_case("identity"));
    let sentence = format!("Content-Encoding {} is not supported. Send the body as it is", quoted(encoding));
    (!known).then(|| Failure::new(415, &sentence))
}

/// The key must not cross a network in the clear. Development, where the operator said so, is on loopback.
fn is_private_line(app: &App, request: &Request) -> bool {
    request.is_secure() || app.platform.settings.allow_insecure_urls
}

/// Whether this Worker runs, and of when its lists of networks and domains are: null where it has none.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    data: Option<Vec<network::Source>>,
}

async fn healthz(app: &App, request: &Request) -> Result<Response, Failure> {
    match request.method {
        Method::Get => {
            let health = Health { status: "ok", version: env!("CARGO_PKG_VERSION"), data: network::sources(app).await };
            Ok(Response::json(200, json::to_text(&health)))
        }
        _ => Err(Failure::not_allowed("GET, HEAD")),
    }
}

/// A 503 with this message.
pub fn unavailable(message: &str) -> Response {
    Failure::new(503, message).into_response("")
}
