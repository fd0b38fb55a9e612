//! Ethereum: payments to addresses of their own and to a shared one.

pub mod payment;
mod rpc;
mod shared_address;
