//! Parts of documents that others write. Serde refuses a whole document for one field of another type; a field that is
//! one of these is then missing instead, and what needs the field says so.

use std::{collections::HashSet, fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::read::too_deep;

/// Reads a document that somebody else wrote. `None`: it has another shape, or is nested deeper than any honest one; each
/// level of ours takes a piece of the stack.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    too_deep(text).is_none().then(|| serde_json::from_str(text).ok()).flatten()
}

/// A field that counts as missing where it has another type.
#[derive(Debug, Clone)]
pub struct Maybe<T>(pub Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Maybe(None)
    }
}

impl<T> Deref for Maybe<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(source)?;
        Ok(Maybe(serde_json::from_str(json.get()).ok()))
    }
}

/// A list that is empty where the field has another type. An item of another type has nothing in it, and keeps its place.
#[derive(Debug, Clone)]
pub struct Items<T>(pub Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Items(Vec::new())
    }
}

impl<T> Deref for Items<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let Maybe(items) = Maybe::<Vec<Maybe<T>>>::deserialize(source)?;
        Ok(Items(items.into_iter().flatten().map(|Maybe(item)| item.unwrap_or_default()).collect()))
    }
}

/// A text or a number, with the digits as they were written; nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Digits(pub Option<String>);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Ok(Digits(match Value::deserialize(source)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.as_str().to_owned()),
            _ => None,
        }))
    }
}

/// An object whose names are data, in its order. One in which a name comes twice is refused: which would count?
#[derive(Debug, Clone, PartialEq)]
pub struct Table<V>(pub Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Table<V> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(Rows(PhantomData))
    }
}

struct Rows<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Rows<V> {
    type Value = Table<V>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Table<V>, A::Error> {
        let (mut names, mut rows) = (HashSet::new(), Vec::new());
        while let Some((name, value)) = fields.next_entry::<String, V>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a name comes twice"));
            }
            rows.push((name, value));
        }
        Ok(Table(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Document {
        id: Maybe<i64>,
        name: Maybe<String>,
        items: Items<Item>,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Item {
        id: Maybe<i64>,
    }

    fn read(text: &str) -> (Option<i64>, Option<String>, Vec<Option<i64>>) {
        let document: Document = serde_json::from_str(text).unwrap();
        (*document.id, document.name.0, document.items.iter().map(|item| *item.id).collect())
    }

    #[test]
    fn a_field_of_another_type_is_missing_and_the_others_are_not() {
        assert_eq!(
            read(r#"{"id":7,"name":"x","items":[{"id":1},5,{"id":"2"}]}"#),
            (Some(7), Some("x".into()), vec![Some(1), None, None])
        );
        for id in ["null", "\"7\"", "7.0", "7e0", "[7]", "{\"id\":7}", "99999999999999999999"] {
            assert_eq!(read(&format!(r#"{{"id":{id},"name":"x","items":{{}}}}"#)), (None, Some("x".into()), vec![]));
        }
        assert_eq!(read("{}"), (None, None, vec![]));
        assert!(serde_json::from_str::<Document>(r#"{"id":7"#).is_err());
        assert!(serde_json::from_str::<Document>(r#"{"id":7x}"#).is_err());
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Nest {
        nest: Items<Nest>,
    }

    #[test]
    fn what_is_nested_deeper_than_any_honest_document_is_not_read() {
        let nested = |levels: usize| [r#"{"nest":["#.repeat(levels), "]}".repeat(levels)].concat();
        let depth = |nest: &Nest| {
            let (mut nest, mut depth) = (nest, 1);
            while let Some(inner) = nest.nest.first() {
                (nest, depth) = (inner, depth + 1);
            }
            depth
        };
        assert_eq!(super::read::<Nest>(&nested(32)).as_ref().map(depth), Some(32));
        for levels in [33, 100_000] {
            assert!(super::read::<Nest>(&nested(levels)).is_none());
        }
    }

    #[test]
    fn a_table_keeps_digits_and_order_and_refuses_a_name_that_comes_twice() {
        let Table(rows) =
            serde_json::from_str::<Table<Digits>>(r#"{"b":64231.123456789012345,"a":"1.50","c":null}"#).unwrap();
        let rows: Vec<_> = rows.iter().map(|(name, Digits(digits))| (name.as_str(), digits.as_deref())).collect();
        assert_eq!(rows, [("b", Some("64231.123456789012345")), ("a", Some("1.50")), ("c", None)]);
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1.5,"\u0061":1}"#, "[]", "null", "1"] {
            assert!(serde_json::from_str::<Table<Digits>>(text).is_err(), "{text}");
        }
    }
}
