//! Delivery: the logs that are owed are sent, and what came of it is written back. One round trip reads a whole batch,
//! one writes it; between them all are sent at the same time.

use futures_util::{StreamExt, stream};

use super::{
    Due, Event, FAILURES, FAILURES_APART, Owed, PATIENCE, Shop, WARNING,
    dns::{self, Found},
    news::News,
    sign,
    sql::{self, Task},
    url,
};
use crate::{
    json::Value,
    shop::{
        job::Job,
        time::{self, HOUR, MINUTE, SECOND},
    },
    world::{Answer, Fault, LogLine, Outgoing, Row, Statement, WebFault},
};

/// A receiver has this long, in milliseconds.
const TIMEOUT: u32 = 15_000;
/// One that is expected to be quick has this long. Then it is asked again, and may take its time: in a queue where it keeps
/// none of the quick ones waiting. It sees the same webhook a second time, under the same id.
const QUICK: u32 = 4_000;
/// For so long an endpoint that wasn't quick is not expected to be.
const SLOW_FOR: i64 = 24 * HOUR;
/// A webhook waits so long, from its making on, for earlier ones of its subject to the same URL.
/// Less than the grace after which cron takes it up, or both would send it.
const HELD: i64 = 40 * SECOND;
/// So many are waited for at once (see `job`).
const AT_ONCE: usize = 6;
/// So much of its answer is kept.
const KEPT: usize = 20 << 10;

/// Time between two attempts: quick at first, for a receiver that was restarting, then over three days.
const SCHEDULE: [i64; 10] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR, 24 * HOUR];

/// A queue delays no message for longer.
const LONGEST_DELAY: i64 = 12 * HOUR;

