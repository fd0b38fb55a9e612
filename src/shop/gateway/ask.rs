//! Asking a gateway's server: one call, bounded in time and size. What it answers is untrusted, and what it writes when it says no
//! is never logged as it is: it may repeat a key (`quoted`).

use crate::shop::error::GatewayRefusal;
use serde::de::DeserializeOwned;
use url::Url;

use super::SyncError;
use crate::{
    json,
    platform::{FetchError, HttpRequest, ServerUrl},
    shop::{App, Error, Refusal},
};

/// Milliseconds. A buyer waits meanwhile.
const TIMEOUT: u32 = 10_000;
/// Bytes; a payment with all its refunds and disputes has a tenth.
const LIMIT: usize = 256 << 10;

/// Seconds that whoever wants to pay is told to wait when nobody answers.
const RETRY_AFTER: u32 = 30;

/// Why a call has no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    cause: Cause,
    /// The server's own word for it, where there is one: an error code.
    pub code: Option<String>,
    /// What came with the status, for who can read it.
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Nobody answered.
    Fetch(FetchError),
    /// The answer broke off, or did not end in time.
    BreaksOff,
    /// There is more of the answer than is read.
    TooLarge,
    /// JSON, but not what was to come; or no JSON.
    Nonsense,
    /// Another status than 2xx.
    Status(u16),
}

impl Unanswered {
    /// Whether the same call may succeed later: nobody answered, or with 409, 429 or 5xx.
    pub fn is_passing(&self) -> bool {
        self.status().is_none_or(|status| matches!(status, 409 | 429 | 500..))
    }

    /// The server took too long, or asks for fewer requests: asking the same soon would make it worse.
    pub fn is_overloaded(&self) -> bool {
        matches!(self.cause, Cause::Status(429) | Cause::Fetch(FetchError::Timeout) | Cause::BreaksOff)
    }

    /// There is more of the answer than was asked for.
    pub fn is_too_large(&self) -> bool {
        self.cause == Cause::TooLarge
    }

    /// What was answered instead of 2xx.
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::Status(status) => Some(status),
            _ => None,
        }
    }

    /// For the operator's log: the server's own word, or what happened.
    pub fn why(&self) -> String {
        match (&self.code, self.cause) {
            (Some(code), _) => code.clone(),
            (None, Cause::Fetch(error)) => error.word().to_owned(),
            (None, Cause::BreaksOff) => "the answer breaks off".into(),
            (None, Cause::TooLarge) => "the answer is too large".into(),
            (None, Cause::Nonsense) => "the answer has another shape".into(),
            (None, Cause::Status(status)) => format!("status {status}"),
        }
    }

    /// To whoever wants money to go back.
    pub fn of_refund(self) -> Error {
        match self.is_passing() {
            true => GatewayRefusal::Unavailable { retry_after: RETRY_AFTER }.into(),
            false => GatewayRefusal::RefundRefused(self.why()).into(),
        }
    }

    /// JSON, but not what was to come.
    pub fn nonsense() -> Unanswered {
        Cause::Nonsense.into()
    }
}

impl From<Cause> for Unanswered {
    fn from(cause: Cause) -> Unanswered {
        Unanswered { cause, code: None, body: Vec::new() }
    }
}

/// To whoever wants to pay.
impl From<Unanswered> for Error {
    fn from(no: Unanswered) -> Error {
        Error::Refused(match no.is_passing() {
            true => Refusal::Gateway(GatewayRefusal::Unavailable { retry_after: RETRY_AFTER }),
            false => Refusal::Gateway(GatewayRefusal::Refused(no.why())),
        })
    }
}

impl From<Unanswered> for SyncError {
    fn from(no: Unanswered) -> SyncError {
        SyncError::Unreachable(no.why())
    }
}

/// A GET, or a POST of this content type and body. What else it needs its caller adds.
pub fn call(url: String, body: Option<(&str, Vec<u8>)>) -> HttpRequest {
    let mut headers = vec![("accept".into(), "application/json".into()), ("user-agent".into(), "PushGuard".into())];
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(|(content_type, body)| {
        headers.push(("content-type".into(), content_type.to_owned()));
        body
    });
    HttpRequest { method, url, headers, body, timeout: TIMEOUT, limit: LIMIT }
}

/// The body of a 2xx that came whole.
pub async fn bytes(app: &App, request: HttpRequest) -> Result<Vec<u8>, Unanswered> {
    let limit = request.limit;
    match app.platform.http.fetch(request).await {
        Err(error) => Err(Cause::Fetch(error).into()),
        Ok(answer) if !(200..300).contains(&answer.status) => {
            Err(Unanswered { body: answer.body, ..Cause::Status(answer.status).into() })
        }
        Ok(answer) if answer.truncated && answer.body.len() < limit => Err(Cause::BreaksOff.into()),
        Ok(answer) if answer.truncated => Err(Cause::TooLarge.into()),
        Ok(answer) => Ok(answer.body),
    }
}

/// The same, where JSON is to come.
pub async fn json<T: DeserializeOwned>(app: &App, request: HttpRequest) -> Result<T, Unanswered> {
    read(&bytes(app, request).await?).ok_or_else(Unanswered::nonsense)
}

/// Whether a gateway's page is one that a buyer may be sent to. `insecure` allows plain http.
pub fn is_page(url: &str, insecure: bool) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "https" || insecure && url.scheme() == "http")
}

/// JSON in UTF-8 of this shape; `None` for anything else.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    json::from_others(std::str::from_utf8(bytes).ok()?)
}

/// Characters of a server's own words that are logged.
const MAX_QUOTE: usize = 200;
/// Letters and digits in one piece: a key has that many, and few words do.
const KEY_LENGTH: usize = 16;

/// A server's own words for the log: one line, without the URL's parts and without anything that could be a key.
pub fn quoted(server: &ServerUrl, text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4 * MAX_QUOTE).collect();
    let in_piece = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
    let mut kept = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| in_piece(c) != in_piece(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        // Names of methods are as long, and have no digits.
        let is_key = piece.len() >= KEY_LENGTH && piece.bytes().any(|b| b.is_ascii_digit());
        kept.push_str(if is_key { "…" } else { piece });
        rest = after;
    }
    let parts = server.secrets().filter(|part| part.len() >= 4);
    for part in parts.filter(|part| !server.host().starts_with(part)) {
        kept = kept.replace(part, "…");
    }
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").chars().take(MAX_QUOTE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_words_are_logged_without_keys() {
        let server = ServerUrl::parse("https://eth.example/v2/my-key?token=abcd").unwrap();
        for (said, logged) in [
            ("batch limit of 3 exceeded", "batch limit of 3 exceeded"),
            (
                "the key my-key\n may not\tcall eth_getTransactionReceipt",
                "the key … may not call eth_getTransactionReceipt",
            ),
            ("abcd is unknown at eth.example", "… is unknown at eth.example"),
            ("Bearer 0123456789abcdef0123456789abcdef: no", "Bearer …: no"),
            ("unknown account 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "unknown account …"),
            ("", ""),
        ] {
            assert_eq!(quoted(&server, said), logged);
        }
        assert_eq!(quoted(&server, &"no ".repeat(1_000)).chars().count(), MAX_QUOTE);
    }
}
