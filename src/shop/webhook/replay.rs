//! Sending again: one log, or those of a time. Each repetition is a log of its own that names the first one, so that the
//! record of what happened stays as it is. A log that still waits for its next attempt waits no more: its repetition has
//! attempts of its own, and a receiver that is back would get both.
//!
//! Looking for the logs of a time reads many rows of a database that others share. So an account has one look at a time, and
//! a budget of rows.

use super::{Due, Log, PICKUP_DELAY, first, messages, receiver, sql};
use crate::{
    json,
    platform::{Fault, Row, Statement, first_answers, last_answers},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        error::WebhookRefusal,
        id,
        prepared::Prepared,
        time::{DAY, MINUTE, SECOND},
    },
};

/// So many are sent again by one call.
pub const MAX: u32 = 500;

/// So many logs are looked at by one call, sent again or not.
pub const LOOKED: u32 = 20_000;

/// So many of them have messages at once. The sweep sends the others, in its fair shares.
const NUDGED: usize = 20;

/// Milliseconds after which a look that did not end keeps no other waiting.
const LEASE: i64 = 30 * SECOND;

/// Rows that an account may look through within a minute. A full look reads 20,000 and keeps the database busy for 75 to 150 ms.
const BUDGET: i64 = MINUTE;

/// A log that is sent again is written with its indexes, and once more when it is delivered: it costs as much as so many rows
/// that are read.
const WRITTEN: usize = 10;

/// Logs may stand in the list so much out of the order of their times: a request's time is taken before its commit.
const SLACK: i64 = MINUTE;

/// Sends a log again, now: to where its endpoint is by now, or where it went if there is no endpoint any more. Refused
/// while the endpoint is disabled, since whoever disabled it wants nothing there.
pub async fn retry(app: &App, account: &Account, id: &str) -> Outcome<Prepared<Log>> {
    let now = app.now();
    let db = account.db(app)?;
    let [rows] = db.batch([original(account.id, id)]).await?;
    let (original, endpoint) = first(&rows, |row| Ok((sql::log(row)?, target(row)?)))?;
    let url = match endpoint {
        Some((_, false)) => return Err(WebhookRefusal::EndpointDisabled.into()),
        Some((url, true)) => url,
        None => original.url,
    };
    let log = Log {
        id: id::short(app.random()),
        url,
        response_code: 0,
        response: None,
        response_headers: None,
        error: None,
        retries: 0,
        retry_limit: super::RETRIES,
        next_retry_at: None,
        created_at: now,
        updated_at: now,
        replay_of: Some(original.replay_of.unwrap_or(original.id)),
        ..original
    };
    let pairs = pairs([(id, log.id.as_str())].into_iter());
    let statements = vec![
        copy(account.id, &pairs, now, now + PICKUP_DELAY),
        keep(account.id, &pairs),
        take_over(account.id, &pairs, now),
        receiver::let_probe(account.id, &pairs, now),
    ];
    let messages = messages(account, &[Due { log_id: log.id.clone(), slow: true }]);
    Ok(Prepared::new(db, log, statements).sending(messages))
}

/// Which logs are to be sent again.
pub struct Wanted {
    /// Only this endpoint's.
    pub endpoint_id: Option<String>,
    /// From this time on, in milliseconds.
    pub since: i64,
    /// Before this time.
    pub until: Option<i64>,
    /// After this log: where an earlier call stopped.
    pub after: Option<String>,
    /// Those that were not delivered, nor was any repetition of them; otherwise all.
    pub failed: bool,
    /// Of several logs about one subject to one receiver only the newest.
    pub latest_per_subject: bool,
    /// Only counts.
    pub dry_run: bool,
}

pub struct Replayed {
    /// How many were found.
    pub matched: u32,
    /// The new logs, oldest first.
    pub log_ids: Vec<String>,
    /// How many were found and are left for another call.
    pub remaining: u32,
    /// Where that call has to go on: after this log. `None`: there is nothing more to look at.
    pub next: Option<String>,
}

