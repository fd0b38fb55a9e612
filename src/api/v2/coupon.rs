//! `/coupons`: list, get, create, update, destroy. The reference has no coupons, only orders that carry a `coupon_id`.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{CurrencyCode, DecimalText, Time, values},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json::{self, Value},
    shop::{
        coupon::{self, Coupon, Discount, MAX_PRODUCTS, Terms},
        money::{Amount, Currency, Decimal, NotDecimal},
        text::clean,
    },
};

const MAX_USES: i64 = 1_000_000_000;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = coupon::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let coupon = coupon::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&coupon)))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let terms = terms(call, None)?;
    call.commit(201, coupon::create(call.app, call.account, terms)?, object).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let kept = coupon::get(call.app, call.account, id).await?;
    let terms = terms(call, Some(kept.terms.clone()))?;
    let coupon = coupon::update(call.app, call.account, &kept, &terms).await?;
    Ok(Response::json(200, object(&coupon)))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    coupon::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

/// The terms that were sent, over those that are kept.
fn terms(call: &Call<'_>, kept: Option<Terms>) -> Result<Terms, Failure> {
    let mut fields = Fields::read(call.request, "coupon")?;
    let sent = |fields: &Fields, name: &str| kept.is_none() || fields.has(name);
    let before = kept.as_ref();
    let code = match sent(&fields, "code") {
        true => code(&mut fields),
        false => before.map(|terms| terms.code.clone()),
    };
    let discount = discount(&mut fields, before.map(|terms| terms.discount));
    let product_ids = match sent(&fields, "product_ids") {
        true => product_ids(&mut fields),
        false => before.map(|terms| terms.product_ids.clone()).unwrap_or_default(),
    };
    let max_uses = match sent(&fields, "max_uses") {
        true => fields.int("max_uses", 1, MAX_USES),
        false => before.and_then(|terms| terms.max_uses),
    };
    let max_uses_per_email = match sent(&fields, "max_uses_per_email") {
        true => fields.int("max_uses_per_email", 1, MAX_USES),
        false => before.and_then(|terms| terms.max_uses_per_email),
    };
    let minimum = minimum(&mut fields, before);
    let starts_at = match sent(&fields, "starts_at") {
        true => fields.time("starts_at"),
        false => before.and_then(|terms| terms.starts_at),
    };
    let expires_at = match sent(&fields, "expires_at") {
        true => fields.time("expires_at"),
        false => before.and_then(|terms| terms.expires_at),
    };
    if starts_at.zip(expires_at).is_some_and(|(starts, ends)| starts >= ends) {
        fields.error("Starts at must be before expires at");
    }
    fields.finish()?;
    match (code, discount) {
        (Some(code), Some(discount)) => {
            Ok(Terms { code, discount, product_ids, max_uses, max_uses_per_email, minimum, starts_at, expires_at })
        }
        _ => Err(Failure::invalid("Discount can't be blank")),
    }
}

/// ASCII only: a buyer types it by hand, in whatever case, and the database compares it so.
fn code(fields: &mut Fields) -> Option<String> {
    let code = clean(&fields.required_text("code", 64)?).to_owned();
    if code.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(code);
    }
    fields.error("Code must be letters, digits and signs of ASCII, without spaces");
    None
}

/// What the order must come to, in the coupon's currency.
fn minimum(fields: &mut Fields, before: Option<&Terms>) -> Option<Amount> {
    // In another currency it is another one, so it is read again.
    fields.or("minimum", before.and_then(|terms| terms.minimum).map(Amount::wire));
    fields.value("minimum")?;
    fields.or("currency", before.and_then(Terms::currency).map(str::to_owned));
    let sent = fields.value("currency").and_then(Value::as_str).and_then(Currency::parse);
    let minimum = fields.price("minimum", sent);
    if sent.is_none() && fields.text("discount_type", 64).as_deref() != Some("amount") {
        fields.currency("currency");
    }
    minimum
}

