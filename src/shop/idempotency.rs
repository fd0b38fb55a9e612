//! Idempotency keys: a request that is sent again under its key changes nothing and gets the first answer again. The answer
//! is committed together with what it tells, so that neither is ever there without the other. Verbs of one commit keep
//! their answer in it; verbs of several begin with the first one and finish with the last.

use std::{cell::RefCell, rc::Rc};

use super::{App, Error, Outcome, error::IdempotencyRefusal, id, time::DAY, vault};
use crate::platform::{Db, Fault, LogLine, Statement};

/// An answer is kept so long, in milliseconds.
pub const RETENTION: i64 = DAY;
/// Who has begun and not finished after this time, in milliseconds, has died: no request runs so long.
const DEAD: i64 = 60_000;

/// A request's key, in the account's own space of keys.
pub struct Key {
    db: Rc<dyn Db>,
    account_id: i64,
    text: String,
    /// What the key belongs to: a hash of method, path and body.
    request: String,
    /// Who runs it: known once it has begun, so that nobody finishes or releases another one's.
    runner: RefCell<Option<String>>,
}

/// An answer as it was given.
pub struct StoredResponse {
    pub status: u16,
    pub body: String,
}

impl Key {
    /// `db` is the database in which the key's request commits.
    pub fn new(db: Rc<dyn Db>, account_id: i64, text: &str, request: String) -> Key {
        Key { db, account_id, text: text.to_owned(), request, runner: RefCell::default() }
    }

    /// The first answer, if there was one.
    ///
    /// Refused when the key belongs to another request, or when the first one is still running.
    pub async fn answer(&self, app: &App) -> Outcome<Option<StoredResponse>> {
        let known = Statement::new(
            "SELECT request, status, body, created_at FROM idempotency WHERE account_id = ?1 AND key = ?2",
            vec![self.account_id.into(), self.text.as_str().into()],
        );
        let Some(row) = self.db.row(known).await? else {
            return Ok(None);
        };
        let (request, status, body, at) =
            row.read(|row| Ok((row.text(), row.maybe_int(), row.maybe_text(), row.int())))?;
        let age = app.now() - at;
        match (status, body) {
            _ if age > RETENTION => Ok(None),
            _ if request != self.request => Err(IdempotencyRefusal::KeyReused.into()),
            (Some(status), Some(body)) => {
                let body = vault::open(&app.platform.settings.vault_keys, &self.place(), &body)?;
                let status = u16::try_from(status).map_err(|_| Error::Fault(Fault("a kept status is none".into())))?;
                Ok(Some(StoredResponse { status, body }))
            }
            _ if age > DEAD => Ok(None),
            _ => Err(IdempotencyRefusal::InProgress.into()),
        }
    }

    /// For the commit that does it all: the answer, kept.
    pub fn keep(&self, app: &App, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        if let Some(runner) = self.runner.borrow().as_deref() {
            return self.finish(app, runner, status, body);
        }
        let sealed = self.seal(app, body)?;
        Ok(self.write(app.now(), Some(status), Some(sealed)))
    }

    /// For the first of several commits: from now on the key is taken.
    pub fn begin(&self, app: &App) -> Vec<Statement> {
        let runner = id::hex(&app.random::<8>());
        let statements = self.write(app.now(), None, Some(runner.clone()));
        *self.runner.borrow_mut() = Some(runner);
        statements
    }

    /// Nothing of the commit happens, as stale, when the key was taken from this runner meanwhile.
    fn finish(&self, app: &App, runner: &str, status: u16, body: &str) -> Result<Vec<Statement>, Fault> {
        let mine = vec![self.account_id.into(), self.text.as_str().into(), runner.into()];
        let mut args = mine.clone();
        args.extend([u32::from(status).into(), self.seal(app, body)?.into()]);
        Ok(vec![
            Statement::guard(
                "EXISTS (SELECT 1 FROM idempotency WHERE account_id = ?1 AND key = ?2 AND body = ?3 AND status IS NULL)",
                mine,
            ),
            Statement::new(
                "UPDATE idempotency SET status = ?4, body = ?5 WHERE account_id = ?1 AND key = ?2 AND body = ?3",
                args,
            ),
        ])
    }

    /// After a refusal: the key is free again.
    pub async fn release(&self, app: &App) {
        let Some(runner) = self.runner.borrow().clone() else {
            return;
        };
        let statement = Statement::new(
            "DELETE FROM idempotency WHERE account_id = ?1 AND key = ?2 AND body = ?3 AND status IS NULL",
            vec![self.account_id.into(), self.text.as_str().into(), runner.into()],
        );
        if let Err(no) = self.db.commit(vec![statement]).await {
            let line = LogLine::warn("idempotency.not_released").account(self.account_id);
            app.platform.log.write(line.because(no.into_fault()));
        }
    }

    /// `body`: the sealed answer, or, without a status, who runs it.
    fn write(&self, now: i64, status: Option<u16>, body: Option<String>) -> Vec<Statement> {
        vec![
            Statement::new(
                "DELETE FROM idempotency
                 WHERE account_id = ?1 AND key = ?2 AND (created_at < ?3 OR (status IS NULL AND created_at < ?4))",
                vec![self.account_id.into(), self.text.as_str().into(), (now - RETENTION).into(), (now - DEAD).into()],
            ),
            Statement::new(
                "INSERT INTO idempotency (account_id, key, request, status, body, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                vec![
                    self.account_id.into(),
                    self.text.as_str().into(),
                    self.request.as_str().into(),
                    status.map(u32::from).into(),
                    body.into(),
                    now.into(),
                ],
            ),
        ]
    }

    fn seal(&self, app: &App, body: &str) -> Result<String, Fault> {
        vault::seal(&app.platform.settings.vault_keys, &self.place(), body, app.random())
    }

    fn place(&self) -> String {
        format!("idempotency:{}:{}", self.account_id, self.text)
    }
}

/// Takes away the answers that are too old, of all accounts, so many at a time, and answers a row for each; for cron.
pub fn take_old(now: i64, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM idempotency WHERE rowid IN
           (SELECT rowid FROM idempotency WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)
         RETURNING 1 AS gone",
        vec![(now - RETENTION).into(), most.into()],
    )
}
