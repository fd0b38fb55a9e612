//! Paid orders that found nothing left: they are delivered once there is, the oldest first.

use super::{
    Change, Delivery, Order, Status, delivery, fulfil,
    history::{Action, Actor, Cause},
    sql,
};
use crate::{
    platform::{CommitError, Fault, Statement},
    shop::{
        App, Error, Outcome, Refusal,
        account::Account,
        job::Job,
        webhook::{self, Endpoint},
    },
};

/// Orders that one message delivers. What is left has a message of its own.
const MAX_ORDERS: u32 = 20;

/// Those of a product that wait, oldest first, each with the units that it needs.
fn waiting(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "SELECT id, held FROM orders INDEXED BY orders_waiting
         WHERE account_id = ?1 AND product_id = ?2 AND delivery = 'out_of_stock' AND status = 100 ORDER BY seq LIMIT ?3",
        vec![account_id.into(), product_id.into(), MAX_ORDERS.into()],
    )
}

/// Cron's sweep over all accounts of a shard: products for which orders wait, and which have stock
/// by now, or holds that are over. It steps from product to product, however many orders wait for
/// each.
pub fn take_restocked(now: i64, limit: u32) -> Statement {
    Statement::new(
        "WITH RECURSIVE wanted(account_id, product_id) AS (
           SELECT * FROM (SELECT account_id, product_id FROM orders INDEXED BY orders_waiting
             WHERE delivery = 'out_of_stock' AND status = 100 ORDER BY account_id, product_id LIMIT 1)
           UNION ALL
           SELECT next.account_id, next.product_id FROM wanted CROSS JOIN orders next ON next.rowid = COALESCE(
             (SELECT o.rowid FROM orders o INDEXED BY orders_waiting
              WHERE o.delivery = 'out_of_stock' AND o.status = 100
                AND o.account_id = wanted.account_id AND o.product_id > wanted.product_id
              ORDER BY o.account_id, o.product_id LIMIT 1),
             (SELECT o.rowid FROM orders o INDEXED BY orders_waiting
              WHERE o.delivery = 'out_of_stock' AND o.status = 100 AND o.account_id > wanted.account_id
              ORDER BY o.account_id, o.product_id LIMIT 1)))
         SELECT p.account_id, p.id FROM wanted CROSS JOIN products p
           ON p.account_id = wanted.account_id AND p.id = wanted.product_id
         WHERE IIF(p.product_type = 2, p.serials_left, COALESCE(p.stock_amount, 1)) > 0
           OR EXISTS (SELECT 1 FROM holds h INDEXED BY holds_until
             WHERE h.account_id = p.account_id AND h.until <= ?1 AND h.product_id = p.id)
         LIMIT ?2",
        vec![now.into(), limit.into()],
    )
}

/// Delivers what waits for a product, each order in a commit of its own.
pub async fn run(app: &App, account: &Account, product_id: &str) -> Result<(), Fault> {
    let [rows] = account.db(app)?.batch([waiting(account.id, product_id)]).await?;
    let orders = rows.iter().map(|row| row.read(|row| Ok((row.text(), row.count())))).collect::<Result<Vec<_>, _>>()?;
    let (mut too_many, mut delivered, mut broken) = (u32::MAX, 0, None);
    for (order_id, units) in &orders {
        // Who needs less is not kept waiting by who needs more than there is.
        if *units >= too_many {
            continue;
        }
        match deliver(app, account, order_id).await {
            Ok(true) => delivered += 1,
            Ok(false) => too_many = *units,
            Err(Error::Refused(_)) => {}
            // The others don't wait for one that can't be delivered.
            Err(Error::Fault(fault)) => broken = broken.or(Some(fault)),
        }
    }
    if delivered > 0 && orders.len() >= MAX_ORDERS as usize {
        app.enqueue(vec![(message(account, product_id), 0)]).await;
    }
    broken.map_or(Ok(()), Err)
}

pub fn message(account: &Account, product_id: &str) -> Job {
    Job::Restock { shard: account.shard.clone(), account_id: account.id, product_id: product_id.to_owned() }
}

/// Whether it is delivered, or waits no more.
async fn deliver(app: &App, account: &Account, order_id: &str) -> Outcome<bool> {
    let db = account.db(app)?;
    for _ in 0..4 {
        let [orders, endpoints] =
            db.batch([sql::by_id(account.id, order_id), webhook::sql::enabled(account.id)]).await?;
        let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
        if !is_waiting(&order) {
            return Ok(true);
        }
        let endpoints = Endpoint::from_rows(&endpoints)?;
        let Some(change) = change(app, account, &order, &endpoints, Cause::of(Actor::System, Action::Delivery)).await?
        else {
            return Ok(false);
        };
        let mut written = change.write(app, account, &endpoints)?;
        match db.commit(std::mem::take(&mut written.statements)).await {
            Ok(_) => {
                written.tell(app).await;
                return Ok(true);
            }
            Err(no) if no.is_stale() => {}
            Err(no) => return Err(CommitError::into_fault(no).into()),
        }
    }
    Err(Fault("an order changed faster than it could be delivered".into()).into())
}

pub fn is_waiting(order: &Order) -> bool {
    order.status == Status::Completed && order.delivery == Some(Delivery::OutOfStock)
}

/// The delivery of an order that waits; `None` while too little is there.
pub async fn change(
    app: &App,
    account: &Account,
    order: &Order,
    endpoints: &[Endpoint],
    cause: Cause,
) -> Outcome<Option<Change>> {
    let goods = fulfil::goods(app, account, order).await?;
    if delivery::needs_hold(order, &goods) {
        return Ok(None);
    }
    let after = Order { updated_at: app.now(), ..order.clone() };
    let mut change = Change::update(order.status, after, cause);
    fulfil::hand_over(app, account, &mut change, goods, endpoints)?;
    Ok(Some(change))
}
