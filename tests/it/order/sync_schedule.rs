//! The chain of looks at an order: one alive at a time, taken over by cron when it breaks off, and ending some day.

use serde_json::{Value, json};

use crate::{
    actors::{Link, Seller},
    world::{DAY, HOUR, MINUTE, SECOND, World},
};

pub fn scene(world: &World) -> (Seller<'_>, Link, String) {
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    world.buyer().start(&link).expect(200);
    let address = grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    (grace, link, address)
}

fn looks(world: &World) -> Vec<String> {
    let waiting = world.queue.waiting().into_iter().map(|(_, text)| text);
    waiting.filter(|text| text.starts_with("[\"sync\"")).collect()
}

fn asked(world: &World) -> usize {
    world.web.sent_to("https://one.chain.example").len() + world.web.sent_to("https://two.chain.example").len()
}

#[test]
fn one_look_follows_another_while_a_payment_is_expected() {
    let world = World::new();
    world.esploras();
    scene(&world);
    for _ in 0..20 {
        assert_eq!(looks(&world).len(), 1, "never two at once");
        let before = asked(&world);
        world.live_through(15 * SECOND);
        assert_eq!(asked(&world) - before, 2, "the tip and the address, of one server");
    }
}

#[test]
fn looks_become_rarer_and_end_after_a_week() {
    let world = World::new();
    world.esploras();
    let (grace, link, _) = scene(&world);
    let rate = |ms: i64| {
        let before = asked(&world);
        world.live_through(ms);
        (asked(&world) - before) / 2
    };
    let while_quoted = rate(20 * MINUTE);
    assert!((75..=85).contains(&while_quoted), "{while_quoted}");
    world.live_through(100 * MINUTE);
    let an_hour_later = rate(HOUR);
    assert!((10..=14).contains(&an_hour_later), "{an_hour_later}");
    world.live_through(2 * DAY);
    let days_later = rate(DAY);
    assert!((20..=28).contains(&days_later), "{days_later}");
    world.live_through(5 * DAY);
    assert_eq!((rate(DAY), looks(&world).len()), (0, 0));
    assert_eq!(world.db.one("SELECT sync_lease FROM orders"), "null", "cron has nothing to ask either");
    assert_eq!(grace.status(&link.order_id), 0);
}

#[test]
fn a_message_of_a_broken_off_chain_of_looks_does_nothing() {
    let world = World::new();
    world.esploras();
    let (_, link, _) = scene(&world);
    let old = looks(&world).remove(0);
    world.queue.forget();
    world.live_through(10 * MINUTE);
    assert_eq!(looks(&world).len(), 1, "cron began another one");
    let (before, facts) = (asked(&world), world.db.dump());
    world.queue.put(old, 0);
    world.run_jobs();
    assert_eq!((asked(&world), looks(&world).len()), (before, 1));
    assert_eq!(world.db.dump(), facts);
    let unknown = json!(["sync", "DB", 7, link.order_id, 1]).to_string();
    world.queue.put(unknown, 0);
    world.run_jobs();
    assert_eq!(asked(&world), before, "nor does one for another account");
}

#[test]
fn cron_takes_over_a_chain_of_looks_that_broke_off_and_leaves_a_living_one_alone() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    let before = asked(&world);
    world.live_through(15 * MINUTE);
    assert!(asked(&world) - before <= 2 * 61, "while it lives, cron leaves it");
    assert_eq!(looks(&world).len(), 1);
    world.queue.loses.set(true);
    world.live_through(MINUTE);
    world.queue.loses.set(false);
    assert_eq!(looks(&world).len(), 0, "the queue lost the message");
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.live_through(8 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 100);
}

#[test]
fn a_page_that_is_opened_after_the_watch_has_ended_has_its_order_looked_at_once_more() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    // Something came once and went, so that the address stays the order's.
    let txid = [&one, &two].map(|server| server.sees(9, &address, 1))[0].clone();
    world.live_through(MINUTE);
    [&one, &two].iter().for_each(|server| server.loses(&txid));
    world.live_through(10 * DAY);
    assert_eq!(looks(&world).len(), 0);
    let before = asked(&world);
    let page = world.buyer().get(&link.order()).expect(200);
    world.live_through(MINUTE);
    assert_eq!(asked(&world) - before, 2, "once");
    let etag = page.header("etag").unwrap().to_owned();
    world.buyer().ask("GET", &link.order()).header("if-none-match", etag).send().expect(304);
    assert_eq!(looks(&world).len(), 0, "a page that asks for news by itself has nobody asked");
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.buyer().get(&link.order()).expect(200);
    world.live_through(MINUTE);
    assert_eq!(grace.status(&link.order_id), 100);
}

