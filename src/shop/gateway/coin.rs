//! Coins: what people call them, and what sources of rates call them.

/// A coin that orders are paid with. Amounts of it are counted in its smallest of eight decimals.
#[derive(Debug, PartialEq, Eq)]
pub struct Coin {
    /// The unit that people know, and Coinbase: `BTC`.
    pub symbol: &'static str,
    /// CoinGecko's name.
    pub id: &'static str,
}