/// Sends these logs (account, id) of one shard, those of them that are still owed and whose time has come. Logs of one
/// subject to one URL go one after the other; `slow` says whether they may take their time.
pub async fn deliver(shop: &Shop, shard: &str, slow: bool, logs: &[(i64, String)]) -> Result<(), Fault> {
    let db = shop.world.databases.shard(shard)?;
    // Beside them the endpoints of their accounts, which news of one of them concerns. Those are rare, but would be another trip.
    let mut accounts: Vec<i64> = logs.iter().map(|(account_id, _)| *account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let tasks = logs.iter().map(|(account_id, id)| sql::task_by_id(*account_id, id));
    let rows = db.rows(tasks.chain(accounts.iter().map(|account_id| sql::all(*account_id))).collect()).await?;
    let (tasks, endpoints) = rows.split_at_checked(logs.len()).unwrap_or_default();
    let tasks = tasks.iter().filter_map(|rows| rows.first());
    // One row that can't be read must not keep the others.
    let tasks = tasks.filter_map(|row| {
        sql::task(row)
            .map_err(|fault| shop.world.log.write(LogLine::error("webhook.log_unreadable").because(fault)))
            .ok()
    });
    let queues = queues(tasks.collect(), shop.now());
    let sent = stream::iter(queues.into_iter().map(|queue| in_turn(shop, queue, slow)));
    // What is written together, also when not all of it can be.
    let mut units: Vec<Vec<Statement>> = Vec::new();
    let mut news: Vec<News> = Vec::new();
    let mut next = Vec::new();
    let mut nudges = Vec::new();
    for turn in sent.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten() {
        let now = shop.now();
        let (task, wait) = match turn {
            Turn::Over(Attempted { task, end, late }) => {
                log_failure(shop, &task, end);
                let mut unit = vec![sql::finish(&task, now)];
                match health(&task, end, now) {
                    Some((statement, None)) => unit.push(statement),
                    Some((statement, Some(event))) => news.extend(News::of(&task, event, statement)),
                    None => {}
                }
                if late {
                    unit.extend(slowly(&task, now));
                }
                units.push(unit);
                if task.due_at.is_none() {
                    next.push((task.account_id, sql::behind(&task)));
                }
                let wait = task.log.next_retry_at.map(|at| (at - now, true));
                (task, wait)
            }
            Turn::Slow(task) => {
                units.extend(slowly(&task, now).map(|statement| vec![statement]));
                (task, Some((0, true)))
            }
            // Whatever it waits for may be over before, and then nudges it.
            Turn::Held(task) => {
                let left = task.log.created_at + HELD - now;
                (task, Some((left, slow)))
            }
        };
        if let Some((wait, slow)) = wait.filter(|(wait, _)| *wait <= LONGEST_DELAY) {
            let job = Job::Deliver { shard: shard.to_owned(), account_id: task.account_id, log_id: task.log.id, slow };
            // Rounded up: a nudge before its time is dropped.
            nudges.push((job, u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(0)));
        }
    }
    for (n, one) in news.iter().enumerate() {
        // Of several answers in one batch one is the news: the first, or the first that says "gone".
        let better = |(m, other): (usize, &News)| match (other.is_gone(), one.is_gone()) {
            (true, false) => one.is_of(other),
            (gone, also) => gone == also && m < n && one.is_of(other),
        };
        if news.iter().enumerate().any(better) {
            continue;
        }
        let its = accounts.iter().zip(endpoints).find(|(account_id, _)| **account_id == one.account_id);
        match one.owe(shop, its.map_or(&[], |(_, rows)| rows)) {
            Ok(Some(Owed { logs, statements })) => {
                units.push(statements);
                nudges.extend(logs.into_iter().map(|Due { log_id, slow }| {
                    (Job::Deliver { shard: shard.to_owned(), account_id: one.account_id, log_id, slow }, 0)
                }));
            }
            Ok(None) => {}
            Err(fault) => {
                shop.world.log.write(LogLine::warn("webhook.alert_postponed").account(one.account_id).because(fault))
            }
        }
    }
    let behind = next.iter().map(|(_, behind)| behind.clone());
    match db.commit(units.iter().flatten().cloned().chain(behind).collect()).await {
        Ok(rows) => {
            let behind = rows.iter().skip(rows.len().saturating_sub(next.len()));
            for ((account_id, _), rows) in next.iter().zip(behind) {
                let Some(log_id) = rows.first().map(Row::text).transpose()? else {
                    continue;
                };
                // One of this batch has had its turn. Any other has a nudge of its own on the way, if it wasn't held.
                if !logs.iter().any(|(_, id)| *id == log_id) {
                    nudges.push((Job::Deliver { shard: shard.to_owned(), account_id: *account_id, log_id, slow }, 1));
                }
            }
        }
        Err(_) => {
            // Whatever it was that the database refused, it must cost one log and not all of them.
            for unit in units {
                match db.commit(unit).await {
                    Ok(_) => {}
                    // Another batch had the same news of an endpoint, and has told them.
                    Err(no) if no.is_stale() => {}
                    // The webhook will be repeated.
                    Err(no) => {
                        shop.world.log.write(LogLine::warn("webhook.outcome_not_written").because(no.into_fault()))
                    }
                }
            }
        }
    }
    shop.nudge(nudges).await;
    Ok(())
}

/// Those that are to be sent now, by receiver and subject, in their order.
fn queues(tasks: Vec<Task>, now: i64) -> Vec<Vec<Task>> {
    let mut queues: Vec<Vec<Task>> = Vec::new();
    for task in tasks {
        // A nudge may come twice, or before a retry's time: then nothing is to be done.
        if task.due_at.is_none() || task.log.next_retry_at.is_some_and(|at| at > now + SECOND) {
            continue;
        }
        let same = |queue: &&mut Vec<Task>| {
            queue.first().is_some_and(|first| {
                (first.account_id, &first.subject_id, &first.log.url)
                    == (task.account_id, &task.subject_id, &task.log.url)
            })
        };
        match queues.iter_mut().find(same) {
            // A nudge may come twice at once, too.
            Some(queue) if queue.iter().any(|known| known.seq == task.seq) => {}
            Some(queue) => {
                let place = queue.iter().position(|known| known.seq > task.seq).unwrap_or(queue.len());
                queue.insert(place, task);
            }
            None => queues.push(vec![task]),
        }
    }
    queues
}

/// What became of a task.
enum Turn {
    Over(Attempted),
    /// Its receiver wasn't quick.
    Slow(Task),
    /// An earlier one of its subject is still on its way.
    Held(Task),
}

async fn in_turn(shop: &Shop, queue: Vec<Task>, slow: bool) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut over = 0;
    for task in queue {
        // What was asked for just now, a sample or a repetition, waits for nothing.
        let asked_for = task.log.simulated || task.log.replay_of.is_some();
        let first = task.log.retries == 0 && shop.now() < task.log.created_at + HELD;
        let waits = task.ahead > over && first && !asked_for;
        let turn = if waits { Turn::Held(task) } else { attempt(shop, task, slow).await };
        if !asked_for && matches!(turn, Turn::Over(Attempted { task: Task { due_at: None, .. }, .. })) {
            over += 1;
        }
        turns.push(turn);
    }
    turns
}

