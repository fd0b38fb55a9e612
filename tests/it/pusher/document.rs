//! Every example of the document, field by field. Where an answer differs from the document's, it is here, with why.

use serde_json::json;

use super::{HOOK, UUID, refused};
use crate::world::World;

#[test]
fn a_subscription_is_created_as_in_the_document() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let example = json!({
        "uuid": UUID, "transportName": "WEBHOOK", "eventNames": ["ProductUpdated"],
        "destination": HOOK, "contactEmail": "ada@example.com",
    });
    let made = ada.pusher("POST", "").json(&example).send().expect(200).json();
    let key = made["signingKey"].as_str().unwrap().to_owned();
    assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_alphanumeric()), "{key}");
    // The document's has microseconds here, and milliseconds in its lists.
    let expected = json!({
        "uuid": UUID, "transportName": "WEBHOOK", "eventNames": ["ProductUpdated"], "updated": "2023-11-15T00:00:00.000Z",
        "destination": HOOK, "contactEmail": "ada@example.com", "status": "ACTIVE", "signingKey": key,
    });
    assert_eq!(made.to_string(), expected.to_string(), "in the document's order");
    assert_eq!(ada.subscriptions(), json!([expected]));
}

#[test]
fn subscriptions_are_listed_as_in_the_document() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let ids = [
        ("f02f80f8-8f35-11eb-8dcd-0242ac130003", json!(["ProductUpdated"])),
        ("6eefcb26-912c-11eb-a8b3-0242ac130003", json!(["ProductDeleted"])),
        ("7c9e43ce-912c-11eb-a8b3-0242ac130003", json!(["InventoryBalanceChanged", "ProductCreated"])),
        ("08db4d6e-912d-11eb-a8b3-0242ac130003", json!(["InventoryBalanceChanged", "ProductCreated"])),
    ];
    for (id, events) in &ids {
        ada.subscribes(1, json!({"uuid": id, "eventNames": events})).expect(200);
        world.clock.pass(1_000);
    }
    let listed = ada.subscriptions();
    let shown: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["uuid"].as_str().unwrap(), one["eventNames"].clone()))
        .collect();
    assert_eq!(shown, ids);
    // All went to one place, which had one test message.
    assert_eq!(world.web.sent_to(HOOK).len(), 1);
    let organization = world.web.sent_to(HOOK)[0].json()["organizationUuid"].as_str().unwrap().to_owned();
    for path in ["/organizations/{}/subscriptions", "//organizations/{}/subscriptions//"] {
        let path = path.replace("{}", &organization);
        let ask = world.ask("GET", &path).header("authorization", format!("Bearer {}", ada.key));
        assert_eq!(ask.send().expect(200).json(), listed, "{path}");
    }
}

#[test]
fn a_subscription_is_updated_with_an_empty_answer() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    ada.subscribes(1, json!({"uuid": UUID})).expect(200);
    world.clock.pass(1_000);
    let put = |body| ada.pusher("PUT", &format!("/{UUID}/")).header("if-match", "*").json(&body).send();
    // The document's own example has an event that it doesn't list, and answers 200; its table says 400, which tells more.
    assert_eq!(
        refused(&put(json!({"eventNames": ["ProductUpdated", "CardPaymentInvalid"]})), 400),
        ("CONSTRAINT_VIOLATION".into(), vec!["eventNames".into()])
    );
    let before = ada.subscriptions()[0].clone();
    let reply = put(json!({"eventNames": ["ProductUpdated", "ProductCreated"], "contactEmail": "new@example.com"}));
    assert_eq!((reply.status(), reply.text()), (200, String::new()));
    let after = ada.subscriptions()[0].clone();
    assert_eq!(
        (&after["eventNames"], &after["contactEmail"], &after["updated"]),
        (&json!(["ProductUpdated", "ProductCreated"]), &json!("new@example.com"), &json!("2023-11-15T00:00:01.000Z"))
    );
    assert_eq!((&after["signingKey"], &after["destination"]), (&before["signingKey"], &before["destination"]));
    assert_eq!(world.web.sent_to(HOOK).len(), 1, "where it goes is no news");
    put(json!({"destination": "https://webhook.site/new"})).expect(200);
    assert_eq!(world.web.sent_to("https://webhook.site/new").len(), 1);
    assert_eq!(ada.subscriptions()[0]["destination"], "https://webhook.site/new");
    put(json!({"eventNames": []})).expect(200);
    assert_eq!(ada.subscriptions()[0]["eventNames"], json!(super::EVENTS));
}

#[test]
fn a_subscription_is_deleted_at_both_of_the_documents_paths() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    for path in [format!("/uuid/{UUID}"), format!("/{}", UUID.to_uppercase())] {
        ada.subscribes(1, json!({"uuid": UUID})).expect(200);
        let reply = ada.pusher("DELETE", &path).send();
        assert_eq!((reply.status(), reply.text()), (204, String::new()), "{path}");
        assert_eq!(refused(&ada.pusher("DELETE", &path).send(), 404).0, "SUBSCRIPTION_NOT_FOUND");
        assert_eq!(ada.subscriptions(), json!([]));
    }
}

