//! Stripe: cards, on its own page (Checkout Sessions, docs.stripe.com/api/checkout/sessions). What it sends us is signed, and
//! only says which payment to look at: what came of that its API answers, in one version, in whatever order the events came
//! in. So a look and a notice find the same facts under the same ids, and a lost event costs nothing.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    Admitted, EntryKind, Gateway, GatewayContext, GatewayNotification, LedgerEntry, NotAdmitted, Observation,
    PaymentGateway, PaymentPrompt, PaymentRecord, PaymentRequest, PaymentTarget, Reservation, Resolved, Session,
    SessionState, SyncError,
    ask::{self, Unanswered},
    settings::{self, Set, Setting},
};
use crate::{
    json::{self, Value, ValueExt},
    platform::{LocalBoxFuture, LogLine, Row, Statement},
    shop::{
        Outcome, Refusal, id,
        money::{Amount, Currency},
        time::{MINUTE, SECOND},
    },
};

pub const GATEWAY: Gateway = Gateway(&Stripe);

/// The API's answers have the shape of this version, whatever the seller's account is set to.
const VERSION: &str = "2026-10-28.endive";
const SESSIONS: &str = "checkout/sessions";
const NONSENSE: &str = "the answer has another shape";
/// Seconds that a signature may be old, or early where clocks differ (the SDKs' default).
const TOLERANCE: u64 = 300;

struct Stripe;

