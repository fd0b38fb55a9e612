//! The reference's own examples, replayed: its requests are sent, and what comes back is compared with its answers, field
//! for field and in its order. Products, categories, rules, feedbacks and queries have such a test in their own files.

use pushguard::json::{self, Map, Value, ValueExt};
use serde_json::json;

use crate::{
    actors::Seller,
    world::{World, answer},
};

/// What differs from the reference in any resource, and why.
const ALWAYS: [(&str, &str); 3] = [
    ("id", "made by whoever creates it"),
    ("created_at", "the time of the request"),
    ("updated_at", "the time of the request"),
];

/// The reference's fields come first and in its order; ours may follow. All are equal, but for those that `differs` names,
/// which are there and of a kind with the example.
fn same(example: &str, ours: &str, differs: &[(&str, &str)]) {
    let fields = |text: &str| match json::parse(text) {
        Ok(Value::Object(fields)) => fields,
        _ => panic!("not an object: {text}"),
    };
    let (example, ours) = (fields(example), fields(ours));
    let names = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours)[..example.len().min(ours.len())], names(&example), "the fields and their order");
    let known: Vec<&str> = differs.iter().chain(&ALWAYS).map(|(name, _)| *name).collect();
    for ((name, theirs), (_, ours)) in example.iter().zip(&ours) {
        if !known.contains(&name.as_str()) {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    for (name, why) in differs {
        let (theirs, ours) = (example.get(*name).expect("a field of the example"), ours.get(*name).expect("a field"));
        assert_ne!(theirs, ours, "{name} is said to differ ({why}), and doesn't");
    }
}

const BLACKLIST: &str = r#"{"id":"bGYSEexV","blocked_data":"ZW","blacklist_type":3,"note":"This is a demo blacklist",
    "created_at":"2019-12-28T16:47:01.000+00:00","updated_at":"2019-12-28T16:47:01.000+00:00"}"#;

#[test]
fn a_blacklist_entry_is_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({"blocked_data": "ZW", "blacklist_type": 3, "note": "This is a demo blacklist"});
    let made = ada.post("/blacklist", fields).expect(201);
    same(BLACKLIST, &made.text(), &[]);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), "bGYSEexV".len());
    same(BLACKLIST, &ada.get(&format!("/blacklist/{id}")).expect(200).text(), &[]);
}

const ENDPOINT: &str = r#"{"id":"1206995986220584961","url":"https://example.com/5f68b177","enabled":true,
    "events":["feedback:created","order:paid","order:updated"],
    "created_at":"2019-12-17T17:54:02.667+00:00","updated_at":"2019-12-17T17:54:02.667+00:00"}"#;

fn endpoint(seller: &Seller<'_>, events: &[&str]) -> String {
    let fields = json!({"url": "https://example.com/5f68b177", "events": events});
    seller.post("/webhooks/endpoints", fields).expect(201).text()
}

#[test]
fn a_webhook_endpoint_is_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    same(ENDPOINT, &endpoint(&ada, &["feedback:created", "order:paid", "order:updated"]), &[]);
    // Its update sends an event that the reference's list of events doesn't have, and answers another one. We refuse it.
    let id = ada.get("/webhooks/endpoints").json()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/webhooks/endpoints/{id}");
    let changed = ada.put(&path, json!({"events": ["order:created", "order:paid", "query:updated"]}));
    assert_eq!(changed.errors().len(), 1);
    let changed = ada.put(&path, json!({"events": ["order:created", "order:paid", "query:created"]})).expect(200);
    same(ENDPOINT, &changed.text(), &[("events", "it was changed")]);
}

const ORDER: &str = r#"{"id":"d73cf5fc-466d-433e-a109-f8de4d4c70fc","product_id":"b3cadd729499","email":"ada@example.com",
    "ip_address":"41.117.222.111","country_code":"US","product_title":"Side Direct Filter","user_agent":"Mozilla/5.0",
    "value":"10.0","quantity":1,"currency":"USD","gateway":"PayPal","risk_level":0,"status":0,"delivered":null,
    "crypto_value":null,"crypto_address":null,"crypto_channel":null,"crypto_received":0,"crypto_confirmations":0,
    "referral":null,"usd_value":"10.0","exchange_rate":"1.0","coupon_id":null,"custom":{},
    "created_at":"2019-12-25T15:09:13.000+00:00","updated_at":"2019-12-25T15:31:40.000+00:00"}"#;

