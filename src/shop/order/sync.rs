//! Syncing an order with its gateway: load what is known, ask what has come, decide (`settle`), and commit the change together
//! with the webhooks it owes. Syncs follow one another by delayed queue messages, one chain of them to an order; the order's
//! lease tells cron when that chain has broken off (`schedule`).

use super::{
    Order, Status, open,
    schedule::{self, delay, is_watched, lease, message},
    settle::{self, Change, Decision},
    sql,
};
use crate::{
    platform::{CommitError, Fault, LogLine, Statement},
    shop::{
        Error, Outcome, Refusal, Shop,
        account::Account,
        gateway::{
            Gateway, GatewayContext, Invoice, LedgerEntry, Observation, PaymentRecord, SyncError, address_reuse, record,
        },
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
pub async fn run_scheduled(shop: &Shop, account: &Account, order_id: &str, generation: i64) -> Result<(), Fault> {
    let order = match sync(shop, account, order_id, Trigger::Scheduled { generation }).await {
        Ok(Some(order)) => order,
        // Another chain took over, or the order isn't there.
        Ok(None) | Err(Error::Refused(_)) => return Ok(()),
        Err(Error::Fault(fault)) => return Err(fault),
    };
    let now = shop.now();
    let Some(delay) = delay(&order, now, shop.platform.settings.watch_seconds) else {
        return Ok(());
    };
    // The order's generation may be a new one: a sync that wrote something ends all other branches of its chain.
    shop.enqueue(vec![(message(account, &order), delay)]).await;
    Ok(())
}

/// Syncs the order for somebody who waits, and answers it as it is then. A sync that fails changes nothing.
pub async fn now(shop: &Shop, account: &Account, order_id: &str) -> Outcome<Order> {
    sync(shop, account, order_id, Trigger::Request).await?.ok_or_else(|| Refusal::NotFound.into())
}

/// Takes in what a gateway told, and commits what that changes together with `done`.
pub async fn apply_notification(
    shop: &Shop,
    account: &Account,
    order_id: &str,
    gateway: Gateway,
    entries: Vec<LedgerEntry>,
    done: Statement,
) -> Outcome<()> {
    sync(shop, account, order_id, Trigger::Notification { gateway, entries, done }).await?;
    Ok(())
}

/// Answers the order as it is then; `None` when a scheduled sync is not of the order's generation any more.
async fn sync(shop: &Shop, account: &Account, order_id: &str, trigger: Trigger) -> Outcome<Option<Order>> {
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
        let loaded = load(shop, account, order_id).await?;
        let order = loaded.order;
        if generation.is_some_and(|generation| generation != order.watch_turn) {
            return Ok(None);
        }
        let account = &Account::acting(account.id, &account.shard, order.test);
        if seen.is_none() {
            if !is_watched(&order) {
                return Ok(Some(order));
            }
            seen = observe(shop, account, &order, &loaded.record).await?;
        }
        let change = match &seen {
            Some(seen) => decide(shop, account, &order, &loaded.record, seen).await,
            None => None,
        };
        let Some(change) = change else {
            if let Some(done) = done {
                account.db(shop)?.commit(vec![done]).await.map_err(CommitError::into_fault)?;
            }
            return keep_alive(shop, account, order, generation).await;
        };
        match commit(shop, account, change, &loaded.endpoints, generation.is_some(), done.clone()).await {
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
}

async fn load(shop: &Shop, account: &Account, order_id: &str) -> Outcome<Loaded> {
    let db = account.db(shop)?;
    let rows = db
        .rows(vec![
            sql::by_id(account.id, order_id),
            record::receipts(account.id, order_id),
            record::movements(account.id, order_id),
            webhook::sql::enabled(account.id),
        ])
        .await?;
    let [orders, receipts, movements, endpoints] = rows.as_slice() else {
        return Err(Fault("four answers were expected".into()).into());
    };
    Ok(Loaded {
        order: sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?,
        record: PaymentRecord {
            receipts: receipts.iter().map(record::receipt).collect::<Result<_, _>>()?,
            movements: movements.iter().map(record::movement).collect::<Result<_, _>>()?,
        },
        endpoints: Endpoint::from_rows(endpoints)?,
    })
}

/// Asks the gateway; `None` when nobody answered.
async fn observe(
    shop: &Shop,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
) -> Result<Option<Observation>, Fault> {
    match order.gateway.of(account).look(GatewayContext { shop, account }, order.target(), known).await {
        Ok(seen) => Ok(Some(seen)),
        Err(SyncError::Fault(fault)) => Err(fault),
        Err(SyncError::Unreachable(why)) => {
            let line = LogLine::warn("gateway.sync_failed").account(account.id).order(&order.id);
            shop.platform.log.write(line.with("gateway", order.gateway.slug()).because(why));
            Ok(None)
        }
    }
}

/// What was seen changes, or `None` when it changes nothing. Gets what the decision needs besides.
async fn decide(
    shop: &Shop,
    account: &Account,
    order: &Order,
    known: &PaymentRecord,
    seen: &Observation,
) -> Option<Change> {
    let mut rates = None;
    loop {
        match settle::decide(order, known, seen, rates.as_ref(), shop.now()) {
            Decision::Nothing => return None,
            Decision::Change(change) => return Some(change),
            Decision::Abandon => return give_back(shop, account, order).await,
            // Without a rate this sync decides nothing; the next will.
            Decision::NeedsRates => rates = Some(open::rates(shop, account, order.gateway).await.ok()?),
        }
    }
}

/// Commits the change with the webhooks it owes, and tells of it. `scheduled`: the chain goes on under a new generation.
async fn commit(
    shop: &Shop,
    account: &Account,
    change: Change,
    endpoints: &[Endpoint],
    scheduled: bool,
    done: Option<Statement>,
) -> Result<Order, CommitError> {
    let now = shop.now();
    let mut steps = change.steps;
    let Some((mut after, last)) = steps.pop() else {
        return Err(Fault("a change of an order has no step".into()).into());
    };
    let next = delay(&after, now, shop.platform.settings.watch_seconds);
    after.watch_lease = next.map(|delay| lease(now, delay));
    after.watch_turn += i64::from(scheduled);
    let mut statements: Vec<_> = sql::update(&after).into();
    statements.extend(change.facts);
    let (mut logs, mut lines) = (Vec::new(), Vec::new());
    for (step, events) in steps.iter().chain([&(after.clone(), last)]) {
        let owed = webhook::owe(shop, account.id, events, step, endpoints)?;
        lines.extend(step.log_line(events));
        statements.extend(owed.statements);
        logs.extend(owed.logs);
    }
    statements.extend(done);
    account.db(shop)?.commit(statements).await?;
    after.revision += 1;
    lines.into_iter().for_each(|line| shop.platform.log.write(line));
    shop.enqueue(webhook::messages(account, &logs)).await;
    tell_pages(shop, &after).await;
    Ok(after)
}

/// An order whose watch has ended gives its address back; `None` when it keeps it.
async fn give_back(shop: &Shop, account: &Account, order: &Order) -> Option<Change> {
    match address_reuse::give_back(GatewayContext { shop, account }, order.target()).await {
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

/// Extends the lease of a living chain of looks, and only when it is about to end: most looks write nothing. A chain without a
/// lease takes one, and with it a new turn: so of many only one goes on. Answers the order as it goes on, or `None` when
/// another chain has taken over.
async fn keep_alive(
    shop: &Shop,
    account: &Account,
    mut order: Order,
    generation: Option<i64>,
) -> Outcome<Option<Order>> {
    let now = shop.now();
    let next = delay(&order, now, shop.platform.settings.watch_seconds);
    let Some(generation) = generation else {
        return Ok(Some(order));
    };
    let statement = match (next, order.watch_lease) {
        (Some(delay), ends) if ends.is_none_or(|ends| schedule::is_lease_due(ends, now, delay)) => {
            sql::extend_lease(account.id, &order.id, generation, lease(now, delay))
        }
        (None, Some(_)) => sql::end_lease(account.id, &order.id, generation),
        _ => return Ok(Some(order)),
    };
    let rows = account.db(shop)?.commit(vec![statement]).await.map_err(CommitError::into_fault)?;
    if next.is_some() {
        match rows.first().and_then(|rows| rows.first()) {
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
pub async fn resume(shop: &Shop, account: &Account, order: &Order) {
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
    let begin = sql::begin_lease(account.id, &order.id, order.watch_turn, shop.now() + schedule::LEASE);
    let rows = account.db(shop)?.commit(vec![begin]).await.map_err(CommitError::into_fault)?;
    let turn = rows.first().and_then(|rows| rows.first()).map(|row| row.int()).transpose()?;
    Ok(turn.map(|watch_turn| Order { watch_turn, ..order.clone() }))
}
