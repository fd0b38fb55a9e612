//! Rules, facts and verdicts.

use super::judge;

/// An order of which everything is known.
const ORDER: &str = r#"{
    "customer": {
        "email": "ada+1@gmail.com", "email_domain": "gmail.com", "email_is_disposable": false,
        "ip_address": "192.0.2.77", "country_code": "DE", "asn": 64496, "asn_name": "Example \"Hosting\" GmbH",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "language": "de", "is_vpn": true,
        "is_hosting": false, "is_tor": false, "order_count": 4, "paid_count": 3, "disputed_count": 0
    },
    "order": {
        "value": "12.50", "usd_value": "13.1275", "quantity": 2, "currency": "EUR", "gateway": "bitcoin",
        "coupon": "SUMMER", "referral": "", "hour": 23, "weekday": 7
    },
    "product": {"id": "5f3a", "title": "Größe * 100% 🎁", "type": 2, "category_ids": ["games", "new"]},
    "custom": {"Discord name": "ada#1815", "": "blank"},
    "risk": {"level": 65}
}"#;

#[test]
fn texts_are_equal_letter_by_letter() {
    judge(
        ORDER,
        r#"
        yes  customer.email == "ada+1@gmail.com"
        yes  customer.email eq "ada+1@gmail.com"
        no   customer.email == "Ada+1@gmail.com"
        no   customer.email == "ada+1@gmail.com "
        no   customer.email == ""
        no   customer.email != "ada+1@gmail.com"
        no   customer.email ne "ada+1@gmail.com"
        yes  customer.email ne "ADA+1@gmail.com"
        yes  order.referral == ""
        no   order.referral != ""
        yes  customer.country_code == "DE"
        no   customer.country_code == "de"
        yes  product.title == "Größe * 100% 🎁"
        no   product.title == "Grösse * 100% 🎁"
        "#,
    );
}

#[test]
fn texts_have_the_order_of_their_code_points() {
    judge(
        ORDER,
        r#"
        yes  customer.language < "en"
        yes  customer.language lt "dea"
        no   customer.language < "de"
        yes  customer.language <= "de"
        yes  customer.language le "de"
        yes  customer.language > "DE"
        no   customer.language gt "de"
        yes  customer.language >= "de"
        no   customer.language ge "df"
        "#,
    );
}

#[test]
fn a_part_of_a_text_is_looked_for_as_it_is_written() {
    judge(
        ORDER,
        r#"
        yes  customer.email contains "+"
        yes  customer.email contains "ada+1@gmail.com"
        yes  customer.email contains ""
        no   customer.email contains "ADA"
        no   customer.email contains "ada@"
        yes  product.title contains "öß"
        yes  product.title contains "🎁"
        yes  product.title contains "*"
        no   customer.email contains ".*"
        yes  starts_with(customer.email, "ada+")
        no   starts_with(customer.email, "da+")
        yes  starts_with(customer.email, "")
        yes  ends_with(customer.email, "@gmail.com")
        no   ends_with(customer.email, "@gmail.co")
        yes  ends_with(product.title, "🎁")
        no   starts_with(customer.email, "ada+1@gmail.com.")
        "#,
    );
}

#[test]
fn numbers_are_exact() {
    judge(
        ORDER,
        "
        yes  order.value == 12.5
        yes  order.value == 12.50
        yes  order.value eq 12.500000000000000000000
        no   order.value == 12.5000000000000000000001
        yes  order.value != 12.49
        yes  order.value < 12.51
        no   order.value < 12.5
        yes  order.value <= 12.5
        no   order.value > 12.5
        yes  order.value > 12.4999999999999999999999999999999999
        yes  order.value >= 12.5
        yes  order.value gt 0
        yes  order.usd_value == 13.1275
        no   order.usd_value == 13.13
        yes  customer.asn == 64496
        yes  customer.asn < 4294967296
        yes  customer.asn < 99999999999999999999999999999999999999
        yes  customer.disputed_count == 0
        yes  customer.disputed_count == 0.0
        no   customer.disputed_count > 0
        yes  order.quantity ge 2
        no   order.quantity ge 3
        yes  product.type == 2
        yes  risk.level > 64
        no   risk.level lt 65
        yes  risk.level le 65
        yes  order.hour == 23
        yes  order.weekday == 7
        ",
    );
}

