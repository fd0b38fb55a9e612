//! JSON-RPC (jsonrpc.org/specification, section 6): several calls in one request. Free servers take few of them at once, and each
//! refuses more in its own way.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::super::{
    ask,
    servers::{ServerError, ServerMemory},
};
use crate::{
    json::{self, Maybe},
    platform::{HttpRequest, LogLine, ServerUrl},
    shop::App,
};

/// What is asked of a node.
#[derive(Debug, Clone)]
pub struct RpcCall {
    pub method: &'static str,
    pub params: Vec<Param>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Param {
    Text(String),
    Flag(bool),
}

/// What a node answered to one call; `None`: nothing, or an error.
#[derive(Debug, Clone, Default)]
pub struct RpcAnswer(Option<Box<RawValue>>);

impl RpcAnswer {
    pub fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// `None` where it has another shape as well.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.as_ref()?.get()).ok()
    }
}

/// A call as it is sent.
#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    /// Its place among those of one request.
    id: usize,
    method: &'static str,
    params: &'a [Param],
}

/// An answer to a call, or what is said of a request as a whole (section 5).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    /// That of the call.
    id: Maybe<usize>,
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
    /// Where a server answers no JSON-RPC.
    message: Maybe<String>,
}

/// The object that section 5.1 asks for. Some servers write a text instead.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorObject {
    message: Maybe<String>,
}

impl Response {
    /// The words of a JSON-RPC error.
    fn error(&self) -> Option<String> {
        let error = self.error.as_ref()?.get();
        let words = match serde_json::from_str(error) {
            Ok(ErrorObject { message }) => message.0,
            Err(_) => serde_json::from_str(error).ok(),
        };
        Some(words.unwrap_or_else(|| "an error without words".to_owned()))
    }
}

/// All of one request, or one for all.
enum Responses {
    Each(Vec<Response>),
    One(Response),
}

impl Responses {
    fn read(json: &RawValue) -> Option<Responses> {
        match json.get().starts_with('[') {
            true => serde_json::from_str(json.get()).ok().map(Responses::Each),
            false => serde_json::from_str(json.get()).ok().map(Responses::One),
        }
    }
}

/// A full block has a few hundred transactions of half a KB each; one that is crammed with data has some MB.
const LIMIT: usize = 12 << 20;
pub const NONSENSE: &str = "the answers are not what a node gives";

/// An error with the server's own words, as `ask::quoted` leaves them.
pub fn said(why: &str, said: Option<&str>) -> ServerError {
    said.map_or_else(|| why.into(), |said| format!("{why}; it says: {said}").into())
}

/// Several calls in one request, answered in their order (JSON-RPC 2.0, section 6); in as many requests as it takes where the
/// server refuses so many at once. A smaller batch is remembered only once it was answered, because any error can look like a
/// refusal of the batch. With them come the words of the first error.
pub async fn batch(
    app: &App,
    server: &ServerUrl,
    timeout: u32,
    calls: &[RpcCall],
) -> Result<(Vec<RpcAnswer>, Option<String>), ServerError> {
    let mut size = app.memory.of::<ServerMemory>().batch(server, app.now());
    let (mut results, mut words) = (Vec::new(), None);
    let mut refusal = None;
    let mut rest = calls;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(size.min(rest.len()));
        match request(app, server, timeout, part, size == 1).await {
            // It refuses fewer calls as well, so the refusal was not about their number.
            Ok((answers, Some(said_of))) if refusal.is_some() && answers.iter().all(RpcAnswer::is_nothing) => {
                return Err(said(NONSENSE, Some(&said_of)));
            }
            Ok((answers, said)) => {
                if let Some(line) = refusal.take() {
                    app.memory.of::<ServerMemory>().set_batch(server, size, app.now());
                    app.platform.log.write(line);
                }
                results.extend(answers);
                words = words.or(said);
                rest = after;
            }
            Err(Refused::Batch { fits, words }) if part.len() > 1 => {
                size = fits.unwrap_or(part.len() / 2).clamp(1, part.len() - 1);
                let line = LogLine::info("gateway.batch_refused").with("server", server.host());
                let line = line.with("calls", part.len() as i64).with("next", size as i64);
                refusal = Some(line.because(words));
            }
            Err(Refused::Batch { words, .. }) => return Err(said(NONSENSE, Some(&words))),
            Err(Refused::Call(no)) => return Err(no),
        }
    }
    Ok((results, words))
}

