//! Codes: once, for a minute, for whoever asked.

use std::rc::Rc;

use futures_util::future::join;
use serde_json::json;

use super::{CALLBACK, Tokens, VERIFIER, client, operator, parameter, public, redemption, refused};
use crate::world::{Counts, SECOND, World, block_on};

#[test]
fn a_code_lives_for_a_minute() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let (first, second) = (app.code(&ada, &[]), app.code(&ada, &[]));
    world.advance(60 * SECOND - 1);
    app.redeem(&first).expect(200);
    world.advance(1);
    refused(&app.redeem(&second), 400, "invalid_grant");
}

#[test]
fn a_code_that_is_used_twice_ends_what_came_of_it() {
    let world = World::new();
    for app in [client(&world, json!({})), public(&world)] {
        let ada = world.seller_named(&format!("{}@example.com", &app.id[7..]), true);
        let code = app.code(&ada, &[]);
        let tokens = Tokens::of(&app.redeem(&code).expect(200));
        let next = Tokens::of(&app.refresh(&tokens.refresh).expect(200));
        world.advance(3_600 * SECOND);
        refused(&app.redeem(&code), 400, "invalid_grant");
        refused(&app.refresh(&next.refresh), 400, "invalid_grant");
        assert_eq!(ada.get("/authorizations").json(), json!([]));
    }
    assert!(world.log.text().contains("a code was used twice"));
}

#[test]
fn of_two_exchanges_at_once_one_succeeds_and_the_other_ends_the_grant() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let code = app.code(&ada, &[]);
    world.db.interleaves.set(true);
    let exchange = || app.ask("/oauth/token", &redemption(&code)).together();
    let (one, other) = block_on(join(exchange(), exchange()));
    world.db.interleaves.set(false);
    let (won, lost) = if one.status() == 200 { (one, other) } else { (other, one) };
    refused(&lost, 400, "invalid_grant");
    let tokens = Tokens::of(&won.expect(200));
    assert!(!app.is_active(&tokens.access), "one of the two may be a thief");
    assert_eq!(world.db.rows_in("oauth_grants"), 1);
}

#[test]
fn a_code_needs_its_own_client_address_and_verifier() {
    let world = World::new();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let code = app.code(&ada, &[]);
    let with = |name: &str, value: &str| {
        let mut fields = redemption(&code).to_vec();
        fields.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            fields.push((Box::leak(name.to_owned().into_boxed_str()), Box::leak(value.to_owned().into_boxed_str())));
        }
        app.post("/oauth/token", &fields)
    };
    refused(&other.redeem(&code), 400, "invalid_grant");
    refused(&with("redirect_uri", "https://app.example/other"), 400, "invalid_grant");
    refused(&with("redirect_uri", ""), 400, "invalid_grant");
    refused(&with("code_verifier", &VERIFIER.replace('d', "e")), 400, "invalid_grant");
    refused(&with("code_verifier", &super::challenge(VERIFIER)), 400, "invalid_grant");
    refused(&with("code_verifier", ""), 400, "invalid_grant");
    refused(&with("code", &code.replace("pg_ac_", "pg_at_")), 400, "invalid_grant");
    app.redeem(&code).expect(200);
    // Whoever only saw the code can't end what its owner got for it.
    refused(&other.redeem(&code), 400, "invalid_grant");
    refused(&with("code_verifier", &"a".repeat(43)), 400, "invalid_grant");
    assert_eq!(ada.get("/authorizations").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_says_so_may_do_without_pkce_but_not_half() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({"require_pkce": false})));
    let without = [("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)];
    let code = app.code(&ada, &[("code_challenge", ""), ("code_challenge_method", "")]);
    refused(&app.redeem(&code), 400, "invalid_grant");
    app.post("/oauth/token", &[&without[..], &[("code", &code)]].concat()).expect(200);
    let code = app.code(&ada, &[]);
    refused(&app.post("/oauth/token", &[&without[..], &[("code", &code)]].concat()), 400, "invalid_grant");
    app.redeem(&code).expect(200);
}

#[test]
fn a_disabled_account_redeems_nothing() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let code = app.code(&ada, &[]);
    let id = world.db.one("SELECT id FROM accounts");
    operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
    refused(&app.redeem(&code), 400, "invalid_grant");
    operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": false})).expect(200);
    app.redeem(&code).expect(200);
}

#[test]
fn an_exchange_is_two_round_trips_and_so_is_a_refresh() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let code = app.code(&ada, &[]);
    let two = Counts { reads: 1, commits: 1, ..Counts::default() };
    let (counts, reply) = world.count(|| app.redeem(&code).expect(200));
    assert_eq!(Counts { statements: 0, ..counts }, two);
    let (counts, _) = world.count(|| app.refresh(&Tokens::of(&reply).refresh).expect(200));
    assert_eq!(Counts { statements: 0, ..counts }, two);
}

#[test]
fn a_code_that_somebody_redeems_just_before_ends_the_grant_too() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let app = client(&world, json!({}));
    let location = app.allowed_at(&ada, &app.authorize_url(&[]));
    let code = parameter(&location, "code").unwrap();
    let db = world.db.clone();
    let grant = "INSERT INTO oauth_grants (id, account_id, app_id, scopes, family_hash, refresh_hash, generation, expires_at, created_at)
                 SELECT 'g', account_id, app_id, scopes, 'f', 'r', 0, 9e15, 0 FROM oauth_codes;
                 UPDATE oauth_codes SET grant_id = 'g'";
    world.db.before_commit(1, move || db.change_in(0, &grant.replace("9e15", "9000000000000")));
    refused(&app.redeem(&code), 400, "invalid_grant");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM oauth_grants WHERE ended_at IS NULL"), "0");
}
