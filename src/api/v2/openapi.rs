//! What requests hold, for the specification: native builds alone. Handlers read them with `Fields`,
//! which takes more than is promised here; `tests/it/openapi` sends what is promised, and what isn't.
//!
//! A field without a comment is described as the answer's field of its name. `PUT` requires none.
#![expect(dead_code, reason = "these are described, and never made")]

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::{
    blacklist::BlacklistType,
    blacklist_rule::ActionType,
    coupon::DiscountType,
    custom,
    order::{GatewayName, OrderStatus},
    product::{GatewaySlug, ProductType},
    query::Sender,
    webhook::{EndpointEvent, EventName, Format},
    wire::{CurrencyCode, Int, Time, values},
};
use crate::{
    api::schema::{Email, HttpsUrl, Percent, Price, Text},
    shop::gateway::Gateway,
};

pub use crate::api::route::Route;

mod account;

pub use account::{Account, ShownGateways, TakesPayments};

values! {
    GatewayChoice(()) = {"oneOf": [
        {"type": "string", "enum": Gateway::ALL.map(Gateway::name)},
        {
            "type": "array",
            "items": {"type": "string", "enum": Gateway::ALL.map(Gateway::name)},
            "minItems": 1,
            "maxItems": Gateway::ALL.len(),
            "uniqueItems": true
        }
    ]}

    OrderShare(()) = {"type": "string", "enum": ["exact", "partial", "over", "late"]}

    Which(()) = {"type": "string", "enum": ["failed", "all"]}
}

/// The query of every list.
#[derive(JsonSchema)]
pub struct Pages {
    /// Which page, from 1. A page past the end is an empty list.
    #[schemars(extend("default" = 1))]
    page: Option<Int<1, 100_000_000>>,
    /// How many items a page has. Values outside of 10 to 50 count as the nearest of them.
    #[schemars(extend("default" = 20))]
    per_page: Option<Int<10, 50>>,
}

/// The query of `GET /orders`.
#[derive(JsonSchema)]
pub struct OrderFilter {
    /// Only orders with this status.
    status: Option<OrderStatus>,
    /// Only orders that are paid so; in any case.
    gateway: Option<GatewayName<'static>>,
    /// Only orders of this buyer; in any case.
    email: Option<String>,
    /// Only orders of this product; `pay` for those that came through a payment.
    product_id: Option<String>,
    /// Only orders made after this time (ISO 8601); the very millisecond is not one of them.
    created_after: Option<Time>,
    /// Only orders made before this time, in the same way.
    created_before: Option<Time>,
}

/// The query of `GET /orders.csv`.
#[derive(JsonSchema)]
pub struct OrderTable {
    /// Which page, from 1. A page past the end has the line of names alone.
    #[schemars(extend("default" = 1))]
    page: Option<Int<1, 100_000_000>>,
    /// How many rows a page has.
    #[schemars(extend("default" = 1_000))]
    per_page: Option<Int<1, 1_000>>,
    /// Only orders with this status.
    status: Option<OrderStatus>,
    /// Only orders that are paid so; in any case.
    gateway: Option<GatewayName<'static>>,
    /// Only orders of this buyer; in any case.
    email: Option<String>,
    /// Only orders of this product; `pay` for those that came through a payment.
    product_id: Option<String>,
    /// Only orders made after this time (ISO 8601); the very millisecond is not one of them.
    created_after: Option<Time>,
    /// Only orders made before this time, in the same way.
    created_before: Option<Time>,
}

#[derive(JsonSchema)]
pub struct OrderApprove {
    /// Why, for the order's history.
    note: Option<Text<1_000>>,
}

#[derive(JsonSchema)]
pub struct OrderComplete {
    /// Why, for the order's history.
    note: Option<Text<1_000>>,
}

#[derive(JsonSchema)]
pub struct OrderDeliver {
    /// Also what was delivered already: your server is asked for a dynamic product once more.
    again: Option<bool>,
}

