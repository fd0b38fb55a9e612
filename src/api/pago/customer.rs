//! `/api/customers`: list and get.

use serde::Serialize;

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{CurrencyCode, Money, Time},
};
use crate::{
    api::failure::Failure,
    http::Response,
    json,
    shop::{
        customer::{self, Customer},
        money::Currency,
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let page = customer::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    // What is no number is nobody's; nor is one that the database can't have.
    let digits = id.len() <= 15 && id.bytes().all(|b| b.is_ascii_digit());
    let number = id.parse().ok().filter(|_| digits).ok_or_else(Failure::not_found)?;
    let customer = customer::get(call.app, call.account, number).await?;
    Ok(Response::json(200, object(&customer)))
}

pub fn object(customer: &Customer) -> String {
    json::to_text(&Body {
        id: customer.id,
        email: &customer.email,
        orders_count: customer.orders,
        paid_orders_count: customer.paid_orders,
        total_spent: Money::minor(customer.paid_value, Currency::USD),
        currency: CurrencyCode(Currency::USD.code()),
        first_order_id: &customer.first_order_id,
        first_order_at: Time::at(customer.first_order_at),
        last_order_id: &customer.last_order_id,
        last_order_at: Time::at(customer.last_order_at),
        created_at: Time::at(customer.first_order_at),
        updated_at: Time::at(customer.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Customer"))]
pub struct Body<'a> {
    /// Identifies the customer in this account.
    id: i64,
    /// As it was typed with the last order. Spellings of one mailbox are one customer.
    email: &'a str,
    /// How many orders were made.
    orders_count: i64,
    /// How many of them are completed now: what is refunded or charged back counts no more.
    paid_orders_count: i64,
    /// What the completed ones were worth, at the rates of their time; a part that was refunded is not
    /// taken off, and an order whose rate wasn't known adds nothing.
    total_spent: Money,
    /// Of the total: always `USD`.
    currency: CurrencyCode<'a>,
    /// Their first order.
    first_order_id: &'a str,
    /// When that was made.
    first_order_at: Time,
    /// Their last order.
    last_order_id: &'a str,
    /// When that was made.
    last_order_at: Time,
    /// The same as `first_order_at`.
    created_at: Time,
    /// When anything of it last changed.
    updated_at: Time,
}
