//! How exact a payment in coins has to be: an account's rules for what is too little, too late, and at which price.

use crate::{
    platform::{Reader, Statement, Value},
    shop::time::{HOUR, MINUTE},
};

/// An account's rules, and each order's copy of them: what a buyer was promised doesn't change
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How much of the whole may be missing, in tenths of a percent: exchanges and wallets shave off fees.
    pub underpayment_per_mille: u32,
    /// How much less than on the market a coin is worth here, in hundredths of a percent.
    pub spread_basis_points: u32,
    /// How long a price holds.
    pub quote_minutes: u32,
    /// How long a chain is watched closely after that; then hourly, up to seven days.
    pub watch_hours: u32,
}

/// Its columns, in `shops` as in `orders`.
pub const COLUMNS: &str = "underpayment_per_mille, spread_basis_points, quote_minutes, watch_hours";

impl Default for Policy {
    fn default() -> Policy {
        Policy { underpayment_per_mille: 5, spread_basis_points: 0, quote_minutes: 20, watch_hours: 24 }
    }
}

impl Policy {
    pub fn read(row: &mut Reader<'_>) -> Policy {
        Policy {
            underpayment_per_mille: row.count(),
            spread_basis_points: row.count(),
            quote_minutes: row.count(),
            watch_hours: row.count(),
        }
    }

    pub fn values(&self) -> [Value; 4] {
        self.numbers().map(Value::from)
    }

    /// In the order of its columns.
    pub fn numbers(&self) -> [u32; 4] {
        [self.underpayment_per_mille, self.spread_basis_points, self.quote_minutes, self.watch_hours]
    }

    /// Milliseconds.
    pub fn quote(&self) -> i64 {
        i64::from(self.quote_minutes) * MINUTE
    }

    /// Milliseconds.
    pub fn watch(&self) -> i64 {
        i64::from(self.watch_hours) * HOUR
    }
}

/// The account's policy now, and when the operator disabled the account.
pub fn of(account_id: i64) -> Statement {
    Statement::new(format!("SELECT {COLUMNS}, disabled_at FROM shops WHERE account_id = ?1"), vec![account_id.into()])
}
