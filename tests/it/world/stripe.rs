//! A small Stripe: sessions that are opened once for an idempotency key, paid, refunded and disputed, and events of all that, signed.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use hmac::{Hmac, KeyInit, Mac};
use pushguard::platform::{Clock as _, FetchError, HttpResponse};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Clock, SECOND, Sent, World, web::answer};

pub const API: &str = "https://api.stripe.com";

/// An event as it is sent: its body and its signature.
#[derive(Debug, Clone)]
pub struct Event {
    pub body: String,
    pub signature: String,
}

pub struct Stripe {
    clock: Rc<Clock>,
    secret: String,
    pub live: Cell<bool>,
    /// What is answered before anybody looks at the request.
    pub mood: RefCell<Option<Result<HttpResponse, FetchError>>>,
    /// The next request is done, and its answer is lost on the way.
    pub loses: Cell<bool>,
    /// It refuses every e-mail that is filled in, in these words.
    pub refuses_email: RefCell<Option<Value>>,
    /// What the next charges say besides: of their card, and how they are rated.
    pub charge: RefCell<Value>,
    /// In which currency buyers pay instead of the session's.
    pub pays_in: RefCell<Option<String>>,
    /// By idempotency key: the form and the answer.
    keys: RefCell<BTreeMap<String, (String, u16, Value)>>,
    sessions: RefCell<Vec<Value>>,
    refunds: RefCell<Vec<Value>>,
    /// What a refund that is asked for is at first.
    pub refunds_as: Cell<&'static str>,
    disputes: RefCell<Vec<Value>>,
    count: Cell<u32>,
}

impl World {
    /// The server of the settings. It signs with this secret.
    pub fn stripe(&self, secret: &str) -> Rc<Stripe> {
        let stripe = Rc::new(Stripe {
            clock: self.clock.clone(),
            secret: secret.to_owned(),
            live: Cell::new(true),
            mood: RefCell::default(),
            loses: Cell::default(),
            refuses_email: RefCell::default(),
            charge: RefCell::new(json!({})),
            pays_in: RefCell::default(),
            keys: RefCell::default(),
            sessions: RefCell::default(),
            refunds: RefCell::default(),
            refunds_as: Cell::new("succeeded"),
            disputes: RefCell::default(),
            count: Cell::default(),
        });
        let server = stripe.clone();
        self.web.on(API, move |sent| server.answer(sent));
        stripe
    }
}

