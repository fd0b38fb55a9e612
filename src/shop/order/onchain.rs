//! What the stored facts make of an order: plain functions of receipts, a tip and the time. Seeing the same facts again,
//! in any order, gives the same end.

use super::{Order, Status};
use crate::shop::{
    gateway::{ChainSnapshot, Invoice, OnchainPayment, exchange_rates::Rates},
    money::{self, Amount, Decimal},
    time::MINUTE,
};

/// Brings the known receipts up to what was seen. Answers only those that are new or changed.
pub fn update(known: &[OnchainPayment], seen: &ChainSnapshot, now: i64) -> Vec<OnchainPayment> {
    let mut changed = Vec::new();
    for receipt in known {
        let output = seen.outputs.iter().find(|output| output.txid == receipt.txid && output.vout == receipt.vout);
        let fresh = match output {
            Some(output) => {
                OnchainPayment { height: output.height, value: output.value, gone: false, ..receipt.clone() }
            }
            None if seen.complete => OnchainPayment { height: None, gone: true, ..receipt.clone() },
            None => continue,
        };
        if fresh != *receipt {
            changed.push(fresh);
        }
    }
    for output in &seen.outputs {
        let is_known = known.iter().any(|receipt| receipt.txid == output.txid && receipt.vout == output.vout);
        if !is_known {
            changed.push(OnchainPayment {
                txid: output.txid.clone(),
                vout: output.vout,
                value: output.value,
                height: output.height,
                gone: false,
                first_seen_at: output.time.map_or(now, |time| time.min(now)),
            });
        }
    }
    changed
}

/// Known receipts with the changed ones in their places.
pub fn merge(known: &[OnchainPayment], changed: &[OnchainPayment]) -> Vec<OnchainPayment> {
    let same = |a: &OnchainPayment, b: &OnchainPayment| a.txid == b.txid && a.vout == b.vout;
    let mut all: Vec<OnchainPayment> = known
        .iter()
        .map(|receipt| changed.iter().find(|fresh| same(fresh, receipt)).unwrap_or(receipt).clone())
        .collect();
    all.extend(changed.iter().filter(|fresh| !known.iter().any(|receipt| same(fresh, receipt))).cloned());
    all
}

/// What the receipts come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    pub received: u64,
    /// The lowest among the receipts; 0 when there are none.
    pub confirmations: u32,
    pub status: Status,
}

/// What is asked of the receipts.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Of the quote that holds.
    pub value: u64,
    /// How much of it may be missing, in tenths of a percent.
    pub tolerance: u32,
    /// Confirmations.
    pub needed: u32,
    /// Once the order was paid, the status that it has: it is left only when the money vanishes or comes back.
    pub held: Option<Status>,
    /// The seller has completed it with whatever had come: money moves it no more.
    pub accepted: bool,
}

impl Terms {
    pub fn of(order: &Order, invoice: &Invoice) -> Terms {
        Terms {
            value: invoice.value,
            tolerance: order.policy.underpayment_per_mille,
            needed: order.confirmations_needed,
            held: order.paid_at.map(|_| order.status),
            accepted: order.accepted,
        }
    }
}

pub fn settlement(terms: Terms, receipts: &[OnchainPayment], tip: u32) -> Settlement {
    let living = || receipts.iter().filter(|receipt| !receipt.gone);
    let received = living().fold(0_u64, |sum, receipt| sum.saturating_add(receipt.value));
    let deep = living()
        .filter(|receipt| receipt.confirmations(tip) >= terms.needed)
        .fold(0_u64, |sum, receipt| sum.saturating_add(receipt.value));
    let enough = enough(terms.value, terms.tolerance);
    let status = match terms.held {
        Some(Status::Refunded) => Status::Refunded,
        Some(held) if terms.accepted => held,
        Some(_) if received < enough => Status::Reversed,
        Some(held) if deep < enough => held,
        Some(_) => Status::Completed,
        None => match received {
            0 => Status::Unpaid,
            _ if received < enough => Status::PartiallyPaid,
            _ if deep < enough => Status::AwaitingConfirmations,
            _ => Status::Completed,
        },
    };
    Settlement {
        received,
        confirmations: living().map(|receipt| receipt.confirmations(tip)).min().unwrap_or(0),
        status,
    }
}

/// How far the payment of an order in coins is by what its last sync saw. The confirmations are those of its youngest transaction,
/// so it may be further by now, which the next sync will see.
pub fn as_last_seen(order: &Order) -> Status {
    let Invoice { value, received, confirmations, .. } = order.invoice;
    match received {
        0 => Status::Unpaid,
        _ if received < enough(value, order.policy.underpayment_per_mille) => Status::PartiallyPaid,
        _ if confirmations < order.confirmations_needed => Status::AwaitingConfirmations,
        _ => Status::Completed,
    }
}

/// The least that counts as the whole, when so many thousandths may be missing. Rounded up, and never nothing.
pub fn enough(value: u64, tolerance: u32) -> u64 {
    (value - value.saturating_mul(tolerance.min(1_000).into()) / 1_000).max(1)
}

/// A new price for what is still missing, at the rates of now. What has come since the last quote covers what it was worth
/// at that quote, and what came before that stays covered. `rate` is the price of one coin now. `None` when it can't be said.
pub fn requote(order: &Order, received: u64, rate: Decimal, rates: &Rates, now: i64) -> Option<Invoice> {
    let invoice = &order.invoice;
    let currency = order.price.currency();
    let fresh = received.saturating_sub(invoice.base);
    let covered = invoice.credit.saturating_add(money::fiat_value(fresh, invoice.rate, currency)?.minor());
    let credit = covered.min(order.price.minor());
    let open = Amount::new(order.price.minor() - credit, currency)?;
    let due = if open.minor() == 0 { 0 } else { invoice.tagged(money::coin_value(open, rate)?) };
    Some(Invoice {
        value: received.checked_add(due)?,
        base: received,
        credit,
        rate,
        rate_source: rates.source(currency),
        rate_at: rates.at,
        expires_at: now + order.policy.quote(),
        ..invoice.clone()
    })
}

