//! `/orders`: list and get.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Answer, Call, page::Wanted};
use crate::{
    api::failure::{Failure, label},
    http::Response,
    json::{self, Raw},
    notes::{self, Meaning, Meant},
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

/// The reference's order object, field for field, and what the reference doesn't have.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    product_id: &'a str,
    email: Option<&'a str>,
    ip_address: Option<&'a str>,
    country_code: Option<&'a str>,
    product_title: &'a str,
    user_agent: Option<&'a str>,
    value: String,
    quantity: u32,
    currency: &'a str,
    gateway: &'a str,
    risk_level: u32,
    status: i64,
    delivered: Option<&'a str>,
    /// Null where nothing is paid in coins, as in the reference.
    crypto_value: Option<u64>,
    /// Null also once it was given back.
    crypto_address: Option<&'a str>,
    crypto_channel: (),
    crypto_received: u64,
    crypto_confirmations: u32,
    referral: Option<&'a str>,
    usd_value: Option<String>,
    exchange_rate: Option<String>,
    coupon_id: Option<&'a str>,
    custom: Raw<'a>,
    created_at: String,
    updated_at: String,
    rate_source: Option<&'a str>,
    rate_at: Option<String>,
    exceptions: Vec<&'static str>,
}

const MEANINGS: [Meant; 6] = [
    ("value", || Meaning::Decimal),
    ("currency", || Meaning::Currency),
    ("gateway", gateways),
    ("status", statuses),
    ("usd_value", || Meaning::Decimal),
    ("exchange_rate", || Meaning::Decimal),
];

fn body(order: &Order) -> Body<'_> {
    let Order { buyer, invoice, .. } = order;
    // A page's price is nobody's quote.
    let quoted = order.session.is_none();
    Body {
        id: &order.id,
        product_id: &order.product_id,
        email: buyer.email.as_deref(),
        ip_address: buyer.ip_address.as_deref(),
        country_code: buyer.country_code.as_deref(),
        product_title: &order.product_title,
        user_agent: buyer.user_agent.as_deref(),
        value: order.price.wire(),
        quantity: order.quantity,
        currency: order.price.currency().code(),
        gateway: order.gateway.name(),
        risk_level: order.risk_level,
        status: order.status.code(),
        delivered: order.delivered.as_deref().filter(|_| order.status == Status::Completed),
        crypto_value: quoted.then_some(invoice.value),
        crypto_address: invoice.index.map(|_| invoice.address.as_str()),
        crypto_channel: (),
        crypto_received: invoice.received,
        crypto_confirmations: invoice.confirmations,
        referral: buyer.referral.as_deref(),
        usd_value: order.usd_value.map(|amount| amount.wire()),
        exchange_rate: order.exchange_rate.map(|rate| rate.wire()),
        coupon_id: order.coupon_id.as_deref(),
        custom: Raw(order.custom.as_deref().unwrap_or("{}")),
        created_at: time::wire(order.created_at),
        updated_at: time::wire(order.updated_at),
        rate_source: quoted.then_some(invoice.rate_source.as_str()),
        rate_at: quoted.then(|| time::wire(invoice.rate_at)),
        exceptions: order.exceptions(),
    }
}

pub fn object(order: &Order) -> String {
    json::noted(&body(order), &MEANINGS)
}

/// The reference's white-label object, and then the order's other fields.
struct WhiteLabel<'a> {
    order: Body<'a>,
    confirmations_needed: u32,
    url: &'a str,
}

impl Serialize for WhiteLabel<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let WhiteLabel { order, confirmations_needed, url } = self;
        let mut object = to.serialize_struct("WhiteLabel", 31)?;
        macro_rules! fields {
            ($($name:ident)*) => { $(object.serialize_field(stringify!($name), &order.$name)?;)* };
        }
        fields!(id status crypto_address crypto_value);
        object.serialize_field("confirmations_needed", confirmations_needed)?;
        fields!(product_id email value quantity currency gateway crypto_channel usd_value exchange_rate);
        fields!(created_at updated_at);
        object.serialize_field("url", url)?;
        fields!(ip_address country_code product_title user_agent risk_level delivered);
        fields!(crypto_received crypto_confirmations referral coupon_id custom rate_source rate_at exceptions);
        object.end()
    }
}

pub fn white_label(order: &Order, url: &str) -> String {
    let confirmations_needed = order.confirmations_needed;
    json::noted(&WhiteLabel { order: body(order), confirmations_needed, url }, &MEANINGS)
}
