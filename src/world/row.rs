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
