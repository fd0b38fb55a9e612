//! Stripe: card payments on its pages.

mod outage;
mod reopen;
pub mod session;
