//! The shop: accounts, payment links, orders, wallets and chains, webhooks. Each noun is a room.
//!
//! Every operation reads what it needs in one round trip, decides in plain code, and commits once. What it owes to
//! others (webhook logs) is part of that commit; what it says to others (queue messages, live pages) comes after it and may fail.

use futures_util::future::join_all;
use job::Job;

use crate::platform::{CommitError, Fault, LimitKind, LogLine, Platform, QueueName, Statement};

pub mod account;
pub mod blacklist;
pub mod blacklist_rule;
pub mod category;
pub mod coupon;
pub mod feedback;
pub mod gateway;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod list;
pub mod money;
pub mod order;
pub mod payment;
pub mod product;
pub mod query;
pub mod retention;
pub mod stock;
pub mod text;
pub mod time;
pub mod upload;
pub mod vault;
pub mod webhook;

/// What every verb is given: the world, and the voice in which events are told.
pub struct Shop {
    pub platform: Platform,
    pub voice: &'static dyn EventSerializer,
    /// What names of webhook receivers were found to be.
    pub names: webhook::dns::Names,
    /// How the servers that see chains behave.
    pub servers: gateway::servers::ServerMemory,
    /// Which orders were looked at while their buyer waited.
    pub inline_looks: order::inline::InlineLooks,
    /// Copies of accounts that the directory has confirmed.
    pub confirmed: account::cached::Confirmed,
}

/// How an event's body is worded. A dialect implements it, since field names and formats are the wire's.
pub trait EventSerializer {
    /// Compact JSON, as all of them.
    fn endpoint(&self, endpoint: &webhook::Endpoint) -> String;
    fn feedback(&self, feedback: &feedback::Feedback) -> String;
    fn order(&self, order: &order::Order) -> String;
    fn product(&self, product: &product::Product) -> String;
    fn query(&self, query: &query::Query) -> String;
}

impl Shop {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.platform.clock.now()
    }

    /// Sends queue messages. That may fail: what they stand for is in the database, where cron finds it.
    pub async fn enqueue(&self, messages: Vec<(Job, u32)>) {
        join_all(QueueName::ALL.map(|lane| self.send(lane, &messages))).await;
    }

    async fn send(&self, lane: QueueName, messages: &[(Job, u32)]) {
        let messages = messages.iter().filter(|(job, _)| job.lane() == lane);
        let messages: Vec<_> = messages.map(|(job, delay)| (job.to_text(), *delay)).collect();
        if messages.is_empty() {
            return;
        }
        if let Err(fault) = self.platform.queue.send(lane, messages).await {
            self.platform.log.write(LogLine::warn("queue.send_failed").because(fault));
        }
    }

    /// Counts one request under this key. A limit that doesn't answer refuses nobody: better too many requests than none.
    pub async fn allows(&self, kind: LimitKind, key: &str) -> bool {
        match self.platform.limits.allows(kind, key).await {
            Ok(allowed) => allowed,
            Err(fault) => {
                self.platform.log.write(LogLine::warn("rate_limit.unavailable").because(fault));
                true
            }
        }
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.platform.random.fill(&mut bytes);
        bytes
    }
}

/// The shop says no. A dialect has words for each; adding one doesn't compile until all dialects have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not there, or another account's: the two look the same.
    NotFound,
    /// The link was destroyed by its seller.
    Destroyed,
    /// The link was made too long ago.
    Expired,
    /// A payment with money in it can't be destroyed.
    HasPayments,
    /// The account has no wallet for this gateway.
    GatewayNotConfigured,
    /// The gateway does not answer; try again in so many seconds.
    GatewayUnavailable {
        retry_after: u32,
    },
    /// The gateway answers, and opens no payment. Its word for why, which is no secret.
    GatewayRefused(String),
    /// No rate is fresh enough for a quote; try again in so many seconds.
    NoRate {
        retry_after: u32,
    },
    /// Rates are known, and none of them is for this currency.
    NoRateFor {
        gateway: gateway::Gateway,
        currency: money::Currency,
    },
    /// The coin's network would not carry so little, or its owner could not spend it. The least that works.
    TooSmall {
        gateway: gateway::Gateway,
        least: money::Amount,
    },
    /// The price can't be expressed in the coin: an amount out of range.
    NotQuotable,
    EmailTaken,
    /// The operator has disabled the account: nothing new is begun.
    AccountDisabled,
    /// The account could not be changed right now, and is what it was; try again in so many seconds.
    AccountBusy {
        retry_after: u32,
    },
    /// Nothing is sent to a disabled webhook endpoint.
    EndpointDisabled,
    /// The blacklist has this fact already.
    AlreadyBlacklisted,
    /// An order has one feedback.
    HasFeedback,
    /// A field names an order that isn't there, or is another account's.
    NoSuchOrder,
    /// Only a completed order can be spoken of.
    OrderNotCompleted,
    /// The query has as many replies, or as much text, as one may have.
    QueryFull,
    /// The account has these serials already; the first of them.
    SerialsTaken(Vec<stock::Taken>),
    /// It was changed since it was read.
    Conflict,
    /// These are no products of the account.
    UnknownProducts(Vec<String>),
    /// The account has a rule of this name.
    NameTaken,
    TooManyRules,
    /// The account has a coupon with this code, in whatever case.
    CodeTaken,
    /// Another account has this wallet: `bitcoin xpub`.
    WalletTaken(String),
    TooManyEndpoints,
    /// A look through the webhook logs is running, or enough of them were looked through; try again in so many seconds.
    TooManyReplays {
        retry_after: u32,
    },
    /// The webhook secret was replaced too often within a day.
    TooManySecrets,
    /// A request under the same idempotency key is not finished yet.
    RequestInProgress,
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// Only a test account has a simulated chain.
    NotATestAccount,
    /// The order isn't waiting for a payment any more.
    NotPayable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    Refused(Refusal),
    Fault(Fault),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Fault(fault)
    }
}

/// A commit that a refusal was not expected of. Another request under the same idempotency key may have come before it.
impl From<CommitError> for Error {
    fn from(no: CommitError) -> Self {
        if no.is_taken("idempotency", "key") {
            Error::Refused(Refusal::RequestInProgress)
        } else {
            Error::Fault(no.into_fault())
        }
    }
}

pub type Outcome<T> = Result<T, Error>;

/// What must be committed together with a verb's own statements, made from what the verb will answer: the answer under an
/// idempotency key. It goes first, so that of two requests with one key the second stumbles over the key and nothing else.
pub type Along<'a, T> = &'a dyn Fn(&T) -> Result<Vec<Statement>, Fault>;
