//! What events about a product are about, beside the product itself.

use super::Product;
use crate::{
    platform::{Fault, Statement},
    shop::{
        App,
        account::Account,
        webhook::{Event, Subject, unread},
    },
};

/// A product that its seller has changed.
pub struct Changed {
    pub before: Product,
    pub after: Product,
}

impl Subject for Changed {
    fn id(&self) -> &str {
        &self.after.id
    }
}

/// A product that is gone.
pub struct Removed(pub Product);

impl Subject for Removed {
    fn id(&self) -> &str {
        &self.0.id
    }
}

/// How many of a product can be sold, before and after; `None` is without end. What unpaid orders hold counts as sold.
pub struct StockMove {
    pub account_id: i64,
    pub product_id: String,
    pub before: Option<i64>,
    pub after: Option<i64>,
    /// The order that took them.
    pub order_id: Option<String>,
    pub at: i64,
}

impl StockMove {
    /// What a seller's change comes to, if the stock is another one then.
    pub fn of(before: &Product, after: &Product) -> Option<StockMove> {
        let (from, to, at) = (before.stock(), after.stock(), after.updated_at);
        let (account_id, product_id) = (after.account_id, after.id.clone());
        (from != to).then_some(StockMove { account_id, product_id, before: from, after: to, order_id: None, at })
    }
}

impl Subject for StockMove {
    fn id(&self) -> &str {
        &self.product_id
    }
}

/// What a change of the stock owes.
pub fn stock_moved(app: &App, account: &Account, before: &Product, after: &Product) -> Result<Vec<Statement>, Fault> {
    let Some(moved) = StockMove::of(before, after) else { return Ok(Vec::new()) };
    let event = match (moved.before, moved.after) {
        (None, _) => Event::StockTrackingStarted,
        (_, None) => Event::StockTrackingStopped,
        _ => Event::StockChanged,
    };
    unread::owe(app, account.id, event, &moved)
}
