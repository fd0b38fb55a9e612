//! Damaged rules. A short run is part of every test run; ten million inputs take this, and a few minutes:
//!
//!     FUZZ_INPUTS=10000000 cargo test --release --test it rule::fuzz

use std::panic::{AssertUnwindSafe, catch_unwind};

use pushguard::shop::rule::{Facts, MAX_LENGTH, compile};

use super::facts;

const SEEDS: [&str; 14] = [
    r#"customer.email_domain == "gmail.com" and customer.email contains "+""#,
    r#"not customer.country_code in {"DE" "AT", "CH"} or (customer.is_vpn xor customer.is_tor) && !true"#,
    r##"lower(custom["Discord \"name\""]) matches r#"^[a-z]+#\d{4}$"# ^^ len(product.category_ids) > 2"##,
    "customer.ip_address in {192.0.2.0/24 2001:db8::/32 10.0.0.1..10.0.0.7 ::1} || customer.ip_address != ::ffff:1.2.3.4",
    "order.value in {1..5 9 0.5..12.75} and order.usd_value ge 100.01 or risk.level lt 7",
    r#"starts_with(upper(customer.user_agent), "CURL") or ends_with(customer.email, r"é🎉") # a comment"#,
    r#"customer.asn_name wildcard "*host\\**" and customer.language strict wildcard r"de-*""#,
    r#"product.category_ids contains "new" and product.category_ids in {"a" "b"}"#,
    "((((((((((((((((((((((((((((((((true))))))))))))))))))))))))))))))))",
    "not not not not not not customer.is_hosting",
    r#"customer.email matches "(a|b)*c{2,3}[^\]\"]\b(?i:x)" or customer.email ~ "x""#,
    "customer.order_count le 3\n  and customer.paid_count ne 0\r\n\t# why\n  xor false",
    "order.hour in {0..23} and order.weekday in {6 7} and product.type eq 2",
    r#"order.coupon == "" and order.referral != "x" and order.currency < "Z" and order.gateway >= "a""#,
];

/// What breaks readers: halves of tokens, and characters of several bytes.
const PIECES: [&str; 60] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "\\",
    "#",
    "r#\"",
    "\"#",
    "r\"",
    "==",
    "=",
    "!",
    "!=",
    "&&",
    "&",
    "||",
    "^^",
    "~",
    "<",
    ">=",
    "..",
    "1..",
    ".5",
    "0",
    "9",
    "1e9",
    "-1",
    "/",
    "/24",
    "/129",
    ":",
    "::",
    "::ffff:0.0.0.0/96",
    "99999999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000000001",
    "not ",
    " and ",
    " xor ",
    " in {",
    "AND",
    "custom[",
    "lower(",
    "len(",
    "matches ",
    "wildcard ",
    "strict ",
    "é",
    "🎉",
    "\u{200b}",
    "\u{0}",
    "\n",
    " ",
    "*",
    "**",
    "{1000}",
    "(?i)",
];

/// What may stand in each other's place: some of the changed rules are right, and mean something else.
const PAIRS: [(&str, &str); 12] = [
    ("==", "!="),
    ("and", "xor"),
    ("or ", "&& "),
    ("not ", "! "),
    ("1", "72"),
    ("customer.email", "order.coupon"),
    ("order.hour", "len(customer.email)"),
    ("contains", "strict wildcard"),
    ("gmail", "🎁\\\\"),
    (" ", "\n# é\n"),
    (" in {", " in { 5 "),
    ("192.0.2.0/24", "::ffff:192.0.2.7"),
];

struct Dice(u64);

impl Dice {
    /// xorshift64*
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A place between two characters.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

fn change(text: &mut String, dice: &mut Dice) {
    match dice.below(6) {
        0 => *text = format!("{text} {} {}", dice.of(&["and", "||", "^^"]), dice.of(&SEEDS)),
        1 => *text = format!("({text})"),
        2 => *text = format!("!({text}) or not {}", dice.of(&SEEDS)),
        3 | 4 => {
            let (one, other) = dice.of(&PAIRS);
            *text = text.replacen(one, other, 1 + dice.below(3));
        }
        _ => damage(text, dice),
    }
    if text.len() > 2 * MAX_LENGTH {
        text.truncate(dice.place(text));
    }
}

fn damage(text: &mut String, dice: &mut Dice) {
    let (one, other) = (dice.place(text), dice.place(text));
    let (from, to) = (one.min(other), one.max(other));
    match dice.below(6) {
        0 => text.insert_str(from, dice.of(&PIECES)),
        1 => {
            let end = text[from..].chars().next().map_or(from, |c| from + c.len_utf8());
            text.replace_range(from..end, "");
        }
        2 => {
            let end = text[from..to].char_indices().nth(12).map_or(to, |(length, _)| from + length);
            text.replace_range(from..end, "");
        }
        3 => {
            let part = text[from..to].to_owned();
            text.insert_str(to, &part);
        }
        4 => {
            let end = text[from..].chars().next().map_or(from, |c| from + c.len_utf8());
            text.replace_range(from..end, dice.of(&PIECES));
        }
        _ => {
            let seed = dice.of(&SEEDS);
            let (one, other) = (dice.place(seed), dice.place(seed));
            text.insert_str(from, &seed[one.min(other)..one.max(other)]);
        }
    }
}

/// Whether the text could be read as a rule.
fn check(text: &str, facts: &[Facts]) -> bool {
    match compile(text) {
        Ok(rule) => {
            let spelling = rule.to_string();
            let verdicts: Vec<bool> = facts.iter().map(|facts| rule.matches(facts)).collect();
            if spelling.chars().count() <= MAX_LENGTH {
                let again = compile(&spelling).unwrap_or_else(|error| panic!("{spelling}: {error}"));
                assert_eq!(again.to_string(), spelling);
                let again: Vec<bool> = facts.iter().map(|facts| again.matches(facts)).collect();
                assert_eq!(again, verdicts, "{spelling}");
            }
            true
        }
        Err(error) => {
            let line = text.split('\n').nth(error.line - 1).expect("the line is there");
            assert!(error.column <= line.chars().count() + 1, "{error}");
            assert!(error.length >= 1 && error.length <= text.chars().count().max(1), "{error}");
            assert!(!error.message.is_empty() && error.message.chars().count() < 250, "{error}");
            false
        }
    }
}

#[test]
fn damaged_rules_are_read_or_refused() {
    let inputs: usize = std::env::var("FUZZ_INPUTS").map_or(20_000, |inputs| inputs.parse().expect("a number"));
    let facts = [
        facts("{}"),
        facts(
            r#"{"customer": {"email": "ada+1@gmail.com", "email_domain": "gmail.com", "is_vpn": true, "ip_address": "192.0.2.7"},
                "order": {"value": "9", "hour": 7}, "product": {"category_ids": ["new"]}, "risk": {"level": 5}}"#,
        ),
    ];
    SEEDS.iter().for_each(|seed| assert!(check(seed, &facts), "{seed}"));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut read = 0_usize;
    let mut text = String::new();
    for n in 0..inputs {
        // Changes add up for a while.
        if n % 8 == 0 {
            dice.of(&SEEDS).clone_into(&mut text);
        }
        change(&mut text, &mut dice);
        let is_rule = catch_unwind(AssertUnwindSafe(|| check(&text, &facts)));
        read += usize::from(is_rule.unwrap_or_else(|_| panic!("input {n} broke it: {text:?}")));
    }
    println!("{read} of {inputs} changed rules could still be read");
    // Else the damage is too great to reach what comes after the syntax.
    assert!(read > inputs / 10, "{read} of {inputs}");
}
