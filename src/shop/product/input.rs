//! What a product asks its buyers, and whether they have answered.

use serde::Deserialize;

use crate::{
    json::{self, Map, Value},
    shop::{money::Decimal, text},
};

/// One input of a product's `custom`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Input {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: InputKind,
    pub required: bool,
    /// What can be chosen; empty unless it is a `select`.
    #[serde(default)]
    pub options: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Text,
    Number,
    Checkbox,
    Select,
}

/// Characters of an answer.
pub const MAX_ANSWER: usize = 1_000;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAnswer {
    Blank,
    NotANumber,
    NotInTheList,
    /// A checkbox that must be ticked.
    NotAccepted,
    TooLong,
    /// It is a list or an object.
    NotText,
    /// It has control characters, or such that turn the text around it.
    NotPrintable,
}

/// The inputs of a product; none where its `custom` is null.
pub fn read(custom: Option<&str>) -> Vec<Input> {
    custom.and_then(json::from_text).unwrap_or_default()
}

/// Checks what a buyer answered. Answers are found by the input's index, as a text or a number, or by its name. What is kept is
/// an object by index; texts are trimmed, checkboxes are booleans, and what wasn't answered isn't there.
pub fn check(inputs: &[Input], answers: &Map<String, Value>) -> Result<Option<String>, Vec<(usize, BadAnswer)>> {
    let (mut kept, mut bad) = (Map::new(), Vec::new());
    for (n, input) in inputs.iter().enumerate() {
        let index = n.to_string();
        let answer = answers.get(&index).or_else(|| answers.get(&input.name)).unwrap_or(&Value::Null);
        match answered(input, answer) {
            Ok(Some(value)) => {
                kept.insert(index, value);
            }
            Ok(None) => {}
            Err(problem) => bad.push((n, problem)),
        }
    }
    match bad.is_empty() {
        true => Ok((!kept.is_empty()).then(|| json::to_text(&kept))),
        false => Err(bad),
    }
}

fn answered(input: &Input, answer: &Value) -> Result<Option<Value>, BadAnswer> {
    let typed = match answer {
        Value::Null => String::new(),
        Value::String(text) => text::clean(text).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(BadAnswer::NotText),
    };
    if input.kind == InputKind::Checkbox {
        let ticked = !matches!(typed.to_ascii_lowercase().as_str(), "" | "0" | "false" | "off" | "no");
        return match ticked || !input.required {
            true => Ok(Some(ticked.into())),
            false => Err(BadAnswer::NotAccepted),
        };
    }
    if typed.is_empty() {
        return if input.required { Err(BadAnswer::Blank) } else { Ok(None) };
    }
    if typed.chars().count() > MAX_ANSWER {
        return Err(BadAnswer::TooLong);
    }
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    // The last stands for bytes that were no UTF-8.
    let is_odd = |c: char| is_control(c) || c == char::REPLACEMENT_CHARACTER;
    if typed.chars().any(is_odd) || text::turned(&typed).is_some() {
        return Err(BadAnswer::NotPrintable);
    }
    match input.kind {
        InputKind::Number if !is_number(&typed) => Err(BadAnswer::NotANumber),
        InputKind::Select => match input.options.iter().find(|option| text::clean(option) == typed) {
            Some(option) => Ok(Some(option.as_str().into())),
            None => Err(BadAnswer::NotInTheList),
        },
        _ => Ok(Some(typed.into())),
    }
}

/// Digits, perhaps with a point among them, behind one minus at most.
fn is_number(typed: &str) -> bool {
    let magnitude = typed.strip_prefix('-').unwrap_or(typed);
    magnitude.bytes().all(|b| b.is_ascii_digit() || b == b'.') && Decimal::parse(magnitude).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_minus_at_most_and_a_point() {
        for number in ["5", "-5", "1.5", "-0.25", "007"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["--5", "- 5", "1,5", "5-", "1e3", "1 000", "-", ".", "", "+5"] {
            assert!(!is_number(other), "{other}");
        }
    }

    fn inputs() -> Vec<Input> {
        read(Some(
            r#"[{"name":"UID","type":"number","required":true},{"name":"Server","type":"select","required":true,"options":["EU","US"]},
                {"name":"I agree","type":"checkbox","required":true},{"name":"Note","type":"text","required":false}]"#,
        ))
    }

    fn checked(answers: &str) -> Result<Option<String>, Vec<(usize, BadAnswer)>> {
        check(&inputs(), &json::from_text(answers).unwrap())
    }

    #[test]
    fn answers_are_kept_by_index_however_they_are_named() {
        let kept = r#"{"0":"42","1":"EU","2":true}"#;
        for answers in [
            r#"{"0":"42","1":"EU","2":"on"}"#,
            r#"{"0":42,"1":" EU ","2":true,"3":"  "}"#,
            r#"{"UID":"42","Server":"EU","I agree":"1","Other":"x"}"#,
        ] {
            assert_eq!(checked(answers).unwrap().as_deref(), Some(kept), "{answers}");
        }
    }

    #[test]
    fn each_wrong_answer_is_named() {
        assert_eq!(checked("{}"), Err(vec![(0, BadAnswer::Blank), (1, BadAnswer::Blank), (2, BadAnswer::NotAccepted)]));
        let long = format!(r#"{{"0":"1-","1":"eu","2":"off","3":"{}"}}"#, "x".repeat(1_001));
        assert_eq!(
            checked(&long),
            Err(vec![
                (0, BadAnswer::NotANumber),
                (1, BadAnswer::NotInTheList),
                (2, BadAnswer::NotAccepted),
                (3, BadAnswer::TooLong)
            ])
        );
        assert_eq!(
            checked(r#"{"0":{},"1":["EU"],"2":true}"#),
            Err(vec![(0, BadAnswer::NotText), (1, BadAnswer::NotText)])
        );
    }
}
