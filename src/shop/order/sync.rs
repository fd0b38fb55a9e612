//! Syncing an order with its gateway: load what is known, ask what has come, decide (`settle`), and commit the change together
//! with the webhooks it owes. Syncs follow one another by delayed queue messages, one chain of them to an order; the order's
//! lease tells cron when that chain has broken off (`schedule`).

use super::{
    Change, Order, Status, cart, fulfil,
    history::{Action, Actor, Cause},
    lease, open, review,
    schedule::{self, delay, is_watched, message},
    settle::{self, Decision},
    sql,
};
use crate::{
    platform::{CommitError, Fault, LogLine, Row, Statement, first_answers},
    shop::{
        App, Error, Outcome, Refusal,
        account::Account,
        gateway::{
            Gateway, GatewayContext, Invoice, LedgerEntry, Observation, PaymentRecord, SyncError, address_reuse, record,
        },
        hold,
        webhook::{self, Endpoint},
    },
};

/// What has an order synced.
pub enum Trigger {
    /// A message of the order's chain of syncs. Of several chains only the one of the order's own generation goes on.
    Scheduled { generation: i64 },
    /// Somebody waits for the answer.
    Request,
    /// The gateway told what has moved. `done` is committed with what that changes.
    Notification { gateway: Gateway, entries: Vec<LedgerEntry>, done: Statement },
}

/// One sync of the order's chain; sends the message for the next.
pub async fn run_scheduled(app: &App, account: &Account, order_id: &str, generation: i64) -> Result<(), Fault> {
    let order = match sync(app, account, order_id, Trigger::Scheduled { generation }).await {
        Ok(Some(order)) => order,
        // Another chain took over, or the order isn't there.
        Ok(None) | Err(Error::Refused(_)) => return Ok(()),
        Err(Error::Fault(fault)) => return Err(fault),
    };
    let now = app.now();
    let Some(delay) = delay(&order, now, app.platform.settings.watch_seconds) else {
        return Ok(());
    };
    // The order's generation may be a new one: a sync that wrote something ends all other branches of its chain.
    app.enqueue(vec![(message(account, &order), delay)]).await;
    Ok(())
}

/// Syncs the order for somebody who waits, and answers it as it is then. A sync that fails changes nothing.
pub async fn now(app: &App, account: &Account, order_id: &str) -> Outcome<Order> {
    sync(app, account, order_id, Trigger::Request).await?.ok_or_else(|| Refusal::NotFound.into())
}

/// Takes in what a gateway told, and commits what that changes together with `done`.
pub async fn apply_notification(
    app: &App,
    account: &Account,
    order_id: &str,
    gateway: Gateway,
    entries: Vec<LedgerEntry>,
    done: Statement,
) -> Outcome<()> {
    sync(app, account, order_id, Trigger::Notification { gateway, entries, done }).await?;
    Ok(())
}

/// Answers the order as it is then; `None` when a scheduled sync is not of the order's generation any more.
async fn sync(app: &App, account: &Account, order_id: &str, trigger: Trigger) -> Outcome<Option<Order>> {
    let (generation, mut seen, done) = match trigger {
        Trigger::Scheduled { generation } => (Some(generation), None, None),
        Trigger::Request => (None, None, None),
        Trigger::Notification { gateway, entries, done } => {
            (None, Some(Observation::Ledger(gateway, entries)), Some(done))
        }
    };
    // A commit loses against another one now and then (a buyer asks for a new price, a second sync). Then all is read
    // again; what was seen stays true.
    for _ in 0..4 {
        let loaded = load(app, account, order_id, seen.as_ref().and_then(review::card_payment)).await?;
        let mut order = loaded.order;
        if generation.is_some_and(|generation| generation != order.sync_generation) {
            return Ok(None);
        }
        let account = &Account::acting(account.id, &account.shard, order.test);
        if seen.is_none() && !order.is_free() {
            if !is_watched(&order) {
                return Ok(Some(order));
            }
            seen = observe(app, account, &order, &loaded.record).await?;
        }
        let judged = match seen.as_ref().and_then(review::card_payment) {
            Some(payment) => {
                let row = match loaded.review {
                    Some(row) => Some(row),
                    // This sync asked Stripe itself, and heard of the card just now.
                    None => account.db(app)?.row(review::look(account.id, order_id, payment)).await?,
                };
                let row = row.ok_or(Refusal::NotFound)?;
                review::judge(&mut order, &loaded.record, payment, &row)?
            }
            None => None,
        };
        let change = match &seen {
            Some(seen) => decide(app, account, &order, &loaded.record, seen).await,
            None => order.is_free().then(|| settle::free(&order, app.now())),
        };
        let Some(mut change) = change else {
            if let Some(done) = done {
                account.db(app)?.commit(vec![done]).await.map_err(CommitError::into_fault)?;
            }
            let kept = keep_alive(app, account, order, generation).await?;
            // What nobody has looked at isn't abandoned.
            return match kept {
                Some(order) if seen.is_some() && generation.is_some() => {
                    Ok(Some(cart::abandon(app, account, order, &loaded.endpoints).await?))
                }
                kept => Ok(kept),
            };
        };
        change.facts.extend(judged);
        fulfil::fulfil(app, account, &mut change, &loaded.endpoints).await?;
        match commit(app, account, change, &loaded.endpoints, generation.is_some(), done.clone()).await {
            Ok(after) if generation.is_some() => {
                return Ok(Some(cart::abandon(app, account, after, &loaded.endpoints).await?));
            }
            Ok(after) => return Ok(Some(after)),
            Err(no) if no.is_stale() => {}
            Err(no) => return Err(no.into_fault().into()),
        }
    }
    Err(Fault("an order changed faster than it could be synced".into()).into())
}

