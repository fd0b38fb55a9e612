//! What went back of an order's money: refunds, reversals and disputes.

use crate::shop::gateway::{EntryKind, LedgerEntry};

/// Of each dispute its latest state. A state that ends it stands above one of the same time that does not.
pub fn disputes(movements: &[LedgerEntry]) -> Vec<&LedgerEntry> {
    let mut latest: Vec<&LedgerEntry> = Vec::new();
    for it in movements.iter().filter(|it| it.kind.is_dispute()) {
        match latest.iter_mut().find(|known| known.id == it.id) {
            Some(known) if (known.at, known.kind) < (it.at, it.kind) => *known = it,
            Some(_) => {}
            None => latest.push(it),
        }
    }
    latest
}

/// Minor units that were taken back from the seller and not refunded by them, of the payments that count.
pub fn taken_back(movements: &[LedgerEntry], counts: &dyn Fn(&str) -> bool, refunds_of: &dyn Fn(&str) -> i64) -> i64 {
    let disputes = disputes(movements);
    let of_kind = |kind: EntryKind, of: &str| {
        let values = disputes.iter().filter(|it| it.kind == kind && it.of == of).map(|it| it.value.max(0));
        values.fold(0_i64, i64::saturating_add)
    };
    let mut payments: Vec<&str> = movements.iter().map(|it| it.of.as_str()).filter(|of| counts(of)).collect();
    payments.sort_unstable();
    payments.dedup();
    let reserved = payments.into_iter().map(|of| {
        let refunds = refunds_of(of);
        let told = refunds.saturating_add(reversed(movements, of));
        let reserved = told.max(of_kind(EntryKind::DisputeSettled, of)) - refunds;
        reserved.saturating_add(of_kind(EntryKind::DisputeLost, of))
    });
    reserved.fold(0_i64, i64::saturating_add)
}

/// Minor units of one payment that are reversed in the end. By time: what comes back are the reversals before.
fn reversed(movements: &[LedgerEntry], of: &str) -> i64 {
    let matters = |kind: EntryKind| {
        matches!(
            kind,
            EntryKind::Reversed | EntryKind::ReversalCanceled | EntryKind::DisputeWon | EntryKind::DisputeSettled
        )
    };
    let mut in_time: Vec<&LedgerEntry> = movements.iter().filter(|it| it.of == of && matters(it.kind)).collect();
    in_time.sort_by(|a, b| (a.at, a.kind, &a.id).cmp(&(b.at, b.kind, &b.id)));
    in_time.into_iter().fold(0, |reversed: i64, it| match (it.kind, it.value) {
        (EntryKind::Reversed, value) => reversed.saturating_add(value.max(0)),
        (EntryKind::ReversalCanceled, value) if value > 0 => (reversed - value).max(0),
        _ => 0,
    })
}
