//! `/blacklist_rules`: list, get, create, update, destroy.

use serde::Serialize;

use super::{
    ApiResult, Call,
    page::Wanted,
    wire::{Time, values},
};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json::{self, Value},
    shop::{
        blacklist_rule::{self, Action, Change, Draft, LAST, Rule},
        rule::{self, RuleError},
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = blacklist_rule::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let rule = blacklist_rule::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&rule)))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let change = read(call, true)?;
    let (Some(action), Some(name), Some(text)) = (change.action, change.name, change.text) else {
        return Err(Failure::invalid("Rule can't be blank"));
    };
    let (enabled, expires_at) = (change.enabled.unwrap_or(true), change.expires_at.flatten());
    let draft = Draft { name, text, action, enabled, priority: change.priority, expires_at };
    call.commit(201, blacklist_rule::create(call.app, call.account, draft).await?, object).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    let change = read(call, false)?;
    let rule = blacklist_rule::update(call.app, call.account, id, change).await?;
    Ok(Response::json(200, object(&rule)))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    blacklist_rule::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

/// What was sent. Of a new rule, action, name and text must be there.
fn read(call: &Call<'_>, new: bool) -> Result<Change, Failure> {
    let mut fields = Fields::read(call.request, "blacklist_rule")?;
    let action = text(&mut fields, "action_type", 64, new).and_then(|name| {
        let action = Action::parse(&name);
        if action.is_none() {
            fields.error("Action type is not included in the list");
        }
        action
    });
    let name = if new || fields.has("name") { fields.title("name", 255) } else { None };
    let (rule, compiled) = sent_rule(&mut fields, new);
    let enabled = fields.flag("enabled");
    let priority = fields.int("priority", 1, LAST);
    let expires_at = fields.future("expires_at", call.app.now());
    finish(fields, compiled)?;
    Ok(Change { name, text: rule, action, enabled, priority, expires_at })
}

/// The rule that was sent: its text, and what it compiles to.
pub(super) fn sent_rule(fields: &mut Fields, new: bool) -> (Option<String>, Option<Result<rule::Rule, RuleError>>) {
    let text = text(fields, "rule", rule::MAX_LENGTH, new);
    // Its places are counted in the text that was sent, blanks before it included.
    let sent = fields.value("rule").and_then(Value::as_str).or(text.as_deref()).filter(|_| text.is_some());
    let compiled = sent.map(rule::compile);
    if let Some(Err(error)) = &compiled {
        fields.error(error.to_string());
    }
    (text, compiled)
}

/// As `Fields::finish`, with the place at which the rule is wrong.
pub(super) fn finish(
    fields: Fields,
    compiled: Option<Result<rule::Rule, RuleError>>,
) -> Result<Option<rule::Rule>, Failure> {
    let (rule, rule_error) = match compiled {
        Some(Ok(rule)) => (Some(rule), None),
        Some(Err(error)) => (None, Some(Box::new(error))),
        None => (None, None),
    };
    fields.finish().map_err(|failure| Failure { rule_error, ..failure })?;
    Ok(rule)
}

values! {
    ActionType<'a>(&'a str) = {"type": "string", "enum": ["allow", "block"]}
}

/// A text that may be left out of a change, and never be blank.
fn text(fields: &mut Fields, name: &str, most: usize, new: bool) -> Option<String> {
    if new || fields.has(name) { fields.required_text(name, most) } else { None }
}

fn object(rule: &Rule) -> String {
    let body = Body {
        id: &rule.id,
        name: &rule.name,
        rule: &rule.text,
        action_type: ActionType(rule.action.name()),
        priority: rule.priority,
        enabled: rule.enabled,
        created_at: Time::at(rule.created_at),
        updated_at: Time::at(rule.updated_at),
        expires_at: rule.expires_at.map(Time::at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "BlacklistRule"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// Yours for it; each rule has another.
    name: &'a str,
    /// The condition, in the [language of rules](/docs/rules).
    rule: &'a str,
    /// What happens to an order to which it applies.
    action_type: ActionType<'a>,
    /// 1 is tried first. Left out, the rule comes last.
    priority: i64,
    /// Whether it is tried at all; `true` unless you say otherwise.
    enabled: bool,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
    /// From then on it isn't tried; 90 days later it is gone. `null`: never.
    expires_at: Option<Time>,
}
