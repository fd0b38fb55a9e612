//! What a token opens, for dialects that applications speak (`api/access`).

use std::rc::Rc;

use pushguard::{
    api::{
        access::{self, Access},
        failure::Failure,
        limit::RateLimiter,
    },
    shop::oauth::{
        Scope, Scopes,
        grant::{self, Reason},
    },
};
use serde_json::json;

use super::{Tokens, client, operator};
use crate::{
    actors::{Seller, basic},
    world::{SECOND, World, block_on},
};

/// What a request with this header may do, as a dialect reads it.
fn read(world: &World, authorization: Option<String>) -> Result<Access, Failure> {
    let mut ask = world.ask("GET", "/api/orders");
    if let Some(value) = authorization {
        ask = ask.header("authorization", value);
    }
    let meter = RateLimiter::new(&world.app, &ask.request);
    block_on(access::read(&world.app, &ask.request, &meter))
}

fn bearer(world: &World, token: &str) -> Result<Access, Failure> {
    read(world, Some(format!("Bearer {token}")))
}

fn account_id(world: &World, seller: &Seller<'_>) -> i64 {
    world.db.one(&format!("SELECT id FROM accounts WHERE email = '{}'", seller.email)).parse().unwrap()
}

#[test]
fn a_key_opens_everything_and_a_token_what_was_granted() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let by_key = read(&world, Some(basic(&ada.email, &ada.key))).unwrap();
    assert!(by_key.app.is_none() && by_key.scopes == Scopes::all());
    let tokens = app.connect(&ada, "order_read");
    let access = bearer(&world, &tokens.access).unwrap();
    assert_eq!(access.account.id, account_id(&world, &ada));
    assert_eq!(access.app.as_ref().unwrap().app_id, app.id);
    access.need(Scope::OrderRead).unwrap();
    let refused = access.need(Scope::OrderWrite).unwrap_err();
    let challenge = "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"order_write\"";
    assert_eq!((refused.status, refused.headers.clone()), (403, vec![("www-authenticate", challenge.to_owned())]));
    for scope in Scope::ALL {
        assert_eq!(access.may(scope), scope == Scope::OrderRead);
        by_key.need(scope).unwrap();
    }
}

#[test]
fn what_is_no_token_opens_nothing() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    let code = app.code(&ada, &[]);
    let secret = app.secret.clone().unwrap();
    for text in [&tokens.refresh, &code, &secret, &ada.key, "x", &tokens.access[..tokens.access.len() - 1], ""] {
        let refused = bearer(&world, text).unwrap_err();
        let challenge = "Bearer realm=\"api\", error=\"invalid_token\"".to_owned();
        assert_eq!((refused.status, refused.headers), (401, vec![("www-authenticate", challenge)]), "{text}");
    }
    let nothing = read(&world, None).unwrap_err();
    assert_eq!((nothing.status, nothing.headers), (401, vec![("www-authenticate", "Bearer realm=\"api\"".to_owned())]));
    // The seller's own window takes keys alone.
    world.ask("GET", "/api/v2/orders").header("authorization", format!("Bearer {}", tokens.access)).send().expect(401);
}

#[test]
fn a_token_costs_one_round_trip_in_half_a_minute() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let token = app.connect(&ada, "order_read").access;
    assert_eq!(world.trips(|| bearer(&world, &token).unwrap()), 1);
    world.advance(30 * SECOND - 1);
    assert_eq!(world.trips(|| bearer(&world, &token).unwrap()), 0);
    world.advance(1);
    assert_eq!(world.trips(|| bearer(&world, &token).unwrap()), 1);
    world.advance(3_600 * SECOND);
    bearer(&world, &token).unwrap_err();
}

#[test]
fn a_token_is_never_believed_beyond_its_hour() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let token = app.connect(&ada, "order_read").access;
    world.advance(3_590 * SECOND);
    bearer(&world, &token).unwrap();
    world.advance(10 * SECOND);
    bearer(&world, &token).unwrap_err();
}

