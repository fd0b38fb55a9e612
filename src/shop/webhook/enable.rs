//! An endpoint that we disabled comes back: first it has to accept a sample, or it would be disabled again after another
//! five days of its owner's events; and then its owner is told how much it missed.

use super::{Endpoint, Event, GRACE, Log, deliver, endpoint, first, replay, simulate, sql, write};
use crate::{
    shop::{Outcome, Refusal, Shop, account::Account, time::HOUR},
    world::Uncommitted,
};

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

pub async fn enable(
    shop: &Shop,
    account: &Account,
    id: &str,
    url: Option<String>,
    events: Option<Vec<Event>>,
) -> Outcome<Updated> {
    let before = endpoint(shop, account, id).await?;
    if before.disabled_at.is_some() {
        let event = events.as_ref().unwrap_or(&before.events).iter().find(|event| **event != Event::ProductOutOfStock);
        let url = url.as_ref().unwrap_or(&before.url).clone();
        let log = probe(shop, account, url, event.copied().unwrap_or(Event::OrderCreated)).await?;
        if !(200..300).contains(&log.response_code) {
            return Ok(Updated::Unwilling(log));
        }
    }
    let statement = sql::update(account.id, id, url, events.as_deref(), Some(true), shop.now());
    let endpoint = first(&[write(shop, account, statement).await?], sql::endpoint)?;
    let Some(disabled_at) = before.disabled_at else {
        return Ok(Updated::Done(endpoint));
    };
    // A log is older than its first failure. What was delivered all the same isn't counted.
    let since = before.failing_since.unwrap_or(disabled_at) - HOUR;
    let wanted = replay::Wanted {
        endpoint_id: Some(endpoint.id.clone()),
        since,
        until: None,
        after: None,
        failed: true,
        latest_per_subject: false,
        dry_run: true,
    };
    let missed = replay::replay(shop, account, &wanted, &|_| Ok(Vec::new())).await?.matched;
    Ok(Updated::Back { endpoint, missed, since })
}

/// Sends a sample, once and now, and keeps what came of it.
async fn probe(shop: &Shop, account: &Account, url: String, event: Event) -> Outcome<Log> {
    let now = shop.now();
    let db = account.db(shop)?;
    let (log, statements) =
        simulate::sample_log(shop, account, url, event, now, now + GRACE)?.ok_or(Refusal::NotFound)?;
    db.commit(statements.into()).await.map_err(Uncommitted::into_fault)?;
    let rows = db.rows(vec![sql::task_by_id(account.id, &log.id)]).await?;
    let task = deliver::once(shop, first(&rows, sql::task)?).await;
    db.commit(vec![sql::finish(&task, shop.now())]).await.map_err(Uncommitted::into_fault)?;
    Ok(task.log)
}
