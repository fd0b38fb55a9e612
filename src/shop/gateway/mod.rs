//! Gateways: how money comes in. Each is one file that implements [`PaymentGateway`] and one line of [`Gateway::ALL`]; nothing else in
//! the shop knows which there are.
//!
//! There are two kinds. With a *coin* the buyer sends to an address of the order's own, and a chain
//! is asked until it is there. With a *page* they pay an amount of the order's currency at somebody
//! else's, who tells us of it.

use serde_json::value::RawValue;

use super::{
    App, Outcome,
    account::Account,
    error::GatewayRefusal,
    money::{Amount, Currency},
};
use crate::platform::{Fault, LocalBoxFuture, Network, Row, Statement};
use hd::KeyError;

pub mod address_reuse;
pub mod ask;
pub mod bitcoin;
pub mod coin;
mod esplora;
pub mod ethereum;
pub mod hd;
mod invoice;
mod key;
mod ledger_entry;
pub mod litecoin;
mod open_orders;
pub mod paypal;
pub mod qr;
pub mod exchange_rates;
pub mod record;
pub mod servers;
mod session;
pub mod settings;
pub mod simulated;
pub mod stripe;
mod target;
pub mod utxo;
pub mod wallet;
mod wallet_text;

pub use coin::Coin;
pub use invoice::Invoice;
pub use ledger_entry::{Card, CardRisk, EntryKind, LedgerEntry};
pub use open_orders::Open;
pub use record::{OnchainPayment, PaymentRecord};
pub use session::{Session, SessionState};
pub use target::{PaymentRequest, PaymentTarget};

/// A gateway of /api/v2, by its name on the wire.
#[derive(Clone, Copy)]
pub struct Gateway(&'static dyn PaymentGateway);

impl Gateway {
    pub const ALL: [Gateway; 5] =
        [bitcoin::GATEWAY, litecoin::GATEWAY, ethereum::GATEWAY, paypal::GATEWAY, stripe::GATEWAY];

    /// Any case: `Bitcoin`, `bitcoin`, `BITCOIN`.
    pub fn parse(text: &str) -> Option<Gateway> {
        Self::ALL.into_iter().find(|gateway| gateway.name().eq_ignore_ascii_case(text))
    }

    /// As orders show it: `Bitcoin`, `PayPal`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What a buyer pays by, where they may not know the name.
    pub fn method_label(self) -> Option<&'static str> {
        self.0.method_label()
    }

    /// As settings and products name it, and as the tables do: the name in lower case.
    pub fn slug(self) -> &'static str {
        self.0.slug()
    }

    /// The coin that is paid with; `None` where the buyer pays on a page of the gateway's.
    pub fn coin(self) -> Option<&'static Coin> {
        self.0.coin()
    }

    /// Whether one address may stand for a wallet.
    pub fn takes_address(self) -> bool {
        self.0.takes_address()
    }

    /// Whether it can be asked what has come for an order with this page: not where it has no name for the payment.
    pub fn can_sync(self, session: Option<&Session>) -> bool {
        self.0.can_sync() && session.is_none_or(|session| !session.id.is_empty())
    }

    /// How many decimals of a currency it takes; `None`: nobody can pay in that.
    pub fn decimals(self, currency: Currency) -> Option<u8> {
        self.0.decimals(currency)
    }

    /// The least price that it takes in this currency, if there is one that never changes.
    pub fn min_price(self, currency: Currency) -> Option<Amount> {
        self.0.min_price(currency)
    }

    /// How this account is paid through it: a test account's coins are simulated.
    pub fn of(self, account: &Account) -> &'static dyn PaymentGateway {
        match self.0.simulated() {
            Some(simulated) if account.test => simulated,
            _ => self.0,
        }
    }
}

impl PartialEq for Gateway {
    fn eq(&self, other: &Gateway) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Gateway {}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a gateway works with.
#[derive(Clone, Copy)]
pub struct GatewayContext<'a> {
    pub app: &'a App,
    pub account: &'a Account,
}

/// A way for money to come in. Nothing here writes to an order: what a gateway finds out are facts,
/// and what they make of an order is one function's to say (`order::facts`).
pub trait PaymentGateway: Sync {
    fn name(&self) -> &'static str;
    fn slug(&self) -> &'static str;

