//! Blacklist rules: conditions over an order and its buyer, tried in their order, which allow or block. They are kept and
//! listed here, and their language is `rule`; the start of an order asks them (`fraud`).

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::BlacklistRefusal,
    id,
    list::{self, Page},
    prepared::Prepared,
};
use crate::platform::Row;

pub mod sql;

/// An account has at most so many. Every order will try them all, and a page of them is found by walking their index.
pub const MAX: u32 = 1_000;
/// The highest priority that can be given.
pub const LAST: i64 = 999_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Allow,
    Block,
}

impl Action {
    pub fn parse(text: &str) -> Option<Action> {
        [Action::Allow, Action::Block].into_iter().find(|action| action.name() == text)
    }

    pub fn name(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Block => "block",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// Unique in its account.
    pub name: String,
    /// As its seller wrote it; it compiles (`rule`).
    pub text: String,
    pub action: Action,
    pub enabled: bool,
    /// From 1 to `LAST`; the lowest is tried first, of equal ones the newest.
    pub priority: i64,
    /// From then on it isn't tried.
    pub expires_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What a new rule says; without a priority it comes last.
pub struct Draft {
    pub name: String,
    pub text: String,
    pub action: Action,
    pub enabled: bool,
    pub priority: Option<i64>,
    pub expires_at: Option<i64>,
}

/// What changes of a rule; `None` stays as it is.
#[derive(Default)]
pub struct Change {
    pub name: Option<String>,
    pub text: Option<String>,
    pub action: Option<Action>,
    pub enabled: Option<bool>,
    pub priority: Option<i64>,
    /// `Some(None)`: it expires no more.
    pub expires_at: Option<Option<i64>>,
}

/// By priority, then newest first. `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Rule>> {
    let answers = account.db(app)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::rule)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Rule> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::rule(&row)?)
}

/// One round trip, and one before it to see which priority is the last, where none is given. Two that come last at the
/// same moment may get the same priority.
pub async fn create(app: &App, account: &Account, draft: Draft) -> Outcome<Prepared<Rule>> {
    let db = account.db(app)?;
    let priority = match draft.priority {
        Some(priority) => priority,
        None => {
            let last = db.row(sql::last_priority(account.id)).await?;
            (last.as_ref().map_or(Ok(0), Row::int)? + 1).min(LAST)
        }
    };
    let Draft { name, text, action, enabled, expires_at, .. } = draft;
    let now = app.now();
    let id = id::snowflake(now, app.random());
    let rule = Rule { id, name, text, action, enabled, priority, expires_at, created_at: now, updated_at: now };
    let statements = vec![sql::room_for_one(account.id), sql::insert(account.id, &rule)];
    Ok(Prepared::new(db, rule, statements)
        .on_taken("blacklist_rules", "name", BlacklistRefusal::NameTaken)
        .on_stale(BlacklistRefusal::TooManyRules))
}

pub async fn update(app: &App, account: &Account, id: &str, change: Change) -> Outcome<Rule> {
    let statement = sql::update(account.id, id, change, app.now());
    match account.db(app)?.commit_batch([statement]).await {
        Ok([rows]) => Ok(sql::rule(rows.first().ok_or(Refusal::NotFound)?)?),
        Err(no) if no.is_taken("blacklist_rules", "name") => Err(BlacklistRefusal::NameTaken.into()),
        Err(no) => Err(no.into()),
    }
}

pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    let [gone] = account.db(app)?.commit_batch([sql::destroy(account.id, id)]).await?;
    if gone.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(()) }
}
