//! What receivers of this window are sent, and how that is signed.

use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::{HOOK, id};
use crate::{
    actors::Seller,
    gateway::paypal::scene::{event, happens, with_app},
    purchase::{buy, keys, product},
    world::{HOUR, MINUTE, SECOND, Sent, World, capture_of},
};

const PAY_HOOK: &str = "https://requestb.in/1o41bep1";

/// HMAC (RFC 2104) by its definition, over the hash alone: the program's own comes from a library.
fn hmac_sha512(key: &[u8], text: &[u8]) -> String {
    const BLOCK: usize = 128;
    let mut padded = [0_u8; BLOCK];
    let hashed = Sha512::digest(key);
    let key = if key.len() > BLOCK { hashed.as_slice() } else { key };
    padded[..key.len()].copy_from_slice(key);
    let inner = Sha512::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    let outer = Sha512::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bodies at this receiver: their type and data. Each is signed, and says so in one header.
fn told(world: &World, seller: &Seller<'_>, hook: &str) -> Vec<(String, Value)> {
    world.web.sent_to(hook).iter().map(|sent| read(sent, &seller.secret)).collect()
}

fn read(sent: &Sent, secret: &str) -> (String, Value) {
    assert_eq!(sent.header("x-shoppy-signature"), hmac_sha512(secret.as_bytes(), sent.body.as_bytes()));
    assert!(!sent.headers.iter().any(|(name, _)| name.starts_with("X-PushGuard")), "{:?}", sent.headers);
    assert_eq!(sent.header("content-type"), "application/json");
    let body = sent.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["status", "webhook_type", "data"]);
    assert_eq!(body["status"], true);
    (body["webhook_type"].as_str().expect("a text").to_owned(), body["data"].clone())
}

/// An endpoint in this window's words, for all that they tell.
fn endpoint(seller: &Seller<'_>) -> String {
    let events = [
        "order:paid",
        "order:disputed",
        "product:out_of_stock",
        "product:stock_warning",
        "feedback:created",
        "query:created",
        "query:replied",
    ];
    let made = seller.post("/webhooks/endpoints", json!({"url": HOOK, "events": events, "format": "shoppy"}));
    id(&made.expect(201).json())
}

fn types(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(code, _)| code.as_str()).collect()
}

#[test]
fn a_payment_tells_its_url_that_it_was_paid_and_nothing_before() {
    let world = World::new();
    world.web.says(PAY_HOOK, 200);
    let ada = world.seller();
    let link = ada.shoppy_link(json!({}));
    world.buyer().chooses(&link, "bitcoin");
    world.run_jobs();
    assert_eq!(types(&told(&world, &ada, PAY_HOOK)), Vec::<&str>::new());
    world.advance(SECOND);
    ada.simulate(&link.order_id, "exact", 1);
    world.run_jobs();
    let told = told(&world, &ada, PAY_HOOK);
    assert_eq!(types(&told), ["100"]);
    let (order, product) = (&told[0].1["order"], &told[0].1["product"]);
    assert_eq!(
        order,
        &json!({
            "email": "seller@shoppy.gg", "ip_address": "203.0.113.7", "country_code": "SE", "user_agent": "Lynx/2.9",
            "order_id": 1, "invoice_id": link.order_id, "pay_id": link.id, "original_price": 9.99, "currency": "USD",
            "payment_gateway": "BTC", "paid_at": "2023-11-15 00:00:01", "disputed_at": null,
        })
    );
    assert_eq!(
        (&product["product_id"], &product["hashed_id"], &product["title"], &product["price"]),
        (&json!(0), &json!("pay"), &json!("Shoppy Pay Example"), &json!(9.99))
    );
    // The same in the list, with its numbers.
    let listed = ada.shows("/webhooks/1");
    assert_eq!((&listed["data"]["data"], &listed["webhook_type"]), (&told[0].1, &json!(100)));
    assert_eq!((&listed["order_id"], &listed["referenced_id"]), (&json!(1), &json!(0)));
    assert_eq!(listed["response_code"], 200);
    assert_eq!(ada.logs()[0]["payload"], listed["data"], "v2 shows what was sent, too");
}

