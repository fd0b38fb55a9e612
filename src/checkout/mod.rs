//! The hosted checkout: pages that work without script, and a script that only fetches the next page and keeps time.
//!
//! ```text
//! GET  /pay/:id.:token         the same as
//! GET  /pay/:id/:token         the link: painted from its token, asks no database, makes nothing
//! POST /pay/:id/:token         start: makes the order, paid as was chosen, then see /order
//! GET  /pay/:id/:token/order   the order as it stands; 304 when the page has it already
//! POST /pay/:id/:token/order   a new price, when the old one has run out
//! POST /pay/:id/:token/receipt the order's own page, for whoever knows its e-mail
//! GET  /pay/:id/:token/live    a WebSocket that says "changed"
//! POST /pay/:id/:token/test    a test order's buttons
//!
//! GET  /order/:id/:token       an order's own page, and its receipt once it is paid
//! POST /order/:id/:token       as /pay/:id/:token/order
//! GET  /order/:id/:token/live  as that of a link, and so is /test
//! GET  /order/:id/:token/file  the file that was bought
//! POST /order/:id/:token/feedback  what the buyer says of it
//! POST /order/:id/:token/query     a question about it, then see /query
//!
//! GET  /query/:id/:token       the thread of a question
//! POST /query/:id/:token       a reply, or the word that it is solved
//! ```

use crate::{
    http::{Method, NotRead, Request, Response},
    platform::{LimitKind, PERIOD},
    shop::{
        App, Error, Refusal,
        account::Account,
        payment::{self, Link},
    },
    words::{self, Language, Words},
};

mod access;
mod actions;
pub mod assets;
pub mod connection;
pub mod contact;
pub mod error_page;
pub mod feedback;
pub mod form;
pub mod invoice;
pub mod layout;
mod order_page;
pub mod page;
pub mod parts;
pub mod question;
pub mod receipt;
mod refusal;
mod standing;
mod start;
mod thread;
pub mod view;
mod view_model;
mod ways;

use error_page::{Kind, Notice};
use standing::Standing;

/// A request to a page of an order: its token was verified.
#[derive(Clone)]
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    words: &'static Words,
    order_id: String,
    /// The payment link that it came by; `None`: the order's own page.
    link: Option<Opened<'a>>,
    /// `/pay/<id>/<token>` or `/order/<id>/<token>`: all addresses of the page begin with it.
    url: String,
    /// Where the order is shown.
    page: String,
}

/// What a page is about, as far as its address was verified.
enum Subject<'a> {
    Link(&'a str, Link),
    Order(&'a str),
    /// The link of a file, which webhooks have: it shows nothing else of its order.
    File(&'a str),
    /// The question of a customer of this account.
    Thread(Account),
    Unknown,
}

/// A payment link and its id.
#[derive(Clone, Copy)]
struct Opened<'a> {
    payment_id: &'a str,
    link: &'a Link,
}

impl Visit<'_> {
    /// The words of the order's page: its shop's language goes before the reader's.
    async fn words_of(&self, standing: &Standing) -> &'static Words {
        match standing.language {
            Some(language) => words::of(&self.app.platform, language).await,
            None => self.words,
        }
    }
}

pub async fn answer(app: &App, request: &Request, request_id: &str) -> Response {
    let mut segments = request.segments();
    // Clients of some APIs name a payment by the last part of its address, which then has the id in it.
    if let ["pay", both] = segments.as_slice()
        && let Some((payment_id, token)) = both.split_once('.')
    {
        segments = vec!["pay", payment_id, token];
    }
    let keys = &app.platform.settings.token_keys;
    let (subject, answered) = match segments.as_slice() {
        ["pay", "assets", name] => return assets::answer(request, name),
        _ if !allows(app, &request.network()).await => {
            (Subject::Unknown, Ok(too_many(app, words_for(app, request, None).await, request)))
        }
        _ if request.method != Method::Get && is_forged(app, request) => {
            (Subject::Unknown, Ok(forged(app, words_for(app, request, None).await)))
        }
        ["pay", payment_id, token, rest @ ..] => match payment::verify_link(app, payment_id, token) {
            Ok(link) => {
                let words = words_for(app, request, link.language).await;
                // Only links that we made are counted, so nobody can use up a payment's requests without its token.
                let answered = match allows(app, payment_id).await {
                    true => answer_link(app, request, words, (payment_id, token), &link, rest).await,
                    false => Ok(too_many(app, words, request)),
                };
                (Subject::Link(payment_id, link), answered)
            }
            Err(error) => (Subject::Unknown, Err(error)),
        },
        ["order", order_id, token, rest @ ..] => match order_page::opened(keys, order_id, token, rest) {
            Some(subject) => {
                let words = words_for(app, request, None).await;
                (subject, order_page::answer(app, request, words, (order_id, token), rest).await)
            }
            None => (Subject::Unknown, Err(Refusal::NotFound.into())),
        },
        ["query", query_id, token] => match thread::opened(keys, query_id, token) {
            Some(account) => {
                let words = words_for(app, request, None).await;
                let answered = thread::answer(app, request, words, &account, (query_id, token)).await;
                (Subject::Thread(account), answered)
            }
            None => (Subject::Unknown, Err(Refusal::NotFound.into())),
        },
        _ => (Subject::Unknown, Err(Refusal::NotFound.into())),
    };
    let response = match answered {
        Ok(response) => response,
        Err(error) => refusal::answer(app, request, error, &subject, request_id).await,
    };
    let return_origin = match &subject {
        Subject::Link(_, link) => link.return_origin.as_str(),
        _ => "",
    };
    with_policy(response, return_origin)
}

