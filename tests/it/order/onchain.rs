//! What chains say, in any order and as often as they like, comes to the same end.

use proptest::prelude::*;
use pushguard::shop::{
    gateway::{ChainSnapshot, OnchainPayment, Output},
    order::{
        Order, Status,
        onchain::{self, Terms},
    },
};

use crate::order::ledger;

fn output() -> impl Strategy<Value = Output> {
    (0_u8..5, 0_u32..2, 1_u64..1_500, prop::option::of(90_u32..=100)).prop_map(|(name, vout, value, height)| Output {
        txid: format!("tx{name}"),
        vout,
        value,
        height,
        time: None,
    })
}

/// A look at a chain, on which an output stands once.
fn sighting() -> impl Strategy<Value = ChainSnapshot> {
    (95_u32..110, prop::collection::vec(output(), 0..6)).prop_map(|(tip, mut outputs)| {
        outputs.sort_by(|a, b| (&a.txid, a.vout).cmp(&(&b.txid, b.vout)));
        outputs.dedup_by(|a, b| (&a.txid, a.vout) == (&b.txid, b.vout));
        ChainSnapshot { tip, outputs, complete: true, cut: false, cursor: None }
    })
}

fn terms(value: u64, needed: u32) -> onchain::Terms {
    onchain::Terms { value, tolerance: 5, needed, held: None, accepted: false }
}

fn see(known: Vec<OnchainPayment>, seen: &ChainSnapshot, now: i64) -> Vec<OnchainPayment> {
    onchain::merge(&known, &onchain::update(&known, seen, now))
}

/// The receipts that are still there, without when they were first seen.
fn living(receipts: &[OnchainPayment]) -> Vec<(String, u32, u64, Option<u32>)> {
    let mut living: Vec<_> = receipts
        .iter()
        .filter(|receipt| !receipt.gone)
        .map(|receipt| (receipt.txid.clone(), receipt.vout, receipt.value, receipt.height))
        .collect();
    living.sort();
    living
}

#[test]
fn what_is_completed_is_never_open_again_and_left_for_two_statuses_only() {
    let all = [0, 51, 52, 53, 54, 55, 56, 100].map(|code| Status::from_code(code).expect("a status"));
    let after =
        |status: Status| all.into_iter().filter(|next| status.may_become(*next)).map(Status::code).collect::<Vec<_>>();
    assert_eq!(after(Status::Completed), [51, 56]);
    assert_eq!(after(Status::Reversed), [52, 56, 100], "nor is what was reversed");
    assert_eq!(after(Status::Refunded), [51, 52, 53, 100], "what was sent back may be paid anew");
    for status in all {
        assert!(!status.may_become(status), "{status:?} becomes nothing by staying");
        assert_eq!(Status::from_code(status.code()), Some(status));
        assert_eq!(status.is_open(), [0, 52, 53, 54, 55].contains(&status.code()));
    }
    assert_eq!(Status::from_code(1), None);
}

/// An order of so many satoshi, as looks move it on; and how often it was told as paid.
struct Seen {
    order: Order,
    receipts: Vec<OnchainPayment>,
    told: usize,
}

impl Seen {
    fn nothing(value: u64, needed: u32) -> Seen {
        let mut order = Order { session: None, confirmations_needed: needed, ..ledger::order() };
        order.invoice.value = value;
        Seen { order, receipts: Vec::new(), told: 0 }
    }

    fn see(&mut self, seen: &ChainSnapshot, now: i64) -> Result<(), TestCaseError> {
        let order = &mut self.order;
        self.receipts = onchain::merge(&self.receipts, &onchain::update(&self.receipts, seen, now));
        let standing = onchain::settlement(Terms::of(order, &order.invoice), &self.receipts, seen.tip);
        order.invoice.received = standing.received;
        let route = order.route(standing.status, standing.status == Status::Completed);
        prop_assert_eq!(route.last().copied().unwrap_or(order.status), standing.status, "it comes where it should");
        for status in route {
            prop_assert!(order.status.may_become(status), "{:?} to {status:?}", order.status);
            order.status = status;
            if status == Status::Completed && order.paid_at.is_none() {
                order.paid_at = Some(now);
                self.told += 1;
            }
        }
        prop_assert!(order.paid_at.is_none() || !order.status.is_open(), "what was paid is never waited for");
        prop_assert_eq!(self.told, usize::from(order.paid_at.is_some()));
        Ok(())
    }
}

