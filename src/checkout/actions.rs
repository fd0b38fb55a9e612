//! What an order's page does, whether it is a payment link's or the order's own.

use super::{
    Opened, Visit, access,
    form::Form,
    page,
    standing::{self, Standing},
    view::Page,
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
            Status,
            inline::InlineSyncs,
            renew, requote, sync,
            test_mode::{self, Kind},
        },
        text::email,
    },
};

/// Whether an order's e-mail may be guessed once more. A payment has the minute's limit of somebody without credentials.
pub async fn may_guess(visit: &Visit<'_>) -> bool {
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
        match requote::requote(visit.app, account, &order.id, false).await {
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

/// Requests of the minute that it counts as to have a price or a page made anew.
const AGAIN_COST: u32 = 3;

/// Lets the buyer pay after all: at a new price in coins, or on a new page of the gateway's, to which they are sent on.
pub async fn again(visit: &Visit<'_>) -> Result<Response, Error> {
    // As an order that is made: it takes goods and a price.
    let key = format!("again {}", visit.request.network());
    for _ in 0..AGAIN_COST {
        if !visit.app.allows(LimitKind::Anonymous, &key).await {
            return Ok(super::too_many(visit.app, visit.words, visit.request));
        }
    }
    let standing = standing::read(visit).await?.ok_or(Refusal::NotFound)?;
    let Standing { order, account, .. } = &standing;
    let (app, now) = (visit.app, visit.app.now());
    let (done, go) = if order.session.is_none() {
        (requote::requote(app, account, &order.id, true).await, "")
    } else if now > standing.payable_until {
        return Err(PaymentRefusal::Expired.into());
    } else {
        let origin = origin(visit);
        (renew::renew(app, account, &order.id, origin, &format!("{origin}{}", visit.page)).await, "?go=1")
    };
    match done {
        Ok(order) if order.payment_status() == Status::Unpaid => {
            Ok(Response::see_other(&format!("{}{go}", visit.page)))
        }
        // Paid meanwhile: the page shows it.
        Ok(_) | Err(Error::Refused(Refusal::Order(OrderRefusal::NotPayable))) => Ok(Response::see_other(&visit.page)),
        Err(error) => Err(error),
    }
}

/// `https://host` of this shop.
pub fn origin<'a>(visit: &'a Visit<'_>) -> &'a str {
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

pub fn form_field(visit: &Visit<'_>, name: &str) -> Option<String> {
    form_urlencoded::parse(visit.request.body()?).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub fn render_page(status: u16, page: &Page<'_>) -> Response {
    Response::html(status, page::document(page).into_string()).with("cache-control", "no-store")
}
