//! Receivers: what is known of each URL of an account that was slow or failed, and the circuit breaker. While a receiver's
//! circuit is open, its logs wait in the database without queue messages; one probe at a time asks whether it is back.

use std::{cell::RefCell, collections::BTreeMap};

use super::{PATIENCE, task::Task};
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
pub const HELD_FOR: i64 = PATIENCE;

/// Held logs that one successful batch releases. Two batches: a receiver that is back gets more the faster it answers.
const RELEASED: u32 = 20;

/// Receivers of one account that may time out in a batch. What the batch holds for further ones is not tried.
const MAX_TIMED_OUT: usize = 3;

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

    fn delivered(&mut self) {
        (self.failures, self.open_until) = (0, None);
    }

    fn failed(&mut self, timed_out: bool, now: i64) {
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
    fn slow(&mut self, now: i64) {
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

/// What is to become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Attempt,
    /// Its receiver is slow or failing: it belongs into the other queue.
    Move,
    /// Its circuit is open until this time.
    Hold(i64),
    /// Too many of its account's receivers timed out: it waits for the sweep.
    Defer,
}

/// What a batch learns of its receivers while it is being sent.
#[derive(Default)]
pub struct Board(RefCell<BTreeMap<(i64, String), Learned>>);

#[derive(Clone, Copy, Default)]
struct Learned {
    before: State,
    state: State,
    delivered: bool,
    timed_out: bool,
    /// Logs wait for it.
    holds: bool,
    failed_or_slow: bool,
    /// It said 410.
    gone: bool,
}

impl Board {
    fn with<T>(&self, task: &Task, act: impl FnOnce(&mut Learned) -> T) -> T {
        let mut all = self.0.borrow_mut();
        act(all.entry((task.account_id, task.receiver_key().to_owned())).or_insert_with(|| Learned {
            before: task.receiver,
            state: task.receiver,
            holds: task.holds,
            ..Learned::default()
        }))
    }

    /// `quick`: the task is in the queue of those that are expected to be quick. `crowded`: its account is.
    pub fn verdict(&self, task: &Task, quick: bool, crowded: bool, now: i64) -> Verdict {
        let learned = self.with(task, |learned| *learned);
        let elsewhere = if quick { Verdict::Move } else { Verdict::Defer };
        match learned {
            Learned { delivered: true, failed_or_slow: false, .. } => Verdict::Attempt,
            Learned { state, .. } if state.is_open(now) => Verdict::Hold(state.open_until.unwrap_or(now)),
            Learned { state, .. } if quick && (state.is_slow(now) || learned.timed_out) => Verdict::Move,
            Learned { delivered: false, .. } if quick && crowded && task.is_new(now) => Verdict::Move,
            Learned { timed_out: false, delivered: false, .. } if self.timed_out(task.account_id) >= MAX_TIMED_OUT => {
                elsewhere
            }
            _ => Verdict::Attempt,
        }
    }

    fn timed_out(&self, account_id: i64) -> usize {
        let all = self.0.borrow();
        all.iter().filter(|((account, _), learned)| *account == account_id && learned.timed_out).count()
    }

    pub fn delivered(&self, task: &Task) {
        self.with(task, |learned| {
            learned.delivered = true;
            learned.state.delivered();
        });
    }

    pub fn failed(&self, task: &Task, timed_out: bool, now: i64) {
        self.with(task, |learned| {
            // Of several that were under way at once only the first opens the circuit.
            if !learned.state.is_open(now) {
                learned.state.failed(timed_out, now);
            }
            learned.timed_out |= timed_out;
            learned.failed_or_slow = true;
        });
    }

    pub fn gone(&self, task: &Task) {
        self.with(task, |learned| learned.gone = true);
    }

    /// Whether the task's endpoint was disabled by what its receiver said in this batch.
    pub fn is_gone(&self, task: &Task) -> bool {
        task.endpoint_id.is_some() && self.with(task, |learned| learned.gone)
    }

    /// It did not answer in the time of the quick, or took nearly all of it.
    pub fn slow(&self, task: &Task, timed_out: bool, now: i64) {
        self.with(task, |learned| {
            learned.state.slow(now);
            learned.timed_out |= timed_out;
            learned.failed_or_slow = true;
        });
    }

    /// What changed, to be written before anything that relies on it.
    pub fn changes(&self, now: i64) -> Vec<Statement> {
        let all = self.0.borrow();
        let changed =
            all.iter().filter(|(_, learned)| learned.state != learned.before || (learned.holds && learned.delivered));
        changed.map(|((account_id, url), learned)| write(*account_id, url, learned, now)).collect()
    }

    /// Held logs of receivers that are back: each statement answers accounts and ids, to be sent now.
    pub fn releases(&self, now: i64, due_at: i64) -> Vec<Statement> {
        let all = self.0.borrow();
        let back = all.iter().filter(|(_, learned)| learned.holds && learned.delivered && !learned.state.is_open(now));
        back.map(|((account_id, url), _)| release_some(*account_id, url, now, due_at)).collect()
    }
}

fn write(account_id: i64, url: &str, learned: &Learned, now: i64) -> Statement {
    let state = learned.state;
    if !state.is_slow(now) && state.open_until.is_none() && !learned.holds {
        return Statement::new(
            "DELETE FROM webhook_receivers WHERE account_id = ?1 AND url = ?2
             AND NOT EXISTS (SELECT 1 FROM webhook_logs l INDEXED BY webhook_logs_held WHERE l.account_id = ?1 AND l.waits_for = ?2)",
            vec![account_id.into(), url.into()],
        );
    }
    let wake_at = match state.open_until {
        Some(until) => until,
        // Should what is released now be lost, cron goes on with the rest.
        None if learned.holds => now + MINUTE,
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

/// The log waits until a probe succeeds, unless the circuit was closed meanwhile: then cron takes it up in a minute.
pub fn hold(task: &Task, until: i64, now: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_logs SET waits_for = ?3, due_at = ?4, next_retry_at = ?5
         WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL
           AND EXISTS (SELECT 1 FROM webhook_receivers WHERE account_id = ?1 AND url = ?3 AND open_until IS NOT NULL)",
        vec![
            task.account_id.into(),
            (&task.log.id).into(),
            task.receiver_key().into(),
            held_until(now).into(),
            until.into(),
        ],
    )
}

/// The `due_at` of a held log.
pub fn held_until(now: i64) -> i64 {
    now + HELD_CHECK
}

/// What a released log's `next_retry_at` becomes: its own time, unless that is yet to come.
const RELEASE: &str = "waits_for = NULL, next_retry_at = MIN(next_retry_at, ?2)";

fn release_some(account_id: i64, url: &str, now: i64, due_at: i64) -> Statement {
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
pub fn release_endpoint(account_id: i64, endpoint_id: &str, now: i64) -> Statement {
    Statement::new(
        format!(
            "UPDATE webhook_logs SET due_at = ?2, {RELEASE}
             WHERE endpoint_id = ?3 AND rowid IN (
               SELECT rowid FROM webhook_logs INDEXED BY webhook_logs_held WHERE account_id = ?1
               AND waits_for = (SELECT url FROM webhook_endpoints WHERE account_id = ?1 AND id = ?3))"
        ),
        vec![account_id.into(), now.into(), endpoint_id.into()],
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
