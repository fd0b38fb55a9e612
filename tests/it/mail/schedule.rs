//! A service that takes no mail: the order is paid all the same, and no mail is lost or sent twice.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use pushguard::{
    platform::{FetchError, HttpResponse},
    shop::webhook::RETRY_DELAYS,
};
use serde_json::{Value, json};

use super::{API, ON, desk, mails, owed, posts};
use crate::{
    actors::Seller,
    purchase::{buy, id, is_whole, keys},
    world::{DAY, HOUR, Landed, MINUTE, SECOND, Sent, World, answer},
};

fn paid(ada: &Seller<'_>) -> String {
    let keys = keys(ada, "A-1,B-1,C-1");
    let order = id(&buy(ada, &keys, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    order
}

#[test]
fn tries_follow_the_schedule_of_webhooks_and_then_it_is_given_up() {
    let world = desk();
    world.web.says(API, 500);
    let ada = world.seller();
    let began = world.now();
    let order = paid(&ada);
    world.live_through(6 * DAY);
    let times: Vec<i64> = posts(&world).iter().map(|sent| sent.at - began).collect();
    assert_eq!(times.len(), RETRY_DELAYS.len() + 1);
    for (pair, delay) in times.windows(2).zip(RETRY_DELAYS) {
        let wait = pair[1] - pair[0];
        // ±20 %; and what no queue can delay comes with cron, every ten minutes here.
        assert!(wait >= delay * 8 / 10 && wait <= delay * 12 / 10 + 10 * MINUTE, "{wait} instead of {delay}");
    }
    assert!(
        posts(&world).iter().all(|sent| sent.header("idempotency-key") == posts(&world)[0].header("idempotency-key"))
    );
    assert_eq!(owed(&world), [[format!("paid:{order}"), "11".into(), "0".into(), "status_500".into()]]);
    let line = world.log.last("mail.given_up");
    assert_eq!((&line["level"], &line["error"], &line["tries"]), (&json!("error"), &json!("status_500"), &json!(11)));
    assert_eq!((ada.status(&order), ada.order(&order)["delivered"].clone()), (100, json!("A-1")));
    world.advance(90 * DAY);
    world.cron();
    assert_eq!(owed(&world).len(), 0, "it goes with the retention");
}

#[test]
fn whatever_a_service_says_but_yes_is_tried_again() {
    type Answer = fn(&Sent) -> Result<HttpResponse, FetchError>;
    let cases: [(&str, Answer); 14] = [
        ("status_302", |_| answer(302, "")),
        ("status_400", |_| answer(400, "bob@example.com is no address")),
        ("status_401", |_| answer(401, "")),
        ("status_403", |_| answer(403, "The domain is not verified")),
        ("status_404", |_| answer(404, "")),
        ("status_409", |_| answer(409, r#"{"name":"concurrent_idempotent_requests"}"#)),
        ("status_413", |_| answer(413, "")),
        ("status_422", |_| answer(422, "x".repeat(1 << 20))),
        ("status_429", |_| answer(429, "")),
        ("status_503", |_| answer(503, "")),
        ("timeout", |_| Err(FetchError::Timeout)),
        ("dns", |_| Err(FetchError::Dns)),
        ("refused", |_| Err(FetchError::Refused)),
        ("network", |_| Err(FetchError::Network)),
    ];
    for (word, says) in cases {
        let world = desk();
        world.web.on(API, says);
        let ada = world.seller();
        paid(&ada);
        world.run_jobs();
        assert_eq!(owed(&world)[0][2..], ["1", word], "still owed");
        let line = world.log.last("mail.not_sent");
        assert_eq!((&line["error"], &line["level"]), (&json!(word), &json!("warn")));
        world.web.on(API, |_| answer(200, "{}"));
        world.live_through(10 * MINUTE);
        assert_eq!((owed(&world).len(), posts(&world).len()), (0, 2), "{word}");
        assert!(!world.log.text().contains("bob@"), "{word}");
    }
}

#[test]
fn a_key_that_the_service_knows_with_another_text_was_sent() {
    let world = desk();
    world.web.on(API, |_| answer(409, r#"{"statusCode":409,"name":"invalid_idempotent_request","message":"…"}"#));
    let ada = world.seller();
    paid(&ada);
    world.live_through(HOUR);
    assert_eq!((owed(&world).len(), posts(&world).len()), (0, 1));
}

#[test]
fn a_busy_service_is_asked_again_when_it_says() {
    let world = desk();
    world.web.on(API, |_| {
        let headers = vec![("Retry-After".into(), "3600".into())];
        Ok(HttpResponse { headers, ..answer(429, "").unwrap() })
    });
    let ada = world.seller();
    paid(&ada);
    world.live_through(50 * MINUTE);
    assert_eq!(posts(&world).len(), 1);
    world.web.on(API, |_| answer(200, "{}"));
    world.live_through(15 * MINUTE);
    assert_eq!((owed(&world).len(), posts(&world).len()), (0, 2));
}

#[test]
fn a_message_that_is_lost_or_comes_twice_changes_nothing() {
    let world = desk();
    let ada = world.seller();
    world.queue.loses.set(true);
    paid(&ada);
    world.queue.loses.set(false);
    world.live_through(3 * MINUTE);
    assert_eq!((owed(&world).len(), mails(&world).len()), (0, 1), "cron found it");
    let order = paid(&ada);
    let account = world.db.one("SELECT account_id FROM shops").parse::<i64>().unwrap();
    let message = json!(["mail", "DB", account, format!("paid:{order}"), 0]).to_string();
    (0..3).for_each(|_| world.queue.put(message.clone(), 0));
    // All are on their way before the first is answered.
    world.db.interleaves.set(true);
    world.web.interleaves.set(true);
    world.run_jobs();
    assert_eq!((owed(&world).len(), mails(&world).len()), (0, 2));
    for odd in ["paid:none", "danced:x", "", "paid:a:b:c"] {
        world.queue.put(json!(["mail", "DB", account, odd, 0]).to_string(), 0);
    }
    world.run_jobs();
    assert_eq!(mails(&world).len(), 2);
}

#[test]
fn broken_at_each_write_a_mail_is_sent_under_one_key_or_not_owed() {
    for landed in [Landed::No, Landed::Yes] {
        for n in 1..=6 {
            let world = desk();
            let known = Rc::new(RefCell::new(HashSet::new()));
            let keys_seen = known.clone();
            // As a service does that knows the keys it has seen.
            world.web.on(API, move |sent| {
                keys_seen.borrow_mut().insert(sent.header("idempotency-key").to_owned());
                answer(200, "{}")
            });
            let ada = world.seller();
            let keys = keys(&ada, "A-1,B-1,C-1");
            let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
            world.db.break_commit(n, landed);
            let _ = ada.post("/test/payments", json!({"order_id": order, "kind": "exact", "confirmations": 1}));
            world.run_jobs();
            world.db.mend();
            if ada.status(&order) != 100 {
                ada.simulate(&order, "exact", 1);
            }
            world.live_through(20 * MINUTE);
            let what = format!("write {n}, landed {landed:?}");
            assert_eq!((ada.status(&order), known.borrow().len()), (100, 1), "{what}");
            assert!(posts(&world).len() <= 2, "{what}: {} posts", posts(&world).len());
            assert_eq!(owed(&world).len(), 0, "{what}");
            is_whole(&world);
        }
    }
}

#[test]
fn a_try_that_dies_without_a_word_is_made_again() {
    let world = desk();
    let ada = world.seller();
    paid(&ada);
    // Somebody took it and died.
    world.queue.forget();
    let now = world.now();
    world.db.change(&format!("UPDATE mails SET tries = 1, next_at = {now} + 120000, due_at = {now} + 120000"));
    world.live_through(MINUTE);
    assert_eq!(mails(&world).len(), 0);
    world.live_through(5 * MINUTE);
    assert_eq!((mails(&world).len(), owed(&world).len()), (1, 0));
    // And one that always dies comes to an end.
    paid(&ada);
    world.queue.forget();
    world.db.change("UPDATE mails SET tries = 22");
    world.live_through(10 * MINUTE);
    assert_eq!(
        (mails(&world).len(), owed(&world)[0][2..].to_vec()),
        (1, vec!["0".to_owned(), "unfinished".to_owned()])
    );
}

#[test]
fn the_binding_sends_the_same_mail() {
    let world = World::with(&[("EMAIL_FROM", "Desk <shop@desk.example>"), ("EMAIL", "EMAIL")]);
    let ada = world.seller();
    *world.mailer.refuses.borrow_mut() = Some("E_SENDER_NOT_VERIFIED".into());
    let order = paid(&ada);
    world.run_jobs();
    assert_eq!(owed(&world)[0][3], "E_SENDER_NOT_VERIFIED");
    *world.mailer.refuses.borrow_mut() = None;
    world.live_through(10 * SECOND);
    let sent = world.mailer.sent();
    let [mail] = sent.as_slice() else { panic!("one mail") };
    assert_eq!(
        (mail.from_name.as_str(), mail.from.as_str(), mail.to.as_str()),
        ("Desk", "shop@desk.example", "bob@example.com")
    );
    assert!(mail.subject == "Your order: Key" && mail.text.contains("A-1") && mail.html.contains(&order));
    assert_eq!((owed(&world).len(), posts(&world).len()), (0, 0));
}

#[test]
fn an_api_goes_before_the_binding() {
    let settings: Vec<(&str, &str)> = ON.into_iter().chain([("EMAIL", "EMAIL")]).collect();
    let world = World::with(&settings);
    world.web.says(API, 200);
    paid(&world.seller());
    world.run_jobs();
    assert_eq!((posts(&world).len(), world.mailer.sent().len()), (1, 0));
}

#[test]
fn a_burst_of_orders_is_one_mail_each() {
    let world = desk();
    let ada = world.seller();
    let serials: Vec<String> = (0..60).map(|n| format!("S-{n}")).collect();
    let keys = keys(&ada, &serials.join(","));
    for n in 0..50 {
        let order = id(&buy(&ada, &keys, json!({"email": format!("b{n}@example.com")})).expect(201).json());
        ada.simulate(&order, "exact", 1);
    }
    world.web.interleaves.set(true);
    world.run_jobs();
    let mut to: Vec<Value> = mails(&world).into_iter().map(|mail| mail["to"].clone()).collect();
    to.sort_by_key(Value::to_string);
    to.dedup();
    assert_eq!((to.len(), mails(&world).len()), (50, 50));
    assert!(world.web.most_waiting() <= 6);
}
