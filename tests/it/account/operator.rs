//! What the operator does for sellers, and for whoever lost a key or the answer that told of one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller, basic},
    world::{ADMIN_TOKEN, Counts, Landed, MINUTE, SECOND, World},
};

fn operator(world: &World, method: &str, path: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    world.ask(method, &format!("/admin{path}")).header("authorization", bearer).json(&body).send()
}

fn list(world: &World, query: &str) -> Vec<Value> {
    let reply = operator(world, "GET", &format!("/accounts{query}"), Value::Null).expect(200);
    reply.json().as_array().expect("a list").clone()
}

fn id_of(world: &World, email: &str) -> String {
    list(world, &format!("?email={email}"))[0]["id"].as_str().expect("an id").to_owned()
}

fn comes_in(world: &World, email: &str, key: &str) -> u16 {
    world.ask("GET", "/api/v2/account").header("authorization", basic(email, key)).send().status()
}

fn rotate(seller: &Seller<'_>, name: &str) -> Reply {
    seller.ask("POST", "/account/api_key").header("idempotency-key", name).json(&json!({})).send()
}

fn key_in(reply: &Reply) -> String {
    reply.json()["api_key"].as_str().expect("a key").to_owned()
}

#[test]
fn the_operator_sees_the_accounts_page_by_page() {
    let world = World::new();
    assert_eq!(list(&world, ""), Vec::<Value>::new());
    for n in 0..7 {
        world.seller_named(&format!("seller{n}@example.com"), n % 2 == 0);
    }
    let all = list(&world, "");
    assert_eq!(all.len(), 7);
    let id = |account: &Value| account["id"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(all.is_sorted_by_key(id));
    assert!(all.iter().all(|account| account["shop_name"] == "Ada's Apps"), "whatever shard they are in");
    let first = all.iter().find(|account| account["email"] == "seller0@example.com").unwrap();
    let expected = json!({
        "id": first["id"], "email": "seller0@example.com", "shop_name": "Ada's Apps", "test": true, "disabled": false,
        "disabled_at": null, "shard": "DB", "created_at": "2023-11-15T00:00:00.000+00:00",
        "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    assert_eq!(*first, expected);
    let (mut pages, mut path) = (Vec::new(), "/accounts?per_page=3".to_owned());
    loop {
        let (counts, reply) = world.count(|| operator(&world, "GET", &path, Value::Null));
        let page = reply.json().as_array().unwrap().clone();
        let elsewhere: BTreeSet<&str> =
            page.iter().map(|account| account["shard"].as_str().unwrap()).filter(|shard| *shard != "DB").collect();
        assert_eq!(
            (counts.reads, counts.commits),
            (1 + elsewhere.len() as u32, 0),
            "the names of shops are in their shards"
        );
        pages.extend(page);
        let Some(link) = reply.header("link") else { break };
        let (_, next) = link.split_once("/admin").unwrap();
        path = next.split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(pages, all);
    assert_eq!(list(&world, "?email=SELLER3@example.com").len(), 1);
    assert_eq!(list(&world, "?email=nobody@example.com").len(), 0);
    for query in ["?after=x", "?per_page=x"] {
        operator(&world, "GET", &format!("/accounts{query}"), Value::Null).expect(400);
    }
    let said = operator(&world, "GET", "/accounts", Value::Null).text();
    assert!(!said.contains("hash") && !said.contains("whsec"), "{said}");
}

#[test]
fn only_the_operator_may() {
    let world = World::new();
    let ada = world.seller();
    let id = id_of(&world, &ada.email);
    let before = world.db.dump();
    for (method, path) in [
        ("GET", "/admin/accounts".to_owned()),
        ("PUT", format!("/admin/accounts/{id}")),
        ("POST", format!("/admin/accounts/{id}/api_key")),
    ] {
        for authorization in ["", "Bearer x", &basic(&ada.email, &ada.key)] {
            let ask = world.ask(method, &path).header("authorization", authorization);
            ask.json(&json!({"disabled": true})).send().expect(401);
        }
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_disabled_account_begins_nothing_and_what_it_began_goes_on() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let id = id_of(&world, &ada.email);
    let (started, fresh) = (ada.link(json!({})), ada.link(json!({})));
    world.buyer().start(&started);
    ada.endpoint("https://ada.example/hook", &["order:paid"]);
    world.web.says("https://ada.example/hook", 200);
    let put = |body: Value| operator(&world, "PUT", &format!("/accounts/{id}"), body);
    assert_eq!(put(json!({})).errors(), ["Disabled can't be blank"]);
    assert_eq!(put(json!({"disabled": "perhaps"})).errors(), ["Disabled must be true or false"]);

    world.advance(SECOND);
    let disabled = put(json!({"disabled": true})).expect(200).json();
    assert_eq!(
        (&disabled["disabled"], &disabled["disabled_at"]),
        (&json!(true), &json!("2023-11-15T00:00:01.000+00:00"))
    );
    for cold in [false, true] {
        if cold {
            world.cache.empty();
        }
        assert_eq!(ada.get("/account").expect(403).message(), "This account is disabled");
        ada.pay(json!({})).expect(403);
        rotate(&ada, "k").expect(403);
        assert_eq!(comes_in(&world, &ada.email, "wrong"), 401);
        eve.get("/account").expect(200);
    }
    let page = world.buyer().post(&fresh.path, "").expect(403).text();
    assert!(page.contains("takes no payments at the moment"), "{page}");
    assert_eq!(world.db.rows_in("orders"), 1);
    world.buyer().post(&format!("{}/test", started.path), "action=pay&kind=exact").expect(303);
    world.buyer().post(&format!("{}/test", started.path), "action=block").expect(303);
    world.run_jobs();
    assert_eq!(world.db.one("SELECT status FROM orders"), "100", "the buyer's money is followed");
    assert_eq!(world.web.sent_to("https://ada.example/hook").len(), 1);

    world.advance(SECOND);
    assert_eq!(put(json!({"disabled": false})).expect(200).json()["disabled_at"], Value::Null);
    ada.get("/account").expect(200);
    world.buyer().post(&fresh.path, "").expect(303);
    for path in ["/accounts/7", "/accounts/x"] {
        operator(&world, "PUT", path, json!({"disabled": true})).expect(404);
    }
}

#[test]
fn the_operator_gives_a_new_key_to_a_seller_who_lost_theirs() {
    let world = World::new();
    let ada = world.seller();
    let id = id_of(&world, &ada.email);
    let ask = |name: &str| {
        let ask = world.ask("POST", &format!("/admin/accounts/{id}/api_key"));
        ask.header("authorization", format!("Bearer {ADMIN_TOKEN}")).header("idempotency-key", name).send()
    };
    let reply = ask("one").expect(201);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let new = key_in(&reply);
    assert!(new.starts_with("pg_test_"), "{new}");
    assert_eq!((comes_in(&world, &ada.email, &new), comes_in(&world, &ada.email, &ada.key)), (200, 401));
    assert_eq!(ask("one").expect(201).text(), reply.text(), "an answer that was lost");
    assert_eq!(comes_in(&world, &ada.email, &new), 200);
    world.cache.empty();
    assert_eq!((comes_in(&world, &ada.email, &new), comes_in(&world, &ada.email, &ada.key)), (200, 401));
    rotate(&ada, "one").expect(401);
    assert!(!world.db.dump().contains(&new[8..]), "kept as a hash, and sealed in the answer");
    operator(&world, "POST", "/accounts/7/api_key", json!({})).expect(404);
}

#[test]
fn a_lost_answer_of_a_key_rotation_can_be_asked_for_again_with_the_old_key() {
    let world = World::new();
    let ada = world.seller();
    let first = rotate(&ada, "rotation").expect(201);
    let new = key_in(&first);
    for cold in [false, true] {
        if cold {
            world.cache.empty();
        }
        let again = rotate(&ada, "rotation").expect(201);
        assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
        assert_eq!(again.header("cache-control"), Some("no-store"));
    }
    // For nothing else.
    assert_eq!(comes_in(&world, &ada.email, &ada.key), 401);
    rotate(&ada, "another").expect(401);
    ada.post("/account/api_key", json!({})).expect(401);
    ada.ask("POST", "/account/webhook_secret")
        .header("idempotency-key", "rotation")
        .json(&json!({}))
        .send()
        .expect(401);
    let other_body = json!({"a": 1});
    ada.ask("POST", "/account/api_key").header("idempotency-key", "rotation").json(&other_body).send().expect(401);
    let stranger = Seller { world: &world, email: ada.email.clone(), key: "pg_test_x".into(), secret: String::new() };
    rotate(&stranger, "rotation").expect(401);
    assert_eq!(comes_in(&world, &ada.email, &new), 200);

    world.advance(10 * MINUTE - SECOND);
    rotate(&ada, "rotation").expect(201);
    world.advance(2 * SECOND);
    rotate(&ada, "rotation").expect(401);
    let owner = Seller { world: &world, email: ada.email.clone(), key: new, secret: String::new() };
    rotate(&owner, "rotation").expect(201);
}

#[test]
fn the_key_before_the_last_is_dead() {
    let world = World::new();
    let ada = world.seller();
    let second = key_in(&rotate(&ada, "one").expect(201));
    let owner = Seller { world: &world, email: ada.email.clone(), key: second, secret: String::new() };
    rotate(&owner, "two").expect(201);
    rotate(&ada, "one").expect(401);
    rotate(&owner, "two").expect(201);
}

#[test]
fn an_answer_that_was_lost_on_its_way_from_the_database_is_found() {
    let world = World::new();
    let ada = world.seller();
    world.db.break_commit(1, Landed::Yes);
    rotate(&ada, "k").expect(500);
    let new = key_in(&rotate(&ada, "k").expect(201));
    assert_eq!(comes_in(&world, &ada.email, &new), 200);
}

#[test]
fn a_rotation_writes_the_cache_once() {
    let world = World::new();
    let ada = world.seller();
    world.advance(SECOND);
    world.cache.paced.set(true);
    let new = key_in(&ada.post("/account/api_key", json!({})).expect(201));
    assert_eq!((comes_in(&world, &ada.email, &new), comes_in(&world, &ada.email, &ada.key)), (200, 401));
    let owner = Seller { world: &world, email: ada.email.clone(), key: new.clone(), secret: String::new() };
    let refused = owner.post("/account/api_key", json!({})).expect(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(comes_in(&world, &ada.email, &new), 200, "nothing was changed");
    world.advance(SECOND);
    owner.post("/account/api_key", json!({})).expect(201);
}

#[test]
fn who_comes_in_with_the_old_key_while_it_is_replaced_does_not_put_it_back() {
    let world = std::rc::Rc::new(World::new());
    let ada = world.seller();
    let (other, email, old) = (world.clone(), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || assert_eq!(comes_in(&other, &email, &old), 200, "it is not replaced yet"));
    let new = key_in(&ada.post("/account/api_key", json!({})).expect(201));
    assert_eq!((comes_in(&world, &ada.email, &new), comes_in(&world, &ada.email, &ada.key)), (200, 401));
    let know =
        || world.trips(|| ada.world.ask("GET", "/api/v2/no").header("authorization", basic(&ada.email, &new)).send());
    assert_eq!(know(), 0, "and the new one is known without a trip");
    let (counts, _) = world.count(|| rotate(&ada, "k").expect(401));
    assert_eq!(Counts { statements: 0, ..counts }, Counts { reads: 3, ..Counts::default() });
}