proptest! {
    /// Whether it was paid is all that stays of what came before the last look: then it is reversed where too little is there,
    /// completed where enough is deep enough, and in between as it was.
    #[test]
    fn any_looks_that_end_in_the_same_one_come_to_the_same_end(
        history in prop::collection::vec((sighting(), any::<bool>()), 0..8),
        last in sighting(),
        value in 1_u64..3_000,
        needed in 0_u32..=6,
    ) {
        let mut one = Seen::nothing(value, needed);
        for (now, (seen, complete)) in (1..).zip(history) {
            one.see(&ChainSnapshot { complete, ..seen }, now)?;
        }
        let before = one.order.status;
        one.see(&last, 100)?;
        let mut other = Seen::nothing(value, needed);
        other.see(&last, 100)?;
        prop_assert_eq!(living(&one.receipts), living(&other.receipts));
        prop_assert_eq!(one.order.invoice.received, other.order.invoice.received);
        let fresh = other.order.status;
        let expected = match fresh {
            _ if one.order.paid_at.is_none() => fresh,
            Status::Unpaid | Status::PartiallyPaid => Status::Reversed,
            Status::AwaitingConfirmations => before,
            _ => Status::Completed,
        };
        prop_assert_eq!(one.order.status, expected);
        one.see(&last, 101)?;
        prop_assert_eq!(one.order.status, expected, "and stays there");
    }

    /// Whatever was seen before, the last look decides.
    #[test]
    fn the_last_look_decides_whatever_came_before(
        history in prop::collection::vec(sighting(), 0..8),
        last in sighting(),
        value in 1_u64..3_000,
        needed in 0_u32..=6,
    ) {
        let mut known = Vec::new();
        for (now, seen) in (1..).zip(&history) {
            known = see(known, seen, now);
        }
        let after = see(known, &last, 100);
        let fresh = see(Vec::new(), &last, 100);
        prop_assert_eq!(living(&after), living(&fresh));
        prop_assert_eq!(
            onchain::settlement(terms(value, needed), &after, last.tip),
            onchain::settlement(terms(value, needed), &fresh, last.tip)
        );
    }

    #[test]
    fn a_look_that_could_not_ask_enough_servers_takes_nothing_away(first in sighting(), second in sighting(), value in 1_u64..3_000) {
        let before = see(Vec::new(), &first, 1);
        let half = ChainSnapshot { complete: false, ..second };
        let after = see(before.clone(), &half, 2);
        for receipt in &before {
            prop_assert!(after.iter().any(|kept| kept.txid == receipt.txid && kept.vout == receipt.vout && !kept.gone));
        }
        prop_assert_eq!(living(&see(after.clone(), &half, 3)), living(&after));
        prop_assert!(onchain::settlement(terms(value, 0), &after, half.tip).received > 0 || after.is_empty());
    }

    #[test]
    fn seeing_the_same_twice_changes_nothing(
        history in prop::collection::vec(sighting(), 1..6),
        now in 1_i64..1_000,
    ) {
        let mut known = Vec::new();
        for seen in &history {
            known = see(known, seen, now);
            prop_assert!(onchain::update(&known, seen, now + 1).is_empty());
        }
        let keys: std::collections::HashSet<_> = known.iter().map(|receipt| (&receipt.txid, receipt.vout)).collect();
        prop_assert_eq!(keys.len(), known.len(), "an output has one receipt");
    }

    #[test]
    fn the_order_in_which_outputs_are_listed_does_not_matter(seen in sighting(), value in 1_u64..3_000, needed in 0_u32..=6) {
        let mut turned = seen.clone();
        turned.outputs.reverse();
        let (one, two) = (see(Vec::new(), &seen, 1), see(Vec::new(), &turned, 1));
        prop_assert_eq!(onchain::settlement(terms(value, needed), &one, seen.tip), onchain::settlement(terms(value, needed), &two, seen.tip));
    }

    #[test]
    fn more_money_and_more_blocks_never_make_an_order_less_paid(
        seen in sighting(),
        more in output(),
        blocks in 0_u32..10,
        value in 1_u64..3_000,
        needed in 0_u32..=6,
    ) {
        let rank = |status: Status| match status {
            Status::Unpaid => 0,
            Status::PartiallyPaid => 1,
            Status::AwaitingConfirmations => 2,
            _ => 3,
        };
        let before = see(Vec::new(), &seen, 1);
        let mut richer = seen.clone();
        richer.tip += blocks;
        richer.outputs.push(Output { txid: "another".into(), ..more });
        let after = see(before.clone(), &richer, 2);
        let (before, after) =
            (onchain::settlement(terms(value, needed), &before, seen.tip), onchain::settlement(terms(value, needed), &after, richer.tip));
        prop_assert!(rank(after.status) >= rank(before.status), "{before:?} {after:?}");
        prop_assert!(after.received > before.received);
    }

    #[test]
    fn an_order_is_paid_only_by_enough_that_is_deep_enough(seen in sighting(), value in 1_u64..3_000, needed in 0_u32..=6) {
        let standing = onchain::settlement(terms(value, needed), &see(Vec::new(), &seen, 1), seen.tip);
        let deep = |output: &&Output| {
            let confirmations = output.height.map_or(0, |height| (seen.tip + 1).saturating_sub(height).max(1));
            confirmations >= needed
        };
        let deep: u64 = seen.outputs.iter().filter(deep).map(|output| output.value).sum();
        let enough = value * 1_000 <= deep * 1_000 + value * 5;
        prop_assert_eq!(standing.status == Status::Completed, enough && deep > 0, "{:?}", standing);
    }
}
