//! Holds that are over, and are not given back yet: in every read they count as free.

use crate::platform::{Fault, Row, Statement};

/// Units and coupon uses of the account in holds that are over, by product and coupon. They count as free.
pub fn expired(account_id: i64, now: i64) -> Statement {
    Statement::new(
        "SELECT product_id, coupon_id, email, units FROM holds INDEXED BY holds_until WHERE account_id = ?1 AND until <= ?2",
        vec![account_id.into(), now.into()],
    )
}

/// SQL: whether too little is left of a link's product, or it is gone; of a row of `payments` beside its product (LEFT JOIN). ?1 is
/// the account, and `now` the parameter with the time.
pub fn is_sold_out(now: &str) -> String {
    format!(
        "(payments.product_id IS NOT NULL AND (products.id IS NULL OR COALESCE(payments.quantity >
           IIF(products.product_type = 2, serials_left, stock_amount) + COALESCE((
             SELECT SUM(units) FROM holds INDEXED BY holds_until
             WHERE holds.account_id = ?1 AND until <= {now} AND holds.product_id = products.id), 0), 0)))"
    )
}

/// Gives back what holds that are over keep of a product, and of a coupon; and some of other products, so that those that nobody
/// buys any more don't gather. It stands before a new hold in the same commit.
pub fn release(account_id: i64, product_id: &str, coupon_id: Option<&str>, now: i64) -> Statement {
    /// A new order adds one.
    const OTHERS: u32 = 10;
    Statement::new(
        "DELETE FROM holds WHERE account_id = ?1 AND order_id IN (
           SELECT order_id FROM (SELECT order_id, product_id, coupon_id, ROW_NUMBER() OVER (ORDER BY until) AS place
             FROM holds INDEXED BY holds_until WHERE account_id = ?1 AND until <= ?2)
           WHERE product_id = ?3 OR coupon_id = ?4 OR place <= ?5)",
        vec![account_id.into(), now.into(), product_id.into(), coupon_id.into(), OTHERS.into()],
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
}

impl Expired {
    /// From the rows of `expired`.
    pub fn read(rows: &[Row]) -> Result<Expired, Fault> {
        let hold = |row: &Row| {
            row.read(|row| {
                let (product_id, coupon_id) = (row.text(), row.maybe_text());
                Ok(Hold { product_id, coupon_id, email: row.maybe_text(), units: row.int() })
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
        i64::try_from(self.0.iter().filter(is_it).count()).unwrap_or(i64::MAX)
    }
}
