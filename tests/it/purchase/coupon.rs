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

#[test]
fn a_use_that_was_given_back_counts_for_nobody() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C,D");
    let coupon = json!({"code": "ONCE", "discount": "10", "max_uses_per_email": 1});
    let coupon = ada.post("/coupons", coupon).expect(201).json()["id"].as_str().unwrap().to_owned();
    let buys = || buy(&ada, &keys, json!({"coupon": "ONCE"})).status();
    assert_eq!((buys(), buys()), (201, 400));
    world.advance(DAY);
    // No cron ran: the hold that is over counts as free in every read.
    assert_eq!(ada.get(&format!("/coupons/{coupon}")).json()["uses"], 0);
    assert_eq!(ada.get("/coupons").json()[0]["uses"], 0);
    assert_eq!(ada.put(&format!("/coupons/{coupon}"), json!({"code": "Once"})).expect(200).json()["uses"], 0);
    assert_eq!((buys(), buys()), (201, 400));
}

#[test]
fn a_minimum_is_in_the_coupons_currency_and_moves_with_it() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({"code": "A", "discount": "10", "minimum": "12.50", "currency": "USD"});
    let made = ada.post("/coupons", fields).expect(201).json();
    let path = format!("/coupons/{}", made["id"].as_str().unwrap());
    let changed = ada.put(&path, json!({"currency": "EUR"})).expect(200).json();
    assert_eq!((&changed["currency"], &changed["minimum"]), (&json!("EUR"), &json!("12.5")));
    let changed = ada.put(&path, json!({"currency": "JPY", "minimum": 1250})).expect(200).json();
    assert_eq!((&changed["currency"], &changed["minimum"]), (&json!("JPY"), &json!("1250.0")));
    assert_eq!(ada.put(&path, json!({"minimum": null})).expect(200).json()["minimum"], Value::Null);
}

#[test]
fn a_coupon_begins_before_it_ends() {
    let world = World::new();
    let ada = world.seller();
    let (early, late) = ("2999-01-01T00:00:00Z", "2999-01-02T00:00:00Z");
    let refused = ["Starts at must be before expires at"];
    let fields =
        |starts: &str, ends: &str| json!({"code": "A", "discount": "10", "starts_at": starts, "expires_at": ends});
    assert_eq!(ada.post("/coupons", fields(late, early)).expect(400).errors(), refused);
    assert_eq!(ada.post("/coupons", fields(early, early)).expect(400).errors(), refused);
    let made = ada.post("/coupons", fields(early, late)).expect(201).json();
    let path = format!("/coupons/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.put(&path, json!({"expires_at": "2998-01-01T00:00:00Z"})).expect(400).errors(), refused);
    ada.put(&path, json!({"expires_at": null})).expect(200);
}

#[test]
fn a_coupon_is_a_products() {
    let world = World::new();
    let ada = world.seller();
    ada.post("/coupons", json!({"code": "A", "discount": "10"})).expect(201);
    assert_eq!(ada.pay(json!({"coupon": "A"})).expect(400).errors(), ["Coupon can't be sent without a product id"]);
}

#[test]
fn a_free_order_keeps_its_use_until_it_is_complete() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    ada.post("/coupons", json!({"code": "FREE", "discount": "100", "max_uses": 1})).expect(201);
    // No message came yet that completes it.
    let first = buy(&ada, &keys, json!({"coupon": "FREE"})).expect(201).json();
    assert_eq!(buy(&ada, &keys, json!({"coupon": "FREE"})).expect(400).errors(), ["Coupon is not valid"]);
    assert_eq!(super::stock(&ada, &keys), 2);
    world.run_jobs();
    assert_eq!(ada.order(&id(&first))["delivered"], "A");
    assert_eq!(buy(&ada, &keys, json!({"coupon": "FREE"})).expect(400).errors(), ["Coupon is not valid"]);
}

#[test]
fn a_minimum_is_of_the_price_after_the_volume_discount() {
    let world = World::new();
    let ada = world.seller();
    let discounts = json!([{"quantity": 2, "percent": "50"}]);
    let service = super::product(&ada, json!({"product_type": 4, "volume_discounts": discounts}));
    let coupon = json!({"code": "TEN", "discount": "10", "minimum": "12", "currency": "USD"});
    ada.post("/coupons", coupon).expect(201);
    let value = |quantity: u32| buy(&ada, &service, json!({"coupon": "TEN", "quantity": quantity}));
    assert_eq!(value(2).expect(400).errors(), ["Coupon is not valid"], "10.00 are paid without it");
    assert_eq!(value(3).expect(201).json()["value"], "13.5");
}

#[test]
fn nobody_buys_more_than_a_million() {
    let world = World::new();
    let ada = world.seller();
    let service = super::product(&ada, json!({"product_type": 4, "price": "90000.00"}));
    let errors = |quantity: u64| buy(&ada, &service, json!({"quantity": quantity})).expect(400).errors();
    assert_eq!(errors(1_000_001).len(), 1);
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let most = buy(&ada, &service, json!({"quantity": 1_000_000, "coupon": "FREE"})).expect(201).json();
    assert_eq!((&most["value"], &most["subtotal"]), (&json!("0.0"), &json!("90000000000.0")));
}
