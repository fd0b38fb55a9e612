//! The blacklist: its entries and its rules.

mod buyer;
mod entry;
mod expiry;
mod import;
mod lookup;
mod rule;

pub use lookup::look;