    fn method_label(&self) -> Option<&'static str> {
        None
    }

    fn coin(&self) -> Option<&'static Coin> {
        None
    }

    /// What takes its place for test accounts.
    fn simulated(&self) -> Option<&'static dyn PaymentGateway> {
        None
    }

    /// The chain for which this account's addresses are written.
    fn network(&self, _context: GatewayContext<'_>) -> Network {
        Network::Mainnet
    }

    /// Named beside the coin where it isn't the main one: "testnet".
    fn chain(&self, context: GatewayContext<'_>) -> Option<String> {
        match self.network(context) {
            Network::Mainnet => None,
            Network::Testnet => Some("testnet".into()),
            Network::Regtest => Some("regtest".into()),
        }
    }

    /// Where people look at a transaction of its chain; `None` where nobody can, or where that is no transaction's id.
    fn explorer(&self, _context: GatewayContext<'_>, _txid: &str) -> Option<String> {
        None
    }

    /// What extended keys it takes, for a sentence: "xpub, ypub or zpub".
    fn keys(&self) -> &'static str {
        ""
    }

    /// Whether a seller may give one address for all orders instead of a key.
    fn takes_address(&self) -> bool {
        false
    }

    /// The most confirmations that a wallet may ask for.
    fn max_confirmations(&self) -> u32 {
        6
    }

    /// Reads what a seller gives as their wallet, and checks that money can be sent to it on that
    /// network.
    fn wallet(&self, _network: Network, _text: &str) -> Result<wallet::Source, KeyError> {
        Err(KeyError::UnknownVersion)
    }

    /// The wallet's address of this index.
    fn address(&self, _network: Network, _source: &wallet::Held, _index: u32) -> Result<String, KeyError> {
        Err(KeyError::UnknownVersion)
    }

    /// The least that a payment to this wallet must be, in the coin's smallest unit: less is not carried by the network (dust), or
    /// costs more to spend than it is.
    fn least(&self, _held: &wallet::Held) -> u64 {
        0
    }

    /// Confirmations that make an order paid where neither payment nor wallet say.
    fn confirmations(&self) -> u32 {
        1
    }

    /// How many decimals of a currency it takes; `None`: nobody can pay in that.
    fn decimals(&self, currency: Currency) -> Option<u8> {
        Some(currency.exponent())
    }

    /// The least price that it takes in this currency, if there is one that never changes.
    fn min_price(&self, _currency: Currency) -> Option<Amount> {
        None
    }

    /// What `open` has to know: statements that go with the first commit of an order, and that
    /// leave no trace when they are answered by nothing. An address is taken from the wallet, or
    /// settings are read.
    fn reserve(&self, account_id: i64, taker: &Reservation<'_>) -> Vec<Statement>;

    /// Makes the draft payable, out of the answers to `takes`: an address that no other order has, or a page of the gateway's.
    /// Refuses with `GatewayNotConfigured` when the seller has not set it up. However often it is called for one draft, the
    /// gateway opens one payment.
    fn open<'a>(
        &'a self,
        context: GatewayContext<'a>,
        draft: PaymentRequest<'a>,
        reserved: &'a [Vec<Row>],
    ) -> LocalBoxFuture<'a, Outcome<PaymentPrompt>>;

    /// Makes sure that nothing is paid on the order's page any more, before another one is opened. Refuses with `NotPayable` when
    /// something was paid there, or is about to be.
    fn close<'a>(&'a self, _context: GatewayContext<'a>, _order: PaymentTarget<'a>) -> LocalBoxFuture<'a, Outcome<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Asks what has come for an order. Fails without a trace.
    fn sync<'a>(
        &'a self,
        context: GatewayContext<'a>,
        order: PaymentTarget<'a>,
        known: &'a PaymentRecord,
    ) -> LocalBoxFuture<'a, Result<Observation, SyncError>>;

    /// Whether looking is of use: whoever only tells is waited for.
    fn can_sync(&self) -> bool {
        true
    }

    /// Sends money of a payment back to its buyer. However often it is called under one key, it goes back once. Answers what the
    /// gateway's books say of it from now on: nothing, while it is on its way.
    fn refund<'a>(
        &'a self,
        _context: GatewayContext<'a>,
        _order: PaymentTarget<'a>,
        _wanted: &'a Refund,
    ) -> LocalBoxFuture<'a, Outcome<Vec<LedgerEntry>>> {
        Box::pin(std::future::ready(Err(GatewayRefusal::CanNotRefund.into())))
    }

    /// Where the buyer pays: a payment URI for their wallet, or the gateway's page.
    fn url(&self, context: GatewayContext<'_>, order: PaymentTarget<'_>) -> String;

    /// Looks at what was sent to `/gateways/…` in the gateway's name, before anything is written. What can be told from the
    /// notification and the account's settings alone is told here: a wrong signature is refused.
    fn verify(
        &self,
        _context: GatewayContext<'_>,
        _settings: &[settings::Set],
        _notice: &GatewayNotification,
    ) -> Result<VerifiedNotification, Rejected> {
        Err(Rejected::Unknown)
    }

    /// Which order an admitted notification is about. It may ask the gateway whether the notification is true; a failure to reach it is tried
    /// again later. `None`: it is false, or it is about nothing of ours.
    fn resolve<'a>(
        &'a self,
        _context: GatewayContext<'a>,
        _settings: &'a [settings::Set],
        _notice: &'a GatewayNotification,
    ) -> LocalBoxFuture<'a, Result<Option<Resolved>, SyncError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// What has moved, by a notification that was resolved to this order, which is paid on the gateway's page. Empty: nothing of it
    /// concerns the order.
    fn process<'a>(
        &'a self,
        _context: GatewayContext<'a>,
        _settings: &'a [settings::Set],
        _notice: &'a GatewayNotification,
        _said: Option<&'a RawValue>,
        _order: PaymentTarget<'a>,
    ) -> LocalBoxFuture<'a, Result<Vec<LedgerEntry>, SyncError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

