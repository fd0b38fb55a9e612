//! The circuit breaker of a receiver that is down, and the shares of accounts that have many of them.

use pushguard::platform::{Db as _, FetchError, Statement};
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    webhook::delivery::{HOOK, sent},
    world::{DAY, HOUR, MINUTE, SECOND, SHARDS, World, answer, block_on},
};

fn hangs(world: &World, prefix: &str) {
    world.web.on(prefix, |_| Err(FetchError::Timeout));
}

fn orders(seller: &Seller<'_>, count: usize) {
    for _ in 0..count {
        seller.white_label(json!({}));
    }
}

/// Messages of deliveries that wait in the queues.
fn messages(world: &World) -> usize {
    world.queue.waiting().iter().filter(|(_, text)| text.contains("deliver")).count()
}

fn held(world: &World) -> usize {
    world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE waits_for IS NOT NULL").parse().unwrap()
}

fn owed(world: &World) -> usize {
    world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE due_at IS NOT NULL").parse().unwrap()
}

fn never_tried(world: &World) -> usize {
    world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE due_at IS NOT NULL AND retries = 0").parse().unwrap()
}

fn write(world: &World, sql: &str) {
    block_on(world.db.commit(vec![Statement::new(sql, Vec::new())])).expect("it is written");
}

#[test]
fn while_a_receiver_is_down_one_probe_asks_and_the_rest_wait_without_messages() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, HOOK);
    ada.endpoint(HOOK, &["order:created"]);
    orders(&ada, 50);
    world.run_jobs();
    assert!(sent(&world).len() <= 7, "{}", sent(&world).len());
    assert_eq!((held(&world), messages(&world)), (49, 1), "the one that was tried is the next probe");
    // New ones join them at once.
    orders(&ada, 5);
    assert_eq!((held(&world), messages(&world)), (54, 1));
    let before = sent(&world).len();
    world.live_through(HOUR);
    let probes = sent(&world).len() - before;
    assert!((4..=12).contains(&probes), "{probes} probes in an hour");
    assert!(messages(&world) <= probes + 1, "only those that were tried have retries of their own");
    assert_eq!(owed(&world), 55, "nothing is lost");
}

#[test]
fn when_a_probe_arrives_all_that_was_held_follows_in_its_order_and_once() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, HOOK);
    ada.endpoint(HOOK, &["order:created", "order:updated", "order:paid"]);
    for _ in 0..25 {
        let id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
        ada.simulate(&id, "exact", 1);
    }
    world.live_through(30 * MINUTE);
    let total = world.db.rows_in("webhook_logs");
    world.web.forget();
    world.web.says(HOOK, 200);
    world.live_through(15 * MINUTE);
    assert_eq!((never_tried(&world), held(&world)), (0, 0));
    // The probes that failed have their own times.
    world.live_through(6 * HOUR);
    assert_eq!(owed(&world), 0);
    assert_eq!(sent(&world).len(), total, "each once");
    // What failed as a probe comes at times of its own, and the others don't wait for it.
    let probes: Vec<Vec<String>> = world.db.query("SELECT seq FROM webhook_logs WHERE retries > 0");
    let mut last: std::collections::HashMap<String, i64> = Default::default();
    for sent in sent(&world) {
        let order = sent.json()["id"].as_str().unwrap().to_owned();
        let sequence: i64 = sent.header("X-PushGuard-Sequence").parse().unwrap();
        if probes.iter().flatten().any(|probe| *probe == sequence.to_string()) {
            continue;
        }
        assert!(last.insert(order, sequence).is_none_or(|before| before < sequence), "an order's in their order");
    }
    let trouble = "SELECT COUNT(*) FROM webhook_receivers WHERE failures > 0 OR open_until IS NOT NULL";
    assert_eq!(world.db.one(trouble), "0");
}

