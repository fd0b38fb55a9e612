//! Statements and rows of `webhook_endpoints` and `webhook_logs`; those of a delivery are in `task`.

use super::{
    DISABLE_AFTER, Dialect, Endpoint, EndpointChange, Event, FAILURES, FAILURES_APART, Log, MAX_ENDPOINTS, Scope,
    receiver::{self, State},
};
use crate::{
    platform::{Fault, Row, Statement},
    shop::list,
};

const ENDPOINT: &str = "e.id, e.url, e.events, e.enabled, e.created_at, e.updated_at, e.failing_since, e.disabled_at, \
    e.disabled_reason";
/// Behind what is known of its receiver.
const MORE: &str = "e.dialect, e.signing_key, e.contact_email, e.app_id";

/// Endpoints, each with what is known of its receiver.
fn endpoints(condition: &str) -> String {
    format!(
        "SELECT {ENDPOINT}, {}, {MORE} FROM webhook_endpoints e
         LEFT JOIN webhook_receivers r ON r.account_id = e.account_id AND r.url = e.url
         WHERE e.account_id = ?1 {condition}",
        receiver::COLUMNS
    )
}

/// Those that are to be told of events, and those that would be, hadn't we disabled them.
pub fn enabled(account_id: i64) -> Statement {
    Statement::new(endpoints("AND (e.enabled = 1 OR e.disabled_at IS NOT NULL)"), vec![account_id.into()])
}

/// All of an account, whoever registered them.
pub fn all(account_id: i64) -> Statement {
    Statement::new(endpoints(""), vec![account_id.into()])
}

/// Newest first.
pub fn within(account_id: i64, scope: Scope<'_>) -> Statement {
    let condition =
        format!("{} ORDER BY e.created_at DESC, e.id DESC", scope.condition("?2").replace("AND ", "AND e."));
    Statement::new(endpoints(&condition), vec![account_id.into(), scope.app_id.into()])
}

pub fn one_within(account_id: i64, scope: Scope<'_>, id: &str) -> Statement {
    let condition = format!("AND e.id = ?2 {}", scope.condition("?3").replace("AND ", "AND e."));
    Statement::new(endpoints(&condition), vec![account_id.into(), id.into(), scope.app_id.into()])
}

/// Whoever registered it.
pub fn one(account_id: i64, id: &str) -> Statement {
    Statement::new(endpoints("AND e.id = ?2"), vec![account_id.into(), id.into()])
}

pub fn endpoint(row: &Row) -> Result<Endpoint, Fault> {
    row.read(|row| {
        let id = row.text();
        let url = row.text();
        // Names hold no commas: they are those of `Event`.
        let events = row.text();
        Ok(Endpoint {
            id,
            url,
            // An event that a later version knew is not sent by this one.
            events: events.split(',').filter_map(Event::parse).collect(),
            enabled: row.flag(),
            created_at: row.int(),
            updated_at: row.int(),
            failing_since: row.maybe_int(),
            disabled_at: row.maybe_int(),
            disabled_reason: row.maybe_text(),
            receiver: State::read(row),
            dialect: Dialect::of_name(&row.text()),
            signing_key: row.maybe_text(),
            contact_email: row.maybe_text(),
            app_id: row.maybe_text(),
        })
    })
}

fn events_text(events: &[Event]) -> String {
    let names: Vec<&str> = events.iter().map(|event| event.name()).collect();
    names.join(",")
}

/// Answers a row unless the account has too many already.
pub fn insert(account_id: i64, endpoint: &Endpoint) -> Statement {
    Statement::new(
        "INSERT INTO webhook_endpoints (account_id, id, url, events, enabled, created_at, updated_at,
                                        dialect, signing_key, contact_email, app_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)",
        vec![
            account_id.into(),
            (&endpoint.id).into(),
            (&endpoint.url).into(),
            events_text(&endpoint.events).into(),
            endpoint.enabled.into(),
            endpoint.created_at.into(),
            endpoint.dialect.name().into(),
            endpoint.signing_key.clone().into(),
            endpoint.contact_email.clone().into(),
            endpoint.app_id.clone().into(),
        ],
    )
}

/// Holds a commit to there being fewer endpoints than an account may have.
pub fn room_for_one(account_id: i64) -> Statement {
    Statement::guard(
        "(SELECT COUNT(*) FROM webhook_endpoints WHERE account_id = ?1) < ?2",
        vec![account_id.into(), MAX_ENDPOINTS.into()],
    )
}

/// From now on the endpoints that this app registered are told this alone: it can do nothing for the account any more. What they are
/// owed already is sent.
pub fn silence(account_id: i64, app_id: &str, but: Event, now: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_endpoints SET events = ?3, updated_at = MAX(?4, updated_at + 1) WHERE account_id = ?1 AND app_id = ?2",
        vec![account_id.into(), app_id.into(), but.name().into(), now.into()],
    )
}

