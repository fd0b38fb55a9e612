//! Two sellers' developers change one thing at the same time: what one didn't send must stay as the other left it.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::world::{World, block_on};

#[test]
fn two_changes_at_the_same_time_both_stay() {
    let service = json!({
        "title": "A", "description": "B", "price": "1", "currency": "USD", "product_type": 4, "gateways": ["bitcoin"],
    });
    for (path, fields, one, other) in [
        ("/products", service, json!({"title": "One"}), json!({"price": "5.00"})),
        ("/categories", json!({"title": "A", "product_ids": []}), json!({"title": "One"}), json!({"unlisted": false})),
        ("/coupons", json!({"code": "A", "discount": "1"}), json!({"code": "ONE"}), json!({"max_uses": 5})),
        (
            "/blacklist",
            json!({"blacklist_type": 3, "blocked_data": "SE"}),
            json!({"note": "one"}),
            json!({"blocked_data": "NO"}),
        ),
    ] {
        let world = World::new();
        let ada = world.seller();
        let made = ada.post(path, fields).expect(201).json();
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        world.db.interleaves.set(true);
        let put = |fields: &Value| ada.ask("PUT", &path).json(fields).together();
        let replies = block_on(join(put(&one), put(&other)));
        world.db.interleaves.set(false);
        assert_eq!((replies.0.status(), replies.1.status()), (200, 200), "{path}: {}", replies.1.text());
        let now = ada.get(&path).json();
        for (name, value) in one.as_object().unwrap().iter().chain(other.as_object().unwrap()) {
            let sent = value.as_str().map(|text| text.trim_end_matches('0'));
            let kept = now[name].as_str().map(|text| text.trim_end_matches('0'));
            assert!(now[name] == *value || sent == kept, "{path}: {name} is {}", now[name]);
        }
    }
}