#[test]
fn a_set_has_texts() {
    judge(
        ORDER,
        r#"
        yes  customer.country_code in {"DE"}
        yes  customer.country_code in {"FR" "DE" "IT"}
        yes  customer.country_code in {"FR", "DE", "IT"}
        yes  customer.country_code in { "FR" "DE" , "IT", }
        no   customer.country_code in {"FR" "IT"}
        no   customer.country_code in {"de"}
        yes  customer.country_code in {"DE" "DE"}
        yes  customer.country_code in {"FR""DE"}
        yes  order.referral in {"" "friend"}
        no   not customer.country_code in {"DE"}
        yes  not customer.country_code in {"FR"}
        yes  custom["Discord name"] in {r"ada#1815" "bob"}
        "#,
    );
}

#[test]
fn a_set_has_numbers_and_ranges_with_both_ends() {
    judge(
        ORDER,
        "
        yes  order.hour in {23}
        yes  order.hour in {0..5 23}
        yes  order.hour in {22..23}
        yes  order.hour in {23..23}
        no   order.hour in {0..22}
        yes  order.hour in {0..10 5..23}
        yes  order.hour in {20..30, 1..2, 25}
        no   order.hour in {24..30 1..22}
        yes  order.value in {12..13}
        yes  order.value in {12.5}
        no   order.value in {12.51..13 1..12.49}
        yes  order.value in {0.5..12.5}
        no   order.weekday in {1..5}
        yes  order.weekday in {6 7}
        yes  customer.asn in {1 64496..64511}
        ",
    );
}

