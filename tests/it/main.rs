//! The whole shop over SQLite in memory: the same program and the same SQL as in production, with a world around it that
//! a test can stop, break and look into. A folder a noun, as in `src/`; each test's name is a sentence about it.
#![allow(
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod account;
mod actors;
mod api;
mod blacklist;
mod catalog;
mod checkout;
mod download;
mod feedback;
mod fraud;
mod gateway;
mod leaks;
mod mail;
mod network;
mod oauth;
mod openapi;
mod order;
mod pago;
mod payment;
mod platform;
mod purchase;
mod pusher;
mod query;
mod rule;
mod shoppy;
mod storefront;
mod structure;
mod tidy;
mod upload;
mod vault;
mod webhook;
mod words;
mod world;
