//! A log as its delivery needs it: read with all that it takes, written with what came of it, and taken up by the sweep.

use super::{
    Log,
    receiver::{self, SHARE, State, WINDOW},
    sql::{LOG, LOG_COLUMNS, NEXT_RETRY, log},
};
use crate::{
    json,
    platform::{Fault, Row, Statement, Value},
    shop::{
        account::secret::Sealed,
        time::{DAY, MINUTE},
    },
};

/// A log with what its delivery needs.
pub struct Task {
    pub log: Log,
    pub account_id: i64,
    pub endpoint_id: Option<String>,
    /// Whether its endpoint still wants it. A payment's own URL always does.
    pub wanted: bool,
    pub due_at: Option<i64>,
    pub secrets: Sealed,
    /// The endpoint's last failure that was counted; `None` when it is well.
    pub failed_at: Option<i64>,
    /// Its first one, and how many were counted.
    pub failing_since: Option<i64>,
    pub failures: u32,
    pub seq: i64,
    pub subject_id: String,
    /// How many earlier ones of its subject to its receiver are still owed.
    pub ahead: u32,
    pub receiver: State,
    /// Logs wait for its receiver's circuit.
    pub holds: bool,
    /// When its endpoint was made or changed.
    pub endpoint_at: Option<i64>,
    /// What signs instead of the account's secrets, sealed.
    pub signing_key: Option<String>,
}

impl Task {
    pub fn receiver_key(&self) -> &str {
        receiver::key(self.endpoint_id.as_deref(), &self.log.url)
    }

    /// Whether nothing speaks for its receiver: it is no endpoint of more than a day.
    pub fn is_new(&self, now: i64) -> bool {
        self.endpoint_at.is_none_or(|at| at > now - DAY)
    }
}

/// These logs (account, id), as far as they exist, with all that their delivery needs. Their URL is where the endpoint is now.
pub fn tasks(logs: &[(i64, String)]) -> Statement {
    let log = LOG.replace("l.url,", "COALESCE(e.url, l.url),").replace(NEXT_RETRY, "l.next_retry_at");
    let pairs: Vec<_> = logs.iter().map(|(account_id, id)| (account_id, id)).collect();
    Statement::new(
        format!(
            "SELECT {log}, l.account_id AS task_account, l.endpoint_id,
                    CASE WHEN l.endpoint_id IS NULL THEN 1 ELSE COALESCE(e.enabled, 0) END AS wanted,
                    l.due_at, s.webhook_secret, s.webhook_secrets_old, e.failed_at, e.failing_since,
                    COALESCE(e.failures, 0) AS endpoint_failures, l.seq, l.subject_id,
                    (SELECT COUNT(*) FROM webhook_logs p INDEXED BY webhook_logs_owed
                     WHERE p.account_id = l.account_id AND p.subject_id = l.subject_id AND p.due_at IS NOT NULL
                       AND p.endpoint_id IS l.endpoint_id AND (p.endpoint_id IS NOT NULL OR p.url = l.url)
                       AND p.seq < l.seq AND p.replay_of IS NULL AND p.simulated = 0) AS ahead,
                    {},
                    EXISTS (SELECT 1 FROM webhook_logs h INDEXED BY webhook_logs_held
                            WHERE h.account_id = r.account_id AND h.waits_for = r.url) AS holds, e.updated_at AS endpoint_at, e.signing_key
             FROM json_each(?1) wanted
             CROSS JOIN webhook_logs l INDEXED BY webhook_logs_id
               ON l.account_id = json_extract(wanted.value, '$[0]') AND l.id = json_extract(wanted.value, '$[1]')
             JOIN shops s ON s.account_id = l.account_id
             LEFT JOIN webhook_endpoints e ON e.account_id = l.account_id AND e.id = l.endpoint_id
             LEFT JOIN webhook_receivers r ON r.account_id = l.account_id
               AND r.url = CASE WHEN l.endpoint_id IS NULL THEN substr(l.url, 1, instr(l.url || '?', '?') - 1) ELSE e.url END
             ORDER BY wanted.key",
            receiver::COLUMNS
        ),
        vec![json::to_text(&pairs).into()],
    )
}

pub fn task(row: &Row) -> Result<Task, Fault> {
    let log = log(row)?;
    row.read(|row| {
        for _ in 0..LOG_COLUMNS {
            row.skip();
        }
        Ok(Task {
            log,
            account_id: row.int(),
            endpoint_id: row.maybe_text(),
            wanted: row.flag(),
            due_at: row.maybe_int(),
            secrets: Sealed::read(row),
            failed_at: row.maybe_int(),
            failing_since: row.maybe_int(),
            failures: row.count(),
            seq: row.int(),
            subject_id: row.text(),
            ahead: row.count(),
            receiver: State::read(row),
            holds: row.flag(),
            endpoint_at: row.maybe_int(),
            signing_key: row.maybe_text(),
        })
    })
}

/// Where a log stands among those of its subject to its receiver: account, subject, endpoint, URL, seq.
pub type Place = (i64, String, Option<String>, String, i64);

