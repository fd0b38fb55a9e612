//! What a seller does to orders by hand.

use serde_json::json;

use super::{Desk, id};

pub fn order_actions(desk: &Desk<'_>) {
    let bought = |product: &serde_json::Value, quantity: u32| {
        let fields =
            json!({"product_id": product["id"], "gateway": "Bitcoin", "quantity": quantity, "white_label": true});
        id(&desk.seller.post("/pay", fields).expect(201).json())
    };
    let keys = json!({"title": "Key", "description": "A key", "price": "5.00", "currency": "USD", "product_type": 2,
        "gateways": ["bitcoin"], "info": "A-1,A-2,A-3,A-4,A-5,A-6,A-7,A-8"});
    let keys = desk.seller.post("/products", keys).expect(201).json();
    let order = bought(&keys, 1);
    desk.refused(409, "POST", &format!("/orders/{order}/replace"), Some(json!({"serial": "A-1"})));
    desk.refused(409, "POST", &format!("/orders/{order}/deliver"), Some(json!({})));
    desk.post(&format!("/orders/{order}/complete"), json!({"note": "Paid in cash"}));
    desk.refused(409, "POST", &format!("/orders/{order}/complete"), Some(json!({})));
    desk.post(&format!("/orders/{order}/replace"), json!({"serial": "A-1"}));
    let buyer = json!({"title": "Tea", "email": "bob@example.com", "ip_address": "203.0.113.7", "currency": "USD", "value": "10.00",
        "gateway": "Bitcoin", "white_label": true});
    let tea = id(&desk.seller.post("/pay", buyer).expect(201).json());
    desk.refused(400, "POST", &format!("/orders/{order}/blacklist"), Some(json!({"country": true})));
    desk.post(&format!("/orders/{tea}/blacklist"), json!({"email": true, "ip": true, "country": false}));
    desk.world.list("vpn", "198.51.100.4\n");
    let careful = json!({"title": "Key", "description": "A key", "price": "5.00", "currency": "USD", "product_type": 2,
        "gateways": ["bitcoin"], "info": "B-1", "max_risk_level": 10});
    let careful = desk.seller.post("/products", careful).expect(201).json();
    let hidden =
        json!({"product_id": careful["id"], "gateway": "Bitcoin", "ip_address": "198.51.100.4", "white_label": true});
    let held = id(&desk.seller.post("/pay", hidden).expect(201).json());
    desk.post(&format!("/orders/{held}/approve"), json!({"note": "Known from before"}));
    desk.refused(409, "POST", &format!("/orders/{held}/approve"), Some(json!({})));
    // As it was read before it was sold.
    let (path, read) = (format!("/products/{}", id(&keys)), json!({"info": keys["info"]}));
    desk.showing("What has been sold doesn't come back").put(&path, read);
    let two = bought(&keys, 2);
    desk.seller.simulate(&two, "exact", 1);
    desk.refused(400, "POST", &format!("/orders/{two}/replace"), Some(json!({})));
    let service = json!({"title": "Help", "description": "An hour", "price": "50.00", "currency": "USD", "product_type": 4,
        "gateways": ["bitcoin"], "info": "We write to you."});
    let service = desk.seller.post("/products", service).expect(201).json();
    let order = bought(&service, 1);
    desk.refused(409, "POST", &format!("/orders/{order}/refund"), Some(json!({"txid": "4a5e1e4b"})));
    desk.seller.simulate(&order, "exact", 1);
    desk.post(&format!("/orders/{order}/deliver"), json!({"again": false}));
    desk.refused(400, "POST", &format!("/orders/{order}/refund"), Some(json!({"amount": "1.00"})));
    desk.showing("Coins that you sent").post(&format!("/orders/{order}/refund"), json!({"txid": "4a5e1e4b"}));
    desk.get(&format!("/orders/{order}/history"));
    let grace = desk.as_another("grace@example.com", false);
    let cards = desk.world.cards_of(&grace.seller);
    cards.stripe.cards_are("Xt5EWLLDS7FJjR1c", "SE", "elevated");
    let card = cards.paid();
    grace.showing("A card that Stripe rated elevated").get(&format!("/orders/{card}/risk"));
    let amount = json!({"amount": "4.00"});
    *cards.stripe.mood.borrow_mut() = Some(crate::world::answer(503, ""));
    grace.refused(503, "POST", &format!("/orders/{card}/refund"), Some(amount.clone()));
    *cards.stripe.mood.borrow_mut() = None;
    grace.showing("A part, at Stripe").post(&format!("/orders/{card}/refund"), amount);
}

/// A buyer who is on the blacklist.
pub fn blocked(desk: &Desk<'_>) {
    desk.seller.endpoint("https://ada.example/hook", &["order:blocked"]);
    desk.post("/blacklist", json!({"blacklist_type": 1, "blocked_data": "*@vanishes.example"}));
    let fields = json!({"title": "Tea", "email": "eve@vanishes.example", "currency": "USD", "value": "10.00",
        "gateway": "Bitcoin", "white_label": true});
    desk.refused(403, "POST", "/pay", Some(fields));
    let blocked = desk.get("/blocked");
    desk.get(&format!("/blocked/{}", id(&blocked[0])));
}

/// How much each signal adds.
pub fn risk_weights(desk: &Desk<'_>) {
    let weights = json!({"tor": 60, "vpn": 30, "hosting": 10, "disposable_email": 40, "country_mismatch": 5, "email_velocity": 20,
        "ip_velocity": 10, "past_disputes": 70, "card_country_mismatch": 10, "card_velocity": 10, "stripe_elevated": 20, "stripe_highest": 60});
    desk.put("/account", json!({"risk_weights": weights}));
    desk.refused(400, "PUT", "/account", Some(json!({"risk_weights": {"tor": 101}})));
}
