//! Holds: what an order that isn't paid yet keeps from other buyers, which is units of stock and a use of its coupon.
//!
//! A hold is a row, placed in the commit that makes its order. It goes when the order is paid or its time is over. The
//! triggers of `schema/0019_holds.sql` move serials and counters with it, and nothing else does.

use super::{gateway::Session, product::Kind, text::email, time::DAY};
use crate::platform::{Fault, Row, Statement};

/// What an order takes from its product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The product's type when it was ordered.
    pub kind: Kind,
    /// Minor units before discounts.
    pub subtotal: i64,
    /// Units that it takes from the stock; 0 of a product without end.
    pub units: u32,
    pub coupon_id: Option<String>,
}

impl Item {
    /// Whether there is anything to hold.
    pub fn holds(&self) -> bool {
        self.units > 0 || self.coupon_id.is_some()
    }
}

/// A buyer who pays at the last moment is seen a little later, in milliseconds.
pub const GRACE_PERIOD: i64 = 5 * super::time::MINUTE;
/// So long a payment that was seen, and isn't confirmed, keeps its hold. So does an order in review that was paid, or costs
/// nothing.
const CONFIRMING: i64 = 14 * DAY;

/// Until when an order that waits for its payment keeps its hold: its payment window. `quote`: until when a price in coins
/// holds; otherwise it is a gateway's page.
pub fn until(session: Option<&Session>, quote: i64, now: i64) -> i64 {
    let ends = match session {
        Some(session) => session.expires_at.unwrap_or(now + DAY),
        None => quote,
    };
    ends + GRACE_PERIOD
}

/// Of an order whose payment was seen, or isn't needed.
pub fn confirming(now: i64) -> i64 {
    now + CONFIRMING
}

/// Takes for an order what its item needs, or keeps what it has for longer. The commit breaks `products_stock` where too little
/// is left. `email` is the buyer's.
pub fn place(
    account_id: i64,
    order_id: &str,
    product_id: &str,
    item: &Item,
    email: Option<&str>,
    until: i64,
) -> Statement {
    Statement::new(
        "INSERT INTO holds (account_id, order_id, product_id, product_type, units, coupon_id, email, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (account_id, order_id) DO UPDATE SET until = excluded.until",
        vec![
            account_id.into(),
            order_id.into(),
            product_id.into(),
            (item.kind as i64).into(),
            item.units.into(),
            item.coupon_id.clone().into(),
            email.map(email::key).into(),
            until.into(),
        ],
    )
}

/// Keeps the hold of an order for longer, if it has one still.
pub fn extend(account_id: i64, order_id: &str, until: i64) -> Statement {
    Statement::new(
        "UPDATE holds SET until = ?3 WHERE account_id = ?1 AND order_id = ?2",
        vec![account_id.into(), order_id.into(), until.into()],
    )
}

/// Ends the hold of an order: sold if the order's `delivery` says so by then, otherwise given back.
pub fn end(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "DELETE FROM holds WHERE account_id = ?1 AND order_id = ?2",
        vec![account_id.into(), order_id.into()],
    )
}

/// The serials that an order holds, oldest first. Answers no row without a hold, and one with a null of other products.
pub fn serials(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT serial FROM holds LEFT JOIN (
           SELECT seq, serial FROM serials INDEXED BY serials_order
           WHERE account_id = ?1 AND order_id = ?2 AND state = 1) ON holds.product_type = 2
         WHERE holds.account_id = ?1 AND holds.order_id = ?2 ORDER BY seq",
        vec![account_id.into(), order_id.into()],
    )
}

/// What the rows of `serials` say: `None` without a hold.
pub fn read_serials(rows: &[Row]) -> Result<Option<Vec<String>>, Fault> {
    if rows.is_empty() {
        return Ok(None);
    }
    let serials = rows.iter().map(|row| row.read(|row| Ok(row.maybe_text()))).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(serials.into_iter().flatten().collect()))
}
