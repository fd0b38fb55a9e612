//! What an observation makes of an order: decisions without any I/O. Who asked for rates or gives an address back is `sync`.

use super::{
    Change, Order, Review, Status,
    history::{Action, Actor, Cause},
    ledger,
    onchain::{self, Terms},
    open, schedule,
};
use crate::{
    platform::Statement,
    shop::{
        gateway::{
            ChainSnapshot, EntryKind, Invoice, LedgerEntry, Observation, OnchainPayment, PaymentRecord,
            exchange_rates::Rates, record,
        },
        webhook::Event,
    },
};

/// What is to be done about an observation.
pub enum Decision {
    /// It says nothing new.
    Nothing,
    Change(Change),
    /// Money came late, and is worth what it is worth now: decide again with rates.
    NeedsRates,
    /// Nobody has paid, and the time is over: the address goes back to its wallet.
    Abandon,
}

/// Decides what was seen changes. `rates` of the order's coin are needed only where the decision asks for them.
pub fn decide(order: &Order, known: &PaymentRecord, seen: &Observation, rates: Option<&Rates>, now: i64) -> Decision {
    match seen {
        Observation::Coins(seen) => coins(order, &known.receipts, seen, rates, now),
        Observation::Ledger(gateway, seen) => {
            // A notification can name any order; only those that are paid there are its to tell of.
            let its = order.gateway == *gateway && order.session.is_some();
            its.then(|| apply_entries(order, &known.movements, seen, now))
                .flatten()
                .map_or(Decision::Nothing, Decision::Change)
        }
    }
}

/// An order that costs nothing is paid.
pub fn free(order: &Order, now: i64) -> Change {
    Change {
        from: order.status,
        steps: steps(order.clone(), &[Status::Completed], false, false, now),
        facts: Vec::new(),
        messages: Vec::new(),
        cause: Cause::of(Actor::System, Action::Payment),
    }
}

/// Completes an order by hand, with what has come of its money.
pub fn accept(order: &Order, note: Option<String>, now: i64) -> Change {
    let cause = Cause { actor: Actor::Seller, action: Action::Complete, note };
    let accepted = Order { accepted: true, review: order.review.passed(), ..order.clone() };
    Change { cause, steps: steps(accepted, &[Status::Completed], false, false, now), ..free(order, now) }
}

/// Ends the review of an order: it is what its payment makes of it, as if nothing had held it. `entries` are what is known of its
/// gateway's books.
pub fn approve(order: &Order, entries: &[LedgerEntry], note: Option<String>, now: i64) -> Change {
    let passed = Order { review: Review::Approved, status: Status::Unpaid, ..order.clone() };
    let (to, whole) = if order.price.minor() == 0 {
        (Status::Completed, true)
    } else if order.session.is_some() {
        let books = ledger::sum_up(order.price, entries);
        (books.status, books.whole)
    } else {
        let to = onchain::as_last_seen(order);
        (to, to == Status::Completed)
    };
    let route = passed.route(to, whole);
    let cause = Cause { actor: Actor::Seller, action: Action::Approve, note };
    Change { cause, steps: steps(passed, &route, true, false, now), ..free(order, now) }
}

/// What a payment's facts make of an order.
fn by_gateway(from: Status, steps: Vec<(Order, Vec<Event>)>, facts: Vec<Statement>) -> Change {
    Change { from, steps, facts, messages: Vec::new(), cause: Cause::of(Actor::Gateway, Action::Payment) }
}

