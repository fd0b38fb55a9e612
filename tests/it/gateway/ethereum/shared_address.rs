//! Ether to one address for all orders, which differ in their amounts: blocks are read for it.

use pushguard::platform::FetchError;
use serde_json::json;

use crate::{
    gateway::ethereum::payment::{SECOND_ADDRESS, SINGLE, Scene},
    world::{DAY, HOUR, MINUTE, Mood, SECOND, WEI, World, answer},
};

#[test]
fn orders_of_one_address_differ_in_their_amounts_and_each_is_paid_by_its_own() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let links = [scene.order(), scene.order(), scene.order()];
    let values = links.each_ref().map(|link| scene.value(link));
    assert_eq!(values, [500_001, 500_002, 500_003], "the least that ends in their own four digits");
    for link in &links {
        assert_eq!(scene.grace.order(&link.order_id)["crypto_address"], SINGLE);
    }
    let page = scene.page(&links[1]);
    assert!(page.contains("it is how your payment is recognised") && page.contains("0.00500002"), "{page}");
    assert!(page.contains(&format!("ethereum:{SINGLE}@1?value=5000020000000000")));
    scene.then(|node| {
        // Somebody else's, and two that are almost right.
        node.pays(1, SINGLE, 500_000 * WEI);
        node.pays(2, SINGLE, values[0] * WEI + 1);
        node.fails(3, SINGLE, values[0] * WEI);
        node.pays(4, SINGLE, values[1] * WEI);
        node.pays(5, SECOND_ADDRESS, values[2] * WEI);
    });
    assert_eq!(links.each_ref().map(|link| scene.is(link).0), [0, 54, 0]);
    scene.then(|node| node.mines(2));
    assert_eq!(scene.is(&links[1]), (100, 500_002, 4));
    let hash = crate::world::hash(4);
    assert_eq!(world.db.one("SELECT txid FROM transactions"), hash);
    scene.then(|node| node.pays(6, SINGLE, values[0] * WEI));
    scene.then(|node| node.sweeps(7, SINGLE, values[0] * WEI));
    scene.then(|node| node.mines(2));
    assert_eq!(links.each_ref().map(|link| scene.is(link).0), [100, 100, 0], "what the seller moves on doesn't matter");
}

#[test]
fn blocks_are_read_only_when_the_address_has_moved() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let link = scene.order();
    let blocks = || world.web.sent().iter().filter(|sent| sent.body.contains("eth_getBlockByNumber")).count();
    for _ in 0..40 {
        scene.both(|node| node.mines(1));
        world.live_through(15 * SECOND);
    }
    assert_eq!(blocks(), 0);
    let writes = world.db.one("SELECT revision FROM orders");
    assert_eq!(writes, "1", "nor is anything written for it");
    let value = scene.value(&link);
    scene.then(|node| node.pays(1, SINGLE, value * WEI));
    assert_eq!(scene.is(&link).0, 54);
    assert!((1..=12).contains(&blocks()), "{}", blocks());
}

#[test]
fn a_payment_is_found_however_far_the_looks_are_behind() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let link = scene.order();
    let value = scene.value(&link);
    scene.both(|node| {
        node.is(Mood::Silent(FetchError::Timeout));
        node.mines(170);
        node.pays(1, SINGLE, value * WEI);
        node.mines(100);
    });
    world.live_through(15 * MINUTE);
    scene.both(|node| node.is(Mood::Well));
    world.live_through(30 * MINUTE);
    assert_eq!(scene.is(&link).0, 100);
    // And where nobody said at the start how high the chain was.
    scene.both(|node| node.is(Mood::Silent(FetchError::Timeout)));
    let link = scene.order();
    let value = scene.value(&link);
    world.live_through(MINUTE);
    scene.both(|node| {
        node.is(Mood::Well);
        node.pays(2, SINGLE, value * WEI);
        node.mines(3);
    });
    world.live_through(MINUTE);
    assert_eq!(scene.is(&link).0, 100);
}

#[test]
fn a_transaction_that_changes_its_block_or_leaves_it_is_followed() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let link = scene.order();
    let value = scene.value(&link);
    scene.then(|node| node.pays(1, SINGLE, value * WEI));
    assert_eq!(scene.is(&link), (54, 500_001, 1));
    let height = scene.nodes[0].tip();
    scene.then(|node| node.reorganises(height));
    assert_eq!(scene.is(&link), (0, 0, 0));
    scene.then(|node| {
        node.mines(1);
        node.pays(1, SINGLE, value * WEI);
    });
    assert_eq!(scene.is(&link), (54, 500_001, 1));
    // Another one, in a block that was read already and is replaced by one that has it.
    let other = scene.order();
    let value = scene.value(&other);
    scene.then(|node| node.mines(1));
    scene.both(|node| {
        *node.tip_mut() -= 1;
        node.pays(2, SINGLE, value * WEI);
    });
    world.live_through(20 * SECOND);
    assert_eq!(scene.is(&other).0, 54);
}

#[test]
fn a_shared_address_asks_for_marked_sums_at_a_new_price_too_and_takes_what_was_sent_at_the_old_one() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let link = scene.order();
    let old = scene.value(&link);
    let body = json!({"data": {"currency": "ETH", "rates": {"USD": "1900"}}}).to_string();
    world.web.on("https://coinbase.example/v2/exchange-rates?currency=ETH", move |_| {
        crate::world::answer(200, body.clone())
    });
    world.live_through(25 * MINUTE);
    world.buyer().post(&link.order(), "").expect(303);
    let new = scene.value(&link);
    assert_eq!((new, new % 10_000), (530_001, 1), "at least 526,316");
    scene.then(|node| node.pays(1, SINGLE, old * WEI));
    let (status, received, _) = scene.is(&link);
    assert_eq!((status, received), (53, 500_001), "the old price, and not enough any more");
    let missing = new - old;
    scene.then(|node| node.pays(2, SINGLE, missing * WEI));
    scene.then(|node| node.mines(2));
    assert_eq!(scene.is(&link).0, 100);
}

