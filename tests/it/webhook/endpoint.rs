//! Webhook endpoints and logs, as the API shows them.

use serde_json::json;

use crate::{
    actors::Seller,
    world::{SECOND, World},
};

fn make(seller: &Seller<'_>, url: &str) -> String {
    seller.endpoint(url, &["order:paid"])
}

#[test]
fn an_endpoint_is_made_read_changed_and_destroyed() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.post(
        "/webhooks/endpoints",
        json!({"url": "https://hooks.example/a", "events": ["order:paid", "order:created"]}),
    );
    let made = made.expect(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.parse::<u64>().is_ok() && id.len() >= 18, "a decimal snowflake: {id}");
    let expected = json!({
        "id": id, "url": "https://hooks.example/a", "enabled": true, "events": ["order:paid", "order:created"],
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
        "failing_since": null, "disables_at": null, "disabled_at": null, "disabled_reason": null,
        "format": "pushguard",
    });
    assert_eq!(made, expected);
    let path = format!("/webhooks/endpoints/{id}");
    assert_eq!(ada.get(&path).expect(200).json(), expected);
    world.advance(SECOND);
    let changed = ada.put(&path, json!({"enabled": false})).expect(200).json();
    assert_eq!((&changed["enabled"], &changed["url"]), (&json!(false), &expected["url"]));
    assert_eq!(changed["events"], expected["events"]);
    assert_eq!(changed["updated_at"], "2023-11-15T00:00:01.000+00:00");
    let changed = ada.put(
        &path,
        json!({"endpoint": {"url": "https://hooks.example/b", "events": ["order:updated"], "enabled": "1"}}),
    );
    let changed = changed.expect(200).json();
    assert_eq!((&changed["url"], &changed["events"]), (&json!("https://hooks.example/b"), &json!(["order:updated"])));
    assert_eq!(changed["enabled"], true);
    assert_eq!(ada.get(&path).json(), changed);
    assert_eq!(ada.delete(&path).expect(204).text(), "");
    for method in ["GET", "DELETE"] {
        ada.ask(method, &path).send().expect(404);
    }
    ada.put(&path, json!({"enabled": true})).expect(404);
    assert_eq!(world.db.rows_in("webhook_endpoints"), 0);
}

#[test]
fn an_endpoint_needs_a_public_https_url_and_known_events() {
    let world = World::new();
    let ada = world.seller();
    let list = "Events are not included in the list (order:created, order:updated, order:paid, order:blocked, product:out_of_stock, product:stock_warning, \
                feedback:created, feedback:updated, query:created, query:replied, endpoint:failing, endpoint:disabled)";
    let good = "https://hooks.example/";
    let cases = [
        (json!({}), vec!["Url can't be blank", "Events can't be blank"]),
        (json!({"url": "", "events": []}), vec!["Url can't be blank", "Events can't be blank"]),
        (json!({"url": null, "events": null}), vec!["Url can't be blank", "Events can't be blank"]),
        (json!({"url": good, "events": {}}), vec!["Events can't be blank"]),
        (json!({"url": good, "events": ["order:paid", "order:eaten"]}), vec![list]),
        (json!({"url": good, "events": [7]}), vec![list]),
        (json!({"url": good, "events": [null]}), vec![list]),
        (json!({"url": good, "events": ["ORDER:PAID"]}), vec![list]),
        (json!({"url": good, "events": ["order:paid,order:created"]}), vec![list]),
        (json!({"url": 7, "events": ["order:paid"]}), vec!["Url is not a valid URL"]),
        (json!({"url": "hooks.example", "events": ["order:paid"]}), vec!["Url is not a valid URL"]),
        (json!({"url": "http://hooks.example/", "events": ["order:paid"]}), vec!["Url must be an HTTPS URL"]),
        (
            json!({"url": "https://a:b@hooks.example/", "events": ["order:paid"]}),
            vec!["Url must not contain credentials"],
        ),
        (json!({"url": good, "events": ["order:paid"], "enabled": "so so"}), vec!["Enabled must be true or false"]),
    ];
    for (body, sentences) in cases {
        assert_eq!(ada.post("/webhooks/endpoints", body.clone()).errors(), sentences, "{body}");
    }
    for host in [
        "localhost",
        "127.0.0.1",
        "10.1.2.3",
        "[::1]",
        "169.254.169.254",
        "metadata.google.internal",
        "0",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25eth0]",
        "localhost.",
        "printer.local",
        "intranet",
        "100.100.100.200",
        "127.0.0.1.",
        "①②⑦.0.0.1",
    ] {
        let reply =
            ada.post("/webhooks/endpoints", json!({"url": format!("https://{host}/x"), "events": ["order:paid"]}));
        let errors = reply.errors();
        let reasons = ["Url must not point to a private network", "Url is not a valid URL"];
        assert!(errors.len() == 1 && reasons.iter().any(|reason| errors[0].starts_with(reason)), "{host}: {errors:?}");
    }
    assert_eq!(world.db.rows_in("webhook_endpoints"), 0);
}

