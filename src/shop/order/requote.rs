//! A new price for what an order still lacks.

use super::{Order, Status, onchain, open, schedule, sql, sync};
use crate::shop::{Outcome, Refusal, Shop, account::Account};

/// A new price for what an order still lacks, once its quote has run out.
pub async fn requote(shop: &Shop, account: &Account, order_id: &str) -> Outcome<Order> {
    let order = super::get(shop, account, order_id).await?;
    let now = shop.now();
    let coins = order.invoice.index.is_some();
    if !coins || !matches!(order.status, Status::Unpaid | Status::PartiallyPaid) {
        return Err(Refusal::NotPayable.into());
    }
    if now < order.invoice.expires_at {
        return Ok(order);
    }
    let rates = open::rates(shop, account, order.gateway).await?;
    let rate = open::rate(order.gateway, order.price, &rates, &order.policy)?;
    let invoice = onchain::requote(&order, order.invoice.received, rate, &rates, now).ok_or(Refusal::NotQuotable)?;
    let delay = shop.platform.settings.watch_seconds;
    // The old chain of looks may be an hour away from its next one: a new turn starts a quick one.
    let mut fresh = Order {
        invoice,
        watch_turn: order.watch_turn + 1,
        watch_lease: Some(schedule::lease(now, delay)),
        updated_at: now,
        ..order
    };
    match account.db(shop)?.commit(sql::update(&fresh).into()).await {
        Ok(_) => fresh.revision += 1,
        // Somebody else did it, or money came: the caller sees what is there now.
        Err(no) if no.is_stale() => return super::get(shop, account, order_id).await,
        Err(no) => return Err(no.into_fault().into()),
    }
    shop.enqueue(vec![(schedule::message(account, &fresh), delay)]).await;
    sync::tell_pages(shop, &fresh).await;
    Ok(fresh)
}
