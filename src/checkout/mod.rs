//! The hosted checkout: pages that work without script, and a script that only fetches the next page and keeps time.
//!
//! ```text
//! GET  /pay/:id/:token         the link: painted from its token, asks no database, makes nothing
//! POST /pay/:id/:token         start: makes the order, then see /order
//! GET  /pay/:id/:token/order   the order as it stands; 304 when the page has it already
//! POST /pay/:id/:token/order   a new price, when the old one has run out
//! GET  /pay/:id/:token/live    a WebSocket that says "changed"
//! POST /pay/:id/:token/test    a test order's buttons
//! ```

use crate::{
    http::{Method, NotRead, Request, Response},
    platform::{LimitKind, LogLine, PERIOD},
    shop::{
        App, Error, Refusal,
        account::{self, Account},
        error::{AccountRefusal, CatalogRefusal, GatewayRefusal, PaymentRefusal},
        payment::{self, Link},
    },
    words::{self, Language, Pay, Words},
};

mod actions;
pub mod assets;
pub mod contact;
pub mod error_page;
pub mod invoice;
pub mod layout;
pub mod page;
pub mod parts;
pub mod receipt;
pub mod view;
mod view_model;

use contact::Contact;
use error_page::{About, Kind, Notice};

/// One page's request: its link was verified.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    payment_id: &'a str,
    link: &'a Link,
    words: &'static Words,
    /// `/pay/<id>/<token>`
    url: &'a str,
}

pub async fn answer(app: &App, request: &Request, request_id: &str) -> Response {
    let segments = request.segments();
    let (link, answered) = match segments.as_slice() {
        ["pay", "assets", name] => return assets::answer(request, name),
        ["pay", ..] if !allows(app, &request.network()).await => return too_many(app, request, None).await,
        ["pay", payment_id, token, rest @ ..] => match payment::verify_link(app, payment_id, token) {
            // Only links that we made are counted, so nobody can use up a payment's requests without its token.
            Ok(link) if !allows(app, payment_id).await => return too_many(app, request, link.language).await,
            Ok(link) => {
                let url = format!("/pay/{payment_id}/{token}");
                let words = words_for(app, request, link.language).await;
                let visit = Visit { app, request, payment_id, link: &link, words, url: &url };
                let answered = answer_visit(&visit, rest).await;
                (Some((*payment_id, link)), answered)
            }
            Err(error) => (None, Err(error)),
        },
        _ => (None, Err(Refusal::NotFound.into())),
    };
    let response = match answered {
        Ok(response) => response,
        Err(error) => refused(app, request, error, link.as_ref(), request_id).await,
    };
    let return_origin = link.as_ref().map_or("", |(_, link)| &link.return_origin);
    with_policy(response, return_origin)
}

fn with_policy(response: Response, return_origin: &str) -> Response {
    // The page loads nothing from anybody else and can't be framed; a form may end at the shop that sent the buyer.
    response
        .with(
            "content-security-policy",
            format!(
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 form-action 'self' {return_origin}; base-uri 'none'; frame-ancestors 'none'"
            ),
        )
        .with("referrer-policy", "no-referrer")
        .with("x-frame-options", "DENY")
        .with("vary", "Accept-Language")
        .with("permissions-policy", "camera=(), geolocation=(), microphone=()")
}

async fn answer_visit(visit: &Visit<'_>, rest: &[&str]) -> Result<Response, Error> {
    payment::check_open(visit.app, visit.payment_id).await?;
    route(visit, rest).await
}

/// Counts a request by an address or for a payment.
async fn allows(app: &App, key: &str) -> bool {
    app.allows(LimitKind::Account, &format!("checkout {key}")).await
}

async fn words_for(app: &App, request: &Request, shop: Option<Language>) -> &'static Words {
    words::for_reader(&app.platform, shop, request.header("accept-language")).await
}

async fn too_many(app: &App, request: &Request, shop: Option<Language>) -> Response {
    let words = words_for(app, request, shop).await;
    let again = (request.method == Method::Get).then_some(request.path.as_str());
    let notice = Notice { words, brand: &app.platform.settings.brand, about: None, kind: Kind::TooMany, again };
    let seconds = (PERIOD - app.now().rem_euclid(PERIOD) + 999) / 1_000;
    with_policy(Response::html(notice.kind.status(), error_page::document(&notice).into_string()), "")
        .with("cache-control", "no-store")
        .with("retry-after", seconds.to_string())
}

async fn route(visit: &Visit<'_>, rest: &[&str]) -> Result<Response, Error> {
    match visit.request.load().await {
        Ok(()) if visit.request.body().is_some() => {}
        Ok(()) => return Ok(Response::empty(413)),
        Err(NotRead::Busy) => return Ok(Response::empty(503).with("retry-after", "1")),
        Err(NotRead::Broken(_)) => return Ok(Response::empty(400)),
    }
    match (rest, visit.request.method) {
        ([], Method::Get) => Ok(actions::link(visit)),
        ([], Method::Post) => actions::start(visit).await,
        (["order"], Method::Get) => actions::order(visit).await,
        (["order"], Method::Post) => actions::again(visit).await,
        (["live"], Method::Get) => Ok(actions::live(visit)),
        (["test"], Method::Post) if visit.link.test => actions::rehearse(visit).await,
        ([] | ["order"], _) => Ok(Response::empty(405).with("allow", "GET, HEAD, POST")),
        _ => Err(Refusal::NotFound.into()),
    }
}

