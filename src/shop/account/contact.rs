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

/// For `Contact::read`.
pub fn of(account_id: i64) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM shops WHERE account_id = ?1"), vec![account_id.into()])
}

/// The contact of an account, in one round trip.
pub async fn get(app: &App, account: &Account) -> Result<Contact, Fault> {
    let Some(row) = account.db(app)?.row(of(account.id)).await? else { return Ok(Contact::default()) };
    row.read(|row| Ok(Contact::read(row)))
}
