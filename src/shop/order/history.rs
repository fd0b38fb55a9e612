//! What moved an order, from its payment to what its seller did by hand: by whom, and why.

use super::{Order, Status, sql};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{App, Outcome, Refusal, account::Account},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Money came or went, as a chain, PayPal or Stripe told.
    Gateway,
    Seller,
    System,
}

impl Actor {
    pub const ALL: [Actor; 3] = [Actor::Gateway, Actor::Seller, Actor::System];

    pub fn word(self) -> &'static str {
        match self {
            Actor::Gateway => "gateway",
            Actor::Seller => "seller",
            Actor::System => "system",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Money came or went, or nothing was to be paid.
    Payment,
    /// The seller's server gave the goods or failed to, or stock came.
    Delivery,
    /// The seller let an order in review pass.
    Approve,
    /// The seller took what had come.
    Complete,
    /// The seller had it delivered again.
    Deliver,
    /// A serial took the place of a bad one.
    Replace,
    Refund,
    /// The seller listed its buyer.
    Blacklist,
    /// A mail to the buyer was given up.
    Mail,
    /// The seller wrote something down.
    Note,
}

impl Action {
    pub const ALL: [Action; 10] = [
        Action::Payment,
        Action::Delivery,
        Action::Approve,
        Action::Complete,
        Action::Deliver,
        Action::Replace,
        Action::Refund,
        Action::Blacklist,
        Action::Mail,
        Action::Note,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Action::Payment => "payment",
            Action::Delivery => "delivery",
            Action::Approve => "approve",
            Action::Complete => "complete",
            Action::Deliver => "deliver",
            Action::Replace => "replace",
            Action::Refund => "refund",
            Action::Blacklist => "blacklist",
            Action::Mail => "mail",
            Action::Note => "note",
        }
    }
}

/// Why an order changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub actor: Actor,
    pub action: Action,
    pub note: Option<String>,
}

impl Cause {
    pub fn of(actor: Actor, action: Action) -> Cause {
        Cause { actor, action, note: None }
    }

    pub fn noting(self, note: impl Into<String>) -> Cause {
        Cause { note: Some(note.into()), ..self }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub at: i64,
    pub from: Status,
    pub to: Status,
    pub actor: Actor,
    pub action: Action,
    pub note: Option<String>,
}

/// Of one order. Whoever acts more often on one finds the first of it here.
const MAX_ENTRIES: u32 = 1_000;

/// All of it, oldest first. An order from before there was a history has none.
pub async fn list(app: &App, account: &Account, order_id: &str) -> Outcome<Vec<Entry>> {
    let [orders, entries] =
        account.db(app)?.batch([sql::by_id(account.id, order_id), entries(account.id, order_id)]).await?;
    if orders.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    Ok(entries.iter().map(entry).collect::<Result<_, _>>()?)
}

/// For the commit that moves it.
pub fn note(order: &Order, from: Status, cause: &Cause, at: i64) -> Statement {
    Statement::new(
        "INSERT INTO order_history (account_id, order_id, n, at, from_status, to_status, actor, action, note)
         SELECT ?1, ?2, COALESCE(MAX(n), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8
         FROM order_history WHERE account_id = ?1 AND order_id = ?2",
        vec![
            order.account_id.into(),
            (&order.id).into(),
            at.into(),
            from.code().into(),
            order.status.code().into(),
            cause.actor.word().into(),
            cause.action.word().into(),
            cause.note.clone().into(),
        ],
    )
}

/// A line about an order that stays as it is, if `condition` holds: SQL over the account `?1` and `key`, which is `?2`.
pub fn note_if(account_id: i64, order_id: &str, cause: &Cause, at: i64, condition: &str, key: &str) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO order_history (account_id, order_id, n, at, from_status, to_status, actor, action, note)
             SELECT ?1, ?3,
                    (SELECT COALESCE(MAX(n), 0) + 1 FROM order_history WHERE account_id = ?1 AND order_id = ?3),
                    ?4, status, status, ?5, ?6, ?7
             FROM orders WHERE account_id = ?1 AND id = ?3 AND {condition}"
        ),
        vec![
            account_id.into(),
            key.into(),
            order_id.into(),
            at.into(),
            cause.actor.word().into(),
            cause.action.word().into(),
            cause.note.clone().into(),
        ],
    )
}

fn entries(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT at, from_status, to_status, actor, action, note FROM order_history
         WHERE account_id = ?1 AND order_id = ?2 ORDER BY n LIMIT ?3",
        vec![account_id.into(), order_id.into(), MAX_ENTRIES.into()],
    )
}

fn entry(row: &Row) -> Result<Entry, Fault> {
    row.read(|row| {
        let unknown = || Fault("an order's history has an unknown word".into());
        let at = row.int();
        let (from, to) = (Status::from_code(row.int()), Status::from_code(row.int()));
        let (actor, action) = (row.text(), row.text());
        Ok(Entry {
            at,
            from: from.ok_or_else(unknown)?,
            to: to.ok_or_else(unknown)?,
            actor: Actor::ALL.into_iter().find(|known| known.word() == actor).ok_or_else(unknown)?,
            action: Action::ALL.into_iter().find(|known| known.word() == action).ok_or_else(unknown)?,
            note: row.maybe_text(),
        })
    })
}
