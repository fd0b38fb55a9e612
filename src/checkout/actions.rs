//! What the addresses of a payment link do, and those that an order's own page has as well.

use super::{
    Opened, Visit, access,
    contact::Contact,
    form::Form,
    page,
    standing::{self, Standing},
    view::{Page, State},
    view_model::{self, Forms},
};
use crate::{
    http::{Body, Response},
    platform::LimitKind,
    shop::{
        Error, Outcome, Refusal,
        account::Account,
        error::{OrderRefusal, PaymentRefusal},
        order::{
            Buyer, Order, Status,
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
pub fn link(visit: &Visit<'_>, opened: Opened<'_>) -> Response {
    if visit.app.now() > opened.link.expires_at {
        // The order may have been started in time: its page knows.
        return Response::see_other(&visit.page);
    }
    render(visit, opened, 200, start_page(opened, "", None))
}

/// `typed`: the e-mail, as it came.
fn start_page<'a>(opened: Opened<'_>, typed: &'a str, error: Option<&'a str>) -> State<'a> {
    let gateway = opened.link.gateway;
    State::Start {
        gateway: gateway.name(),
        means: gateway.method_label(),
        leaves: gateway.coin().is_none(),
        asks: opened.link.needs_email.then_some(typed),
        error,
    }
}

/// The buyer goes ahead.
pub async fn start(visit: &Visit<'_>, opened: Opened<'_>) -> Result<Response, Error> {
    let mut buyer_email = None;
    if opened.link.needs_email {
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
                return Ok(render(visit, opened, 422, start_page(opened, text::clean(&given), Some(error))));
            }
        }
    }
    let typed = buyer_email.clone();
    let short = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    let request = visit.request;
    let buyer = Buyer {
        email: buyer_email,
        ip_address: request.header("cf-connecting-ip").map(|ip| short(ip, 64)),
        country_code: request.country.clone(),
        user_agent: request.header("user-agent").map(|agent| short(agent, 512)),
        referral: None,
    };
    let Opened { payment_id, link } = opened;
    let (order, made) = payment::start(visit.app, link, payment_id, (origin(visit), &visit.page), buyer).await?;
    if order.is_free() {
        let account = Account::acting(link.account_id, &link.shard, link.test);
        sync::now(visit.app, &account, &order.id).await?;
    }
    // A page elsewhere is gone to at once, and only now.
    let go = if order.session.is_some() { "?go=1" } else { "" };
    let started = Response::see_other(&format!("{}{go}", visit.page));
    match typed {
        _ if made => Ok(access::admit(visit, started)),
        Some(typed) => Ok(start_again(visit, opened, &order, &typed, started).await),
        None => Ok(started),
    }
}

/// Somebody starts a link that was started already. Whoever gives the order's e-mail is its buyer: their first answer was lost,
/// or this is another browser. Anybody else is told now, because their address would not open the receipt later.
async fn start_again(visit: &Visit<'_>, opened: Opened<'_>, order: &Order, typed: &str, started: Response) -> Response {
    if !may_guess(visit).await {
        return super::too_many(visit.app, visit.words, visit.request);
    }
    match &order.buyer.email {
        Some(known) if email::same(known, typed) => access::admit(visit, started),
        _ => render(visit, opened, 422, start_page(opened, typed, Some(visit.words.pay.email_other))),
    }
}

/// Whether an order's e-mail may be guessed once more. A payment has the minute's limit of somebody without credentials.
async fn may_guess(visit: &Visit<'_>) -> bool {
    visit.app.allows(LimitKind::Anonymous, &format!("receipt {}", visit.order_id)).await
}

