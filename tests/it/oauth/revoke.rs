//! How an application loses what it was given: by itself, by its seller, by the operator.

use serde_json::json;

use super::{ALL, Client, Tokens, client, operator, public, refused};
use crate::{
    actors::ORIGIN,
    world::{SECOND, World},
};

fn revoke(app: &Client<'_>, token: &str) {
    let reply = app.post("/oauth/revoke", &[("token", token), ("token_type_hint", "access_token")]).expect(200);
    assert_eq!((reply.text().as_str(), reply.header("cache-control")), ("{}", Some("no-store")));
}

#[test]
fn an_application_gives_back_a_token_or_all_of_them() {
    let world = World::new();
    let (ada, app, open) = (world.seller(), client(&world, json!({})), public(&world));
    let first = app.connect(&ada, "order_read");
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    revoke(&app, &first.access);
    assert!(!app.is_active(&first.access) && app.is_active(&second.access), "an access token goes alone");
    // Also by a refresh token that was used.
    revoke(&app, &first.refresh);
    assert!(!app.is_active(&second.access));
    refused(&app.refresh(&second.refresh), 400, "invalid_grant");
    let tokens = open.connect(&ada, "order_read");
    revoke(&open, &tokens.refresh);
    refused(&open.refresh(&tokens.refresh), 400, "invalid_grant");
    assert_eq!(ada.get("/authorizations").json(), json!([]));
}

#[test]
fn of_what_is_unknown_or_another_clients_nothing_happens_and_nobody_learns_which() {
    let world = World::new();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let tokens = app.connect(&ada, "order_read");
    let unknown = [format!("pg_at_{}", "A".repeat(43)), format!("pg_rt_{}", "A".repeat(64)), "nonsense".to_owned()];
    for token in unknown.iter().chain([&tokens.access, &tokens.refresh]) {
        revoke(&other, token);
        let answer = other.post("/oauth/introspect", &[("token", token)]).expect(200).json();
        assert_eq!(answer, json!({"active": false}));
    }
    assert!(app.is_active(&tokens.access) && app.is_active(&tokens.refresh));
    refused(&app.post("/oauth/revoke", &[]), 400, "invalid_request");
    refused(&app.post("/oauth/introspect", &[]), 400, "invalid_request");
}

#[test]
fn introspection_tells_a_client_of_its_own_tokens() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read product_read");
    let ask = |token: &str| app.post("/oauth/introspect", &[("token", token)]).expect(200).json();
    let (now, id) = (world.now() / SECOND, world.db.one("SELECT id FROM accounts"));
    let expected = json!({
        "active": true, "scope": "product_read order_read", "client_id": app.id, "token_type": "Bearer", "exp": now + 3_600,
        "iat": now, "sub": id, "iss": ORIGIN,
    });
    assert_eq!(ask(&tokens.access), expected);
    let refresh = ask(&tokens.refresh);
    assert_eq!((&refresh["active"], &refresh["exp"]), (&json!(true), &json!(now + 90 * 86_400)));
    assert_eq!(refresh.get("token_type"), None);
    world.advance(3_600 * SECOND);
    assert_eq!(ask(&tokens.access), json!({"active": false}));
    let next = Tokens::of(&app.refresh(&tokens.refresh).expect(200));
    assert!(!app.is_active(&tokens.refresh) && app.is_active(&next.refresh));
}

#[test]
fn a_seller_sees_whom_they_let_in_and_takes_it_back() {
    let world = World::new();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let tokens = app.connect(&ada, "order_read coupon_read");
    world.advance(60 * SECOND);
    let kept = other.connect(&ada, ALL);
    let list = ada.get("/authorizations").expect(200);
    assert_eq!(list.header("x-total-count"), Some("2"));
    let list = list.json();
    let first = &list[1];
    let expected = json!({
        "id": first["id"], "app": {"client_id": app.id, "name": "Shelf", "site": "https://app.example"},
        "scopes": ["order_read", "coupon_read"], "created_at": "2023-11-15T00:00:00.000+00:00",
        "refreshed_at": "2023-11-15T00:00:00.000+00:00", "expires_at": "2024-02-13T00:00:00.000+00:00",
    });
    assert_eq!(*first, expected);
    assert_eq!(list[0]["app"]["name"], "Other");
    let path = format!("/authorizations/{}", first["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).expect(200).json(), expected);
    ada.delete(&path).expect(204);
    ada.delete(&path).expect(404);
    ada.get(&path).expect(404);
    assert!(!app.is_active(&tokens.access) && other.is_active(&kept.access));
    refused(&app.refresh(&tokens.refresh), 400, "invalid_grant");
    assert_eq!(ada.get("/authorizations?per_page=1").json().as_array().unwrap().len(), 1);
}

#[test]
fn of_too_many_grants_to_one_application_the_oldest_ends() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    for _ in 0..50 {
        world.advance(SECOND);
        app.connect(&ada, "order_read");
    }
    assert_eq!(ada.get("/authorizations").header("x-total-count"), Some("50"));
    assert!(!app.is_active(&first.access));
}

#[test]
fn with_the_application_all_that_it_was_allowed_is_gone() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    app.connect(&ada, "order_read");
    operator(&world, "DELETE", &format!("/apps/{}", app.id), json!({})).expect(204);
    assert_eq!(ada.get("/authorizations").json(), json!([]));
    operator(&world, "GET", &format!("/apps/{}", app.id), json!({})).expect(404);
}
