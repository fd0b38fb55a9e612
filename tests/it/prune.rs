//! Old logs go, from the oldest on and in small steps, and the list stays right.

use serde_json::json;

use crate::{
    actors::Seller,
    delivery::HOOK,
    world::{Counts, DAY, HOUR, MINUTE, World, answer},
};

/// So many logs more, made now and delivered.
fn grow(ada: &Seller<'_>, count: usize) {
    let at = ada.world.now();
    ada.world.db.change(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}),
           last AS (SELECT account_id, MAX(seq) AS seq, pruned FROM webhook_logs WHERE event = 'order:created')
         INSERT INTO webhook_logs (account_id, seq, pruned, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
         SELECT account_id, seq + n, pruned, printf('%08d', seq + n), 'order:created', 'x', '{HOOK}', seq + n, 200, {at}, {at} FROM n, last;
         INSERT INTO webhook_payloads (id, account_id, payload, last_seq)
         SELECT payload_id, account_id, '{{\"n\":' || seq || '}}', seq FROM webhook_logs
         WHERE payload_id NOT IN (SELECT id FROM webhook_payloads)"
    ));
}

/// `X-Total-Count`, and how many rows all pages have, each of which is right.
fn list(ada: &Seller<'_>) -> (usize, usize) {
    let mut seqs = Vec::new();
    let mut total = 0;
    for page in 1.. {
        let reply = ada.get(&format!("/webhooks/logs?per_page=50&page={page}")).expect(200);
        total = reply.header("x-total-count").unwrap().parse().unwrap();
        let rows = reply.json().as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        seqs.extend(rows.into_iter().map(|row| row["id"].as_str().unwrap().to_owned()));
    }
    let distinct: std::collections::BTreeSet<_> = seqs.iter().collect();
    assert_eq!(distinct.len(), seqs.len(), "no row stands on two pages");
    (total, seqs.len())
}

fn world() -> World {
    let world = World::new();
    world.web.says(HOOK, 200);
    world
}

/// Ada with one delivered log, the list's first.
fn ada(world: &World) -> Seller<'_> {
    let ada = crate::delivery::ada(world);
    ada.white_label(json!({}));
    world.run_jobs();
    ada
}

#[test]
fn logs_older_than_ninety_days_go_and_the_list_stays_right() {
    let world = world();
    let ada = ada(&world);
    grow(&ada, 119);
    world.advance(60 * DAY);
    grow(&ada, 80);
    world.queue.forget();
    assert_eq!(list(&ada), (200, 200));
    world.advance(30 * DAY - MINUTE);
    world.cron();
    assert_eq!(list(&ada), (200, 200), "ninety days are not over");
    world.advance(DAY + MINUTE);
    world.cron();
    assert_eq!(list(&ada), (80, 80));
    let gone = ada.get("/webhooks/logs/00000002");
    gone.expect(404);
    // What comes then goes on in the same numbers.
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).last().unwrap().header("X-PushGuard-Sequence"), "201");
    assert_eq!(list(&ada), (81, 81));
    let newest = ada.logs()[0]["id"].as_str().unwrap().to_owned();
    ada.post(&format!("/webhooks/logs/{newest}/retry"), json!({})).expect(201);
    world.run_jobs();
    assert_eq!(list(&ada), (82, 82), "a repetition counts as well");
    ada.post("/webhooks/simulate", json!({"url": HOOK, "event": "order:paid"})).expect(201);
    assert_eq!(list(&ada), (83, 83));
    let replay = json!({"since": "2023-11-15", "only": "all"});
    assert_eq!(ada.post("/webhooks/replay", replay).expect(201).json()["replayed"], 81);
    assert_eq!(list(&ada), (164, 164));
    let eve = world.seller_named("eve@example.com", true);
    assert_eq!(list(&eve), (0, 0));
}

#[test]
fn the_last_log_stays_so_that_no_number_comes_twice() {
    let world = world();
    let ada = ada(&world);
    grow(&ada, 9);
    world.advance(200 * DAY);
    world.cron();
    assert_eq!(list(&ada), (1, 1));
    for _ in 0..3 {
        world.advance(DAY + MINUTE);
        world.cron();
    }
    assert_eq!(list(&ada), (1, 1));
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).last().unwrap().header("X-PushGuard-Sequence"), "11");
    assert_eq!(list(&ada), (2, 2));
    world.advance(DAY + MINUTE);
    world.cron();
    assert_eq!(list(&ada), (1, 1), "and then the old one may go");
}

#[test]
fn what_is_still_owed_stays_and_all_that_is_younger() {
    let world = world();
    let ada = ada(&world);
    grow(&ada, 99);
    world.db.change(&format!("UPDATE webhook_logs SET due_at = {} WHERE seq = 41", world.now() + 900 * DAY));
    world.advance(100 * DAY);
    world.cron();
    assert_eq!(list(&ada), (60, 60));
    world.db.change("UPDATE webhook_logs SET due_at = NULL WHERE seq = 41");
    world.advance(DAY + MINUTE);
    world.cron();
    assert_eq!(list(&ada), (1, 1));
}

#[test]
fn the_operator_says_how_long_and_a_shorter_time_holds_within_a_day() {
    let world = World::with(&[("LOG_RETENTION_DAYS", "30")]);
    world.web.on(HOOK, |_| answer(200, ""));
    let ada = ada(&world);
    grow(&ada, 9);
    world.advance(29 * DAY);
    world.cron();
    assert_eq!(list(&ada), (10, 10));
    let shorter = world.redeployed(&[("LOG_RETENTION_DAYS", "7")]);
    shorter.advance(DAY + MINUTE);
    shorter.cron();
    assert_eq!(list(&ada), (1, 1));
}

#[test]
fn many_go_in_bounded_steps_over_several_minutes_and_several_accounts_take_turns() {
    let world = world();
    let ada = ada(&world);
    grow(&ada, 25_000);
    let eve = world.seller_named("eve@example.com", true);
    world.advance(92 * DAY);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(Counts { statements: 0, ..counts }, Counts { commits: 1 + 20, ..Counts::default() });
    let left = world.db.rows_in("webhook_logs");
    assert!((15_001..16_000).contains(&left), "at most 10,000 a minute: {left} are left");
    // In between the list is right as well.
    let reply = ada.get("/webhooks/logs").expect(200);
    assert_eq!(reply.header("x-total-count"), Some(left.to_string().as_str()));
    let steps = |page: usize| {
        let before = world.db.steps();
        assert_eq!(ada.get(&format!("/webhooks/logs?page={page}")).expect(200).json().as_array().unwrap().len(), 20);
        world.db.steps() - before
    };
    assert_eq!(steps(1), steps(700), "a page costs the same at any depth");
    for _ in 0..3 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(world.db.rows_in("webhook_logs"), 1);
    drop(eve);
    world.advance(HOUR);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(counts.commits, 1, "then there is nothing to do for a day");
}
