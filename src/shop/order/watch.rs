//! Watching the chain for an order. A look asks the chain, makes of it what `facts` says, and commits the change with
//! the webhooks it owes. Looks follow one another by delayed queue messages, one chain of them to an order; the order's
//! lease tells cron when that chain has broken off.

use super::{
    Invoice, Order, Status,
    facts::{self, Receipt},
    open, sql,
};
use crate::{
    shop::{
        Error, Outcome, Refusal, Shop,
        account::Account,
        gateway::{NoSight, Sighting, chain},
        job::Job,
        time::{DAY, HOUR, MINUTE, SECOND},
        webhook::{self, Endpoint, Event, Subject},
    },
    world::{Fault, Uncommitted},
};

/// Seconds until the next look, or `None` when there is nothing to look for any more. `base` is the operator's
/// `WATCH_SECONDS`.
pub fn delay(order: &Order, now: i64, base: u32) -> Option<u32> {
    if !order.status.is_open() {
        return None;
    }
    // A new quote makes an old order young again.
    let age = now - (order.invoice.expires_at - open::QUOTE);
    let confirming = order.status == Status::AwaitingConfirmations;
    let expected = now < order.invoice.expires_at + facts::GRACE;
    match () {
        () if expected || (confirming && age < 2 * HOUR) => Some(base),
        () if confirming && age < 14 * DAY => Some(base.max(60)),
        // What was seen is followed to its end, however long it takes.
        () if confirming => Some(3_600),
        () if age < HOUR => Some(base.max(60)),
        () if age < DAY => Some(300),
        () if age < 7 * DAY => Some(3_600),
        () => None,
    }
}

/// The order's next look, in its living chain of looks.
pub fn message(account: &Account, order: &Order) -> Job {
    Job::Look {
        shard: account.shard.clone(),
        account_id: account.id,
        order_id: order.id.clone(),
        turn: order.watch_turn,
    }
}

const LEASE: i64 = 5 * MINUTE;

/// Until when a chain of looks with this delay is trusted to be alive.
pub fn lease(now: i64, delay: u32) -> i64 {
    now + i64::from(delay) * SECOND + LEASE
}

/// One look out of the order's chain of looks; sends the message for the next.
pub async fn turn(shop: &Shop, account: &Account, order_id: &str, turn: i64) -> Result<(), Fault> {
    let order = match look(shop, account, order_id, Some(turn)).await {
        Ok(Some(order)) => order,
        // Another chain of looks took over, or the order isn't there.
        Ok(None) | Err(Error::Refused(_)) => return Ok(()),
        Err(Error::Fault(fault)) => return Err(fault),
    };
    let now = shop.now();
    let Some(delay) = delay(&order, now, shop.world.settings.watch_seconds) else {
        return Ok(());
    };
    // The order's turn may be a new one: a look that wrote something ends all other branches of its chain.
    shop.nudge(vec![(message(account, &order), delay)]).await;
    Ok(())
}

/// Looks at the chain once and commits what changed. Answers the order as it is then; `None` when `turn` is not the
/// order's own any more. A look that fails changes nothing.
pub async fn look(shop: &Shop, account: &Account, order_id: &str, turn: Option<i64>) -> Outcome<Option<Order>> {
    let mut sighting: Option<Sighting> = None;
    // A commit loses against another one now and then (a buyer asks for a new price, a second look). Then all is read
    // again; what the chain said stays true.
    for _ in 0..4 {
        let db = account.db(shop)?;
        let rows = db
            .rows(vec![
                sql::by_id(account.id, order_id),
                sql::receipts(account.id, order_id),
                webhook::sql::enabled(account.id),
            ])
            .await?;
        let [orders, receipts, endpoints] = rows.as_slice() else {
            return Err(Fault("three answers were expected".into()).into());
        };
        let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
        if turn.is_some_and(|turn| turn != order.watch_turn) {
            return Ok(None);
        }
        if !order.status.is_open() {
            return Ok(Some(order));
        }
        let account = &Account::acting(account.id, &account.shard, order.test);
        let receipts = receipts.iter().map(sql::receipt).collect::<Result<Vec<_>, _>>()?;
        let seen = match sighting.take() {
            Some(seen) => Some(seen),
            None => see(shop, account, &order, &receipts).await?,
        };
        let Some(seen) = seen else {
            return keep_alive(shop, account, order, turn).await;
        };
        let Some(mut change) = decide(shop, account, &order, &receipts, &seen).await else {
            return keep_alive(shop, account, order, turn).await;
        };
        let now = shop.now();
        let endpoints = Endpoint::from_rows(endpoints)?;
        let next = delay(&change.order, now, shop.world.settings.watch_seconds);
        change.order.watch_lease = next.map(|delay| lease(now, delay));
        change.order.watch_turn += i64::from(turn.is_some());
        let owed = webhook::owe(shop, account.id, &change.events, Subject::Order(&change.order), &endpoints);
        let mut statements: Vec<_> = sql::update(&change.order).into();
        statements.extend(change.receipts.iter().map(|receipt| sql::put_receipt(account.id, order_id, receipt)));
        statements.extend(owed.statements);
        match db.commit(statements).await {
            Ok(_) => {
                change.order.revision += 1;
                shop.nudge(webhook::nudges(account, &owed.logs)).await;
                tell_pages(shop, &change.order).await;
                return Ok(Some(change.order));
            }
            Err(no) if no.is_stale() => sighting = Some(seen),
            Err(no) => return Err(no.into_fault().into()),
        }
    }
    Err(Fault("an order changed faster than it could be looked at".into()).into())
}

