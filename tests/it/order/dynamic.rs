//! Dynamic products: what the seller's server is asked, what it may answer, and what becomes of the order.

use std::{cell::Cell, rc::Rc};

use pushguard::platform::FetchError;
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    purchase::{buy, id, product},
    world::{DAY, HOUR, Landed, MINUTE, SECOND, Sent, World, answer},
};

const GOODS: &str = "https://goods.example/make";
const HOOK: &str = "https://hooks.example/";

/// Ada, whose server makes the goods, and who hears of her orders.
fn seller(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:updated", "order:paid"]);
    world.web.says(HOOK, 200);
    ada
}

fn dynamic(ada: &Seller<'_>) -> String {
    product(ada, json!({"product_type": 3, "dynamic_url": GOODS}))
}

/// An order of it that was paid just now.
fn paid(ada: &Seller<'_>, product: &str) -> String {
    let order = id(&buy(ada, product, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    order
}

/// `delivery` and `delivered`.
fn state(ada: &Seller<'_>, order: &str) -> (Value, Value) {
    let order = ada.order(order);
    (order["delivery"].clone(), order["delivered"].clone())
}

fn delivered(text: &str) -> (Value, Value) {
    (json!("delivered"), json!(text))
}

/// The notes of the order's deliveries in its history.
fn notes(ada: &Seller<'_>, order: &str) -> Vec<Value> {
    let history = ada.get(&format!("/orders/{order}/history")).expect(200).json();
    let entries = history.as_array().unwrap().iter().filter(|entry| entry["action"] == "delivery");
    entries.map(|entry| entry["note"].clone()).collect()
}

#[test]
fn the_sellers_server_is_sent_the_order_signed_under_its_id() {
    let world = World::new();
    let ada = seller(&world);
    world.web.on(GOODS, |_| answer(200, "  THE-GOODS\r\nline two\n"));
    let order = paid(&ada, &dynamic(&ada));
    assert_eq!(state(&ada, &order), (json!("preparing"), Value::Null));
    world.run_jobs();
    assert_eq!(state(&ada, &order), delivered("THE-GOODS\r\nline two"));
    let sent = world.web.sent_to(GOODS);
    let [sent] = sent.as_slice() else { panic!("one request") };
    assert_eq!((sent.method, sent.timeout), ("POST", 10_000));
    assert_eq!((&sent.json()["id"], &sent.json()["status"]), (&json!(order), &json!(100)));
    assert_eq!((sent.header("idempotency-key"), sent.header("webhook-id")), (order.as_str(), order.as_str()));
    assert_eq!(sent.header("content-type"), "application/json");
    let signature = pushguard::shop::webhook::sign::hex_sha512(&ada.secret, &sent.body);
    assert_eq!(sent.header("x-pushguard-signature"), signature);
    assert!(sent.header("webhook-signature").starts_with("v1,"));
    // The event has the goods, and pages are told.
    let told = world.web.sent_to(HOOK);
    let last = told.last().unwrap();
    assert_eq!(
        (last.header("x-pushguard-event"), &last.json()["delivered"]),
        ("order:updated", &json!("THE-GOODS\r\nline two"))
    );
    assert_eq!(world.live.told().last(), Some(&order));
    assert_eq!(world.db.rows_in("deliveries"), 0, "nothing is owed any more");
    assert_eq!(notes(&ada, &order), [Value::Null]);
    world.live_through(2 * DAY);
    assert_eq!(world.web.sent_to(GOODS).len(), 1);
}

#[test]
fn tries_follow_one_another_for_a_day_under_one_key_and_then_it_failed() {
    let world = World::new();
    let ada = seller(&world);
    world.web.says(GOODS, 500);
    let began = world.now();
    let order = paid(&ada, &dynamic(&ada));
    world.live_through(DAY + HOUR);
    let sent = world.web.sent_to(GOODS);
    let times: Vec<i64> = sent.iter().map(|sent| (sent.at - began) / SECOND).collect();
    assert_eq!(times, [0, 5, 10, 310, 2_110, 9_310, 27_310, 63_310]);
    for sent in &sent {
        assert_eq!(sent.header("idempotency-key"), order);
    }
    assert_eq!(state(&ada, &order), (json!("failed"), Value::Null));
    assert_eq!(notes(&ada, &order), [json!("status_500")]);
    let last = world.web.sent_to(HOOK).pop().unwrap();
    assert_eq!((last.header("x-pushguard-event"), &last.json()["delivery"]), ("order:updated", &json!("failed")));
    assert_eq!(ada.status(&order), 100, "it is paid all the same");
}

#[test]
fn each_answer_that_is_no_goods_has_a_word() {
    type Answer = fn(&Sent) -> Result<pushguard::platform::HttpResponse, FetchError>;
    let cases: [(&str, Answer); 10] = [
        ("empty", |_| answer(200, "")),
        ("empty", |_| answer(200, " \r\n\t ")),
        ("too_large", |_| answer(200, "x".repeat((64 << 10) + 1))),
        ("not_text", |_| answer(200, vec![0xff, 0xfe])),
        ("not_text", |_| answer(200, "a\0b")),
        ("status_302", |_| answer(302, "elsewhere")),
        ("status_404", |_| answer(404, "goods")),
        ("timeout", |_| Err(FetchError::Timeout)),
        ("refused", |_| Err(FetchError::Refused)),
        ("incomplete", |_| {
            let mut broken = answer(200, "half of i").unwrap();
            broken.truncated = true;
            Ok(broken)
        }),
    ];
    for (word, says) in cases {
        let world = World::new();
        let ada = seller(&world);
        world.web.on(GOODS, says);
        let order = paid(&ada, &dynamic(&ada));
        world.run_jobs();
        assert_eq!(state(&ada, &order).0, "preparing", "{word}");
        assert_eq!(world.db.one("SELECT error FROM deliveries"), word);
        // It gives them after all.
        world.web.on(GOODS, |_| answer(200, "x".repeat(64 << 10)));
        world.live_through(10 * SECOND);
        assert_eq!(state(&ada, &order), delivered(&"x".repeat(64 << 10)), "{word}");
    }
}

#[test]
fn nothing_is_sent_into_a_private_network() {
    let world = World::with(&[("DNS_OVER_HTTPS_URL", "https://dns.example/query")]);
    let ada = seller(&world);
    world.web.on("https://dns.example/", |_| answer(200, r#"{"Status":0,"Answer":[{"type":1,"data":"10.0.0.1"}]}"#));
    world.web.on(GOODS, |_| answer(200, "goods"));
    let order = paid(&ada, &dynamic(&ada));
    world.run_jobs();
    assert_eq!(world.db.one("SELECT error FROM deliveries"), "forbidden_url");
    // As does a literal address that an earlier version let in.
    world.db.change("UPDATE deliveries SET url = 'https://169.254.169.254/latest'");
    world.live_through(DAY + HOUR);
    assert_eq!(state(&ada, &order).0, "failed");
    assert!(world.web.sent_to(GOODS).is_empty() && world.web.sent_to("https://169.254").is_empty());
}

#[test]
fn a_message_that_is_lost_or_comes_twice_changes_nothing() {
    let world = World::new();
    let ada = seller(&world);
    world.web.on(GOODS, |_| answer(200, "goods"));
    let product = dynamic(&ada);
    world.queue.loses.set(true);
    let lost = paid(&ada, &product);
    world.queue.loses.set(false);
    world.live_through(3 * MINUTE);
    assert_eq!(state(&ada, &lost), delivered("goods"), "cron found it");
    let twice = paid(&ada, &product);
    let message =
        json!(["prepare", "DB", world.db.one("SELECT account_id FROM shops").parse::<i64>().unwrap(), twice, 0]);
    for _ in 0..3 {
        world.queue.put(message.to_string(), 0);
    }
    // All are on their way before the first is answered.
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);
    world.run_jobs();
    assert_eq!(state(&ada, &twice), delivered("goods"));
    assert_eq!(world.web.sent_to(GOODS).len(), 2, "one request for each order");
    world.queue.put(message.to_string(), 0);
    world.run_jobs();
    assert_eq!(world.web.sent_to(GOODS).len(), 2);
}

#[test]
fn a_crash_at_each_write_delivers_once_and_under_one_key() {
    for landed in [Landed::No, Landed::Yes] {
        for n in 1..=6 {
            let world = World::new();
            let ada = seller(&world);
            let made = Rc::new(Cell::new(0));
            let count = made.clone();
            // As a server does that knows the keys it has seen.
            world.web.on(GOODS, move |_| {
                count.set(count.get() + 1);
                answer(200, "goods")
            });
            let product = dynamic(&ada);
            let order = id(&buy(&ada, &product, json!({})).expect(201).json());
            world.db.break_commit(n, landed);
            let _ = ada.post("/test/payments", json!({"order_id": order, "kind": "exact", "confirmations": 1}));
            world.run_jobs();
            world.db.mend();
            if ada.status(&order) != 100 {
                ada.simulate(&order, "exact", 1);
            }
            world.live_through(10 * MINUTE);
            assert_eq!(state(&ada, &order), delivered("goods"), "write {n}, landed {landed:?}");
            for sent in world.web.sent_to(GOODS) {
                assert_eq!(sent.header("idempotency-key"), order);
            }
            let goods = |log: &&Value| log["event"] == "order:updated" && log["payload"]["delivered"] == "goods";
            assert_eq!(ada.logs().iter().filter(goods).count(), 1, "write {n}, landed {landed:?}: told once");
            assert_eq!(notes(&ada, &order), [Value::Null], "write {n}, landed {landed:?}");
            assert!(made.get() <= 2, "write {n}, landed {landed:?}: asked {} times", made.get());
        }
    }
}

#[test]
fn a_change_of_the_order_while_its_server_is_asked_loses_neither() {
    let world = World::new();
    let ada = seller(&world);
    world.web.on(GOODS, |_| answer(200, "goods"));
    let order = paid(&ada, &dynamic(&ada));
    let (db, its) = (world.db.clone(), order.clone());
    // Between the try and what is kept of it.
    world.db.before_commit(2, move || {
        db.change(&format!("UPDATE orders SET revision = revision + 1, crypto_confirmations = 3 WHERE id = '{its}'"));
    });
    world.run_jobs();
    assert_eq!(state(&ada, &order), delivered("goods"));
    assert_eq!(ada.order(&order)["crypto_confirmations"], 3);
    assert_eq!(world.web.sent_to(GOODS).len(), 1);
}

#[test]
fn an_order_that_is_refunded_meanwhile_asks_nobody() {
    let world = World::new();
    let ada = seller(&world);
    world.web.says(GOODS, 500);
    let order = paid(&ada, &dynamic(&ada));
    world.run_jobs();
    ada.post(&format!("/orders/{order}/refund"), json!({"txid": "ab12"})).expect(200);
    let before = world.web.sent_to(GOODS).len();
    world.live_through(HOUR);
    assert_eq!(world.web.sent_to(GOODS).len(), before);
    assert_eq!((ada.status(&order), state(&ada, &order).0), (56, json!("failed")));
    assert_eq!(notes(&ada, &order), [json!("not_completed")]);
}

#[test]
fn by_hand_it_is_asked_for_in_a_new_round_and_what_was_delivered_only_again() {
    let world = World::new();
    let ada = seller(&world);
    world.web.says(GOODS, 500);
    let product = dynamic(&ada);
    let order = paid(&ada, &product);
    world.live_through(DAY);
    assert_eq!(state(&ada, &order).0, "failed");
    let path = format!("/orders/{order}/deliver");
    ada.put(&format!("/products/{product}"), json!({"dynamic_url": "https://other.example/"})).expect(200);
    world.web.on("https://other.example/", |_| answer(200, "one"));
    assert_eq!(ada.post(&path, json!({})).expect(200).json()["delivery"], "preparing");
    world.run_jobs();
    assert_eq!(state(&ada, &order), delivered("one"));
    assert!(ada.post(&path, json!({})).expect(409).message().starts_with("Order was delivered already"));
    world.web.on("https://other.example/", |_| answer(200, "two"));
    let again = ada.post(&path, json!({"again": true})).expect(200).json();
    assert_eq!(
        (&again["delivery"], &again["delivered"]),
        (&json!("preparing"), &json!("one")),
        "until there is another"
    );
    world.run_jobs();
    assert_eq!(state(&ada, &order), delivered("two"));
    for sent in world.web.sent_to("https://other.example/") {
        assert_eq!(sent.header("idempotency-key"), order);
    }
}

#[test]
fn a_product_that_is_gone_has_no_server_to_ask() {
    let world = World::new();
    let ada = seller(&world);
    let product = dynamic(&ada);
    let order = id(&buy(&ada, &product, json!({})).expect(201).json());
    ada.delete(&format!("/products/{product}")).expect(204);
    ada.simulate(&order, "exact", 1);
    assert_eq!(state(&ada, &order), (json!("failed"), Value::Null));
    let refused = ada.post(&format!("/orders/{order}/deliver"), json!({})).expect(409);
    assert_eq!(refused.message(), "There is nothing to deliver: the product, its file or its URL is missing");
}
