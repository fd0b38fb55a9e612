//! Webhooks: the endpoints that sellers register, the logs that are owed to them, and their delivery.

use super::{
    App, Error, Outcome, Refusal,
    account::Account,
    error::WebhookRefusal,
    id,
    job::Job,
    list::{self, Page},
    prepared::Prepared,
    time::{DAY, HOUR, MINUTE},
};
use crate::platform::{Fault, Row, Statement, last_answers};
use enable::Updated;
use simulate::SampleOf;

pub use event::{Event, Subject};
pub use retry_schedule::RETRY_DELAYS;

pub mod retry_schedule;
mod board;
pub mod deliver;
pub mod dns;
pub mod enable;
mod event;
mod endpoint_alert;
pub mod prune;
pub mod receiver;
pub mod replay;
pub mod sign;
pub mod simulate;
pub mod sql;
pub mod task;
mod delivery_order;
pub mod url;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    pub events: Vec<Event>,
    pub enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    /// Its first failure since anything was delivered.
    pub failing_since: Option<i64>,
    /// When it was disabled by us, and why: `failing` or `gone`.
    pub disabled_at: Option<i64>,
    pub disabled_reason: Option<String>,
    /// What is known of its URL.
    pub receiver: receiver::State,
}

/// An endpoint that only failed for so long is disabled …
pub const DISABLE_AFTER: i64 = 5 * DAY;
/// … if so many of its failures were so far apart: one bad hour, or one event a week, says little.
const FAILURES: u32 = 3;
const FAILURES_APART: i64 = 12 * HOUR;
/// At this one the account's other endpoints are told.
const WARNING: u32 = 2;

impl Subject for Endpoint {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Endpoint {
    /// When it will be disabled, at the earliest, if it goes on failing.
    pub fn disables_at(&self) -> Option<i64> {
        self.failing_since.filter(|_| self.enabled).map(|since| since + DISABLE_AFTER)
    }

    /// Whether it may take its time, and goes to the queue of those that do.
    fn is_slow(&self, now: i64) -> bool {
        self.failing_since.is_some() || self.receiver.is_slow(now)
    }

    pub fn from_rows(rows: &[Row]) -> Result<Vec<Endpoint>, Fault> {
        rows.iter().map(sql::endpoint).collect()
    }
}

/// What a webhook was, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    pub id: String,
    pub event: String,
    pub url: String,
    /// JSON, before `<`, `>` and `&` are escaped.
    pub payload: String,
    /// 0 until an answer came.
    pub response_code: i64,
    pub response: Option<String>,
    /// JSON object.
    pub response_headers: Option<String>,
    /// Why no answer came: dns, tls, refused, timeout, network, forbidden_url, secret, endpoint_disabled or receiver_down. Or why not all of it
    /// is here, beside its code: too_large, incomplete.
    pub error: Option<String>,
    pub retries: u32,
    pub retry_limit: u32,
    pub next_retry_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    /// The log whose payload this one sends again.
    pub replay_of: Option<String>,
    /// A sample that the seller asked for.
    pub simulated: bool,
}

/// A log that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub log_id: String,
    /// Its receiver may take its time.
    pub slow: bool,
}

/// Logs to be committed together with the change that causes them.
pub struct Outbox {
    pub logs: Vec<Due>,
    pub statements: Vec<Statement>,
}

/// A log committed now is sent by its nudge; when that is lost, cron takes it up after this time.
const PICKUP_DELAY: i64 = MINUTE;

/// A log is tried so many times more, as the table has it by default.
const RETRIES: u32 = 10;

/// For so long after we disabled an endpoint, in milliseconds, its events are noted, so that its owner can have them sent
/// after all. Somebody who doesn't miss them for a month doesn't want them.
const MISSED_FOR: i64 = 30 * DAY;

