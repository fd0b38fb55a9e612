//! Blacklist rules: kept, listed in the order in which they will be tried.

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    world::{SECOND, World},
};

const GMAIL: &str = "customer.email_domain == \"gmail.com\" and customer.email contains \"+\"";

fn rule(seller: &Seller<'_>, name: &str, changed: Value) -> Value {
    let mut fields = json!({"action_type": "block", "name": name, "rule": GMAIL});
    for (name, value) in changed.as_object().unwrap() {
        fields[name] = value.clone();
    }
    seller.post("/blacklist_rules", fields).expect(201).json()
}

fn path(rule: &Value) -> String {
    format!("/blacklist_rules/{}", rule["id"].as_str().unwrap())
}

fn names(reply: &Reply) -> Vec<String> {
    let name = |rule: &Value| rule["name"].as_str().unwrap().to_owned();
    reply.json().as_array().unwrap().iter().map(name).collect()
}

/// The reference's example of a created rule. What differs, and why: `id` and both times are made by whoever creates it.
#[test]
fn the_references_example_is_answered_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let name = "Block gmail customers if using \"+\" bypass";
    let made =
        ada.post("/blacklist_rules", json!({"action_type": "block", "name": name, "enabled": true, "rule": GMAIL}));
    let made = made.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(id.len() == "1241716288502382593".len() && id.bytes().all(|b| b.is_ascii_digit()));
    let expected = r#"{"id":"ID","name":"Block gmail customers if using \"+\" bypass","rule":"customer.email_domain == \"gmail.com\" and customer.email contains \"+\"","action_type":"block","priority":1,"enabled":true,"created_at":"2023-11-15T00:00:00.000+00:00","updated_at":"2023-11-15T00:00:00.000+00:00","expires_at":null}"#;
    let expected = expected.replace("ID", &id);
    assert_eq!(made.text(), expected);
    assert_eq!(ada.get(&format!("/blacklist_rules/{id}")).expect(200).text(), expected);
    let list = ada.get("/blacklist_rules").expect(200);
    assert_eq!(list.text(), format!("[{expected}]"));
    assert_eq!(ada.put(&format!("/blacklist_rules/{id}"), json!({"enabled": true})).expect(200).text(), expected);
    assert_eq!(ada.delete(&format!("/blacklist_rules/{id}")).expect(204).text(), "");
}

#[test]
fn a_rule_changes_in_what_is_sent_and_can_be_destroyed_once() {
    let world = World::new();
    let ada = world.seller();
    let made = rule(&ada, "One", json!({"enabled": "0", "priority": "7"}));
    assert_eq!((&made["enabled"], &made["priority"]), (&json!(false), &json!(7)));
    let path = path(&made);
    world.advance(SECOND);
    let changed = ada.put(&path, json!({"blacklist_rule": {"enabled": 1, "action_type": "allow"}})).expect(200).json();
    let mut expected = made.clone();
    expected["enabled"] = json!(true);
    expected["action_type"] = json!("allow");
    expected["updated_at"] = json!("2023-11-15T00:00:01.000+00:00");
    assert_eq!(changed, expected);
    assert_eq!(ada.get(&path).json(), expected);
    let changed = ada.put(&path, json!({"name": " Two ", "rule": "true", "priority": 1})).expect(200).json();
    assert_eq!((&changed["name"], &changed["rule"], &changed["priority"]), (&json!("Two"), &json!("true"), &json!(1)));
    ada.delete(&path).expect(204);
    for reply in [ada.get(&path), ada.put(&path, json!({})), ada.delete(&path)] {
        reply.expect(404);
    }
    assert_eq!(ada.get("/blacklist_rules").header("x-total-count"), Some("0"));
}

