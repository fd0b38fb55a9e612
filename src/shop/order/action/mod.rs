//! What a seller does to an order by hand. Each action is one change of the order: what it writes,
//! the webhooks that it owes and a line of the order's history are one commit, held to the order's
//! revision.

use super::{Change, Order, Written, sql};
use crate::{
    platform::{Row, Statement},
    shop::{
        App, Outcome, Refusal,
        account::Account,
        error::CatalogRefusal,
        prepared::Prepared,
        webhook::{self, Endpoint},
    },
};

mod approve;
mod blacklist;
mod complete;
mod deliver;
mod note;
mod refund;
mod replace;

pub use approve::approve;
pub use blacklist::{Wanted, blacklist};
pub use complete::complete;
pub use deliver::deliver;
pub use note::note;
pub use refund::{Refunded, refund, send_back};
pub use replace::replace;

/// The order as an action finds it.
struct Found {
    order: Order,
    endpoints: Vec<Endpoint>,
}

impl Found {
    fn statements(account: &Account, order_id: &str) -> [Statement; 2] {
        [sql::by_id(account.id, order_id), webhook::sql::enabled(account.id)]
    }

    fn read(orders: &[Row], endpoints: &[Row]) -> Outcome<Found> {
        let order = sql::from_row(orders.first().ok_or(Refusal::NotFound)?)?;
        Ok(Found { order, endpoints: Endpoint::from_rows(endpoints)? })
    }
}

async fn find(app: &App, account: &Account, order_id: &str) -> Outcome<Found> {
    let [orders, endpoints] = account.db(app)?.batch(Found::statements(account, order_id)).await?;
    Found::read(&orders, &endpoints)
}

/// Refused with `Conflict` when the order was changed since it was read. Whoever commits it tells
/// of it (`Written::tell`).
fn prepared(app: &App, account: &Account, change: Change, endpoints: &[Endpoint]) -> Outcome<Prepared<Written>> {
    let mut written = change.write(app, account, endpoints)?;
    let statements = std::mem::take(&mut written.statements);
    Ok(Prepared::new(account.db(app)?, written, statements)
        .on_stale(Refusal::Conflict)
        .on_broken("products_stock", CatalogRefusal::OutOfStock)
        .on_broken("order_fits", CatalogRefusal::OrderTooLarge))
}
