//! JSON-RPC servers that take few calls in one request, each of which refuses more in its own words.

use pushguard::platform::FetchError;
use serde_json::json;

use crate::{
    gateway::ethereum::payment::Scene,
    world::{HOUR, MINUTE, Mood, Refusal, SECOND, WEI, World},
};

const THREE: &str = "Batch of more than 3 requests are not allowed on free plan, upgrade to use this feature";

/// As servers do.
fn refusals() -> Vec<(usize, Refusal)> {
    vec![
        (3, Refusal::One(THREE)),
        (3, Refusal::Status(500, r#"{"message":"Batch of more than 3 requests are not allowed","code":31}"#)),
        (
            3,
            Refusal::Status(
                400,
                r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"batch size too large"},"id":null}"#,
            ),
        ),
        (3, Refusal::Status(413, "Payload Too Large")),
        (3, Refusal::Status(429, r#"[{"error":{"code":-32005,"message":"batch limit exceeded"}}]"#)),
        (3, Refusal::Each("batch limit exceeded")),
        (2, Refusal::One("invalid request")),
        (1, Refusal::Each("Batch requests are limited to 1 call")),
        (0, Refusal::One("batch requests are not supported")),
        (0, Refusal::Status(400, "bad request")),
    ]
}

#[test]
fn a_payment_is_confirmed_however_few_calls_a_server_takes() {
    for (most, refusal) in refusals() {
        for shared in [false, true] {
            let world = World::new();
            let scene = if shared { Scene::with_address(&world) } else { Scene::with_key(&world) };
            scene.both(|node| node.takes(most, refusal.clone()));
            let link = scene.order();
            let address = scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
            let value = scene.value(&link);
            scene.then(|node| node.pays(1, &address, value * WEI));
            assert_eq!(scene.is(&link).0, 54, "{most} {refusal:?}, shared: {shared}: {}", world.log.text());
            scene.then(|node| node.mines(2));
            assert_eq!(scene.is(&link).0, 100, "{most} {refusal:?}, shared: {shared}: {}", world.log.text());
        }
    }
}

#[test]
fn what_a_server_refuses_is_learned_once_and_forgotten_after_an_hour() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    scene.both(|node| node.takes(3, Refusal::One(THREE)));
    let link = scene.order();
    let address = scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    scene.then(|node| node.pays(1, &address, 100_000 * WEI));
    assert_eq!(world.log.text().matches("gateway.batch_refused").count(), 0, "three calls do for a new order");
    scene.then(|_| {});
    let line = world.log.last("gateway.batch_refused");
    assert_eq!((&line["calls"], &line["next"], &line["error"]), (&json!(4), &json!(3), &json!(THREE)));
    let before = scene.asked();
    world.live_through(45 * SECOND);
    assert_eq!(scene.asked() - before, 2 * 3, "two requests a look, and none is refused");
    world.live_through(2 * HOUR);
    assert_eq!(world.log.text().matches("gateway.batch_refused").count(), 2, "after an hour a larger one is tried");
    assert_eq!(world.log.troubles(), "");
}

#[test]
fn an_error_that_is_not_about_the_number_of_calls_teaches_nothing() {
    let error = |message: &str| json!({"jsonrpc": "2.0", "error": {"code": -32005, "message": message}}).to_string();
    for mood in [
        Mood::Tells(error("none of your business")),
        Mood::Tells(error("your batch of calls is not welcome here")),
        Mood::Tells(json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32603}}).to_string()),
        Mood::Says(400, b"bad request".to_vec()),
        Mood::Says(413, Vec::new()),
        Mood::Says(500, error("no batch today").into_bytes()),
    ] {
        for shared in [false, true] {
            let world = World::new();
            let scene = if shared { Scene::with_address(&world) } else { Scene::with_key(&world) };
            let link = scene.order();
            scene.nodes[1].is(Mood::Silent(FetchError::Dns));
            scene.nodes[0].is(mood.clone());
            scene.then(|_| {});
            let fewest = world.web.sent_to("https://one.node.example").len();
            world.web.forget();
            scene.then(|_| {});
            let asked = world.web.sent_to("https://one.node.example").len();
            assert!((2..=3).contains(&asked), "{mood:?}: {asked} requests a look, and {fewest} before");
            scene.nodes[0].is(Mood::Well);
            world.web.forget();
            scene.then(|_| {});
            let sent = world.web.sent_to("https://one.node.example");
            let calls: Vec<usize> = sent.iter().map(|sent| sent.json().as_array().map_or(1, Vec::len)).collect();
            assert_eq!(calls, [if shared { 6 } else { 3 }], "{mood:?}: all calls in one request again");
            assert_eq!(scene.is(&link).0, 0);
            assert!(!world.log.text().contains("gateway.batch_refused"), "{mood:?}");
        }
    }
}

#[test]
fn one_server_that_takes_few_does_not_make_the_other_be_asked_in_parts() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    scene.nodes[0].takes(3, Refusal::One(THREE));
    let link = scene.order();
    let address = scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    scene.then(|node| node.pays(1, &address, 100_000 * WEI));
    world.live_through(MINUTE);
    world.web.forget();
    scene.nodes[0].is(Mood::Silent(FetchError::Refused));
    world.live_through(30 * SECOND);
    let sizes = world.web.sent_to("https://two.node.example");
    assert!(!sizes.is_empty() && sizes.iter().all(|sent| sent.json().as_array().is_some_and(|calls| calls.len() == 4)));
}

#[test]
fn a_servers_own_words_are_logged() {
    let words = "your plan ended; call 0123456789abcdef0123456789abcdef";
    for (mood, logged) in [
        (
            Mood::Says(402, json!({"error": {"code": -32001, "message": words}}).to_string().into_bytes()),
            "status 402; it says: your plan ended; call …",
        ),
        (Mood::Says(403, b"Forbidden\n".to_vec()), "status 403; it says: Forbidden"),
        (
            Mood::Tells(json!({"error": {"code": -32005, "message": "rate limited"}}).to_string()),
            "the answers are not what a node gives; it says: rate limited",
        ),
        (Mood::Says(500, Vec::new()), "status 500"),
    ] {
        let world = World::new();
        let scene = Scene::with_key(&world);
        scene.order();
        scene.both(|node| node.is(mood.clone()));
        world.live_through(16 * SECOND);
        assert_eq!(world.log.last("gateway.server_failed")["error"], logged);
    }
}
