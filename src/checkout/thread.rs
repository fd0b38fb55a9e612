//! The thread of a question: what the buyer and the seller write to each other.

use maud::{Markup, html};

use super::{
    contact::{self, About, Contact},
    form::{self, Form},
    layout::{Frame, layout, name},
    question::MAX_MESSAGE,
    view_model::status_word,
};
use crate::{
    http::{Method, Request, Response},
    platform::Keys,
    shop::{
        App, Error, Refusal,
        account::Account,
        error::QueryRefusal,
        query::{
            self, Change, Query, Side, Status,
            thread::{self, Thread},
        },
        time,
    },
    words::{self, Words},
};

/// Messages shown at first. All of them are a link away.
const NEWEST: usize = 30;

/// Whose question this address opens; `None`: its token is none of ours.
pub fn opened(keys: &Keys, query_id: &str, token: &str) -> Option<Account> {
    thread::verify(keys, query_id, token)
}

/// An address that is `opened`.
pub async fn answer(
    app: &App,
    request: &Request,
    words: &'static Words,
    account: &Account,
    (query_id, token): (&str, &str),
) -> Result<Response, Error> {
    if !super::allows(app, query_id).await {
        return Ok(super::too_many(app, words, request));
    }
    if let Some(unread) = super::unread(app, words, request).await {
        return Ok(unread);
    }
    let url = format!("/query/{query_id}/{token}");
    let at = At { account, words, query_id, url: &url };
    match request.method {
        Method::Get => show(app, request, at, &Form::default(), 200).await,
        Method::Post => write(app, request, at).await,
        _ => Ok(Response::empty(405).with("allow", "GET, HEAD, POST")),
    }
}

/// Whose query it is, and its page.
#[derive(Clone, Copy)]
struct At<'a> {
    account: &'a Account,
    words: &'static Words,
    query_id: &'a str,
    url: &'a str,
}

async fn show(app: &App, request: &Request, at: At<'_>, form: &Form, status: u16) -> Result<Response, Error> {
    let At { account, words, query_id, url } = at;
    let thread = thread::read(app, account, query_id).await?;
    let words = match thread.language {
        Some(language) => words::of(&app.platform, language).await,
        None => words,
    };
    let page = View {
        brand: &app.platform.settings.brand,
        test: account.test,
        url,
        words,
        thread: &thread,
        form,
        all: request.param("all").is_some(),
    };
    Ok(Response::html(status, document(&page).into_string()).with("cache-control", "no-store"))
}

/// A reply, or that it is solved.
async fn write(app: &App, request: &Request, at: At<'_>) -> Result<Response, Error> {
    let At { account, words, query_id, url } = at;
    let mut form = Form::read(request);
    let solved = form.value("action") == "solved";
    // Whoever writes a last word and presses "solved" has written it.
    let change = match solved && form.value("message").is_empty() {
        true => Change::Close { solved: true },
        false => {
            let message = form.required("message", MAX_MESSAGE, words);
            Change::Reply { from: Side::Customer, message, solves: solved }
        }
    };
    if form.is_right() {
        match query::change_by_customer(app, account, query_id, &change).await {
            Ok(_) => {}
            Err(Error::Refused(Refusal::Query(QueryRefusal::Full))) => form.refuse("message", words.order.thread_full),
            Err(error) => return Err(error),
        }
    }
    match form.is_right() {
        true => Ok(Response::see_other(&format!("{url}#newest"))),
        false => show(app, request, at, &form, 422).await,
    }
}

struct View<'a> {
    brand: &'a str,
    test: bool,
    url: &'a str,
    words: &'static Words,
    thread: &'a Thread,
    form: &'a Form,
    /// All messages, however many.
    all: bool,
}

fn document(view: &View) -> Markup {
    let (query, words) = (&view.thread.query, view.words);
    // Without an address the thread itself is the way to the seller.
    let front = &view.thread.front;
    let about = query.order_id.as_deref().map(About::Order).filter(|_| front.contact != Default::default());
    let contact = about.map(|about| Contact::of(words, front, "", about)).unwrap_or_default();
    let home = contact::home(front, "");
    let frame = Frame {
        words,
        home: home.as_deref(),
        brand: view.brand,
        shop: Some(&view.thread.shop_name),
        title: &query.subject,
        test: view.test,
        refresh: None,
    };
    layout(
        &frame,
        html! {
            main #pay .lone data-revision={ "query-" (query.updated_at) } {
                section.card aria-labelledby="state" {
                    div.state {
                        h1 #state tabindex="-1" { (name(&query.subject)) }
                        p { (status_word(query.status, words)) }
                    }
                    (messages(view))
                    (reply(view))
                    dl {
                        @if let Some(id) = &query.order_id { dt { (words.pay.order) } dd { (id) } }
                        (contact.row(words))
                    }
                }
            }
        },
    )
}

/// Oldest first, as they are read; the first is the question itself.
fn messages(view: &View) -> Markup {
    let Query { message, replies, created_at, .. } = &view.thread.query;
    let first = (Side::Customer, message.as_str(), *created_at);
    let others = replies.iter().rev().map(|reply| (reply.from, reply.message.as_str(), reply.created_at));
    let all: Vec<_> = std::iter::once(first).chain(others).collect();
    let skipped = if view.all { 0 } else { all.len().saturating_sub(NEWEST) };
    let words = &view.words.order;
    html! {
        @if skipped > 0 { p.center { a href={ (view.url) "?all" } { (words.earlier_messages) } } }
        ol.messages aria-label=(words.messages) {
            @for (at, (from, text, when)) in all.iter().enumerate().skip(skipped) {
                li.ours[*from == Side::Customer] id=[(at + 1 == all.len()).then_some("newest")] {
                    p.hint {
                        strong {
                            @match from { Side::Customer => (words.you), Side::Seller => (name(&view.thread.shop_name)) }
                        }
                        " · " time datetime=(time::wire(*when)) { (view.words.moment(*when)) }
                    }
                    p.said dir="auto" { (text) }
                }
            }
        }
    }
}

fn reply(view: &View) -> Markup {
    let words = &view.words.order;
    let is_open = !matches!(view.thread.query.status, Status::Closed | Status::Solved);
    html! {
        form method="post" action=(view.url) {
            (form::area(view.form, "message", if is_open { words.reply } else { words.reply_again }, MAX_MESSAGE, true))
            button.button { (words.send_reply) }
            @if is_open { button.button.plain name="action" value="solved" formnovalidate { (words.mark_solved) } }
        }
        p.hint.center { a href=(view.url) { (words.look_for_replies) } }
    }
}
