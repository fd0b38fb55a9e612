//! Deliveries: signed bytes, sent until they arrive, whatever breaks on the way.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use pushguard::platform::{FetchError, HttpResponse};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use crate::{
    actors::Seller,
    world::{HOUR, Landed, MINUTE, SECOND, START, Sent, World, answer},
};

pub const HOOK: &str = "https://hooks.example/";

/// Ada, with an endpoint that is told of new orders.
pub fn ada(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:created"]);
    ada
}

pub fn log(seller: &Seller<'_>) -> Value {
    seller.logs().remove(0)
}

pub fn sent(world: &World) -> Vec<Sent> {
    world.web.sent_to(HOOK)
}

pub fn hex_sha512(secret: &str, text: &str) -> String {
    let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_delivery_is_signed_in_both_ways_over_the_exact_bytes() {
    for brand in ["PushGuard", "Selly"] {
        let world = World::with(&[("BRAND", brand)]);
        world.web.says(HOOK, 200);
        let ada = ada(&world);
        let order = ada.white_label(json!({"title": "Tom & \"Jerry\" <3 a/b ü😀>", "custom": {"note": "</script>&"}}));
        world.advance(3 * SECOND);
        world.run_jobs();
        let sent = &sent(&world)[0];
        let id = log(&ada)["id"].as_str().unwrap().to_owned();
        assert_eq!(sent.method, "POST");
        assert_eq!(sent.header("Content-Type"), "application/json", "exactly: a real receiver refuses a charset");
        assert_eq!(sent.header(&format!("X-{brand}-Event")), "order:created");
        assert_eq!(sent.header(&format!("X-{brand}-Webhook")), id);

        let body = &sent.body;
        assert!(!body.contains(['<', '>', '&']), "escaped as Rails does");
        assert!(body.contains(r#""product_title":"Tom \u0026 \"Jerry\" \u003c3 a/b ü😀\u003e""#), "{body}");
        assert!(body.starts_with("{\"id\":\"") && !body.contains("\": ") && !body.contains('\n'), "compact");
        let mut whole = order;
        for extra in ["confirmations_needed", "url"] {
            whole.as_object_mut().unwrap().remove(extra);
        }
        assert_eq!(sent.json(), whole, "the order object");
        assert_eq!(sent.header(&format!("X-{brand}-Signature")), hex_sha512(&ada.secret, body));
        let unescaped = body.replace("\\u0026", "&").replace("\\u003c", "<").replace("\\u003e", ">");
        assert_eq!(sent.header(&format!("X-{brand}-Unescaped-Signature")), hex_sha512(&ada.secret, &unescaped));

        // Standard Webhooks 1.0.
        let seconds = (START + 3 * SECOND) / 1_000;
        assert_eq!(
            (sent.header("webhook-id"), sent.header("webhook-timestamp")),
            (id.as_str(), seconds.to_string().as_str())
        );
        let key = STANDARD.decode(ada.secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(sent.header("webhook-signature"), expected);
        assert!(!sent.headers.iter().any(|(_, value)| value.contains(&ada.secret)));
    }
}

#[test]
fn a_log_holds_what_the_receiver_said() {
    let world = World::new();
    let ada = ada(&world);
    world.web.on(HOOK, |_| {
        let headers = vec![("content-type".into(), "text/plain".into()), ("x-note".into(), "\"quoted\" ü".into())];
        Ok(HttpResponse { status: 202, headers, body: b"Thanks \xff!".to_vec(), truncated: false })
    });
    ada.white_label(json!({}));
    world.advance(2 * SECOND);
    world.run_jobs();
    let log = log(&ada);
    assert_eq!((&log["response_code"], &log["response"]), (&json!(202), &json!("Thanks \u{fffd}!")));
    assert_eq!(log["response_headers"], json!({"content-type": "text/plain", "x-note": "\"quoted\" ü"}));
    assert_eq!((&log["retries"], &log["next_retry_at"], &log["error"]), (&json!(0), &Value::Null, &Value::Null));
    assert_eq!(log["updated_at"], "2023-11-15T00:00:02.000+00:00");
    assert_eq!(world.db.one("SELECT due_at FROM webhook_logs"), "null", "nothing is owed any more");
}

#[test]
fn no_more_than_twenty_kilobytes_of_an_answer_are_kept() {
    let world = World::new();
    let ada = ada(&world);
    world.web.on(HOOK, |_| answer(200, "é".repeat(1 << 20)));
    ada.white_label(json!({}));
    world.run_jobs();
    let large = log(&ada);
    let kept = large["response"].as_str().unwrap().len();
    assert!((20_000..=20_500).contains(&kept), "{kept}");
    // The receiver has it: what it said beyond that is its own affair, and the log says that there was more.
    assert_eq!((&large["response_code"], &large["error"]), (&json!(200), &json!("too_large")));
    assert_eq!((&large["retries"], &large["next_retry_at"]), (&json!(0), &Value::Null));
    world.web.on(HOOK, |_| answer(500, "é".repeat(1 << 20)));
    ada.white_label(json!({}));
    world.run_jobs();
    let failed = log(&ada);
    assert_eq!((&failed["error"], &failed["retries"]), (&json!("too_large"), &json!(1)), "the status decides");
    world.web.on(HOOK, |_| answer(200, "x".repeat(20 << 10)));
    world.live_through(10 * SECOND);
    let whole = log(&ada);
    assert_eq!((whole["response"].as_str().unwrap().len(), &whole["error"]), (20 << 10, &Value::Null));
}

#[test]
fn every_status_of_two_hundred_is_success_and_nothing_else_is() {
    for (status, succeeded) in [
        (200, true),
        (201, true),
        (204, true),
        (299, true),
        (199, false),
        (301, false),
        (302, false),
        (304, false),
        (307, false),
        (400, false),
        (401, false),
        (404, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        let world = World::new();
        let ada = ada(&world);
        world.web.says(HOOK, status);
        ada.white_label(json!({}));
        world.run_jobs();
        let log = log(&ada);
        assert_eq!(log["response_code"], status);
        assert_eq!(log["next_retry_at"].is_null(), succeeded, "{status}");
        assert_eq!(sent(&world).len(), 1, "a redirect is not followed");
    }
}

#[test]
fn what_kept_an_answer_from_coming_stands_in_the_log() {
    for (fault, word) in [
        (FetchError::Dns, "dns"),
        (FetchError::Tls, "tls"),
        (FetchError::Refused, "refused"),
        (FetchError::Timeout, "timeout"),
        (FetchError::Network, "network"),
    ] {
        let world = World::new();
        let ada = ada(&world);
        world.web.on(HOOK, move |_| Err(fault));
        ada.white_label(json!({}));
        world.run_jobs();
        let failed = log(&ada);
        assert_eq!(
            (&failed["response_code"], &failed["error"], &failed["retries"]),
            (&json!(0), &json!(word), &json!(1))
        );
        assert!(failed["next_retry_at"].is_string());
        world.web.says(HOOK, 200);
        world.live_through(10 * SECOND);
        let log = log(&ada);
        assert_eq!(
            (&log["response_code"], &log["error"], &log["next_retry_at"]),
            (&json!(200), &Value::Null, &Value::Null)
        );
    }
}

#[test]
fn a_url_that_became_forbidden_is_not_called() {
    let lax = World::with(&[("ALLOW_INSECURE_URLS", "1")]);
    let ada = lax.seller();
    ada.endpoint("http://127.0.0.1:9/hook", &["order:created"]);
    ada.white_label(json!({"webhook_url": "https://10.0.0.1/"}));
    let strict = lax.redeployed(&[]);
    strict.run_jobs();
    assert!(strict.web.sent().is_empty(), "{:?}", strict.web.sent());
    assert!(ada.at(&strict).logs().iter().all(|log| log["error"] == "forbidden_url"));
}

#[test]
fn a_webhook_whose_nudge_was_never_sent_is_delivered_by_the_sweep() {
    for broken in [true, false] {
        let world = World::new();
        let ada = ada(&world);
        world.web.says(HOOK, 200);
        world.queue.broken.set(broken);
        world.queue.loses.set(!broken);
        ada.white_label(json!({}));
        world.queue.broken.set(false);
        world.queue.loses.set(false);
        world.live_through(30 * SECOND);
        assert!(sent(&world).is_empty());
        world.live_through(3 * MINUTE);
        assert_eq!((sent(&world).len(), &log(&ada)["response_code"]), (1, &json!(200)));
    }
}

#[test]
fn a_retry_whose_nudge_was_lost_is_delivered_by_the_sweep() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 500);
    ada.white_label(json!({}));
    world.run_jobs();
    world.queue.forget();
    world.web.says(HOOK, 200);
    world.live_through(5 * MINUTE);
    assert_eq!((sent(&world).len(), &log(&ada)["response_code"]), (2, &json!(200)));
}

#[test]
fn the_sweep_delivers_hundreds_that_were_lost_at_once() {
    let world = World::new();
    let ada = ada(&world);
    ada.endpoint("https://hooks.example/2", &["order:created"]);
    ada.endpoint("https://hooks.example/3", &["order:created"]);
    world.web.says(HOOK, 200);
    world.queue.loses.set(true);
    for _ in 0..90 {
        ada.white_label(json!({}));
    }
    world.queue.loses.set(false);
    world.advance(2 * MINUTE);
    world.cron();
    world.cron();
    let nudges = world.queue.waiting().iter().filter(|(_, text)| text.contains("deliver")).count();
    assert_eq!(nudges, 270, "what was taken up is not taken up again at once");
    world.run_jobs();
    assert_eq!(sent(&world).len(), 270, "each once");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE due_at IS NOT NULL"), "0");
}

#[test]
fn a_delivery_whose_record_could_not_be_written_is_sent_again_under_the_same_id() {
    for landed in [Landed::No, Landed::Yes] {
        let world = World::new();
        let ada = ada(&world);
        world.web.says(HOOK, 200);
        ada.white_label(json!({}));
        // The whole batch fails, and then each of it alone: here there is one.
        world.db.break_commit(1, landed);
        world.db.break_commit(2, landed);
        world.run_jobs();
        assert!(world.log.text().contains("webhook.outcome_not_written"));
        world.live_through(10 * MINUTE);
        let sent = sent(&world);
        let expected = if landed == Landed::No { 2 } else { 1 };
        assert_eq!(sent.len(), expected, "{landed:?}");
        assert!(sent.iter().all(|again| again.header("webhook-id") == sent[0].header("webhook-id")));
        assert!(sent.iter().all(|again| again.body == sent[0].body));
        assert_eq!(log(&ada)["response_code"], 200);
        assert_eq!(world.db.one("SELECT due_at FROM webhook_logs"), "null");
    }
}

#[test]
fn a_batch_whose_record_could_not_be_written_at_once_is_written_one_by_one() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 200);
    for _ in 0..5 {
        ada.white_label(json!({}));
    }
    world.db.break_commit(1, Landed::No);
    world.db.break_commit(3, Landed::No);
    world.run_jobs();
    assert_eq!(
        world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE response_code = 200"),
        "4",
        "one failure costs one"
    );
    world.live_through(10 * MINUTE);
    assert_eq!(
        (sent(&world).len(), world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE due_at IS NULL")),
        (6, "5".into())
    );
}

#[test]
fn a_batch_that_could_not_be_read_is_sent_later() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 200);
    ada.white_label(json!({}));
    world.db.break_read();
    world.run_jobs();
    assert!(sent(&world).is_empty());
    world.live_through(MINUTE);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_nudge_that_comes_twice_or_too_soon_sends_nothing() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 500);
    ada.white_label(json!({}));
    let nudge = world.queue.waiting().into_iter().map(|(_, text)| text).find(|text| text.contains("deliver")).unwrap();
    world.run_jobs();
    world.queue.put(nudge.clone(), 0);
    world.run_jobs();
    assert_eq!(sent(&world).len(), 1, "its next time hasn't come");
    world.web.says(HOOK, 200);
    world.live_through(10 * SECOND);
    assert_eq!(sent(&world).len(), 2);
    for _ in 0..3 {
        world.queue.put(nudge.clone(), 0);
    }
    world.run_jobs();
    assert_eq!(sent(&world).len(), 2, "it is delivered");
}

