//! Who acts in these tests: the operator, sellers and buyers, each with the requests that are his.

use base64::{Engine, engine::general_purpose::STANDARD};
use pushguard::{
    http::{Body, Method, Request, Response},
    router,
};
use serde_json::{Value, json};

use crate::world::{ADMIN_TOKEN, World, block_on, record};

pub const ORIGIN: &str = "https://desk.example";

/// BIP 84's example account, and BIP 49's and BIP 32's: three wallets that everybody knows.
pub const ZPUB: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
pub const YPUB: &str =
    "ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP";
pub const XPUB: &str =
    "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB";

/// A request under construction.
pub struct Ask<'w> {
    world: &'w World,
    pub request: Request,
}

impl World {
    /// `path` may have a query.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let path = path.strip_prefix(ORIGIN).unwrap_or(path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: Method::parse(method),
            head: false,
            origin: ORIGIN.into(),
            path: path.into(),
            query: query.into(),
            headers: Vec::new(),
            country: None,
            asn: None,
            asn_name: None,
            is_tor: false,
            body: Some(Vec::new()),
            pending: None,
            unread: None,
        };
        Ask { world: self, request }
    }

    /// `POST /admin/accounts` with the right token.
    pub fn create_account(&self, fields: Value) -> Reply {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        self.ask("POST", "/admin/accounts").header("authorization", bearer).json(&fields).send()
    }

    /// Replaces a list of the operator's, which has an item a line.
    pub fn list(&self, name: &str, text: &str) {
        let ask =
            self.ask("PUT", &format!("/admin/lists/{name}")).header("authorization", format!("Bearer {ADMIN_TOKEN}"));
        ask.header("content-type", "text/plain").body(text).send().expect(200);
    }

    /// A seller with this e-mail. With `test` his payments are simulated; otherwise he has no wallet yet.
    pub fn seller_named(&self, email: &str, test: bool) -> Seller<'_> {
        let made = self.create_account(json!({"email": email, "shop_name": "Ada's Apps", "test": test})).expect(201);
        let text = |name: &str| made.json()[name].as_str().expect("a text").to_owned();
        Seller { world: self, email: text("email"), key: text("api_key"), secret: text("webhook_secret") }
    }

    /// Ada, whose account is a test account: nothing of hers needs the network.
    pub fn seller(&self) -> Seller<'_> {
        self.seller_named("ada@example.com", true)
    }

    /// Grace, who takes real coins at BIP 84's addresses. Rates are 50,000 USD and 40,000 EUR.
    pub fn live_seller(&self) -> Seller<'_> {
        self.coinbase(json!({"USD": "50000", "EUR": "40000"}));
        let grace = self.seller_named("grace@example.com", false);
        grace.put("/account", json!({"gateways": {"bitcoin": {"xpub": ZPUB}}})).expect(200);
        grace
    }

    /// The path of an order's own page.
    pub fn receipt(&self, order_id: &str) -> String {
        pushguard::shop::order::receipt::path(&self.app.platform.settings.token_keys, order_id)
    }

    pub fn buyer(&self) -> Buyer<'_> {
        Buyer { world: self }
    }
}

impl Ask<'_> {
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.request.headers.push((name, value.into()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = Some(body.into());
        self
    }

    /// Over plain HTTP.
    pub fn insecurely(mut self) -> Self {
        self.request.origin = self.request.origin.replace("https:", "http:");
        self
    }

    pub fn send(self) -> Reply {
        block_on(self.together())
    }

    /// For sending it while others are on their way.
    pub async fn together(self) -> Reply {
        let (method, path) = (format!("{:?}", self.request.method), self.request.path.clone());
        let question = record::is_on().then(|| record::question(&self.request));
        let asked = record::asked(&self.request);
        let promised = self.request.path.contains("1.0").then(|| self.request.clone());
        let reply = Reply(router::answer(&self.world.app, self.request).await);
        promised.inspect(|request| crate::shoppy::openapi::held_against(request, &reply.0));
        question.inspect(|question| record::answer(question, &reply.0));
        if let Some(asked) = asked {
            record::answered(asked, &reply.0);
        }
        let mut said = match &reply.0.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        reply.headers().iter().for_each(|(name, value)| said.extend(["\n", name, ": ", value]));
        self.world.told.hear(&method, &path, &said);
        reply
    }
}

pub fn basic(email: &str, key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{email}:{key}")))
}

pub struct Seller<'w> {
    pub world: &'w World,
    pub email: String,
    pub key: String,
    pub secret: String,
}

