//! A field, an operator and a value, whose types must go together.

use std::{net::IpAddr, ops::Range};

use super::{
    error::{Wrong, shown},
    field::{Field, Kind},
    lex::{self, Token},
    parse::{Parsed, Parser, Subject},
    pattern::{Pattern, Wildcard},
    set::{Ranges, Texts},
    syntax::{Expr, Operand, Relation, Test},
};
use crate::shop::money::Decimal;

/// Operators that stand between two parts of a rule, not inside of one.
const LOGIC: [&str; 4] = ["&&", "||", "^^", "!"];

impl<'a> Parser<'a> {
    /// What stands after a value: an operator and what it is compared with, or nothing after a flag.
    pub fn comparison(&mut self, subject: Subject<'a>) -> Parsed<Expr> {
        let operator = self.operator().filter(|operator| !LOGIC.contains(operator));
        if let (Kind::Flag, Operand::Field(field)) = (subject.kind, &subject.operand) {
            return self.flag(field, operator.is_some());
        }
        let Some(operator) = operator else {
            return Err(self.no_operator(&subject));
        };
        let sign = self.step();
        let relation = Relation::ALL.into_iter().find(|relation| relation.symbol() == operator);
        let test = match (relation, operator) {
            (Some(relation), _) => self.relation(&subject, &sign, relation)?,
            (_, "in") => self.set(&subject, &sign)?,
            (_, "contains") if subject.kind == Kind::List => Test::Contains(self.operand_text(&subject, &sign)?),
            (_, "contains") => Test::Contains(self.wanted_text(&subject, &sign)?),
            (_, "~") => {
                let at = self.token().at.clone();
                let source = self.wanted_text(&subject, &sign)?;
                Test::Matches(Pattern::new(source).map_err(|message| Wrong::new(at, message))?)
            }
            _ => {
                let strict = operator == "strict";
                if strict && self.operator() != Some("wildcard") {
                    return Err(self.expected("wildcard after strict"));
                }
                let last = if strict { self.step() } else { sign.clone() };
                let sign = sign.start..last.end;
                let at = self.token().at.clone();
                let source = self.wanted_text(&subject, &sign)?;
                Test::Wildcard(Wildcard::new(source, strict).map_err(|message| Wrong::new(at, message))?)
            }
        };
        let is_chained = self.operator().is_some_and(|operator| !LOGIC.contains(&operator));
        if is_chained {
            return Err(self.expected("and, or or xor before another comparison"));
        }
        Ok(Expr::Compare(subject.operand, test))
    }

    fn flag(&self, field: &Field, is_compared: bool) -> Parsed<Expr> {
        if is_compared {
            return Err(self.wrong(format!("{field} is a boolean and stands alone: write {field} or not {field}")));
        }
        Ok(Expr::Flag(field.clone()))
    }

    fn no_operator(&self, subject: &Subject<'_>) -> Wrong {
        let name = shown(subject.name);
        match self.token().kind {
            lex::Kind::Word("not") | lex::Kind::Symbol("!") => {
                self.wrong(format!("not stands before what it negates, as in not {name} in {{…}}"))
            }
            lex::Kind::Word(word @ ("starts_with" | "ends_with")) => {
                self.wrong(format!("{word} is a function: write {word}({name}, \"…\")"))
            }
            lex::Kind::Symbol("[") if subject.kind == Kind::List => {
                self.wrong(format!("items of {name} have no numbers: write {name} contains \"…\""))
            }
            _ => self.expected(&format!("an operator after {name}, such as {}", example(subject.kind))),
        }
    }

    fn relation(&mut self, subject: &Subject<'_>, operator: &Range<usize>, relation: Relation) -> Parsed<Test> {
        let is_equality = matches!(relation, Relation::Equal | Relation::NotEqual);
        let test = match (subject.kind, &self.token().kind) {
            (Kind::Text, lex::Kind::Text(text)) => Test::Text(relation, text.clone()),
            (Kind::Number, lex::Kind::Number(number)) => Test::Number(relation, *number),
            (Kind::Address, _) if !is_equality => return Err(self.unfit(subject, operator)),
            (Kind::Address, lex::Kind::Address(address)) => Test::Address(relation, *address),
            (Kind::List, _) => return Err(self.unfit(subject, operator)),
            _ => return Err(self.clash(subject, operator)),
        };
        self.step();
        Ok(test)
    }

    /// A text to be looked for in another.
    fn wanted_text(&mut self, subject: &Subject<'_>, operator: &Range<usize>) -> Parsed<String> {
        if subject.kind == Kind::Text {
            self.operand_text(subject, operator)
        } else {
            Err(self.unfit(subject, operator))
        }
    }

    fn operand_text(&mut self, subject: &Subject<'_>, operator: &Range<usize>) -> Parsed<String> {
        if !matches!(self.token().kind, lex::Kind::Text(_)) {
            return Err(self.clash(subject, operator));
        }
        self.text("a text in quotes")
    }

    fn set(&mut self, subject: &Subject<'_>, operator: &Range<usize>) -> Parsed<Test> {
        match subject.kind {
            Kind::Text | Kind::List => self.items(subject, as_text).map(|items| Test::InTexts(Texts::new(items))),
            Kind::Number => self.items(subject, as_numbers).map(|items| Test::InNumbers(Ranges::new(items))),
            Kind::Address => self.items(subject, as_addresses).map(|items| Test::InAddresses(Ranges::new(items))),
            Kind::Flag => Err(self.unfit(subject, operator)),
        }
    }