#[test]
fn statuses_are_the_documents() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let without = |name: &str| {
        let mut fields = super::subscription(1, json!({}));
        fields.as_object_mut().unwrap().remove(name);
        ada.pusher("POST", "").json(&fields).send()
    };
    let violated =
        |names: &[&str]| ("CONSTRAINT_VIOLATION".to_owned(), names.iter().map(|n| (*n).to_owned()).collect());
    for (name, status) in
        [("uuid", 400), ("transportName", 400), ("eventNames", 400), ("destination", 422), ("contactEmail", 422)]
    {
        assert_eq!(refused(&without(name), status), violated(&[name]), "{name}");
    }
    for (changed, status, name) in [
        (json!({"uuid": "5d2e7f6a-3a3c-4b58-9f0e-1d3a0f7b2c11"}), 400, "uuid"),
        (json!({"uuid": "x"}), 400, "uuid"),
        (json!({"uuid": 7}), 400, "uuid"),
        (json!({"transportName": "EMAIL"}), 400, "transportName"),
        (json!({"eventNames": ["CardPaymentInvalid"]}), 400, "eventNames"),
        (json!({"eventNames": [1]}), 400, "eventNames"),
        (json!({"eventNames": {"a": 1}}), 400, "eventNames"),
        (json!({"destination": ""}), 422, "destination"),
        (json!({"destination": "http://webhook.site/x"}), 422, "destination"),
        (json!({"destination": "https://10.0.0.1/x"}), 422, "destination"),
        (json!({"destination": "https://user:key@webhook.site/x"}), 422, "destination"),
        (json!({"destination": ["https://webhook.site"]}), 422, "destination"),
        (json!({"contactEmail": "nobody"}), 422, "contactEmail"),
        (json!({"contactEmail": ""}), 422, "contactEmail"),
        (json!({"contactEmail": format!("{}@example.com", "a".repeat(512))}), 422, "contactEmail"),
    ] {
        assert_eq!(refused(&ada.subscribes(1, changed.clone()), status), violated(&[name]), "{changed}");
    }
    let wrong = json!({"uuid": null, "contactEmail": "nobody", "transportName": "x"});
    assert_eq!(refused(&ada.subscribes(1, wrong), 400), violated(&["uuid", "transportName"]), "400 goes first");
    assert!(world.web.sent().is_empty(), "nobody was called");
    ada.subscribes(1, json!({})).expect(200);
    assert_eq!(refused(&ada.subscribes(1, json!({})), 400).0, "SUBSCRIPTION_ALREADY_EXIST");
    for (method, path, status, allow) in [
        ("PUT", "", 405, "GET, HEAD, POST"),
        // The document's table says 404 here; its list of methods has none without a UUID.
        ("DELETE", "", 405, "GET, HEAD, POST"),
        ("GET", "/00000001-8f35-11eb-8dcd-0242ac130003", 405, "PUT, DELETE"),
        ("PUT", "/uuid/00000001-8f35-11eb-8dcd-0242ac130003", 405, "DELETE"),
    ] {
        let reply = ada.pusher(method, path).json(&json!({})).send();
        assert_eq!(refused(&reply, status).0, "METHOD_NOT_ALLOWED", "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
    let put = |path: &str, body| ada.pusher("PUT", path).json(&body).send();
    let first = "/00000001-8f35-11eb-8dcd-0242ac130003";
    assert_eq!(refused(&put(first, json!({"destination": ""})), 422), violated(&["destination"]));
    assert_eq!(refused(&put(first, json!({"destination": "ftp://a.example"})), 422), violated(&["destination"]));
    assert_eq!(refused(&put(first, json!({"transportName": "SMS"})), 400), violated(&["transportName"]));
    for unknown in ["/00000002-8f35-11eb-8dcd-0242ac130003", "/self", "/%00"] {
        assert_eq!(refused(&put(unknown, json!({})), 404).0, "SUBSCRIPTION_NOT_FOUND", "{unknown}");
    }
    assert_eq!(ada.subscriptions().as_array().unwrap().len(), 1);
}

#[test]
fn parameters_stand_in_the_query_too_as_the_document_says() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let make = |uuid: u32, events: &str| {
        let mut ask = ada.pusher("POST", "");
        ask.request.query = format!(
            "uuid={}&transportName=WEBHOOK&{events}destination=https%3A%2F%2Fwebhook.site%2Fq&contactEmail=a%2Bb%40example.com",
            super::uuid(uuid)
        );
        ask.send()
    };
    for (number, events, shown) in [
        (1, "eventNames=ProductCreated&eventNames=ProductDeleted&", json!(["ProductCreated", "ProductDeleted"])),
        (2, "eventNames=ProductCreated,ProductDeleted&", json!(["ProductCreated", "ProductDeleted"])),
        (3, "eventNames[]=ProductCreated&", json!(["ProductCreated"])),
        (4, "eventNames=%5B%22ProductCreated%22%5D&", json!(["ProductCreated"])),
        (5, "eventNames=&", json!(super::EVENTS)),
    ] {
        let made = make(number, events).expect(200).json();
        assert_eq!((&made["eventNames"], &made["contactEmail"]), (&shown, &json!("a+b@example.com")), "{events}");
    }
    assert_eq!(refused(&make(6, ""), 400).1, ["eventNames"]);
    let mut ask = ada.pusher("PUT", &format!("/{}", super::uuid(3)));
    ask.request.query = "eventNames=PurchaseCreated".into();
    ask.send().expect(200);
    assert_eq!(ada.subscriptions()[2]["eventNames"], json!(["PurchaseCreated"]));
}
