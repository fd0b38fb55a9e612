//! Litecoin.

use bech32::Hrp;

use super::{
    Coin, Gateway,
    hd::{Dialect, Prefixes},
    simulated::Simulated,
    utxo::{TEST_XPUB, Utxo},
};
use crate::platform::Network;

pub const GATEWAY: Gateway = Gateway(&LITECOIN);

static LITECOIN: Utxo = Utxo {
    name: "Litecoin",
    slug: "litecoin",
    coin: &COIN,
    confirmations: 2,
    most: 8_400_000_000_000_000,
    dust_fee: 30,
    spending_fee: 10,
    simulated: &SIMULATED,
    settings: |settings| &settings.litecoin,
    dialects: &[Dialect::Plain, Dialect::Segwit, Dialect::Litecoin],
    keys: "Ltub, Mtub, xpub, ypub or zpub",
    prefixes,
};
pub static COIN: Coin = Coin { symbol: "LTC", coingecko_id: "litecoin", worth: 2, test_xpub: TEST_XPUB };
static SIMULATED: Simulated = Simulated(&LITECOIN);

/// As Litecoin Core's `chainparams.cpp` has them.
fn prefixes(network: Network) -> Prefixes {
    match network {
        Network::Mainnet => Prefixes { segwit: Hrp::parse_unchecked("ltc"), p2sh: 0x32 },
        Network::Testnet => Prefixes { segwit: Hrp::parse_unchecked("tltc"), p2sh: 0x3a },
        Network::Regtest => Prefixes { segwit: Hrp::parse_unchecked("rltc"), p2sh: 0x3a },
    }
}
