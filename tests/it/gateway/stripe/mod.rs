//! Stripe: card payments on its pages.

mod outage;
mod reopen;
mod session;
