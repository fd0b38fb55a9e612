//! SQLite in memory behind the shop's `Db`, as strict as D1 where SQLite itself is more generous, and breakable.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    ffi::c_int,
    rc::Rc,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use pushguard::world::{Databases, Fault, Later, Row, Statement, Uncommitted, Value};
use rusqlite::{Connection, StatementStatus, backup::Backup, types::Value as Cell_};

use super::Yield;

/// Whether a commit that is reported as broken was written all the same: its answer was lost, not it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    No,
    Yes,
}

type Interruption = Box<dyn FnOnce()>;

pub struct Db {
    connection: RefCell<Connection>,
    reads: Cell<u32>,
    commits: Cell<u32>,
    statements: Cell<u32>,
    steps: Cell<u64>,
    /// Which commits break, by their number.
    breaks: RefCell<Vec<(u32, Landed)>>,
    read_breaks: Cell<bool>,
    interruptions: RefCell<Vec<(u32, Interruption)>>,
    /// Each call lets the other futures of a join go first.
    pub interleaves: Cell<bool>,
}

impl Db {
    pub fn open() -> Db {
        static MIGRATED: LazyLock<Mutex<Connection>> = LazyLock::new(|| Mutex::new(migrated()));
        let mut connection = Connection::open_in_memory().expect("SQLite opens");
        let migrated = MIGRATED.lock().expect("nobody fails with it in hand");
        let copy = Backup::new(&migrated, &mut connection).expect("a copy begins");
        copy.run_to_completion(c_int::MAX, Duration::ZERO, None).expect("it is copied");
        drop(copy);
        drop(migrated);
        connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys are on");
        Db {
            connection: RefCell::new(connection),
            reads: Cell::new(0),
            commits: Cell::new(0),
            statements: Cell::new(0),
            steps: Cell::new(0),
            breaks: RefCell::default(),
            read_breaks: Cell::new(false),
            interruptions: RefCell::new(Vec::new()),
            interleaves: Cell::new(false),
        }
    }

    /// Round trips that read, round trips that wrote, and statements in both.
    pub fn counts(&self) -> (u32, u32, u32) {
        (self.reads.get(), self.commits.get(), self.statements.get())
    }

    /// Instructions of SQLite's machine so far: they grow with the rows that are read, answered or not.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// The `n`th commit from now is reported as broken: 1 is the next.
    pub fn break_commit(&self, n: u32, landed: Landed) {
        self.breaks.borrow_mut().push((self.commits.get() + n, landed));
    }

    /// The next read is reported as broken.
    pub fn break_read(&self) {
        self.read_breaks.set(true);
    }

    /// Nothing is broken any more.
    pub fn mend(&self) {
        self.read_breaks.set(false);
        self.breaks.borrow_mut().clear();
    }

    /// Just before the `n`th commit from now, somebody else does this.
    pub fn before_commit(&self, n: u32, act: impl FnOnce() + 'static) {
        self.interruptions.borrow_mut().push((self.commits.get() + n, Box::new(act)));
    }

    fn interrupt(&self) {
        let now = self.commits.get();
        let due = self.interruptions.borrow_mut().extract_if(.., |(at, _)| *at == now).next();
        if let Some((_, act)) = due {
            act();
            // What the other did is not this commit's count.
            self.commits.set(now);
        }
    }

    /// For a test that looks into the tables itself. Columns come as text, nulls as `null`.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let columns = prepared.column_count();
        let mut rows = prepared.query([]).expect("the query runs");
        let mut all = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            all.push((0..columns).map(|n| shown(&row.get(n).expect("a column"))).collect());
        }
        all
    }

    /// For a test that brings the tables into a state of its own.
    pub fn change(&self, sql: &str) {
        let connection = self.connection.borrow();
        connection.pragma_update(None, "query_only", false).expect("a pragma");
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of the first row.
    pub fn one(&self, sql: &str) -> String {
        self.query(sql).first().and_then(|row| row.first()).unwrap_or_else(|| panic!("no row: {sql}")).clone()
    }

    /// How many rows a table has.
    pub fn rows_in(&self, table: &str) -> usize {
        self.one(&format!("SELECT COUNT(*) FROM {table}")).parse().expect("a count")
    }

    fn tables(&self) -> Vec<String> {
        let tables = self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
        tables.into_iter().flatten().collect()
    }

    /// Every value of every table, for "this secret stands nowhere" and "nothing was changed".
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for table in self.tables() {
            for row in self.query(&format!("SELECT * FROM {table}")) {
                text.push_str(&format!("{table}: {}\n", row.join(" | ")));
            }
        }
        text
    }

    fn run(&self, statements: &[Statement], read_only: bool) -> Result<Vec<Vec<Row>>, rusqlite::Error> {
        self.statements.set(self.statements.get() + statements.len() as u32);
        let mut connection = self.connection.borrow_mut();
        // Reads go to a replica in production, so nothing in them may write.
        connection.pragma_update(None, "query_only", read_only)?;
        let transaction = connection.transaction()?;
        let mut all = Vec::new();
        for statement in statements {
            let (rows, steps) = rows(&transaction, statement)?;
            self.steps.set(self.steps.get() + steps);
            all.push(rows);
        }
        transaction.commit()?;
        Ok(all)
    }
}

