//! Statements and rows as they cross to a database: numbers, texts and nulls, by position.

use super::Fault;

/// What a parameter or a column can be. D1 passes numbers as 64-bit floats, so an integer here is at most 2^53;
/// anything that may be larger (wei, snowflakes) is a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

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

    /// Undoes the whole commit, as stale, unless the condition holds at that moment. The condition is SQL with its
    /// parameters; it writes no row when it holds.
    pub fn guard(condition: &str, args: Vec<Value>) -> Statement {
        Statement::new(format!("INSERT INTO guard (held) SELECT 0 WHERE NOT ({condition})"), args)
    }
}

/// One row, by position: names cost a lookup each at the border.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// Reads the columns in the order in which they were selected.
    pub fn read(&self) -> Reader<'_> {
        Reader { columns: self.0.iter() }
    }
}

pub struct Reader<'a> {
    columns: std::slice::Iter<'a, Value>,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<&Value, Fault> {
        self.columns.next().ok_or_else(|| Fault("a row has fewer columns than its reader".into()))
    }

    /// Passes over a column.
    pub fn skip(&mut self) -> Result<(), Fault> {
        self.next().map(|_| ())
    }

    pub fn int(&mut self) -> Result<i64, Fault> {
        self.maybe_int()?.ok_or_else(|| Fault("a column is null, a number was expected".into()))
    }

    pub fn maybe_int(&mut self) -> Result<Option<i64>, Fault> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Int(n) => Ok(Some(*n)),
            Value::Text(_) => Err(Fault("a column is text, a number was expected".into())),
        }
    }

    pub fn flag(&mut self) -> Result<bool, Fault> {
        Ok(self.int()? != 0)
    }

    /// A number that is known to fit, such as a count of confirmations.
    pub fn count(&mut self) -> Result<u32, Fault> {
        u32::try_from(self.int()?).map_err(|_| Fault("a count is out of range".into()))
    }

    pub fn text(&mut self) -> Result<String, Fault> {
        self.maybe_text()?.ok_or_else(|| Fault("a column is null, a text was expected".into()))
    }

    pub fn maybe_text(&mut self) -> Result<Option<String>, Fault> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            Value::Int(_) => Err(Fault("a column is a number, a text was expected".into())),
        }
    }
}
