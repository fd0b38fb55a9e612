//! `/queries`: list, get, create, reply, close.

use super::{Answer, Call, page::Wanted};
use crate::{
    api::fields::Fields,
    http::Response,
    json::Json,
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
    let keep = |query: &Query| call.keep(201, &object(query));
    let query = query::create(call.shop, call.account, question, &keep).await?;
    Ok(Response::json(201, object(&query)))
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
    let keep = |query: &Query| call.keep(status, &object(query));
    let query = query::change(call.shop, call.account, id, change, &keep).await?;
    Ok(Response::json(status, object(&query)))
}

/// What the Shoppy reference answers, by this dialect's names.
pub fn object(query: &Query) -> String {
    Json::object(|json| {
        json.text("id", &query.id);
        json.int("status", query.status as i64);
        json.means("status", || Meaning::Codes(Status::ALL.map(|status| status as i64).into()));
        json.text("subject", &query.subject);
        json.text("email", &query.email);
        json.text("message", &query.message);
        json.raw("replies", &Json::array(query.replies.iter().map(reply_object)));
        json.int("replies_count", query.replies_count);
        json.maybe("order_id", query.order_id.as_deref());
        json.text("created_at", &time::wire(query.created_at));
        json.text("updated_at", &time::wire(query.updated_at));
    })
}

fn sides() -> Meaning {
    Meaning::words([Side::Seller, Side::Customer].map(Side::name))
}

fn reply_object(reply: &Reply) -> String {
    Json::object(|json| {
        json.text("id", &reply.id);
        json.text("from", reply.from.name());
        json.means("from", sides);
        json.text("message", &reply.message);
        json.text("created_at", &time::wire(reply.created_at));
    })
}