/// One line for each attempt that failed. The receiver's URL is the seller's, and may hold a secret: its log's id leads to it.
fn log_failure(shop: &Shop, task: &Task, end: End) {
    if !matches!(end, End::Failed | End::Gone) {
        return;
    }
    let line = LogLine::warn("webhook.delivery_failed").account(task.account_id).with("log_id", task.log.id.as_str());
    let line = match &task.endpoint_id {
        Some(id) => line.with("endpoint_id", id.as_str()),
        None => line,
    };
    let line = line.with("status", task.log.response_code).with("retries", i64::from(task.log.retries));
    shop.world.log.write(match &task.log.error {
        Some(reason) => line.because(reason),
        None => line,
    });
}

struct Attempted {
    task: Task,
    end: End,
    /// It was answered, but took so long over it that it had better not be among the quick.
    late: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Delivered,
    Failed,
    /// The receiver said 410: it wants no more.
    Gone,
    /// It was not made, for reasons of ours.
    NotMade,
}

/// What an attempt says of its endpoint, if that is news; and whether it is news for others, too.
fn health(task: &Task, end: End, now: i64) -> Option<(Statement, Option<Event>)> {
    let id = task.endpoint_id.as_deref()?;
    let (account_id, url) = (task.account_id, task.log.url.as_str());
    match end {
        End::Delivered => task.failed_at.map(|_| (sql::recovered(account_id, id, url), None)),
        End::Failed if task.failed_at.is_none_or(|at| at <= now - FAILURES_APART) => {
            let failures = task.failures + 1;
            let event = match task.failing_since {
                Some(since) if since <= now - PATIENCE && failures >= FAILURES => Some(Event::EndpointDisabled),
                // Half a day of failures is no accident any more, and four and a half are left to mend it.
                _ => (failures == WARNING).then_some(Event::EndpointFailing),
            };
            Some((sql::failed(account_id, id, url, now), event))
        }
        End::Gone => Some((sql::disable(account_id, id, url, now), Some(Event::EndpointDisabled))),
        End::Failed | End::NotMade => None,
    }
}

/// From now on its endpoint is not expected to be quick, for a while.
fn slowly(task: &Task, now: i64) -> Option<Statement> {
    task.endpoint_id.as_deref().map(|id| sql::slow(task.account_id, id, &task.log.url, now + SLOW_FOR))
}