/// Whoever says whether it is enabled takes over from us: one that we disabled is then their own decision. What is known of its
/// receiver isn't answered.
pub fn update(account_id: i64, scope: Scope<'_>, id: &str, change: &EndpointChange, now: i64) -> Statement {
    let EndpointChange { url, events, enabled, contact_email } = change;
    Statement::new(
        format!(
            "UPDATE webhook_endpoints SET url = COALESCE(?3, url), events = COALESCE(?4, events),
             enabled = COALESCE(?5, enabled), updated_at = ?6,
             failing_since = CASE WHEN ?5 = 1 OR ?3 <> url THEN NULL ELSE failing_since END,
             failed_at = CASE WHEN ?5 = 1 OR ?3 <> url THEN NULL ELSE failed_at END,
             failures = CASE WHEN ?5 = 1 OR ?3 <> url THEN 0 ELSE failures END,
             disabled_at = CASE WHEN ?5 IS NULL THEN disabled_at END,
             disabled_reason = CASE WHEN ?5 IS NULL THEN disabled_reason END,
             contact_email = COALESCE(?7, contact_email)
             WHERE account_id = ?1 AND id = ?2 {} RETURNING {}, NULL AS slow_until, 0 AS failed, NULL AS open_until, {}",
            scope.condition("?8"),
            ENDPOINT.replace("e.", ""),
            MORE.replace("e.", "")
        ),
        vec![
            account_id.into(),
            id.into(),
            url.clone().into(),
            events.as_deref().map(events_text).into(),
            (*enabled).into(),
            now.into(),
            contact_email.clone().into(),
            scope.app_id.into(),
        ],
    )
}

pub fn destroy(account_id: i64, scope: Scope<'_>, id: &str) -> Statement {
    let condition = scope.condition("?3");
    Statement::new(
        format!("DELETE FROM webhook_endpoints WHERE account_id = ?1 AND id = ?2 {condition} RETURNING id"),
        vec![account_id.into(), id.into(), scope.app_id.into()],
    )
}

/// An endpoint that answered 410 wants no more, unless it has moved to another URL meanwhile.
pub fn disable(account_id: i64, id: &str, url: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_endpoints SET enabled = 0, disabled_at = ?4, disabled_reason = 'gone', updated_at = ?4
         WHERE account_id = ?1 AND id = ?2 AND url = ?3 AND enabled = 1",
        vec![account_id.into(), id.into(), url.into(), now.into()],
    )
}

/// Holds a commit to the endpoint's being as it was when there was news of it. `failures`: how many were counted, if that
/// matters.
pub fn unchanged(account_id: i64, id: &str, url: &str, failures: Option<u32>) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM webhook_endpoints
         WHERE account_id = ?1 AND id = ?2 AND url = ?3 AND enabled = 1 AND failures = COALESCE(?4, failures))",
        vec![account_id.into(), id.into(), url.into(), failures.into()],
    )
}

/// Something was delivered there.
pub fn recovered(account_id: i64, id: &str, url: &str) -> Statement {
    Statement::new(
        "UPDATE webhook_endpoints SET failing_since = NULL, failed_at = NULL, failures = 0
         WHERE account_id = ?1 AND id = ?2 AND url = ?3",
        vec![account_id.into(), id.into(), url.into()],
    )
}

/// Something failed there. A failure counts when the one before it is long enough ago; the last straw disables.
pub fn failed(account_id: i64, id: &str, url: &str, now: i64) -> Statement {
    let disables = "failing_since <= ?5 AND failures + 1 >= ?6";
    Statement::new(
        format!(
            "UPDATE webhook_endpoints SET
               failing_since = COALESCE(failing_since, ?4), failed_at = ?4, failures = failures + 1,
               enabled = CASE WHEN {disables} THEN 0 ELSE enabled END,
               disabled_at = CASE WHEN {disables} THEN ?4 ELSE disabled_at END,
               disabled_reason = CASE WHEN {disables} THEN 'failing' ELSE disabled_reason END,
               updated_at = CASE WHEN {disables} THEN ?4 ELSE updated_at END
             WHERE account_id = ?1 AND id = ?2 AND url = ?3 AND enabled = 1 AND (failed_at IS NULL OR failed_at <= ?7)"
        ),
        vec![
            account_id.into(),
            id.into(),
            url.into(),
            now.into(),
            (now - DISABLE_AFTER).into(),
            FAILURES.into(),
            (now - FAILURES_APART).into(),
        ],
    )
}

pub struct NewLog<'a> {
    pub account_id: i64,
    pub id: &'a str,
    pub endpoint_id: Option<&'a str>,
    pub event: Event,
    pub subject_id: &'a str,
    pub url: &'a str,
    pub now: i64,
    /// `None`: its endpoint is disabled, and nothing is sent.
    pub due_at: Option<i64>,
    /// The receiver whose open circuit holds it, if that is open still.
    pub waits_for: Option<&'a str>,
    pub dialect: Dialect,
}

