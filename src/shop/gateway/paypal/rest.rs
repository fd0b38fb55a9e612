//! PayPal's REST API: Orders v2, and the events that its webhooks tell. Sums are decimal texts, and stay that.

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{NotAdmitted, Set, Setting, Told, base, known_id, minor, order_id, text, ways_back};
use crate::{
    json::{Json, Value},
    shop::{
        Outcome,
        gateway::{
            Desk, NoSight, Notice,
            ask::{self, Unanswered},
            settings,
        },
        money::Currency,
        order::{
            Draft, Order,
            movement::{Kind, Movement, Session},
        },
        time::{self, HOUR, MINUTE, SECOND},
    },
    world::{Later, LogLine},
};

/// PayPal's longest for an address to come back to.
const MOST_RETURN: usize = 4_000;
/// A buyer may be sent to PayPal for three hours, and has three there to approve: afterwards nothing can be paid.
const LASTS: i64 = 6 * HOUR;
/// So many tokens an isolate keeps.
const MOST_TOKENS: usize = 64;

/// A seller's app, in whose name PayPal is asked.
pub struct App<'a> {
    desk: Desk<'a>,
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

impl<'a> App<'a> {
    /// `None`: the seller has none.
    pub fn of(desk: Desk<'a>, sets: &[Set]) -> Option<App<'a>> {
        let client_id = settings::value(sets, Setting::PayPalClientId)?;
        let secret = settings::value(sets, Setting::PayPalClientSecret)?;
        Some(App {
            desk,
            base: base(desk, &desk.shop.world.settings.paypal_api_url, "api-m"),
            basic: format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}"))),
        })
    }

