//! Watching the chain for an order. A look asks the chain, makes of it what `facts` says, and commits the change with
//! the webhooks it owes. Looks follow one another by delayed queue messages, one chain of them to an order; the order's
//! lease tells cron when that chain has broken off.

use super::{
    Invoice, Order, Status,
    facts::{self, OnchainPayment, PaymentRecord, Terms},
    ledger::{self, LedgerEntry},
    open,
    pace::{delay, is_abandoned, is_watched},
    sql,
};
use crate::{
    platform::{CommitError, Fault, LogLine, Row, Statement},
    shop::{
        Error, Outcome, Refusal, Shop,
        account::Account,
        gateway::{ChainSnapshot, GatewayContext, Observation, SyncError, wallet},
        job::Job,
        time::{MINUTE, SECOND},
        webhook::{self, Endpoint, Event, Subject},
    },
};

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
    let Some(delay) = delay(&order, now, shop.platform.settings.watch_seconds) else {
        return Ok(());
    };
    // The order's turn may be a new one: a look that wrote something ends all other branches of its chain.
    shop.enqueue(vec![(message(account, &order), delay)]).await;
    Ok(())
}

/// Looks once and commits what changed. Answers the order as it is then; `None` when `turn` is not the order's own any more. A
/// look that fails changes nothing.
pub async fn look(shop: &Shop, account: &Account, order_id: &str, turn: Option<i64>) -> Outcome<Option<Order>> {
    take_in(shop, account, order_id, turn, None, Vec::new()).await
}

/// Takes in what was seen, or looks for it, and commits what it changes, together with `done`.
pub async fn take_in(
    shop: &Shop,
    account: &Account,
    order_id: &str,
    turn: Option<i64>,
    mut seen: Option<Observation>,
    done: Vec<Statement>,
) -> Outcome<Option<Order>> {
    // A commit loses against another one now and then (a buyer asks for a new price, a second look). Then all is read
    // again; what was seen stays true.
    for _ in 0..4 {
        let db = account.db(shop)?;
        let [orders, receipts, movements, endpoints] = db
            .batch([
                sql::by_id(account.id, order_id),
                sql::receipts(account.id, order_id),
                sql::movements(account.id, order_id),
                webhook::sql::enabled(account.id),
            ])
            .await?;
        let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
        if turn.is_some_and(|turn| turn != order.watch_turn) {
            return Ok(None);
        }
        let account = &Account::acting(account.id, &account.shard, order.test);
        let facts = PaymentRecord {
            receipts: receipts.iter().map(sql::receipt).collect::<Result<_, _>>()?,
            movements: movements.iter().map(sql::movement).collect::<Result<_, _>>()?,
        };
        if seen.is_none() {
            if !is_watched(&order) {
                return Ok(Some(order));
            }
            seen = see(shop, account, &order, &facts).await?;
        }
        let change = match &seen {
            Some(seen) => decide(shop, account, &order, &facts, seen).await,
            None => None,
        };
        let Some(change) = change else {
            if !done.is_empty() {
                db.commit(done).await.map_err(CommitError::into_fault)?;
            }
            return keep_alive(shop, account, order, turn).await;
        };
        let now = shop.now();
        let endpoints = Endpoint::from_rows(&endpoints)?;
        let Some(last) = change.steps.len().checked_sub(1) else { return Ok(Some(order)) };
        let mut owed = Vec::new();
        let mut logs = Vec::new();
        let mut after = order;
        let mut lines = Vec::new();
        for (n, (mut step, events)) in change.steps.into_iter().enumerate() {
            if n == last {
                let next = delay(&step, now, shop.platform.settings.watch_seconds);
                step.watch_lease = next.map(|delay| lease(now, delay));
                step.watch_turn += i64::from(turn.is_some());
            }
            let owes = webhook::owe(shop, account.id, &events, Subject::Order(&step), &endpoints);
            lines.extend(step.log_line(&events));
            owed.extend(owes.statements);
            logs.extend(owes.logs);
            after = step;
        }
        let mut statements: Vec<_> = sql::update(&after).into();
        statements.extend(change.facts);
        statements.extend(owed);
        statements.extend(done.iter().cloned());
        match db.commit(statements).await {
            Ok(_) => {
                after.revision += 1;
                lines.into_iter().for_each(|line| shop.platform.log.write(line));
                shop.enqueue(webhook::messages(account, &logs)).await;
                tell_pages(shop, &after).await;
                return Ok(Some(after));
            }
            Err(no) if no.is_stale() => {}
            Err(no) => return Err(no.into_fault().into()),
        }
    }
    Err(Fault("an order changed faster than it could be looked at".into()).into())
}

