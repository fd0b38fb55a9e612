//! Endpoints that we disabled: others are told before and then, their events are noted, and they come back only when they
//! accept a sample.

use pushguard::platform::{Db as _, FetchError, Statement};
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    webhook::delivery::HOOK,
    world::{Counts, DAY, HOUR, Landed, MINUTE, Sent, World, answer, block_on},
};

const ALERTS: &str = "https://alerts.example/";

fn endpoint(seller: &Seller<'_>, id: &str) -> Value {
    seller.get(&format!("/webhooks/endpoints/{id}")).expect(200).json()
}

/// An order, tried once: what comes after that attempt is forgotten.
fn event(seller: &Seller<'_>) {
    seller.white_label(json!({}));
    seller.world.run_jobs();
    // Where its receiver fails for long, cron sends one log at a time.
    seller.world.cron();
    seller.world.run_jobs();
    seller.world.queue.forget();
}

/// Ada, with one endpoint for orders and another that is told how endpoints do → the id of the first.
fn ada(world: &World) -> (Seller<'_>, String) {
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created", "endpoint:failing", "endpoint:disabled"]);
    ada.endpoint(ALERTS, &["endpoint:failing", "endpoint:disabled"]);
    world.web.says(ALERTS, 200);
    (ada, id)
}

/// What the alerts' receiver was told.
fn told(world: &World) -> Vec<(String, Value)> {
    let of = |sent: Sent| (sent.header("x-pushguard-event").to_owned(), sent.json());
    world.web.sent_to(ALERTS).into_iter().map(of).collect()
}

/// The endpoint answers 410 to an order.
fn gone<'w>(world: &'w World) -> (Seller<'w>, String) {
    let (ada, id) = ada(world);
    world.web.says(HOOK, 410);
    event(&ada);
    assert_eq!(endpoint(&ada, &id)["disabled_reason"], "gone");
    (ada, id)
}

#[test]
fn the_others_are_warned_after_half_a_day_and_told_when_it_is_disabled_each_once() {
    let world = World::new();
    let (ada, id) = ada(&world);
    world.web.says(HOOK, 500);
    event(&ada);
    assert!(told(&world).is_empty(), "one bad moment is no news");
    for n in 1..=10 {
        world.advance(12 * HOUR);
        event(&ada);
        event(&ada);
        let now = endpoint(&ada, &id);
        let news = told(&world);
        if n < 10 {
            assert_eq!(news.len(), 1, "{n}");
            let (name, body) = &news[0];
            assert_eq!(name, "endpoint:failing");
            assert_eq!(*body, now, "the endpoint object");
            assert_eq!(body["disables_at"], "2023-11-20T00:00:00.000+00:00");
        } else {
            assert_eq!(news.len(), 2);
            let (name, body) = &news[1];
            assert_eq!((name.as_str(), body), ("endpoint:disabled", &now));
            assert_eq!((&body["enabled"], &body["disabled_reason"]), (&json!(false), &json!("failing")));
        }
    }
    let signed = &world.web.sent_to(ALERTS)[0];
    assert_eq!(signed.header("X-PushGuard-Signature"), crate::webhook::delivery::hex_sha512(&ada.secret, &signed.body));
}

#[test]
fn a_batch_full_of_failures_is_one_piece_of_news_and_of_a_410_among_them_too() {
    let world = World::new();
    let (ada, id) = ada(&world);
    world.web.says(HOOK, 500);
    event(&ada);
    world.advance(13 * HOUR);
    for _ in 0..8 {
        ada.white_label(json!({}));
    }
    world.run_jobs();
    assert_eq!(told(&world).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["endpoint:failing"]);
    assert_eq!(world.db.one("SELECT failures FROM webhook_endpoints WHERE failures > 0"), "2");
    world.queue.forget();
    world.advance(13 * HOUR);
    // Its receiver is forgotten, or one probe would be all that is sent.
    block_on(world.db.commit(vec![Statement::new("DELETE FROM webhook_receivers", Vec::new())])).expect("forgotten");
    let mut count = 0;
    world.web.on(HOOK, move |_| {
        count += 1;
        answer(if count == 3 { 410 } else { 500 }, "")
    });
    for _ in 0..8 {
        ada.white_label(json!({}));
    }
    world.run_jobs();
    assert_eq!(endpoint(&ada, &id)["disabled_reason"], "gone");
    assert_eq!(told(&world)[1].0, "endpoint:disabled");
    assert_eq!(told(&world).len(), 2);
}

