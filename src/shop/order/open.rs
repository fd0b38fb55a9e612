//! Opening an order: an address of its own, a quote, and the first webhook, in one commit.

use super::{Draft, Invoice, Order, Status, dollars, sql, watch};
use crate::{
    shop::{
        Along, Outcome, Refusal, Shop,
        account::Account,
        gateway::{
            rates::{self, Rates},
            wallet::{self, Address},
        },
        money::{self, Amount},
        time::MINUTE,
        webhook::{self, Endpoint, Event, Subject},
    },
    world::{Fault, Row, Statement, Uncommitted},
};

/// How long a price holds.
pub const QUOTE: i64 = 20 * MINUTE;

/// The rates this account quotes from.
pub async fn rates(shop: &Shop, account: &Account, draft_gateway: super::Gateway) -> Outcome<Rates> {
    let super::Gateway::Bitcoin = draft_gateway;
    let coin = rates::BITCOIN;
    if account.test {
        return Ok(rates::fixed(coin, shop.now()));
    }
    Ok(rates::current(shop, coin).await?)
}

/// Opens an order that has no payment link: the white-label flow. Two round trips: one takes an address and reads the
/// endpoints, one commits. `begin` goes with the first of them and `along` with the second.
pub async fn place(
    shop: &Shop,
    account: &Account,
    draft: Draft,
    begin: Vec<Statement>,
    along: Along<'_, Order>,
) -> Outcome<Order> {
    let rates = rates(shop, account, draft.gateway).await?;
    // Before an address is used up.
    quote(draft.price, &rates)?;
    let mut statements = vec![wallet::take_address(account.id, draft.gateway), webhook::sql::enabled(account.id)];
    statements.extend(begin);
    let taken = account.db(shop)?.commit(statements).await?;
    let [address, endpoints, ..] = taken.as_slice() else {
        return Err(Fault("two answers were expected".into()).into());
    };
    let address = address.first().ok_or(Refusal::GatewayNotConfigured)?;
    commit(shop, account, draft, address, endpoints, rates, along).await?.map_err(|no| match no.is_stale() {
        // Its idempotency key went to another runner: it took too long.
        true => Refusal::Running.into(),
        false => no.into(),
    })
}

/// Prices the draft and commits it as an order with the webhooks it owes. The inner error is a commit that another one
/// came before, or that one of `along` refused.
pub async fn commit(
    shop: &Shop,
    account: &Account,
    draft: Draft,
    address: &Row,
    endpoints: &[Row],
    rates: Rates,
    along: Along<'_, Order>,
) -> Outcome<Result<Order, Uncommitted>> {
    let address = wallet::taken(shop, account, address)?;
    let now = shop.now();
    let mut order = price(account, draft, address, &rates, now)?;
    let delay = watch::delay(&order, now, shop.world.settings.watch_seconds).unwrap_or_default();
    order.watch_lease = Some(watch::lease(now, delay));
    let endpoints = Endpoint::from_rows(endpoints)?;
    let owed = webhook::owe(shop, account.id, &[Event::OrderCreated], Subject::Order(&order), &endpoints);
    let mut statements = along(&order)?;
    statements.push(sql::insert(&order));
    statements.extend(owed.statements);
    if let Err(no) = account.db(shop)?.commit(statements).await {
        return Ok(Err(no));
    }
    let mut messages = webhook::nudges(account, &owed.logs);
    messages.push((watch::message(account, &order), delay));
    shop.nudge(messages).await;
    Ok(Ok(order))
}

/// What a price is in satoshi.
pub fn quote(price: Amount, rates: &Rates) -> Outcome<u64> {
    let rate = rates.price(price.currency()).ok_or(Refusal::NotQuotable)?;
    Ok(money::coin_value(price, rate).ok_or(Refusal::NotQuotable)?)
}

fn price(account: &Account, draft: Draft, address: Address, rates: &Rates, now: i64) -> Outcome<Order> {
    let rate = rates.price(draft.price.currency()).ok_or(Refusal::NotQuotable)?;
    let value = quote(draft.price, rates)?;
    let dollars = dollars()?;
    let in_dollars = rates.price(dollars).and_then(|dollar| money::cross(draft.price, rate, dollar, dollars));
    let Address { text, index, confirmations } = address;
    Ok(Order {
        account_id: account.id,
        id: draft.id,
        revision: 1,
        payment_id: draft.payment_id,
        product_id: draft.product_id,
        product_title: draft.product_title,
        buyer: draft.buyer,
        price: draft.price,
        quantity: draft.quantity,
        gateway: draft.gateway,
        confirmations_needed: draft.confirmations.unwrap_or(confirmations),
        risk_level: 0,
        status: Status::Unpaid,
        delivered: None,
        usd_value: in_dollars.map(|(amount, _)| amount),
        exchange_rate: in_dollars.map(|(_, rate)| rate),
        invoice: Invoice {
            value,
            address: text,
            index,
            received: 0,
            confirmations: 0,
            rate,
            rate_source: rates.source(draft.price.currency()),
            rate_at: rates.at,
            expires_at: now + QUOTE,
            base: 0,
            credit: 0,
            late: false,
        },
        coupon_id: None,
        custom: draft.custom,
        return_url: draft.return_url,
        webhook_url: draft.webhook_url,
        test: account.test,
        watch_turn: 1,
        watch_lease: None,
        paid_at: None,
        created_at: now,
        updated_at: now,
    })
}
