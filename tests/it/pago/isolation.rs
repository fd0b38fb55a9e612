//! A token of one account, application or scope reads and changes nothing of another, and learns nothing of it.

use pushguard::{api::pago::routes::ROUTES, http::Method, shop::oauth::Scopes};
use serde_json::json;

use super::{Client, app, by_key, id, product};
use crate::{
    actors::Seller,
    world::{HOUR, World},
};

/// One of each noun, by its path.
fn things(seller: &Seller<'_>) -> Vec<(&'static str, String)> {
    let client = by_key(seller);
    seller.put("/account", json!({"shop": {"scripts": true}})).expect(200);
    let link = seller.link(json!({"email": "secret@example.com", "title": "Secret"}));
    seller.world.buyer().start(&link);
    seller.world.live_through(2 * HOUR);
    let hash = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";
    vec![
        ("products", id(&client.post("/products", product(json!({"title": "Secret"}))).expect(201).json())),
        ("coupons", id(&client.post("/coupons", json!({"code": "SECRET", "discount": "10"})).expect(201).json())),
        ("orders", link.order_id.clone()),
        ("customers", "1".into()),
        ("abandoned_carts", link.order_id),
        (
            "scripts",
            id(&client
                .post("/scripts", json!({"src": "https://secret.example/a.js", "integrity": hash}))
                .expect(201)
                .json()),
        ),
    ]
}

fn body(method: Method, noun: &str) -> serde_json::Value {
    match (method, noun) {
        (Method::Put, "abandoned_carts") => json!({"notes": "x"}),
        _ => json!({"note": "x", "txid": "0xabc", "title": "x"}),
    }
}

fn ask(client: &Client<'_>, method: Method, path: &str, noun: &str) -> String {
    let name = method.names().split(", ").next().expect("a name");
    let ask = client.ask(name, path);
    let reply = match method {
        Method::Post | Method::Put => ask.json(&body(method, noun)).send(),
        _ => ask.send(),
    };
    format!("{} {}", reply.status(), reply.text())
}

#[test]
fn what_is_another_accounts_is_as_unknown_as_what_is_nobodys() {
    let world = World::new();
    let (ada, eve) = (world.seller(), world.seller_named("eve@example.com", true));
    let things = things(&ada);
    let strangers = [app(&eve, "all"), by_key(&eve)];
    for (noun, known) in &things {
        let unknown = match *noun {
            "orders" | "abandoned_carts" => "00000000-0000-4000-8000-000000000000",
            "customers" => "2",
            _ => "00000000",
        };
        for route in ROUTES.iter().filter(|route| route.path.first() == Some(noun) && route.path.len() > 1) {
            let path = |id: &str| {
                route
                    .path
                    .iter()
                    .map(|part| if part.starts_with('{') { id } else { part })
                    .fold(String::new(), |path, part| path + "/" + part)
            };
            for stranger in &strangers {
                let (theirs, nobodys) = (
                    ask(stranger, route.method, &path(known), noun),
                    ask(stranger, route.method, &path(unknown), noun),
                );
                assert_eq!(theirs, nobodys, "{}", route.id);
                assert!(theirs.starts_with("404 "), "{}: {theirs}", route.id);
            }
        }
        let list = strangers[0].get(&format!("/{noun}")).expect(200);
        assert_eq!((list.text().as_str(), list.header("x-total")), ("[]", Some("0")), "{noun}");
    }
    let seller = by_key(&ada);
    for (noun, known) in &things {
        let kept = seller.get(&format!("/{noun}/{known}")).expect(200).json();
        assert!(kept["notes"].is_null() && kept["title"] != "x", "{noun} is as it was");
    }
}

#[test]
fn a_token_reads_and_writes_only_what_its_scopes_name() {
    let world = World::new();
    let ada = world.seller();
    let things = things(&ada);
    for scope in Scopes::all().iter() {
        let client = app(&ada, scope.name());
        for route in ROUTES.iter().filter(|route| route.scope.is_some_and(|needed| needed != scope)) {
            let noun = route.path[0];
            let known = things.iter().find(|(known, _)| *known == noun).map_or("x", |(_, id)| id);
            let path = route.path.iter().map(|part| if part.starts_with('{') { known } else { part });
            let path = path.fold(String::new(), |path, part| path + "/" + part);
            let answer = ask(&client, route.method, &path, noun);
            assert!(answer.starts_with("403 ") && !answer.to_lowercase().contains("secret"), "{}: {answer}", route.id);
        }
    }
    let seller = by_key(&ada);
    for (noun, known) in &things {
        seller.get(&format!("/{noun}/{known}")).expect(200);
    }
}

#[test]
fn a_revoked_token_and_one_of_a_disabled_account_open_nothing() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "all");
    client.get("/orders").expect(200);
    let grant = ada.get("/authorizations").expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/authorizations/{grant}")).expect(204);
    client.get("/orders").expect(401);
}