pub fn place(task: &Task) -> Place {
    (task.account_id, task.subject_id.clone(), task.endpoint_id.clone(), task.log.url.clone(), task.seq)
}

/// Of each of these the next one of its subject to its receiver that waits for it, and was not tried yet: account, id.
pub fn behind(places: &[Place]) -> Statement {
    Statement::new(
        "SELECT account_id, id FROM (
           SELECT wanted.value ->> 0 AS account_id, (
             SELECT l.id FROM webhook_logs l INDEXED BY webhook_logs_owed
             WHERE l.account_id = wanted.value ->> 0 AND l.subject_id = wanted.value ->> 1 AND l.due_at IS NOT NULL
               AND l.endpoint_id IS wanted.value ->> 2 AND (l.endpoint_id IS NOT NULL OR l.url = wanted.value ->> 3)
               AND l.seq > wanted.value ->> 4 AND l.retries = 0
               AND l.replay_of IS NULL AND l.simulated = 0 AND l.waits_for IS NULL
             ORDER BY l.seq LIMIT 1) AS id
           FROM json_each(?1) wanted) WHERE id IS NOT NULL",
        vec![json::to_text(places).into()],
    )
}

/// No message comes for it: a sweep takes it up from this time on.
pub fn wait_for_sweep(task: &Task, due_at: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_logs SET due_at = ?3 WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL",
        vec![task.account_id.into(), (&task.log.id).into(), due_at.into()],
    )
}

/// What an attempt came to, and where it went: what `finish` writes.
pub struct Outcome([Value; 11]);

pub fn outcome(task: &Task, now: i64) -> Outcome {
    let log = &task.log;
    Outcome([
        task.account_id.into(),
        (&log.id).into(),
        log.response_code.into(),
        log.response.clone().into(),
        log.response_headers.clone().into(),
        log.error.clone().into(),
        log.retries.into(),
        log.next_retry_at.into(),
        task.due_at.into(),
        now.into(),
        (&log.url).into(),
    ])
}

/// Outcomes that one statement writes: it has 100 parameters at most.
pub const OUTCOMES: usize = 9;

/// Writes `OUTCOMES` at most. A delivery that succeeded is never overwritten by a slower one that failed. No JSON: its functions
/// end a text at a NUL, which a receiver's answer may hold.
pub fn finish(outcomes: &[Outcome]) -> Statement {
    let mut args = Vec::new();
    let mut rows = Vec::new();
    for Outcome(values) in outcomes {
        let places: Vec<String> = (args.len() + 1..).take(values.len()).map(|n| format!("?{n}")).collect();
        rows.push(format!("({})", places.join(", ")));
        args.extend(values.iter().cloned());
    }
    Statement::new(
        format!(
            "UPDATE webhook_logs INDEXED BY webhook_logs_id SET
               response_code = wanted.column3, response = wanted.column4, response_headers = wanted.column5, error = wanted.column6,
               retries = wanted.column7, next_retry_at = wanted.column8, due_at = wanted.column9, updated_at = wanted.column10, url = wanted.column11,
               waits_for = NULL
             FROM (VALUES {}) AS wanted
             WHERE webhook_logs.account_id = wanted.column1 AND webhook_logs.id = wanted.column2 AND webhook_logs.due_at IS NOT NULL",
            rows.join(", ")
        ),
        args,
    )
}

/// The oldest that are due, each with its rank in its account, and whether a receiver of that account fails.
fn due() -> String {
    format!(
        "SELECT d.id, d.due_at, ROW_NUMBER() OVER (PARTITION BY d.account_id ORDER BY d.due_at, d.seq) AS turn,
           EXISTS (SELECT 1 FROM webhook_receivers r WHERE r.account_id = d.account_id AND r.failures > 0) AS fails
         FROM (SELECT rowid AS id, account_id, seq, due_at FROM webhook_logs INDEXED BY webhook_logs_due
               WHERE due_at <= ?1 ORDER BY due_at LIMIT {WINDOW}) d"
    )
}

/// Cron's sweep over all accounts of a shard: what is owed and was not taken up is taken up now, and again at `until`
/// if this time fails as well. Each account's first goes before any account's second; one with failing receivers has a share.
pub fn take_due(now: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        format!(
            "UPDATE webhook_logs SET due_at = ?2
             WHERE rowid IN (SELECT id FROM ({}) WHERE turn <= {SHARE} OR NOT fails ORDER BY turn, due_at LIMIT ?3)
             RETURNING account_id, id",
            due()
        ),
        vec![now.into(), until.into(), limit.into()],
    )
}

/// After `take_due`: what an account with failing receivers owes beyond its share comes later, so that it doesn't hide what
/// others owe. Answers a row for each.
pub fn put_off(now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE webhook_logs SET due_at = ?1 + ?2 * (d.turn / {SHARE}) FROM ({}) d
             WHERE d.fails AND d.turn > {SHARE} AND webhook_logs.rowid = d.id
             RETURNING account_id",
            due()
        ),
        vec![now.into(), MINUTE.into()],
    )
}