/// Asks the gateway; `None` when nobody answered.
async fn see(
    shop: &Shop,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
) -> Result<Option<Observation>, Fault> {
    match order.gateway.of(account).look(GatewayContext { shop, account }, order, known).await {
        Ok(seen) => Ok(Some(seen)),
        Err(SyncError::Fault(fault)) => Err(fault),
        Err(SyncError::Unreachable(why)) => {
            let line = LogLine::warn("gateway.sync_failed").account(account.id).order(&order.id);
            shop.platform.log.write(line.with("gateway", order.gateway.slug()).because(why));
            Ok(None)
        }
    }
}

/// What becomes of an order.
pub struct Change {
    /// The order as it moves on, and what each move tells; never empty.
    pub steps: Vec<(Order, Vec<Event>)>,
    /// What was found out, to be written.
    pub facts: Vec<Statement>,
}

/// What was seen changes, or `None` when it changes nothing.
async fn decide(
    shop: &Shop,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
    seen: &Observation,
) -> Option<Change> {
    match seen {
        Observation::Coins(seen) => coins(shop, account, order, &known.receipts, seen).await,
        Observation::Ledger(gateway, seen) => {
            // A notice can name any order; only those that are paid there are its to tell of.
            let its = order.gateway == *gateway && order.session.is_some();
            its.then(|| booked(order, &known.movements, seen, shop.now())).flatten()
        }
    }
}

async fn coins(
    shop: &Shop,
    account: &Account,
    order: &Order,
    receipts: &[OnchainPayment],
    seen: &ChainSnapshot,
) -> Option<Change> {
    let now = shop.now();
    if is_abandoned(order, receipts, seen, now) {
        return give_back(shop, account, order).await;
    }
    let changed = facts::update(receipts, seen, now);
    let mut order = order.clone();
    let all = facts::merge(receipts, &changed);
    let stand = |order: &Order, invoice: &Invoice| facts::standing(Terms::of(order, invoice), &all, seen.tip);
    let mut standing = stand(&order, &order.invoice);
    let before = facts::standing(Terms::of(&order, &order.invoice), receipts, seen.tip).received;
    let paid = order.paid_at.is_some();
    if let Some(invoice) = facts::uncover(&order, standing.received).filter(|_| !paid) {
        standing = stand(&order, &invoice);
        order.invoice = invoice;
    } else if !paid
        && facts::came_late(&order, &changed)
        && before < facts::enough(order.invoice.value, order.policy.underpayment_per_mille)
    {
        // What comes late is worth what it is worth now. Without a rate this look decides nothing; the next will.
        let rates = open::rates(shop, account, order.gateway).await.ok()?;
        let rate = open::rate(order.gateway, order.price, &rates, &order.policy).ok()?;
        let invoice = facts::requote(&order, before, rate, &rates, now)?;
        let invoice = Invoice { late: true, ..invoice };
        standing = stand(&order, &invoice);
        order.invoice = invoice;
    }
    let more = standing.received != order.invoice.received;
    let read_on = seen.cursor != order.invoice.cursor;
    let route = order.route(standing.status, standing.status == Status::Completed);
    if changed.is_empty()
        && route.is_empty()
        && !more
        && !read_on
        && standing.confirmations == order.invoice.confirmations
    {
        return None;
    }
    order.invoice.received = standing.received;
    order.invoice.confirmations = standing.confirmations;
    order.invoice.cursor = seen.cursor;
    let facts = changed.iter().map(|receipt| sql::put_receipt(order.account_id, &order.id, receipt)).collect();
    let silent = changed.is_empty() && route.is_empty() && !more;
    Some(Change { steps: steps(order, &route, more, silent, now), facts })
}

/// An order whose watch has ended gives its address back; `None` when it keeps it.
async fn give_back(shop: &Shop, account: &Account, order: &Order) -> Option<Change> {
    match wallet::give_back(GatewayContext { shop, account }, order).await {
        Ok(given) => {
            let invoice = Invoice { index: None, ..order.invoice.clone() };
            let order = Order { invoice, ..order.clone() };
            given.map(|free| Change { steps: vec![(order, Vec::new())], facts: vec![free] })
        }
        Err(SyncError::Unreachable(why) | SyncError::Fault(Fault(why))) => {
            let line = LogLine::warn("order.address_kept").account(account.id).order(&order.id);
            shop.platform.log.write(line.because(why));
            None
        }
    }
}

