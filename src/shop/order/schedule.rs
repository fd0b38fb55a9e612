//! When an order is synced with its gateway, and until when. Most of its money comes within the first hour.

use super::{Order, Status, onchain};
use crate::shop::{
    account::Account,
    gateway::{ChainSnapshot, OnchainPayment, Session},
    job::Job,
    time::{DAY, HOUR, MINUTE, SECOND},
};

/// Milliseconds by which a lease outlasts the next sync.
pub const LEASE: i64 = 5 * MINUTE;

/// Until when a chain of syncs with this delay is trusted to be alive.
pub fn lease(now: i64, delay: u32) -> i64 {
    now + i64::from(delay) * SECOND + LEASE
}

/// Whether a lease is to be renewed: it is about to end, or so long that cron would find a broken chain late.
pub fn is_lease_due(ends: i64, now: i64, delay: u32) -> bool {
    let left = ends - now - i64::from(delay) * SECOND;
    !(2 * MINUTE..=LEASE).contains(&left)
}

/// The message for the order's next sync.
pub fn message(account: &Account, order: &Order) -> Job {
    Job::Sync {
        shard: account.shard.clone(),
        account_id: account.id,
        order_id: order.id.clone(),
        generation: order.sync_generation,
    }
}

/// Blocks that bury a payment for good. One that is younger is watched on after it was paid.
const FINAL_DEPTH: u32 = 6;
/// So long after its quote has run out an address is watched. If nothing ever came to it, it is used again then.
const MONITORING_PERIOD: i64 = 7 * DAY;

/// Seconds until the next sync, or `None` when there is nothing to look for any more. `base` is the operator's
/// `WATCH_SECONDS`.
pub fn delay(order: &Order, now: i64, base: u32) -> Option<u32> {
    // Where blocks are read for it, a sync comes before there are too many of them.
    let most = if order.invoice.is_shared() { 300 } else { u32::MAX };
    pace(order, now, base).map(|delay| delay.min(most))
}

fn pace(order: &Order, now: i64, base: u32) -> Option<u32> {
    if !is_watched(order) {
        return None;
    }
    if order.is_free() {
        return Some(0);
    }
    if let Some(session) = &order.session {
        return session_delay(order, session, now);
    }
    if let Some(paid_at) = order.paid_at {
        return paid_delay(order, now - paid_at);
    }
    let past = now - order.invoice.expires_at;
    // A new quote makes an old order young again.
    let is_young = past + order.policy.quote() < HOUR;
    // What was seen is followed to its end, however long it takes; but a test account's chain may stand still for ever.
    let confirming = order.status == Status::AwaitingConfirmations && !order.test;
    match () {
        () if is_young && (past < onchain::GRACE_PERIOD || confirming) => Some(base),
        () if is_young || past < onchain::GRACE_PERIOD || (confirming && past < DAY) => Some(base.max(60)),
        () if past < order.policy.watch() || (confirming && past < 14 * DAY) => Some(300),
        () if past < MONITORING_PERIOD || confirming => Some(3_600),
        // Its last sync could not see for sure that the address is empty.
        () if order.payment_status() == Status::Unpaid && past < MONITORING_PERIOD + 2 * DAY => Some(12 * 3_600),
        () => None,
    }
}

/// `age`: since it was paid. What was handed out before the first confirmation can still be replaced by anybody, and is looked
/// at soon, then ever more rarely; the blocks that bury a payment have mostly come within an hour. What vanished may come
/// back for two weeks, after which nobody keeps it. A test account's chain moves only when its seller has it looked at.
fn paid_delay(order: &Order, age: i64) -> Option<u32> {
    let rarer = u32::try_from(age / 2 / SECOND).unwrap_or(u32::MAX).clamp(30, 3_600);
    match () {
        () if order.test => None,
        () if age < DAY && order.invoice.confirmations == 0 => Some(rarer),
        () if age < DAY => Some(3_600),
        () if age < 14 * DAY => Some(6 * 3_600),
        () => None,
    }
}

/// Whether anything can happen to its payment that a sync would see.
pub fn is_watched(order: &Order) -> bool {
    // An address that was given back is another order's.
    let its_own = order.session.is_some() || order.invoice.index.is_some() || order.is_free();
    its_own && (order.status.is_open() || is_shallow(order))
}

/// Paid in coins, and not so deep that nothing can happen to them any more.
fn is_shallow(order: &Order) -> bool {
    let paid = matches!(order.status, Status::Completed | Status::Reversed) && order.paid_at.is_some();
    paid && order.session.is_none() && order.invoice.confirmations < order.confirmations_needed.max(FINAL_DEPTH)
}

/// Nobody has paid it, and its time is over.
pub fn is_abandoned(order: &Order, receipts: &[OnchainPayment], seen: &ChainSnapshot, now: i64) -> bool {
    let nothing = receipts.is_empty() && seen.outputs.is_empty();
    nothing && order.payment_status() == Status::Unpaid && now >= order.invoice.expires_at + MONITORING_PERIOD
}

/// A gateway with a page tells us what happens there. It is asked as well, in case that its word is lost: soon, when the page
/// has ended, and now and then while it holds money back.
fn session_delay(order: &Order, session: &Session, now: i64) -> Option<u32> {
    if !order.gateway.can_sync(Some(session)) {
        return None;
    }
    let age = now - order.created_at;
    match (order.status, session.expires_at) {
        (Status::PendingAtPayPal, _) if age < 30 * DAY => Some(3 * 3_600),
        _ if age < HOUR => Some(600),
        (_, Some(ends)) if now < ends + HOUR => Some(3_600),
        (_, None) if age < DAY => Some(3_600),
        _ => None,
    }
}
