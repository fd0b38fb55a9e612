//! The decision about an attempt to order, and the reasons for it: everything that was looked at, in the order of looking. What is
//! decided follows from the reasons alone, so that they can be kept and shown, and never say something else than what happened.

use serde::{Deserialize, Serialize};

use super::{
    Known,
    rule_set::Enabled,
    signal::{self, Signal, Weights},
};
use crate::shop::{blacklist_rule::Action, gateway::Card, rule::Facts};

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

/// A signal, and what it added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    pub name: Signal,
    /// What it adds where it is raised.
    pub weight: u32,
    /// `None`: nothing is known of it.
    pub raised: Option<bool>,
}

/// Signals are kept as one text, `tor=50+ vpn=25- card_velocity=15?`: each order has them all.
mod signs {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Sign, Signal};

    pub fn serialize<S: Serializer>(signs: &[Sign], serializer: S) -> Result<S::Ok, S::Error> {
        let mark = |raised| match raised {
            Some(true) => '+',
            Some(false) => '-',
            None => '?',
        };
        let texts = signs.iter().map(|sign| format!("{}={}{}", sign.name.name(), sign.weight, mark(sign.raised)));
        serializer.serialize_str(&texts.collect::<Vec<_>>().join(" "))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Sign>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let signs = text.split_whitespace().map(read).collect::<Option<_>>();
        signs.ok_or_else(|| D::Error::custom("not a list of signals"))
    }

    fn read(text: &str) -> Option<Sign> {
        let (name, rest) = text.split_once('=')?;
        let mark = rest.chars().next_back()?;
        let raised = match mark {
            '+' => Some(true),
            '-' => Some(false),
            '?' => None,
            _ => return None,
        };
        let name = Signal::ALL.into_iter().find(|signal| signal.name() == name)?;
        Some(Sign { name, weight: rest.strip_suffix(mark)?.parse().ok()?, raised })
    }
}

/// A rule that was tried. It is kept as `["id","name","block",false]`: each order has all that were tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String, String, bool)", into = "(String, String, String, bool)")]
pub struct Tried {
    pub id: String,
    /// As it was called then.
    pub name: String,
    pub action: String,
    pub matched: bool,
}

impl From<(String, String, String, bool)> for Tried {
    fn from((id, name, action, matched): (String, String, String, bool)) -> Tried {
        Tried { id, name, action, matched }
    }
}

impl From<Tried> for (String, String, String, bool) {
    fn from(tried: Tried) -> Self {
        (tried.id, tried.name, tried.action, tried.matched)
    }
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
    #[serde(with = "signs")]
    pub signals: Vec<Sign>,
    /// Up to the first that matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Tried>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Listed>,
    /// Whether the buyer's address is a VPN's, Tor's or of a network that hosts servers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Of the card that paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSeen>,
}

/// What is shown of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSeen {
    pub country: Option<String>,
    /// Stripe's word.
    pub risk: Option<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// All that a decision is made of.
pub struct Case<'a> {
    pub known: Known,
    pub weights: Weights,
    /// In the order of trying.
    pub rules: &'a [Enabled],
    /// The entries of the blacklist that apply.
    pub entries: Vec<Listed>,
    /// The product's limits.
    pub vpn_block: bool,
    pub max_risk_level: u32,
}

impl Case<'_> {
    /// What is decided and why, and the facts that rules saw.
    pub fn decide(self, now: i64) -> (Reasons, Facts) {
        let mut known = self.known;
        let (signals, risk_level) = signals(&known, self.weights, now);
        known.facts.risk.level = Some(risk_level.into());
        let customer = &known.facts.customer;
        let hidden = [customer.is_vpn, customer.is_tor, customer.is_hosting].contains(&Some(true));
        let mut reasons = Reasons {
            outcome: Outcome::Accepted,
            by: None,
            risk_level,
            max_risk_level: self.max_risk_level,
            vpn_block: self.vpn_block,
            signals,
            rules: try_rules(self.rules, &known.facts, now),
            entries: self.entries,
            hidden,
            card: None,
        };
        (reasons.outcome, reasons.by) = reasons.decide();
        (reasons, known.facts)
    }
}

/// The rules in their order, up to the first that matches.
fn try_rules(rules: &[Enabled], facts: &Facts, now: i64) -> Vec<Tried> {
    let mut tried = Vec::new();
    for enabled in rules.iter().filter(|enabled| enabled.expires_at.is_none_or(|ends| now < ends)) {
        let matched = enabled.rule.matches(facts);
        let (id, name) = (enabled.id.clone(), enabled.name.clone());
        tried.push(Tried { id, name, action: enabled.action.name().to_owned(), matched });
        if matched {
            break;
        }
    }
    tried
}

/// The risk: what the raised signals add up to, 100 at most.
fn signals(known: &Known, weights: Weights, now: i64) -> (Vec<Sign>, u32) {
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
    /// Takes in what a card says that has paid the order, and decides anew, by the weights and the limit of the order's start. A
    /// signal that an earlier card has raised stays so.
    pub fn add_card(&mut self, card: &Card, country: Option<&str>, times: &[i64], at: i64) {
        for sign in &mut self.signals {
            let raised = signal::is_raised_by(sign.name, card, country, times, at);
            sign.raised = sign.raised.filter(|before| *before || raised.is_none()).or(raised);
        }
        self.risk_level = level(&self.signals);
        let risk = card.risk.map(|risk| risk.word().to_owned());
        self.card = Some(CardSeen { country: card.country.clone(), risk });
        (self.outcome, self.by) = self.decide();
    }

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
