//! D1 as `Databases` and `Db`. Statements go out as one batch, which is one round trip and one transaction.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::{JsCast, JsValue};
use worker::{D1Database, Env};

use super::bindings::{self, message};
use crate::{
    json,
    world::{Databases, Db, Fault, Later, Row, Statement, Uncommitted, Value},
};

thread_local! {
    /// Round trips, rows read, rows written, since this isolate began.
    static USAGE: Cell<(u64, u64, u64)> = const { Cell::new((0, 0, 0)) };
}

/// What this isolate has used so far, for developers and tests: `trips=3;read=12;written=4`.
pub fn usage() -> String {
    let (trips, read, written) = USAGE.get();
    format!("trips={trips};read={read};written={written}")
}

/// The bindings `DB`, `DB_1`, `DB_2`, … The first is the directory as well.
pub struct Shards {
    all: Vec<(String, Rc<Shard>)>,
}

impl Shards {
    pub fn open(env: &Env) -> Shards {
        let names = std::iter::once("DB".to_owned()).chain((1..).map(|n| format!("DB_{n}")));
        let all = names
            .map_while(|name| {
                let database = env.d1(&name).ok()?;
                Some((name, Rc::new(Shard(Some(database)))))
            })
            .collect();
        Shards { all }
    }
}

impl Databases for Shards {
    fn directory(&self) -> Rc<dyn Db> {
        match self.all.first() {
            Some((_, shard)) => shard.clone(),
            None => Rc::new(Shard(None)),
        }
    }

    fn shard(&self, name: &str) -> Result<Rc<dyn Db>, Fault> {
        match self.all.iter().find(|(known, _)| known == name) {
            Some((_, shard)) => Ok(shard.clone()),
            None => Err(Fault(format!("the D1 binding {name} is missing"))),
        }
    }

    fn shards(&self) -> Vec<String> {
        self.all.iter().map(|(name, _)| name.clone()).collect()
    }
}

pub struct Shard(Option<D1Database>);

impl Shard {
    /// A D1 binding.
    pub fn of(database: JsValue) -> Shard {
        Shard(Some(database.unchecked_into()))
    }

    async fn send(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, JsValue> {
        let database = self.0.as_ref().ok_or_else(|| JsValue::from_str("the D1 binding DB is missing"))?;
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let told = bindings::batch(database.as_ref(), &written(statements)).await?.as_string().unwrap_or_default();
        let (answers, read, written) = answers(&told).map_err(JsValue::from_str)?;
        USAGE.with(|usage| {
            let (trips, so_far, before) = usage.get();
            usage.set((trips + 1, so_far + read, before + written));
        });
        Ok(answers)
    }
}

impl Db for Shard {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Fault>> {
        Box::pin(async move { self.send(&statements).await.map_err(|error| Fault(message(&error))) })
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Uncommitted>> {
        Box::pin(async move {
            self.send(&statements).await.map_err(|error| {
                let message = message(&error);
                if message.contains("constraint failed") {
                    Uncommitted::Constraint(message)
                } else {
                    Uncommitted::Fault(Fault(message))
                }
            })
        })
    }
}

/// `[[sql, value, …], …]`. A number becomes a float in JavaScript, which is exact up to 2^53; the tables are STRICT and make
/// it whole again.
fn written(statements: &[Statement]) -> String {
    let value = |value: &Value| match value {
        Value::Null => json::Value::Null,
        Value::Int(n) => (*n).into(),
        Value::Text(text) => text.as_str().into(),
    };
    let statement = |statement: &Statement| {
        let mut parts = vec![statement.sql.as_str().into()];
        parts.extend(statement.args.iter().map(value));
        json::Value::Array(parts)
    };
    json::Value::Array(statements.iter().map(statement).collect()).to_text()
}

/// Reads `[[rows read, rows written, [[value, …], …]], …]` → the rows of each statement, and the two sums.
fn answers(text: &str) -> Result<(Vec<Vec<Row>>, u64, u64), &'static str> {
    let (mut all, mut read, mut written) = (Vec::new(), 0, 0);
    for answer in array(json::parse(text).map_err(|malformed| malformed.reason)?)? {
        let [rows_read, rows_written, rows] =
            <[json::Value; 3]>::try_from(array(answer)?).map_err(|_| "an answer has three parts")?;
        read += rows_read.as_int::<u64>().unwrap_or(0);
        written += rows_written.as_int::<u64>().unwrap_or(0);
        let row = |row| array(row)?.into_iter().map(column).collect::<Result<Vec<_>, _>>().map(Row);
        all.push(array(rows)?.into_iter().map(row).collect::<Result<Vec<_>, _>>()?);
    }
    Ok((all, read, written))
}

fn array(value: json::Value) -> Result<Vec<json::Value>, &'static str> {
    value.into_array().ok_or("an answer is not a list")
}

fn column(value: json::Value) -> Result<Value, &'static str> {
    match value {
        json::Value::Null => Ok(Value::Null),
        json::Value::String(text) => Ok(Value::Text(text)),
        // STRICT tables hold no fractions; a REAL would be a mistake in a statement.
        json::Value::Number(digits) => match digits.parse::<i64>() {
            Ok(n) if n.unsigned_abs() <= 1 << 53 => Ok(Value::Int(n)),
            _ => Err("a column is not a whole number"),
        },
        _ => Err("a column is neither number nor text"),
    }
}