async fn attempt(shop: &Shop, mut task: Task, slow: bool) -> Turn {
    if !task.wanted {
        // The endpoint was deleted or disabled meanwhile.
        task.log.error = Some("endpoint_disabled".into());
        task.log.next_retry_at = None;
        task.due_at = None;
        return Turn::Over(Attempted { task, end: End::NotMade, late: false });
    }
    let secrets = match task.secrets.open(shop, task.account_id, shop.now()) {
        Ok(secrets) => secrets,
        Err(fault) => {
            let line = LogLine::error("webhook.secret_unreadable").account(task.account_id);
            shop.world.log.write(line.because(fault));
            return Turn::Over(Attempted { end: End::NotMade, ..failed(shop, task, "secret") });
        }
    };
    if let Err(reason) = may_go(shop, &task.log.url).await {
        return Turn::Over(failed(shop, task, reason));
    }
    let (body, now) = (sign::body(&task.log.payload), shop.now());
    let headers = sign::headers(&shop.world.settings.brand, &secrets, &task.log, task.seq, &body, now / SECOND);
    let timeout = if slow { TIMEOUT } else { QUICK };
    let request = Outgoing {
        method: "POST",
        url: task.log.url.clone(),
        headers,
        body: Some(body.into_bytes()),
        timeout,
        limit: KEPT,
    };
    match shop.world.web.fetch(request).await {
        Ok(answer) => {
            // A status at once and then a body that trickles takes as long as no answer.
            let late = !slow && shop.now() - now >= i64::from(timeout) * 3 / 4;
            Turn::Over(Attempted { late, ..answered(shop, task, answer) })
        }
        Err(WebFault::Timeout) if !slow => Turn::Slow(task),
        Err(fault) => Turn::Over(failed(shop, task, fault.word())),
    }
}

/// Whether it may be sent there, by what stands in the URL and by what its name leads to.
async fn may_go(shop: &Shop, url: &str) -> Result<(), &'static str> {
    let settings = &shop.world.settings;
    let url = url::callable(url, settings).map_err(|_| "forbidden_url")?;
    match url.name() {
        Some(name) if !settings.allow_insecure_urls => match dns::find(shop, name).await {
            Found::Private => Err("forbidden_url"),
            Found::Nothing => Err("dns"),
            Found::Public | Found::Unknown => Ok(()),
        },
        _ => Ok(()),
    }
}

fn answered(shop: &Shop, mut task: Task, answer: Answer) -> Attempted {
    let headers = answer.headers.iter().take(50).map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    task.log.response_code = answer.status.into();
    task.log.response = Some(String::from_utf8_lossy(&answer.body).into_owned());
    task.log.response_headers = Some(Value::Object(headers).to_text());
    // The status decides whether it arrived; this only says why not all of the answer is here.
    task.log.error = match answer.truncated {
        true if answer.body.len() >= KEPT => Some("too_large".into()),
        true => Some("incomplete".into()),
        false => None,
    };
    let end = match answer.status {
        200..300 => End::Delivered,
        410 => End::Gone,
        _ => End::Failed,
    };
    if end == End::Failed {
        retry_later(shop, &mut task, retry_after(&answer, shop.now()));
    } else {
        task.log.next_retry_at = None;
        task.due_at = None;
    }
    Attempted { task, end, late: false }
}

fn failed(shop: &Shop, mut task: Task, reason: &str) -> Attempted {
    task.log.response_code = 0;
    task.log.response = None;
    task.log.response_headers = None;
    task.log.error = Some(reason.to_owned());
    retry_later(shop, &mut task, None);
    Attempted { task, end: End::Failed, late: false }
}

/// What a receiver that is too busy asks for, in milliseconds.
fn retry_after(answer: &Answer, now: i64) -> Option<i64> {
    let text = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let text = text.1.trim();
    // Seconds or a date (RFC 9110, 10.2.3).
    let wait = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND),
        Err(_) => time::http_date(text)? - now,
    };
    Some(wait.clamp(0, 24 * HOUR))
}

fn retry_later(shop: &Shop, task: &mut Task, asked: Option<i64>) {
    let step = usize::try_from(task.log.retries).ok().and_then(|n| SCHEDULE.get(n));
    let (Some(step), true) = (step, task.log.retries < task.log.retry_limit) else {
        task.log.next_retry_at = None;
        task.due_at = None;
        return;
    };
    task.log.retries += 1;
    // ±20 %, so that what failed together doesn't come back together.
    let jitter = i64::from(u16::from_le_bytes(shop.random())) * 400 / 65_536 - 200;
    let wait = (step + step * jitter / 1_000).max(asked.unwrap_or(0));
    let at = shop.now() + wait;
    task.log.next_retry_at = Some(at);
    // Its nudge comes at that time; cron only when the nudge was lost, or can't wait so long.
    task.due_at = Some(if wait <= LONGEST_DELAY { at + MINUTE } else { at });
}
