//! What is said of mistakes, and where. Columns count characters, also after é and 🎁.

use pushguard::shop::rule::{MAX_DEPTH, MAX_ITEMS, MAX_LENGTH};

use super::{compiled, refused};

/// Pairs of lines: a rule, and below it marks under what is wrong with the words about it.
fn marked(text: &str) {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = text.trim_matches('\n').lines().collect();
    for pair in lines.chunks(2) {
        let error = refused(pair[0]);
        assert_eq!(error.line, 1);
        let said = format!("{}{} {}", " ".repeat(error.column - 1), "^".repeat(error.length), error.message);
        if said != pair[1] {
            wrong.push(format!("{}\n{said}", pair[0]));
        }
    }
    assert!(wrong.is_empty(), "these are told otherwise:\n{}", wrong.join("\n"));
}

/// The same for rules that don't fit on a line, with `line:column+length`.
fn say(mistakes: &[(&str, &str, &str)]) {
    for (rule, place, message) in mistakes {
        let error = refused(rule);
        let said = format!("{}:{}+{} {}", error.line, error.column, error.length, error.message);
        assert_eq!(said, format!("{place} {message}"), "{rule}");
        let (place, _) = place.split_once('+').expect("a length");
        assert_eq!(error.to_string(), format!("Rule is invalid at {place}: {message}"));
    }
}

#[test]
fn what_is_unknown_comes_with_the_nearest_that_is_known() {
    marked(
        r###"
customer.emial == "a"
^^^^^^^^^^^^^^ unknown field customer.emial, did you mean customer.email?
email == "x"
^^^^^ unknown field email, did you mean customer.email?
ip.src == 1.2.3.4
^^^^^^ unknown field ip.src
customer.country == "DE"
^^^^^^^^^^^^^^^^ unknown field customer.country, did you mean customer.country_code?
custom.colour == "red"
^^^^^^^^^^^^^ unknown field custom.colour, did you mean custom["colour"]?
custom == "red"
       ^^ expected a name after custom, as in custom["name"], found ==
customer.email == "é🎉" and customer.emial == "a"
                           ^^^^^^^^^^^^^^ unknown field customer.emial, did you mean customer.email?
startswith(customer.email, "a")
^^^^^^^^^^ unknown function startswith, did you mean starts_with?
any(product.category_ids)
^^^ unknown function any: there are lower, upper, len, starts_with and ends_with
customer-email == "a"
^^^^^^^^ unknown field customer, did you mean customer.email?
custom["ü🎁"] == "é" and order.valu > 1
                        ^^^^^^^^^^ unknown field order.valu, did you mean order.value?
Customer.Email == "a"
^^^^^^^^^^^^^^ unknown field Customer.Email, did you mean customer.email?
customer.email_address == "a"
^^^^^^^^^^^^^^^^^^^^^^ unknown field customer.email_address, did you mean customer.email?
order.usdvalue > 1
^^^^^^^^^^^^^^ unknown field order.usdvalue, did you mean order.usd_value?
ipaddress == 1.2.3.4
^^^^^^^^^ unknown field ipaddress, did you mean customer.ip_address?
product.category_id contains "a"
^^^^^^^^^^^^^^^^^^^ unknown field product.category_id, did you mean product.category_ids?
risk.score > 5
^^^^^^^^^^ unknown field risk.score
risk > 5
^^^^ unknown field risk, did you mean risk.level?
"###,
    );
}

