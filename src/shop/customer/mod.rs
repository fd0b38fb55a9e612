//! Customers: the e-mails that orders came from. Triggers count them with the orders (schema/0026_customers.sql), so nothing is
//! written here; the commits that move them owe the events.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    App, Outcome, Refusal,
    account::Account,
    id,
    list::{self, Page},
    text::email,
    webhook::{Computed, Endpoint, Event, Outbox, Subject, outbox_entries_of},
};
use crate::platform::Fault;

pub mod sql;

/// As the database has it, and as an event keeps it (JSON of these fields).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its number in the account, from 1.
    pub id: i64,
    /// As the last order has it.
    pub email: String,
    pub orders: i64,
    /// Those that are complete now, and what they were worth in cents.
    pub paid_orders: i64,
    pub paid_value: i64,
    pub first_order_id: String,
    pub first_order_at: i64,
    pub last_order_id: String,
    pub last_order_at: i64,
    pub updated_at: i64,
}

/// Whose events they are before anybody knows the customer's number: of one mailbox.
struct Mailbox {
    id: String,
    /// In the form for comparing.
    key: String,
}

impl Mailbox {
    fn of(email: &str) -> Mailbox {
        let key = email::key(email);
        let digest = Sha256::digest(&key);
        Mailbox { id: id::hex(digest.get(..8).unwrap_or_default()), key }
    }
}

impl Subject for Mailbox {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What the commit owes that makes this order of the mailbox: that there is a new customer, or that one has ordered again. Which
/// of the two, and with which totals, only the commit knows: it stands behind the order in it.
pub fn ordered(
    app: &App,
    account_id: i64,
    email: &str,
    order_id: &str,
    endpoints: &[Endpoint],
) -> Result<Outbox, Fault> {
    let mailbox = Mailbox::of(email);
    let args = vec![(&mailbox.key).into(), order_id.into()];
    let made = Computed { select: sql::of_first_order, args: args.clone() };
    let again = Computed { select: sql::of_later_order, args };
    let mut owed = outbox_entries_of(app, account_id, Event::CustomerCreated, &mailbox, endpoints, &made)?;
    let more = outbox_entries_of(app, account_id, Event::CustomerUpdated, &mailbox, endpoints, &again)?;
    owed.logs.extend(more.logs);
    owed.statements.extend(more.statements);
    Ok(owed)
}

/// What the commit owes that completes an order of the mailbox, or takes that back: the customer's totals are others.
pub fn moved(app: &App, account_id: i64, email: &str, endpoints: &[Endpoint]) -> Result<Outbox, Fault> {
    let mailbox = Mailbox::of(email);
    let computed = Computed { select: sql::of_mailbox, args: vec![(&mailbox.key).into()] };
    outbox_entries_of(app, account_id, Event::CustomerUpdated, &mailbox, endpoints, &computed)
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Customer>> {
    let answers = account.db(app)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::customer)?)
}

pub async fn get(app: &App, account: &Account, id: i64) -> Outcome<Customer> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::customer(&row)?)
}
