//! Statements and rows as they cross to a database: numbers, texts and nulls, by position.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeSeq,
};

use super::Fault;

/// What a parameter or a column can be. D1 passes numbers as 64-bit floats, so an integer here is at most 2^53;
/// anything that may be larger (wei, snowflakes) is a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

/// D1 passes integers above this as other integers.
const EXACT: u64 = 1 << 53;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Value, D::Error> {
        source.deserialize_any(Column)
    }
}

struct Column;

impl<'de> Visitor<'de> for Column {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number, a text or null")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Value, E> {
        Some(n).filter(|n| n.unsigned_abs() <= EXACT).map(Value::Int).ok_or_else(|| E::custom(NOT_WHOLE))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Value, E> {
        self.visit_i64(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// A number that no integer type holds. STRICT tables hold no fractions; a REAL would be a mistake in a statement.
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom(NOT_WHOLE))
    }
}

const NOT_WHOLE: &str = "a column is not a whole number";

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}
impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Value::Int(n.into())
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Int(b.into())
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}
impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.clone())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(option: Option<T>) -> Self {
        option.map_or(Value::Null, Into::into)
    }
}

/// One SQL statement and its parameters (`?1`, `?2`, …; at most 100).
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sql: String,
    pub args: Vec<Value>,
}

impl Statement {
    pub fn new(sql: impl Into<String>, args: Vec<Value>) -> Statement {
        Statement { sql: sql.into(), args }
    }

    /// Does nothing unless the row of a product is so: `condition` is SQL over it. The statement must end with an aggregate's
    /// `SELECT … WHERE …`, and have the account as `?1`.
    pub fn only_if(mut self, condition: &str, product_id: &str) -> Statement {
        self.args.push(product_id.into());
        let place = self.args.len();
        self.sql = format!(
            "{} HAVING EXISTS (SELECT 1 FROM products WHERE account_id = ?1 AND id = ?{place} AND {condition})",
            self.sql
        );
        self
    }

    /// Undoes the whole commit, as stale, unless the condition holds at that moment. The condition is SQL with its
    /// parameters; it writes no row when it holds.
    pub fn guard(condition: &str, args: Vec<Value>) -> Statement {
        Statement::new(format!("INSERT INTO guard (held) SELECT 0 WHERE NOT ({condition})"), args)
    }
}

/// `[sql, value, …]`
impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(1 + self.args.len()))?;
        list.serialize_element(&self.sql)?;
        for value in &self.args {
            list.serialize_element(value)?;
        }
        list.end()
    }
}

/// One row, by position: names cost a lookup each at the border.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Row(pub Vec<Value>);

/// A row that was selected as one text by the name `packed`, `json_array(json_array(…), …)`: a database takes longer over the
/// columns of many rows, one by one and by name, than over the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed(pub Row);

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Packed, D::Error> {
        source.deserialize_seq(Parts)
    }
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Packed;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array of arrays")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Packed, A::Error> {
        // An order has 65 columns.
        let mut columns = Vec::with_capacity(72);
        while parts.next_element_seed(Part(&mut columns))?.is_some() {}
        Ok(Packed(Row(columns)))
    }
}

/// The columns to which one array's are added.
struct Part<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array of columns")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut columns: A) -> Result<(), A::Error> {
        while let Some(value) = columns.next_element()? {
            self.0.push(value);
        }
        Ok(())
    }
}

impl Row {
    /// Reads the columns, in the order in which they were selected. A column of the wrong kind is read as nothing, and
    /// makes the whole a fault in the end: one check a row instead of one a column.
    pub fn read<T>(&self, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut reader = Reader { columns: self.0.iter(), fault: None };
        let value = read(&mut reader);
        match reader.fault {
            Some(fault) => Err(Fault(fault.to_owned())),
            None => value,
        }
    }

    /// The first column, a number.
    pub fn int(&self) -> Result<i64, Fault> {
        self.read(|row| Ok(row.int()))
    }

    /// The first column, a count.
    pub fn count(&self) -> Result<u32, Fault> {
        self.read(|row| Ok(row.count()))
    }

