//! Bitcoin.

use bech32::hrp;

use super::{
    Coin, Gateway,
    hd::{Dialect, Prefixes},
    simulated::Simulated,
    utxo::{TEST_XPUB, Utxo},
};
use crate::platform::Network;

pub const GATEWAY: Gateway = Gateway(&BITCOIN);

static BITCOIN: Utxo = Utxo {
    name: "Bitcoin",
    slug: "bitcoin",
    coin: &COIN,
    confirmations: 1,
    most: 2_100_000_000_000_000,
    dust_fee: 3,
    spending_fee: 5,
    simulated: &SIMULATED,
    settings: |settings| &settings.bitcoin,
    dialects: &[Dialect::Plain, Dialect::Segwit],
    keys: "xpub, ypub or zpub",
    prefixes,
};
pub static COIN: Coin = Coin { symbol: "BTC", coingecko_id: "bitcoin", worth: 1000, test_xpub: TEST_XPUB };
static SIMULATED: Simulated = Simulated(&BITCOIN);

/// BIP 173 and BIP 13; `bcrt` is Bitcoin Core's.
pub fn prefixes(network: Network) -> Prefixes {
    match network {
        Network::Mainnet => Prefixes { segwit: hrp::BC, p2sh: 0x05 },
        Network::Testnet => Prefixes { segwit: hrp::TB, p2sh: 0xc4 },
        Network::Regtest => Prefixes { segwit: hrp::BCRT, p2sh: 0xc4 },
    }
}
