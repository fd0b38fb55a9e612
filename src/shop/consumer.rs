//! The queue consumer: does the jobs of one batch.

use futures_util::{StreamExt, stream};

use super::{
    App,
    account::Account,
    job::Job,
    mailer,
    order::{dynamic, notification, restock, sync},
    webhook::deliver::{self, Pace},
};
use crate::platform::{Fault, LogLine};

/// The platform lets six requests of one invocation wait for their answers; a seventh would stand in line while its
/// time runs. A sync asks up to two servers, one after the other.
const SYNCS_AT_ONCE: usize = 6;

/// Does the jobs of one queue batch, several at the same time. Answers for each whether it is done; what isn't will be
/// repeated, by the queue or by cron.
pub async fn work(app: &App, jobs: &[Job]) -> Vec<bool> {
    let began = app.now();
    let mut batches: Vec<(&str, bool, Vec<usize>)> = Vec::new();
    let mut syncs = Vec::new();
    for (n, job) in jobs.iter().enumerate() {
        match job {
            Job::Deliver { shard, slow, .. } => {
                match batches.iter_mut().find(|(known, pace, _)| known == shard && pace == slow) {
                    Some((.., numbers)) => numbers.push(n),
                    None => batches.push((shard, *slow, vec![n])),
                }
            }
            job => syncs.push(async move { (vec![n], do_alone(app, job).await) }),
        }
    }
    // A queue's batch holds one kind, of one pace; and of one shard, as long as there is one.
    let mut results: Vec<_> = stream::iter(syncs).buffer_unordered(SYNCS_AT_ONCE).collect().await;
    for (shard, slow, numbers) in batches {
        let logs: Vec<_> = numbers
            .iter()
            .filter_map(|n| match jobs.get(*n) {
                Some(Job::Deliver { account_id, log_id, .. }) => Some((*account_id, log_id.clone())),
                _ => None,
            })
            .collect();
        let pace = if slow { Pace::Patient } else { Pace::Quick };
        results.push((numbers, deliver::deliver(app, shard, pace, began, &logs).await));
    }
    let mut done = vec![true; jobs.len()];
    for (numbers, result) in results {
        if let Err(fault) = result {
            app.platform.log.write(LogLine::warn("queue.job_failed").because(fault));
            for n in numbers {
                if let Some(done) = done.get_mut(n) {
                    *done = false;
                }
            }
        }
    }
    done
}

async fn do_alone(app: &App, job: &Job) -> Result<(), Fault> {
    match job {
        // Which chain is looked at, the order says.
        Job::Sync { shard, account_id, order_id, generation } => {
            sync::run_scheduled(app, &Account::acting(*account_id, shard, false), order_id, *generation).await
        }
        Job::Process { shard, account_id, gateway, id } => {
            notification::process(app, &Account::acting(*account_id, shard, false), gateway, id).await
        }
        Job::Prepare { shard, account_id, order_id } => {
            dynamic::run(app, &Account::acting(*account_id, shard, false), order_id).await
        }
        Job::Restock { shard, account_id, product_id } => {
            restock::run(app, &Account::acting(*account_id, shard, false), product_id).await
        }
        Job::Mail { shard, account_id, id } => mailer::run(app, &Account::acting(*account_id, shard, false), id).await,
        Job::Deliver { .. } => Ok(()),
    }
}
