//! Servers that see one chain: which is asked first, when another is, and when their word is enough. A server that keeps
//! everybody waiting is left alone for a while.

use std::{cell::RefCell, collections::HashMap};

use super::{ChainSnapshot, SyncError, ask::Unanswered};
use crate::{
    platform::{LocalBoxFuture, LogLine, ServerUrl},
    shop::{
        App,
        gateway::OnchainPayment,
        time::{HOUR, MINUTE},
    },
};

/// Milliseconds that a server has to answer while another one could be asked instead …
const HASTE: u32 = 3_000;
/// … and when it is the last.
const TIMEOUT: u32 = 8_000;
/// Milliseconds for which a server is left alone that did not answer in time or asked for fewer requests.
const REST: i64 = MINUTE;
/// Milliseconds after which larger batches are tried again: a plan may have been changed.
const BATCH_MEMORY: i64 = HOUR;

/// What this isolate has learned of servers.
#[derive(Default)]
pub struct ServerMemory(RefCell<HashMap<ServerUrl, Known>>);

#[derive(Clone, Copy, Default)]
struct Known {
    /// Milliseconds since 1970; 0: it answers.
    rests_until: i64,
    /// Calls in one request that it takes, and until when that is believed.
    batch: Option<(usize, i64)>,
}

impl ServerMemory {
    /// The servers in their order that don't rest, and then those that do: the one whose rest ends first before the others.
    fn sort<'a>(&self, servers: Vec<&'a ServerUrl>, now: i64) -> (Vec<&'a ServerUrl>, Vec<&'a ServerUrl>) {
        let rests_until = |server: &ServerUrl| self.0.borrow().get(server).map_or(0, |known| known.rests_until);
        let (ready, mut resting): (Vec<_>, Vec<_>) = servers.into_iter().partition(|server| rests_until(server) <= now);
        resting.sort_by_key(|server| rests_until(server));
        (ready, resting)
    }

    /// A server whose rest is over is tried by one sync, not by all at once.
    fn begin(&self, server: &ServerUrl, now: i64) {
        if let Some(known) = self.0.borrow_mut().get_mut(server).filter(|known| known.rests_until > 0) {
            known.rests_until = now + REST;
        }
    }

    fn end(&self, server: &ServerUrl, overloaded: bool, now: i64) {
        let rests_until = if overloaded { now + REST } else { 0 };
        let mut all = self.0.borrow_mut();
        if overloaded || all.contains_key(server) {
            all.entry(server.clone()).or_default().rests_until = rests_until;
        }
    }

    /// Calls that it takes in one request, as far as is known.
    pub fn batch(&self, server: &ServerUrl, now: i64) -> usize {
        let batch = self.0.borrow().get(server).and_then(|known| known.batch);
        batch.filter(|(_, until)| now < *until).map_or(usize::MAX, |(size, _)| size)
    }

    pub fn set_batch(&self, server: &ServerUrl, size: usize, now: i64) {
        self.0.borrow_mut().entry(server.clone()).or_default().batch = Some((size, now + BATCH_MEMORY));
    }
}

/// Why a server's answer can't be used.
#[derive(Debug)]
pub struct ServerError {
    /// For the operator's log: no URL and no key.
    pub why: String,
    pub kind: ErrorKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It did not answer in time, or asks for fewer requests.
    Overloaded,
    /// It answers more than is read.
    TooLarge,
    /// It has no such thing.
    NotFound,
    Other,
}

impl From<&str> for ServerError {
    fn from(why: &str) -> ServerError {
        ServerError { why: why.to_owned(), kind: ErrorKind::Other }
    }
}

impl From<String> for ServerError {
    fn from(why: String) -> ServerError {
        ServerError { why, kind: ErrorKind::Other }
    }
}

impl From<Unanswered> for ServerError {
    fn from(no: Unanswered) -> ServerError {
        let kind = match () {
            () if no.is_overloaded() => ErrorKind::Overloaded,
            () if no.is_too_large() => ErrorKind::TooLarge,
            () if no.status() == Some(404) => ErrorKind::NotFound,
            () => ErrorKind::Other,
        };
        ServerError { why: no.why(), kind }
    }
}