#[test]
fn a_change_is_checked_as_a_new_endpoint_is() {
    let world = World::new();
    let ada = world.seller();
    let path = format!("/webhooks/endpoints/{}", make(&ada, "https://hooks.example/"));
    let before = world.db.dump();
    for (body, sentence) in [
        (json!({"url": ""}), "Url can't be blank"),
        (json!({"url": "https://10.0.0.1/"}), "Url must not point to a private network"),
        (json!({"events": []}), "Events can't be blank"),
        (json!({"events": null}), "Events can't be blank"),
        (json!({"enabled": 5}), "Enabled must be true or false"),
    ] {
        assert_eq!(ada.put(&path, body).errors(), [sentence]);
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn an_event_that_is_named_twice_is_kept_once_and_one_alone_is_a_list() {
    let world = World::new();
    let ada = world.seller();
    for (given, kept) in [
        (json!(["order:paid", "order:paid", "query:replied"]), json!(["order:paid", "query:replied"])),
        (json!("order:paid"), json!(["order:paid"])),
        (json!({"0": "order:created", "1": "order:paid"}), json!(["order:created", "order:paid"])),
    ] {
        let made =
            ada.post("/webhooks/endpoints", json!({"url": "https://hooks.example/", "events": given})).expect(201);
        assert_eq!(made.json()["events"], kept);
    }
}

#[test]
fn endpoints_are_listed_newest_first_and_at_most_a_hundred() {
    let world = World::new();
    let ada = world.seller();
    for n in 0..100 {
        world.advance(1);
        make(&ada, &format!("https://hooks.example/{n}"));
    }
    let reply = ada.post("/webhooks/endpoints", json!({"url": "https://hooks.example/x", "events": ["order:paid"]}));
    assert_eq!(reply.errors(), ["Webhook endpoints are limited to 100 per account"]);
    assert_eq!(world.db.rows_in("webhook_endpoints"), 100);
    let list = ada.get("/webhooks/endpoints?page=2").expect(200);
    assert_eq!((list.header("x-total-count"), list.header("x-total-pages")), (Some("100"), Some("5")));
    assert_eq!(list.json()[0]["url"], "https://hooks.example/79");
    assert_eq!(ada.get("/webhooks/endpoints?page=6").expect(200).text(), "[]");
    let newest = ada.get("/webhooks/endpoints").json()[0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/webhooks/endpoints/{newest}")).expect(204);
    make(&ada, "https://hooks.example/x");
    let eve = world.seller_named("eve@example.com", true);
    make(&eve, "https://hooks.example/x");
}

#[test]
fn another_accounts_endpoints_and_logs_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let id = ada.endpoint("https://hooks.example/", &["order:created"]);
    ada.white_label(json!({}));
    let log = ada.logs()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/webhooks/endpoints/{id}");
    eve.get(&path).expect(404);
    eve.put(&path, json!({"url": "https://eve.example/"})).expect(404);
    eve.delete(&path).expect(404);
    eve.get(&format!("/webhooks/logs/{log}")).expect(404);
    assert_eq!(eve.get("/webhooks/endpoints").text(), "[]");
    assert!(eve.logs().is_empty());
    assert_eq!(ada.get(&path).expect(200).json()["url"], "https://hooks.example/");
}

#[test]
fn a_log_stands_there_before_anything_is_sent() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    let order = ada.white_label(json!({}));
    assert!(world.web.sent().is_empty());
    let log = ada.logs().remove(0);
    let id = log["id"].as_str().unwrap();
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let read = ada.order(order["id"].as_str().unwrap());
    let expected = json!({
        "id": id, "url": "https://hooks.example/", "payload": read, "response": null, "response_code": 0,
        "response_headers": null, "error": null, "retries": 0, "event": "order:created", "retry_limit": 10,
        "next_retry_at": null, "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
        "replay_of": null, "simulated": false,
    });
    assert_eq!(log, expected);
    assert_eq!(ada.get(&format!("/webhooks/logs/{id}")).expect(200).json(), expected);
    for other in ["0", "AAAAAAAA", "' OR 1=1"] {
        ada.get(&format!("/webhooks/logs/{other}")).expect(404);
    }
}

#[test]
fn logs_are_listed_newest_first_in_pages() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    for n in 1..=25 {
        ada.white_label(json!({"title": format!("Order {n}")}));
    }
    let list = ada.get("/webhooks/logs?per_page=10&page=3").expect(200);
    assert_eq!((list.header("x-total-count"), list.header("x-total-pages")), (Some("25"), Some("3")));
    let list = list.json();
    assert_eq!(list.as_array().unwrap().len(), 5);
    assert_eq!(list[4]["payload"]["product_title"], "Order 1");
}

