//! Settings of gateways that are no wallets: what a seller's PayPal or Stripe account is reached by.

use crate::{
    platform::{Fault, Row, Statement},
    shop::{App, text::email, vault},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    PayPalEmail,
    PayPalClientId,
    PayPalClientSecret,
    PayPalWebhookId,
    StripeSecretKey,
    StripeWebhookSecret,
}

/// Why a setting was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It doesn't look like what it should be.
    Format,
    /// A test mode's key where real money is taken: it would give goods away.
    TestMode,
    /// A key that moves real money where none must move.
    LiveMode,
}

/// What an account's payments move.
#[derive(Debug, Clone, Copy)]
pub struct Money {
    /// None at all: it is a test account.
    pub test: bool,
    /// Real money. A deployment on a test network moves neither.
    pub real: bool,
}

/// A setting that has a value.
pub struct Set {
    pub setting: Setting,
    pub value: String,
}

/// `None` takes it away.
pub type Change = (Setting, Option<String>);

impl Setting {
    pub const ALL: [Setting; 6] = [
        Setting::PayPalEmail,
        Setting::PayPalClientId,
        Setting::PayPalClientSecret,
        Setting::PayPalWebhookId,
        Setting::StripeSecretKey,
        Setting::StripeWebhookSecret,
    ];

    /// Gateway and name, as on the wire and in the table.
    pub fn path(self) -> (&'static str, &'static str) {
        match self {
            Setting::PayPalEmail => ("paypal", "email"),
            Setting::PayPalClientId => ("paypal", "client_id"),
            Setting::PayPalClientSecret => ("paypal", "client_secret"),
            Setting::PayPalWebhookId => ("paypal", "webhook_id"),
            Setting::StripeSecretKey => ("stripe", "secret_key"),
            Setting::StripeWebhookSecret => ("stripe", "webhook_secret"),
        }
    }

    /// Whether it can be shown to nobody. A client id stands in every page that shows PayPal's button, and a webhook's id opens nothing.
    pub fn is_secret(self) -> bool {
        !matches!(self, Setting::PayPalEmail | Setting::PayPalClientId | Setting::PayPalWebhookId)
    }

    /// By its form only: whether PayPal or Stripe know it, a payment will tell.
    pub fn check(self, text: &str, money: Money) -> Result<(), Bad> {
        let is_key = |text: &str, least: usize, others: &str| {
            (least..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
        };
        let good = match self {
            Setting::PayPalEmail => email::parse(text).is_ok(),
            Setting::PayPalClientId | Setting::PayPalClientSecret => is_key(text, 20, "-_"),
            Setting::PayPalWebhookId => is_key(text, 8, "-"),
            Setting::StripeWebhookSecret => text.strip_prefix("whsec_").is_some_and(|rest| is_key(rest, 16, "+/=_-")),
            Setting::StripeSecretKey => {
                let after = |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| is_key(rest, 16, "_"));
                let test = after("sk_test_") || after("rk_test_");
                let live = after("sk_live_") || after("rk_live_");
                match () {
                    () if test && money.real => return Err(Bad::TestMode),
                    () if live && money.test => return Err(Bad::LiveMode),
                    () => test || live,
                }
            }
        };
        if good { Ok(()) } else { Err(Bad::Format) }
    }
}

fn place(account_id: i64, setting: Setting) -> String {
    let (gateway, name) = setting.path();
    format!("{gateway}.{name}:{account_id}")
}

pub fn write(app: &App, account_id: i64, (setting, value): &Change) -> Result<Statement, Fault> {
    let (gateway, name) = setting.path();
    let Some(value) = value else {
        return Ok(Statement::new(
            "DELETE FROM gateway_settings WHERE account_id = ?1 AND gateway = ?2 AND name = ?3",
            vec![account_id.into(), gateway.into(), name.into()],
        ));
    };
    let sealed = vault::seal(&app.platform.settings.vault_keys, &place(account_id, *setting), value, app.random())?;
    Ok(Statement::new(
        "INSERT INTO gateway_settings (account_id, gateway, name, value) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (account_id, gateway, name) DO UPDATE SET value = ?4",
        vec![account_id.into(), gateway.into(), name.into(), sealed.into()],
    ))
}

/// Those of one gateway.
pub fn of(account_id: i64, gateway: &str) -> Statement {
    Statement::new(
        "SELECT gateway, name, value FROM gateway_settings WHERE account_id = ?1 AND gateway = ?2",
        vec![account_id.into(), gateway.into()],
    )
}

pub fn read(app: &App, account_id: i64, rows: &[Row]) -> Result<Vec<Set>, Fault> {
    let sets = rows.iter().map(|row| from_row(app, account_id, row));
    sets.filter_map(Result::transpose).collect()
}

/// The value of one, if it is set.
pub fn value(sets: &[Set], setting: Setting) -> Option<&str> {
    sets.iter().find(|set| set.setting == setting).map(|set| set.value.as_str())
}

pub fn all(account_id: i64) -> Statement {
    Statement::new("SELECT gateway, name, value FROM gateway_settings WHERE account_id = ?1", vec![account_id.into()])
}

/// `None` for a setting that only a later version knows.
pub fn from_row(app: &App, account_id: i64, row: &Row) -> Result<Option<Set>, Fault> {
    let (gateway, name, sealed) = row.read(|row| Ok((row.text(), row.text(), row.text())))?;
    let known = Setting::ALL.into_iter().find(|setting| setting.path() == (gateway.as_str(), name.as_str()));
    let Some(setting) = known else {
        return Ok(None);
    };
    let value = vault::open(&app.platform.settings.vault_keys, &place(account_id, setting), &sealed)?;
    Ok(Some(Set { setting, value }))
}
