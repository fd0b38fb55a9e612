//! Dynamic products: the seller's server is asked for the goods of a paid order.
//!
//! The request is owed by the commit that completes the order: a row of `deliveries`. Queue
//! messages nudge it, and cron finds it without one. However often it is sent, its
//! `Idempotency-Key` is the order's id. What comes of it is one commit, held to the order's
//! revision: the text and the event, or that it failed.

use super::{
    Change, Delivery, Order, Status,
    history::{Action, Actor, Cause},
    sql,
};
use crate::{
    platform::{CommitError, Fault, HttpRequest, LogLine, Row, Statement},
    shop::{
        App,
        account::{
            Account,
            secret::{self, Sealed, Secrets},
        },
        job::Job,
        time::{DAY, MINUTE, SECOND},
        webhook::{self, Dialect, Endpoint, Event, RETRY_DELAYS, dns, sign},
    },
};

/// The seller's server has this long, in milliseconds. A buyer waits.
const TIMEOUT: u32 = 10_000;
/// Bytes of its answer, which is kept with the order.
const MAX_GOODS: usize = 64 << 10;
/// The first tries are so far apart, in milliseconds …
const SOON: i64 = 5 * SECOND;
/// … and there are so many of these. The others follow as those of webhooks do.
const SOON_TRIES: u32 = 3;
/// In milliseconds since the first try: nothing is tried later.
const GIVE_UP_AFTER: i64 = DAY;
/// A try that was begun is over by then, in milliseconds, or it has died.
const CLAIM: i64 = MINUTE;
/// Tries that may die without a word. Twice as many as there are in a day.
const MAX_TRIES: u32 = 16;
/// When no message comes, cron takes it up after this time, in milliseconds.
const PICKUP_DELAY: i64 = MINUTE;

/// Time until the next try, after so many since `began`; `None`: that was the last one.
fn delay(tries: u32, began: i64, now: i64) -> Option<i64> {
    let delay = match tries {
        0..SOON_TRIES => SOON,
        _ => *usize::try_from(tries - SOON_TRIES + 1).ok().and_then(|n| RETRY_DELAYS.get(n))?,
    };
    Some(delay).filter(|delay| now + delay <= began + GIVE_UP_AFTER)
}

/// The order's goods are asked for, from now on: a new round of tries, if there was one already.
pub fn owe(order: &Order, url: &str, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO deliveries (account_id, order_id, url, tries, began_at, next_at, due_at)
         VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5)
         ON CONFLICT (account_id, order_id) DO UPDATE SET url = excluded.url, tries = 0, began_at = excluded.began_at,
           next_at = excluded.next_at, due_at = excluded.due_at, error = NULL",
        vec![order.account_id.into(), (&order.id).into(), url.into(), now.into(), (now + PICKUP_DELAY).into()],
    )
}

pub fn message(account: &Account, order_id: &str) -> Job {
    Job::Prepare { shard: account.shard.clone(), account_id: account.id, order_id: order_id.to_owned() }
}

/// Counts the try, and takes it for one runner: a second message for it finds nothing.
fn claim(account_id: i64, order_id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE deliveries SET tries = tries + 1, next_at = ?4, due_at = ?4
         WHERE account_id = ?1 AND order_id = ?2 AND due_at IS NOT NULL AND next_at <= ?3
         RETURNING url, tries, began_at",
        vec![account_id.into(), order_id.into(), now.into(), (now + CLAIM).into()],
    )
}

/// When the next try is due, unless another runner has taken over; with `None` it is given up.
fn put_off(account_id: i64, order_id: &str, tries: u32, next: Option<i64>, error: &str) -> Statement {
    Statement::new(
        "UPDATE deliveries SET next_at = COALESCE(?4, next_at), due_at = ?5, error = ?6
         WHERE account_id = ?1 AND order_id = ?2 AND tries = ?3 AND due_at IS NOT NULL",
        vec![
            account_id.into(),
            order_id.into(),
            tries.into(),
            next.into(),
            next.map(|at| at + PICKUP_DELAY).into(),
            error.into(),
        ],
    )
}

/// Holds a commit to the try being the newest, and not given up.
fn is_ours(account_id: i64, order_id: &str, tries: u32) -> Statement {
    Statement::guard(
        "EXISTS (SELECT 1 FROM deliveries WHERE account_id = ?1 AND order_id = ?2 AND tries = ?3 AND due_at IS NOT NULL)",
        vec![account_id.into(), order_id.into(), tries.into()],
    )
}

