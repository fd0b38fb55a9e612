//! What a coin costs, and what happens when nobody says.

use futures_util::future::join_all;
use pushguard::{platform::FetchError, router};
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

/// An order in this currency → its price in the coin's units, who said so, and the rate.
fn quoted(world: &World, seller: &Seller<'_>, currency: &str) -> String {
    seller.white_label(json!({"currency": currency, "value": "1000"}));
    source(world)
}

fn refused(seller: &Seller<'_>, currency: &str) -> Vec<String> {
    seller.pay(json!({"white_label": true, "currency": currency})).errors()
}

fn no_rate(currency: &str) -> [String; 1] {
    [format!("Currency {currency} has no exchange rate for Bitcoin right now")]
}

#[test]
fn both_sources_are_asked_at_once_and_the_rate_lies_between_them() {
    let world = World::new();
    let grace = world.live_seller();
    world.coingecko(json!({"usd": 50_500.5, "eur": 40_000}));
    world.web.interleaves.set(true);
    assert_eq!(quote(&grace), 19_901, "rounded up to a satoshi");
    assert_eq!(source(&world), "coinbase+coingecko 50250.25");
    assert_eq!(world.web.most_waiting(), 3, "neither waits for the other, nor for the bank");
}

#[test]
fn one_source_alone_is_enough() {
    for (down, expected) in
        [("https://coinbase.example", "coingecko 40000.5"), ("https://coingecko.example", "coinbase 50000")]
    {
        let world = World::new();
        let grace = world.live_seller();
        world.coingecko(json!({"usd": 40_000.5, "eur": 35_000}));
        world.web.says(down, 500);
        assert_eq!(quoted(&world, &grace, "USD"), expected);
        assert!(world.log.text().contains("status 500"));
    }
}

#[test]
fn sources_that_are_more_than_three_percent_apart_are_both_not_believed() {
    for (coingecko, agree) in [("51500", true), ("51500.01", false), ("48544", true), ("48543", false), ("5", false)] {
        let world = World::new();
        let grace = world.live_seller();
        world
            .web
            .on("https://coingecko.example", move |_| answer(200, format!("{{\"bitcoin\":{{\"usd\":{coingecko}}}}}")));
        let reply = grace.pay(json!({"white_label": true}));
        assert_eq!(reply.status(), if agree { 201 } else { 503 }, "{coingecko}");
        let line = format!("coinbase says 50000 USD and coingecko {coingecko}");
        assert_eq!(world.log.text().contains(&line), !agree, "{}", world.log.text());
    }
}

#[test]
fn while_the_sources_disagree_the_last_good_rate_serves_for_its_time() {
    let world = World::new();
    let grace = world.live_seller();
    world.coingecko(json!({"usd": 50_000}));
    assert_eq!(quote(&grace), 20_000);
    world.coinbase(json!({"USD": "30000"}));
    world.live_through(14 * MINUTE);
    assert_eq!(quoted(&world, &grace, "USD"), "coinbase+coingecko 50000");
    world.live_through(2 * MINUTE);
    assert_eq!(grace.pay(json!({"white_label": true})).expect(503).header("retry-after"), Some("30"));
    world.coinbase(json!({"USD": "50000"}));
    world.live_through(MINUTE);
    assert_eq!(quote(&grace), 20_000);
}

#[test]
fn a_currency_in_which_the_two_disagree_is_left_out_and_no_other() {
    let world = World::new();
    let grace = world.live_seller();
    world.coinbase(json!({"USD": "50000", "EUR": "40000", "SEK": "500000", "NGN": "100"}));
    world.coingecko(json!({"usd": 50_000, "eur": 40_000, "sek": 400_000}));
    world.ecb("2023-11-14", &[("USD", "1.25"), ("SEK", "11.25")]);
    assert_eq!(quoted(&world, &grace, "EUR"), "coinbase+coingecko 40000");
    assert_eq!(refused(&grace, "SEK"), no_rate("SEK"));
    assert_eq!(quoted(&world, &grace, "NGN"), "coinbase 100");
}

