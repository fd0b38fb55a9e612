//! Delivery: the logs that are owed are sent, and what came of it is written back. One round trip reads a whole batch,
//! one writes it; between them all are sent at the same time.

use futures_util::{StreamExt, stream};

use super::{
    App, DISABLE_AFTER, Due, Event, FAILURES, FAILURES_APART, Outbox, WARNING,
    board::{self, Board, Verdict},
    delivery_order::turns,
    endpoint_alert::EndpointAlert,
    receiver,
    retry_schedule::{Attempted, End, MAX_DELAY, Opened, attempt, given_up},
    sql,
    task::{self, Task},
};
use crate::{
    platform::{Fault, LogLine, Row, Statement, first_answers},
    shop::{job::Job, time::SECOND},
};

/// A webhook waits so long, from its making on, for earlier ones of its subject to the same receiver.
/// Less than the grace after which cron takes it up, or both would send it.
const HELD: i64 = 40 * SECOND;
/// So many are waited for at once (see `job`).
const AT_ONCE: usize = 6;
/// Nothing is begun later than this after a batch of quick ones began, in milliseconds: an attempt takes four seconds, and when
/// `HELD` is over others take up what waits. DELIVERY_BATCH is 50 at most, so that nine rounds of silent receivers fit in.
const LAST_BEGINNING: i64 = HELD - 4 * SECOND;
/// Receivers of one account whose logs a batch moves to the other queue by messages. Those of further ones wait for the sweep.
const MAX_MOVED: usize = 3;

/// How long a batch's receivers may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// They are expected to be quick.
    Quick,
    Patient,
    /// The seller waits for the answer: it is sent whatever is known of the receiver.
    Now,
}

