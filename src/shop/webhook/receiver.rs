//! Receivers: what is known of each URL of an account that was slow or failed, and the circuit breaker. While a receiver's
//! circuit is open, its logs wait in the database without queue messages; one probe at a time asks whether it is back.

use super::{DISABLE_AFTER, Scope};
use crate::{
    json,
    platform::{Reader, Statement},
    shop::time::{DAY, HOUR, MINUTE, SECOND},
};

/// Failures in a row that open a circuit. One that waited for its whole time-out opens the circuit alone, because it held one
/// of six connections for 15 seconds.
const OPENS_AFTER: u32 = 5;

/// Milliseconds until the next probe, by how many probes failed before. The first is shorter than a log's own first wait
/// (5 s less a fifth), so that a single log keeps the times that it announced.
const PAUSES: [i64; 4] = [3 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE];

/// Milliseconds for which a receiver counts as slow.
const SLOW_FOR: i64 = DAY;

/// Milliseconds after which a receiver that was neither slow nor failing is forgotten.
const REMEMBERED: i64 = DAY;

/// Milliseconds after which cron looks at a held log anyway: its endpoint may be disabled by then.
const HELD_CHECK: i64 = 6 * HOUR;

/// Milliseconds after which a held log is given up: as long as it takes to disable a failing endpoint.
pub const HELD_FOR: i64 = DISABLE_AFTER;

/// Held logs that one successful batch releases. Two batches: a receiver that is back gets more the faster it answers.
const RELEASED: u32 = 20;

/// Milliseconds between probes that sellers ask for: one may take its 15 seconds.
const PROBED_APART: i64 = 15 * SECOND;

/// Receivers that are slow or failing, which make an account crowded: its retries have no queue messages, and come in the sweep's
/// fair shares. What is sent to URLs of which nothing is known yet comes so too.
const CROWDED_FROM: u32 = 10;

/// Logs that a sweep's commit takes for an account with failing receivers, and probes for any account.
pub const SHARE: u32 = 20;

/// Rows that a sweep's commit looks at, oldest first, to share out what it takes.
pub const WINDOW: u32 = 1_000;

/// What is known of a receiver. All empty: it does well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    pub slow_until: Option<i64>,
    pub failures: u32,
    pub open_until: Option<i64>,
}

impl State {
    /// The columns of `COLUMNS`.
    pub fn read(row: &mut Reader<'_>) -> State {
        State { slow_until: row.maybe_int(), failures: row.count(), open_until: row.maybe_int() }
    }

    /// Whether nothing may be sent there.
    pub fn is_open(&self, now: i64) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// Whether new logs wait there: also when a probe is due or on its way.
    pub fn holds(&self) -> bool {
        self.open_until.is_some()
    }

    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether its webhooks belong into the queue of those that may take their time.
    pub fn is_slow(&self, now: i64) -> bool {
        self.is_failing() || self.slow_until.is_some_and(|until| now < until)
    }

    pub fn delivered(&mut self) {
        (self.failures, self.open_until) = (0, None);
    }

    pub fn failed(&mut self, timed_out: bool, now: i64) {
        self.failures = match self.failures {
            before if before >= OPENS_AFTER => before.saturating_add(1),
            _ if timed_out => OPENS_AFTER,
            before => before + 1,
        };
        if self.failures >= OPENS_AFTER {
            let probes = (self.failures - OPENS_AFTER) as usize;
            let pause = PAUSES.get(probes).or(PAUSES.last()).copied().unwrap_or(MINUTE);
            self.open_until = Some(now + pause);
        }
    }

    /// A time that lies far enough ahead is not written anew.
    pub fn slow(&mut self, now: i64) {
        if self.slow_until.is_none_or(|until| until < now + SLOW_FOR / 2) {
            self.slow_until = Some(now + SLOW_FOR);
        }
    }
}

pub const COLUMNS: &str = "r.slow_until, COALESCE(r.failures, 0), r.open_until";

/// The same as `key`, of a log `l`.
const KEY: &str = "CASE WHEN l.endpoint_id IS NULL THEN substr(l.url, 1, instr(l.url || '?', '?') - 1) ELSE l.url END";

/// The name under which a receiver is remembered.
pub fn key<'a>(endpoint_id: Option<&str>, url: &'a str) -> &'a str {
    match endpoint_id {
        Some(_) => url,
        None => url.split('?').next().unwrap_or(url),
    }
}

/// Writes what is known of a receiver, or forgets it when it does well. `holds`: logs wait for it.
pub fn write(account_id: i64, url: &str, state: State, holds: bool, now: i64) -> Statement {
    if !state.is_slow(now) && state.open_until.is_none() && !holds {
        return Statement::new(
            "DELETE FROM webhook_receivers WHERE account_id = ?1 AND url = ?2
             AND NOT EXISTS (SELECT 1 FROM webhook_logs l INDEXED BY webhook_logs_held WHERE l.account_id = ?1 AND l.waits_for = ?2)",
            vec![account_id.into(), url.into()],
        );
    }
    let wake_at = match state.open_until {
        Some(until) => until,
        // Should what is released now be lost, cron goes on with the rest.
        None if holds => now + MINUTE,
        None => now + REMEMBERED,
    };
    Statement::new(
        "INSERT INTO webhook_receivers (account_id, url, slow_until, failures, open_until, seen_at, wake_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (account_id, url) DO UPDATE SET slow_until = ?3, failures = ?4, open_until = ?5, seen_at = ?6, wake_at = ?7",
        vec![
            account_id.into(),
            url.into(),
            state.slow_until.into(),
            state.failures.into(),
            state.open_until.into(),
            now.into(),
            wake_at.into(),
        ],
    )
}

