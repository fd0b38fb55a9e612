//! A rule as a tree. Types were checked when it was made, so the tree has no way to be wrong.

use std::{collections::BTreeSet, net::IpAddr};

use super::{
    field::Field,
    pattern::{Pattern, Wildcard},
    set::{Ranges, Texts},
};
use crate::shop::money::Decimal;

#[derive(Clone, Debug)]
pub enum Expr {
    /// `true` or `false`, alone.
    Constant(bool),
    Flag(Field),
    Not(Box<Expr>),
    /// At least two, none of which is joined by the same operator.
    Join(Logic, Vec<Expr>),
    Compare(Operand, Test),
}

/// The loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Logic {
    Or,
    Xor,
    And,
}

impl Logic {
    pub fn symbol(self) -> &'static str {
        match self {
            Logic::Or => "||",
            Logic::Xor => "^^",
            Logic::And => "&&",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Logic::Or => "or",
            Logic::Xor => "xor",
            Logic::And => "and",
        }
    }

    /// The operator that binds next tighter.
    pub fn tighter(self) -> Option<Logic> {
        match self {
            Logic::Or => Some(Logic::Xor),
            Logic::Xor => Some(Logic::And),
            Logic::And => None,
        }
    }

    pub fn join(self, parts: Vec<Expr>) -> Expr {
        let mut all = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Expr::Join(logic, inner) if logic == self => all.extend(inner),
                part => all.push(part),
            }
        }
        Expr::Join(self, all)
    }
}

#[derive(Clone, Debug)]
pub enum Operand {
    Field(Field),
    Lower(Box<Operand>),
    Upper(Box<Operand>),
    Len(Box<Operand>),
}

impl Operand {
    fn field(&self) -> &Field {
        match self {
            Operand::Field(field) => field,
            Operand::Lower(inner) | Operand::Upper(inner) | Operand::Len(inner) => inner.field(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub const ALL: [Relation; 6] = [
        Relation::Equal,
        Relation::NotEqual,
        Relation::Less,
        Relation::LessOrEqual,
        Relation::Greater,
        Relation::GreaterOrEqual,
    ];

    pub fn symbol(self) -> &'static str {
        match self {
            Relation::Equal => "==",
            Relation::NotEqual => "!=",
            Relation::Less => "<",
            Relation::LessOrEqual => "<=",
            Relation::Greater => ">",
            Relation::GreaterOrEqual => ">=",
        }
    }
}

/// What is asked of a value.
#[derive(Clone, Debug)]
pub enum Test {
    Text(Relation, String),
    Number(Relation, Decimal),
    Address(Relation, IpAddr),
    /// Of a text or, for a list, of at least one of its items.
    InTexts(Texts),
    InNumbers(Ranges<Decimal>),
    InAddresses(Ranges<IpAddr>),
    /// A text has this part; a list has this item.
    Contains(String),
    Matches(Pattern),
    Wildcard(Wildcard),
    StartsWith(String),
    EndsWith(String),
}

impl Expr {
    pub fn collect_fields<'a>(&'a self, fields: &mut BTreeSet<&'a Field>) {
        match self {
            Expr::Constant(_) => {}
            Expr::Flag(field) => {
                fields.insert(field);
            }
            Expr::Not(inner) => inner.collect_fields(fields),
            Expr::Join(_, parts) => parts.iter().for_each(|part| part.collect_fields(fields)),
            Expr::Compare(operand, _) => {
                fields.insert(operand.field());
            }
        }
    }
}
