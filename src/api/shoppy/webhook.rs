//! `/webhooks`: what was sent, and how it was received.

use serde::Serialize;

use super::{
    ApiResult, Call, event, page,
    wire::{Moment, Never, values},
};
use crate::{
    http::Response,
    json::{self, Map, Raw, Value},
    shop::webhook::{self, Event, Log},
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let number = page::wanted(call)?;
    let page = webhook::logs(call.app, call.account, number, page::PER_PAGE).await?;
    Ok(page::answer(number, &page, |log| object(call, log)))
}

/// `name`: its number, or the `id` that it has in `/api/v2`.
pub async fn get(call: &Call<'_>, name: &str) -> ApiResult {
    let log = webhook::named_log(call.app, call.account, name).await?;
    Ok(Response::json(200, object(call, &log)))
}

values! {
    /// 100 order completed, 200 disputed, 300 out of stock, 400 low stock, 500 feedback, 600 ticket, 700 ticket
    /// reply; 0 what this API has no number for.
    TypeCode(u16) = {"type": "integer", "enum": [0, 100, 200, 300, 400, 500, 600, 700]}
}

/// The document's webhook object, field for field.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Webhook"))]
pub(super) struct Body<'a> {
    /// Its number in your list of webhooks.
    webhook_id: i64,
    /// Your account's number.
    seller_id: i64,
    /// When it was made.
    created_at: Moment,
    /// Always `null`: what is deleted is in no list.
    deleted_at: Never,
    /// When it was tried last.
    updated_at: Moment,
    /// 100 order completed, 200 disputed, 300 out of stock, 400 low stock, 500 feedback, 600 ticket, 700 ticket
    /// reply; 0 what this API has no number for.
    webhook_type: TypeCode,
    /// The number of the product that it is about; 0 where there is none.
    referenced_id: i64,
    /// The number of the order that it is about; 0 where there is none.
    order_id: i64,
    /// Where it was sent.
    endpoint: &'a str,
    /// What was sent.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Map<String, Value>"))]
    data: Raw<'a>,
    /// The status that came back; `null` until there is one.
    response_code: Option<i64>,
    /// How often it may still be sent again.
    retries_left: u32,
    /// What came back, cut off when it is long.
    response_body: Option<&'a str>,
}

fn object(call: &Call<'_>, log: &Log) -> String {
    // A receiver that reads the form of `/api/v2` was sent that.
    let sent = log.body(call.app, call.account.id);
    let said: Option<Map<String, Value>> = json::from_text(&sent);
    let number = |of: &str, name: &str| {
        let data = said.as_ref().filter(|_| log.dialect == webhook::Dialect::Shoppy)?.get("data")?;
        data.get(of)?.get(name)?.as_i64()
    };
    let body = Body {
        webhook_id: log.seq,
        seller_id: call.account.id,
        created_at: Moment::at(log.created_at),
        deleted_at: Never(()),
        updated_at: Moment::at(log.updated_at),
        webhook_type: TypeCode(code(log)),
        referenced_id: number("product", "product_id").unwrap_or(0),
        order_id: number("order", "order_id").unwrap_or(0),
        endpoint: &log.url,
        data: Raw(&sent),
        response_code: Some(log.response_code).filter(|code| *code != 0),
        retries_left: log.retry_limit.saturating_sub(log.retries),
        response_body: log.response.as_deref(),
    };
    json::to_text(&body)
}

/// What was sent, or of another form what its event would be.
fn code(log: &Log) -> u16 {
    Event::parse(&log.event).map_or(0, event::code)
}