/// When money that an earlier quote counted has vanished, what it covered is open again: all that is there counts at the
/// rate of the quote that holds now.
pub fn uncover(order: &Order, received: u64) -> Option<Invoice> {
    let invoice = &order.invoice;
    if received >= invoice.base {
        return None;
    }
    let value = invoice.tagged(money::coin_value(order.price, invoice.rate)?);
    Some(Invoice { value, base: 0, credit: 0, ..invoice.clone() })
}

/// A sync may come so much later than the money, in milliseconds: what is seen within it of the quote's end came in time.
pub const GRACE_PERIOD: i64 = 3 * MINUTE;

/// Whether money was first seen after the quote had run out, and so is worth what it is worth now.
pub fn came_late(order: &Order, changed: &[OnchainPayment]) -> bool {
    changed.iter().any(|receipt| !receipt.gone && receipt.first_seen_at > order.invoice.expires_at + GRACE_PERIOD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::gateway::Output;

    fn terms(value: u64, needed: u32) -> Terms {
        Terms { value, tolerance: 5, needed, held: None, accepted: false }
    }

    fn coin(txid: &str, value: u64, height: Option<u32>) -> OnchainPayment {
        OnchainPayment { txid: txid.into(), vout: 0, value, height, gone: false, first_seen_at: 1 }
    }

    #[test]
    fn an_order_is_paid_when_enough_of_it_is_deep_enough() {
        let at = |receipts: &[OnchainPayment]| settlement(terms(1_000, 2), receipts, 100).status;
        assert_eq!(at(&[]), Status::Unpaid);
        assert_eq!(at(&[coin("a", 994, None)]), Status::PartiallyPaid);
        assert_eq!(at(&[coin("a", 995, None)]), Status::AwaitingConfirmations, "half a percent may be missing");
        assert_eq!(at(&[coin("a", 1_000, Some(100))]), Status::AwaitingConfirmations);
        assert_eq!(at(&[coin("a", 1_000, Some(99))]), Status::Completed);
        assert_eq!(at(&[coin("a", 600, Some(99)), coin("b", 400, Some(100))]), Status::AwaitingConfirmations);
        assert_eq!(at(&[coin("a", 600, Some(99)), coin("b", 400, Some(98))]), Status::Completed);
    }

    #[test]
    fn no_confirmations_are_needed_where_none_are_asked_for() {
        assert_eq!(settlement(terms(1_000, 0), &[coin("a", 1_000, None)], 100).status, Status::Completed);
    }

    #[test]
    fn what_was_paid_is_left_only_when_its_money_vanishes() {
        let at = |held, receipts: &[OnchainPayment]| {
            settlement(Terms { held: Some(held), ..terms(1_000, 2) }, receipts, 100).status
        };
        assert_eq!(at(Status::Completed, &[coin("a", 1_000, None)]), Status::Completed, "reorganised, and still there");
        assert_eq!(at(Status::Completed, &[]), Status::Reversed);
        assert_eq!(at(Status::Reversed, &[coin("a", 1_000, Some(100))]), Status::Reversed, "not deep enough yet");
        assert_eq!(at(Status::Reversed, &[coin("a", 1_000, Some(99))]), Status::Completed);
        assert_eq!(at(Status::Refunded, &[]), Status::Refunded);
        let accepted = Terms { held: Some(Status::Completed), accepted: true, ..terms(1_000, 2) };
        assert_eq!(settlement(accepted, &[], 100).status, Status::Completed, "its seller took it as it was");
    }

    #[test]
    fn confirmations_are_the_lowest_of_all_receipts() {
        let both = [coin("a", 1, Some(95)), coin("b", 1, Some(99))];
        assert_eq!(settlement(terms(2, 6), &both, 100).confirmations, 2);
        assert_eq!(settlement(terms(2, 6), &both, 98).confirmations, 1, "a tip that lags behind");
    }

    #[test]
    fn a_receipt_that_vanishes_is_gone_and_may_come_back() {
        let known = [coin("a", 1_000, Some(100))];
        let gone = update(&known, &ChainSnapshot { tip: 100, complete: true, ..ChainSnapshot::default() }, 5);
        assert!(gone[0].gone);
        assert_eq!(settlement(terms(1_000, 1), &merge(&known, &gone), 100).status, Status::Unpaid);
        let back = ChainSnapshot {
            tip: 101,
            outputs: vec![Output { txid: "a".into(), vout: 0, value: 1_000, height: Some(101), time: None }],
            complete: true,
            cut: false,
            cursor: None,
        };
        let back = update(&gone, &back, 6);
        assert_eq!((back[0].gone, back[0].height, back[0].first_seen_at), (false, Some(101), 1));
    }

    #[test]
    fn an_incomplete_look_takes_nothing_away() {
        let known = [coin("a", 1_000, Some(100))];
        assert!(update(&known, &ChainSnapshot { tip: 100, ..ChainSnapshot::default() }, 5).is_empty());
    }

    #[test]
    fn seeing_the_same_again_changes_nothing() {
        let seen = ChainSnapshot {
            tip: 100,
            outputs: vec![Output { txid: "a".into(), vout: 0, value: 1_000, height: None, time: None }],
            complete: true,
            cut: false,
            cursor: None,
        };
        let known = update(&[], &seen, 5);
        assert_eq!(known.len(), 1);
        assert!(update(&known, &seen, 6).is_empty());
    }
}
