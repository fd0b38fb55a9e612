//! What the pages show: plain text and numbers, already worded by whoever fills them. No rule about money lives on this side.

use super::contact::Contact;
use crate::words::{Language, Words};

pub struct Page<'a> {
    pub words: &'static Words,
    pub brand: &'a str,
    pub shop: &'a str,
    pub title: &'a str,
    /// The price with its currency, "10.00 USD".
    pub price: &'a str,
    pub quantity: u32,
    /// No money moves: the page says so and offers to play the buyer.
    pub test: bool,
    /// "/pay/<id>/<token>"; every address the page uses begins with it.
    pub url: &'a str,
    pub revision: u64,
    /// Money came that can't be counted: in another currency.
    pub wrong_currency: bool,
    pub contact: &'a Contact,
    pub state: State<'a>,
}

pub enum State<'a> {
    /// There is no order yet: opening a link must not make one, so that previews and crawlers cost nothing.
    Start {
        gateway: &'a str,
        /// What the buyer pays by, where they may not know that name.
        means: Option<&'a str>,
        /// The buyer pays on another site.
        leaves: bool,
        /// For the e-mail, which the seller doesn't know, with what was typed so far.
        asks: Option<&'a str>,
        error: Option<&'a str>,
    },
    /// The buyer pays on another site, PayPal or Stripe, which a `fetch` can't follow a redirect to.
    Leaving {
        gateway: &'a str,
        href: &'a str,
    },
    /// The buyer was sent there, and we wait to hear of it. `back`: they say that they have paid.
    Away {
        gateway: &'a str,
        means: Option<&'a str>,
        href: &'a str,
        order_id: &'a str,
        back: bool,
    },
    /// No payment can be made, or was made, on the gateway's page as it is.
    Again {
        gateway: &'a str,
        order_id: &'a str,
        /// The gateway declined a payment; otherwise the page's time is over.
        declined: bool,
        way: Again<'a>,
    },
    /// The gateway holds the money back until it has looked at it.
    Pending {
        gateway: &'a str,
        order_id: &'a str,
    },
    Waiting {
        invoice: Invoice<'a>,
        seconds_left: u64,
    },
    /// `invoice.due` is what is missing.
    Partial {
        invoice: Invoice<'a>,
        seconds_left: u64,
        received: &'a str,
        confirming: bool,
        late: bool,
    },
    Confirming {
        invoice: Invoice<'a>,
        seen: u32,
        needed: u32,
    },
    Paid(Paid<'a>),
    /// The quote ran out. `restart` says that the buyer may have a new one.
    Expired {
        received: Option<&'a str>,
        order_id: &'a str,
        restart: bool,
    },
    /// `vanished`: coins that are no longer on the chain; otherwise somebody took the money back.
    Reversed {
        order_id: &'a str,
        vanished: bool,
    },
    HighRisk {
        order_id: &'a str,
    },
    Refunded {
        order_id: &'a str,
    },
}

/// How a buyer can pay after all.
pub enum Again<'a> {
    /// On the same page of the gateway's, at this address.
    SamePage(&'a str),
    /// On a new page, which is opened on request.
    NewPage,
    /// By another link of the seller's: this one is too old.
    NewLink,
}

pub struct Paid<'a> {
    pub gateway: &'a str,
    pub received: &'a str,
    pub order_id: &'a str,
    pub overpaid: Option<&'a str>,
    /// What was missing, and was let pass.
    pub short: Option<&'a str>,
    /// What was sent back of it.
    pub refunded: Option<&'a str>,
    pub late: bool,
    /// When it was paid: for programs, and for people.
    pub date: Option<(&'a str, &'a str)>,
    /// Ids of the chain's transactions, or of the gateway's payment.
    pub transactions: Vec<&'a str>,
    pub return_url: Option<&'a str>,
    /// The host that the return URL leads to.
    pub shop_return: &'a str,
    /// The goods, as text of one or more lines.
    pub delivered: Option<&'a str>,
}

pub struct Invoice<'a> {
    /// "Bitcoin" and "BTC".
    pub coin: &'a str,
    pub symbol: &'a str,
    /// Named only where it isn't the main one: "testnet".
    pub network: Option<&'a str>,
    /// The address is all orders': it is the amount that tells this one's payment.
    pub shared: bool,
    pub due: &'a str,
    pub address: &'a str,
    /// BIP 321 or EIP-681: the address and the amount in one link.
    pub uri: &'a str,
    /// Modules along one side, with the quiet zone.
    pub qr_side: u32,
    /// SVG path data of the dark modules, one unit to a module.
    pub qr_path: &'a str,
    /// "1 BTC = 64,231.51 USD"
    pub rate: &'a str,
    pub order_id: &'a str,
    pub transactions: Vec<Transaction<'a>>,
}

pub struct Transaction<'a> {
    pub txid: &'a str,
    pub value: &'a str,
    pub confirmations: u32,
}

impl Page<'_> {
    /// Names what `<main>` shows. The clock alone turns waiting into expired, without a new revision, so the state's name is part of it.
    pub fn tag(&self) -> String {
        let tag = format!("{}-{}", self.revision, self.state.name());
        match self.words.language {
            Language::English => tag,
            // Nobody who has it in one language may hear that nothing is new in another.
            language => format!("{tag}-{}", language.code()),
        }
    }

    /// The `ETag` of every answer that carries this page: the script sends it back from `data-revision`.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.tag())
    }
}

impl State<'_> {
    pub fn name(&self) -> &'static str {
        match self {
            State::Start { .. } => "start",
            State::Leaving { .. } => "leaving",
            State::Away { back: false, .. } => "away",
            State::Away { back: true, .. } => "back",
            State::Again { declined: true, .. } => "declined",
            State::Again { declined: false, .. } => "ended",
            State::Pending { .. } => "pending",
            State::Waiting { .. } => "waiting",
            State::Partial { .. } => "partial",
            State::Confirming { .. } => "confirming",
            State::Paid(_) => "paid",
            State::Expired { .. } => "expired",
            State::Reversed { .. } => "reversed",
            State::HighRisk { .. } => "review",
            State::Refunded { .. } => "refunded",
        }
    }

    /// Whether news may still come. Expired is live because money sent in time may show up late, review because the seller decides,
    /// vanished because coins may come back.
    pub fn live(&self) -> bool {
        match self {
            State::Waiting { .. } | State::Partial { .. } | State::Confirming { .. } => true,
            State::Expired { .. } | State::HighRisk { .. } | State::Away { .. } => true,
            State::Pending { .. } | State::Again { .. } => true,
            State::Reversed { vanished, .. } => *vanished,
            State::Start { .. } | State::Leaving { .. } | State::Paid(_) => false,
            State::Refunded { .. } => false,
        }
    }
}
