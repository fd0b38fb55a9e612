//! When Stripe is down, refuses or talks nonsense: nothing is half made, nothing is marked, and no key is told.

use serde_json::{Value, json};

use crate::{
    gateway::stripe::session::{key, secret},
    world::{Landed, MINUTE, World, answer, stripe::API},
};

#[test]
fn when_stripe_is_down_nothing_is_half_made_and_a_second_try_opens_the_same_session() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.link(json!({}));
    let downs = [
        Err(pushguard::platform::FetchError::Timeout),
        answer(503, "<html>busy"),
        answer(429, r#"{"error":{"code":"rate_limit"}}"#),
        answer(409, r#"{"error":{"code":"idempotency_key_in_use","type":"idempotency_error"}}"#),
        answer(200, "garbage"),
        answer(200, r#"{"id":"cs_1","url":"javascript:alert(1)","expires_at":1}"#),
        answer(200, r#"{"id":"cs/../1","url":"https://x.example","expires_at":1}"#),
        answer(200, vec![b' '; 300 << 10]),
    ];
    for down in downs {
        *desk.stripe.mood.borrow_mut() = Some(down.clone());
        let reply = world.buyer().post(&link.path, "").expect(503);
        assert_eq!(reply.header("retry-after"), Some("30"), "{down:?}");
        assert!(reply.text().contains("Try again"));
        let fields = crate::actors::payment(json!({"gateway": "Stripe", "white_label": true}));
        let reply = desk.grace.post("/pay", fields).expect(503);
        assert_eq!(
            (reply.message().as_str(), reply.header("retry-after")),
            ("Gateway does not answer right now", Some("30"))
        );
        assert_eq!((world.db.rows_in("orders"), world.db.rows_in("webhook_logs")), (0, 0));
    }
    *desk.stripe.mood.borrow_mut() = None;
    desk.stripe.loses.set(true);
    world.buyer().post(&link.path, "").expect(503);
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(desk.stripe.sessions().len(), 1, "the first one's answer was lost");
    assert!(desk.page(&link, "?go=1").contains("https://checkout.stripe.com/c/pay/cs_live_"));
}

#[test]
fn a_key_under_which_nothing_will_come_any_more_is_left_for_another() {
    let world = World::new();
    let desk = world.cards();
    // The order could not be written after the session was opened, and the buyer then writes another address.
    let link = desk.link(json!({"email": null}));
    world.db.break_commit(2, Landed::No);
    world.buyer().post(&link.path, "email=ada%40example.com").expect(500);
    world.db.mend();
    world.buyer().post(&link.path, "email=bob%40example.com").expect(303);
    let keys = |from: usize| -> Vec<String> {
        world.web.sent_to(API)[from..].iter().map(|sent| sent.header("idempotency-key").to_owned()).collect()
    };
    let second = format!("{}-{}", link.order_id, world.now() / (10 * MINUTE));
    assert_eq!(keys(0), [link.order_id.clone(), link.order_id.clone(), second]);
    // A failure of Stripe's own is answered under its key for a day.
    let link = desk.link(json!({}));
    let form = world.web.sent_to(API)[0].body.clone();
    desk.stripe.spoil(&link.order_id, &form);
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(keys(3), [link.order_id.clone(), format!("{}-{}", link.order_id, world.now() / (10 * MINUTE))]);
}

#[test]
fn what_stripe_refuses_is_said_in_its_own_word_and_no_key_is_told() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.link(json!({}));
    let said = |code: &str| {
        json!({"error": {"code": code, "type": "invalid_request_error", "message": format!("Invalid API Key: {}", key())}}).to_string()
    };
    let mut texts = Vec::new();
    for (status, body, word) in [
        (401, said("api_key_expired"), "api_key_expired"),
        (401, json!({"error": {"type": "invalid_request_error", "message": key()}}).to_string(), "status 401"),
        (400, said("amount_too_small"), "amount_too_small"),
        (403, said(&format!("{} is wrong", key())), "status 403"),
        (302, String::new(), "status 302"),
    ] {
        *desk.stripe.mood.borrow_mut() = Some(answer(status, body));
        let page = world.buyer().post(&link.path, "").expect(403).text();
        assert!(page.contains("be paid right now"), "{page}");
        let fields = crate::actors::payment(json!({"gateway": "Stripe", "white_label": true}));
        let reply = desk.grace.post("/pay", fields);
        assert_eq!(reply.errors(), [format!("Gateway refused to open the payment ({word})")]);
        assert!(world.log.text().contains(word), "the operator sees it");
        texts.extend([page, reply.text()]);
    }
    *desk.stripe.mood.borrow_mut() = None;
    let link = desk.order(json!({}));
    *desk.stripe.mood.borrow_mut() = Some(answer(401, said("api_key_expired")));
    texts.push(desk.page(&link, "?back=paid"));
    desk.told(desk.stripe.event("checkout.session.completed", desk.stripe.sessions()[0].clone()));
    texts.extend([world.log.text(), world.db.dump(), desk.grace.get("/account").text()]);
    for text in texts {
        assert!(!text.contains(&key()[8..]) && !text.contains(&secret()[6..]), "{text}");
    }
}

#[test]
fn an_api_that_answers_nonsense_changes_no_order_and_is_asked_again() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    let event = desk.stripe.pay(&link.order_id);
    let paid = |payment: Value| {
        json!({"id": desk.stripe.sessions()[0]["id"], "payment_status": "paid", "metadata": {"order": link.order_id}, "currency": "usd", "amount_total": 1000, "payment_intent": payment}).to_string()
    };
    let before = desk.grace.order(&link.order_id);
    desk.tell(&event).expect(200);
    for body in [
        String::new(),
        "[]".into(),
        paid(json!(null)),
        paid(json!("pi_1")),
        paid(json!({"id": "pi_1", "latest_charge": null})),
        paid(json!({"id": "pi 1", "latest_charge": {"created": 1, "amount_refunded": 0, "disputed": false}})),
        paid(json!({"id": "pi_1", "latest_charge": {"created": "x", "amount_refunded": 0, "disputed": false}})),
        paid(json!({"id": "pi_1", "latest_charge": {"created": 1}})),
    ] {
        *desk.stripe.mood.borrow_mut() = Some(answer(200, body.clone()));
        desk.page(&link, "?back=paid");
        assert_eq!(desk.grace.order(&link.order_id), before, "{body}");
    }
    *desk.stripe.mood.borrow_mut() = Some(answer(500, ""));
    world.live_through(2 * MINUTE);
    assert_eq!(desk.grace.order(&link.order_id), before);
    *desk.stripe.mood.borrow_mut() = None;
    world.live_through(5 * MINUTE);
    assert_eq!(desk.grace.status(&link.order_id), 100, "the notice was kept and heard later");
}

#[test]
fn a_refund_of_a_session_that_cannot_be_read_is_asked_for_again() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({}));
    desk.told(desk.stripe.pay(&link.order_id));
    let (_, event) = desk.stripe.refund(&link.order_id, 1_000, "succeeded");
    *desk.stripe.mood.borrow_mut() = Some(answer(200, r#"{"data":[{"id":"cs_1","id":"cs_2"}]}"#));
    desk.told(event);
    assert_eq!(desk.grace.status(&link.order_id), 100);
    *desk.stripe.mood.borrow_mut() = None;
    world.live_through(5 * MINUTE);
    assert_eq!(desk.grace.status(&link.order_id), 56);
}
