//! Gateways: how money comes in. Today Bitcoin, on a real chain seen through Esplora servers or, for test accounts, on
//! a simulated one.

use super::{Shop, account::Account};
use crate::world::{Fault, Later};

mod curve;
mod esplora;
pub mod hd;
pub mod qr;
pub mod rates;
pub mod settings;
pub mod simulated;
pub mod wallet;

/// The gateways of /api/v2 as this version serves them, by their names on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    Bitcoin,
}

impl Gateway {
    pub const ALL: [Gateway; 1] = [Gateway::Bitcoin];

    /// Any case: `Bitcoin`, `bitcoin`, `BITCOIN`.
    pub fn parse(text: &str) -> Option<Gateway> {
        Self::ALL.into_iter().find(|gateway| gateway.name().eq_ignore_ascii_case(text))
    }

    /// As orders show it.
    pub fn name(self) -> &'static str {
        match self {
            Gateway::Bitcoin => "Bitcoin",
        }
    }

    /// As settings and products name it, and as the tables do.
    pub fn snake(self) -> &'static str {
        match self {
            Gateway::Bitcoin => "bitcoin",
        }
    }

    /// The unit that people know.
    pub fn symbol(self) -> &'static str {
        match self {
            Gateway::Bitcoin => "BTC",
        }
    }
}

/// An output that pays an order's address, as a chain has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub txid: String,
    pub vout: u32,
    /// Satoshi.
    pub value: u64,
    /// Of its block; `None` while it is unconfirmed.
    pub height: Option<u32>,
}

/// What one look at a chain saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sighting {
    /// Height of the newest block.
    pub tip: u32,
    pub outputs: Vec<Output>,
    /// What isn't here isn't there: enough of those who could know were asked.
    pub complete: bool,
}

/// A look that failed. It marks nothing: the order stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSight {
    /// Every server was down, slow, or talked nonsense.
    Unreachable(String),
    Fault(Fault),
}

impl From<Fault> for NoSight {
    fn from(fault: Fault) -> Self {
        NoSight::Fault(fault)
    }
}

/// Somewhere coins can be seen to arrive.
pub trait Chain {
    /// All outputs that pay the address since a time (milliseconds): a wallet's address may have a past of its own, and
    /// old coins pay no new order. `known` are the txids seen before: when one of them is missing now, the chain makes
    /// sure before it says so.
    fn look<'a>(&'a self, address: &'a str, since: i64, known: &'a [String]) -> Later<'a, Result<Sighting, NoSight>>;
}

/// The chain on which this account's orders are paid.
pub fn chain<'a>(shop: &'a Shop, account: &'a Account, gateway: Gateway) -> Box<dyn Chain + 'a> {
    match (account.test, gateway) {
        (true, _) => Box::new(simulated::Simulated { shop, account }),
        (false, Gateway::Bitcoin) => Box::new(esplora::Esplora {
            web: &*shop.world.web,
            log: &*shop.world.log,
            base_urls: &shop.world.settings.bitcoin_esplora_urls,
        }),
    }
}
