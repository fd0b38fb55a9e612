//! PushGuard: a shop and payment desk for digital goods, as one WebAssembly module on Cloudflare Workers.
//!
//! Arrows point down only: `cloudflare → door → api, checkout → http, shop → world`. ARCHITECTURE.md has the map.

/// The wire dialects: bytes to commands, outcomes to bytes.
pub mod api;
/// The names that handlers ask of requests: what the specification is held against.
#[cfg(not(target_arch = "wasm32"))]
pub mod asked;
/// The hosted pay page.
pub mod checkout;
/// The only place that knows the platform.
#[cfg(target_arch = "wasm32")]
pub mod cloudflare;
/// Requests and responses as plain structs.
pub mod http;
/// JSON, read and written.
pub mod json;
/// What the shop asks of the world, as small traits.
pub mod platform;
/// Where every request comes in.
pub mod router;
/// The domain: accounts, payments, orders, gateways, webhooks.
pub mod shop;
