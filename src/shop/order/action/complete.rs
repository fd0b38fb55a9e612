//! Completing an order by hand: its seller takes what has come of its money.

use super::{Found, Written, find, prepared};
use crate::shop::{
    App, Outcome,
    account::Account,
    error::OrderRefusal,
    order::{fulfil, settle},
    prepared::Prepared,
};

/// The goods are told with the payment, in one commit.
pub async fn complete(
    app: &App,
    account: &Account,
    order_id: &str,
    note: Option<String>,
) -> Outcome<Prepared<Written>> {
    let Found { order, endpoints } = find(app, account, order_id).await?;
    if !order.status.may_be_accepted() {
        return Err(OrderRefusal::NotAcceptable.into());
    }
    let mut change = settle::accept(&order, note, app.now());
    fulfil::fulfil(app, account, &mut change, &endpoints).await?;
    prepared(app, account, change, &endpoints)
}
