//! Whether a rule holds.

use std::{borrow::Cow, cmp::Ordering};

use super::{
    facts::Facts,
    field::Value,
    syntax::{Expr, Logic, Operand, Relation, Test},
};
use crate::shop::money::Decimal;

impl Expr {
    pub fn holds(&self, facts: &Facts) -> bool {
        let holds = |part: &Expr| part.holds(facts);
        match self {
            Expr::Constant(value) => *value,
            Expr::Flag(field) => matches!(field.value(facts), Value::Flag(true)),
            Expr::Not(inner) => !inner.holds(facts),
            Expr::Join(Logic::And, parts) => parts.iter().all(holds),
            Expr::Join(Logic::Or, parts) => parts.iter().any(holds),
            Expr::Join(Logic::Xor, parts) => parts.iter().fold(false, |odd, part| odd ^ part.holds(facts)),
            Expr::Compare(operand, test) => test.holds(&operand.value(facts)),
        }
    }
}

impl Operand {
    fn value<'a>(&self, facts: &'a Facts) -> Value<'a> {
        match self {
            Operand::Field(field) => field.value(facts),
            Operand::Lower(inner) => inner.value(facts).map_text(str::to_lowercase),
            Operand::Upper(inner) => inner.value(facts).map_text(str::to_uppercase),
            Operand::Len(inner) => match inner.value(facts) {
                Value::Text(text) => count(text.chars().count()),
                Value::List(items) => count(items.len()),
                _ => Value::Missing,
            },
        }
    }
}

impl<'a> Value<'a> {
    fn map_text(self, change: impl FnOnce(&str) -> String) -> Value<'a> {
        match self {
            Value::Text(text) => Value::Text(Cow::Owned(change(&text))),
            other => other,
        }
    }
}

fn count(count: usize) -> Value<'static> {
    u128::try_from(count).ok().and_then(|count| Decimal::new(count, 0)).map_or(Value::Missing, Value::Number)
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Test {
    /// False of a missing value, whatever is asked.
    fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Test::Text(relation, wanted), Value::Text(text)) => relation.holds(text.as_ref().cmp(wanted)),
            (Test::Number(relation, wanted), Value::Number(number)) => relation.holds(number.cmp(wanted)),
            (Test::Address(relation, wanted), Value::Address(address)) => relation.holds(address.cmp(wanted)),
            (Test::InTexts(set), Value::Text(text)) => set.contains(text),
            (Test::InTexts(set), Value::List(items)) => items.iter().any(|item| set.contains(item)),
            (Test::InNumbers(set), Value::Number(number)) => set.contains(*number),
            (Test::InAddresses(set), Value::Address(address)) => set.contains(*address),
            (Test::Contains(part), Value::Text(text)) => text.contains(part.as_str()),
            (Test::Contains(wanted), Value::List(items)) => items.contains(wanted),
            (Test::Matches(pattern), Value::Text(text)) => pattern.is_match(text),
            (Test::Wildcard(wildcard), Value::Text(text)) => wildcard.is_match(text),
            (Test::StartsWith(start), Value::Text(text)) => text.starts_with(start.as_str()),
            (Test::EndsWith(end), Value::Text(text)) => text.ends_with(end.as_str()),
            _ => false,
        }
    }
}
