//! How clients say who they are, and what the token endpoint takes.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Client, client, form, operator, public, redemption, refused};
use crate::{
    actors::Reply,
    world::{SECOND, World},
};

/// With this header, and these fields in the body.
fn token(app: &Client<'_>, authorization: Option<String>, fields: &[(&str, &str)]) -> Reply {
    let ask = app.world.ask("POST", "/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    let ask = match authorization {
        Some(value) => ask.header("authorization", value),
        None => ask,
    };
    ask.body(form(fields)).send()
}

fn basic(id: &str, secret: &str) -> Option<String> {
    Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
}

#[test]
fn a_secret_comes_by_basic_raw_or_encoded_or_in_the_body() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let (id, secret) = (app.id.clone(), app.secret.clone().unwrap());
    let encoded = |text: &str| text.replace('_', "%5F").replace('-', "%2D");
    for (header, more) in [
        (basic(&id, &secret), vec![]),
        (basic(&encoded(&id), &encoded(&secret)), vec![]),
        (basic(&id, &secret), vec![("client_id", id.as_str())]),
        (None, vec![("client_id", id.as_str()), ("client_secret", secret.as_str())]),
    ] {
        let code = app.code(&ada, &[]);
        let fields = [redemption(&code).to_vec(), more].concat();
        token(&app, header, &fields).expect(200);
    }
}

#[test]
fn a_client_that_proves_nothing_gets_nothing() {
    let world = World::new();
    let (ada, app, other, open) =
        (world.seller(), client(&world, json!({})), client(&world, json!({})), public(&world));
    let (id, secret) = (app.id.as_str(), app.secret.as_deref().unwrap());
    let code = app.code(&ada, &[]);
    for (header, more) in [
        (None, vec![]),
        (None, vec![("client_id", id)]),
        (None, vec![("client_id", id), ("client_secret", "pg_cs_wrong")]),
        (None, vec![("client_id", "pg_app_AAAAAAAAAAAAAAAA"), ("client_secret", secret)]),
        (basic(id, "pg_cs_wrong"), vec![]),
        (basic(id, ""), vec![]),
        (basic(id, other.secret.as_deref().unwrap()), vec![]),
        (basic(&open.id, secret), vec![]),
        (Some("Basic !".into()), vec![]),
        (Some(format!("Bearer {secret}")), vec![("client_id", id)]),
    ] {
        let fields = [redemption(&code).to_vec(), more].concat();
        let reply = token(&app, header.clone(), &fields);
        refused(&reply, 401, "invalid_client");
        assert_eq!(reply.header("www-authenticate"), Some("Basic realm=\"oauth\""), "{header:?}");
    }
    let both = [redemption(&code).to_vec(), vec![("client_id", id), ("client_secret", secret)]].concat();
    refused(&token(&app, basic(id, secret), &both), 400, "invalid_request");
    let another = [redemption(&code).to_vec(), vec![("client_id", other.id.as_str())]].concat();
    refused(&token(&app, basic(id, secret), &another), 400, "invalid_request");
    app.redeem(&code).expect(200);
}

#[test]
fn a_public_client_has_no_secret_and_needs_its_verifier() {
    let world = World::new();
    let (ada, app) = (world.seller(), public(&world));
    assert_eq!(app.secret, None);
    let code = app.code(&ada, &[]);
    let fields = [redemption(&code).to_vec(), vec![("client_id", app.id.as_str()), ("client_secret", "x")]].concat();
    refused(&token(&app, None, &fields), 401, "invalid_client");
    // An empty value counts as none (RFC 6749, 3.2).
    let fields = [redemption(&code).to_vec(), vec![("client_id", app.id.as_str()), ("client_secret", "")]].concat();
    let reply = token(&app, None, &fields).expect(200);
    app.refresh(reply.json()["refresh_token"].as_str().unwrap()).expect(200);
    refused(&app.post("/oauth/introspect", &[("token", "x")]), 401, "invalid_client");
}

#[test]
fn the_token_endpoint_takes_forms_alone_and_each_parameter_once() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let code = app.code(&ada, &[]);
    let json_body = app.ask("/oauth/token", &[]);
    let mut json_body = json_body.body(json!({"grant_type": "authorization_code", "code": code}).to_string());
    json_body.request.headers.retain(|(name, _)| *name != "content-type");
    refused(&json_body.header("content-type", "application/json").send(), 400, "invalid_request");
    let twice = [redemption(&code).to_vec(), vec![("code", code.as_str())]].concat();
    refused(&app.post("/oauth/token", &twice), 400, "invalid_request");
    refused(&app.post("/oauth/token", &[]), 400, "invalid_request");
    refused(&app.post("/oauth/token", &[("grant_type", "authorization_code")]), 400, "invalid_request");
    refused(&app.post("/oauth/token", &[("grant_type", "refresh_token")]), 400, "invalid_request");
    for kind in ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code"] {
        refused(&app.post("/oauth/token", &[("grant_type", kind)]), 400, "unsupported_grant_type");
    }
    assert_eq!(app.world.ask("GET", "/oauth/token").send().expect(405).header("allow"), Some("POST"));
    app.world.ask("POST", "/oauth/other").send().expect(404);
    app.ask("/oauth/token", &redemption(&code)).insecurely().send().expect(403);
    app.redeem(&code).expect(200);
}

#[test]
fn a_disabled_or_deleted_client_is_unknown() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    operator(&world, "PUT", &format!("/apps/{}", app.id), json!({"disabled": true})).expect(200);
    refused(&app.refresh(&tokens.refresh), 401, "invalid_client");
    operator(&world, "PUT", &format!("/apps/{}", app.id), json!({"disabled": false})).expect(200);
    let again = super::Tokens::of(&app.refresh(&tokens.refresh).expect(200));
    operator(&world, "DELETE", &format!("/apps/{}", app.id), json!({})).expect(204);
    refused(&app.refresh(&again.refresh), 401, "invalid_client");
    refused(&app.post("/oauth/revoke", &[("token", &again.refresh)]), 401, "invalid_client");
}

#[test]
fn a_client_that_asks_too_often_waits_for_the_minute() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "4")]);
    let app = client(&world, json!({}));
    world.advance(20 * SECOND);
    for _ in 0..4 {
        refused(&app.refresh("pg_rt_x"), 400, "invalid_grant");
    }
    let reply = app.refresh("pg_rt_x");
    refused(&reply, 429, "temporarily_unavailable");
    assert_eq!(reply.header("retry-after"), Some("40"));
    assert_eq!(world.trips(|| app.refresh("pg_rt_x")), 0);
}

#[test]
fn what_breaks_is_an_error_of_ours() {
    let world = World::new();
    let app = client(&world, json!({}));
    world.db.break_read();
    refused(&app.refresh("pg_rt_x"), 500, "server_error");
    world.db.mend();
    assert!(world.log.text().contains("request.failed"));
}
