//! Opening a gateway's page anew, for an order whose page has ended or took a payment that was declined for good.

use super::{
    Draft, Order, Status, change,
    open::{self, place_at},
    schedule, sql, sync,
};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::CatalogRefusal,
    error::OrderRefusal,
    fraud::Visitor,
    gateway::{GatewayContext, PaymentPrompt, Session},
};

/// Whether the order can only be paid on a new page.
pub fn is_due(order: &Order, now: i64) -> bool {
    order.payment_status() == Status::Unpaid && order.session.as_ref().is_some_and(|session| session.is_over(now))
}

/// Opens a new page when the order needs one, and answers the order as it is then. The gateway is asked first whether the old
/// page was paid after all, and the old page is closed. `origin` and `page` as in [`Draft`].
///
/// Refuses with `GatewayUnavailable` while the gateway can't be asked: two pages that both can be paid must not be open.
pub async fn renew(app: &App, account: &Account, order_id: &str, origin: &str, page: &str) -> Outcome<Order> {
    let order = super::get(app, account, order_id).await?;
    if !is_due(&order, app.now()) {
        return Ok(order);
    }
    let order = sync::now(app, account, order_id).await?;
    let now = app.now();
    let Some(old) = order.session.clone().filter(|_| is_due(&order, now)) else { return Ok(order) };
    let draft = Draft {
        id: order.id.clone(),
        payment_id: order.payment_id.clone(),
        product_id: order.product_id.clone(),
        product_title: order.product_title.clone(),
        item: order.item.clone(),
        price: order.price,
        quantity: order.quantity,
        gateway: order.gateway,
        confirmations: None,
        buyer: order.buyer.clone(),
        custom: order.custom.clone(),
        return_url: order.return_url.clone(),
        webhook_url: order.webhook_url.clone(),
        webhook_dialect: order.webhook_dialect,
        origin: origin.to_owned(),
        page: Some(page.to_owned()),
        // Two who renew it at once get one page, and one of them commits it.
        attempt: order.revision,
        visitor: Visitor::default(),
    };
    order.gateway.of(account).close(GatewayContext { app, account }, order.target()).await?;
    let PaymentPrompt::Page(opened) = place_at(app, account, &draft).await? else {
        return Err(OrderRefusal::NotPayable.into());
    };
    let past = old.past.into_iter().chain([old.id]).collect();
    let mut fresh = Order { session: Some(Session { past, ..opened }), updated_at: now, ..order };
    // The chain of syncs may have ended, or be an hour away from its next one: a new generation starts a quick one.
    let delay = schedule::delay(&fresh, now, app.platform.settings.watch_seconds);
    fresh.sync_generation += 1;
    fresh.sync_lease = delay.map(|delay| schedule::lease(now, delay));
    let mut statements: Vec<_> = sql::update(&fresh).into();
    // Its hold may be over: then it takes its goods anew, or there are none.
    statements.extend(open::hold(&fresh, now));
    match account.db(app)?.commit(statements).await {
        Ok(_) => fresh.revision += 1,
        // Somebody else renewed it, or news came: the caller sees what is there now.
        Err(no) if no.is_stale() => return super::get(app, account, order_id).await,
        Err(no) if no.is_check("products_stock") => return Err(CatalogRefusal::OutOfStock.into()),
        Err(no) if no.is_check("order_fits") => return Err(CatalogRefusal::OrderTooLarge.into()),
        Err(no) if no.is_check("coupon_is_free") => return Err(CatalogRefusal::CouponNotValid.into()),
        Err(no) => return Err(no.into_fault().into()),
    }
    app.enqueue(delay.map(|delay| (schedule::message(account, &fresh), delay)).into_iter().collect()).await;
    change::tell_pages(app, &fresh).await;
    Ok(fresh)
}
