//! `/orders`: list and get.

use super::{Answer, Call, page::Wanted};
use crate::{
    api::{failure::Failure, fields::label},
    http::Response,
    json::Json,
    notes::{self, Meaning},
    shop::{
        gateway::Gateway,
        order::{self, Filter, Order, Status},
        text::{self, email},
        time,
    },
};

pub async fn list(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let filter = filter(call)?;
    let page = order::list(call.shop, call.account, &filter, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

/// A filter that is ignored would make a shop deliver what nobody paid for: what is blank or unknown is refused.
fn filter(call: &Call<'_>) -> Result<Filter, Failure> {
    let mut errors = Vec::new();
    let mut param = |name: &str, check: &mut dyn FnMut(&str) -> Result<(), &'static str>| {
        // A plus in a time stands for itself or for the space that it became; in the others it can only be a plus.
        let Some(text) = call.request.literal_param(name) else {
            return;
        };
        let text = text.trim();
        let problem = match text {
            "" => Err("can't be blank"),
            text if text.contains(char::REPLACEMENT_CHARACTER) => Err("is not valid UTF-8"),
            text => check(text),
        };
        if let Err(problem) = problem {
            errors.push(format!("{} {problem}", label(name)));
        }
    };
    notes::param("status", statuses);
    notes::param("gateway", gateways);
    for name in ["email", "product_id"] {
        notes::param(name, || Meaning::Asked);
    }
    for name in ["created_after", "created_before"] {
        notes::param(name, || Meaning::Time);
    }
    let mut filter = Filter::default();
    param("status", &mut |text| {
        filter.status = text.parse().ok().and_then(Status::from_code);
        filter.status.map(|_| ()).ok_or("is not included in the list")
    });
    param("email", &mut |text| {
        filter.email = Some(email::key(text));
        text::hidden(text::clean(text)).map_or(Ok(()), |_| Err("has invisible characters"))
    });
    param("product_id", &mut |text| {
        filter.product_id = Some(text.to_owned());
        Ok(())
    });
    param("gateway", &mut |text| {
        filter.gateway = Gateway::parse(text).map(|gateway| gateway.snake().to_owned());
        filter.gateway.as_ref().map(|_| ()).ok_or("is not included in the list")
    });
    let mut time = |name: &str| {
        let mut time = None;
        param(name, &mut |text| {
            time = time::parse(text);
            time.map(|_| ()).ok_or("is not a valid ISO 8601 time")
        });
        time
    };
    filter.after = time("created_after");
    filter.before = time("created_before");
    if errors.is_empty() { Ok(filter) } else { Err(Failure::validation(errors)) }
}

pub async fn get(call: &Call<'_>, id: &str) -> Answer {
    let order = order::get(call.shop, call.account, id).await?;
    Ok(Response::json(200, object(&order)))
}

pub fn gateways() -> Meaning {
    Meaning::words(Gateway::ALL.iter().map(|gateway| gateway.name()))
}

fn statuses() -> Meaning {
    Meaning::Codes((0..=100).filter(|code| Status::from_code(*code).is_some()).collect())
}

/// The reference's order object, field for field.
pub fn object(order: &Order) -> String {
    Json::object(|json| {
        json.text("id", &order.id);
        subject(json, order);
        buyer(json, order);
        price(json, order);
        json.int("risk_level", order.risk_level);
        status(json, order);
        delivered(json, order);
        crypto_value(json, order);
        crypto_address(json, order);
        json.null("crypto_channel");
        received(json, order);
        worth(json, order);
        extras(json, order);
        times(json, order);
        beyond(json, order);
    })
}

/// The reference's white-label object, and then the order's other fields.
pub fn white_label(order: &Order, url: &str) -> String {
    Json::object(|json| {
        json.text("id", &order.id);
        status(json, order);
        crypto_address(json, order);
        crypto_value(json, order);
        json.int("confirmations_needed", order.confirmations_needed);
        subject(json, order);
        price(json, order);
        json.null("crypto_channel");
        worth(json, order);
        times(json, order);
        json.text("url", url);
        buyer(json, order);
        json.int("risk_level", order.risk_level);
        delivered(json, order);
        received(json, order);
        extras(json, order);
        beyond(json, order);
    })
}

/// What the reference doesn't have.
fn beyond(json: &mut Json, order: &Order) {
    // A page's price is nobody's quote.
    let quoted = order.session.is_none();
    json.maybe("rate_source", quoted.then_some(order.invoice.rate_source.as_str()));
    json.maybe("rate_at", quoted.then(|| time::wire(order.invoice.rate_at)).as_deref());
    json.texts("exceptions", order.exceptions().into_iter());
}

/// Null where nothing is paid in coins, as in the reference; the address also once it was given back.
fn crypto_value(json: &mut Json, order: &Order) {
    json.maybe_int("crypto_value", order.session.is_none().then_some(order.invoice.value));
}

fn crypto_address(json: &mut Json, order: &Order) {
    json.maybe("crypto_address", order.invoice.index.map(|_| order.invoice.address.as_str()));
}

fn subject(json: &mut Json, order: &Order) {
    json.text("product_id", &order.product_id);
    json.maybe("email", order.buyer.email.as_deref());
}

fn buyer(json: &mut Json, order: &Order) {
    let buyer = &order.buyer;
    json.maybe("ip_address", buyer.ip_address.as_deref());
    json.maybe("country_code", buyer.country_code.as_deref());
    json.text("product_title", &order.product_title);
    json.maybe("user_agent", buyer.user_agent.as_deref());
}

fn price(json: &mut Json, order: &Order) {
    json.text("value", &order.price.wire());
    json.means("value", || Meaning::Decimal);
    json.int("quantity", order.quantity);
    json.text("currency", order.price.currency().code());
    json.means("currency", || Meaning::Currency);
    json.text("gateway", order.gateway.name());
    json.means("gateway", gateways);
}

fn status(json: &mut Json, order: &Order) {
    json.int("status", order.status.code());
    json.means("status", statuses);
}

fn delivered(json: &mut Json, order: &Order) {
    json.maybe("delivered", order.delivered.as_deref().filter(|_| order.status == Status::Completed));
}

fn received(json: &mut Json, order: &Order) {
    json.int("crypto_received", order.invoice.received);
    json.int("crypto_confirmations", order.invoice.confirmations);
    json.maybe("referral", order.buyer.referral.as_deref());
}

fn worth(json: &mut Json, order: &Order) {
    json.maybe("usd_value", order.usd_value.map(|amount| amount.wire()).as_deref());
    json.means("usd_value", || Meaning::Decimal);
    json.maybe("exchange_rate", order.exchange_rate.map(|rate| rate.wire()).as_deref());
    json.means("exchange_rate", || Meaning::Decimal);
}

fn extras(json: &mut Json, order: &Order) {
    json.maybe("coupon_id", order.coupon_id.as_deref());
    json.raw("custom", order.custom.as_deref().unwrap_or("{}"));
}

fn times(json: &mut Json, order: &Order) {
    json.text("created_at", &time::wire(order.created_at));
    json.text("updated_at", &time::wire(order.updated_at));
}
