//! Replacing a serial: the next one in stock takes the place of one that is bad.

use super::{Found, Written, prepared};
use crate::{
    json,
    platform::{Row, Statement},
    shop::{
        App, Outcome,
        account::Account,
        error::{CatalogRefusal, OrderRefusal},
        order::{
            Change, Delivery, Order, Status, delivery, fulfil,
            history::{Action, Actor, Cause},
        },
        prepared::Prepared,
        product,
        stock::expired::{self, Expired},
    },
};

/// `serial` names the bad one, which may be left out where there is one alone.
pub async fn replace(app: &App, account: &Account, order_id: &str, serial: Option<&str>) -> Outcome<Prepared<Written>> {
    let (db, now) = (account.db(app)?, app.now());
    let [order, endpoints] = Found::statements(account, order_id);
    let bought = bought(account.id, order_id);
    let [orders, endpoints, bought] = db.batch([order, endpoints, bought]).await?;
    let Found { order, endpoints } = Found::read(&orders, &endpoints)?;
    if order.status != Status::Completed || order.delivery != Some(Delivery::Delivered) || bought.is_empty() {
        return Err(OrderRefusal::NotReplaceable.into());
    }
    let mut serials = bought.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let place = match serial {
        None if serials.len() > 1 => return Err(OrderRefusal::SerialMissing.into()),
        None => 0,
        Some(bad) => serials.iter().position(|(_, known)| known == bad).ok_or(OrderRefusal::SerialUnknown)?,
    };
    let product_id = &order.product_id;
    let looks = [
        next(account.id, product_id),
        product::sql::one(account.id, product_id),
        expired::of(account.id, product_id, now),
    ];
    let [mut free, products, over] = db.batch(looks).await?;
    if free.is_empty() && Expired::read(&over)?.units(product_id) > 0 {
        let one = expired::Need { units: 1, waits: true, ..expired::Need::default() };
        db.commit(vec![expired::release(account.id, product_id, &one, now)]).await?;
        [free] = db.batch([next(account.id, product_id)]).await?;
    }
    let (new_seq, new) = read(free.first().ok_or(CatalogRefusal::OutOfStock)?)?;
    let (bad_seq, bad) = match serials.get_mut(place) {
        Some(serial) => std::mem::replace(serial, (new_seq, new)),
        None => return Err(OrderRefusal::SerialUnknown.into()),
    };
    // As all deliveries of serials have them: in the order in which they were added.
    serials.sort_by_key(|(seq, _)| *seq);
    let delivered: Vec<String> = serials.into_iter().map(|(_, serial)| serial).collect();
    let delivered = delivered.join("\n");
    if json::to_text(&delivered).len() > delivery::MAX_BYTES {
        return Err(CatalogRefusal::OrderTooLarge.into());
    }
    let from = order.status;
    let cause = Cause::of(Actor::Seller, Action::Replace).noting(bad);
    let order = Order { delivered: Some(delivered), updated_at: now, ..order };
    let moves = take(account.id, &order, new_seq, bad_seq);
    let mut change = Change { facts: moves.into(), ..Change::update(from, order, cause) };
    if let Some(row) = products.first() {
        let product = product::sql::product(row)?;
        change.facts.extend(fulfil::stock_events(app, account, &product, &endpoints)?);
    }
    prepared(app, account, change, &endpoints)
}

/// The serials that the order bought, in the order of its delivery.
fn bought(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT seq, serial FROM serials INDEXED BY serials_order
         WHERE account_id = ?1 AND order_id = ?2 AND state = 2 ORDER BY seq",
        vec![account_id.into(), order_id.into()],
    )
}

/// The serial that is sold next.
fn next(account_id: i64, product_id: &str) -> Statement {
    Statement::new(
        "SELECT seq, serial FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0 ORDER BY seq LIMIT 1",
        vec![account_id.into(), product_id.into()],
    )
}

fn read(row: &Row) -> Outcome<(i64, String)> {
    Ok(row.read(|row| Ok((row.int(), row.text())))?)
}

/// The new serial is sold to the order, and then the old one is bad: a trigger compares what is
/// left with what is delivered. Nothing happens, as stale, when somebody else took the new one.
fn take(account_id: i64, order: &Order, new: i64, bad: i64) -> [Statement; 4] {
    let product_id = &order.product_id;
    [
        Statement::guard(
            "EXISTS (SELECT 1 FROM serials WHERE account_id = ?1 AND product_id = ?2 AND state = 0 AND seq = ?3)",
            vec![account_id.into(), product_id.into(), new.into()],
        ),
        Statement::new(
            "UPDATE products SET serials_left = serials_left - 1 WHERE account_id = ?1 AND id = ?2",
            vec![account_id.into(), product_id.into()],
        ),
        Statement::new(
            "UPDATE serials SET state = 2, order_id = ?4
             WHERE account_id = ?1 AND product_id = ?2 AND state = 0 AND seq = ?3",
            vec![account_id.into(), product_id.into(), new.into(), (&order.id).into()],
        ),
        Statement::new(
            "UPDATE serials SET state = 3 WHERE account_id = ?1 AND product_id = ?2 AND state = 2 AND seq = ?3",
            vec![account_id.into(), product_id.into(), bad.into()],
        ),
    ]
}
