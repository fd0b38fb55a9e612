//! Mails that are owed: rows of the commits whose facts they tell. What a mail says, and its
//! sending, is in `mailer`. While e-mail is off nothing is owed, and no statement is made.

use super::{App, account::Account, job::Job, time::MINUTE, time::SECOND};
use crate::platform::Statement;

/// A message has a mail sent at once. When it is lost, cron takes the mail up after this time, in
/// milliseconds.
pub const PICKUP_DELAY: i64 = MINUTE;

/// What a mail tells. There is one mail for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The order was paid: its buyer gets the goods and the receipt.
    Paid { order_id: String },
    /// What was paid for before is delivered by this revision of the order.
    Delivered { order_id: String, revision: i64 },
    /// A customer asks: the seller is told.
    Asked { query_id: String },
    /// The reply with this number: the other side is told.
    Replied { query_id: String, number: u32 },
    /// Little is left of the product since this time: the seller is told.
    RanLow { product_id: String, at: i64 },
    /// Nothing is.
    RanOut { product_id: String, at: i64 },
    /// We disabled a webhook endpoint: the seller is told.
    Disabled { endpoint_id: String, at: i64 },
}

impl Fact {
    pub fn id(&self) -> String {
        match self {
            Fact::Paid { order_id } => format!("paid:{order_id}"),
            Fact::Delivered { order_id, revision } => format!("delivered:{order_id}:{revision}"),
            Fact::Asked { query_id } => format!("asked:{query_id}"),
            Fact::Replied { query_id, number } => format!("replied:{query_id}:{number}"),
            Fact::RanLow { product_id, at } => format!("low:{product_id}:{at}"),
            Fact::RanOut { product_id, at } => format!("out:{product_id}:{at}"),
            Fact::Disabled { endpoint_id, at } => format!("disabled:{endpoint_id}:{at}"),
        }
    }

    /// `None` for a text that no version of this program wrote.
    pub fn parse(id: &str) -> Option<Fact> {
        let mut parts = id.split(':');
        let (word, subject, more) = (parts.next()?, parts.next()?.to_owned(), parts.next());
        if parts.next().is_some() {
            return None;
        }
        let number = || more?.parse().ok();
        match word {
            "paid" if more.is_none() => Some(Fact::Paid { order_id: subject }),
            "asked" if more.is_none() => Some(Fact::Asked { query_id: subject }),
            "delivered" => Some(Fact::Delivered { order_id: subject, revision: number()? }),
            "replied" => Some(Fact::Replied { query_id: subject, number: more?.parse().ok()? }),
            "low" => Some(Fact::RanLow { product_id: subject, at: number()? }),
            "out" => Some(Fact::RanOut { product_id: subject, at: number()? }),
            "disabled" => Some(Fact::Disabled { endpoint_id: subject, at: number()? }),
            _ => None,
        }
    }
}

/// A mail to be committed with its fact, and the message that has it sent.
pub struct Owed {
    pub statement: Statement,
    pub message: (Job, u32),
}

/// The mail for this fact, in `wait` milliseconds; `None` while e-mail is off.
pub fn owe(app: &App, account: &Account, fact: &Fact, wait: i64) -> Option<Owed> {
    owe_unless(app, account, fact, wait, None)
}

/// The same, unless another mail about this is still to be written, which will say it as well. One that
/// was given up says nothing.
pub fn owe_unless(app: &App, account: &Account, fact: &Fact, wait: i64, pending: Option<&Fact>) -> Option<Owed> {
    app.platform.settings.email.as_ref()?;
    let at = app.now() + wait;
    let statement = Statement::new(
        "INSERT INTO mails (account_id, id, tries, owed_at, next_at, due_at)
         SELECT ?1, ?2, 0, ?3, ?4, ?5
         WHERE NOT EXISTS (SELECT 1 FROM mails WHERE account_id = ?1 AND id = ?6 AND tries = 0 AND due_at IS NOT NULL)
         ON CONFLICT (account_id, id) DO NOTHING",
        vec![
            account.id.into(),
            fact.id().into(),
            app.now().into(),
            at.into(),
            (at + PICKUP_DELAY).into(),
            pending.unwrap_or(fact).id().into(),
        ],
    );
    let job = Job::Mail { shard: account.shard.clone(), account_id: account.id, id: fact.id() };
    Some(Owed { statement, message: (job, u32::try_from(wait / SECOND).unwrap_or(0)) })
}