impl<'w> Seller<'w> {
    /// A request to the API in his name.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'w> {
        self.world.ask(method, &format!("/api/v2{path}")).header("authorization", basic(&self.email, &self.key))
    }

    /// The same seller, asking another deployment.
    pub fn at<'v>(&self, world: &'v World) -> Seller<'v> {
        Seller { world, email: self.email.clone(), key: self.key.clone(), secret: self.secret.clone() }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send()
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("POST", path).json(&body).send()
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.ask("PUT", path).json(&body).send()
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path).send()
    }

    /// Ten dollars for an app, with these fields instead.
    pub fn pay(&self, changed: Value) -> Reply {
        self.post("/pay", payment(changed))
    }

    /// A payment link.
    pub fn link(&self, changed: Value) -> Link {
        Link::of(&self.pay(changed).expect(201))
    }

    /// An order without a page.
    pub fn white_label(&self, changed: Value) -> Value {
        let mut fields = payment(changed);
        fields["white_label"] = json!(true);
        self.post("/pay", fields).expect(201).json()
    }

    pub fn order(&self, id: &str) -> Value {
        self.get(&format!("/orders/{id}")).expect(200).json()
    }

    pub fn status(&self, id: &str) -> i64 {
        self.order(id)["status"].as_i64().expect("a status")
    }

    /// A test account's buyer pays.
    pub fn simulate(&self, order_id: &str, kind: &str, confirmations: u32) -> Value {
        let fields = json!({"order_id": order_id, "kind": kind, "confirmations": confirmations});
        self.post("/test/payments", fields).expect(201).json()
    }

    pub fn mine(&self, count: u32) {
        self.post("/test/blocks", json!({"count": count})).expect(201);
    }

    /// An endpoint for these events. Answers its id.
    pub fn endpoint(&self, url: &str, events: &[&str]) -> String {
        let made = self.post("/webhooks/endpoints", json!({"url": url, "events": events})).expect(201);
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    /// His webhook logs, newest first.
    pub fn logs(&self) -> Vec<Value> {
        let logs = self.get("/webhooks/logs?per_page=50").expect(200).json();
        logs.as_array().expect("a list").clone()
    }
}

/// What a seller asks for when a test has no wishes of its own.
pub fn payment(changed: Value) -> Value {
    let mut fields = json!({
        "title": "The app", "email": "bob@example.com", "currency": "USD", "value": "10.00", "gateway": "Bitcoin",
        "return_url": "https://ada.example/thanks",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

pub struct Link {
    /// From the slash on.
    pub path: String,
    pub id: String,
    pub token: String,
    /// Of the order that it becomes.
    pub order_id: String,
}

impl Link {
    pub fn of(reply: &Reply) -> Link {
        let url = reply.json()["url"].as_str().expect("a url").to_owned();
        let path = url.strip_prefix(ORIGIN).expect("an URL of this origin").to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let ["", "pay", id, token] = parts.as_slice() else { panic!("not a link: {path}") };
        let order_id = pushguard::shop::payment::order_id(id).expect("a payment's id");
        Link { id: (*id).to_owned(), token: (*token).to_owned(), order_id, path }
    }

    pub fn order(&self) -> String {
        format!("{}/order", self.path)
    }
}

pub struct Buyer<'w> {
    world: &'w World,
}

impl<'w> Buyer<'w> {
    pub fn ask(&self, method: &str, path: &str) -> Ask<'w> {
        let ask = self.world.ask(method, path);
        let mut ask = ask.header("cf-connecting-ip", "203.0.113.7").header("user-agent", "Lynx/2.9");
        ask.request.country = Some("SE".into());
        ask
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send()
    }

    pub fn post(&self, path: &str, form: &str) -> Reply {
        self.ask("POST", path).header("content-type", "application/x-www-form-urlencoded").body(form).send()
    }

    /// The text of this page's heading, and all of its text.
    #[track_caller]
    pub fn page(&self, path: &str) -> (String, String) {
        let text = self.get(path).expect(200).text();
        let heading = text.split("<h1").nth(1).and_then(|rest| rest.split(['>', '<']).nth(1)).expect("a heading");
        (heading.to_owned(), text)
    }

    /// Presses the link's button. Answers the order's page.
    pub fn start(&self, link: &Link) -> Reply {
        let reply = self.post(&link.path, "").expect(303);
        assert_eq!(reply.header("location"), Some(link.order().as_str()));
        self.get(&link.order())
    }
}

/// What came back.
pub struct Reply(Response);

impl Reply {
    /// Fails the test with the answer's own words when it isn't this.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status(), status, "the answer was: {}", self.text());
        self
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.header(name)
    }

    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    pub fn body(&self) -> &Body {
        &self.0.body
    }

    pub fn text(&self) -> String {
        match &self.0.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).expect("a text"),
            Body::Stream(_) => String::from_utf8(self.bytes()).expect("a text"),
            Body::Empty => String::new(),
            Body::Live(order_id) => format!("a live connection to {order_id}"),
        }
    }

    /// The body, also one that is passed on unread.
    pub fn bytes(&self) -> Vec<u8> {
        match &self.0.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Stream(stream) => stream.downcast_ref::<Vec<u8>>().expect("a stream of these tests").clone(),
            Body::Empty | Body::Live(_) => Vec::new(),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.text()).expect("JSON")
    }

    /// The sentences of a refused validation.
    #[track_caller]
    pub fn errors(&self) -> Vec<String> {
        let json = self.json();
        assert_eq!((self.status(), &json["message"]), (400, &json!("Validation failed")), "{json}");
        let errors = json["errors"].as_array().expect("errors").iter();
        errors.map(|error| error.as_str().expect("a sentence").to_owned()).collect()
    }

    #[track_caller]
    pub fn message(&self) -> String {
        self.json()["message"].as_str().expect("a message").to_owned()
    }
}
