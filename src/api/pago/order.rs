//! `/api/orders`: list and get, what a seller does to one by hand, and notes. What the buyer got isn't shown to applications.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{CurrencyCode, Money, Time, values},
};
use crate::{
    api::{
        failure::{Failure, label},
        fields::Fields,
    },
    http::Response,
    json::{self, Raw},
    shop::{
        Outcome,
        gateway::Gateway,
        money::Currency,
        order::{
            self, Filter, Order, Status, Written,
            action::{self, Refunded},
            history::{self, Action, Entry},
        },
        prepared::Prepared,
        text::{self, email},
        time,
    },
};

/// Characters of a note.
const MAX_NOTE: usize = 1_000;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let filter = filter(call)?;
    let page = order::list(call.app, call.account, &filter, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

/// A filter that is ignored would make an application ship what nobody paid for: what is blank or unknown is refused.
fn filter(call: &Call<'_>) -> Result<Filter, Failure> {
    let mut errors = Vec::new();
    let mut param = |name: &str, check: &mut dyn FnMut(&str) -> Result<(), &'static str>| {
        // A plus in a time stands for itself or for the space that it became; in the others it can only be a plus.
        let Some(text) = call.request.literal_param(name) else { return };
        let problem = match text.trim() {
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
        filter.status = STATUSES.into_iter().find(|status| word(*status) == text);
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
    // Both ends are in.
    filter.after = time("created_at_min").map(|min| min - 1);
    filter.before = time("created_at_max").map(|max| max + 1);
    if errors.is_empty() { Ok(filter) } else { Err(Failure::validation(errors)) }
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let order = order::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&order)))
}

/// `{note?}`
pub async fn complete(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let note = fields.text("note", MAX_NOTE);
    fields.finish()?;
    act(call, async || action::complete(call.app, call.account, id, note.clone()).await).await
}

/// `{again?}`
pub async fn deliver(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let again = fields.flag("again").unwrap_or(false);
    fields.finish()?;
    act(call, async || action::deliver(call.app, call.account, id, again).await).await
}

/// `{amount?}`, or of coins `{txid}`
pub async fn refund(call: &Call<'_>, id: &str) -> ApiResult {
    let order = order::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "order")?;
    let is_coins = order.session.is_none();
    let txid = fields.text("txid", 128);
    match &txid {
        Some(_) if !is_coins => {
            fields.error("Txid is for coins alone: PayPal and Stripe send the money back themselves");
        }
        Some(txid) if !txid.bytes().all(|b| b.is_ascii_graphic()) => fields.error("Txid is not a transaction's id"),
        None if is_coins && fields.errors.is_empty() => fields.error("Txid can't be blank"),
        _ => {}
    }
    let amount = match fields.value("amount").is_some() {
        true if is_coins => {
            fields.error("Amount is for PayPal and Stripe alone: coins go back by a transaction of yours");
            None
        }
        true => fields.price("amount", Some(order.price.currency())),
        false => None,
    };
    fields.finish()?;
    let refunded = match txid {
        Some(txid) => Refunded::coins(txid),
        None => {
            // Keys of two applications are two, also when they are spelled the same.
            let key = call.request.header("idempotency-key");
            let key = key.map(|key| format!("{} {key}", call.app_id().unwrap_or_default()));
            action::send_back(call.app, call.account, &order, amount, key.as_deref()).await?
        }
    };
    // The money is on its way once. What is tried again is only to write it down.
    act(call, async || action::refund(call.app, call.account, id, &refunded).await).await
}

/// Commits what an action has prepared, with the answer that tells of it, and tells of it.
async fn act(call: &Call<'_>, prepare: impl AsyncFn() -> Outcome<Prepared<Written>>) -> ApiResult {
    again(async || {
        let prepared = prepare().await.map_err(Failure::from)?;
        let body = object(&prepared.value.order);
        let (written, _) = prepared.commit(call.app, call.once.keep(call.app, 200, &body)?).await?;
        written.tell(call.app).await;
        Ok(Response::json(200, body))
    })
    .await
}

pub async fn notes(call: &Call<'_>, id: &str) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let entries = history::list(call.app, call.account, id).await?;
    let notes: Vec<_> = entries.into_iter().filter(|entry| entry.action == Action::Note).collect();
    Ok(wanted.of_all(call, &notes, note_object))
}

/// `{note}`
pub async fn add_note(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "order")?;
    let note = fields.required_text("note", MAX_NOTE);
    fields.finish()?;
    let noted = action::note(call.app, call.account, id, note.unwrap_or_default())?;
    call.commit(201, noted, note_object).await
}

const STATUSES: [Status; 8] = [
    Status::Unpaid,
    Status::Reversed,
    Status::HighRisk,
    Status::PartiallyPaid,
    Status::AwaitingConfirmations,
    Status::PendingAtPayPal,
    Status::Refunded,
    Status::Completed,
];