/// Money that is to go back to its buyer.
pub struct Refund {
    /// The payment that it is taken from, by the gateway's id.
    pub payment_id: String,
    pub amount: Amount,
    /// The same for a second try.
    pub key: String,
}

/// Who takes an address: an order without a link, or a link, which takes one only once however often it is started.
pub enum Reservation<'a> {
    Order(Open),
    Link { payment_id: &'a str, order_id: &'a str, open: Open },
}

/// How an order is to be paid.
pub enum PaymentPrompt {
    /// Coins to an address of its own.
    Address(wallet::Address),
    /// On the gateway's page.
    Page(Session),
    /// The price is zero: the order is completed at once.
    Free,
}

/// What a sync saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Coins(ChainSnapshot),
    /// What this gateway's books say of the order's payment.
    Ledger(Gateway, Vec<LedgerEntry>),
}

/// An output that pays an order's address, as a chain has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub txid: String,
    pub vout: u32,
    /// The coin's smallest of eight decimals: satoshi, litoshi, 10⁻⁸ ether.
    pub value: u64,
    /// Of its block; `None` while it is unconfirmed.
    pub height: Option<u32>,
    /// When its block was found, in milliseconds, if that is known: it came in time then, however late it is seen.
    pub time: Option<i64>,
}

/// What one sync saw of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainSnapshot {
    /// Height of the newest block.
    pub tip: u32,
    pub outputs: Vec<Output>,
    /// What isn't here isn't there: enough of those who could know were asked.
    pub complete: bool,
    /// More came to the address than could be read: of what was seen before nothing is missing, but there is more.
    pub cut: bool,
    /// Where the next sync goes on, for a chain that is read block by block; below `tip`, it goes on soon.
    pub cursor: Option<u32>,
}

impl ChainSnapshot {
    pub fn has(&self, txid: &str) -> bool {
        self.outputs.iter().any(|output| output.txid == txid)
    }

    /// Whether anything that was seen before isn't here.
    pub fn lacks(&self, known: &[OnchainPayment]) -> bool {
        known.iter().any(|receipt| !receipt.gone && !self.has(&receipt.txid))
    }

    /// Keeps what was seen before, and of the rest what `stands`.
    pub fn keep(&mut self, known: &[OnchainPayment], stands: &dyn Fn(&Output) -> bool) {
        let is_known = |txid: &str| known.iter().any(|receipt| receipt.txid == txid && !receipt.gone);
        self.outputs.retain(|output| is_known(&output.txid) || stands(output));
    }
}

/// A sync that failed. It marks nothing: the order stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncError {
    /// Every server was down, slow, or talked nonsense.
    Unreachable(String),
    Fault(Fault),
}

impl From<Fault> for SyncError {
    fn from(fault: Fault) -> Self {
        SyncError::Fault(fault)
    }
}

/// What somebody sent in a gateway's name, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayNotification {
    /// The bytes, which are all ASCII or UTF-8: another body is no notification of any gateway.
    pub body: String,
    /// Those headers that say who sent it (`http::HEADERS`), by lower-case name.
    pub headers: Vec<(String, String)>,
    /// Milliseconds since 1970.
    pub received_at: i64,
}

impl GatewayNotification {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A notification that is worth keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNotification {
    /// The gateway's own id of it: twice the same is once.
    pub id: String,
    /// Kept only if the account has this order; `None`: `hear` will find out which it is about.
    pub order_id: Option<String>,
    /// Without an order: kept only if the account knows a movement of this payment. `None`: kept in any case.
    pub payment: Option<String>,
}

/// Why a notification is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// It isn't signed, wrongly signed, or too old.
    Unsigned,
    /// It isn't what this gateway sends.
    Unknown,
    /// True or not, it is about nothing that concerns an order.
    Irrelevant,
    /// So many notifications of the account wait to be heard that no more are kept.
    Full,
}

/// The order that a notification is about.
pub struct Resolved {
    pub order_id: String,
    /// The gateway's own document, where it was asked which one.
    pub said: Option<Box<RawValue>>,
}