#[test]
fn only_an_enabled_endpoint_that_asked_for_an_event_is_told() {
    let world = World::new();
    world.web.says("https://hooks.example/", 200);
    let ada = world.seller();
    ada.endpoint("https://hooks.example/created", &["order:created"]);
    ada.endpoint("https://hooks.example/paid", &["order:paid"]);
    ada.endpoint("https://hooks.example/all", &["order:created", "order:updated", "order:paid"]);
    ada.endpoint("https://hooks.example/other", &["query:created", "feedback:updated", "product:out_of_stock"]);
    let asleep = ada.endpoint("https://hooks.example/asleep", &["order:created", "order:paid"]);
    ada.put(&format!("/webhooks/endpoints/{asleep}"), json!({"enabled": false})).expect(200);
    let id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    ada.simulate(&id, "exact", 0);
    ada.mine(1);
    world.run_jobs();
    let events = |path: &str| {
        let sent = world.web.sent_to(&format!("https://hooks.example/{path}"));
        sent.iter().map(|sent| sent.header("X-PushGuard-Event").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(events("created"), ["order:created"]);
    assert_eq!(events("paid"), ["order:paid"]);
    assert_eq!(events("all"), ["order:created", "order:updated", "order:updated", "order:paid"]);
    assert!(events("other").is_empty() && events("asleep").is_empty());
}

#[test]
fn the_payments_own_url_is_told_and_not_twice_when_an_endpoint_has_it() {
    let world = World::new();
    world.web.says("https://", 200);
    let ada = world.seller();
    ada.endpoint("https://hooks.example/a", &["order:created"]);
    for (own, expected) in [
        ("https://hooks.example/b", vec!["https://hooks.example/a", "https://hooks.example/b"]),
        ("https://hooks.example/a", vec!["https://hooks.example/a"]),
    ] {
        world.web.forget();
        let order = ada.white_label(json!({"webhook_url": own}));
        world.run_jobs();
        let mut urls: Vec<String> = world.web.sent().into_iter().map(|sent| sent.url).collect();
        urls.sort();
        assert_eq!(urls, expected, "{own}");
        ada.simulate(order["id"].as_str().unwrap(), "exact", 1);
        world.run_jobs();
        let own = world.web.sent_to(expected.last().unwrap());
        let paid = own.iter().filter(|sent| sent.header("x-pushguard-event") == "order:paid").count();
        assert_eq!(paid, 1, "the payment's own URL gets every event");
    }
}

#[test]
fn the_payments_own_url_is_told_whatever_becomes_of_an_endpoint_that_has_it_too() {
    let world = World::new();
    world.web.says("https://hooks.example/", 200);
    let ada = world.seller();
    let id = ada.endpoint("https://hooks.example/a", &["order:created"]);
    ada.white_label(json!({"webhook_url": "https://hooks.example/a"}));
    ada.delete(&format!("/webhooks/endpoints/{id}")).expect(204);
    world.run_jobs();
    assert_eq!(world.web.sent().len(), 1);
}

#[test]
fn a_links_own_url_is_told_of_its_order() {
    let world = World::new();
    world.web.says("https://hooks.example/", 204);
    let ada = world.seller();
    let link = ada.link(json!({"webhook_url": "https://hooks.example/mine?for=7", "custom": ["seven"]}));
    world.buyer().start(&link);
    ada.simulate(&link.order_id, "exact", 1);
    world.run_jobs();
    let sent = world.web.sent_to("https://hooks.example/mine?for=7");
    let told: Vec<_> =
        sent.iter().map(|sent| (sent.header("x-pushguard-event"), sent.json()["status"].clone())).collect();
    assert_eq!(told, [("order:created", json!(0)), ("order:updated", json!(100)), ("order:paid", json!(100))]);
    assert!(
        sent.iter()
            .all(|sent| sent.json()["custom"] == json!({"0": "seven"}) && sent.json()["id"] == link.order_id.as_str())
    );
}

#[test]
fn a_url_is_the_same_however_its_host_is_written() {
    let world = World::new();
    world.web.says("https://", 200);
    let ada = world.seller();
    ada.endpoint("https://hooks.example/a", &["order:created"]);
    ada.white_label(json!({"webhook_url": "HTTPS://Hooks.Example:443/a"}));
    world.run_jobs();
    assert_eq!(world.web.sent().len(), 1, "one receiver is told once");
}

#[test]
fn two_endpoints_with_one_receiver_are_told_once_however_they_spell_it() {
    for (one, other) in [
        ("https://hooks.example", "https://hooks.example/"),
        ("https://hooks.example/a?b=1", "HTTPS://hooks.EXAMPLE:443/a?b=1"),
        ("https://hooks.example/a", "https://hooks.example/a#part"),
        ("https://hooks.example?x", "https://hooks.example/?x#/y"),
        ("https://93.184.216.34/a", "https://0x5db8d822/a"),
        ("https://[2606:2800:220:1:0:0:0:1]/a", "https://[2606:2800:220:1::1]:443/a"),
    ] {
        let world = World::new();
        world.web.says("", 200);
        let ada = world.seller();
        ada.endpoint(one, &["order:created"]);
        ada.endpoint(other, &["order:created"]);
        ada.white_label(json!({}));
        world.run_jobs();
        assert_eq!((world.web.sent().len(), ada.logs().len()), (1, 1), "{one} {other}");
        // Another path is another receiver.
        ada.white_label(json!({"webhook_url": "https://hooks.example/other"}));
        world.run_jobs();
        assert_eq!(world.web.sent().len(), 3, "{one} {other}");
    }
}