fn done(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "DELETE FROM deliveries WHERE account_id = ?1 AND order_id = ?2",
        vec![account_id.into(), order_id.into()],
    )
}

/// Cron's sweep over all accounts of a shard: what is owed and no message reached, and again at
/// `until`.
pub fn take_due(now: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "UPDATE deliveries SET due_at = ?2 FROM
           (SELECT account_id, order_id FROM deliveries INDEXED BY deliveries_due
            WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3) d
         WHERE deliveries.account_id = d.account_id AND deliveries.order_id = d.order_id
         RETURNING account_id, order_id",
        vec![now.into(), until.into(), limit.into()],
    )
}

/// One try.
struct Try {
    url: String,
    /// From 1.
    number: u32,
    began: i64,
}

impl Try {
    fn read(row: &Row) -> Result<Try, Fault> {
        row.read(|row| Ok(Try { url: row.text(), number: row.count(), began: row.int() }))
    }
}

/// Asks the seller's server, if that is still owed and its time has come, and keeps what came of
/// it.
pub async fn run(app: &App, account: &Account, order_id: &str) -> Result<(), Fault> {
    let statements = [
        claim(account.id, order_id, app.now()),
        sql::by_id(account.id, order_id),
        secret::of(account.id),
        webhook::sql::enabled(account.id),
    ];
    let [claimed, orders, secrets, endpoints] =
        account.db(app)?.commit_batch(statements).await.map_err(CommitError::into_fault)?;
    let (Some(claimed), Some(order)) = (claimed.first(), orders.first()) else { return Ok(()) };
    let (tried, order) = (Try::read(claimed)?, sql::from_row(order)?);
    if order.delivery != Some(Delivery::Preparing) {
        let over = account.db(app)?.commit(vec![done(account.id, order_id)]).await;
        return over.map(|_| ()).map_err(CommitError::into_fault);
    }
    // Its money is disputed. Nobody is asked meanwhile, and anew if it comes back (`fulfil`).
    if order.status == Status::Reversed {
        let wait = put_off(account.id, order_id, tried.number, None, "not_completed");
        return account.db(app)?.commit(vec![wait]).await.map(|_| ()).map_err(CommitError::into_fault);
    }
    let answer = if !is_preparing(&order) {
        Err("not_completed".to_owned())
    } else if tried.number > MAX_TRIES {
        Err("unfinished".to_owned())
    } else {
        match open(app, account, &secrets) {
            Ok(secrets) => ask(app, &order, &tried, &secrets).await?,
            Err(fault) => {
                app.platform.log.write(LogLine::error("order.secret_unreadable").account(account.id).because(fault));
                Err("secret".to_owned())
            }
        }
    };
    if let Err(error) = &answer {
        let line = LogLine::warn("order.goods_not_given").account(account.id).order(order_id);
        app.platform.log.write(line.with("tries", i64::from(tried.number)).because(error));
        let now = app.now();
        let next = delay(tried.number, tried.began, now).filter(|_| is_preparing(&order));
        if let Some(delay) = next.filter(|_| tried.number <= MAX_TRIES) {
            let again = put_off(account.id, order_id, tried.number, Some(now + delay), error);
            account.db(app)?.commit(vec![again]).await.map_err(CommitError::into_fault)?;
            let seconds = u32::try_from((delay + SECOND - 1) / SECOND).unwrap_or(0);
            app.enqueue(vec![(message(account, order_id), seconds)]).await;
            return Ok(());
        }
    }
    keep(app, account, order, &tried, answer, &Endpoint::from_rows(&endpoints)?).await
}

/// Whether it still waits for the seller's server.
fn is_preparing(order: &Order) -> bool {
    order.status == Status::Completed && order.delivery == Some(Delivery::Preparing)
}

fn open(app: &App, account: &Account, rows: &[Row]) -> Result<Secrets, Fault> {
    let row = rows.first().ok_or_else(|| Fault("the account has no secrets".into()))?;
    row.read(|row| Ok(Sealed::read(row)))?.open(app, account.id, app.now())
}