#[test]
fn a_currency_that_not_both_sources_have_is_crossed_by_the_banks_rates() {
    let world = World::new();
    let grace = world.live_seller();
    world.coinbase(json!({"USD": "50000", "EUR": "40000.02", "CHF": "44000"}));
    world.coingecko(json!({"usd": 50_000, "eur": 40_000, "pln": 180_000}));
    world.ecb("2023-11-14", &[("USD", "1.2511"), ("CHF", "0.95"), ("PLN", "4.3321"), ("JPY", "162.89"), ("XXX", "1")]);
    for (currency, expected) in [
        ("CHF", "coinbase+coingecko+ecb 38000.0095"),
        ("PLN", "coinbase+coingecko+ecb 173284.043321"),
        ("JPY", "coinbase+coingecko+ecb 6515601.6289"),
        ("USD", "coinbase+coingecko 50000"),
        ("EUR", "coinbase+coingecko 40000.01"),
    ] {
        assert_eq!(quoted(&world, &grace, currency), expected);
    }
    assert_eq!(refused(&grace, "NGN"), no_rate("NGN"));
    // One source alone: what it has is taken, and the rest is crossed from its euros.
    world.web.says("https://coingecko.example", 500);
    world.advance(7 * MINUTE);
    assert_eq!(quoted(&world, &grace, "CHF"), "coinbase 44000");
    assert_eq!(quoted(&world, &grace, "PLN"), "coinbase+ecb 173284.086642");
    let order = grace.white_label(json!({"currency": "PLN", "value": "1732.85"}));
    assert_eq!((&order["crypto_value"], &order["usd_value"]), (&json!(1_000_006), &json!("500.0")));
}

#[test]
fn the_banks_rates_serve_for_seven_days_and_no_longer() {
    // The world begins on a Wednesday. Friday's file, a week later before and after 16:00 in summer.
    for (hours, good) in [(0, true), (6 * 24 + 14, true), (9 * 24 + 13, true), (9 * 24 + 14, false), (11 * 24, false)] {
        let world = World::new();
        let grace = world.live_seller();
        world.ecb("2023-11-17", &[("USD", "1.25"), ("CHF", "1")]);
        world.advance(hours * HOUR);
        if hours == 0 {
            assert_eq!(refused(&grace, "CHF"), no_rate("CHF"), "a file of a day that is yet to come");
            world.advance(3 * 24 * HOUR);
        }
        if good {
            assert_eq!(quoted(&world, &grace, "CHF"), "coinbase+ecb 40000", "after {hours} h");
        } else {
            assert_eq!(refused(&grace, "CHF"), no_rate("CHF"), "after {hours} h");
        }
        quote(&grace);
    }
}

#[test]
fn the_banks_holidays_stop_no_sale() {
    // The last file before each silence, and the day of the next one: Christmas, New Year, Easter, Christmas.
    for (last, next) in [
        ("2023-12-22", "2023-12-27"),
        ("2023-12-29", "2024-01-02"),
        ("2024-03-28", "2024-04-02"),
        ("2025-04-17", "2025-04-22"),
        ("2025-12-24", "2025-12-29"),
        ("2026-04-02", "2026-04-07"),
    ] {
        let world = World::new();
        let grace = world.live_seller();
        world.ecb(last, &[("USD", "1.25"), ("CHF", "1")]);
        let noon = pushguard::shop::time::parse(&format!("{next}T15:00:00Z")).expect("a time");
        world.advance(noon - world.now());
        assert_eq!(quoted(&world, &grace, "CHF"), "coinbase+ecb 40000", "{last} until {next}");
    }
}

