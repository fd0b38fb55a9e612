//! The hosted pay page.

mod contact;
mod page;
mod purchase;
mod rate_limit;
