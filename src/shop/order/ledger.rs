//! What the movements on a gateway's books come to: a plain function of the set, so that neither order nor repetition matters.

use super::{
    Status,
    refund::{disputes, taken_back},
};
use crate::shop::{
    gateway::{Card, EntryKind, LedgerEntry},
    money::Amount,
};

/// What the movements come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// Minor units that have come, whatever became of them …
    pub paid: i64,
    /// … and that went back: refunded, reversed, or lost in a dispute. Never more than have come.
    pub refunded: i64,
    pub status: Status,
    /// One payment was of the whole price.
    pub whole: bool,
    /// Money came that this order can't be paid with.
    pub wrong_currency: bool,
    /// A buyer's inquiry is open.
    pub inquiry: bool,
}

/// An order is paid by one payment of its whole price. Parts don't add up to one, as they do on a chain: a part that the seller
/// sent back and that is paid again would complete what half was paid for, and which came first isn't known when they are
/// heard of in another order. Gateways ask for the whole; a part comes of a button that somebody changed.
///
/// While a dispute is open the order is reversed. Afterwards it is completed, unless all of its money went back.
pub fn sum_up(price: Amount, movements: &[LedgerEntry]) -> Ledger {
    let sum = |holds: &dyn Fn(&LedgerEntry) -> bool| {
        movements.iter().filter(|it| holds(it)).fold(0_i64, |sum, it| sum.saturating_add(it.value.max(0)))
    };
    let count = |kind: EntryKind, of: &str| movements.iter().filter(|it| it.kind == kind && it.of == of).count();
    let is_whole = |it: &LedgerEntry| it.kind == EntryKind::Paid && it.value > 0 && it.value >= price.minor();
    let is_part = |of: &str| movements.iter().any(|it| it.kind == EntryKind::Paid && it.of == of && !is_whole(it));
    let arrived = |id: &str| !movements.iter().any(|it| it.kind == EntryKind::RefundFailed && it.id == id);
    let is_back = |it: &LedgerEntry| it.kind == EntryKind::Refunded && arrived(&it.id);
    let any =
        |kind: EntryKind, holds: &dyn Fn(&str) -> bool| movements.iter().any(|it| it.kind == kind && holds(&it.of));
    let paid = sum(&|it| it.kind == EntryKind::Paid);
    let refunds = sum(&is_back);
    let wholes = sum(&is_whole);
    let whole = wholes > 0;
    let taken =
        |counts: &dyn Fn(&str) -> bool| taken_back(movements, counts, &|of| sum(&|it| is_back(it) && it.of == of));
    let is_of_whole = |of: &str| !is_part(of);
    let (whole_refunds, whole_taken) = (sum(&|it| is_back(it) && is_of_whole(&it.of)), taken(&is_of_whole));
    let disputes = disputes(movements);
    let disputed = disputes.iter().any(|it| it.kind == EntryKind::DisputeOpened && is_of_whole(&it.of));
    let pending = any(EntryKind::Pending, &|of| count(EntryKind::Paid, of) + count(EntryKind::Failed, of) == 0);
    let refunded = refunds.saturating_add(taken(&|_| true)).min(paid);
    let status = match () {
        () if whole && whole_refunds >= wholes => Status::Refunded,
        // Of a part nothing was handed out that could be taken back: it stays a part, whichever was heard first.
        () if whole && disputed => Status::Reversed,
        () if whole && whole_refunds.saturating_add(whole_taken) >= wholes => Status::Reversed,
        () if whole => Status::Completed,
        () if paid > 0 && refunded >= paid => Status::Refunded,
        () if paid > 0 => Status::PartiallyPaid,
        () if pending => Status::PendingAtPayPal,
        () => Status::Unpaid,
    };
    let inquiry = disputes.iter().any(|it| it.kind == EntryKind::Inquiry);
    Ledger { paid, refunded, status, whole, wrong_currency: any(EntryKind::WrongCurrency, &|_| true), inquiry }
}

/// What of a payment's charge is compared: what tells of a card counts more than what doesn't, and then the later one.
pub fn of_charge(entry: &LedgerEntry) -> (bool, i64, Option<&Card>) {
    (entry.card.is_some(), entry.at, entry.card.as_ref())
}

/// Those that aren't known yet. Of a dispute's state a later time is new, and of a payment by card a later charge.
pub fn fresh(known: &[LedgerEntry], seen: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let mut fresh: Vec<LedgerEntry> = Vec::new();
    for movement in seen {
        let same = |it: &LedgerEntry| it.id == movement.id && it.kind == movement.kind;
        let newer = |it: &LedgerEntry| match movement.kind.is_dispute() {
            true => (movement.at, movement.value) > (it.at, it.value),
            false => movement.card.is_some() && of_charge(movement) > of_charge(it),
        };
        if known.iter().any(|it| same(it) && !newer(it)) {
            continue;
        }
        match fresh.iter_mut().find(|it| same(it)) {
            Some(it) if newer(it) => *it = movement.clone(),
            Some(_) => {}
            None => fresh.push(movement.clone()),
        }
    }
    fresh
}

/// All that is known once these are.
pub fn merge(known: &[LedgerEntry], fresh: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let is_replaced = |it: &LedgerEntry| fresh.iter().any(|new| new.id == it.id && new.kind == it.kind);
    known.iter().filter(|it| !is_replaced(it)).chain(fresh).cloned().collect()
}