/// Sends the logs of a time again, oldest first. What isn't delivered yet and was never tried is left alone, since it is on
/// its way; so is what would go to an endpoint that is disabled or deleted. The look for them is a commit of its own, which
/// takes the account's turn. The other one is refused as a conflict when somebody else sends some of them again, just then:
/// who looks again does so within the same turn, and says that it is not the first `attempt` (0).
pub async fn replay(app: &App, account: &Account, wanted: &Wanted, attempt: u32) -> Outcome<Prepared<Replayed>> {
    let db = account.db(app)?;
    let now = app.now();
    // A dry run is over with this commit.
    let busy_until = if wanted.dry_run { 0 } else { now + LEASE };
    let mut statements = Vec::new();
    if attempt == 0 {
        statements.push(may_look(account.id, now));
    }
    statements.extend(is_there(account.id, wanted));
    statements.extend([
        look(account.id, wanted, now, busy_until),
        found(account.id, wanted, now),
        looked_to(account.id, wanted, now),
    ]);
    let rows = match db.commit(statements).await {
        Ok(rows) => rows,
        Err(no) if no.is_stale() => return Err(why_not(app, account, wanted).await?.into()),
        Err(no) => return Err(no.into()),
    };
    let [_, found, end] = last_answers(rows)?;
    let matched = found.first().map_or(Ok(0), |row| {
        row.read(|row| {
            row.skip();
            Ok(row.count())
        })
    })?;
    let originals = match wanted.dry_run {
        true => Vec::new(),
        false => found.iter().map(Row::text).collect::<Result<Vec<_>, _>>()?,
    };
    let log_ids: Vec<String> = originals.iter().map(|_| id::short(app.random())).collect();
    let remaining = matched.saturating_sub(u32::try_from(log_ids.len()).unwrap_or(u32::MAX));
    let next = match originals.last() {
        Some(last) if remaining > 0 => Some(last.clone()),
        _ => end.first().map(Row::text).transpose()?,
    };
    let pairs = pairs(originals.iter().map(String::as_str).zip(log_ids.iter().map(String::as_str)));
    let mut statements = Vec::new();
    if !originals.is_empty() {
        statements.extend([
            none_is_owed(account.id, &pairs),
            copy(account.id, &pairs, now, now + PICKUP_DELAY),
            keep(account.id, &pairs),
            take_over(account.id, &pairs, now),
            receiver::let_probe(account.id, &pairs, now),
        ]);
    }
    if !wanted.dry_run {
        statements.push(look_over(account.id, originals.len()));
    }
    let due = |log_id: &String| Due { log_id: log_id.clone(), slow: true };
    let due: Vec<Due> = log_ids.iter().take(NUDGED).map(due).collect();
    Ok(Prepared::new(db, Replayed { matched, log_ids, remaining, next }, statements)
        .sending(messages(account, &due))
        .on_stale(Refusal::Conflict))
}

// Indexes are named below where SQLite would walk through all of the account's logs instead: without statistics it takes
// the account alone for as good a key.

/// `[[the log, its repetition], …]`
fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    json::to_text(&pairs.collect::<Vec<_>>())
}

fn original(account_id: i64, id: &str) -> Statement {
    let log = sql::LOG;
    Statement::new(
        format!(
            "SELECT {log}, e.url AS endpoint_url, e.enabled FROM webhook_logs l
             LEFT JOIN webhook_endpoints e ON e.account_id = l.account_id AND e.id = l.endpoint_id
             WHERE l.account_id = ?1 AND l.id = ?2"
        ),
        vec![account_id.into(), id.into()],
    )
}

/// Where the endpoint is, and whether it is enabled; `None` when there is none (any more).
fn target(row: &Row) -> Result<Option<(String, bool)>, Fault> {
    row.read(|row| {
        for _ in 0..sql::LOG_COLUMNS {
            row.skip();
        }
        Ok(row.maybe_text().map(|url| (url, row.maybe_int() == Some(1))))
    })
}

/// The repetitions of these logs, appended in their order. The first of them have messages, and cron takes them up at `due_at`;
/// the others it takes up now.
fn copy(account_id: i64, pairs: &str, now: i64, due_at: i64) -> Statement {
    Statement::new(
        format!("INSERT INTO webhook_logs (account_id, seq, pruned, id, endpoint_id, event, subject_id, url, payload_id, replay_of, simulated, dialect,
           due_at, created_at, updated_at)
         SELECT l.account_id,
           (SELECT COALESCE(MAX(seq), 0) FROM webhook_logs WHERE account_id = ?1) + ROW_NUMBER() OVER (ORDER BY pair.key),
           (SELECT pruned FROM webhook_logs WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1),
           json_extract(pair.value, '$[1]'), e.id, l.event, l.subject_id, COALESCE(e.url, l.url), l.payload_id,
           COALESCE(l.replay_of, l.id), l.simulated, l.dialect, IIF(pair.key < {NUDGED}, ?4, ?3), ?3, ?3
         FROM json_each(?2) pair
         JOIN webhook_logs l ON l.account_id = ?1 AND l.id = json_extract(pair.value, '$[0]')
         LEFT JOIN webhook_endpoints e ON e.account_id = ?1 AND e.id = l.endpoint_id"),
        vec![account_id.into(), pairs.into(), now.into(), due_at.into()],
    )
}

