//! Gateways: settings, wallets, exchange rates, servers, notifications.

mod address_reuse;
mod dust;
mod esplora;
pub mod ethereum;
mod exchange_rates;
mod notification;
mod paypal;
mod servers;
mod settings;
mod stripe;
mod wallet;
