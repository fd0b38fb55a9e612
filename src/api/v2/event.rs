//! The bodies of webhooks in this dialect: an event about an order is the order object, and so with the others.

pub use super::webhook::EVENTS;
use super::{blocked, feedback, order, product, query, webhook};
#[cfg(not(target_arch = "wasm32"))]
use crate::json;
use crate::shop::app::Form;

/// What a log's payload may be. Whoever takes the first that fits must not find one that is a part of another.
#[cfg(not(target_arch = "wasm32"))]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "it is described, and never made")]
pub(super) enum Payload {
    Order(order::Body<'static>),
    Blocked(blocked::Body<'static>),
    Product(product::Body<'static>),
    Feedback(feedback::Body<'static>),
    Query(query::Body<'static>),
    Endpoint(webhook::EndpointBody<'static>),
    /// What an endpoint of another format was sent.
    Other(json::Map<String, json::Value>),
}

pub fn form() -> Form {
    Form::of(&EVENTS)
        .with(|_, endpoint| webhook::endpoint_object(endpoint))
        .with(|_, attempt| blocked::object(attempt))
        .with(|_, feedback| feedback::object(feedback))
        .with(|_, order| order::object(order))
        // Where a product's image lies is said from the root on: an event knows no request's origin.
        .with(|_, product| product::object(product, ""))
        .with(|_, query| query::object(query))
}
