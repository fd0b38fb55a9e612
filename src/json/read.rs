//! A text to a value.

use super::Value;

/// Where and why a text is not JSON; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub reason: &'static str,
    pub line: usize,
    pub column: usize,
}

/// Nobody nests deeper, and every level takes a piece of the stack.
const DEEPEST: usize = 64;
/// Nobody has more fields in an object, and each is compared with those before it.
const WIDEST: usize = 1_000;

/// Reads one value and nothing after it.
pub fn parse(text: &str) -> Result<Value, Malformed> {
    read(text, false)
}

/// The same, for texts of programs, not of people: a name that comes twice in an object is refused.
pub fn parse_strictly(text: &str) -> Result<Value, Malformed> {
    read(text, true)
}

fn read(text: &str, strict: bool) -> Result<Value, Malformed> {
    let mut reader = Reader { text, at: 0, strict };
    let value = reader.value(0).and_then(|value| {
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err("something follows the value") }
    });
    value.map_err(|reason| {
        let before = text.get(..reader.at).unwrap_or(text);
        let (line, last) = before.split('\n').enumerate().last().unwrap_or((0, before));
        Malformed { reason, line: line + 1, column: last.chars().count() + 1 }
    })
}

struct Reader<'a> {
    text: &'a str,
    /// A byte index; always between characters.
    at: usize,
    strict: bool,
}

type Read<T> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Read<Value> {
        let there = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if there { word.len() } else { 0 };
        if there { Ok(value) } else { Err("expected a value") }
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') if depth == DEEPEST => Err("nested too deep"),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err("expected a value"),
            None => Err("the text ends too soon"),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        let mut fields: Vec<(String, Value)> = Vec::new();
        self.at += 1;
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("expected a name in double quotes"));
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.expected("expected a colon"));
            }
            let value = self.value(depth + 1)?;
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some(_) if self.strict => return Err("a name comes twice"),
                Some(field) => field.1 = value,
                None => fields.push((name, value)),
            }
            if fields.len() > WIDEST {
                return Err("too many fields in one object");
            }
            self.space();
            if self.take(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.take(b',') {
                return Err(self.expected("expected a comma or a closing brace"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("expected a comma or a closing bracket"));
            }
        }
    }

    fn expected(&self, reason: &'static str) -> &'static str {
        if self.at == self.text.len() { "the text ends too soon" } else { reason }
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'-') {
                self.take(b'+');
            }
            self.digits()?;
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.expected("expected a digit")) }
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            // Everything up to the next special character is taken as it is.
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err("a control character must be escaped"),
                None => return Err("the text ends too soon"),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = self.peek().ok_or("the text ends too soon")?;
        let c = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err("unknown escape"),
        };
        self.at += 1;
        Ok(c)
    }

    /// Four hex digits, or two times four for what lies beyond the first plane.
    fn unicode(&mut self) -> Read<char> {
        const LONE: &str = "half of a surrogate pair";
        let first = self.hex4()?;
        let code = match first {
            0xd800..0xdc00 => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(LONE);
                }
                match self.hex4()? {
                    second @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(LONE),
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or(LONE)
    }

    fn hex4(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or("expected four hex digits")?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
            (Value::Number(a), serde_json::Value::Number(b)) => {
                // The oracle writes an exponent its own way.
                *a == b.to_string() || a.replace('E', "e").replace("e+", "e") == b.to_string().replace("e+", "e")
            }
            (Value::String(a), serde_json::Value::String(b)) => a == b,
            (Value::Array(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), serde_json::Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
            }
            _ => false,
        }
    }

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        match (parse(text), serde_json::from_str::<serde_json::Value>(text)) {
            (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{text:?}: {ours:?} / {theirs:?}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{text:?}: {ours:?} / {theirs:?}"),
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// serde_json is the oracle: what it takes is taken, what it refuses is refused.
        #[test]
        fn texts_made_of_jsons_own_pieces_are_read_as_serde_json_reads_them(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"", "\\", "a", "\\n", "\\u0041", "\\ud83d", "\\ude00", "\\u", "0",
                    "1", "-", ".", "e", "E", "+", "12.50", "1e400", "true", "false", "null", " ", "\n", "\t", "é", "\u{1}",
                    "\"a\"", "\"b\":1", "[1,2]", "{}", "tru", "00", "\u{feff}",
                ]),
                0..12,
            )
        ) {
            agrees(&pieces.concat())?;
        }

        #[test]
        fn whatever_serde_json_writes_is_read(text in "\\PC{0,40}", n in any::<i64>(), flag in any::<bool>()) {
            let value = serde_json::json!({"text": text, "list": [n, flag, null, {"deep": text}], "": ""});
            agrees(&value.to_string())?;
            agrees(&serde_json::to_string_pretty(&value).unwrap())?;
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            agrees(&text)?;
        }
    }

    #[test]
    fn errors_say_where() {
        let error = parse("{\n  \"a\": 1,\n  \"é\" 2}").unwrap_err();
        assert_eq!((error.line, error.column, error.reason), (3, 7, "expected a colon"));
        assert_eq!(parse("{\"a\":").unwrap_err().reason, "the text ends too soon");
        assert_eq!(parse(&"[".repeat(100_000)).unwrap_err().reason, "nested too deep");
    }

    #[test]
    fn numbers_keep_their_digits_and_the_last_of_two_names_counts() {
        assert_eq!(parse_strictly(r#"{"b": {"a":1, "a":1}}"#).unwrap_err().reason, "a name comes twice");
        let value = parse(r#"{"a":1, "a": 12.50, "b": 123456789012345678901234567890.10}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Number("12.50".into())));
        assert_eq!(value.get("b"), Some(&Value::Number("123456789012345678901234567890.10".into())));
        assert_eq!(value.to_text(), r#"{"a":12.50,"b":123456789012345678901234567890.10}"#);
    }
}