#[test]
fn money_that_is_disputed_is_told_once() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = with_app(&world);
    endpoint(&ada);
    world.web.says(HOOK, 200);
    let sold = product(&ada, json!({"product_type": 4, "gateways": ["paypal"], "email_message": "Thanks"}));
    let fields = json!({"product_id": sold, "gateway": "PayPal", "email": "bob@example.com", "return_url": "https://a.example/"});
    let link = crate::actors::Link::of(&ada.post("/pay", fields).expect(201));
    world.buyer().post(&link.path, "").expect(303);
    paypal.approves();
    world.buyer().get(&format!("{}?back=paid", link.order())).expect(200);
    world.advance(MINUTE);
    let capture = paypal.newest(|order| capture_of(order).clone());
    let dispute = |status: &str, second: u32| {
        json!({
            "dispute_id": "PP-D-27803", "create_time": "2023-11-20T00:00:00Z",
            "update_time": format!("2023-11-20T00:00:{second:02}Z"), "status": status,
            "disputed_transactions": [{"seller_transaction_id": capture["id"], "custom": link.order_id}],
            "dispute_amount": {"currency_code": "USD", "value": "10.00"}, "dispute_life_cycle_stage": "CHARGEBACK",
        })
    };
    for (kind, second) in [("CREATED", 1), ("UPDATED", 2)] {
        let dispute = dispute("UNDER_REVIEW", second);
        paypal.dispute(&dispute);
        happens(&world, &paypal, &event(&format!("CUSTOMER.DISPUTE.{kind}"), dispute));
        world.advance(MINUTE);
    }
    let told = told(&world, &ada, HOOK);
    assert_eq!(types(&told), ["100", "200"]);
    for (_, data) in &told {
        assert_eq!(
            (&data["product"]["hashed_id"], &data["product"]["email_message"]),
            (&json!(sold), &json!("Thanks"))
        );
    }
    assert_eq!(told[1].1["order"]["disputed_at"], "2023-11-15 00:01:00");
    let order = ada.shows(&format!("/orders/{}", link.order_id));
    assert_eq!(
        (&order["disputed_at"], &order["payment_gateway"], order["received_amount"].to_string()),
        (&json!("2023-11-15 00:01:00"), &json!("PayPal"), "10".to_owned())
    );
    assert_eq!(order["transaction_id"], capture["id"]);
    for name in ["confirmations", "crypto_address", "crypto_amount"] {
        assert_eq!(order[name], Value::Null, "{name}: not a coin");
    }
}

#[test]
fn stock_that_runs_low_and_out_is_told_once_until_it_is_filled() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    endpoint(&ada);
    let sold = keys(&ada, "A,B,C");
    ada.put(&format!("/products/{sold}"), json!({"stock_warning": 2})).expect(200);
    let sell = || {
        let order = id(&buy(&ada, &sold, json!({})).expect(201).json());
        ada.simulate(&order, "exact", 1);
        world.live_through(3 * MINUTE);
    };
    sell();
    sell();
    sell();
    let told = told(&world, &ada, HOOK);
    assert_eq!(types(&told), ["100", "100", "400", "100", "300"]);
    assert_eq!((&told[2].1["product"]["product_id"], &told[2].1["product"]["stock_warning"]), (&json!(1), &json!(2)));
    assert!(told[4].1.get("order").is_none());
    ada.put(&format!("/products/{sold}"), json!({"info": "D"})).expect(200);
    sell();
    assert_eq!(types(&self::told(&world, &ada, HOOK))[5..], ["100", "300"]);
}

#[test]
fn feedbacks_and_tickets_are_told() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    endpoint(&ada);
    let order = crate::feedback::sold(&ada, "Tea");
    let feedback =
        id(&ada.post("/feedbacks", json!({"order_id": order, "stars": 5, "comment": "Good"})).expect(201).json());
    ada.post(&format!("/feedbacks/{feedback}/reply"), json!({"response": "Thanks!"})).expect(200);
    let question = json!({"subject": "Test", "email": "bob@example.com", "message": "?"});
    let query = id(&ada.post("/queries", question).expect(201).json());
    for from in ["customer", "seller"] {
        ada.post(&format!("/queries/{query}/reply"), json!({"message": from, "from": from})).expect(201);
    }
    ada.post(&format!("/queries/{query}/close"), json!({})).expect(200);
    world.run_jobs();
    let told = told(&world, &ada, HOOK);
    assert_eq!(types(&told), ["100", "500", "600", "700", "700"]);
    let said = &told[1].1["feedback"];
    assert_eq!(
        (&said["reply_id"], &said["invoice_id"], &said["stars"], &said["comment"]),
        (&json!(feedback), &json!(order), &json!(5), &json!("Good"))
    );
    assert_eq!(ada.shows(&format!("/feedbacks/{feedback}"))["comment"], "Good", "it is named by what the event says");
    assert_eq!(told[4].1["query"], {
        let mut shown = ada.shows(&format!("/queries/{query}"));
        shown["status"] = json!(2);
        shown
    });
}

