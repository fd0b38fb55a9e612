//! Coins whose chains are made of outputs, Bitcoin and its kin: an address for each order, seen through Esplora servers.

use super::{
    Coin, GatewayContext, Observation, PaymentGateway, PaymentPrompt, PaymentRecord, PaymentRequest, PaymentTarget,
    Reservation, SyncError, esplora,
    hd::{Branch, Dialect, ExtendedKey, KeyError, Prefixes, ScriptKind},
    wallet::{self, Held, Source},
};
use crate::{
    platform::{ChainSettings, LocalBoxFuture, Network, Row, Settings, Statement},
    shop::{Outcome, money::coin_text},
};

/// The wallet of every test account for a coin of outputs: BIP 84's published example, whose keys everybody knows. Its addresses are written
/// for testnet, so that no real coin can be sent to one.
pub const TEST_XPUB: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";

/// One of them.
pub struct Utxo {
    pub name: &'static str,
    pub slug: &'static str,
    pub coin: &'static Coin,
    pub confirmations: u32,
    /// There will never be more of it, in its smallest unit.
    pub most: u64,
    /// Satoshi or litoshi for a byte: what the network calls dust is counted by the first, what spending costs by the second.
    pub dust_fee: u64,
    pub spending_fee: u64,
    pub simulated: &'static dyn PaymentGateway,
    pub settings: fn(&Settings) -> &ChainSettings,
    /// Whose keys it takes.
    pub dialects: &'static [Dialect],
    /// Their names, for a sentence.
    pub keys: &'static str,
    /// How its addresses begin.
    pub prefixes: fn(Network) -> Prefixes,
}

impl PaymentGateway for Utxo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn slug(&self) -> &'static str {
        self.slug
    }

    fn coin(&self) -> Option<&'static Coin> {
        Some(self.coin)
    }

    fn simulated(&self) -> Option<&'static dyn PaymentGateway> {
        Some(self.simulated)
    }

    fn network(&self, context: GatewayContext<'_>) -> Network {
        (self.settings)(&context.app.platform.settings).network
    }

    fn explorer(&self, context: GatewayContext<'_>, txid: &str) -> Option<String> {
        let site = (self.settings)(&context.app.platform.settings).explorer.as_ref()?;
        is_hash(txid).then(|| format!("{site}/tx/{txid}"))
    }

    fn keys(&self) -> &'static str {
        self.keys
    }

    fn wallet(&self, network: Network, text: &str) -> Result<Source, KeyError> {
        let key = ExtendedKey::described(text)?;
        if !self.dialects.contains(&key.dialect()) {
            return Err(KeyError::UnknownVersion);
        }
        key.fits(network)?;
        Ok(Source::Key(key))
    }

    fn address(&self, network: Network, held: &Held, index: u32) -> Result<String, KeyError> {
        match held {
            Held::Branch(branch) => branch.address(index, &(self.prefixes)(network)),
            Held::Single(_) => Err(KeyError::Malformed),
        }
    }

    /// Dust as Bitcoin Core counts it (`GetDustThreshold`): bytes of an output and of the input that spends it. Above that, the
    /// input's fee.
    fn least(&self, held: &Held) -> u64 {
        let (dust, input) = match held {
            Held::Branch(Branch { script: ScriptKind::P2wpkh, .. }) => (98, 68),
            // What wraps it isn't seen before it is spent: 148 bytes are counted for that, and 91 are needed.
            _ => (180, 91),
        };
        dust * self.dust_fee + input * self.spending_fee
    }

    fn confirmations(&self) -> u32 {
        self.confirmations
    }

    fn reserve(&self, account_id: i64, taker: &Reservation<'_>) -> Vec<Statement> {
        wallet::reserve(account_id, self.slug, taker)
    }

    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        _draft: PaymentRequest<'a>,
        reserved: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>> {
        Box::pin(async move { Ok(PaymentPrompt::Address(wallet::reserved(context, self, reserved)?)) })
    }

    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>> {
        let urls = &(self.settings)(&context.app.platform.settings).urls;
        let esplora = esplora::Esplora {
            app: context.app,
            address: &order.invoice.address,
            since: order.created_at,
            most: self.most,
        };
        Box::pin(esplora.look(urls, &known.receipts))
    }

    fn url(&self, _context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String {
        uri(self.slug, order)
    }
}

/// Whether these are 32 bytes in hex.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// `bitcoin:<address>?amount=<coins>` (BIP 321, which follows BIP 21).
pub fn uri(scheme: &str, order: PaymentTarget<'_>) -> String {
    format!("{scheme}:{}?amount={}", order.invoice.address, coin_text(order.invoice.missing()))
}