/// Why a request has no answers.
enum Refused {
    /// There were too many calls in it. How many would do, if it says so, and its own words.
    Batch {
        fits: Option<usize>,
        words: String,
    },
    Call(ServerError),
}

impl From<&str> for Refused {
    fn from(why: &str) -> Refused {
        Refused::Call(why.into())
    }
}

/// One request. `plain`: its only call goes without a list around it, for servers that know no lists.
async fn request(
    app: &App,
    server: &ServerUrl,
    timeout: u32,
    calls: &[RpcCall],
    plain: bool,
) -> Result<(Vec<RpcAnswer>, Option<String>), Refused> {
    let calls_of = calls.iter().enumerate();
    let body: Vec<Request<'_>> =
        calls_of.map(|(id, RpcCall { method, params })| Request { jsonrpc: "2.0", id, method, params }).collect();
    let body = match body.as_slice() {
        [one] if plain => json::to_text(one),
        all => json::to_text(all),
    };
    let request = ask::call(server.as_str().to_owned(), Some(("application/json", body.into_bytes())));
    let too_many = |words: &str| Refused::Batch { fits: number(words, calls.len()), words: ask::quoted(server, words) };
    let answer: Box<RawValue> = match ask::json(app, HttpRequest { timeout, limit: LIMIT, ..request }).await {
        Ok(answer) => answer,
        Err(no) => {
            let words = message(&no.body);
            let about_size = matches!(no.status(), Some(400 | 413)) || of_batches(&words);
            if about_size && calls.len() > 1 {
                return Err(too_many(&words));
            }
            let words = ask::quoted(server, &words);
            let mut no = ServerError::from(no);
            if !words.is_empty() {
                no.why = format!("{}; it says: {words}", no.why);
            }
            return Err(Refused::Call(no));
        }
    };
    let answers = match Responses::read(&answer).ok_or(NONSENSE)? {
        Responses::Each(answers) => answers,
        Responses::One(one) if plain => vec![one],
        // One error for all of them.
        Responses::One(one) => {
            let words = one.error().ok_or(NONSENSE)?;
            return Err(match calls.len() > 1 && !is_rate_limit(&words) {
                true => too_many(&words),
                false => Refused::Call(said(NONSENSE, Some(&ask::quoted(server, &words)))),
            });
        }
    };
    if answers.is_empty() || answers.len() > calls.len() {
        return Err(NONSENSE.into());
    }
    let errors = || answers.iter().filter_map(Response::error);
    if let Some(words) = errors().find(|words| calls.len() > 1 && of_batches(words)) {
        return Err(too_many(&words));
    }
    if answers.len() < calls.len() {
        return Err(Refused::Batch { fits: Some(answers.len()), words: "it answers fewer calls".into() });
    }
    let words = errors().next().map(|words| ask::quoted(server, &words));
    let mut results = vec![RpcAnswer::default(); calls.len()];
    for Response { id, result, .. } in answers {
        if let Some(place) = id.and_then(|id| results.get_mut(id)) {
            *place = RpcAnswer(result);
        }
    }
    Ok((results, words))
}

/// What a body says that came with another status than 2xx: JSON-RPC's error, a `message`, or a text.
fn message(body: &[u8]) -> String {
    let Some(json) = ask::read::<Box<RawValue>>(body) else {
        return std::str::from_utf8(body).unwrap_or_default().to_owned();
    };
    match Responses::read(&json) {
        Some(Responses::Each(all)) => all.iter().find_map(Response::error).unwrap_or_default(),
        Some(Responses::One(one)) => one.error().or(one.message.0).unwrap_or_default(),
        None => String::new(),
    }
}

fn of_batches(words: &str) -> bool {
    words.to_ascii_lowercase().contains("batch")
}

fn is_rate_limit(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    !of_batches(&words) && ["rate", "too many requests", "limit exceeded"].iter().any(|part| words.contains(part))
}

/// The first number in a text that is smaller than the calls that were sent.
fn number(words: &str, calls: usize) -> Option<usize> {
    let numbers = words.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    numbers.into_iter().find(|number| (1..calls).contains(number))
}