/// The goods as the seller's server gives them, or the word for why there are none.
async fn ask(app: &App, order: &Order, tried: &Try, secrets: &Secrets) -> Result<Result<String, String>, Fault> {
    if let Err(word) = dns::check(app, &tried.url).await {
        return Ok(Err(word.to_owned()));
    }
    let payload = app.serializers.payload(Dialect::V2, Event::OrderPaid, order)?;
    let (body, brand) = (sign::body(&payload), &app.platform.settings.brand);
    let (attempt, seconds) = (tried.number.saturating_sub(1), app.now() / SECOND);
    let mut headers = sign::request_headers(brand, secrets, &order.id, attempt, &payload, &body, seconds);
    headers.push(("Idempotency-Key".into(), order.id.clone()));
    let request = HttpRequest {
        method: "POST",
        url: tried.url.clone(),
        headers,
        body: Some(body.into_bytes()),
        timeout: TIMEOUT,
        limit: MAX_GOODS,
    };
    Ok(match app.platform.http.fetch(request).await {
        Err(error) => Err(error.word().to_owned()),
        Ok(answer) if !(200..300).contains(&answer.status) => Err(format!("status_{}", answer.status)),
        Ok(answer) if answer.truncated && answer.body.len() < MAX_GOODS => Err("incomplete".to_owned()),
        Ok(answer) if answer.truncated => Err("too_large".to_owned()),
        Ok(answer) => read(answer.body).map_err(str::to_owned),
    })
}

fn read(body: Vec<u8>) -> Result<String, &'static str> {
    match String::from_utf8(body) {
        Ok(text) if text.contains('\0') => Err("not_text"),
        Ok(text) if text.trim().is_empty() => Err("empty"),
        Ok(text) => Ok(text.trim().to_owned()),
        Err(_) => Err("not_text"),
    }
}

/// Commits how it ended: delivered, or failed for good.
async fn keep(
    app: &App,
    account: &Account,
    mut order: Order,
    tried: &Try,
    answer: Result<String, String>,
    endpoints: &[Endpoint],
) -> Result<(), Fault> {
    let (db, id) = (account.db(app)?, order.id.clone());
    for _ in 0..4 {
        // Another runner was faster.
        if order.delivery != Some(Delivery::Preparing) {
            return Ok(());
        }
        let (from, cause) = (order.status, Cause::of(Actor::System, Action::Delivery));
        order.updated_at = app.now();
        let change = match &answer {
            Ok(goods) => {
                let delivered = Some(goods.clone());
                let order = Order { delivery: Some(Delivery::Delivered), delivered, ..order };
                Change { facts: vec![done(account.id, &id)], ..Change::update(from, order, cause) }
            }
            Err(error) => {
                let order = Order { delivery: Some(Delivery::Failed), ..order };
                let facts =
                    vec![is_ours(account.id, &id, tried.number), put_off(account.id, &id, tried.number, None, error)];
                Change { facts, ..Change::update(from, order, cause.noting(error)) }
            }
        };
        let mut written = change.write(app, account, endpoints)?;
        match db.commit(std::mem::take(&mut written.statements)).await {
            Ok(_) => {
                written.tell(app).await;
                return Ok(());
            }
            // The order was changed meanwhile, or the seller has begun another round. What was
            // answered stays true.
            Err(no) if no.is_stale() => match db.row(sql::by_id(account.id, &id)).await? {
                Some(row) => order = sql::from_row(&row)?,
                None => return Ok(()),
            },
            Err(no) => return Err(no.into_fault()),
        }
    }
    match answer {
        Ok(_) => Err(Fault("an order changed faster than its goods could be kept".into())),
        // Whoever has it now says how it ends.
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::time::HOUR;

    #[test]
    fn three_tries_come_soon_and_the_others_as_those_of_webhooks_within_a_day() {
        let (mut at, mut times, mut tries) = (0, vec![0], 1);
        while let Some(wait) = delay(tries, 0, at) {
            at += wait;
            tries += 1;
            times.push(at);
        }
        let begun = 10 * SECOND;
        let hours = [2 * HOUR + 35 * MINUTE, 7 * HOUR + 35 * MINUTE, 17 * HOUR + 35 * MINUTE];
        assert_eq!(times[..3], [0, 5 * SECOND, begun]);
        assert_eq!(times[3..5], [begun + 5 * MINUTE, begun + 35 * MINUTE]);
        assert_eq!(times[5..], hours.map(|hour| begun + hour));
    }
}
