//! A change of an order: what it writes, in one commit with the webhooks that it owes, and what is
//! told afterwards.

use super::{
    Order, Status,
    history::{self, Actor, Cause},
    sql,
};
use crate::{
    platform::{Fault, LogLine, Statement},
    shop::{
        App,
        account::Account,
        job::Job,
        webhook::{self, Endpoint, Event},
    },
};

/// What becomes of an order.
pub struct Change {
    /// Its status before.
    pub from: Status,
    /// The order as it moves on, and what each move tells; never empty.
    pub steps: Vec<(Order, Vec<Event>)>,
    /// What was found out, to be written.
    pub facts: Vec<Statement>,
    /// Queue messages for after the commit, each with its delay in seconds.
    pub messages: Vec<(Job, u32)>,
    pub cause: Cause,
}

impl Change {
    /// The order in one step, which tells that it was updated.
    pub fn update(from: Status, order: Order, cause: Cause) -> Change {
        let steps = vec![(order, vec![Event::OrderUpdated])];
        Change { from, steps, facts: Vec::new(), messages: Vec::new(), cause }
    }

    /// What it writes and says. Nothing of it happens, as stale, when the order was changed since
    /// it was read.
    pub fn write(self, app: &App, account: &Account, endpoints: &[Endpoint]) -> Result<Written, Fault> {
        let Change { from, steps, facts, messages, cause } = self;
        let order = match steps.last() {
            Some((order, _)) => order.clone(),
            None => return Err(Fault("a change of an order has no step".into())),
        };
        let mut written = Written { statements: sql::update(&order).into(), order, messages, lines: Vec::new() };
        written.statements.extend(facts);
        let (mut before, mut logs) = (from, Vec::new());
        // What somebody did is noted even where no status moved. Of a gateway there is news all the
        // time.
        let always = cause.actor != Actor::Gateway;
        for (step, events) in &steps {
            if step.status != before || always {
                written.statements.push(history::note(step, before, &cause, app.now()));
                before = step.status;
            }
            let owed = webhook::outbox_entries(app, account.id, events, step, endpoints)?;
            written.lines.extend(step.log_line(events));
            written.statements.extend(owed.statements);
            logs.extend(owed.logs);
        }
        written.messages.extend(webhook::messages(account, &logs));
        written.order.revision += 1;
        Ok(written)
    }
}

/// A change that is ready to be committed.
pub struct Written {
    /// As it is once the statements are committed.
    pub order: Order,
    pub statements: Vec<Statement>,
    pub messages: Vec<(Job, u32)>,
    lines: Vec<LogLine>,
}

impl Written {
    /// Tells of it, once it is committed: the operator's log, the queues and the open pages.
    pub async fn tell(self, app: &App) -> Order {
        self.lines.into_iter().for_each(|line| app.platform.log.write(line));
        app.enqueue(self.messages).await;
        tell_pages(app, &self.order).await;
        self.order
    }
}

/// White-label payments have no page to tell.
pub async fn tell_pages(app: &App, order: &Order) {
    if order.has_page() {
        app.platform.live.changed(&order.id).await;
    }
}