/// The order as it stands, in one round trip.
pub async fn order(visit: &Visit<'_>) -> Result<Response, Error> {
    let mut standing = standing::read(visit).await?;
    // Whoever comes back from a gateway's page wants to know, and its own word may take a while.
    if let Some(Standing { order, account, .. }) = &standing
        && visit.request.param("back").is_some()
        && order.session.is_some()
        && order.status.is_open()
        && order.gateway.can_sync(order.session.as_ref())
        && visit.app.memory.of::<InlineSyncs>().begin(&order.id, visit.app.now())
    {
        sync::now(visit.app, account, &order.id).await?;
        standing = standing::read(visit).await?;
    }
    // A page that is opened, not one that asks for news.
    let opened = visit.request.header("if-none-match").is_none() && visit.request.param("news").is_none();
    // Who has paid a part is shown what is missing, at a price of now; pressing for it is for those who have not begun.
    if let Some(Standing { order, account, .. }) = &standing
        && opened
        && order.status == Status::PartiallyPaid
        && order.invoice.index.is_some()
        && visit.app.now() >= order.invoice.expires_at
    {
        match requote::requote(visit.app, account, &order.id).await {
            Ok(_) => standing = standing::read(visit).await?,
            // Without a rate the page says that the price has expired, and asks for a press.
            Err(Error::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    let Some(standing) = standing else {
        return match visit.link {
            None => Err(Refusal::NotFound.into()),
            Some(Opened { link, .. }) if visit.app.now() > link.expires_at => Err(PaymentRefusal::Expired.into()),
            // Not started yet: the link starts it.
            Some(_) => Ok(Response::see_other(&visit.url)),
        };
    };
    if opened {
        sync::resume(visit.app, &standing.account, &standing.order).await;
    }
    if visit.link.is_some() && standing.order.status == Status::Completed && access::is_admitted(visit) {
        return Ok(access::to_receipt(visit));
    }
    show(visit, &standing, &Forms::default(), 200).await
}

/// The order's page, with forms as they were filled in.
pub async fn show(visit: &Visit<'_>, standing: &Standing, forms: &Forms, status: u16) -> Result<Response, Error> {
    let visit = &Visit { words: visit.words_of(standing).await, ..visit.clone() };
    let texts = view_model::Strings::of(visit, standing)?;
    let page = view_model::page(visit, standing, &texts, forms);
    if status != 200 {
        return Ok(render_page(status, &page));
    }
    let etag = page.etag();
    // Weak comparison (RFC 9110, 13.1.2): the edge marks an answer weak when it compresses it.
    let has_it = visit
        .request
        .header("if-none-match")
        .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag));
    let response = if has_it { Response::empty(304) } else { render_page(200, &page) };
    Ok(response.with("etag", etag))
}

/// Lets the buyer pay after all: at a new price in coins, or on a new page of the gateway's, to which they are sent on.
pub async fn again(visit: &Visit<'_>) -> Result<Response, Error> {
    let standing = standing::read(visit).await?.ok_or(Refusal::NotFound)?;
    let Standing { order, account, .. } = &standing;
    let (app, now) = (visit.app, visit.app.now());
    let (done, go) = if order.session.is_none() {
        (requote::requote(app, account, &order.id).await, "")
    } else if now > standing.payable_until {
        return Err(PaymentRefusal::Expired.into());
    } else {
        let origin = origin(visit);
        (renew::renew(app, account, &order.id, origin, &format!("{origin}{}", visit.page)).await, "?go=1")
    };
    match done {
        Ok(order) if order.status == Status::Unpaid => Ok(Response::see_other(&format!("{}{go}", visit.page))),
        // Paid meanwhile: the page shows it.
        Ok(_) | Err(Error::Refused(Refusal::Order(OrderRefusal::NotPayable))) => Ok(Response::see_other(&visit.page)),
        Err(error) => Err(error),
    }
}

/// `https://host` of this shop.
fn origin<'a>(visit: &'a Visit<'_>) -> &'a str {
    visit.app.platform.settings.public_url.as_deref().unwrap_or(&visit.request.origin)
}

pub fn live(visit: &Visit<'_>) -> Response {
    let websocket = visit.request.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    if !websocket {
        return Response::empty(426).with("upgrade", "websocket");
    }
    Response { status: 101, headers: Vec::new(), body: Body::Live(visit.order_id.clone()) }
}

/// The buttons of a test order: what `/api/v2/test/…` does, for people.
pub async fn rehearse(visit: &Visit<'_>) -> Outcome<Response> {
    let order_id = &visit.order_id;
    let account = match visit.link {
        Some(Opened { link, .. }) => Account::acting(link.account_id, &link.shard, link.test),
        None => standing::read(visit).await?.ok_or(Refusal::NotFound)?.account,
    };
    let action = form_field(visit, "action").unwrap_or_default();
    let kind = form_field(visit, "kind").as_deref().and_then(Kind::parse);
    let done = match (action.as_str(), kind) {
        ("pay", Some(kind)) => {
            test_mode::pay(visit.app, &account, order_id, kind, None, 0, Vec::new()).await.map(|_| ())
        }
        ("block", _) => test_mode::mine(visit.app, &account, 1, Some(order_id), Vec::new()).await.map(|_| ()),
        ("double_spend", _) => test_mode::double_spend(visit.app, &account, order_id, Vec::new()).await.map(|_| ()),
        _ => Err(Refusal::NotFound.into()),
    };
    match done {
        Ok(()) | Err(Error::Refused(Refusal::Order(OrderRefusal::NotPayable))) => Ok(Response::see_other(&visit.page)),
        Err(error) => Err(error),
    }
}

/// Lets in who knows the order's e-mail. Guesses are few.
pub async fn claim(visit: &Visit<'_>) -> Result<Response, Error> {
    if !may_guess(visit).await {
        return Ok(super::too_many(visit.app, visit.words, visit.request));
    }
    let standing = standing::read(visit).await?.ok_or(Refusal::NotFound)?;
    if standing.order.status != Status::Completed {
        return Ok(Response::see_other(&visit.page));
    }
    let words = visit.words_of(&standing).await;
    let mut form = Form::read(visit.request);
    let typed = form.email("email", words);
    let known = standing.order.buyer.email.as_deref();
    if form.is_right() && known.is_some_and(|known| email::same(known, &typed)) {
        return Ok(access::admit(visit, access::to_receipt(visit)));
    }
    form.refuse("email", words.order.other_email);
    show(visit, &standing, &Forms { claim: form, ..Forms::default() }, 422).await
}

fn form_field(visit: &Visit<'_>, name: &str) -> Option<String> {
    form_urlencoded::parse(visit.request.body()?).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn render(visit: &Visit<'_>, opened: Opened<'_>, status: u16, state: State<'_>) -> Response {
    let link = opened.link;
    let (price, contact) = (visit.words.language.money(&link.price.display()), Contact::default());
    let home = format!("{}/", link.return_origin);
    let page = Page {
        words: visit.words,
        brand: &visit.app.platform.settings.brand,
        shop: &link.shop_name,
        title: &link.title,
        price: &price,
        quantity: link.quantity,
        test: link.test,
        url: &visit.url,
        home: (!link.return_origin.is_empty()).then_some(home.as_str()),
        order_url: &visit.page,
        stays: false,
        revision: 0,
        said_at: 0,
        wrong_currency: false,
        // The link's own page asks no database, and says "contact" nowhere.
        contact: &contact,
        state,
        said: None,
    };
    render_page(status, &page)
}

fn render_page(status: u16, page: &Page<'_>) -> Response {
    Response::html(status, page::document(page).into_string()).with("cache-control", "no-store")
}
