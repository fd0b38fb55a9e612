//! D1 as `Databases` and `Db`. Statements go out as one batch, which is one round trip and one transaction.

use std::{cell::Cell, rc::Rc};

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use super::js::{self, Database, field, words};
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
                let database: Database = js::binding(env, &name).ok()?;
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

pub struct Shard(Option<Database>);

impl Shard {
    async fn send(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, JsValue> {
        let database = self.0.as_ref().ok_or_else(|| JsValue::from_str("the D1 binding DB is missing"))?;
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let prepared = Array::new();
        for statement in statements {
            let values: Array = statement.args.iter().map(to_js).collect();
            prepared.push(&database.prepare(&statement.sql)?.bind(values)?.into());
        }
        let results = database.batch(prepared).await?;
        let results: Array = results.dyn_into()?;
        let (trips, mut read, mut written) = USAGE.get();
        let mut all = Vec::with_capacity(results.length() as usize);
        for result in results.iter() {
            let meta = field(&result, "meta");
            let count = |name: &str| field(&meta, name).as_f64().unwrap_or(0.0) as u64;
            read += count("rows_read");
            written += count("rows_written");
            all.push(rows(&field(&result, "results"))?);
        }
        USAGE.set((trips + 1, read, written));
        Ok(all)
    }
}

impl Db for Shard {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Fault>> {
        Box::pin(async move { self.send(&statements).await.map_err(|error| Fault(words(&error))) })
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Uncommitted>> {
        Box::pin(async move {
            self.send(&statements).await.map_err(|error| {
                let words = words(&error);
                if words.contains("constraint failed") {
                    Uncommitted::Constraint(words)
                } else {
                    Uncommitted::Fault(Fault(words))
                }
            })
        })
    }
}

/// D1 takes no BigInt. A number goes as a float, which is exact up to 2^53; the tables are STRICT and make it whole again.
pub fn to_js(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Int(n) => JsValue::from_f64(*n as f64),
        Value::Text(text) => JsValue::from_str(text),
    }
}

/// D1 answers rows as objects whose properties stand in the order of the columns. Their values cross the border as one
/// JSON text: one crossing a statement instead of several a column.
pub fn rows(results: &JsValue) -> Result<Vec<Row>, JsValue> {
    if results.is_undefined() || results.is_null() {
        return Ok(Vec::new());
    }
    let wrong = |what: &str| JsValue::from_str(what);
    match results.dyn_ref::<Array>() {
        None => return Err(wrong("rows are not a list")),
        Some(rows) if rows.length() == 0 => return Ok(Vec::new()),
        Some(_) => {}
    }
    let values = js::VALUES.with(|values| js::map(results, values))?;
    let text = String::from(js_sys::JSON::stringify(&values)?);
    let json::Value::Array(rows) = json::parse(&text).map_err(|malformed| wrong(malformed.reason))? else {
        return Err(wrong("rows are not a list"));
    };
    rows.into_iter()
        .map(|row| match row {
            json::Value::Array(columns) => {
                columns.into_iter().map(column).collect::<Result<Vec<_>, _>>().map(Row).map_err(wrong)
            }
            _ => Err(wrong("a row is not an object")),
        })
        .collect()
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
