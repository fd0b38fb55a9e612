//! Approving an order in review: its risk holds it back no more.

use super::{Found, Written, prepared};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::OrderRefusal,
    gateway::record,
    order::{Status, fulfil, schedule, settle, sync},
    prepared::Prepared,
};

/// What is paid already is completed and delivered in the same commit. What isn't goes on as any other order: money that comes
/// completes it.
pub async fn approve(app: &App, account: &Account, order_id: &str, note: Option<String>) -> Outcome<Prepared<Written>> {
    let [order, endpoints] = Found::statements(account, order_id);
    let movements = record::movements(account.id, order_id);
    let [orders, endpoints, movements] = account.db(app)?.batch([order, endpoints, movements]).await?;
    let Found { order, endpoints } = Found::read(&orders, &endpoints)?;
    if order.status != Status::HighRisk {
        return Err(OrderRefusal::NotInReview.into());
    }
    let entries = movements.iter().map(record::movement).collect::<Result<Vec<_>, _>>()?;
    let mut change = settle::approve(&order, &entries, note, app.now());
    fulfil::fulfil(app, account, &mut change, &endpoints).await?;
    let now = app.now();
    if let Some((after, _)) = change.steps.last_mut() {
        // Its chain of syncs may have ended, while its money still waits for confirmations.
        let delay = schedule::delay(after, now, app.platform.settings.watch_seconds);
        after.sync_generation += 1;
        after.sync_lease = delay.map(|delay| schedule::lease(now, delay));
        change.messages.extend(delay.map(|delay| (schedule::message(account, after), delay)));
        change.facts.extend(sync::keep_hold(after, now));
    }
    prepared(app, account, change, &endpoints)
}
