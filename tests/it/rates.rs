//! What a coin costs, and what happens when nobody says.

use futures_util::future::join_all;
use pushguard::{door, world::WebFault};
use serde_json::json;

use crate::{
    actors::{Link, Seller},
    world::{HOUR, MINUTE, World, answer, block_on},
};

fn quote(seller: &Seller<'_>) -> i64 {
    seller.white_label(json!({}))["crypto_value"].as_i64().unwrap()
}

fn source(world: &World) -> String {
    world.db.one("SELECT rate_source || ' ' || crypto_rate FROM orders ORDER BY seq DESC LIMIT 1")
}

#[test]
fn coinbase_is_asked_first_and_coingecko_when_it_fails() {
    let world = World::new();
    let grace = world.live_seller();
    world.coingecko(json!({"usd": 40_000.5, "eur": 35_000}));
    assert_eq!(quote(&grace), 20_000);
    assert_eq!(source(&world), "coinbase 50000");
    assert!(world.web.sent_to("https://coingecko.example").is_empty());
    world.web.says("https://coinbase.example", 500);
    world.advance(6 * MINUTE);
    assert_eq!(quote(&grace), 25_000, "rounded up to a satoshi");
    assert_eq!(source(&world), "coingecko 40000.5");
}

#[test]
fn an_answer_that_makes_no_sense_is_no_rate() {
    let bodies = [
        "",
        "<html>",
        "[]",
        "{\"data\":{}}",
        "{\"data\":{\"currency\":\"LTC\",\"rates\":{\"USD\":\"80\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"EUR\":\"40000\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"0\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"-50000\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"NaN\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"1e400\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":null}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":[\"USD\"]}}",
    ];
    for body in bodies {
        let world = World::new();
        let grace = world.live_seller();
        world.web.on("https://coinbase.example", move |_| answer(200, body));
        world.coingecko(json!({"usd": 40_000}));
        assert_eq!(quote(&grace), 25_000, "{body}");
        let large = " ".repeat(300 << 10);
        world.web.on("https://coinbase.example", move |_| answer(200, large.clone()));
        world.advance(HOUR);
        assert_eq!(quote(&grace), 25_000);
    }
}

#[test]
fn a_rate_is_read_digit_for_digit() {
    let world = World::new();
    let grace = world.live_seller();
    world.coinbase(json!({"USD": "64231.515"}));
    let order = grace.white_label(json!({"value": "19.99"}));
    assert_eq!(order["crypto_value"], 31_122);
    world.advance(HOUR);
    world.web.says("https://coinbase.example", 500);
    world.web.on("https://coingecko.example", |_| answer(200, "{\"bitcoin\":{\"usd\":64231.123456789012345}}"));
    quote(&grace);
    assert_eq!(source(&world), "coingecko 64231.123456789012345");
}

#[test]
fn a_rate_serves_five_minutes_and_in_need_fifteen_and_never_longer() {
    let world = World::new();
    let grace = world.live_seller();
    assert_eq!(quote(&grace), 20_000);
    world.coinbase(json!({"USD": "40000"}));
    world.advance(5 * MINUTE);
    assert_eq!(quote(&grace), 20_000, "fresh enough");
    world.advance(1);
    assert_eq!(quote(&grace), 25_000, "asked again");
    world.no_rates();
    world.advance(15 * MINUTE);
    assert_eq!(quote(&grace), 25_000, "old, and better than none");
    world.advance(1);
    let before = world.db.dump();
    for _ in 0..3 {
        let reply = grace.pay(json!({"white_label": true})).expect(503);
        assert_eq!(reply.header("retry-after"), Some("30"));
        assert_eq!(reply.message(), "No exchange rate is available right now");
    }
    assert_eq!(world.db.dump(), before, "no row, and no address used up");
    grace.link(json!({}));
    world.coinbase(json!({"USD": "50000"}));
    assert_eq!(quote(&grace), 20_000);
}

#[test]
fn a_deployment_without_any_rate_makes_links_but_no_orders() {
    let world = World::new();
    let grace = world.live_seller();
    world.web.on("https://coinbase.example", |_| Err(WebFault::Timeout));
    let link = grace.link(json!({}));
    grace.pay(json!({"white_label": true})).expect(503);
    world.buyer().post(&link.path, "").expect(503);
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0");
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn a_currency_that_the_source_does_not_know_is_said_to_be_so() {
    let world = World::new();
    let grace = world.live_seller();
    let reply = grace.pay(json!({"white_label": true, "currency": "CHF"}));
    assert_eq!(reply.errors(), ["Value can't be expressed in this currency and gateway"]);
}

#[test]
fn cron_keeps_rates_fresh_where_they_are_needed_and_asks_nobody_where_they_are_not() {
    let world = World::new();
    let grace = world.live_seller();
    world.live_through(HOUR);
    assert!(world.web.sent().is_empty(), "nobody ever quoted here");
    quote(&grace);
    world.queue.forget();
    world.web.forget();
    world.live_through(HOUR);
    let asked = world.web.sent_to("https://coinbase.example").len();
    assert!((12..=20).contains(&asked), "{asked}");
    world.web.forget();
    let (counts, _) = world.count(|| quote(&grace));
    assert_eq!(counts.fetches, 0, "no buyer waits for it");
}

#[test]
fn a_cache_that_fails_only_costs_a_question() {
    let world = World::new();
    let grace = world.live_seller();
    world.cache.broken.set(true);
    assert_eq!(quote(&grace), 20_000);
    let (counts, _) = world.count(|| quote(&grace));
    assert_eq!(counts.fetches, 1);
}

#[test]
fn fifty_links_started_at_once_get_fifty_different_addresses() {
    let world = World::new();
    let grace = world.live_seller();
    quote(&grace);
    let links: Vec<Link> = (0..50).map(|_| grace.link(json!({}))).collect();
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);
    let starts = links.iter().map(|link| door::answer(&world.shop, world.buyer().ask("POST", &link.path).request));
    let replies = block_on(join_all(starts));
    assert!(replies.iter().all(|reply| reply.status == 303));
    world.db.interleaves.set(false);
    let addresses = world.db.one("SELECT COUNT(DISTINCT crypto_address) FROM orders");
    let indexes = world.db.one("SELECT COUNT(DISTINCT crypto_index) || ' ' || MAX(crypto_index) FROM orders");
    assert_eq!((addresses.as_str(), indexes.as_str()), ("51", "51 50"), "one index to an order, none left out");
    let seqs = world.db.one("SELECT COUNT(DISTINCT seq) || ' ' || MAX(seq) FROM orders");
    assert_eq!(seqs, "51 51");
}

#[test]
fn one_link_started_by_thirty_at_once_becomes_one_order() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    let link = ada.link(json!({}));
    world.db.interleaves.set(true);
    let starts = (0..30).map(|_| door::answer(&world.shop, world.buyer().ask("POST", &link.path).request));
    let replies = block_on(join_all(starts));
    assert!(replies.iter().all(|reply| reply.status == 303 && reply.header("location") == Some(&link.order())));
    world.db.interleaves.set(false);
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("webhook_logs")), (1, 1));
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "1", "no address was used up for nothing");
    ada.simulate(&link.order_id, "exact", 1);
    assert_eq!(ada.status(&link.order_id), 100);
}