#[test]
fn what_is_revoked_is_dead_at_once_here_and_within_half_a_minute_elsewhere() {
    let world = World::new();
    let elsewhere = world.redeployed(&[]);
    let (ada, app) = (world.seller(), client(&world, json!({})));
    type End = fn(&World, &Seller<'_>, &super::Client<'_>, &Tokens);
    let ends: [End; 6] = [
        |_, _, app, tokens| drop(app.post("/oauth/revoke", &[("token", &tokens.access)]).expect(200)),
        |_, _, app, tokens| drop(app.post("/oauth/revoke", &[("token", &tokens.refresh)]).expect(200)),
        |_, ada, _, _| {
            let id = ada.get("/authorizations").json()[0]["id"].as_str().unwrap().to_owned();
            ada.delete(&format!("/authorizations/{id}")).expect(204);
        },
        |world, _, app, tokens| {
            app.refresh(&tokens.refresh).expect(200);
            world.advance(10 * SECOND);
            app.refresh(&tokens.refresh).expect(400);
        },
        |world, ada, _, _| {
            let id = account_id(world, ada);
            operator(world, "PUT", &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
        },
        |world, _, app, _| drop(operator(world, "DELETE", &format!("/apps/{}", app.id), json!({})).expect(204)),
    ];
    for (n, end) in ends.into_iter().enumerate() {
        let tokens = app.connect(&ada, "order_read");
        bearer(&world, &tokens.access).unwrap();
        bearer(&elsewhere, &tokens.access).unwrap();
        end(&world, &ada, &app, &tokens);
        bearer(&world, &tokens.access).expect_err(&format!("{n}: here"));
        world.advance(30 * SECOND);
        bearer(&elsewhere, &tokens.access).expect_err(&format!("{n}: elsewhere"));
        let id = account_id(&world, &ada);
        operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": false})).expect(200);
    }
}

#[test]
fn a_revocation_that_overtakes_a_look_is_not_forgotten() {
    let world = Rc::new(World::new());
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    let (account_id, grant) = (account_id(&world, &ada), world.db.one("SELECT id FROM oauth_grants"));
    let ask = world.ask("GET", "/api/orders").header("authorization", format!("Bearer {}", tokens.access));
    let meter = RateLimiter::new(&world.app, &ask.request);
    world.db.late.set(true);
    let look = access::read(&world.app, &ask.request, &meter);
    let end = grant::end_for(&world.app, account_id, &grant, Reason::Revoked);
    let (seen, ended) = block_on(futures_util::future::join(look, end));
    world.db.late.set(false);
    assert!(seen.is_ok() && ended.unwrap(), "the look came first");
    bearer(&world, &tokens.access).unwrap_err();
}

#[test]
fn an_application_may_ask_so_often_for_each_seller_and_a_seller_beside_it() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "30"), ("RATE_LIMIT_ANONYMOUS", "30")]);
    let (ada, eve) = (world.seller(), world.seller_named("eve@example.com", true));
    let (app, other) = (client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let (hers, eves, others) =
        (app.connect(&ada, "order_read"), app.connect(&eve, "order_read"), other.connect(&ada, "order_read"));
    world.advance(60 * SECOND);
    for _ in 0..30 {
        bearer(&world, &hers.access).unwrap();
    }
    world.advance(15 * SECOND);
    let refused = bearer(&world, &hers.access).unwrap_err();
    assert_eq!((refused.status, refused.headers), (429, vec![("retry-after", "45".to_owned())]));
    let again = Tokens::of(&app.refresh(&hers.refresh).expect(200));
    assert_eq!(bearer(&world, &again.access).unwrap_err().status, 429, "another token is no other application");
    bearer(&world, &eves.access).unwrap();
    bearer(&world, &others.access).unwrap();
    ada.get("/account").expect(200);
    world.advance(45 * SECOND);
    bearer(&world, &hers.access).unwrap();
}

#[test]
fn who_guesses_tokens_is_counted_before_anything_is_read() {
    let world = World::with(&[("RATE_LIMIT_ANONYMOUS", "2")]);
    let guess = format!("pg_at_{}", "A".repeat(43));
    for _ in 0..2 {
        assert_eq!(bearer(&world, &guess).unwrap_err().status, 401);
    }
    let trips = world.trips(|| assert_eq!(bearer(&world, &guess).unwrap_err().status, 429));
    assert_eq!(trips, 0);
}
