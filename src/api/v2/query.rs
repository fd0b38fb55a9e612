//! `/queries`: list, get, create, reply, close.

use serde::Serialize;

use super::{Answer, Call, again, page::Wanted};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{self, Raw},
    notes::Meaning,
    shop::{
        query::{self, Change, Query, Question, Reply, Side, Status},
        time,
    },
};

const MESSAGE: usize = 20_000;

/// Each query with its newest reply alone, so that a page costs what its rows cost.
pub async fn list(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let page = query::list(call.shop, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

/// With all its replies.
pub async fn get(call: &Call<'_>, id: &str) -> Answer {
    let query = query::get(call.shop, call.account, id).await?;
    Ok(Response::json(200, object(&query)))
}

pub async fn create(call: &Call<'_>) -> Answer {
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
    call.commit(201, query::create(call.shop, call.account, question).await?, object).await
}

/// `{message, from?: seller|customer}` → 201 with the query and its newest replies. The seller speaks unless it says otherwise.
pub async fn reply(call: &Call<'_>, id: &str) -> Answer {
    let mut fields = Fields::read(call.request, "reply")?;
    let message = fields.required_text("message", MESSAGE);
    fields.means("from", sides);
    let from = match fields.text("from", 16).as_deref().map(Side::parse) {
        None => Side::Seller,
        Some(Some(side)) => side,
        Some(None) => {
            fields.error("From is not included in the list (seller, customer)");
            Side::Seller
        }
    };
    fields.finish()?;
    change(call, id, 201, Change::Reply { from, message: message.unwrap_or_default() }).await
}

/// `{solved?: true}` → 200 with the query and its newest replies.
pub async fn close(call: &Call<'_>, id: &str) -> Answer {
    let mut fields = Fields::read(call.request, "query")?;
    let solved = fields.flag("solved").unwrap_or(false);
    fields.finish()?;
    change(call, id, 200, Change::Close { solved }).await
}

async fn change(call: &Call<'_>, id: &str, status: u16, change: Change) -> Answer {
    again(async |_| {
        let changed = query::change(call.shop, call.account, id, &change).await?;
        call.commit(status, changed, object).await
    })
    .await
}

/// What the Shoppy reference answers, by this dialect's names.
pub fn object(query: &Query) -> String {
    let replies = json::array(query.replies.iter().map(reply_object));
    let body = Body {
        id: &query.id,
        status: query.status as i64,
        subject: &query.subject,
        email: &query.email,
        message: &query.message,
        replies: Raw(&replies),
        replies_count: query.replies_count,
        order_id: query.order_id.as_deref(),
        created_at: time::wire(query.created_at),
        updated_at: time::wire(query.updated_at),
    };
    json::noted(&body, &[("status", || Meaning::Codes(Status::ALL.map(|status| status as i64).into()))])
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    status: i64,
    subject: &'a str,
    email: &'a str,
    message: &'a str,
    replies: Raw<'a>,
    replies_count: u32,
    order_id: Option<&'a str>,
    created_at: String,
    updated_at: String,
}

fn sides() -> Meaning {
    Meaning::words([Side::Seller, Side::Customer].map(Side::name))
}

fn reply_object(reply: &Reply) -> String {
    let body = ReplyBody {
        id: &reply.id,
        from: reply.from.name(),
        message: &reply.message,
        created_at: time::wire(reply.created_at),
    };
    json::noted(&body, &[("from", sides)])
}

#[derive(Serialize)]
struct ReplyBody<'a> {
    id: &'a str,
    from: &'a str,
    message: &'a str,
    created_at: String,
}
