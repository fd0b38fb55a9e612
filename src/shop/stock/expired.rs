//! Holds that are over, and are not given back yet: in every read they count as free.

use crate::platform::{Fault, Row, Statement};

/// Units and coupon uses of the account in holds that are over, by product and coupon. They count as free.
pub fn expired(account_id: i64, now: i64) -> Statement {
    Statement::new(
        "SELECT product_id, coupon_id, units FROM holds INDEXED BY holds_until WHERE account_id = ?1 AND until <= ?2",
        vec![account_id.into(), now.into()],
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
pub struct Expired(Vec<(String, Option<String>, i64)>);

impl Expired {
    /// From the rows of `expired`.
    pub fn read(rows: &[Row]) -> Result<Expired, Fault> {
        let row = |row: &Row| row.read(|row| Ok((row.text(), row.maybe_text(), row.int())));
        Ok(Expired(rows.iter().map(row).collect::<Result<_, _>>()?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn units(&self, product_id: &str) -> i64 {
        self.0.iter().filter(|(product, ..)| product == product_id).map(|(.., units)| units).sum()
    }

    pub fn coupon_uses(&self, coupon_id: &str) -> i64 {
        let is_it = |(_, coupon, _): &&(String, Option<String>, i64)| coupon.as_deref() == Some(coupon_id);
        i64::try_from(self.0.iter().filter(is_it).count()).unwrap_or(i64::MAX)
    }
}