    /// Asks, with a token that is asked for before where none is known. `key` makes a POST that is repeated the first one's.
    fn call<'b>(&'b self, path: &'b str, key: &'b str, body: Option<String>) -> Later<'b, Result<Value, Unanswered>> {
        Box::pin(self.called(path, key, body))
    }

    async fn called(&self, path: &str, key: &str, body: Option<String>) -> Result<Value, Unanswered> {
        let app: [u8; 32] = Sha256::digest(format!("{}\n{}", self.base, self.basic)).into();
        let now = self.desk.shop.now();
        let known = TOKENS.with_borrow_mut(|tokens| {
            tokens.retain(|token| now < token.until);
            tokens.iter().find(|token| token.app == app).map(|token| token.bearer.clone())
        });
        if let Some(bearer) = known {
            match self.ask(path, key, body.as_deref(), &bearer).await {
                // It was taken back before its time.
                Err(no) if no.status == 401 => TOKENS.with_borrow_mut(|tokens| tokens.retain(|it| it.app != app)),
                answered => return answered,
            }
        }
        let form = ("application/x-www-form-urlencoded", b"grant_type=client_credentials".to_vec());
        let mut request = ask::call(format!("{}/v1/oauth2/token", self.base), Some(form));
        request.headers.push(("authorization".into(), self.basic.clone()));
        let given = ask::json(self.desk.shop, request).await?;
        let bearer = text(&given, "access_token").unwrap_or_default().to_owned();
        let lasts = given.get("expires_in").and_then(Value::as_int::<i64>).unwrap_or(0).clamp(0, 9 * 3_600) * SECOND;
        TOKENS.with_borrow_mut(|tokens| {
            if tokens.len() >= MOST_TOKENS {
                tokens.remove(0);
            }
            tokens.push(Token { app, bearer: bearer.clone(), until: now + lasts - MINUTE });
        });
        self.ask(path, key, body.as_deref(), &bearer).await
    }

    async fn ask(&self, path: &str, key: &str, body: Option<&str>, bearer: &str) -> Result<Value, Unanswered> {
        let body = body.map(|body| ("application/json", body.as_bytes().to_vec()));
        let mut request = ask::call(format!("{}{path}", self.base), body);
        request.headers.push(("authorization".into(), format!("Bearer {bearer}")));
        request.headers.push(("prefer".into(), "return=representation".into()));
        if !key.is_empty() {
            request.headers.push(("paypal-request-id".into(), key.to_owned()));
        }
        ask::json(self.desk.shop, request).await
    }

    /// Opens an order at PayPal. Keyed by ours: however often it is asked for, there is one.
    pub async fn open(&self, draft: &Draft, amount: &str) -> Outcome<Session> {
        let [paid, cancelled] = ways_back(draft, MOST_RETURN);
        let amount = object(&[("currency_code", draft.price.currency().code()), ("value", amount)], &[]);
        let title = super::title(draft);
        let unit = [("description", title.as_str()), ("custom_id", &draft.id), ("invoice_id", &draft.id)];
        let unit = object(&unit, &[("amount", &amount)]);
        let context = [
            ("return_url", paid.as_str()),
            ("cancel_url", &cancelled),
            ("shipping_preference", "NO_SHIPPING"),
            ("user_action", "PAY_NOW"),
        ];
        let context = object(&[], &[("experience_context", &object(&context, &[]))]);
        let source = object(&[], &[("paypal", &context)]);
        let units = format!("[{unit}]");
        let body = object(&[("intent", "CAPTURE")], &[("purchase_units", &units), ("payment_source", &source)]);
        let opened = self.call("/v2/checkout/orders", &draft.id, Some(body)).await;
        let opened =
            opened.and_then(|made| session(&made, self.desk.shop.now() + LASTS).ok_or_else(Unanswered::nonsense));
        opened.map_err(|no| {
            let line = LogLine::warn("gateway.payment_refused").with("gateway", "paypal");
            self.desk.shop.world.log.write(line.account(self.desk.account.id).order(&draft.id).because(&no.why));
            no.into()
        })
    }

    /// What has become of an order at PayPal. One that its buyer has approved is captured: only then has he paid.
    pub async fn look(&self, order: &Order, session_id: &str) -> Result<Vec<Movement>, NoSight> {
        let path = format!("/v2/checkout/orders/{session_id}");
        let mut seen = self.call(&path, "", None).await?;
        if text(&seen, "status") == Some("APPROVED") {
            // Approved anew after a refusal, it is captured anew.
            let key = format!("{}.{}", order.id, text(&seen, "update_time").unwrap_or_default());
            match self.call(&format!("{path}/capture"), &key, Some("{}".into())).await {
                Ok(captured) => seen = captured,
                // The buyer's bank says no, and he may choose another card on the same page; or somebody captured it just now.
                Err(no) if no.status == 422 => {
                    let line = LogLine::warn("gateway.capture_refused").with("gateway", "paypal");
                    self.desk
                        .shop
                        .world
                        .log
                        .write(line.account(self.desk.account.id).order(&order.id).because(&no.why));
                }
                Err(no) => return Err(no.into()),
            }
        }
        Ok(payments(&seen, order))
    }

    /// The order that a payment was captured for, where a notice about it doesn't say.
    async fn order_of(&self, capture_id: &str) -> Result<Option<String>, NoSight> {
        let capture = self.call(&format!("/v2/payments/captures/{capture_id}"), "", None).await?;
        Ok(named(&capture))
    }
}

/// Texts, and what is JSON already.
fn object(texts: &[(&str, &str)], raws: &[(&str, &str)]) -> String {
    Json::object(|json| {
        for (name, value) in texts {
            json.text(name, value);
        }
        for (name, value) in raws {
            json.raw(name, value);
        }
    })
}

fn session(made: &Value, expires_at: i64) -> Option<Session> {
    let id = known_id(text(made, "id"))?.to_owned();
    let url = ["payer-action", "approve"].iter().find_map(|rel| link(made, rel))?;
    let fits = url.len() <= 2_000 && (url.starts_with("https://") || url.starts_with("http://"));
    fits.then(|| Session { id, url: url.to_owned(), expires_at: Some(expires_at) })
}

fn link<'a>(of: &'a Value, rel: &str) -> Option<&'a str> {
    let links = of.get("links")?.as_array()?;
    text(links.iter().find(|link| text(link, "rel") == Some(rel))?, "href")
}

