//! Old logs go, from the oldest on and in small steps, and the list stays right.

use serde_json::json;

use crate::{
    actors::Seller,
    webhook::delivery::HOOK,
    world::{Counts, DAY, HOUR, MINUTE, World, answer},
};

/// So many logs more, made now and delivered.
fn grow(ada: &Seller<'_>, count: usize) {
    let at = ada.world.now();
    ada.world.db.change(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}),
           last AS (SELECT account_id, MAX(seq) AS seq, pruned FROM webhook_logs WHERE event = 'order:created' GROUP BY account_id)
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
    let ada = crate::webhook::delivery::ada(world);
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
    grow(&ada, 10_000);
    let eve = world.seller_named("eve@example.com", true);
    world.advance(92 * DAY);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(Counts { statements: 0, ..counts }, Counts { commits: 3 + 20, ..Counts::default() });
    let left = world.db.rows_in("webhook_logs");
    assert_eq!(left, 6_001, "4,000 a minute");
    // In between the list is right as well.
    let reply = ada.get("/webhooks/logs").expect(200);
    assert_eq!(reply.header("x-total-count"), Some(left.to_string().as_str()));
    let steps = |page: usize| {
        let before = world.db.steps();
        assert_eq!(ada.get(&format!("/webhooks/logs?page={page}")).expect(200).json().as_array().unwrap().len(), 20);
        world.db.steps() - before
    };
    assert_eq!(steps(1), steps(200), "a page costs the same at any depth");
    for _ in 0..3 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(world.db.rows_in("webhook_logs"), 1);
    drop(eve);
    world.advance(HOUR);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(counts.commits, 3, "then there is nothing to do: each shard is asked");
}

/// `count` accounts in the first shard, each with so many logs, one each `apart`.
fn accounts(world: &World, count: usize, logs: usize, apart: i64) {
    let at = world.now();
    world.db.change_in(
        0,
        &format!(
            "WITH RECURSIVE a (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM a WHERE a < {count})
             INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at)
             SELECT 1000 + a, a || '@example.com', 'Shop', 'x', 1, {at}, {at} FROM a;
             WITH RECURSIVE a (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM a WHERE a < {count}),
               n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {logs})
             INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
             SELECT 1000 + a, n, 'l' || n, 'order:created', 'x', '{HOOK}', a * 10000 + n, 200, {at} + n * {apart}, {at} FROM a, n;
             INSERT INTO webhook_payloads (id, account_id, payload, last_seq)
             SELECT payload_id, account_id, '{{}}', seq FROM webhook_logs WHERE account_id > 1000 AND account_id < 10000000"
        ),
    );
}

#[test]
fn more_accounts_than_minutes_keep_up() {
    let world = world();
    // Two thousand accounts with a log every six hours for five days: twenty each.
    accounts(&world, 2_000, 20, 6 * HOUR);
    assert_eq!(world.db.rows_in("webhook_logs"), 40_000);
    world.advance(90 * DAY);
    let mut most = 0;
    for _ in 0..6 * 24 {
        let (counts, ()) = world.count(|| world.cron());
        most = most.max(counts.commits);
        world.advance(HOUR);
    }
    assert_eq!(world.db.rows_in("webhook_logs"), 2_000, "each account's last one");
    assert_eq!(world.db.rows_in("webhook_payloads"), 2_000);
    assert!(most <= 3 + 20, "{most}");
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(counts.commits, 3, "who has nothing to go costs nothing");
}

#[test]
fn a_busy_account_is_finished_before_those_behind_it_and_they_have_their_turn() {
    let world = world();
    accounts(&world, 1, 3_000, 1);
    accounts_later(&world);
    world.advance(92 * DAY);
    world.cron();
    let left = |id: usize| world.db.one(&format!("SELECT COUNT(*) FROM webhook_logs WHERE account_id = {id}"));
    assert_eq!(left(1_001), "1", "it is done within the minute");
    for id in 5_001..=5_030 {
        assert_eq!(left(id), "1", "and so are the others: {id}");
    }
}

fn accounts_later(world: &World) {
    let at = world.now() + HOUR;
    world.db.change_in(
        0,
        &format!(
            "WITH RECURSIVE a (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM a WHERE a < 30)
             INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at)
             SELECT 5000 + a, 'later' || a, 'Shop', 'x', 1, {at}, {at} FROM a;
             WITH RECURSIVE a (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM a WHERE a < 30),
               n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5)
             INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
             SELECT 5000 + a, n, 'l' || n, 'order:created', 'x', '{HOOK}', 900000 + a, 200, {at}, {at} FROM a, n"
        ),
    );
}