#[test]
fn five_quick_failures_in_a_row_open_a_circuit_and_a_success_between_them_does_not() {
    for (name, fails) in [("all", 0), ("each third arrives", 3), ("each other arrives", 2)] {
        let world = World::new();
        let ada = world.seller();
        let mut count = 0;
        world.web.on(HOOK, move |_| {
            count += 1;
            answer(if fails > 0 && count % fails == 0 { 200 } else { 500 }, "")
        });
        ada.endpoint(HOOK, &["order:created"]);
        for _ in 0..12 {
            orders(&ada, 1);
            world.run_jobs();
        }
        assert_eq!(held(&world) > 0, fails == 0, "{name}");
        assert_eq!(sent(&world).len(), if fails == 0 { 5 } else { 12 }, "{name}");
    }
}

#[test]
fn a_circuit_is_one_accounts_and_one_urls() {
    let world = World::new();
    let ada = world.seller();
    let bob = world.seller_named("bob@shop.example", true);
    hangs(&world, HOOK);
    world.web.says("https://hooks.example/well", 200);
    ada.endpoint(HOOK, &["order:created"]);
    ada.endpoint("https://hooks.example/well", &["order:created"]);
    orders(&ada, 6);
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://hooks.example/well").len(), 6);
    world.web.says(HOOK, 200);
    world.web.says("https://hooks.example/well", 200);
    bob.endpoint(HOOK, &["order:created"]);
    world.web.forget();
    orders(&bob, 2);
    world.run_jobs();
    assert_eq!(sent(&world).len(), 2, "bob's go there");
}

#[test]
fn a_seller_who_asks_has_the_next_probe() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, HOOK);
    ada.endpoint(HOOK, &["order:created"]);
    orders(&ada, 8);
    world.live_through(20 * MINUTE + 30 * SECOND);
    world.web.says(HOOK, 200);
    let id = ada.logs()[7]["id"].as_str().unwrap().to_owned();
    let before = sent(&world).len();
    ada.post(&format!("/webhooks/logs/{id}/retry"), json!({})).expect(201);
    world.run_jobs();
    assert_eq!(sent(&world)[before].header("X-PushGuard-Replay-Of"), id);
    world.live_through(MINUTE);
    assert_eq!((held(&world), never_tried(&world)), (0, 0), "and what it released follows");
    // A sample is the seller's asking as well, and so is a replay.
    for ask in [0, 1] {
        hangs(&world, HOOK);
        orders(&ada, 3);
        world.live_through(20 * MINUTE + 30 * SECOND);
        assert!(held(&world) > 0);
        world.web.says(HOOK, 200);
        if ask == 0 {
            ada.post("/webhooks/simulate", json!({"url": HOOK, "event": "order:paid"})).expect(201);
        } else {
            ada.post("/webhooks/replay", json!({"since": "2023-11-15T00:20:00Z"})).expect(201);
        }
        world.live_through(2 * MINUTE);
        assert_eq!((held(&world), never_tried(&world)), (0, 0), "{ask}");
    }
}

#[test]
fn a_held_log_tells_when_the_next_probe_is() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, HOOK);
    ada.endpoint(HOOK, &["order:created"]);
    orders(&ada, 4);
    world.live_through(30 * MINUTE);
    let probe: i64 = world.db.one("SELECT open_until FROM webhook_receivers").parse().unwrap();
    assert!(probe > world.now());
    let waiting = ada.logs().iter().filter(|log| log["next_retry_at"] == pushguard::shop::time::wire(probe)).count();
    assert!(waiting >= 2, "{:?}", ada.logs());
}

