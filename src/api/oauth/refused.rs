//! Errors as clients of OAuth read them (RFC 6749, 5.2).

use serde::Serialize;

use crate::{api::failure::Failure, http::Response, json};

#[derive(Debug)]
pub struct Refused {
    error: &'static str,
    /// Its message is the description: ASCII without quotes and backslashes.
    pub failure: Box<Failure>,
}

impl Refused {
    pub fn new(error: &'static str, why: &str) -> Refused {
        Refused { error, failure: Box::new(Failure::new(400, why)) }
    }

    pub fn invalid(why: &str) -> Refused {
        Refused::new("invalid_request", why)
    }

    /// Whether there is no such client, or its secret is wrong, is not told.
    pub fn unknown_client() -> Refused {
        let mut failure = Failure::new(401, "The client is unknown, its secret is missing or wrong, or it has none");
        failure.headers.push(("www-authenticate", "Basic realm=\"oauth\"".to_owned()));
        Refused { error: "invalid_client", failure: Box::new(failure) }
    }

    pub fn into_response(self) -> Response {
        let Refused { error, failure } = self;
        let body = Body { error, error_description: &failure.message };
        let mut response = Response::json(failure.status, json::to_text(&body));
        response.headers.extend(failure.headers);
        response.with("cache-control", "no-store").with("pragma", "no-cache")
    }
}

/// What every window may refuse, in the words of this one.
impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        let error = match failure.status {
            429 | 503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        Refused { error, failure: Box::new(failure) }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
}
