//! Money that comes after its price ran out, in parts, or not to stay: what it is worth, and what is owed then.

use serde_json::{Value, json};

use crate::{
    order::sync_schedule::scene,
    world::{MINUTE, Mood, World},
};

fn amount(order: &Value, name: &str) -> i64 {
    order[name].as_i64().unwrap()
}

#[test]
fn money_that_comes_late_is_worth_what_it_is_worth_then() {
    for (price, status, value) in [("50000", 100, 20_000), ("40000", 53, 25_000), ("62500", 100, 16_000)] {
        let world = World::new();
        let [one, two] = world.esploras();
        let (grace, link, address) = scene(&world);
        world.live_through(25 * MINUTE);
        world.coinbase(json!({"USD": price}));
        world.live_through(10 * MINUTE);
        for server in [&one, &two] {
            server.sees(1, &address, 20_000);
            server.mines(1);
        }
        world.live_through(2 * MINUTE);
        let order = grace.order(&link.order_id);
        assert_eq!((amount(&order, "status"), amount(&order, "crypto_value")), (status, value), "at {price}");
    }
}

#[test]
fn money_that_comes_late_waits_for_a_rate() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    world.live_through(25 * MINUTE);
    world.no_rates();
    world.advance(20 * MINUTE);
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.live_through(5 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 0, "without a rate nothing is decided");
    world.coinbase(json!({"USD": "50000"}));
    world.live_through(5 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 100, "and nothing is lost");
}

#[test]
fn money_that_came_in_time_and_is_seen_late_counts_at_its_price() {
    // Both servers were down; which block it is in says when it came.
    for (ago, status) in [(25 * MINUTE, 100), (10 * MINUTE, 53)] {
        let world = World::new();
        let [one, two] = world.esploras();
        let (grace, link, address) = scene(&world);
        world.live_through(5 * MINUTE);
        for server in [&one, &two] {
            server.is(Mood::Says(500, Vec::new()));
        }
        world.live_through(30 * MINUTE);
        world.coinbase(json!({"USD": "40000"}));
        world.advance(7 * MINUTE);
        for server in [&one, &two] {
            server.is(Mood::Well);
            let txid = server.sees(1, &address, 20_000);
            server.mines(1);
            // The price ran out 22 minutes ago.
            server.ages(&txid, ago);
        }
        world.live_through(5 * MINUTE);
        assert_eq!(grace.status(&link.order_id), status, "{} minutes ago", ago / MINUTE);
    }
}

#[test]
fn a_second_new_price_asks_for_the_same_money_as_the_first() {
    // Half is paid: five dollars are open, and stay five dollars however often a new price is asked for.
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    for server in [&one, &two] {
        server.sees(1, &address, 10_000);
        server.mines(1);
    }
    world.live_through(MINUTE);
    world.coinbase(json!({"USD": "100000"}));
    let mut asked = Vec::new();
    for _ in 0..4 {
        world.live_through(21 * MINUTE);
        world.buyer().post(&link.order(), "").expect(303);
        let order = grace.order(&link.order_id);
        assert_eq!(amount(&order, "status"), 53);
        asked.push(amount(&order, "crypto_value") - amount(&order, "crypto_received"));
    }
    assert_eq!(asked, [5_000; 4], "five dollars at 100,000 a coin");
}

#[test]
fn a_fee_that_was_bumped_after_the_price_ran_out_is_not_late_money() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    let servers = [&one, &two];
    let first = servers.map(|server| server.sees(1, &address, 20_000))[0].clone();
    world.live_through(MINUTE);
    assert_eq!(grace.status(&link.order_id), 54);
    world.coinbase(json!({"USD": "25000"}));
    world.live_through(30 * MINUTE);
    for server in servers {
        server.loses(&first);
        server.sees(2, &address, 20_000);
        server.mines(1);
    }
    world.live_through(5 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 100, "he paid in time");
    assert!(!world.buyer().get(&link.order()).text().contains("after the price had expired"));
}

#[test]
fn money_that_vanishes_is_owed_again_at_the_price_that_holds() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    let first = [&one, &two].map(|server| server.sees(1, &address, 10_000))[0].clone();
    world.live_through(MINUTE);
    world.coinbase(json!({"USD": "25000"}));
    world.live_through(21 * MINUTE);
    world.buyer().post(&link.order(), "").expect(303);
    let order = grace.order(&link.order_id);
    assert_eq!((amount(&order, "status"), amount(&order, "crypto_value")), (53, 30_000), "five dollars were covered");
    one.loses(&first);
    two.loses(&first);
    world.live_through(MINUTE);
    let order = grace.order(&link.order_id);
    assert_eq!((amount(&order, "status"), amount(&order, "crypto_value")), (0, 40_000), "and are not any more");
}
