//! `/blocked`: list and get attempts to order that were refused.

use serde::Serialize;

use super::{
    ApiResult, Call,
    order::GatewayName,
    page::Wanted,
    risk,
    wire::{CurrencyCode, DecimalText, Time},
};
use crate::{
    http::Response,
    json,
    shop::blocked::{self, Blocked},
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = blocked::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let blocked = blocked::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&blocked)))
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "BlockedAttempt"))]
pub(super) struct Body<'a> {
    /// The reference number that the buyer was told.
    id: &'a str,
    /// The payment link that was started, if it was one.
    payment_id: Option<&'a str>,
    /// The product, or `pay` for a payment without one.
    product_id: &'a str,
    /// What was to be bought.
    product_title: &'a str,
    /// The buyer's e-mail.
    email: Option<&'a str>,
    /// The address that the buyer came from.
    ip_address: Option<&'a str>,
    /// The country of that address, ISO 3166-1 alpha-2.
    country_code: Option<&'a str>,
    /// The buyer's browser, in its own words.
    user_agent: Option<&'a str>,
    /// The price of the whole order.
    value: DecimalText,
    /// Of the price, ISO 4217.
    currency: CurrencyCode<'a>,
    /// How many were to be bought.
    quantity: u32,
    /// How it was to be paid, by the gateway's name.
    gateway: GatewayName<'a>,
    /// Why it was refused.
    risk: risk::Body<'a>,
    /// When it was refused.
    created_at: Time,
}

pub fn object(blocked: &Blocked) -> String {
    let body = Body {
        id: &blocked.id,
        payment_id: blocked.payment_id.as_deref(),
        product_id: &blocked.product_id,
        product_title: &blocked.product_title,
        email: blocked.email.as_deref(),
        ip_address: blocked.ip_address.as_deref(),
        country_code: blocked.country_code.as_deref(),
        user_agent: blocked.user_agent.as_deref(),
        value: DecimalText(blocked.price.wire()),
        currency: CurrencyCode(blocked.price.currency().code()),
        quantity: blocked.quantity,
        gateway: GatewayName(blocked.gateway.name()),
        risk: risk::body(&blocked.reasons, &blocked.facts),
        created_at: Time::at(blocked.created_at),
    };
    json::to_text(&body)
}