#[test]
fn the_bank_is_asked_once_an_hour_and_its_last_file_is_kept() {
    let world = World::new();
    let grace = world.live_seller();
    world.ecb("2023-11-14", &[("USD", "1.25"), ("CHF", "1")]);
    quote(&grace);
    world.web.forget();
    world.queue.forget();
    world.live_through(3 * HOUR);
    let asked = world.web.sent_to("https://ecb.example").len();
    assert!((2..=3).contains(&asked), "{asked}");
    for body in ["garbage", "<gesmes:Envelope></gesmes:Envelope>"] {
        world.web.on("https://ecb.example", move |_| answer(200, body));
        world.live_through(2 * HOUR);
        assert_eq!(quoted(&world, &grace, "CHF"), "coinbase+ecb 40000");
    }
    world.ecb("2023-11-13", &[("USD", "1.25"), ("CHF", "2")]);
    world.live_through(2 * HOUR);
    assert_eq!(quoted(&world, &grace, "CHF"), "coinbase+ecb 40000", "an older file than the one that is known");
    world.ecb("2023-11-15", &[("USD", "1.25"), ("CHF", "2")]);
    world.live_through(2 * HOUR);
    assert_eq!(quoted(&world, &grace, "CHF"), "coinbase+ecb 80000");
    // Wednesday's, and nothing since.
    world.web.says("https://ecb.example", 500);
    world.advance(7 * 24 * HOUR + 3 * HOUR);
    world.cron();
    assert_eq!(refused(&grace, "CHF"), no_rate("CHF"));
    quote(&grace);
}

#[test]
fn a_bank_whose_euro_is_not_that_of_the_sources_is_not_believed() {
    for (rate, good) in [("1.2875", true), ("1.2876", false), ("125", false)] {
        let world = World::new();
        let grace = world.live_seller();
        world.ecb("2023-11-14", &[("USD", rate), ("CHF", "1")]);
        quote(&grace);
        assert_eq!(grace.pay(json!({"currency": "CHF", "white_label": true})).status() == 201, good, "{rate}");
        assert_eq!(world.log.text().contains("its euro is not that of the others"), !good);
    }
}

#[test]
fn when_nobody_answers_well_the_shop_sells_on_and_then_says_when_to_come_back_and_no_order_is_touched() {
    type Mood = fn(&World);
    let moods: [(&str, Mood); 5] = [
        ("down", |world| world.no_rates()),
        ("slow", |world| {
            for source in ["https://coinbase.example", "https://coingecko.example"] {
                world.web.on(source, |_| Err(FetchError::Timeout));
            }
        }),
        ("garbage", |world| {
            world.web.on("https://coinbase.example", |_| {
                answer(200, "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"1e99\"}}}")
            });
            world.web.on("https://coingecko.example", |_| answer(200, "\u{0}<html>"));
        }),
        ("endless", |world| {
            for source in ["https://coinbase.example", "https://coingecko.example"] {
                let body = format!("{{\"bitcoin\":{{\"usd\":1}}}}{}", " ".repeat(300 << 10));
                world.web.on(source, move |_| answer(200, body.clone()));
            }
        }),
        ("not of one mind", |world| {
            world.coinbase(json!({"USD": "50000"}));
            world.coingecko(json!({"usd": 40_000}));
        }),
    ];
    for (mood, change) in moods {
        let world = World::new();
        world.esploras();
        let grace = world.live_seller();
        quote(&grace);
        let link = grace.link(json!({}));
        change(&world);
        let known = world.db.query("SELECT id, status, crypto_value, crypto_rate FROM orders");
        world.live_through(14 * MINUTE);
        assert_eq!(quote(&grace), 20_000, "{mood}: the last good rate");
        world.live_through(2 * MINUTE);
        let before = world.db.query("SELECT COUNT(*), (SELECT next_index FROM wallets) FROM orders");
        let reply = grace.pay(json!({"white_label": true})).expect(503);
        assert_eq!(reply.header("retry-after"), Some("30"), "{mood}");
        let reply = world.buyer().post(&link.path, "").expect(503);
        assert_eq!(reply.header("retry-after"), Some("30"), "{mood}");
        world.live_through(30 * MINUTE);
        assert_eq!(world.db.query("SELECT COUNT(*), (SELECT next_index FROM wallets) FROM orders"), before, "{mood}");
        let now = world.db.query("SELECT id, status, crypto_value, crypto_rate FROM orders");
        assert_eq!(now[..known.len()], known, "{mood}: no order is marked");
        assert!(world.log.text().contains("rates.source_failed"), "{mood}: and the operator can know");
        world.coinbase(json!({"USD": "50000"}));
        world.coingecko(json!({"usd": 50_000}));
        world.live_through(MINUTE);
        world.buyer().post(&link.path, "").expect(303);
        let slow = world.web.sent().iter().map(|sent| sent.timeout).max();
        assert!(slow <= Some(15_000), "nobody is waited for longer");
    }
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
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"5e4\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"99999999999999999999\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"50000\",\"USD\":\"50000\"}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":null}}}",
        "{\"data\":{\"currency\":\"BTC\",\"rates\":[\"USD\"]}}",
    ];
    for body in bodies {
        let world = World::new();
        let grace = world.live_seller();
        world.web.on("https://coinbase.example", move |_| answer(200, body));
        world.coingecko(json!({"usd": 40_000}));
        assert_eq!(quote(&grace), 25_000, "{body}");
        let large =
            "{\"data\":{\"currency\":\"BTC\",\"rates\":{\"USD\":\"50000\"}}}".to_owned() + &" ".repeat(300 << 10);
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
    world.coinbase(json!({"USD": "64231.1"}));
    world.advance(HOUR);
    quote(&grace);
    assert_eq!(source(&world), "coinbase+coingecko 64231.111728394506", "the mean to 17 figures");
}

