//! Orders in review: their risk is above the product's limit, and money doesn't complete them. Most are so from their start. What a
//! card adds to the risk is known once it has paid, and is judged before that payment would complete the order.

use super::{Order, ledger};
use crate::{
    json,
    platform::{Fault, Row, Statement},
    shop::{
        fraud::{self, Reasons},
        gateway::{EntryKind, LedgerEntry, Observation, PaymentRecord},
        time::DAY,
    },
};

/// Whether the risk of an order holds it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Review {
    /// Nothing held it yet.
    #[default]
    None = 0,
    /// Until its seller approves or completes it.
    Held = 1,
    /// Its seller has let it pass: no risk holds it again.
    Approved = 2,
}

impl Review {
    /// From the number that the table has.
    pub fn from_code(code: i64) -> Review {
        match code {
            1 => Review::Held,
            2 => Review::Approved,
            _ => Review::None,
        }
    }

    pub fn code(self) -> i64 {
        self as i64
    }

    /// What it is once the seller has let the order pass.
    pub fn passed(self) -> Review {
        if self == Review::Held { Review::Approved } else { self }
    }
}

/// The payment by card that an observation tells of: of several the latest.
pub fn card_payment(seen: &Observation) -> Option<&LedgerEntry> {
    let Observation::Ledger(_, entries) = seen else { return None };
    let by_card = entries.iter().filter(|entry| entry.kind == EntryKind::Paid && entry.card.is_some());
    by_card.max_by_key(|entry| ledger::of_charge(entry))
}

/// What is judged of it: the reasons of the order's start, and when else this card has paid.
pub fn look(account_id: i64, order_id: &str, payment: &LedgerEntry) -> Statement {
    let times = fraud::CARD_TIMES;
    let key = payment.card.as_ref().and_then(|card| card.key.clone());
    Statement::new(
        format!(
            "SELECT reasons, (SELECT json_group_array(at) FROM (
               SELECT at FROM movements INDEXED BY movements_card
               WHERE account_id = ?1 AND card = ?3 AND card IS NOT NULL AND at > ?4 AND order_id <> ?2
               ORDER BY at DESC LIMIT {times}))
             FROM orders WHERE account_id = ?1 AND id = ?2"
        ),
        vec![account_id.into(), order_id.into(), key.into(), (payment.at - DAY).into()],
    )
}

/// Judges what a payment by card tells, if it is news: the order's risk, and whether it is held. Answers what is to be written;
/// `None`: there is nothing to judge. `row` is that of `look`.
pub fn judge(
    order: &mut Order,
    known: &PaymentRecord,
    payment: &LedgerEntry,
    row: &Row,
) -> Result<Option<Statement>, Fault> {
    if order.session.is_none() || ledger::fresh(&known.movements, std::slice::from_ref(payment)).is_empty() {
        return Ok(None);
    }
    let Some(card) = &payment.card else { return Ok(None) };
    let (reasons, times) = row.read(|row| Ok((row.text(), row.text())))?;
    let unreadable = || Fault("an order's reasons can't be read".into());
    let mut reasons: Reasons = json::from_text(&reasons).ok_or_else(unreadable)?;
    let times: Vec<i64> = json::from_text(&times).ok_or_else(unreadable)?;
    reasons.add_card(card, order.buyer.country_code.as_deref(), &times, payment.at);
    order.risk_level = reasons.risk_level;
    let passes = order.accepted || order.paid_at.is_some() || order.review == Review::Approved;
    if reasons.outcome == fraud::Outcome::Review && !passes {
        order.review = Review::Held;
    }
    // The guard of the order's own update holds this one as well.
    Ok(Some(Statement::new(
        "UPDATE orders SET risk_level = ?3, reasons = ?4 WHERE account_id = ?1 AND id = ?2",
        vec![
            order.account_id.into(),
            order.id.as_str().into(),
            order.risk_level.into(),
            json::to_text(&reasons).into(),
        ],
    )))
}
