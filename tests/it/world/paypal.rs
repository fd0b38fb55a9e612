//! A small PayPal: it confirms the notifications that it sent, by their bytes, and opens and captures orders.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use pushguard::platform::{FetchError, HttpResponse};
use serde_json::{Value, json};

use super::{Sent, World, web::answer};

pub const CLIENT_ID: &str = "AeA1QIZXiflr1_-fN4rc0N8Nd0GEiGaCvIA9a3A8RNlcEbPaUcz2";
pub const CLIENT_SECRET: &str = "EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT";
pub const WEBHOOK_ID: &str = "1JE4291016473214C";
pub const API: &str = "https://api-m.sandbox.paypal.com";
pub const IPN: &str = "https://ipnpb.sandbox.paypal.com";

#[derive(Default)]
pub struct PayPal {
    /// Notifications that are its own.
    own: RefCell<Vec<String>>,
    orders: RefCell<Vec<Value>>,
    pub down: Cell<bool>,
    /// By request id: the place of the order that was opened under it.
    keys: RefCell<Vec<(String, usize)>>,
    disputes: RefCell<Vec<Value>>,
    /// By request id.
    pub refunds: RefCell<Vec<(String, Value)>>,
    /// The app may not ask for disputes.
    pub hides_disputes: Cell<bool>,
    approvals: Cell<u32>,
    /// It forgets its orders.
    pub forgets: Cell<bool>,
    /// A capture is not done yet, and its answer is lost.
    pub loses: Cell<bool>,
    /// The buyer's bank says no.
    pub declines: Cell<bool>,
    /// How it says so.
    pub issue: Cell<&'static str>,
    /// What a capture is at first.
    pub captures_as: Cell<&'static str>,
    /// Counts the tokens that were given; only the newest is good.
    pub tokens: Cell<u32>,
}

impl World {
    /// PayPal's sandbox.
    pub fn paypal(&self) -> Rc<PayPal> {
        let paypal = Rc::new(PayPal {
            captures_as: Cell::new("COMPLETED"),
            issue: Cell::new("INSTRUMENT_DECLINED"),
            ..PayPal::default()
        });
        for base in [IPN, API] {
            let paypal = paypal.clone();
            self.web.on(base, move |sent| paypal.answer(sent));
        }
        paypal
    }
}

impl PayPal {
    /// From now on it knows these bytes for its own.
    pub fn sends(&self, body: &str) -> String {
        self.own.borrow_mut().push(body.to_owned());
        body.to_owned()
    }

    /// What happens to the newest order: the buyer approves it.
    pub fn approves(&self) {
        self.approvals.set(self.approvals.get() + 1);
        self.newest(|order| {
            order["status"] = json!("APPROVED");
            order["update_time"] = json!(format!("2023-11-15T00:09:{:02}Z", self.approvals.get()));
        });
    }

    pub fn newest<T>(&self, act: impl FnOnce(&mut Value) -> T) -> T {
        act(self.orders.borrow_mut().last_mut().expect("an order"))
    }

    /// A dispute as it stands from now on.
    pub fn dispute(&self, dispute: &Value) {
        let mut disputes = self.disputes.borrow_mut();
        disputes.retain(|known| known["dispute_id"] != dispute["dispute_id"]);
        disputes.push(dispute.clone());
    }

    pub fn count(&self) -> usize {
        self.orders.borrow().len()
    }