/// The `due_at` of a held log.
pub fn held_until(now: i64) -> i64 {
    now + HELD_CHECK
}

/// What a released log's `next_retry_at` becomes: its own time, unless that is yet to come.
const RELEASE: &str = "waits_for = NULL, next_retry_at = MIN(next_retry_at, ?2)";

/// Held logs that go out now that their receiver is back; it answers their ids.
pub fn release_some(account_id: i64, url: &str, now: i64, due_at: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE webhook_logs SET due_at = ?3, {RELEASE}
             WHERE rowid IN (
               SELECT rowid FROM webhook_logs INDEXED BY webhook_logs_held
               WHERE account_id = ?1 AND waits_for = ?4 ORDER BY seq LIMIT {RELEASED})
             RETURNING account_id, id"
        ),
        vec![account_id.into(), now.into(), due_at.into(), url.into()],
    )
}

/// Before an endpoint is changed or deleted: its held logs are for cron to look at, since they go elsewhere now, or nowhere.
pub fn release_endpoint(account_id: i64, scope: Scope<'_>, endpoint_id: &str, now: i64) -> Statement {
    let condition = scope.condition("?4");
    Statement::new(
        format!(
            "UPDATE webhook_logs SET due_at = ?2, {RELEASE}
             WHERE endpoint_id = ?3 AND rowid IN (
               SELECT rowid FROM webhook_logs INDEXED BY webhook_logs_held WHERE account_id = ?1
               AND waits_for = (SELECT url FROM webhook_endpoints WHERE account_id = ?1 AND id = ?3 {condition}))"
        ),
        vec![account_id.into(), now.into(), endpoint_id.into(), scope.app_id.into()],
    )
}

/// The seller asks for these new logs now: open circuits let them through as probes, or soon, if another was on its way just before.
/// `logs` is JSON, `[[…, id of a log], …]`.
pub fn let_probe(account_id: i64, logs: &str, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE webhook_receivers SET open_until = MAX(?3, seen_at + ?4), wake_at = MAX(?3, seen_at + ?4)
             WHERE account_id = ?1 AND open_until > MAX(?3, seen_at + ?4) AND url IN (SELECT {KEY} FROM json_each(?2) pair
                         CROSS JOIN webhook_logs l INDEXED BY webhook_logs_id
                         WHERE l.account_id = ?1 AND l.id = json_extract(pair.value, '$[1]'))"
        ),
        vec![account_id.into(), logs.into(), now.into(), PROBED_APART.into()],
    )
}

/// Those of these accounts that are crowded → their ids.
pub fn crowded(accounts: &[i64], now: i64) -> Statement {
    let accounts = json::to_text(accounts);
    Statement::new(
        format!(
            "SELECT value FROM json_each(?1) WHERE {CROWDED_FROM} <= (SELECT COUNT(*) FROM (
               SELECT 1 FROM webhook_receivers WHERE account_id = value AND (failures > 0 OR slow_until > ?2) LIMIT {CROWDED_FROM}))"
        ),
        vec![accounts.into(), now.into()],
    )
}

/// Cron's part, in this order: receivers that were neither slow nor failing for a day are forgotten; each of the others that
/// hold logs gets one of them as a probe, in fair shares, and its next turn. The circuit of one that holds none is closed until
/// its next failure, since nobody would be woken there. The second statement answers accounts and log ids.
pub fn sweep(now: i64, until: i64) -> [Statement; 3] {
    let turns = format!(
        "SELECT account_id, url, seen_at, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY wake_at, url) AS turn FROM (
           SELECT account_id, url, seen_at, wake_at FROM webhook_receivers INDEXED BY webhook_receivers_wake
           WHERE wake_at <= ?1 ORDER BY wake_at LIMIT {WINDOW})"
    );
    let held =
        "FROM webhook_logs l INDEXED BY webhook_logs_held WHERE l.account_id = t.account_id AND l.waits_for = t.url";
    [
        Statement::new(
            format!(
                "DELETE FROM webhook_receivers WHERE (account_id, url) IN (
                   SELECT account_id, url FROM webhook_receivers t INDEXED BY webhook_receivers_wake
                   WHERE wake_at <= ?1 AND seen_at <= ?2 AND NOT EXISTS (SELECT 1 {held}) ORDER BY wake_at LIMIT {WINDOW})"
            ),
            vec![now.into(), (now - REMEMBERED).into()],
        ),
        Statement::new(
            format!(
                "UPDATE webhook_logs SET due_at = ?2, waits_for = NULL, next_retry_at = MIN(next_retry_at, ?1)
                 WHERE rowid IN (
                   SELECT (SELECT l.rowid {held} ORDER BY l.seq LIMIT 1) FROM ({turns}) t WHERE t.turn <= {SHARE})
                 RETURNING account_id, id"
            ),
            vec![now.into(), until.into()],
        ),
        Statement::new(
            format!(
                "UPDATE webhook_receivers SET wake_at = t.at, open_until = IIF(t.at > ?2, NULL, open_until) FROM (
                   SELECT account_id, url, CASE WHEN turn > {SHARE} THEN MIN(?1 + ?3 * (turn / {SHARE}), ?2)
                     WHEN EXISTS (SELECT 1 {held}) THEN ?2 ELSE MAX(seen_at + ?4, ?2 + 1) END AS at
                   FROM ({turns}) t) t
                 WHERE webhook_receivers.account_id = t.account_id AND webhook_receivers.url = t.url"
            ),
            vec![now.into(), until.into(), MINUTE.into(), REMEMBERED.into()],
        ),
    ]
}
