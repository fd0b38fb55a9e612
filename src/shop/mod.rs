//! The shop: accounts, payment links, orders, wallets and chains, webhooks. Each noun is a room.
//!
//! Every operation reads what it needs in one round trip, decides in plain code, and commits once. What it owes to
//! others (webhook logs) is part of that commit; what it says to others (queue messages, live pages) comes after it and may fail.

// The order is the layering: a room names only rooms above it in this list (`tests/it/structure`).

/// Ids, and hex.
pub mod id;
/// Times and their texts.
pub mod time;
/// Pasted text, invisible characters, and e-mail addresses.
pub mod text;
/// Markdown of what sellers write.
pub mod markdown;
/// Exact amounts, currencies and decimals.
pub mod money;
/// The language of fraud rules.
pub mod rule;
/// Serials, as they are typed and kept.
pub mod stock;
/// Pages of tables with deletes.
pub mod list;
/// Messages of the queues.
pub mod job;
/// Events, and the dialects that tell them.
pub mod event;
/// Refusals and faults.
pub mod error;
/// What every verb is given.
pub mod app;
/// What a verb hands back, to be committed.
pub mod prepared;
/// Secrets at rest.
pub mod vault;
/// Signatures that open a page.
pub mod signature;
/// Idempotency keys and the answers under them.
pub mod idempotency;
/// What lists know of addresses, networks and e-mail domains.
pub mod network;
/// Who may come in.
pub mod account;
/// Mails that are owed.
pub mod mail;
/// Images and files.
pub mod upload;
/// Endpoints, logs and deliveries.
pub mod webhook;
/// Ways for money to come in: wallets and chains, PayPal, Stripe.
pub mod gateway;
/// What is sold.
pub mod product;
/// What an unpaid order keeps from other buyers.
pub mod hold;
pub mod category;
pub mod coupon;
/// Facts that no buyer may have.
pub mod blacklist;
pub mod blacklist_rule;
/// Networks and domains that the operator knows something of.
pub mod operator_list;
/// Who may order, and why not.
pub mod fraud;
/// Attempts to order that were refused.
pub mod blocked;
/// What somebody wants to buy, and what it costs.
pub mod purchase;
/// The e-mails that orders came from.
pub mod customer;
/// Scripts of others that a shop's pages load.
pub mod script;
/// What somebody buys, and how far its payment is.
pub mod order;
/// What buyers say of an order.
pub mod feedback;
/// What buyers ask, and the replies.
pub mod query;
/// Payment links.
pub mod payment;
/// What a seller can set.
pub mod seller;
/// What buyers see of a shop.
pub mod catalog;
/// Applications of others that sellers let act for them.
pub mod oauth;
/// Samples of events.
pub mod sample;
/// Writing and sending the mails.
pub mod mailer;
/// What is old goes.
pub mod retention;
/// The queue consumer.
pub mod consumer;
/// Cron.
pub mod sweep;

pub use app::App;
pub use error::{Error, Outcome, Refusal};
