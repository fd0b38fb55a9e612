//! What is over goes.

use serde_json::json;

use super::client;
use crate::world::{DAY, HOUR, MINUTE, World};

#[test]
fn codes_tokens_and_grants_go_when_they_are_over() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let rows = || ["oauth_codes", "oauth_tokens", "oauth_grants"].map(|table| world.db.rows_in(table));
    let tokens = app.connect(&ada, "order_read");
    app.connect(&ada, "order_read");
    app.code(&ada, &[]);
    assert_eq!(rows(), [3, 2, 2]);
    app.post("/oauth/revoke", &[("token", &tokens.refresh)]).expect(200);
    world.advance(MINUTE);
    world.cron();
    assert_eq!(rows(), [3, 2, 1], "a used code is kept for a day, to know it again");
    world.advance(HOUR);
    world.cron();
    assert_eq!(rows(), [3, 0, 1]);
    world.advance(DAY);
    world.cron();
    assert_eq!(rows(), [0, 0, 1]);
    world.advance(90 * DAY);
    world.cron();
    assert_eq!(rows(), [0, 0, 0]);
}

#[test]
fn a_backlog_goes_in_steps_and_within_a_minute() {
    let world = World::new();
    let at = world.now();
    world.db.change_in(
        0,
        &format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 15000)
             INSERT INTO oauth_tokens (hash, grant_id, generation, scopes, expires_at, created_at)
             SELECT 'h' || n, 'g', 0, '', {at} + n, {at} FROM n"
        ),
    );
    world.advance(MINUTE);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(world.db.rows_in("oauth_tokens"), 0);
    assert!(counts.commits > 15, "a thousand at a time: {counts:?}");
}
