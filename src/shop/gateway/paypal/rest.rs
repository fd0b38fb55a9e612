//! PayPal's REST API: Orders v2, and the events that its webhooks tell. Sums are decimal texts, and stay that.

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{
    Set, Setting, base,
    document::{
        AccessToken, ErrorBody, ExperienceContext, Money, NewAmount, NewOrder, NewRefund, NewUnit, PaymentSource,
        Resource, Wallet,
    },
    known_id, minor, ways_back,
};
use crate::{
    json,
    platform::{Fault, LocalBoxFuture, LogLine},
    shop::{
        Outcome,
        gateway::{
            EntryKind, GatewayContext, LedgerEntry, PaymentRequest, PaymentTarget, Refund, Session, SessionState,
            SyncError,
            ask::{self, Unanswered},
            record, settings,
        },
        money::Currency,
        time::{self, HOUR, MINUTE, SECOND},
    },
};

/// PayPal's longest for an address to come back to.
const MAX_RETURN_URL: usize = 4_000;
/// A buyer may be sent to PayPal for three hours, and has three there to approve: afterwards nothing can be paid.
const SESSION_TTL: i64 = 6 * HOUR;
/// So many tokens an isolate keeps.
const MAX_TOKENS: usize = 64;

/// A seller's app, in whose name PayPal is asked.
pub struct PaypalApp<'a> {
    context: GatewayContext<'a>,
    base: String,
    /// `Basic …`: client id and secret.
    basic: String,
}

/// A bearer token. It moves the seller's money, so it is nowhere but in this isolate's memory: KV would hand it to whoever may
/// read KV, and sealed there it would cost a read each time to save one request every few hours.
struct Token {
    /// SHA-256 of the server and the credentials that it was given for: who changes those doesn't meet it again.
    app: [u8; 32],
    bearer: String,
    until: i64,
}

thread_local! {
    static TOKENS: RefCell<Vec<Token>> = const { RefCell::new(Vec::new()) };
}

impl<'a> PaypalApp<'a> {
    /// `None`: the seller has none.
    pub fn of(context: GatewayContext<'a>, sets: &[Set]) -> Option<PaypalApp<'a>> {
        let client_id = settings::value(sets, Setting::PayPalClientId)?;
        let secret = settings::value(sets, Setting::PayPalClientSecret)?;
        Some(PaypalApp {
            context,
            base: base(context, &context.app.platform.settings.paypal_api_url, "api-m"),
            basic: format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}"))),
        })
    }

