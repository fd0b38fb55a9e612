//! Cron's sweep: finds what is owed and what no message reached, and takes away what is old.

use futures_util::future::join_all;

use super::{
    App,
    gateway::exchange_rates,
    job::Job,
    mailer, oauth,
    order::{self, dynamic, notification, restock},
    retention,
    stock::expired,
    time::MINUTE,
    upload,
    webhook::{self, prune, receiver},
};
use crate::platform::{CommitError, Fault, LogLine, Row, first_answers, last_answers};

/// So many rows are taken up by one commit of the sweep, and so many commits are made a minute.
const SWEEP: u32 = 100;
const ROUNDS: usize = 20;

/// Cron's part, each minute: whatever is owed and was not taken up by its nudge is nudged again, what is old goes, and rates
/// stay fresh. All shards at the same time: none waits for another, and the trouble of one is its own.
pub async fn sweep(app: &App) -> Result<(), Fault> {
    let shards = app.platform.databases.shards();
    let swept = join_all(shards.iter().map(|shard| sweep_shard(app, shard))).await;
    // Last: nothing that is owed waits for a source that is slow.
    exchange_rates::keep_fresh(app).await;
    let mut first = Ok(());
    for (shard, result) in shards.iter().zip(swept) {
        if let Err(fault) = result {
            app.platform.log.write(LogLine::error("sweep.shard_failed").with("shard", shard.as_str()).because(&fault));
            first = first.and(Err(Fault(format!("shard {shard}: {fault}"))));
        }
    }
    first
}

async fn sweep_shard(app: &App, shard: &str) -> Result<(), Fault> {
    let db = app.platform.databases.shard(shard)?;
    let mut old_logs = Vec::new();
    for _ in 0..ROUNDS {
        let now = app.now();
        // Taken up means: not again for a while, should this nudge be lost as well.
        let until = now + 5 * MINUTE;
        let [forget, probe, rearm] = receiver::sweep(now, until);
        let owed = [
            webhook::task::take_due(now, until, SWEEP),
            order::lease::take_lapsed(now, until - now, SWEEP),
            notification::take_due(now, until, SWEEP),
            // Others may stand behind what is put off.
            webhook::task::put_off(now),
            forget,
            probe,
            rearm,
            dynamic::take_due(now, until, SWEEP),
            mailer::sql::take_due(now, until, SWEEP),
            // What holds give back may be what is waited for.
            expired::take_expired(now, SWEEP),
            restock::take_restocked(now, until, SWEEP),
        ];
        let statements = owed.into_iter().chain(retention::statements(app, now)).collect();
        let (owed, gone) = first_answers(db.commit(statements).await.map_err(CommitError::into_fault)?)?;
        let gone = retention::read(last_answers(gone)?)?;
        old_logs = gone.accounts;
        upload::delete_unnamed(app, db.as_ref(), &gone.objects).await?;
        oauth::tell_ends(app, &gone.untold).await?;
        let more_owed = nudge_again(app, shard, owed).await?;
        if !more_owed && !gone.more {
            break;
        }
    }
    prune::prune(app, db.as_ref(), old_logs).await
}

/// Nudges what was taken up. Answers whether more may be owed than one commit takes.
async fn nudge_again(app: &App, shard: &str, owed: [Vec<Row>; 11]) -> Result<bool, Fault> {
    let [logs, orders, notifications, _, _, probes, _, deliveries, mails, _, products] = &owed;
    let mut messages = Vec::new();
    for row in logs.iter().chain(probes) {
        let (account_id, log_id) = row.read(|row| Ok((row.int(), row.text())))?;
        messages.push((Job::Deliver { shard: shard.to_owned(), account_id, log_id, slow: true }, 0));
    }
    for row in orders {
        let (account_id, order_id, generation, lease) =
            row.read(|row| Ok((row.int(), row.text(), row.int(), row.maybe_int())))?;
        if lease.is_none() {
            let line = LogLine::error("order.sync_given_up").account(account_id).order(&order_id);
            app.platform.log.write(line.because("no sync of it came to an end for two weeks"));
            continue;
        }
        messages.push((Job::Sync { shard: shard.to_owned(), account_id, order_id, generation }, 0));
    }
    for row in notifications {
        let (account_id, gateway, id) = row.read(|row| Ok((row.int(), row.text(), row.text())))?;
        messages.push((Job::Process { shard: shard.to_owned(), account_id, gateway, id }, 0));
    }
    for row in deliveries {
        let (account_id, order_id) = row.read(|row| Ok((row.int(), row.text())))?;
        messages.push((Job::Prepare { shard: shard.to_owned(), account_id, order_id }, 0));
    }
    for row in mails {
        let (account_id, id) = row.read(|row| Ok((row.int(), row.text())))?;
        messages.push((Job::Mail { shard: shard.to_owned(), account_id, id }, 0));
    }
    for row in products {
        let (account_id, product_id) = row.read(|row| Ok((row.int(), row.text())))?;
        messages.push((Job::Restock { shard: shard.to_owned(), account_id, product_id }, 0));
    }
    app.enqueue(messages).await;
    Ok(owed.iter().any(|rows| rows.len() >= SWEEP as usize))
}
