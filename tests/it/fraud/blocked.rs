//! Attempts that were refused: what the seller reads of them, and what the buyer sees.

use serde_json::json;

use super::{begin, block, newest, rule, shop};
use crate::{
    purchase,
    world::{DAY, World},
};

#[test]
fn a_refused_attempt_is_kept_with_everything_that_was_looked_at() {
    let world = World::new();
    let (ada, product) = shop(&world);
    rule(&ada, "allow", "order.value > 1000");
    let entry = block(&ada, 1, "bob@example.com");
    begin(&world, &ada, &product, "storefront").expect(403);
    let blocked = newest(&ada);
    for (name, value) in [
        ("payment_id", json!(null)),
        ("product_id", json!(product)),
        ("product_title", json!("Key")),
        ("email", json!("bob@example.com")),
        ("ip_address", json!("203.0.113.7")),
        ("country_code", json!("SE")),
        ("user_agent", json!("Lynx/2.9")),
        ("value", json!("10.0")),
        ("currency", json!("USD")),
        ("quantity", json!(1)),
        ("gateway", json!("Bitcoin")),
    ] {
        assert_eq!(blocked[name], value, "{name}");
    }
    let risk = &blocked["risk"];
    assert_eq!(risk["outcome"], "blocked");
    assert_eq!(risk["rules"][0]["matched"], false);
    assert_eq!(risk["entries"], json!([{"id": entry["id"], "blacklist_type": 1, "blocked_data": "bob@example.com"}]));
    assert_eq!(risk["signals"].as_array().unwrap().len(), 12);
    assert_eq!(risk["facts"]["customer"]["email_domain"], "example.com");
    assert_eq!(risk["facts"]["order"]["value"], "10");
    let one = ada.get(&format!("/blocked/{}", blocked["id"].as_str().unwrap())).expect(200).json();
    assert_eq!(one, blocked);
}

#[test]
fn the_buyer_sees_one_neutral_sentence_and_the_number() {
    let world = World::new();
    let (ada, product) = shop(&world);
    block(&ada, 1, "bob@example.com");
    for way in ["storefront", "link"] {
        let page = begin(&world, &ada, &product, way).expect(403).text();
        let number = newest(&ada)["id"].as_str().unwrap().to_owned();
        assert!(
            page.contains("This order can't be accepted") || page.contains("This order can&#39;t be accepted"),
            "{page}"
        );
        assert!(page.contains(&number), "{way}: {page}");
        for word in ["blacklist", "blocked", "fraud", "risk", "rule"] {
            assert!(!page.to_lowercase().contains(&format!(" {word}")), "{way} says {word}");
        }
    }
}

#[test]
fn refusals_are_told_to_who_subscribes_to_them() {
    let world = World::new();
    let (ada, product) = shop(&world);
    ada.endpoint("https://hooks.example/", &["order:blocked", "order:created"]);
    block(&ada, 1, "bob@example.com");
    begin(&world, &ada, &product, "link").expect(403);
    let logs = ada.logs();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0]["event"], "order:blocked");
    assert_eq!(logs[0]["payload"], newest(&ada));
    assert_ne!(newest(&ada)["payment_id"], json!(null));
}

#[test]
fn refused_attempts_take_no_goods_and_no_address_and_go_after_90_days() {
    let world = World::new();
    let ada = crate::storefront::shop(&world);
    let keys = purchase::keys(&ada, "A,B");
    let entry = block(&ada, 1, "bob@example.com");
    for way in ["storefront", "white-label", "storefront"] {
        begin(&world, &ada, &keys, way).expect(403);
        world.advance(1);
    }
    assert_eq!(purchase::stock(&ada, &keys), 2);
    ada.delete(&format!("/blacklist/{}", entry["id"].as_str().unwrap())).expect(204);
    begin(&world, &ada, &keys, "white-label").expect(201);
    assert_eq!(world.db.one("SELECT next_index FROM wallets WHERE gateway = 'bitcoin'"), "1", "addresses came back");
    let total = || ada.get("/blocked").expect(200).header("x-total-count").unwrap().to_owned();
    assert_eq!(total(), "3");
    world.advance(60 * DAY);
    block(&ada, 1, "bob@example.com");
    begin(&world, &ada, &keys, "white-label").expect(403);
    world.advance(30 * DAY);
    world.cron();
    assert_eq!(total(), "1");
    world.advance(61 * DAY);
    world.cron();
    assert_eq!(total(), "0");
    begin(&world, &ada, &keys, "white-label").expect(403);
    assert_eq!(total(), "1");
}

#[test]
fn a_refusal_lets_the_idempotency_key_go() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let entry = block(&ada, 1, "bob@example.com");
    let fields = json!({"product_id": product, "gateway": "Bitcoin", "white_label": true, "email": "bob@example.com"});
    let ask = || ada.ask("POST", "/pay").header("idempotency-key", "one").json(&fields).send();
    ask().expect(403);
    ada.delete(&format!("/blacklist/{}", entry["id"].as_str().unwrap())).expect(204);
    ask().expect(201);
    ask().expect(201);
    assert_eq!(world.db.rows_in("orders"), 1);
}
