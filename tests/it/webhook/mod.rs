//! Webhooks: endpoints, deliveries, retries, replays.

mod circuit_breaker;
pub mod delivery;
mod delivery_order;
mod dns;
mod enable;
mod endpoint;
mod endpoint_health;
mod log_retention;
mod log_scan;
mod payload;
pub mod receiver;
mod replay;
mod retry_schedule;
mod secret;
mod simulator;
