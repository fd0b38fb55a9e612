//! Orders: what somebody wants to buy, what it costs, and how far its payment is.

use super::{
    App, Outcome, Refusal,
    account::{Account, policy::Policy},
    fraud::{Attempt, Reasons, Visitor},
    gateway::{Gateway, Invoice, PaymentRequest, PaymentTarget, Session},
    hold::Item,
    list::{self, Page},
    money::{Amount, Decimal},
    product::Product,
    webhook::{Dialect, Event, Subject},
};
use std::rc::Rc;

use crate::platform::LogLine;

pub mod action;
pub mod cart;
mod change;
pub mod delivery;
pub mod download;
pub mod dynamic;
mod facts;
pub mod filter;
pub mod fulfil;
pub mod history;
pub mod inline;
pub mod lease;
pub mod ledger;
pub mod notification;
pub mod onchain;
pub mod open;
pub mod owner;
pub mod receipt;
mod refund;
pub mod renew;
pub mod requote;
pub mod restock;
pub mod review;
pub mod schedule;
pub mod settle;
pub mod sql;
pub mod sync;
pub mod test_mode;
pub mod trial;

pub use change::{Change, Written};
pub use delivery::Delivery;
pub use filter::Filter;
pub use review::Review;

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
            PartiallyPaid => matches!(next, Unpaid | HighRisk | AwaitingConfirmations | Completed | Refunded),
            AwaitingConfirmations => matches!(next, Unpaid | PartiallyPaid | Completed),
            PendingAtPayPal => matches!(next, Unpaid | PartiallyPaid | Completed | Reversed | Refunded),
            Completed => matches!(next, Reversed | Refunded),
            // What was in review is so again when its money is back.
            Reversed => matches!(next, HighRisk | Completed | Refunded),
            // Money moves it no further; its seller does.
            HighRisk => matches!(next, Refunded | Reversed),
            Refunded => matches!(next, HighRisk | PartiallyPaid | Completed | Reversed),
        }
    }

    /// Whether its seller may complete it by hand, with what has come. A sync never asks this.
    pub fn may_be_accepted(self) -> bool {
        use Status::*;
        matches!(self, Unpaid | HighRisk | PartiallyPaid | AwaitingConfirmations)
    }

    /// Whether money is still waited for.
    pub fn is_open(self) -> bool {
        use Status::*;
        matches!(self, Unpaid | HighRisk | PartiallyPaid | AwaitingConfirmations | PendingAtPayPal)
    }
}

/// What the seller asked for and what is known of the buyer.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: String,
    pub payment_id: Option<String>,
    pub product_id: String,
    pub product_title: String,
    /// What it takes from its product; `None`: there is no product.
    pub item: Option<Item>,
    /// What is paid.
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
    /// In whose words that URL is told.
    pub webhook_dialect: Dialect,
    /// `https://host` of this shop, where a gateway sends its notifications.
    pub origin: String,
    /// The whole address of the order's page, to which a gateway's page sends the buyer back; an order without one has none.
    pub page: Option<String>,
    /// 0 for the first page at a gateway, and for each further one of the same order another number.
    pub attempt: i64,
    /// The buyer's connection.
    pub visitor: Visitor,
}

impl Draft {
    /// Nothing is paid: no gateway is asked.
    pub fn is_free(&self) -> bool {
        self.price.minor() == 0
    }

    /// What is judged of it before it becomes an order.
    fn attempt_to_buy(&self, usd_value: Option<Amount>) -> Attempt<'_> {
        Attempt {
            product_id: &self.product_id,
            product_title: &self.product_title,
            email: self.buyer.email.as_deref(),
            user_agent: self.buyer.user_agent.as_deref(),
            language: self.visitor.language.as_deref(),
            referral: self.buyer.referral.as_deref(),
            value: self.price,
            usd_value,
            quantity: self.quantity,
            gateway: self.gateway,
            custom: self.custom.as_deref(),
        }
    }

    /// What a gateway needs to open its payment.
    pub fn request(&self) -> PaymentRequest<'_> {
        PaymentRequest {
            order_id: &self.id,
            title: &self.product_title,
            price: self.price,
            quantity: self.quantity,
            email: self.buyer.email.as_deref(),
            return_url: self.return_url.as_deref(),
            origin: &self.origin,
            page: self.page.as_deref(),
            attempt: self.attempt,
        }
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

#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub account_id: i64,
    /// Its number in the account's list; 0 before it is there.
    pub seq: i64,
    pub id: String,
    /// Counts changes.
    pub revision: i64,
    /// `https://host` where the buyer was: links to the order's page begin so.
    pub origin: String,
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
    /// What was bought; `None`: there is no product. Its units are those of the quantity, if there are any.
    pub item: Option<Item>,
    /// `None` before it was paid, and where there is no product.
    pub delivery: Option<Delivery>,
    /// What the buyer got.
    pub delivered: Option<String>,
    /// Its seller has completed it by hand: what comes of money moves it no more, unless it is refunded.
    pub accepted: bool,
    pub review: Review,
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
    pub wrong_currency: bool,
    /// The buyer has asked the gateway about it. No money is held.
    pub inquiry: bool,
    pub policy: Policy,
    pub custom: Option<String>,
    pub return_url: Option<String>,
    pub webhook_url: Option<String>,
    /// In whose words that URL is told.
    pub webhook_dialect: Dialect,
    /// The number of its product in the list, when it was ordered.
    pub product_seq: Option<i64>,
    /// What its product's inputs were called then, as JSON, by their index; `None`: `custom` has names.
    pub custom_names: Option<String>,
    /// The first payment of it, by the chain's id or the gateway's.
    pub transaction_id: Option<String>,
    /// When a gateway took its money back or held it, the last time.
    pub disputed_at: Option<i64>,
    /// As it was read with the goods, for those who are told of it in an event. No column.
    pub product: Option<Rc<Product>>,
    pub test: bool,
    /// How often its file was fetched. No revision counts that.
    pub downloads: u32,
    /// When its time was over and nothing had come (`cart`).
    pub abandoned_at: Option<i64>,
    pub sync_generation: i64,
    pub sync_lease: Option<i64>,
    pub paid_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Subject for Order {
    fn id(&self) -> &str {
        &self.id
    }

    fn own_url(&self) -> Option<&str> {
        self.webhook_url.as_deref()
    }

    fn own_dialect(&self) -> Dialect {
        self.webhook_dialect
    }
}

