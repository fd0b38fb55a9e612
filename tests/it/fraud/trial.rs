//! Trying a rule on past orders.

use serde_json::{Value, json};

use super::shop;
use crate::{
    purchase,
    world::{DAY, World},
};

fn trial(seller: &crate::actors::Seller<'_>, fields: Value) -> Value {
    seller.post("/blacklist_rules/test", fields).expect(200).json()
}

#[test]
fn a_trial_says_what_the_rule_would_have_hit_and_what_became_of_it() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let rule = r#"customer.email_domain == "bad.example""#;
    assert_eq!(
        trial(&ada, json!({"rule": rule})),
        json!({"looked_at": 0, "hits": 0, "paid": 0, "disputed": 0, "refunded": 0, "examples": [], "until": null})
    );
    for n in 0..14 {
        let email = format!("x{n}@{}", if n % 7 == 0 { "good.example" } else { "bad.example" });
        let order = purchase::buy(&ada, &product, json!({"email": email})).expect(201).json();
        let status = [100, 51, 56, 0][n % 4];
        world.db.change(&format!("UPDATE orders SET status = {status} WHERE id = '{}'", order["id"].as_str().unwrap()));
        world.advance(DAY);
    }
    let before = world.db.dump();
    let all = trial(&ada, json!({"rule": rule}));
    assert_eq!((&all["looked_at"], &all["hits"]), (&json!(14), &json!(12)));
    let of = |name: &str| all[name].as_u64().unwrap();
    assert_eq!((of("paid"), of("disputed"), of("refunded")), (3, 4, 3), "of those that it hits");
    let examples = all["examples"].as_array().unwrap();
    assert_eq!((examples.len(), &examples[0]["email"]), (10, &json!("x13@bad.example")));
    assert_eq!(world.db.dump(), before, "nothing is changed");

    let few = trial(&ada, json!({"rule": rule, "limit": 3}));
    assert_eq!((&few["looked_at"], &few["hits"], &few["until"]), (&json!(3), &json!(3), &examples[2]["created_at"]));
    let since = examples[4]["created_at"].clone();
    assert_eq!(trial(&ada, json!({"rule": rule, "since": since}))["looked_at"], 5);
}

#[test]
fn orders_are_judged_by_what_was_known_of_them_then() {
    let world = World::new();
    let (ada, product) = shop(&world);
    purchase::buy(&ada, &product, json!({})).expect(201);
    ada.put(&format!("/products/{product}"), json!({"title": "Another name"})).expect(200);
    assert_eq!(trial(&ada, json!({"rule": r#"product.title == "Key""#}))["hits"], 1);
    assert_eq!(trial(&ada, json!({"rule": "customer.order_count == 0"}))["hits"], 1);
}

#[test]
fn a_trial_needs_a_rule_that_compiles() {
    let world = World::new();
    let (ada, _) = shop(&world);
    assert_eq!(ada.post("/blacklist_rules/test", json!({})).expect(400).errors(), ["Rule can't be blank"]);
    let bad =
        ada.post("/blacklist_rules/test", json!({"rule": "customer.emial == \"x\"", "limit": 0})).expect(400).json();
    assert_eq!(
        bad["errors"],
        json!([
            "Rule is invalid at 1:1: unknown field customer.emial, did you mean customer.email?",
            "Limit must be greater than or equal to 1"
        ])
    );
    assert_eq!(bad["rule_error"]["column"], 1);
}