impl PaymentGateway for Stripe {
    fn name(&self) -> &'static str {
        "Stripe"
    }

    fn slug(&self) -> &'static str {
        "stripe"
    }

    fn method_label(&self) -> Option<&'static str> {
        Some("card")
    }

    fn decimals(&self, currency: Currency) -> Option<u8> {
        currency::decimals(currency)
    }

    fn min_price(&self, currency: Currency) -> Option<Amount> {
        currency::min_price(currency)
    }

    fn takes(&self, account_id: i64, _taker: &Reservation<'_>) -> Vec<Statement> {
        vec![settings::of(account_id, self.slug())]
    }

    fn open<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        draft: PaymentRequest<'a>,
        taken: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move {
            let settings = settings::read(desk.shop, desk.account.id, taken.first().map_or(&[], Vec::as_slice))?;
            let api = Api::of(desk, &settings).ok_or(Refusal::GatewayNotConfigured)?;
            let mut key = draft.key();
            let mut form = checkout(desk, draft, true)?;
            let mut answer = api.call(SESSIONS, Some((&key, &form))).await;
            if answer.as_ref().is_err_and(is_about_email) {
                // The buyer types it there: a sale does not end for a field that is only filled in for them.
                form = checkout(desk, draft, false)?;
                key.push_str("-no-email");
                answer = api.call(SESSIONS, Some((&key, &form))).await;
            }
            if answer.as_ref().is_err_and(is_spoilt) {
                // Nobody was sent to what may have been opened under it.
                let key = format!("{key}-{}", desk.shop.now() / (10 * MINUTE));
                answer = api.call(SESSIONS, Some((&key, &form))).await;
            }
            let session = answer.and_then(|answer| session(desk, &answer).ok_or_else(Unanswered::nonsense));
            match session {
                Ok(session) => Ok(PaymentPrompt::Page(session)),
                Err(no) => {
                    let line = LogLine::warn("gateway.payment_refused").with("gateway", "stripe");
                    desk.shop.platform.log.write(line.account(desk.account.id).order(draft.order_id).because(&no.why));
                    Err(no.into())
                }
            }
        })
    }

    fn close<'a>(&'a self, desk: GatewayContext<'a>, order: PaymentTarget<'a>) -> LocalBoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let rows = desk.account.db(desk.shop)?.rows(vec![settings::of(desk.account.id, self.slug())]).await?;
            let settings = settings::read(desk.shop, desk.account.id, rows.first().map_or(&[], Vec::as_slice))?;
            let api = Api::of(desk, &settings).ok_or(Refusal::GatewayNotConfigured)?;
            let id = order.session.map_or("", |session| &session.id);
            let mut session = match api.call(&one(id), None).await {
                // Of another account of the seller's at Stripe. Its time is over there as well.
                Err(no) if no.status == 404 => return Ok(()),
                session => session?,
            };
            if name(&session, "status") == Some("open") {
                let key = format!("{}.{}-expire", order.order_id, order.revision);
                session = api.call(&format!("{SESSIONS}/{id}/expire"), Some((&key, ""))).await?;
            }
            if name(&session, "status") == Some("expired") { Ok(()) } else { Err(Refusal::NotPayable.into()) }
        })
    }

    fn look<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            let db = desk.account.db(desk.shop)?;
            let rows = db.rows(vec![settings::of(desk.account.id, self.slug())]).await?;
            let settings = settings::read(desk.shop, desk.account.id, rows.first().map_or(&[], Vec::as_slice))?;
            let api = Api::of(desk, &settings).ok_or_else(|| SyncError::Unreachable("no secret key is set".into()))?;
            let session = order.session.map_or("", |session| &session.id);
            let session = api.call(&one(session), None).await?;
            let movements = movements(&api, order, &session, !known.movements.is_empty()).await?;
            Ok(Observation::Ledger(GATEWAY, movements))
        })
    }

    fn url(&self, _desk: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        order.session.map(|session| session.url.clone()).unwrap_or_default()
    }

    fn admit(
        &self,
        _desk: GatewayContext<'_>,
        settings: &[Set],
        notice: &GatewayNotification,
    ) -> Result<Admitted, NotAdmitted> {
        let secret = settings::value(settings, Setting::StripeWebhookSecret);
        if !secret.is_some_and(|secret| is_signed(secret, notice)) {
            return Err(NotAdmitted::Unsigned);
        }
        let event = json::parse(&notice.body).map_err(|_| NotAdmitted::Unknown)?;
        let (id, about, live) = (name(&event, "id"), Event::read(&event), event.get("livemode"));
        let (Some(id), Some(live)) = (id.filter(|id| id.starts_with("evt_")), live.and_then(Value::as_bool)) else {
            return Err(NotAdmitted::Unknown);
        };
        // The test mode of an account that takes real money moves none, and may be told to the same address.
        let key = settings::value(settings, Setting::StripeSecretKey);
        match about.filter(|_| key.is_some_and(|key| key.contains("_live_") == live)) {
            Some(about) => {
                Ok(Admitted { id: id.to_owned(), order_id: about.order_id.map(str::to_owned), payment: None })
            }
            None => Err(NotAdmitted::Irrelevant),
        }
    }

    fn resolve<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        settings: &'a [Set],
        notice: &'a GatewayNotification,
    ) -> LocalBoxFuture<'a, Result<Option<Resolved>, SyncError>> {
        Box::pin(async move {
            let event = json::parse(&notice.body).ok();
            let event = event.as_ref().and_then(Event::read);
            let (Some(event), Some(api)) = (event, Api::of(desk, settings)) else { return Ok(None) };
            let answer = match api.call(&event.path, None).await {
                // Of another account of the seller's at Stripe: he has replaced his key.
                Err(no) if no.status == 404 => return Ok(None),
                answer => answer?,
            };
            let session = match event.order_id {
                Some(_) => Some(&answer),
                None => answer.get("data").and_then(|all| all.get(0)),
            };
            let (Some(session), Some(order_id)) = (session, session.and_then(order_of)) else { return Ok(None) };
            Ok(Some(Resolved { order_id: order_id.to_owned(), said: session.clone() }))
        })
    }

    /// `session`: as Stripe has it now.
    fn process<'a>(
        &'a self,
        desk: GatewayContext<'a>,
        settings: &'a [Set],
        notice: &'a GatewayNotification,
        session: &'a Value,
        order: PaymentTarget<'a>,
    ) -> LocalBoxFuture<'a, Result<Vec<LedgerEntry>, SyncError>> {
        Box::pin(async move {
            let event = json::parse(&notice.body).ok();
            let event = event.as_ref().and_then(Event::read);
            let (Some(event), Some(api)) = (event, Api::of(desk, settings)) else { return Ok(Vec::new()) };
            // Whoever writes the order's id on another payment has not paid it.
            if !order.session.is_some_and(|its| name(session, "id").is_some_and(|id| its.knows(id))) {
                return Ok(Vec::new());
            }
            movements(&api, order, session, event.order_id.is_none()).await
        })
    }
}

