//! A new price for what an order still lacks.

use super::{Order, Status, change, onchain, open, schedule, sql};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::CatalogRefusal,
    error::{GatewayRefusal, OrderRefusal},
};

/// A new price for what an order still lacks, once its quote has run out. `pressed`: somebody asks for it, and it takes its goods
/// anew. To look at a page keeps nothing from anybody.
pub async fn requote(app: &App, account: &Account, order_id: &str, pressed: bool) -> Outcome<Order> {
    let order = super::get(app, account, order_id).await?;
    let now = app.now();
    let coins = order.invoice.index.is_some();
    if !coins || !matches!(order.payment_status(), Status::Unpaid | Status::PartiallyPaid) {
        return Err(OrderRefusal::NotPayable.into());
    }
    if now < order.invoice.expires_at {
        return Ok(order);
    }
    let rates = open::rates(app, account, order.gateway).await?;
    let rate = open::rate(order.gateway, order.price, &rates, &order.policy)?;
    let invoice =
        onchain::requote(&order, order.invoice.received, rate, &rates, now).ok_or(GatewayRefusal::NotQuotable)?;
    let delay = app.platform.settings.watch_seconds;
    // The old chain of syncs may be an hour away from its next one: a new generation starts a quick one.
    let mut fresh = Order {
        invoice,
        sync_generation: order.sync_generation + 1,
        sync_lease: Some(schedule::lease(now, delay)),
        updated_at: now,
        ..order
    };
    let mut statements: Vec<_> = sql::update(&fresh).into();
    // Its hold may be over: then it takes its goods anew, or there are none.
    if pressed {
        statements.extend(open::hold(&fresh, now));
    }
    match account.db(app)?.commit(statements).await {
        Ok(_) => fresh.revision += 1,
        // Somebody else did it, or money came: the caller sees what is there now.
        Err(no) if no.is_stale() => return super::get(app, account, order_id).await,
        Err(no) if no.is_check("products_stock") => return Err(CatalogRefusal::OutOfStock.into()),
        Err(no) if no.is_check("order_fits") => return Err(CatalogRefusal::OrderTooLarge.into()),
        Err(no) if no.is_check("coupon_is_free") => return Err(CatalogRefusal::CouponNotValid.into()),
        Err(no) => return Err(no.into_fault().into()),
    }
    app.enqueue(vec![(schedule::message(account, &fresh), delay)]).await;
    change::tell_pages(app, &fresh).await;
    Ok(fresh)
}
