//! Every path with every verb, asked by everybody: the requests are those of the specification's scenes, and what any
//! client may get wrong is asked by `Desk::probe`, which looks at each answer.

use std::{cell::RefCell, collections::BTreeMap};

use pushguard::http::Method;

use crate::openapi::{behaviour::Faults, desk::Exchange, operations::Operations, scenes};

#[test]
fn every_path_and_verb_answers_everybody_as_it_should() {
    let exchanges = RefCell::new(Vec::new());
    scenes::play(&exchanges, &Faults::default());
    let mut table: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
    for exchange in exchanges.into_inner() {
        table.entry(exchange.operation.clone()).or_default().push(exchange);
    }
    for operation in Operations::read().all {
        let (method, name) = (operation.route.method, &operation.name);
        let asked = table.remove(name).unwrap_or_else(|| panic!("nobody asked {name}"));
        let count = |status: u16| asked.iter().filter(|exchange| exchange.status == status).count();
        let good: &[u16] = match method {
            // What makes something answers 201, what changes something that is there 200.
            Method::Post => &[200, 201],
            Method::Delete => &[204],
            _ => &[200],
        };
        assert!(good.iter().any(|status| count(*status) >= 1), "{name}: nothing went well");
        assert_eq!(count(401), 3, "{name}: no credentials, wrong ones, and a wrong key");
        assert_eq!((count(403) >= 1, count(406)), (true, 1), "{name}");
        if operation.has_id() {
            assert!(count(404) >= 6, "{name}: ids that aren't there, and another account's");
        }
        if operation.body.is_some() {
            assert!(
                count(400) >= 1 && count(413) >= 1,
                "{name}: of bad bodies {} are 400 and {} are 413",
                count(400),
                count(413)
            );
        }
        assert_eq!(count(500), 1, "{name}: a database that is gone");
        for exchange in &asked {
            let empty = exchange.answer.is_empty();
            assert_eq!(empty, [204, 304].contains(&exchange.status), "{name} {}", exchange.status);
            let json: serde_json::Value = serde_json::from_str(&exchange.answer).unwrap_or_default();
            let refused = exchange.status >= 400;
            assert_eq!(refused, json["message"].is_string() && json["id"].is_null(), "{name}: {}", exchange.answer);
            for header in ["x-request-id", "x-ratelimit-remaining", "strict-transport-security"] {
                assert!(
                    exchange.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header)),
                    "{name} {}: {header}",
                    exchange.status
                );
            }
        }
    }
    assert_eq!(table.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "asked, and in no table");
}