/// Where an event goes.
struct Place<'a> {
    endpoint_id: Option<&'a str>,
    url: &'a str,
    /// Its log only says that it was missed, otherwise.
    sent: bool,
    slow: bool,
    /// Its receiver's circuit is open.
    open: bool,
}

/// The logs that these events owe: one for each enabled endpoint that wants the event, and one for the order's own URL.
/// A URL that stands in several places gets an event once. An endpoint that we disabled is sent nothing, but its log says so.
pub fn outbox_entries<T: Subject>(
    app: &App,
    account_id: i64,
    events: &[Event],
    subject: &T,
    endpoints: &[Endpoint],
) -> Result<Outbox, Fault> {
    let mut owed = Outbox { logs: Vec::new(), statements: Vec::new() };
    if events.is_empty() {
        return Ok(owed);
    }
    let now = app.now();
    let mut logs = Vec::new();
    for event in events {
        // The order's own first: it is owed whatever becomes of an endpoint with the same URL.
        let mut places: Vec<Place<'_>> = Vec::new();
        if let Some(url) = subject.own_url() {
            let same = |endpoint: &Endpoint| url::normal(&endpoint.url) == url::normal(url) && endpoint.is_slow(now);
            let slow = endpoints.iter().any(same);
            places.push(Place { endpoint_id: None, url, sent: true, slow, open: false });
        }
        for enabled in [true, false] {
            for endpoint in endpoints.iter().filter(|endpoint| endpoint.enabled == enabled) {
                let missed = endpoint.disabled_at.is_some_and(|at| now < at + MISSED_FOR);
                if endpoint.events.contains(event) && (enabled || missed) {
                    places.push(Place {
                        endpoint_id: Some(&endpoint.id),
                        url: &endpoint.url,
                        sent: enabled,
                        slow: endpoint.is_slow(now),
                        open: enabled && endpoint.receiver.holds(),
                    });
                }
            }
        }
        let mut told: Vec<String> = Vec::new();
        for Place { endpoint_id, url, sent, slow, open } in places {
            let receiver = url::normal(url);
            if told.contains(&receiver) {
                continue;
            }
            told.push(receiver);
            let id = id::short(app.random());
            logs.push(sql::insert_log(&sql::NewLog {
                account_id,
                id: &id,
                endpoint_id,
                event: *event,
                subject_id: subject.id(),
                url,
                now,
                due_at: sent.then_some(now + PICKUP_DELAY),
                waits_for: open.then_some(url),
            }));
            // While its receiver's circuit is open, it waits for a probe to succeed.
            if sent && !open {
                owed.logs.push(Due { log_id: id, slow });
            }
        }
    }
    if !logs.is_empty() {
        let body = app.serializers.body(subject)?;
        owed.statements.push(sql::insert_payload(account_id, &body, logs.len()));
        owed.statements.extend(logs);
    }
    Ok(owed)
}

/// What an event owes that only happens if the subject's row is so in the commit itself: `condition` is SQL over the row of the
/// product. Its logs are sent by cron, since nobody knows before the commit whether there are any.
pub fn outbox_entries_if(
    app: &App,
    account_id: i64,
    event: Event,
    product: &impl Subject,
    endpoints: &[Endpoint],
    condition: &str,
) -> Result<Vec<Statement>, Fault> {
    let owed = outbox_entries(app, account_id, &[event], product, endpoints)?;
    let only_if = |statement: Statement| statement.only_if(condition, product.id());
    Ok(owed.statements.into_iter().map(only_if).collect())
}

/// Messages that have these logs sent at once.
pub fn messages(account: &Account, logs: &[Due]) -> Vec<(Job, u32)> {
    logs.iter()
        .map(|due| {
            let (shard, log_id) = (account.shard.clone(), due.log_id.clone());
            (Job::Deliver { shard, account_id: account.id, log_id, slow: due.slow }, 0)
        })
        .collect()
}

/// An account has at most so many, so that every list of them is short.
pub const MAX_ENDPOINTS: u32 = 100;

