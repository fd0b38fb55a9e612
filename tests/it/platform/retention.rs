//! What nobody needs any more goes, and as fast as it comes in.

use serde_json::json;

use crate::world::{DAY, MINUTE, World};

fn count(world: &World, table: &str) -> usize {
    world.db.rows_in(table)
}

/// So many rows in the first shard, as the statement makes them of `n`.
fn fill(world: &World, count: usize, sql: &str) {
    world.db.change_in(
        0,
        &format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) {sql}"),
    );
}

#[test]
fn old_answers_and_notices_of_a_busy_day_are_gone_within_a_minute() {
    let world = World::new();
    let at = world.now();
    fill(
        &world,
        15_000,
        &format!(
            "INSERT INTO idempotency (account_id, key, request, status, body, created_at)
             SELECT n % 50, 'k' || n, 'r', 201, 'x', {at} + n FROM n"
        ),
    );
    fill(
        &world,
        1_500,
        &format!(
            "INSERT INTO notifications (account_id, gateway, id, body, headers, due_at, received_at)
             SELECT n % 50, 'paypal', 'n' || n, '{{}}', '{{}}', IIF(n % 100 = 0, {at} + {DAY} * 900, NULL), {at} + n FROM n"
        ),
    );
    world.advance(DAY + MINUTE);
    world.cron();
    assert_eq!(
        (count(&world, "idempotency"), count(&world, "notifications")),
        (0, 1_500),
        "answers are kept for a day"
    );
    world.advance(29 * DAY);
    world.cron();
    assert_eq!(count(&world, "notifications"), 15, "those that are still to be heard stay");
}

#[test]
fn a_backlog_is_worked_off_in_bounded_steps() {
    let world = World::new();
    let at = world.now();
    fill(
        &world,
        45_000,
        &format!(
            "INSERT INTO idempotency (account_id, key, request, status, body, created_at)
             SELECT 7, 'k' || n, 'r', 201, 'x', {at} FROM n"
        ),
    );
    world.advance(2 * DAY);
    for left in [25_000, 5_000, 0] {
        let (counts, ()) = world.count(|| world.cron());
        assert_eq!(count(&world, "idempotency"), left);
        assert!(counts.commits <= 20 + 2, "{counts:?}");
    }
}

#[test]
fn links_that_were_never_started_go_and_those_that_became_orders_stay() {
    let world = World::new();
    let ada = world.seller();
    let links: Vec<_> = (0..6).map(|_| ada.link(json!({}))).collect();
    world.buyer().start(&links[0]).expect(200);
    world.buyer().start(&links[5]).expect(200);
    ada.delete(&format!("/pay/{}", links[5].id)).expect(204);
    ada.delete(&format!("/pay/{}", links[1].id)).expect(204);
    world.advance(30 * DAY);
    world.cron();
    assert_eq!(count(&world, "payments"), 6, "none has expired");
    let young = ada.link(json!({}));
    world.advance(DAY + MINUTE);
    assert_eq!(world.buyer().post(&links[2].path, "").status(), 410);
    world.cron();
    let left = world.db.query("SELECT id FROM payments ORDER BY created_at, id = (SELECT MAX(id) FROM payments)");
    assert_eq!(left.len(), 3);
    for link in [&links[0], &links[5], &young] {
        assert!(left.iter().any(|row| row[0] == link.id));
    }
    // To the buyer nothing has changed: the link is too old, and his order is there.
    assert_eq!(world.buyer().post(&links[2].path, "").status(), 410);
    assert_eq!(ada.order(&links[0].order_id)["status"], json!(0));
    world.buyer().post(&young.path, "").expect(303);
    let (counts, ()) = world.count(|| world.cron());
    assert_eq!(counts.commits, 3, "those that stay are looked at once");
}

#[test]
fn many_links_that_expired_go_whatever_stands_between_them() {
    for every in [0, 2, 3] {
        let world = World::new();
        let at = world.now();
        fill(
            &world,
            2_500,
            &format!(
                "INSERT INTO payments (account_id, id, title, value, currency, quantity, gateways, return_url,
                   expires_at, created_at)
                 SELECT 7, printf('%08x%08x%x%023x', n * 2654435761 % 4294967296, n, n % 16, n * 7), 'Tea', 1, 'EUR', 1, '{{\"bitcoin\":1}}', 'x', {at} + n, {at} FROM n"
            ),
        );
        if every > 0 {
            // As `payment::order_id` makes it.
            let ids = world.db.query_in(0, &format!("SELECT id FROM payments WHERE rowid % {every} = 0"));
            for (row, n) in ids.iter().zip(1..) {
                let id = pushguard::shop::payment::order_id(&row[0]).unwrap();
                world.db.change_in(0, &format!(
                    "INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, value, currency, quantity, gateway,
                       confirmations_needed, status, test, created_at, updated_at)
                     VALUES (7, {n}, '{id}', 1, 'pay', 'Tea', 1, 'EUR', 1, 'bitcoin', 1, 0, 1, {at}, {at})"
                ));
            }
        }
        world.advance(2 * DAY);
        world.cron();
        world.cron();
        let started = 2_500_usize.checked_div(every).unwrap_or(0);
        assert_eq!(count(&world, "payments"), started, "every {every}th");
        assert_eq!(world.db.one("SELECT COUNT(*) FROM payments WHERE started = 1"), started.to_string());
    }
}