fn shown(value: &Cell_) -> String {
    match value {
        Cell_::Null => "null".into(),
        Cell_::Integer(n) => n.to_string(),
        Cell_::Real(n) => format!("{n:?} (a float)"),
        Cell_::Text(text) => text.clone(),
        Cell_::Blob(bytes) => format!("{bytes:?}"),
    }
}

/// A database that nobody has used. It is copied for each world: to apply the migrations takes fifty milliseconds.
fn migrated() -> Connection {
    let connection = Connection::open_in_memory().expect("SQLite opens");
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys are on");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("schema/ is there").map(|file| file.expect("a file").path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "sql")) {
        let sql = std::fs::read_to_string(file).expect("a migration is text");
        connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    connection
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<(Vec<Row>, u64)> {
    assert!(statement.args.len() <= 100, "D1 binds at most 100 parameters: {}", statement.sql);
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    // D1 answers rows as objects: two columns of one name would be one.
    let names: Vec<&str> = prepared.column_names().collect();
    let distinct: HashSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "two columns have one name: {}", statement.sql);
    let columns = names.len();
    let args = statement.args.iter().map(bound);
    let mut answered = prepared.query(rusqlite::params_from_iter(args))?;
    let mut all = Vec::new();
    while let Some(row) = answered.next()? {
        all.push(Row((0..columns).map(|n| row.get(n).map(read)).collect::<rusqlite::Result<_>>()?));
    }
    drop(answered);
    let steps = u64::try_from(prepared.reset_status(StatementStatus::VmStep)).unwrap_or(0);
    Ok((all, steps))
}

/// As D1 binds: every number is a 64-bit float, and a STRICT table must make it whole again.
fn bound(value: &Value) -> Cell_ {
    match value {
        Value::Null => Cell_::Null,
        Value::Int(n) => {
            assert!(n.unsigned_abs() <= 1 << 53, "{n} is not exact as a float");
            Cell_::Real(*n as f64)
        }
        Value::Text(text) => Cell_::Text(text.clone()),
    }
}

fn read(value: Cell_) -> Value {
    match value {
        Cell_::Null => Value::Null,
        Cell_::Integer(n) => {
            assert!(n.unsigned_abs() <= 1 << 53, "{n} is not exact as a float");
            Value::Int(n)
        }
        Cell_::Real(n) => {
            assert!(n.fract() == 0.0, "{n} is not a whole number");
            Value::Int(n as i64)
        }
        Cell_::Text(text) => Value::Text(text),
        Cell_::Blob(_) => panic!("nobody stores blobs"),
    }
}

fn fault(error: &rusqlite::Error) -> Fault {
    Fault(error.to_string())
}

/// The words that SQLite has for it, as D1 passes them on.
fn uncommitted(error: rusqlite::Error) -> Uncommitted {
    let words = error.to_string();
    if words.contains("constraint failed") { Uncommitted::Constraint(words) } else { Uncommitted::Fault(fault(&error)) }
}

impl pushguard::world::Db for Db {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Fault>> {
        Box::pin(async move {
            Yield(self.interleaves.get()).await;
            if statements.is_empty() {
                return Ok(Vec::new());
            }
            self.reads.set(self.reads.get() + 1);
            if self.read_breaks.replace(false) {
                return Err(Fault("the database did not answer".into()));
            }
            self.run(&statements, true).map_err(|error| fault(&error))
        })
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> Later<'a, Result<Vec<Vec<Row>>, Uncommitted>> {
        Box::pin(async move {
            Yield(self.interleaves.get()).await;
            if statements.is_empty() {
                return Ok(Vec::new());
            }
            self.commits.set(self.commits.get() + 1);
            self.interrupt();
            let broken =
                self.breaks.borrow().iter().find(|(at, _)| *at == self.commits.get()).map(|(_, landed)| *landed);
            if broken == Some(Landed::No) {
                return Err(Fault("the connection was lost before the commit".into()).into());
            }
            let rows = self.run(&statements, false).map_err(uncommitted)?;
            if broken == Some(Landed::Yes) {
                return Err(Fault("the connection was lost after the commit".into()).into());
            }
            Ok(rows)
        })
    }
}

/// One database is the directory and the only shard.
pub struct Shards(pub Rc<Db>);

impl Databases for Shards {
    fn directory(&self) -> Rc<dyn pushguard::world::Db> {
        self.0.clone()
    }

    fn shard(&self, name: &str) -> Result<Rc<dyn pushguard::world::Db>, Fault> {
        if name == "DB" { Ok(self.0.clone()) } else { Err(Fault(format!("no shard has the name {name}"))) }
    }

    fn shards(&self) -> Vec<String> {
        vec!["DB".into()]
    }
}
