//! JSON (RFC 8259), by serde_json. Numbers stay the digits that were sent, because a price must not pass through a float.

mod foreign;
mod read;

use serde::{Serialize, Serializer, de::DeserializeOwned, ser::Error};
use serde_json::value::RawValue;

pub use foreign::{Digits, Items, Maybe, Table, read as from_others};
pub use read::{Malformed, parse};
pub use serde_json::{Map, Value};

/// What serde_json's values lack.
pub trait ValueExt: Sized {
    /// The items of a list: of an array, or of the numbered fields that forms write (`a[0]=…&a[1]=…`).
    fn items(&self) -> Option<Vec<&Value>>;

    /// Compact JSON.
    fn to_text(&self) -> String;
}

impl ValueExt for Value {
    fn items(&self) -> Option<Vec<&Value>> {
        match self {
            Value::Array(items) => Some(items.iter().collect()),
            Value::Object(items) => Some(items.values().collect()),
            _ => None,
        }
    }

    fn to_text(&self) -> String {
        to_text(self)
    }
}

/// Compact JSON: the fields of a struct in the order of their declaration, a tuple as an array.
pub fn to_text(value: &(impl Serialize + ?Sized)) -> String {
    // Only maps whose names are no texts can't be written, and there are none.
    serde_json::to_string(value).unwrap_or_default()
}

/// An array of things that are JSON already.
pub fn array(items: impl Iterator<Item = String>) -> String {
    let mut text = String::from("[");
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}

/// What is JSON already, as a part of something else.
pub struct Raw<'a>(pub &'a str);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let json: &RawValue = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        json.serialize(to)
    }
}

/// What this program wrote, read back. `None` for a text that it did not write.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// An object of these fields, in their order, also of those that have the same name.
pub struct Pairs<'a, N, V>(pub &'a [(N, V)]);

impl<N: Serialize, V: Serialize> Serialize for Pairs<'_, N, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signatures_are_made_over_is_written_as_javascript_writes_it() {
        let wild = "\"\\/\n\r\t\0\u{8}\u{c}\u{1f}\u{7f}\u{2028}é😀<&>";
        let written = "\"\\\"\\\\/\\n\\r\\t\\u0000\\b\\f\\u001f\u{7f}\u{2028}é😀<&>\"";
        assert_eq!(to_text(wild), written);
        assert_eq!(from_text::<String>(written).as_deref(), Some(wild));
        let pairs = [("b", Some(wild)), ("a", None), ("b", Some("x/y"))];
        assert_eq!(to_text(&Pairs(&pairs)), format!(r#"{{"b":{written},"a":null,"b":"x/y"}}"#));
    }

    #[test]
    fn what_is_json_already_is_passed_on_as_it_is() {
        for json in [r#"{"b":1.50,"a":[1E5, null]}"#, "null", r#""\u00e9""#, "[]"] {
            assert_eq!(to_text(&Pairs(&[("a", Raw(json))])), format!("{{\"a\":{json}}}"));
            assert_eq!(array([json.to_owned(), "7".to_owned()].into_iter()), format!("[{json},7]"));
        }
        assert_eq!(array(std::iter::empty()), "[]");
    }
}
