//! Fraud: who may order, by each of the ways to begin an order, and the reasons that are kept.

use serde_json::{Value, json};

use crate::{
    actors::{Buyer, Link, Reply, Seller},
    purchase, storefront,
    world::World,
};

mod blocked;
mod card;
mod decision;
mod documentation;
mod kept;
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
    let blocked = seller.get("/blocked").expect(200).json()[0].clone();
    explains_itself(&blocked["risk"]);
    blocked
}

fn risk(seller: &Seller<'_>, order_id: &str) -> Value {
    let risk = seller.get(&format!("/orders/{order_id}/risk")).expect(200).json();
    explains_itself(&risk);
    risk
}

/// Whoever reads the reasons comes to the decision.
fn explains_itself(risk: &Value) {
    let list = |name: &str| risk[name].as_array().expect("a list").clone();
    let points: u64 = list("signals").iter().map(|signal| signal["points"].as_u64().expect("a number")).sum();
    assert_eq!(points.min(100), risk["risk_level"], "{risk}");
    let hidden = ["is_vpn", "is_tor", "is_hosting"].iter().any(|name| risk["facts"]["customer"][name] == true);
    let (outcome, by, id) = if let Some(rule) = list("rules").iter().find(|rule| rule["matched"] == true) {
        (if rule["action_type"] == "allow" { "allowed" } else { "blocked" }, "rule", rule["id"].clone())
    } else if let Some(entry) = list("entries").first() {
        ("blocked", "blacklist", entry["id"].clone())
    } else if risk["vpn_block"] == true && hidden {
        ("blocked", "vpn_block", Value::Null)
    } else if risk["risk_level"].as_u64() > risk["max_risk_level"].as_u64() {
        ("review", "risk_level", Value::Null)
    } else {
        assert_eq!((&risk["outcome"], &risk["decided_by"]), (&json!("accepted"), &Value::Null), "{risk}");
        return;
    };
    assert_eq!(risk["outcome"], outcome, "{risk}");
    assert_eq!(risk["decided_by"], json!({"type": by, "id": id}), "{risk}");
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
