//! From what handlers looked for in requests to JSON Schema: fields of bodies, parameters of the query.

use pushguard::{
    json::{Value, ValueExt},
    notes::{Meaning, Note},
};

use super::{
    desk::{Exchange, unwrapped},
    glossary::Glossary,
    schema::{constrain, nullable, one_of},
    tree::{object, put, text, texts, title_case},
};

/// A field that a handler looked for.
#[derive(Default)]
struct Asked {
    name: String,
    meanings: Vec<Meaning>,
    inner: Vec<Asked>,
}

/// The schema of an operation's body from all its exchanges, or `None` if it reads none.
pub fn body(glossary: &Glossary, section: &str, operation: &str, all: &[&Exchange]) -> Option<Value> {
    let mut root = Asked::default();
    let mut reads = false;
    for exchange in all {
        let sent = exchange.body.as_ref().map(|body| unwrapped(body, &exchange.notes));
        let mut places: Vec<(u32, Vec<String>)> = Vec::new();
        for note in &exchange.notes {
            match note {
                Note::Body { reader, .. } => {
                    reads = true;
                    places.push((*reader, Vec::new()));
                }
                Note::Inside { reader, object } => {
                    let path = sent.and_then(|sent| path_of(sent, object));
                    places.extend(path.map(|path| (*reader, path)));
                }
                Note::Field { reader, name, meaning } => {
                    if let Some((_, path)) = places.iter().find(|(known, _)| known == reader) {
                        let asked = path.iter().fold(&mut root, |at, name| at.field(name)).field(name);
                        if !asked.meanings.contains(meaning) {
                            asked.meanings.push(meaning.clone());
                        }
                    }
                }
                Note::Param { .. } | Note::Header { .. } => {}
            }
        }
    }
    let good = all.iter().filter(|exchange| exchange.status < 300);
    let sent: Vec<&Value> =
        good.filter_map(|exchange| exchange.body.as_ref().map(|body| unwrapped(body, &exchange.notes))).collect();
    // What every request had that went well, and what an empty one was refused for.
    let missed = |name: &str| {
        let sentence = format!("\"{} can't be blank\"", pushguard::api::failure::label(name));
        all.iter().any(|exchange| exchange.status == 400 && exchange.answer.contains(&sentence))
            && sent.iter().all(|body| body.get(name).is_some())
    };
    let context = Bodies { glossary, section, operation };
    let put = operation.starts_with("PUT");
    reads.then(|| context.object("", &root, &sent, &|asked| !put && missed(&asked.name)))
}

struct Bodies<'a> {
    glossary: &'a Glossary,
    section: &'a str,
    operation: &'a str,
}

impl Asked {
    fn field(&mut self, name: &str) -> &mut Asked {
        let at = self.inner.iter().position(|field| field.name == name).unwrap_or_else(|| {
            self.inner.push(Asked { name: name.to_owned(), ..Asked::default() });
            self.inner.len() - 1
        });
        &mut self.inner[at]
    }
}

