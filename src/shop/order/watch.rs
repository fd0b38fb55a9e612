//! Watching the chain for an order. A look asks the chain, makes of it what `facts` says, and commits the change with
//! the webhooks it owes. Looks follow one another by delayed queue messages, one chain of them to an order; the order's
//! lease tells cron when that chain has broken off.

use super::{
    Invoice, Order, Status,
    facts::{self, Facts, Receipt, Terms},
    movement::{self, Movement, Session},
    open, sql,
};
use crate::{
    shop::{
        Error, Outcome, Refusal, Shop,
        account::Account,
        gateway::{Desk, NoSight, Seen, Sighting, wallet},
        job::Job,
        time::{DAY, HOUR, MINUTE, SECOND},
        webhook::{self, Endpoint, Event, Subject},
    },
    world::{Fault, LogLine, Statement, Uncommitted},
};

/// Blocks that bury a payment for good. One that is younger is watched on after it was paid.
const BURIED: u32 = 6;
/// So long after its quote has run out an address is watched. If nothing ever came to it, it is used again then.
const WATCHED: i64 = 7 * DAY;

/// Seconds until the next look, or `None` when there is nothing to look for any more. `base` is the operator's
/// `WATCH_SECONDS`.
pub fn delay(order: &Order, now: i64, base: u32) -> Option<u32> {
    // Where blocks are read for it, a look comes before there are too many of them.
    let most = if order.invoice.is_shared() { 300 } else { u32::MAX };
    pace(order, now, base).map(|delay| delay.min(most))
}

fn pace(order: &Order, now: i64, base: u32) -> Option<u32> {
    if !is_watched(order) {
        return None;
    }
    if let Some(session) = &order.session {
        return session_delay(order, session, now);
    }
    if let Some(paid_at) = order.paid_at {
        return paid_delay(order, now - paid_at);
    }
    // A new quote makes an old order young again.
    let past = now - order.invoice.expires_at;
    // What was seen is followed to its end, however long it takes; but a test account's chain may stand still for ever.
    let confirming = order.status == Status::AwaitingConfirmations && !order.test;
    match () {
        () if past < facts::GRACE || (confirming && past < 2 * HOUR) => Some(base),
        () if past < HOUR || (confirming && past < DAY) => Some(base.max(60)),
        () if past < order.policy.watch() || (confirming && past < 14 * DAY) => Some(300),
        () if past < WATCHED || confirming => Some(3_600),
        // Its last look could not see for sure that the address is empty. One that all orders share is never given back.
        () if order.status == Status::Unpaid && !order.invoice.is_shared() && past < WATCHED + 2 * DAY => {
            Some(12 * 3_600)
        }
        () => None,
    }
}

/// `age`: since it was paid. What was handed out before the first confirmation can still be replaced by anybody, and is looked
/// at soon, then ever more rarely; the blocks that bury a payment have mostly come within an hour. What vanished may come
/// back for two weeks, after which nobody keeps it. A test account's chain moves only when its seller has it looked at.
fn paid_delay(order: &Order, age: i64) -> Option<u32> {
    let rarer = u32::try_from(age / 2 / SECOND).unwrap_or(u32::MAX).clamp(30, 3_600);
    match () {
        () if order.test => None,
        () if age < DAY && order.invoice.confirmations == 0 => Some(rarer),
        () if age < DAY => Some(3_600),
        () if age < 14 * DAY => Some(6 * 3_600),
        () => None,
    }
}

/// Whether anything can happen to its payment that a look would see.
fn is_watched(order: &Order) -> bool {
    // An address that was given back is another order's.
    let its_own = order.session.is_some() || order.invoice.index.is_some();
    its_own && (order.status.is_open() || is_shallow(order))
}

/// Paid in coins, and not so deep that nothing can happen to them any more.
fn is_shallow(order: &Order) -> bool {
    let paid = matches!(order.status, Status::Completed | Status::Reversed) && order.paid_at.is_some();
    paid && order.session.is_none() && order.invoice.confirmations < order.confirmations_needed.max(BURIED)
}

/// Nobody has paid it, and its time is over.
fn is_abandoned(order: &Order, receipts: &[Receipt], seen: &Sighting, now: i64) -> bool {
    let nothing = receipts.is_empty() && seen.outputs.is_empty();
    nothing && order.status == Status::Unpaid && now >= order.invoice.expires_at + WATCHED
}

