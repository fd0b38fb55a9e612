//! `Idempotency-Key`: a POST that is sent again gets the first answer again.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::failure::{Failure, FailureKind};
use crate::{
    http::{Request, Response},
    platform::{Db, Fault, Statement},
    shop::{
        App, id,
        idempotency::{self, Key},
        prepared::Prepared,
    },
};

/// What the header asks for; without it, nothing.
pub struct IdempotentRequest(Option<Key>);

impl IdempotentRequest {
    /// `db` is where the request will commit.
    pub fn read(request: &Request, db: Rc<dyn Db>, account_id: i64) -> Result<IdempotentRequest, Failure> {
        IdempotentRequest::read_of(request, db, account_id, None)
    }

    /// The same of an application: its keys are its own, whatever keys the seller and other applications use.
    pub fn read_of(
        request: &Request,
        db: Rc<dyn Db>,
        account_id: i64,
        app_id: Option<&str>,
    ) -> Result<IdempotentRequest, Failure> {
        const MAX: usize = 255;
        let Some(text) = request.header("idempotency-key") else {
            return Ok(IdempotentRequest(None));
        };
        if text.is_empty() {
            return Err(Failure::invalid("Idempotency key can't be blank"));
        }
        if text.chars().count() > MAX {
            return Err(Failure::invalid(&format!("Idempotency key is too long (maximum is {MAX} characters)")));
        }
        let mut hash = Sha256::new();
        for part in request.segments() {
            hash.update(part.as_bytes());
            hash.update(b"/");
        }
        hash.update(b"\n");
        hash.update(request.body().unwrap_or_default());
        let key = match app_id {
            Some(app_id) => format!("{app_id} {text}"),
            None => text.to_owned(),
        };
        Ok(IdempotentRequest(Some(Key::new(db, account_id, &key, id::hex(&hash.finalize())))))
    }

    /// Only a POST makes something anew each time; the other methods can be repeated as they are.
    pub fn never() -> IdempotentRequest {
        IdempotentRequest(None)
    }

    /// Runs the request, unless its answer is known.
    pub async fn answer(
        &self,
        app: &App,
        run: impl Future<Output = Result<Response, Failure>>,
    ) -> Result<Response, Failure> {
        let Some(key) = &self.0 else {
            return run.await;
        };
        if let Some(known) = key.answer(app).await? {
            return Ok(again(known));
        }
        let answered = run.await;
        match &answered {
            // Somebody else's commit came before this one, which is undone whole.
            Err(failure) if matches!(failure.kind, FailureKind::Conflict | FailureKind::RequestInProgress) => {
                match key.answer(app).await? {
                    Some(known) => Ok(again(known)),
                    None => answered,
                }
            }
            // Nothing came of it. After a fault that isn't known, and the key stays taken for a while.
            Err(failure) if failure.fault.is_none() => {
                key.release(app).await;
                answered
            }
            _ => answered,
        }
    }

    /// The answer that is known already, and nothing else.
    pub async fn known(&self, app: &App) -> Option<Response> {
        let known = self.0.as_ref()?.answer(app).await.ok()??;
        Some(again(known))
    }

    /// Commits what a verb has prepared, and with it the answer that tells of it. `body` words the answer.
    pub async fn commit<T>(
        &self,
        app: &App,
        status: u16,
        prepared: Prepared<T>,
        body: impl FnOnce(&T) -> String,
    ) -> Result<Response, Failure> {
        let body = body(&prepared.value);
        prepared.commit(app, self.keep(app, status, &body)?).await?;
        Ok(Response::json(status, body))
    }

    /// The answer, for the commit of what it tells.
    pub fn keep(&self, app: &App, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        self.0.as_ref().map_or(Ok(Vec::new()), |key| key.keep(app, status, body))
    }

    /// For the first of several commits.
    pub fn begin(&self, app: &App) -> Vec<Statement> {
        self.0.as_ref().map(|key| key.begin(app)).unwrap_or_default()
    }
}

fn again(known: idempotency::StoredResponse) -> Response {
    let response = match known.body.as_str() {
        "" => Response::empty(known.status),
        _ => Response::json(known.status, known.body),
    };
    // It may hold a secret.
    response.with("idempotent-replayed", "true").with("cache-control", "no-store")
}
