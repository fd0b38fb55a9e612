//! What is known of receivers: who was slow or failed is asked in the other queue, by account and URL, and keeps nobody waiting.

use pushguard::{
    platform::{Db as _, FetchError, QueueName, Statement},
    shop::{consumer, job::Job},
};
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    webhook::delivery::HOOK,
    world::{DAY, HOUR, MINUTE, World, answer, block_on},
};

const SILENT: &str = "https://silent.example/";

/// Milliseconds that a receiver has in the first queue, and in the other.
const QUICK: u32 = 4_000;
const PATIENT: u32 = 15_000;

fn silent(world: &World, prefix: &str) {
    world.web.on(prefix, |_| Err(FetchError::Timeout));
}

/// Requests to this URL in each queue.
fn asked(world: &World, prefix: &str) -> (usize, usize) {
    let sent = world.web.sent_to(prefix);
    let with = |timeout: u32| sent.iter().filter(|sent| sent.timeout == timeout).count();
    (with(QUICK), with(PATIENT))
}

/// Works one batch of ten of this queue, as the platform does with one consumer.
pub fn batch(world: &World, lane: QueueName) -> usize {
    let waiting = world.queue.waiting();
    let of_lane = |text: &String| Job::from_text(text).is_some_and(|job| job.lane() == lane);
    let now = world.now();
    let due = waiting.iter().filter(|(at, _)| *at <= now).map(|(_, text)| text).filter(|text| of_lane(text));
    let texts: Vec<String> = due.take(10).cloned().collect();
    world.queue.forget();
    let mut taken = texts.clone();
    for (at, text) in waiting {
        match taken.iter().position(|known| *known == text) {
            Some(place) => drop(taken.remove(place)),
            None => world.queue.put(text, u32::try_from((at - now).max(0) / 1_000).unwrap()),
        }
    }
    let jobs: Vec<Job> = texts.iter().filter_map(|text| Job::from_text(text)).collect();
    assert!(block_on(consumer::work(&world.app, &jobs)).iter().all(|done| *done));
    jobs.len()
}

#[test]
fn thirty_orders_beside_silent_failing_gone_and_closed_receivers_wait_for_the_silent_one_once() {
    let world = World::new();
    let ada = world.seller();
    world.web.says("https://good.example/", 200);
    world.web.says("https://500.example/", 500);
    world.web.says("https://410.example/", 410);
    world.web.on("https://closed.example/", |_| Err(FetchError::Refused));
    silent(&world, SILENT);
    for url in
        ["https://good.example/", SILENT, "https://500.example/", "https://410.example/", "https://closed.example/"]
    {
        ada.endpoint(url, &["order:created"]);
    }
    for _ in 0..30 {
        ada.white_label(json!({}));
    }
    // In the first batch are two orders' webhooks: the only ones that wait for the silent receiver.
    batch(&world, QueueName::Deliveries);
    let first = asked(&world, SILENT).0;
    assert!((1..=2).contains(&first));
    while batch(&world, QueueName::Deliveries) > 0 {}
    assert_eq!(world.web.sent_to("https://good.example/").len(), 30, "all of them from the first queue");
    assert_eq!(asked(&world, SILENT), (first, 0), "known after the first batch");
    for failing in ["https://500.example/", "https://closed.example/"] {
        assert!(asked(&world, failing).0 <= 2, "{failing}: {:?}", asked(&world, failing));
    }
    assert!(world.web.sent_to("https://410.example/").len() <= 2);
    world.run_jobs();
    assert_eq!(
        asked(&world, SILENT),
        (first, 1),
        "in the other queue one of them finds that it is down, and the others are held"
    );
}

#[test]
fn a_batch_that_meets_silence_sends_the_rest_of_it_elsewhere() {
    let world = World::new();
    let ada = world.seller();
    silent(&world, SILENT);
    ada.endpoint(SILENT, &["order:created"]);
    for _ in 0..10 {
        ada.white_label(json!({}));
    }
    assert_eq!(batch(&world, QueueName::Deliveries), 10);
    assert_eq!(asked(&world, SILENT), (1, 0), "what had not started when the first was over is not tried");
}

