//! Payments: what is asked for, the page on which a buyer chooses, and their end.

use serde_json::{Value, json};

use super::{example, refused};
use crate::{
    actors::{ORIGIN, Reply, Seller, ZPUB},
    gateway::paypal::scene::SELLER,
    world::{DAY, Landed, World},
};

/// What the page of a link offers, by the gateways' slugs.
fn ways(page: &Reply) -> Vec<String> {
    let text = page.text();
    let inputs = text.split("<input type=\"radio\"").skip(1);
    inputs.map(|rest| rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()).collect()
}

fn asks(seller: &Seller<'_>, changed: Value) -> Reply {
    seller.curls("/pay", &example(changed))
}

#[test]
fn the_buyer_chooses_among_the_gateways_that_the_seller_has_set_up() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.shoppy_link(json!({}));
    // As it was handed out: one part, which begins with the payment's id.
    let handed_out = format!("/pay/{}.{}", link.id, link.token);
    let page = world.buyer().get(&handed_out).expect(200);
    assert_eq!(ways(&page), ["bitcoin", "litecoin", "ethereum"], "a test account's are simulated");
    assert!(page.text().contains("Shoppy Pay Example") && page.text().contains("9.99 USD"), "{}", page.text());
    assert_eq!(page.text(), world.buyer().get(&link.path).expect(200).text(), "both addresses are one page");
    ada.put("/account", json!({"gateways": {"paypal": {"email": SELLER}}})).expect(200);
    let more = ada.shoppy_link(json!({}));
    assert_eq!(ways(&world.buyer().get(&more.path)), ["bitcoin", "litecoin", "ethereum", "paypal"]);
    assert_eq!(ways(&world.buyer().get(&link.path)), ["bitcoin", "litecoin", "ethereum"], "as it was made");
    let started = world.buyer().post(&handed_out, "gateway=litecoin").expect(303);
    assert_eq!(started.header("location"), Some(link.order().as_str()));
    let order = ada.shows(&format!("/orders/{}", link.order_id));
    assert_eq!(
        (&order["payment_gateway"], &order["product_id"], &order["pay_id"], &order["original_price"]),
        (&json!("LTC"), &Value::Null, &json!(link.id), &json!(9.99))
    );
    assert_eq!((&order["delivered"], &order["custom_fields"]), (&json!(0), &json!([])));
    ada.simulate(&link.order_id, "exact", 6);
    let order = ada.shows(&format!("/orders/{}", link.order_id));
    assert_eq!(order["delivered"], 1, "what comes of a payment is its webhook");
    let receipt = world.buyer().get(&link.order()).expect(200).text();
    assert!(!receipt.contains("https://requestb.in"), "{receipt}");
}

#[test]
fn of_one_gateway_nobody_chooses_and_without_any_nothing_is_made() {
    let world = World::new();
    let grace = world.live_seller();
    let link = grace.shoppy_link(json!({}));
    assert_eq!(ways(&world.buyer().get(&link.path)), Vec::<String>::new());
    world.buyer().start(&link);
    assert_eq!(grace.shows(&format!("/orders/{}", link.order_id))["payment_gateway"], "BTC");
    let alan = world.seller_named("alan@example.com", false);
    assert_eq!(refused(asks(&alan, json!({})), 400), "Gateway is not configured");
    assert_eq!(world.db.rows_in("payments"), 1);
}