/// The error pages. What the shop refuses is worded for a buyer here; faults are logged and shown with the request's id.
/// A page of a link that is ours keeps the shop's name, the title and the price.
async fn refused(
    app: &App,
    request: &Request,
    error: Error,
    link: Option<&(&str, Link)>,
    request_id: &str,
) -> Response {
    let words = words_for(app, request, link.and_then(|(_, link)| link.language)).await;
    let pay = &words.pay;
    let mut retry_after = None;
    let kind = match error {
        Error::Fault(fault) => {
            app.platform.log.write(LogLine::error("checkout.failed").request(request_id).because(fault));
            Kind::Broken { request_id }
        }
        Error::Refused(refusal) => match refusal {
            Refusal::NotFound | Refusal::Account(AccountRefusal::NotATestAccount) => Kind::NotFound,
            Refusal::Payment(PaymentRefusal::Destroyed) => Kind::Gone,
            Refusal::Payment(PaymentRefusal::Expired) => Kind::Expired,
            Refusal::Gateway(refusal) => {
                let (kind, seconds) = of_gateway(refusal, pay);
                retry_after = seconds;
                kind
            }
            Refusal::Account(AccountRefusal::Disabled) => {
                Kind::Refused { title: pay.shop_closed_title, text: pay.shop_closed_text }
            }
            Refusal::Catalog(CatalogRefusal::OutOfStock) => Kind::SoldOut,
            Refusal::Catalog(CatalogRefusal::CouponNotValid) => {
                Kind::Refused { title: pay.coupon_title, text: pay.coupon_text }
            }
            Refusal::Conflict
            | Refusal::Account(_)
            | Refusal::Payment(_)
            | Refusal::Order(_)
            | Refusal::Catalog(_)
            | Refusal::Blacklist(_)
            | Refusal::Feedback(_)
            | Refusal::Query(_)
            | Refusal::Webhook(_)
            | Refusal::Idempotency(_) => Kind::Refused { title: pay.moved_on_title, text: pay.moved_on_text },
        },
    };
    let again = matches!(kind, Kind::NoPrice | Kind::NoAnswer | Kind::Broken { .. }).then_some(request.path.as_str());
    let mut texts = None;
    if let Some((payment_id, link)) = link {
        let order_id = payment::order_id(payment_id).filter(|_| !matches!(kind, Kind::Expired));
        let contact = if kind.asks_the_seller() {
            let account = Account::acting(link.account_id, &link.shard, link.test);
            // Without the database the page says as much as it can.
            let known = account::contact::get(app, &account).await.unwrap_or_default();
            let about = order_id.as_deref().map_or(contact::About::Payment(payment_id), contact::About::Order);
            Contact::of(words, &known, &link.return_origin, about)
        } else {
            Contact::default()
        };
        texts = Some((link, words.language.money(&link.price.display()), order_id, contact));
    }
    let about = texts.as_mut().map(|(link, price, order_id, contact)| About {
        shop: &link.shop_name,
        title: &link.title,
        quantity: link.quantity,
        price,
        test: link.test,
        order_id: order_id.as_deref(),
        contact: std::mem::take(contact),
    });
    let notice = Notice { words, brand: &app.platform.settings.brand, about, kind, again };
    let status = notice.kind.status();
    let document = error_page::document(&notice);
    let response = Response::html(status, document.into_string()).with("cache-control", "no-store");
    match retry_after {
        Some(seconds) => response.with("retry-after", seconds.to_string()),
        None => response,
    }
}

/// What a gateway refuses, and in how many seconds it may be tried again.
fn of_gateway(refusal: GatewayRefusal, pay: &'static Pay) -> (Kind<'static>, Option<u32>) {
    let refused = |title, text| (Kind::Refused { title, text }, None);
    match refusal {
        GatewayRefusal::NoRate { retry_after } => (Kind::NoPrice, Some(retry_after)),
        GatewayRefusal::Unavailable { retry_after } => (Kind::NoAnswer, Some(retry_after)),
        GatewayRefusal::Refused(_) => refused(pay.gateway_refused_title, pay.gateway_refused_text),
        GatewayRefusal::NoRateFor { .. } => refused(pay.no_rate_title, pay.no_rate_text),
        GatewayRefusal::TooSmall { .. } => refused(pay.too_small_title, pay.too_small_text),
        // Nobody is refunded from here.
        GatewayRefusal::RefundRefused(_) | GatewayRefusal::CanNotRefund => {
            refused(pay.moved_on_title, pay.moved_on_text)
        }
        GatewayRefusal::NotConfigured | GatewayRefusal::NotQuotable | GatewayRefusal::WalletTaken(_) => {
            refused(pay.not_set_up_title, pay.not_set_up_text)
        }
    }
}
