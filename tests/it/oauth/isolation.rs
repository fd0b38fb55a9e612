//! A token of one account, application or scope is of no use to another.

use pushguard::shop::oauth;
use serde_json::json;

use super::{ALL, Tokens, client, redemption};
use crate::world::{World, block_on};

#[test]
fn each_token_acts_for_its_own_account_application_and_scope() {
    let world = World::new();
    // They live in different databases.
    let sellers =
        ["ada@example.com", "eve@example.com", "kim@example.com"].map(|email| world.seller_named(email, true));
    let apps = ["Shelf", "Books", "Mail"].map(|name| client(&world, json!({"name": name})));
    let mut all = Vec::new();
    for seller in &sellers {
        for app in &apps {
            for scope in ALL.split(' ') {
                all.push((seller, app, scope, app.connect(seller, scope)));
            }
        }
    }
    for (seller, app, scope, tokens) in &all {
        let authorized = block_on(oauth::authenticate(&world.app, &tokens.access)).unwrap().expect("it is good");
        let id = world.db.one(&format!("SELECT id FROM accounts WHERE email = '{}'", seller.email));
        assert_eq!(authorized.account.id.to_string(), id);
        assert_eq!(authorized.app_id, app.id);
        assert_eq!(authorized.scopes.to_text(), *scope);
        let shard = world.db.one(&format!("SELECT shard FROM accounts WHERE email = '{}'", seller.email));
        assert_eq!(authorized.account.shard, shard);
    }
    assert_eq!(all.len(), 3 * 3 * 14);
    let shards: std::collections::BTreeSet<String> =
        world.db.query("SELECT shard FROM accounts").into_iter().flatten().collect();
    assert!(shards.len() > 1, "{shards:?}");
}

#[test]
fn another_accounts_authorization_is_as_unknown_as_one_that_never_was() {
    let world = World::new();
    let (ada, eve, app) = (world.seller(), world.seller_named("eve@example.com", true), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    let hers = ada.get("/authorizations").json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(eve.get("/authorizations").json(), json!([]));
    for ask in ["GET", "DELETE"] {
        let answers = [&hers, "3b0c6d4e-0d39-4c3d-8a52-5b2f1c0f7a11"].map(|id| {
            let (counts, reply) = world.count(|| eve.ask(ask, &format!("/authorizations/{id}")).send().expect(404));
            (counts.reads + counts.commits, reply.text(), reply.headers().len())
        });
        assert_eq!(answers[0], answers[1], "{ask}");
    }
    assert!(app.is_active(&tokens.access));
}

#[test]
fn unknown_and_not_yours_read_the_same_and_cost_the_same() {
    let world = World::new();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let Tokens { access, refresh, .. } = app.connect(&ada, "order_read");
    let code = app.code(&ada, &[]);
    let made_up =
        [format!("pg_at_{}", "A".repeat(43)), format!("pg_rt_{}", "A".repeat(64)), format!("pg_ac_{}", "A".repeat(43))];
    let pairs = [("/oauth/introspect", &access, &made_up[0]), ("/oauth/introspect", &refresh, &made_up[1])];
    let pairs =
        pairs.into_iter().chain([("/oauth/revoke", &access, &made_up[0]), ("/oauth/revoke", &refresh, &made_up[1])]);
    for (path, theirs, unknown) in pairs {
        let answers = [theirs, unknown].map(|token| {
            let (counts, reply) = world.count(|| other.post(path, &[("token", token)]));
            (counts, reply.status(), reply.text())
        });
        assert_eq!(answers[0], answers[1], "{path}");
    }
    let answers = [&refresh, &made_up[1]].map(|token| {
        let (counts, reply) = world.count(|| other.refresh(token));
        (counts, reply.status(), reply.text())
    });
    assert_eq!(answers[0], answers[1]);
    let answers = [code.as_str(), &made_up[2], "nonsense"].map(|code| {
        let (counts, reply) = world.count(|| other.post("/oauth/token", &redemption(code)));
        (counts, reply.status(), reply.text())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    app.redeem(&code).expect(200);
}
