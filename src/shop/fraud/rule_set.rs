//! The enabled rules of an account, compiled, as this isolate remembers them: compiling two hundred costs more than all else that the
//! start of an order does.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use crate::{
    platform::{Fault, LogLine},
    shop::{
        App,
        blacklist_rule::Action,
        rule::{self, Rule},
    },
};

pub struct Enabled {
    pub id: String,
    pub name: String,
    pub action: Action,
    /// When it stops to apply, in milliseconds since 1970.
    pub expires_at: Option<i64>,
    pub rule: Rule,
}

/// The rules of one account at one revision, in the order of trying.
pub struct RuleSet {
    revision: i64,
    pub rules: Vec<Enabled>,
    /// Bytes of their texts.
    size: usize,
}

/// Rule sets by their account. Their texts may have so many bytes together; then the memory is begun anew.
#[derive(Default)]
pub struct RuleSets(RefCell<HashMap<i64, Rc<RuleSet>>>);

const MAX_BYTES: usize = 4_000_000;

impl RuleSets {
    /// The revision that is known of this account's rules.
    pub fn revision(&self, account_id: i64) -> Option<i64> {
        self.0.borrow().get(&account_id).map(|set| set.revision)
    }

    /// The set of this revision: `text` if the database sent it, otherwise the one that is known.
    pub fn of(
        &self,
        app: &App,
        account_id: i64,
        revision: Option<i64>,
        text: Option<&str>,
    ) -> Result<Option<Rc<RuleSet>>, Fault> {
        // An account that never had a rule.
        let Some(revision) = revision else { return Ok(None) };
        if let Some(text) = text {
            let set = Rc::new(read(app, account_id, revision, text)?);
            let mut sets = self.0.borrow_mut();
            let others: usize = sets.iter().filter(|(id, _)| **id != account_id).map(|(_, set)| set.size).sum();
            if others + set.size > MAX_BYTES {
                sets.clear();
            }
            sets.insert(account_id, set.clone());
            return Ok(Some(set));
        }
        match self.0.borrow().get(&account_id).filter(|set| set.revision == revision) {
            Some(set) => Ok(Some(set.clone())),
            None => Err(Fault("the rules of an account were neither sent nor known".into())),
        }
    }
}

/// A rule that doesn't compile is left out: only one that an earlier version took can be so, and it must not stop all sales.
fn read(app: &App, account_id: i64, revision: i64, text: &str) -> Result<RuleSet, Fault> {
    type Kept = (String, String, String, Option<i64>, String);
    let kept: Vec<Kept> = serde_json::from_str(text).map_err(|_| Fault("a set of rules can't be read".into()))?;
    let mut rules = Vec::with_capacity(kept.len());
    for (id, name, action, expires_at, text) in kept {
        let action = Action::parse(&action).ok_or_else(|| Fault("a rule has an unknown action".into()))?;
        match rule::compile(&text) {
            Ok(rule) => rules.push(Enabled { id, name, action, expires_at, rule }),
            Err(error) => {
                let line = LogLine::warn("rule.does_not_compile").account(account_id).with("rule_id", id);
                app.platform.log.write(line.with("line", error.line).with("column", error.column));
            }
        }
    }
    Ok(RuleSet { revision, rules, size: text.len() })
}