/// Why a mail waits: the money of its order is disputed, or went back.
pub const NOT_COMPLETED: &str = "not_completed";

/// The mail of an order that waits for its money, in `wait` milliseconds, now that this is back. Of
/// several the one says all: what the order is then. Cron sends it.
pub fn take_up_again(app: &App, account_id: i64, order_id: &str, wait: i64) -> Vec<Statement> {
    if app.platform.settings.email.is_none() {
        return Vec::new();
    }
    // "paid" comes last.
    const WAITS: &str = "account_id = ?1 AND due_at IS NULL AND error = ?3 AND id IN (
       SELECT 'paid:' || ?2 UNION ALL
       SELECT id FROM mails WHERE account_id = ?1 AND id > 'delivered:' || ?2 || ':' AND id < 'delivered:' || ?2 || ';')";
    let (at, args) = (app.now() + wait, [account_id.into(), order_id.into(), NOT_COMPLETED.into()]);
    vec![
        Statement::new(
            format!(
                "UPDATE mails SET tries = 0, owed_at = ?4, next_at = ?4, due_at = ?4, error = NULL
                 WHERE account_id = ?1 AND id = (SELECT id FROM mails WHERE {WAITS} ORDER BY id DESC LIMIT 1)"
            ),
            args.iter().cloned().chain([at.into()]).collect(),
        ),
        Statement::new(format!("DELETE FROM mails WHERE {WAITS}"), args.into()),
    ]
}

/// The mail for a fact that holds only if the row of a product is so in the commit itself:
/// `condition` is SQL over it. Cron sends it, since nobody knows before the commit whether there is
/// one.
pub fn owe_if(app: &App, account_id: i64, fact: &Fact, product_id: &str, condition: &str) -> Option<Statement> {
    app.platform.settings.email.as_ref()?;
    Some(Statement::new(
        format!(
            "INSERT INTO mails (account_id, id, tries, owed_at, next_at, due_at)
             SELECT ?1, ?2, 0, ?3, ?3, ?3
             WHERE EXISTS (SELECT 1 FROM products WHERE account_id = ?1 AND id = ?4 AND {condition})
             ON CONFLICT (account_id, id) DO NOTHING"
        ),
        vec![account_id.into(), fact.id().into(), app.now().into(), product_id.into()],
    ))
}

/// The mail for a fact that a job of cron's or of a queue finds, which has no message for it: cron
/// sends it.
pub fn owe_later(app: &App, account_id: i64, fact: &Fact) -> Option<Statement> {
    app.platform.settings.email.as_ref()?;
    Some(Statement::new(
        "INSERT INTO mails (account_id, id, tries, owed_at, next_at, due_at)
         VALUES (?1, ?2, 0, ?3, ?3, ?3) ON CONFLICT (account_id, id) DO NOTHING",
        vec![account_id.into(), fact.id().into(), app.now().into()],
    ))
}

#[cfg(test)]
mod tests {
    use super::Fact;

    #[test]
    fn a_fact_survives_its_row() {
        let id = || "3b0c6d4e-0d39".to_owned();
        for fact in [
            Fact::Paid { order_id: id() },
            Fact::Delivered { order_id: id(), revision: 7 },
            Fact::Asked { query_id: id() },
            Fact::Replied { query_id: id(), number: 500 },
            Fact::RanLow { product_id: id(), at: 1_700_000_000_000 },
            Fact::RanOut { product_id: id(), at: 1_700_000_000_000 },
            Fact::Disabled { endpoint_id: id(), at: 1_700_000_000_000 },
        ] {
            assert_eq!(Fact::parse(&fact.id()), Some(fact));
        }
        for other in ["", "paid", "paid:a:1", "low:a", "low:a:b", "low:a:1:2", "replied:a:-1", "danced:a"] {
            assert_eq!(Fact::parse(other), None, "{other}");
        }
    }
}
