//! How a verb ends that does not do what it was asked: the shop says no, or machinery is broken. The two are never mixed.

use super::{
    money::{Amount, Currency},
    stock::Taken,
};
use crate::platform::{CommitError, Fault};

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
        /// Its name, as orders show it.
        gateway: &'static str,
        currency: Currency,
    },
    /// The coin's network would not carry so little, or its owner could not spend it. The least that works.
    TooSmall {
        gateway: &'static str,
        least: Amount,
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
    SerialsTaken(Vec<Taken>),
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
        if no.names("idempotency.key") {
            Error::Refused(Refusal::RequestInProgress)
        } else {
            Error::Fault(no.into_fault())
        }
    }
}

pub type Outcome<T> = Result<T, Error>;
