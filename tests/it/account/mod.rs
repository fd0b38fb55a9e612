//! Accounts: their credentials, and what the operator does for them.

mod credentials;
mod lists;
mod operator;
