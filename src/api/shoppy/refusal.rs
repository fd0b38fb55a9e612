//! Refusals in this dialect: the statuses of the document and no others, and one sentence for each mistake.

use serde::Serialize;

use crate::{api::failure::Failure, http::Response, json};

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Error"))]
pub struct Body<'a> {
    /// Always `false`.
    status: Refused,
    /// What is wrong. Of a request whose fields are wrong, a sentence for each, in the order of the fields.
    message: &'a str,
}

crate::api::values::values! {
    /// It was not done.
    Refused(bool) = {"type": "boolean", "enum": [false]}
}

pub fn answer(failure: Failure) -> Response {
    let message = match failure.errors.is_empty() {
        true => failure.message,
        false => failure.errors.join(". "),
    };
    let (status, later) = known(failure.status);
    let body = json::to_text(&Body { status: Refused(false), message: &message });
    let mut response = Response::json(status, body);
    response.headers.extend(failure.headers);
    if later && response.header("retry-after").is_none() {
        response = response.with("retry-after", "1");
    }
    response
}

/// The document's status for one of ours, and whether the same request may succeed a little later.
fn known(status: u16) -> (u16, bool) {
    match status {
        400 | 401 | 404 | 405 | 406 | 429 | 500 => (status, false),
        // A request under the same key is still running, or something changed at the same time.
        409 | 503 => (503, true),
        410 => (404, false),
        500.. => (500, false),
        // Too large, not to be read, or not allowed: it has to be another request.
        _ => (400, false),
    }
}