#[test]
fn addresses_are_compared_alone_and_looked_for_in_networks() {
    judge(
        ORDER,
        "
        yes  customer.ip_address == 192.0.2.77
        no   customer.ip_address == 192.0.2.78
        yes  customer.ip_address != 192.0.2.78
        yes  customer.ip_address eq ::ffff:192.0.2.77
        yes  customer.ip_address in {192.0.2.77}
        yes  customer.ip_address in {192.0.2.0/24}
        yes  customer.ip_address in {192.0.2.255/24}
        no   customer.ip_address in {192.0.2.0/26}
        yes  customer.ip_address in {192.0.2.64/26}
        yes  customer.ip_address in {192.0.2.77/32}
        yes  customer.ip_address in {0.0.0.0/0}
        no   customer.ip_address in {::/0}
        yes  customer.ip_address in {::ffff:192.0.2.0/120}
        yes  customer.ip_address in {10.0.0.0/8 2001:db8::/32 192.0.2.70..192.0.2.80}
        no   customer.ip_address in {10.0.0.0/8 2001:db8::/32, 192.0.2.78..192.0.2.80}
        yes  customer.ip_address in {192.0.0.0/8 192.0.2.0/30}
        yes  not customer.ip_address in {198.51.100.0/24}
        ",
    );
    judge(
        r#"{"customer": {"ip_address": "2001:db8:0:7::1"}}"#,
        "
        yes  customer.ip_address == 2001:db8:0:7::1
        yes  customer.ip_address == 2001:0DB8:0:0007:0:0:0:1
        yes  customer.ip_address in {2001:db8::/32}
        yes  customer.ip_address in {2001:db8:0:7::/64 10.0.0.0/8}
        no   customer.ip_address in {2001:db8:0:8::/64}
        yes  customer.ip_address in {2001:db8:0:7::0..2001:db8:0:7::f}
        yes  customer.ip_address in {::/0}
        no   customer.ip_address in {0.0.0.0/0}
        ",
    );
    judge(r#"{"customer": {"ip_address": "::ffff:192.0.2.1"}}"#, "yes  customer.ip_address in {192.0.2.0/24}");
}

#[test]
fn a_flag_stands_alone() {
    judge(
        ORDER,
        "
        yes  customer.is_vpn
        no   not customer.is_vpn
        no   !customer.is_vpn
        no   customer.is_tor
        yes  not customer.is_tor
        yes  customer.is_vpn and not customer.email_is_disposable
        yes  customer.is_hosting or customer.is_vpn
        yes  true
        no   false
        no   not true
        yes  !false
        ",
    );
}

#[test]
fn a_list_has_items() {
    judge(
        ORDER,
        r#"
        yes  product.category_ids contains "games"
        no   product.category_ids contains "game"
        no   product.category_ids contains "Games"
        no   product.category_ids contains ""
        yes  product.category_ids in {"old" "new"}
        no   product.category_ids in {"old" "ne"}
        yes  not product.category_ids contains "books"
        yes  len(product.category_ids) == 2
        "#,
    );
    judge(
        r#"{"product": {"category_ids": []}}"#,
        r#"
        no   product.category_ids contains ""
        yes  len(product.category_ids) == 0
        "#,
    );
}

#[test]
fn a_pattern_is_looked_for_anywhere() {
    judge(
        ORDER,
        r##"
        yes  customer.email matches "gmail"
        yes  customer.email ~ "gmail"
        yes  customer.email matches "^ada.*com$"
        no   customer.email matches "^gmail"
        no   customer.email matches "GMAIL"
        yes  customer.email matches "(?i)GMAIL"
        yes  customer.email matches "\+\d+@"
        yes  customer.email matches r"\+\d+@"
        no   customer.email matches "\\+\\\\d"
        yes  customer.email matches "^[a-z]{3}\+[0-9]@g(oogle)?mail\.com$"
        yes  customer.asn_name matches "\"Host"
        yes  customer.asn_name matches r#""Host[a-z]+""#
        yes  customer.user_agent matches r"Firefox/1[0-9]{2}\."
        yes  product.title matches "Gr..e"
        yes  customer.email matches ""
        no   customer.email matches "^$"
        "##,
    );
}

#[test]
fn a_wildcard_fits_the_whole_text_in_any_case() {
    judge(
        ORDER,
        r#"
        yes  customer.email wildcard "*@gmail.com"
        yes  customer.email wildcard "*@GMAIL.com"
        yes  customer.email wildcard "ada+*"
        yes  customer.email wildcard "*"
        yes  customer.email wildcard "*gmail*"
        yes  customer.email wildcard "ada+1@gmail.com"
        yes  customer.email wildcard "ada+1@gmail.com*"
        no   customer.email wildcard "gmail"
        no   customer.email wildcard "*gmail"
        no   customer.email wildcard "*.net"
        no   customer.email wildcard ""
        yes  customer.email wildcard "a*a*1*com"
        no   customer.email wildcard "a*a*1*1*com"
        no   customer.email strict wildcard "*@GMAIL.com"
        yes  customer.email strict wildcard "*@gmail.com"
        yes  product.title wildcard "GRÖßE*"
        no   product.title strict wildcard "GRÖßE*"
        yes  product.title wildcard r"größe \* 100*"
        yes  product.title wildcard "größe \\* 100*"
        no   customer.email wildcard r"ada\*"
        yes  order.referral wildcard ""
        yes  order.referral wildcard "*"
        "#,
    );
    judge(
        r#"{"custom": {"a": "aa", "path": "c:\\x", "word": "ΟΔΟΣΑ"}}"#,
        r#"
        yes  custom["a"] wildcard "a*a"
        no   custom["a"] wildcard "aa*a"
        yes  custom["a"] wildcard "*a*a*"
        no   custom["a"] wildcard "*a*a*a*"
        yes  custom["path"] wildcard r"C:\\*"
        yes  custom["word"] wildcard "οδοΣ*"
        "#,
    );
}

#[test]
fn functions_change_texts_and_count() {
    judge(
        ORDER,
        r#"
        yes  lower(customer.country_code) == "de"
        yes  upper(customer.language) == "DE"
        yes  upper(product.title) contains "GRÖSSE"
        yes  lower(upper(lower(customer.country_code))) == "de"
        yes  starts_with(lower(customer.user_agent), "mozilla")
        yes  ends_with(upper(customer.email), "GMAIL.COM")
        yes  lower(custom["Discord name"]) contains "ada"
        yes  len(customer.email) == 15
        yes  len(order.referral) == 0
        yes  len(product.title) == 14
        yes  len(upper(product.title)) == 15
        no   len(customer.email) > 15
        yes  len(customer.country_code) in {2}
        yes  lower ( customer.country_code ) in {"de"}
        "#,
    );
}

#[test]
fn the_sellers_own_fields_have_their_names_in_brackets() {
    judge(
        ORDER,
        r##"
        yes  custom["Discord name"] == "ada#1815"
        yes  custom [ "Discord name" ] == "ada#1815"
        yes  custom[r"Discord name"] contains "#"
        no   custom["discord name"] == "ada#1815"
        no   custom["Discord"] == ""
        yes  custom[""] == "blank"
        "##,
    );
}

#[test]
fn texts_are_written_with_escapes_or_raw() {
    judge(
        r###"{"custom": {"a": "say \"hi\" to c:\\new # \"## ok", "\"": "quote"}}"###,
        r####"
        yes  custom["a"] == "say \"hi\" to c:\\new # \"## ok"
        yes  custom["a"] == r###"say "hi" to c:\new # "## ok"###
        yes  custom["a"] contains r"c:\new"
        yes  custom["a"] contains r#""hi""#
        yes  custom["a"] contains "# "
        yes  custom["\""] == "quote"
        no   custom["a"] contains r"c:\\new"
        yes  custom["a"] in {r"x" r#"say "hi""# r###"say "hi" to c:\new # "## ok"###}
        "####,
    );
}

#[test]
fn nothing_is_true_of_a_missing_value_but_not() {
    judge(
        "{}",
        r#"
        no   customer.email == "a"
        no   customer.email != "a"
        yes  not customer.email == "a"
        yes  not customer.email != "a"
        no   customer.email < "a"
        no   customer.email >= ""
        no   customer.email contains ""
        no   customer.email matches ""
        no   customer.email wildcard "*"
        no   customer.email strict wildcard "*"
        no   customer.email in {"" "a"}
        no   starts_with(customer.email, "")
        no   ends_with(customer.email, "")
        no   lower(customer.email) != "a"
        no   len(customer.email) == 0
        no   len(customer.email) >= 0
        yes  not len(customer.email) >= 0
        no   order.value == 0
        no   order.value != 0
        no   order.value < 1
        no   order.hour in {0..23}
        no   customer.ip_address != 192.0.2.1
        no   customer.ip_address in {0.0.0.0/0 ::/0}
        no   customer.is_vpn
        yes  not customer.is_vpn
        no   product.category_ids contains "a"
        no   product.category_ids in {"a"}
        no   len(product.category_ids) == 0
        no   custom["a"] != "b"
        no   risk.level >= 0
        "#,
    );
}

#[test]
fn spaces_lines_and_comments_are_free() {
    for text in [
        "customer.is_vpn&&order.value>=12.5",
        "customer.is_vpn\n\tand\r\n  order.value >= 12.5",
        "# those behind a VPN\ncustomer.is_vpn # and more\nand order.value >= 12.5 # than this \"",
        "  (customer.is_vpn)and(order.value ge 12.5)  ",
        "\u{feff}customer.is_vpn and order.value >= 12.5 #\n\u{200b}",
    ] {
        let rule = super::compiled(text);
        assert_eq!(rule.to_string(), "customer.is_vpn and order.value >= 12.5");
        assert!(rule.matches(&super::facts(ORDER)));
    }
    judge(
        ORDER,
        r#"yes customer.user_agent contains "(X11; " and custom["Discord name"] contains "a#1" # not in quotes"#,
    );
}

/// So that nobody thins the tables out unseen.
#[test]
fn there_are_more_than_two_hundred_verdicts() {
    let tables = [include_str!("verdict.rs"), include_str!("precedence.rs")].concat();
    let is_verdict = |line: &&str| ["yes  ", "no   "].iter().any(|verdict| line.trim_start().starts_with(verdict));
    let verdicts = tables.lines().filter(is_verdict).count();
    assert!(verdicts > 200, "{verdicts} verdicts");
}
