//! The bodies of webhooks in this dialect: `{status, webhook_type, data}`.

use serde::Serialize;

use super::{
    product::{Field, MOST, field, kind},
    query,
    wire::{Bit, Int, Moment, Never, Number, gateway},
};
use crate::{
    json,
    shop::{
        app::Form,
        feedback::Feedback,
        gateway::Gateway,
        order::Order,
        product::{Kind, Product, input},
        query::Query,
        webhook::Event,
    },
};

/// The events that the document has a number for.
const EVENTS: [Event; 7] = [
    Event::OrderPaid,
    Event::OrderDisputed,
    Event::ProductOutOfStock,
    Event::ProductStockWarning,
    Event::FeedbackCreated,
    Event::QueryCreated,
    Event::QueryReplied,
];

/// Its number; 0 of what this API doesn't tell.
pub fn code(event: Event) -> u16 {
    EVENTS.iter().zip(1..).find(|(known, _)| **known == event).map_or(0, |(_, n)| n * 100)
}

pub fn form() -> Form {
    Form::of(&EVENTS).with(order).with(product).with(feedback).with(query)
}

#[derive(Serialize)]
struct Body<T> {
    status: bool,
    /// In events the document has it as a text.
    webhook_type: String,
    data: T,
}

fn body(event: Event, data: impl Serialize) -> String {
    json::to_text(&Body { status: true, webhook_type: code(event).to_string(), data })
}

#[derive(Serialize)]
struct OfOrder<'a> {
    order: OrderTold<'a>,
    product: ProductTold<'a>,
}

/// The document's four fields, and then what a receiver needs to know which order it is and what was paid.
#[derive(Serialize)]
struct OrderTold<'a> {
    email: Option<&'a str>,
    ip_address: Option<&'a str>,
    country_code: Option<&'a str>,
    user_agent: Option<&'a str>,
    order_id: i64,
    invoice_id: &'a str,
    pay_id: Option<&'a str>,
    original_price: Number,
    currency: &'a str,
    payment_gateway: &'static str,
    paid_at: Option<Moment>,
    disputed_at: Option<Moment>,
}

fn order(event: Event, order: &Order) -> String {
    let told = OrderTold {
        email: order.buyer.email.as_deref(),
        ip_address: order.buyer.ip_address.as_deref(),
        country_code: order.buyer.country_code.as_deref(),
        user_agent: order.buyer.user_agent.as_deref(),
        order_id: order.seq,
        invoice_id: &order.id,
        pay_id: order.payment_id.as_deref(),
        original_price: Number::money(order.price),
        currency: order.price.currency().code(),
        payment_gateway: gateway(order.gateway),
        paid_at: order.paid_at.map(Moment::at),
        disputed_at: order.disputed_at.map(Moment::at),
    };
    let product = match &order.product {
        Some(product) => of_product(product),
        None => of_order(order),
    };
    body(event, OfOrder { order: told, product })
}

#[derive(Serialize)]
struct OfProduct<'a> {
    product: ProductTold<'a>,
}

fn product(event: Event, product: &Product) -> String {
    body(event, OfProduct { product: of_product(product) })
}

/// The document's product, as its events have it: flags are numbers, and what are lists elsewhere are texts of PHP's.
#[derive(Serialize)]
struct ProductTold<'a> {
    product_id: i64,
    hashed_id: &'a str,
    created_at: Moment,
    updated_at: Moment,
    deleted_at: Never,
    seller_id: i64,
    title: &'a str,
    description: &'a str,
    #[serde(rename = "type")]
    kind: u8,
    email_message: &'a str,
    price: Number,
    stock_warning: i64,
    minimum_quantity: i64,
    maximum_quantity: i64,
    unlisted: Bit,
    webhook_url: Option<&'a str>,
    custom_fields: String,
    gateways: String,
    required_confirmations: i64,
    attachment_id: Option<i64>,
    attach_email_text: Bit,
}

