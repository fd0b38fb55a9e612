//! Completing an order by hand: its seller takes what has come of its money.

use super::{Found, Written, find, prepared};
use crate::{
    platform::LogLine,
    shop::{
        App, Error, Outcome,
        account::Account,
        error::OrderRefusal,
        gateway::GatewayContext,
        order::{fulfil, settle},
        prepared::Prepared,
    },
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
    // Its page at a gateway is closed, so that nobody pays there for what is complete. Should that fail, or money be on its way, it
    // is written down when it comes, and can be refunded.
    if order.session.is_some() && order.paid_value == 0 {
        let context = GatewayContext { app, account };
        if let Err(Error::Fault(fault)) = order.gateway.of(account).close(context, order.target()).await {
            let line = LogLine::warn("order.page_not_closed").account(account.id).order(order_id);
            app.platform.log.write(line.because(fault));
        }
    }
    let mut change = settle::accept(&order, note, app.now());
    fulfil::fulfil(app, account, &mut change, &endpoints).await?;
    prepared(app, account, change, &endpoints)
}
