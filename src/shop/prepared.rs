//! What a verb hands back that changes something: the outcome, and the commit that makes it true. The caller may put
//! statements of its own into that commit, such as the answer that is kept under an idempotency key.

use std::rc::Rc;

use super::{Error, Outcome, Refusal, Shop, job::Job};
use crate::platform::{CommitError, Db, Row, Statement};

/// What a verb has decided, and what must be committed for it to be true. Until then none of it is written.
#[must_use = "nothing has happened before it is committed"]
pub struct Prepared<T> {
    pub value: T,
    db: Rc<dyn Db>,
    statements: Vec<Statement>,
    messages: Vec<(Job, u32)>,
    refusals: Vec<(&'static str, Refusal)>,
    why_stale: Option<WhyStale>,
}

/// What to read when a guard holds the commit back, and what it says of the reason.
type WhyStale = (Statement, Box<dyn FnOnce(&[Row]) -> Outcome<Refusal>>);

impl<T> Prepared<T> {
    /// `db` is where it is committed.
    pub fn new(db: Rc<dyn Db>, value: T, statements: Vec<Statement>) -> Self {
        Prepared { value, db, statements, messages: Vec::new(), refusals: Vec::new(), why_stale: None }
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

    /// The refusal when the commit breaks the constraint of this name.
    pub fn on_constraint(mut self, name: &'static str, refusal: Refusal) -> Self {
        self.refusals.push((name, refusal));
        self
    }

    /// The refusal when a guard holds the commit back.
    pub fn on_stale(self, refusal: Refusal) -> Self {
        self.on_constraint("stale", refusal)
    }

    /// The same where the refusal has to be looked up: `read` finds it in the rows of `look`.
    pub fn why_stale(self, look: Statement, read: impl FnOnce(&[Row]) -> Outcome<Refusal> + 'static) -> Self {
        Prepared { why_stale: Some((look, Box::new(read))), ..self }
    }

    /// Commits it and sends its messages. `first` goes before its own statements, so that of two requests under one
    /// idempotency key the second breaks the constraint of the key and no other. The rows are those of its own statements.
    pub async fn commit(self, shop: &Shop, first: Vec<Statement>) -> Outcome<(T, Vec<Vec<Row>>)> {
        let before = first.len();
        let mut statements = first;
        statements.extend(self.statements);
        match self.db.commit(statements).await {
            Ok(mut rows) => {
                shop.enqueue(self.messages).await;
                Ok((self.value, rows.split_off(before.min(rows.len()))))
            }
            Err(no) => Err(refused(&*self.db, no, self.refusals, self.why_stale).await?.into()),
        }
    }
}

/// What the refused commit means to whoever asked for it; a fault stays one.
async fn refused(
    db: &dyn Db,
    no: CommitError,
    refusals: Vec<(&'static str, Refusal)>,
    why_stale: Option<WhyStale>,
) -> Outcome<Refusal> {
    if let Some((_, refusal)) = refusals.into_iter().find(|(constraint, _)| no.names(constraint)) {
        return Ok(refusal);
    }
    match why_stale {
        Some((look, read)) if no.is_stale() => {
            let rows = db.rows(vec![look]).await?;
            read(rows.first().map_or(&[], Vec::as_slice))
        }
        _ => Err(Error::from(no)),
    }
}
