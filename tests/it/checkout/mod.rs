//! The hosted pay page.

mod access;
mod ask;
mod choice;
mod contact;
mod file;
mod forgery;
mod language;
mod order;
mod page;
mod purchase;
mod rate_limit;
mod said;
mod thread;
