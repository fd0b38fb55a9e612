//! Old logs go, in small steps and from the oldest on, so that `seq` stays without gaps. What is still owed stays, and what
//! is younger than it too; and so does the account's last log, since the next one takes its number from it.
//!
//! An account's turn comes when its oldest log is too old, so that who has none costs nothing. It keeps its place in the queue
//! until all of its old logs are gone, and then has a day's rest: a hundred thousand accounts are seventy a minute.

use crate::{
    platform::{CommitError, Db, Fault, Row, Statement},
    shop::{App, time::DAY},
};

/// Accounts of one commit.
const ACCOUNTS: u32 = 10;
/// Logs of an account that are deleted by one commit.
const STEP: u32 = 200;
/// Commits a minute: 200 accounts, or 4,000 logs of one of them.
const STEPS: usize = 20;

/// Webhook logs from before this time go.
pub fn end(app: &App, now: i64) -> i64 {
    now - i64::from(app.platform.settings.log_retention_days) * DAY
}

/// The accounts whose oldest logs are from before `end`, those with the oldest first.
pub fn next(end: i64) -> Statement {
    Statement::new(
        "SELECT account_id FROM shops WHERE oldest_log_at < ?1 ORDER BY oldest_log_at LIMIT ?2",
        vec![end.into(), ACCOUNTS.into()],
    )
}

/// Cron's part, beginning with accounts that `next` named. Every step names others, until none is due.
pub async fn prune(app: &App, db: &dyn Db, mut accounts: Vec<i64>) -> Result<(), Fault> {
    for _ in 0..STEPS {
        if accounts.is_empty() {
            break;
        }
        let end = end(app, app.now());
        let steps = accounts.iter().flat_map(|id| [delete(*id, end), count(*id), plan(*id, end)]);
        let mut rows = db.commit(steps.chain([next(end)]).collect()).await.map_err(CommitError::into_fault)?;
        accounts = rows.pop().unwrap_or_default().iter().map(Row::int).collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// The oldest of the account's logs, as far as all of them are older than `end` and owed no more.
fn delete(account_id: i64, end: i64) -> Statement {
    Statement::new(
        format!(
            "WITH oldest AS (SELECT seq, created_at, due_at FROM webhook_logs WHERE account_id = ?1 ORDER BY seq LIMIT {STEP})
             DELETE FROM webhook_logs WHERE account_id = ?1 AND seq < COALESCE(
               (SELECT seq FROM oldest WHERE created_at >= ?2 OR due_at IS NOT NULL LIMIT 1),
               MIN((SELECT MIN(seq) FROM webhook_logs WHERE account_id = ?1) + {STEP},
                   (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1)))"
        ),
        vec![account_id.into(), end.into()],
    )
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

/// When the account's turn comes again: at once, before those behind it, if its oldest log is too old even now; otherwise
/// when its oldest is too old, in a day at the earliest; never, while there is only the last one.
fn plan(account_id: i64, end: i64) -> Statement {
    Statement::new(
        "UPDATE shops SET oldest_log_at = (
           SELECT CASE WHEN seq = (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1) THEN NULL
                       WHEN created_at < ?2 AND due_at IS NULL THEN shops.oldest_log_at
                       ELSE MAX(created_at, ?3) END
           FROM webhook_logs WHERE account_id = ?1 ORDER BY seq LIMIT 1)
         WHERE account_id = ?1",
        vec![account_id.into(), end.into(), (end + DAY).into()],
    )
}
