//! What the shop asks of the world, as small traits. `cloudflare` answers with D1, KV, queues and fetch; the native
//! tests answer with SQLite in memory and a web that they script. Nothing above this file knows which.

use std::{any::Any, fmt, rc::Rc};

mod constraint;
mod email;
mod log;
mod request_counter;
mod row;
mod settings;

pub use constraint::{CommitError, Constraint};
pub use email::{EMAIL_BINDING, EmailService, EmailSettings};
pub use log::{Level, LogLine};
pub use request_counter::{PERIOD, RequestCounter};
pub use row::{Packed, Reader, Row, Statement, Value};
pub use settings::{ChainSettings, ConfigError, EthereumSettings, Keys, Network, ServerUrl, Settings};

/// A future of one thread: a Worker has no others.
pub use futures_util::future::LocalBoxFuture;

/// Everything outside, handed in once at the top.
#[derive(Clone)]
pub struct Platform {
    pub databases: Rc<dyn Databases>,
    pub cache: Rc<dyn Cache>,
    pub files: Rc<dyn Files>,
    pub assets: Rc<dyn Assets>,
    pub queue: Rc<dyn Queue>,
    pub http: Rc<dyn HttpClient>,
    pub mailer: Rc<dyn Mailer>,
    pub live: Rc<dyn Live>,
    pub limits: Rc<dyn Limits>,
    pub clock: Rc<dyn Clock>,
    pub random: Rc<dyn Random>,
    pub log: Rc<dyn Log>,
    pub settings: Rc<Settings>,
}

/// Machinery that broke: a database that doesn't answer, a row of the wrong shape. It is logged once at the door and
/// shown to a client as a bare 500. Saying no to a client is a refusal and never one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The databases of a deployment. An account lives whole in one of them, its shard.
pub trait Databases {
    /// Where the directory of accounts is kept: e-mail, key hash, shard.
    fn directory(&self) -> Rc<dyn Db>;
    /// The database with this binding name, as an account's directory row names it.
    fn shard(&self, name: &str) -> Result<Rc<dyn Db>, Fault>;
    /// All shards, for cron, which walks them.
    fn shards(&self) -> Vec<String>;
}

/// The rows of each statement of a batch, in their order.
pub type Answers = Vec<Vec<Row>>;

/// One database. Every call is one round trip, however many statements it carries.
pub trait Db {
    /// Reads, from the nearest replica. One list of rows for each statement.
    fn rows<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Answers, Fault>>;
    /// Writes, on the primary, in one transaction: all or nothing. Rows are those of `RETURNING`.
    fn commit<'a>(&'a self, statements: Vec<Statement>) -> LocalBoxFuture<'a, Result<Answers, CommitError>>;
}

impl dyn Db + '_ {
    /// Reads a known number of answers: `let [orders, receipts] = db.batch([…, …]).await?`.
    pub async fn batch<const N: usize>(&self, statements: [Statement; N]) -> Result<[Vec<Row>; N], Fault> {
        exactly(self.rows(statements.into()).await?)
    }

    /// Reads the first row of a statement.
    pub async fn row(&self, statement: Statement) -> Result<Option<Row>, Fault> {
        let [rows] = self.batch([statement]).await?;
        Ok(rows.into_iter().next())
    }

    /// `commit` with a known number of answers.
    pub async fn commit_batch<const N: usize>(&self, statements: [Statement; N]) -> Result<[Vec<Row>; N], CommitError> {
        Ok(exactly(self.commit(statements.into()).await?)?)
    }
}

fn exactly<const N: usize>(answers: Answers) -> Result<[Vec<Row>; N], Fault> {
    let count = answers.len();
    answers.try_into().map_err(|_| Fault(format!("the database gave {count} answers instead of {N}")))
}

/// The answers of the first `N` statements of a batch, and those of the others.
pub fn first_answers<const N: usize>(mut answers: Answers) -> Result<([Vec<Row>; N], Answers), Fault> {
    let others = answers.split_off(N.min(answers.len()));
    Ok((exactly(answers)?, others))
}

/// The answers of the last `N` statements of a batch.
pub fn last_answers<const N: usize>(mut answers: Answers) -> Result<[Vec<Row>; N], Fault> {
    exactly(answers.split_off(answers.len().saturating_sub(N)))
}

/// Small facts near every reader. A value may be up to a minute old, except where it was just written.
pub trait Cache {
    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<String>, Fault>>;
    /// `seconds`: how long it is kept; `None` is for good.
    fn put<'a>(&'a self, key: &'a str, value: &'a str, seconds: Option<u32>) -> LocalBoxFuture<'a, Result<(), Fault>>;
}

