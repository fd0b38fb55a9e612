//! What requests hold, for the specification: native builds alone.
//!
//! A field without a comment is described as the answer's field of its name. `PUT` requires none.
#![expect(dead_code, reason = "these are described, and never made")]

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::{
    coupon::DiscountType,
    event::Topic,
    order::{GatewaySlug as OrderGateway, OrderStatus},
    page::MAX_PER_PAGE,
    product::{GatewaySlug, ProductType},
    script::Integrity,
    wire::{CurrencyCode, Int, Time, values},
};
use crate::{
    api::{
        custom_fields::KINDS,
        schema::{HttpsUrl, Percent, Price, Text},
    },
    http::Method,
    shop::oauth::Scope,
};

/// A line of the route table.
pub struct Route {
    pub tag: &'static str,
    pub path: &'static [&'static str],
    pub method: Method,
    /// Room and verb.
    pub id: &'static str,
    pub scope: Option<Scope>,
    /// Its summary, an empty line, and its description.
    pub words: &'static str,
    pub takes: Option<SchemaOf>,
    pub status: u16,
    pub gives: SchemaOf,
    /// Refusals that not every route of its kind has.
    pub refuses: &'static [u16],
}

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

values! {
    InputType(()) = {"type": "string", "enum": KINDS}
}

/// The query of every list.
#[derive(JsonSchema)]
pub struct Pages {
    /// Which page, from 1. A page past the end is an empty list.
    #[schemars(extend("default" = 1))]
    page: Option<Int<1, 100_000_000>>,
    /// How many items a page has.
    #[schemars(extend("default" = 20))]
    per_page: Option<Int<1, { MAX_PER_PAGE as i64 }>>,
}

/// The query of `GET /orders`.
#[derive(JsonSchema)]
pub struct OrderFilter {
    /// Only orders with this status.
    status: Option<OrderStatus>,
    /// Only orders of this buyer; in any case.
    email: Option<String>,
    /// Only orders of this product; `pay` for those without one.
    product_id: Option<String>,
    /// Only orders that are paid so.
    gateway: Option<OrderGateway>,
    /// Only orders made then or later: ISO 8601, in any zone.
    created_at_min: Option<Time>,
    /// Only orders made then or earlier, in the same way.
    created_at_max: Option<Time>,
}

#[derive(JsonSchema)]
pub struct OrderComplete {
    /// Why, for the order's history.
    note: Option<Text<1_000>>,
}

#[derive(JsonSchema)]
pub struct OrderNote {
    note: Text<1_000>,
}

#[derive(JsonSchema)]
pub struct OrderDeliver {
    /// Also what was delivered already: the seller's server is asked for a dynamic product once more.
    again: Option<bool>,
}

#[derive(JsonSchema)]
pub struct OrderRefund {
    /// How much goes back, in the order's currency; all of the payment unless you say. Only for PayPal
    /// and Stripe.
    amount: Option<Price>,
    /// The transaction by which the seller sent coins back. Needed for coins.
    txid: Option<Text<128>>,
}

#[derive(JsonSchema)]
pub struct Product {
    title: Text<255>,
    description: Text<20_000>,
    currency: CurrencyCode<'static>,
    price: Price,
    product_type: ProductType,
    gateways: Vec<GatewaySlug<'static>>,
    private: Option<bool>,
    unlisted: Option<bool>,
    vpn_block: Option<bool>,
    seller_note: Option<Text<2_000>>,
    maximum_quantity: Option<Int<1, 1_000_000>>,
    minimum_quantity: Option<Int<1, 1_000_000>>,
    /// What stands between serials in `info`: a comma unless you say.
    stock_delimiter: Option<Text<16>>,
    stock_amount: Option<Int<0, 1_000_000_000>>,
    /// How its page looks.
    theme: Option<Int<1, 100>>,
    crypto_confirmations: Option<Int<0, 6>>,
    max_risk_level: Option<Int<0, 100>>,
    /// What answers with the goods, when the type is 3.
    dynamic_url: Option<HttpsUrl>,
    unique_serials: Option<bool>,
    /// What the buyer gets; of type 2, the serials in stock, which sending others replaces. Those that
    /// orders of this product hold or had don't come back so. It is never shown here.
    info: Option<String>,
    /// Whether the serials in `info` that orders of this product hold or had are put in stock again.
    allow_repeats: Option<bool>,
    /// What the seller says to the buyer in the mail that tells them their payment has come.
    email_message: Option<Text<2_000>>,
    /// Whether PayPal buyers get it at their PayPal e-mail.
    paypal_email_delivery: Option<bool>,
    /// Gets the events of this product's orders, in the words of `/api/v2`.
    webhook_url: Option<HttpsUrl>,
    custom: Option<Vec<CustomInput>>,
    stock_warning: Option<Int<1, 1_000_000_000>>,
    volume_discounts: Option<Vec<VolumeDiscountInput>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct VolumeDiscountInput {
    quantity: Int<2, 1_000_000>,
    percent: Percent,
}

#[derive(JsonSchema)]
#[schemars(inline)]
struct CustomInput {
    /// What the buyer is asked for.
    name: Text<255>,
    /// How the buyer answers.
    #[schemars(rename = "type")]
    kind: InputType,
    /// Whether the buyer must answer.
    required: Option<bool>,
    /// What the buyer chooses from, when the type is `select`.
    options: Option<Vec<String>>,
}

/// As it is answered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CustomInput")]
pub struct ShownInput {
    /// What the buyer is asked for.
    name: String,
    /// How the buyer answers.
    #[serde(rename = "type")]
    kind: InputType,
    /// Whether the buyer must answer.
    required: bool,
    /// What the buyer chooses from, when the type is `select`.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<String>>,
}

#[derive(JsonSchema)]
pub struct Coupon {
    code: Text<64>,
    discount_type: Option<DiscountType<'static>>,
    discount: Price,
    currency: Option<CurrencyCode<'static>>,
    product_ids: Option<Vec<String>>,
    max_uses: Option<Int<1, 1_000_000_000>>,
    expires_at: Option<Time>,
    max_uses_per_email: Option<Int<1, 1_000_000_000>>,
    minimum: Option<Price>,
    starts_at: Option<Time>,
}

#[derive(JsonSchema)]
pub struct CartNotes {
    /// `null` takes them away.
    #[schemars(required)]
    notes: Option<Text<2_000>>,
}

#[derive(JsonSchema)]
pub struct Script {
    src: HttpsUrl,
    integrity: Integrity<'static>,
}

#[derive(JsonSchema)]
pub struct Webhook {
    url: HttpsUrl,
    topics: Vec<Topic<'static>>,
    enabled: Option<bool>,
}

#[derive(JsonSchema)]
pub struct WebhookTest {
    /// What the sample tells; the webhook's first topic unless you say.
    topic: Option<Topic<'static>>,
}
