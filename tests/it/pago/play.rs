//! Each route of the window once, with every field that it knows: what the specification shows.

use pushguard::{
    api::pago::{event::TOPICS, routes::ROUTES},
    json::Value,
};
use serde_json::json;

use super::{Client, by_key, id, product, script::turn};
use crate::{
    openapi::tree::parsed,
    world::{HOUR, World},
};

/// One answer of a route when all goes well.
pub struct Exchange {
    pub id: &'static str,
    pub path: String,
    pub body: Option<Value>,
    pub answer: String,
}

struct Desk<'w> {
    client: Client<'w>,
    done: Vec<Exchange>,
}

impl Desk<'_> {
    fn ask(&mut self, id: &'static str, path: &str, body: serde_json::Value) -> serde_json::Value {
        let route = ROUTES.iter().find(|route| route.id == id).unwrap_or_else(|| panic!("no route {id}"));
        let name = route.method.names().split(", ").next().expect("a name");
        let ask = self.client.ask(name, path);
        let reply = if body.is_null() { ask.send() } else { ask.json(&body).send() }.expect(route.status);
        let sent = (!body.is_null()).then(|| parsed(&body.to_string()));
        self.done.push(Exchange { id, path: path.to_owned(), body: sent, answer: reply.text() });
        if route.status == 204 { serde_json::Value::Null } else { reply.json() }
    }
}

/// Each route once, with every field that it knows.
pub fn play(world: &World) -> Vec<Exchange> {
    let ada = world.seller();
    turn(&ada, true);
    world.web.says("https://app.example", 200);
    let mut desk = Desk { client: by_key(&ada), done: Vec::new() };
    let nothing = json!(null);
    let fields = product(json!({
        "private": false, "unlisted": false, "vpn_block": false, "seller_note": "Cheap", "maximum_quantity": 10,
        "minimum_quantity": 1, "stock_amount": 100, "stock_warning": 5, "info": "Come in.", "unique_serials": false,
        "crypto_confirmations": 1, "max_risk_level": 30, "volume_discounts": [{"quantity": 5, "percent": "12.5"}],
        "custom": [{"name": "Your name", "type": "text", "required": true}],
    }));
    let made = id(&desk.ask("product_create", "/products", fields));
    desk.ask("product_list", "/products", nothing.clone());
    desk.ask("product_get", &format!("/products/{made}"), nothing.clone());
    desk.ask("product_update", &format!("/products/{made}"), json!({"price": "12.50"}));
    let coupon = json!({
        "code": "SUMMER", "discount_type": "amount", "discount": "5.00", "currency": "USD", "minimum": "20.00",
        "product_ids": [made], "max_uses": 100, "max_uses_per_email": 1, "starts_at": "2023-11-15T00:00:00Z",
        "expires_at": "2030-01-01T01:00:00+01:00",
    });
    let coupon = id(&desk.ask("coupon_create", "/coupons", coupon));
    desk.ask("coupon_list", "/coupons", nothing.clone());
    desk.ask("coupon_get", &format!("/coupons/{coupon}"), nothing.clone());
    desk.ask("coupon_update", &format!("/coupons/{coupon}"), json!({"max_uses": 200}));
    desk.ask("coupon_destroy", &format!("/coupons/{coupon}"), nothing.clone());
    let service = json!({"product_id": made, "email": "bob@example.com", "gateway": "Bitcoin", "white_label": true, "custom": {"0": "Bob"}});
    let order = id(&ada.post("/pay", service).expect(201).json());
    desk.ask("order_list", "/orders?status=unpaid", nothing.clone());
    desk.ask("order_get", &format!("/orders/{order}"), nothing.clone());
    desk.ask("order_complete", &format!("/orders/{order}/complete"), json!({"note": "Paid in cash"}));
    desk.ask("order_deliver", &format!("/orders/{order}/deliver"), json!({"again": true}));
    desk.ask("order_add_note", &format!("/orders/{order}/notes"), json!({"note": "Called Bob"}));
    desk.ask("order_notes", &format!("/orders/{order}/notes"), nothing.clone());
    let paid = id(&ada.white_label(json!({"email": "carol@example.com"})));
    ada.simulate(&paid, "exact", 1);
    desk.ask("order_refund", &format!("/orders/{paid}/refund"), json!({"txid": "ab".repeat(32)}));
    desk.ask("product_destroy", &format!("/products/{made}"), nothing.clone());
    desk.ask("customer_list", "/customers", nothing.clone());
    desk.ask("customer_get", "/customers/1", nothing.clone());
    let link = ada.link(json!({"email": "dave@example.com"}));
    world.buyer().start(&link);
    world.live_through(2 * HOUR);
    desk.ask("cart_list", "/abandoned_carts", nothing.clone());
    desk.ask("cart_get", &format!("/abandoned_carts/{}", link.order_id), nothing.clone());
    desk.ask("cart_update", &format!("/abandoned_carts/{}", link.order_id), json!({"notes": "Wrote to Dave"}));
    let hash = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";
    let script = json!({"src": "https://cdn.example/banner.js", "integrity": hash});
    let script = id(&desk.ask("script_create", "/scripts", script));
    desk.ask("script_list", "/scripts", nothing.clone());
    desk.ask("script_get", &format!("/scripts/{script}"), nothing.clone());
    desk.ask("script_destroy", &format!("/scripts/{script}"), nothing.clone());
    let hook =
        json!({"url": "https://app.example/hook", "topics": ["order_created", "order_updated"], "enabled": true});
    let hook = id(&desk.ask("webhook_create", "/webhooks", hook));
    desk.ask("webhook_list", "/webhooks", nothing.clone());
    desk.ask("webhook_get", &format!("/webhooks/{hook}"), nothing.clone());
    let topics: Vec<&str> = TOPICS.iter().map(|(name, _, _)| *name).collect();
    desk.ask("webhook_update", &format!("/webhooks/{hook}"), json!({"topics": topics}));
    for topic in topics {
        desk.ask("webhook_test", &format!("/webhooks/{hook}/test"), json!({"topic": topic}));
    }
    world.run_jobs();
    desk.ask("webhook_destroy", &format!("/webhooks/{hook}"), nothing);
    desk.done
}
