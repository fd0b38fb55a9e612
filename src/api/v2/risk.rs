//! Why an order was accepted, held or refused: `GET /orders/:id/risk`, and a part of `/blocked`.

use serde::Serialize;

use super::{
    ApiResult, Call,
    wire::{Int, values},
};
use crate::{
    http::Response,
    json::{self, Raw},
    shop::{
        fraud::{Decider, Outcome, Reasons},
        order,
    },
};

pub async fn of_order(call: &Call<'_>, id: &str) -> ApiResult {
    let (facts, reasons) = order::risk(call.app, call.account, id).await?;
    Ok(Response::json(200, json::to_text(&body(&reasons, &facts))))
}

values! {
    OutcomeName(&'static str) = {"type": "string", "enum": ["accepted", "allowed", "review", "blocked"]}

    DeciderName(&'static str) = {"type": "string", "enum": ["rule", "blacklist", "vpn_block", "risk_level"]}

    RiskName<'a>(&'a str) = {"type": "string", "enum": crate::shop::gateway::CardRisk::ALL.map(crate::shop::gateway::CardRisk::word)}

    SignalName(&'static str) = {"type": "string", "enum": crate::shop::fraud::Signal::ALL.map(crate::shop::fraud::Signal::name)}
}

/// What was looked at when somebody began to order, and what came of it.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Risk"))]
pub(super) struct Body<'a> {
    /// `accepted` (nothing spoke against it), `allowed` (by a rule), `review` (the risk is above the
    /// limit: the order has status 52 until you approve or complete it) or `blocked` (no order is made).
    outcome: OutcomeName,
    /// What decided; `null` where nothing spoke against it.
    decided_by: Option<DecidedBy<'a>>,
    /// 0 to 100: what the raised signals add up to.
    risk_level: Int<0, 100>,
    /// The product's limit then; what is above it is held for review.
    max_risk_level: Int<0, 100>,
    /// Whether the product refused VPNs, Tor and networks that host servers.
    vpn_block: bool,
    /// All signals. Those of a card (`card_…`, `stripe_…`) are known once it has paid.
    signals: Vec<Sign>,
    /// The rules that were tried, in their order, up to the first that matched.
    rules: Vec<Tried<'a>>,
    /// The entries of your blacklist that the buyer is on. The first one counts.
    entries: Vec<Listed<'a>>,
    /// What Stripe says of the card that paid; `null` before, and of other ways to pay.
    card: Option<Card<'a>>,
    /// What rules read, as it was then. What wasn't known is left out.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "json::Map<String, json::Value>"))]
    facts: Raw<'a>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct DecidedBy<'a> {
    /// A rule, an entry of the blacklist, or a limit of the product's.
    r#type: DeciderName,
    /// Of the rule or the entry; `null` for a limit.
    id: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct Sign {
    name: SignalName,
    /// What it adds where it is raised (`risk_weights` in `/account`).
    weight: Int<0, 100>,
    /// `null`: nothing is known of it.
    raised: Option<bool>,
    /// What it added.
    points: Int<0, 100>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct Card<'a> {
    /// Of the bank that gave it out, ISO 3166-1 alpha-2.
    country: Option<&'a str>,
    /// How Stripe rates the payment.
    risk: Option<RiskName<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct Tried<'a> {
    id: &'a str,
    /// As it was called then.
    name: &'a str,
    /// `allow` or `block`.
    action_type: &'a str,
    matched: bool,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
struct Listed<'a> {
    id: &'a str,
    /// 1 an e-mail, 2 an IP address or range, 3 a country.
    blacklist_type: Int<1, 3>,
    blocked_data: &'a str,
}

pub(super) fn body<'a>(reasons: &'a Reasons, facts: &'a str) -> Body<'a> {
    let decided_by = reasons.by.as_ref().map(|by| {
        let (name, id) = match by {
            Decider::Rule { id } => ("rule", Some(id.as_str())),
            Decider::Blacklist { id } => ("blacklist", Some(id.as_str())),
            Decider::VpnBlock => ("vpn_block", None),
            Decider::RiskLevel => ("risk_level", None),
        };
        DecidedBy { r#type: DeciderName(name), id }
    });
    let signals = reasons.signals.iter().map(|sign| {
        let points = if sign.raised == Some(true) { sign.weight } else { 0 };
        let (weight, points) = (Int(sign.weight.into()), Int(points.into()));
        Sign { name: SignalName(sign.name.name()), weight, raised: sign.raised, points }
    });
    let rules = reasons.rules.iter().map(|rule| Tried {
        id: &rule.id,
        name: &rule.name,
        action_type: &rule.action,
        matched: rule.matched,
    });
    let entries = reasons.entries.iter().map(|entry| Listed {
        id: &entry.id,
        blacklist_type: Int(entry.blacklist_type),
        blocked_data: &entry.blocked_data,
    });
    Body {
        outcome: OutcomeName(match reasons.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Allowed => "allowed",
            Outcome::Review => "review",
            Outcome::Blocked => "blocked",
        }),
        decided_by,
        risk_level: Int(reasons.risk_level.into()),
        max_risk_level: Int(reasons.max_risk_level.into()),
        vpn_block: reasons.vpn_block,
        signals: signals.collect(),
        rules: rules.collect(),
        entries: entries.collect(),
        card: reasons
            .card
            .as_ref()
            .map(|card| Card { country: card.country.as_deref(), risk: card.risk.as_deref().map(RiskName) }),
        facts: Raw(facts),
    }
}
