//! An endpoint that we disabled comes back: first it has to accept a sample, or it would be disabled again after another
//! five days of its owner's events; and then its owner is told how much it missed.

use super::{
    Dialect, Endpoint, Event, Log, PICKUP_DELAY, Subject, deliver, replay, retry_schedule,
    simulate::{self, SampleOf},
};
use crate::shop::{App, Error, Outcome, Refusal, account::Account, error::WebhookRefusal, id, time::HOUR};

/// What became of a change.
pub enum Updated {
    Done(Endpoint),
    /// It is enabled again. So many logs since that time were not delivered to it; `replay` sends them.
    Back {
        endpoint: Endpoint,
        missed: u32,
        since: i64,
    },
    /// It stays disabled, as it was: this is what came of the sample.
    Unwilling(Log),
}

/// Sends a sample, here and now, and once → its log with what came of it. It is kept as any sample is.
pub async fn probe(
    app: &App,
    account: &Account,
    (dialect, url): (Dialect, &str),
    events: &[Event],
    sample: SampleOf,
) -> Outcome<Log> {
    let event = events.first().copied().unwrap_or(Event::OrderCreated);
    let due_at = app.now() + PICKUP_DELAY;
    let sample = sample(app, account, dialect, event)?;
    let (log, statements) = simulate::sample_log(app, account, (dialect, url.to_owned()), event, sample, due_at, 0);
    account.db(app)?.commit(statements.into()).await?;
    deliver::deliver(app, &account.shard, deliver::Pace::Now, app.now(), &[(account.id, log.id.clone())]).await?;
    super::log(app, account, &log.id).await
}

/// Sends a test here and now, and once, to a destination that is to be registered, signed with its key. Nothing is kept of it.
/// → its status, or the word for why there is none.
pub async fn try_out<T: Subject>(
    app: &App,
    account_id: i64,
    (dialect, url): (Dialect, &str),
    key: String,
    subject: &T,
) -> Outcome<Result<u16, String>> {
    let (event, now) = (Event::EndpointTest, app.now());
    let log = Log {
        id: id::short(app.random()),
        event: event.name().to_owned(),
        url: url.to_owned(),
        payload: app.serializers.payload(dialect, event, subject)?,
        response_code: 0,
        response: None,
        response_headers: None,
        error: None,
        retries: 0,
        retry_limit: 0,
        next_retry_at: None,
        created_at: now,
        updated_at: now,
        replay_of: None,
        simulated: true,
        dialect,
        seq: 0,
    };
    Ok(retry_schedule::try_out(app, key, &log, account_id).await)
}

/// How much an endpoint missed, given how it was before it came back → so many logs, since then. `None`: the account has looked
/// through its logs too much just now.
pub async fn missed(app: &App, account: &Account, before: &Endpoint, disabled_at: i64) -> Outcome<Option<(u32, i64)>> {
    // A log is older than its first failure. What was delivered all the same isn't counted.
    let since = before.failing_since.unwrap_or(disabled_at) - HOUR;
    let wanted = replay::Wanted {
        endpoint_id: Some(before.id.clone()),
        since,
        until: None,
        after: None,
        failed: true,
        latest_per_subject: false,
        dry_run: true,
    };
    match replay::replay(app, account, &wanted, 0).await {
        // A dry run leaves nothing to commit.
        Ok(found) => Ok(Some((found.value.matched, since))),
        Err(Error::Refused(Refusal::Webhook(WebhookRefusal::TooManyReplays { .. }))) => Ok(None),
        Err(error) => Err(error),
    }
}