/// An object's type and all of its bytes.
pub type Stored = (String, Vec<u8>);

/// Large objects under keys: what sellers upload.
pub trait Files {
    /// `mime` is the type under which it is served. Nothing is there before all of it is.
    fn put<'a>(&'a self, key: &'a str, mime: &'a str, content: Content) -> LocalBoxFuture<'a, Result<(), Fault>>;
    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<Stored>, Fault>>;
    /// So many bytes of an object from the byte `first` on, as the platform's own stream. It fails
    /// where the object ends before they do.
    fn open<'a>(
        &'a self,
        key: &'a str,
        first: u64,
        length: u64,
    ) -> LocalBoxFuture<'a, Result<Option<Rc<dyn Any>>, Fault>>;
    /// What isn't there is deleted as well.
    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), Fault>>;
}

/// Static files that were deployed with the Worker (`public/`).
pub trait Assets {
    /// A whole text file, by its path.
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>>;
    /// A whole file, by its path.
    fn bytes<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<Vec<u8>, Fault>>;
}

pub enum Content {
    Bytes(Vec<u8>),
    /// The platform's own stream, passed on unread.
    Stream(Rc<dyn Any>),
}

/// Nudges. A message may be lost, late or doubled; what is owed stands in the database.
pub trait Queue {
    /// Text messages, each with a delay in seconds (0 to 43,200).
    fn send<'a>(&'a self, lane: QueueName, messages: Vec<(String, u32)>) -> LocalBoxFuture<'a, Result<(), Fault>>;
}

/// Queues that don't wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueName {
    /// Looks at chains.
    PaymentSync,
    /// Notifications of gateways.
    Notifications,
    /// Webhooks to receivers that are expected to answer.
    Deliveries,
    /// Webhooks to receivers that failed before, or may take their time.
    Retries,
}

impl QueueName {
    pub const ALL: [QueueName; 4] =
        [QueueName::PaymentSync, QueueName::Notifications, QueueName::Deliveries, QueueName::Retries];
}

/// Outbound HTTP. Redirects are never followed, for anyone.
pub trait HttpClient {
    fn fetch<'a>(&'a self, request: HttpRequest) -> LocalBoxFuture<'a, Result<HttpResponse, FetchError>>;
}

pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// Milliseconds until it counts as `Timeout`.
    pub timeout: u32,
    /// Bytes of the answer's body that are kept; the rest is not read.
    pub limit: usize,
}

#[derive(Debug, Clone)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body went on past the limit; or, where fewer bytes than that are here, it broke off or didn't end in time.
    pub truncated: bool,
}

/// Why no answer came. These are expected; they are data, not faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchError {
    Dns,
    Tls,
    Refused,
    Timeout,
    /// Anything else that kept an answer from coming.
    Network,
}

impl FetchError {
    pub fn word(self) -> &'static str {
        match self {
            FetchError::Dns => "dns",
            FetchError::Tls => "tls",
            FetchError::Refused => "refused",
            FetchError::Timeout => "timeout",
            FetchError::Network => "network",
        }
    }
}

/// A mail, ready to be sent. Only its two parts have more than one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The sender as people see it.
    pub from_name: String,
    pub from: String,
    pub to: String,
    pub reply_to: Option<String>,
    pub subject: String,
    pub html: String,
    pub text: String,
}

/// The platform's own mail service, for a deployment that has bound it.
pub trait Mailer {
    /// Hands a mail over. The error is a word for why it wasn't taken.
    fn send<'a>(&'a self, mail: &'a Mail) -> LocalBoxFuture<'a, Result<(), String>>;
}

/// Open pages that follow an order.
pub trait Live {
    /// Tells them that it changed. Best effort: a page that misses it polls.
    fn changed<'a>(&'a self, order_id: &'a str) -> LocalBoxFuture<'a, ()>;
}

/// Who is limited: each account by its id, and everybody else by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    Account,
    Anonymous,
}

/// How often somebody may ask in a minute.
pub trait Limits {
    /// Counts one request, everywhere near, and says whether it is within the limit.
    fn allows<'a>(&'a self, who: LimitKind, key: &'a str) -> LocalBoxFuture<'a, Result<bool, Fault>>;
    /// This isolate's own count of the minute, with so many more.
    fn request_counter(&self, key: &str, more: u32, now: i64) -> u32;
}

/// Milliseconds since 1970, UTC.
pub trait Clock {
    fn now(&self) -> i64;
}

/// Bytes that nobody can guess.
pub trait Random {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operator's log. Never a secret, never a buyer's e-mail.
pub trait Log {
    fn write(&self, line: LogLine);
}
