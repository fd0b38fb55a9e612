//! Who may ask, and in what form.

use serde_json::json;

use super::refused;
use crate::{
    actors::basic,
    world::{ADMIN_TOKEN, HOUR, MINUTE, World},
};

#[test]
fn the_key_is_sent_as_it_is_or_behind_bearer() {
    let world = World::new();
    let ada = world.seller();
    for sent in [ada.key.clone(), format!("Bearer {}", ada.key), format!("bearer  {} ", ada.key)] {
        let reply = world.ask("GET", "/api/1.0/orders").header("authorization", &sent).send().expect(200);
        assert_eq!(reply.json(), json!([]), "{sent}");
    }
}

#[test]
fn whoever_sends_no_key_of_ours_is_refused() {
    let world = World::new();
    let ada = world.seller();
    let wrong = format!("{}x", ada.key);
    let with_email = basic(&ada.email, &ada.key);
    for sent in
        [None, Some(""), Some("m3GfjWHTfmfV5tW9"), Some(&*wrong), Some(&*with_email), Some("Bearer"), Some("Bearer ")]
    {
        let mut ask = world.ask("GET", "/api/1.0/orders");
        if let Some(sent) = sent {
            ask = ask.header("authorization", sent);
        }
        let reply = ask.send();
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"api\""), "{sent:?}");
        assert_eq!(refused(reply, 401), "Unable to authenticate", "{sent:?}");
    }
    let long = "k".repeat(100_000);
    refused(world.ask("GET", "/api/1.0/orders").header("authorization", long).send(), 401);
}

#[test]
fn a_warm_key_costs_no_round_trip_and_one_write_of_the_cache_ever() {
    let world = World::new();
    let ada = world.seller();
    let before = world.cache.writes();
    assert_eq!(world.trips(|| ada.shows("/orders")), 2, "the directory, and the list");
    assert_eq!(world.cache.writes() - before, 1);
    assert_eq!(world.trips(|| ada.shows("/orders")), 1);
    let elsewhere = world.redeployed(&[]);
    let there = ada.at(&elsewhere);
    assert_eq!(elsewhere.trips(|| there.shows("/orders")), 1, "another isolate finds it in KV");
    world.advance(HOUR);
    ada.shows("/orders");
    assert_eq!(world.cache.writes() - before, 1);
    world.cache.broken.set(true);
    assert_eq!(ada.shows("/orders"), json!([]), "without a cache the directory knows");
}

#[test]
fn a_replaced_key_is_dead_and_the_new_one_works_at_once() {
    let world = World::new();
    let ada = world.seller();
    ada.shows("/orders");
    world.advance(MINUTE);
    let new = ada.post("/account/api_key", json!({})).expect(201).json()["api_key"].as_str().unwrap().to_owned();
    refused(ada.shoppy("GET", "/orders").send(), 401);
    let ask = |key: &str| world.ask("GET", "/api/1.0/orders").header("authorization", key.to_owned()).send();
    ask(&new).expect(200);
    refused(ask(&ada.key), 401);
}

#[test]
fn a_disabled_account_is_let_in_no_more() {
    let world = World::new();
    let ada = world.seller();
    ada.shows("/orders");
    let id = world.db.one("SELECT id FROM accounts");
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let ask = world.ask("PUT", &format!("/admin/accounts/{id}")).header("authorization", bearer);
    ask.json(&json!({"disabled": true})).send().expect(200);
    assert_eq!(refused(ada.shoppy("GET", "/orders").send(), 401), "This account is disabled");
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "2"), ("RATE_LIMIT_ANONYMOUS", "5")]);
    let ada = world.seller();
    ada.shows("/orders");
    ada.shows("/orders");
    let reply = ada.shoppy("GET", "/orders").send();
    assert_eq!(reply.header("retry-after"), Some("60"));
    assert_eq!(refused(reply, 429), "You have reached the request limit");
}
