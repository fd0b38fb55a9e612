//! Orders: how they are read, and how their payment is followed.

mod onchain;
mod refund;
mod restock;
mod action;
mod csv;
mod dispute;
mod dynamic;
mod filter;
mod large_filter;
mod late_payment;
pub mod ledger;
mod list;
mod monitoring;
pub mod sync;
pub mod sync_schedule;
mod test_mode;
