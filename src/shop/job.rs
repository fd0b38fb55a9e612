//! Queue messages. Each names a row, and the row says whether anything is still to be done.

use futures_util::{StreamExt, future::join_all, stream};

use super::{
    Shop,
    account::Account,
    gateway::rates,
    order::{self, hear, watch},
    retention,
    time::MINUTE,
    webhook::{
        self,
        deliver::{self, Pace},
        prune, receiver,
    },
};
use crate::{
    json::{self, Value},
    platform::{CommitError, Fault, LogLine, QueueName, Row, first_answers, last_answers},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Send the webhook of this log. `slow`: its receiver failed before, or may take its time.
    Deliver { shard: String, account_id: i64, log_id: String, slow: bool },
    /// Look at the chain for this order. Of several chains of looks only the one with the order's own turn lives on.
    Look { shard: String, account_id: i64, order_id: String, turn: i64 },
    /// Hear what a gateway has told: its notice with this id.
    Hear { shard: String, account_id: i64, gateway: String, id: String },
}

impl Job {
    /// A receiver that answers late must keep no look waiting, and no other receiver; nor must looks and notices wait for each
    /// other.
    pub fn lane(&self) -> QueueName {
        match self {
            Job::Look { .. } => QueueName::PaymentSync,
            Job::Hear { .. } => QueueName::Notices,
            Job::Deliver { slow: false, .. } => QueueName::Deliveries,
            Job::Deliver { slow: true, .. } => QueueName::Retries,
        }
    }

    /// `[word, shard, account, id, turn or whether it is a retry or gateway]`
    pub fn to_text(&self) -> String {
        match self {
            Job::Deliver { shard, account_id, log_id, slow } => {
                json::to_text(&("deliver", shard, account_id, log_id, u8::from(*slow)))
            }
            Job::Look { shard, account_id, order_id, turn } => {
                json::to_text(&("look", shard, account_id, order_id, turn))
            }
            Job::Hear { shard, account_id, gateway, id } => json::to_text(&("hear", shard, account_id, id, gateway)),
        }
    }

    /// `None` for a text that no version of this program wrote.
    pub fn from_text(text: &str) -> Option<Job> {
        let (word, shard, account_id, id, last): (String, String, i64, String, Value) = json::from_text(text)?;
        match word.as_str() {
            "deliver" => Some(Job::Deliver { shard, account_id, log_id: id, slow: last.as_i64()? == 1 }),
            "look" => Some(Job::Look { shard, account_id, order_id: id, turn: last.as_i64()? }),
            "hear" => Some(Job::Hear { shard, account_id, gateway: last.as_str()?.to_owned(), id }),
            _ => None,
        }
    }
}

/// The platform lets six requests of one invocation wait for their answers; a seventh would stand in line while its
/// time runs. A look asks up to two servers, one after the other.
const LOOKS_AT_ONCE: usize = 6;

/// Does the jobs of one queue batch, several at the same time. Answers for each whether it is done; what isn't will be
/// repeated, by the queue or by cron.
pub async fn work(shop: &Shop, jobs: &[Job]) -> Vec<bool> {
    let mut batches: Vec<(&str, bool, Vec<usize>)> = Vec::new();
    let mut looks = Vec::new();
    for (n, job) in jobs.iter().enumerate() {
        match job {
            Job::Deliver { shard, slow, .. } => {
                match batches.iter_mut().find(|(known, pace, _)| known == shard && pace == slow) {
                    Some((.., numbers)) => numbers.push(n),
                    None => batches.push((shard, *slow, vec![n])),
                }
            }
            job => looks.push(async move { (vec![n], look_or_hear(shop, job).await) }),
        }
    }
    // A queue's batch holds one kind, of one pace; and of one shard, as long as there is one.
    let mut results: Vec<_> = stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE).collect().await;
    for (shard, slow, numbers) in batches {
        let logs: Vec<_> = numbers
            .iter()
            .filter_map(|n| match jobs.get(*n) {
                Some(Job::Deliver { account_id, log_id, .. }) => Some((*account_id, log_id.clone())),
                _ => None,
            })
            .collect();
        let pace = if slow { Pace::Patient } else { Pace::Quick };
        results.push((numbers, deliver::deliver(shop, shard, pace, &logs).await));
    }
    let mut done = vec![true; jobs.len()];
    for (numbers, result) in results {
        if let Err(fault) = result {
            shop.platform.log.write(LogLine::warn("queue.job_failed").because(fault));
            for n in numbers {
                if let Some(done) = done.get_mut(n) {
                    *done = false;
                }
            }
        }
    }
    done
}

