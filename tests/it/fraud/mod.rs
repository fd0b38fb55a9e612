//! Fraud: who may order, by each of the ways to begin an order, and the reasons that are kept.

use serde_json::{Value, json};

use crate::{
    actors::{Buyer, Link, Reply, Seller},
    purchase, storefront,
    world::World,
};

mod blocked;
mod decision;
mod review;
mod signal;
mod trial;

/// The three ways to begin an order.
const WAYS: [&str; 3] = ["storefront", "link", "white-label"];

/// Begins an order for Ada's product by one of them. The buyer is bob@example.com at 203.0.113.7 in Sweden.
fn begin(world: &World, ada: &Seller<'_>, product: &str, way: &str) -> Reply {
    match way {
        "storefront" => storefront::buy(&world.buyer(), product, ""),
        "link" => world.buyer().post(&link(ada, product).path, ""),
        _ => purchase::buy(ada, product, json!({"ip_address": "203.0.113.7"})),
    }
}

fn link(ada: &Seller<'_>, product: &str) -> Link {
    let fields = json!({
        "product_id": product, "gateway": "Bitcoin", "email": "bob@example.com", "return_url": "https://ada.example/",
    });
    Link::of(&ada.post("/pay", fields).expect(201))
}

/// What it answers that makes an order, and one that makes none.
fn statuses(way: &str) -> (u16, u16) {
    (if way == "white-label" { 201 } else { 303 }, 403)
}

fn rule(seller: &Seller<'_>, action: &str, rule: &str) -> Value {
    let count = seller.get("/blacklist_rules").expect(200).json().as_array().expect("a list").len();
    let fields = json!({"action_type": action, "name": format!("Rule {count}"), "rule": rule});
    seller.post("/blacklist_rules", fields).expect(201).json()
}

fn block(seller: &Seller<'_>, kind: u32, data: &str) -> Value {
    seller.post("/blacklist", json!({"blacklist_type": kind, "blocked_data": data})).expect(201).json()
}

/// The newest refused attempt.
fn newest(seller: &Seller<'_>) -> Value {
    seller.get("/blocked").expect(200).json()[0].clone()
}

fn risk(seller: &Seller<'_>, order_id: &str) -> Value {
    seller.get(&format!("/orders/{order_id}/risk")).expect(200).json()
}

/// The id of the newest order.
fn newest_order(world: &World) -> String {
    world.db.one("SELECT id FROM orders ORDER BY created_at DESC, seq DESC LIMIT 1")
}

/// A shop with one product that never runs out.
fn shop(world: &World) -> (Seller<'_>, String) {
    let ada = storefront::shop(world);
    let product = purchase::product(&ada, json!({"product_type": 4}));
    (ada, product)
}

fn at<'w>(buyer: &Buyer<'w>, path: &str, form: &str, address: &str, country: Option<&str>) -> Reply {
    let mut ask = buyer.ask("POST", path).header("content-type", "application/x-www-form-urlencoded").body(form);
    ask.request.headers.retain(|(name, _)| *name != "cf-connecting-ip");
    ask.request.country = country.map(str::to_owned);
    ask.header("cf-connecting-ip", address).send()
}
