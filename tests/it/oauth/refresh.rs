//! Refresh tokens: each is good once, and one that comes again ends the grant.

use futures_util::future::join;
use serde_json::json;

use super::{Tokens, client, operator, refused};
use crate::world::{DAY, Landed, SECOND, World, block_on};

#[test]
fn a_refresh_token_that_comes_again_ends_the_grant() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    world.advance(10 * SECOND);
    refused(&app.refresh(&first.refresh), 400, "invalid_grant");
    refused(&app.refresh(&second.refresh), 400, "invalid_grant");
    assert!(!app.is_active(&first.access) && !app.is_active(&second.access));
    assert_eq!(ada.get("/authorizations").json(), json!([]));
    assert!(world.log.text().contains("a refresh token was used twice"));
}

#[test]
fn however_old_it_is() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let stolen = app.connect(&ada, "order_read").refresh;
    let mut refresh = stolen.clone();
    for _ in 0..40 {
        world.advance(10 * DAY);
        refresh = Tokens::of(&app.refresh(&refresh).expect(200)).refresh;
        world.cron();
    }
    assert_eq!(world.db.rows_in("oauth_grants"), 1, "used tokens take no room");
    refused(&app.refresh(&stolen), 400, "invalid_grant");
    refused(&app.refresh(&refresh), 400, "invalid_grant");
}

#[test]
fn for_ten_seconds_the_one_before_is_answered_with_the_same_next_one() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    world.advance(10 * SECOND - 1);
    // The answer got lost, or another part of the program asked as well.
    let again = Tokens::of(&app.refresh(&first.refresh).expect(200));
    assert_eq!(again.refresh, second.refresh, "there is one chain, and no second");
    assert_ne!(again.access, second.access);
    assert!(app.is_active(&again.access) && app.is_active(&second.access));
    let third = Tokens::of(&app.refresh(&second.refresh).expect(200));
    // It is the one before the one before now, though its ten seconds are not over.
    refused(&app.refresh(&first.refresh), 400, "invalid_grant");
    refused(&app.refresh(&third.refresh), 400, "invalid_grant");
}

#[test]
fn of_two_refreshes_at_once_both_get_the_same_next_token() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    world.db.interleaves.set(true);
    let refresh = || {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", first.refresh.as_str())];
        app.ask("/oauth/token", &fields).together()
    };
    let (one, other) = block_on(join(refresh(), refresh()));
    world.db.interleaves.set(false);
    let (one, other) = (Tokens::of(&one.expect(200)), Tokens::of(&other.expect(200)));
    assert_eq!(one.refresh, other.refresh);
    assert!(app.is_active(&one.access) && app.is_active(&other.access));
    app.refresh(&one.refresh).expect(200);
}

#[test]
fn a_thief_is_found_out_by_the_next_refresh() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    let owner = Tokens::of(&app.refresh(&first.refresh).expect(200));
    let thief = Tokens::of(&app.refresh(&first.refresh).expect(200));
    world.advance(3_000 * SECOND);
    Tokens::of(&app.refresh(&thief.refresh).expect(200));
    world.advance(600 * SECOND);
    refused(&app.refresh(&owner.refresh), 400, "invalid_grant");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM oauth_grants WHERE ended_at IS NULL"), "0");
}

#[test]
fn a_token_of_the_right_family_that_was_made_up_ends_it_and_another_one_nothing() {
    let world = World::new();
    let (ada, app, other) = (world.seller(), client(&world, json!({})), client(&world, json!({"name": "Other"})));
    let tokens = app.connect(&ada, "order_read");
    let theirs = other.connect(&ada, "order_read");
    for made_up in ["pg_rt_x", "", "x", &format!("pg_rt_{}", "A".repeat(64)), &tokens.access, &theirs.refresh] {
        if !made_up.is_empty() {
            refused(&app.refresh(made_up), 400, "invalid_grant");
        }
    }
    // Another client's is refused alone, and hurts nobody.
    refused(&other.refresh(&tokens.refresh), 400, "invalid_grant");
    app.refresh(&tokens.refresh).expect(200);
    other.refresh(&theirs.refresh).expect(200);
}

#[test]
fn an_access_token_may_have_fewer_scopes_and_never_more() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read product_read");
    let ask = |refresh: &str, scope: &str| {
        app.post("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", scope)])
    };
    for scope in ["order_write", "order_read order_write", "everything"] {
        refused(&ask(&first.refresh, scope), 400, "invalid_scope");
    }
    let narrow = Tokens::of(&ask(&first.refresh, "order_read").expect(200));
    assert_eq!(narrow.scope, "order_read");
    let whole = Tokens::of(&app.refresh(&narrow.refresh).expect(200));
    assert_eq!(whole.scope, "product_read order_read", "the grant is what it was");
}

#[test]
fn a_grant_that_nobody_refreshes_for_ninety_days_is_over() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    world.advance(90 * DAY - 1);
    let second = Tokens::of(&app.refresh(&first.refresh).expect(200));
    world.advance(90 * DAY);
    refused(&app.refresh(&second.refresh), 400, "invalid_grant");
    assert_eq!(ada.get("/authorizations").json(), json!([]));
}

#[test]
fn a_grant_has_five_access_tokens_at_most() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let first = app.connect(&ada, "order_read");
    let (mut refresh, mut access) = (first.refresh.clone(), vec![first.access]);
    for _ in 0..6 {
        world.advance(1);
        let next = Tokens::of(&app.refresh(&refresh).expect(200));
        (refresh, _) = (next.refresh, access.push(next.access));
    }
    let alive: Vec<bool> = access.iter().map(|token| app.is_active(token)).collect();
    assert_eq!(alive, [false, false, true, true, true, true, true]);
}

#[test]
fn while_an_account_is_disabled_nothing_is_refreshed_and_nothing_is_lost() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    let id = world.db.one("SELECT id FROM accounts");
    operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
    refused(&app.refresh(&tokens.refresh), 400, "invalid_grant");
    assert!(!app.is_active(&tokens.access));
    operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": false})).expect(200);
    app.refresh(&tokens.refresh).expect(200);
}

#[test]
fn an_answer_that_was_lost_can_be_asked_for_again() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let tokens = app.connect(&ada, "order_read");
    for landed in [Landed::No, Landed::Yes] {
        let before = app.connect(&ada, "order_read").refresh;
        world.db.break_commit(1, landed);
        refused(&app.refresh(&before), 500, "server_error");
        app.refresh(&before).expect(200);
    }
    app.refresh(&tokens.refresh).expect(200);
}
