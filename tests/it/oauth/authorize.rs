//! The authorization request: what is told to the application, and what nobody is sent anywhere for.

use serde_json::json;

use super::{CALLBACK, Client, VERIFIER, challenge, client, operator, parameter, post, public, sign_in, step};
use crate::{
    actors::{ORIGIN, Reply},
    world::{MINUTE, World},
};

/// A page that leads nowhere.
#[track_caller]
fn stays(reply: Reply) {
    let reply = reply.expect(400);
    assert_eq!(reply.header("location"), None);
    assert!(reply.text().contains("This link doesn&#39;t work") || reply.text().contains("This link doesn't work"));
}

/// The application is told this, with its state.
#[track_caller]
fn told(app: &Client<'_>, changed: &[(&str, &str)], error: &str) {
    let reply = app.world.ask("GET", &app.authorize_url(changed)).send().expect(303);
    let location = reply.header("location").unwrap();
    assert!(location.starts_with(&format!("{CALLBACK}?error=")), "{location}");
    assert_eq!(parameter(location, "error").as_deref(), Some(error), "{location}");
    assert_eq!(parameter(location, "state").as_deref(), Some("x y&z=ü"));
    assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
    assert!(!parameter(location, "error_description").unwrap().is_empty());
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_the_applications() {
    let world = World::new();
    let app = client(&world, json!({}));
    let get = |changed: &[(&str, &str)]| world.ask("GET", &app.authorize_url(changed)).send();
    stays(get(&[("client_id", "")]));
    stays(get(&[("client_id", "pg_app_AAAAAAAAAAAAAAAA")]));
    for uri in [
        "https://app.example/callback/",
        "https://app.example/callback?a=b",
        "https://app.example/CALLBACK",
        "https://app.example:443/callback",
        "https://app.example.evil.example/callback",
        "https://evil.example/callback",
        "http://app.example/callback",
        "//app.example/callback",
        "javascript:alert(1)",
    ] {
        stays(get(&[("redirect_uri", uri)]));
    }
    let url = app.authorize_url(&[]);
    stays(world.ask("GET", &format!("{url}&client_id={}", app.id)).send());
    stays(world.ask("GET", &format!("{url}&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback")).send());
}

#[test]
fn an_address_may_be_left_out_where_there_is_one_alone() {
    let world = World::new();
    let ada = world.seller();
    let app = client(&world, json!({}));
    let location = app.allowed_at(&ada, &app.authorize_url(&[("redirect_uri", "")]));
    assert!(location.starts_with(CALLBACK));
    let code = parameter(&location, "code").unwrap();
    let with = app.redeem(&code);
    super::refused(&with, 400, "invalid_grant");
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    app.post("/oauth/token", &fields).expect(200);
    let several = client(&world, json!({"redirect_uris": [CALLBACK, "https://app.example/other"]}));
    stays(world.ask("GET", &several.authorize_url(&[("redirect_uri", "")])).send());
}

#[test]
fn the_application_is_told_what_is_wrong_with_its_request() {
    let world = World::new();
    let app = client(&world, json!({"scopes": ["order_read", "product_read"]}));
    told(&app, &[("response_type", "")], "invalid_request");
    told(&app, &[("response_type", "token")], "unsupported_response_type");
    told(&app, &[("response_mode", "fragment")], "invalid_request");
    for scope in ["everything", "order_read everything", "order_write", "ORDER_READ"] {
        told(&app, &[("scope", scope)], "invalid_scope");
    }
    let url = app.authorize_url(&[]);
    let reply = world.ask("GET", &format!("{url}&scope=order_read")).send().expect(303);
    assert_eq!(parameter(reply.header("location").unwrap(), "error").as_deref(), Some("invalid_request"), "came twice");
}

#[test]
fn pkce_is_needed_and_only_with_s256() {
    let world = World::new();
    for app in [client(&world, json!({})), public(&world)] {
        told(&app, &[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request");
        told(&app, &[("code_challenge_method", "plain")], "invalid_request");
        told(&app, &[("code_challenge_method", "")], "invalid_request");
        told(&app, &[("code_challenge", "short")], "invalid_request");
        told(&app, &[("code_challenge", "")], "invalid_request");
    }
    let old = client(&world, json!({"require_pkce": false}));
    told(&old, &[("code_challenge_method", "plain")], "invalid_request");
    let without = old.authorize_url(&[("code_challenge", ""), ("code_challenge_method", "")]);
    world.ask("GET", &without).send().expect(200);
}

#[test]
fn a_program_on_its_own_machine_takes_whatever_port_is_free() {
    let world = World::new();
    let ada = world.seller();
    let uris = json!(["http://127.0.0.1/cb", "com.example.app:/cb"]);
    let app = client(&world, json!({"confidential": false, "redirect_uris": uris}));
    for uri in ["http://127.0.0.1:51004/cb", "com.example.app:/cb"] {
        let location = app.allowed_at(&ada, &app.authorize_url(&[("redirect_uri", uri)]));
        assert!(location.starts_with(&format!("{uri}?code=")), "{location}");
    }
    stays(world.ask("GET", &app.authorize_url(&[("redirect_uri", "http://127.0.0.1:51004/other")])).send());
    stays(world.ask("GET", &app.authorize_url(&[("redirect_uri", "http://localhost:51004/cb")])).send());
}

#[test]
fn without_scopes_it_asks_for_what_it_was_registered_for() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({"scopes": ["coupon_read", "READ:PRODUCT"]})));
    assert_eq!(app.connect(&ada, "").scope, "coupon_read READ:PRODUCT");
}

