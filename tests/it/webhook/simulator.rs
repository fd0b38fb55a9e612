//! The webhook simulator: a sample of an event, signed and delivered like a real one, and marked.

use serde_json::{Value, json};

use crate::{
    webhook::delivery::{HOOK, hex_sha512, log, sent},
    world::World,
};

#[test]
fn a_sample_is_signed_and_delivered_like_a_real_event_and_marked() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.white_label(json!({"webhook_url": HOOK, "custom": ["ada"]}));
    world.run_jobs();
    for (event, status, received) in
        [("order:created", 0, 0), ("order:updated", 54, 25_980), ("order:paid", 100, 25_980)]
    {
        let made = ada.post("/webhooks/simulate", json!({"url": HOOK, "event": event})).expect(201).json();
        assert_eq!((&made["simulated"], &made["event"], &made["url"]), (&json!(true), &json!(event), &json!(HOOK)));
        assert_eq!((&made["response_code"], &made["replay_of"]), (&json!(0), &Value::Null));
        assert_eq!(log(&ada), made);
        world.run_jobs();
        let all = sent(&world);
        let (real, sample) = (&all[0], all.last().unwrap());
        let names = |sent: &crate::world::Sent| sent.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let mut expected = names(real);
        expected.insert(8, "X-PushGuard-Simulated".into());
        assert_eq!(names(sample), expected, "the same headers, and one more");
        assert_eq!(sample.header("X-PushGuard-Simulated"), "true");
        assert_eq!(sample.header("X-PushGuard-Signature"), hex_sha512(&ada.secret, &sample.body));
        assert_eq!(sample.header("X-PushGuard-Event"), event);
        let fields = |json: Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(sample.json()), fields(real.json()), "the real order object");
        let body = sample.json();
        assert_eq!((&body["status"], &body["crypto_received"]), (&json!(status), &json!(received)));
        assert_eq!((&body["value"], &body["crypto_value"]), (&json!("12.99"), &json!(25_980)));
        assert_eq!(body["delivered"].is_string(), status == 100);
        assert_eq!(log(&ada)["response_code"], 200);
        ada.get(&format!("/orders/{}", body["id"].as_str().unwrap())).expect(404);
    }
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn no_coin_can_be_sent_to_the_address_of_a_sample() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.post("/webhooks/simulate", json!({"url": HOOK, "event": "order:paid"})).expect(201).json();
    // The first address of every test account: BIP 84's example, for testnet.
    let first = ada.get("/account").json()["gateways"]["bitcoin"]["addresses"][0].clone();
    assert_eq!(made["payload"]["crypto_address"], first);
}

#[test]
fn a_simulation_needs_a_url_that_an_endpoint_could_have_and_an_event() {
    let world = World::new();
    let ada = world.seller();
    let list = "Event is not included in the list (order:created, order:updated, order:paid, order:blocked, product:out_of_stock, product:stock_warning, \
                feedback:created, feedback:updated, query:created, query:replied, endpoint:failing, endpoint:disabled)";
    for (body, sentences) in [
        (json!({}), vec!["Url can't be blank", "Event can't be blank"]),
        (json!({"url": "http://hooks.example/", "event": "order:eaten"}), vec!["Url must be an HTTPS URL", list]),
        (json!({"url": "https://10.0.0.1/", "event": "order:paid"}), vec!["Url must not point to a private network"]),
        (json!({"url": "https://a:b@c.example/", "event": "order:paid"}), vec!["Url must not contain credentials"]),
    ] {
        assert_eq!(ada.post("/webhooks/simulate", body).errors(), sentences);
    }
    assert_eq!(world.db.rows_in("webhook_logs"), 0);
    ada.get("/webhooks/simulate").expect(405);
}

#[test]
fn each_of_the_events_is_simulated() {
    let world = World::new();
    let ada = world.seller();
    for event in pushguard::api::v2::event::EVENTS {
        let reply = ada.post("/webhooks/simulate", json!({"url": HOOK, "event": event.name()}));
        assert_eq!(reply.expect(201).json()["event"], event.name());
    }
}

#[test]
fn a_simulation_is_one_trip_and_under_a_key_one_log() {
    let world = World::new();
    let ada = world.seller();
    let body = json!({"url": HOOK, "event": "order:paid"});
    assert_eq!(world.trips(|| ada.post("/webhooks/simulate", body.clone()).expect(201)), 1);
    let ask = || ada.ask("POST", "/webhooks/simulate").header("idempotency-key", "k").json(&body).send().expect(201);
    assert_eq!(ask().text(), ask().text());
    assert_eq!(world.db.rows_in("webhook_logs"), 2);
    // Whatever is tried again of it stays a sample.
    let id = log(&ada)["id"].as_str().unwrap().to_owned();
    let again = ada.post(&format!("/webhooks/logs/{id}/retry"), json!({})).expect(201).json();
    assert_eq!((&again["simulated"], &again["replay_of"]), (&json!(true), &json!(id)));
}
