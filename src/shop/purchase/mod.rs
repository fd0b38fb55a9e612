//! What somebody wants to buy: a product, so many of it, with a coupon and answers. It is checked and priced here, for the API
//! and for the storefront. The order's commit decides whether the stock is there (`hold`).

use super::{
    App, Outcome, Refusal,
    account::Account,
    coupon::{self as coupons, Coupon, Discount},
    gateway::Gateway,
    hold::Item,
    money::Amount,
    product::{
        self, Product,
        input::{self, BadAnswer},
    },
    stock::expired::{self, Expired},
    text::email,
};
use crate::{
    json::{Map, Value},
    platform::{Row, Statement},
};

mod price;

pub use price::{Priced, price};

/// What a buyer asks for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub product_id: String,
    /// `None`: the least that the product sells.
    pub quantity: Option<u32>,
    pub coupon: Option<String>,
    /// Answers to the product's inputs, by index or name.
    pub answers: Map<String, Value>,
    /// What it may be paid through; none of a buyer who has still to choose.
    pub gateways: Vec<Gateway>,
    pub email: Option<String>,
}

/// A wish that can be bought.
#[derive(Debug, Clone)]
pub struct Offer {
    pub product: Product,
    pub quantity: u32,
    pub price: Amount,
    /// JSON, the answers by index.
    pub custom: Option<String>,
    pub item: Item,
}

/// Of one order, where the product sets no end.
const MAX_QUANTITY: i64 = 1_000_000;

/// Why a wish can't be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    OutOfStock,
    /// What would be handed out isn't there yet.
    NoFile,
    /// The sum is more than an order can cost.
    SumTooLarge,
    /// What can be bought, both ends included; the most is `None` without end.
    Quantity {
        min: i64,
        max: Option<i64>,
    },
    GatewayNotEnabled(Gateway),
    /// There is none of this code, or it isn't for this order.
    CouponNotValid,
    /// The input's index and name.
    Custom(usize, String, BadAnswer),
}

/// What is known of a wish: the product with its stock, and the coupon that was named.
pub struct Known {
    pub product: Product,
    /// The stock with what expired holds give back; `None` is without end.
    pub stock: Option<i64>,
    coupon: Option<(Coupon, i64)>,
}

/// Reads a wish's product and coupon, in one round trip. Products that are private are there: only the storefront hides them.
pub async fn read(app: &App, account: &Account, wish: &Wish) -> Outcome<Known> {
    Ok(read_with(app, account, wish, Vec::new()).await?.0)
}

/// The same, with the answers to other statements in the same round trip.
pub async fn read_with(
    app: &App,
    account: &Account,
    wish: &Wish,
    others: Vec<Statement>,
) -> Outcome<(Known, Vec<Vec<Row>>)> {
    let mut statements =
        vec![product::sql::one(account.id, &wish.product_id), expired::of(account.id, &wish.product_id, app.now())];
    let email = wish.email.as_deref().map(email::key).unwrap_or_default();
    if let Some(code) = &wish.coupon {
        statements.push(coupons::sql::by_code(account.id, code, &email));
    }
    let own = statements.len();
    statements.extend(others);
    let mut rows = account.db(app)?.rows(statements).await?;
    let others = rows.split_off(own.min(rows.len()));
    let mut answers = rows.iter();
    let product = answers.next().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    let product = product::sql::product(product)?;
    let expired = answers.next().map(|rows| Expired::read(rows)).transpose()?.unwrap_or_default();
    let coupon = answers.next().and_then(|rows| rows.first()).map(coupons::sql::coupon_with_uses).transpose()?;
    let coupon = coupon.map(|(coupon, by_email)| {
        let by_email = by_email - expired.coupon_uses_by(&coupon.id, &email);
        (coupon.with_expired(&expired), by_email)
    });
    let stock = product.clone().with_expired(&expired).stock();
    Ok((Known { product, stock, coupon }, others))
}

