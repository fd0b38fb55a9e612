//! The door: every request comes in here and every answer goes out. What all answers share is added here, and machinery
//! that broke is logged here, once.

use crate::{
    api, checkout,
    http::{self, Body, Method, Request, Response},
    platform::ConfigError,
    shop::{App, id},
};

pub async fn answer(app: &App, mut request: Request) -> Response {
    let request_id = id::hex(&app.random::<16>());
    request.trim_headers();
    let head = request.method == Method::Head;
    if head {
        request.method = Method::Get;
    }
    let is_page = matches!(request.segments().first(), Some(&("pay" | "order" | "query")));
    let response = if is_page {
        checkout::answer(app, &request, &request_id).await
    } else {
        api::answer(app, &request, &request_id).await
    };
    finish(response, head, &request_id)
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
