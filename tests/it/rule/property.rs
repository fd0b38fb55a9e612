//! Properties of random texts and of random rules.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use pushguard::shop::rule::{MAX_LENGTH, compile};
use serde_json::{Map, Value, json};

use super::{compiled, facts};

/// A rule as a tree, and the plainest way to judge it: over JSON, without sorting, halving or sharing.
#[derive(Clone, Debug)]
enum Node {
    Constant(bool),
    Flag(&'static str),
    Number(&'static str, &'static str, u64),
    NumberIn(&'static str, Vec<(u64, u64)>),
    Text(&'static str, &'static str, String),
    TextIn(&'static str, Vec<String>),
    Prefix(bool, String),
    Wildcard(bool, String),
    Address(Vec<(u32, u32)>),
    Item(String),
    Not(Box<Node>),
    Join(&'static str, Vec<Node>),
}

/// Notations of one operator, between which the writer of a rule is free.
const NOTATIONS: [(&str, &str); 11] = [
    ("==", "eq"),
    ("!=", "ne"),
    ("<", "lt"),
    ("<=", "le"),
    (">", "gt"),
    (">=", "ge"),
    ("&&", "and"),
    ("||", "or"),
    ("^^", "xor"),
    ("!", "not "),
    ("contains", "contains"),
];

impl Node {
    fn rank(&self) -> u8 {
        match self {
            Node::Join("or", _) => 0,
            Node::Join("xor", _) => 1,
            Node::Join(..) => 2,
            _ => 3,
        }
    }

    fn text(&self, in_words: bool) -> String {
        let sign = |sign: &str| {
            let known = NOTATIONS.iter().find(|(symbol, word)| sign == *symbol || sign == word.trim_end());
            known.map_or(sign, |(symbol, word)| if in_words { word } else { symbol }).to_owned()
        };
        let quoted = |text: &String| format!("{text:?}");
        let within = |node: &Node, rank: u8| {
            let text = node.text(!in_words);
            if node.rank() <= rank { format!("({text})") } else { text }
        };
        let set = |items: Vec<String>| format!("in {{{}}}", items.join(if in_words { " " } else { ", " }));
        match self {
            Node::Constant(value) => value.to_string(),
            Node::Flag(field) => (*field).to_owned(),
            Node::Number(field, relation, number) => format!("{field} {} {number}", sign(relation)),
            Node::NumberIn(field, ranges) => {
                format!("{field} {}", set(ranges.iter().map(|(first, last)| format!("{first}..{last}")).collect()))
            }
            Node::Text(field, relation, text) => format!("{field} {} {}", sign(relation), quoted(text)),
            Node::TextIn(field, texts) => format!("{field} {}", set(texts.iter().map(quoted).collect())),
            Node::Prefix(true, text) => format!("starts_with(customer.email, {})", quoted(text)),
            Node::Prefix(false, text) => format!("ends_with(lower(customer.email),{})", quoted(text)),
            Node::Wildcard(true, text) => format!("customer.email strict wildcard {}", quoted(text)),
            Node::Wildcard(false, text) => format!("customer.email wildcard {}", quoted(text)),
            Node::Address(networks) => {
                let items = networks.iter().map(|(bits, length)| format!("{}/{length}", Ipv4Addr::from(*bits)));
                format!("customer.ip_address {}", set(items.collect()))
            }
            Node::Item(item) => format!("product.category_ids contains {}", quoted(item)),
            Node::Not(inner) => format!("{}{}", sign("not"), within(inner, 2)),
            Node::Join(logic, parts) => {
                let parts: Vec<String> = parts.iter().map(|part| within(part, self.rank())).collect();
                parts.join(&format!(" {} ", sign(logic)))
            }
        }
    }

    fn holds(&self, facts: &Value) -> bool {
        let fact = |name: &str| name.split('.').try_fold(facts, |at, part| at.get(part));
        let text = |name: &str| fact(name).and_then(Value::as_str);
        let number = |name: &str| {
            let number = fact(name)?;
            number.as_u64().or_else(|| number.as_str()?.parse().ok())
        };
        match self {
            Node::Constant(value) => *value,
            Node::Flag(field) => fact(field) == Some(&json!(true)),
            Node::Number(field, relation, wanted) => {
                number(field).is_some_and(|number| relate(relation, &number, wanted))
            }
            Node::NumberIn(field, ranges) => {
                number(field).is_some_and(|number| ranges.iter().any(|(first, last)| (first..=last).contains(&&number)))
            }
            Node::Text(field, "contains", part) => text(field).is_some_and(|text| text.contains(part)),
            Node::Text(field, relation, wanted) => {
                text(field).is_some_and(|text| relate(relation, &text, &wanted.as_str()))
            }
            Node::TextIn(field, texts) => text(field).is_some_and(|text| texts.iter().any(|item| item == text)),
            Node::Prefix(true, start) => text("customer.email").is_some_and(|text| text.starts_with(start)),
            Node::Prefix(false, end) => text("customer.email").is_some_and(|text| text.to_lowercase().ends_with(end)),
            Node::Wildcard(strict, pattern) => text("customer.email").is_some_and(|text| {
                if *strict { fits(pattern, text) } else { fits(&pattern.to_lowercase(), &text.to_lowercase()) }
            }),
            Node::Address(networks) => text("customer.ip_address").is_some_and(|address| {
                let Ok(IpAddr::V4(address)) = address.parse() else { return false };
                let bits = |bits: u32, length: u32| format!("{bits:032b}")[..length as usize].to_owned();
                networks.iter().any(|(network, length)| bits(address.into(), *length) == bits(*network, *length))
            }),
            Node::Item(item) => {
                fact("product.category_ids").is_some_and(|items| items.as_array().unwrap().contains(&json!(item)))
            }
            Node::Not(inner) => !inner.holds(facts),
            Node::Join("or", parts) => parts.iter().any(|part| part.holds(facts)),
            Node::Join("and", parts) => parts.iter().all(|part| part.holds(facts)),
            Node::Join(_, parts) => parts.iter().filter(|part| part.holds(facts)).count() % 2 == 1,
        }
    }
}

fn relate<T: Ord>(relation: &str, value: &T, wanted: &T) -> bool {
    match relation {
        "==" => value == wanted,
        "!=" => value != wanted,
        "<" => value < wanted,
        "<=" => value <= wanted,
        ">" => value > wanted,
        ">=" => value >= wanted,
        other => panic!("{other} is no relation"),
    }
}

/// Tries every length for every star.
fn fits(pattern: &str, text: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(chars.as_str(), &text[at..]))
        }
        Some(c) => text.strip_prefix(c).is_some_and(|rest| fits(chars.as_str(), rest)),
    }
}

fn of(all: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(all)
}

const NUMBERS: &[&str] = &["order.value", "order.hour", "customer.order_count", "risk.level"];
const TEXTS: &[&str] = &["customer.email", "customer.country_code"];
const RELATIONS: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

/// Few letters and numbers, so that many comparisons hold.
fn word() -> impl Strategy<Value = String> {
    "[abA\"\\\\]{0,3}"
}

fn node() -> impl Strategy<Value = Node> {
    let range = (0_u64..9, 0_u64..4).prop_map(|(first, more)| (first, first + more));
    let network = (any::<u8>(), 0_u32..=32).prop_map(|(byte, length)| (0x0a00_0000 | u32::from(byte % 8), length));
    // Two stars in a row are refused.
    let wild = "[abA]{0,2}(\\*[abA]{1,2}){0,3}\\*?";
    let leaf = prop_oneof![
        any::<bool>().prop_map(Node::Constant),
        of(&["customer.is_vpn", "customer.is_tor"]).prop_map(Node::Flag),
        (of(NUMBERS), of(RELATIONS), 0_u64..9)
            .prop_map(|(field, relation, number)| Node::Number(field, relation, number)),
        (of(NUMBERS), prop::collection::vec(range, 1..5)).prop_map(|(field, ranges)| Node::NumberIn(field, ranges)),
        (of(TEXTS), of(RELATIONS), word()).prop_map(|(field, relation, text)| Node::Text(field, relation, text)),
        (of(TEXTS), word()).prop_map(|(field, text)| Node::Text(field, "contains", text)),
        (of(TEXTS), prop::collection::vec(word(), 1..5)).prop_map(|(field, texts)| Node::TextIn(field, texts)),
        (any::<bool>(), word()).prop_map(|(start, text)| Node::Prefix(start, text)),
        (any::<bool>(), wild).prop_map(|(strict, pattern)| Node::Wildcard(strict, pattern)),
        prop::collection::vec(network, 1..4).prop_map(Node::Address),
        "[abc]".prop_map(Node::Item),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|node| Node::Not(Box::new(node))),
            3 => (of(&["and", "or", "xor"]), prop::collection::vec(inner, 2..4))
                .prop_map(|(logic, parts)| Node::Join(logic, parts)),
        ]
    })
}

