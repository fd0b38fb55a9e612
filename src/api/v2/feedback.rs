//! `/feedbacks`: list, get, create, reply.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{Int, Time},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json,
    shop::feedback::{self, Feedback, Opinion, Rating},
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = feedback::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let feedback = feedback::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&feedback)))
}

/// Of `rating` and `stars` one is enough and says the other. Both are kept as they are sent: three
/// stars can be praise.
pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "feedback")?;
    let order_id = fields.required_text("order_id", 64);
    let before = fields.errors.len();
    let rating = fields.int("rating", -1, 1).and_then(Rating::from_code);
    let stars = fields.int("stars", 1, 5).and_then(|stars| u32::try_from(stars).ok());
    let opinion = match (rating, stars) {
        (Some(rating), stars) => Some((rating, stars.unwrap_or(rating.stars()))),
        (None, Some(stars)) => Some((Rating::of_stars(stars), stars)),
        (None, None) => None,
    };
    if opinion.is_none() && fields.errors.len() == before {
        fields.error("Rating or stars can't be blank");
    }
    let comment = fields.text("comment", 2_000).unwrap_or_default();
    fields.finish()?;
    let (Some(order_id), Some((rating, stars))) = (order_id, opinion) else {
        return Err(Failure::invalid("Rating is invalid"));
    };
    let opinion = Opinion { order_id, rating, stars, comment };
    call.commit(201, feedback::create(call.app, call.account, opinion).await?, object).await
}

/// `{response}` → 200 with the feedback.
pub async fn reply(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "feedback")?;
    let response = fields.required_text("response", 2_000);
    fields.finish()?;
    let response = response.unwrap_or_default();
    again(async || {
        let replied = feedback::reply(call.app, call.account, id, response.clone()).await?;
        call.commit(200, replied, object).await
    })
    .await
}

/// What the Shoppy reference answers, by this dialect's names.
pub fn object(feedback: &Feedback) -> String {
    let body = Body {
        id: &feedback.id,
        order_id: &feedback.order_id,
        product_id: &feedback.product_id,
        product_title: &feedback.product_title,
        rating: Int(feedback.rating as i64),
        stars: Int(feedback.stars.into()),
        comment: &feedback.comment,
        response: &feedback.response,
        created_at: Time::at(feedback.created_at),
        updated_at: Time::at(feedback.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Feedback"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// The order that it is about. It must be completed, and has one feedback at most.
    order_id: &'a str,
    /// The order's.
    product_id: &'a str,
    /// The order's.
    product_title: &'a str,
    /// The buyer's opinion: -1 negative, 0 neutral, 1 positive. Left out, it is taken from `stars`:
    /// 1 and 2 are negative, 4 and 5 positive.
    rating: Int<-1, 1>,
    /// From 1 to 5. Left out, they are taken from `rating`: 1, 3 or 5. One of the two is needed;
    /// both are kept as they are sent.
    stars: Int<1, 5>,
    /// What the buyer says; empty when they say nothing.
    comment: &'a str,
    /// What you answer; empty until you do.
    response: &'a str,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}
