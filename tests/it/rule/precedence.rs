//! Which operator binds tighter: `not`, `and`, `xor`, `or`, as Cloudflare documents it.

use super::{compiled, judge};

#[test]
fn operators_bind_in_the_documented_order() {
    judge(
        "{}",
        "
        yes  true or true and false
        yes  true || true && false
        no   (true or true) and false
        yes  true or false and false
        no   false and true or false
        yes  false and false or true
        no   false and (false or true)
        no   not true or false
        yes  not false and true
        no   not (false or true)
        yes  not false or true
        no   not true and false
        yes  not (true and false)
        yes  true xor false
        no   true xor true
        no   true ^^ true
        yes  true xor true xor true
        no   false xor false
        yes  true or true xor true
        no   (true or true) xor true
        yes  true xor true or true
        no   true xor (true or true)
        yes  true xor true and false
        no   (true xor true) and false
        yes  true and false xor true
        no   false and true xor false
        no   true and (true xor true)
        yes  not true xor true
        no   not (true xor false)
        yes  not not true
        yes  !!true
        no   !!!true
        no   ! not ! true
        yes  not (not (true))
        yes  false or false or false or true
        no   true and true and true and false
        ",
    );
}

#[test]
fn comparisons_bind_tighter_than_not() {
    judge(
        r#"{"customer": {"email": "a", "is_vpn": false}, "order": {"value": "5"}}"#,
        r#"
        yes  not customer.email == "b"
        no   not customer.email == "a"
        yes  not customer.email in {"b"}
        yes  not order.value > 5 and customer.email eq "a"
        no   not order.value ge 5 or customer.is_vpn
        yes  ! customer.is_vpn && order.value == 5 ^^ customer.email == "b"
        no   !starts_with(customer.email, "a")
        "#,
    );
}

#[test]
fn both_notations_are_one_language() {
    for (text, spelling) in [
        ("true && false || !true ^^ false", "true and false or not true xor false"),
        ("(((true)))", "true"),
        ("true and (true and (true and false))", "true and true and true and false"),
        ("(true or false) or true", "true or false or true"),
        ("(true xor true) xor (false xor true)", "true xor true xor false xor true"),
        ("(true and false) or true", "true and false or true"),
        ("true and (false or true)", "true and (false or true)"),
        ("(true or false) xor true", "(true or false) xor true"),
        ("!(true)", "not true"),
        ("not (true and (customer.is_vpn))", "not (true and customer.is_vpn)"),
        (r#"customer.email eq r"a\b""#, r#"customer.email == "a\\b""#),
        (r#"customer.email ~ "a\.b""#, r#"customer.email matches r"a\.b""#),
        (r##"customer.email matches "\"#""##, r###"customer.email matches r##""#"##"###),
        ("order.hour in {9 1..5, 3, 5..7}", "order.hour in {1..7 9}"),
        ("order.value in {2.50 10 2.5}", "order.value in {2.5 10}"),
        (r#"customer.email in {"b" "a", "b"}"#, r#"customer.email in {"a" "b"}"#),
        ("customer.ip_address in {192.0.2.9/24 ::1}", "customer.ip_address in {192.0.2.0/24 ::1}"),
        ("customer.ip_address in {10.0.0.0..10.0.0.255}", "customer.ip_address in {10.0.0.0/24}"),
        ("customer.ip_address in {10.0.0.1..10.0.0.2}", "customer.ip_address in {10.0.0.1..10.0.0.2}"),
        ("customer.ip_address in {::0..ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff}", "customer.ip_address in {::/0}"),
        ("customer.ip_address ne ::ffff:10.0.0.1", "customer.ip_address != 10.0.0.1"),
    ] {
        let rule = compiled(text);
        assert_eq!(rule.to_string(), spelling, "{text}");
        assert_eq!(compiled(spelling).to_string(), spelling);
    }
}
