//! What the end of a grant owes: the application's webhooks hear of it, and of nothing else any more.

use pushguard::shop::{
    app::Form,
    oauth::grant::Disconnected,
    webhook::{Dialect, Event},
};
use serde_json::json;

use super::{Client, client, operator};
use crate::{
    actors::Seller,
    world::{HOUR, Landed, MINUTE, World},
};

const HOOK: &str = "https://hook.example/app";

fn words(_: Event, news: &Disconnected) -> String {
    json!({"app": news.app_id}).to_string()
}

/// A world with a dialect that tells it.
fn world() -> World {
    let mut world = World::new();
    let serializers = std::mem::take(&mut world.app.serializers);
    world.app.serializers = serializers.with(Dialect::Pusher, Form::of(&[Event::AppDisconnected]).with(words));
    world.web.says("https://hook.example", 200);
    world
}

/// The application has registered an endpoint for this seller.
fn endpoint(world: &World, seller: &Seller<'_>, app: &Client<'_>) {
    let account = format!("SELECT id FROM accounts WHERE email = '{}'", seller.email);
    let account = world.db.one(&account);
    let shard = world.db.one(&format!("SELECT shard FROM accounts WHERE id = {account}"));
    let shard = crate::world::SHARDS.iter().position(|name| *name == shard).unwrap();
    world.db.change_in(
        shard,
        &format!(
            "INSERT INTO webhook_endpoints (account_id, id, url, events, enabled, created_at, updated_at, dialect, app_id)
             VALUES ({account}, 'e{}', '{HOOK}', 'product:created,app:disconnected', 1, 0, 0, 'pusher', '{}')",
            &app.id[7..], app.id
        ),
    );
}

fn revoke_one(seller: &Seller<'_>) {
    let id = seller.get("/authorizations").json()[0]["id"].as_str().unwrap().to_owned();
    seller.delete(&format!("/authorizations/{id}")).expect(204);
}

fn heard(world: &World) -> Vec<String> {
    world.run_jobs();
    world.web.sent_to("https://hook.example").into_iter().map(|sent| sent.body).collect()
}

#[test]
fn the_last_grant_of_an_application_is_told_when_it_ends() {
    let world = world();
    // They live in different databases.
    for email in ["ada@example.com", "eve@example.com"] {
        let (seller, app) = (world.seller_named(email, true), client(&world, json!({})));
        endpoint(&world, &seller, &app);
        app.connect(&seller, "order_read");
        app.connect(&seller, "order_read");
        let before = heard(&world).len();
        revoke_one(&seller);
        assert_eq!(heard(&world).len(), before, "it has another one");
        revoke_one(&seller);
        let all = heard(&world);
        assert_eq!(all[before..], [json!({"app": app.id}).to_string()]);
        let events = world.db.one(&format!("SELECT events FROM webhook_endpoints WHERE app_id = '{}'", app.id));
        assert_eq!(events, "app:disconnected", "nothing else is told");
        assert_eq!(world.db.one("SELECT COALESCE(SUM(untold), 0) FROM oauth_grants"), "0");
    }
}

#[test]
fn another_applications_webhooks_and_the_sellers_own_hear_nothing() {
    let world = world();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    endpoint(&world, &ada, &other);
    ada.endpoint("https://hook.example/own", &["order:created"]);
    app.connect(&ada, "order_read");
    revoke_one(&ada);
    assert_eq!(heard(&world), Vec::<String>::new());
    let events = world
        .db
        .query(&format!("SELECT events FROM webhook_endpoints WHERE app_id IS NOT '{}' ORDER BY events", app.id));
    assert_eq!(events.concat(), ["order:created", "product:created,app:disconnected"]);
}

#[test]
fn what_could_not_be_told_is_told_by_cron() {
    let world = world();
    for email in ["ada@example.com", "eve@example.com"] {
        let (seller, app) = (world.seller_named(email, true), client(&world, json!({})));
        endpoint(&world, &seller, &app);
        let tokens = app.connect(&seller, "order_read");
        let before = heard(&world).len();
        world.db.break_commit(2, Landed::No);
        revoke_one(&seller);
        assert!(!app.is_active(&tokens.access), "it is dead all the same");
        assert_eq!(heard(&world).len(), before);
        world.advance(MINUTE);
        world.cron();
        assert_eq!(heard(&world).len(), before + 1);
        world.live_through(HOUR);
        assert_eq!(heard(&world).len(), before + 1, "once");
    }
    assert_eq!(world.db.rows_in("oauth_grants"), 0);
}

#[test]
fn the_grants_of_a_deleted_application_end_and_are_told() {
    let world = world();
    let (ada, eve, app) = (world.seller(), world.seller_named("eve@example.com", true), client(&world, json!({})));
    for seller in [&ada, &eve] {
        endpoint(&world, seller, &app);
        app.connect(seller, "order_read");
    }
    operator(&world, "DELETE", &format!("/apps/{}", app.id), json!({})).expect(204);
    assert_eq!(heard(&world).len(), 0);
    world.cron();
    assert_eq!(heard(&world).len(), 2);
    world.advance(MINUTE);
    world.cron();
    assert_eq!((heard(&world).len(), world.db.rows_in("oauth_grants")), (2, 0));
}