fn coins(
    order: &Order,
    receipts: &[OnchainPayment],
    seen: &ChainSnapshot,
    rates: Option<&Rates>,
    now: i64,
) -> Decision {
    if schedule::is_abandoned(order, receipts, seen, now) {
        return Decision::Abandon;
    }
    let changed = onchain::update(receipts, seen, now);
    let mut order = order.clone();
    let all = onchain::merge(receipts, &changed);
    let stand = |order: &Order, invoice: &Invoice| onchain::settlement(Terms::of(order, invoice), &all, seen.tip);
    let mut standing = stand(&order, &order.invoice);
    let before = onchain::settlement(Terms::of(&order, &order.invoice), receipts, seen.tip).received;
    let paid = order.paid_at.is_some();
    if let Some(invoice) = onchain::uncover(&order, standing.received).filter(|_| !paid) {
        standing = stand(&order, &invoice);
        order.invoice = invoice;
    } else if !paid
        && onchain::came_late(&order, &changed)
        && before < onchain::enough(order.invoice.value, order.policy.underpayment_per_mille)
    {
        let Some(rates) = rates else { return Decision::NeedsRates };
        let Some(invoice) = late(&order, before, rates, now) else { return Decision::Nothing };
        standing = stand(&order, &invoice);
        order.invoice = invoice;
    }
    let more = standing.received != order.invoice.received;
    let read_on = seen.cursor != order.invoice.cursor;
    let route = order.route(standing.status, standing.status == Status::Completed);
    if changed.is_empty()
        && route.is_empty()
        && !more
        && !read_on
        && standing.confirmations == order.invoice.confirmations
    {
        return Decision::Nothing;
    }
    order.invoice.received = standing.received;
    order.invoice.confirmations = standing.confirmations;
    order.invoice.cursor = seen.cursor;
    let first = all.iter().filter(|receipt| !receipt.gone).min_by_key(|receipt| receipt.first_seen_at);
    order.transaction_id = first.map(|receipt| receipt.txid.clone());
    let facts = changed.iter().map(|receipt| record::put_receipt(order.account_id, &order.id, receipt)).collect();
    let silent = changed.is_empty() && route.is_empty() && !more;
    let from = order.status;
    Decision::Change(by_gateway(from, steps(order, &route, more, silent, now), facts))
}

/// The quote at the rate of now, for money that came after the order's own had run out.
fn late(order: &Order, received: u64, rates: &Rates, now: i64) -> Option<Invoice> {
    let rate = open::rate(order.gateway, order.price, rates, &order.policy).ok()?;
    let invoice = onchain::requote(order, received, rate, rates, now)?;
    Some(Invoice { late: true, ..invoice })
}

/// What a gateway's books make of an order, or `None` when they say nothing new.
pub fn apply_entries(order: &Order, known: &[LedgerEntry], seen: &[LedgerEntry], now: i64) -> Option<Change> {
    let fresh = ledger::fresh(known, seen);
    if fresh.is_empty() {
        return None;
    }
    let all = ledger::merge(known, &fresh);
    let books = ledger::sum_up(order.price, &all);
    let route = order.route(books.status, books.whole);
    let mut order = order.clone();
    let more = (books.paid, books.refunded, books.wrong_currency, books.inquiry)
        != (order.paid_value, order.refunded_value, order.wrong_currency, order.inquiry);
    order.paid_value = books.paid;
    order.refunded_value = books.refunded;
    order.wrong_currency = books.wrong_currency;
    order.inquiry = books.inquiry;
    let first = all.iter().filter(|entry| entry.kind == EntryKind::Paid).min_by_key(|entry| (entry.at, &entry.of));
    order.transaction_id = first.map(|entry| entry.of.clone());
    if let Some(session) = &mut order.session {
        session.apply_observation(&fresh);
    }
    let facts = fresh.iter().map(|movement| record::put_movement(order.account_id, &order.id, movement)).collect();
    Some(by_gateway(order.status, steps(order, &route, more, false, now), facts))
}

/// The order on its way through these statuses, and what each move tells. `silent`: nothing that concerns anybody.
fn steps(mut order: Order, route: &[Status], more: bool, silent: bool, now: i64) -> Vec<(Order, Vec<Event>)> {
    if !silent {
        order.updated_at = now;
    }
    let mut steps = Vec::new();
    for status in route {
        let mut events = vec![Event::OrderUpdated];
        order.status = *status;
        if *status == Status::Reversed && order.session.is_some() {
            order.disputed_at = Some(now);
        }
        if *status == Status::Completed && order.paid_at.is_none() {
            order.paid_at = Some(now);
            events.push(Event::OrderPaid);
        }
        steps.push((order.clone(), events));
    }
    if steps.is_empty() {
        steps.push((order, if more { vec![Event::OrderUpdated] } else { Vec::new() }));
    }
    steps
}
