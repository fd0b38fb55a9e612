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
pub const COLUMNS: &str = "id, code, discount_type, discount, currency, product_ids, max_uses, uses, \
    expires_at, max_uses_per_email, minimum, starts_at, created_at, updated_at";

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
        let max_uses_per_email = row.maybe_int();
        let minimum = row.maybe_int().and_then(|minor| Amount::new(minor, Currency::parse(currency.as_deref()?)?));
        let starts_at = row.maybe_int();
        let terms = Terms { code, discount, product_ids, max_uses, max_uses_per_email, minimum, starts_at, expires_at };
        Ok(Coupon { id, terms, uses, created_at: row.int(), updated_at: row.int() })
    })
}

/// The coupon of a code, in any case, and how often this buyer used it in orders that hold.
pub fn by_code(account_id: i64, code: &str, email_key: &str) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS}, (SELECT COUNT(*) FROM coupon_uses
               WHERE coupon_uses.account_id = ?1 AND coupon_id = coupons.id AND email = ?3)
             FROM coupons WHERE account_id = ?1 AND code = ?2 COLLATE NOCASE"
        ),
        vec![account_id.into(), code.into(), email_key.into()],
    )
}

/// A row of `by_code`.
pub fn coupon_with_uses(row: &Row) -> Result<(Coupon, i64), Fault> {
    let uses = row.read(|row| {
        COLUMNS.split(',').for_each(|_| row.skip());
        Ok(row.int())
    })?;
    Ok((coupon(row)?, uses))
}

/// The account, the id, and the terms: ?1 to ?12.
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
        terms.currency().into(),
        terms.product_ids.join(",").into(),
        terms.max_uses.into(),
        terms.expires_at.into(),
        terms.max_uses_per_email.into(),
        terms.minimum.map(Amount::minor).into(),
        terms.starts_at.into(),
    ]
}

pub fn insert(account_id: i64, coupon: &Coupon) -> Statement {
    let mut args = args(account_id, &coupon.id, &coupon.terms);
    args.push(coupon.created_at.into());
    Statement::new(
        format!(
            "INSERT INTO coupons (account_id, seq, {COLUMNS})
             SELECT ?1, {}, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?12, ?13, ?13",
            list::next_seq(TABLE)
        ),
        args,
    )
}

/// Holds a commit to the coupon's still being there, as it was read.
pub fn unmoved(account_id: i64, coupon: &Coupon) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM coupons WHERE account_id = ?1 AND id = ?2 AND updated_at = ?3)",
        vec![account_id.into(), (&coupon.id).into(), coupon.updated_at.into()],
    )
}

/// Answers the coupon as it is then, if it is there.
pub fn update(account_id: i64, id: &str, terms: &Terms, now: i64) -> Statement {
    let mut args = args(account_id, id, terms);
    args.push(now.into());
    Statement::new(
        format!(
            "UPDATE coupons SET code = ?3, discount_type = ?4, discount = ?5, currency = ?6, product_ids = ?7,
             max_uses = ?8, expires_at = ?9, max_uses_per_email = ?10, minimum = ?11, starts_at = ?12, updated_at = ?13
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        args,
    )
}