#[derive(JsonSchema)]
pub struct OrderRefund {
    /// How much goes back, in the order's currency; all of the payment unless you say. Only for PayPal
    /// and Stripe.
    amount: Option<Price>,
    /// The transaction by which you sent coins back. Needed for coins.
    txid: Option<Text<128>>,
}

#[derive(JsonSchema)]
pub struct OrderReplace {
    /// The bad one. Needed where the order has several.
    serial: Option<Text<4_096>>,
}

/// The query of an upload.
#[derive(JsonSchema)]
pub struct Upload {
    /// What the upload is called, when it isn't in a form that says so.
    filename: Option<String>,
}

#[derive(JsonSchema)]
pub struct BlacklistEntry {
    blacklist_type: BlacklistType,
    blocked_data: Text<254>,
    note: Option<Text<1_000>>,
    expires_at: Option<Time>,
}

#[derive(JsonSchema)]
pub struct OrderBlacklist {
    /// Whether the buyer's e-mail is listed; `true` unless you say otherwise.
    email: Option<bool>,
    /// Whether the address is listed that the buyer came from, of IPv6 its /64; `true` unless you
    /// say otherwise.
    ip: Option<bool>,
    /// Whether the country of that address is listed, with everybody in it.
    country: Option<bool>,
}

#[derive(JsonSchema)]
pub struct BlacklistRule {
    action_type: ActionType<'static>,
    name: Text<255>,
    rule: Text<4_096>,
    enabled: Option<bool>,
    priority: Option<Int<1, 999_999_999>>,
    expires_at: Option<Time>,
}

#[derive(JsonSchema)]
pub struct RuleTrial {
    /// The rule that is tried.
    rule: Text<4_096>,
    /// Only orders made since then.
    since: Option<Time>,
    /// How many orders are looked at.
    #[schemars(extend("default" = 5_000))]
    limit: Option<Int<1, 5_000>>,
}

