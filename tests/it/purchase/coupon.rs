//! Coupons: what they take off, and how often.

use serde_json::{Value, json};

use super::{buy, id, keys, order};
use crate::world::{DAY, World};

#[test]
fn a_use_is_taken_with_the_order_and_given_back_when_it_is_not_paid() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C,D");
    let coupon = ada.post("/coupons", json!({"code": "HALF", "discount": "50", "max_uses": 1})).expect(201).json();
    let coupon = format!("/coupons/{}", coupon["id"].as_str().unwrap());
    let uses = || ada.get(&coupon).json()["uses"].clone();
    let first = buy(&ada, &keys, json!({"coupon": "half"})).expect(201).json();
    assert_eq!(
        (&first["value"], &first["discount"], &first["subtotal"]),
        (&json!("5.0"), &json!("5.0"), &json!("10.0"))
    );
    assert_eq!(uses(), 1);
    assert_eq!(buy(&ada, &keys, json!({"coupon": "HALF"})).expect(400).errors(), ["Coupon is not valid"]);
    world.advance(DAY);
    let second = buy(&ada, &keys, json!({"coupon": "HALF"})).expect(201).json();
    assert_eq!(uses(), 1, "the first use was given back");
    ada.simulate(&id(&second), "exact", 1);
    world.advance(DAY);
    order(&ada, &keys);
    assert_eq!(uses(), 1, "a paid use stays");
    assert_ne!(second["coupon_id"], Value::Null);
}

#[test]
fn a_coupon_is_for_its_products_its_currency_and_its_time() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C,D,E,F,G,H");
    let tries = |fields: Value| {
        let made = ada.post("/coupons", fields).expect(201).json();
        let reply = buy(&ada, &keys, json!({"coupon": made["code"]}));
        (reply.status() == 201).then(|| reply.json()["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        tries(json!({"code": "A", "discount_type": "amount", "discount": "2.50", "currency": "USD"})).as_deref(),
        Some("7.5")
    );
    assert_eq!(tries(json!({"code": "B", "discount_type": "amount", "discount": "2.50", "currency": "EUR"})), None);
    assert_eq!(tries(json!({"code": "C", "discount": "10", "product_ids": [keys]})).as_deref(), Some("9.0"));
    let other = super::keys(&ada, "Z");
    assert_eq!(tries(json!({"code": "D", "discount": "10", "product_ids": [other]})), None);
    assert_eq!(tries(json!({"code": "F", "discount": "10", "starts_at": "2999-01-01T00:00:00Z"})), None);
    let from =
        |code: &str, minimum: &str| json!({"code": code, "discount": "10", "minimum": minimum, "currency": "USD"});
    assert_eq!(tries(from("G", "10.01")), None);
    assert_eq!(tries(from("H", "10")).as_deref(), Some("9.0"));
    assert_eq!(tries(json!({"code": "I", "discount": "10", "max_uses_per_email": 1})).as_deref(), Some("9.0"));
    assert_eq!(
        buy(&ada, &keys, json!({"coupon": "I", "email": "BOB@example.com"})).expect(400).errors(),
        ["Coupon is not valid"]
    );
    buy(&ada, &keys, json!({"coupon": "I", "email": "eve@example.com"})).expect(201);
    assert_eq!(tries(json!({"code": "E", "discount": "10", "expires_at": "2020-01-01T00:00:00Z"})), None);
}