/// What they say stays as long as their repetitions do, which were appended just now: it goes with the last of them.
fn keep(account_id: i64, pairs: &str) -> Statement {
    Statement::new(
        "UPDATE webhook_payloads SET last_seq = again.seq
         FROM (SELECT l.payload_id, MAX(l.seq) AS seq
               FROM json_each(?2) pair CROSS JOIN webhook_logs l INDEXED BY webhook_logs_id
               WHERE l.account_id = ?1 AND l.id = json_extract(pair.value, '$[1]') GROUP BY l.payload_id) AS again
         WHERE webhook_payloads.id = again.payload_id AND webhook_payloads.account_id = ?1",
        vec![account_id.into(), pairs.into()],
    )
}

/// Their own next attempts are not made any more. What was never tried goes its way.
fn take_over(account_id: i64, pairs: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_logs INDEXED BY webhook_logs_id SET next_retry_at = NULL, due_at = NULL, waits_for = NULL, updated_at = ?3
         WHERE account_id = ?1 AND id IN (SELECT json_extract(value, '$[0]') FROM json_each(?2))
           AND due_at IS NOT NULL AND retries > 0",
        vec![account_id.into(), pairs.into(), now.into()],
    )
}

/// Holds a commit to no repetition of these logs being on its way already.
fn none_is_owed(account_id: i64, pairs: &str) -> Statement {
    Statement::guard(
        "NOT EXISTS (SELECT 1 FROM json_each(?2) pair
           CROSS JOIN webhook_logs l INDEXED BY webhook_logs_replays
           WHERE l.account_id = ?1 AND l.replay_of = json_extract(pair.value, '$[0]') AND l.due_at IS NOT NULL)",
        vec![account_id.into(), pairs.into()],
    )
}

/// Where in the list a time begins, or where an earlier call stopped: found by halving, since times have no index.
/// `?1` is the account, `?2` the time, `?3` the log to go on after.
const START: &str = "WITH RECURSIVE place (low, high) AS (
       SELECT COALESCE((SELECT MIN(seq) FROM webhook_logs WHERE account_id = ?1), 1),
              COALESCE((SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1), 0) + 1
       UNION ALL
       SELECT CASE WHEN m.created_at < ?2 THEN m.seq + 1 ELSE low END, CASE WHEN m.created_at < ?2 THEN high ELSE m.seq END
       FROM place JOIN webhook_logs m ON m.account_id = ?1 AND m.seq = (low + high) / 2
       WHERE low < high
     ), start (seq) AS MATERIALIZED (
       SELECT COALESCE((SELECT seq + 1 FROM webhook_logs WHERE account_id = ?1 AND id = ?3),
                       (SELECT low FROM place WHERE low >= high))
     )";

/// Holds a commit to no other look of the account running, and to its budget.
fn may_look(account_id: i64, now: i64) -> Statement {
    Statement::guard(
        "NOT EXISTS (SELECT 1 FROM webhook_scans WHERE account_id = ?1 AND (busy_until > ?2 OR spent_until > ?3))",
        vec![account_id.into(), now.into(), (now + BUDGET).into()],
    )
}

/// Holds a commit to what the call names: an endpoint that is enabled, a log.
fn is_there(account_id: i64, wanted: &Wanted) -> Vec<Statement> {
    let endpoint = wanted.endpoint_id.as_deref().map(|id| {
        let condition = "EXISTS (SELECT 1 FROM webhook_endpoints WHERE account_id = ?1 AND id = ?2 AND enabled = 1)";
        Statement::guard(condition, vec![account_id.into(), id.into()])
    });
    let log = wanted.after.as_deref().map(|id| {
        let condition = "EXISTS (SELECT 1 FROM webhook_logs WHERE account_id = ?1 AND id = ?2)";
        Statement::guard(condition, vec![account_id.into(), id.into()])
    });
    endpoint.into_iter().chain(log).collect()
}

/// Why the commit of a look was undone.
async fn why_not(app: &App, account: &Account, wanted: &Wanted) -> Result<Refusal, Fault> {
    let scan = "SELECT busy_until, spent_until FROM webhook_scans WHERE account_id = ?1";
    let mut statements = vec![Statement::new(scan, vec![account.id.into()])];
    statements.extend(wanted.endpoint_id.as_deref().map(|id| sql::one(account.id, id)));
    statements.extend(wanted.after.as_deref().map(|id| sql::log_by_id(account.id, id)));
    let ([scan], named) = first_answers(account.db(app)?.rows(statements).await?)?;
    if named.iter().any(Vec::is_empty) {
        return Ok(Refusal::NotFound);
    }
    if let (Some(_), Some(endpoint)) = (&wanted.endpoint_id, named.first().and_then(|rows| rows.first()))
        && !sql::endpoint(endpoint)?.enabled
    {
        return Ok(Refusal::Webhook(WebhookRefusal::EndpointDisabled));
    }
    let (busy_until, spent_until) = match scan.first() {
        Some(row) => row.read(|row| Ok((row.int(), row.int())))?,
        None => (0, 0),
    };
    let wait = busy_until.max(spent_until - BUDGET) - app.now();
    let retry_after = u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(0).max(1);
    Ok(Refusal::Webhook(WebhookRefusal::TooManyReplays { retry_after }))
}

