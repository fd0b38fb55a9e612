//! How a verb ends that does not do what it was asked: the shop says no, or machinery is broken. The two are never mixed.

use super::{
    money::{Amount, Currency},
    stock::Taken,
};
use crate::platform::{CommitError, Fault};

/// The shop says no, in a group for each of its rooms. A dialect has words for each; adding one doesn't compile until all
/// dialects have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not there, or another account's: the two look the same.
    NotFound,
    /// It was changed since it was read.
    Conflict,
    Account(AccountRefusal),
    Payment(PaymentRefusal),
    Gateway(GatewayRefusal),
    Order(OrderRefusal),
    Catalog(CatalogRefusal),
    Blacklist(BlacklistRefusal),
    Feedback(FeedbackRefusal),
    Query(QueryRefusal),
    Webhook(WebhookRefusal),
    Script(ScriptRefusal),
    Idempotency(IdempotencyRefusal),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRefusal {
    EmailTaken,
    /// Another shop of the deployment is at this address.
    SlugTaken,
    /// The operator has disabled the account: nothing new is begun.
    Disabled,
    /// The account could not be changed right now, and is what it was; try again in so many seconds.
    Busy {
        retry_after: u32,
    },
    /// Only a test account has a simulated chain.
    NotATestAccount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentRefusal {
    /// The link was destroyed by its seller.
    Destroyed,
    /// The link was made too long ago.
    Expired,
    /// A payment with money in it can't be destroyed.
    HasPayments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRefusal {
    /// The account has no wallet for this gateway.
    NotConfigured,
    /// Of several gateways that were named it has these not set up, by their names.
    SomeNotConfigured(Vec<&'static str>),
    /// The gateway does not answer; try again in so many seconds.
    Unavailable { retry_after: u32 },
    /// The gateway answers, and opens no payment. Its word for why, which is no secret.
    Refused(String),
    /// It answers, and sends no money back. Its word for why.
    RefundRefused(String),
    /// Money goes back at the gateway itself: it takes no requests for this payment.
    CanNotRefund,
    /// No rate is fresh enough for a quote; try again in so many seconds.
    NoRate { retry_after: u32 },
    /// Rates are known, and none of them is for this currency.
    NoRateFor {
        /// Its name, as orders show it.
        gateway: &'static str,
        currency: Currency,
    },
    /// The coin's network would not carry so little, or its owner could not spend it. The least that works.
    TooSmall { gateway: &'static str, least: Amount },
    /// The price can't be expressed in the coin: an amount out of range.
    NotQuotable,
    /// As many orders wait for their payment as may; try again in so many seconds.
    TooManyOpen { retry_after: u32 },
    /// Another account has this wallet: `bitcoin xpub`.
    WalletTaken(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    /// A field names an order that isn't there, or is another account's.
    NotFound,
    /// Only a completed order can be spoken of.
    NotCompleted,
    /// No order is made for this buyer; the number of the attempt (`blocked`).
    Blocked(String),
    /// The order isn't waiting for a payment any more.
    NotPayable,
    /// Its seller can't complete it by hand: it is completed, refunded, or pending at its gateway.
    NotAcceptable,
    /// No risk holds it.
    NotInReview,
    /// It came through a payment: there is nothing to deliver.
    NoProduct,
    /// Nothing is delivered for an order that isn't completed.
    NotDeliverable,
    AlreadyDelivered,
    /// The product, its file or its URL is gone.
    NothingToDeliver,
    /// Only serials that were delivered are replaced.
    NotReplaceable,
    /// It has several serials, and none was named.
    SerialMissing,
    /// The named serial is none of the order's.
    SerialUnknown,
    /// It has none of this fact of its buyer, by the name of the field that asked for it.
    NoFact(&'static str),
    /// No fact of its buyer was asked for.
    NoFactWanted,
    /// No money came that could go back.
    NotRefundable,
    /// More than there is; the most that can go back.
    RefundTooLarge(Amount),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogRefusal {
    /// The account has these serials already; the first of them.
    SerialsTaken(Vec<Taken>),
    /// These are no products of the account.
    UnknownProducts(Vec<String>),
    /// The account has a coupon with this code, in whatever case.
    CodeTaken,
    /// The product is of a type that has no serials.
    NoSerials,
    /// The product would have more serials in stock than it may have.
    TooManySerials,
    /// Their texts would be more than the product can show.
    SerialsTooLarge,
    /// Too little of the product is left.
    OutOfStock,
    /// The serials of one order would be more text than can be delivered.
    OrderTooLarge,
    /// The coupon ran out since the price was made.
    CouponNotValid,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlacklistRefusal {
    /// The blacklist has this fact already.
    AlreadyListed,
    /// The account has a rule of this name.
    NameTaken,
    TooManyRules,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedbackRefusal {
    /// An order has one feedback.
    AlreadyGiven,
    /// It was given too long ago for its buyer to change it.
    TooOld,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryRefusal {
    /// The query has as many replies, or as much text, as one may have.
    Full,
    /// The buyer has asked as much about this order as may be asked.
    TooMany,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// Nothing is sent to a disabled webhook endpoint.
    EndpointDisabled,
    TooManyEndpoints,
    /// There is an endpoint of this id.
    EndpointTaken,
    /// A look through the webhook logs is running, or enough of them were looked through; try again in so many seconds.
    TooManyReplays {
        retry_after: u32,
    },
    /// The webhook secret was replaced too often within a day.
    TooManySecrets,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptRefusal {
    /// The seller has not turned scripts on.
    Off,
    TooMany,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyRefusal {
    /// A request under the same idempotency key is not finished yet.
    InProgress,
    /// The idempotency key was used for another request.
    KeyReused,
}

macro_rules! groups {
    ($($group:ident($refusal:ident))*) => {$(
        impl From<$refusal> for Refusal {
            fn from(refusal: $refusal) -> Self {
                Refusal::$group(refusal)
            }
        }

        impl From<$refusal> for Error {
            fn from(refusal: $refusal) -> Self {
                Error::Refused(refusal.into())
            }
        }
    )*};
}

groups! {
    Account(AccountRefusal) Payment(PaymentRefusal) Gateway(GatewayRefusal) Order(OrderRefusal) Catalog(CatalogRefusal)
    Blacklist(BlacklistRefusal) Feedback(FeedbackRefusal) Query(QueryRefusal) Webhook(WebhookRefusal)
    Script(ScriptRefusal) Idempotency(IdempotencyRefusal)
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
            IdempotencyRefusal::InProgress.into()
        } else {
            Error::Fault(no.into_fault())
        }
    }
}

pub type Outcome<T> = Result<T, Error>;