#[test]
fn rules_are_listed_by_priority_and_then_newest_first() {
    let world = World::new();
    let ada = world.seller();
    for (name, priority) in [("a", 2), ("b", 1), ("c", 2), ("d", 10)] {
        world.advance(SECOND);
        rule(&ada, name, json!({"priority": priority}));
    }
    world.advance(SECOND);
    let last = rule(&ada, "e", json!({}));
    assert_eq!(last["priority"], 11, "without a priority it is the last");
    assert_eq!(names(&ada.get("/blacklist_rules")), ["b", "c", "a", "d", "e"]);
    ada.put(&path(&last), json!({"priority": 1})).expect(200);
    assert_eq!(names(&ada.get("/blacklist_rules")), ["e", "b", "c", "a", "d"]);
    for n in 0..20 {
        rule(&ada, &format!("more {n}"), json!({}));
    }
    let pages = |page: u32| ada.get(&format!("/blacklist_rules?per_page=10&page={page}"));
    let all: Vec<String> = (1..=4).flat_map(|page| names(&pages(page))).collect();
    let mut expected: Vec<String> = ["e", "b", "c", "a", "d"].map(String::from).to_vec();
    expected.extend((0..20).map(|n| format!("more {n}")));
    assert_eq!(all, expected);
    let paging = ["x-total-pages", "x-total-count", "x-current-page", "x-items-per-page"];
    assert_eq!(paging.map(|name| pages(2).header(name).unwrap().to_owned()), ["3", "25", "2", "10"]);
}

#[test]
fn all_that_is_wrong_with_a_rule_is_said_at_once() {
    let world = World::new();
    let ada = world.seller();
    let whole = |changed: Value| {
        let mut fields = json!({"action_type": "allow", "name": "n", "rule": "true"});
        for (name, value) in changed.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
    };
    for (body, sentences) in [
        (json!({}), vec!["Action type can't be blank", "Name can't be blank", "Rule can't be blank"]),
        (
            json!({"action_type": "deny", "name": " ", "rule": "\n", "enabled": "maybe", "priority": 0}),
            vec![
                "Action type is not included in the list",
                "Name can't be blank",
                "Rule can't be blank",
                "Enabled must be true or false",
                "Priority must be greater than or equal to 1",
            ],
        ),
        (whole(json!({"action_type": "Block"})), vec!["Action type is not included in the list"]),
        (whole(json!({"action_type": null})), vec!["Action type can't be blank"]),
        (whole(json!({"action_type": []})), vec!["Action type must be a text"]),
        (whole(json!({"name": "n".repeat(256)})), vec!["Name is too long (maximum is 255 characters)"]),
        (
            whole(json!({"rule": format!("true #{}", "x".repeat(4_091))})),
            vec!["Rule is too long (maximum is 4096 characters)"],
        ),
        (whole(json!({"rule": "a\u{0}b"})), vec!["Rule has characters that are not allowed"]),
        (whole(json!({"priority": 1_000_000_000})), vec!["Priority must be less than or equal to 999999999"]),
        (whole(json!({"priority": 1.5})), vec!["Priority must be an integer"]),
        (whole(json!({"priority": "first"})), vec!["Priority is not a number"]),
    ] {
        assert_eq!(ada.post("/blacklist_rules", body.clone()).errors(), sentences, "{body}");
    }
    let made = rule(&ada, "n", json!({"rule": format!("true #{}", "x".repeat(4_090)), "priority": 999_999_999}));
    for (body, sentence) in [
        (json!({"name": null}), "Name can't be blank"),
        (json!({"rule": ""}), "Rule can't be blank"),
        (json!({"action_type": "no"}), "Action type is not included in the list"),
    ] {
        assert_eq!(ada.put(&path(&made), body).errors(), [sentence]);
    }
    assert_eq!(rule(&ada, "m", json!({}))["priority"], 999_999_999, "there is nothing after the last");
}

