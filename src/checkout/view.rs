//! What the pages show: plain text and numbers, already worded by whoever fills them. No rule about money lives on this side.

use super::{contact::Contact, form::Form};
use crate::{
    shop::{feedback::Feedback, order::Delivery},
    words::{Language, Words},
};

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
    /// "/pay/<id>/<token>" or "/order/<id>/<token>"; every address the page uses begins with it.
    pub url: &'a str,
    /// Where the shop's name leads.
    pub home: Option<&'a str>,
    /// Where the order is shown.
    pub order_url: &'a str,
    /// The buyer has asked to stay: it doesn't lead back to the shop by itself.
    pub stays: bool,
    pub revision: u64,
    /// When something was last said of the order, in milliseconds since 1970.
    pub said_at: i64,
    /// Money came that can't be counted: in another currency.
    pub wrong_currency: bool,
    /// The seller looks at the order before it is delivered, and it isn't paid yet.
    pub review: bool,
    pub contact: &'a Contact,
    pub state: State<'a>,
    /// What is said of the order, on its own page alone.
    pub said: Option<Said<'a>>,
}

/// What the buyer says of an order, and what they ask.
pub struct Said<'a> {
    /// `None`: it can't be spoken of.
    pub feedback: Option<Opinion<'a>>,
    pub queries: Vec<Asked<'a>>,
    pub question: &'a Form,
    /// The buyer came to ask.
    pub asks: bool,
    /// The order has no e-mail.
    pub asks_email: bool,
}

pub struct Opinion<'a> {
    pub given: Option<&'a Feedback>,
    pub changeable: bool,
    pub form: &'a Form,
}

/// A question whose thread is there.
pub struct Asked<'a> {
    pub href: &'a str,
    pub subject: &'a str,
    pub status: &'a str,
}

pub enum State<'a> {
    /// There is no order yet: opening a link must not make one, so that previews and crawlers cost nothing.
    Start(Start<'a>),
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
    /// Nothing has to be paid, and the order is completed in a moment.
    Free {
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
        /// Nothing had to be paid.
        free: bool,
    },
    Refunded {
        order_id: &'a str,
    },
}

pub struct Start<'a> {
    /// Of several the buyer chooses one.
    pub ways: Vec<Way<'a>>,
    /// The slug of the way that is chosen so far; `None`: none is open.
    pub chosen: Option<&'a str>,
    /// For the e-mail, which the seller doesn't know, with what was typed so far.
    pub asks: Option<&'a str>,
    pub bad_email: Option<&'a str>,
    pub bad_gateway: Option<&'a str>,
    /// Nothing has to be paid.
    pub free: bool,
}

/// A way to pay.
pub struct Way<'a> {
    pub gateway: &'a str,
    /// What the form sends for it.
    pub slug: &'a str,
    /// What the buyer pays by, where they may not know the gateway's name.
    pub means: Option<&'a str>,
    /// The buyer pays on another site.
    pub leaves: bool,
    /// Why it can't be chosen now.
    pub closed: Option<&'a str>,
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
    /// `None`: nothing has come.
    pub received: Option<&'a str>,
    /// Nothing had to come.
    pub free: bool,
    pub order_id: &'a str,
    /// "1 BTC = 64,231.51 USD", of what was paid in coins.
    pub rate: Option<&'a str>,
    pub overpaid: Option<&'a str>,
    /// What was missing, and was let pass.
    pub short: Option<&'a str>,
    /// What was sent back of it.
    pub refunded: Option<&'a str>,
    pub late: bool,
    /// When it was paid: for programs, and for people.
    pub date: Option<(&'a str, &'a str)>,
    /// Ids of the chain's transactions, or of the gateway's payment, and where to look at them.
    pub transactions: Vec<(&'a str, Option<String>)>,
    pub return_url: Option<&'a str>,
    /// The host that the return URL leads to.
    pub shop_return: &'a str,
    /// The page goes there by itself.
    pub leaves: bool,
    pub goods: Goods<'a>,
}

/// What was bought, and how far its delivery is.
pub enum Goods<'a> {
    /// They are on the order's own page, which opens for whoever knows the order's e-mail; with what was typed so far. `None`:
    /// it has none.
    Elsewhere(Option<&'a Form>),
    Here {
        delivery: Option<Delivery>,
        /// Text of one or more lines.
        text: Option<&'a str>,
        /// Where the file is.
        file: Option<&'a str>,
    },
}

impl Goods<'_> {
    /// Whether the buyer has something to copy or to save.
    pub fn are_here(&self) -> bool {
        matches!(self, Goods::Here { text: Some(_), .. } | Goods::Here { file: Some(_), .. })
    }

    /// Whether they are still to come.
    pub fn will_come(&self) -> bool {
        use Delivery::{Failed, Manual, OutOfStock, Preparing};
        matches!(self, Goods::Here { delivery: Some(Preparing | Failed | OutOfStock | Manual), .. })
    }
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
        let said = if self.said_at == 0 { String::new() } else { format!("-{}", self.said_at) };
        let tag = format!("{}-{}{said}", self.revision, self.state.name());
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
            State::Start(_) => "start",
            State::Leaving { .. } => "leaving",
            State::Away { back: false, .. } => "away",
            State::Away { back: true, .. } => "back",
            State::Again { declined: true, .. } => "declined",
            State::Again { declined: false, .. } => "ended",
            State::Pending { .. } => "pending",
            State::Free { .. } => "free",
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

    /// Whether news may still come. Paid is live while goods are still to come. Expired is live because money sent in time may show up late, review because the seller decides,
    /// vanished because coins may come back.
    pub fn live(&self) -> bool {
        match self {
            State::Waiting { .. } | State::Partial { .. } | State::Confirming { .. } => true,
            State::Expired { .. } | State::HighRisk { .. } | State::Away { .. } => true,
            State::Pending { .. } | State::Again { .. } | State::Free { .. } => true,
            State::Reversed { vanished, .. } => *vanished,
            State::Paid(paid) => paid.goods.will_come(),
            State::Start(_) | State::Leaving { .. } => false,
            State::Refunded { .. } => false,
        }
    }
}