/// What the logs behind it say: the next `logs` statements of the same commit, each an `insert_log`.
pub fn insert_payload(account_id: i64, payload: &str, logs: usize) -> Statement {
    Statement::new(
        "INSERT INTO webhook_payloads (account_id, payload, last_seq)
         SELECT ?1, ?2, COALESCE(MAX(seq), 0) + ?3 FROM webhook_logs WHERE account_id = ?1",
        vec![account_id.into(), payload.into(), i64::try_from(logs).unwrap_or(1).into()],
    )
}

/// A log that says what the last `insert_payload` has kept. The account's last log hands on its `pruned`: SQLite reads it
/// from the row that has the MAX.
pub fn insert_log(log: &NewLog<'_>) -> Statement {
    let open = "SELECT url FROM webhook_receivers WHERE account_id = ?1 AND url = ?9 AND open_until IS NOT NULL";
    Statement::new(
        format!(
            "INSERT INTO webhook_logs (account_id, seq, pruned, id, endpoint_id, event, subject_id, url, payload_id, due_at, error, created_at, updated_at, waits_for, dialect)
             SELECT ?1, COALESCE(MAX(seq), 0) + 1, COALESCE(pruned, 0), ?2, ?3, ?4, ?5, ?6,
               (SELECT id FROM webhook_payloads WHERE account_id = ?1 ORDER BY id DESC LIMIT 1),
               IIF(EXISTS ({open}), ?10, ?7), IIF(?7 IS NULL, 'endpoint_disabled', NULL), ?8, ?8, ({open}), ?11
             FROM webhook_logs WHERE account_id = ?1"
        ),
        vec![
            log.account_id.into(),
            log.id.into(),
            log.endpoint_id.into(),
            log.event.name().into(),
            log.subject_id.into(),
            log.url.into(),
            log.due_at.into(),
            log.now.into(),
            log.waits_for.into(),
            receiver::held_until(log.now).into(),
            log.dialect.name().into(),
        ],
    )
}

/// A held log goes with the next probe of its receiver, or after it.
pub const NEXT_RETRY: &str = "COALESCE((SELECT open_until FROM webhook_receivers r WHERE r.account_id = l.account_id AND r.url = l.waits_for), \
    l.next_retry_at)";

/// What `log` reads, of a table `webhook_logs AS l`.
pub const LOG: &str = "l.id, l.event, l.url, \
    (SELECT payload FROM webhook_payloads WHERE id = l.payload_id AND account_id = l.account_id) AS payload, \
    l.response_code, l.response, l.response_headers, l.error, \
    l.retries, l.retry_limit, COALESCE((SELECT open_until FROM webhook_receivers r WHERE r.account_id = l.account_id AND r.url = l.waits_for), \
    l.next_retry_at), l.created_at, l.updated_at, l.replay_of, l.simulated, l.dialect, l.seq AS log_seq";
/// Its columns.
pub const LOG_COLUMNS: usize = 17;

pub fn mark_simulated(account_id: i64, id: &str, retry_limit: u32) -> Statement {
    Statement::new(
        "UPDATE webhook_logs SET simulated = 1, retry_limit = ?3 WHERE account_id = ?1 AND id = ?2",
        vec![account_id.into(), id.into(), retry_limit.into()],
    )
}

pub fn log_by_id(account_id: i64, id: &str) -> Statement {
    Statement::new(
        format!("SELECT {LOG} FROM webhook_logs AS l WHERE account_id = ?1 AND id = ?2"),
        vec![account_id.into(), id.into()],
    )
}

pub fn named_log(account_id: i64, name: &str) -> Statement {
    list::named(account_id, "webhook_logs AS l", LOG, name)
}

/// The oldest are gone (`prune`), and the newest knows how many.
pub fn log_page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    let [_, page] = list::grown_page(account_id, "webhook_logs AS l", LOG, page, per_page);
    let total = "SELECT seq - pruned FROM webhook_logs WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1";
    [Statement::new(total, vec![account_id.into()]), page]
}

pub fn log(row: &Row) -> Result<Log, Fault> {
    row.read(|row| {
        Ok(Log {
            id: row.text(),
            event: row.text(),
            url: row.text(),
            payload: row.text(),
            response_code: row.int(),
            response: row.maybe_text(),
            response_headers: row.maybe_text(),
            error: row.maybe_text(),
            retries: row.count(),
            retry_limit: row.count(),
            next_retry_at: row.maybe_int(),
            created_at: row.int(),
            updated_at: row.int(),
            replay_of: row.maybe_text(),
            simulated: row.flag(),
            dialect: Dialect::of_name(&row.text()),
            seq: row.int(),
        })
    })
}
