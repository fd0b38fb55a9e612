//! What an event says is kept once, however many are told of it and however often, and goes with the last of its logs.

use serde_json::json;

use crate::{
    actors::Seller,
    world::{DAY, MINUTE, World, answer},
};

const PLACES: [&str; 4] =
    ["https://one.example/", "https://two.example/", "https://three.example/", "https://four.example/"];

fn world() -> World {
    let world = World::new();
    for place in PLACES {
        world.web.on(place, |_| answer(200, "OK"));
    }
    world
}

fn kept(world: &World) -> (usize, usize) {
    (world.db.rows_in("webhook_payloads"), world.db.rows_in("webhook_logs"))
}

/// All bodies that came to a place, in their order.
fn bodies(world: &World, place: &str) -> Vec<String> {
    world.web.sent_to(place).iter().map(|sent| sent.body.clone()).collect()
}

fn told(world: &World) -> Seller<'_> {
    let ada = world.seller();
    for place in &PLACES[..3] {
        ada.endpoint(place, &["order:created", "order:updated", "order:paid"]);
    }
    ada
}

#[test]
fn an_event_is_kept_once_for_all_endpoints_and_the_orders_own_url() {
    let world = world();
    let ada = told(&world);
    let order = ada.white_label(json!({"webhook_url": PLACES[3]}));
    assert_eq!(kept(&world), (1, 4));
    ada.simulate(order["id"].as_str().unwrap(), "exact", 1);
    // It was updated and paid in one commit: two events that say the same.
    assert_eq!(kept(&world), (2, 4 + 8));
    world.run_jobs();
    let first = bodies(&world, PLACES[0]);
    assert_eq!(first.len(), 3);
    for place in &PLACES[1..] {
        assert_eq!(bodies(&world, place), first, "{place}");
    }
    for log in ada.logs() {
        assert_eq!(log["payload"]["id"], order["id"]);
    }
}

#[test]
fn repetitions_and_samples_say_the_same_and_repetitions_keep_nothing_anew() {
    let world = world();
    let ada = told(&world);
    ada.white_label(json!({}));
    world.run_jobs();
    let log = ada.logs()[0].clone();
    let again = ada.post(&format!("/webhooks/logs/{}/retry", log["id"].as_str().unwrap()), json!({})).expect(201);
    assert_eq!(again.json()["payload"], log["payload"]);
    world.run_jobs();
    ada.post("/webhooks/replay", json!({"since": "2023-11-14", "only": "all"})).expect(201);
    world.run_jobs();
    assert_eq!(kept(&world), (1, 3 + 1 + 3));
    for place in &PLACES[..3] {
        let bodies = bodies(&world, place);
        assert!(bodies.len() >= 2 && bodies.iter().all(|body| *body == bodies[0]), "{place}");
    }
    ada.post("/webhooks/simulate", json!({"url": PLACES[3], "event": "order:paid"})).expect(201);
    world.run_jobs();
    assert_eq!(kept(&world), (2, 3 + 1 + 3 + 1));
    assert_eq!(bodies(&world, PLACES[3]).len(), 1);
}

#[test]
fn what_an_event_says_goes_with_the_last_log_that_says_it() {
    let world = world();
    let ada = told(&world);
    ada.white_label(json!({}));
    ada.white_label(json!({}));
    world.run_jobs();
    world.advance(60 * DAY);
    // The first order's third log is sent again, sixty days later.
    let id = world.db.one("SELECT id FROM webhook_logs WHERE seq = 3");
    ada.post(&format!("/webhooks/logs/{id}/retry"), json!({})).expect(201);
    world.run_jobs();
    world.advance(32 * DAY);
    world.cron();
    assert_eq!(kept(&world), (1, 1), "the second order's is gone, the first's is still said");
    let log = ada.logs()[0].clone();
    assert_eq!(log["payload"]["status"], json!(0));
    ada.post(&format!("/webhooks/logs/{}/retry", log["id"].as_str().unwrap()), json!({})).expect(201);
    world.run_jobs();
    assert_eq!(kept(&world), (1, 2));
    // Another one takes over the end of the list.
    ada.post("/webhooks/simulate", json!({"url": PLACES[3], "event": "order:paid"})).expect(201);
    world.run_jobs();
    world.advance(92 * DAY);
    world.cron();
    world.advance(MINUTE);
    assert_eq!(kept(&world), (1, 1));
    assert_eq!(ada.logs()[0]["simulated"], json!(true));
}

#[test]
fn nobody_reads_what_another_account_was_told() {
    let world = world();
    let (ada, eve) = (told(&world), world.seller_named("eve@example.com", true));
    ada.white_label(json!({}));
    eve.endpoint(PLACES[3], &["order:created"]);
    eve.white_label(json!({"title": "Eve's"}));
    world.run_jobs();
    assert_eq!(ada.logs().len(), 3);
    assert_eq!(eve.logs().len(), 1);
    assert_eq!(eve.logs()[0]["payload"]["product_title"], json!("Eve's"));
    let body = &bodies(&world, PLACES[3])[0];
    assert!(body.contains("Eve's"), "{body}");
}
