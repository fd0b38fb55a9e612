//! Deliveries that failed: when they are tried again, and when not.

use pushguard::{
    platform::{Db as _, HttpResponse, Statement},
    shop::time::wire,
};
use serde_json::{Value, json};

use crate::{
    webhook::delivery::{HOOK, ada, log, sent},
    world::{DAY, HOUR, MINUTE, SECOND, START, World, block_on},
};

/// The waits of the schedule.
const STEPS: [i64; 10] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR, 24 * HOUR];

#[test]
fn a_delivery_is_tried_ten_times_more_at_the_times_that_the_log_announces_and_then_given_up() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 500);
    ada.white_label(json!({}));
    world.run_jobs();
    for (n, step) in STEPS.into_iter().enumerate() {
        let log = log(&ada);
        assert_eq!((&log["retries"], &log["retry_limit"]), (&json!(n + 1), &json!(10)));
        let announced: i64 = world.db.one("SELECT next_retry_at FROM webhook_logs").parse().unwrap();
        let wait = announced - world.now();
        assert!((step * 79 / 100..=step * 121 / 100).contains(&wait), "retry {n} waits {wait} ms, not {step}");
        // Whenever one looks, it says the same, and it is true: nothing is sent before, and the next time lies ahead.
        for quarter in 1..=4 {
            let left = announced - SECOND - world.now();
            world.live_through(left / (5 - quarter));
            assert_eq!(crate::webhook::delivery::log(&ada), log, "until then nothing changes");
            assert!(announced > world.now());
            assert_eq!(sent(&world).len(), n + 1, "not before its time");
        }
        assert_eq!(log["next_retry_at"], wire(announced));
        world.live_through(3 * MINUTE);
        assert_eq!(sent(&world).len(), n + 2, "and not much later");
        let late = sent(&world)[n + 1].at - announced;
        assert!((-SECOND..=2 * MINUTE).contains(&late), "{late}");
        // Back to the attempt itself: the next wait is counted from there.
        world.advance(sent(&world)[n + 1].at - world.now());
    }
    let took = world.now() - START;
    assert!((80 * HOUR..=120 * HOUR).contains(&took), "three days and more: {} h", took / HOUR);
    let given_up = log(&ada);
    assert_eq!((&given_up["retries"], &given_up["next_retry_at"]), (&json!(10), &Value::Null));
    world.live_through(3 * DAY);
    assert_eq!(sent(&world).len(), 11, "the first and ten more");
    let ids: Vec<String> = sent(&world).iter().map(|sent| sent.header("webhook-id").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "always the same webhook");
    let stamps: Vec<String> = sent(&world).iter().map(|sent| sent.header("webhook-timestamp").to_owned()).collect();
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "signed anew at its time");
}

#[test]
fn what_failed_together_does_not_come_back_together() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 503);
    for _ in 0..40 {
        ada.white_label(json!({}));
    }
    world.run_jobs();
    assert!(sent(&world).len() <= 6, "after a few the others wait");
    let tried =
        "SELECT COUNT(DISTINCT next_retry_at) = COUNT(*) FROM webhook_logs WHERE retries = 1 AND waits_for IS NULL";
    assert_eq!(world.db.query_in(0, tried), [["1"]], "those that were tried come back apart");
    let before = sent(&world).len();
    world.live_through(10 * MINUTE);
    let probes = sent(&world).len() - before;
    assert!((3..=10).contains(&probes), "{probes} in ten minutes");
    let late = sent(&world);
    assert!(late.windows(2).skip(before).all(|pair| pair[1].at > pair[0].at), "and one by one");
}

#[test]
fn a_busy_receiver_says_how_long_to_wait() {
    for (asked, least, most) in [
        ("120", 120 * SECOND, 121 * SECOND),
        ("0", 4 * SECOND, 6 * SECOND),
        ("-5", 4 * SECOND, 6 * SECOND),
        ("soon", 4 * SECOND, 6 * SECOND),
        ("999999999", DAY, DAY),
        ("99999999999999999999999", 4 * SECOND, DAY),
        // RFC 9110, 10.2.3 allows a date: this one is ten minutes from now.
        ("Wed, 15 Nov 2023 00:10:00 GMT", 9 * MINUTE, 11 * MINUTE),
    ] {
        let world = World::new();
        let ada = ada(&world);
        world.web.on(HOOK, move |_| {
            let headers = vec![("Retry-After".to_owned(), asked.to_owned())];
            Ok(HttpResponse { status: 429, headers, body: Vec::new(), truncated: false })
        });
        ada.white_label(json!({}));
        world.run_jobs();
        let at: i64 = world.db.one("SELECT next_retry_at FROM webhook_logs").parse().unwrap();
        assert!((least..=most).contains(&(at - world.now())), "{asked}: {}", at - world.now());
    }
}

#[test]
fn an_endpoint_that_answers_410_is_disabled_and_told_nothing_more() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    world.web.says(HOOK, 410);
    ada.white_label(json!({}));
    world.live_through(HOUR);
    assert_eq!(sent(&world).len(), 1);
    assert_eq!((&log(&ada)["response_code"], &log(&ada)["next_retry_at"]), (&json!(410), &Value::Null));
    let endpoint = format!("/webhooks/endpoints/{id}");
    assert_eq!(ada.get(&endpoint).json()["enabled"], false);
    ada.white_label(json!({}));
    world.live_through(HOUR);
    assert_eq!(sent(&world).len(), 1);
    world.web.says(HOOK, 200);
    ada.put(&endpoint, json!({"enabled": true})).expect(200);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(sent(&world).len(), 3, "its owner may enable it again: a sample, and the new order");
}

#[test]
fn a_410_from_where_an_endpoint_was_leaves_it_alone_where_it_is() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint("https://old.example/", &["order:created"]);
    world.web.says("https://old.example/", 410);
    world.web.says(HOOK, 200);
    ada.white_label(json!({}));
    let path = format!("/webhooks/endpoints/{id}");
    // It moves while the request is on its way.
    let other = world.redeployed(&[]);
    world.db.before_commit(1, move || {
        let moves = Statement::new("UPDATE webhook_endpoints SET url = 'https://hooks.example/'", Vec::new());
        block_on(other.db.commit(vec![moves])).expect("it moves");
    });
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://old.example/").len(), 1);
    assert_eq!(ada.get(&path).json()["enabled"], true);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_disabled_or_deleted_endpoint_stops_its_retries() {
    for disable in [true, false] {
        let world = World::new();
        let ada = world.seller();
        let id = ada.endpoint(HOOK, &["order:created"]);
        world.web.says(HOOK, 500);
        ada.white_label(json!({}));
        world.run_jobs();
        let path = format!("/webhooks/endpoints/{id}");
        if disable {
            ada.put(&path, json!({"enabled": false})).expect(200);
        } else {
            ada.delete(&path).expect(204);
        }
        world.live_through(12 * HOUR);
        assert_eq!(sent(&world).len(), 1);
        let log = log(&ada);
        assert_eq!((&log["response_code"], &log["next_retry_at"]), (&json!(500), &Value::Null), "the record stays");
    }
}
