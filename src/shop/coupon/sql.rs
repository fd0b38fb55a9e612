//! Statements and rows of `coupons`.

use super::{Coupon, Discount, Terms};
use crate::{
    platform::{Fault, Row, Statement, Value},
    shop::{
        list,
        money::{Amount, Currency},
    },
};

pub const TABLE: &str = "coupons";
pub const COLUMNS: &str =
    "id, code, discount_type, discount, currency, product_ids, max_uses, uses, expires_at, created_at, updated_at";

pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM coupons WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn coupon(row: &Row) -> Result<Coupon, Fault> {
    row.read(|row| {
        let id = row.text();
        let code = row.text();
        let kind = row.text();
        let number = row.int();
        let currency = row.maybe_text();
        let amount = || Amount::new(number, Currency::parse(currency.as_deref()?)?).map(Discount::Amount);
        let discount = match kind.as_str() {
            "percent" => u32::try_from(number).ok().map(Discount::Percent),
            _ => amount(),
        };
        // Ids hold no commas.
        let product_ids = row.text().split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        let max_uses = row.maybe_int();
        let uses = row.int();
        let expires_at = row.maybe_int();
        let discount = discount.ok_or_else(|| Fault("a coupon has an unreadable discount".into()))?;
        let terms = Terms { code, discount, product_ids, max_uses, expires_at };
        Ok(Coupon { id, terms, uses, created_at: row.int(), updated_at: row.int() })
    })
}

/// The account, the id, and the terms: ?1 to ?9.
fn args(account_id: i64, id: &str, terms: &Terms) -> Vec<Value> {
    let number = match terms.discount {
        Discount::Percent(hundredths) => hundredths.into(),
        Discount::Amount(amount) => amount.minor(),
    };
    vec![
        account_id.into(),
        id.into(),
        (&terms.code).into(),
        terms.discount.kind().into(),
        number.into(),
        terms.discount.currency().into(),
        terms.product_ids.join(",").into(),
        terms.max_uses.into(),
        terms.expires_at.into(),
    ]
}

pub fn insert(account_id: i64, coupon: &Coupon) -> Statement {
    let mut args = args(account_id, &coupon.id, &coupon.terms);
    args.push(coupon.created_at.into());
    Statement::new(
        format!(
            "INSERT INTO coupons (account_id, seq, {COLUMNS})
             SELECT ?1, {}, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?10",
            list::next_seq(TABLE)
        ),
        args,
    )
}

/// Answers the coupon as it is then, if it is there.
pub fn update(account_id: i64, id: &str, terms: &Terms, now: i64) -> Statement {
    let mut args = args(account_id, id, terms);
    args.push(now.into());
    Statement::new(
        format!(
            "UPDATE coupons SET code = ?3, discount_type = ?4, discount = ?5, currency = ?6, product_ids = ?7,
             max_uses = ?8, expires_at = ?9, updated_at = ?10
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        args,
    )
}
