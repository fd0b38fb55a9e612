//! How many orders may wait for coins: strangers make them, and each takes an address, or an amount of the one address.

use serde_json::json;

use crate::{
    gateway::ethereum::payment::Scene,
    world::{DAY, HOUR, MINUTE, World},
};

#[test]
fn no_more_orders_wait_for_coins_than_the_operator_allows() {
    let world = World::with(&[("MAX_OPEN_ORDERS", "3")]);
    let ada = world.seller();
    let one = || ada.pay(json!({"white_label": true}));
    let orders: Vec<String> = (0..3).map(|_| one().expect(201).json()["id"].as_str().unwrap().to_owned()).collect();
    let refused = one().expect(503);
    assert_eq!(refused.message(), "Too many orders wait for their payment right now");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(world.log.last("gateway.too_many_open_orders")["gateway"], "bitcoin");
    let link = ada.link(json!({}));
    let page = world.buyer().post(&link.path, "");
    assert_eq!((page.status(), page.header("retry-after")), (503, Some("60")));
    assert!(page.text().contains("One moment, please"), "{}", page.text());
    assert_eq!(world.db.one("SELECT next_index FROM wallets WHERE gateway = 'bitcoin'"), "3", "no address is used up");
    // One is paid, and another one may come.
    ada.simulate(&orders[0], "exact", 1);
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(one().status(), 503);
    world.advance(2 * HOUR);
    one().expect(201);
}

#[test]
fn orders_of_one_address_never_share_an_amount_tag_while_both_may_be_paid() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let tag = |link: &crate::actors::Link| scene.value(link) % 10_000;
    let first = scene.order();
    assert_eq!(tag(&first), 1);
    // As after 9,999 orders.
    world.db.change("UPDATE wallets SET next_index = 9999");
    let second = scene.order();
    assert_eq!(tag(&second), 2, "the first order has 1");
    world.db.change("UPDATE wallets SET next_index = 19998");
    assert_eq!(tag(&scene.order()), 3);
    // Nobody pays: a week later the tags are free again.
    world.advance(7 * DAY + HOUR);
    world.live_through(10 * MINUTE);
    world.db.change("UPDATE wallets SET next_index = 29997");
    assert_eq!(tag(&scene.order()), 1);
    assert_eq!(scene.grace.order(&first.order_id)["status"], 0);
}

#[test]
fn with_all_tags_in_use_buyers_are_asked_to_come_back() {
    let world = World::with(&[("MAX_OPEN_ORDERS", "20000")]);
    let scene = Scene::with_address(&world);
    scene.order();
    let columns = "account_id, payment_id, product_id, product_title, value, currency, quantity, gateway, confirmations_needed, status,
        crypto_value, crypto_address, crypto_rate, rate_source, rate_at, quote_expires_at, test, created_at, updated_at, crypto_cursor";
    world.db.change(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
         INSERT INTO orders (seq, id, revision, crypto_index, {columns})
         SELECT i + 1, printf('%08x-0000-4000-8000-000000000000', i), 1, i, {columns} FROM orders CROSS JOIN n WHERE seq = 1"
    ));
    let link = scene.grace.link(json!({"gateway": "Ethereum"}));
    let page = world.buyer().post(&link.path, "");
    assert_eq!(page.status(), 503, "{}", page.text());
    world.db.change("UPDATE orders SET crypto_index = NULL WHERE crypto_index = 4321");
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(scene.value(&link) % 10_000, 4_322);
}