    fn items<T>(&mut self, subject: &Subject<'_>, item: fn(&lex::Kind<'a>) -> Option<T>) -> Parsed<Vec<T>> {
        if !self.is_symbol("{") {
            return Err(self.expected(&format!("a set in braces, such as {{{}}}", two(subject.kind))));
        }
        let open = self.step();
        let mut items = Vec::new();
        while !matches!(self.token().kind, lex::Kind::End) && !self.is_symbol("}") {
            let token = self.token();
            let Some(item) = item(&token.kind) else {
                return Err(match literal(&token.kind) {
                    Some(other) => self.wrong(self.mismatch(subject, other, token)),
                    None => self.expected(&format!("{} or }}", wanted(subject.kind))),
                });
            };
            self.count_item()?;
            items.push(item);
            self.step();
            if self.is_symbol(",") {
                self.step();
            }
        }
        self.close(&open, "}", "}")?;
        if items.is_empty() {
            return Err(Wrong::new(open, "this set is empty, so nothing is ever in it"));
        }
        Ok(items)
    }

    /// The operator has no meaning for the field's type.
    fn unfit(&self, subject: &Subject<'_>, operator: &Range<usize>) -> Wrong {
        let (name, sign) = (shown(subject.name), self.source(operator));
        let fitting = fitting(subject.kind);
        let message = format!("{sign} can't be asked of {name}, which is {}: use {fitting}", subject.kind.noun());
        Wrong::new(operator.clone(), message)
    }

    /// The next token is no value of the field's type.
    fn clash(&self, subject: &Subject<'_>, operator: &Range<usize>) -> Wrong {
        let token = self.token();
        match (literal(&token.kind), &token.kind) {
            (Some(other), _) => Wrong::new(operator.clone(), self.mismatch(subject, other, token)),
            (None, lex::Kind::Word(word)) if Field::find(word).is_some() => {
                self.wrong(format!("{word} is a field: a field is compared with a value, not with another field"))
            }
            (None, _) => self.expected(wanted(subject.kind)),
        }
    }

    fn mismatch(&self, subject: &Subject<'_>, other: &str, token: &Token<'_>) -> String {
        let found = shown(self.source(&token.at));
        let advice = match (&token.kind, subject.kind) {
            (lex::Kind::Text(text), Kind::Number) if Decimal::parse(text).is_ok() => {
                format!(": write {text} without quotes")
            }
            (lex::Kind::Text(text), Kind::Address) if text.parse::<IpAddr>().is_ok() => {
                format!(": write {text} without quotes")
            }
            (lex::Kind::Numbers(..) | lex::Kind::Addresses(..), Kind::Number | Kind::Address) => {
                format!(": write in {{{found}}}")
            }
            (lex::Kind::Text(_), _) => String::new(),
            (_, Kind::Text | Kind::List) => format!(": write \"{found}\" in quotes"),
            _ => String::new(),
        };
        format!("{} is {}, and {found} is {other}{advice}", shown(subject.name), subject.kind.noun())
    }
}

fn as_text(kind: &lex::Kind<'_>) -> Option<String> {
    if let lex::Kind::Text(text) = kind { Some(text.clone()) } else { None }
}

fn as_numbers(kind: &lex::Kind<'_>) -> Option<(Decimal, Decimal)> {
    match *kind {
        lex::Kind::Number(number) => Some((number, number)),
        lex::Kind::Numbers(first, last) => Some((first, last)),
        _ => None,
    }
}

fn as_addresses(kind: &lex::Kind<'_>) -> Option<(IpAddr, IpAddr)> {
    match *kind {
        lex::Kind::Address(address) => Some((address, address)),
        lex::Kind::Addresses(first, last) => Some((first, last)),
        _ => None,
    }
}

/// What a value in a rule is, if it is one.
fn literal(kind: &lex::Kind<'_>) -> Option<&'static str> {
    match kind {
        lex::Kind::Text(_) => Some(Kind::Text.noun()),
        lex::Kind::Number(_) => Some(Kind::Number.noun()),
        lex::Kind::Numbers(..) => Some("a range of numbers"),
        lex::Kind::Address(_) => Some(Kind::Address.noun()),
        lex::Kind::Addresses(..) => Some("a range of addresses"),
        lex::Kind::Word("true" | "false") => Some(Kind::Flag.noun()),
        _ => None,
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::List => "a text in quotes",
        Kind::Number => "a number",
        Kind::Address => "an IP address",
        Kind::Flag => "nothing",
    }
}

fn two(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::List | Kind::Flag => "\"a\" \"b\"",
        Kind::Number => "1..5 9",
        Kind::Address => "192.0.2.7 198.51.100.0/24",
    }
}

fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "== or contains",
        Kind::Number => "== or >=",
        Kind::Address => "== or in",
        Kind::List => "contains or in",
        Kind::Flag => "and",
    }
}

fn fitting(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "==, in, contains, matches or wildcard",
        Kind::Number => "==, !=, <, <=, >, >= or in",
        Kind::Address => "==, != or in",
        Kind::List => "contains or in",
        Kind::Flag => "no operator",
    }
}
