//! Looks through an account's webhook logs: one at a time, and so many rows a minute.

use std::rc::Rc;

use pushguard::platform::{Db as _, Statement};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    webhook::delivery::HOOK,
    world::{Landed, MINUTE, SECOND, World, block_on},
};

/// Delivered logs of the first account, a second apart.
fn fill(world: &World, count: u32) {
    for sql in [
        "INSERT INTO webhook_payloads (id, account_id, payload, last_seq) SELECT 1, account_id, '{}', 999999 FROM shops LIMIT 1".into(),
        format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
             INSERT INTO webhook_logs (account_id, seq, id, endpoint_id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
             SELECT (SELECT account_id FROM shops LIMIT 1), n, printf('%08d', n), NULL, 'order:created', printf('s%d', n), '{HOOK}', 1, 200,
               {start} + n * 1000, {start} + n * 1000 FROM n",
            start = world.now() - i64::from(count) * SECOND,
        ),
    ] {
        block_on(world.db.commit(vec![Statement::new(sql, Vec::new())])).expect("the logs are there");
    }
}

fn replay(seller: &Seller<'_>, changed: Value) -> Reply {
    let mut body = json!({"since": "2023-11-01", "only": "all"});
    for (name, value) in changed.as_object().unwrap() {
        body[name] = value.clone();
    }
    seller.post("/webhooks/replay", body)
}

fn dry(seller: &Seller<'_>) -> Reply {
    replay(seller, json!({"dry_run": true}))
}

fn seconds(refused: &Reply) -> i64 {
    refused.header("retry-after").expect("it says when").parse().expect("in seconds")
}

#[test]
fn looks_have_a_budget_of_rows_a_minute_and_the_refusal_says_when() {
    let world = World::new();
    let ada = world.seller();
    fill(&world, 20_000);
    let mut looks = 0;
    let refused = loop {
        let reply = dry(&ada);
        if reply.status() == 429 {
            break reply;
        }
        reply.expect(201);
        looks += 1;
        assert!(looks < 10, "no end");
    };
    assert_eq!(looks, 4, "sixty thousand rows, and the one that passes the line");
    assert_eq!(refused.message(), "Webhook logs are searched one call at a time, and 60000 logs a minute");
    let wait = seconds(&refused);
    assert!((1..=20).contains(&wait), "{wait}");
    world.advance(wait * SECOND - SECOND);
    dry(&ada).expect(429);
    world.advance(SECOND);
    dry(&ada).expect(201);
    dry(&ada).expect(429);
    // In the long run it is a full look each twenty seconds.
    let mut served = 0;
    for _ in 0..600 {
        world.advance(SECOND);
        served += usize::from(dry(&ada).status() == 201);
    }
    assert!((29..=31).contains(&served), "{served} in ten minutes");
}

#[test]
fn what_is_refused_costs_nothing_and_reads_none_of_the_logs() {
    let world = World::new();
    let ada = world.seller();
    fill(&world, 20_000);
    while dry(&ada).status() == 201 {}
    let (before, steps) = (world.db.one("SELECT spent_until FROM webhook_scans"), world.db.steps());
    for _ in 0..50 {
        dry(&ada).expect(429);
    }
    assert_eq!(world.db.one("SELECT spent_until FROM webhook_scans"), before);
    assert!((world.db.steps() - steps) / 50 < 1_000, "{} steps each", (world.db.steps() - steps) / 50);
}

#[test]
fn a_small_look_costs_little_and_one_that_writes_costs_more() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    fill(&world, 10_000);
    // Fifty logs: there is no end to that.
    let late = json!({"since": "2023-11-14T23:59:10Z", "dry_run": true});
    for _ in 0..300 {
        replay(&ada, late.clone()).expect(201);
    }
    world.advance(2 * MINUTE);
    // Each of these looks at 10,000 and writes 500, which is as much as 5,000 more.
    let mut sent = 0;
    loop {
        let reply = replay(&ada, json!({}));
        if reply.status() == 429 {
            assert!(seconds(&reply) <= 15);
            break;
        }
        sent += reply.expect(201).json()["replayed"].as_u64().unwrap();
    }
    assert!((1_500..=2_500).contains(&sent), "{sent} in one moment");
}

#[test]
fn an_accounts_looks_are_its_own() {
    let world = World::new();
    let ada = world.seller();
    fill(&world, 20_000);
    while dry(&ada).status() == 201 {}
    let bob = world.seller_named("bob@shop.example", true);
    dry(&bob).expect(201);
    // And her single retries are none.
    let id = ada.logs()[0]["id"].as_str().unwrap().to_owned();
    ada.post(&format!("/webhooks/logs/{id}/retry"), json!({})).expect(201);
}

#[test]
fn a_look_that_broke_off_keeps_others_waiting_for_half_a_minute() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    fill(&world, 20);
    world.db.break_commit(2, Landed::No);
    replay(&ada, json!({})).expect(500);
    let refused = replay(&ada, json!({})).expect(429);
    assert_eq!(seconds(&refused), 30);
    world.advance(30 * SECOND);
    assert_eq!(replay(&ada, json!({})).expect(201).json()["replayed"], 20);
}

#[test]
fn what_is_sent_again_is_drained_by_the_sweep_and_not_by_hundreds_of_messages() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    fill(&world, 450);
    assert_eq!(replay(&ada, json!({})).expect(201).json()["replayed"], 450);
    assert_eq!(world.queue.waiting().len(), 20);
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).len(), 20);
    world.live_through(2 * MINUTE);
    assert_eq!(world.web.sent_to(HOOK).len(), 450, "each once");
}

#[test]
fn an_endpoint_comes_back_also_when_nobody_may_count_what_it_missed() {
    let world = World::new();
    let ada = world.seller();
    fill(&world, 20_000);
    let id = ada.endpoint(HOOK, &["order:created"]);
    world.web.says(HOOK, 410);
    ada.white_label(json!({}));
    world.run_jobs();
    world.web.says(HOOK, 200);
    while dry(&ada).status() == 201 {}
    let back = ada.put(&format!("/webhooks/endpoints/{id}"), json!({"enabled": true})).expect(200).json();
    assert_eq!((&back["enabled"], back.get("missed")), (&json!(true), None));
}

#[test]
fn a_replay_that_is_overtaken_each_time_gives_up_after_three_searches() {
    let world = Rc::new(World::new());
    world.web.says(HOOK, 200);
    let ada = world.seller();
    fill(&world, 20);
    // Each attempt is two commits: the search, and what it found. Before each second one somebody
    // else sends another of its logs again.
    for attempt in 1..=8 {
        let (other, email, key) = (world.clone(), ada.email.clone(), ada.key.clone());
        world.db.before_commit(2 * attempt, move || {
            let ada = Seller { world: &other, email, key, secret: String::new() };
            ada.post(&format!("/webhooks/logs/{attempt:08}/retry"), json!({})).expect(201);
        });
    }
    let refused = replay(&ada, json!({})).expect(409);
    assert_eq!(refused.message(), "It was changed at the same time. Read it and try again");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE replay_of IS NOT NULL"), "3");
    let spent: i64 = world.db.one("SELECT spent_until FROM webhook_scans").parse().unwrap();
    // A row for each log that is there: 20, 21, 22.
    assert_eq!(spent - world.now(), 63);
}
