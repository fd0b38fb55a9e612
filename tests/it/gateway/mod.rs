//! Gateways: settings, wallets, exchange rates, servers, notifications.

mod address_reuse;
mod dust;
mod esplora;
pub mod ethereum;
mod exchange_rates;
mod notification;
mod open_orders;
pub mod paypal;
mod servers;
mod settings;
pub mod stripe;
mod wallet;
