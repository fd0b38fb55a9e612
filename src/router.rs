//! The door: every request comes in here and every answer goes out. What all answers share is added here, and machinery
//! that broke is logged here, once.

use crate::{
    api, checkout, consent,
    http::{self, Body, Method, Request, Response},
    platform::{ConfigError, EmailService, ServerUrl},
    shop::{App, id},
    storefront,
};

pub async fn answer(app: &App, mut request: Request) -> Response {
    let request_id = id::hex(&app.random::<16>());
    request.trim_headers();
    let head = request.method == Method::Head;
    if head {
        (request.method, request.head) = (Method::Get, true);
        // Ranges are for GET alone (RFC 9110, 14.2).
        request.headers.retain(|(name, _)| *name != "range");
    }
    if let Some(list) = mails_of_development(app, &request) {
        return finish(Response::found(list), head, &request_id);
    }
    let segments = request.segments();
    let response = if matches!(segments.first(), Some(&("pay" | "order" | "query"))) {
        checkout::answer(app, &request, &request_id).await
    } else if segments == ["oauth", "authorize"] {
        consent::answer(app, &request, &request_id).await
    } else if storefront::is_page(&segments) {
        storefront::answer(app, &request, &request_id).await
    } else {
        api::answer(app, &request, &request_id).await
    };
    finish(response, head, &request_id)
}

/// Where `/dev/mail` leads in development: the service on this machine, to which mails are posted,
/// lists them (`scripts/mail.mjs`). Anywhere else there is no such path.
fn mails_of_development(app: &App, request: &Request) -> Option<String> {
    let settings = &app.platform.settings;
    let asked = request.method == Method::Get && request.path == "/dev/mail" && settings.allow_insecure_urls;
    let EmailService::Api { url, .. } = &settings.email.as_ref().filter(|_| asked)?.service else { return None };
    let service = ServerUrl::parse(url).filter(ServerUrl::is_loopback)?;
    Some(format!("http://{}/", service.host()))
}

/// A deployment that lacks a setting answers everything with what it lacks.
pub fn unconfigured(missing: &ConfigError, request_id: &str) -> Response {
    finish(api::unavailable(&format!("This deployment is not configured. {}", missing.0)), false, request_id)
}

fn finish(mut response: Response, head: bool, request_id: &str) -> Response {
    if head {
        if let Body::Live(_) = response.body {
            response.status = 426;
        }
        response.body = Body::Empty;
    }
    let mut response = response
        .with("x-request-id", request_id)
        .with("strict-transport-security", "max-age=31536000; includeSubDomains")
        .with("x-content-type-options", "nosniff");
    for (name, _) in &mut response.headers {
        *name = http::documented(name);
    }
    response
}
