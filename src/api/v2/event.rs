//! The bodies of webhooks in this dialect: an event about an order is the order object, and so with the others.

use super::{feedback, order, product, query, webhook};
use crate::shop::{
    EventSerializer, feedback::Feedback, order::Order, product::Product, query::Query, webhook::Endpoint,
};

pub struct Events;

impl EventSerializer for Events {
    fn endpoint(&self, endpoint: &Endpoint) -> String {
        webhook::endpoint_object(endpoint)
    }

    fn feedback(&self, feedback: &Feedback) -> String {
        feedback::object(feedback)
    }

    fn order(&self, order: &Order) -> String {
        order::object(order)
    }

    /// Where its image lies is said from the root on: an event knows no request's origin.
    fn product(&self, product: &Product) -> String {
        product::object(product, "")
    }

    fn query(&self, query: &Query) -> String {
        query::object(query)
    }
}
