//! What each address of a payment does.

use super::{
    Visit,
    contact::Contact,
    page,
    view::{Page, State},
    view_model,
};
use crate::{
    http::{Body, Response},
    shop::{
        Error, Outcome, Refusal,
        account::Account,
        error::{OrderRefusal, PaymentRefusal},
        order::{
            Buyer, Status,
            inline::InlineSyncs,
            renew, requote, sync,
            test_mode::{self, Kind},
        },
        payment,
        text::{
            self,
            email::{self, BadEmail},
        },
    },
};

/// The link itself: everything on it stands in its token.
pub fn link(visit: &Visit<'_>) -> Response {
    if visit.app.now() > visit.link.expires_at {
        // The order may have been started in time: its page knows.
        return Response::see_other(&format!("{}/order", visit.url));
    }
    render(visit, 200, start_page(visit, "", None))
}

/// `typed`: the e-mail, as it came.
fn start_page<'a>(visit: &'a Visit<'_>, typed: &'a str, error: Option<&'a str>) -> State<'a> {
    let gateway = visit.link.gateway;
    State::Start {
        gateway: gateway.name(),
        means: gateway.method_label(),
        leaves: gateway.coin().is_none(),
        asks: visit.link.needs_email.then_some(typed),
        error,
    }
}

/// The buyer goes ahead.
pub async fn start(visit: &Visit<'_>) -> Result<Response, Error> {
    let mut buyer_email = None;
    if visit.link.needs_email {
        let given = form_field(visit, "email").unwrap_or_default();
        match email::parse(&given) {
            Ok(typed) => buyer_email = Some(typed.to_owned()),
            Err(bad) => {
                let pay = &visit.words.pay;
                let error = match bad {
                    _ if text::clean(&given).is_empty() => pay.email_missing,
                    BadEmail::Invisible(_) => pay.email_invisible,
                    BadEmail::Malformed => pay.email_malformed,
                };
                return Ok(render(visit, 422, start_page(visit, text::clean(&given), Some(error))));
            }
        }
    }
    let short = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    let request = visit.request;
    let buyer = Buyer {
        email: buyer_email,
        ip_address: request.header("cf-connecting-ip").map(|ip| short(ip, 64)),
        country_code: request.country.clone(),
        user_agent: request.header("user-agent").map(|agent| short(agent, 512)),
        referral: None,
    };
    let order = payment::start(visit.app, visit.link, visit.payment_id, (origin(visit), visit.url), buyer).await?;
    if order.is_free() {
        sync::now(visit.app, &account(visit), &order.id).await?;
    }
    // A page elsewhere is gone to at once, and only now.
    let go = if order.session.is_some() { "?go=1" } else { "" };
    Ok(Response::see_other(&format!("{}/order{go}", visit.url)))
}

fn account(visit: &Visit<'_>) -> Account {
    Account::acting(visit.link.account_id, &visit.link.shard, visit.link.test)
}

