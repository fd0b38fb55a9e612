//! Bodies, as old and new clients write them: JSON under any label, and Rails-style forms.

use super::failure::{Failure, label};
use crate::json::{self, Value};

pub type Map = json::Map<String, Value>;
/// Fields whose name came several times, with their values.
pub type Repeated = Vec<(String, Value)>;

/// The type of a file that is a text, in lower case, and its parameters. `what` names it in a sentence.
pub fn text_type(kind: Option<&str>, what: &str) -> Result<(String, Vec<(String, String)>), Failure> {
    let mut parts = kind.unwrap_or_default().split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let parameters: Vec<(String, String)> = parts
        .filter_map(|part| {
            part.split_once('=').map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        })
        .collect();
    let charset = parameters.iter().find(|(known, _)| known == "charset").map(|(_, value)| value.as_str());
    match charset {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok((kind, parameters)),
        _ => Err(Failure::new(415, &format!("{what} must be UTF-8"))),
    }
}

pub fn too_large(limit: u64) -> Failure {
    Failure::new(413, &format!("The upload is too large (maximum is {limit} bytes)"))
}

/// The fields, and those of a form whose name came several times.
pub fn parse(body: &[u8]) -> Result<(Map, Repeated), Failure> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii();
    let is_json = matches!(body.first(), Some(b'{' | b'[' | b'"'));
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.trim_start_matches('\u{feff}').trim(),
        // Which of a form's fields it is can be told.
        Err(_) if !is_json && body.contains(&b'=') => return Err(not_utf8(body)),
        Err(error) => {
            return Err(Failure::new(400, &format!("The body is not valid UTF-8 (at byte {})", error.valid_up_to())));
        }
    };
    // What it is shows in its first character; labels are often wrong.
    match text.as_bytes().first() {
        None => Ok((Map::new(), Repeated::new())),
        Some(b'{' | b'[' | b'"') => Ok((json(text)?, Repeated::new())),
        Some(_) if text == "null" => Ok((Map::new(), Repeated::new())),
        Some(_) => form(text),
    }
}

/// Names the fields of a form whose bytes are no UTF-8. Replaced by U+FFFD, what was meant would be lost for good.
fn not_utf8(body: &[u8]) -> Failure {
    let mut errors: Vec<String> = Vec::new();
    for pair in body.split(|byte| *byte == b'&') {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let decoded = |part: Option<&[u8]>| {
            let part: Vec<u8> =
                part.unwrap_or_default().iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            String::from_utf8(percent_encoding::percent_decode(&part).collect())
        };
        let (name, value) = (decoded(parts.next()), decoded(parts.next()));
        let sentence = match (name, value) {
            (Ok(_), Ok(_)) => continue,
            (Err(_), _) => "A field's name is not valid UTF-8".to_owned(),
            (Ok(name), Err(_)) => {
                // `product[title]` and `ids[]` are known by their last word.
                let last = name.split(['[', ']']).rfind(|part| !part.is_empty());
                format!("{} is not valid UTF-8", label(last.unwrap_or_default()))
            }
        };
        if !errors.contains(&sentence) && errors.len() < 20 {
            errors.push(sentence);
        }
    }
    Failure::validation(errors)
}

fn json(text: &str) -> Result<Map, Failure> {
    match json::parse(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Array(items)) if items.is_empty() => Ok(Map::new()),
        Ok(_) => Err(Failure::new(400, "The body must be a JSON object")),
        Err(json::Malformed { reason, line, column }) => {
            Err(Failure::new(400, &format!("The body is not valid JSON: {reason} at line {line} column {column}")))
        }
    }
}

/// `a=1&b[]=2&b[]=3&c[d]=4&e[f][]=5`: as deep as clients of this API nest.
fn form(text: &str) -> Result<(Map, Repeated), Failure> {
    if !text.contains('=') {
        return Err(Failure::new(400, "The body is neither JSON nor a form (at line 1 column 1)"));
    }
    if text.bytes().filter(|b| *b == b'&').count() >= 1_000 {
        return Err(Failure::new(400, "The form has too many fields (maximum is 1000)"));
    }
    let lossy = form_urlencoded::parse(text.as_bytes())
        .any(|(key, value)| key.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER));
    // U+FFFD itself may be sent; only what it stands for is refused.
    if lossy {
        let failure = not_utf8(text.as_bytes());
        if !failure.errors.is_empty() {
            return Err(failure);
        }
    }
    let mut form = Value::Object(Map::new());
    let mut sent: Vec<(String, Vec<Value>)> = Vec::new();
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        // It names no field, and would make a list of them all.
        if key.is_empty() || key.starts_with('[') {
            continue;
        }
        match sent.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(Value::String(value.to_string())),
            None => sent.push((key.to_string(), vec![Value::String(value.to_string())])),
        }
        // `a[b][]` is the way a, b, "": a field, a field in it, and an item more of that.
        let (outer, inner) = key.split_once('[').unwrap_or((&key, ""));
        let inner: Vec<&str> = inner.split('[').map(|part| part.trim_end_matches(']')).collect();
        let inner = if key.contains('[') { inner.as_slice() } else { &[] };
        put(&mut form, outer, inner.get(..inner.len().min(3)).unwrap_or_default(), Value::String(value.into_owned()));
    }
    let several = sent.into_iter().filter(|(key, values)| values.len() > 1 && !key.ends_with("[]"));
    let repeated = several.map(|(key, values)| (key, Value::Array(values))).collect();
    match form {
        Value::Object(map) => Ok((map, repeated)),
        _ => Ok((Map::new(), repeated)),
    }
}

/// Sets what lies at `first` and then `rest` below a value, which becomes an object or a list as the way needs it. Of a
/// field that comes twice the last value counts.
fn put(target: &mut Value, first: &str, rest: &[&str], value: Value) {
    let place = if first.is_empty() {
        let Value::Array(items) = target else {
            *target = Value::Array(Vec::new());
            return put(target, first, rest, value);
        };
        // `a[][b]=1&a[][c]=2` is one item of two fields, until one of them comes again.
        let goes_on = match (items.last(), rest.first()) {
            (Some(Value::Object(last)), Some(next)) => !next.is_empty() && !last.contains_key(*next),
            _ => false,
        };
        if !goes_on {
            items.push(Value::Null);
        }
        items.last_mut()
    } else {
        let Value::Object(fields) = target else {
            *target = Value::Object(Map::new());
            return put(target, first, rest, value);
        };
        Some(fields.entry(first).or_insert(Value::Null))
    };
    match (place, rest.split_first()) {
        (Some(place), Some((next, rest))) => put(place, next, rest, value),
        (Some(place), None) => *place = value,
        (None, _) => {}
    }
}