#[test]
fn news_costs_a_batch_no_round_trip_more() {
    let world = World::new();
    let (ada, _) = ada(&world);
    world.web.says(HOOK, 500);
    let trips = |at: i64| {
        world.advance(at);
        ada.white_label(json!({}));
        // The delivery alone: what it owes to others is a batch of its own.
        let (counts, killed) = world.count(|| world.run_jobs_killed(100, false));
        assert!(!killed);
        world.run_jobs();
        world.queue.forget();
        Counts { statements: 0, fetches: 0, ..counts }
    };
    let usual = Counts { reads: 1, commits: 1, ..Counts::default() };
    assert_eq!([0, 1, 13, 1, 13].map(|hours| trips(hours * HOUR)), [usual; 5], "the third warns");
}

#[test]
fn two_batches_with_the_same_news_tell_it_once_and_a_broken_database_loses_none() {
    for landed in [None, Some(Landed::No), Some(Landed::Yes)] {
        let world = World::new();
        let (ada, id) = ada(&world);
        world.web.says(HOOK, 500);
        event(&ada);
        world.advance(13 * HOUR);
        ada.white_label(json!({}));
        ada.white_label(json!({}));
        let nudges = world.queue.waiting();
        if let Some(landed) = landed {
            // The whole batch, and then its first part; the rest is written one by one.
            world.db.break_commit(1, landed);
        } else {
            // Just before the first batch is written, another one has written the same.
            world.queue.forget();
            let other = world.redeployed(&[]);
            let mut delivers = nudges.into_iter().map(|(_, text)| text).filter(|text| text.contains("deliver"));
            let [first, second] = [(); 2].map(|()| delivers.next().unwrap());
            world.queue.put(first, 0);
            world.db.before_commit(1, move || {
                other.queue.put(second, 0);
                other.run_jobs();
            });
        }
        world.run_jobs();
        world.live_through(2 * MINUTE);
        assert_eq!(told(&world).iter().filter(|(name, _)| name == "endpoint:failing").count(), 1, "{landed:?}");
        assert_eq!(endpoint(&ada, &id)["enabled"], true);
        assert_eq!(world.db.one("SELECT failures FROM webhook_endpoints WHERE failures > 0"), "2");
    }
}

#[test]
fn what_comes_while_it_is_disabled_is_noted_and_sent_when_it_is_back() {
    let world = World::new();
    let (ada, id) = gone(&world);
    let before = world.web.sent_to(HOOK).len();
    for _ in 0..3 {
        world.advance(HOUR);
        let order = ada.white_label(json!({}));
        world.live_through(10 * MINUTE);
        let log = ada.logs().remove(0);
        assert_eq!((&log["error"], &log["response_code"]), (&json!("endpoint_disabled"), &json!(0)));
        assert_eq!((&log["payload"]["id"], &log["next_retry_at"]), (&order["id"], &Value::Null));
    }
    assert_eq!(world.web.sent_to(HOOK).len(), before, "nothing is sent");
    let refused = ada.post("/webhooks/replay", json!({"since": "2023-11-15", "endpoint_id": id}));
    assert_eq!(refused.errors(), ["Endpoint is disabled"]);
    world.web.says(HOOK, 200);
    let back = ada.put(&format!("/webhooks/endpoints/{id}"), json!({"enabled": true})).expect(200).json();
    // The three, and the one that it answered with 410.
    assert_eq!((&back["enabled"], &back["missed"]), (&json!(true), &json!(4)));
    let replay = json!({"since": back["missed_since"], "endpoint_id": id});
    assert_eq!(ada.post("/webhooks/replay", replay).expect(201).json()["replayed"], 4);
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    assert_eq!(sent.len(), before + 5, "a sample and the four");
    assert!(endpoint(&ada, &id).get("missed").is_none(), "that is the answer's, not the endpoint's");
}

