//! Old logs go, in small steps and from the oldest on, so that `seq` stays without gaps. What is still owed stays, and what
//! is younger than it too; and so does the account's last log, since the next one takes its number from it.

use crate::{
    shop::{Shop, time::DAY},
    world::{Db, Fault, Statement, Uncommitted},
};

/// So many logs are deleted by one commit at most.
const STEP: u32 = 500;
/// So many commits are made a minute: 10,000 logs, far more than a minute brings.
const STEPS: usize = 20;

/// An account whose oldest logs are to be looked at.
pub fn next(now: i64) -> Statement {
    Statement::new(
        "SELECT account_id FROM shops WHERE prune_logs_at <= ?1 ORDER BY prune_logs_at LIMIT 1",
        vec![now.into()],
    )
}

/// Cron's part, beginning with an account that `next` named. Every step names another, until none is due.
pub async fn prune(shop: &Shop, db: &dyn Db, mut account_id: i64) -> Result<(), Fault> {
    for _ in 0..STEPS {
        let now = shop.now();
        let end = now - i64::from(shop.world.settings.log_retention_days) * DAY;
        let [payloads, logs] = delete(account_id, end);
        let mut rows = db
            .commit(vec![payloads, logs, count(account_id), plan(account_id, now, end), next(now)])
            .await
            .map_err(Uncommitted::into_fault)?;
        match rows.pop().unwrap_or_default().first() {
            Some(row) => account_id = row.int()?,
            None => break,
        }
    }
    Ok(())
}

/// The oldest of the account's logs, as far as all of them are older than `end` and owed no more; and what they said,
/// unless a younger log says it as well.
fn delete(account_id: i64, end: i64) -> [Statement; 2] {
    // The first that stays.
    let stays = format!(
        "WITH oldest AS (SELECT seq, created_at, due_at FROM webhook_logs WHERE account_id = ?1 ORDER BY seq LIMIT {STEP}),
         stays (seq) AS MATERIALIZED (SELECT COALESCE(
           (SELECT seq FROM oldest WHERE created_at >= ?2 OR due_at IS NOT NULL LIMIT 1),
           MIN((SELECT MIN(seq) FROM webhook_logs WHERE account_id = ?1) + {STEP},
               (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1))))"
    );
    let (payloads, logs) = (
        "DELETE FROM webhook_payloads WHERE account_id = ?1 AND last_seq < (SELECT seq FROM stays)
         AND id IN (SELECT payload_id FROM webhook_logs WHERE account_id = ?1 AND seq < (SELECT seq FROM stays))",
        "DELETE FROM webhook_logs WHERE account_id = ?1 AND seq < (SELECT seq FROM stays)",
    );
    [payloads, logs].map(|delete| Statement::new(format!("{stays} {delete}"), vec![account_id.into(), end.into()]))
}

/// The newest log is told how many are gone, if that has changed.
fn count(account_id: i64) -> Statement {
    let gone = "(SELECT MIN(seq) FROM webhook_logs WHERE account_id = ?1) - 1";
    Statement::new(
        format!(
            "UPDATE webhook_logs SET pruned = {gone}
             WHERE account_id = ?1 AND seq = (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1) AND pruned <> {gone}"
        ),
        vec![account_id.into()],
    )
}

/// When the account's turn comes again: at once, if its oldest log is too old even now, and otherwise in a day.
fn plan(account_id: i64, now: i64, end: i64) -> Statement {
    Statement::new(
        "UPDATE shops SET prune_logs_at = ?2 + IIF(EXISTS (
           SELECT 1 FROM (SELECT seq, created_at, due_at FROM webhook_logs WHERE account_id = ?1 ORDER BY seq LIMIT 1)
           WHERE created_at < ?3 AND due_at IS NULL AND seq < (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1)
         ), 0, ?4)
         WHERE account_id = ?1",
        vec![account_id.into(), now.into(), end.into(), DAY.into()],
    )
}