impl Stripe {
    fn answer(&self, sent: &Sent) -> Result<HttpResponse, FetchError> {
        if let Some(mood) = self.mood.borrow().clone() {
            return mood;
        }
        assert!(sent.header("authorization").starts_with("Bearer "));
        let path = sent.url.strip_prefix(API).and_then(|path| path.strip_prefix("/v1/")).expect("a path of version 1");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let its = |object: &&Value| query.get("payment_intent").is_some_and(|id| payment_of(object) == id);
        let list = |all: &RefCell<Vec<Value>>| json!({"object": "list", "data": all.borrow().iter().rev().filter(its).collect::<Vec<_>>()});
        let found = match (sent.method, path) {
            ("POST", "checkout/sessions") => {
                let (status, body) = self.open(sent);
                if self.loses.take() {
                    return Err(FetchError::Timeout);
                }
                return answer(status, body.to_string());
            }
            ("POST", "refunds") => {
                let (status, body) = self.send_back(sent);
                if self.loses.take() {
                    return Err(FetchError::Timeout);
                }
                return answer(status, body.to_string());
            }
            ("GET", "checkout/sessions") => Some(list(&self.sessions)),
            ("GET", "refunds") => Some(list(&self.refunds)),
            ("GET", "disputes") => Some(list(&self.disputes)),
            ("POST", _) => {
                let id = path.strip_prefix("checkout/sessions/").and_then(|rest| rest.strip_suffix("/expire"));
                let mut sessions = self.sessions.borrow_mut();
                let open = sessions
                    .iter_mut()
                    .find(|session| Some(session["id"].as_str().unwrap()) == id && session["status"] == "open");
                open.map(|session| {
                    session["status"] = json!("expired");
                    session.clone()
                })
            }
            _ => {
                let id = path.strip_prefix("checkout/sessions/").unwrap_or_default();
                self.sessions.borrow().iter().find(|session| session["id"] == id).cloned()
            }
        };
        match found {
            Some(found) => answer(200, found.to_string()),
            None => answer(404, r#"{"error":{"code":"resource_missing","type":"invalid_request_error"}}"#),
        }
    }

    fn open(&self, sent: &Sent) -> (u16, Value) {
        let key = sent.header("idempotency-key").to_owned();
        if let Some((form, status, known)) = self.keys.borrow().get(&key) {
            return match *form == sent.body {
                true => (*status, known.clone()),
                false => {
                    (400, json!({"error": {"type": "idempotency_error", "message": sent.header("authorization")}}))
                }
            };
        }
        let form: BTreeMap<_, _> = form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
        let field = |name: &str| form.get(name).unwrap_or_else(|| panic!("no {name} in {}", sent.body)).clone();
        let amount: i64 = field("line_items[0][price_data][unit_amount]").parse().expect("an integer");
        if let Some(error) = self.refuses_email.borrow().as_ref().filter(|_| form.contains_key("customer_email")) {
            let answered = json!({"error": error});
            self.keys.borrow_mut().insert(key, (sent.body.clone(), 400, answered.clone()));
            return (400, answered);
        }
        if amount < 50 {
            let error = json!({"error": {"code": "amount_too_small", "type": "invalid_request_error", "message": field("cancel_url")}});
            return (400, error);
        }
        let id = self.id("cs_live_");
        let session = json!({
            "id": id, "object": "checkout.session", "livemode": self.live.get(), "status": "open", "payment_status": "unpaid",
            "currency": field("line_items[0][price_data][currency]"), "amount_total": amount, "payment_intent": null,
            "client_reference_id": field("client_reference_id"), "metadata": {"order": field("metadata[order]")},
            "created": self.clock.now() / SECOND, "expires_at": self.clock.now() / SECOND + 86_400,
            "url": format!("https://checkout.stripe.com/c/pay/{id}"),
        });
        self.sessions.borrow_mut().push(session.clone());
        self.keys.borrow_mut().insert(key, (sent.body.clone(), 200, session.clone()));
        (200, session)
    }

    /// What a key answers from now on.
    pub fn spoil(&self, key: &str, form: &str) {
        let error = json!({"error": {"type": "api_error"}});
        self.keys.borrow_mut().insert(key.to_owned(), (form.to_owned(), 500, error));
    }

    pub fn sessions(&self) -> Vec<Value> {
        self.sessions.borrow().clone()
    }

    fn id(&self, prefix: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{prefix}{:08}", self.count.get())
    }

    fn change(&self, order_id: &str, act: impl FnOnce(&mut Value)) -> Value {
        let mut sessions = self.sessions.borrow_mut();
        let session = sessions.iter_mut().rfind(|session| session["metadata"]["order"] == order_id).expect("a session");
        act(session);
        session.clone()
    }

    /// The buyer pays an order's session.
    pub fn pay(&self, order_id: &str) -> Event {
        let (payment, charge) = (self.id("pi_"), self.id("ch_"));
        let session = self.change(order_id, |session| {
            session["payment_intent"] = json!({"id": payment, "latest_charge": self.charge(&charge)});
            session["status"] = json!("complete");
            session["payment_status"] = json!("paid");
            if let Some(currency) = self.pays_in.borrow().as_ref() {
                session["currency"] = json!(currency);
            }
        });
        let mut sent = session.clone();
        // Events expand nothing.
        sent["payment_intent"] = json!(payment_of(&session));
        self.event("checkout.session.completed", sent)
    }

    fn charge(&self, id: &str) -> Value {
        let mut charge =
            json!({"id": id, "created": self.clock.now() / SECOND, "amount_refunded": 0, "disputed": false});
        let more = self.charge.borrow().clone();
        charge.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        charge
    }

    /// From now on buyers pay with this card, and Stripe rates them so.
    pub fn cards_are(&self, fingerprint: &str, country: &str, risk: &str) {
        *self.charge.borrow_mut() = json!({
            "outcome": {"risk_level": risk, "risk_score": 50, "type": "authorized"},
            "payment_method_details": {"type": "card", "card": {"country": country, "fingerprint": fingerprint, "last4": "4242"}},
        });
    }

    /// Another charge takes the place of the payment's.
    pub fn charge_again(&self, order_id: &str) -> Event {
        let charge = self.id("ch_");
        let session = self.change(order_id, |session| {
            session["payment_intent"]["latest_charge"] = self.charge(&charge);
        });
        let mut sent = session.clone();
        sent["payment_intent"] = json!(payment_of(&session));
        self.event("checkout.session.completed", sent)
    }

    /// The seller sends so much back, in Stripe's units. Answers the refund's id, too.
    pub fn refund(&self, order_id: &str, units: i64, status: &str) -> (String, Event) {
        let id = self.id("re_");
        let session = self.change(order_id, |session| {
            let charge = &mut session["payment_intent"]["latest_charge"];
            charge["amount_refunded"] = json!(charge["amount_refunded"].as_i64().unwrap() + units);
        });
        let refund = json!({
            "id": id, "object": "refund", "amount": units, "currency": session["currency"], "status": status,
            "payment_intent": payment_of(&session), "created": self.clock.now() / SECOND,
        });
        self.refunds.borrow_mut().push(refund.clone());
        (id, self.event("refund.created", refund))
    }

    /// The seller's program asks for a refund: one for each key, and never more than there is.
    fn send_back(&self, sent: &Sent) -> (u16, Value) {
        let key = sent.header("idempotency-key").to_owned();
        if let Some((form, status, known)) = self.keys.borrow().get(&key) {
            return match *form == sent.body {
                true => (*status, known.clone()),
                false => (400, json!({"error": {"type": "idempotency_error"}})),
            };
        }
        let form: BTreeMap<_, _> = form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
        let units: i64 = form["amount"].parse().expect("an integer");
        let left = |session: &Value| {
            let charge = &session["payment_intent"]["latest_charge"];
            session["amount_total"].as_i64().unwrap() - charge["amount_refunded"].as_i64().unwrap()
        };
        let its = |session: &&Value| payment_of(session) == form["payment_intent"];
        let order = self.sessions.borrow().iter().find(its).filter(|session| units <= left(session)).cloned();
        let Some(order) = order else {
            return (400, json!({"error": {"code": "charge_already_refunded", "type": "invalid_request_error"}}));
        };
        let status = self.refunds_as.get();
        self.refund(order["metadata"]["order"].as_str().expect("an order"), units, status);
        let refund = self.refunds.borrow().last().expect("a refund").clone();
        self.keys.borrow_mut().insert(key, (sent.body.clone(), 200, refund.clone()));
        (200, refund)
    }

    /// The event that tells of the newest refund.
    pub fn refund_event(&self) -> Event {
        let refund = self.refunds.borrow().last().expect("a refund").clone();
        self.event("refund.created", refund)
    }

    pub fn refunds(&self) -> usize {
        self.refunds.borrow().len()
    }

    /// What was sent back comes back.
    pub fn fail_refund(&self, order_id: &str, id: &str) -> Event {
        let mut refunds = self.refunds.borrow_mut();
        let refund = refunds.iter_mut().find(|refund| refund["id"] == id).expect("a refund");
        refund["status"] = json!("failed");
        self.change(order_id, |session| {
            let charge = &mut session["payment_intent"]["latest_charge"];
            charge["amount_refunded"] =
                json!(charge["amount_refunded"].as_i64().unwrap() - refund["amount"].as_i64().unwrap());
        });
        self.event("refund.failed", refund.clone())
    }

    /// All that are open end.
    pub fn sessions_end(&self) {
        for session in self.sessions.borrow_mut().iter_mut().filter(|session| session["status"] == "open") {
            session["status"] = json!("expired");
        }
    }

    /// The buyer's bank takes all of it back.
    pub fn dispute(&self, order_id: &str, status: &str) -> Event {
        self.dispute_part(order_id, status, None)
    }

    /// It takes so much of it back, in Stripe's units.
    pub fn dispute_part(&self, order_id: &str, status: &str, units: Option<i64>) -> Event {
        let id = self.id("dp_");
        let session = self.change(order_id, |session| {
            session["payment_intent"]["latest_charge"]["disputed"] = json!(true);
        });
        let dispute = json!({
            "id": id, "object": "dispute", "amount": units.map_or(session["amount_total"].clone(), Value::from), "currency": session["currency"],
            "status": status, "payment_intent": payment_of(&session), "created": self.clock.now() / SECOND,
            "balance_transactions": [{"created": self.clock.now() / SECOND}],
        });
        self.disputes.borrow_mut().push(dispute.clone());
        self.event("charge.dispute.created", dispute)
    }

    /// The last dispute ends so.
    pub fn close_dispute(&self, status: &str) -> Event {
        let mut disputes = self.disputes.borrow_mut();
        let dispute = disputes.last_mut().expect("a dispute");
        dispute["status"] = json!(status);
        if status == "won" {
            let both = dispute["balance_transactions"].as_array_mut().expect("a list");
            both.push(json!({"created": self.clock.now() / SECOND}));
        }
        self.event("charge.dispute.closed", dispute.clone())
    }

    /// An event about this object, signed now.
    pub fn event(&self, kind: &str, object: Value) -> Event {
        let event = json!({
            "id": self.id("evt_"), "object": "event", "type": kind, "livemode": self.live.get(),
            "created": self.clock.now() / SECOND, "data": {"object": object},
        });
        self.sign(event.to_string())
    }

    /// A body, signed now.
    pub fn sign(&self, body: String) -> Event {
        let time = self.clock.now() / SECOND;
        let signature = format!("t={time},v1={}", tag(&self.secret, time, &body));
        Event { body, signature }
    }
}

fn payment_of(object: &Value) -> &str {
    let payment = &object["payment_intent"];
    payment["id"].as_str().or(payment.as_str()).unwrap_or_default()
}

pub fn tag(secret: &str, time: i64, body: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("keys have any length");
    mac.update(format!("{time}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
