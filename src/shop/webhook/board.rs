//! What a batch of deliveries learns of its receivers while it is being sent, and what becomes of each task by that.

use std::{cell::RefCell, collections::BTreeMap};

use super::{
    receiver::{self, State},
    task::Task,
};
use crate::platform::Statement;

/// Receivers of one account that may time out in a batch. What the batch holds for further ones is not tried.
const MAX_TIMED_OUT: usize = 3;

/// What is to become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Attempt,
    /// Its receiver is slow or failing: it belongs into the other queue.
    Move,
    /// Its circuit is open until this time.
    Hold(i64),
    /// Too many of its account's receivers timed out: it waits for the sweep.
    Defer,
}

/// What a batch learns of its receivers while it is being sent.
#[derive(Default)]
pub struct Board(RefCell<BTreeMap<(i64, String), Learned>>);

#[derive(Clone, Copy, Default)]
struct Learned {
    before: State,
    state: State,
    delivered: bool,
    timed_out: bool,
    /// Logs wait for it.
    holds: bool,
    failed_or_slow: bool,
    /// It said 410.
    gone: bool,
}

impl Board {
    fn with<T>(&self, task: &Task, act: impl FnOnce(&mut Learned) -> T) -> T {
        let mut all = self.0.borrow_mut();
        act(all.entry((task.account_id, task.receiver_key().to_owned())).or_insert_with(|| Learned {
            before: task.receiver,
            state: task.receiver,
            holds: task.holds,
            ..Learned::default()
        }))
    }

    /// `quick`: the task is in the queue of those that are expected to be quick. `crowded`: its account is.
    pub fn verdict(&self, task: &Task, quick: bool, crowded: bool, now: i64) -> Verdict {
        let learned = self.with(task, |learned| *learned);
        let elsewhere = if quick { Verdict::Move } else { Verdict::Defer };
        match learned {
            Learned { delivered: true, failed_or_slow: false, .. } => Verdict::Attempt,
            Learned { state, .. } if state.is_open(now) => Verdict::Hold(state.open_until.unwrap_or(now)),
            Learned { state, .. } if quick && (state.is_slow(now) || learned.timed_out) => Verdict::Move,
            Learned { delivered: false, .. } if quick && crowded && task.is_new(now) => Verdict::Move,
            Learned { timed_out: false, delivered: false, .. } if self.timed_out(task.account_id) >= MAX_TIMED_OUT => {
                elsewhere
            }
            _ => Verdict::Attempt,
        }
    }

    fn timed_out(&self, account_id: i64) -> usize {
        let all = self.0.borrow();
        all.iter().filter(|((account, _), learned)| *account == account_id && learned.timed_out).count()
    }

    pub fn delivered(&self, task: &Task) {
        self.with(task, |learned| {
            learned.delivered = true;
            learned.state.delivered();
        });
    }

    pub fn failed(&self, task: &Task, timed_out: bool, now: i64) {
        self.with(task, |learned| {
            // Of several that were under way at once only the first opens the circuit.
            if !learned.state.is_open(now) {
                learned.state.failed(timed_out, now);
            }
            learned.timed_out |= timed_out;
            learned.failed_or_slow = true;
        });
    }

    pub fn gone(&self, task: &Task) {
        self.with(task, |learned| learned.gone = true);
    }

    /// Whether the task's endpoint was disabled by what its receiver said in this batch.
    pub fn is_gone(&self, task: &Task) -> bool {
        task.endpoint_id.is_some() && self.with(task, |learned| learned.gone)
    }

    /// It did not answer in the time of the quick, or took nearly all of it.
    pub fn slow(&self, task: &Task, timed_out: bool, now: i64) {
        self.with(task, |learned| {
            learned.state.slow(now);
            learned.timed_out |= timed_out;
            learned.failed_or_slow = true;
        });
    }

    /// What changed, to be written before anything that relies on it.
    pub fn changes(&self, now: i64) -> Vec<Statement> {
        let all = self.0.borrow();
        let changed =
            all.iter().filter(|(_, learned)| learned.state != learned.before || (learned.holds && learned.delivered));
        changed
            .map(|((account_id, url), learned)| receiver::write(*account_id, url, learned.state, learned.holds, now))
            .collect()
    }

    /// Held logs of receivers that are back: each statement answers accounts and ids, to be sent now.
    pub fn releases(&self, now: i64, due_at: i64) -> Vec<Statement> {
        let all = self.0.borrow();
        let back = all.iter().filter(|(_, learned)| learned.holds && learned.delivered && !learned.state.is_open(now));
        back.map(|((account_id, url), _)| receiver::release_some(*account_id, url, now, due_at)).collect()
    }
}

/// The log waits until a probe succeeds, unless the circuit was closed meanwhile: then cron takes it up in a minute.
pub fn hold(task: &Task, until: i64, now: i64) -> Statement {
    Statement::new(
        "UPDATE webhook_logs SET waits_for = ?3, due_at = ?4, next_retry_at = ?5
         WHERE account_id = ?1 AND id = ?2 AND due_at IS NOT NULL
           AND EXISTS (SELECT 1 FROM webhook_receivers WHERE account_id = ?1 AND url = ?3 AND open_until IS NOT NULL)",
        vec![
            task.account_id.into(),
            (&task.log.id).into(),
            task.receiver_key().into(),
            receiver::held_until(now).into(),
            until.into(),
        ],
    )
}
