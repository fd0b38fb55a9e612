//! Refunding an order. At PayPal and Stripe money goes back through their API, and their answer
//! decides: it is a fact of their books, which comes again by notification and then is known. Coins
//! the seller sends on their own; the order says so.

use sha2::{Digest, Sha256};

use super::{Found, Written, find, prepared};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::OrderRefusal,
    gateway::{EntryKind, GatewayContext, LedgerEntry, Refund, record},
    id,
    money::Amount,
    order::{
        Change, Order, Status,
        history::{Action, Actor, Cause},
        settle, sync,
    },
    prepared::Prepared,
};

/// What went back.
pub struct Refunded {
    /// What the gateway's books say of it; none of coins, and while it is on its way.
    entries: Vec<LedgerEntry>,
    /// For the order's history: the amount, or the transaction.
    note: String,
    coins: bool,
}

impl Refunded {
    /// Coins went back by this transaction.
    pub fn coins(txid: String) -> Refunded {
        Refunded { entries: Vec::new(), note: txid, coins: true }
    }
}

/// Has a gateway send money back: `amount`, or what is left of the largest payment. It goes back
/// once, however often it is asked for under one `request_key`; without one, until the order's
/// refunds change.
pub async fn send_back(
    app: &App,
    account: &Account,
    order: &Order,
    amount: Option<Amount>,
    request_key: Option<&str>,
) -> Outcome<Refunded> {
    if !matches!(order.status, Status::Completed | Status::PartiallyPaid | Status::HighRisk) {
        return Err(OrderRefusal::NotRefundable.into());
    }
    let [rows] = account.db(app)?.batch([record::movements(account.id, &order.id)]).await?;
    let entries = rows.iter().map(record::movement).collect::<Result<Vec<_>, _>>()?;
    let (payment_id, left) = largest(&entries).ok_or(OrderRefusal::NotRefundable)?;
    let most = Amount::new(left, order.price.currency()).ok_or(OrderRefusal::NotRefundable)?;
    let amount = amount.unwrap_or(most);
    if amount.minor() > left {
        return Err(OrderRefusal::RefundTooLarge(most).into());
    }
    let name = match request_key {
        Some(key) => id::hex(&Sha256::digest(key)).chars().take(32).collect(),
        None => format!("{}-{}", order.refunded_value, amount.minor()),
    };
    let wanted = Refund { payment_id, amount, key: format!("{}-refund-{name}", order.id) };
    let context = GatewayContext { app, account };
    let entries = order.gateway.of(account).refund(context, order.target(), &wanted).await?;
    let note = format!("{} {}", amount.wire(), amount.currency().code());
    Ok(Refunded { entries, note, coins: false })
}

/// The payment of which most is left, and how much, in minor units.
fn largest(entries: &[LedgerEntry]) -> Option<(String, i64)> {
    let failed = |id: &str| entries.iter().any(|it| it.kind == EntryKind::RefundFailed && it.id == id);
    let back = |of: &str| -> i64 {
        let refunds = entries.iter().filter(|it| it.kind == EntryKind::Refunded && it.of == of && !failed(&it.id));
        refunds.map(|it| it.value).fold(0, i64::saturating_add)
    };
    let payments = entries.iter().filter(|it| it.kind == EntryKind::Paid);
    let left = payments.map(|it| (it.of.clone(), it.value.saturating_sub(back(&it.of))));
    left.filter(|(_, left)| *left > 0).max_by_key(|(_, left)| *left)
}

/// Takes in what went back.
pub async fn refund(app: &App, account: &Account, order_id: &str, refunded: &Refunded) -> Outcome<Prepared<Written>> {
    let Found { order, endpoints } = find(app, account, order_id).await?;
    let cause = Cause::of(Actor::Seller, Action::Refund).noting(&refunded.note);
    let mut change = match refunded.coins {
        true => coins(app, &order, cause)?,
        false => {
            let [rows] = account.db(app)?.batch([record::movements(account.id, order_id)]).await?;
            let known = rows.iter().map(record::movement).collect::<Result<Vec<_>, _>>()?;
            match settle::apply_entries(&order, &known, &refunded.entries, app.now()) {
                Some(change) => Change { cause, ..change },
                // It is on its way, or the gateway's notification was faster.
                None => {
                    Change { steps: vec![(order.clone(), Vec::new())], ..Change::update(order.status, order, cause) }
                }
            }
        }
    };
    // What was refunded before it was delivered is free for others at once.
    let held = change.steps.last().map(|(order, _)| order).filter(|order| order.delivery.is_none());
    change.facts.extend(held.and_then(|order| sync::keep_hold(order, app.now())));
    prepared(app, account, change, &endpoints)
}

fn coins(app: &App, order: &Order, cause: Cause) -> Outcome<Change> {
    let came = order.session.is_none() && order.invoice.received > 0;
    if !came || !order.status.may_become(Status::Refunded) {
        return Err(OrderRefusal::NotRefundable.into());
    }
    let after = Order { status: Status::Refunded, updated_at: app.now(), ..order.clone() };
    Ok(Change::update(order.status, after, cause))
}