/// All captures and refunds of an order at PayPal, which has one purchase unit.
fn payments(seen: &Value, order: &Order) -> Vec<Movement> {
    let unit = seen.get("purchase_units").and_then(|units| units.at(0));
    let payments = unit.and_then(|unit| unit.get("payments"));
    let list = |name: &str| payments.and_then(|it| it.get(name)?.as_array()).unwrap_or_default();
    let refunds = list("refunds");
    let mut movements = Vec::new();
    for it in list("captures") {
        // What was refunded and isn't said to be would look paid: the notice of its refund will tell both.
        if text(it, "status") != Some("REFUNDED") || !refunds.is_empty() {
            movements.extend(capture(it, order));
        }
    }
    for it in refunds {
        movements.extend(refund(it, order, Kind::Refunded));
    }
    movements
}

/// Minor units of an amount, if it is in this currency.
fn sum(of: &Value, currency: Currency) -> Option<i64> {
    let amount = of.get("amount")?;
    if text(amount, "currency_code")? == currency.code() { minor(text(amount, "value")?, currency) } else { None }
}

/// When something came to be. An order's own time stands in, so that it is the same wherever it is read.
fn at(of: &Value, order: &Order) -> i64 {
    text(of, "create_time").and_then(time::parse).unwrap_or(order.created_at)
}

fn capture(capture: &Value, order: &Order) -> Option<Movement> {
    let id = known_id(text(capture, "id"))?.to_owned();
    let (kind, value) = match (text(capture, "status")?, sum(capture, order.price.currency())) {
        ("COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED", Some(sum)) => (Kind::Paid, sum),
        ("COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED", None) => (Kind::Strange, 0),
        ("PENDING", Some(_)) => (Kind::Pending, 0),
        ("DECLINED" | "FAILED", _) => (Kind::Failed, 0),
        _ => return None,
    };
    Some(Movement { of: id.clone(), id, kind, value, at: at(capture, order) })
}

/// What was taken back of a capture, by the seller (`Refunded`) or by PayPal (`Disputed`).
fn refund(refund: &Value, order: &Order, kind: Kind) -> Option<Movement> {
    let id = known_id(text(refund, "id"))?.to_owned();
    let sum = sum(refund, order.price.currency())?;
    if matches!(text(refund, "status"), Some("CANCELLED" | "FAILED")) {
        return None;
    }
    let of = captured(refund).unwrap_or(&id).to_owned();
    let value = if kind == Kind::Refunded { sum } else { 0 };
    Some(Movement { id, kind, of, value, at: at(refund, order) })
}

/// The capture that a refund or a dispute is about.
fn captured(resource: &Value) -> Option<&str> {
    let up = link(resource, "up").and_then(|href| href.split_once("/captures/")).map(|(_, id)| id);
    known_id(up.or_else(|| text(disputed(resource)?, "seller_transaction_id")))
}

fn disputed(resource: &Value) -> Option<&Value> {
    resource.get("disputed_transactions")?.at(0)
}

/// The order of ours that a thing of PayPal's names.
fn named(resource: &Value) -> Option<String> {
    let unit = resource.get("purchase_units").and_then(|units| units.at(0));
    let places = [Some(resource), unit, disputed(resource)];
    places.into_iter().flatten().find_map(|place| {
        ["custom_id", "invoice_id", "custom", "invoice_number"].iter().find_map(|name| order_id(text(place, name)))
    })
}

/// What an event is, and what it is about.
fn read(body: &str) -> Option<(String, Value)> {
    let event = crate::json::parse(body).ok()?;
    Some((text(&event, "event_type")?.to_owned(), event.get("resource")?.clone()))
}

/// The headers by which PayPal signs, and the names under which it wants them back.
const SIGNED: [(&str, &str); 5] = [
    ("paypal-auth-algo", "auth_algo"),
    ("paypal-cert-url", "cert_url"),
    ("paypal-transmission-id", "transmission_id"),
    ("paypal-transmission-sig", "transmission_sig"),
    ("paypal-transmission-time", "transmission_time"),
];

