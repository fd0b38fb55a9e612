//! SQLite in memory behind the shop's `Db`, as strict as D1 where SQLite itself is more generous, and breakable.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    ffi::c_int,
    rc::Rc,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use pushguard::{
    json::from_text,
    platform::{CommitError, Databases, Fault, LocalBoxFuture, Packed, Row, Statement, Value},
};
use rusqlite::{Connection, StatementStatus, backup::Backup, limits::Limit, types::Value as Cell_};

use super::{Yield, record};

/// Whether a commit that is reported as broken was written all the same: its answer was lost, not it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    No,
    Yes,
}

type Interruption = Box<dyn FnOnce()>;

/// The shards of these tests; the first is the directory as well.
pub const SHARDS: [&str; 3] = ["DB", "DB_1", "DB_2"];

/// All shards: what is counted and broken is counted and broken in whichever comes next, and whoever looks into the tables
/// looks into those of all.
pub struct Db {
    connections: [RefCell<Connection>; 3],
    /// Whether a shard refuses to be written now, where that is known.
    read_only: [Cell<Option<bool>>; 3],
    reads: Cell<u32>,
    commits: Cell<u32>,
    statements: Cell<u32>,
    steps: Cell<u64>,
    largest: Cell<usize>,
    /// Which commits break, by their number.
    breaks: RefCell<Vec<(u32, Landed)>>,
    read_breaks: Cell<bool>,
    /// The shard that answers nobody.
    pub down: Cell<Option<usize>>,
    interruptions: RefCell<Vec<(u32, Interruption)>>,
    /// Each call lets the other futures of a join go first.
    pub interleaves: Cell<bool>,
    /// Each read is answered only after the other futures of a join: what they do meanwhile it doesn't know.
    pub late: Cell<bool>,
}

