//! `Idempotency-Key`: sent twice is done once.

use std::rc::Rc;

use futures_util::future::join_all;
use pushguard::{platform::Db, shop::idempotency::Key};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller, payment},
    world::{HOUR, Landed, MINUTE, World, block_on},
};

fn post(seller: &Seller<'_>, path: &str, key: &str, body: &Value) -> Reply {
    seller.ask("POST", path).header("idempotency-key", key).json(body).send()
}

fn entry() -> Value {
    json!({"blacklist_type": 1, "blocked_data": "eve@example.com"})
}

#[test]
fn the_same_key_and_body_get_the_first_answer_again() {
    let world = World::new();
    let ada = world.seller();
    for (path, body, table) in [
        ("/blacklist", entry(), "blacklist"),
        ("/pay", payment(json!({})), "payments"),
        ("/pay", payment(json!({"white_label": true})), "orders"),
        ("/webhooks/endpoints", json!({"url": "https://a.example", "events": ["order:paid"]}), "webhook_endpoints"),
    ] {
        let key = format!("{path} {table}");
        let first = post(&ada, path, &key, &body).expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        let rows = world.db.rows_in(table);
        let again = post(&ada, path, &key, &body).expect(201);
        assert_eq!(again.text(), first.text(), "{path}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(world.db.rows_in(table), rows, "{path}: nothing was made twice");
    }
}

#[test]
fn a_key_belongs_to_one_request_of_one_account() {
    let world = World::new();
    let ada = world.seller();
    post(&ada, "/blacklist", "k", &entry()).expect(201);
    let other = json!({"blacklist_type": 1, "blocked_data": "mallory@example.com"});
    let refused = post(&ada, "/blacklist", "k", &other).expect(422);
    assert_eq!(refused.json()["message"], "This Idempotency-Key was used for another request");
    post(&ada, "/webhooks/endpoints", "k", &entry()).expect(422);
    assert_eq!(world.db.rows_in("blacklist"), 1);
    let eve = world.seller_named("eve@example.com", true);
    assert_eq!(post(&eve, "/blacklist", "k", &other).expect(201).header("idempotent-replayed"), None);
}

#[test]
fn a_key_is_good_for_a_day_and_then_forgotten() {
    let world = World::new();
    let ada = world.seller();
    let pay = payment(json!({}));
    let first = post(&ada, "/pay", "k", &pay).expect(201).text();
    world.advance(24 * HOUR);
    assert_eq!(post(&ada, "/pay", "k", &pay).expect(201).text(), first);
    world.advance(MINUTE);
    assert_ne!(post(&ada, "/pay", "k", &pay).expect(201).text(), first, "a day later it is a new request");
    assert_eq!(world.db.rows_in("idempotency"), 1);
    world.advance(25 * HOUR);
    world.cron();
    assert_eq!(world.db.rows_in("idempotency"), 0, "cron forgets it");
}

#[test]
fn what_was_refused_is_not_kept() {
    let world = World::new();
    let ada = world.seller();
    post(&ada, "/blacklist", "k", &json!({"blacklist_type": 9})).expect(400);
    post(&ada, "/blacklist", "k", &entry()).expect(201);
    post(&ada, "/blacklist", "again", &entry()).expect(400);
    assert_eq!(world.db.rows_in("idempotency"), 1);
    // A white-label order is two commits; the first takes the key, and a refusal gives it back.
    let grace = world.seller_named("grace@example.com", false);
    world.coinbase(json!({"USD": "50000"}));
    let order = payment(json!({"white_label": true}));
    assert_eq!(post(&grace, "/pay", "k", &order).errors(), ["Gateway is not configured"]);
    assert_eq!(world.db.rows_in("idempotency"), 1);
    for key in ["", &"x".repeat(256)] {
        post(&ada, "/blacklist", key, &entry()).expect(400);
    }
    post(&ada, "/pay", &"x".repeat(255), &payment(json!({}))).expect(201);
}

#[test]
fn two_at_once_with_one_key_are_one_result() {
    let world = World::new();
    let ada = world.seller();
    world.db.interleaves.set(true);
    for (path, body, table) in [
        ("/blacklist", entry(), "blacklist"),
        ("/pay", payment(json!({})), "payments"),
        ("/pay", payment(json!({"white_label": true})), "orders"),
    ] {
        let ask = || ada.ask("POST", path).header("idempotency-key", table).json(&body).together();
        let replies = block_on(join_all([ask(), ask(), ask()]));
        let made: Vec<_> = replies.iter().filter(|reply| reply.status() == 201).collect();
        assert!(!made.is_empty(), "{path}");
        for reply in &replies {
            // Either the first one's answer, or word that it is running.
            assert!([201, 409].contains(&reply.status()), "{path}: {}", reply.text());
        }
        assert!(made.iter().all(|reply| reply.text() == made[0].text()), "{path}");
        assert_eq!(world.db.rows_in(table), 1, "{path}");
    }
}

#[test]
fn whoever_died_on_the_way_holds_the_key_for_a_minute() {
    let world = World::new();
    let ada = world.seller();
    let order = payment(json!({"white_label": true}));
    // The second commit of a white-label order is lost.
    world.db.break_commit(2, Landed::No);
    post(&ada, "/pay", "k", &order).expect(500);
    let running = post(&ada, "/pay", "k", &order).expect(409);
    assert_eq!(running.json()["message"], "A request with this Idempotency-Key is still running");
    world.advance(MINUTE + 1);
    post(&ada, "/pay", "k", &order).expect(201);
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn an_answer_that_was_lost_on_its_way_is_given_again() {
    let world = World::new();
    let ada = world.seller();
    world.db.break_commit(1, Landed::Yes);
    post(&ada, "/blacklist", "k", &entry()).expect(500);
    assert_eq!(world.db.rows_in("blacklist"), 1, "it was made, only nobody heard of it");
    post(&ada, "/blacklist", "k", &entry()).expect(201);
    assert_eq!(world.db.rows_in("blacklist"), 1);
}

#[test]
fn kept_answers_are_sealed() {
    let world = World::new();
    let ada = world.seller();
    let made = post(&ada, "/account/api_key", "k", &json!({})).expect(201).json();
    let key = made["api_key"].as_str().unwrap();
    assert!(!world.db.dump().contains(key));
    let ada = Seller { key: key.to_owned(), ..ada };
    let again = post(&ada, "/account/api_key", "k", &json!({})).expect(201);
    assert_eq!((again.json(), again.header("cache-control")), (made, Some("no-store")));
}

#[test]
fn the_operator_makes_an_account_once() {
    let world = World::new();
    let make = || {
        let bearer = format!("Bearer {}", crate::world::ADMIN_TOKEN);
        world
            .ask("POST", "/admin/accounts")
            .header("authorization", bearer)
            .header("idempotency-key", "k")
            .json(&json!({"email": "ada@example.com", "shop_name": "Ada's Apps"}))
            .send()
            .expect(201)
            .text()
    };
    assert_eq!(make(), make());
}

#[test]
fn a_key_is_finished_and_given_back_by_its_own_runner_alone() {
    let world = World::new();
    let db: Rc<dyn Db> = world.db.clone();
    let key = || Key::new(db.clone(), 7, "k", "the same request".into());
    let (first, second) = (key(), key());
    block_on(db.commit(first.begin(&world.app))).expect("the key was free");
    // It gets ready, is refused before it has committed anything, and gives back what it doesn't have.
    let _never_sent = second.begin(&world.app);
    block_on(second.release(&world.app));
    assert_eq!(world.db.rows_in("idempotency"), 1);
    let finish = first.keep(&world.app, 201, "{}").expect("sealed");
    world.db.change("DELETE FROM idempotency");
    let no = block_on(db.commit(finish)).expect_err("somebody else may run by now");
    assert!(no.is_stale(), "nothing of the commit has happened");
}
