//! How often somebody may ask.

use serde_json::json;

use crate::{
    actors::{Reply, Seller, basic},
    world::{SECOND, START, World},
};

fn world() -> World {
    World::with(&[("RATE_LIMIT_ACCOUNT", "5"), ("RATE_LIMIT_ANONYMOUS", "3")])
}

/// Limit and remaining.
fn standing(reply: &Reply) -> (&str, &str) {
    let header = |name| reply.header(name).expect("on every answer");
    let reset: i64 = header("x-ratelimit-reset").parse().expect("seconds since 1970");
    assert!((START / SECOND..=START / SECOND + 180).contains(&reset), "{reset}");
    (header("x-ratelimit-limit"), header("x-ratelimit-remaining"))
}

/// Ada, and the one request that the directory had to be asked for is made.
fn ada(world: &World) -> Seller<'_> {
    let ada = world.seller();
    world.advance(60 * SECOND);
    ada
}

#[test]
fn an_account_may_ask_so_often_in_a_minute() {
    let world = world();
    let ada = ada(&world);
    for left in ["4", "3", "2", "1", "0"] {
        assert_eq!(standing(&ada.get("/account").expect(200)), ("5", left));
    }
    world.advance(48 * SECOND);
    let refused = ada.get("/account").expect(429);
    assert_eq!(refused.json(), json!({"message": "You have reached the request limit"}));
    assert_eq!((standing(&refused), refused.header("retry-after")), (("5", "0"), Some("12")));
    assert_eq!(world.trips(|| ada.get("/account").expect(429)), 0, "who is refused costs nothing");
    world.advance(12 * SECOND);
    assert_eq!(standing(&ada.get("/account").expect(200)), ("5", "4"));
}

#[test]
fn what_others_of_the_account_asked_elsewhere_counts_as_well() {
    let world = world();
    let ada = ada(&world);
    let id = world.db.one("SELECT id FROM accounts");
    world.limits.elsewhere(&id, 4);
    assert_eq!(standing(&ada.get("/account").expect(200)), ("5", "4"), "this isolate knows its own alone");
    assert_eq!(standing(&ada.get("/account").expect(429)), ("5", "0"));
}

#[test]
fn one_account_does_not_use_up_another_ones_requests() {
    let world = world();
    let ada = ada(&world);
    let eve = world.seller_named("eve@example.com", true);
    for _ in 0..6 {
        ada.get("/account");
    }
    ada.get("/account").expect(429);
    eve.get("/account").expect(200);
}

#[test]
fn without_credentials_it_is_the_address_that_counts() {
    let world = world();
    let ask = |address: &str| world.ask("GET", "/api/v2/orders").header("cf-connecting-ip", address).send();
    for left in ["2", "1", "0"] {
        assert_eq!(standing(&ask("192.0.2.1").expect(401)), ("3", left));
    }
    ask("192.0.2.1").expect(429);
    ask("::ffff:192.0.2.1").expect(429);
    ask("192.0.2.2").expect(401);
    for (n, last) in ["1", "2:3", "4:5:6"].iter().enumerate() {
        let reply = ask(&format!("2001:db8:0:1::{last}")).expect(401);
        assert_eq!(standing(&reply).1, (2 - n).to_string(), "whoever has one address has its whole /64");
    }
    ask("2001:db8:0:1::8").expect(429);
    ask("2001:db8:0:2::8").expect(401);
}

#[test]
fn guessing_keys_is_stopped_before_the_directory_is_asked() {
    let world = world();
    let ada = ada(&world);
    let guess = || {
        let guess = world.ask("GET", "/api/v2/orders").header("authorization", basic(&ada.email, "pg_test_guess"));
        guess.header("cf-connecting-ip", "192.0.2.1").send()
    };
    for _ in 0..3 {
        guess().expect(401);
    }
    assert_eq!(world.trips(|| guess().expect(429)), 0);
    // Who has the key is not held up by who has not, even at the same address.
    ada.ask("GET", "/orders").header("cf-connecting-ip", "192.0.2.1").send().expect(200);
    let admin = || world.ask("POST", "/admin/accounts").header("authorization", "Bearer guess").send();
    for _ in 0..3 {
        admin().expect(401);
    }
    admin().expect(429);
    world.create_account(json!({"email": "new@example.com", "shop_name": "New"})).expect(201);
}

#[test]
fn every_answer_of_the_api_says_where_one_stands() {
    let world = world();
    let ada = ada(&world);
    standing(&ada.get("/nothing").expect(404));
    standing(&ada.post("/blacklist", json!({})).expect(400));
    standing(&ada.delete("/orders").expect(405));
    standing(&ada.ask("GET", "/orders").insecurely().send().expect(403));
    for _ in 0..100 {
        let healthy = world.ask("GET", "/healthz").send().expect(200);
        assert_eq!(standing(&healthy), ("3", "3"), "a monitor uses nothing up");
    }
}

#[test]
fn a_limit_that_does_not_answer_refuses_nobody() {
    let world = world();
    let ada = ada(&world);
    world.limits.broken.set(true);
    for _ in 0..9 {
        ada.get("/account").expect(200);
    }
    assert!(world.log.text().contains("rate_limit.unavailable"));
}

#[test]
fn who_comes_with_his_key_after_a_while_is_not_taken_for_anybody() {
    let world = world();
    let ada = ada(&world);
    ada.get("/account").expect(200);
    world.advance(11 * 60 * SECOND);
    // Somebody at the same address guesses keys until he may no more.
    let at = |ask: crate::actors::Ask<'_>| ask.header("cf-connecting-ip", "192.0.2.1").send();
    while at(world.ask("GET", "/api/v2/orders").header("authorization", basic(&ada.email, "no"))).status() != 429 {}
    let reply = at(ada.ask("GET", "/orders")).expect(200);
    assert_eq!((reply.header("x-ratelimit-limit"), reply.header("x-ratelimit-remaining")), (Some("5"), Some("4")));
}
