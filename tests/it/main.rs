//! The whole shop over SQLite in memory: the same program and the same SQL as in production, with a world around it that
//! a test can stop, break and look into. Each file is a noun, as in `src/`; each test's name is a sentence about it.
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
mod addresses;
mod blacklist;
mod blacklist_rule;
mod body;
mod category;
mod checkout;
mod checkout_limit;
mod circuit;
mod contact;
mod counts;
mod coupon;
mod delivery;
mod dns;
mod dust;
mod enable;
mod ethereum;
mod explorers;
mod facts;
mod feedback;
mod form;
mod gateway;
mod health;
mod http;
mod idempotency;
mod killed;
mod kv;
mod late;
mod leaks;
mod ledger;
mod limit;
mod log;
mod looks;
mod notices;
mod one_address;
mod openapi;
mod operator;
mod order;
mod order_filter;
mod page;
mod paid;
mod pay;
mod payloads;
mod payments;
mod paypal;
mod product;
mod prune;
mod query;
mod rates;
mod receiver;
mod reference;
mod replay;
mod retention;
mod retry;
mod route;
mod rpc;
mod same_time;
mod scan;
mod secret;
mod servers;
mod shards;
mod simulate;
mod size;
mod stock;
mod stripe;
mod stripe_again;
mod stripe_refuses;
mod structure;
mod test_mode;
mod text;
mod tidy;
mod turn;
mod upload;
mod vault;
mod wallet;
mod watch;
mod webhook;
mod wire;
mod world;
