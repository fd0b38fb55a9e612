//! Asking a gateway's server: one call, bounded in time and size. What it answers is untrusted, and what it writes when it says no
//! is never logged: it may repeat a key.

use super::NoSight;
use crate::{
    json::{self, Value},
    shop::Shop,
    world::Outgoing,
};

/// Milliseconds. A buyer waits meanwhile.
const TIMEOUT: u32 = 10_000;
/// Bytes; a payment with all its refunds and disputes has a tenth.
const LIMIT: usize = 256 << 10;

/// Why a call has no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// What was answered instead; 0: nothing, or nonsense.
    pub status: u16,
    /// For the operator's log.
    pub why: String,
    /// What came with the status, for who can read it.
    pub body: Vec<u8>,
}

impl Unanswered {
    /// Whether the same call may succeed later: nobody answered, or with 409, 429 or 5xx.
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 0 | 409 | 429 | 500..)
    }

    fn nonsense() -> Unanswered {
        Unanswered { status: 0, why: "the answer has another shape".into(), body: Vec::new() }
    }
}

impl From<Unanswered> for NoSight {
    fn from(no: Unanswered) -> NoSight {
        NoSight::Unreachable(no.why)
    }
}

/// A GET, or a POST of this content type and body. What else it needs its caller adds.
pub fn call(url: String, body: Option<(&str, Vec<u8>)>) -> Outgoing {
    let mut headers = vec![("accept".into(), "application/json".into()), ("user-agent".into(), "PushGuard".into())];
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(|(content_type, body)| {
        headers.push(("content-type".into(), content_type.to_owned()));
        body
    });
    Outgoing { method, url, headers, body, timeout: TIMEOUT, limit: LIMIT }
}

/// The body of a 2xx that came whole.
pub async fn bytes(shop: &Shop, request: Outgoing) -> Result<Vec<u8>, Unanswered> {
    let no = |status, why, body| Err(Unanswered { status, why, body });
    match shop.world.web.fetch(request).await {
        Err(fault) => no(0, fault.word().to_owned(), Vec::new()),
        Ok(answer) if !(200..300).contains(&answer.status) => {
            no(answer.status, format!("status {}", answer.status), answer.body)
        }
        Ok(answer) if answer.truncated => no(0, "the answer breaks off".into(), Vec::new()),
        Ok(answer) => Ok(answer.body),
    }
}

/// The same, where JSON is to come.
pub async fn json(shop: &Shop, request: Outgoing) -> Result<Value, Unanswered> {
    read(&bytes(shop, request).await?).ok_or_else(Unanswered::nonsense)
}

/// JSON in UTF-8; `None` for anything else.
pub fn read(bytes: &[u8]) -> Option<Value> {
    json::parse(std::str::from_utf8(bytes).ok()?).ok()
}
