//! `/queries`: list, get, create, reply, close.

use serde::Serialize;

use super::{
    ApiResult, Call, again,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{self, Raw},
    shop::query::{self, Change, Query, Question, Reply, Side},
};

const MESSAGE: usize = 20_000;

/// Each query with its newest reply alone, so that a page costs what its rows cost.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = query::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

/// With all its replies.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let query = query::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&query)))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "query")?;
    let subject = fields.title("subject", 255);
    let before = fields.errors.len();
    let email = fields.email("email");
    if email.is_none() && fields.errors.len() == before {
        fields.error("Email can't be blank");
    }
    let message = fields.required_text("message", MESSAGE);
    let order_id = fields.text("order_id", 64);
    fields.finish()?;
    let question = Question {
        order_id,
        subject: subject.unwrap_or_default(),
        email: email.unwrap_or_default(),
        message: message.unwrap_or_default(),
    };
    call.commit(201, query::create(call.app, call.account, question).await?, object).await
}

/// `{message, from?: seller|customer}` → 201 with the query and its newest replies. The seller speaks unless it says otherwise.
pub async fn reply(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "reply")?;
    let message = fields.required_text("message", MESSAGE);
    let from = match fields.text("from", 16).as_deref().map(Side::parse) {
        None => Side::Seller,
        Some(Some(side)) => side,
        Some(None) => {
            fields.error("From is not included in the list (seller, customer)");
            Side::Seller
        }
    };
    fields.finish()?;
    change(call, id, 201, Change::Reply { from, message: message.unwrap_or_default(), solves: false }).await
}

/// `{solved?: true}` → 200 with the query and its newest replies.
pub async fn close(call: &Call<'_>, id: &str) -> ApiResult {
    let mut fields = Fields::read(call.request, "query")?;
    let solved = fields.flag("solved").unwrap_or(false);
    fields.finish()?;
    change(call, id, 200, Change::Close { solved }).await
}

async fn change(call: &Call<'_>, id: &str, status: u16, change: Change) -> ApiResult {
    again(async || {
        let changed = query::change(call.app, call.account, id, &change).await?;
        call.commit(status, changed, object).await
    })
    .await
}

/// What the Shoppy reference answers, by this dialect's names.
pub fn object(query: &Query) -> String {
    let replies = json::array(query.replies.iter().map(reply_object));
    let body = Body {
        id: &query.id,
        status: QueryStatus(query.status as i64),
        subject: &query.subject,
        email: &query.email,
        message: &query.message,
        replies: Raw(&replies),
        replies_count: query.replies_count,
        order_id: query.order_id.as_deref(),
        created_at: Time::at(query.created_at),
        updated_at: Time::at(query.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Query"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// 0 open, 1 the customer replied last, 2 you replied last, 3 closed, 4 solved.
    status: QueryStatus,
    /// What it is about.
    subject: &'a str,
    /// The customer's.
    email: &'a str,
    /// What is written.
    message: &'a str,
    /// The replies, newest first: all of them in `GET /queries/{id}`, one of each query in a list,
    /// and at most ten everywhere else.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<ReplyBody>"))]
    replies: Raw<'a>,
    /// How many replies there are in all.
    replies_count: u32,
    /// The order that it is about, if any.
    order_id: Option<&'a str>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}

values! {
    QueryStatus(i64) = {"type": "integer", "enum": [0, 1, 2, 3, 4]}

    Sender<'a>(&'a str) = {"type": "string", "enum": ["seller", "customer"]}
}

fn reply_object(reply: &Reply) -> String {
    let body = ReplyBody {
        id: &reply.id,
        from: Sender(reply.from.name()),
        message: &reply.message,
        created_at: Time::at(reply.created_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Reply"))]
pub(super) struct ReplyBody<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// Who writes.
    from: Sender<'a>,
    /// What is written.
    message: &'a str,
    /// When it was made.
    created_at: Time,
}
