//! How buyers reach the seller: what the pages show beside "contact".

use super::Account;
use crate::{
    platform::{Fault, Reader, Statement},
    shop::App,
};

/// The seller's public addresses. They are never the account's own e-mail, which is a user name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    pub email: Option<String>,
    pub url: Option<String>,
}

/// Its columns in `shops`.
pub const COLUMNS: &str = "contact_email, contact_url";

impl Contact {
    pub fn read(row: &mut Reader<'_>) -> Contact {
        Contact { email: row.maybe_text(), url: row.maybe_text() }
    }
}

/// How buyers get from an order to the seller and to the shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Front {
    pub contact: Contact,
    /// Of the shop's pages; empty where it has none, because the operator has closed it.
    pub slug: String,
    /// Whether the storefront is shown. Its contact form is there in any case.
    pub listed: bool,
}

/// Its columns in `shops`.
pub const FRONT_COLUMNS: &str = "contact_email, contact_url, IIF(disabled_at IS NULL, slug, '') AS open_slug, listed";

impl Front {
    pub fn read(row: &mut Reader<'_>) -> Front {
        Front { contact: Contact::read(row), slug: row.text(), listed: row.flag() }
    }
}

/// For `Front::read`.
pub fn of(account_id: i64) -> Statement {
    Statement::new(format!("SELECT {FRONT_COLUMNS} FROM shops WHERE account_id = ?1"), vec![account_id.into()])
}

/// In one round trip.
pub async fn get(app: &App, account: &Account) -> Result<Front, Fault> {
    let Some(row) = account.db(app)?.row(of(account.id)).await? else { return Ok(Front::default()) };
    row.read(|row| Ok(Front::read(row)))
}
