//! Who may ask: an API key in each of its ways, or an application's token with the scopes of what it wants.

use serde_json::json;

use super::{bearer, refused, subscription};
use crate::{actors::basic, oauth, world::World};

#[test]
fn an_api_key_comes_as_a_token_by_itself_or_with_its_email() {
    let world = World::new();
    let ada = world.seller();
    let list = |authorization: Option<String>| {
        let ask = world.ask("GET", "/organizations/self/subscriptions");
        match authorization {
            Some(text) => ask.header("authorization", text),
            None => ask,
        }
        .send()
    };
    for text in
        [format!("Bearer {}", ada.key), format!("bearer  {}\t", ada.key), ada.key.clone(), basic(&ada.email, &ada.key)]
    {
        assert_eq!(list(Some(text)).expect(200).text(), "[]");
    }
    let changed = format!("{}x", ada.key);
    for text in [
        None,
        Some(String::new()),
        Some("Bearer".into()),
        Some(format!("Bearer {changed}")),
        Some(changed),
        Some("Bearer pg_at_x".into()),
    ] {
        let reply = list(text.clone());
        assert_eq!(refused(&reply, 401).0, "UNAUTHORIZED", "{text:?}");
        assert!(reply.header("www-authenticate").is_some());
    }
    let plain =
        world.ask("GET", "/organizations/self/subscriptions").header("authorization", ada.key.clone()).insecurely();
    assert_eq!(refused(&plain.send(), 403).0, "FORBIDDEN");
    let other = ada.pusher("POST", "").header("sec-fetch-site", "cross-site").json(&subscription(1, json!({}))).send();
    assert_eq!(refused(&other, 403).0, "FORBIDDEN");
}

#[test]
fn a_token_gets_what_its_scopes_allow() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let app = oauth::client(&world, json!({}));
    let (mut number, inventory) =
        (0, ["InventoryBalanceChanged", "InventoryTrackingStarted", "InventoryTrackingStopped"]);
    let ends = ["ApplicationConnectionRemoved", "PersonalAssertionDeleted"];
    let products = ["ProductCreated", "ProductUpdated", "ProductDeleted"];
    for (scope, own) in [
        ("READ:PURCHASE", vec!["PurchaseCreated"]),
        ("READ:PRODUCT", [products, inventory].concat()),
        ("READ:USERINFO", vec!["OrganizationUpdated"]),
    ] {
        let tokens = app.connect(&ada, scope);
        let mut make = |events: serde_json::Value| {
            number += 1;
            bearer(&world, &tokens.access, "POST", "").json(&subscription(number, json!({"eventNames": events}))).send()
        };
        let all: Vec<&str> = own.iter().chain(&ends).copied().collect();
        assert_eq!(make(json!([])).expect(200).json()["eventNames"], json!(all), "{scope}");
        for name in super::EVENTS {
            let reply = make(json!([name]));
            match all.contains(&name) {
                true => drop(reply.expect(200)),
                false => assert_eq!(refused(&reply, 403).0, "FORBIDDEN", "{scope} {name}"),
            }
        }
    }
    let tokens = app.connect(&ada, "order_read product_read");
    for events in [json!([]), json!(["PersonalAssertionDeleted"])] {
        let ask = bearer(&world, &tokens.access, "POST", "").json(&subscription(99, json!({"eventNames": events})));
        assert_eq!(refused(&ask.send(), 403).0, "FORBIDDEN");
    }
}
