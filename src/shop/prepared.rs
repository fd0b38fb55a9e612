//! What a verb hands back that changes something: the outcome, and the commit that makes it true. The caller may put
//! statements of its own into that commit, such as the answer that is kept under an idempotency key.

use std::rc::Rc;

use super::{App, Error, Outcome, Refusal, job::Job};
use crate::platform::{CommitError, Db, Fault, LogLine, Row, Statement};

/// What a verb has decided, and what must be committed for it to be true. Until then none of it is written.
#[must_use = "nothing has happened before it is committed"]
pub struct Prepared<T> {
    pub value: T,
    db: Rc<dyn Db>,
    statements: Vec<Statement>,
    messages: Vec<(Job, u32)>,
    refusals: Vec<(Broken, Refusal)>,
    why_stale: Option<WhyStale>,
    undo: Vec<Statement>,
    owed: Vec<Owed>,
}

/// A rule of the schema that a commit can break.
enum Broken {
    Taken(&'static str, &'static str),
    Missing(&'static str, &'static str),
    Check(&'static str),
    Stale,
}

impl Broken {
    fn is_in(&self, no: &CommitError) -> bool {
        match self {
            Broken::Taken(table, column) => no.is_taken(table, column),
            Broken::Missing(table, column) => no.is_missing(table, column),
            Broken::Check(name) => no.is_check(name),
            Broken::Stale => no.is_stale(),
        }
    }
}

/// What goes behind the other statements of a commit, and which messages its answers ask for.
type Owed = (Vec<Statement>, Box<dyn FnOnce(&[Vec<Row>]) -> Result<Vec<(Job, u32)>, Fault>>);

/// What to read when a guard holds the commit back, and what it says of the reason.
type WhyStale = (Statement, Box<dyn FnOnce(&[Row]) -> Outcome<Refusal>>);

impl<T> Prepared<T> {
    /// `db` is where it is committed.
    pub fn new(db: Rc<dyn Db>, value: T, statements: Vec<Statement>) -> Self {
        Prepared {
            value,
            db,
            statements,
            messages: Vec::new(),
            refusals: Vec::new(),
            why_stale: None,
            undo: Vec::new(),
            owed: Vec::new(),
        }
    }

    /// With a condition that the commit holds to (`Statement::guard`).
    pub fn guarded(mut self, guard: Statement) -> Self {
        self.statements.push(guard);
        self
    }

    /// Queue messages for after the commit, each with its delay in seconds.
    pub fn sending(self, messages: Vec<(Job, u32)>) -> Self {
        Prepared { messages, ..self }
    }

    /// The refusal when a row already has this value in a unique column.
    pub fn on_taken(self, table: &'static str, column: &'static str, refusal: impl Into<Refusal>) -> Self {
        self.on(Broken::Taken(table, column), refusal)
    }

    /// The refusal when the value for this column was not found.
    pub fn on_missing(self, table: &'static str, column: &'static str, refusal: impl Into<Refusal>) -> Self {
        self.on(Broken::Missing(table, column), refusal)
    }

    /// The refusal when a CHECK of this name is broken.
    pub fn on_broken(self, check: &'static str, refusal: impl Into<Refusal>) -> Self {
        self.on(Broken::Check(check), refusal)
    }

    /// The refusal when a guard holds the commit back.
    pub fn on_stale(self, refusal: impl Into<Refusal>) -> Self {
        self.on(Broken::Stale, refusal)
    }

    fn on(mut self, broken: Broken, refusal: impl Into<Refusal>) -> Self {
        self.refusals.push((broken, refusal.into()));
        self
    }

    /// The same where the refusal has to be looked up: `read` finds it in the rows of `look`.
    pub fn why_stale(self, look: Statement, read: impl FnOnce(&[Row]) -> Outcome<Refusal> + 'static) -> Self {
        Prepared { why_stale: Some((look, Box::new(read))), ..self }
    }

    /// With statements behind the others, whose answers say which messages there are after the commit.
    pub fn owing(
        mut self,
        statements: Vec<Statement>,
        messages: impl FnOnce(&[Vec<Row>]) -> Result<Vec<(Job, u32)>, Fault> + 'static,
    ) -> Self {
        if !statements.is_empty() {
            self.owed.push((statements, Box::new(messages)));
        }
        self
    }

    /// What gives back that was taken for it before, should the commit be refused.
    pub fn or_undo(mut self, undo: Option<Statement>) -> Self {
        self.undo.extend(undo);
        self
    }

    /// Commits it and sends its messages. `first` goes before its own statements, so that of two requests under one
    /// idempotency key the second breaks the constraint of the key and no other. The rows are those of its own statements.
    pub async fn commit(self, app: &App, first: Vec<Statement>) -> Outcome<(T, Vec<Vec<Row>>)> {
        let before = first.len();
        let mut statements = first;
        statements.extend(self.statements);
        let mut end = statements.len();
        let mut owed = Vec::new();
        for (its, messages) in self.owed {
            statements.extend(its.iter().cloned());
            owed.push((its.len(), messages));
        }
        match self.db.commit(statements).await {
            Ok(mut rows) => {
                let mut sent = self.messages;
                let told = rows.split_off(end.min(rows.len()));
                end = 0;
                for (length, messages) in owed {
                    sent.extend(messages(told.get(end..end + length).unwrap_or_default())?);
                    end += length;
                }
                app.enqueue(sent).await;
                Ok((self.value, rows.split_off(before.min(rows.len()))))
            }
            Err(no) => {
                // A fault may have landed all the same; a constraint has not.
                if matches!(no, CommitError::Constraint(_)) {
                    undo(app, &*self.db, self.undo).await;
                }
                Err(refused(&*self.db, no, self.refusals, self.why_stale).await?.into())
            }
        }
    }
}

/// Gives back what was taken before. Should that fail, it stays taken, which harms nobody.
pub async fn undo(app: &App, db: &dyn Db, statements: Vec<Statement>) {
    if statements.is_empty() {
        return;
    }
    if let Err(error) = db.commit(statements).await {
        app.platform.log.write(LogLine::warn("undo.failed").because(error.into_fault()));
    }
}

/// What the refused commit means to whoever asked for it; a fault stays one.
async fn refused(
    db: &dyn Db,
    no: CommitError,
    refusals: Vec<(Broken, Refusal)>,
    why_stale: Option<WhyStale>,
) -> Outcome<Refusal> {
    if let Some((_, refusal)) = refusals.into_iter().find(|(broken, _)| broken.is_in(&no)) {
        return Ok(refusal);
    }
    match why_stale {
        Some((look, read)) if no.is_stale() => {
            let [rows] = db.batch([look]).await?;
            read(&rows)
        }
        _ => Err(Error::from(no)),
    }
}
