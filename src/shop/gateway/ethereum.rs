//! Ethereum: an address for each order out of the seller's extended public key, seen as a balance;
//! or one address for all of them, whose blocks are read for payments of exactly the right amounts.

use super::{
    ChainSnapshot, Coin, Gateway, GatewayContext, Observation, PaymentGateway, PaymentPrompt, PaymentRecord,
    PaymentRequest, PaymentTarget, Reservation, SyncError,
    hd::{Dialect, ExtendedKey, KeyError},
    servers::{self, Turn},
    simulated::Simulated,
    utxo::is_hash,
    wallet::{self, Held, Source},
    wallet_text,
};
use crate::{
    platform::{LocalBoxFuture, Network, Row, ServerUrl, Statement},
    shop::Outcome,
};
use node::Node;

pub mod address;
mod node;
mod rpc;

pub const GATEWAY: Gateway = Gateway(&Ethereum);

pub static COIN: Coin = Coin { symbol: "ETH", coingecko_id: "ethereum", worth: 50, test_xpub: TEST_XPUB };
static SIMULATED: Simulated = Simulated(&Ethereum);

/// m/44'/60'/0' of "abandon … about", whose keys everybody knows. Its addresses exist on the real chain as on any other: what
/// keeps real ether from them is that the page says testnet, and that its URI names Sepolia.
pub const TEST_XPUB: &str =
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";
const SEPOLIA: u64 = 11_155_111;

struct Ethereum;

impl PaymentGateway for Ethereum {
    fn name(&self) -> &'static str {
        "Ethereum"
    }

    fn slug(&self) -> &'static str {
        "ethereum"
    }

    fn coin(&self) -> Option<&'static Coin> {
        Some(&COIN)
    }

    fn simulated(&self) -> Option<&'static dyn PaymentGateway> {
        Some(&SIMULATED)
    }

    /// Addresses are the same on all chains; keys that wallets write for test networks are refused where ether is real.
    fn network(&self, context: GatewayContext<'_>) -> Network {
        match context.app.platform.settings.ethereum.chain_id {
            1 => Network::Mainnet,
            _ => Network::Testnet,
        }
    }

    fn chain(&self, context: GatewayContext<'_>) -> Option<String> {
        let id = context.app.platform.settings.ethereum.chain_id;
        (id != 1).then(|| format!("(chain {id})"))
    }

    /// What came to an order's own address was seen as a balance, and has no transaction.
    fn explorer(&self, context: GatewayContext<'_>, txid: &str) -> Option<String> {
        let site = context.app.platform.settings.ethereum.explorer.as_ref()?;
        txid.strip_prefix("0x").filter(|hash| is_hash(hash)).map(|_| format!("{site}/tx/{txid}"))
    }

    fn keys(&self) -> &'static str {
        "xpub"
    }

    fn takes_address(&self) -> bool {
        true
    }

    /// Twelve are a little more than two minutes; 64, two epochs, are final.
    fn max_confirmations(&self) -> u32 {
        64
    }

    fn confirmations(&self) -> u32 {
        12
    }

    /// An xpub of m/44'/60'/0', or an address. A zpub is another coin's account.
    fn wallet(&self, network: Network, text: &str) -> Result<Source, KeyError> {
        if let Some(address) = address::parse(text)? {
            return Ok(Source::Single(address));
        }
        // Its origin's purpose is 44 (BIP 44), and a descriptor's functions are those of outputs.
        let given = wallet_text::read(text)?;
        if given.script.is_some() || given.purpose.is_some_and(|purpose| purpose != 44) {
            return Err(KeyError::UnknownVersion);
        }
        let key = ExtendedKey::parse(given.key)?;
        if key.dialect() != Dialect::Plain {
            return Err(KeyError::UnknownVersion);
        }
        key.fits(network)?;
        Ok(Source::Key(key))
    }

    fn address(&self, _network: Network, held: &Held, index: u32) -> Result<String, KeyError> {
        match held {
            Held::Branch(branch) => address::of_key(&branch.key(index)?),
            Held::Single(address) => Ok(address.clone()),
        }
    }

    fn reserve(&self, account_id: i64, taker: &Reservation<'_>) -> Vec<Statement> {
        wallet::reserve(account_id, self.slug(), taker)
    }

    /// Asks what the address holds, or how high the chain is, so that only what comes from now on counts. When nobody answers, the
    /// address counts as empty, as a fresh account's is; and blocks are read from the order's time on.
    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        _draft: PaymentRequest<'a>,
        reserved: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move {
            let mut address = wallet::reserved(context, self, reserved)?;
            let urls = &context.app.platform.settings.ethereum.urls;
            let at = address.text.clone();
            for Turn { server, timeout, .. } in servers::in_turn(context.app, urls, &at).take(2) {
                // A buyer waits for their address.
                let timeout = timeout.min(node::HASTE);
                let ask = |server, timeout| -> LocalBoxFuture<'_, _> {
                    Box::pin(node::now(context.app, server, timeout, &at))
                };
                match servers::attempt(context.app, server, timeout, &ask).await {
                    Ok((tip, _)) if address.cursor.is_some() => address.cursor = Some(node::settled(tip)),
                    Ok((_, held)) => address.holds = held,
                    Err(_) => continue,
                }
                break;
            }
            Ok(PaymentPrompt::Address(address))
        })
    }

    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        Box::pin(async move {
            let (invoice, known) = (order.invoice, known.receipts.as_slice());
            let ask = move |server: &'a ServerUrl, timeout: u32| -> LocalBoxFuture<'a, _> {
                let node = Node { context, server, timeout, order, known };
                Box::pin(async move { if invoice.is_shared() { node.blocks().await } else { node.balance().await } })
            };
            let urls = &context.app.platform.settings.ethereum.urls;
            // Two nodes are two views of one chain: what the second says is taken whole, or not at all.
            let mut seen =
                servers::sync(context.app, urls, &invoice.address, known, &ask, |_, second, _| second).await?;
            // One that lacks what was seen before, and none to ask besides: it adds nothing either, or the same would count twice.
            if seen.lacks(known) && !seen.complete {
                seen.keep(known, &|_| false);
                seen = ChainSnapshot { cursor: invoice.cursor, ..seen };
            }
            Ok(Observation::Coins(seen))
        })
    }

    /// `ethereum:<address>@<chain>?value=<wei>` (EIP-681).
    fn url(&self, context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        let chain_id = if order.test { SEPOLIA } else { context.app.platform.settings.ethereum.chain_id };
        let wei = u128::from(order.invoice.missing()) * node::WEI;
        format!("ethereum:{}@{chain_id}?value={wei}", order.invoice.address)
    }
}
