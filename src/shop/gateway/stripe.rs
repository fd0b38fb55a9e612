//! Stripe: cards, on its own page (Checkout Sessions, docs.stripe.com/api/checkout/sessions). What it sends us is signed, and
//! only says which payment to look at: what came of that its API answers, in one version, in whatever order the events came
//! in. So a sync and a notification find the same facts under the same ids, and a lost event costs nothing.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{
    Gateway, GatewayContext, GatewayNotification, LedgerEntry, Observation, PaymentGateway, PaymentPrompt,
    PaymentRecord, PaymentRequest, PaymentTarget, Refund, Rejected, Reservation, Resolved, Session, SessionState,
    SyncError, VerifiedNotification,
    ask::{self, Unanswered},
    settings::{self, Set, Setting},
};
use crate::{
    json,
    platform::{LocalBoxFuture, LogLine, Row, Statement},
    shop::{
        Outcome,
        error::{GatewayRefusal, OrderRefusal},
        money::{Amount, Currency},
        time::{MINUTE, SECOND},
    },
};

use document::{ApiError, CheckoutSession, ErrorBody, Event, List};
use facts::{movements, refund};
use signature::is_signed;

pub const GATEWAY: Gateway = Gateway(&Stripe);

/// The API's answers have the shape of this version, whatever the seller's account is set to.
const VERSION: &str = "2026-10-28.endive";
const SESSIONS: &str = "checkout/sessions";
const NONSENSE: &str = "the answer has another shape";

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

    fn reserve(&self, account_id: i64, _taker: &Reservation<'_>) -> Vec<Statement> {
        vec![settings::of(account_id, self.slug())]
    }

    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        draft: PaymentRequest<'a>,
        reserved: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move {
            let settings =
                settings::read(context.app, context.account.id, reserved.first().map_or(&[], Vec::as_slice))?;
            let api = Api::of(context, &settings).ok_or(GatewayRefusal::NotConfigured)?;
            let mut key = draft.key();
            let mut form = checkout(context, draft, true)?;
            let mut answer = api.call(SESSIONS, Some((&key, &form))).await;
            if answer.as_ref().is_err_and(is_about_email) {
                // The buyer types it there: a sale does not end for a field that is only filled in for them.
                form = checkout(context, draft, false)?;
                key.push_str("-no-email");
                answer = api.call(SESSIONS, Some((&key, &form))).await;
            }
            if answer.as_ref().is_err_and(is_spoilt) {
                // Nobody was sent to what may have been opened under it.
                let key = format!("{key}-{}", context.app.now() / (10 * MINUTE));
                answer = api.call(SESSIONS, Some((&key, &form))).await;
            }
            let session = answer.and_then(|answer| session(context, &answer).ok_or_else(Unanswered::nonsense));
            match session {
                Ok(session) => Ok(PaymentPrompt::Page(session)),
                Err(no) => {
                    let line = LogLine::warn("gateway.payment_refused").with("gateway", "stripe");
                    context
                        .app
                        .platform
                        .log
                        .write(line.account(context.account.id).order(draft.order_id).because(no.why()));
                    Err(no.into())
                }
            }
        })
    }

    fn close<'a>(&'a self, context: GatewayContext<'a>, order: PaymentTarget<'a>) -> LocalBoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let settings = settings::read(context.app, context.account.id, &rows)?;
            let api = Api::of(context, &settings).ok_or(GatewayRefusal::NotConfigured)?;
            let id = order.session.map_or("", |session| &session.id);
            let mut session: CheckoutSession = match api.call(&one(id), None).await {
                // Of another account of the seller's at Stripe. Its time is over there as well.
                Err(no) if no.status() == Some(404) => return Ok(()),
                session => session?,
            };
            if session.status.text() == Some("open") {
                let key = format!("{}.{}-expire", order.order_id, order.revision);
                session = api.call(&format!("{SESSIONS}/{id}/expire"), Some((&key, ""))).await?;
            }
            if session.status.text() == Some("expired") { Ok(()) } else { Err(OrderRefusal::NotPayable.into()) }
        })
    }

    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let settings = settings::read(context.app, context.account.id, &rows)?;
            let api =
                Api::of(context, &settings).ok_or_else(|| SyncError::Unreachable("no secret key is set".into()))?;
            let session = order.session.map_or("", |session| &session.id);
            let session: CheckoutSession = api.call(&one(session), None).await?;
            let movements = movements(&api, order, &session, !known.movements.is_empty()).await?;
            Ok(Observation::Ledger(GATEWAY, movements))
        })
    }

    fn refund<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        wanted: &'a Refund,
    ) -> LocalBoxFuture<'a, Outcome<Vec<LedgerEntry>>> {
        Box::pin(async move {
            let [rows] =
                context.account.db(context.app)?.batch([settings::of(context.account.id, self.slug())]).await?;
            let settings = settings::read(context.app, context.account.id, &rows)?;
            refund(&Api::of(context, &settings).ok_or(GatewayRefusal::NotConfigured)?, order, wanted).await
        })
    }

    fn url(&self, _context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        order.session.map(|session| session.url.clone()).unwrap_or_default()
    }

    fn verify(
        &self,
        _context: GatewayContext<'_>,
        settings: &[Set],
        notification: &GatewayNotification,
    ) -> Result<VerifiedNotification, Rejected> {
        let secret = settings::value(settings, Setting::StripeWebhookSecret);
        if !secret.is_some_and(|secret| is_signed(secret, notification)) {
            return Err(Rejected::Unsigned);
        }
        let event: Event = json::from_others(&notification.body).ok_or(Rejected::Unknown)?;
        let id = event.id.text().filter(|id| id.starts_with("evt_"));
        let (Some(id), Some(live)) = (id, *event.livemode) else { return Err(Rejected::Unknown) };
        // The test mode of an account that takes real money moves none, and may be told to the same address.
        let key = settings::value(settings, Setting::StripeSecretKey);
        match StripeEvent::of(&event).filter(|_| key.is_some_and(|key| key.contains("_live_") == live)) {
            Some(news) => Ok(VerifiedNotification { id: id.to_owned(), order_id: news.order_id, payment: None }),
            None => Err(Rejected::Irrelevant),
        }
    }

    fn resolve<'a>(
        &'a self,
        context: GatewayContext<'a>,
        settings: &'a [Set],
        notification: &'a GatewayNotification,
    ) -> LocalBoxFuture<'a, Result<Option<Resolved>, SyncError>> {
        Box::pin(async move {
            let (Some(news), Some(api)) = (StripeEvent::read(notification), Api::of(context, settings)) else {
                return Ok(None);
            };
            let answer = match news.order_id {
                Some(_) => api.call(&news.path, None).await.map(Some),
                None => api.call(&news.path, None).await.map(List::<Box<RawValue>>::into_first),
            };
            let said: Option<Box<RawValue>> = match answer {
                // Of another account of the seller's at Stripe: they have replaced their key.
                Err(no) if no.status() == Some(404) => return Ok(None),
                answer => answer?,
            };
            let Some(said) = said else { return Ok(None) };
            // One that can't be read is asked for again: finished, its payment would wait for the next sync.
            let session: CheckoutSession = json::from_others(said.get()).ok_or_else(Unanswered::nonsense)?;
            let order_id = session.order();
            Ok(order_id.map(|order_id| Resolved { order_id: order_id.to_owned(), said: Some(said) }))
        })
    }

    /// `said`: the session as Stripe has it now.
    fn process<'a>(
        &'a self,
        context: GatewayContext<'a>,
        settings: &'a [Set],
        notification: &'a GatewayNotification,
        said: Option<&'a RawValue>,
        order: PaymentTarget<'a>,
    ) -> LocalBoxFuture<'a, Result<Vec<LedgerEntry>, SyncError>> {
        Box::pin(async move {
            let (Some(news), Some(api)) = (StripeEvent::read(notification), Api::of(context, settings)) else {
                return Ok(Vec::new());
            };
            let Some(session) = said.and_then(|said| serde_json::from_str::<CheckoutSession>(said.get()).ok()) else {
                return Ok(Vec::new());
            };
            // Whoever writes the order's id on another payment has not paid it.
            if !order.session.is_some_and(|its| session.id.text().is_some_and(|id| its.knows(id))) {
                return Ok(Vec::new());
            }
            movements(&api, order, &session, news.order_id.is_none()).await
        })
    }
}