/// The order as it stands, in one round trip.
pub async fn order(visit: &Visit<'_>) -> Result<Response, Error> {
    let mut standing = view_model::read(visit).await?;
    // Whoever comes back from a gateway's page wants to know, and its own word may take a while.
    if let Some(order) = standing.as_ref().map(|standing| &standing.order)
        && visit.request.param("back").is_some()
        && order.session.is_some()
        && order.status.is_open()
        && order.gateway.can_sync(order.session.as_ref())
        && visit.app.memory.of::<InlineSyncs>().begin(&order.id, visit.app.now())
    {
        sync::now(visit.app, &account(visit), &order.id).await?;
        standing = view_model::read(visit).await?;
    }
    // A page that is opened, not one that asks for news.
    let opened = visit.request.header("if-none-match").is_none() && visit.request.param("news").is_none();
    // Who has paid a part is shown what is missing, at a price of now; pressing for it is for those who have not begun.
    if let Some(order) = standing.as_ref().map(|standing| &standing.order)
        && opened
        && order.status == Status::PartiallyPaid
        && order.invoice.index.is_some()
        && visit.app.now() >= order.invoice.expires_at
    {
        match requote::requote(visit.app, &account(visit), &order.id).await {
            Ok(_) => standing = view_model::read(visit).await?,
            // Without a rate the page says that the price has expired, and asks for a press.
            Err(Error::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    let Some(standing) = standing else {
        return if visit.app.now() > visit.link.expires_at {
            Err(PaymentRefusal::Expired.into())
        } else {
            // Not started yet: the link starts it.
            Ok(Response::see_other(visit.url))
        };
    };
    let texts = view_model::Strings::of(visit, &standing)?;
    let page = view_model::page(visit, &standing, &texts);
    let etag = page.etag();
    // Weak comparison (RFC 9110, 13.1.2): the edge marks an answer weak when it compresses it.
    let has_it = visit
        .request
        .header("if-none-match")
        .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag));
    if opened {
        sync::resume(visit.app, &account(visit), &standing.order).await;
    }
    let response = if has_it { Response::empty(304) } else { render_page(200, &page) };
    Ok(response.with("etag", etag))
}

/// Lets the buyer pay after all: at a new price in coins, or on a new page of the gateway's, to which they are sent on.
pub async fn again(visit: &Visit<'_>) -> Result<Response, Error> {
    let order = view_model::read(visit).await?.ok_or(Refusal::NotFound)?.order;
    let (app, account, now) = (visit.app, account(visit), visit.app.now());
    let (done, go) = if order.session.is_none() {
        (requote::requote(app, &account, &order.id).await, "")
    } else if now > visit.link.expires_at {
        return Err(PaymentRefusal::Expired.into());
    } else {
        let origin = origin(visit);
        (renew::renew(app, &account, &order.id, origin, &format!("{origin}{}", visit.url)).await, "?go=1")
    };
    match done {
        Ok(order) if order.status == Status::Unpaid => Ok(Response::see_other(&format!("{}/order{go}", visit.url))),
        // Paid meanwhile: the page shows it.
        Ok(_) | Err(Error::Refused(Refusal::Order(OrderRefusal::NotPayable))) => {
            Ok(Response::see_other(&format!("{}/order", visit.url)))
        }
        Err(error) => Err(error),
    }
}

/// `https://host` of this shop.
fn origin<'a>(visit: &'a Visit<'_>) -> &'a str {
    visit.app.platform.settings.public_url.as_deref().unwrap_or(&visit.request.origin)
}

pub fn live(visit: &Visit<'_>) -> Response {
    let websocket = visit.request.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    match payment::order_id(visit.payment_id) {
        Some(order_id) if websocket => Response { status: 101, headers: Vec::new(), body: Body::Live(order_id) },
        _ => Response::empty(426).with("upgrade", "websocket"),
    }
}

/// The buttons of a test order: what `/api/v2/test/…` does, for people.
pub async fn rehearse(visit: &Visit<'_>) -> Outcome<Response> {
    let order_id = payment::order_id(visit.payment_id).ok_or(Refusal::NotFound)?;
    let account = account(visit);
    let action = form_field(visit, "action").unwrap_or_default();
    let kind = form_field(visit, "kind").as_deref().and_then(Kind::parse);
    let done = match (action.as_str(), kind) {
        ("pay", Some(kind)) => {
            test_mode::pay(visit.app, &account, &order_id, kind, None, 0, Vec::new()).await.map(|_| ())
        }
        ("block", _) => test_mode::mine(visit.app, &account, 1, Some(&order_id), Vec::new()).await.map(|_| ()),
        ("double_spend", _) => test_mode::double_spend(visit.app, &account, &order_id, Vec::new()).await.map(|_| ()),
        _ => Err(Refusal::NotFound.into()),
    };
    match done {
        Ok(()) | Err(Error::Refused(Refusal::Order(OrderRefusal::NotPayable))) => {
            Ok(Response::see_other(&format!("{}/order", visit.url)))
        }
        Err(error) => Err(error),
    }
}

fn form_field(visit: &Visit<'_>, name: &str) -> Option<String> {
    form_urlencoded::parse(visit.request.body()?).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn render(visit: &Visit<'_>, status: u16, state: State<'_>) -> Response {
    let link = visit.link;
    let (price, contact) = (visit.words.language.money(&link.price.display()), Contact::default());
    let page = Page {
        words: visit.words,
        brand: &visit.app.platform.settings.brand,
        shop: &link.shop_name,
        title: &link.title,
        price: &price,
        quantity: link.quantity,
        test: link.test,
        url: visit.url,
        revision: 0,
        wrong_currency: false,
        // The link's own page asks no database, and says "contact" nowhere.
        contact: &contact,
        state,
    };
    render_page(status, &page)
}

fn render_page(status: u16, page: &Page<'_>) -> Response {
    Response::html(status, page::document(page).into_string()).with("cache-control", "no-store")
}
