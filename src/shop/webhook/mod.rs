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
use place::{Place, places};
use simulate::SampleOf;

pub use super::event::{Audience, Dialect, Envelope, Event, Subject};
pub use computed::{Computed, outbox_entries_if, outbox_entries_of};
pub use retry_schedule::RETRY_DELAYS;

pub mod retry_schedule;
mod board;
mod computed;
pub mod deliver;
pub mod dns;
pub mod enable;
mod endpoint_alert;
pub mod key;
pub mod prune;
pub mod receiver;
pub mod replay;
pub mod sign;
pub mod simulate;
pub mod sql;
pub mod task;
mod delivery_order;
mod place;
pub mod unread;
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
    pub dialect: Dialect,
    /// What signs there instead of the account's secrets, sealed (`key`).
    pub signing_key: Option<String>,
    /// Who is written to when we disable it, instead of the seller.
    pub contact_email: Option<String>,
    /// The app that registered it; `None`: whoever has the API key.
    pub app_id: Option<String>,
}

/// Whose endpoints: those in some dialects, of an app or of none. The others are as unknown as those of another account.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub dialects: &'a [Dialect],
    pub app_id: Option<&'a str>,
}

impl Scope<'_> {
    /// Those that a seller registers with the API key, in words of their choice.
    pub const SELLER: Scope<'static> = Scope { dialects: &[Dialect::V2, Dialect::Shoppy], app_id: None };

    /// SQL behind a condition: an endpoint is one of these. `app` is the place of the app's id.
    fn condition(self, app: &str) -> String {
        let names: Vec<String> = self.dialects.iter().map(|dialect| format!("'{}'", dialect.name())).collect();
        format!("AND dialect IN ({}) AND app_id IS {app}", names.join(", "))
    }
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
    /// Its number in the account's list; 0 before it is there.
    pub seq: i64,
    pub id: String,
    pub event: String,
    pub url: String,
    /// What its dialect says of the subject: JSON, which may stand in an envelope (`body`).
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
    pub dialect: Dialect,
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

/// The logs that these events owe: one for each enabled endpoint that wants the event, and one for the order's own URL.
/// A URL that stands in several places gets an event once in each dialect, unless they sign with keys of their own. An endpoint that we disabled is sent nothing, but its log says so.
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
    // What logs say, each with its logs.
    let mut payloads: Vec<(Dialect, String, Vec<Statement>)> = Vec::new();
    for event in events {
        for Place { endpoint_id, dialect, url, sent, slow, open, .. } in places(app, *event, subject, endpoints, now) {
            let id = id::short(app.random());
            let log = sql::insert_log(&sql::NewLog {
                account_id,
                id: &id,
                endpoint_id,
                event: *event,
                subject_id: subject.id(),
                url,
                now,
                due_at: sent.then_some(now + PICKUP_DELAY),
                waits_for: open.then_some(url),
                dialect,
            });
            let payload = app.serializers.payload(dialect, *event, subject)?;
            match payloads.iter_mut().find(|(of, text, _)| *of == dialect && *text == payload) {
                Some((_, _, logs)) => logs.push(log),
                None => payloads.push((dialect, payload, vec![log])),
            }
            // While its receiver's circuit is open, it waits for a probe to succeed.
            if sent && !open {
                owed.logs.push(Due { log_id: id, slow });
            }
        }
    }
    for (_, payload, logs) in payloads {
        owed.statements.push(sql::insert_payload(account_id, &payload, logs.len()));
        owed.statements.extend(logs);
    }
    Ok(owed)
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

pub async fn endpoints(app: &App, account: &Account, scope: Scope<'_>) -> Outcome<Vec<Endpoint>> {
    let [rows] = account.db(app)?.batch([sql::within(account.id, scope)]).await?;
    Ok(Endpoint::from_rows(&rows)?)
}

pub async fn endpoint(app: &App, account: &Account, scope: Scope<'_>, id: &str) -> Outcome<Endpoint> {
    let [rows] = account.db(app)?.batch([sql::one_within(account.id, scope, id)]).await?;
    first(&rows, sql::endpoint)
}

