//! The decision about an attempt to order, and the reasons for it: everything that was looked at, in the order of looking. What is
//! decided follows from the reasons alone, so that they can be kept and shown, and never say something else than what happened.

use serde::{Deserialize, Serialize};

use super::{
    Known,
    signal::{self, Signal, Weights},
};
use crate::shop::blacklist_rule::Action;

/// What becomes of the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing speaks against it.
    Accepted,
    /// A rule lets it through, whatever else speaks against it.
    Allowed,
    /// The order is made, and its goods wait for its seller.
    Review,
    /// No order is made.
    Blocked,
}

/// What decided, where something did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Decider {
    /// The rule of this id.
    Rule { id: String },
    /// The entry of the blacklist of this id.
    Blacklist { id: String },
    /// The product takes no VPNs.
    VpnBlock,
    /// The risk is above the product's limit.
    RiskLevel,
}

/// A signal, and what it added. It is kept as `["tor",50,false]`: each order has them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Signal, u32, Option<bool>)", into = "(Signal, u32, Option<bool>)")]
pub struct Sign {
    pub name: Signal,
    /// What it adds where it is raised.
    pub weight: u32,
    /// `None`: nothing is known of it.
    pub raised: Option<bool>,
}

impl From<(Signal, u32, Option<bool>)> for Sign {
    fn from((name, weight, raised): (Signal, u32, Option<bool>)) -> Sign {
        Sign { name, weight, raised }
    }
}

impl From<Sign> for (Signal, u32, Option<bool>) {
    fn from(sign: Sign) -> Self {
        (sign.name, sign.weight, sign.raised)
    }
}

/// A rule that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub id: String,
    /// As it was called then.
    pub name: String,
    pub action: String,
    pub matched: bool,
}

/// An entry of the blacklist that applies to the buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub id: String,
    /// Its type's number.
    pub blacklist_type: i64,
    /// As the entry shows it.
    pub blocked_data: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Decider>,
    /// 0 to 100: what the raised signals add up to.
    pub risk_level: u32,
    /// The product's limits; of a payment without a product those of a new product.
    pub max_risk_level: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub vpn_block: bool,
    pub signals: Vec<Sign>,
    /// Up to the first that matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Tried>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Listed>,
    /// Whether the buyer's address is a VPN's, Tor's or of a network that hosts servers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The risk: what the raised signals add up to, 100 at most.
pub fn signals(known: &Known, weights: Weights, now: i64) -> (Vec<Sign>, u32) {
    let signs: Vec<Sign> = weights
        .all()
        .map(|(name, weight)| Sign { name, weight, raised: signal::is_raised(name, known, now) })
        .collect();
    let level = level(&signs);
    (signs, level)
}

pub fn level(signs: &[Sign]) -> u32 {
    let raised = signs.iter().filter(|sign| sign.raised == Some(true));
    raised.fold(0_u32, |sum, sign| sum.saturating_add(sign.weight)).min(100)
}

impl Reasons {
    /// What they come to: rules first, of which the first that matches ends it; then the blacklist, the product's limit for VPNs,
    /// and its limit of risk.
    pub fn decide(&self) -> (Outcome, Option<Decider>) {
        if let Some(rule) = self.rules.iter().find(|rule| rule.matched) {
            let allows = Action::parse(&rule.action) == Some(Action::Allow);
            let outcome = if allows { Outcome::Allowed } else { Outcome::Blocked };
            return (outcome, Some(Decider::Rule { id: rule.id.clone() }));
        }
        if let Some(entry) = self.entries.first() {
            return (Outcome::Blocked, Some(Decider::Blacklist { id: entry.id.clone() }));
        }
        if self.vpn_block && self.hidden {
            return (Outcome::Blocked, Some(Decider::VpnBlock));
        }
        if self.risk_level > self.max_risk_level {
            return (Outcome::Review, Some(Decider::RiskLevel));
        }
        (Outcome::Accepted, None)
    }
}
