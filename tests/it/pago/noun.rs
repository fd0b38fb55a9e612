//! Products and coupons.

use serde_json::{Value, json};

use super::{app, by_key, id, product};
use crate::world::{SECOND, World};

#[test]
fn a_product_is_made_read_changed_and_deleted() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "product_read product_write");
    let made = client.post("/products", product(json!({"seller_note": "mine", "stock_amount": 7}))).expect(201);
    let id = id(&made.json());
    let expected = json!({
        "id": id, "title": "The app", "description": "An app", "product_type": 4, "price": "10.00", "currency": "USD",
        "stock": 7, "stock_amount": 7, "stock_warning": null, "minimum_quantity": 1, "maximum_quantity": null,
        "volume_discounts": [], "gateways": ["bitcoin"], "crypto_confirmations": 1, "private": false, "unlisted": false,
        "vpn_block": false, "max_risk_level": 30, "unique_serials": false, "custom": null, "seller_note": "mine",
        "url": format!("https://desk.example/product/{id}"), "image_url": null,
        "created_at": "2023-11-15T00:00:00Z", "updated_at": "2023-11-15T00:00:00Z",
    });
    assert_eq!(made.json(), expected);
    let path = format!("/products/{id}");
    assert_eq!(client.get(&path).expect(200).json(), expected);
    assert_eq!(client.get("/products").expect(200).json(), json!([expected]));
    world.advance(SECOND);
    let changed = client.put(&path, json!({"price": "1500", "currency": "JPY", "private": true})).expect(200).json();
    assert_eq!(
        [&changed["price"], &changed["currency"], &changed["url"]],
        [&json!("1500"), &json!("JPY"), &Value::Null]
    );
    assert_eq!((&changed["title"], &changed["updated_at"]), (&json!("The app"), &json!("2023-11-15T00:00:01Z")));
    // PATCH and PUT are one.
    assert_eq!(client.ask("PATCH", &path).json(&json!({"title": "B"})).send().expect(200).json()["title"], "B");
    assert_eq!(ada.get(&path).expect(200).json()["title"], "B", "it is the same product in /api/v2");
    assert_eq!(client.delete(&path).expect(204).text(), "");
    for reply in [client.get(&path), client.put(&path, json!({})), client.delete(&path)] {
        reply.expect(404);
    }
}

#[test]
fn an_app_writes_goods_and_is_never_shown_them() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "product_read product_write");
    let fields =
        product(json!({"product_type": 2, "info": "SECRET-A,SECRET-B", "dynamic_url": "https://ada.example/goods"}));
    let made = client.post("/products", fields).expect(201);
    let path = format!("/products/{}", id(&made.json()));
    assert_eq!(made.json()["stock"], 2);
    let changed = client.put(&path, json!({"info": "SECRET-C"})).expect(200);
    assert_eq!(changed.json()["stock"], 1);
    for reply in [made, changed, client.get(&path), client.get("/products")] {
        assert!(!reply.text().contains("SECRET") && !reply.text().contains("ada.example"), "{}", reply.text());
    }
    assert_eq!(ada.get(&path).json()["info"], "SECRET-C");
    assert_eq!(client.put(&path, json!({"title": "B"})).expect(200).json()["stock"], 1, "the stock stays");
    assert_eq!(ada.get(&path).json()["info"], "SECRET-C");
}

#[test]
fn what_buyers_see_changes_with_the_request() {
    let world = World::new();
    let ada = world.seller();
    ada.put("/account", json!({"shop": {"slug": "ada"}})).expect(200);
    let client = app(&ada, "product_write");
    assert!(!world.buyer().get("/shop/ada").text().contains("The app"));
    client.post("/products", product(json!({}))).expect(201);
    assert!(world.buyer().get("/shop/ada").text().contains("The app"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let world = World::new();
    let client = by_key(&world.seller());
    assert_eq!(
        client.post("/products", json!({"price": "0.001", "currency": "USD", "gateways": "dogecoin"})).errors(),
        [
            "Title can't be blank",
            "Description can't be blank",
            "Price must be greater than 0",
            "Product type can't be blank",
            "Gateways \"dogecoin\" is not supported",
        ]
    );
    assert_eq!(
        client.post("/coupons", json!({"discount": "101", "minimum": "5"})).errors(),
        ["Code can't be blank", "Discount must be less than or equal to 100", "Currency can't be blank"]
    );
}

#[test]
fn a_coupon_is_made_read_changed_and_deleted() {
    let world = World::new();
    let client = app(&world.seller(), "coupon_read coupon_write");
    let made = client.post("/coupons", json!({"code": "SUMMER", "discount": 15})).expect(201).json();
    let id = id(&made);
    let expected = json!({
        "id": id, "code": "SUMMER", "discount_type": "percent", "discount": "15.0", "currency": null, "minimum": null,
        "product_ids": [], "max_uses": null, "max_uses_per_email": null, "uses": 0, "starts_at": null, "expires_at": null,
        "created_at": "2023-11-15T00:00:00Z", "updated_at": "2023-11-15T00:00:00Z",
    });
    assert_eq!(made, expected);
    let path = format!("/coupons/{id}");
    assert_eq!(client.get(&path).expect(200).json(), expected);
    assert_eq!(client.get("/coupons").expect(200).json(), json!([expected]));
    world.advance(SECOND);
    let change = json!({"discount_type": "amount", "discount": "5", "currency": "EUR", "minimum": "20.5"});
    let changed = client.put(&path, change).expect(200).json();
    assert_eq!([&changed["discount"], &changed["minimum"]], [&json!("5.00"), &json!("20.50")], "money is exact");
    assert_eq!(changed["code"], "SUMMER");
    assert_eq!(
        client.post("/coupons", json!({"code": "summer", "discount": 1})).errors(),
        ["Code has already been taken"]
    );
    client.delete(&path).expect(204);
    client.get(&path).expect(404);
}
