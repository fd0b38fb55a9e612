//! The gateways that a link names: its buyer pays through one of them.

use crate::shop::gateway::Gateway;

/// One or more, each once, in the seller's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    first: Gateway,
    others: Vec<Gateway>,
}

impl Choice {
    /// `None`: there is none, or one stands there twice.
    pub fn new(gateways: Vec<Gateway>) -> Option<Choice> {
        let twice = |(n, gateway)| gateways.iter().take(n).any(|other| other == gateway);
        if gateways.iter().enumerate().any(twice) {
            return None;
        }
        let mut gateways = gateways.into_iter();
        Some(Choice { first: gateways.next()?, others: gateways.collect() })
    }

    pub fn one(gateway: Gateway) -> Choice {
        Choice { first: gateway, others: Vec::new() }
    }

    /// As `to_text` writes it.
    pub fn parse(text: &str) -> Option<Choice> {
        Choice::new(text.split(',').map(Gateway::parse).collect::<Option<_>>()?)
    }

    /// `bitcoin`, or `bitcoin,stripe`.
    pub fn to_text(&self) -> String {
        self.iter().map(Gateway::slug).collect::<Vec<_>>().join(",")
    }

    pub fn first(&self) -> Gateway {
        self.first
    }

    pub fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Gateway> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl From<Gateway> for Choice {
    fn from(gateway: Gateway) -> Choice {
        Choice::one(gateway)
    }
}
