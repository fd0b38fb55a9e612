//! Paid orders that found nothing left: they are delivered once there is, the oldest first.

use super::{
    Change, Delivery, Order, Status, delivery, fulfil,
    history::{Action, Actor, Cause},
    sql,
};
use crate::{
    platform::{CommitError, Fault, Row, Statement},
    shop::{
        App, Error, Outcome, Refusal,
        account::Account,
        job::Job,
        product::Product,
        stock::expired,
        webhook::{self, Endpoint},
    },
};

/// Orders of one look, and looks of one message. What is left has a message of its own.
const MAX_ORDERS: u32 = 20;
const MAX_LOOKS: u32 = 5;

/// SQL: units of a product `p` that paid orders may have, with those in holds that are over; of one without end more than any order
/// takes. ?1 is the time.
fn there() -> String {
    let expired = expired::units("p.account_id", "p.id", "?1");
    format!("COALESCE(IIF(p.product_type = 2, p.serials_left, p.stock_amount), 1000000000000) + {expired}")
}

/// Those of a product that wait behind this place and need no more than there is, oldest first.
fn waiting(account_id: i64, product_id: &str, after: i64, now: i64) -> Statement {
    let there = there();
    Statement::new(
        format!(
            "SELECT orders.id, orders.seq, orders.held, there FROM
               (SELECT {there} AS there FROM products p
                WHERE p.account_id = ?2 AND p.id = ?3 AND (p.product_type <> 1 OR p.file_id IS NOT NULL))
               CROSS JOIN orders INDEXED BY orders_waiting
             WHERE orders.account_id = ?2 AND orders.product_id = ?3 AND delivery = 'out_of_stock' AND status = 100
               AND orders.seq > ?4 AND held <= there ORDER BY orders.seq LIMIT ?5"
        ),
        vec![now.into(), account_id.into(), product_id.into(), after.into(), MAX_ORDERS.into()],
    )
}

/// Cron's sweep over all accounts of a shard: products for which orders wait, of which the one that needs least can have it; and
/// again at `until`. Those go first that were not looked at for longest, so none hides another.
pub fn take_restocked(now: i64, until: i64, limit: u32) -> Statement {
    let there = there();
    Statement::new(
        format!(
            "UPDATE products SET restock_at = ?2 FROM
               (SELECT account_id, seq FROM products p INDEXED BY products_waiting
                WHERE stock_owed > 0 AND restock_at <= ?1 AND (product_type <> 1 OR file_id IS NOT NULL) AND {there} >= (
                  SELECT o.held FROM orders o INDEXED BY orders_waiting_least
                  WHERE o.account_id = p.account_id AND o.product_id = p.id AND o.delivery = 'out_of_stock' AND o.status = 100
                  ORDER BY o.held LIMIT 1)
                ORDER BY restock_at LIMIT ?3) due
             WHERE products.account_id = due.account_id AND products.seq = due.seq
             RETURNING products.account_id, products.id"
        ),
        vec![now.into(), until.into(), limit.into()],
    )
}

/// Delivers what waits for a product, each order in a commit of its own.
pub async fn run(app: &App, account: &Account, product_id: &str) -> Result<(), Fault> {
    let (mut after, mut broken) = (0, None);
    for _ in 0..MAX_LOOKS {
        let look = waiting(account.id, product_id, after, app.now());
        let [rows] = account.db(app)?.batch([look]).await?;
        let read = |row: &Row| row.read(|row| Ok((row.text(), row.int(), row.int(), row.int())));
        let orders = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let (mut there, mut delivered) = (orders.first().map_or(0, |(.., there)| *there), 0);
        for (order_id, seq, units, _) in &orders {
            after = *seq;
            // Who needs less is not kept waiting by who needs more than is left.
            if *units > there {
                continue;
            }
            match deliver(app, account, order_id).await {
                Ok(true) => {
                    there -= units;
                    delivered += 1;
                }
                Ok(false) | Err(Error::Refused(_)) => {}
                // The others don't wait for one that can't be delivered.
                Err(Error::Fault(fault)) => broken = broken.or(Some(fault)),
            }
        }
        if orders.len() < MAX_ORDERS as usize {
            break;
        }
        // Some that were passed over may be the oldest that fit what is left.
        if delivered > 0 {
            app.enqueue(vec![(message(account, product_id), 0)]).await;
            break;
        }
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
    let has_goods = goods.product.as_ref().is_none_or(Product::has_goods);
    if delivery::needs_hold(order, &goods) || !has_goods {
        return Ok(None);
    }
    let after = Order { updated_at: app.now(), ..order.clone() };
    let mut change = Change::update(order.status, after, cause);
    fulfil::hand_over(app, account, &mut change, goods, endpoints)?;
    Ok(Some(change))
}
