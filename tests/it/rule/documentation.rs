//! docs/fraud/rules.md teaches the language. What it says is run here.

use super::{compiled, facts, refused};

const PAGE: &str = include_str!("../../../docs/fraud/rules.md");

/// Blocks of code of this kind, each with the text that follows it up to the next one.
fn blocks(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let fence = format!("```{kind}\n");
    let starts: Vec<usize> = PAGE.match_indices(&fence).map(|(at, _)| at + fence.len()).collect();
    starts.into_iter().map(|start| {
        let (code, after) = PAGE[start..].split_once("```\n").expect("a block ends");
        (code, after.split("```").next().expect("a part"))
    })
}

/// The facts in a sentence, which are whatever stands in backticks.
fn quoted(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split('`').skip(1).step_by(2)
}

#[test]
fn each_of_the_twenty_rules_applies_to_what_the_page_says() {
    let mut count = 0;
    for (rule, after) in blocks("rule") {
        count += 1;
        let compiled = compiled(rule);
        let sentence = after.trim().split("\n\n").next().expect("a sentence").replace('\n', " ");
        let (yes, no) = sentence.split_once(", not to ").unwrap_or_else(|| panic!("{rule} has no facts beside it"));
        assert!(yes.starts_with("Applies to ") && no.ends_with("`."), "{sentence}");
        for json in quoted(yes) {
            assert!(compiled.matches(&facts(json)), "{rule} applies to {json}");
        }
        for json in quoted(no) {
            assert!(!compiled.matches(&facts(json)), "{rule} doesn't apply to {json}");
        }
    }
    assert_eq!(count, 20);
}

#[test]
fn the_pages_examples_compile() {
    let lines = blocks("example").flat_map(|(code, _)| code.lines());
    assert_eq!(lines.map(compiled).count(), 12);
}

#[test]
fn the_pages_mistakes_are_refused_in_those_words() {
    let mut count = 0;
    for (code, _) in blocks("mistake") {
        let (rule, words) = code.trim_end().split_once('\n').expect("a rule and a sentence");
        assert_eq!(refused(rule).to_string(), words);
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn the_page_names_every_field_with_its_type() {
    let (_, table) = PAGE.split_once("| Field | Type |").expect("the table of fields");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut named: Vec<String> = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let name = cells.next().expect("a name").trim_matches('`').to_owned();
            let test = match cells.next().expect("a type") {
                "text" => "== \"a\"",
                "number" => "> 1",
                "address" => "== ::1",
                "boolean" => "and true",
                "list" => "contains \"a\"",
                other => panic!("{other} is no type"),
            };
            assert_eq!(compiled(&format!("{name} {test}")).fields(), [name.as_str()]);
            name
        })
        .collect();
    assert_eq!(named.len(), 30);
    named.dedup();
    assert_eq!(named.len(), 30);
}