    /// Asks, with a token that is asked for before where none is known. `key` makes a POST that is repeated the first one's.
    pub(super) fn call<'b, T: DeserializeOwned + 'b>(
        &'b self,
        path: &'b str,
        key: &'b str,
        body: Option<String>,
    ) -> LocalBoxFuture<'b, Result<T, Unanswered>> {
        Box::pin(self.called(path, key, body))
    }

    async fn called<T: DeserializeOwned>(&self, path: &str, key: &str, body: Option<String>) -> Result<T, Unanswered> {
        let app: [u8; 32] = Sha256::digest(format!("{}\n{}", self.base, self.basic)).into();
        let now = self.context.app.now();
        let known = TOKENS.with_borrow_mut(|tokens| {
            tokens.retain(|token| now < token.until);
            tokens.iter().find(|token| token.app == app).map(|token| token.bearer.clone())
        });
        if let Some(bearer) = known {
            match self.ask(path, key, body.as_deref(), &bearer).await {
                // It was taken back before its time.
                Err(no) if no.status() == Some(401) => {
                    TOKENS.with_borrow_mut(|tokens| tokens.retain(|it| it.app != app))
                }
                answered => return answered,
            }
        }
        let form = ("application/x-www-form-urlencoded", b"grant_type=client_credentials".to_vec());
        let mut request = ask::call(format!("{}/v1/oauth2/token", self.base), Some(form));
        request.headers.push(("authorization".into(), self.basic.clone()));
        let given: AccessToken = ask::json(self.context.app, request).await.map_err(named_reason)?;
        let bearer = given.access_token.0.unwrap_or_default();
        let lasts = given.expires_in.unwrap_or(0).clamp(0, 9 * 3_600) * SECOND;
        TOKENS.with_borrow_mut(|tokens| {
            if tokens.len() >= MAX_TOKENS {
                tokens.remove(0);
            }
            tokens.push(Token { app, bearer: bearer.clone(), until: now + lasts - MINUTE });
        });
        self.ask(path, key, body.as_deref(), &bearer).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: Option<&str>,
        bearer: &str,
    ) -> Result<T, Unanswered> {
        let body = body.map(|body| ("application/json", body.as_bytes().to_vec()));
        let mut request = ask::call(format!("{}{path}", self.base), body);
        request.headers.push(("authorization".into(), format!("Bearer {bearer}")));
        request.headers.push(("prefer".into(), "return=representation".into()));
        if !key.is_empty() {
            request.headers.push(("paypal-request-id".into(), key.to_owned()));
        }
        ask::json(self.context.app, request).await.map_err(named_reason)
    }

    /// Opens an order at PayPal. Keyed by ours: however often it is asked for, there is one.
    pub async fn open(&self, draft: PaymentRequest<'_>, amount: &str) -> Outcome<Session> {
        let [paid, cancelled] = ways_back(draft, MAX_RETURN_URL);
        let unit = NewUnit {
            description: &super::title(draft),
            custom_id: draft.order_id,
            invoice_id: draft.order_id,
            amount: NewAmount { currency_code: draft.price.currency().code(), value: amount },
        };
        let experience_context = ExperienceContext {
            return_url: &paid,
            cancel_url: &cancelled,
            shipping_preference: "NO_SHIPPING",
            user_action: "PAY_NOW",
        };
        let body = json::to_text(&NewOrder {
            intent: "CAPTURE",
            purchase_units: [unit],
            payment_source: PaymentSource { paypal: Wallet { experience_context } },
        });
        let opened = self.call::<Resource>("/v2/checkout/orders", &draft.key(), Some(body)).await;
        let opened = opened
            .and_then(|made| session(&made, self.context.app.now() + SESSION_TTL).ok_or_else(Unanswered::nonsense));
        opened.map_err(|no| {
            let line = LogLine::warn("gateway.payment_refused").with("gateway", "paypal");
            self.context
                .app
                .platform
                .log
                .write(line.account(self.context.account.id).order(draft.order_id).because(no.why()));
            no.into()
        })
    }

    /// What has become of an order at PayPal. One that its buyer has approved is captured: only then have they paid.
    pub async fn sync(
        &self,
        order: PaymentTarget<'_>,
        session_id: &str,
        known: &[LedgerEntry],
    ) -> Result<Vec<LedgerEntry>, SyncError> {
        let (seen, declined) = self.see(order, session_id, Some(known)).await?;
        Ok(payments(&seen, order, None).into_iter().chain(declined).collect())
    }

    /// The order at PayPal, and a capture that PayPal declined. With `known` movements an order that its buyer has approved is
    /// captured first, once for each approval: whoever was told that nothing was charged is not charged later.
    pub(super) async fn see(
        &self,
        order: PaymentTarget<'_>,
        session_id: &str,
        known: Option<&[LedgerEntry]>,
    ) -> Result<(Resource, Option<LedgerEntry>), Unanswered> {
        let path = format!("/v2/checkout/orders/{session_id}");
        let seen: Resource = self.call(&path, "", None).await?;
        let approved_at = seen.update_time.as_deref().unwrap_or_default();
        let (id, at) = approval(&seen, order, session_id);
        let was_tried = known.is_none_or(|known| known.iter().any(|it| it.id == id));
        if !is_approved(&seen) || was_tried {
            return Ok((seen, None));
        }
        let key = format!("{}.{approved_at}", order.order_id);
        match self.call(&format!("{path}/capture"), &key, Some("{}".into())).await {
            Ok(captured) => Ok((captured, None)),
            Err(no) if no.status() == Some(422) => {
                let line = LogLine::warn("gateway.capture_refused").with("gateway", "paypal");
                self.context
                    .app
                    .platform
                    .log
                    .write(line.account(self.context.account.id).order(order.order_id).because(no.why()));
                let kind = match no.code.as_deref() {
                    Some("ORDER_ALREADY_CAPTURED") => return Ok((seen, None)),
                    Some(code) if ANOTHER_CARD.contains(&code) => EntryKind::Declined,
                    _ => EntryKind::Failed,
                };
                Ok((seen, Some(LedgerEntry { id, kind, of: session_id.to_owned(), value: 0, at, card: None })))
            }
            Err(no) => Err(no),
        }
    }

    /// Sends money of a capture back (developer.paypal.com/docs/api/payments/v2/#captures_refund). What the answer says is what
    /// the event of this refund will say, under the same id.
    pub async fn refund(&self, order: PaymentTarget<'_>, wanted: &Refund, amount: &str) -> Outcome<Vec<LedgerEntry>> {
        let amount = NewAmount { currency_code: wanted.amount.currency().code(), value: amount };
        let body = json::to_text(&NewRefund { amount, custom_id: order.order_id });
        let path = format!("/v2/payments/captures/{}/refund", wanted.payment_id);
        let made: Resource = self.call(&path, &wanted.key, Some(body)).await.map_err(Unanswered::of_refund)?;
        let entry = taken(&made, order, EntryKind::Refunded).ok_or_else(|| Unanswered::nonsense().of_refund())?;
        Ok(vec![LedgerEntry { of: wanted.payment_id.clone(), ..entry }])
    }

    /// The dispute as it stands now; `None`: the app may not ask, or PayPal knows it no more.
    pub(super) async fn dispute(&self, told: &Resource) -> Result<Option<Resource>, Unanswered> {
        let Some(id) = known_id(told.dispute_id.as_deref()) else { return Ok(None) };
        match self.call(&format!("/v1/customer/disputes/{id}"), "", None).await {
            Ok(now) => Ok(Some(now)),
            Err(no) if matches!(no.status(), Some(403 | 404)) => Ok(None),
            Err(no) => Err(no),
        }
    }

    /// The order's movements as they are kept.
    pub(super) async fn known(&self, order: PaymentTarget<'_>) -> Result<Vec<LedgerEntry>, Fault> {
        let db = self.context.account.db(self.context.app)?;
        let [rows] = db.batch([record::movements(self.context.account.id, order.order_id)]).await?;
        rows.iter().map(record::movement).collect()
    }

    /// An order at PayPal with the captures that were seen before, each as it is now.
    pub(super) async fn remembered(&self, order: PaymentTarget<'_>) -> Result<Resource, SyncError> {
        let known = self.known(order).await?;
        let mut ids: Vec<&str> = known
            .iter()
            .filter(|it| matches!(it.kind, EntryKind::Paid | EntryKind::Pending))
            .map(|it| it.of.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut captures = Vec::new();
        for id in ids {
            captures.push(self.call(&format!("/v2/payments/captures/{id}"), "", None).await?);
        }
        Ok(Resource::with_captures(captures))
    }

    /// The order that a payment was captured for, where a notification about it doesn't say.
    pub(super) async fn order_of(&self, capture_id: &str) -> Result<Option<String>, SyncError> {
        let capture: Resource = self.call(&format!("/v2/payments/captures/{capture_id}"), "", None).await?;
        Ok(capture.named())
    }
}