#[test]
fn what_is_held_is_given_up_after_five_days_or_when_its_endpoint_is_disabled() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, "https://own.example/");
    for _ in 0..4 {
        ada.white_label(json!({"webhook_url": "https://own.example/"}));
    }
    world.run_jobs();
    assert_eq!(held(&world), 3);
    world.advance(5 * DAY + HOUR);
    world.live_through(DAY);
    let errors: Vec<Value> = ada.logs().iter().map(|log| log["error"].clone()).collect();
    let given_up = errors.iter().filter(|error| **error == json!("receiver_down")).count();
    assert!(given_up >= 2, "{errors:?}");
    assert_eq!(held(&world), 0);
    // An endpoint's are over as soon as it is disabled or deleted.
    for delete in [true, false] {
        let bob = world.seller_named(&format!("{delete}@shop.example"), true);
        hangs(&world, HOOK);
        let id = bob.endpoint(HOOK, &["order:created"]);
        orders(&bob, 5);
        world.run_jobs();
        assert!(held(&world) >= 4);
        let path = format!("/webhooks/endpoints/{id}");
        if delete {
            bob.delete(&path).expect(204);
        } else {
            bob.put(&path, json!({"enabled": false})).expect(200);
        }
        world.live_through(10 * MINUTE);
        assert_eq!((held(&world), never_tried(&world)), (0, 0), "delete: {delete}");
    }
}

#[test]
fn held_logs_survive_lost_messages_and_a_lost_receiver() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, HOOK);
    ada.endpoint(HOOK, &["order:created"]);
    orders(&ada, 10);
    world.run_jobs();
    world.queue.forget();
    world.web.says(HOOK, 200);
    write(&world, "DELETE FROM webhook_receivers");
    world.live_through(5 * HOUR);
    assert!(owed(&world) > 0, "nobody wakes them before");
    world.live_through(2 * HOUR);
    assert_eq!(owed(&world), 0, "but cron looks after six hours");
}

/// So many logs that are due, to a URL of their own each, the first account's; with or without receivers that fail.
fn due(world: &World, seller: &str, count: usize, age: i64) {
    write(
        world,
        &format!(
            "INSERT INTO webhook_payloads (id, account_id, payload, last_seq) SELECT 900000 + account_id % 1000, account_id, '{{}}', 999999
             FROM shops WHERE email = '{seller}'"
        ),
    );
    write(
        world,
        &format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
             INSERT INTO webhook_logs (account_id, seq, id, endpoint_id, event, subject_id, url, payload_id, due_at, created_at, updated_at)
             SELECT account_id, n, printf('%08d', n), NULL, 'order:created', printf('s%d', n), printf('https://own.example/%d', n),
               900000 + account_id % 1000, {at}, {at}, {at} FROM n, shops WHERE email = '{seller}'",
            at = world.now() - age,
        ),
    );
}

/// How many messages each of two accounts has.
fn messages_of(world: &World, email: &str) -> usize {
    let id = world.db.one(&format!("SELECT account_id FROM shops WHERE email = '{email}'"));
    world.queue.waiting().iter().filter(|(_, text)| text.contains("deliver") && text.contains(&id)).count()
}

/// So many sellers of the first shard, by their e-mails.
fn in_one_shard(world: &World, count: usize) -> Vec<String> {
    for n in 0..count * SHARDS.len() {
        world.seller_named(&format!("s{n}@shop.example"), true);
    }
    let all = world.db.query_in(0, "SELECT email FROM shops ORDER BY email");
    let emails: Vec<String> = all.into_iter().flatten().take(count).collect();
    assert_eq!(emails.len(), count);
    emails
}

#[test]
fn one_accounts_thousands_that_are_due_do_not_hide_anothers_one() {
    for fails in [true, false] {
        let world = World::new();
        let [eve, bob] = &in_one_shard(&world, 2)[..] else { panic!("two sellers") };
        due(&world, eve, 5_000, HOUR);
        due(&world, bob, 1, MINUTE);
        if fails {
            write(
                &world,
                &format!(
                    "INSERT INTO webhook_receivers (account_id, url, failures, seen_at, wake_at)
                     SELECT account_id, 'https://x.example/', 1, {now}, {now} + 86400000 FROM shops WHERE email = '{eve}'",
                    now = world.now()
                ),
            );
        }
        world.cron();
        let eves = messages_of(&world, eve);
        if fails {
            assert_eq!(messages_of(&world, bob), 1);
            assert!((20..=200).contains(&eves), "{eves}");
            // And she doesn't starve: a minute is a share.
            world.advance(MINUTE);
            world.queue.forget();
            world.cron();
            assert!((20..=200).contains(&messages_of(&world, eve)));
        } else {
            // Somebody whose receivers do well catches up as fast as ever.
            assert_eq!(eves, 2_000);
        }
    }
}