/// The seller's account at Stripe.
struct Api<'a> {
    context: GatewayContext<'a>,
    key: &'a str,
}

impl<'a> Api<'a> {
    fn of(context: GatewayContext<'a>, settings: &'a [Set]) -> Option<Api<'a>> {
        Some(Api { context, key: settings::value(settings, Setting::StripeSecretKey)? })
    }

    /// GET of a path under /v1, or POST of a form under an idempotency key.
    fn call<'b, T: DeserializeOwned>(
        &'b self,
        path: &str,
        post: Option<(&str, &str)>,
    ) -> LocalBoxFuture<'b, Result<T, Unanswered>> {
        let app = self.context.app;
        let body = post.map(|(_, form)| ("application/x-www-form-urlencoded", form.as_bytes().to_vec()));
        let mut request = ask::call(format!("{}/v1/{path}", app.platform.settings.stripe_api_url), body);
        request.headers.push(("authorization".into(), format!("Bearer {}", self.key)));
        request.headers.push(("stripe-version".into(), VERSION.into()));
        request.headers.extend(post.map(|(key, _)| ("idempotency-key".into(), key.to_owned())));
        Box::pin(async move {
            ask::json(app, request).await.map_err(|mut no| {
                // Its code says what is wrong, and only words of a code are believed to be one.
                let error = error(&no);
                let code = error.code.text().or(error.kind.text());
                no.code = code.filter(|code| *code != "invalid_request_error").map(str::to_owned);
                no
            })
        })
    }
}