/// The seller's account at Stripe.
struct Api<'a> {
    desk: GatewayContext<'a>,
    key: &'a str,
}

impl<'a> Api<'a> {
    fn of(desk: GatewayContext<'a>, settings: &'a [Set]) -> Option<Api<'a>> {
        Some(Api { desk, key: settings::value(settings, Setting::StripeSecretKey)? })
    }

    /// GET of a path under /v1, or POST of a form under an idempotency key.
    fn call<'b>(&'b self, path: &str, post: Option<(&str, &str)>) -> LocalBoxFuture<'b, Result<Value, Unanswered>> {
        let shop = self.desk.shop;
        let body = post.map(|(_, form)| ("application/x-www-form-urlencoded", form.as_bytes().to_vec()));
        let mut request = ask::call(format!("{}/v1/{path}", shop.platform.settings.stripe_api_url), body);
        request.headers.push(("authorization".into(), format!("Bearer {}", self.key)));
        request.headers.push(("stripe-version".into(), VERSION.into()));
        request.headers.extend(post.map(|(key, _)| ("idempotency-key".into(), key.to_owned())));
        Box::pin(async move {
            ask::json(shop, request).await.map_err(|mut no| {
                // Its code says what is wrong, and only words of a code are believed to be one.
                let said = ask::read(&no.body);
                let error = said.as_ref().and_then(|said| said.get("error"));
                let code = error.and_then(|error| name(error, "code").or_else(|| name(error, "type")));
                if let Some(code) = code.filter(|code| *code != "invalid_request_error") {
                    no.why = code.to_owned();
                }
                no
            })
        })
    }
}

/// Whether an idempotency key is of no use any more: it was used with another form (the buyer has corrected his e-mail), or what
/// failed under it is answered again for a day.
fn is_spoilt(no: &Unanswered) -> bool {
    no.status == 500 || no.why == "idempotency_error"
}

/// Whether the e-mail that was filled in is what Stripe refuses (docs.stripe.com/error-codes#email-invalid).
fn is_about_email(no: &Unanswered) -> bool {
    let said = ask::read(&no.body);
    let param = said.as_ref().and_then(|said| name(said.get("error")?, "param"));
    no.why == "email_invalid" || param == Some("customer_email")
}

/// One session with its payment and that one's charge.
fn one(session: &str) -> String {
    format!("{SESSIONS}/{session}?expand%5B%5D=payment_intent.latest_charge")
}

/// A field that is a name of Stripe's, such as an id: letters, digits and underscores, which mean nothing in an address.
fn name<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    let text = object.get(field)?.as_str()?;
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (good && (1..=255).contains(&text.len())).then_some(text)
}

/// The order that a session was opened for. `client_reference_id` says so as well, but a buyer can write that (into the
/// address of a payment link), and the metadata nobody but the seller.
fn order_of(session: &Value) -> Option<&str> {
    session.get("metadata")?.get("order")?.as_str()
}

