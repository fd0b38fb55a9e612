//! A change of an order: what it writes, in one commit with the webhooks that it owes, and what is
//! told afterwards.

use super::{
    Delivery, Order, Status,
    history::{self, Action, Actor, Cause},
    sql,
};
use crate::{
    platform::{Fault, LogLine, Statement},
    shop::{
        App,
        account::Account,
        customer,
        job::Job,
        mail::{self, Fact, Owed},
        time::SECOND,
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
            let previous = before;
            if step.status != before || always {
                written.statements.push(history::note(step, before, &cause, app.now()));
                before = step.status;
            }
            let owed = webhook::outbox_entries(app, account.id, &told(step, previous, events), step, endpoints)?;
            written.lines.extend(step.log_line(events));
            written.statements.extend(owed.statements);
            logs.extend(owed.logs);
        }
        // The totals of its buyer are others.
        if let Some(email) = &written.order.buyer.email
            && (from == Status::Completed) != (written.order.status == Status::Completed)
        {
            let owed = customer::moved(app, account.id, email, endpoints)?;
            written.statements.extend(owed.statements);
            logs.extend(owed.logs);
        }
        written.messages.extend(webhook::messages(account, &logs));
        let paid = steps.iter().any(|(_, events)| events.contains(&Event::OrderPaid));
        if let Some(Owed { statement, message }) = buyers_mail(app, account, &written.order, paid, &cause) {
            written.statements.push(statement);
            written.messages.push(message);
        }
        // The money went away, and is back.
        if !paid && from != Status::Completed && written.order.status == Status::Completed {
            let wait = wait_for_goods(&written.order);
            written.statements.extend(mail::take_up_again(app, account.id, &written.order.id, wait));
        }
        written.order.revision += 1;
        Ok(written)
    }
}

/// What a step tells, with what only some dialects have a name for.
fn told(step: &Order, before: Status, events: &[Event]) -> Vec<Event> {
    let disputed = step.status == Status::Reversed && before != Status::Reversed && !events.is_empty();
    events.iter().copied().chain(disputed.then_some(Event::OrderDisputed)).collect()
}

/// A seller's server that answers at its first tries (`dynamic`) has given the goods by then, in
/// milliseconds, and they are in the mail that tells of the payment.
const WAIT_FOR_GOODS: i64 = 20 * SECOND;

fn wait_for_goods(order: &Order) -> i64 {
    if order.delivery == Some(Delivery::Preparing) { WAIT_FOR_GOODS } else { 0 }
}

/// The mail that this change owes to the order's buyer: that it was `paid`, or that what was paid
/// for before is delivered. What has no page (white-label, without a product) is the seller's own to
/// tell. Where the money has gone
/// meanwhile it is owed as well, and waits until that is back (`mailer`).
fn buyers_mail(app: &App, account: &Account, order: &Order, paid: bool, cause: &Cause) -> Option<Owed> {
    order.buyer.email.as_ref().filter(|_| order.has_page())?;
    let id = || order.id.clone();
    if paid {
        return mail::owe(app, account, &Fact::Paid { order_id: id() }, wait_for_goods(order));
    }
    let handed_over = matches!(order.delivery, Some(Delivery::Delivered | Delivery::Manual))
        && matches!(cause.action, Action::Delivery | Action::Deliver | Action::Replace);
    handed_over.then_some(())?;
    let fact = Fact::Delivered { order_id: id(), revision: order.revision };
    mail::owe_unless(app, account, &fact, 0, Some(&Fact::Paid { order_id: id() }))
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
