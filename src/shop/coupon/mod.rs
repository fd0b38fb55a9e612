//! Coupons: codes with which buyers pay less. A use is taken by an order's hold (`hold`).

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::CatalogRefusal,
    id,
    list::{self, Page},
    money::{Amount, Decimal},
    prepared::Prepared,
    product,
    stock::expired::{self, Expired},
    webhook::{Event, Subject, unread},
};
use crate::{
    json,
    platform::{Statement, last_answers},
};

pub mod sql;

/// A coupon may be for so many products. Empty means all.
pub const MAX_PRODUCTS: usize = 100;

/// What the buyer doesn't pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discount {
    /// Hundredths of a percent, 1 to 10,000.
    Percent(u32),
    Amount(Amount),
}

impl Discount {
    /// `15` or `12.5` percent: above 0, at most 100, with at most two decimals.
    pub fn percent(number: Decimal) -> Option<Discount> {
        let text = number.to_text();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if whole.len() > 3 || fraction.len() > 2 {
            return None;
        }
        let hundredths = format!("{whole}{fraction:0<2}").parse().ok()?;
        (1..=10_000).contains(&hundredths).then_some(Discount::Percent(hundredths))
    }

    pub fn kind(self) -> &'static str {
        match self {
            Discount::Percent(_) => "percent",
            Discount::Amount(_) => "amount",
        }
    }

    /// As money is sent: "12.5", "15.0".
    pub fn wire(self) -> String {
        match self {
            Discount::Percent(hundredths) => Decimal::new(hundredths.into(), 2).map(Decimal::wire).unwrap_or_default(),
            Discount::Amount(amount) => amount.wire(),
        }
    }

    /// Of an amount.
    pub fn currency(self) -> Option<&'static str> {
        match self {
            Discount::Percent(_) => None,
            Discount::Amount(amount) => Some(amount.currency().code()),
        }
    }
}

/// What its seller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// As its seller spells it; unique in its account in any case.
    pub code: String,
    pub discount: Discount,
    /// Empty: all.
    pub product_ids: Vec<String>,
    /// `None`: as often as anybody likes.
    pub max_uses: Option<i64>,
    /// By one buyer.
    pub max_uses_per_email: Option<i64>,
    /// What the order must come to without it.
    pub minimum: Option<Amount>,
    pub starts_at: Option<i64>,
    pub expires_at: Option<i64>,
}

impl Terms {
    /// Of its amounts.
    pub fn currency(&self) -> Option<&'static str> {
        self.discount.currency().or(self.minimum.map(|minimum| minimum.currency().code()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    pub id: String,
    pub terms: Terms,
    pub uses: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Subject for Coupon {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Coupon {
    /// With what holds give back that are over.
    pub fn with_expired(mut self, expired: &Expired) -> Coupon {
        self.uses = (self.uses - expired.coupon_uses(&self.id)).max(0);
        self
    }
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Coupon>> {
    let [total, rows] = list::page(account.id, sql::TABLE, sql::COLUMNS, page, per_page);
    let statements = [total, rows, expired::of_coupons(account.id, app.now())];
    let [total, rows, expired] = account.db(app)?.batch(statements).await?;
    let expired = Expired::read(&expired)?;
    Ok(list::read([total, rows], |row| Ok(sql::coupon(row)?.with_expired(&expired)))?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Coupon> {
    let statements = [sql::one(account.id, id), expired::of_coupons(account.id, app.now())];
    let [rows, expired] = account.db(app)?.batch(statements).await?;
    let coupon = sql::coupon(rows.first().ok_or(Refusal::NotFound)?)?;
    Ok(coupon.with_expired(&Expired::read(&expired)?))
}

pub fn create(app: &App, account: &Account, terms: Terms) -> Outcome<Prepared<Coupon>> {
    let now = app.now();
    let coupon = Coupon { id: id::short(app.random()), terms, uses: 0, created_at: now, updated_at: now };
    let product_ids = json::to_text(&coupon.terms.product_ids);
    let statements = vec![
        product::sql::all_known(account.id, &product_ids),
        list::grow(account.id, sql::TABLE),
        sql::insert(account.id, &coupon),
    ];
    let owed = unread::owe(app, account.id, Event::CouponCreated, &coupon)?;
    Ok(unread::with(prepare(app, account, coupon, statements, &product_ids)?, account, owed))
}

/// Writes all terms, unless the coupon is gone. How often it was used is not theirs to change. Products that `before` named
/// may be gone: a coupon keeps their ids, since without any it would be for all.
pub async fn update(app: &App, account: &Account, before: &Coupon, terms: &Terms) -> Outcome<Coupon> {
    let (id, updated_at) = (&before.id, list::moved(app.now(), before.updated_at));
    let new = terms.product_ids.iter().filter(|id| !before.terms.product_ids.contains(id));
    let product_ids = json::to_text(&new.collect::<Vec<_>>());
    let statements = vec![
        sql::unmoved(account.id, before),
        product::sql::all_known(account.id, &product_ids),
        expired::of_coupons(account.id, app.now()),
        sql::update(account.id, id, terms, updated_at),
    ];
    // As it will be. How often it was used moves by itself, and is told by nobody.
    let after = Coupon { terms: terms.clone(), updated_at, ..before.clone() };
    let owed = unread::owe(app, account.id, Event::CouponUpdated, &after)?;
    let prepared = unread::with(prepare(app, account, (), statements, &product_ids)?, account, owed);
    let (_, rows) = prepared.commit(app, Vec::new()).await?;
    let [expired, rows] = last_answers(rows)?;
    let coupon = sql::coupon(rows.first().ok_or(Refusal::NotFound)?)?;
    Ok(coupon.with_expired(&Expired::read(&expired)?))
}

pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    let [gone] = last_answers(account.db(app)?.commit(list::delete(account.id, sql::TABLE, id).into()).await?)?;
    if gone.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(()) }
}

/// `product_ids`: those that must be there, as a JSON array.
fn prepare<T>(
    app: &App,
    account: &Account,
    value: T,
    statements: Vec<Statement>,
    product_ids: &str,
) -> Outcome<Prepared<T>> {
    Ok(Prepared::new(account.db(app)?, value, statements)
        .on_taken("coupons", "code", CatalogRefusal::CodeTaken)
        .why_stale(product::sql::unknown(account.id, product_ids), product::unknown))
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Discount};

    #[test]
    fn percents_have_two_decimals_and_end_at_a_hundred() {
        let percent = |text: &str| Discount::percent(Decimal::parse(text).unwrap());
        for (text, hundredths, wire) in [
            ("15", 1_500, "15.0"),
            ("12.5", 1_250, "12.5"),
            ("0.01", 1, "0.01"),
            ("100", 10_000, "100.0"),
            ("33.33", 3_333, "33.33"),
            ("5e-1", 50, "0.5"),
        ] {
            assert_eq!(percent(text), Some(Discount::Percent(hundredths)));
            assert_eq!(Discount::Percent(hundredths).wire(), wire);
        }
        for text in ["0", "0.001", "100.01", "101", "1000", "1e30", "12.345"] {
            assert_eq!(percent(text), None, "{text}");
        }
    }
}
