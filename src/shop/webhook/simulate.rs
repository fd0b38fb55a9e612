//! The simulator: a sample of an event, signed and delivered like a real one, for whoever writes a receiver. Nothing has
//! happened, and the log and a header say so.

use super::{Dialect, Due, Event, Log, PICKUP_DELAY, RETRIES, messages, receiver, sql};
use crate::{
    json,
    platform::{Fault, Statement},
    shop::{App, Outcome, account::Account, id, prepared::Prepared},
};

/// An event's sample: what it is about, and its body in the same words as a real event's.
pub struct Sample {
    pub subject_id: String,
    /// JSON.
    pub payload: String,
}

/// What makes samples: `shop::sample::of`, which knows every noun.
pub type SampleOf = fn(&App, &Account, Dialect, Event) -> Result<Sample, Fault>;

/// Owes a sample of the event to the URL, in the words of a dialect.
pub fn simulate(
    app: &App,
    account: &Account,
    (dialect, url): (Dialect, String),
    event: Event,
    sample: SampleOf,
) -> Outcome<Prepared<Log>> {
    let due_at = app.now() + PICKUP_DELAY;
    let (log, owed) =
        sample_log(app, account, (dialect, url), event, sample(app, account, dialect, event)?, due_at, RETRIES);
    let mut statements = Vec::from(owed);
    let pair = json::to_text(&[[&log.id, &log.id]]);
    statements.push(receiver::let_probe(account.id, &pair, app.now()));
    let messages = messages(account, &[Due { log_id: log.id.clone(), slow: false }]);
    Ok(Prepared::new(account.db(app)?, log, statements).sending(messages))
}

/// The sample's log and its statements. `due_at`: when cron sends it, should nobody have.
pub fn sample_log(
    app: &App,
    account: &Account,
    (dialect, url): (Dialect, String),
    event: Event,
    sample: Sample,
    due_at: i64,
    retry_limit: u32,
) -> (Log, [Statement; 3]) {
    let now = app.now();
    let log = Log {
        seq: 0,
        id: id::short(app.random()),
        event: event.name().to_owned(),
        url,
        payload: sample.payload,
        response_code: 0,
        response: None,
        response_headers: None,
        error: None,
        retries: 0,
        retry_limit,
        next_retry_at: None,
        created_at: now,
        updated_at: now,
        replay_of: None,
        simulated: true,
        dialect,
    };
    let statements = [
        sql::insert_payload(account.id, &log.payload, 1),
        sql::insert_log(&sql::NewLog {
            account_id: account.id,
            id: &log.id,
            endpoint_id: None,
            event,
            subject_id: &sample.subject_id,
            url: &log.url,
            now,
            due_at: Some(due_at),
            waits_for: None,
            dialect,
        }),
        sql::mark_simulated(account.id, &log.id, retry_limit),
    ];
    (log, statements)
}