/// Asks the chain; `None` when nobody answered.
async fn see(shop: &Shop, account: &Account, order: &Order, receipts: &[Receipt]) -> Result<Option<Sighting>, Fault> {
    let known: Vec<String> =
        receipts.iter().filter(|receipt| !receipt.gone).map(|receipt| receipt.txid.clone()).collect();
    match chain(shop, account, order.gateway).look(&order.invoice.address, order.created_at, &known).await {
        Ok(seen) => Ok(Some(seen)),
        Err(NoSight::Fault(fault)) => Err(fault),
        Err(NoSight::Unreachable(why)) => {
            shop.world.log.warn(&format!("order {} could not be looked for: {why}", order.id));
            Ok(None)
        }
    }
}

struct Change {
    order: Order,
    receipts: Vec<Receipt>,
    events: Vec<Event>,
}

/// What the sighting changes, or `None` when it changes nothing.
async fn decide(
    shop: &Shop,
    account: &Account,
    order: &Order,
    receipts: &[Receipt],
    seen: &Sighting,
) -> Option<Change> {
    let now = shop.now();
    let changed = facts::update(receipts, seen, now);
    let mut order = order.clone();
    let all = facts::merge(receipts, &changed);
    let stand = |invoice: &Invoice| facts::standing(invoice.value, order.confirmations_needed, &all, seen.tip);
    let mut standing = stand(&order.invoice);
    let before = facts::standing(order.invoice.value, 0, receipts, seen.tip).received;
    if let Some(invoice) = facts::uncover(&order, standing.received) {
        standing = stand(&invoice);
        order.invoice = invoice;
    } else if facts::came_late(&order, &changed) && before < facts::enough(order.invoice.value) {
        // What comes late is worth what it is worth now. Without a rate this look decides nothing; the next will.
        let rates = open::rates(shop, account, order.gateway).await.ok()?;
        let invoice = facts::requote(&order, before, &rates, now, open::QUOTE)?;
        let invoice = Invoice { late: true, ..invoice };
        standing = stand(&invoice);
        order.invoice = invoice;
    }
    let moved = standing.status != order.status && order.status.may_become(standing.status);
    let more = standing.received != order.invoice.received;
    if changed.is_empty() && !moved && !more && standing.confirmations == order.invoice.confirmations {
        return None;
    }
    let mut events = Vec::new();
    if moved {
        order.status = standing.status;
    }
    if moved || more {
        events.push(Event::OrderUpdated);
    }
    if moved && standing.status == Status::Completed {
        order.paid_at = Some(now);
        events.push(Event::OrderPaid);
    }
    order.invoice.received = standing.received;
    order.invoice.confirmations = standing.confirmations;
    order.updated_at = now;
    Some(Change { order, receipts: changed, events })
}

/// Extends the lease of a living chain of looks, and only when it is about to end: most looks write nothing. Answers the
/// order as it goes on, or `None` when another chain has taken over.
async fn keep_alive(shop: &Shop, account: &Account, mut order: Order, turn: Option<i64>) -> Outcome<Option<Order>> {
    let now = shop.now();
    let next = delay(&order, now, shop.world.settings.watch_seconds);
    let (Some(turn), Some(ends)) = (turn, order.watch_lease) else {
        return Ok(Some(order));
    };
    let statement = match next {
        Some(delay) if ends - now < i64::from(delay) * SECOND + 2 * MINUTE => {
            sql::extend_lease(account.id, &order.id, turn, lease(now, delay))
        }
        Some(_) => return Ok(Some(order)),
        None => sql::end_lease(account.id, &order.id, turn),
    };
    let rows = account.db(shop)?.commit(vec![statement]).await.map_err(Uncommitted::into_fault)?;
    if next.is_some() {
        match rows.first().and_then(|rows| rows.first()) {
            Some(row) => order.watch_turn = row.int()?,
            None => return Ok(None),
        }
    }
    Ok(Some(order))
}

/// White-label orders have no page to tell.
async fn tell_pages(shop: &Shop, order: &Order) {
    if order.payment_id.is_some() {
        shop.world.live.changed(&order.id).await;
    }
}

/// Has an order looked at once more whose watch has ended: somebody opened its page, perhaps because he paid after all.
pub async fn look_again(shop: &Shop, account: &Account, order: &Order) {
    if order.status.is_open() && order.watch_lease.is_none() {
        shop.nudge(vec![(message(account, order), 0)]).await;
    }
}

/// A new price for what an order still lacks, once its quote has run out.
pub async fn requote(shop: &Shop, account: &Account, order_id: &str) -> Outcome<Order> {
    let order = super::get(shop, account, order_id).await?;
    let now = shop.now();
    if !matches!(order.status, Status::Unpaid | Status::PartiallyPaid) {
        return Err(Refusal::NotPayable.into());
    }
    if now < order.invoice.expires_at {
        return Ok(order);
    }
    let rates = open::rates(shop, account, order.gateway).await?;
    let invoice =
        facts::requote(&order, order.invoice.received, &rates, now, open::QUOTE).ok_or(Refusal::NotQuotable)?;
    let delay = shop.world.settings.watch_seconds;
    // The old chain of looks may be an hour away from its next one: a new turn starts a quick one.
    let mut fresh = Order {
        invoice,
        watch_turn: order.watch_turn + 1,
        watch_lease: Some(lease(now, delay)),
        updated_at: now,
        ..order
    };
    match account.db(shop)?.commit(sql::update(&fresh).into()).await {
        Ok(_) => fresh.revision += 1,
        // Somebody else did it, or money came: the caller sees what is there now.
        Err(no) if no.is_stale() => return super::get(shop, account, order_id).await,
        Err(no) => return Err(no.into_fault().into()),
    }
    shop.nudge(vec![(message(account, &fresh), delay)]).await;
    tell_pages(shop, &fresh).await;
    Ok(fresh)
}
