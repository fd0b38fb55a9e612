//! What is known of an order's payment, and the statements and rows of `transactions` and `movements` that keep it.

use super::{Card, CardRisk, EntryKind, LedgerEntry};
use crate::{
    json,
    platform::{Fault, Row, Statement},
};

/// All that is known of an order's payment: outputs on a chain, or movements on a gateway's books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentRecord {
    pub receipts: Vec<OnchainPayment>,
    pub movements: Vec<LedgerEntry>,
}

/// A coin output that was seen to pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnchainPayment {
    pub txid: String,
    pub vout: u32,
    /// The coin's smallest of eight decimals.
    pub value: u64,
    /// Of its block; `None` while it is unconfirmed.
    pub height: Option<u32>,
    /// Replaced, double-spent or reorganised away.
    pub gone: bool,
    /// Or when its block was found, if that was earlier.
    pub first_seen_at: i64,
}

impl OnchainPayment {
    pub fn confirmations(&self, tip: u32) -> u32 {
        // A tip that was read before the block arrived is one too low: the block itself is a confirmation all the same.
        self.height.map_or(0, |height| tip.saturating_add(1).saturating_sub(height).max(1))
    }
}

pub fn receipts(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT txid, vout, value, height, gone, first_seen_at FROM transactions
         WHERE account_id = ?1 AND order_id = ?2 ORDER BY first_seen_at, txid, vout",
        vec![account_id.into(), order_id.into()],
    )
}

pub fn receipt(row: &Row) -> Result<OnchainPayment, Fault> {
    row.read(|row| {
        Ok(OnchainPayment {
            txid: row.text(),
            vout: row.count(),
            value: row.units(),
            height: row.maybe_int().and_then(|height| u32::try_from(height).ok()),
            gone: row.flag(),
            first_seen_at: row.int(),
        })
    })
}

pub fn put_receipt(account_id: i64, order_id: &str, receipt: &OnchainPayment) -> Statement {
    Statement::new(
        "INSERT INTO transactions (account_id, order_id, txid, vout, value, height, gone, first_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (account_id, order_id, txid, vout) DO UPDATE SET value = ?5, height = ?6, gone = ?7",
        vec![
            account_id.into(),
            order_id.into(),
            (&receipt.txid).into(),
            receipt.vout.into(),
            receipt.value.cast_signed().into(),
            receipt.height.into(),
            receipt.gone.into(),
            receipt.first_seen_at.into(),
        ],
    )
}

/// Which of these transactions are other orders' of the account already. The join is led by the list: by itself SQLite would read all
/// that the account has of such names.
pub fn taken_by_others<'a>(account_id: i64, order_id: &str, txids: impl Iterator<Item = &'a String>) -> Statement {
    let txids = json::to_text(&txids.collect::<Vec<_>>());
    Statement::new(
        "SELECT t.txid FROM json_each(?3) AS asked CROSS JOIN transactions AS t INDEXED BY transactions_shared
         WHERE t.account_id = ?1 AND t.txid = asked.value AND t.txid GLOB '0x*' AND t.order_id != ?2",
        vec![account_id.into(), order_id.into(), txids.into()],
    )
}

pub fn movements(account_id: i64, order_id: &str) -> Statement {
    Statement::new(
        "SELECT id, kind, about, value, at, card, card_country, card_risk FROM movements WHERE account_id = ?1 AND order_id = ?2",
        vec![account_id.into(), order_id.into()],
    )
}

pub fn movement(row: &Row) -> Result<LedgerEntry, Fault> {
    row.read(|row| {
        let (id, kind) = (row.text(), row.text());
        let kind = EntryKind::parse(&kind).ok_or_else(|| Fault(format!("a movement of an unknown kind: {kind}")))?;
        let (of, value, at) = (row.text(), row.int(), row.int());
        let (key, country) = (row.maybe_text(), row.maybe_text());
        let card = Card { key, country, risk: row.maybe_text().as_deref().and_then(CardRisk::parse) };
        Ok(LedgerEntry { id, kind, of, value, at, card: Some(card).filter(|card| *card != Card::default()) })
    })
}

/// A movement is never changed, except that the latest time of a dispute's state and the latest charge of a card count
/// (`ledger::fresh`).
pub fn put_movement(account_id: i64, order_id: &str, movement: &LedgerEntry) -> Statement {
    let card = movement.card.as_ref();
    Statement::new(
        "INSERT INTO movements (account_id, order_id, id, kind, about, value, at, card, card_country, card_risk)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (account_id, order_id, id, kind) DO UPDATE
           SET about = ?5, value = ?6, at = ?7, card = ?8, card_country = ?9, card_risk = ?10",
        vec![
            account_id.into(),
            order_id.into(),
            (&movement.id).into(),
            movement.kind.name().into(),
            (&movement.of).into(),
            movement.value.into(),
            movement.at.into(),
            card.and_then(|card| card.key.clone()).into(),
            card.and_then(|card| card.country.clone()).into(),
            card.and_then(|card| card.risk).map(CardRisk::word).into(),
        ],
    )
}