#[test]
fn what_is_not_closed_is_shown_where_it_opens() {
    marked(
        r###"
order.value in {5..1}
                ^^^^ the range 5..1 is empty: its smaller end comes first
order.value in {}
               ^ this set is empty, so nothing is ever in it
order.value in {1 2
               ^ this { is never closed
(customer.is_vpn
^ this ( is never closed
customer.is_vpn)
               ^ this ) closes nothing
customer.email == "🎉🎉
                  ^ this text is never closed: it ends with "
customer.email == r##"a"b"#
                  ^^^^ this text is never closed: it ends with "##
# only a comment
                ^ the rule is empty
customer.ip_address in {10.0.0.9..10.0.0.1}
                        ^^^^^^^^^^^^^^^^^^ the range 10.0.0.9..10.0.0.1 is empty: its smaller end comes first
lower(customer.email
     ^ this ( is never closed
custom["a
       ^ this text is never closed: it ends with "
(true))
      ^ this ) closes nothing
true)
    ^ this ) closes nothing
customer.email == r"a
                  ^^ this text is never closed: it ends with "
custom["🎁"] in {"é" "a"
               ^ this { is never closed
"###,
    );
}

#[test]
fn habits_of_other_languages_are_told_what_is_written_here() {
    marked(
        r###"
customer.email = "a"
               ^ = is written == here
customer.email AND true
               ^^^ AND is written in lower case: and
true AND false
     ^^^ AND is written in lower case: and
NOT true
^^^ NOT is written in lower case: not
customer.email EQ "a"
               ^^ EQ is written in lower case: eq
order.value > 1,000
               ^ unexpected ,: commas stand in sets and functions, and numbers have no thousands marks
customer.is_vpn == true
                ^^ customer.is_vpn is a boolean and stands alone: write customer.is_vpn or not customer.is_vpn
Lower(customer.email) == "a"
^^^^^ Lower is written in lower case: lower
customer.email starts_with "a"
               ^^^^^^^^^^^ starts_with is a function: write starts_with(customer.email, "…")
customer.country_code not in {"US"}
                      ^^^ not stands before what it negates, as in not customer.country_code in {…}
customer.email == “x”
                  ^ unexpected “: texts stand in straight double quotes, as in "text"
customer.email == 'x'
                  ^ unexpected ': texts stand in straight double quotes, as in "text"
customer.is_vpn & customer.is_tor
                ^ & is written && here
customer.is_vpn === true
                ^^^ === is written == here
customer.email == "a"; true
                     ^ unexpected ;
customer.is_vpn in {1}
                ^^ customer.is_vpn is a boolean and stands alone: write customer.is_vpn or not customer.is_vpn
customer.is_vpn contains "x"
                ^^^^^^^^ customer.is_vpn is a boolean and stands alone: write customer.is_vpn or not customer.is_vpn
lower(customer.email) starts_with "a"
                      ^^^^^^^^^^^ starts_with is a function: write starts_with(lower(customer.email), "…")
🎁
^ unexpected 🎁
custom["é"] AND true
            ^^^ AND is written in lower case: and
order.value % 2 == 0
            ^ unexpected %
order.value == 5 => true
                 ^^ => is written >= here
customer.email <> "a"
               ^^ <> is written != here
customer.email =~ "a"
               ^^ =~ is written ~ here
true | false
     ^ | is written || here
true ^ false
     ^ ^ is written ^^ here
true or TRUE
        ^^^^ TRUE is written in lower case: true
customer.email MATCHES "a"
               ^^^^^^^ MATCHES is written in lower case: matches
customer.email in {"a" AND}
                       ^^^ AND is written in lower case: and
customer.email Contains "a"
               ^^^^^^^^ Contains is written in lower case: contains
"###,
    );
}

#[test]
fn types_that_clash_are_shown_at_the_operator() {
    marked(
        r###"
customer.email == 5
               ^^ customer.email is a text, and 5 is a number: write "5" in quotes
order.value == "5"
            ^^ order.value is a number, and "5" is a text: write 5 without quotes
order.value in {1 "a"}
                  ^^^ order.value is a number, and "a" is a text
customer.ip_address == "1.2.3.4"
                    ^^ customer.ip_address is an IP address, and "1.2.3.4" is a text: write 1.2.3.4 without quotes
customer.ip_address == 1.2.3.0/24
                    ^^ customer.ip_address is an IP address, and 1.2.3.0/24 is a range of addresses: write in {1.2.3.0/24}
customer.ip_address < 1.2.3.4
                    ^ < can't be asked of customer.ip_address, which is an IP address: use ==, != or in
product.category_ids == "a"
                     ^^ == can't be asked of product.category_ids, which is a list of texts: use contains or in
product.category_ids[0] == "a"
                    ^ items of product.category_ids have no numbers: write product.category_ids contains "…"
customer.email == customer.language
                  ^^^^^^^^^^^^^^^^^ customer.language is a field: a field is compared with a value, not with another field
starts_with(customer.email "a")
                           ^^^ expected , and a text in quotes, found "a"
starts_with(order.value, "a")
            ^^^^^^^^^^^ starts_with takes a text, and order.value is a number
lower(order.value) == "1"
      ^^^^^^^^^^^ lower takes a text, and order.value is a number
order.value contains "1"
            ^^^^^^^^ contains can't be asked of order.value, which is a number: use ==, !=, <, <=, >, >= or in
order.value matches "1"
            ^^^^^^^ matches can't be asked of order.value, which is a number: use ==, !=, <, <=, >, >= or in
customer.email in {1 2}
                   ^ customer.email is a text, and 1 is a number: write "1" in quotes
customer.email == true
               ^^ customer.email is a text, and true is a boolean: write "true" in quotes
len(customer.is_vpn) == 1
    ^^^^^^^^^^^^^^^ len takes a text or a list, and customer.is_vpn is a boolean
custom["🎁"] in {"é" 5}
                    ^ custom["🎁"] is a text, and 5 is a number: write "5" in quotes
"###,
    );
}

#[test]
fn values_that_are_none_say_how_they_are_written() {
    marked(
        r###"
order.value > -1
              ^ numbers have no sign: no field is ever below zero
order.value > 007
              ^^^ 007 is no number: write digits and at most one point, as in 12 or 0.5
customer.email == "\n"
                   ^^ unknown escape \n: in quotes write \" and \\, or a raw text r"…", which has no escapes
customer.email matches "("
                       ^^^ the pattern can't be used: found open group without closing ')'
customer.email matches "a{1000}{1000}"
                       ^^^^^^^^^^^^^^^ the pattern can't be used: compiled regex exceeded size limit
customer.email wildcard "a**b"
                        ^^^^^^ ** is no pattern: one * already stands for any characters
customer.email wildcard r"\a"
                        ^^^^^ a \ in a wildcard stands before * or \, which it makes plain characters
customer.ip_address in {1.2.3.0/33}
                        ^^^^^^^^^^ 1.2.3.0/33 is no network: write it as 192.0.2.0/24 or 2001:db8::/32
order.value in {1..}
                ^^^ a range has a number at both ends and no spaces, as in 1..5
order.value in {1 .. 5}
                  ^^ a range has a number at both ends and no spaces, as in 1..5
order.value in {1..5..9}
                ^^^^^^^ 1..5..9 is no range: it goes between two numbers or two addresses, as in 1..5
order.value in {1..1.2.3.4}
                ^^^^^^^^^^ 1..1.2.3.4 is no range: it goes between two numbers or two addresses, as in 1..5
customer.ip_address in {10.0.0.1..::1}
                        ^^^^^^^^^^^^^ the range 10.0.0.1..::1 goes from IPv4 to IPv6 or back
customer.ip_address == 256.0.0.1
                       ^^^^^^^^^ 256.0.0.1 is no IP address
customer.ip_address in {2001:db8::/129}
                        ^^^^^^^^^^^^^^ 2001:db8::/129 is no network: write it as 192.0.2.0/24 or 2001:db8::/32
customer.ip_address in {10.0.0.0/-1}
                        ^^^^^^^^^ 10.0.0.0/ is no network: write it as 192.0.2.0/24 or 2001:db8::/32
order.value == 1e3
               ^^^ 1e3 is no number: write digits and at most one point, as in 12 or 0.5
order.value == 1_000
               ^^^^^ 1_000 is no number: write digits and at most one point, as in 12 or 0.5
order.value == .5
               ^^ .5 is no number: write digits and at most one point, as in 12 or 0.5
order.value == 12.
               ^^^ 12. is no number: write digits and at most one point, as in 12 or 0.5
customer.email wildcard "a\*"
                          ^^ unknown escape \*: in quotes write \" and \\, or a raw text r"…", which has no escapes
customer.email matches "(?P<a"
                       ^^^^^^^ the pattern can't be used: expected end of capture group name, but got end of pattern
customer.email matches r"\p{L}"
                       ^^^^^^^^ the pattern can't be used: Unicode character classes are not supported
customer.email ~ "((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))"
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the pattern can't be used: pattern has too much nesting
"###,
    );
}

#[test]
fn what_was_expected_is_said_beside_what_was_found() {
    marked(
        r###"
order.value > 1 < 3
                ^ expected and, or or xor before another comparison, found <
order.value in 5
               ^ expected a set in braces, such as {1..5 9}, found 5
(customer.is_vpn and
                    ^ expected a field or a function, found the end
((customer.is_vpn) "é"
                   ^^^ expected and, or, xor or ), found "é"
customer.email strict "A*"
                      ^^^^ expected wildcard after strict, found "A*"
"a" in product.category_ids
^^^ expected a field or a function, found "a"
"a" == customer.email
^^^ expected a field or a function, found "a"
customer.email
              ^ expected an operator after customer.email, such as == or contains, found the end
customer.email ==
                 ^ expected a text in quotes, found the end
contains == "a"
^^^^^^^^ expected a field or a function, found contains
customer.is_vpn customer.is_tor
                ^^^^^^^^^^^^^^^ expected and, or, xor or the end, found customer.is_tor
customer.email in ["a"]
                  ^ expected a set in braces, such as {"a" "b"}, found [
customer.email == DE
                  ^^ expected a text in quotes, found DE
order.value in {1,,2}
                  ^ expected a number or }, found ,
order.value in {1 customer.asn}
                  ^^^^^^^^^^^^ expected a number or }, found customer.asn
customer.email in 192.0.2.0/24
                  ^^^^^^^^^^^^ expected a set in braces, such as {"a" "b"}, found 192.0.2.0/24
lower("a") == "a"
      ^^^ expected a field or a function, found "a"
lower(customer.email == "a"
                     ^^ expected ), found ==
lower customer.email
      ^^^^^^^^^^^^^^ expected ( after lower, found customer.email
custom["a" == "b"
           ^^ expected ], found ==
custom[a] == "b"
       ^ expected a name in quotes, found a
customer.email matches [a-z]
                       ^ expected a text in quotes, found [
customer.email == "a" "b"
                      ^^^ expected and, or, xor or the end, found "b"
customer.email == "a" and and customer.is_vpn
                          ^^^ expected a field or a function, found and
and customer.is_vpn
^^^ expected a field or a function, found and
customer.is_vpn or
                  ^ expected a field or a function, found the end
()
 ^ expected a field or a function, found )
true not false
     ^^^ expected and, or, xor or the end, found not
{"a"}
^ expected a field or a function, found {
("🎁" == customer.email)
 ^^^ expected a field or a function, found "🎁"
strict == "a"
^^^^^^ expected a field or a function, found strict
"###,
    );
}

#[test]
fn lines_are_counted_and_columns_begin_anew_on_each() {
    say(&[
        (
            "customer.is_vpn\n  and\n  customer.isvpn",
            "3:3+14",
            "unknown field customer.isvpn, did you mean customer.is_vpn?",
        ),
        ("a\u{200b}b", "1:1+1", "unknown field a"),
        ("", "1:1+1", "the rule is empty"),
        (
            "# ü🎁\ncustom[\"ü\"] == \"🎁\" && order.value > \"much\"",
            "2:35+1",
            r#"order.value is a number, and "much" is a text"#,
        ),
    ]);
}

#[test]
fn limits_are_said_at_the_first_that_is_too_much() {
    let long = |length: usize| format!("true #{}", "é".repeat(length - 6));
    compiled(&long(MAX_LENGTH));
    compiled(&format!("  \n{}\n  ", long(MAX_LENGTH)));
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    compiled(&nested(MAX_DEPTH));
    compiled(&format!("{} and {}", nested(MAX_DEPTH), nested(MAX_DEPTH)));
    let negated = |depth: usize| format!("{}true", "!".repeat(depth));
    compiled(&negated(MAX_DEPTH));
    let called = |depth: usize| format!("{}order.coupon{} == \"a\"", "lower(".repeat(depth), ")".repeat(depth));
    compiled(&called(MAX_DEPTH));
    let set = |items: usize| format!("order.hour in {{{}}}", "7 ".repeat(items));
    compiled(&set(MAX_ITEMS));
    let sets = format!("{} or order.hour in {{1 2}}", set(MAX_ITEMS - 1));
    say(&[
        (&long(MAX_LENGTH + 1), "1:4097+1", "the rule is too long (maximum is 4096 characters)"),
        (&nested(MAX_DEPTH + 1), "1:33+1", "the rule is nested too deeply (maximum is 32 levels)"),
        (&negated(MAX_DEPTH + 1), "1:33+1", "the rule is nested too deeply (maximum is 32 levels)"),
        (&"(".repeat(MAX_LENGTH), "1:33+1", "the rule is nested too deeply (maximum is 32 levels)"),
        (&called(MAX_DEPTH + 1), "1:198+1", "the rule is nested too deeply (maximum is 32 levels)"),
        (&set(MAX_ITEMS + 1), "1:2016+1", "the sets have too many items (maximum is 1000 in a rule)"),
        (&sets, "1:2036+1", "the sets have too many items (maximum is 1000 in a rule)"),
    ]);
}

#[test]
fn an_error_implements_the_standard_trait() {
    let error: Box<dyn std::error::Error> = Box::new(refused("a"));
    assert_eq!(error.to_string(), "Rule is invalid at 1:1: unknown field a");
}