/// Why PayPal declines a capture that its buyer may repeat on the same page, with another card
/// (developer.paypal.com/docs/checkout/standard/customize/handle-funding-failures).
const ANOTHER_CARD: [&str; 3] =
    ["INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"];

/// Puts PayPal's own reason in the place of the status: the issue of an API call, the error of a token. Only a plain word is
/// believed to be one, since what PayPal writes beside it may repeat a secret.
fn named_reason(mut no: Unanswered) -> Unanswered {
    let said: ErrorBody = ask::read(&no.body).unwrap_or_default();
    let issue = said.details.first().and_then(|detail| detail.issue.0.clone());
    let reason = issue.or(said.error.0).or(said.name.0);
    let is_word = |word: &String| word.len() <= 64 && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    no.code = reason.filter(is_word).filter(|reason| !reason.is_empty());
    no
}

fn session(made: &Resource, expires_at: i64) -> Option<Session> {
    let id = known_id(made.id.as_deref())?.to_owned();
    let url = ["payer-action", "approve"].iter().find_map(|rel| made.link(rel))?;
    let fits = url.len() <= 2_000 && ask::is_page(url, true);
    fits.then(|| Session {
        id,
        url: url.to_owned(),
        expires_at: Some(expires_at),
        state: SessionState::Open,
        past: Vec::new(),
    })
}

