//! Coins: what people call them, and what sources of rates call them.

/// A coin that orders are paid with. Amounts of it are counted in its smallest of eight decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coin {
    /// The unit that people know, and Coinbase: `BTC`.
    pub symbol: &'static str,
    /// `bitcoin`
    pub coingecko_id: &'static str,
    /// What one is worth to test accounts, in thousandths of a bitcoin.
    pub worth: u128,
    /// The wallet of test accounts, whose keys everybody knows.
    pub test_xpub: &'static str,
}
