//! Looks for which a buyer waits. Each asks the gateway under the seller's key, and anybody with the link can request
//! them: there is one per order and pause, and other requests get what is known.

use std::{cell::RefCell, collections::HashMap};

use crate::shop::time::SECOND;

/// Milliseconds between two such syncs of one order.
const PAUSE: i64 = 5 * SECOND;
/// Orders remembered. Beyond that a sync is refused until older ones are forgotten.
const MAX_REMEMBERED: usize = 5_000;

/// When this isolate last looked at an order for a waiting buyer, by the order's id.
#[derive(Default)]
pub struct InlineSyncs(RefCell<HashMap<String, i64>>);

impl InlineSyncs {
    /// Whether a sync may begin now. If so, the next one has to wait.
    pub fn begin(&self, order_id: &str, now: i64) -> bool {
        let mut syncs = self.0.borrow_mut();
        syncs.retain(|_, at| now - *at < PAUSE);
        if syncs.contains_key(order_id) || syncs.len() >= MAX_REMEMBERED {
            return false;
        }
        syncs.insert(order_id.to_owned(), now);
        true
    }
}