/// Takes the account's turn, and from its budget the rows that will be looked at.
fn look(account_id: i64, wanted: &Wanted, now: i64, busy_until: i64) -> Statement {
    Statement::new(
        format!(
            "{START} INSERT INTO webhook_scans (account_id, busy_until, spent_until)
             SELECT ?1, ?5, ?4 + MAX(0, MIN({LOOKED},
               (SELECT COALESCE(MAX(seq), 0) FROM webhook_logs WHERE account_id = ?1) + 1 - (SELECT seq FROM start)))
             WHERE true
             ON CONFLICT (account_id) DO UPDATE SET busy_until = excluded.busy_until,
               spent_until = MAX(spent_until, ?4) + excluded.spent_until - ?4"
        ),
        vec![
            account_id.into(),
            (wanted.since - SLACK).into(),
            wanted.after.clone().into(),
            now.into(),
            busy_until.into(),
        ],
    )
}

/// Ends the account's turn, and takes what is written from its budget.
fn look_over(account_id: i64, written: usize) -> Statement {
    let cost = i64::try_from(written * WRITTEN).unwrap_or(i64::MAX);
    Statement::new(
        "UPDATE webhook_scans SET busy_until = 0, spent_until = spent_until + ?2 WHERE account_id = ?1",
        vec![account_id.into(), cost.into()],
    )
}

/// Ids of the first of those that are wanted, each with the number of all. The newest of a subject is looked for beyond
/// `until` too: a state that was overtaken later is not sent after the one that overtook it.
fn found(account_id: i64, wanted: &Wanted, now: i64) -> Statement {
    let (failed, or_delivered) = match wanted.failed {
        true => ("AND c.response_code NOT BETWEEN 200 AND 299", "OR r.response_code BETWEEN 200 AND 299"),
        false => ("", ""),
    };
    let (age, latest) = match wanted.latest_per_subject {
        true => (
            "ROW_NUMBER() OVER (PARTITION BY subject_id, COALESCE(endpoint_id, url) ORDER BY seq DESC)",
            "AND c.age = 1",
        ),
        false => ("1", ""),
    };
    Statement::new(
        format!(
            "{START}, looked AS (
               SELECT seq, id, endpoint_id, response_code, retries, due_at, created_at, {age} AS age FROM webhook_logs
               WHERE account_id = ?1 AND seq >= (SELECT seq FROM start) AND seq < (SELECT seq FROM start) + {LOOKED}
                 AND replay_of IS NULL AND simulated = 0 AND (?6 IS NULL OR endpoint_id = ?6)
             )
             SELECT c.id, COUNT(*) OVER () AS matched FROM looked c
             LEFT JOIN webhook_endpoints e ON e.account_id = ?1 AND e.id = c.endpoint_id
             WHERE c.created_at < ?4 AND c.created_at >= ?5 AND (c.endpoint_id IS NULL OR e.enabled = 1)
               AND (c.due_at IS NULL OR c.retries > 0) {latest} {failed}
               AND NOT EXISTS (SELECT 1 FROM webhook_logs r INDEXED BY webhook_logs_replays WHERE r.account_id = ?1 AND r.replay_of = c.id
                               AND (r.due_at IS NOT NULL {or_delivered}))
             ORDER BY c.seq LIMIT {MAX}"
        ),
        vec![
            account_id.into(),
            (wanted.since - SLACK).into(),
            wanted.after.clone().into(),
            end(wanted, now).into(),
            wanted.since.into(),
            wanted.endpoint_id.clone().into(),
        ],
    )
}

/// The last log that is looked at, if there are more of that time behind it.
fn looked_to(account_id: i64, wanted: &Wanted, now: i64) -> Statement {
    Statement::new(
        format!(
            "{START} SELECT id FROM webhook_logs
             WHERE account_id = ?1 AND seq = (SELECT seq FROM start) + {LOOKED} - 1 AND created_at < ?4
               AND seq < (SELECT MAX(seq) FROM webhook_logs WHERE account_id = ?1)"
        ),
        vec![
            account_id.into(),
            (wanted.since - SLACK).into(),
            wanted.after.clone().into(),
            (end(wanted, now) + SLACK).into(),
        ],
    )
}

fn end(wanted: &Wanted, now: i64) -> i64 {
    wanted.until.unwrap_or(now + DAY)
}
