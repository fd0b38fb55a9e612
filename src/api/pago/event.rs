//! The topics of webhooks, and what they say.

use serde::Serialize;

use super::{
    cart, coupon, customer, order, product,
    wire::{Time, values},
};
use crate::{
    json::{self, Raw},
    shop::{
        app::Form,
        coupon::Coupon,
        customer::Customer,
        oauth::Scope,
        order::{Order, cart::Cart},
        product::{
            Product,
            event::{Changed, Removed},
        },
        webhook::{Envelope, Event},
    },
};

/// All topics of the reference, each with its event and the scope to read what it tells.
pub const TOPICS: [(&str, Event, Scope); 12] = [
    ("order_created", Event::OrderCreated, Scope::OrderRead),
    ("order_updated", Event::OrderUpdated, Scope::OrderRead),
    ("customer_created", Event::CustomerCreated, Scope::CustomerRead),
    ("customer_updated", Event::CustomerUpdated, Scope::CustomerRead),
    ("customer_deleted", Event::CustomerDeleted, Scope::CustomerRead),
    ("product_created", Event::ProductCreated, Scope::ProductRead),
    ("product_updated", Event::ProductUpdated, Scope::ProductRead),
    ("product_deleted", Event::ProductDeleted, Scope::ProductRead),
    ("coupon_created", Event::CouponCreated, Scope::CouponRead),
    ("coupon_updated", Event::CouponUpdated, Scope::CouponRead),
    ("cart_created", Event::CartCreated, Scope::AbandonedCartRead),
    ("cart_abandoned", Event::CartAbandoned, Scope::AbandonedCartRead),
];

/// Their events.
const EVENTS: [Event; 12] = [
    Event::OrderCreated,
    Event::OrderUpdated,
    Event::CustomerCreated,
    Event::CustomerUpdated,
    Event::CustomerDeleted,
    Event::ProductCreated,
    Event::ProductUpdated,
    Event::ProductDeleted,
    Event::CouponCreated,
    Event::CouponUpdated,
    Event::CartCreated,
    Event::CartAbandoned,
];

values! {
    Topic<'a>(&'a str) = {"type": "string", "enum": TOPICS.map(|(name, _, _)| name)}
}

pub fn topic(event: Event) -> &'static str {
    TOPICS.iter().find(|(_, known, _)| *known == event).map_or("", |(name, _, _)| name)
}

pub fn form() -> Form {
    Form::of(&EVENTS)
        .with(|_, order: &Order| order::object(order))
        // Where a product's page lies is said from the root on: an event knows no request's origin.
        .with(|_, product: &Product| product::object(product, ""))
        .with(|_, Changed { after, .. }: &Changed| product::object(after, ""))
        .with(|_, Removed(product): &Removed| product::object(product, ""))
        .with(|_, coupon: &Coupon| coupon::object(coupon))
        .with(|_, cart: &Cart| cart::object(cart))
        // The commit keeps the customer as the database has it; what is said of it is written when it is sent.
        .with(|_, customer: &Customer| json::to_text(customer))
        .within(webhook)
}

/// `{id, created_at, topic, data, account_id}`; `data` is a list of one.
fn webhook(envelope: &Envelope<'_>) -> String {
    let customer = match envelope.event {
        Event::CustomerCreated | Event::CustomerUpdated | Event::CustomerDeleted => {
            json::from_text::<Customer>(envelope.payload).map(|customer| customer::object(&customer))
        }
        _ => None,
    };
    json::to_text(&Body {
        id: envelope.log_id,
        created_at: Time::at(envelope.at),
        topic: Topic(topic(envelope.event)),
        data: [Raw(customer.as_deref().unwrap_or(envelope.payload))],
        account_id: envelope.account_id,
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "WebhookBody"))]
pub struct Body<'a> {
    /// Identifies the webhook: a repetition has the same.
    id: &'a str,
    /// When it happened.
    created_at: Time,
    /// What happened.
    topic: Topic<'a>,
    /// What it happened to: a list of one.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<json::Map<String, json::Value>>"))]
    data: [Raw<'a>; 1],
    /// The account that it happened in.
    account_id: i64,
}