/// What a gateway's books make of an order, or `None` when they say nothing new.
pub fn booked(order: &Order, known: &[LedgerEntry], seen: &[LedgerEntry], now: i64) -> Option<Change> {
    let fresh = ledger::fresh(known, seen);
    if fresh.is_empty() {
        return None;
    }
    let books = ledger::books(order.price, &ledger::merge(known, &fresh));
    let route = order.route(books.status, books.whole);
    let mut order = order.clone();
    let more = (books.paid, books.refunded, books.strange, books.inquiry)
        != (order.paid_value, order.refunded_value, order.strange, order.inquiry);
    order.paid_value = books.paid;
    order.refunded_value = books.refunded;
    order.strange = books.strange;
    order.inquiry = books.inquiry;
    if let Some(session) = &mut order.session {
        session.take_in(&fresh);
    }
    let facts = fresh.iter().map(|movement| sql::put_movement(order.account_id, &order.id, movement)).collect();
    Some(Change { steps: steps(order, &route, more, false, now), facts })
}

/// The order on its way through these statuses, and what each move tells. `silent`: nothing that concerns anybody.
fn steps(mut order: Order, route: &[Status], more: bool, silent: bool, now: i64) -> Vec<(Order, Vec<Event>)> {
    if !silent {
        order.updated_at = now;
    }
    let mut steps = Vec::new();
    for status in route {
        let mut events = vec![Event::OrderUpdated];
        order.status = *status;
        if *status == Status::Completed && order.paid_at.is_none() {
            order.paid_at = Some(now);
            events.push(Event::OrderPaid);
        }
        steps.push((order.clone(), events));
    }
    if steps.is_empty() {
        steps.push((order, if more { vec![Event::OrderUpdated] } else { Vec::new() }));
    }
    steps
}

/// Whether a lease is to be renewed: it is about to end, or so long that cron would find a broken chain late.
fn is_due(ends: i64, now: i64, delay: u32) -> bool {
    let left = ends - now - i64::from(delay) * SECOND;
    !(2 * MINUTE..=LEASE).contains(&left)
}

/// Extends the lease of a living chain of looks, and only when it is about to end: most looks write nothing. A chain without a
/// lease takes one, and with it a new turn: so of many only one goes on. Answers the order as it goes on, or `None` when
/// another chain has taken over.
async fn keep_alive(shop: &Shop, account: &Account, mut order: Order, turn: Option<i64>) -> Outcome<Option<Order>> {
    let now = shop.now();
    let next = delay(&order, now, shop.platform.settings.watch_seconds);
    let Some(turn) = turn else {
        return Ok(Some(order));
    };
    let statement = match (next, order.watch_lease) {
        (Some(delay), ends) if ends.is_none_or(|ends| is_due(ends, now, delay)) => {
            sql::extend_lease(account.id, &order.id, turn, lease(now, delay))
        }
        (None, Some(_)) => sql::end_lease(account.id, &order.id, turn),
        _ => return Ok(Some(order)),
    };
    let [rows] = account.db(shop)?.commit_batch([statement]).await.map_err(CommitError::into_fault)?;
    if next.is_some() {
        match rows.first() {
            Some(row) => order.watch_turn = row.int()?,
            None => return Ok(None),
        }
    }
    Ok(Some(order))
}

/// White-label orders have no page to tell.
pub async fn tell_pages(shop: &Shop, order: &Order) {
    if order.payment_id.is_some() {
        shop.platform.live.changed(&order.id).await;
    }
}

/// Has an order looked at once more whose watch has ended: somebody opened its page, perhaps because they paid after all. The look
/// takes a lease and a turn of its own first: however often the page is opened, there is one.
pub async fn look_again(shop: &Shop, account: &Account, order: &Order) {
    if order.status == Status::Completed || !is_watched(order) || order.watch_lease.is_some() {
        return;
    }
    match begin_turn(shop, account, order).await {
        Ok(Some(order)) => shop.enqueue(vec![(message(account, &order), 0)]).await,
        Ok(None) => {}
        // The page is shown all the same.
        Err(fault) => {
            let line = LogLine::warn("order.sync_not_begun").account(account.id).order(&order.id);
            shop.platform.log.write(line.because(fault));
        }
    }
}

/// The order with a lease and a new turn; `None` when somebody else was first.
async fn begin_turn(shop: &Shop, account: &Account, order: &Order) -> Result<Option<Order>, Fault> {
    let begin = sql::begin_lease(account.id, &order.id, order.watch_turn, shop.now() + LEASE);
    let [rows] = account.db(shop)?.commit_batch([begin]).await.map_err(CommitError::into_fault)?;
    let turn = rows.first().map(Row::int).transpose()?;
    Ok(turn.map(|watch_turn| Order { watch_turn, ..order.clone() }))
}

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
    let invoice = facts::requote(&order, order.invoice.received, rate, &rates, now).ok_or(Refusal::NotQuotable)?;
    let delay = shop.platform.settings.watch_seconds;
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
    shop.enqueue(vec![(message(account, &fresh), delay)]).await;
    tell_pages(shop, &fresh).await;
    Ok(fresh)
}
