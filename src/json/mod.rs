//! JSON (RFC 8259). Numbers stay the digits that were sent, since a price must not pass through a float; and they would
//! have to here: reading and printing floats, which any general JSON library can do, takes a tenth of the module.

mod read;
mod write;

pub use read::{Malformed, parse, parse_strictly};
pub use write::Json;

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    String(String),
    Array(Vec<Value>),
    /// In the order of the text. Of a name that comes twice the last value counts.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// A field of an object.
    /// The items of a list: of an array, or of the numbered fields that forms write (`a[0]=…&a[1]=…`).
    pub fn items(&self) -> Option<Vec<&Value>> {
        match self {
            Value::Array(items) => Some(items.iter().collect()),
            Value::Object(items) => Some(items.iter().map(|(_, item)| item).collect()),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// An item of an array.
    pub fn at(&self, index: usize) -> Option<&Value> {
        match self {
            Value::Array(items) => items.get(index),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A number without fraction or exponent that fits.
    pub fn as_int<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn into_array(self) -> Option<Vec<Value>> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&[(String, Value)]> {
        match self {
            Value::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Compact JSON.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        write::value(&mut text, self);
        text
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Number(n.to_string())
    }
}