fn error(no: &Unanswered) -> ApiError {
    ask::read::<ErrorBody>(&no.body).and_then(|body| body.error.0).unwrap_or_default()
}

/// Whether an idempotency key is of no use any more: it was used with another form (the buyer has
/// corrected their e-mail), or what failed under it is answered again for a day.
fn is_spoilt(no: &Unanswered) -> bool {
    no.status() == Some(500) || no.code.as_deref() == Some("idempotency_error")
}

/// Whether the e-mail that was filled in is what Stripe refuses (docs.stripe.com/error-codes#email-invalid).
fn is_about_email(no: &Unanswered) -> bool {
    no.code.as_deref() == Some("email_invalid") || error(no).param.text() == Some("customer_email")
}

/// One session with its payment and that one's charge.
fn one(session: &str) -> String {
    format!("{SESSIONS}/{session}?expand%5B%5D=payment_intent.latest_charge")
}

/// How a draft is put before the buyer. Everything in it is the same for a second try, so that the idempotency key holds; it
/// ends a day after it was opened, which is Stripe's longest and its default. With `prefill` the buyer's e-mail is filled in.
fn checkout(context: GatewayContext<'_>, draft: PaymentRequest<'_>, prefill: bool) -> Outcome<String> {
    let amount = currency::units(draft.price).ok_or(GatewayRefusal::NotQuotable)?.to_string();
    // The price is for all of them, and need not be divisible.
    let title = match draft.quantity {
        1 => draft.title.to_owned(),
        n => format!("{} × {n}", draft.title),
    };
    let back = |how: &str| match draft.page {
        Some(page) => Some(format!("{page}?back={how}")),
        // Without a page of ours the buyer goes to the seller's.
        None => draft.return_url.map(str::to_owned).or_else(|| context.app.platform.settings.public_url.clone()),
    };
    let (Some(paid), Some(cancelled)) = (back("paid"), back("cancelled")) else {
        return Err(GatewayRefusal::Refused("return_url is missing".into()).into());
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

fn session(context: GatewayContext<'_>, answer: &CheckoutSession) -> Option<Session> {
    let url = answer.url.as_deref()?;
    let safe = ask::is_page(url, context.app.platform.settings.allow_insecure_urls);
    Some(Session {
        id: answer.id.text()?.to_owned(),
        url: url.to_owned(),
        expires_at: Some(answer.expires_at.as_ref()?.checked_mul(SECOND)?),
        state: SessionState::Open,
        past: Vec::new(),
    })
    .filter(|_| safe)
}

/// What an event is about, if it is about a payment of which there is news.
struct StripeEvent {
    /// Of a session's own event; others name only the payment.
    order_id: Option<String>,
    /// Where the session is found.
    path: String,
}

impl StripeEvent {
    fn read(notification: &GatewayNotification) -> Option<StripeEvent> {
        StripeEvent::of(&json::from_others(&notification.body)?)
    }

    fn of(event: &Event) -> Option<StripeEvent> {
        let object = event.object()?;
        match event.kind.as_deref()? {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Some(StripeEvent { order_id: Some(object.order()?.to_owned()), path: one(object.id.text()?) })
            }
            kind if kind == "charge.refunded"
                || ["refund.", "charge.refund.", "charge.dispute."].iter().any(|known| kind.starts_with(known)) =>
            {
                let payment = object.payment_intent.text()?;
                let path =
                    format!("{SESSIONS}?payment_intent={payment}&expand%5B%5D=data.payment_intent.latest_charge");
                Some(StripeEvent { order_id: None, path })
            }
            _ => None,
        }
    }
}

mod currency;
mod document;
mod facts;
mod signature;
#[cfg(test)]
mod tests;
