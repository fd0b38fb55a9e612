//! The language of fraud rules: what it accepts, what it means, and what it says of mistakes.

use pushguard::shop::rule::{Facts, Rule, RuleError, compile};

mod documentation;
mod facts;
mod fuzz;
mod message;
mod precedence;
mod property;
mod verdict;

fn facts(json: &str) -> Facts {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn compiled(text: &str) -> Rule {
    compile(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn refused(text: &str) -> RuleError {
    match compile(text) {
        Ok(rule) => panic!("{text} was read as {rule}"),
        Err(error) => error,
    }
}

/// Lines of `yes` or `no` and a rule, all of which are asked of the same facts. A rule's spelling must mean the same.
fn judge(json: &str, table: &str) {
    let facts = facts(json);
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (verdict, text) = line.split_once(' ').expect("a verdict and a rule");
        let rule = compiled(text.trim());
        let expected = match verdict {
            "yes" => true,
            "no" => false,
            other => panic!("{other} is no verdict"),
        };
        let respelled = compiled(&rule.to_string());
        assert_eq!(respelled.to_string(), rule.to_string(), "{text}");
        if rule.matches(&facts) != expected || respelled.matches(&facts) != expected {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "these are judged otherwise:\n{}", wrong.join("\n"));
}