/// How a draft is put before the buyer. Everything in it is the same for a second try, so that the idempotency key holds; it
/// ends a day after it was opened, which is Stripe's longest and its default. With `prefill` the buyer's e-mail is filled in.
fn checkout(desk: GatewayContext<'_>, draft: PaymentRequest<'_>, prefill: bool) -> Outcome<String> {
    let amount = currency::units(draft.price).ok_or(Refusal::NotQuotable)?.to_string();
    // The price is for all of them, and need not be divisible.
    let title = match draft.quantity {
        1 => draft.title.to_owned(),
        n => format!("{} × {n}", draft.title),
    };
    let back = |how: &str| match draft.page {
        Some(page) => Some(format!("{page}/order?back={how}")),
        // Without a page of ours he goes to the seller's.
        None => draft.return_url.map(str::to_owned).or_else(|| desk.shop.platform.settings.public_url.clone()),
    };
    let (Some(paid), Some(cancelled)) = (back("paid"), back("cancelled")) else {
        return Err(Refusal::GatewayRefused("return_url is missing".into()).into());
    };
    let email = draft.email.filter(|email| prefill && email.is_ascii());
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("mode", "payment"),
        ("payment_method_types[0]", "card"),
        // Prices in the buyer's own currency would come as another sum.
        ("adaptive_pricing[enabled]", "false"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", &draft.price.currency().code().to_ascii_lowercase()),
        ("line_items[0][price_data][unit_amount]", &amount),
        ("line_items[0][price_data][product_data][name]", &title),
        ("client_reference_id", draft.order_id),
        ("metadata[order]", draft.order_id),
        ("payment_intent_data[metadata][order]", draft.order_id),
        ("success_url", &paid),
        ("cancel_url", &cancelled),
    ]);
    form.extend_pairs(email.map(|email| ("customer_email", email)));
    Ok(form.finish())
}

fn session(desk: GatewayContext<'_>, answer: &Value) -> Option<Session> {
    let url = answer.get("url")?.as_str()?;
    let safe =
        url.starts_with("https://") || desk.shop.platform.settings.allow_insecure_urls && url.starts_with("http://");
    Some(Session {
        id: name(answer, "id")?.to_owned(),
        url: url.to_owned(),
        expires_at: Some(answer.get("expires_at")?.as_int::<i64>()?.checked_mul(SECOND)?),
        state: SessionState::Open,
        past: Vec::new(),
    })
    .filter(|_| safe)
}

/// What Stripe's books say of an order's session. Refunds and disputes are asked for where its charge knows of any, or with
/// `all`: a refund that failed leaves no trace on the charge.
async fn movements(
    api: &Api<'_>,
    order: PaymentTarget<'_>,
    session: &Value,
    all: bool,
) -> Result<Vec<LedgerEntry>, SyncError> {
    let mut movements = Vec::new();
    if session.get("payment_status").and_then(Value::as_str) != Some("paid") {
        return Ok(movements);
    }
    let nonsense = || SyncError::Unreachable(NONSENSE.into());
    let payment = session.get("payment_intent").ok_or_else(nonsense)?;
    let charge = payment.get("latest_charge").ok_or_else(nonsense)?;
    let payment_id = name(payment, "id").ok_or_else(nonsense)?;
    let paid = fact(order, EntryKind::Paid, payment_id, session, "amount_total", charge).ok_or_else(nonsense)?;
    movements.push(paid);
    let refunded = charge.get("amount_refunded").and_then(Value::as_int::<i64>) != Some(0);
    let disputed = charge.get("disputed").and_then(Value::as_bool) != Some(false);
    for (list, some) in [("refunds", refunded), ("disputes", disputed)] {
        if !some && !all {
            continue;
        }
        let answer = api.call(&format!("{list}?limit=100&payment_intent={payment_id}"), None).await?;
        for object in answer.get("data").and_then(Value::as_list).ok_or_else(nonsense)? {
            let id = name(object, "id").ok_or_else(nonsense)?;
            let kinds: &[EntryKind] = match (list, name(object, "status").unwrap_or_default()) {
                ("refunds", "succeeded") => &[EntryKind::Refunded],
                ("refunds", "failed" | "canceled") => &[EntryKind::RefundFailed],
                ("refunds", _) => &[],
                (_, "won") => &[EntryKind::DisputeOpened, EntryKind::DisputeWon],
                (_, "lost") => &[EntryKind::DisputeOpened, EntryKind::DisputeLost],
                // The bank was content with what it was told: no money was taken.
                (_, "prevented" | "warning_closed") => &[EntryKind::DisputeClosed],
                (_, status) if status.starts_with("warning_") => &[EntryKind::Inquiry],
                _ => &[EntryKind::DisputeOpened],
            };
            for kind in kinds {
                // A dispute moves on when its money does; it was created long before.
                let moved = object.get("balance_transactions").and_then(Value::as_list).and_then(<[_]>::last);
                let fact = fact(order, *kind, id, object, "amount", moved.unwrap_or(object)).ok_or_else(nonsense)?;
                movements.push(LedgerEntry { of: payment_id.to_owned(), ..fact });
            }
        }
    }
    Ok(movements)
}

