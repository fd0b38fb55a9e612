//! The bodies of webhooks in this dialect: an event about an order is the order object, and so with the others.

use super::{blocked, feedback, order, product, query, webhook};
use crate::shop::app::Serializers;

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
}

pub fn serializers() -> Serializers {
    Serializers::default()
        .with(webhook::endpoint_object)
        .with(blocked::object)
        .with(feedback::object)
        .with(order::object)
        // Where a product's image lies is said from the root on: an event knows no request's origin.
        .with(|product| product::object(product, ""))
        .with(query::object)
}
