//! Webhooks of one subject leave in their order; nobody waits for another one's.

use pushguard::platform::FetchError;
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{MINUTE, SECOND, Sent, World, answer},
};

const HOOK: &str = "https://hooks.example/";

fn seller(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:created", "order:updated", "order:paid"]);
    ada
}

fn order(seller: &Seller<'_>) -> String {
    seller.white_label(json!({}))["id"].as_str().unwrap().to_owned()
}

/// Event and sequence of what was sent about the order, in the order of sending.
fn about(world: &World, order: &str) -> Vec<(String, i64)> {
    let of = |sent: &Sent| sent.json()["id"] == order;
    let sequence = |sent: &Sent| sent.header("X-PushGuard-Sequence").parse().expect("a number");
    world
        .web
        .sent()
        .iter()
        .filter(|sent| of(sent))
        .map(|sent| (sent.header("X-PushGuard-Event").to_owned(), sequence(sent)))
        .collect()
}

fn events(sent: &[(String, i64)]) -> Vec<&str> {
    sent.iter().map(|(event, _)| event.as_str()).collect()
}

#[test]
fn the_webhooks_of_an_order_leave_in_their_sequence_even_when_they_are_sent_together() {
    let world = World::new();
    let ada = seller(&world);
    world.web.says(HOOK, 200);
    let order = order(&ada);
    ada.simulate(&order, "partial", 0);
    ada.simulate(&order, "exact", 1);
    ada.mine(1);
    world.run_jobs();
    let sent = about(&world, &order);
    assert_eq!(events(&sent), ["order:created", "order:updated", "order:updated", "order:updated", "order:paid"]);
    assert!(sent.is_sorted_by(|(_, one), (_, next)| one < next), "{sent:?}");
}

#[test]
fn a_webhook_that_fails_holds_the_later_ones_of_its_order_for_a_minute_and_no_other_order() {
    let world = World::new();
    let ada = seller(&world);
    let stuck = order(&ada);
    let name = stuck.clone();
    world.web.on(HOOK, move |sent| {
        let fails = sent.json()["id"] == name && sent.header("X-PushGuard-Event") == "order:created";
        answer(if fails { 500 } else { 200 }, "")
    });
    world.run_jobs();
    ada.simulate(&stuck, "exact", 1);
    let free = order(&ada);
    ada.simulate(&free, "exact", 1);
    world.live_through(30 * SECOND);
    assert_eq!(events(&about(&world, &free)), ["order:created", "order:updated", "order:paid"]);
    assert!(about(&world, &stuck).iter().all(|(event, _)| event == "order:created"), "the later ones wait");
    world.live_through(40 * SECOND);
    let sent = about(&world, &stuck);
    let later: Vec<&str> = events(&sent).into_iter().filter(|event| *event != "order:created").collect();
    assert_eq!(later, ["order:updated", "order:paid"], "then they go without it, each once");
}

#[test]
fn when_the_first_comes_through_the_held_ones_follow_at_once() {
    let world = World::new();
    let ada = seller(&world);
    world.web.says(HOOK, 500);
    let order = order(&ada);
    world.run_jobs();
    ada.simulate(&order, "exact", 1);
    world.run_jobs();
    world.web.forget();
    world.web.says(HOOK, 200);
    // Its second attempt is four to six seconds after the first.
    world.live_through(8 * SECOND);
    let sent = about(&world, &order);
    assert_eq!(events(&sent), ["order:created", "order:updated", "order:paid"]);
}

#[test]
fn a_receiver_that_is_not_quick_is_asked_again_and_may_take_its_time_from_then_on() {
    let world = World::new();
    let ada = seller(&world);
    // It takes ten seconds for an answer.
    world.web.on(HOOK, |sent| if sent.timeout < 10_000 { Err(FetchError::Timeout) } else { answer(200, "") });
    ada.white_label(json!({}));
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].header("webhook-id"), sent[1].header("webhook-id"), "one webhook under one id");
    let log: Value = ada.logs().remove(0);
    assert_eq!((&log["response_code"], &log["retries"], &log["error"]), (&json!(200), &json!(0), &Value::Null));
    let endpoint = ada.get("/webhooks/endpoints").json()[0].clone();
    assert_eq!(endpoint["failing_since"], Value::Null, "slow is not ill");
    world.web.forget();
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).len(), 1, "it is known now");
    world.live_through(25 * 60 * MINUTE);
    world.web.forget();
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).len(), 2, "a day later it may have become quick");
}

#[test]
fn a_receiver_that_takes_too_long_even_so_has_failed() {
    let world = World::new();
    let ada = seller(&world);
    world.web.on(HOOK, |_| Err(FetchError::Timeout));
    ada.white_label(json!({}));
    world.run_jobs();
    let log: Value = ada.logs().remove(0);
    assert_eq!((&log["error"], &log["retries"]), (&json!("timeout"), &json!(1)));
}

/// Twice as many as DELIVERY_BATCH may be, each of a seller of their own, whose receiver isn't known to be slow.
#[test]
fn a_batch_of_slow_receivers_begins_nothing_that_cron_may_take_up_meanwhile() {
    let world = World::new();
    for n in 0..100 {
        let seller = world.seller_named(&format!("seller{n}@example.com"), true);
        seller.endpoint(&format!("https://slow{n}.example/"), &["order:created"]);
        seller.white_label(json!({}));
    }
    let clock = world.clock.clone();
    world.web.on("https://slow", move |sent| {
        // Six wait at a time, four seconds each. The patient are answered at once here.
        let quick = sent.timeout < 10_000;
        clock.pass(if quick { 4 * SECOND / 6 } else { 0 });
        if quick { Err(FetchError::Timeout) } else { answer(200, "") }
    });
    let began = world.now();
    world.run_jobs();
    let (quick, patient): (Vec<Sent>, Vec<Sent>) =
        world.web.sent_to("https://slow").into_iter().partition(|sent| sent.timeout < 10_000);
    assert!(quick.iter().all(|sent| sent.at <= began + 40 * SECOND));
    assert!((50..60).contains(&quick.len()), "{}", quick.len());
    assert_eq!(patient.len(), 100, "all of them were moved to the queue of the patient, tried or not");
}
