//! The blacklist: its entries and its rules.

mod entry;
mod rule;