/// How many, and what is wrong with that.
fn quantity(known: &Known, wish: &Wish) -> (u32, Option<Problem>) {
    let product = &known.product;
    let quantity = wish.quantity.map_or(product.minimum_quantity, i64::from);
    let problem = match known.stock {
        Some(stock) if stock < product.minimum_quantity.max(1) => Some(Problem::OutOfStock),
        stock => {
            let max = [product.maximum_quantity, stock].into_iter().flatten().min();
            let is_bad = quantity < product.minimum_quantity || quantity > max.unwrap_or(MAX_QUANTITY);
            let max = max.or((quantity > MAX_QUANTITY).then_some(MAX_QUANTITY));
            is_bad.then_some(Problem::Quantity { min: product.minimum_quantity, max })
        }
    };
    (u32::try_from(quantity).unwrap_or(u32::MAX), problem)
}

/// The coupon that a wish of so many may use.
fn coupon<'a>(known: &'a Known, wish: &Wish, quantity: u32, now: i64) -> Result<Option<&'a Coupon>, Problem> {
    match (&wish.coupon, &known.coupon) {
        (None, _) => Ok(None),
        (Some(_), Some((coupon, by_email))) if is_valid(coupon, *by_email, &known.product, quantity, now) => {
            Ok(Some(coupon))
        }
        (Some(_), _) => Err(Problem::CouponNotValid),
    }
}

fn sum(product: &Product, quantity: u32, coupon: Option<&Coupon>) -> Result<Priced, Vec<Problem>> {
    let discount = coupon.map(|coupon| coupon.terms.discount);
    price(product.price, quantity, &product.volume_discounts, discount).ok_or_else(|| vec![Problem::SumTooLarge])
}

/// What a wish comes to, as far as it goes: who buys it, through what, and the answers may still be open.
pub fn total(known: &Known, wish: &Wish, now: i64) -> Result<Amount, Vec<Problem>> {
    let (quantity, problem) = quantity(known, wish);
    match (problem, coupon(known, wish, quantity, now)) {
        (None, Ok(coupon)) => sum(&known.product, quantity, coupon).map(|priced| priced.value),
        (problem, coupon) => Err(problem.into_iter().chain(coupon.err()).collect()),
    }
}

/// Checks and prices a wish. All problems are told together.
pub fn offer(known: &Known, wish: &Wish, now: i64) -> Result<Offer, Vec<Problem>> {
    let product = &known.product;
    let (quantity, problem) = quantity(known, wish);
    let mut problems: Vec<Problem> =
        (!product.has_goods()).then_some(Problem::NoFile).into_iter().chain(problem).collect();
    let others = wish.gateways.iter().filter(|gateway| !product.takes(gateway.slug()));
    problems.extend(others.map(|gateway| Problem::GatewayNotEnabled(*gateway)));
    let inputs = input::read(product.custom.as_deref());
    let custom = input::check(&inputs, &wish.answers).unwrap_or_else(|bad| {
        let named = |(n, bad): (usize, BadAnswer)| {
            let name = inputs.get(n).map(|input| input.name.clone()).unwrap_or_default();
            Problem::Custom(n, name, bad)
        };
        problems.extend(bad.into_iter().map(named));
        None
    });
    let coupon = coupon(known, wish, quantity, now).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let priced = sum(product, quantity, coupon)?;
    let item = Item {
        kind: product.kind,
        subtotal: priced.subtotal,
        units: if product.stock().is_some() { quantity } else { 0 },
        coupon_id: coupon.map(|coupon| coupon.id.clone()),
    };
    Ok(Offer { product: product.clone(), quantity, price: priced.value, custom, item })
}

fn is_valid(coupon: &Coupon, by_email: i64, product: &Product, quantity: u32, now: i64) -> bool {
    let terms = &coupon.terms;
    let currency = product.price.currency();
    let without = price(product.price, quantity, &product.volume_discounts, None);
    let in_currency = match terms.discount {
        Discount::Amount(amount) => amount.currency() == currency,
        Discount::Percent(_) => true,
    };
    let reaches = |minimum: Amount| {
        minimum.currency() == currency && without.is_some_and(|sum| sum.value.minor() >= minimum.minor())
    };
    terms.starts_at.is_none_or(|starts| now >= starts)
        && terms.expires_at.is_none_or(|ends| now < ends)
        && (terms.product_ids.is_empty() || terms.product_ids.contains(&product.id))
        && in_currency
        && terms.minimum.is_none_or(reaches)
        && terms.max_uses.is_none_or(|max| coupon.uses < max)
        && terms.max_uses_per_email.is_none_or(|max| by_email < max)
}
