//! Shoppy 1.0: its document replayed, and what clients of it rely on.

use serde_json::{Value, json};

use crate::actors::{Ask, Buyer, Link, ORIGIN, Reply, Seller};

mod auth;
mod document;
mod isolation;
mod list;
pub mod openapi;
mod pay;
mod settings;
mod webhook;
mod wild;

impl<'w> Seller<'w> {
    /// A request in his name, with his key as it is.
    pub fn shoppy(&self, method: &str, path: &str) -> Ask<'w> {
        self.world.ask(method, &format!("/api/1.0{path}")).header("authorization", self.key.clone())
    }

    /// What a GET answers.
    #[track_caller]
    pub fn shows(&self, path: &str) -> Value {
        self.shoppy("GET", path).send().expect(200).json()
    }

    /// As `curl -d` sends it.
    pub fn curls(&self, path: &str, body: &Value) -> Reply {
        let ask = self.shoppy("POST", path).header("content-type", "application/x-www-form-urlencoded");
        ask.body(body.to_string()).send()
    }

    /// A payment of this window, with these fields changed.
    pub fn shoppy_link(&self, changed: Value) -> Link {
        let url = self.curls("/pay", &example(changed)).expect(200).json()["url"].as_str().expect("a url").to_owned();
        let name = url.strip_prefix(&format!("{ORIGIN}/pay/")).expect("an URL of this origin");
        let (id, token) = name.split_once('.').expect("an id and a token");
        let order_id = pushguard::shop::payment::order_id(id).expect("a payment's id");
        Link { path: format!("/pay/{id}/{token}"), id: id.to_owned(), token: token.to_owned(), order_id }
    }
}

/// The document's payment.
fn example(changed: Value) -> Value {
    let mut fields = json!({
        "title": "Shoppy Pay Example", "value": 9.99, "webhook_url": "https://requestb.in/1o41bep1", "email": "seller@shoppy.gg",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

/// The sentence of a refusal.
#[track_caller]
fn refused(reply: Reply, status: u16) -> String {
    let json = reply.expect(status).json();
    let names: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["status", "message"], "{json}");
    assert_eq!(json["status"], false, "{json}");
    json["message"].as_str().expect("a sentence").to_owned()
}

/// One of everything, as in the document's examples.
pub struct Sold<'w> {
    pub ada: Seller<'w>,
    pub product: String,
    /// Bought by a buyer at his page, and not paid yet.
    pub open: Link,
    /// The same, paid and praised.
    pub paid: Link,
    pub feedback: String,
    pub query: String,
}

pub const HOOK: &str = "https://requestb.in/1e7or0y1";

pub fn sold(world: &crate::world::World) -> Sold<'_> {
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.put("/account", json!({"shop_name": "finn", "shop": {"accent_color": "#1b273d"}})).expect(200);
    let product = crate::purchase::product(
        &ada,
        json!({
            "title": "Nulled VIP 3 months", "description": "* A new userbar to make you stand out.\r\n* Storage", "product_type": 4,
            "email_message": "Thank you for your support", "price": "10", "maximum_quantity": 10, "stock_amount": 50, "stock_warning": 5,
            "custom": [{"name": "UID", "type": "number", "required": true}], "gateways": ["bitcoin", "ethereum"],
            "webhook_url": "https://pay.lolaccounts.gg/shoppy.php", "theme": 1,
        }),
    );
    world.web.says("https://pay.lolaccounts.gg", 200);
    let bought = || {
        let fields = json!({
            "product_id": product, "gateway": "Bitcoin", "email": "buyer@shoppy.gg", "custom": {"UID": "358641"},
            "return_url": "https://ada.example/",
        });
        let link = Link::of(&ada.post("/pay", fields).expect(201));
        world.buyer().start(&link);
        world.advance(crate::world::SECOND);
        link
    };
    let paid = bought();
    ada.simulate(&paid.order_id, "exact", 1);
    let praise = json!({"order_id": paid.order_id, "rating": 1, "stars": 5, "comment": ""});
    let feedback = id(&ada.post("/feedbacks", praise).expect(201).json());
    ada.post(&format!("/feedbacks/{feedback}/reply"), json!({"response": "Thanks! :)"})).expect(200);
    let question = json!({"subject": "Test", "email": "ui-test@shoppy.gg", "message": "Do you also accept BTC?"});
    let query = id(&ada.post("/queries", question).expect(201).json());
    let reply = json!({"message": "Reply 1", "from": "customer"});
    ada.post(&format!("/queries/{query}/reply"), reply).expect(201);
    let open = bought();
    Sold { ada, product, open, paid, feedback, query }
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

impl Buyer<'_> {
    /// Starts a link of several gateways through this one.
    #[track_caller]
    pub fn chooses(&self, link: &Link, gateway: &str) -> Reply {
        let reply = self.post(&link.path, &format!("gateway={gateway}")).expect(303);
        assert!(reply.header("location").is_some_and(|to| to.starts_with(&link.order())), "{:?}", reply.headers());
        self.get(&link.order())
    }
}