#[test]
fn a_slow_failure_does_not_undo_a_success_that_came_before_it() {
    let world = World::new();
    let ada = ada(&world);
    world.web.says(HOOK, 504);
    ada.white_label(json!({}));
    let nudge = world.queue.waiting().into_iter().map(|(_, text)| text).find(|text| text.contains("deliver")).unwrap();
    // While the first attempt still waits for its 504, the sweep's attempt goes through.
    let other = world.redeployed(&[]);
    world.db.before_commit(1, move || {
        other.web.says(HOOK, 200);
        other.queue.put(nudge, 0);
        other.run_jobs();
    });
    world.run_jobs();
    world.live_through(HOUR);
    let log = log(&ada);
    assert_eq!((&log["response_code"], &log["retries"], &log["next_retry_at"]), (&json!(200), &json!(0), &Value::Null));
    assert_eq!(sent(&world).len(), 2);
}

#[test]
fn a_receiver_that_fails_keeps_nobody_else_waiting() {
    let world = World::new();
    let ada = ada(&world);
    ada.endpoint("https://slow.example/", &["order:created"]);
    world.web.on("https://slow.example/", |_| Err(FetchError::Timeout));
    world.web.says(HOOK, 200);
    for _ in 0..5 {
        ada.white_label(json!({}));
    }
    world.run_jobs();
    assert_eq!(sent(&world).len(), 5);
    assert_eq!(world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE response_code = 200"), "5");
}

#[test]
fn deliveries_leave_no_secret_in_the_log() {
    let world = World::new();
    let ada = ada(&world);
    world.web.on(HOOK, |_| Err(FetchError::Tls));
    world.queue.broken.set(true);
    ada.white_label(json!({}));
    world.queue.broken.set(false);
    world.live_through(HOUR);
    let rotated = world.redeployed(&[("VAULT_KEY", crate::world::KEY_B)]);
    rotated.live_through(3 * HOUR);
    assert!(!world.log.lines().is_empty());
    for secret in [&ada.secret[6..], &ada.key[8..], "bob@example.com", "QUFB", "QkJC"] {
        assert!(!world.log.text().contains(secret), "{}", world.log.text());
    }
    assert_eq!(log(&ada.at(&rotated))["error"], "secret", "the owner sees that it could not be signed");
}
