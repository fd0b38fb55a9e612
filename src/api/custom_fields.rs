//! A product's `custom`: the inputs that its buyers fill in.

use serde::Serialize;

use super::fields::Fields;
use crate::{
    json::{self, Value},
    shop::{product::input::MAX_ANSWER, text::clean},
};

pub const KINDS: [&str; 4] = ["text", "number", "checkbox", "select"];
const MAX: usize = 50;
const MAX_OPTIONS: usize = 100;
/// Bytes of it all, since every list of products shows it.
const MAX_LENGTH: usize = 16_384;

/// `[{name, type, required, options?}]` as canonical JSON; nothing for an empty list or object. An object's values are
/// taken as the list: so a form's `custom[0][name]` comes.
pub fn read(fields: &mut Fields) -> Option<String> {
    let items: Vec<Value> = match fields.value("custom")? {
        Value::Array(items) => items.clone(),
        Value::Object(items) => items.values().cloned().collect(),
        Value::String(text) if text.trim().is_empty() => return None,
        _ => {
            fields.error("Custom must be a list");
            return None;
        }
    };
    if items.is_empty() {
        return None;
    }
    if items.len() > MAX {
        fields.error(format!("Custom is too long (maximum is {MAX} inputs)"));
        return None;
    }
    // Numbered as an order's answers are: from 0.
    let inputs: Vec<String> = items.into_iter().enumerate().map(|(n, item)| input(fields, n, item)).collect();
    let text = json::array(inputs.into_iter());
    if text.len() > MAX_LENGTH {
        fields.error(format!("Custom is too long (maximum is {MAX_LENGTH} bytes)"));
    }
    Some(text)
}

fn input(fields: &mut Fields, n: usize, item: Value) -> String {
    let Value::Object(map) = item else {
        fields.error(format!("Custom {n} must be an object"));
        return String::new();
    };
    let mut inner = Fields::of(map);
    let name = inner.title("name", 255).unwrap_or_default();
    let kind = inner.required_text("type", 32);
    let kind = kind.map(|kind| kind.to_ascii_lowercase()).unwrap_or_default();
    if !kind.is_empty() && !KINDS.contains(&kind.as_str()) {
        inner.error("Type is not included in the list");
    }
    let required = inner.flag("required").unwrap_or(false);
    let options = if kind == "select" { options(&mut inner) } else { Vec::new() };
    for error in inner.errors {
        let mut error = error;
        if let Some(first) = error.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        fields.error(format!("Custom {n} {error}"));
    }
    json::to_text(&Input { name: &name, kind: &kind, required, options: &options })
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    required: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    options: &'a [String],
}

/// What can be chosen.
fn options(inner: &mut Fields) -> Vec<String> {
    let options: Option<Vec<String>> = match inner.value("options") {
        Some(Value::Array(items)) => {
            // As answers are read: what stands at its ends unseen would make it one that nobody can choose.
            items.iter().map(|item| item.as_str().map(|text| clean(text).to_owned())).collect()
        }
        None => Some(Vec::new()),
        Some(_) => None,
    };
    let Some(mut options) = options else {
        inner.error("Options must be a list of texts");
        return Vec::new();
    };
    options.retain(|option| !option.is_empty());
    if options.is_empty() {
        inner.error("Options can't be blank");
    }
    if options.iter().any(|option| option.chars().count() > MAX_ANSWER) {
        inner.error(format!("Options must have at most {MAX_ANSWER} characters each"));
    }
    if options.len() > MAX_OPTIONS {
        inner.error(format!("Options is too long (maximum is {MAX_OPTIONS} options)"));
    }
    options
}
