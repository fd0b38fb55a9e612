//! JSON values built by hand: the specification keeps the order in which its fields are written here.

use pushguard::json::{Value, ValueExt};

pub fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

pub fn text(text: impl AsRef<str>) -> Value {
    text.as_ref().into()
}

pub fn texts<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::Array(items.into_iter().map(text).collect())
}

pub fn reference(kind: &str, name: &str) -> Value {
    object([("$ref", text(format!("#/components/{kind}/{name}")))])
}

pub fn parsed(json: &str) -> Value {
    pushguard::json::parse(json).unwrap_or_else(|error| panic!("{error:?} in {json}"))
}

/// Adds a field, or replaces it where it stands.
pub fn put(value: &mut Value, name: &str, field: Value) {
    let Value::Object(fields) = value else { panic!("{name} is put into {value:?}") };
    fields.insert(name.to_owned(), field);
}

/// `x-request-id` → `X-Request-Id`
pub fn title_case(name: &str) -> String {
    let part = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    let name = name.split('-').map(part).collect::<Vec<_>>().join("-");
    name.replace("Ratelimit", "RateLimit").replace("Www-", "WWW-")
}

/// Two spaces a level; what is short stands on one line, as people write it.
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    let flat = value.to_text();
    let items: Vec<(Option<&str>, &Value)> = match value {
        Value::Object(fields) if flat.len() > 80 => fields.iter().map(|(n, v)| (Some(n.as_str()), v)).collect(),
        Value::Array(items) if flat.len() > 80 => items.iter().map(|item| (None, item)).collect(),
        _ => return out.push_str(&flat),
    };
    let (open, close) = if matches!(value, Value::Object(_)) { ('{', '}') } else { ('[', ']') };
    out.push(open);
    for (n, (name, item)) in items.into_iter().enumerate() {
        out.push_str(if n > 0 { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(name) = name {
            out.push_str(&text(name).to_text());
            out.push_str(": ");
        }
        write(out, item, depth + 1);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}
