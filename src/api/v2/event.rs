//! The bodies of webhooks in this dialect: an event about an order is the order object.

use super::order;
use crate::shop::{Voice, order::Order};

pub struct Events;

impl Voice for Events {
    fn order(&self, order: &Order) -> String {
        order::object(order)
    }
}