/// `money` has its currency and the amount, `at` the time. In another currency than the order's it pays nothing.
fn fact(
    order: PaymentTarget<'_>,
    kind: EntryKind,
    id: &str,
    money: &Value,
    amount: &str,
    at: &Value,
) -> Option<LedgerEntry> {
    let its = order.price.currency();
    let units: i64 = money.get(amount)?.as_int()?;
    let (kind, value) = match name(money, "currency")?.eq_ignore_ascii_case(its.code()) {
        true => (kind, currency::minor(units, its)),
        false => (EntryKind::WrongCurrency, 0),
    };
    let at = at.get("created")?.as_int::<i64>()?.saturating_mul(SECOND);
    Some(LedgerEntry { id: id.to_owned(), kind, of: id.to_owned(), value, at })
}

/// What an event is about, if it is about a payment of which there is news.
struct Event<'a> {
    /// Of a session's own event; others name only the payment.
    order_id: Option<&'a str>,
    /// Where the session is found.
    path: String,
}

impl Event<'_> {
    fn read(event: &Value) -> Option<Event<'_>> {
        let object = event.get("data")?.get("object")?;
        match event.get("type")?.as_str()? {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Some(Event { order_id: Some(order_of(object)?), path: one(name(object, "id")?) })
            }
            kind if kind == "charge.refunded"
                || ["refund.", "charge.refund.", "charge.dispute."].iter().any(|known| kind.starts_with(known)) =>
            {
                let payment = name(object, "payment_intent")?;
                let path =
                    format!("{SESSIONS}?payment_intent={payment}&expand%5B%5D=data.payment_intent.latest_charge");
                Some(Event { order_id: None, path })
            }
            _ => None,
        }
    }
}

/// `Stripe-Signature: t=<seconds>,v1=<hex>,…`: HMAC-SHA256 of `<seconds>.<body>` under the whole secret. While a secret is replaced
/// there are several, and one has to be right (docs.stripe.com/webhooks).
fn is_signed(secret: &str, notice: &GatewayNotification) -> bool {
    let header = notice.header("stripe-signature").unwrap_or_default();
    let parts = |scheme: &'static str| {
        let parts = header.split(',').filter_map(|part| part.split_once('='));
        parts.filter(move |(name, _)| name.trim() == scheme).map(|(_, value)| value.trim())
    };
    let Some(time) = parts("t").next_back() else { return false };
    let in_time = time.parse().is_ok_and(|at: i64| at.abs_diff(notice.received_at / SECOND) <= TOLERANCE);
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()) else { return false };
    if !in_time {
        return false;
    }
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(notice.body.as_bytes());
    parts("v1").any(|tag| id::unhex(tag).is_some_and(|tag| mac.clone().verify_slice(&tag).is_ok()))
}

mod currency;
#[cfg(test)]
mod tests;