#[test]
fn one_sellers_single_webhook_goes_before_anothers_second() {
    let world = World::new();
    let ada = world.seller();
    let bob = world.seller_named("bob@shop.example", true);
    silent(&world, SILENT);
    world.web.says(HOOK, 200);
    ada.endpoint(SILENT, &["order:created"]);
    bob.endpoint(HOOK, &["order:created"]);
    for _ in 0..9 {
        ada.white_label(json!({}));
    }
    bob.white_label(json!({}));
    batch(&world, QueueName::Deliveries);
    let urls: Vec<String> = world.web.sent().into_iter().map(|sent| sent.url).collect();
    assert_eq!(urls, [SILENT, HOOK]);
}

#[test]
fn a_payments_own_url_is_remembered_whatever_its_query() {
    let world = World::new();
    let ada = world.seller();
    silent(&world, SILENT);
    ada.white_label(json!({"webhook_url": "https://silent.example/?order=1"}));
    batch(&world, QueueName::Deliveries);
    assert_eq!(asked(&world, SILENT), (1, 0));
    for url in ["https://silent.example/?order=2", "https://silent.example/", "https://silent.example/?order=1&x=?"] {
        ada.white_label(json!({"webhook_url": url}));
        batch(&world, QueueName::Deliveries);
        assert_eq!(asked(&world, SILENT), (1, 0), "{url}");
    }
    // Another path is another receiver, and another account has its own experience.
    ada.white_label(json!({"webhook_url": "https://silent.example/other"}));
    batch(&world, QueueName::Deliveries);
    assert_eq!(asked(&world, SILENT), (2, 0));
    let bob = world.seller_named("bob@shop.example", true);
    bob.white_label(json!({"webhook_url": SILENT}));
    batch(&world, QueueName::Deliveries);
    assert_eq!(asked(&world, SILENT), (3, 0));
}

#[test]
fn a_receiver_that_fails_is_asked_in_the_other_queue_until_something_arrives() {
    for (status, fault) in
        [(500, None), (404, None), (429, None), (0, Some(FetchError::Refused)), (0, Some(FetchError::Tls))]
    {
        let world = World::new();
        let ada = world.seller();
        ada.endpoint(HOOK, &["order:created"]);
        world.web.on(HOOK, move |_| fault.map_or_else(|| answer(status, ""), Err));
        ada.white_label(json!({}));
        world.run_jobs();
        assert_eq!(asked(&world, HOOK), (1, 0));
        world.web.says(HOOK, 200);
        ada.white_label(json!({}));
        world.run_jobs();
        assert_eq!(asked(&world, HOOK), (1, 1));
        world.live_through(MINUTE);
        assert_eq!(world.db.rows_in("webhook_receivers"), 0, "it does well again");
        ada.white_label(json!({}));
        world.run_jobs();
        assert_eq!(asked(&world, HOOK).0, 2);
    }
}

#[test]
fn a_receiver_that_was_slow_is_forgotten_after_a_day() {
    let world = World::new();
    let ada = world.seller();
    world.web.on(HOOK, |sent| if sent.timeout < 10_000 { Err(FetchError::Timeout) } else { answer(200, "") });
    ada.endpoint(HOOK, &["order:created"]);
    ada.white_label(json!({}));
    world.run_jobs();
    world.live_through(23 * HOUR);
    assert_eq!(world.db.rows_in("webhook_receivers"), 1);
    world.live_through(2 * HOUR);
    assert_eq!(world.db.rows_in("webhook_receivers"), 0);
}

#[test]
fn a_new_url_inherits_nothing() {
    let world = World::new();
    let ada = world.seller();
    silent(&world, SILENT);
    world.web.says("https://new.example/", 200);
    let id = ada.endpoint(SILENT, &["order:created"]);
    ada.white_label(json!({}));
    batch(&world, QueueName::Deliveries);
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"url": "https://new.example/"})).expect(200);
    world.web.forget();
    ada.white_label(json!({}));
    batch(&world, QueueName::Deliveries);
    assert_eq!(asked(&world, "https://new.example/"), (1, 0));
    // And one that comes back to the old place finds what is known of it.
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"url": SILENT})).expect(200);
    ada.white_label(json!({}));
    batch(&world, QueueName::Deliveries);
    assert_eq!(asked(&world, SILENT), (0, 0));
}

