//! Endpoints that only fail: warned of, disabled after five days, and enabled again by their owner.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    webhook::delivery::{HOOK, sent},
    world::{DAY, HOUR, MINUTE, World},
};

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

#[test]
fn an_endpoint_that_only_failed_for_five_days_is_warned_of_and_then_disabled() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    world.web.says(HOOK, 500);
    world.advance(HOUR);
    for _ in 0..10 {
        event(&ada);
        let now = endpoint(&ada, &id);
        assert_eq!(
            (&now["enabled"], &now["disabled_at"], &now["disabled_reason"]),
            (&json!(true), &Value::Null, &Value::Null)
        );
        assert_eq!(now["failing_since"], "2023-11-15T01:00:00.000+00:00", "since the first");
        assert_eq!(now["disables_at"], "2023-11-20T01:00:00.000+00:00");
        assert_eq!(now["updated_at"], now["created_at"], "its owner changed nothing");
        world.advance(12 * HOUR);
    }
    event(&ada);
    let now = endpoint(&ada, &id);
    assert_eq!((&now["enabled"], &now["disabled_reason"]), (&json!(false), &json!("failing")));
    assert_eq!(
        (&now["disabled_at"], &now["updated_at"]),
        (&json!("2023-11-20T01:00:00.000+00:00"), &now["disabled_at"])
    );
    assert_eq!((&now["failing_since"], &now["disables_at"]), (&json!("2023-11-15T01:00:00.000+00:00"), &Value::Null));
    let before = sent(&world).len();
    world.live_through(6 * HOUR);
    assert_eq!(sent(&world).len(), before, "nothing more is sent there");
    // Its owner repairs it, enables it, and has what it missed.
    world.web.says(HOOK, 200);
    let enabled = ada.put(&format!("/webhooks/endpoints/{id}"), json!({"enabled": true})).expect(200).json();
    assert_eq!((&enabled["missed"], &enabled["missed_since"]), (&json!(11), &json!("2023-11-15T00:00:00.000+00:00")));
    for cleared in ["failing_since", "disables_at", "disabled_at", "disabled_reason"] {
        assert!(enabled[cleared].is_null(), "{cleared}");
    }
    let reply = ada.post("/webhooks/replay", json!({"since": enabled["missed_since"], "endpoint_id": id}));
    assert_eq!(reply.expect(201).json()["replayed"], 11);
    world.run_jobs();
    let delivered = "SELECT COUNT(*) FROM webhook_logs WHERE response_code = 200 AND simulated = 0";
    assert_eq!(world.db.one(delivered), "11");
    world.web.says(HOOK, 500);
    event(&ada);
    assert_eq!(endpoint(&ada, &id)["enabled"], true, "five days begin anew");
}

#[test]
fn one_delivery_that_arrives_clears_the_record() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    for day in 0..12 {
        world.web.says(HOOK, if day == 4 { 204 } else { 500 });
        event(&ada);
        let now = endpoint(&ada, &id);
        assert_eq!(now["failing_since"].is_null(), day == 4, "day {day}");
        assert_eq!(now["enabled"], json!(day < 10), "day {day}");
        world.advance(DAY);
    }
}

#[test]
fn few_failures_however_long_ago_and_many_within_half_a_day_disable_nothing() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    world.web.says(HOOK, 500);
    for _ in 0..20 {
        event(&ada);
        world.advance(MINUTE);
    }
    world.advance(6 * DAY);
    for _ in 0..20 {
        event(&ada);
        world.advance(MINUTE);
    }
    assert_eq!(world.db.one("SELECT failures FROM webhook_endpoints"), "2");
    assert_eq!(endpoint(&ada, &id)["enabled"], true, "two bad moments in six days");
    world.advance(12 * HOUR);
    event(&ada);
    assert_eq!(endpoint(&ada, &id)["enabled"], false);
}

#[test]
fn an_endpoint_that_moves_starts_with_a_clean_record() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    let path = format!("/webhooks/endpoints/{id}");
    world.web.says(HOOK, 500);
    event(&ada);
    assert!(ada.put(&path, json!({"url": HOOK, "events": ["order:created"]})).json()["failing_since"].is_string());
    // What was owed to the old place goes to the new one.
    ada.white_label(json!({}));
    world.web.says("https://new.example/", 200);
    assert!(ada.put(&path, json!({"url": "https://new.example/"})).json()["failing_since"].is_null());
    world.run_jobs();
    assert!(endpoint(&ada, &id)["failing_since"].is_null());
    assert_eq!((sent(&world).len(), world.web.sent_to("https://new.example/").len()), (1, 1));
}

#[test]
fn whoever_says_410_is_disabled_at_once_and_it_says_why() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.endpoint(HOOK, &["order:created"]);
    world.web.says(HOOK, 410);
    event(&ada);
    let now = endpoint(&ada, &id);
    assert_eq!((&now["enabled"], &now["disabled_reason"]), (&json!(false), &json!("gone")));
    assert_eq!(now["disabled_at"], "2023-11-15T00:00:00.000+00:00");
    ada.put(&format!("/webhooks/endpoints/{id}"), json!({"enabled": false})).expect(200);
    let off = endpoint(&ada, &id);
    assert_eq!(
        (&off["disabled_at"], &off["disabled_reason"]),
        (&Value::Null, &Value::Null),
        "now it is its owner's own"
    );
    let own = ada.endpoint(HOOK, &["order:paid"]);
    let off = ada.put(&format!("/webhooks/endpoints/{own}"), json!({"enabled": false})).expect(200).json();
    assert_eq!((&off["disabled_at"], &off["disabled_reason"]), (&Value::Null, &Value::Null), "its owner knows why");
}

#[test]
fn an_endpoint_is_written_when_its_health_changes_and_not_at_each_delivery() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:created"]);
    let statements = |status: u16| {
        world.web.says(HOOK, status);
        ada.white_label(json!({}));
        let (counts, _) = world.count(|| world.run_jobs());
        world.queue.forget();
        assert_eq!((counts.reads, counts.commits), (1, 1));
        counts.statements
    };
    // Two of them read whom news would concern, and whose receivers are many that are down. A failure is written to the endpoint
    // when it counts, and to its receiver.
    assert_eq!([200, 500, 500, 200, 200].map(statements), [5, 6, 5, 7, 5]);
}
