//! Orders, and what a seller may do to one.

use serde_json::{Value, json};

use super::{app, by_key, id};
use crate::world::{HOUR, SECOND, World};

#[test]
fn an_order_is_shown_without_its_goods() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "order_read");
    let order = id(&ada.white_label(json!({"value": "12.99", "currency": "EUR"})));
    let shown = client.get(&format!("/orders/{order}")).expect(200).json();
    assert_eq!(
        shown,
        json!({
            "id": order, "status": "unpaid", "product_id": null, "product_title": "The app", "quantity": 1,
            "value": "12.99", "subtotal": null, "discount": null, "currency": "EUR", "usd_value": shown["usd_value"],
            "refunded_value": "0.00", "gateway": "bitcoin", "coupon_id": null, "email": "bob@example.com",
            "ip_address": null, "country_code": null, "referral": null, "risk_level": 0, "custom": {}, "delivery": null,
            "exceptions": [], "paid_at": null, "created_at": "2023-11-15T00:00:00Z", "updated_at": "2023-11-15T00:00:00Z",
        })
    );
    ada.simulate(&order, "exact", 1);
    let paid = client.get(&format!("/orders/{order}")).expect(200).json();
    assert_eq!((&paid["status"], &paid["paid_at"]), (&json!("completed"), &json!("2023-11-15T00:00:00Z")));
    assert_eq!(client.get("/orders").expect(200).json(), json!([paid]));
}

#[test]
fn orders_are_found_by_status_buyer_product_and_times_in_any_zone() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "order_read");
    let orders: Vec<String> = (0..3)
        .map(|n| {
            world.advance(HOUR);
            id(&ada.white_label(json!({"email": format!("b{n}@example.com")})))
        })
        .collect();
    ada.simulate(&orders[1], "exact", 1);
    let found = |query: &str| {
        let list = client.get(&format!("/orders?{query}")).expect(200);
        let all = list.json();
        let place = |order: &Value| orders.iter().position(|known| *known == id(order)).unwrap();
        let places: Vec<usize> = all.as_array().unwrap().iter().map(place).collect();
        assert_eq!(list.header("x-total"), Some(places.len().to_string().as_str()));
        places
    };
    assert_eq!(found("status=completed"), [1]);
    assert_eq!(found("status=unpaid&email=B2@Example.com"), [2]);
    assert_eq!(found("product_id=pay&gateway=bitcoin"), [2, 1, 0]);
    // Both ends are in: the second order was made at 02:00 UTC.
    for two in
        ["2023-11-15T02:00:00Z", "2023-11-15T03:30:00%2B01:30", "2023-11-15T03:30:00+0130", "2023-11-14T16:00:00-10"]
    {
        assert_eq!(found(&format!("created_at_min={two}")), [2, 1], "{two}");
        assert_eq!(found(&format!("created_at_max={two}")), [1, 0], "{two}");
        assert_eq!(found(&format!("created_at_min={two}&created_at_max={two}")), [1], "{two}");
    }
    let refused = client.get("/orders?status=100&created_at_min=yesterday&email=&gateway=cash");
    assert_eq!(
        refused.errors(),
        [
            "Status is not included in the list",
            "Email can't be blank",
            "Gateway is not included in the list",
            "Created at min is not a valid ISO 8601 time",
        ]
    );
}

#[test]
fn an_order_is_completed_delivered_and_refunded_by_hand() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "order_read order_write");
    let order = id(&ada.white_label(json!({})));
    let path = |verb: &str| format!("/orders/{order}/{verb}");
    let completed = client.post(&path("complete"), json!({"note": "paid in cash"})).expect(200).json();
    assert_eq!(completed["status"], "completed");
    let again = client.post(&path("complete"), json!({})).expect(409).message();
    assert_eq!(again, "Order is completed, was refunded or reversed, or is pending at its gateway");
    client.post(&path("deliver"), json!({})).expect(409);
    assert_eq!(client.post(&path("refund"), json!({})).errors(), ["Txid can't be blank"]);
    client.post(&path("refund"), json!({"txid": "0xabc"})).expect(409);
    let paid = id(&ada.white_label(json!({})));
    ada.simulate(&paid, "exact", 1);
    let refunded = client.post(&format!("/orders/{paid}/refund"), json!({"txid": "0xabc"})).expect(200).json();
    assert_eq!(refunded["status"], "refunded");
    for verb in ["complete", "deliver", "refund", "notes"] {
        client.post(&format!("/orders/00000000-0000-4000-8000-000000000000/{verb}"), json!({"note": "x"})).expect(404);
    }
}

#[test]
fn notes_stand_in_the_history_and_change_nothing_else() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "order_read order_write");
    let order = id(&ada.white_label(json!({})));
    let before = client.get(&format!("/orders/{order}")).json();
    let path = format!("/orders/{order}/notes");
    world.advance(SECOND);
    let note = client.post(&path, json!({"note": " Call Bob \u{1F4DE}"})).expect(201).json();
    assert_eq!(note, json!({"note": "Call Bob \u{1F4DE}", "created_at": "2023-11-15T00:00:01Z"}));
    by_key(&ada).post(&path, json!({"note": "Done"})).expect(201);
    let notes = client.get(&path).expect(200);
    let texts: Vec<Value> = notes.json().as_array().unwrap().iter().map(|note| note["note"].clone()).collect();
    assert_eq!((texts, notes.header("x-total")), (vec![json!("Call Bob \u{1F4DE}"), json!("Done")], Some("2")));
    assert_eq!(client.get(&format!("/orders/{order}")).json(), before);
    let history = ada.get(&format!("/orders/{order}/history")).expect(200).json();
    assert_eq!((&history[0]["action"], &history[0]["by"]), (&json!("note"), &json!("seller")));
    assert_eq!(client.post(&path, json!({})).errors(), ["Note can't be blank"]);
    assert_eq!(
        client.post(&path, json!({"note": "x".repeat(1_001)})).errors(),
        ["Note is too long (maximum is 1000 characters)"]
    );
    assert_eq!(world.trips(|| client.post(&path, json!({"note": "one"})).expect(201)), 1);
}