#[derive(JsonSchema)]
pub struct Category {
    title: Text<255>,
    product_ids: Vec<String>,
    unlisted: Option<bool>,
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
pub struct Feedback {
    order_id: Text<64>,
    rating: Option<Int<-1, 1>>,
    stars: Option<Int<1, 5>>,
    comment: Option<Text<2_000>>,
}

#[derive(JsonSchema)]
pub struct FeedbackReply {
    response: Text<2_000>,
}

#[derive(JsonSchema)]
pub struct Payment {
    /// A product of yours that is bought. Title, price, confirmations, stock and delivery are the
    /// product's then, and `title`, `currency` and `value` must be left out.
    product_id: Option<Text<64>>,
    /// What is sold; the buyer sees it. Needed, unless a product is bought.
    title: Option<Text<255>>,
    /// The buyer's e-mail. Left out, the page asks for it.
    email: Option<Email>,
    /// Of the price, ISO 4217. Needed, unless a product is bought.
    currency: Option<CurrencyCode<'static>>,
    /// The price, above zero. Needed, unless a product is bought.
    value: Option<Price>,
    /// A code of one of your coupons, in any case; only for a product.
    coupon: Option<Text<64>>,
    /// How it is to be paid: `Bitcoin`, `Litecoin`, `Ethereum`, `PayPal` or `Stripe`, or several of them
    /// as a list, of which the buyer chooses one on the page. Upper and lower case are one. Each must be
    /// set up in your account. With `white_label` there is only one.
    gateway: GatewayChoice,
    /// How many confirmations the payment needs, whichever coin it is paid in; each wallet's setting
    /// unless you say.
    confirmations: Option<Int<0, 6>>,
    /// Another name of `confirmations`.
    crypto_confirmations: Option<Int<0, 6>>,
    /// Make the order at once, and show it on a page of your own.
    white_label: Option<bool>,
    /// The buyer's address, for an order without a page.
    ip_address: Option<Text<1_000>>,
    /// Where the page sends the buyer afterwards. Needed, unless `white_label`. The page adds
    /// `order_id`, `status`, `timestamp` and `signature` behind the URL's own query; while a replaced
    /// webhook secret still signs, `new_signature` as well. They are the *last* parameters of their
    /// names: when your URL has one of the same name, read the last.
    return_url: Option<HttpsUrl>,
    /// Gets the events of this one order, beside your endpoints.
    webhook_url: Option<HttpsUrl>,
    /// Anything of yours, up to 4,096 bytes: it comes back with the order.
    custom: Option<Map<String, Value>>,
    /// How many are sold for this price.
    quantity: Option<Int<1, 1_000_000>>,
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
    stock_delimiter: Option<Text<16>>,
    stock_amount: Option<Int<0, 1_000_000_000>>,
    theme: Option<Int<1, 100>>,
    crypto_confirmations: Option<Int<0, 6>>,
    max_risk_level: Option<Int<0, 100>>,
    dynamic_url: Option<HttpsUrl>,
    unique_serials: Option<bool>,
    info: Option<String>,
    /// Whether the serials in `info` that orders of this product hold or had are put in stock again.
    allow_repeats: Option<bool>,
    paypal_email_delivery: Option<bool>,
    webhook_url: Option<HttpsUrl>,
    custom: Option<Vec<CustomInput>>,
    stock_warning: Option<Int<1, 1_000_000_000>>,
    volume_discounts: Option<Vec<VolumeDiscountInput>>,
    email_message: Option<Text<2_000>>,
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
    name: Text<255>,
    #[schemars(rename = "type")]
    kind: custom::InputType<'static>,
    required: Option<bool>,
    options: Option<Vec<String>>,
}

#[derive(JsonSchema)]
pub struct Query {
    subject: Text<255>,
    email: Email,
    message: Text<20_000>,
    order_id: Option<Text<64>>,
}

#[derive(JsonSchema)]
pub struct QueryReply {
    message: Text<20_000>,
    /// Who writes; you, unless it says otherwise.
    from: Option<Sender<'static>>,
}

#[derive(JsonSchema)]
pub struct QueryClose {
    /// Whether it is solved, and not just closed.
    solved: Option<bool>,
}

#[derive(JsonSchema)]
pub struct Endpoint {
    url: HttpsUrl,
    events: Vec<EndpointEvent<'static>>,
    enabled: Option<bool>,
    format: Option<Format>,
}

#[derive(JsonSchema)]
pub struct Replay {
    /// Only this endpoint's.
    endpoint_id: Option<Text<64>>,
    /// From this time on. A day alone is its midnight in UTC.
    since: Time,
    /// Before this time.
    until: Option<Time>,
    /// `failed`, unless you say otherwise: what was not delivered, nor was any repetition of it.
    /// `all`: everything.
    only: Option<Which>,
    /// Of several events about one object to one receiver only the newest.
    latest_per_subject: Option<bool>,
    /// Go on after this log: the `next` of an earlier answer.
    after: Option<Text<64>>,
    /// Only count.
    dry_run: Option<bool>,
}

#[derive(JsonSchema)]
pub struct Sample {
    /// Where the sample is sent, over HTTPS.
    url: HttpsUrl,
    /// What the sample tells.
    event: EventName<'static>,
}

#[derive(JsonSchema)]
pub struct TestPayment {
    /// The order that is played with.
    order_id: Text<64>,
    /// How much comes: `exact` what is missing, `partial` half of it, `over` a tenth more, `late`
    /// what is missing after the price has run out.
    kind: OrderShare,
    /// So many of the coin's smallest unit instead.
    amount: Option<Int<1, 2_100_000_000_000_000>>,
    confirmations: Option<Int<0, 1_000>>,
}

#[derive(JsonSchema)]
pub struct TestBlocks {
    /// How many blocks come.
    count: Int<1, 1_000>,
    /// The order that is played with.
    order_id: Option<Text<64>>,
}

#[derive(JsonSchema)]
pub struct TestDoubleSpend {
    /// The order that is played with.
    order_id: Text<64>,
}
