//! The one spelling of a rule: words for logic, symbols for relations, parentheses where they are needed.

use std::{fmt, net::IpAddr};

use super::{
    quote::quoted,
    set::Ranges,
    syntax::{Expr, Logic, Operand, Test},
};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Constant(value) => write!(f, "{value}"),
            Expr::Flag(field) => write!(f, "{field}"),
            Expr::Not(inner) => {
                f.write_str("not ")?;
                enclosed(f, inner, matches!(**inner, Expr::Join(..)))
            }
            Expr::Join(logic, parts) => {
                for (n, part) in parts.iter().enumerate() {
                    if n > 0 {
                        write!(f, " {} ", logic.word())?;
                    }
                    enclosed(f, part, is_looser(part, *logic))?;
                }
                Ok(())
            }
            Expr::Compare(operand, Test::StartsWith(start)) => write!(f, "starts_with({operand}, {})", quoted(start)),
            Expr::Compare(operand, Test::EndsWith(end)) => write!(f, "ends_with({operand}, {})", quoted(end)),
            Expr::Compare(operand, test) => write!(f, "{operand} {test}"),
        }
    }
}

fn is_looser(part: &Expr, logic: Logic) -> bool {
    matches!(part, Expr::Join(inner, _) if *inner <= logic)
}

fn enclosed(f: &mut fmt::Formatter<'_>, inner: &Expr, in_parentheses: bool) -> fmt::Result {
    if in_parentheses { write!(f, "({inner})") } else { write!(f, "{inner}") }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Field(field) => write!(f, "{field}"),
            Operand::Lower(inner) => write!(f, "lower({inner})"),
            Operand::Upper(inner) => write!(f, "upper({inner})"),
            Operand::Len(inner) => write!(f, "len({inner})"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Text(relation, text) => write!(f, "{} {}", relation.symbol(), quoted(text)),
            Test::Number(relation, number) => write!(f, "{} {}", relation.symbol(), number.to_text()),
            Test::Address(relation, address) => write!(f, "{} {address}", relation.symbol()),
            Test::InTexts(texts) => set(f, texts.iter().map(quoted)),
            Test::InNumbers(ranges) => set(f, spelled(ranges, |number| number.to_text(), |_, _| None)),
            Test::InAddresses(ranges) => set(f, spelled(ranges, |address| address.to_string(), network)),
            Test::Contains(part) => write!(f, "contains {}", quoted(part)),
            Test::Matches(pattern) => write!(f, "matches {}", raw(pattern.source())),
            Test::Wildcard(wildcard) => {
                let strict = if wildcard.is_strict() { "strict " } else { "" };
                write!(f, "{strict}wildcard {}", raw(wildcard.source()))
            }
            // Functions stand around their operand.
            Test::StartsWith(_) | Test::EndsWith(_) => Ok(()),
        }
    }
}

fn set(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = String>) -> fmt::Result {
    write!(f, "in {{{}}}", items.collect::<Vec<_>>().join(" "))
}

fn spelled<T: Ord + Copy>(
    ranges: &Ranges<T>,
    item: impl Fn(T) -> String,
    as_one: impl Fn(T, T) -> Option<String>,
) -> impl Iterator<Item = String> {
    ranges.iter().map(move |(first, last)| {
        if first == last {
            return item(first);
        }
        as_one(first, last).unwrap_or_else(|| format!("{}..{}", item(first), item(last)))
    })
}

/// A range of addresses in CIDR notation, if it is one.
fn network(first: IpAddr, last: IpAddr) -> Option<String> {
    let (first_bits, last_bits, width) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (u32::from(first).into(), u32::from(last).into(), 32),
        (IpAddr::V6(first), IpAddr::V6(last)) => (u128::from(first), u128::from(last), 128),
        _ => return None,
    };
    // The bits in which the ends differ: all zeros in the first, all ones in the last.
    let host: u128 = first_bits ^ last_bits;
    let is_network = host & host.wrapping_add(1) == 0 && first_bits & host == 0;
    is_network.then(|| format!("{first}/{}", width - (128 - host.leading_zeros())))
}

/// Between as many `#` as no quote inside is followed by.
fn raw(text: &str) -> String {
    let hashes = |after: &str| after.bytes().take_while(|b| *b == b'#').count() + 1;
    let needed = text.split('"').skip(1).map(hashes).max().unwrap_or(0);
    let fence = "#".repeat(needed);
    format!("r{fence}\"{text}\"{fence}")
}