struct Loaded {
    order: Order,
    record: PaymentRecord,
    endpoints: Vec<Endpoint>,
    /// What a payment by card is judged by.
    review: Option<Row>,
}

/// `payment`: a payment by card that was told, and is to be judged.
async fn load(app: &App, account: &Account, order_id: &str, payment: Option<&LedgerEntry>) -> Outcome<Loaded> {
    let mut statements = vec![
        sql::by_id(account.id, order_id),
        record::receipts(account.id, order_id),
        record::movements(account.id, order_id),
        webhook::sql::enabled(account.id),
    ];
    statements.extend(payment.map(|payment| review::look(account.id, order_id, payment)));
    let ([orders, receipts, movements, endpoints], judged) = first_answers(account.db(app)?.rows(statements).await?)?;
    Ok(Loaded {
        review: judged.into_iter().flatten().next(),
        order: sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?,
        record: PaymentRecord {
            receipts: receipts.iter().map(record::receipt).collect::<Result<_, _>>()?,
            movements: movements.iter().map(record::movement).collect::<Result<_, _>>()?,
        },
        endpoints: Endpoint::from_rows(&endpoints)?,
    })
}

/// Asks the gateway; `None` when nobody answered.
async fn observe(
    app: &App,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
) -> Result<Option<Observation>, Fault> {
    match order.gateway.of(account).sync(GatewayContext { app, account }, order.target(), known).await {
        Ok(seen) => Ok(Some(seen)),
        Err(SyncError::Fault(fault)) => Err(fault),
        Err(SyncError::Unreachable(why)) => {
            let line = LogLine::warn("gateway.sync_failed").account(account.id).order(&order.id);
            app.platform.log.write(line.with("gateway", order.gateway.slug()).because(why));
            Ok(None)
        }
    }
}

/// What was seen changes, or `None` when it changes nothing. Gets what the decision needs besides.
async fn decide(
    app: &App,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
    seen: &Observation,
) -> Option<Change> {
    let mut rates = None;
    loop {
        match settle::decide(order, known, seen, rates.as_ref(), app.now()) {
            Decision::Nothing => return None,
            Decision::Change(change) => return Some(change),
            Decision::Abandon => return give_back(app, account, order).await,
            // Without a rate this sync decides nothing; the next will.
            Decision::NeedsRates => rates = Some(open::rates(app, account, order.gateway).await.ok()?),
        }
    }
}

/// Commits the change with the webhooks it owes, and tells of it. `scheduled`: the chain goes on under a new generation.
async fn commit(
    app: &App,
    account: &Account,
    mut change: Change,
    endpoints: &[Endpoint],
    scheduled: bool,
    done: Option<Statement>,
) -> Result<Order, CommitError> {
    let now = app.now();
    if let Some((after, _)) = change.steps.last_mut() {
        let next = delay(after, now, app.platform.settings.watch_seconds);
        after.sync_lease = next.map(|delay| schedule::lease(now, delay));
        after.sync_generation += i64::from(scheduled);
        change.facts.extend(keep_hold(after, now));
    }
    let mut written = change.write(app, account, endpoints)?;
    let mut statements = std::mem::take(&mut written.statements);
    statements.extend(done);
    account.db(app)?.commit(statements).await?;
    Ok(written.tell(app).await)
}