/// Type, number and currency belong together: what isn't sent is taken as sent again.
fn discount(fields: &mut Fields, kept: Option<Discount>) -> Option<Discount> {
    fields.or("discount_type", kept.map(|discount| discount.kind().to_owned()));
    fields.or("discount", kept.map(Discount::wire));
    fields.or("currency", kept.and_then(Discount::currency).map(str::to_owned));
    let kind = fields.text("discount_type", 64);
    match kind.as_deref().unwrap_or("percent") {
        "percent" => percent(fields),
        "amount" => {
            let currency = fields.value("currency").and_then(Value::as_str).and_then(Currency::parse);
            let amount = fields.price("discount", currency);
            fields.currency("currency");
            amount.map(Discount::Amount)
        }
        _ => {
            fields.error("Discount type is not included in the list");
            None
        }
    }
}

values! {
    DiscountType<'a>(&'a str) = {"type": "string", "enum": ["percent", "amount"]}
}

fn percent(fields: &mut Fields) -> Option<Discount> {
    let text = fields.required_text("discount", 64)?;
    let problem = match Decimal::parse(&text) {
        Err(NotDecimal::NotANumber) => "is not a number",
        Err(NotDecimal::Negative) => "must be greater than 0",
        Err(NotDecimal::OutOfRange) => "is out of range",
        Ok(number) if number.is_zero() => "must be greater than 0",
        Ok(number) => match Discount::percent(number) {
            Some(discount) => return Some(discount),
            None if Decimal::new(100, 0).is_some_and(|hundred| number > hundred) => "must be less than or equal to 100",
            None => "has too many decimals (maximum is 2)",
        },
    };
    fields.error(format!("Discount {problem}"));
    None
}

/// A list without repeats; one id alone is a list too.
fn product_ids(fields: &mut Fields) -> Vec<String> {
    let sent: Vec<Value> = fields.list("product_ids").unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    for id in &sent {
        // Comparing all of a long list with all would take its time; it is refused already.
        if ids.len() > MAX_PRODUCTS {
            break;
        }
        match id.as_str() {
            // An empty form field is an empty list.
            Some("") => {}
            Some(id) if is_product_id(id) => {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
            _ => {
                fields.error("Product ids must be ids of products");
                return Vec::new();
            }
        }
    }
    if ids.len() > MAX_PRODUCTS {
        fields.error(format!("Product ids are too many (maximum is {MAX_PRODUCTS})"));
    }
    ids
}

/// Eight hex digits, as the reference has them.
fn is_product_id(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn object(coupon: &Coupon) -> String {
    let terms = &coupon.terms;
    let body = Body {
        id: &coupon.id,
        code: &terms.code,
        discount_type: DiscountType(terms.discount.kind()),
        discount: DecimalText(terms.discount.wire()),
        currency: terms.currency().map(CurrencyCode),
        product_ids: &terms.product_ids,
        max_uses: terms.max_uses,
        uses: coupon.uses,
        expires_at: terms.expires_at.map(Time::at),
        created_at: Time::at(coupon.created_at),
        updated_at: Time::at(coupon.updated_at),
        max_uses_per_email: terms.max_uses_per_email,
        minimum: terms.minimum.map(|minimum| DecimalText(minimum.wire())),
        starts_at: terms.starts_at.map(Time::at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Coupon"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What buyers type in, in whatever case: letters, digits and signs of ASCII, without spaces.
    /// Each coupon has another.
    code: &'a str,
    /// Whether `discount` is a percentage, which it is unless you say otherwise, or an amount of
    /// money.
    discount_type: DiscountType<'a>,
    /// What the buyer doesn't pay: a percentage above 0 and up to 100, with at most two decimals,
    /// or an amount in `currency`.
    discount: DecimalText,
    /// Of an amount and of the minimum, ISO 4217; `null` for a percentage without a minimum.
    currency: Option<CurrencyCode<'a>>,
    /// The products that it is for; empty for all.
    product_ids: &'a [String],
    /// How often it can be used; `null` for as often as buyers like.
    max_uses: Option<i64>,
    /// How often it was used.
    uses: i64,
    /// Until when it can be used; `null` for ever.
    expires_at: Option<Time>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// How often one buyer can use it; `null` for as often as they like.
    max_uses_per_email: Option<i64>,
    /// What an order must come to without it, in `currency`; `null` for any order.
    minimum: Option<DecimalText>,
    /// From when on it can be used; `null` at once.
    starts_at: Option<Time>,
}
