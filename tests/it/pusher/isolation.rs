//! What is another account's, another application's or another window's is not there.

use serde_json::json;

use super::{bearer, refused, subscription, uuid};
use crate::{oauth, purchase::product, world::World};

#[test]
fn another_accounts_subscriptions_are_as_unknown_as_any() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let (ada, eve) = (world.seller(), world.seller_named("eve@example.com", true));
    ada.subscribes(1, json!({})).expect(200);
    let organization = world.web.sent()[0].json()["organizationUuid"].as_str().unwrap().to_owned();
    let at = |organization: &str| {
        let path = format!("/organizations/{organization}/subscriptions");
        let reply = world.ask("GET", &path).header("authorization", format!("Bearer {}", eve.key)).send();
        (refused(&reply, 404), reply.text())
    };
    assert_eq!(at(&organization), at("00000000-0000-8000-8000-000000000000"));
    assert_eq!(at(&organization), at("x"));
    let unknown = |method: &str, id: &str| {
        let reply = eve.pusher(method, &format!("/{id}")).json(&json!({})).send();
        (refused(&reply, 404), reply.text())
    };
    let before = ada.subscriptions();
    for method in ["PUT", "DELETE"] {
        assert_eq!(unknown(method, &uuid(1)), unknown(method, &uuid(2)));
    }
    assert_eq!(eve.subscriptions(), json!([]));
    // A UUID is taken in its own account alone, and each has a key of its own.
    let made = eve.subscribes(1, json!({})).expect(200).json();
    assert_ne!(made["signingKey"], before[0]["signingKey"]);
    world.web.forget();
    product(&eve, json!({"product_type": 4}));
    world.run_jobs();
    assert!(world.web.sent().is_empty(), "nobody asked for that event");
    assert_eq!(ada.subscriptions(), before);
}

#[test]
fn an_application_sees_its_own_subscriptions_and_no_window_another_ones_endpoints() {
    let world = World::new();
    world.web.says("https://", 200);
    let ada = world.seller();
    let apps = ["A", "B"].map(|name| oauth::client(&world, json!({"name": name})));
    let [a, b] = apps.each_ref().map(|app| app.connect(&ada, "READ:PRODUCT READ:PURCHASE").access);
    ada.subscribes(1, json!({})).expect(200);
    bearer(&world, &a, "POST", "").json(&subscription(2, json!({}))).send().expect(200);
    let v2 = ada.endpoint("https://hooks.example/v2", &["order:paid"]);
    let seen = |token: &str| {
        let list = bearer(&world, token, "GET", "").send().expect(200).json();
        list.as_array().unwrap().iter().map(|one| one["uuid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((seen(&ada.key), seen(&a), seen(&b)), (vec![uuid(1)], vec![uuid(2)], vec![]));
    for (token, id) in [(&a, uuid(1)), (&b, uuid(2)), (&ada.key, uuid(2)), (&ada.key, v2.clone())] {
        for method in ["PUT", "DELETE"] {
            let ask = bearer(&world, token, method, &format!("/{id}")).json(&json!({"eventNames": []}));
            assert_eq!(refused(&ask.send(), 404).0, "SUBSCRIPTION_NOT_FOUND", "{method} {id}");
        }
    }
    let listed = ada.get("/webhooks/endpoints").expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["id"], v2);
    for id in [uuid(1), uuid(2)] {
        let path = format!("/webhooks/endpoints/{id}");
        ada.get(&path).expect(404);
        ada.put(&path, json!({"enabled": false})).expect(404);
        ada.delete(&path).expect(404);
    }
    assert_eq!(world.db.rows_in("webhook_endpoints"), 3);
    // Both get what both want, once each.
    world.web.forget();
    let id = product(&ada, json!({"product_type": 4}));
    ada.put(&format!("/products/{id}"), json!({"title": "b"})).expect(200);
    world.run_jobs();
    assert_eq!(world.web.sent().len(), 2);
    // v2's log is the seller's: it shows all, and sends any of them again.
    let logs = ada.logs();
    assert_eq!(logs.len(), 2);
    let sent = world.web.sent()[0].json();
    let log = logs.iter().find(|log| log["payload"]["messageId"] == sent["messageId"]).expect("its log");
    world.web.forget();
    ada.post(&format!("/webhooks/logs/{}/retry", log["id"].as_str().unwrap()), json!({})).expect(201);
    world.run_jobs();
    let again = world.web.sent()[0].json();
    assert_eq!((&again["messageId"], &again["payload"]), (&sent["messageId"], &sent["payload"]));
}