/// Sends these logs (account, id) of one shard, those of them that are still owed and whose time has come. Logs of one
/// subject to one receiver go one after the other. `began`: when the invocation did, which may have logs of other shards, too.
pub async fn deliver(app: &App, shard: &str, pace: Pace, began: i64, logs: &[(i64, String)]) -> Result<(), Fault> {
    let db = app.platform.databases.shard(shard)?;
    // Beside them the endpoints of their accounts, which news of one of them concerns. Those are rare, but would be another trip.
    let mut accounts: Vec<i64> = logs.iter().map(|(account_id, _)| *account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut statements = vec![task::tasks(logs), receiver::crowded(&accounts, app.now())];
    statements.extend(accounts.iter().map(|account_id| sql::all(*account_id)));
    let ([tasks, crowded], endpoints) = first_answers(db.rows(statements).await?)?;
    let crowded = crowded.iter().map(Row::int).collect::<Result<Vec<_>, _>>()?;
    // One row that can't be read must not keep the others.
    let tasks = tasks.iter().filter_map(|row| {
        task::task(row)
            .map_err(|fault| app.platform.log.write(LogLine::error("webhook.log_unreadable").because(fault)))
            .ok()
    });
    let batch = Batch { app, pace, began, crowded: &crowded, board: Board::default(), secrets: Opened::default() };
    let mut sent: Vec<Turn> = Vec::new();
    for round in turns(tasks.collect(), app.now()) {
        let round = round.into_iter().map(|turn| batch.in_turn(turn));
        sent.extend(stream::iter(round).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten());
    }
    let now = app.now();
    // What is written together, also when not all of it can be. What is known of receivers goes first: a held log relies on it.
    let mut units: Vec<Vec<Statement>> = batch.board.changes(now).into_iter().map(|change| vec![change]).collect();
    let mut news: Vec<EndpointAlert> = Vec::new();
    // Written and asked together: a batch's cost goes more with its statements than with its rows.
    let (mut outcomes, mut behind) = (Vec::new(), Vec::new());
    let mut messages = Vec::new();
    let mut moved: Vec<(i64, String)> = Vec::new();
    for turn in sent {
        let (task, wait) = match turn {
            Turn::Over(Attempted { task, end, .. }) => {
                log_failure(app, &task, end);
                outcomes.push(task::outcome(&task, now));
                match health(&task, end, now) {
                    Some((statement, None)) => units.push(vec![statement]),
                    Some((statement, Some(event))) => news.extend(EndpointAlert::of(&task, event, statement)),
                    None => {}
                }
                if task.due_at.is_none() {
                    behind.push(task::place(&task));
                }
                let wait = task.log.next_retry_at.map(|at| (at - now, true));
                (task, wait)
            }
            Turn::Moved(task) => {
                let receiver = (task.account_id, task.receiver_key().to_owned());
                let of_account = moved.iter().filter(|(account_id, _)| *account_id == task.account_id).count();
                let known = moved.contains(&receiver);
                if crowded.contains(&task.account_id) || (!known && of_account >= MAX_MOVED) {
                    units.push(vec![task::wait_for_sweep(&task, now)]);
                    continue;
                }
                if !known {
                    moved.push(receiver);
                }
                (task, Some((0, true)))
            }
            // Whatever it waits for may be over before, and then sends messages for it.
            Turn::Held(task) => {
                let left = task.log.created_at + HELD - now;
                (task, Some((left, pace != Pace::Quick)))
            }
            Turn::Circuit(task, until) => {
                units.push(vec![board::hold(&task, until, now)]);
                continue;
            }
            Turn::Deferred(task) => {
                units.push(vec![task::wait_for_sweep(&task, now)]);
                continue;
            }
        };
        let Some((wait, slow)) = wait.filter(|(wait, _)| *wait <= MAX_DELAY) else {
            continue;
        };
        if slow && crowded.contains(&task.account_id) {
            units.push(vec![task::wait_for_sweep(&task, now + wait)]);
            continue;
        }
        let job = Job::Deliver { shard: shard.to_owned(), account_id: task.account_id, log_id: task.log.id, slow };
        // Rounded up: a nudge before its time is dropped.
        messages.push((job, u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(0)));
    }
    // Statements that answer accounts and ids of logs to be sent next, each with the pace of these.
    let mut next: Vec<(Statement, Pace)> = Vec::new();
    if !behind.is_empty() {
        next.push((task::behind(&behind), pace));
    }
    next.extend(
        batch.board.releases(now, now + super::PICKUP_DELAY).into_iter().map(|released| (released, Pace::Patient)),
    );
    for (n, one) in news.iter().enumerate() {
        // Of several answers in one batch one is the news: the first, or the first that says "gone".
        let better = |(m, other): (usize, &EndpointAlert)| match (other.is_gone(), one.is_gone()) {
            (true, false) => one.is_of(other),
            (gone, also) => gone == also && m < n && one.is_of(other),
        };
        if news.iter().enumerate().any(better) {
            continue;
        }
        let its = accounts.iter().zip(&endpoints).find(|(account_id, _)| **account_id == one.account_id);
        match one.outbox_entries(app, its.map_or(&[], |(_, rows)| rows)) {
            Ok(Some(Outbox { logs, statements })) => {
                units.push(statements);
                messages.extend(logs.into_iter().map(|Due { log_id, slow }| {
                    (Job::Deliver { shard: shard.to_owned(), account_id: one.account_id, log_id, slow }, 0)
                }));
            }
            Ok(None) => {}
            Err(fault) => {
                app.platform.log.write(LogLine::warn("webhook.alert_postponed").account(one.account_id).because(fault))
            }
        }
    }
    let finished = outcomes.chunks(task::OUTCOMES).map(task::finish);
    let answering = next.iter().map(|(statement, _)| statement.clone());
    match db.commit(units.iter().flatten().cloned().chain(finished).chain(answering).collect()).await {
        Ok(rows) => {
            let answers = rows.iter().skip(rows.len().saturating_sub(next.len()));
            for ((_, pace), rows) in next.iter().zip(answers) {
                for row in rows {
                    let (account_id, log_id) = row.read(|row| Ok((row.int(), row.text())))?;
                    // One of this batch has had its turn. Any other has a nudge of its own on the way, if it wasn't held.
                    if !logs.iter().any(|(_, id)| *id == log_id) {
                        let slow = *pace != Pace::Quick;
                        messages.push((Job::Deliver { shard: shard.to_owned(), account_id, log_id, slow }, 1));
                    }
                }
            }
        }
        Err(_) => {
            // Whatever it was that the database refused, it must cost one log and not all of them.
            let finished = outcomes.iter().map(|outcome| vec![task::finish(std::slice::from_ref(outcome))]);
            for unit in units.into_iter().chain(finished) {
                match db.commit(unit).await {
                    Ok(_) => {}
                    // Another batch had the same news of an endpoint, and has told them.
                    Err(no) if no.is_stale() => {}
                    // The webhook will be repeated.
                    Err(no) => {
                        app.platform.log.write(LogLine::warn("webhook.outcome_not_written").because(no.into_fault()))
                    }
                }
            }
        }
    }
    app.enqueue(messages).await;
    Ok(())
}

/// What became of a task.
enum Turn {
    Over(Attempted),
    /// Its receiver isn't quick.
    Moved(Task),
    /// An earlier one of its subject is still on its way.
    Held(Task),
    /// Its receiver's circuit is open until then.
    Circuit(Task, i64),
    /// Too much of its account's is slow.
    Deferred(Task),
}

/// What all of a batch share.
struct Batch<'a> {
    app: &'a App,
    pace: Pace,
    began: i64,
    /// Accounts with many failing receivers.
    crowded: &'a [i64],
    board: Board,
    secrets: Opened,
}

