//! `/orders`: list and get, as JSON and as a table, and what a seller does to one by hand.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{CurrencyCode, DecimalText, Time, values},
};
use crate::{
    api::failure::{Failure, label},
    http::Response,
    json::{self, Raw},
    shop::{
        gateway::Gateway,
        order::{self, Filter, Order, Status},
        text::{self, email},
        time,
    },
};

mod action;
mod csv;
mod history;

pub use action::{approve, blacklist, complete, deliver, refund, replace};
#[cfg(not(target_arch = "wasm32"))]
pub use csv::Table;
pub use csv::list as table;
#[cfg(not(target_arch = "wasm32"))]
pub use history::Body as HistoryBody;
pub use history::list as history;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let filter = filter(call)?;
    let page = order::list(call.app, call.account, &filter, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

/// The query of a list. A filter that is ignored would make a shop deliver what nobody paid for: what is blank or unknown is refused.
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
        filter.gateway = Gateway::parse(text).map(|gateway| gateway.slug().to_owned());
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

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let order = order::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&order)))
}

values! {
    /// Of a gateway, as it is shown.
    GatewayName<'a>(&'a str) = {"type": "string", "enum": Gateway::ALL.map(Gateway::name)}

    OrderStatus(i64) = {"type": "integer", "enum": [0, 51, 52, 53, 54, 55, 56, 100]}

    DeliveryState<'a>(&'a str) = {
        "type": "string",
        "enum": order::Delivery::ALL.map(order::Delivery::word)
    }

    Exception<'a>(&'a str) = {
        "type": "string",
        "enum": ["late", "underpaid", "overpaid", "partially_refunded", "inquiry", "wrong_currency", "vanished"]
    }
}

/// The reference's order object, field for field, and what the reference doesn't have.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Order"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// The product, or `pay` for an order that came through a payment.
    product_id: &'a str,
    /// The buyer's e-mail.
    email: Option<&'a str>,
    /// The address that the buyer came from.
    ip_address: Option<&'a str>,
    /// The country of that address, ISO 3166-1 alpha-2.
    country_code: Option<&'a str>,
    /// What was bought, as it was called then.
    product_title: &'a str,
    /// The buyer's browser, in its own words.
    user_agent: Option<&'a str>,
    /// The price of the whole order.
    value: DecimalText,
    /// How many were bought.
    quantity: u32,
    /// Of the price, ISO 4217.
    currency: CurrencyCode<'a>,
    /// How it is paid, by the gateway's name.
    gateway: GatewayName<'a>,
    /// From 0, harmless, to 100.
    risk_level: u32,
    /// 0 not paid, 51 charged back or reversed, 52 held for its risk, 53 partly paid, 54 waits for
    /// confirmations, 55 pending at PayPal, 56 refunded, 100 completed.
    status: OrderStatus,
    /// What the buyer got; `null` until the order is completed.
    delivered: Option<&'a str>,
    /// How much is to be paid, in the coin's smallest unit.
    crypto_value: Option<u64>,
    /// Where it is to be paid.
    crypto_address: Option<&'a str>,
    /// Always `null`: coins need no channel.
    crypto_channel: (),
    /// How much has come, in the coin's smallest unit.
    crypto_received: u64,
    /// The lowest number of confirmations among the order's transactions.
    crypto_confirmations: u32,
    /// Where the buyer came from.
    referral: Option<&'a str>,
    /// The price in US dollars, when a rate was known.
    usd_value: Option<DecimalText>,
    /// The rate from the order's currency to US dollars.
    exchange_rate: Option<DecimalText>,
    /// The coupon that was used.
    coupon_id: Option<&'a str>,
    /// The custom inputs, by their index; `{}` when there are none.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "json::Map<String, json::Value>"))]
    custom: Raw<'a>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// Who quoted the price of the coin: `coinbase`, `coingecko`, both with a plus between, with
    /// `+ecb` where the European Central Bank led to the currency; `test` in a test account. `null`
    /// where nothing is paid in coins.
    rate_source: Option<&'a str>,
    /// When that price was taken. `null` where nothing is paid in coins.
    rate_at: Option<Time>,
    /// What you may want to look at: `late` (money came after the quote had run out), `underpaid`
    /// (a little was missing, within your tolerance), `overpaid`, `partially_refunded` (a part of
    /// the money went back, by a refund, a reversal or a lost dispute), `inquiry` (the buyer asks
    /// the gateway about it; no money is held), `wrong_currency` (money came that the order can't
    /// be paid with), `vanished` (coins that had paid it are gone from their chain).
    exceptions: Vec<Exception<'static>>,
    /// How far the delivery is: `null` (not paid, or not for a product), `delivered`, `preparing`
    /// (your server is asked for the goods), `failed` (it gave none; deliver again), `out_of_stock`
    /// (nothing was left when the payment came, or there was no file; it is delivered when you
    /// restock), `manual` (a
    /// service).
    delivery: Option<DeliveryState<'static>>,
    /// The price before discounts; `null` for an order without a product.
    subtotal: Option<DecimalText>,
    /// What discounts and the coupon took off; `null` for an order without a product.
    discount: Option<DecimalText>,
    /// How often its file was fetched.
    downloads: u32,
}