/// A gateway with a page tells us what happens there. It is asked as well, in case that its word is lost: soon, when the page
/// has ended, and now and then while it holds money back.
fn session_delay(order: &Order, session: &Session, now: i64) -> Option<u32> {
    if !order.gateway.looks(order) {
        return None;
    }
    let age = now - order.created_at;
    match (order.status, session.expires_at) {
        (Status::PendingAtPayPal, _) if age < 30 * DAY => Some(3 * 3_600),
        _ if age < HOUR => Some(600),
        (_, Some(ends)) if now < ends + HOUR => Some(3_600),
        (_, None) if age < DAY => Some(3_600),
        _ => None,
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
    mut seen: Option<Seen>,
    done: Vec<Statement>,
) -> Outcome<Option<Order>> {
    // A commit loses against another one now and then (a buyer asks for a new price, a second look). Then all is read
    // again; what was seen stays true.
    for _ in 0..4 {
        let db = account.db(shop)?;
        let rows = db
            .rows(vec![
                sql::by_id(account.id, order_id),
                sql::receipts(account.id, order_id),
                sql::movements(account.id, order_id),
                webhook::sql::enabled(account.id),
            ])
            .await?;
        let [orders, receipts, movements, endpoints] = rows.as_slice() else {
            return Err(Fault("four answers were expected".into()).into());
        };
        let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
        if turn.is_some_and(|turn| turn != order.watch_turn) {
            return Ok(None);
        }
        let account = &Account::acting(account.id, &account.shard, order.test);
        let facts = Facts {
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
                db.commit(done).await.map_err(Uncommitted::into_fault)?;
            }
            return keep_alive(shop, account, order, turn).await;
        };
        let now = shop.now();
        let endpoints = Endpoint::from_rows(endpoints)?;
        let Some(last) = change.steps.len().checked_sub(1) else { return Ok(Some(order)) };
        let mut owed = Vec::new();
        let mut logs = Vec::new();
        let mut after = order;
        let mut lines = Vec::new();
        for (n, (mut step, events)) in change.steps.into_iter().enumerate() {
            if n == last {
                let next = delay(&step, now, shop.world.settings.watch_seconds);
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
                lines.into_iter().for_each(|line| shop.world.log.write(line));
                shop.nudge(webhook::nudges(account, &logs)).await;
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
async fn see(shop: &Shop, account: &Account, order: &Order, known: &Facts) -> Result<Option<Seen>, Fault> {
    match order.gateway.of(account).look(Desk { shop, account }, order, known).await {
        Ok(seen) => Ok(Some(seen)),
        Err(NoSight::Fault(fault)) => Err(fault),
        Err(NoSight::Unreachable(why)) => {
            let line = LogLine::warn("gateway.sync_failed").account(account.id).order(&order.id);
            shop.world.log.write(line.with("gateway", order.gateway.snake()).because(why));
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
async fn decide(shop: &Shop, account: &Account, order: &Order, known: &Facts, seen: &Seen) -> Option<Change> {
    match seen {
        Seen::Coins(seen) => coins(shop, account, order, &known.receipts, seen).await,
        Seen::Books(gateway, seen) => {
            // A notice can name any order; only those that are paid there are its to tell of.
            let its = order.gateway == *gateway && order.session.is_some();
            its.then(|| booked(order, &known.movements, seen, shop.now())).flatten()
        }
    }
}

async fn coins(shop: &Shop, account: &Account, order: &Order, receipts: &[Receipt], seen: &Sighting) -> Option<Change> {
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
        let rate = open::rate(order.price, &rates, &order.policy).ok()?;
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
    match wallet::give_back(Desk { shop, account }, order).await {
        Ok(given) => {
            let invoice = Invoice { index: None, ..order.invoice.clone() };
            let order = Order { invoice, ..order.clone() };
            given.map(|free| Change { steps: vec![(order, Vec::new())], facts: vec![free] })
        }
        Err(NoSight::Unreachable(why) | NoSight::Fault(Fault(why))) => {
            let line = LogLine::warn("order.address_kept").account(account.id).order(&order.id);
            shop.world.log.write(line.because(why));
            None
        }
    }
}

/// What a gateway's books make of an order, or `None` when they say nothing new.
pub fn booked(order: &Order, known: &[Movement], seen: &[Movement], now: i64) -> Option<Change> {
    let fresh = movement::fresh(known, seen);
    if fresh.is_empty() {
        return None;
    }
    let all: Vec<Movement> = known.iter().chain(&fresh).cloned().collect();
    let books = movement::books(order.price, &all);
    let route = order.route(books.status, books.whole);
    let mut order = order.clone();
    let more = (books.paid, books.refunded, books.strange) != (order.paid_value, order.refunded_value, order.strange);
    order.paid_value = books.paid;
    order.refunded_value = books.refunded;
    order.strange = books.strange;
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
    if order.status != Status::Completed && is_watched(order) && order.watch_lease.is_none() {
        shop.nudge(vec![(message(account, order), 0)]).await;
    }
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
    let rate = open::rate(order.price, &rates, &order.policy)?;
    let invoice = facts::requote(&order, order.invoice.received, rate, &rates, now).ok_or(Refusal::NotQuotable)?;
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
