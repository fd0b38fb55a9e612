//! `/api/abandoned_carts`: list, get, and the seller's notes.

use serde::Serialize;

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{CurrencyCode, Money, Time, values},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json,
    shop::order::cart::{self, Cart, MAX_NOTES},
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let page = cart::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let cart = cart::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&cart)))
}

/// `{notes}`
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "abandoned_cart")?;
    let sent = fields.has("notes");
    let notes = fields.text("notes", MAX_NOTES);
    fields.finish()?;
    if !sent {
        return Err(Failure::invalid("Notes must be sent: null takes them away"));
    }
    let cart = cart::set_notes(call.app, call.account, id, notes.as_deref()).await?;
    Ok(Response::json(200, object(&cart)))
}

values! {
    CartStatus(&'static str) = {"type": "string", "enum": ["open", "abandoned", "recovered"]}
}

pub fn object(cart: &Cart) -> String {
    let status = match (cart.abandoned_at, cart.recovered_at) {
        (_, Some(_)) => "recovered",
        (Some(_), None) => "abandoned",
        (None, None) => "open",
    };
    json::to_text(&Body {
        id: &cart.id,
        order_id: &cart.id,
        status: CartStatus(status),
        email: cart.email.as_deref(),
        total: Money::of(cart.price),
        currency: CurrencyCode(cart.price.currency().code()),
        items: [Item {
            product_id: Some(cart.product_id.as_str()).filter(|id| *id != "pay"),
            title: &cart.product_title,
            quantity: cart.quantity,
        }],
        url: &cart.url,
        notes: cart.notes.as_deref(),
        created_at: Time::at(cart.created_at),
        abandoned_at: Time::maybe(cart.abandoned_at),
        recovered_at: Time::maybe(cart.recovered_at),
        updated_at: Time::at(cart.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "AbandonedCart"))]
pub struct Body<'a> {
    /// Identifies the cart: it is the id of its order.
    id: &'a str,
    /// The same, for `/api/orders`.
    order_id: &'a str,
    /// `open` in the event that tells of a new one; `abandoned`; `recovered` once it was completed
    /// after all.
    status: CartStatus,
    /// The buyer's e-mail, if it is known.
    email: Option<&'a str>,
    /// What was to be paid.
    total: Money,
    /// Of the total, ISO 4217.
    currency: CurrencyCode<'a>,
    /// What was to be bought: always one item.
    items: [Item<'a>; 1],
    /// The order's page, where it can still be paid. Whoever has this address can, and sees there what
    /// was bought: give it to the buyer alone.
    url: &'a str,
    /// The seller's.
    notes: Option<&'a str>,
    /// When the order was made.
    created_at: Time,
    /// When its time was over: an hour after a price in coins has run out, or when the gateway's page
    /// has ended.
    abandoned_at: Option<Time>,
    /// When it was completed after all.
    recovered_at: Option<Time>,
    /// When anything of it last changed.
    updated_at: Time,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
struct Item<'a> {
    /// The product; `null` where the seller named title and price.
    product_id: Option<&'a str>,
    /// As it was called then.
    title: &'a str,
    /// How many.
    quantity: u32,
}
