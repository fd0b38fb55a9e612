//! The simulator: a sample of an event, signed and delivered like a real one, for whoever writes a receiver. Nothing has
//! happened, and the log and a header say so.

use super::{Event, GRACE, Log, RETRIES, nudges, sql};
use crate::{
    shop::{
        Along, Outcome, Shop,
        account::Account,
        gateway::Gateway,
        id,
        money::{Amount, Decimal},
        order::{Buyer, Invoice, Order, Status, dollars},
        time::MINUTE,
    },
    world::Fault,
};

/// Owes a sample of the event to the URL. `None` when there is no sample of it yet.
pub async fn simulate(
    shop: &Shop,
    account: &Account,
    url: String,
    event: Event,
    along: Along<'_, Log>,
) -> Outcome<Option<Log>> {
    let now = shop.now();
    let Some((subject_id, payload)) = sample(shop, account, event)? else {
        return Ok(None);
    };
    let log = Log {
        id: id::short(shop.random()),
        event: event.name().to_owned(),
        url,
        payload,
        response_code: 0,
        response: None,
        response_headers: None,
        error: None,
        retries: 0,
        retry_limit: RETRIES,
        next_retry_at: None,
        created_at: now,
        updated_at: now,
        replay_of: None,
        simulated: true,
    };
    let mut statements = along(&log)?;
    statements.extend([
        sql::insert_log(&sql::NewLog {
            account_id: account.id,
            id: &log.id,
            endpoint_id: None,
            event,
            subject_id: &subject_id,
            url: &log.url,
            payload: &log.payload,
            now,
            due_at: now + GRACE,
        }),
        sql::mark_simulated(account.id, &log.id),
    ]);
    account.db(shop)?.commit(statements).await?;
    shop.nudge(nudges(account, std::slice::from_ref(&log.id))).await;
    Ok(Some(log))
}

/// The one place where an event gets its sample: the subject's id, and the body in the same words as a real event's.
fn sample(shop: &Shop, account: &Account, event: Event) -> Result<Option<(String, String)>, Fault> {
    let status = match event {
        Event::OrderCreated => Status::Unpaid,
        Event::OrderUpdated => Status::AwaitingConfirmations,
        Event::OrderPaid => Status::Completed,
        // A product, a feedback or a query, made as `order` makes an order.
        Event::ProductOutOfStock
        | Event::FeedbackCreated
        | Event::FeedbackUpdated
        | Event::QueryCreated
        | Event::QueryReplied => return Ok(None),
    };
    let order = order(shop, account, status)?;
    let body = shop.voice.order(&order);
    Ok(Some((order.id, body)))
}

/// $12.99 at $50,000 a bitcoin, paid to an address of BIP 84's example wallet on a test network: no coin can go there.
fn order(shop: &Shop, account: &Account, status: Status) -> Result<Order, Fault> {
    let odd = || Fault("the sample order can't be made".into());
    let number = |text: &str| Decimal::parse(text).map_err(|_| odd());
    let now = shop.now();
    let price = Amount::new(1_299, dollars()?).ok_or_else(odd)?;
    let value = 25_980;
    let (paid, created_at) = (status == Status::Completed, now - 10 * MINUTE);
    let created_at = if status == Status::Unpaid { now } else { created_at };
    Ok(Order {
        account_id: account.id,
        id: id::uuid(shop.random()),
        revision: 1,
        payment_id: None,
        product_id: "06e53c79".into(),
        product_title: "Example product".into(),
        buyer: Buyer {
            email: Some("customer@example.com".into()),
            ip_address: Some("203.0.113.7".into()),
            country_code: Some("SE".into()),
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".into()),
            referral: None,
        },
        price,
        quantity: 1,
        gateway: Gateway::Bitcoin,
        confirmations_needed: 1,
        risk_level: 0,
        status,
        delivered: Some("EXAMPLE-SERIAL-1".into()).filter(|_| paid),
        usd_value: Some(price),
        exchange_rate: Some(number("1")?),
        invoice: Invoice {
            value,
            address: "tb1qcr8te4kr609gcawutmrza0j4xv80jy8zmfp6l0".into(),
            index: 0,
            received: if status == Status::Unpaid { 0 } else { value },
            confirmations: u32::from(paid),
            rate: number("50000")?,
            rate_source: "sample".into(),
            rate_at: created_at,
            expires_at: created_at + 20 * MINUTE,
            base: 0,
            credit: 0,
            late: false,
        },
        coupon_id: None,
        custom: Some(r#"{"0":"ada"}"#.into()),
        return_url: None,
        webhook_url: None,
        test: account.test,
        watch_turn: 0,
        watch_lease: None,
        paid_at: Some(now).filter(|_| paid),
        created_at,
        updated_at: now,
    })
}