async fn look_or_hear(shop: &Shop, job: &Job) -> Result<(), Fault> {
    match job {
        // Which chain is looked at, the order says.
        Job::Look { shard, account_id, order_id, turn } => {
            watch::turn(shop, &Account::acting(*account_id, shard, false), order_id, *turn).await
        }
        Job::Hear { shard, account_id, gateway, id } => {
            hear::hear(shop, &Account::acting(*account_id, shard, false), gateway, id).await
        }
        Job::Deliver { .. } => Ok(()),
    }
}

/// So many rows are taken up by one commit of the sweep, and so many commits are made a minute.
const SWEEP: u32 = 100;
const ROUNDS: usize = 20;

/// Cron's part, each minute: whatever is owed and was not taken up by its nudge is nudged again, what is old goes, and rates
/// stay fresh. All shards at the same time: none waits for another, and the trouble of one is its own.
pub async fn sweep(shop: &Shop) -> Result<(), Fault> {
    let shards = shop.platform.databases.shards();
    let swept = join_all(shards.iter().map(|shard| sweep_shard(shop, shard))).await;
    // Last: nothing that is owed waits for a source that is slow.
    rates::keep_fresh(shop).await;
    let mut first = Ok(());
    for (shard, result) in shards.iter().zip(swept) {
        if let Err(fault) = result {
            shop.platform.log.write(LogLine::error("sweep.shard_failed").with("shard", shard.as_str()).because(&fault));
            first = first.and(Err(Fault(format!("shard {shard}: {fault}"))));
        }
    }
    first
}

async fn sweep_shard(shop: &Shop, shard: &str) -> Result<(), Fault> {
    let db = shop.platform.databases.shard(shard)?;
    let mut old_logs = Vec::new();
    for _ in 0..ROUNDS {
        let now = shop.now();
        // Taken up means: not again for a while, should this nudge be lost as well.
        let until = now + 5 * MINUTE;
        let [forget, probe, rearm] = receiver::sweep(now, until);
        let owed = [
            webhook::task::take_due(now, until, SWEEP),
            order::sql::take_lapsed(now, until - now, SWEEP),
            hear::take_due(now, until, SWEEP),
            // Others may stand behind what is put off.
            webhook::task::put_off(now),
            forget,
            probe,
            rearm,
        ];
        let statements = owed.into_iter().chain(retention::statements(shop, now)).collect();
        let answers = db.commit(statements).await.map_err(CommitError::into_fault)?;
        let (owed, gone) = first_answers(answers)?;
        let gone = retention::read(last_answers(gone)?)?;
        old_logs = gone.accounts;
        let more_owed = nudge_again(shop, shard, owed).await?;
        if !more_owed && !gone.more {
            break;
        }
    }
    prune::prune(shop, db.as_ref(), old_logs).await
}

/// Nudges what was taken up. Answers whether more may be owed than one commit takes.
async fn nudge_again(shop: &Shop, shard: &str, owed: [Vec<Row>; 7]) -> Result<bool, Fault> {
    let [logs, orders, notices, _, _, probes, _] = &owed;
    let mut messages = Vec::new();
    for row in logs.iter().chain(probes) {
        let (account_id, log_id) = row.read(|row| Ok((row.int(), row.text())))?;
        messages.push((Job::Deliver { shard: shard.to_owned(), account_id, log_id, slow: true }, 0));
    }
    for row in orders {
        let (account_id, order_id, turn, lease) =
            row.read(|row| Ok((row.int(), row.text(), row.int(), row.maybe_int())))?;
        if lease.is_none() {
            let line = LogLine::error("order.sync_given_up").account(account_id).order(&order_id);
            shop.platform.log.write(line.because("no look at it came to an end for two weeks"));
            continue;
        }
        messages.push((Job::Look { shard: shard.to_owned(), account_id, order_id, turn }, 0));
    }
    for row in notices {
        let (account_id, gateway, id) = row.read(|row| Ok((row.int(), row.text(), row.text())))?;
        messages.push((Job::Hear { shard: shard.to_owned(), account_id, gateway, id }, 0));
    }
    shop.enqueue(messages).await;
    Ok(owed.iter().any(|rows| rows.len() >= SWEEP as usize))
}

#[cfg(test)]
mod tests {
    use super::Job;

    #[test]
    fn a_job_survives_the_queue() {
        let job = Job::Look { shard: "DB".into(), account_id: 7, order_id: "o".into(), turn: 3 };
        assert_eq!(Job::from_text(&job.to_text()), Some(job));
        assert_eq!(Job::from_text("[]"), None);
        assert_eq!(Job::from_text(r#"["dance","DB",1,"x",0]"#), None);
    }
}
