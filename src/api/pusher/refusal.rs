//! Refusals in this dialect: `{"errorType", "developerMessage", "violations"}`.

use serde::Serialize;

use crate::{
    api::failure::Failure,
    http::Response,
    json,
    platform::Fault,
    shop::{Error, Refusal},
};

/// A request that isn't done, and why in the words of this dialect.
#[derive(Debug)]
pub struct Refused {
    /// Boxed: every answer would be as large otherwise.
    pub failure: Box<Failure>,
    kind: &'static str,
    violations: Vec<Violation>,
}

/// What is wrong with one property.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    property_name: &'static str,
    developer_message: String,
}

impl Violation {
    pub fn of(property_name: &'static str, problem: impl Into<String>) -> Violation {
        Violation { property_name, developer_message: problem.into() }
    }
}

impl Refused {
    pub fn new(status: u16, kind: &'static str, message: &str) -> Refused {
        Refused { failure: Box::new(Failure::new(status, message)), kind, violations: Vec::new() }
    }

    /// 400 or 422, as the document has it for each property.
    pub fn violated(status: u16, violations: Vec<Violation>) -> Refused {
        Refused { violations, ..Refused::new(status, "CONSTRAINT_VIOLATION", "The request has invalid properties") }
    }

    pub fn into_response(self) -> Response {
        let Refused { failure, kind, violations } = self;
        let body = Body { error_type: kind, developer_message: &failure.message, violations: &violations };
        let mut response = Response::json(failure.status, json::to_text(&body));
        response.headers.extend(failure.headers);
        response
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    error_type: &'a str,
    developer_message: &'a str,
    violations: &'a [Violation],
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        let kind = match failure.status {
            401 => "UNAUTHORIZED",
            403 => "FORBIDDEN",
            404 => "NOT_FOUND",
            405 => "METHOD_NOT_ALLOWED",
            409 | 503 => "TEMPORARILY_UNAVAILABLE",
            429 => "TOO_MANY_REQUESTS",
            500.. => "INTERNAL_SERVER_ERROR",
            _ => "BAD_REQUEST",
        };
        // A sentence for each mistake, where the shop has them.
        let message = if failure.errors.is_empty() { failure.message.clone() } else { failure.errors.join(". ") };
        Refused { failure: Box::new(Failure { message, ..failure }), kind, violations: Vec::new() }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        match error {
            Error::Refused(Refusal::NotFound) => {
                Refused::new(404, "SUBSCRIPTION_NOT_FOUND", "There is no such subscription")
            }
            error => Failure::from(error).into(),
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Failure::from(fault).into()
    }
}
