//! Attempts to order that were refused: what was to be ordered, by whom, and why not. The oldest go after 90 days.

use super::{
    App, Outcome, Refusal,
    account::Account,
    fraud::Reasons,
    gateway::Gateway,
    list::{self, Page},
    money::Amount,
    time::DAY,
    webhook::Subject,
};

pub mod sql;

/// So long an attempt is kept, in milliseconds.
pub const KEPT: i64 = 90 * DAY;

#[derive(Debug, Clone, PartialEq)]
pub struct Blocked {
    /// The reference number that the buyer was told.
    pub id: String,
    /// The payment link that was started.
    pub payment_id: Option<String>,
    pub product_id: String,
    pub product_title: String,
    pub email: Option<String>,
    pub ip_address: Option<String>,
    /// As `orders.network`.
    pub network: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    pub user_agent: Option<String>,
    pub price: Amount,
    pub quantity: u32,
    pub gateway: Gateway,
    /// JSON, as rules read them.
    pub facts: String,
    pub reasons: Reasons,
    pub test: bool,
    pub created_at: i64,
}

impl Subject for Blocked {
    fn id(&self) -> &str {
        &self.id
    }
}

/// Newest first. `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Blocked>> {
    let answers = account.db(app)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::blocked)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Blocked> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::blocked(&row)?)
}