    fn answer(&self, sent: &Sent) -> Result<HttpResponse, FetchError> {
        if self.down.get() {
            return answer(503, "down");
        }
        if sent.url == format!("{IPN}/cgi-bin/webscr") {
            assert_eq!(sent.header("content-type"), "application/x-www-form-urlencoded");
            assert!(!sent.header("user-agent").is_empty());
            let body = sent.body.strip_prefix("cmd=_notify-validate&").expect("the command first");
            let known = self.own.borrow().iter().any(|own| own == body);
            return answer(200, if known { "VERIFIED" } else { "INVALID" });
        }
        let path = sent.url.strip_prefix(API).expect("the API");
        if path == "/v1/oauth2/token" {
            let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
            if sent.header("authorization") != basic || sent.body != "grant_type=client_credentials" {
                return answer(401, json!({"error": "invalid_client", "error_description": CLIENT_SECRET}).to_string());
            }
            self.tokens.set(self.tokens.get() + 1);
            let token = format!("A21AAtoken{}", self.tokens.get());
            return answer(
                200,
                json!({"access_token": token, "token_type": "Bearer", "expires_in": 32_400}).to_string(),
            );
        }
        if sent.header("authorization") != format!("Bearer A21AAtoken{}", self.tokens.get()) {
            return answer(401, json!({"name": "AUTHENTICATION_FAILURE"}).to_string());
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (sent.method, parts.as_slice()) {
            ("POST", ["v2", "checkout", "orders"]) => self.create(sent),
            (method, ["v2", "checkout", "orders", id, rest @ ..]) => {
                let mut orders = self.orders.borrow_mut();
                let order = orders.iter_mut().find(|order| order["id"] == *id && !self.forgets.get());
                let Some(order) = order else { return answer(404, "{}") };
                match (method, rest) {
                    ("GET", []) => answer(200, order.to_string()),
                    ("POST", ["capture"]) if self.loses.get() => Err(FetchError::Timeout),
                    ("POST", ["capture"]) => self.capture(order),
                    _ => answer(405, ""),
                }
            }
            ("GET", ["v1", "customer", "disputes", id]) => {
                let disputes = self.disputes.borrow();
                match disputes.iter().find(|dispute| dispute["dispute_id"] == *id) {
                    _ if self.hides_disputes.get() => answer(403, r#"{"name":"NOT_AUTHORIZED"}"#),
                    Some(dispute) => answer(200, dispute.to_string()),
                    None => answer(404, "{}"),
                }
            }
            ("GET", ["v2", "payments", "captures", id]) => {
                let orders = self.orders.borrow();
                let order = orders.iter().find(|order| capture_of(order)["id"] == *id);
                order.map_or_else(|| answer(404, "{}"), |order| answer(200, capture_of(order).to_string()))
            }
            ("POST", ["v2", "payments", "captures", id, "refund"]) => {
                let key = sent.header("paypal-request-id").to_owned();
                let known = self.refunds.borrow().iter().find(|(known, _)| *known == key).map(|(_, it)| it.clone());
                let refund = known.unwrap_or_else(|| {
                    let number = self.refunds.borrow().len();
                    let refund = json!({
                        "id": format!("1JU08902781{number:06}"), "status": "COMPLETED", "amount": sent.json()["amount"],
                        "create_time": "2023-11-15T00:20:00Z",
                        "links": [{"rel": "up", "href": format!("{API}/v2/payments/captures/{id}")}],
                    });
                    self.refunds.borrow_mut().push((key, refund.clone()));
                    let mut orders = self.orders.borrow_mut();
                    let order = orders.iter_mut().find(|order| capture_of(order)["id"] == *id).expect("an order");
                    let payments = &mut order["purchase_units"][0]["payments"];
                    if payments["refunds"].is_null() {
                        payments["refunds"] = json!([]);
                    }
                    payments["refunds"].as_array_mut().expect("a list").push(refund.clone());
                    refund
                });
                match self.loses.take() {
                    true => Err(FetchError::Timeout),
                    false => answer(201, refund.to_string()),
                }
            }
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => {
                let known = sent.json()["webhook_id"] == WEBHOOK_ID
                    && sent.json()["transmission_sig"] == "signed"
                    && self.own.borrow().iter().any(|own| sent.body.ends_with(&format!("\"webhook_event\":{own}}}")));
                answer(200, json!({"verification_status": if known { "SUCCESS" } else { "FAILURE" }}).to_string())
            }
            _ => answer(404, "{}"),
        }
    }

    /// An order of this id was captured without our asking → the capture.
    pub fn captured(&self, id: &str) -> Value {
        let mut orders = self.orders.borrow_mut();
        let order = orders.iter_mut().find(|order| order["id"] == id).expect("an order");
        order["status"] = json!("APPROVED");
        self.capture(order).expect("a capture");
        capture_of(order).clone()
    }

    fn create(&self, sent: &Sent) -> Result<HttpResponse, FetchError> {
        let asked = sent.json();
        let unit = &asked["purchase_units"][0];
        let key = sent.header("paypal-request-id").to_owned();
        assert!(key.starts_with(unit["custom_id"].as_str().expect("our id")), "it is keyed by our order");
        let mut orders = self.orders.borrow_mut();
        if let Some((_, place)) = self.keys.borrow().iter().find(|(known, _)| *known == key) {
            return answer(200, orders[*place].to_string());
        }
        self.keys.borrow_mut().push((key, orders.len()));
        let id = format!("5O19012741{:07}", orders.len());
        let href = format!("https://www.sandbox.paypal.com/checkoutnow?token={id}");
        orders.push(json!({
            "id": id, "status": "PAYER_ACTION_REQUIRED", "purchase_units": [unit],
            "links": [{"href": format!("{API}/v2/checkout/orders/{id}"), "rel": "self"}, {"href": href, "rel": "payer-action"}],
        }));
        answer(201, orders.last().expect("one").to_string())
    }

    fn capture(&self, order: &mut Value) -> Result<HttpResponse, FetchError> {
        if order["status"] != "APPROVED" || self.declines.get() {
            let issue = if self.declines.get() { self.issue.get() } else { "ORDER_NOT_APPROVED" };
            let issue =
                json!({"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue, "description": CLIENT_SECRET}]});
            return answer(422, issue.to_string());
        }
        let id = order["id"].as_str().expect("an id").replace("5O", "3C");
        let unit = &order["purchase_units"][0];
        let capture = json!({
            "id": id, "status": self.captures_as.get(), "amount": unit["amount"], "custom_id": unit["custom_id"],
            "invoice_id": unit["invoice_id"], "create_time": "2023-11-15T00:10:00Z",
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        });
        order["status"] = json!("COMPLETED");
        order["purchase_units"][0]["payments"] = json!({"captures": [capture]});
        answer(201, order.to_string())
    }
}

pub fn capture_of(order: &Value) -> &Value {
    &order["purchase_units"][0]["payments"]["captures"][0]
}
