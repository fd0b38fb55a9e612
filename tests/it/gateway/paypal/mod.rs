//! PayPal: sellers who take it, buyers who are sent there, and what it tells us.

mod app;
mod button;
mod dispute;
mod reopen;
pub mod scene;