fn logs(seller: &Seller<'_>) -> Vec<(Value, Value)> {
    seller.logs().iter().rev().map(|log| (log["url"].clone(), log["response_code"].clone())).collect()
}

#[test]
fn retries_go_to_where_the_endpoint_is_by_now_and_the_log_says_so() {
    let world = World::new();
    let ada = world.seller();
    world.web.says("https://old.example/", 500);
    world.web.says("https://new.example/", 200);
    let id = ada.endpoint("https://old.example/", &["order:created"]);
    ada.white_label(json!({"webhook_url": "https://old.example/own"}));
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://old.example/").len(), 2);
    // One was tried, and one was not yet.
    ada.white_label(json!({}));
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"url": "https://new.example/hook"})).expect(200);
    world.web.forget();
    world.live_through(10 * MINUTE);
    let new = json!("https://new.example/hook");
    assert_eq!(
        logs(&ada),
        [(json!("https://old.example/own"), json!(500)), (new.clone(), json!(200)), (new, json!(200))]
    );
    assert_eq!(world.web.sent_to("https://new.example/").len(), 2);
    let old = world.web.sent_to("https://old.example/");
    assert!(old.iter().all(|sent| sent.url == "https://old.example/own"), "a payment's own URL stays what it was");
}

#[test]
fn what_was_held_at_the_old_url_goes_to_the_new_one_in_its_order() {
    let world = World::new();
    let ada = world.seller();
    silent(&world, SILENT);
    world.web.says("https://new.example/", 200);
    let id = ada.endpoint(SILENT, &["order:created"]);
    for _ in 0..8 {
        ada.white_label(json!({}));
    }
    world.run_jobs();
    assert!(world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE waits_for IS NOT NULL").parse::<u32>().unwrap() >= 7);
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"url": "https://new.example/"})).expect(200);
    world.live_through(2 * MINUTE);
    let sequences: Vec<i64> = world
        .web
        .sent_to("https://new.example/")
        .iter()
        .map(|sent| sent.header("X-PushGuard-Sequence").parse().unwrap())
        .collect();
    assert_eq!(sequences.len(), 8);
    assert!(ada.logs().iter().all(|log| log["url"] == "https://new.example/" && log["next_retry_at"].is_null()));
}

#[test]
fn a_replay_that_waits_goes_to_the_new_url_too() {
    let world = World::new();
    let ada = world.seller();
    world.web.says("https://old.example/", 200);
    world.web.says("https://new.example/", 200);
    let id = ada.endpoint("https://old.example/", &["order:created"]);
    ada.white_label(json!({}));
    world.run_jobs();
    ada.post("/webhooks/replay", json!({"since": "2023-11-14", "only": "all"})).expect(201);
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"url": "https://new.example/"})).expect(200);
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://new.example/").len(), 1);
    assert_eq!(ada.logs()[0]["url"], "https://new.example/");
}

#[test]
fn an_endpoint_that_its_owner_disables_after_us_notes_nothing_more() {
    for said in [410, 500] {
        let world = World::new();
        let ada = world.seller();
        world.web.says(HOOK, said);
        let id = ada.endpoint(HOOK, &["order:created"]);
        ada.white_label(json!({}));
        world.run_jobs();
        // A failing one is disabled after five days; that is written here, since it takes long.
        let disable = "UPDATE webhook_endpoints SET enabled = 0, disabled_at = COALESCE(disabled_at, updated_at),
                       disabled_reason = COALESCE(disabled_reason, 'failing')";
        block_on(world.db.commit(vec![Statement::new(disable, Vec::new())])).expect("disabled");
        ada.white_label(json!({}));
        assert_eq!(ada.logs()[0]["error"], "endpoint_disabled", "noted");
        let path = format!("/webhooks/endpoints/{id}");
        // Another change leaves that as it is.
        ada.put(&path, json!({"events": ["order:created", "order:paid"]})).expect(200);
        ada.white_label(json!({}));
        assert_eq!(ada.logs().len(), 3);
        let off = ada.put(&path, json!({"enabled": false})).expect(200).json();
        assert_eq!((&off["disabled_at"], &off["disabled_reason"]), (&Value::Null, &Value::Null));
        ada.white_label(json!({}));
        world.live_through(DAY);
        assert_eq!(ada.logs().len(), 3, "nothing is noted");
    }
}
