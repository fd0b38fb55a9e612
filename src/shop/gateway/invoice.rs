//! What has to be paid in coins.

use crate::shop::money::Decimal;

/// What has to be paid in coins, where, and until when the price holds. Of an order that is paid on a gateway's page it is all
/// zeros: there `Order::session` says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    /// The coin's smallest of eight decimals, as all its sums; in all: what came before counts.
    pub value: u64,
    pub address: String,
    /// The wallet's index of the address. `None`: the order has none, or has given it back.
    pub index: Option<u32>,
    pub received: u64,
    /// The lowest of its transactions.
    pub confirmations: u32,
    /// Price of one coin in the order's currency.
    pub rate: Decimal,
    pub rate_source: String,
    pub rate_at: i64,
    pub expires_at: i64,
    /// What had come when this quote was made, and how much of the price it covers, in minor units.
    pub base: u64,
    pub credit: i64,
    /// Money came after a quote had run out, and was counted at the rate of its time.
    pub late: bool,
    /// What the address held before the order, where a chain is seen as a balance.
    pub held_before: u64,
    /// Blocks up to here were read, where a chain is read block by block.
    pub cursor: Option<u32>,
}

impl Default for Invoice {
    fn default() -> Invoice {
        Invoice {
            value: 0,
            address: String::new(),
            index: None,
            received: 0,
            confirmations: 0,
            rate: Decimal::ONE,
            rate_source: String::new(),
            rate_at: 0,
            expires_at: 0,
            base: 0,
            credit: 0,
            late: false,
            held_before: 0,
            cursor: None,
        }
    }
}

impl Invoice {
    /// What is still to come.
    pub fn missing(&self) -> u64 {
        self.value.saturating_sub(self.received)
    }

    /// Whether its address is other orders' as well, so that a payment is told by its amount.
    pub fn is_shared(&self) -> bool {
        self.cursor.is_some()
    }

    /// The last four digits of all it asks for where the address is shared. Never 0: people send round sums.
    fn amount_tag(&self) -> u64 {
        u64::from(self.index.unwrap_or_default() % 9_999) + 1
    }

    /// What is asked for where so much is due: as it is, or on a shared address the next sum that ends in the order's own
    /// four digits, less than a ten-thousandth of a coin more.
    pub fn tagged(&self, due: u64) -> u64 {
        match self.is_shared() && due > 0 {
            true => due.saturating_add((10_000 + self.amount_tag() - due % 10_000) % 10_000),
            false => due,
        }
    }

    /// Whether a payment to its address is this order's. On a shared one it is what is missing, to the digit, or it has the
    /// order's mark and could be its price, or a good part of it, at another time's rate.
    pub fn matches(&self, value: u64) -> bool {
        let near = value >= self.value / 2 && value / 2 <= self.value;
        !self.is_shared() || (value > 0 && value == self.missing()) || (value % 10_000 == self.amount_tag() && near)
    }
}
