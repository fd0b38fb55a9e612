//! Orders: what somebody wants to buy, what it costs him, and how far his payment is.

use super::{
    Outcome, Refusal, Shop,
    account::{Account, policy::Policy},
    gateway::Gateway,
    list::{self, Page},
    money::{Amount, Currency, Decimal},
    webhook::Event,
};
use crate::platform::{Fault, LogLine};
use ledger::Session;

pub mod facts;
pub mod filter;
pub mod hear;
pub mod inline;
pub mod ledger;
pub mod open;
mod pace;
pub mod renew;
pub mod sql;
pub mod test_mode;
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
    /// reorganised chain); a completed order is never unpaid again, only reversed or refunded. What was refunded may be
    /// paid anew.
    pub fn may_become(self, next: Status) -> bool {
        use Status::*;
        match self {
            Unpaid => matches!(next, HighRisk | PartiallyPaid | AwaitingConfirmations | PendingAtPayPal | Completed),
            PartiallyPaid => matches!(next, Unpaid | AwaitingConfirmations | Completed | Refunded),
            AwaitingConfirmations => matches!(next, Unpaid | PartiallyPaid | Completed),
            PendingAtPayPal => matches!(next, Unpaid | PartiallyPaid | Completed | Reversed | Refunded),
            Completed => matches!(next, Reversed | Refunded),
            Reversed => matches!(next, Completed | Refunded),
            HighRisk => matches!(next, Unpaid),
            Refunded => matches!(next, PartiallyPaid | Completed | Reversed),
        }
    }

    /// Whether money is still waited for.
    pub fn is_open(self) -> bool {
        matches!(self, Status::Unpaid | Status::PartiallyPaid | Status::AwaitingConfirmations | Status::PendingAtPayPal)
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
    /// `https://host` of this shop, where a gateway sends its notices.
    pub origin: String,
    /// The whole address of the link's page, to which a gateway's page sends the buyer back; an order without one has none.
    pub page: Option<String>,
    /// 0 for the first page at a gateway, and for each further one of the same order another number.
    pub attempt: i64,
}

impl Draft {
    /// Names the page that is opened for it: however often a gateway is asked under one key, it opens one.
    pub fn key(&self) -> String {
        if self.attempt == 0 { self.id.clone() } else { format!("{}.{}", self.id, self.attempt) }
    }
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

/// What has to be paid in coins, where, and until when the price holds. Of an order that is paid on a gateway's page it is all
/// zeros: there `Order::session` says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    /// The coin's smallest of eight decimals, as all its sums; in all: what came before counts.
    pub value: u64,
    pub address: String,
    /// The wallet's index of the address. `None`: the order has none, or has given it back.
    pub index: Option<u32>,
    pub received: u64,
    /// The lowest of its transactions.
    pub confirmations: u32,
    /// Price of one coin in the order's currency.
    pub rate: Decimal,
    pub rate_source: String,
    pub rate_at: i64,
    pub expires_at: i64,
    /// What had come when this quote was made, and how much of the price it covers, in minor units.
    pub base: u64,
    pub credit: i64,
    /// Money came after a quote had run out, and was counted at the rate of its time.
    pub late: bool,
    /// What the address held before the order, where a chain is seen as a balance.
    pub held_before: u64,
    /// Blocks up to here were read, where a chain is read block by block.
    pub cursor: Option<u32>,
}

impl Default for Invoice {
    fn default() -> Invoice {
        Invoice {
            value: 0,
            address: String::new(),
            index: None,
            received: 0,
            confirmations: 0,
            rate: Decimal::ONE,
            rate_source: String::new(),
            rate_at: 0,
            expires_at: 0,
            base: 0,
            credit: 0,
            late: false,
            held_before: 0,
            cursor: None,
        }
    }
}

impl Invoice {
    /// What is still to come.
    pub fn missing(&self) -> u64 {
        self.value.saturating_sub(self.received)
    }

    /// Whether its address is other orders' as well, so that a payment is told by its amount.
    pub fn is_shared(&self) -> bool {
        self.cursor.is_some()
    }

    /// The last four digits of all it asks for where the address is shared. Never 0: people send round sums.
    fn mark(&self) -> u64 {
        u64::from(self.index.unwrap_or_default() % 9_999) + 1
    }