/// Whether another site's page made a browser send this. What these pages take changes something only with the token in their
/// address, which nobody can guess: a browser too old to say where a form comes from needn't be refused. Our pages send no
/// referrer, so browsers write `null` as the origin of their forms (Fetch, "serialize a request origin"), and the newer ones say
/// beside it that it is the same.
fn is_forged(app: &App, request: &Request) -> bool {
    match (request.header("origin"), request.header("sec-fetch-site")) {
        (Some("null"), site) => site.is_some_and(|site| !matches!(site, "same-origin" | "none")),
        _ => request.is_cross_site(app.platform.settings.public_url.as_deref()),
    }
}

fn forged(app: &App, words: &'static Words) -> Response {
    let kind = Kind::Refused { title: words.order.forged_title, text: words.order.forged_text };
    let notice = Notice { words, brand: &app.platform.settings.brand, about: None, kind, again: None };
    Response::html(notice.kind.status(), error_page::document(&notice).into_string()).with("cache-control", "no-store")
}

fn with_policy(response: Response, return_origin: &str) -> Response {
    // Somebody else's bytes bring their own, stricter policy.
    let response = match response.header("content-security-policy") {
        Some(_) => response,
        // The page loads nothing from anybody else and can't be framed; a form may end at the shop that sent the buyer.
        None => response.with(
            "content-security-policy",
            format!(
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 form-action 'self' {return_origin}; base-uri 'none'; frame-ancestors 'none'"
            ),
        ),
    };
    response
        .with("referrer-policy", "no-referrer")
        .with("x-frame-options", "DENY")
        .with("vary", "Accept-Language")
        .with("permissions-policy", "camera=(), geolocation=(), microphone=()")
}

async fn answer_link(
    app: &App,
    request: &Request,
    words: &'static Words,
    (payment_id, token): (&str, &str),
    link: &Link,
    rest: &[&str],
) -> Result<Response, Error> {
    payment::check_open(app, payment_id).await?;
    if let Some(unread) = unread(app, words, request).await {
        return Ok(unread);
    }
    let order_id = payment::order_id(payment_id).ok_or(Refusal::NotFound)?;
    let url = format!("/pay/{payment_id}/{token}");
    let page = format!("{url}/order");
    let opened = Opened { payment_id, link };
    let visit = Visit { app, request, order_id, link: Some(opened), words, url, page };
    match (rest, request.method) {
        ([], Method::Get) => Ok(start::link(&visit, opened).await),
        ([], Method::Post) => start::start(&visit, opened).await,
        (["order"], Method::Get) => actions::order(&visit).await,
        (["order"], Method::Post) => actions::again(&visit).await,
        (["receipt"], Method::Post) => actions::claim(&visit).await,
        (["live"], Method::Get) => Ok(actions::live(&visit)),
        (["test"], Method::Post) if link.test => actions::rehearse(&visit).await,
        // A form that was refused is shown at its own address, which is then reloaded or gone back to.
        (["receipt"], Method::Get) => Ok(Response::see_other(&format!("{}?stay", visit.page))),
        (["test"], Method::Get) if link.test => Ok(Response::see_other(&visit.page)),
        ([] | ["order" | "receipt"], _) => Ok(Response::empty(405).with("allow", "GET, HEAD, POST")),
        (["test"], _) if link.test => Ok(Response::empty(405).with("allow", "GET, HEAD, POST")),
        (["live"], _) => Ok(Response::empty(405).with("allow", "GET, HEAD")),
        _ => Err(Refusal::NotFound.into()),
    }
}

/// Reads the body. The answer, if there is none to be had.
async fn unread(app: &App, words: &'static Words, request: &Request) -> Option<Response> {
    let page = |kind| {
        let notice = Notice { words, brand: &app.platform.settings.brand, about: None, kind, again: None };
        Response::html(notice.kind.status(), error_page::document(&notice).into_string())
            .with("cache-control", "no-store")
    };
    match request.load().await {
        Ok(()) if request.body().is_some() => None,
        Ok(()) => Some(page(Kind::TooLarge)),
        Err(NotRead::Busy) => Some(page(Kind::Busy).with("retry-after", "1")),
        // The connection broke: nobody is there to read a page.
        Err(NotRead::Broken(_)) => Some(Response::empty(400)),
    }
}

/// Counts a request by an address, or for a payment, an order or a query.
async fn allows(app: &App, key: &str) -> bool {
    app.allows(LimitKind::Account, &format!("checkout {key}")).await
}

async fn words_for(app: &App, request: &Request, shop: Option<Language>) -> &'static Words {
    words::for_reader(&app.platform, shop, request.header("accept-language")).await
}

fn too_many(app: &App, words: &'static Words, request: &Request) -> Response {
    let again = (request.method == Method::Get).then_some(request.path.as_str());
    let notice = Notice { words, brand: &app.platform.settings.brand, about: None, kind: Kind::TooMany, again };
    let seconds = (PERIOD - app.now().rem_euclid(PERIOD) + 999) / 1_000;
    Response::html(notice.kind.status(), error_page::document(&notice).into_string())
        .with("cache-control", "no-store")
        .with("retry-after", seconds.to_string())
}