#[test]
fn what_was_seen_is_followed_to_its_end_however_long_it_takes() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
    }
    world.live_through(HOUR);
    for _ in 0..20 {
        world.advance(DAY);
        world.live_through(HOUR);
    }
    assert_eq!(grace.status(&link.order_id), 54);
    for server in [&one, &two] {
        server.mines(1);
    }
    world.live_through(HOUR);
    assert_eq!(grace.status(&link.order_id), 100);
}

#[test]
fn an_order_whose_first_look_was_never_sent_is_found_by_cron() {
    let world = World::new();
    let [one, two] = world.esploras();
    world.queue.broken.set(true);
    let (grace, link, address) = scene(&world);
    assert!(world.log.text().contains("queue.send_failed"));
    world.queue.broken.set(false);
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.live_through(8 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 100);
}

#[test]
fn cron_finds_every_order_when_hundreds_broke_off_at_once() {
    let world = World::new();
    world.queue.loses.set(true);
    let ada = world.seller();
    for _ in 0..230 {
        ada.white_label(json!({}));
    }
    world.queue.loses.set(false);
    world.advance(10 * MINUTE);
    world.cron();
    assert_eq!(looks(&world).len(), 230);
    world.cron();
    assert_eq!(looks(&world).len(), 230, "and does not take them up again at once");
}

#[test]
fn a_new_price_has_the_chain_looked_at_often_again() {
    let world = World::new();
    world.esploras();
    let (_, link, _) = scene(&world);
    world.live_through(3 * HOUR);
    world.buyer().post(&link.order(), "").expect(303);
    let before = asked(&world);
    world.live_through(5 * MINUTE);
    assert!((asked(&world) - before) / 2 >= 19);
    assert_eq!(looks(&world).len(), 1, "and the rare one is over");
}

#[test]
fn a_chain_of_looks_that_was_doubled_is_one_again() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (_, _, address) = scene(&world);
    let double = || world.queue.put(looks(&world).remove(0), 15);
    double();
    world.live_through(10 * MINUTE);
    assert_eq!(looks(&world).len(), 1, "when its lease is made longer");
    double();
    one.sees(1, &address, 5_000);
    two.sees(1, &address, 5_000);
    world.live_through(MINUTE);
    assert_eq!(looks(&world).len(), 1, "or when it sees something");
}

#[test]
fn a_look_that_is_overtaken_by_cron_leaves_the_order_to_cron() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    for server in [&one, &two] {
        server.sees(1, &address, 5_000);
    }
    // Its message came so late that it was given up just now.
    world.advance(6 * MINUTE);
    let other = world.redeployed(&[]);
    world.db.before_commit(1, move || other.cron());
    world.run_jobs();
    world.live_through(MINUTE);
    assert_eq!((looks(&world).len(), grace.status(&link.order_id)), (1, 53));
    assert_eq!(world.log.troubles(), "");
}

#[test]
fn a_look_and_a_new_price_at_the_same_time_both_count() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    world.advance(21 * MINUTE);
    world.coinbase(json!({"USD": "40000"}));
    for server in [&one, &two] {
        server.sees(1, &address, 10_000);
    }
    let (other, order) = (world.redeployed(&[]), link.order());
    // The buyer asks for a new price while the look is about to commit what it saw.
    world.db.before_commit(1, move || {
        other.buyer().post(&order, "").expect(303);
    });
    world.run_jobs();
    assert_eq!(world.log.troubles(), "", "losing the race is nothing that broke");
    world.live_through(MINUTE);
    let order = grace.order(&link.order_id);
    assert_eq!((&order["status"], &order["crypto_received"]), (&json!(53), &json!(10_000)));
    assert_eq!(order["crypto_value"], 25_000, "priced by the quote that was asked for in time");
}

#[test]
fn two_looks_at_the_same_time_tell_of_a_payment_once() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    grace.endpoint("https://hooks.example/", &["order:updated", "order:paid"]);
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.advance(15 * SECOND);
    let (other, look) = (world.redeployed(&[]), looks(&world).remove(0));
    world.db.before_commit(1, move || {
        other.queue.put(look, 0);
        other.run_jobs();
    });
    world.run_jobs();
    assert_eq!(grace.status(&link.order_id), 100);
    let events: Vec<Value> = grace.logs().iter().rev().map(|log| log["event"].clone()).collect();
    assert_eq!(events, ["order:updated", "order:paid"]);
    assert_eq!(world.log.troubles(), "", "losing the race is nothing that broke");
}

