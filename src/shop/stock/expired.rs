//! Holds that are over, and are not given back yet: in every read they count as free.

use crate::platform::{Fault, Row, Statement};

/// One look reads so many holds, the oldest first. Where there are more, the others count as free once cron or a buyer has given
/// these back: stock is shown too small for a while, and never too large.
const MAX: u32 = 1_000;

/// So many more that are over are given back by each new hold, which is one: so they don't gather.
const OTHERS: u32 = 10;

/// Units and coupon uses of the account in holds that are over, by product and coupon. They count as free.
pub fn expired(account_id: i64, now: i64) -> Statement {
    Statement::new(
        summed(
            "SELECT product_id, coupon_id, email, units FROM holds INDEXED BY holds_until
             WHERE account_id = ?1 AND until <= ?2 ORDER BY until LIMIT ?3",
        ),
        vec![account_id.into(), now.into(), MAX.into()],
    )
}

/// The same of one product, and of all coupons. However many of other products are over, these are found.
pub fn of(account_id: i64, product_id: &str, now: i64) -> Statement {
    Statement::new(
        summed(
            "SELECT * FROM (SELECT order_id, product_id, coupon_id, email, units FROM holds INDEXED BY holds_product
               WHERE account_id = ?1 AND product_id = ?4 AND until <= ?2 ORDER BY until LIMIT ?3)
             UNION SELECT * FROM (SELECT order_id, product_id, coupon_id, email, units FROM holds INDEXED BY holds_coupons
               WHERE account_id = ?1 AND coupon_id IS NOT NULL AND until <= ?2 ORDER BY until LIMIT ?3)",
        ),
        vec![account_id.into(), now.into(), MAX.into(), product_id.into()],
    )
}

/// Of coupons alone.
pub fn of_coupons(account_id: i64, now: i64) -> Statement {
    of(account_id, "", now)
}

fn summed(holds: &str) -> String {
    format!(
        "SELECT product_id, coupon_id, IIF(coupon_id IS NULL, NULL, email) AS email, SUM(units) AS units, COUNT(*) AS uses
         FROM ({holds}) GROUP BY 1, 2, 3"
    )
}

/// SQL: units of a product in holds that are over. `account`, `product` and `now` are SQL as well.
pub fn units(account: &str, product: &str, now: &str) -> String {
    format!(
        "COALESCE((SELECT SUM(units) FROM (SELECT units FROM holds INDEXED BY holds_product
           WHERE holds.account_id = {account} AND holds.product_id = {product} AND until <= {now}
           ORDER BY until LIMIT {MAX})), 0)"
    )
}

/// SQL: whether too little is left of a link's product, it has no file, or it is gone; of a row of `payments` beside its product (LEFT JOIN). ?1 is
/// the account, and `now` the parameter with the time.
pub fn is_sold_out(now: &str) -> String {
    let expired = units("?1", "products.id", now);
    format!(
        "(payments.product_id IS NOT NULL AND (products.id IS NULL OR (products.product_type = 1 AND products.file_id IS NULL) OR COALESCE(payments.quantity >
           IIF(products.product_type = 2, serials_left, stock_amount) + {expired} - stock_owed, 0)))"
    )
}

/// What a new hold takes.
#[derive(Debug, Default)]
pub struct Need<'a> {
    pub units: u32,
    pub coupon_id: Option<&'a str>,
    /// The buyer's, in the form for comparing.
    pub email: Option<&'a str>,
    /// For a paid order that waits: what is owed to such is its own.
    pub waits: bool,
}

/// Gives back as much as a new hold needs of its product and of its coupon, out of holds that are over, and some of the oldest. It
/// stands before the new hold in the same commit.
pub fn release(account_id: i64, product_id: &str, need: &Need<'_>, now: i64) -> Statement {
    Statement::new(
        "DELETE FROM holds WHERE account_id = ?1 AND order_id IN (
           SELECT * FROM (SELECT order_id FROM holds INDEXED BY holds_product
             WHERE account_id = ?1 AND product_id = ?3 AND until <= ?2 AND units > 0 ORDER BY until
             LIMIT MAX(0, MIN(?5, ?4 + COALESCE((
               SELECT ?9 * stock_owed - IIF(product_type = 2, serials_left, stock_amount) FROM products
               WHERE account_id = ?1 AND id = ?3), 0))))
           UNION SELECT order_id FROM (SELECT * FROM (
             SELECT order_id, coupon_id, email, until FROM holds INDEXED BY holds_coupons
             WHERE account_id = ?1 AND coupon_id IS NOT NULL AND until <= ?2 ORDER BY until LIMIT ?5)
             WHERE coupon_id = ?6 ORDER BY email IS NOT ?7, until LIMIT ?8)
           UNION SELECT * FROM (SELECT order_id FROM holds INDEXED BY holds_until
             WHERE account_id = ?1 AND until <= ?2 ORDER BY until LIMIT ?8))",
        vec![
            account_id.into(),
            now.into(),
            product_id.into(),
            need.units.into(),
            MAX.into(),
            need.coupon_id.into(),
            need.email.into(),
            OTHERS.into(),
            (!need.waits).into(),
        ],
    )
}

/// Cron's sweep over all accounts of a shard: gives back so many of those that were over first, and what ended in the same
/// millisecond as the last of them. Answers a row for each.
pub fn take_expired(now: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM holds INDEXED BY holds_over WHERE until <= COALESCE((
           SELECT until FROM holds INDEXED BY holds_over WHERE until <= ?1 ORDER BY until LIMIT 1 OFFSET ?2 - 1), ?1)
         RETURNING 1 AS gone",
        vec![now.into(), limit.into()],
    )
}

/// What holds that are over give back.
#[derive(Debug, Default)]
pub struct Expired(Vec<Hold>);

#[derive(Debug)]
struct Hold {
    product_id: String,
    coupon_id: Option<String>,
    /// In the form for comparing; `None` when there is none.
    email: Option<String>,
    units: i64,
    /// How many holds there are of it.
    uses: i64,
}

impl Expired {
    /// From the rows of `expired` and `of`.
    pub fn read(rows: &[Row]) -> Result<Expired, Fault> {
        let hold = |row: &Row| {
            row.read(|row| {
                let (product_id, coupon_id) = (row.text(), row.maybe_text());
                Ok(Hold { product_id, coupon_id, email: row.maybe_text(), units: row.int(), uses: row.int() })
            })
        };
        Ok(Expired(rows.iter().map(hold).collect::<Result<_, _>>()?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn units(&self, product_id: &str) -> i64 {
        self.0.iter().filter(|hold| hold.product_id == product_id).map(|hold| hold.units).sum()
    }

    pub fn coupon_uses(&self, coupon_id: &str) -> i64 {
        self.uses(coupon_id, |_| true)
    }

    /// Of one buyer. `email` is in the form for comparing; empty when there is none.
    pub fn coupon_uses_by(&self, coupon_id: &str, email: &str) -> i64 {
        self.uses(coupon_id, |hold| hold.email.as_deref().unwrap_or_default() == email)
    }

    fn uses(&self, coupon_id: &str, whose: impl Fn(&Hold) -> bool) -> i64 {
        let is_it = |hold: &&Hold| hold.coupon_id.as_deref() == Some(coupon_id) && whose(hold);
        self.0.iter().filter(is_it).map(|hold| hold.uses).sum()
    }
}