/// An endpoint that is to be.
pub struct NewEndpoint {
    /// Its client's own; `None`: one of ours.
    pub id: Option<String>,
    pub url: String,
    pub events: Vec<Event>,
    pub enabled: bool,
    pub dialect: Dialect,
    /// What signs there instead of the account's secrets.
    pub signing_key: Option<String>,
    pub contact_email: Option<String>,
    pub app_id: Option<String>,
}

impl NewEndpoint {
    pub fn of(dialect: Dialect, url: String, events: Vec<Event>) -> NewEndpoint {
        let (id, signing_key, contact_email, app_id) = (None, None, None, None);
        NewEndpoint { id, url, events, enabled: true, dialect, signing_key, contact_email, app_id }
    }
}

pub fn create_endpoint(app: &App, account: &Account, new: NewEndpoint) -> Outcome<Prepared<Endpoint>> {
    let now = app.now();
    let id = new.id.unwrap_or_else(|| id::snowflake(now, app.random()));
    let signing_key = new.signing_key.map(|key| key::seal(app, account.id, &id, &key)).transpose()?;
    let endpoint = Endpoint {
        id,
        url: new.url,
        events: new.events,
        enabled: new.enabled,
        created_at: now,
        updated_at: now,
        failing_since: None,
        disabled_at: None,
        disabled_reason: None,
        receiver: Default::default(),
        dialect: new.dialect,
        signing_key,
        contact_email: new.contact_email,
        app_id: new.app_id,
    };
    let statements = vec![sql::room_for_one(account.id), sql::insert(account.id, &endpoint)];
    Ok(Prepared::new(account.db(app)?, endpoint, statements).on_stale(WebhookRefusal::TooManyEndpoints).on_taken(
        "webhook_endpoints",
        "id",
        WebhookRefusal::EndpointTaken,
    ))
}

/// What is changed of an endpoint; `None` leaves it as it is.
#[derive(Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub events: Option<Vec<Event>>,
    pub enabled: Option<bool>,
    pub contact_email: Option<String>,
}

/// Changes an endpoint of this scope. Enabled again, or sent elsewhere, it starts with a clean record. One that we disabled is
/// enabled again if it accepts a `sample`; without one, the caller has seen that it is well.
pub async fn update_endpoint(
    app: &App,
    account: &Account,
    scope: Scope<'_>,
    id: &str,
    change: EndpointChange,
    sample: Option<SampleOf>,
) -> Outcome<Updated> {
    let EndpointChange { url, events, enabled, .. } = &change;
    // Only one that we disabled has to show that it is well.
    let before = if *enabled == Some(true) { Some(endpoint(app, account, scope, id).await?) } else { None };
    let back = before.and_then(|before| Some((before.disabled_at?, before)));
    if let (Some((_, before)), Some(sample)) = (&back, sample) {
        let (url, events) = (url.as_ref().unwrap_or(&before.url), events.as_ref().unwrap_or(&before.events));
        let log = enable::probe(app, account, (before.dialect, url), events, sample).await?;
        if !(200..300).contains(&log.response_code) {
            return Ok(Updated::Unwilling(log));
        }
    }
    let now = app.now();
    let mut statements = Vec::new();
    // What it is sent now may go elsewhere, or nowhere.
    if url.is_some() || enabled.is_some() {
        statements.push(receiver::release_endpoint(account.id, scope, id, now));
    }
    statements.push(sql::update(account.id, scope, id, &change, now));
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

pub async fn destroy_endpoint(app: &App, account: &Account, scope: Scope<'_>, id: &str) -> Outcome<()> {
    let statements =
        [receiver::release_endpoint(account.id, scope, id, app.now()), sql::destroy(account.id, scope, id)];
    let [_, rows] = account.db(app)?.commit_batch(statements).await?;
    first(&rows, |_| Ok(()))
}

pub async fn log(app: &App, account: &Account, id: &str) -> Outcome<Log> {
    let [rows] = account.db(app)?.batch([sql::log_by_id(account.id, id)]).await?;
    first(&rows, sql::log)
}

/// `name` is its id, or its number in the list.
pub async fn named_log(app: &App, account: &Account, name: &str) -> Outcome<Log> {
    let [rows] = account.db(app)?.batch([sql::named_log(account.id, name)]).await?;
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
