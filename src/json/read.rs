//! A text to a value. serde_json reads it; the limits and the sentences about what is wrong are ours.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Where and why a text is not JSON; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub reason: &'static str,
    pub line: usize,
    pub column: usize,
}

/// Nobody nests deeper, and every level takes a piece of the stack.
const DEEPEST: usize = 64;
/// Nobody has more fields in an object.
const WIDEST: usize = 1_000;

const TOO_DEEP: &str = "nested too deep";
const TOO_SOON: &str = "the text ends too soon";
const NO_VALUE: &str = "expected a value";
const NO_NAME: &str = "expected a name in double quotes";
const NO_COMMA_IN_OBJECT: &str = "expected a comma or a closing brace";
const NO_COMMA_IN_ARRAY: &str = "expected a comma or a closing bracket";
const NO_DIGITS: &str = "expected four hex digits";
const HALF: &str = "half of a surrogate pair";
const TRAILING: &str = "something follows the value";

/// Reads one value and nothing after it. Of a name that comes twice in an object the last value counts.
///
/// # Errors
/// Says where and why the text is not JSON, or that it is nested too deep or too wide.
pub fn parse(text: &str) -> Result<Value, Malformed> {
    let reading = Reading {
        text,
        at: Cell::new(0),
        is_number: Cell::new(false),
        refused: Cell::new(None),
        list: Cell::new(None),
    };
    let mut source = serde_json::Deserializer::from_str(text);
    let value = Place { reading: &reading, depth: 0 }.deserialize(&mut source);
    value.and_then(|value| source.end().map(|()| value)).map_err(|error| reading.malformed(&error))
}

