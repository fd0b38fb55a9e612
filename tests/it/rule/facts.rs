//! Facts as JSON, and which of them a rule reads.

use pushguard::shop::{
    money::Decimal,
    rule::{Customer, Facts, Order},
};

use super::{compiled, facts};

#[test]
fn what_is_not_known_is_left_out() {
    assert_eq!(serde_json::to_string(&Facts::default()).unwrap(), "{}");
    let customer = Customer { email: Some("ada@example.com".into()), is_vpn: Some(false), ..Customer::default() };
    let order = Order { value: Decimal::parse("12.50").ok(), hour: Some(0), ..Order::default() };
    let known = Facts { customer, order, ..Facts::default() };
    let json = serde_json::to_string(&known).unwrap();
    assert_eq!(json, r#"{"customer":{"email":"ada@example.com","is_vpn":false},"order":{"value":"12.5","hour":0}}"#);
    assert_eq!(facts(&json), known);
}

#[test]
fn every_fact_comes_back_as_it_was_written() {
    let json = r#"{"customer":{"email":"a@b.c","email_domain":"b.c","email_is_disposable":true,"ip_address":"2001:db8::1","country_code":"DE","asn":1,"asn_name":"n","user_agent":"u","language":"de","is_vpn":true,"is_hosting":true,"is_tor":true,"order_count":3,"paid_count":2,"disputed_count":1},"order":{"value":"0.1","usd_value":"99999999999.99","quantity":1,"currency":"USD","gateway":"bitcoin","coupon":"c","referral":"r","hour":23,"weekday":7},"product":{"id":"p","title":"t","type":1,"category_ids":["a","b"]},"custom":{"x":"y"},"risk":{"level":100}}"#;
    assert_eq!(serde_json::to_string(&facts(json)).unwrap(), json);
}

#[test]
fn facts_of_an_older_or_newer_version_are_read() {
    let old = facts(r#"{"customer": {"email": "a", "shoe_size": 44, "asn": null}, "weather": {"rain": true}}"#);
    assert!(compiled(r#"customer.email == "a""#).matches(&old));
    assert!(!compiled("customer.asn >= 0").matches(&old));
    for wrong in [r#"{"order": {"value": "much"}}"#, r#"{"order": {"value": "-1"}}"#] {
        let error = serde_json::from_str::<Facts>(wrong).unwrap_err().to_string();
        assert!(error.starts_with("not a decimal number"), "{error}");
    }
}

#[test]
fn a_rule_tells_which_fields_it_reads() {
    let rule = compiled(
        r#"risk.level > 5 or not (lower(customer.email) == "a" and customer.is_vpn) or len(custom["x"]) == 1 or risk.level == 0"#,
    );
    assert_eq!(rule.fields(), ["customer.email", "customer.is_vpn", "risk.level", r#"custom["x"]"#]);
    assert!(rule.reads_risk());
    assert!(compiled("true").fields().is_empty());
    assert!(!compiled("customer.is_vpn").reads_risk());
}

/// A field that is in the facts but not in the language, or the other way round, would be found here.
#[test]
fn every_field_reads_its_own_fact() {
    let whole: serde_json::Value = serde_json::from_str(
        r#"{"customer":{"email":"x","email_domain":"x","email_is_disposable":true,"ip_address":"192.0.2.1","country_code":"x","asn":7,"asn_name":"x","user_agent":"x","language":"x","is_vpn":true,"is_hosting":true,"is_tor":true,"order_count":7,"paid_count":7,"disputed_count":7},"order":{"value":"7","usd_value":"7","quantity":7,"currency":"x","gateway":"x","coupon":"x","referral":"x","hour":7,"weekday":7},"product":{"id":"x","title":"x","type":7,"category_ids":["x"]},"risk":{"level":7}}"#,
    )
    .unwrap();
    for (room, members) in whole.as_object().unwrap() {
        for (member, value) in members.as_object().unwrap() {
            let test = match value.to_string().as_str() {
                "true" => "",
                "7" | "\"7\"" => "== 7",
                "\"192.0.2.1\"" => "== 192.0.2.1",
                "[\"x\"]" => "contains \"x\"",
                _ => "== \"x\"",
            };
            let rule = compiled(&format!("{room}.{member} {test}"));
            assert_eq!(rule.fields(), [format!("{room}.{member}")]);
            let alone = serde_json::json!({room.as_str(): {member.as_str(): value}}).to_string();
            assert!(rule.matches(&facts(&alone)), "{rule} of {alone}");
            let mut others = whole.clone();
            others[room].as_object_mut().unwrap().remove(member);
            assert!(!rule.matches(&facts(&others.to_string())), "{rule} of {others}");
        }
    }
}
