//! `/api/coupons`: list, get, create, update, delete.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{CurrencyCode, Money, Time, values},
};
use crate::{
    api::coupon_fields,
    http::Response,
    json,
    shop::coupon::{self, Coupon, Discount},
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call.request)?;
    let page = coupon::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let coupon = coupon::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&coupon)))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let terms = coupon_fields::read(call.request, None)?;
    call.commit(201, coupon::create(call.app, call.account, terms)?, object).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || {
        let kept = coupon::get(call.app, call.account, id).await?;
        let terms = coupon_fields::read(call.request, Some(kept.terms.clone()))?;
        let coupon = coupon::update(call.app, call.account, &kept, &terms).await?;
        Ok(Response::json(200, object(&coupon)))
    })
    .await
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    coupon::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

values! {
    DiscountType<'a>(&'a str) = {"type": "string", "enum": ["percent", "amount"]}

    /// A percentage, or an amount of money.
    Discounted(String) = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
}

pub fn object(coupon: &Coupon) -> String {
    let terms = &coupon.terms;
    let discount = match terms.discount {
        Discount::Percent(_) => terms.discount.wire(),
        Discount::Amount(amount) => Money::of(amount).0,
    };
    json::to_text(&Body {
        id: &coupon.id,
        code: &terms.code,
        discount_type: DiscountType(terms.discount.kind()),
        discount: Discounted(discount),
        currency: terms.currency().map(CurrencyCode),
        minimum: terms.minimum.map(Money::of),
        product_ids: &terms.product_ids,
        max_uses: terms.max_uses,
        max_uses_per_email: terms.max_uses_per_email,
        uses: coupon.uses,
        starts_at: Time::maybe(terms.starts_at),
        expires_at: Time::maybe(terms.expires_at),
        created_at: Time::at(coupon.created_at),
        updated_at: Time::at(coupon.updated_at),
    })
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Coupon"))]
pub struct Body<'a> {
    /// Identifies the coupon for as long as it exists.
    id: &'a str,
    /// What buyers type in, in whatever case: letters, digits and signs of ASCII, without spaces.
    code: &'a str,
    /// Whether `discount` is a percentage, which it is unless you say otherwise, or an amount.
    discount_type: DiscountType<'a>,
    /// What the buyer doesn't pay: a percentage above 0 and up to 100, with at most two decimals, or
    /// an amount in `currency`.
    discount: Discounted,
    /// Of an amount and of the minimum, ISO 4217; `null` for a percentage without a minimum.
    currency: Option<CurrencyCode<'a>>,
    /// What an order must come to without it, in `currency`; `null` for any order.
    minimum: Option<Money>,
    /// The products that it is for; empty for all.
    product_ids: &'a [String],
    /// How often it can be used; `null` for as often as buyers like.
    max_uses: Option<i64>,
    /// How often one buyer can use it; `null` for as often as they like.
    max_uses_per_email: Option<i64>,
    /// How often it was used.
    uses: i64,
    /// From when on it can be used; `null` at once.
    starts_at: Option<Time>,
    /// Until when it can be used; `null` for ever.
    expires_at: Option<Time>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}
