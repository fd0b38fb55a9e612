//! The wire: bytes become commands, outcomes become bytes. A dialect owns its field names, formats and statuses; today
//! there is one, `/api/v2`, and the operator's `/admin`.

use crate::{
    http::{Method, Request, Response},
    shop::Shop,
};

mod admin;
pub mod failure;
pub mod fields;
mod image;
mod limit;
mod multipart;
mod notice;
mod once;
pub mod v2;

use failure::Failure;
use limit::Meter;

pub async fn answer(shop: &Shop, request: &Request, request_id: &str) -> Response {
    let meter = &Meter::new(shop, request);
    let segments = request.segments();
    let answered = match segments.as_slice() {
        // Monitors ask it often, and it asks nobody.
        ["healthz"] => healthz(request),
        ["admin" | "api" | "gateways", ..] if !is_private_line(shop, request) => {
            Err(Failure::new(403, "All API requests must be made over HTTPS"))
        }
        ["admin", rest @ ..] => admin::answer(shop, request, rest, meter).await,
        ["gateways", gateway, account_id] => notice::answer(shop, request, gateway, account_id, meter).await,
        ["images", rest @ ..] => image::answer(shop, request, rest).await,
        ["api", "v2", rest @ ..] => v2::answer(shop, request, rest, meter).await,
        _ => Err(Failure::not_found()),
    };
    let response = answered.unwrap_or_else(|failure| {
        if let Some(fault) = &failure.fault {
            shop.world.log.warn(&format!("{request_id} {} failed: {fault}", request.path));
        }
        failure.into_response(request_id)
    });
    meter.mark(response)
}

/// The key must not cross a network in the clear. Development, where the operator said so, is on loopback.
fn is_private_line(shop: &Shop, request: &Request) -> bool {
    request.is_secure() || shop.world.settings.allow_insecure_urls
}

/// Whether this Worker runs; it asks nobody else.
fn healthz(request: &Request) -> Result<Response, Failure> {
    match request.method {
        Method::Get => {
            let version = env!("CARGO_PKG_VERSION");
            Ok(Response::json(200, format!(r#"{{"status":"ok","version":"{version}"}}"#)))
        }
        _ => Err(Failure::not_allowed("GET, HEAD")),
    }
}

/// A 503 with this message.
pub fn unavailable(message: &str) -> Response {
    Failure::new(503, message).into_response("")
}
