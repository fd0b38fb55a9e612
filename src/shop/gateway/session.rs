//! A payment that was opened on a gateway's page.

use super::{EntryKind, LedgerEntry};

/// A payment that was opened on a gateway's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The gateway's own id; empty where it has none.
    pub id: String,
    /// Where the buyer pays.
    pub url: String,
    /// Nothing can be paid there afterwards, in milliseconds since 1970; `None`: it doesn't end.
    pub expires_at: Option<i64>,
    pub state: SessionState,
    /// Ids of the pages that were opened before for the same order.
    pub past: Vec<String>,
}

/// Whether a payment can still be made on the gateway's page, apart from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SessionState {
    #[default]
    Open = 0,
    /// The buyer's payment was declined, and they may try another card on the same page.
    Declined = 1,
    /// The payment was declined for good: the gateway takes none on this page any more.
    Spent = 2,
}

impl SessionState {
    /// From the number that the table has.
    pub fn from_code(code: i64) -> SessionState {
        match code {
            1 => SessionState::Declined,
            2 => SessionState::Spent,
            _ => SessionState::Open,
        }
    }

    pub fn code(self) -> i64 {
        self as i64
    }
}

impl Session {
    /// Takes in what became of payments on its page. A payment that was declined once leaves it declined until it is renewed: what
    /// was heard first does not matter.
    pub fn apply_observation(&mut self, movements: &[LedgerEntry]) {
        for movement in movements {
            let state = match movement.kind {
                EntryKind::Declined => SessionState::Declined,
                // A button takes payments for ever.
                EntryKind::Failed if self.id.is_empty() => SessionState::Declined,
                EntryKind::Failed => SessionState::Spent,
                _ => continue,
            };
            self.state = self.state.max(state);
        }
    }

    /// Whether this id is that of a page of the order's, now or before.
    pub fn knows(&self, id: &str) -> bool {
        !id.is_empty() && (self.id == id || self.past.iter().any(|past| past == id))
    }

    /// Whether only a new page takes a payment.
    pub fn is_over(&self, now: i64) -> bool {
        self.state == SessionState::Spent || self.expires_at.is_some_and(|ends| ends < now)
    }
}
