//! `/blacklist_rules/test`: tries a rule on past orders.

use serde::Serialize;

use super::{ApiResult, Call, blacklist_rule, order, wire::Time};
use crate::{
    api::{failure::Failure, fields::Fields},
    json,
    shop::order::trial::{self, MAX_ORDERS},
};

/// `{rule, since, limit}` → 200 with what it would have hit.
pub async fn run(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "blacklist_rule")?;
    let (_, compiled) = blacklist_rule::sent_rule(&mut fields, true);
    let since = fields.time("since");
    let limit = fields.int("limit", 1, MAX_ORDERS.into()).and_then(|limit| u32::try_from(limit).ok());
    let Some(rule) = blacklist_rule::finish(fields, compiled)? else {
        return Err(Failure::invalid("Rule can't be blank"));
    };
    let trial = trial::run(call.app, call.account, &rule, since, limit.unwrap_or(MAX_ORDERS)).await?;
    let body = Body {
        looked_at: trial.looked_at,
        hits: trial.hits,
        paid: trial.paid,
        disputed: trial.disputed,
        refunded: trial.refunded,
        examples: trial.examples.iter().map(order::body).collect(),
        until: trial.until.map(Time::at),
    };
    call.done(200, json::to_text(&body)).await
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "RuleTrial"))]
pub(super) struct Body<'a> {
    /// How many orders were looked at, the newest first.
    looked_at: u32,
    /// How many of them the rule matches.
    hits: u32,
    /// How many of the hits are completed.
    paid: u32,
    /// How many were charged back or reversed.
    disputed: u32,
    /// How many were refunded.
    refunded: u32,
    /// The newest of the hits, ten at most.
    examples: Vec<order::Body<'a>>,
    /// When the oldest order was made that was looked at; `null`: there was none.
    until: Option<Time>,
}