/// How one server is asked within so many milliseconds.
pub type Ask<'a, T> = dyn Fn(&'a ServerUrl, u32) -> LocalBoxFuture<'a, Result<T, ServerError>> + 'a;

/// Asks one server after the other until one knows all that was known before. What they saw is put together by `merge`, the
/// earlier first. A payment is only called gone (`ChainSnapshot::complete`) when two servers say so, if there are two.
pub async fn sync<'a>(
    app: &App,
    urls: &'a [ServerUrl],
    address: &str,
    known: &[OnchainPayment],
    ask: &Ask<'a, ChainSnapshot>,
    merge: fn(ChainSnapshot, ChainSnapshot, &[OnchainPayment]) -> ChainSnapshot,
) -> Result<ChainSnapshot, SyncError> {
    let count = urls.len();
    let mut reasons = Vec::new();
    let mut asked = 0;
    let mut best: Option<ChainSnapshot> = None;
    // One sync asks one server that rests, not all of them.
    let mut asked_resting = false;
    for Turn { server, timeout, rests } in in_turn(app, urls, address) {
        // A second word can wait until the rest is over.
        if rests && (best.is_some() || asked_resting) {
            break;
        }
        asked_resting = rests;
        let seen = match attempt(app, server, timeout, ask).await {
            Ok(seen) => seen,
            Err(reason) => {
                reasons.push(format!("no answer of {}: {reason}", server.host()));
                continue;
            }
        };
        asked += 1;
        let all = match best.take() {
            None => seen,
            Some(before) => merge(before, seen, known),
        };
        let missing = all.lacks(known);
        best = Some(all);
        if !missing {
            break;
        }
    }
    let Some(mut seen) = best else {
        let why = if count == 0 { "no server is configured".into() } else { reasons.join("; ") };
        return Err(SyncError::Unreachable(why));
    };
    // One server's word is not enough to call a payment gone where a second could be asked.
    seen.complete &= asked >= count.min(2) || asked == count;
    Ok(seen)
}

/// Asks a server, and remembers how it behaved. The error is its reason, which the log has by then.
pub async fn attempt<'a, T>(app: &App, server: &'a ServerUrl, timeout: u32, ask: &Ask<'a, T>) -> Result<T, String> {
    app.memory.of::<ServerMemory>().begin(server, app.now());
    let answer = ask(server, timeout).await;
    let overloaded = answer.as_ref().is_err_and(|no| no.kind == ErrorKind::Overloaded);
    app.memory.of::<ServerMemory>().end(server, overloaded, app.now());
    answer.map_err(|no| {
        let line = LogLine::warn("gateway.server_failed").with("server", server.host());
        let line = if overloaded { line.with("rests_seconds", REST / 1_000) } else { line };
        app.platform.log.write(line.because(&no.why));
        no.why
    })
}

/// A server that may be asked.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    pub server: &'a ServerUrl,
    /// Milliseconds that it has for an answer.
    pub timeout: u32,
    /// It was overloaded a moment ago: it is asked only when no other server answers.
    pub rests: bool,
}

/// The servers in the order in which they are asked. Each address starts with a server of its own and stays with it: servers
/// hear of a transaction at different times, and going round would make a payment flicker. Servers that rest come last,
/// because those that don't rest may all fail for another reason. They have the whole time, because they may only be slow.
pub fn in_turn<'a>(app: &App, urls: &'a [ServerUrl], address: &str) -> impl Iterator<Item = Turn<'a>> + use<'a> {
    let first = address.bytes().map(usize::from).sum::<usize>() % urls.len().max(1);
    let all = urls.iter().cycle().skip(first).take(urls.len()).collect();
    let (ready, resting) = app.memory.of::<ServerMemory>().sort(all, app.now());
    let last = ready.len().saturating_sub(1);
    let ready = ready.into_iter().enumerate().map(move |(n, server)| Turn {
        server,
        timeout: if n < last { HASTE } else { TIMEOUT },
        rests: false,
    });
    ready.chain(resting.into_iter().map(|server| Turn { server, timeout: TIMEOUT, rests: true }))
}