/// Whether the buyer has approved it, and it was not captured.
pub(super) fn is_approved(seen: &Resource) -> bool {
    seen.status.as_deref() == Some("APPROVED")
}

/// The id under which the capture of its present approval is kept when it was declined, and when the buyer approved it.
pub(super) fn approval(seen: &Resource, order: PaymentTarget<'_>, session_id: &str) -> (String, i64) {
    let at = seen.update_time.as_deref().and_then(time::parse).unwrap_or(order.created_at);
    (format!("{session_id}.{at}"), at)
}

/// Whether a capture came to nothing.
pub(super) fn is_declined(capture: &Resource) -> bool {
    matches!(capture.status.as_deref(), Some("DECLINED" | "FAILED"))
}

/// All captures and refunds of an order at PayPal, and a refund that an event tells of.
pub(super) fn payments(seen: &Resource, order: PaymentTarget<'_>, told: Option<&Resource>) -> Vec<LedgerEntry> {
    let listed = seen.refunds();
    let told = told.filter(|told| !listed.iter().any(|refund| refund.id.0 == told.id.0));
    let refunds: Vec<&Resource> = listed.iter().chain(told).collect();
    let mut movements = Vec::new();
    for it in seen.captures() {
        // What was refunded and isn't said to be would look paid: the notification of its refund will tell both.
        if it.status.as_deref() != Some("REFUNDED") || !refunds.is_empty() {
            movements.extend(capture(it, order));
        }
    }
    movements.extend(refunds.into_iter().filter_map(|it| taken(it, order, EntryKind::Refunded)));
    movements
}

/// Minor units of an amount, if it is in this currency.
pub(super) fn sum(amount: &Money, currency: Currency) -> Option<i64> {
    let digits = amount.value.as_deref()?.trim_start_matches('-');
    if amount.currency_code.as_deref()? == currency.code() { minor(digits, currency) } else { None }
}

/// When something came to be. An order's own time stands in, so that it is the same wherever it is read.
pub(super) fn at(of: &Resource, order: PaymentTarget<'_>) -> i64 {
    of.create_time.as_deref().and_then(time::parse).unwrap_or(order.created_at)
}

fn capture(capture: &Resource, order: PaymentTarget<'_>) -> Option<LedgerEntry> {
    let id = known_id(capture.id.as_deref())?.to_owned();
    let (kind, value) = match (
        capture.status.as_deref()?,
        capture.amount.as_ref().and_then(|amount| sum(amount, order.price.currency())),
    ) {
        ("COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED", Some(sum)) => (EntryKind::Paid, sum),
        ("COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED", None) => (EntryKind::WrongCurrency, 0),
        ("PENDING", Some(_)) => (EntryKind::Pending, 0),
        ("DECLINED" | "FAILED", _) => (EntryKind::Failed, 0),
        _ => return None,
    };
    Some(LedgerEntry { of: id.clone(), id, kind, value, at: at(capture, order), card: None })
}

/// What went back of a capture: by the seller (`Refunded`) or by PayPal (`Reversed`).
pub(super) fn taken(back: &Resource, order: PaymentTarget<'_>, kind: EntryKind) -> Option<LedgerEntry> {
    let id = known_id(back.id.as_deref())?.to_owned();
    let value = sum(back.amount.as_ref()?, order.price.currency())?;
    let kind = match (kind, back.status.as_deref()) {
        // It may have been pending before, when it counted.
        (EntryKind::Refunded, Some("CANCELLED" | "FAILED")) => EntryKind::RefundFailed,
        (_, Some("CANCELLED" | "FAILED")) => return None,
        _ => kind,
    };
    let of = back.captured().unwrap_or(&id).to_owned();
    Some(LedgerEntry { id, kind, of, value, at: at(back, order), card: None })
}