#[test]
fn a_page_that_is_opened_two_hundred_times_makes_one_chain_of_looks() {
    for ended in ["removed by hand", "never written", "over"] {
        let world = World::new();
        let [one, two] = world.esploras();
        let (_, link, address) = scene(&world);
        if ended == "over" {
            let txid = [&one, &two].map(|server| server.sees(9, &address, 1))[0].clone();
            world.live_through(MINUTE);
            [&one, &two].iter().for_each(|server| server.loses(&txid));
            world.live_through(10 * DAY);
        }
        world.db.change("UPDATE orders SET sync_lease = NULL");
        if ended == "never written" {
            world.queue.forget();
        }
        for _ in 0..200 {
            world.buyer().get(&link.order()).expect(200);
        }
        assert!(looks(&world).len() <= 2, "{ended}: {} looks wait", looks(&world).len());
        let before = asked(&world);
        world.live_through(5 * MINUTE);
        let most = if ended == "over" { 2 } else { 2 * 21 };
        assert!(asked(&world) - before <= most, "{ended}: {} questions", asked(&world) - before);
        assert_eq!(looks(&world).len(), usize::from(ended != "over"), "{ended}");
    }
}

#[test]
fn chains_of_looks_without_a_lease_become_one() {
    let world = World::new();
    world.esploras();
    scene(&world);
    let look = looks(&world).remove(0);
    world.db.change("UPDATE orders SET sync_lease = NULL");
    for _ in 0..50 {
        world.queue.put(look.clone(), 1);
    }
    world.live_through(20 * SECOND);
    assert_eq!(looks(&world).len(), 1);
    assert_ne!(world.db.one("SELECT sync_lease FROM orders"), "null");
}

#[test]
fn an_order_whose_looks_always_fault_is_looked_at_ever_more_rarely_and_at_last_given_up() {
    for damage in ["crypto_rate = 'x'", "gateway = 'dogecoin'", "currency = 'ZZZ'", "value = -1"] {
        let world = World::new();
        world.esploras();
        let (grace, link, _) = scene(&world);
        world.db.change(&format!("UPDATE orders SET {damage}"));
        let failed = || world.log.text().matches("queue.job_failed").count();
        // The queue gives each message up after its first failure: how often it repeats one is its own setting.
        let live = |ms: i64| {
            let (before, end) = (failed(), world.now() + ms);
            let period = if ms > HOUR { 10 * MINUTE } else { MINUTE };
            while world.now() < end {
                world.advance(period);
                world.cron();
                world.run_jobs();
                world.queue.forget();
            }
            failed() - before
        };
        let first = live(HOUR);
        assert!((6..=11).contains(&first), "{damage}: {first} in the first hour");
        live(4 * HOUR);
        let later = live(DAY);
        assert!((15..=20).contains(&later), "{damage}: {later} on the next day");
        world.db.change("UPDATE orders SET sync_failures = sync_failures + 200");
        live(2 * DAY);
        assert_eq!((live(DAY), world.db.one("SELECT sync_lease FROM orders")), (0, "null".into()), "{damage}");
        let line = world.log.last("order.sync_given_up");
        assert_eq!((&line["level"], &line["order_id"]), (&json!("error"), &json!(link.order_id)));
        // Nobody else's looks suffer.
        let well = grace.white_label(json!({}));
        world.live_through(MINUTE);
        assert_eq!(looks(&world).len(), 1);
        assert_eq!(
            world.db.one(&format!("SELECT sync_failures FROM orders WHERE id = '{}'", well["id"].as_str().unwrap())),
            "0"
        );
    }
}

#[test]
fn looks_that_come_to_their_end_again_are_as_frequent_as_before() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    world.db.change("UPDATE orders SET crypto_rate = 'x'");
    for _ in 0..3 * 60 {
        world.advance(MINUTE);
        world.cron();
        world.run_jobs();
        world.queue.forget();
    }
    world.db.change("UPDATE orders SET crypto_rate = '50000'");
    world.live_through(90 * MINUTE);
    assert_eq!(world.db.one("SELECT sync_failures FROM orders"), "0");
    let lease: i64 = world.db.one("SELECT sync_lease FROM orders").parse().unwrap();
    assert!(lease - world.now() <= 10 * MINUTE, "a chain that breaks off is found soon");
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.live_through(6 * MINUTE);
    assert_eq!(grace.status(&link.order_id), 100);
}

#[test]
fn looks_are_rarer_after_the_first_hour_however_long_the_quote_holds() {
    for (minutes, paid) in [(120, false), (20, true), (120, true)] {
        let world = World::new();
        let [one, two] = world.esploras();
        let grace = world.live_seller();
        grace.put("/account", json!({"payments": {"quote_minutes": minutes}})).expect(200);
        let order = grace.white_label(json!({}));
        if paid {
            let address = order["crypto_address"].as_str().unwrap();
            [&one, &two].iter().for_each(|server| drop(server.sees(1, address, 20_000)));
        }
        let rate = |ms: i64| {
            let before = asked(&world);
            world.live_through(ms);
            (asked(&world) - before) / 2
        };
        let first = rate(30 * MINUTE);
        assert!((110..=121).contains(&first), "{minutes} {paid}: {first} in the first half hour");
        rate(35 * MINUTE);
        let second = rate(30 * MINUTE);
        assert!((25..=31).contains(&second), "{minutes} {paid}: {second} in half an hour of the second");
    }
}
