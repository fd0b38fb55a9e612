//! The language of fraud rules: `customer.email_domain == "gmail.com" and customer.email contains "+"`.
//!
//! It has the shape of Cloudflare's Rules language. A rule is compiled when it is saved, and tells then where it is wrong
//! and what was expected. Once compiled it can't fail: a missing value makes a comparison false. docs/fraud/rules.md
//! teaches it to sellers.
//!
//! Published engines were measured first: one panics on a missing value and overflows on deep nesting, one has no
//! decimals, two are larger than the rest of the module. This one is a lexer and a recursive descent, which is bounded by
//! [`MAX_DEPTH`].

use std::{collections::BTreeSet, fmt};

mod compare;
mod error;
mod eval;
mod facts;
mod field;
mod lex;
mod parse;
mod pattern;
mod print;
mod quote;
mod set;
mod suggest;
mod syntax;

pub use error::RuleError;
pub use facts::{Customer, Facts, Order, Product, Risk};

use super::text::trim;
use syntax::Expr;

/// Characters of a rule: Cloudflare's limit, which fits a few hundred domains.
pub const MAX_LENGTH: usize = 4_096;
/// Parentheses, `not`s and functions inside one another. People write three; the stack bears thousands.
pub const MAX_DEPTH: usize = 32;
/// Items in all sets of a rule. Searching is logarithmic, so this bounds the memory of a compiled rule.
pub const MAX_ITEMS: usize = 1_000;

/// A rule that is known to be right.
#[derive(Clone, Debug)]
pub struct Rule(Expr);

/// Reads a rule, or says where it is wrong. Places are counted in `text` as it is given, also when it begins with spaces.
pub fn compile(text: &str) -> Result<Rule, RuleError> {
    // What stands unseen around a rule, such as a file's byte order mark, is no part of it.
    let inside = trim(text);
    let start = text.find(inside).unwrap_or(0);
    let end = start + inside.len();
    if let Some((length, _)) = inside.char_indices().nth(MAX_LENGTH) {
        let message = format!("the rule is too long (maximum is {MAX_LENGTH} characters)");
        return Err(error::Wrong::new(start + length..end, message).placed(text));
    }
    parse::parse(text, start..end).map(Rule).map_err(|wrong| wrong.placed(text))
}

impl Rule {
    /// Takes time in proportion to the rule and to the facts that it reads.
    pub fn matches(&self, facts: &Facts) -> bool {
        self.0.holds(facts)
    }

    /// The fields that the rule reads, each once, in the order of the documentation: `customer.email`, `custom["name"]`.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = BTreeSet::new();
        self.0.collect_fields(&mut fields);
        fields.into_iter().map(ToString::to_string).collect()
    }

    /// Whether the rule depends on the risk level, which must then be computed before it.
    pub fn reads_risk(&self) -> bool {
        let mut fields = BTreeSet::new();
        self.0.collect_fields(&mut fields);
        fields.contains(&field::Field::RiskLevel)
    }
}

/// The one spelling of a rule. It compiles to the same rule, unless it grew past [`MAX_LENGTH`]: `&&` is written `and`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
