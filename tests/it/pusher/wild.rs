//! Hostile input: it is refused with a word for it, and changes nothing.

use serde_json::json;

use super::refused;
use crate::world::World;

#[test]
fn whatever_comes_is_answered_in_the_words_of_this_window() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let before = world.db.dump();
    let deep = "[".repeat(2_000);
    for body in [
        "{",
        "[1]",
        "\"x\"",
        "{\"uuid\": 1e400}",
        deep.as_str(),
        "\u{0}",
        "a=%ff",
        "eventNames[x][y]=1",
        "{\"a\":1,\"a\":2}",
    ] {
        let reply = ada.pusher("POST", "").body(body).send();
        assert!((400..500).contains(&reply.status()), "{body}: {}", reply.text());
        refused(&reply, reply.status());
    }
    for changed in [
        json!({"uuid": "f02f80f8-8f35-11eb-8dcd-0242ac130003\nx"}),
        json!({"uuid": "F02F80F8-8F35-11EB-8DCD-0242AC13000Z"}),
        json!({"eventNames": ["Product\u{0}Updated"]}),
        json!({"eventNames": vec!["x"; 5_000]}),
        json!({"destination": "https://webhook.site/\u{200b}x"}),
        json!({"destination": format!("https://webhook.site/{}", "a".repeat(3_000))}),
        json!({"destination": "https://localhost/"}),
        json!({"destination": "https://[::ffff:169.254.169.254]/"}),
        json!({"destination": "https://webhook.site:22/"}),
        json!({"contactEmail": "a@example.com\r\nBcc: b@example.com"}),
        json!({"contactEmail": ["a@example.com"]}),
    ] {
        let reply = ada.subscribes(1, changed.clone());
        assert!(matches!(reply.status(), 400 | 422), "{changed}: {}", reply.text());
        refused(&reply, reply.status());
    }
    for (method, path) in [
        ("GET", "/organizations"),
        ("GET", "/organizations/self"),
        ("GET", "/organizations/self/subscriptions/a/b/c"),
        ("PATCH", "/organizations/self/subscriptions"),
        ("POST", "/organizations/self/other"),
    ] {
        let reply = world.ask(method, path).header("authorization", ada.key.clone()).send();
        assert!(matches!(reply.status(), 404 | 405), "{method} {path}: {}", reply.status());
        refused(&reply, reply.status());
    }
    assert_eq!(world.db.dump(), before);
    assert!(world.log.troubles().is_empty(), "{}", world.log.troubles());
}

#[test]
fn an_account_has_a_hundred_endpoints_at_most_of_all_windows_together() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    for number in 1..=100 {
        ada.subscribes(number, json!({})).expect(200);
    }
    assert_eq!(refused(&ada.subscribes(101, json!({})), 400).0, "BAD_REQUEST");
    ada.post("/webhooks/endpoints", json!({"url": "https://a.example/", "events": ["order:paid"]})).expect(400);
}