#[test]
fn a_gateway_that_takes_no_such_price_is_not_offered() {
    let world = World::new();
    world.coinbase(json!({"USD": "50000", "KWD": "15000"}));
    let grace = world.seller_named("grace@example.com", false);
    let key = ["sk_", "live_51HxxAbCdEfGhIjKlMnOpQrS"].concat();
    let stripe = json!({"secret_key": key, "webhook_secret": "whsec_Zm9vYmFyYmF6cXV4cXV1eA"});
    grace.put("/account", json!({"gateways": {"bitcoin": {"xpub": ZPUB}, "stripe": stripe}})).expect(200);
    let offers = |value: Value| {
        let link = grace.shoppy_link(json!({"value": value}));
        ways(&world.buyer().get(&link.path))
    };
    assert_eq!(offers(json!(10)), ["bitcoin", "stripe"]);
    assert_eq!(offers(json!(0.49)), Vec::<String>::new(), "Stripe takes fifty cents and more: bitcoin alone is left");
    grace.put("/account", json!({"gateways": {"bitcoin": null}})).expect(200);
    let said = refused(asks(&grace, json!({"value": 0.49})), 400);
    assert!(said.starts_with("Value is too small for Stripe"), "{said}");
}

#[test]
fn numbers_are_read_digit_by_digit_and_answered_as_numbers() {
    let world = World::new();
    let ada = world.seller();
    for (sent, shown) in [
        ("9.99", "9.99"),
        ("\"9.99\"", "9.99"),
        ("10", "10"),
        ("1e1", "10"),
        ("0.10", "0.1"),
        ("1234567.89", "1234567.89"),
        ("0.1000000000000000055511151231257827", "0.1"),
        ("999999998.99", "999999998.99"),
    ] {
        let body = format!(r#"{{"title":"A","value":{sent}}}"#);
        let made = ada.shoppy("POST", "/pay").body(body).send().expect(200).json();
        let name = made["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let (id, token) = name.split_once('.').unwrap();
        world.buyer().post(&format!("/pay/{id}/{token}"), "gateway=litecoin&email=bob%40example.com").expect(303);
        let order = ada.shoppy("GET", "/orders").send().expect(200).text();
        assert!(order.contains(&format!("\"original_price\":{shown},")), "{sent}: {order}");
    }
}

#[test]
fn each_field_that_is_wrong_is_named_with_its_reason() {
    let world = World::new();
    let ada = world.seller();
    let said = |changed: Value| refused(asks(&ada, changed), 400);
    assert_eq!(refused(ada.curls("/pay", &json!({})), 400), "Title can't be blank. Value can't be blank");
    for (value, why) in [
        (json!(0), "must be greater than 0"),
        (json!(-1), "must be greater than 0"),
        (json!(0.001), "must be greater than 0"),
        (json!("ten"), "is not a number"),
        (json!([1]), "is not a number"),
        (json!({"a": 1}), "is not a number"),
        (json!(true), "is not a number"),
        (json!(1_000_000_000), "must be less than or equal to 999999999"),
        (json!("1e99"), "is out of range"),
    ] {
        assert_eq!(said(json!({"value": value})), format!("Value {why}"), "{value}");
    }
    assert_eq!(said(json!({"title": "x".repeat(256)})), "Title is too long (maximum is 255 characters)");
    assert_eq!(
        said(json!({"title": "a\u{202e}b"})),
        "Title has characters that turn the direction of writing (U+202E)"
    );
    assert_eq!(said(json!({"webhook_url": "http://a.example/"})), "Webhook url must be an HTTPS URL");
    assert_eq!(said(json!({"webhook_url": "https://127.0.0.1/"})), "Webhook url must not point to a private network");
    assert_eq!(said(json!({"email": "nobody"})), "Email is not a valid email address");
    assert_eq!(world.db.rows_in("payments"), 0);
}

#[test]
fn without_an_email_the_page_asks_for_it_and_nobody_is_sent_anywhere() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.shoppy_link(json!({"email": null, "webhook_url": null}));
    assert!(world.buyer().get(&link.path).text().contains("id=\"email\""));
    world.buyer().post(&link.path, "gateway=bitcoin").expect(422);
    world.buyer().post(&link.path, "gateway=bitcoin&email=bob%40example.com").expect(303);
    assert_eq!(ada.shows(&format!("/orders/{}", link.order_id))["email"], "bob@example.com");
    ada.simulate(&link.order_id, "exact", 1);
    let page = world.buyer().get(&link.order()).expect(200).text();
    assert!(!page.contains("href=\"\""), "{page}");
    assert_eq!(ada.order(&link.order_id)["status"], 100);
}

#[test]
fn a_payment_is_made_in_two_round_trips() {
    let world = World::new();
    let ada = world.seller();
    ada.shows("/orders");
    assert_eq!(world.trips(|| asks(&ada, json!({})).expect(200)), 2);
}

#[test]
fn the_same_key_makes_one_payment() {
    let world = World::new();
    let ada = world.seller();
    let send = |body: &Value| ada.shoppy("POST", "/pay").header("idempotency-key", "k").json(body).send();
    let first = send(&example(json!({}))).expect(200);
    let again = send(&example(json!({}))).expect(200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!(refused(send(&example(json!({"value": 1}))), 400), "This Idempotency-Key was used for another request");
    world.db.change("UPDATE idempotency SET status = NULL, body = NULL");
    let running = send(&example(json!({})));
    assert_eq!(running.header("retry-after"), Some("1"));
    assert_eq!(refused(running, 503), "A request with this Idempotency-Key is still running");
    assert_eq!(world.db.rows_in("payments"), 1);
    let long = ada.shoppy("POST", "/pay").header("idempotency-key", "k".repeat(256)).json(&example(json!({}))).send();
    assert_eq!(refused(long, 400), "Idempotency key is too long (maximum is 255 characters)");
}

#[test]
fn a_payment_is_deleted_by_its_id_or_by_its_name_under_pay_or_not() {
    let world = World::new();
    let ada = world.seller();
    for (n, path) in ["/pay/{id}", "/pay/{name}", "/pay/{name}/", "/{name}/", "/{id}", "//{name}//"].iter().enumerate()
    {
        let link = ada.shoppy_link(json!({"title": format!("{n}")}));
        let path = path.replace("{id}", &link.id).replace("{name}", &format!("{}.{}", link.id, link.token));
        let deleted = ada.shoppy("DELETE", &path).send().expect(200);
        assert_eq!(deleted.text(), r#"{"status":true}"#, "{path}");
        world.buyer().get(&link.path).expect(410);
        assert_eq!(refused(ada.shoppy("DELETE", &path).send(), 404), "The specified resource could not be found");
    }
}

#[test]
fn a_payment_with_money_in_it_stays() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.shoppy_link(json!({}));
    world.buyer().chooses(&link, "bitcoin");
    ada.simulate(&link.order_id, "exact", 1);
    let said = refused(ada.shoppy("DELETE", &format!("/pay/{}", link.id)).send(), 400);
    assert_eq!(said, "Payment has an order with money in it, which can't be deleted");
}

#[test]
fn what_names_no_payment_deletes_none() {
    let world = World::new();
    let ada = world.seller();
    ada.shoppy_link(json!({}));
    let before = world.db.dump();
    for name in ["1", "x", ".", "..", "%2e%2e", "%00", "'", &"9".repeat(40), &"f".repeat(5_000), "joxj0m9rF9eLRcM0uXCX"]
    {
        refused(ada.shoppy("DELETE", &format!("/pay/{name}")).send(), 404);
        refused(ada.shoppy("DELETE", &format!("/{name}/")).send(), 404);
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_link_runs_out_as_any_other() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.shoppy_link(json!({}));
    world.advance(31 * DAY);
    let page = world.buyer().post(&link.path, "gateway=bitcoin");
    assert_eq!(page.status(), 410, "{}", page.text());
}

#[test]
fn a_fault_is_a_plain_500_with_the_requests_id() {
    let world = World::new();
    let ada = world.seller();
    ada.shows("/orders");
    world.db.break_commit(1, Landed::No);
    let reply = asks(&ada, json!({}));
    assert!(reply.header("x-request-id").is_some());
    assert_eq!(refused(reply, 500), "Something went wrong on our side. Try again later.");
    world.db.mend();
    assert!(asks(&ada, json!({})).expect(200).text().contains(ORIGIN));
}
