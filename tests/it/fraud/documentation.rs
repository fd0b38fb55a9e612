//! docs/fraud/guide.md: what it shows is asked and answered here.

use serde_json::{Value, json};

use super::{newest_order, rule};
use crate::{actors::Seller, purchase, storefront, world::World};

const PAGE: &str = include_str!("../../../docs/fraud/guide.md");

/// Blocks of code: kind, method, path and JSON.
fn blocks() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let fences = PAGE.split("```").skip(1).step_by(2);
    let read = |block: &'static str| {
        let (kind, rest) = block.split_once('\n').expect("a kind");
        let (line, body) = rest.split_once('\n').expect("a line");
        let (method, path) = line.split_once(' ').expect("a method and a path");
        (kind, method, path, serde_json::from_str(body).unwrap_or_else(|why| panic!("{line}: {why}")))
    };
    fences.map(read).collect()
}

/// Whether everything that is shown is answered so.
fn shows(shown: &Value, answered: &Value, place: &str) {
    match (shown, answered) {
        (Value::Object(shown), Value::Object(answered)) => {
            for (name, value) in shown {
                let there = answered.get(name).unwrap_or_else(|| panic!("{place} has no {name}"));
                shows(value, there, &format!("{place}.{name}"));
            }
        }
        (Value::Array(shown), Value::Array(answered)) if !shown.is_empty() => {
            for (n, value) in shown.iter().enumerate() {
                shows(value, &answered[n], &format!("{place}[{n}]"));
            }
        }
        _ => assert_eq!(shown, answered, "{place}"),
    }
}

fn ask(seller: &Seller<'_>, method: &str, path: &str, body: &Value) -> Value {
    let reply = match method {
        "GET" => seller.get(path),
        "PUT" => seller.put(path, body.clone()),
        _ => seller.post(path, body.clone()),
    };
    assert!([200, 201].contains(&reply.status()), "{method} {path}: {}", reply.text());
    reply.json()
}

#[test]
fn each_request_is_taken_and_each_answer_is_given() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let product = purchase::product(&ada, json!({"product_type": 4, "max_risk_level": 10}));
    world.list("vpn", "203.0.113.7\n");
    storefront::buy(&world.buyer(), &product, "").expect(303);
    let order = newest_order(&world);
    let mut last = Value::Null;
    for (kind, method, path, shown) in blocks() {
        let path = path.replace(":id", &order);
        match (kind, method) {
            ("request", _) => last = ask(&ada, method, &path, &shown),
            ("answer", "GET") => {
                if path == "/blocked" {
                    storefront::buy(&world.buyer(), &product, "").expect(403);
                }
                shows(&shown, &ask(&ada, method, &path, &shown), &path);
            }
            ("answer", _) => shows(&shown, &last, &path),
            _ => panic!("a block of kind {kind}"),
        }
    }
    assert_eq!(blocks().len(), 8);
}

#[test]
fn the_weights_of_a_new_account_are_those_of_the_page() {
    let world = World::new();
    let ada = world.seller();
    let weights = ada.get("/account").expect(200).json()["risk_weights"].clone();
    let (_, table) = PAGE.split_once("| Signal | Weight |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: Vec<(String, Value)> = rows
        .map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let name = cells.next().expect("a name").trim_matches('`').to_owned();
            (name, json!(cells.next().expect("a weight").parse::<u64>().expect("a number")))
        })
        .collect();
    let known: Vec<(String, Value)> =
        weights.as_object().expect("an object").iter().map(|(name, weight)| (name.clone(), weight.clone())).collect();
    assert_eq!(told, known);
}

#[test]
fn an_allow_rule_skips_all_that_stands_below() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let product = purchase::product(&ada, json!({"product_type": 4, "max_risk_level": 0, "vpn_block": true}));
    world.list("vpn", "203.0.113.7\n");
    super::block(&ada, 3, "SE");
    storefront::buy(&world.buyer(), &product, "").expect(403);
    rule(&ada, "allow", "true");
    storefront::buy(&world.buyer(), &product, "").expect(303);
    assert_eq!(ada.status(&newest_order(&world)), 0);
}