struct Reading<'a> {
    text: &'a str,
    /// Before here all numbers with an exponent were read.
    at: Cell<usize>,
    /// A number's text was read last. serde_json hands a number that no integer type holds over as an object with one text.
    is_number: Cell<bool>,
    /// Why we refused what serde_json reads.
    refused: Cell<Option<&'static str>>,
    /// What an error is directly inside of: whether that is an array.
    list: Cell<Option<bool>>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'r, 'a> {
    reading: &'r Reading<'a>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    /// Only a number's text comes as its own: those of the text that is read are borrowed from it, or from a buffer.
    fn visit_string<E>(self, digits: String) -> Result<Value, E> {
        self.reading.is_number.set(true);
        let written = if digits.contains('e') { self.reading.next_exponent() } else { None };
        Ok(Value::Number(Number::from_string_unchecked(written.map_or(digits, str::to_owned))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        if self.depth >= DEEPEST {
            return Err(self.refuse(TOO_DEEP));
        }
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.below()).map_err(|error| self.inside(true, error))? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>().map_err(|error| self.inside(false, error))? {
            let value = fields.next_value_seed(self.below()).map_err(|error| self.inside(false, error))?;
            if self.reading.is_number.take() {
                return Ok(value);
            }
            object.insert(name, value);
            if object.len() > WIDEST {
                return Err(self.refuse("too many fields in one object"));
            }
        }
        if self.depth >= DEEPEST { Err(self.refuse(TOO_DEEP)) } else { Ok(Value::Object(object)) }
    }
}

impl Place<'_, '_> {
    fn below(self) -> Self {
        Place { depth: self.depth + 1, ..self }
    }

    fn refuse<E: Error>(self, reason: &'static str) -> E {
        let reason = if self.depth >= DEEPEST { TOO_DEEP } else { reason };
        self.reading.refused.set(Some(reason));
        E::custom(reason)
    }

    fn inside<E: Error>(self, list: bool, error: E) -> E {
        if self.depth >= DEEPEST {
            return self.refuse(TOO_DEEP);
        }
        self.reading.list.set(Some(self.reading.list.get().unwrap_or(list)));
        error
    }
}

impl<'a> Reading<'a> {
    /// The next number with an exponent as it is written: serde_json writes `1E5` as `1e+5`.
    fn next_exponent(&self) -> Option<&'a str> {
        loop {
            let rest = self.text.get(self.at.get()..)?;
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            let rest = rest.get(start..)?;
            let end = match rest.strip_prefix('"') {
                Some(rest) => 1 + end_of_string(rest),
                None => rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(rest.len()),
            };
            self.at.set(self.at.get() + start + end);
            let number = rest.get(..end).filter(|number| !number.starts_with('"') && number.contains(['e', 'E']));
            if number.is_some() {
                return number;
            }
        }
    }

    /// What serde_json says of a text, in our words, which are part of the API.
    fn malformed(&self, error: &serde_json::Error) -> Malformed {
        let text = self.text;
        let line = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        // Up to here it has read, mostly with the byte that it didn't expect.
        let read = (line + error.column()).min(text.len());
        let at = read.saturating_sub(1);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let next = text.as_bytes().get(at).copied();
        let word = |end: usize| {
            let before = text.get(..end).unwrap_or_default();
            before.trim_end_matches(|c: char| c.is_ascii_lowercase()).len()
        };
        let (reason, at) = match (self.refused.get(), said) {
            (Some(TOO_DEEP), _) => (TOO_DEEP, too_deep(text).unwrap_or(text.len())),
            (Some(reason), _) => (reason, read),
            (None, "EOF while parsing a value") if self.begins_a_word(word(text.len())) => (NO_VALUE, word(text.len())),
            (None, "EOF while parsing a string") => self.broken_escape().unwrap_or((TOO_SOON, text.len())),
            (None, said) if said.starts_with("EOF") => (TOO_SOON, text.len()),
            (None, "expected ident") => (NO_VALUE, word(at)),
            (None, "expected `:`") => ("expected a colon", at),
            (None, "expected `,` or `]`") => (NO_COMMA_IN_ARRAY, at),
            (None, "expected `,` or `}`") => (NO_COMMA_IN_OBJECT, at),
            (None, "key must be a string") => (NO_NAME, at),
            (None, "trailing comma") if next == Some(b'}') => (NO_NAME, at),
            (None, "trailing characters") => (TRAILING, at),
            // A number ends after a zero that it begins with.
            (None, "invalid number") if next.is_some_and(|byte| byte.is_ascii_digit()) => match self.list.get() {
                None => (TRAILING, at),
                Some(true) => (NO_COMMA_IN_ARRAY, at),
                Some(false) => (NO_COMMA_IN_OBJECT, at),
            },
            (None, "invalid number") => ("expected a digit", at),
            (None, "invalid escape")
                if text.get(read.saturating_sub(6)..).is_some_and(|rest| rest.starts_with("\\u")) =>
            {
                (NO_DIGITS, read.saturating_sub(4))
            }
            (None, "invalid escape") => ("unknown escape", at),
            (None, "lone leading surrogate in hex escape") => (HALF, read),
            (None, "unexpected end of hex escape") => (HALF, at),
            (None, said) if said.starts_with("control character") => ("a control character must be escaped", at),
            _ => (NO_VALUE, at),
        };
        let before = text.get(..at).unwrap_or(text);
        let (line, last) = before.split('\n').enumerate().last().unwrap_or((0, before));
        Malformed { reason, line: line + 1, column: last.chars().count() + 1 }
    }

    /// What is wrong with a `\u` that the text ends in.
    fn broken_escape(&self) -> Option<(&'static str, usize)> {
        let (before, digits) = self.text.rsplit_once("\\u")?;
        let escaped = before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let half = || digits.get(..4).is_some_and(|first| matches!(u32::from_str_radix(first, 16), Ok(0xd800..0xdc00)));
        match digits.get(4..) {
            _ if escaped => None,
            None if digits.len() < 4 => Some((NO_DIGITS, before.len() + 2)),
            Some("" | "\\") if half() => Some((HALF, self.text.len())),
            _ => None,
        }
    }

    fn begins_a_word(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        !rest.is_empty() && ["true", "false", "null"].iter().any(|word| word.starts_with(rest))
    }
}

/// Where the first array or object that lies too deep begins.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        at += 1;
        match byte {
            b'"' => at += end_of_string(text.get(at..).unwrap_or_default()),
            b'[' | b'{' if depth == DEEPEST => return Some(at - 1),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = usize::saturating_sub(depth, 1),
            _ => {}
        }
    }
    None
}

/// How long what is left of a string literal is, with the quote that ends it.
fn end_of_string(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 1)
}

#[cfg(test)]
mod tests;