    /// The first column, a text.
    pub fn text(&self) -> Result<String, Fault> {
        self.read(|row| Ok(row.text()))
    }
}

pub struct Reader<'a> {
    columns: std::slice::Iter<'a, Value>,
    fault: Option<&'static str>,
}

impl Reader<'_> {
    fn next(&mut self) -> &Value {
        match self.columns.next() {
            Some(value) => value,
            None => {
                self.fault = Some("a row has fewer columns than its reader");
                &Value::Null
            }
        }
    }

    /// Passes over a column.
    pub fn skip(&mut self) {
        self.next();
    }

    pub fn int(&mut self) -> i64 {
        match self.next() {
            Value::Int(n) => *n,
            _ => {
                self.fault = Some("a column is not a number");
                0
            }
        }
    }

    pub fn maybe_int(&mut self) -> Option<i64> {
        match self.next() {
            Value::Null => None,
            Value::Int(n) => Some(*n),
            Value::Text(_) => {
                self.fault = Some("a column is a text, a number was expected");
                None
            }
        }
    }

    pub fn flag(&mut self) -> bool {
        self.int() != 0
    }

    /// A number that is known to fit, such as a count of confirmations.
    pub fn count(&mut self) -> u32 {
        u32::try_from(self.int()).unwrap_or_else(|_| {
            self.fault = Some("a count is out of range");
            0
        })
    }

    /// A sum of coins.
    pub fn units(&mut self) -> u64 {
        u64::try_from(self.int()).unwrap_or_else(|_| {
            self.fault = Some("a sum of coins is negative");
            0
        })
    }

    pub fn text(&mut self) -> String {
        match self.next() {
            Value::Text(text) => text.clone(),
            _ => {
                self.fault = Some("a column is not a text");
                String::new()
            }
        }
    }

    pub fn maybe_text(&mut self) -> Option<String> {
        match self.next() {
            Value::Null => None,
            Value::Text(text) => Some(text.clone()),
            Value::Int(_) => {
                self.fault = Some("a column is a number, a text was expected");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Packed, Row, Statement, Value};
    use crate::json::{from_text, to_text};

    #[test]
    fn a_statement_is_its_sql_and_then_its_values() {
        let args = vec![7_i64.into(), "a \"quote\"\n".into(), Value::Null, true.into(), (-(1_i64 << 53)).into()];
        let text = to_text(&[Statement::new("SELECT ?1", args), Statement::new("SELECT 1", Vec::new())]);
        assert_eq!(text, r#"[["SELECT ?1",7,"a \"quote\"\n",null,1,-9007199254740992],["SELECT 1"]]"#);
    }

    #[test]
    fn a_row_has_whole_numbers_texts_and_nulls() {
        let row = from_text::<Row>(r#"[0,-7,9007199254740992,"\u00e9 1.5",null,""]"#).unwrap();
        let ints = |n: i64| Value::Int(n);
        let texts = |text: &str| Value::Text(text.into());
        assert_eq!(row.0, [ints(0), ints(-7), ints(1 << 53), texts("é 1.5"), Value::Null, texts("")]);
    }

    #[test]
    fn a_packed_row_has_the_columns_of_all_its_parts() {
        let row = from_text::<Packed>(r#"[[7,"a"],[],[null]]"#).unwrap();
        assert_eq!(row.0.0, [Value::Int(7), Value::Text("a".into()), Value::Null]);
        for odd in ["7", "[7]", "[[7],null]", "[[[7]]]"] {
            assert_eq!(from_text::<Packed>(odd), None, "{odd}");
        }
    }

    #[test]
    fn numbers_that_are_not_exact_are_no_columns() {
        for column in [
            "1.0",
            "1.5",
            "1e3",
            "-0.0",
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551615",
            "99999999999999999999",
            "true",
            "[1]",
            "{}",
            r#"{"$serde_json::private::Number":"1"}"#,
        ] {
            assert_eq!(from_text::<Row>(&format!("[{column}]")), None, "{column}");
        }
    }
}