#[test]
fn what_is_tried_again_counts_down_and_is_signed_each_time() {
    let world = World::new();
    world.web.says(PAY_HOOK, 500);
    let ada = world.seller();
    let link = ada.shoppy_link(json!({}));
    world.buyer().chooses(&link, "bitcoin");
    ada.simulate(&link.order_id, "exact", 1);
    assert_eq!(ada.shows("/webhooks/1")["retries_left"], 10);
    assert_eq!(ada.shows("/webhooks/1")["response_code"], Value::Null);
    world.live_through(HOUR);
    let shown = ada.shows("/webhooks/1");
    let tries = world.web.sent_to(PAY_HOOK).len() as i64;
    assert!(tries >= 3, "{tries}");
    assert_eq!((&shown["retries_left"], &shown["response_code"]), (&json!(10 - tries), &json!(500)));
    world.web.says(PAY_HOOK, 200);
    let log = ada.logs()[0]["id"].as_str().unwrap().to_owned();
    ada.post(&format!("/webhooks/logs/{log}/retry"), json!({})).expect(201);
    world.run_jobs();
    let told = told(&world, &ada, PAY_HOOK);
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "a repetition says the same");
    assert_eq!(ada.shows("/webhooks/2")["response_code"], 200);
}

#[test]
fn of_two_formats_at_one_url_each_is_told_in_its_own() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    endpoint(&ada);
    ada.endpoint(HOOK, &["order:paid"]);
    crate::feedback::sold(&ada, "Tea");
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    let of_shoppy = |sent: &&Sent| sent.headers.iter().any(|(name, _)| name == "X-Shoppy-Signature");
    assert_eq!((sent.len(), sent.iter().filter(of_shoppy).count()), (2, 1));
    let plain = sent.iter().find(|sent| !of_shoppy(sent)).expect("one of v2");
    assert_eq!((plain.json()["status"].clone(), plain.header("x-pushguard-event")), (json!(100), "order:paid"));
    // Of v2's form the list says what its event would be here.
    let list = ada.shows("/webhooks");
    let seen: Vec<(&Value, &Value)> =
        list.as_array().unwrap().iter().map(|log| (&log["webhook_type"], &log["order_id"])).collect();
    assert!(seen.contains(&(&json!(100), &json!(1))) && seen.contains(&(&json!(100), &json!(0))), "{list}");
}

#[test]
fn an_endpoint_has_one_format_and_the_events_that_this_tells() {
    let world = World::new();
    let ada = world.seller();
    let make = |changed: Value| {
        let mut fields = json!({"url": HOOK, "events": ["order:paid"]});
        for (name, value) in changed.as_object().unwrap() {
            fields[name] = value.clone();
        }
        ada.post("/webhooks/endpoints", fields)
    };
    let ours = make(json!({})).expect(201).json();
    let theirs = make(json!({"format": "shoppy"})).expect(201).json();
    assert_eq!((&ours["format"], &theirs["format"]), (&json!("pushguard"), &json!("shoppy")));
    assert_eq!(
        make(json!({"format": "pushguard", "url": "https://b.example/"})).expect(201).json()["format"],
        "pushguard"
    );
    assert_eq!(make(json!({"format": "xml"})).errors(), ["Format is not included in the list (pushguard, shoppy)"]);
    let of_shoppy = "order:paid, order:disputed, product:out_of_stock, product:stock_warning, feedback:created, query:created, query:replied";
    assert_eq!(
        make(json!({"format": "shoppy", "events": ["order:created"]})).errors(),
        [format!("Events are not included in the list ({of_shoppy})")]
    );
    assert!(
        make(json!({"events": ["order:disputed"]})).errors()[0]
            .starts_with("Events are not included in the list (order:created")
    );
    let put = |endpoint: &Value, body: Value| ada.put(&format!("/webhooks/endpoints/{}", id(endpoint)), body);
    assert_eq!(
        put(&theirs, json!({"events": ["order:disputed"]})).expect(200).json()["events"],
        json!(["order:disputed"])
    );
    assert_eq!(put(&theirs, json!({"format": "shoppy", "enabled": false})).expect(200).json()["enabled"], false);
    assert_eq!(
        put(&theirs, json!({"format": "pushguard"})).errors(),
        ["Format can't be changed: add another endpoint"]
    );
    assert_eq!(
        put(&theirs, json!({"events": ["order:created"]})).errors(),
        ["Events have some that are not told in the format shoppy"]
    );
    assert_eq!(
        put(&ours, json!({"events": ["order:disputed"]})).errors(),
        ["Events have some that are not told in the format pushguard"]
    );
    assert_eq!(put(&ours, json!({"events": ["order:created"]})).expect(200).json()["format"], "pushguard");
    ada.put("/webhooks/endpoints/1", json!({"events": ["order:created"]})).expect(404);
    let eve = world.seller_named("eve@example.com", true);
    eve.put(&format!("/webhooks/endpoints/{}", id(&theirs)), json!({"events": ["order:created"]})).expect(404);
}