fn of_product(product: &Product) -> ProductTold<'_> {
    let message = product.email_message.as_deref().unwrap_or_default();
    let inputs = input::read(product.custom.as_deref()).into_iter().enumerate().map(field);
    let gateways = product.gateways.split(',').filter_map(Gateway::parse).map(|it| php_text(it.name()));
    ProductTold {
        product_id: product.seq,
        hashed_id: &product.id,
        created_at: Moment::at(product.created_at),
        updated_at: Moment::at(product.updated_at),
        deleted_at: Never(()),
        seller_id: product.account_id,
        title: &product.title,
        description: &product.description,
        kind: kind(product.kind).0,
        email_message: message,
        price: Number::money(product.price),
        stock_warning: product.stock_warning.unwrap_or(0),
        minimum_quantity: product.minimum_quantity,
        maximum_quantity: product.maximum_quantity.unwrap_or(MOST),
        unlisted: Bit::of(product.unlisted),
        webhook_url: product.webhook_url.as_deref(),
        custom_fields: php_list(inputs.map(php_field)),
        gateways: php_list(gateways),
        required_confirmations: product.crypto_confirmations,
        attachment_id: product.file.as_ref().map(|_| product.seq),
        attach_email_text: Bit::of(!message.is_empty()),
    }
}

/// What an order itself knows of what it is for: a payment has no product, and a product may be gone.
fn of_order(order: &Order) -> ProductTold<'_> {
    let sold = order.item.as_ref().map_or(Kind::Service, |item| item.kind);
    let gateways = [order.gateway].into_iter().map(|it| php_text(it.name()));
    ProductTold {
        product_id: order.product_seq.unwrap_or(0),
        hashed_id: &order.product_id,
        created_at: Moment::at(order.created_at),
        updated_at: Moment::at(order.updated_at),
        deleted_at: Never(()),
        seller_id: order.account_id,
        title: &order.product_title,
        description: "",
        kind: kind(sold).0,
        email_message: "",
        price: Number::money(order.price),
        stock_warning: 0,
        minimum_quantity: 1,
        maximum_quantity: 1,
        unlisted: Bit::of(false),
        webhook_url: order.webhook_url.as_deref(),
        custom_fields: php_list(std::iter::empty()),
        gateways: php_list(gateways),
        required_confirmations: order.confirmations_needed.into(),
        attachment_id: None,
        attach_email_text: Bit::of(false),
    }
}

#[derive(Serialize)]
struct OfFeedback<'a> {
    feedback: FeedbackTold<'a>,
}

/// The feedback without its number: it has none before it is committed, and this is a part of that commit.
#[derive(Serialize)]
struct FeedbackTold<'a> {
    created_at: Moment,
    response: &'a str,
    rating: Int<-1, 1>,
    stars: Int<1, 5>,
    comment: &'a str,
    reply_id: &'a str,
    product_title: &'a str,
    invoice_id: &'a str,
}

fn feedback(event: Event, feedback: &Feedback) -> String {
    let feedback = FeedbackTold {
        created_at: Moment::at(feedback.created_at),
        response: &feedback.response,
        rating: Int(feedback.rating as i64),
        stars: Int(feedback.stars.into()),
        comment: &feedback.comment,
        reply_id: &feedback.id,
        product_title: &feedback.product_title,
        invoice_id: &feedback.order_id,
    };
    body(event, OfFeedback { feedback })
}

#[derive(Serialize)]
struct OfQuery<'a> {
    query: query::Body<'a>,
}

fn query(event: Event, query: &Query) -> String {
    body(event, OfQuery { query: query::body(query) })
}

/// `serialize` of PHP: a list of values that are written already.
fn php_list(items: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut count = 0;
    for item in items {
        text.push_str(&format!("i:{count};{item}"));
        count += 1;
    }
    format!("a:{count}:{{{text}}}")
}

/// Its length is counted in bytes.
fn php_text(text: &str) -> String {
    format!("s:{}:\"{text}\";", text.len())
}

fn php_field(field: Field) -> String {
    let required = if field.required { "true" } else { "false" };
    let pairs =
        [("name", field.name.as_str()), ("type", field.code.0), ("required", required), ("iterator", &field.iterator)];
    let pairs = pairs.map(|(name, value)| php_text(name) + &php_text(value)).concat();
    format!("a:4:{{{pairs}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_as_php_writes_them() {
        // The document's own.
        let uid = r#"[{"name":"UID","type":"number","required":true}]"#;
        let fields = php_list(input::read(Some(uid)).into_iter().enumerate().map(field).map(php_field));
        assert_eq!(
            fields,
            r#"a:1:{i:0;a:4:{s:4:"name";s:3:"UID";s:4:"type";s:1:"2";s:8:"required";s:4:"true";s:8:"iterator";s:1:"0";}}"#
        );
        let gateways = php_list(["Bitcoin", "Ethereum"].into_iter().map(php_text));
        assert_eq!(gateways, r#"a:2:{i:0;s:7:"Bitcoin";i:1;s:8:"Ethereum";}"#);
        assert_eq!(php_list([php_text("é")].into_iter()), "a:1:{i:0;s:2:\"é\";}");
    }
}
