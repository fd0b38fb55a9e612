//! PushGuard: a shop and payment desk for digital goods, as one WebAssembly module on Cloudflare Workers.
//!
//! The lowest room stands first, and each room imports only rooms that stand before it. The test
//! tests/it/structure proves it; ARCHITECTURE.md has the map.

/// Collects the names that handlers ask of requests: the specification is held against them.
#[cfg(not(target_arch = "wasm32"))]
pub mod asked;
/// Reads and writes JSON.
pub mod json;
/// Names what the shop needs of its platform, as traits: database, cache, queue, files, HTTP, clock, random.
pub mod platform;
/// Words of the public pages and mails, in twelve languages.
pub mod words;
/// Decides about accounts, payments, orders, gateways and webhooks: the domain.
pub mod shop;
/// Holds requests and responses as plain structs.
pub mod http;
/// Turns requests into calls of the shop, and outcomes into JSON, in the words of each dialect.
pub mod api;
/// Shows buyers the pay page.
pub mod checkout;
/// Shows what a shop sells, and sells it.
pub mod storefront;
/// Asks sellers whether an application may act for them.
pub mod consent;
/// Gives each request to the API or to the pages.
pub mod router;
/// Runs it all on Cloudflare Workers. No other room names the platform's crates.
#[cfg(target_arch = "wasm32")]
pub mod cloudflare;
