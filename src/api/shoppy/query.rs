//! `/queries`: list and get.

use serde::Serialize;

use super::{
    ApiResult, Call, page,
    wire::{Bit, Moment, values},
};
use crate::{
    http::Response,
    json,
    shop::query::{self, Query, Reply, Side},
};

/// Each query with its newest reply alone, so that a page costs what its rows cost.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let number = page::wanted(call)?;
    let page = query::list(call.app, call.account, number, page::PER_PAGE).await?;
    Ok(page::answer(number, &page, object))
}

/// With all its replies.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let query = query::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&query)))
}

values! {
    QueryStatus(i64) = {"type": "integer", "enum": [0, 1, 2, 3, 4]}
}

/// What the document's list answers, field for field.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Query"))]
pub(super) struct Body<'a> {
    /// Identifies the query everywhere; the `id` of `/api/v2`.
    query: &'a str,
    /// 0 open, 1 the customer replied last, 2 you replied last, 3 closed, 4 solved.
    status: QueryStatus,
    /// Always 0: it is no reply.
    reply: Bit,
    /// Always 0: you did not write it.
    seller_reply: Bit,
    /// What it is about.
    subject: &'a str,
    /// The customer's.
    email: &'a str,
    /// What is written.
    message: &'a str,
    /// When it was made.
    created_at: Moment,
    /// The replies, newest first: all of them when one query is asked for, in a list the newest.
    replies: Vec<ReplyBody<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Reply"))]
pub(super) struct ReplyBody<'a> {
    /// The query's.
    query: &'a str,
    /// Always 1.
    reply: Bit,
    /// 1 when you wrote it.
    seller_reply: Bit,
    /// Always empty: who knows it could write in the customer's name.
    query_secret: &'static str,
    /// The query's.
    subject: &'a str,
    /// The customer's; empty when you wrote it.
    email: &'a str,
    /// What is written.
    message: &'a str,
    /// When it was made.
    created_at: Moment,
}

pub(super) fn object(query: &Query) -> String {
    json::to_text(&body(query))
}

pub(super) fn body(query: &Query) -> Body<'_> {
    Body {
        query: &query.id,
        status: QueryStatus(query.status as i64),
        reply: Bit::of(false),
        seller_reply: Bit::of(false),
        subject: &query.subject,
        email: &query.email,
        message: &query.message,
        created_at: Moment::at(query.created_at),
        replies: query.replies.iter().map(|reply| reply_body(query, reply)).collect(),
    }
}

fn reply_body<'a>(query: &'a Query, reply: &'a Reply) -> ReplyBody<'a> {
    let by_seller = reply.from == Side::Seller;
    ReplyBody {
        query: &query.id,
        reply: Bit::of(true),
        seller_reply: Bit::of(by_seller),
        query_secret: "",
        subject: &query.subject,
        email: if by_seller { "" } else { &query.email },
        message: &reply.message,
        created_at: Moment::at(reply.created_at),
    }
}
