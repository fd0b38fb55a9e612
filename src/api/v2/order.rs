//! `/orders`: list and get.

use super::{Answer, Call, page::Wanted};
use crate::{
    api::{failure::Failure, fields::label},
    http::Response,
    json::Json,
    notes::Meaning,
    shop::{
        order::{self, Order, Status},
        time,
    },
};

const FILTERS: [&str; 6] = ["status", "email", "product_id", "gateway", "created_after", "created_before"];

pub async fn list(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    // A filter that is ignored would make a shop deliver what nobody paid for.
    let asked = FILTERS.iter().filter(|name| call.request.param(name).is_some());
    let errors: Vec<String> = asked.map(|name| format!("{} can't be filtered by yet", label(name))).collect();
    if !errors.is_empty() {
        return Err(Failure::validation(errors));
    }
    let page = order::list(call.shop, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> Answer {
    let order = order::get(call.shop, call.account, id).await?;
    Ok(Response::json(200, object(&order)))
}

/// The reference's order object, field for field.
pub fn object(order: &Order) -> String {
    Json::object(|json| {
        json.text("id", &order.id);
        write(json, order);
    })
}

/// The white-label object: the reference's fields first, then the order's others.
pub fn white_label(order: &Order, url: &str) -> String {
    Json::object(|json| {
        json.text("id", &order.id);
        json.int("confirmations_needed", order.confirmations_needed);
        json.text("url", url);
        write(json, order);
    })
}

fn write(json: &mut Json, order: &Order) {
    let buyer = &order.buyer;
    let invoice = &order.invoice;
    json.text("product_id", &order.product_id);
    json.maybe("email", buyer.email.as_deref());
    json.maybe("ip_address", buyer.ip_address.as_deref());
    json.maybe("country_code", buyer.country_code.as_deref());
    json.text("product_title", &order.product_title);
    json.maybe("user_agent", buyer.user_agent.as_deref());
    json.text("value", &order.price.wire());
    json.means("value", || Meaning::Decimal);
    json.int("quantity", order.quantity);
    json.text("currency", order.price.currency().code());
    json.means("currency", || Meaning::Currency);
    json.text("gateway", order.gateway.name());
    json.int("risk_level", order.risk_level);
    json.int("status", order.status.code());
    json.means("status", || Meaning::Codes((0..=100).filter(|code| Status::from_code(*code).is_some()).collect()));
    json.maybe("delivered", order.delivered.as_deref().filter(|_| order.status == Status::Completed));
    json.int("crypto_value", invoice.value);
    json.text("crypto_address", &invoice.address);
    json.null("crypto_channel");
    json.int("crypto_received", invoice.received);
    json.int("crypto_confirmations", invoice.confirmations);
    json.maybe("referral", buyer.referral.as_deref());
    json.maybe("usd_value", order.usd_value.map(|amount| amount.wire()).as_deref());
    json.means("usd_value", || Meaning::Decimal);
    json.maybe("exchange_rate", order.exchange_rate.map(|rate| rate.wire()).as_deref());
    json.means("exchange_rate", || Meaning::Decimal);
    json.maybe("coupon_id", order.coupon_id.as_deref());
    json.raw("custom", order.custom.as_deref().unwrap_or("{}"));
    json.text("created_at", &time::wire(order.created_at));
    json.text("updated_at", &time::wire(order.updated_at));
}