fn word(status: Status) -> &'static str {
    match status {
        Status::Unpaid => "unpaid",
        Status::Reversed => "reversed",
        Status::HighRisk => "in_review",
        Status::PartiallyPaid => "partially_paid",
        Status::AwaitingConfirmations => "awaiting_confirmations",
        Status::PendingAtPayPal => "pending",
        Status::Refunded => "refunded",
        Status::Completed => "completed",
    }
}

values! {
    OrderStatus(&'static str) = {"type": "string", "enum": STATUSES.map(word)}

    GatewaySlug(&'static str) = {"type": "string", "enum": Gateway::ALL.map(Gateway::slug)}

    DeliveryState(&'static str) = {"type": "string", "enum": order::Delivery::ALL.map(order::Delivery::word)}

    Exception(&'static str) = {
        "type": "string",
        "enum": ["late", "underpaid", "overpaid", "partially_refunded", "inquiry", "wrong_currency", "vanished"]
    }
}

pub fn object(order: &Order) -> String {
    let Order { buyer, price, .. } = order;
    let refunded = if order.session.is_some() { order.refunded_value } else { 0 };
    json::to_text(&Body {
        id: &order.id,
        status: OrderStatus(word(order.status)),
        product_id: Some(order.product_id.as_str()).filter(|id| *id != "pay"),
        product_title: &order.product_title,
        quantity: order.quantity,
        value: Money::of(*price),
        subtotal: order.subtotal().map(Money::of),
        discount: order.discount().map(Money::of),
        currency: CurrencyCode(price.currency().code()),
        usd_value: order.usd_value.map(|amount| Money::minor(amount.minor(), Currency::USD)),
        refunded_value: Money::minor(refunded, price.currency()),
        gateway: GatewaySlug(order.gateway.slug()),
        coupon_id: order.item.as_ref().and_then(|item| item.coupon_id.as_deref()),
        email: buyer.email.as_deref(),
        ip_address: buyer.ip_address.as_deref(),
        country_code: buyer.country_code.as_deref(),
        referral: buyer.referral.as_deref(),
        risk_level: order.risk_level,
        custom: Raw(order.custom.as_deref().unwrap_or("{}")),
        delivery: order.delivery.map(|delivery| DeliveryState(delivery.word())),
        exceptions: order.exceptions().into_iter().map(Exception).collect(),
        paid_at: Time::maybe(order.paid_at),
        created_at: Time::at(order.created_at),
        updated_at: Time::at(order.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Order"))]
pub struct Body<'a> {
    /// Identifies the order for as long as it exists.
    id: &'a str,
    /// How far its payment is: `unpaid`, `partially_paid`, `awaiting_confirmations`, `pending` (at
    /// PayPal), `in_review` (held for its risk), `completed`, `refunded`, `reversed` (charged back).
    status: OrderStatus,
    /// The product; `null` where the seller named title and price.
    product_id: Option<&'a str>,
    /// What was bought, as it was called then.
    product_title: &'a str,
    /// How many were bought.
    quantity: u32,
    /// What is paid for all of them.
    value: Money,
    /// The price before discounts; `null` without a product.
    subtotal: Option<Money>,
    /// What discounts and the coupon took off; `null` without a product.
    discount: Option<Money>,
    /// Of these amounts, ISO 4217.
    currency: CurrencyCode<'a>,
    /// The value in US dollars, when a rate was known.
    usd_value: Option<Money>,
    /// What went back at PayPal or Stripe.
    refunded_value: Money,
    /// How it is paid.
    gateway: GatewaySlug,
    /// The coupon that was used.
    coupon_id: Option<&'a str>,
    /// The buyer's e-mail.
    email: Option<&'a str>,
    /// The address that the buyer came from.
    ip_address: Option<&'a str>,
    /// The country of that address, ISO 3166-1 alpha-2.
    country_code: Option<&'a str>,
    /// Where the buyer came from.
    referral: Option<&'a str>,
    /// From 0, harmless, to 100.
    risk_level: u32,
    /// The custom inputs, by their index; `{}` when there are none.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "json::Map<String, json::Value>"))]
    custom: Raw<'a>,
    /// How far the delivery is; `null` before it was paid, or without a product.
    delivery: Option<DeliveryState>,
    /// What the seller may want to look at.
    exceptions: Vec<Exception>,
    /// When it was first completed.
    paid_at: Option<Time>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}

fn note_object(entry: &Entry) -> String {
    json::to_text(&Note { note: entry.note.as_deref().unwrap_or_default(), created_at: Time::at(entry.at) })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "OrderNote"))]
pub struct Note<'a> {
    /// What was noted.
    note: &'a str,
    /// When.
    created_at: Time,
}