#[test]
fn a_disabled_application_asks_nobody() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let asked = sign_in(&ada, &app.authorize_url(&[])).expect(200);
    operator(&world, "PUT", &format!("/apps/{}", app.id), json!({"disabled": true})).expect(200);
    stays(world.ask("GET", &app.authorize_url(&[])).send());
    stays(post(&world, &app.authorize_url(&[]), &[("step", &step(&asked))]));
    assert_eq!(world.db.rows_in("oauth_codes"), 0);
}

#[test]
fn the_step_between_signing_in_and_allowing_is_good_for_one_request_and_ten_minutes() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[]);
    let signed = step(&sign_in(&ada, &url).expect(200));
    let wider = app.authorize_url(&[("scope", "order_write")]);
    let elsewhere = app.authorize_url(&[("code_challenge", &challenge(&"a".repeat(43)))]);
    for (url, step) in [
        (wider.as_str(), signed.clone()),
        (elsewhere.as_str(), signed.clone()),
        (&url, signed.replacen(|c: char| c.is_ascii_digit(), "7", 1) + "A"),
        (&url, "1.2.3.a.b".to_owned()),
        (&url, "x".to_owned()),
    ] {
        let page = post(&world, url, &[("step", &step)]).expect(403);
        assert!(page.text().contains("Please sign in again"), "{step}");
    }
    world.advance(10 * MINUTE - 1);
    post(&world, &url, &[("step", &signed)]).expect(303);
    world.advance(1);
    post(&world, &url, &[("step", &signed)]).expect(403);
}

#[test]
fn who_loses_their_key_or_their_account_while_they_read_allows_nothing() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[]);
    let signed = step(&sign_in(&ada, &url).expect(200));
    ada.post("/account/api_key", json!({})).expect(201);
    post(&world, &url, &[("step", &signed)]).expect(403);
    let eve = world.seller_named("eve@example.com", true);
    let signed = step(&sign_in(&eve, &url).expect(200));
    let id = world.db.one("SELECT id FROM accounts WHERE email = 'eve@example.com'");
    operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
    post(&world, &url, &[("step", &signed)]).expect(403);
    assert_eq!(world.db.rows_in("oauth_codes"), 0);
}