/// The order that an event says it is about, or else the capture, which knows the order.
pub fn admit(desk: Desk<'_>, sets: &[Set], notice: &Notice) -> Result<(Option<String>, Option<String>), NotAdmitted> {
    let (kind, resource) = read(&notice.body).ok_or(NotAdmitted::Unknown)?;
    if !["PAYMENT.CAPTURE.", "CHECKOUT.ORDER.APPROVED", "CUSTOMER.DISPUTE."].iter().any(|of| kind.starts_with(of)) {
        return Err(NotAdmitted::Irrelevant);
    }
    let signed = SIGNED.iter().all(|(header, _)| notice.header(header).is_some());
    if !signed || settings::value(sets, Setting::PayPalWebhookId).is_none() || App::of(desk, sets).is_none() {
        return Err(NotAdmitted::Unsigned);
    }
    // Anybody can write the headers: an event is kept only if it is about an order or a capture that we know.
    match (named(&resource), captured(&resource)) {
        (None, None) => Err(NotAdmitted::Irrelevant),
        (None, Some(capture)) => Ok((None, Some(capture.to_owned()))),
        (order_id, _) => Ok((order_id, None)),
    }
}

pub async fn hear(desk: Desk<'_>, sets: &[Set], notice: &Notice) -> Result<Told, NoSight> {
    let Some((kind, resource)) = read(&notice.body) else { return Ok(None) };
    let webhook_id = settings::value(sets, Setting::PayPalWebhookId);
    let (Some(app), Some(webhook_id)) = (App::of(desk, sets), webhook_id) else { return Ok(None) };
    let mut fields = SIGNED.map(|(header, name)| (name, notice.header(header).unwrap_or_default())).to_vec();
    fields.push(("webhook_id", webhook_id));
    // As it came: what is signed are its bytes.
    let question = object(&fields, &[("webhook_event", &notice.body)]);
    let order_id = named(&resource);
    let named = order_id.as_deref().unwrap_or("unnamed");
    match app.call("/v1/notifications/verify-webhook-signature", "", Some(question)).await {
        Ok(said) => match text(&said, "verification_status") {
            Some("SUCCESS") => {}
            Some("FAILURE") => return super::nothing(desk, named, "PayPal says that it didn't sign it"),
            _ => return Err(NoSight::Unreachable("PayPal neither confirms nor denies it".into())),
        },
        // PayPal can't even read the signature.
        Err(no) if matches!(no.status, 400 | 422) => return super::nothing(desk, named, &no.why),
        Err(no) => return Err(no.into()),
    }
    let order_id = match (order_id, captured(&resource)) {
        (None, Some(capture)) => app.order_of(capture).await?,
        (order_id, _) => order_id,
    };
    let Some(order_id) = order_id else { return Ok(None) };
    let Some(order) = super::order(desk, &order_id).await? else { return Ok(None) };
    let movements = match kind.as_str() {
        "PAYMENT.CAPTURE.REFUNDED" => refund(&resource, &order, Kind::Refunded).into_iter().collect(),
        "PAYMENT.CAPTURE.REVERSED" => refund(&resource, &order, Kind::Disputed).into_iter().collect(),
        "CUSTOMER.DISPUTE.CREATED" | "CUSTOMER.DISPUTE.RESOLVED" => {
            dispute(&resource, &order, kind.ends_with("RESOLVED"))
        }
        "CHECKOUT.ORDER.APPROVED" => {
            match order.session.as_ref().filter(|it| Some(it.id.as_str()) == text(&resource, "id")) {
                Some(session) => app.look(&order, &session.id).await?,
                None => Vec::new(),
            }
        }
        _ => capture(&resource, &order).into_iter().collect(),
    };
    Ok(Some((order, movements)))
}

/// A dispute that was opened, or has ended. One that the buyer has won stays one: his money is gone.
fn dispute(dispute: &Value, order: &Order, ended: bool) -> Vec<Movement> {
    let Some(id) = known_id(text(dispute, "dispute_id")) else { return Vec::new() };
    let outcome = dispute.get("dispute_outcome").and_then(|outcome| text(outcome, "outcome_code")).unwrap_or_default();
    let won = ["RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED"].contains(&outcome);
    let made = |id: String, of: &str, kind| Movement { id, kind, of: of.to_owned(), value: 0, at: at(dispute, order) };
    if !ended || !won {
        return vec![made(id.to_owned(), id, Kind::Disputed)];
    }
    let mut movements = vec![made(id.to_owned(), id, Kind::Restored)];
    // What PayPal had taken back for it meanwhile comes back, of which no event tells.
    movements.extend(captured(dispute).map(|capture| made(format!("{id}.{capture}"), capture, Kind::Restored)));
    movements
}
