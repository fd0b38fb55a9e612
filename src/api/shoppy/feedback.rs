//! `/feedbacks`: list and get.

use serde::Serialize;

use super::{
    ApiResult, Call, page,
    wire::{Int, Moment},
};
use crate::{
    http::Response,
    json,
    shop::{
        account,
        feedback::{self, Feedback},
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let number = page::wanted(call)?;
    let shop = account::shop(call.app, call.account).await?;
    let page = feedback::list(call.app, call.account, number, page::PER_PAGE).await?;
    Ok(page::answer(number, &page, |feedback| json::to_text(&body(feedback, &shop.name))))
}

/// `name`: its number, or its `reply_id`.
pub async fn get(call: &Call<'_>, name: &str) -> ApiResult {
    let shop = account::shop(call.app, call.account).await?;
    let feedback = feedback::named(call.app, call.account, name).await?;
    Ok(Response::json(200, json::to_text(&body(&feedback, &shop.name))))
}

/// What the document's endpoints answer, field for field.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Feedback"))]
pub(super) struct Body<'a> {
    /// Its number in your list of feedbacks.
    feedback_id: i64,
    /// When it was given.
    created_at: Moment,
    /// What you answered; empty until you do.
    response: &'a str,
    /// -1 negative, 0 neutral, 1 positive.
    rating: Int<-1, 1>,
    /// From 1 to 5.
    stars: Int<1, 5>,
    /// What the buyer says; empty when they say nothing.
    comment: &'a str,
    /// Identifies the feedback everywhere; the `id` of `/api/v2`.
    reply_id: &'a str,
    /// What was bought.
    product_title: &'a str,
    /// The order that it is about.
    invoice_id: &'a str,
    /// Your shop.
    seller_name: &'a str,
}

fn body<'a>(feedback: &'a Feedback, shop: &'a str) -> Body<'a> {
    Body {
        feedback_id: feedback.seq,
        created_at: Moment::at(feedback.created_at),
        response: &feedback.response,
        rating: Int(feedback.rating as i64),
        stars: Int(feedback.stars.into()),
        comment: &feedback.comment,
        reply_id: &feedback.id,
        product_title: &feedback.product_title,
        invoice_id: &feedback.order_id,
        seller_name: shop,
    }
}
