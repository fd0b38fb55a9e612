//! D1 as `Databases` and `Db`. Statements go out as one batch, which is one round trip and one transaction.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::{JsCast, JsValue};
use worker::{D1Database, Env};

use super::bindings::{self, message};
use crate::{
    json,
    platform::{CommitError, Databases, Db, Fault, LocalBoxFuture, Packed, Row, Statement},
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
        let (answers, read, written) = answers(&told).map_err(|error| JsValue::from_str(&error))?;
        USAGE.with(|usage| {
            let (trips, so_far, before) = usage.get();
            usage.set((trips + 1, so_far + read, before + written));
        });
        Ok(answers)
    }
}

impl Db for Shard {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, Fault>> {
        Box::pin(async move { self.send(&statements).await.map_err(|error| Fault(message(&error))) })
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, CommitError>> {
        Box::pin(async move { self.send(&statements).await.map_err(|error| CommitError::read(message(&error))) })
    }
}

/// `[[sql, value, …], …]`. A number becomes a float in JavaScript, which is exact up to 2^53; the tables are STRICT and make
/// it whole again.
fn written(statements: &[Statement]) -> String {
    json::to_text(statements)
}

/// Reads `[[rows read, rows written, [[value, …], …], [packed, …]], …]` → the rows of each statement, and the two sums.
fn answers(text: &str) -> Result<(Vec<Vec<Row>>, u64, u64), String> {
    let answers: Vec<(u64, u64, Vec<Row>, Vec<Packed>)> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (mut all, mut read, mut written) = (Vec::with_capacity(answers.len()), 0, 0);
    for (rows_read, rows_written, mut rows, packed) in answers {
        read += rows_read;
        written += rows_written;
        rows.extend(packed.into_iter().map(|Packed(row)| row));
        all.push(rows);
    }
    Ok((all, read, written))
}