impl Db {
    pub fn open() -> Db {
        Db {
            connections: SHARDS.map(|_| RefCell::new(copied())),
            read_only: Default::default(),
            reads: Cell::new(0),
            commits: Cell::new(0),
            statements: Cell::new(0),
            steps: Cell::new(0),
            largest: Cell::new(0),
            breaks: RefCell::default(),
            read_breaks: Cell::new(false),
            down: Cell::default(),
            interruptions: RefCell::new(Vec::new()),
            interleaves: Cell::new(false),
            late: Cell::new(false),
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

    /// Bytes of text in the largest answer so far.
    pub fn largest(&self) -> usize {
        self.largest.get()
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

    /// For a test that looks into the tables itself: the rows of all shards. Columns come as text, nulls as `null`.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        (0..SHARDS.len()).flat_map(|shard| self.query_in(shard, sql)).collect()
    }

    /// The same of one shard.
    pub fn query_in(&self, shard: usize, sql: &str) -> Vec<Vec<String>> {
        let connection = self.connections[shard].borrow();
        let mut prepared = connection.prepare_cached(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let columns = prepared.column_count();
        let mut rows = prepared.query([]).expect("the query runs");
        let mut all = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            all.push((0..columns).map(|n| shown(&row.get(n).expect("a column"))).collect());
        }
        all
    }

    /// For a test that brings the tables of all shards into a state of its own.
    pub fn change(&self, sql: &str) {
        (0..SHARDS.len()).for_each(|shard| self.change_in(shard, sql));
    }

    /// The same with a statement that is longer than D1 takes.
    pub fn change_at_once(&self, sql: &str) {
        let connection = self.connections[0].borrow();
        connection.pragma_update(None, "query_only", false).expect("a pragma");
        self.read_only[0].set(Some(false));
        let limits = [Limit::SQLITE_LIMIT_SQL_LENGTH, Limit::SQLITE_LIMIT_LENGTH];
        let usual = limits.map(|limit| connection.limit(limit).expect("a limit"));
        for limit in limits {
            connection.set_limit(limit, 100_000_000).expect("a limit");
        }
        connection.execute_batch(sql).expect("it is written");
        for (limit, usual) in limits.into_iter().zip(usual) {
            connection.set_limit(limit, usual).expect("a limit");
        }
    }

    /// The same in one shard.
    pub fn change_in(&self, shard: usize, sql: &str) {
        let connection = self.connections[shard].borrow();
        connection.pragma_update(None, "query_only", false).expect("a pragma");
        self.read_only[shard].set(Some(false));
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first column of the first row. Of numbers the sum over the shards, of other texts the first.
    pub fn one(&self, sql: &str) -> String {
        let firsts = (0..SHARDS.len()).filter_map(|shard| self.query_in(shard, sql).first()?.first().cloned());
        let all: Vec<String> = firsts.collect();
        assert!(!all.is_empty(), "no row: {sql}");
        let some: Vec<&String> = all.iter().filter(|text| *text != "null").collect();
        match some.iter().map(|text| text.parse::<i64>()).collect::<Result<Vec<_>, _>>() {
            Ok(numbers) if !numbers.is_empty() => numbers.iter().sum::<i64>().to_string(),
            _ => some.first().map_or("null".into(), |text| (*text).clone()),
        }
    }

    /// How many rows a table has.
    pub fn rows_in(&self, table: &str) -> usize {
        self.one(&format!("SELECT COUNT(*) FROM {table}")).parse().expect("a count")
    }

    fn tables(&self) -> Vec<String> {
        let tables = self.query_in(0, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
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

    fn run(&self, shard: usize, statements: &[Statement], read_only: bool) -> Result<Vec<Vec<Row>>, rusqlite::Error> {
        self.statements.set(self.statements.get() + statements.len() as u32);
        let mut connection = self.connections[shard].borrow_mut();
        // Reads go to a replica in production, so nothing in them may write. A pragma is parsed each time, so it is set only
        // when it changes.
        if self.read_only[shard].replace(Some(read_only)) != Some(read_only) {
            connection.pragma_update(None, "query_only", read_only)?;
        }
        let transaction = connection.transaction()?;
        let mut all = Vec::new();
        for statement in statements {
            let (rows, steps) = rows(&transaction, statement)?;
            self.steps.set(self.steps.get() + steps);
            all.push(rows);
        }
        transaction.commit()?;
        let values = all.iter().flatten().flat_map(|row: &Row| &row.0);
        let texts = values.map(|value| if let Value::Text(text) = value { text.len() } else { 0 });
        self.largest.set(self.largest.get().max(texts.sum()));
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

fn copied() -> Connection {
    static MIGRATED: LazyLock<Mutex<Connection>> = LazyLock::new(|| Mutex::new(migrated()));
    let mut connection = Connection::open_in_memory().expect("SQLite opens");
    let migrated = MIGRATED.lock().expect("nobody fails with it in hand");
    let copy = Backup::new(&migrated, &mut connection).expect("a copy begins");
    copy.run_to_completion(c_int::MAX, Duration::ZERO, None).expect("it is copied");
    drop(copy);
    drop(migrated);
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys are on");
    // As D1 has them: bytes of a text or of a row, and of a statement
    // (https://developers.cloudflare.com/d1/platform/limits/).
    for (limit, bytes) in [(Limit::SQLITE_LIMIT_LENGTH, 2_000_000), (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000)] {
        connection.set_limit(limit, bytes).expect("a limit");
    }
    // All statements of the shop: to parse them anew takes longer than to run them, and each minute of cron needs dozens.
    connection.set_prepared_statement_cache_capacity(1_000);
    connection
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
    let (columns, packed) = (names.len(), names == ["packed"]);
    let args = statement.args.iter().map(bound);
    let mut answered = prepared.query(rusqlite::params_from_iter(args))?;
    let mut all = Vec::new();
    while let Some(row) = answered.next()? {
        let row = Row((0..columns).map(|n| row.get(n).map(read)).collect::<rusqlite::Result<_>>()?);
        all.push(if packed { from_text::<Packed>(&row.text().unwrap()).expect("a packed row is JSON").0 } else { row });
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

impl Db {
    async fn read(&self, shard: usize, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Fault> {
        Yield(self.interleaves.get()).await;
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        self.reads.set(self.reads.get() + 1);
        if self.read_breaks.replace(false) {
            return Err(Fault("the database did not answer".into()));
        }
        self.is_up(shard)?;
        let rows = self.run(shard, &statements, true).map_err(|error| fault(&error));
        Yield(self.late.get()).await;
        rows
    }

    async fn write(&self, shard: usize, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, CommitError> {
        Yield(self.interleaves.get()).await;
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        self.commits.set(self.commits.get() + 1);
        self.interrupt();
        self.is_up(shard)?;
        let broken = self.breaks.borrow().iter().find(|(at, _)| *at == self.commits.get()).map(|(_, landed)| *landed);
        if broken == Some(Landed::No) {
            return Err(Fault("the connection was lost before the commit".into()).into());
        }
        let rows = self.run(shard, &statements, false).map_err(|error| CommitError::read(error.to_string()))?;
        if broken == Some(Landed::Yes) {
            return Err(Fault("the connection was lost after the commit".into()).into());
        }
        Ok(rows)
    }

    fn is_up(&self, shard: usize) -> Result<(), Fault> {
        match self.down.get() {
            Some(down) if down == shard => Err(Fault(format!("{} does not answer", SHARDS[shard]))),
            _ => Ok(()),
        }
    }
}

/// The first shard, for tests that write statements of their own.
impl pushguard::platform::Db for Db {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, Fault>> {
        Box::pin(self.read(0, statements))
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, CommitError>> {
        Box::pin(self.write(0, statements))
    }
}

struct Shard(Rc<Db>, usize);

impl pushguard::platform::Db for Shard {
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, Fault>> {
        record::statements(&statements);
        Box::pin(self.0.read(self.1, statements))
    }

    fn commit<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Vec<Vec<Row>>, CommitError>> {
        record::statements(&statements);
        Box::pin(self.0.write(self.1, statements))
    }
}

pub struct Shards(pub Rc<Db>);

impl Databases for Shards {
    fn directory(&self) -> Rc<dyn pushguard::platform::Db> {
        Rc::new(Shard(self.0.clone(), 0))
    }

    fn shard(&self, name: &str) -> Result<Rc<dyn pushguard::platform::Db>, Fault> {
        match SHARDS.iter().position(|known| *known == name) {
            Some(shard) => Ok(Rc::new(Shard(self.0.clone(), shard))),
            None => Err(Fault(format!("no shard has the name {name}"))),
        }
    }

    fn shards(&self) -> Vec<String> {
        SHARDS.map(String::from).into()
    }
}