#[test]
fn a_rate_serves_six_minutes_and_in_need_fifteen_and_never_longer() {
    let world = World::new();
    let grace = world.live_seller();
    assert_eq!(quote(&grace), 20_000);
    world.coinbase(json!({"USD": "40000"}));
    world.advance(6 * MINUTE);
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
    world.web.on("https://coinbase.example", |_| Err(FetchError::Timeout));
    let link = grace.link(json!({}));
    grace.pay(json!({"white_label": true})).expect(503);
    world.buyer().post(&link.path, "").expect(503);
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0");
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn a_currency_that_the_source_does_not_know_is_said_to_be_so_with_a_link_and_without() {
    let world = World::new();
    let grace = world.live_seller();
    quote(&grace);
    for currency in ["CHF", "AFN", "KWD", "JPY"] {
        for white_label in [true, false] {
            let reply = grace.pay(json!({"white_label": white_label, "currency": currency}));
            assert_eq!(reply.errors(), no_rate(currency));
        }
    }
    assert_eq!(world.db.rows_in("payments"), 0);
}

#[test]
fn a_link_whose_currency_has_lost_its_rate_says_so_on_its_page() {
    let world = World::new();
    let grace = world.live_seller();
    let link = grace.link(json!({"currency": "EUR"}));
    world.coinbase(json!({"USD": "50000"}));
    world.advance(HOUR);
    let page = world.buyer().post(&link.path, "").expect(403).text();
    assert!(page.contains("There is no exchange rate for this currency right now"), "{page}");
    world.coinbase(json!({"USD": "50000", "EUR": "40000"}));
    world.advance(HOUR);
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "1");
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
    assert!((11..=12).contains(&asked), "{asked}: not more than 288 a day, for each of which KV is written");
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
    assert_eq!(counts.fetches, 3);
}

#[test]
fn fifty_links_started_at_once_get_fifty_different_addresses() {
    let world = World::new();
    let grace = world.live_seller();
    quote(&grace);
    let links: Vec<Link> = (0..50).map(|_| grace.link(json!({}))).collect();
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);
    let starts = links.iter().map(|link| router::answer(&world.app, world.buyer().ask("POST", &link.path).request));
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
    let starts = (0..30).map(|_| router::answer(&world.app, world.buyer().ask("POST", &link.path).request));
    let replies = block_on(join_all(starts));
    assert!(replies.iter().all(|reply| reply.status == 303 && reply.header("location") == Some(&link.order())));
    world.db.interleaves.set(false);
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("webhook_logs")), (1, 1));
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "1", "no address was used up for nothing");
    ada.simulate(&link.order_id, "exact", 1);
    assert_eq!(ada.status(&link.order_id), 100);
}
