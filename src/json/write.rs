//! Values to a text, written once, in the order of the fields.

use std::fmt::Write as _;

use super::Value;
use crate::notes::{Listing, Meaning, Shape, Writing};

/// One object under construction.
pub struct Json {
    text: String,
    first: bool,
    noted: Writing,
}

impl Json {
    pub fn object(fill: impl FnOnce(&mut Json)) -> String {
        let mut json = Json { text: String::with_capacity(256), first: true, noted: Writing::begin() };
        json.text.push('{');
        fill(&mut json);
        json.text.push('}');
        json.noted.done(&json.text);
        json.text
    }

    /// An array of things that are JSON already.
    pub fn array(mut items: impl Iterator<Item = String>) -> String {
        Json::join(&mut items)
    }

    /// Once in the module, whatever is listed.
    fn join(items: &mut dyn Iterator<Item = String>) -> String {
        let mut text = String::from("[");
        let mut noted = Listing::begin();
        for (n, item) in items.enumerate() {
            if n > 0 {
                text.push(',');
            }
            noted.item(&item);
            text.push_str(&item);
        }
        text.push(']');
        noted.done(&text);
        text
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.text.push(',');
        }
        self.first = false;
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.noted.field(name, || Shape::Text(value.to_owned()));
        self.name(name);
        quote(&mut self.text, value);
    }

    /// `null` when there is none.
    pub fn maybe(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
        self.noted.maybe();
    }

    pub fn null(&mut self, name: &str) {
        self.raw(name, "null");
    }

    pub fn int(&mut self, name: &str, value: impl ToString) {
        let digits = value.to_string();
        self.noted.field(name, || Shape::Int(digits.clone()));
        self.plain(name, &digits);
    }

    /// `null` when there is none.
    pub fn maybe_int(&mut self, name: &str, value: Option<u64>) {
        match value {
            Some(value) => self.int(name, value),
            None => self.null(name),
        }
        self.noted.maybe();
    }

    pub fn flag(&mut self, name: &str, value: bool) {
        self.noted.field(name, || Shape::Flag);
        self.plain(name, if value { "true" } else { "false" });
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.noted.raw(name, json);
        self.plain(name, json);
    }

    pub fn texts<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        let items = Json::list(values);
        self.raw(name, &items);
    }

    /// An array of texts.
    pub fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
        Json::array(values.map(|value| {
            let mut text = String::with_capacity(value.len() + 2);
            quote(&mut text, value);
            text
        }))
    }

    /// Says for the specification what the field of this name is; a list's meaning is that of its items.
    pub fn means(&mut self, name: &str, meaning: impl FnOnce() -> Meaning) {
        self.noted.means(name, meaning);
    }

    fn plain(&mut self, name: &str, json: &str) {
        self.name(name);
        self.text.push_str(json);
    }
}

/// Any value, compactly.
pub fn value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(digits) => out.push_str(digits),
        Value::String(text) => quote(out, text),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                self::value(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (n, (name, value)) in fields.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                quote(out, name);
                out.push(':');
                self::value(out, value);
            }
            out.push('}');
        }
    }
}

/// A string literal (RFC 8259, 7): what must be escaped is, and nothing else. What lies between is written as it is.
fn quote(out: &mut String, value: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(value.get(plain..at).unwrap_or_default());
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            // The short forms, as Ruby and JavaScript write them: signatures are made over these bytes.
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.push_str(value.get(plain..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn what_is_written_reads_back() {
        let wild = "\"\\/\n\r\t\0\u{1f}\u{2028}é😀<&>";
        let json = Json::object(|json| {
            json.text("a", wild);
            json.maybe("b", None);
            json.int("c", 7_u32);
            json.flag("d", true);
            json.texts("e", [wild, "x"].into_iter());
            json.raw("f", "{}");
        });
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["a"], wild);
        assert_eq!(value["e"][0], wild);
        assert!(json.ends_with(r#""f":{}}"#), "{json}");
        assert_eq!(Json::object(|json| json.text("a", "x/y")), r#"{"a":"x/y"}"#, "slashes are not escaped");
    }
}
