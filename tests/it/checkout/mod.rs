//! The hosted pay page.

mod contact;
mod language;
mod page;
mod purchase;
mod rate_limit;