impl Bodies<'_> {
    fn object(&self, path: &str, asked: &Asked, sent: &[&Value], required: &dyn Fn(&Asked) -> bool) -> Value {
        let mut properties = Vec::new();
        let mut needed = Vec::new();
        for field in asked.inner.iter().filter(|field| field.name != "[]") {
            let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            let values: Vec<&Value> = sent.iter().filter_map(|body| body.get(&field.name)).collect();
            let mut schema = self.field(&path, field, &values);
            if required(field) {
                needed.push(field.name.as_str());
            } else if !field.meanings.contains(&Meaning::Needed) && schema.get("type").is_some() {
                schema = nullable(schema);
            }
            if let Some(words) = self.glossary.word(self.section, &path) {
                put(&mut schema, "description", text(words));
            }
            properties.push((field.name.clone(), schema));
        }
        let mut schema = object([("type", text("object")), ("properties", object(properties))]);
        if !needed.is_empty() {
            put(&mut schema, "required", texts(needed));
        }
        schema
    }

    fn field(&self, path: &str, field: &Asked, values: &[&Value]) -> Value {
        let needed = |asked: &Asked| asked.meanings.contains(&Meaning::Needed);
        if let Some(item) = field.inner.iter().find(|inner| inner.name == "[]") {
            let items: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
            let items = self.object(path, item, &items, &needed);
            return object([("type", text("array")), ("items", items)]);
        }
        if !field.inner.is_empty() {
            return self.object(path, field, values, &needed);
        }
        let types: &[&str] = field.meanings.iter().rev().find_map(type_of).unwrap_or_default();
        if types.is_empty() {
            return self.observed(path, field, values);
        }
        let mut schema = object([("type", texts(types))]);
        if let [one] = types {
            put(&mut schema, "type", text(one));
        }
        constrain(&mut schema, field.meanings.iter());
        schema
    }

    /// A field that its handler reads by itself: what was sent there and went well.
    fn observed(&self, path: &str, field: &Asked, values: &[&Value]) -> Value {
        let values: Vec<&Value> = values.iter().copied().filter(|value| !value.is_null()).collect();
        assert!(!values.is_empty(), "{} looks at {path}: send it in a scene", self.operation);
        let mut ways: Vec<Value> = Vec::new();
        for value in values {
            let mut schema = object([("type", text(kind_of(value)))]);
            if let Some(items) = value.as_array() {
                let mut item = object([("type", text(items.first().map_or("string", kind_of)))]);
                constrain(&mut item, field.meanings.iter());
                put(&mut schema, "items", item);
            } else {
                constrain(&mut schema, field.meanings.iter());
            }
            if !ways.contains(&schema) {
                ways.push(schema);
            }
        }
        one_of(ways, false)
    }
}

fn type_of(meaning: &Meaning) -> Option<&'static [&'static str]> {
    match meaning {
        Meaning::Text { .. } | Meaning::Currency | Meaning::Email | Meaning::Url | Meaning::Time => Some(&["string"]),
        Meaning::Flag => Some(&["boolean"]),
        Meaning::Int { .. } => Some(&["integer"]),
        Meaning::Price => Some(&["string", "number"]),
        Meaning::Asked | Meaning::Needed | Meaning::Default(_) | Meaning::Decimal => None,
        Meaning::Words(_) | Meaning::Codes(_) => None,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(digits) if digits.as_str().bytes().all(|b| b.is_ascii_digit() || b == b'-') => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Where in a body this object stands; `[]` is any item of a list.
fn path_of(body: &Value, object: &str) -> Option<Vec<String>> {
    if body.to_text() == object {
        return Some(Vec::new());
    }
    let children: Vec<(String, &Value)> = match body {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().map(|item| ("[]".to_owned(), item)).collect(),
        _ => Vec::new(),
    };
    children.into_iter().find_map(|(name, value)| {
        let mut path = path_of(value, object)?;
        path.insert(0, name);
        Some(path)
    })
}

/// The parameters of the query, and the headers, that an operation looks at.
pub fn params(glossary: &Glossary, section: &str, all: &[&Exchange]) -> Vec<Value> {
    let mut found: Vec<(&str, &str, Vec<&Meaning>)> = Vec::new();
    for note in all.iter().flat_map(|exchange| &exchange.notes) {
        let (place, name, meaning) = match note {
            Note::Param { name, meaning } => ("query", name, meaning),
            Note::Header { name, meaning } => ("header", name, meaning),
            _ => continue,
        };
        match found.iter_mut().find(|(at, known, _)| *at == place && known == name) {
            Some((.., meanings)) if meanings.contains(&meaning) => {}
            Some((.., meanings)) => meanings.push(meaning),
            None => found.push((place, name, vec![meaning])),
        }
    }
    let param = |(place, name, meanings): (&str, &str, Vec<&Meaning>)| {
        let types = meanings.iter().rev().find_map(|meaning| type_of(meaning)).unwrap_or(&["string"]);
        let codes = meanings.iter().any(|meaning| matches!(meaning, Meaning::Codes(_)));
        let mut schema = object([("type", text(if codes { "integer" } else { types[0] }))]);
        constrain(&mut schema, meanings.into_iter());
        let query = place == "query";
        let shown = if query { name.to_owned() } else { title_case(name) };
        let words = glossary.word(section, &if query { format!("?{name}") } else { shown.clone() });
        let mut param = object([("name", text(shown)), ("in", text(place)), ("schema", schema)]);
        if let Some(words) = words {
            put(&mut param, "description", text(words));
        }
        param
    };
    found.into_iter().map(param).collect()
}