/// Each fact is there or not.
fn known() -> impl Strategy<Value = Value> {
    let number = || prop::option::of(0_u64..9);
    let text = || prop::option::of(word());
    let flag = || prop::option::of(any::<bool>());
    let address = prop::option::of((0_u32..8).prop_map(|last| Ipv4Addr::from(0x0a00_0000 | last).to_string()));
    let items = prop::option::of(prop::collection::vec("[abc]", 0..3));
    (number(), number(), number(), number(), text(), text(), flag(), flag(), address, items).prop_map(
        |(value, hour, count, level, email, country, vpn, tor, address, items)| {
            let given = |pairs: Vec<(&str, Value)>| {
                let given = pairs.into_iter().filter(|(_, value)| !value.is_null());
                Value::Object(given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
            };
            json!({
                "customer": given(vec![
                    ("email", json!(email)), ("country_code", json!(country)), ("is_vpn", json!(vpn)), ("is_tor", json!(tor)),
                    ("ip_address", json!(address)), ("order_count", json!(count)),
                ]),
                "order": given(vec![("value", json!(value.map(|value| value.to_string()))), ("hour", json!(hour))]),
                "product": given(vec![("category_ids", json!(items))]),
                "risk": given(vec![("level", json!(level))]),
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn a_random_rule_means_what_the_plainest_reading_says(node in node(), known in known()) {
        let text = node.text(true);
        let rule = compiled(&text);
        let facts = facts(&known.to_string());
        prop_assert_eq!(rule.matches(&facts), node.holds(&known), "{}", text);
        let spelling = rule.to_string();
        prop_assume!(spelling.chars().count() <= MAX_LENGTH);
        let again = compiled(&spelling);
        prop_assert_eq!(again.matches(&facts), rule.matches(&facts), "{}", &spelling);
        prop_assert_eq!(again.to_string(), spelling);
    }

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>()) {
        let _ = compile(&text);
    }

    #[test]
    fn no_row_of_tokens_breaks_the_reader(tokens in prop::collection::vec(of(&[
        "customer.email", "customer.is_vpn", "order.value", "customer.ip_address", "product.category_ids", "custom", "[", "]",
        "\"a\"", "r#\"", "\"#", "1", "1.5", "1..5", "192.0.2.0/24", "::1", "{", "}", "(", ")", ",", "==", "in", "contains",
        "matches", "~", "wildcard", "strict", "not", "!", "and", "&&", "xor", "or", "lower", "len", "starts_with", "true", "#", "\n",
    ]), 0..24)) {
        if let Ok(rule) = compile(&tokens.join(" ")) {
            let spelling = rule.to_string();
            prop_assert_eq!(compiled(&spelling).to_string(), spelling);
        }
    }
}