/// Editors mark the place in the text that they sent, so blanks before the rule count, although they aren't kept.
#[test]
fn a_rule_that_is_wrong_is_refused_with_the_place() {
    let world = World::new();
    let ada = world.seller();
    let typo = "\n  customer.country_code == \"é🎁\" and customer.emial == \"x\"";
    let message = "unknown field customer.emial, did you mean customer.email?";
    let expected = json!({
        "message": "Validation failed",
        "errors": [format!("Rule is invalid at 2:37: {message}")],
        "rule_error": {"line": 2, "column": 37, "length": 14, "message": message},
    });
    let made = rule(&ada, "One", json!({"rule": "  customer.is_vpn\n"}));
    assert_eq!(made["rule"], "customer.is_vpn");
    let before = world.db.dump();
    let fields = json!({"action_type": "block", "name": "Two", "rule": typo});
    assert_eq!(ada.post("/blacklist_rules", fields).expect(400).json(), expected);
    let patched = ada.ask("PATCH", &path(&made)).json(&json!({"rule": typo})).send();
    for reply in [ada.put(&path(&made), json!({"rule": typo})), patched] {
        assert_eq!(reply.expect(400).json(), expected);
    }
    let reply =
        ada.post("/blacklist_rules", json!({"action_type": "deny", "rule": "customer.email == 5", "priority": 0}));
    assert_eq!(
        reply.errors(),
        [
            "Action type is not included in the list",
            "Name can't be blank",
            "Rule is invalid at 1:16: customer.email is a text, and 5 is a number: write \"5\" in quotes",
            "Priority must be greater than or equal to 1",
        ]
    );
    assert_eq!(reply.json()["rule_error"]["column"], 16);
    let blank = ada.post("/blacklist_rules", json!({"action_type": "block", "name": "Two", "rule": " "})).expect(400);
    assert_eq!(blank.json().get("rule_error"), None, "a rule that is missing has no place");
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_name_is_one_rules_in_its_account() {
    let world = World::new();
    let ada = world.seller();
    rule(&ada, "One", json!({}));
    let two = rule(&ada, "Two", json!({}));
    let before = world.db.dump();
    let taken = ["Name has already been taken"];
    let reply = ada.post("/blacklist_rules", json!({"action_type": "allow", "name": "One ", "rule": "true"}));
    assert_eq!(reply.errors(), taken);
    assert_eq!(ada.put(&path(&two), json!({"name": "One"})).errors(), taken);
    assert_eq!(world.db.dump(), before);
    ada.put(&path(&two), json!({"name": "Two"})).expect(200);
    rule(&ada, "one", json!({}));
    rule(&world.seller_named("grace@example.com", true), "One", json!({}));
}

#[test]
fn another_accounts_rules_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let path = path(&rule(&ada, "One", json!({"priority": 5})));
    eve.get(&path).expect(404);
    eve.put(&path, json!({"enabled": false})).expect(404);
    eve.delete(&path).expect(404);
    assert_eq!(eve.get("/blacklist_rules").text(), "[]");
    assert_eq!(rule(&eve, "Mine", json!({}))["priority"], 1);
    assert_eq!(ada.get(&path).json()["enabled"], true);
}

#[test]
fn an_account_has_at_most_a_thousand_rules() {
    let world = World::new();
    let ada = world.seller();
    let first = rule(&ada, "first", json!({}));
    for n in 1..1_000 {
        rule(&ada, &format!("{n}"), json!({"priority": n}));
    }
    let before = world.db.dump();
    for key in ["a", "a"] {
        let body = json!({"action_type": "allow", "name": "one too many", "rule": "true"});
        let reply = ada.ask("POST", "/blacklist_rules").header("idempotency-key", key).json(&body).send();
        assert_eq!(reply.errors(), ["Blacklist rules are limited to 1000 per account"]);
    }
    assert_eq!(world.db.dump(), before, "no answer is kept of what was refused");
    ada.delete(&path(&first)).expect(204);
    rule(&ada, "fits", json!({}));
    rule(&world.seller_named("grace@example.com", true), "hers", json!({}));
}

#[test]
fn a_rule_that_is_sent_twice_under_one_key_is_one_rule() {
    let world = World::new();
    let ada = world.seller();
    let body = json!({"action_type": "allow", "name": "n", "rule": "true"});
    let send = || ada.ask("POST", "/blacklist_rules").header("idempotency-key", "k").json(&body).send();
    let first = send().expect(201);
    let again = send().expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!(world.db.rows_in("blacklist_rules"), 1);
}

#[test]
fn reading_and_writing_rules_costs_a_trip_each() {
    let world = World::new();
    let ada = world.seller();
    let path = path(&rule(&ada, "One", json!({})));
    assert_eq!(world.trips(|| ada.get("/blacklist_rules?page=2").expect(200)), 1);
    assert_eq!(world.trips(|| ada.get(&path).expect(200)), 1);
    assert_eq!(world.trips(|| rule(&ada, "Two", json!({"priority": 3}))), 1);
    assert_eq!(world.trips(|| rule(&ada, "Three", json!({}))), 2, "the last priority has to be asked for");
    assert_eq!(world.trips(|| ada.put(&path, json!({"enabled": false})).expect(200)), 1);
    assert_eq!(world.trips(|| ada.delete(&path).expect(204)), 1);
}
