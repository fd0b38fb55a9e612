//! What a gateway is told of an order: the payment alone.

use super::{Gateway, Invoice, Session};
use crate::shop::money::Amount;

/// The payment of an order that is there.
#[derive(Clone, Copy)]
pub struct PaymentTarget<'a> {
    pub account_id: i64,
    pub order_id: &'a str,
    /// Counts changes of the order.
    pub revision: i64,
    pub gateway: Gateway,
    pub price: Amount,
    pub invoice: &'a Invoice,
    /// The gateway's page; `None` for coins.
    pub session: Option<&'a Session>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub test: bool,
}

/// A payment that is to be opened.
#[derive(Clone, Copy)]
pub struct PaymentRequest<'a> {
    pub order_id: &'a str,
    /// What is bought.
    pub title: &'a str,
    /// In all, whatever the quantity.
    pub price: Amount,
    pub quantity: u32,
    /// The buyer's, where it is known.
    pub email: Option<&'a str>,
    pub return_url: Option<&'a str>,
    /// `https://host` of this shop, where a gateway sends its notifications.
    pub origin: &'a str,
    /// The whole address of the order's page, to which a gateway's page sends the buyer back; an order without one has none.
    pub page: Option<&'a str>,
    /// 0 for the first page at a gateway, and for each further one of the same order another number.
    pub attempt: i64,
}

impl PaymentRequest<'_> {
    /// Names the page that is opened for it: however often a gateway is asked under one key, it opens one.
    pub fn key(&self) -> String {
        if self.attempt == 0 { self.order_id.to_owned() } else { format!("{}.{}", self.order_id, self.attempt) }
    }
}
