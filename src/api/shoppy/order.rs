//! `/orders`: list and get.

use serde::Serialize;

use super::{
    ApiResult, Call, page,
    wire::{Bit, Moment, Number, gateway, values},
};
use crate::{
    http::Response,
    json::{self, Map, Value},
    shop::{
        money::Amount,
        order::{self, Delivery, Filter, Order, Status},
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let number = page::wanted(call)?;
    let page = order::list(call.app, call.account, &Filter::default(), number, page::PER_PAGE).await?;
    Ok(page::answer(number, &page, object))
}

/// `name`: its number, or its `invoice_id`.
pub async fn get(call: &Call<'_>, name: &str) -> ApiResult {
    let order = order::named(call.app, call.account, name).await?;
    Ok(Response::json(200, object(&order)))
}

values! {
    /// Of a gateway, as orders name it.
    GatewayCode<'a>(&'a str) = {"type": "string", "enum": crate::shop::gateway::Gateway::ALL.map(gateway)}
}

/// The document's order object, field for field.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Order"))]
pub(super) struct Body<'a> {
    /// Its number in your list of orders.
    order_id: i64,
    /// Identifies the order everywhere; the `id` of `/api/v2`.
    invoice_id: &'a str,
    /// When it was paid in full.
    paid_at: Option<Moment>,
    /// The number of its product; `null` for a payment.
    product_id: Option<i64>,
    /// The first transaction that pays it; of PayPal and Stripe their id of the payment.
    transaction_id: Option<&'a str>,
    /// 1 once the buyer has the goods, of a payment once it is paid.
    delivered: Bit,
    /// Of the payment; `null` where no coins are paid.
    confirmations: Option<u32>,
    /// What has come: coins, or money at PayPal and Stripe.
    received_amount: Number,
    /// Where the coins go; `null` where no coins are paid.
    crypto_address: Option<&'a str>,
    /// How many coins are to be paid; `null` where no coins are paid.
    crypto_amount: Option<Number>,
    /// The price, in the order's own currency.
    original_price: Number,
    /// The address that the buyer came from.
    ip_address: Option<&'a str>,
    /// The buyer's e-mail.
    email: Option<&'a str>,
    /// Where the buyer came from; empty when nobody knows.
    http_referer: &'a str,
    /// How it is paid: `BTC`, `LTC`, `ETH`, `PayPal` or `Stripe`.
    payment_gateway: GatewayCode<'static>,
    /// What the buyer filled in, or your own data of a payment.
    custom_fields: Vec<CustomField>,
    /// When PayPal or Stripe took the money back or held it.
    disputed_at: Option<Moment>,
    /// The buyer's browser, in its own words.
    http_useragent: Option<&'a str>,
    /// When it was made.
    created_at: Moment,
    /// The payment that it came by.
    pay_id: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct CustomField {
    /// What was asked.
    name: String,
    /// The answer.
    value: String,
}

pub(super) fn object(order: &Order) -> String {
    json::to_text(&body(order))
}

fn body(order: &Order) -> Body<'_> {
    let Order { buyer, invoice, .. } = order;
    let in_coins = order.gateway.coin().is_some();
    let received = match in_coins {
        true => Number::coins(invoice.received),
        false => money(order.paid_value, order),
    };
    Body {
        order_id: order.seq,
        invoice_id: &order.id,
        paid_at: order.paid_at.map(Moment::at),
        product_id: order.product_seq,
        transaction_id: order.transaction_id.as_deref(),
        delivered: Bit::of(is_delivered(order)),
        confirmations: in_coins.then_some(invoice.confirmations),
        received_amount: received,
        crypto_address: invoice.index.filter(|_| in_coins).map(|_| invoice.address.as_str()),
        crypto_amount: (in_coins && invoice.value > 0).then(|| Number::coins(invoice.value)),
        original_price: Number::money(order.price),
        ip_address: buyer.ip_address.as_deref(),
        email: buyer.email.as_deref(),
        http_referer: buyer.referral.as_deref().unwrap_or_default(),
        payment_gateway: GatewayCode(gateway(order.gateway)),
        custom_fields: custom_fields(order),
        disputed_at: order.disputed_at.map(Moment::at),
        http_useragent: buyer.user_agent.as_deref(),
        created_at: Moment::at(order.created_at),
        pay_id: order.payment_id.as_deref(),
    }
}

fn money(minor: i64, order: &Order) -> Number {
    Number::money(Amount::new(minor.max(0), order.price.currency()).unwrap_or(order.price))
}

/// What comes of a payment is its webhook.
fn is_delivered(order: &Order) -> bool {
    match order.item {
        Some(_) => order.delivery == Some(Delivery::Delivered),
        None => order.status == Status::Completed,
    }
}

/// Answers are kept by the index of their input, which had a name then; what a seller sends along has names of its own.
fn custom_fields(order: &Order) -> Vec<CustomField> {
    let names: Vec<String> = order.custom_names.as_deref().and_then(json::from_text).unwrap_or_default();
    let fields: Map<String, Value> = order.custom.as_deref().and_then(json::from_text).unwrap_or_default();
    let field = |(key, value): (String, Value)| {
        let name = key.parse::<usize>().ok().and_then(|n| names.get(n)).cloned().unwrap_or(key);
        let value = match value {
            Value::String(text) => text,
            other => json::to_text(&other),
        };
        CustomField { name, value }
    };
    fields.into_iter().map(field).collect()
}
