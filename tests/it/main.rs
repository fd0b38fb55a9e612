//! The whole shop over SQLite in memory: the same program and the same SQL as in production, with a world around it that
//! a test can stop, break and look into. Each file is a noun, as in `src/`; each test's name is a sentence about it.

mod account;
mod actors;
mod blacklist;
mod category;
mod checkout;
mod counts;
mod delivery;
mod facts;
mod feedback;
mod gateway;
mod http;
mod idempotency;
mod late;
mod limit;
mod looks;
mod openapi;
mod order;
mod page;
mod pay;
mod product;
mod query;
mod rates;
mod rehearsal;
mod retry;
mod route;
mod stock;
mod secret;
mod tidy;
mod upload;
mod wallet;
mod watch;
mod webhook;
mod wire;
mod world;