impl Batch<'_> {
    /// Sends logs that go one after the other.
    async fn in_turn(&self, tasks: Vec<Task>) -> Vec<Turn> {
        let mut turns = Vec::new();
        // Subjects of those that are over.
        let mut over: Vec<String> = Vec::new();
        for task in tasks {
            let now = self.app.now();
            // What was asked for just now, a sample or a repetition, waits for nothing before it.
            let asked_for = task.log.simulated || task.log.replay_of.is_some();
            let first = task.log.retries == 0 && now < task.log.created_at + HELD;
            let before = over.iter().filter(|subject| **subject == task.subject_id).count();
            let waits = task.ahead as usize > before && first && !asked_for;
            let verdict = match self.pace {
                Pace::Now => Verdict::Attempt,
                Pace::Quick if now > self.began + LAST_BEGINNING => Verdict::Move,
                Pace::Quick | Pace::Patient => {
                    let crowded = self.crowded.contains(&task.account_id);
                    self.board.verdict(&task, self.pace == Pace::Quick, crowded, now)
                }
            };
            let turn = match verdict {
                // The endpoint was deleted or disabled meanwhile.
                _ if !task.wanted || self.board.is_gone(&task) => Turn::Over(given_up(task, "endpoint_disabled")),
                Verdict::Hold(_) if now >= task.log.created_at + receiver::HELD_FOR => {
                    Turn::Over(given_up(task, "receiver_down"))
                }
                Verdict::Hold(until) => Turn::Circuit(task, until),
                Verdict::Move => Turn::Moved(task),
                Verdict::Defer => Turn::Deferred(task),
                Verdict::Attempt if waits => Turn::Held(task),
                Verdict::Attempt => {
                    let quick = self.pace == Pace::Quick;
                    self.attempted(attempt(self.app, &self.secrets, task, quick).await)
                }
            };
            if let Turn::Over(Attempted { task, .. }) = &turn
                && task.due_at.is_none()
                && !asked_for
            {
                over.push(task.subject_id.clone());
            }
            turns.push(turn);
        }
        turns
    }

    /// What an attempt says of its receiver.
    fn attempted(&self, attempted: Attempted) -> Turn {
        let Attempted { task, end, late } = &attempted;
        let (board, now) = (&self.board, self.app.now());
        match end {
            End::Delivered => board.delivered(task),
            End::Failed => board.failed(task, task.log.error.as_deref() == Some("timeout"), now),
            End::Gone => board.gone(task),
            End::NotMade | End::NotQuick => {}
        }
        if *late {
            board.slow(task, *end == End::NotQuick, now);
        }
        match end {
            End::NotQuick => Turn::Moved(attempted.task),
            _ => Turn::Over(attempted),
        }
    }
}

/// One line for each attempt that failed. The receiver's URL is the seller's, and may hold a secret: its log's id leads to it.
fn log_failure(app: &App, task: &Task, end: End) {
    if !matches!(end, End::Failed | End::Gone) {
        return;
    }
    let line = LogLine::warn("webhook.delivery_failed").account(task.account_id).with("log_id", task.log.id.as_str());
    let line = match &task.endpoint_id {
        Some(id) => line.with("endpoint_id", id.as_str()),
        None => line,
    };
    let line = line.with("status", task.log.response_code).with("retries", i64::from(task.log.retries));
    app.platform.log.write(match &task.log.error {
        Some(reason) => line.because(reason),
        None => line,
    });
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
                Some(since) if since <= now - DISABLE_AFTER && failures >= FAILURES => Some(Event::EndpointDisabled),
                // Half a day of failures is no accident any more, and four and a half are left to mend it.
                _ => (failures == WARNING).then_some(Event::EndpointFailing),
            };
            Some((sql::failed(account_id, id, url, now), event))
        }
        End::Gone => Some((sql::disable(account_id, id, url, now), Some(Event::EndpointDisabled))),
        End::Failed | End::NotMade | End::NotQuick => None,
    }
}
