//! `/blacklist_rules`: list, get, create, update, destroy.

use serde::Serialize;

use super::{Answer, Call, page::Wanted};
use crate::{
    api::{failure::Failure, fields::Fields},
    http::Response,
    json,
    notes::Meaning,
    shop::{
        blacklist_rule::{self, Action, Change, Draft, LAST, Rule},
        time,
    },
};

pub async fn list(call: &Call<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let page = blacklist_rule::list(call.shop, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(object), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> Answer {
    let rule = blacklist_rule::get(call.shop, call.account, id).await?;
    Ok(Response::json(200, object(&rule)))
}

pub async fn create(call: &Call<'_>) -> Answer {
    let change = read(call, true)?;
    let (Some(action), Some(name), Some(text)) = (change.action, change.name, change.text) else {
        return Err(Failure::invalid("Rule can't be blank"));
    };
    let draft = Draft { name, text, action, enabled: change.enabled.unwrap_or(true), priority: change.priority };
    call.commit(201, blacklist_rule::create(call.shop, call.account, draft).await?, object).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> Answer {
    let change = read(call, false)?;
    let rule = blacklist_rule::update(call.shop, call.account, id, change).await?;
    Ok(Response::json(200, object(&rule)))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> Answer {
    blacklist_rule::destroy(call.shop, call.account, id).await?;
    Ok(Response::empty(204))
}

/// What was sent. Of a new rule, action, name and text must be there.
fn read(call: &Call<'_>, new: bool) -> Result<Change, Failure> {
    let mut fields = Fields::read(call.request, "blacklist_rule")?;
    fields.means("action_type", actions);
    let action = text(&mut fields, "action_type", 64, new).and_then(|name| {
        let action = Action::parse(&name);
        if action.is_none() {
            fields.error("Action type is not included in the list");
        }
        action
    });
    let name = if new || fields.has("name") { fields.title("name", 255) } else { None };
    let rule = text(&mut fields, "rule", 4_096, new);
    let enabled = fields.flag("enabled");
    let priority = fields.int("priority", 1, LAST);
    fields.finish()?;
    Ok(Change { name, text: rule, action, enabled, priority })
}

fn actions() -> Meaning {
    Meaning::words(["allow", "block"])
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
        action_type: rule.action.name(),
        priority: rule.priority,
        enabled: rule.enabled,
        created_at: time::wire(rule.created_at),
        updated_at: time::wire(rule.updated_at),
    };
    json::noted(&body, &[("action_type", actions)])
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    name: &'a str,
    rule: &'a str,
    action_type: &'a str,
    priority: i64,
    enabled: bool,
    created_at: String,
    updated_at: String,
}
