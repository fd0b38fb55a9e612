//! Access tokens that this isolate has asked about a moment ago. Nothing of it stands in KV: a token lives for an hour, and the
//! free plan of KV has a thousand writes a day.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use super::{App, Authorized};
use crate::shop::time::SECOND;

/// Milliseconds for which an answer is believed. A token that was revoked elsewhere lives no longer than this.
const TRUSTED: i64 = 30 * SECOND;
/// More tokens than this are not remembered; then the memory is begun anew.
const MAX: usize = 5_000;

#[derive(Default)]
struct Known {
    /// By the token's hash, each with the time until which it is believed.
    tokens: RefCell<HashMap<String, (Authorized, i64)>>,
    /// How often something was forgotten: what was asked before that may be what was revoked.
    forgotten: Cell<u64>,
}

impl Known {
    fn forget(&self, is: impl Fn(&Authorized) -> bool) {
        self.forgotten.set(self.forgotten.get().wrapping_add(1));
        self.tokens.borrow_mut().retain(|_, (authorized, _)| !is(authorized));
    }
}

pub fn get(app: &App, hash: &str) -> Option<Authorized> {
    let known = app.memory.of::<Known>();
    let tokens = known.tokens.borrow();
    tokens.get(hash).filter(|(_, until)| app.now() < *until).map(|(authorized, _)| authorized.clone())
}

/// A question to the database, as of now.
pub struct Asked(u64);

pub fn ask(app: &App) -> Asked {
    Asked(app.memory.of::<Known>().forgotten.get())
}

impl Asked {
    /// Keeps the answer, unless something was forgotten since.
    pub fn remember(self, app: &App, hash: String, authorized: &Authorized, now: i64, expires_at: i64) {
        let known = app.memory.of::<Known>();
        if known.forgotten.get() != self.0 {
            return;
        }
        let mut tokens = known.tokens.borrow_mut();
        if tokens.len() >= MAX {
            tokens.clear();
        }
        tokens.insert(hash, (authorized.clone(), (now + TRUSTED).min(expires_at)));
    }
}

pub fn forget_grant(app: &App, grant_id: &str) {
    app.memory.of::<Known>().forget(|authorized| authorized.grant_id == grant_id);
}

pub fn forget_application(app: &App, app_id: &str) {
    app.memory.of::<Known>().forget(|authorized| authorized.app_id == app_id);
}

/// After whatever the operator changed.
pub fn forget_everything(app: &App) {
    app.memory.of::<Known>().forget(|_| true);
}