#[test]
fn of_many_accounts_each_has_its_first_before_any_has_its_second() {
    let world = World::new();
    for (n, name) in in_one_shard(&world, 8).iter().enumerate() {
        due(&world, name, if n == 0 { 500 } else { 2 }, HOUR - n as i64);
    }
    block_on(async {
        let rows = world
            .db
            .commit(vec![pushguard::shop::webhook::task::take_due(world.now(), world.now() + MINUTE, 20)])
            .await;
        let rows = rows.expect("taken").remove(0);
        assert_eq!(rows.len(), 20);
    });
    let taken = "SELECT COUNT(DISTINCT account_id) FROM webhook_logs WHERE due_at > created_at + 3600000";
    assert_eq!(world.db.one(taken), "8");
}

#[test]
fn an_account_with_many_dead_receivers_has_no_messages_for_its_retries_but_shares() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, "https://dead.example/");
    for n in 0..40 {
        ada.white_label(json!({"webhook_url": format!("https://dead.example/{n}")}));
    }
    // Each batch of a hundred stops after three that hang.
    world.run_jobs();
    assert!(world.web.sent().len() <= 2 * 6, "{}", world.web.sent().len());
    world.live_through(10 * MINUTE);
    let open = "SELECT COUNT(*) FROM webhook_receivers WHERE open_until IS NOT NULL";
    assert!(world.db.one(open).parse::<usize>().unwrap() >= 10, "{}", world.db.one(open));
    // From now on an hour brings so many attempts, whatever is owed.
    world.web.forget();
    world.live_through(HOUR);
    let attempts = world.web.sent().len();
    assert!(attempts <= 60 * 20, "{attempts}");
    assert_eq!(messages(&world), 0, "no retry waits in a queue");
    // A quick one of another seller isn't concerned, nor is a good one of hers.
    world.web.says(HOOK, 200);
    ada.endpoint(HOOK, &["order:created"]);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(sent(&world).len(), 0, "hers is new, and nothing speaks for it");
    world.live_through(10 * MINUTE);
    assert_eq!(sent(&world).len(), 1, "it has its share");
    write(&world, "UPDATE webhook_endpoints SET updated_at = updated_at - 86400000");
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(sent(&world).len(), 2, "one that has been there for a day is sent at once");
    let bob = world.seller_named("bob@shop.example", true);
    bob.endpoint(HOOK, &["order:created"]);
    bob.white_label(json!({}));
    world.run_jobs();
    assert_eq!(sent(&world).len(), 3);
}

#[test]
fn a_hundred_hanging_endpoints_cost_a_probe_each_whatever_is_owed() {
    let world = World::new();
    let ada = world.seller();
    hangs(&world, "https://tar.example/");
    for n in 0..100 {
        ada.endpoint(&format!("https://tar.example/{n}"), &["order:created"]);
    }
    orders(&ada, 3);
    world.live_through(20 * MINUTE);
    world.web.forget();
    orders(&ada, 10);
    world.run_jobs();
    assert_eq!(messages(&world), 0);
    assert!(world.web.sent().len() <= 100, "a thousand logs, and {} attempts", world.web.sent().len());
    world.live_through(HOUR);
    let attempts = world.web.sent().len();
    // Probes are ten minutes apart, and twenty a minute at most.
    assert!((100..=60 * 20).contains(&attempts), "{attempts}");
    assert_eq!(owed(&world), 1_300);
}
