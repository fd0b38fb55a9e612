//! Orders: what somebody wants to buy, what it costs him, and how far his payment is.

use super::{
    Outcome, Refusal, Shop,
    account::Account,
    gateway::Gateway,
    list::{self, Page},
    money::{Amount, Currency, Decimal},
};
use crate::world::Fault;

pub mod facts;
pub mod filter;
pub mod open;
pub mod rehearsal;
pub mod sql;
pub mod watch;

pub use filter::Filter;

/// Where an order stands; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Unpaid = 0,
    Reversed = 51,
    HighRisk = 52,
    PartiallyPaid = 53,
    AwaitingConfirmations = 54,
    PendingAtPayPal = 55,
    Refunded = 56,
    Completed = 100,
}

impl Status {
    pub fn from_code(code: i64) -> Option<Status> {
        use Status::*;
        [Unpaid, Reversed, HighRisk, PartiallyPaid, AwaitingConfirmations, PendingAtPayPal, Refunded, Completed]
            .into_iter()
            .find(|status| status.code() == code)
    }

    pub fn code(self) -> i64 {
        self as i64
    }

    /// The one table of moves. Money can go away again before an order is completed (a replaced transaction, a
    /// reorganised chain); a completed order is never unpaid again, only reversed or refunded.
    pub fn may_become(self, next: Status) -> bool {
        use Status::*;
        match self {
            Unpaid => matches!(next, HighRisk | PartiallyPaid | AwaitingConfirmations | PendingAtPayPal | Completed),
            PartiallyPaid => matches!(next, Unpaid | AwaitingConfirmations | Completed | Refunded),
            AwaitingConfirmations => matches!(next, Unpaid | PartiallyPaid | Completed),
            PendingAtPayPal => matches!(next, Unpaid | Completed | Reversed | Refunded),
            Completed => matches!(next, Reversed | Refunded),
            Reversed => matches!(next, Completed | Refunded),
            HighRisk => matches!(next, Unpaid),
            Refunded => false,
        }
    }

    /// Whether coins that arrive now still change it.
    pub fn is_open(self) -> bool {
        matches!(self, Status::Unpaid | Status::PartiallyPaid | Status::AwaitingConfirmations)
    }
}

/// What the seller asked for and what is known of the buyer.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: String,
    pub payment_id: Option<String>,
    pub product_id: String,
    pub product_title: String,
    pub price: Amount,
    pub quantity: u32,
    pub gateway: Gateway,
    /// `None`: as the seller's wallet asks.
    pub confirmations: Option<u32>,
    pub buyer: Buyer,
    /// JSON, as the seller sent it.
    pub custom: Option<String>,
    pub return_url: Option<String>,
    pub webhook_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Buyer {
    pub email: Option<String>,
    pub ip_address: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    pub user_agent: Option<String>,
    pub referral: Option<String>,
}

/// What has to be paid, where, and until when the price holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    /// Satoshi, in all: what came before counts.
    pub value: u64,
    pub address: String,
    /// The wallet's index of the address.
    pub index: u32,
    pub received: u64,
    /// The lowest of its transactions.
    pub confirmations: u32,
    /// Price of one coin in the order's currency.
    pub rate: Decimal,
    pub rate_source: String,
    pub rate_at: i64,
    pub expires_at: i64,
    /// What had come when this quote was made, in satoshi, and how much of the price it covers, in minor units.
    pub base: u64,
    pub credit: i64,
    /// Money came after a quote had run out, and was counted at the rate of its time.
    pub late: bool,
}

impl Invoice {
    /// What is still to come, in satoshi.
    pub fn missing(&self) -> u64 {
        self.value.saturating_sub(self.received)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub account_id: i64,
    pub id: String,
    /// Counts changes.
    pub revision: i64,
    pub payment_id: Option<String>,
    pub product_id: String,
    pub product_title: String,
    pub buyer: Buyer,
    pub price: Amount,
    pub quantity: u32,
    pub gateway: Gateway,
    pub confirmations_needed: u32,
    pub risk_level: u32,
    pub status: Status,
    pub delivered: Option<String>,
    /// In dollars, at the rates of the quote.
    pub usd_value: Option<Amount>,
    /// Dollars for one of the currency.
    pub exchange_rate: Option<Decimal>,
    pub invoice: Invoice,
    pub coupon_id: Option<String>,
    pub custom: Option<String>,
    pub return_url: Option<String>,
    pub webhook_url: Option<String>,
    pub test: bool,
    pub watch_turn: i64,
    pub watch_lease: Option<i64>,
    pub paid_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

pub async fn get(shop: &Shop, account: &Account, id: &str) -> Outcome<Order> {
    let rows = account.db(shop)?.rows(vec![sql::by_id(account.id, id)]).await?;
    match rows.first().and_then(|rows| rows.first()) {
        Some(row) => Ok(sql::from_row(row)?),
        None => Err(Refusal::NotFound.into()),
    }
}

/// Those that the filter admits, newest first. `page` counts from 1.
pub async fn list(shop: &Shop, account: &Account, filter: &Filter, page: u32, per_page: u32) -> Outcome<Page<Order>> {
    if !filter.is_empty() {
        return filter::list(shop, account, filter, page, per_page).await;
    }
    let rows = account.db(shop)?.rows(sql::page(account.id, page, per_page).into()).await?;
    Ok(list::read(&rows, sql::from_row)?)
}

/// US dollars, into which every order is converted for comparison.
pub fn dollars() -> Result<Currency, Fault> {
    Currency::parse("USD").ok_or_else(|| Fault("the currency table lacks USD".into()))
}