pub async fn endpoints(app: &App, account: &Account) -> Outcome<Vec<Endpoint>> {
    let [rows] = account.db(app)?.batch([sql::all(account.id)]).await?;
    Ok(Endpoint::from_rows(&rows)?)
}

pub async fn endpoint(app: &App, account: &Account, id: &str) -> Outcome<Endpoint> {
    let [rows] = account.db(app)?.batch([sql::one(account.id, id)]).await?;
    first(&rows, sql::endpoint)
}

pub fn create_endpoint(
    app: &App,
    account: &Account,
    url: String,
    events: Vec<Event>,
    enabled: bool,
) -> Outcome<Prepared<Endpoint>> {
    let now = app.now();
    let endpoint = Endpoint {
        id: id::snowflake(now, app.random()),
        url,
        events,
        enabled,
        created_at: now,
        updated_at: now,
        failing_since: None,
        disabled_at: None,
        disabled_reason: None,
        receiver: Default::default(),
    };
    let statements = vec![sql::room_for_one(account.id), sql::insert(account.id, &endpoint)];
    Ok(Prepared::new(account.db(app)?, endpoint, statements).on_stale(WebhookRefusal::TooManyEndpoints))
}

/// Changes what is given; `None` leaves it as it is. Enabled again, or sent elsewhere, it starts with a clean record.
/// One that we disabled is enabled again if it accepts a `sample`.
pub async fn update_endpoint(
    app: &App,
    account: &Account,
    id: &str,
    url: Option<String>,
    events: Option<Vec<Event>>,
    enabled: Option<bool>,
    sample: SampleOf,
) -> Outcome<Updated> {
    // Only one that we disabled has to show that it is well.
    let before = if enabled == Some(true) { Some(endpoint(app, account, id).await?) } else { None };
    let back = before.and_then(|before| Some((before.disabled_at?, before)));
    if let Some((_, before)) = &back {
        let (url, events) = (url.as_ref().unwrap_or(&before.url), events.as_ref().unwrap_or(&before.events));
        let log = enable::probe(app, account, url, events, sample).await?;
        if !(200..300).contains(&log.response_code) {
            return Ok(Updated::Unwilling(log));
        }
    }
    let now = app.now();
    let mut statements = vec![sql::update(account.id, id, url.clone(), events.as_deref(), enabled, now)];
    // What it is sent now may go elsewhere, or nowhere.
    if url.is_some() || enabled.is_some() {
        statements.insert(0, receiver::release_endpoint(account.id, id, now));
    }
    let rows = account.db(app)?.commit(statements).await?;
    let [rows] = last_answers(rows)?;
    let endpoint = first(&rows, sql::endpoint)?;
    let Some((disabled_at, before)) = back else {
        return Ok(Updated::Done(endpoint));
    };
    Ok(match enable::missed(app, account, &before, disabled_at).await? {
        Some((missed, since)) => Updated::Back { endpoint, missed, since },
        None => Updated::Done(endpoint),
    })
}

pub async fn destroy_endpoint(app: &App, account: &Account, id: &str) -> Outcome<()> {
    let statements = [receiver::release_endpoint(account.id, id, app.now()), sql::destroy(account.id, id)];
    let [_, rows] = account.db(app)?.commit_batch(statements).await?;
    first(&rows, |_| Ok(()))
}

pub async fn log(app: &App, account: &Account, id: &str) -> Outcome<Log> {
    let [rows] = account.db(app)?.batch([sql::log_by_id(account.id, id)]).await?;
    first(&rows, sql::log)
}

/// `page` counts from 1.
pub async fn logs(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Log>> {
    let answers = account.db(app)?.batch(sql::log_page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::log)?)
}

/// The one row of a statement, or a refusal: it isn't there, or it is another account's.
fn first<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, Fault>) -> Outcome<T> {
    match rows.first() {
        Some(row) => read(row).map_err(Error::Fault),
        None => Err(Refusal::NotFound.into()),
    }
}