#[test]
fn what_is_noted_ends_after_a_month_and_an_owner_who_disabled_it_wants_nothing_noted() {
    let world = World::new();
    let (ada, id) = gone(&world);
    let logs = || ada.logs().len();
    let before = logs();
    world.advance(29 * DAY);
    event(&ada);
    assert_eq!(logs(), before + 1);
    world.advance(2 * DAY);
    event(&ada);
    assert_eq!(logs(), before + 1);
    let eve = world.seller_named("eve@example.com", true);
    let own = eve.endpoint("https://eve.example/", &["order:created"]);
    let path = format!("/webhooks/endpoints/{own}");
    eve.put(&path, json!({"enabled": false})).expect(200);
    event(&eve);
    assert!(eve.logs().is_empty());
    // Nor is it asked anything when he wants it back.
    let (counts, back) = world.count(|| eve.put(&path, json!({"enabled": true})).expect(200).json());
    assert_eq!((counts.fetches, back.get("missed")), (0, None));
    assert_eq!(endpoint(&ada, &id)["enabled"], false);
}

#[test]
fn a_url_that_is_told_elsewhere_is_not_noted_as_missed() {
    let world = World::new();
    let (ada, _) = gone(&world);
    world.web.says(HOOK, 200);
    let before = ada.logs().len();
    // The same receiver as the payment's own, and as another endpoint.
    ada.white_label(json!({"webhook_url": "HTTPS://HOOKS.example:443/#x"}));
    assert_eq!(ada.logs().len(), before + 1);
    ada.endpoint("https://hooks.EXAMPLE/", &["order:created"]);
    ada.white_label(json!({}));
    assert_eq!(ada.logs().len(), before + 2);
    assert!(ada.logs().iter().take(2).all(|log| log["error"].is_null()));
}

#[test]
fn an_endpoint_that_does_not_accept_a_sample_stays_disabled_and_says_why() {
    for (status, fault, reason) in [
        (500, None, "500"),
        (410, None, "410"),
        (302, None, "302"),
        (0, Some(FetchError::Timeout), "timeout"),
        (0, Some(FetchError::Refused), "refused"),
    ] {
        let world = World::new();
        let (ada, id) = gone(&world);
        world.web.on(HOOK, move |_| fault.map_or_else(|| answer(status, "no"), Err));
        let path = format!("/webhooks/endpoints/{id}");
        let before = endpoint(&ada, &id);
        let refused = ada.put(&path, json!({"enabled": true, "events": ["order:paid"]}));
        let sample = ada.logs().remove(0);
        let sentence = format!(
            "Enabled can't be true before the endpoint accepts a test webhook ({reason}, log {})",
            sample["id"].as_str().unwrap()
        );
        assert_eq!(refused.errors(), [sentence]);
        assert_eq!(endpoint(&ada, &id), before, "nothing of it changes");
        assert_eq!((&sample["simulated"], &sample["event"]), (&json!(true), &json!("order:paid")));
        assert_eq!((&sample["retries"], &sample["next_retry_at"]), (&json!(0), &Value::Null), "it is asked once");
        let asked = world.web.sent_to(HOOK).len();
        world.live_through(HOUR);
        assert_eq!(world.web.sent_to(HOOK).len(), asked);
        // Somewhere else it may be well; then that is where the sample goes.
        world.web.says("https://new.example/", 204);
        let moved = ada.put(&path, json!({"enabled": true, "url": "https://new.example/"})).expect(200).json();
        assert_eq!((&moved["enabled"], &moved["url"]), (&json!(true), &json!("https://new.example/")));
        let sample = &world.web.sent_to("https://new.example/")[0];
        assert_eq!(sample.header("X-PushGuard-Simulated"), "true");
        assert_eq!(sample.header("X-PushGuard-Event"), "order:created");
        assert_eq!(
            sample.header("X-PushGuard-Signature"),
            crate::webhook::delivery::hex_sha512(&ada.secret, &sample.body)
        );
        assert_eq!(sample.timeout, 15_000);
    }
}

#[test]
fn other_changes_of_a_disabled_endpoint_ask_it_nothing() {
    let world = World::new();
    let (ada, id) = gone(&world);
    let path = format!("/webhooks/endpoints/{id}");
    let (counts, changed) = world.count(|| ada.put(&path, json!({"events": ["order:paid"]})).expect(200).json());
    assert_eq!((counts.fetches, &changed["enabled"]), (0, &json!(false)));
    let (counts, _) = world.count(|| ada.put(&path, json!({"enabled": false})).expect(200));
    assert_eq!(counts.fetches, 0);
    let eve = world.seller_named("eve@example.com", true);
    eve.put(&path, json!({"enabled": true})).expect(404);
    let strict = ada.put(&path, json!({"enabled": true, "url": "https://10.0.0.1/"}));
    assert_eq!(strict.errors(), ["Url must not point to a private network"]);
}