const OF_ORDERS: [(&str, &str); 6] = [
    ("product_id", "of a payment"),
    ("country_code", "known of buyers who open a page"),
    ("user_agent", "known of buyers who open a page"),
    ("gateway", "PayPal takes no payments yet"),
    ("crypto_value", "of a coin"),
    ("crypto_address", "of a coin"),
];

fn order(seller: &Seller<'_>) -> String {
    let fields = json!({
        "title": "Side Direct Filter", "email": "ada@example.com", "ip_address": "41.117.222.111",
        "gateway": "Bitcoin", "value": 10.00, "currency": "USD", "white_label": true,
    });
    let made = seller.post("/pay", fields).expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_order_is_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada);
    same(ORDER, &ada.get(&format!("/orders/{id}")).expect(200).text(), &OF_ORDERS);
    let list = ada.get("/orders").expect(200).text();
    same(ORDER, list.trim_start_matches('[').trim_end_matches(']'), &OF_ORDERS);
}

const LOG: &str = r#"{"id":"67bLhmkZ","url":"https://example.com/5f68b177","payload":{},"response":"{\"success\":true}",
    "response_code":200,"response_headers":{},"retries":8,"event":"order:created","retry_limit":10,
    "next_retry_at":"2019-12-21T18:51:54.000+00:00","created_at":"2019-12-14T17:33:36.000+00:00",
    "updated_at":"2019-12-21T18:41:54.000+00:00"}"#;

#[test]
fn a_webhook_log_is_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    endpoint(&ada, &["order:created"]);
    world.web.on("https://example.com", |_| {
        let mut answer = answer(200, "{\"success\":true}")?;
        answer.headers.push(("content-type".into(), "application/json; charset=utf-8".into()));
        Ok(answer)
    });
    order(&ada);
    world.run_jobs();
    let logs = ada.get("/webhooks/logs").expect(200).text();
    let log = logs.trim_start_matches('[').trim_end_matches(']');
    let differs = [
        ("payload", "compared below"),
        ("response_headers", "those of the receiver; names in lower case, as HTTP/2 has them"),
        ("retries", "it went well at once"),
        ("next_retry_at", "it went well at once"),
    ];
    same(LOG, log, &differs);
    let payload = json::parse(log).unwrap().get("payload").unwrap().to_text();
    same(ORDER, &payload, &OF_ORDERS);
}

const WHITE_LABEL: &str = r#"{"id":"16d37578-ced4-4a18-90c7-596a8e472e69","status":0,"crypto_address":null,"crypto_value":null,
    "confirmations_needed":6,"product_id":"pay","email":"ada@example.com","value":"10.0","quantity":1,"currency":"USD",
    "gateway":"PayPal","crypto_channel":null,"usd_value":"10.0","exchange_rate":"1.0",
    "created_at":"2018-04-21T13:21:19.000+01:00","updated_at":"2018-04-21T13:21:19.000+01:00",
    "url":"https://www.paypal.com/webscr?cmd=_ap-payment&paykey=AP-5U570312BD011483Y"}"#;

#[test]
fn a_payment_is_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({
        "title": "PushGuard Pay Example", "gateway": "Bitcoin", "value": 10.00, "currency": "USD",
        "return_url": "https://website.com/return",
    });
    let made = ada.post("/pay", fields.clone()).expect(201);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = url.split('/').collect();
    let ["https:", "", _, "pay", id, token] = parts.as_slice() else { panic!("{url}") };
    assert!(id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit()) && !token.is_empty());
    assert_eq!(made.json().as_object().unwrap().len(), 1, "the URL and nothing else");
    let mut fields = fields;
    fields["white_label"] = json!(true);
    fields["email"] = json!("ada@example.com");
    let made = ada.post("/pay", fields).expect(201).text();
    let differs = [
        ("crypto_address", "the example names Bitcoin and shows PayPal"),
        ("crypto_value", "the example names Bitcoin and shows PayPal"),
        ("gateway", "the example names Bitcoin and shows PayPal"),
        ("confirmations_needed", "1 is the default, as the reference says itself"),
        ("url", "a payment URI of the coin"),
    ];
    same(WHITE_LABEL, &made, &differs);
    assert_eq!(ada.delete(&format!("/pay/{id}")).expect(204).text(), "");
}
