//! `/products`: list and get.

use serde::Serialize;

use super::{
    ApiResult, Call, page,
    wire::{Bit, Moment, Number, values},
};
use crate::{
    http::Response,
    json,
    shop::{
        account,
        gateway::Gateway,
        product::{
            self, Kind, Product,
            input::{self, Input, InputKind},
        },
    },
};

/// The most of one order, where the product sets no bound.
pub(super) const MOST: i64 = 1_000_000;
/// Our own blue (`--act` in src/checkout/style.css), of shops that have set no colour.
const BLUE: &str = "#2451d6";

pub async fn list(call: &Call<'_>) -> ApiResult {
    let number = page::wanted(call)?;
    let color = color(call).await?;
    let page = product::list(call.app, call.account, number, page::PER_PAGE).await?;
    Ok(page::answer(number, &page, |product| json::to_text(&body(product, &color))))
}

/// `name`: its number, or its `hashed_id`.
pub async fn get(call: &Call<'_>, name: &str) -> ApiResult {
    let color = color(call).await?;
    let product = product::named(call.app, call.account, name).await?;
    Ok(Response::json(200, json::to_text(&body(&product, &color))))
}

async fn color(call: &Call<'_>) -> Result<String, super::Failure> {
    let shop = account::shop(call.app, call.account).await?;
    Ok(shop.accent_color.unwrap_or_else(|| BLUE.to_owned()))
}

values! {
    /// 1 serials, 2 a service, 3 a file, 4 what your server answers.
    TypeId(u8) = {"type": "integer", "enum": [1, 2, 3, 4]}

    TypeValue(&'static str) = {"type": "string", "enum": ["Account", "Service", "File", "Dynamic"]}

    TypeLabel(&'static str) = {"type": "string", "enum": ["success", "info", "primary", "warning"]}

    GatewayName<'a>(&'a str) = {"type": "string", "enum": Gateway::ALL.map(Gateway::name)}

    FieldCode(&'static str) = {"type": "string", "enum": ["1", "2", "3", "4"]}

    FieldType(&'static str) = {"type": "string", "enum": ["text", "number", "checkbox", "select"]}
}

/// The document's product object, field for field.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Product"))]
pub(super) struct Body<'a> {
    /// Its number in your list of products.
    product_id: i64,
    /// Identifies the product everywhere; the `id` of `/api/v2`.
    hashed_id: &'a str,
    /// When it was made.
    created_at: Moment,
    /// When it was last changed.
    updated_at: Moment,
    /// What buyers see first.
    title: &'a str,
    /// What it is, in Markdown.
    description: &'a str,
    /// What is sold: 1 serials, 2 a service, 3 a file, 4 what your server answers.
    #[serde(rename = "type")]
    kind: TypeId,
    /// What you say in the mail that brings the goods; empty when you say nothing.
    email_message: &'a str,
    /// Of one, in the product's own currency.
    price: Number,
    /// You are told when fewer are left; 0 never.
    stock_warning: i64,
    /// How many an order must have at least.
    minimum_quantity: i64,
    /// How many an order may have at most.
    maximum_quantity: i64,
    /// Whether it is left out of the shop's listings.
    unlisted: bool,
    /// What buyers fill in.
    custom_fields: Vec<Field>,
    /// How it can be paid.
    gateways: Vec<GatewayName<'a>>,
    /// How many confirmations a payment in coins needs.
    required_confirmations: i64,
    /// The product's number when it has a file.
    attachment_id: Option<i64>,
    /// 1 when `email_message` says something.
    attach_email_text: Bit,
    /// How its page looks.
    theme: i64,
    /// Where the events of its orders go, or `false`.
    webhook_urls: Urls<'a>,
    /// The colour of your shop's buttons.
    theme_color: &'a str,
    /// The same as `type`.
    product_type_id: TypeId,
    /// Its name.
    product_type_value: TypeValue,
    /// The style of its label.
    product_type_label: TypeLabel,
}

#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
pub(super) enum Urls<'a> {
    Some([&'a str; 1]),
    None(bool),
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "ProductField"))]
pub(super) struct Field {
    /// What the buyer is asked for.
    pub name: String,
    /// 1 a text, 2 a number, 3 a checkbox, 4 a choice.
    #[serde(rename = "type")]
    pub code: FieldCode,
    /// Whether the buyer must answer.
    pub required: bool,
    /// Its place, from 0.
    pub iterator: String,
    /// `type` in a word.
    field_type: FieldType,
    /// Always empty: nothing stands there before.
    value: &'static str,
    /// Always `false`: the buyer sees it.
    hidden: bool,
}

fn body<'a>(product: &'a Product, color: &'a str) -> Body<'a> {
    let (id, value, label) = kind(product.kind);
    let message = product.email_message.as_deref().unwrap_or_default();
    let inputs = input::read(product.custom.as_deref());
    Body {
        product_id: product.seq,
        hashed_id: &product.id,
        created_at: Moment::at(product.created_at),
        updated_at: Moment::at(product.updated_at),
        title: &product.title,
        description: &product.description,
        kind: TypeId(id),
        email_message: message,
        price: Number::money(product.price),
        stock_warning: product.stock_warning.unwrap_or(0),
        minimum_quantity: product.minimum_quantity,
        maximum_quantity: product.maximum_quantity.unwrap_or(MOST),
        unlisted: product.unlisted,
        custom_fields: inputs.into_iter().enumerate().map(field).collect(),
        gateways: product.gateways.split(',').filter_map(Gateway::parse).map(|it| GatewayName(it.name())).collect(),
        required_confirmations: product.crypto_confirmations,
        attachment_id: product.file.as_ref().map(|_| product.seq),
        attach_email_text: Bit::of(!message.is_empty()),
        theme: product.theme,
        webhook_urls: product.webhook_url.as_deref().map_or(Urls::None(false), |url| Urls::Some([url])),
        theme_color: color,
        product_type_id: TypeId(id),
        product_type_value: TypeValue(value),
        product_type_label: TypeLabel(label),
    }
}

/// Its number, its name, and the style of its label.
pub(super) fn kind(kind: Kind) -> (u8, &'static str, &'static str) {
    match kind {
        Kind::Serials => (1, "Account", "success"),
        Kind::Service => (2, "Service", "info"),
        Kind::File => (3, "File", "primary"),
        Kind::Dynamic => (4, "Dynamic", "warning"),
    }
}

pub(super) fn field((n, input): (usize, Input)) -> Field {
    let (code, field_type) = match input.kind {
        InputKind::Text => ("1", "text"),
        InputKind::Number => ("2", "number"),
        InputKind::Checkbox => ("3", "checkbox"),
        InputKind::Select => ("4", "select"),
    };
    Field {
        name: input.name,
        code: FieldCode(code),
        required: input.required,
        iterator: n.to_string(),
        field_type: FieldType(field_type),
        value: "",
        hidden: false,
    }
}