/// A payment that was seen keeps its goods until it is confirmed; a new quote or page keeps them for its window.
pub fn keep_hold(order: &Order, now: i64) -> Option<Statement> {
    order.item.as_ref().filter(|item| item.holds())?;
    let until = match order.payment_status() {
        Status::Unpaid | Status::PartiallyPaid => open::hold_until(order, now),
        Status::AwaitingConfirmations | Status::PendingAtPayPal | Status::HighRisk => hold::confirming(now),
        // What was refunded before it was complete is free at once.
        Status::Refunded => return Some(hold::end(order.account_id, &order.id)),
        Status::Completed | Status::Reversed => return None,
    };
    Some(hold::extend(order.account_id, &order.id, until))
}

/// An order whose watch has ended gives its address back; `None` when it keeps it.
async fn give_back(app: &App, account: &Account, order: &Order) -> Option<Change> {
    let without_index = |facts: Vec<Statement>| {
        let invoice = Invoice { index: None, ..order.invoice.clone() };
        let steps = vec![(Order { invoice, ..order.clone() }, Vec::new())];
        let cause = Cause::of(Actor::Gateway, Action::Payment);
        Change { from: order.status, steps, facts, messages: Vec::new(), cause }
    };
    // All orders have this address. Another one may have its amount from now on.
    if order.invoice.is_shared() {
        return Some(without_index(Vec::new()));
    }
    match address_reuse::give_back(GatewayContext { app, account }, order.target()).await {
        Ok(given) => given.map(|free| without_index(vec![free])),
        Err(SyncError::Unreachable(why) | SyncError::Fault(Fault(why))) => {
            let line = LogLine::warn("order.address_kept").account(account.id).order(&order.id);
            app.platform.log.write(line.because(why));
            None
        }
    }
}

/// Extends the lease of a living chain of syncs, and only when it is about to end: most syncs write nothing. A chain without a
/// lease takes one, and with it a new generation: so of many only one goes on. Answers the order as it goes on, or `None` when
/// another chain has taken over.
async fn keep_alive(app: &App, account: &Account, mut order: Order, generation: Option<i64>) -> Outcome<Option<Order>> {
    let now = app.now();
    let next = delay(&order, now, app.platform.settings.watch_seconds);
    let Some(generation) = generation else {
        return Ok(Some(order));
    };
    let statement = match (next, order.sync_lease) {
        (Some(delay), ends) if ends.is_none_or(|ends| schedule::is_lease_due(ends, now, delay)) => {
            lease::extend(account.id, &order.id, generation, schedule::lease(now, delay))
        }
        (None, Some(_)) => lease::end(account.id, &order.id, generation),
        _ => return Ok(Some(order)),
    };
    let [rows] = account.db(app)?.commit_batch([statement]).await.map_err(CommitError::into_fault)?;
    if next.is_some() {
        match rows.first() {
            Some(row) => order.sync_generation = row.int()?,
            None => return Ok(None),
        }
    }
    Ok(Some(order))
}

/// Has an order looked at once more whose watch has ended: somebody opened its page, perhaps because they paid after all. The sync
/// takes a lease and a generation of its own first: however often the page is opened, there is one.
pub async fn resume(app: &App, account: &Account, order: &Order) {
    if order.status == Status::Completed || !is_watched(order) || order.sync_lease.is_some() {
        return;
    }
    match begin_generation(app, account, order).await {
        Ok(Some(order)) => app.enqueue(vec![(message(account, &order), 0)]).await,
        Ok(None) => {}
        // The page is shown all the same.
        Err(fault) => {
            let line = LogLine::warn("order.sync_not_begun").account(account.id).order(&order.id);
            app.platform.log.write(line.because(fault));
        }
    }
}

/// The order with a lease and a new generation; `None` when somebody else was first.
async fn begin_generation(app: &App, account: &Account, order: &Order) -> Result<Option<Order>, Fault> {
    let begin = lease::begin(account.id, &order.id, order.sync_generation, app.now() + schedule::LEASE);
    let [rows] = account.db(app)?.commit_batch([begin]).await.map_err(CommitError::into_fault)?;
    let generation = rows.first().map(Row::int).transpose()?;
    Ok(generation.map(|sync_generation| Order { sync_generation, ..order.clone() }))
}