    /// What is asked for where so much is due: as it is, or on a shared address the next sum that ends in the order's own
    /// four digits, less than a ten-thousandth of a coin more.
    pub fn marked(&self, due: u64) -> u64 {
        match self.is_shared() && due > 0 {
            true => due.saturating_add((10_000 + self.mark() - due % 10_000) % 10_000),
            false => due,
        }
    }

    /// Whether a payment to its address is this order's. On a shared one it is what is missing, to the digit, or it has the
    /// order's mark and could be its price, or a good part of it, at another time's rate.
    pub fn owns(&self, value: u64) -> bool {
        let near = value >= self.value / 2 && value / 2 <= self.value;
        !self.is_shared() || (value > 0 && value == self.missing()) || (value % 10_000 == self.mark() && near)
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
    /// Where it is paid, unless in coins.
    pub session: Option<Session>,
    /// Minor units that have come on the gateway's books, and that went back: refunded, reversed or lost in a dispute.
    pub paid_value: i64,
    pub refunded_value: i64,
    /// Money came on its books that it can't be paid with.
    pub strange: bool,
    /// The buyer has asked the gateway about it. No money is held.
    pub inquiry: bool,
    pub policy: Policy,
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

impl Order {
    /// What the operator's log says of a move that these events tell: that money came, or went.
    pub fn log_line(&self, events: &[Event]) -> Option<LogLine> {
        let event = match self.status {
            Status::Completed if events.contains(&Event::OrderPaid) => "order.paid",
            Status::Reversed if !events.is_empty() => "order.reversed",
            Status::Refunded if !events.is_empty() => "order.refunded",
            _ => return None,
        };
        Some(LogLine::info(event).account(self.account_id).order(&self.id).with("gateway", self.gateway.slug()))
    }

    /// The moves that lead to a status: one, or two where facts came in another order than the things they tell of. What was
    /// `paid` in full is completed on its way to whatever it is by now, so that it is told as paid in every order of facts.
    /// Empty: the order stays as it is.
    pub fn route(&self, to: Status, paid: bool) -> Vec<Status> {
        let from = self.status;
        let via = match () {
            () if paid && self.paid_at.is_none() && to != Status::Completed => Some(Status::Completed),
            () if from == to => return Vec::new(),
            () if from.may_become(to) => None,
            () => Some(Status::PartiallyPaid),
        };
        match via {
            None => vec![to],
            Some(via) if from.may_become(via) && via.may_become(to) => vec![via, to],
            Some(_) => Vec::new(),
        }
    }

    /// What happened that a seller may want to look at, in words of the API.
    pub fn exceptions(&self) -> Vec<&'static str> {
        let Invoice { value, received, late, .. } = &self.invoice;
        let paid = self.paid_at.is_some();
        [
            ("late", *late),
            ("underpaid", paid && received < value && self.status == Status::Completed),
            ("overpaid", received > value || (paid && self.paid_value > self.price.minor())),
            ("partially_refunded", self.refunded_value > 0 && self.refunded_value < self.paid_value),
            ("inquiry", self.inquiry),
            ("wrong_currency", self.strange),
            // Of coins: nobody can take them back otherwise.
            ("vanished", self.status == Status::Reversed && self.session.is_none()),
        ]
        .into_iter()
        .filter_map(|(word, holds)| holds.then_some(word))
        .collect()
    }
}

pub async fn get(shop: &Shop, account: &Account, id: &str) -> Outcome<Order> {
    let row = account.db(shop)?.row(sql::by_id(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::from_row(&row)?)
}

/// Those that the filter admits, newest first. `page` counts from 1.
pub async fn list(shop: &Shop, account: &Account, filter: &Filter, page: u32, per_page: u32) -> Outcome<Page<Order>> {
    if !filter.is_empty() {
        return filter::list(shop, account, filter, page, per_page).await;
    }
    let answers = account.db(shop)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::from_row)?)
}

/// US dollars, into which every order is converted for comparison.
pub fn dollars() -> Result<Currency, Fault> {
    Currency::parse("USD").ok_or_else(|| Fault("the currency table lacks USD".into()))
}
