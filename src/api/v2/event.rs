//! The bodies of webhooks in this dialect: an event about an order is the order object, and so with the others.

use super::{feedback, order, product, query, webhook};
use crate::shop::app::Serializers;

pub fn serializers() -> Serializers {
    Serializers::default()
        .with(webhook::endpoint_object)
        .with(feedback::object)
        .with(order::object)
        // Where a product's image lies is said from the root on: an event knows no request's origin.
        .with(|product| product::object(product, ""))
        .with(query::object)
}