impl Order {
    /// What a gateway needs to know of its payment.
    pub fn target(&self) -> PaymentTarget<'_> {
        PaymentTarget {
            account_id: self.account_id,
            order_id: &self.id,
            revision: self.revision,
            gateway: self.gateway,
            price: self.price,
            invoice: &self.invoice,
            session: self.session.as_ref(),
            created_at: self.created_at,
            test: self.test,
        }
    }

    /// How far its payment is: its status, but for an order in review, whose status money doesn't move.
    pub fn payment_status(&self) -> Status {
        if self.status != Status::HighRisk || self.price.minor() == 0 {
            return self.status;
        }
        let Invoice { value, received, .. } = self.invoice;
        let (came, whole) = match self.session {
            Some(_) => (self.paid_value > 0, self.paid_value >= self.price.minor()),
            None => (received > 0, received >= onchain::enough(value, self.policy.underpayment_per_mille)),
        };
        match (came, whole) {
            (_, true) => Status::HighRisk,
            (true, false) => Status::PartiallyPaid,
            (false, false) => Status::Unpaid,
        }
    }

    /// It costs nothing, and wasn't completed yet.
    pub fn is_free(&self) -> bool {
        self.price.minor() == 0 && self.status == Status::Unpaid
    }

    /// The price before discounts, of an order for a product.
    pub fn subtotal(&self) -> Option<Amount> {
        self.item.as_ref().and_then(|item| Amount::new(item.subtotal, self.price.currency()))
    }

    /// What discounts and the coupon took off, of an order for a product.
    pub fn discount(&self) -> Option<Amount> {
        self.item.as_ref().and_then(|item| Amount::new(item.subtotal - self.price.minor(), self.price.currency()))
    }

    /// Whether it has a page, which somebody may have open: it came through a link, or is for a product, whoever's page sold that.
    /// What is handed out for it is on its receipt, and its buyer's mail leads there.
    pub fn has_page(&self) -> bool {
        self.payment_id.is_some() || self.item.is_some()
    }

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

    /// The moves that lead to a status: one, or two where facts came in another order than the
    /// things they tell of. What was `paid` in full is completed on its way to whatever it is by
    /// now, so that it is told as paid in every order of facts. Empty: the order stays as it is.
    pub fn route(&self, to: Status, paid: bool) -> Vec<Status> {
        let from = self.status;
        if self.review == Review::Held {
            return self.route_in_review(to);
        }
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

    /// The same of an order in review: its money may go away, and nothing completes it.
    fn route_in_review(&self, to: Status) -> Vec<Status> {
        let to = if matches!(to, Status::Refunded | Status::Reversed) { to } else { Status::HighRisk };
        match self.status {
            from if from == to => Vec::new(),
            from if from.may_become(to) => vec![to],
            from if from.may_become(Status::HighRisk) => vec![Status::HighRisk, to],
            _ => Vec::new(),
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
            ("wrong_currency", self.wrong_currency),
            // Of coins: nobody can take them back otherwise.
            ("vanished", self.status == Status::Reversed && self.session.is_none()),
        ]
        .into_iter()
        .filter_map(|(word, holds)| holds.then_some(word))
        .collect()
    }
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Order> {
    let row = account.db(app)?.row(sql::by_id(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::from_row(&row)?)
}

/// `name` is its id, or its number in the list.
pub async fn named(app: &App, account: &Account, name: &str) -> Outcome<Order> {
    let row = account.db(app)?.row(sql::named(account.id, name)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::from_row(&row)?)
}

/// What was known when the order was begun, as JSON, and what was decided.
pub async fn risk(app: &App, account: &Account, id: &str) -> Outcome<(String, Reasons)> {
    let row = account.db(app)?.row(sql::risk(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::read_risk(&row)?)
}

/// Those that the filter admits, newest first. `page` counts from 1.
pub async fn list(app: &App, account: &Account, filter: &Filter, page: u32, per_page: u32) -> Outcome<Page<Order>> {
    list_as(app, account, filter, &sql::row(), page, per_page).await
}

/// The same with so many characters of what each delivered: an order's goods may be 400 kB.
pub async fn list_cut(
    app: &App,
    account: &Account,
    filter: &Filter,
    characters: u32,
    page: u32,
    per_page: u32,
) -> Outcome<Page<Order>> {
    list_as(app, account, filter, &sql::row_cut(characters), page, per_page).await
}

async fn list_as(
    app: &App,
    account: &Account,
    filter: &Filter,
    row: &str,
    page: u32,
    per_page: u32,
) -> Outcome<Page<Order>> {
    if !filter.is_empty() {
        return filter::list(app, account, filter, row, page, per_page).await;
    }
    let answers = account.db(app)?.batch(sql::page(account.id, row, page, per_page)).await?;
    Ok(list::read(answers, sql::from_row)?)
}
