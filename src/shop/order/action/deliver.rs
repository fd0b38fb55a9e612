//! Delivering an order once more: its delivery failed, it waits for stock, or the service's text is
//! another one by now.

use super::{Found, Written, find, prepared};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::{CatalogRefusal, OrderRefusal},
    order::{
        Change, Delivery, Order, Status, delivery, fulfil,
        history::{Action, Actor, Cause},
        restock,
    },
    prepared::Prepared,
    product::Kind,
};

/// `again`: also what was delivered already, where that can be asked for anew.
pub async fn deliver(app: &App, account: &Account, order_id: &str, again: bool) -> Outcome<Prepared<Written>> {
    let Found { order, endpoints } = find(app, account, order_id).await?;
    let Some(item) = &order.item else { return Err(OrderRefusal::NoProduct.into()) };
    if order.status != Status::Completed {
        return Err(OrderRefusal::NotDeliverable.into());
    }
    if order.delivery == Some(Delivery::Delivered) && !(again && item.kind != Kind::Serials) {
        return Err(OrderRefusal::AlreadyDelivered.into());
    }
    let cause = Cause::of(Actor::Seller, Action::Deliver);
    let change = if restock::is_waiting(&order) {
        restock::change(app, account, &order, &endpoints, cause).await?.ok_or(CatalogRefusal::OutOfStock)?
    } else {
        let after = Order { updated_at: app.now(), ..order.clone() };
        let mut change = Change::update(order.status, after, cause);
        if delivery::is_due(&order) {
            fulfil::fulfil(app, account, &mut change, &endpoints).await?;
        } else {
            let mut goods = fulfil::read(app, account, &order).await?;
            // What it takes from the stock is its own already.
            goods.held.get_or_insert_default();
            fulfil::hand_over(app, account, &mut change, goods, &endpoints)?;
        }
        change
    };
    if change.steps.last().is_none_or(|(order, _)| order.delivery == Some(Delivery::Failed)) {
        return Err(OrderRefusal::NothingToDeliver.into());
    }
    prepared(app, account, change, &endpoints)
}