pub(super) fn body(order: &Order) -> Body<'_> {
    let Order { buyer, invoice, .. } = order;
    // A page's price is nobody's quote.
    let quoted = order.session.is_none() && order.price.minor() > 0;
    Body {
        id: &order.id,
        product_id: &order.product_id,
        email: buyer.email.as_deref(),
        ip_address: buyer.ip_address.as_deref(),
        country_code: buyer.country_code.as_deref(),
        product_title: &order.product_title,
        user_agent: buyer.user_agent.as_deref(),
        value: DecimalText(order.price.wire()),
        quantity: order.quantity,
        currency: CurrencyCode(order.price.currency().code()),
        gateway: GatewayName(order.gateway.name()),
        risk_level: order.risk_level,
        status: OrderStatus(order.status.code()),
        delivered: order.delivered.as_deref().filter(|_| order.status == Status::Completed),
        crypto_value: quoted.then_some(invoice.value),
        crypto_address: invoice.index.map(|_| invoice.address.as_str()),
        crypto_channel: (),
        crypto_received: invoice.received,
        crypto_confirmations: invoice.confirmations,
        referral: buyer.referral.as_deref(),
        usd_value: order.usd_value.map(|amount| DecimalText(amount.wire())),
        exchange_rate: order.exchange_rate.map(|rate| DecimalText(rate.wire())),
        coupon_id: order.item.as_ref().and_then(|item| item.coupon_id.as_deref()),
        custom: Raw(order.custom.as_deref().unwrap_or("{}")),
        created_at: Time::at(order.created_at),
        updated_at: Time::at(order.updated_at),
        rate_source: quoted.then_some(invoice.rate_source.as_str()),
        rate_at: quoted.then(|| Time::at(invoice.rate_at)),
        exceptions: order.exceptions().into_iter().map(Exception).collect(),
        delivery: order.delivery.map(|delivery| DeliveryState(delivery.word())),
        subtotal: order.subtotal().map(|amount| DecimalText(amount.wire())),
        discount: order.discount().map(|amount| DecimalText(amount.wire())),
        downloads: order.downloads,
    }
}

pub fn object(order: &Order) -> String {
    json::to_text(&body(order))
}

/// The reference's white-label object, and then the order's other fields.
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "WhiteLabelOrder"))]
pub(super) struct WhiteLabel<'a> {
    #[cfg_attr(not(target_arch = "wasm32"), schemars(flatten))]
    order: Body<'a>,
    /// How many confirmations complete the order.
    confirmations_needed: u32,
    /// Where the buyer pays: for coins a payment URI.
    url: &'a str,
}

impl Serialize for WhiteLabel<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let WhiteLabel { order, confirmations_needed, url } = self;
        let mut object = to.serialize_struct("WhiteLabel", 35)?;
        macro_rules! fields {
            ($($name:ident)*) => { $(object.serialize_field(stringify!($name), &order.$name)?;)* };
        }
        fields!(id status crypto_address crypto_value);
        object.serialize_field("confirmations_needed", confirmations_needed)?;
        fields!(product_id email value quantity currency gateway crypto_channel usd_value exchange_rate);
        fields!(created_at updated_at);
        object.serialize_field("url", url)?;
        fields!(ip_address country_code product_title user_agent risk_level delivered);
        fields!(crypto_received crypto_confirmations referral coupon_id custom rate_source rate_at exceptions delivery subtotal discount downloads);
        object.end()
    }
}

pub fn white_label(order: &Order, url: &str) -> String {
    let confirmations_needed = order.confirmations_needed;
    json::to_text(&WhiteLabel { order: body(order), confirmations_needed, url })
}