#[test]
fn looks_at_a_shared_address_never_lie_more_than_five_minutes_apart_and_end() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    scene.order();
    world.live_through(2 * DAY);
    let before = scene.asked();
    world.live_through(HOUR);
    assert!((10..=15).contains(&(scene.asked() - before)), "one request every five minutes");
    world.live_through(6 * DAY);
    let before = scene.asked();
    world.live_through(DAY);
    assert_eq!(scene.asked(), before);
}

#[test]
fn a_node_that_answers_part_of_a_batch_keeps_no_payment_from_being_seen() {
    let parts = (1..=6).flat_map(|most| [(most, false), (most, true)]);
    for ((most, leaves_out), well) in parts.flat_map(|part| [(part, 0), (part, 1)]) {
        let world = World::new();
        let scene = Scene::with_address(&world);
        let link = scene.order();
        let value = scene.value(&link);
        scene.nodes[1 - well].answers(most, leaves_out);
        scene.then(|node| node.pays(1, SINGLE, value * WEI));
        world.live_through(MINUTE);
        assert_eq!(scene.is(&link).0, 54, "at most {most}, {leaves_out}, node {well} is well");
    }
}

#[test]
fn amounts_that_may_still_be_paid_never_repeat() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let first = scene.order();
    world.db.change("UPDATE wallets SET next_index = next_index + 9998");
    let second = scene.order();
    let value = scene.value(&first);
    // The next in turn would be the first order's once more.
    assert_eq!(scene.value(&second), value + 1);
    for n in 1..=2 {
        scene.then(|node| node.pays(n, SINGLE, (value + u128::from(n) - 1) * WEI));
        scene.then(|node| node.mines(3));
        world.live_through(MINUTE);
        let mut paid = [&first, &second].map(|link| scene.is(link).1);
        paid.sort();
        assert_eq!(paid, if n == 1 { [0, 500_001] } else { [500_001, 500_002] }, "one order for each payment");
    }
    assert_eq!(world.db.one("SELECT COUNT(*) FROM transactions"), "2");
}

#[test]
fn two_orders_that_claim_a_payment_at_the_same_time_are_not_both_paid_by_it() {
    let world = World::new();
    let scene = Scene::with_address(&world);
    let link = scene.order();
    let value = scene.value(&link);
    // Just before the first look writes what it found, another order's look has written it.
    let db = world.db.clone();
    world.db.before_commit(1, move || {
        db.change(&format!(
            "INSERT INTO transactions (account_id, order_id, txid, vout, value, height, gone, first_seen_at)
             SELECT account_id, 'another', '{}', 0, crypto_value, 1, 0, 1 FROM orders",
            crate::world::hash(1)
        ));
    });
    scene.both(|node| node.pays(1, SINGLE, value * WEI));
    world.advance(16 * SECOND);
    let (counts, _) = world.count(|| world.run_jobs());
    assert!(counts.commits > 0, "it meant to write");
    world.live_through(MINUTE);
    assert_eq!(scene.is(&link).0, 0);
    assert_eq!(world.db.query("SELECT order_id FROM transactions"), [["another"]]);
    // It goes on, and takes its own.
    scene.then(|node| node.pays(2, SINGLE, value * WEI));
    scene.then(|node| node.mines(3));
    world.live_through(MINUTE);
    assert_eq!(scene.is(&link).0, 100);
}

#[test]
fn whether_a_payment_is_another_orders_costs_the_same_however_many_payments_there_were() {
    let mut steps = Vec::new();
    for earlier in [0, 3_000] {
        let world = World::new();
        let scene = Scene::with_address(&world);
        let link = scene.order();
        world.db.change_in(0, &format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {earlier})
             INSERT INTO transactions (account_id, order_id, txid, vout, value, height, gone, first_seen_at)
             SELECT (SELECT account_id FROM orders), 'earlier ' || i, printf('0x%064x', i), 0, 1, 1, 0, 1 FROM n WHERE {earlier} > 0"
        ));
        let value = scene.value(&link);
        scene.both(|node| node.pays(1, SINGLE, value * WEI));
        let before = world.db.steps();
        world.live_through(16 * SECOND);
        steps.push(world.db.steps() - before);
        assert_eq!(scene.is(&link).0, 54);
    }
    assert!(steps[1] < steps[0] + 100, "{steps:?}");
}

#[test]
fn what_came_in_time_is_not_late_because_no_node_could_be_asked() {
    for (ago, status) in [(25 * MINUTE, 54), (10 * MINUTE, 53)] {
        let world = World::new();
        let scene = Scene::with_address(&world);
        let link = scene.order();
        let value = scene.value(&link);
        scene.both(|node| node.is(Mood::Silent(FetchError::Timeout)));
        world.live_through(35 * MINUTE);
        world.web.on("https://coinbase.example/v2/exchange-rates?currency=ETH", |_| {
            answer(200, json!({"data": {"currency": "ETH", "rates": {"USD": "1500"}}}).to_string())
        });
        world.advance(7 * MINUTE);
        // The price ran out 22 minutes ago.
        scene.both(|node| {
            node.is(Mood::Well);
            node.pays(1, SINGLE, value * WEI);
            node.found(world.now() - ago);
        });
        world.live_through(5 * MINUTE);
        assert_eq!(scene.is(&link).0, status, "{} minutes ago", ago / MINUTE);
    }
}
