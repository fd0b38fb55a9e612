//! Money that moves on somebody else's books: what PayPal and Stripe say of an order's payment. Each entry is a fact with an id
//! of theirs.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// Money has come.
    Paid,
    /// It is on its way, or held (PayPal's e-checks and reviews).
    Pending,
    /// It will not come after all.
    Failed,
    /// The buyer's card was declined on the gateway's page, where another may be tried.
    Declined,
    /// The seller sent money back.
    Refunded,
    /// A refund that did not arrive: the money is the seller's again. It has the refund's id.
    RefundFailed,
    /// The gateway took money back from the seller.
    Reversed,
    /// What was reversed of a payment before came back: `value` of it, or all with 0.
    ReversalCanceled,
    /// A dispute in its first stage: the buyer asks, and no money is held.
    Inquiry,
    /// A dispute is open, and the money is held.
    DisputeOpened,
    /// A dispute ended in the seller's favour. What was reversed of the payment before came back.
    DisputeWon,
    /// A dispute ended, and the buyer got `value` back, which no other entry tells (Stripe).
    DisputeLost,
    /// A dispute ended, and the buyer got `value` back in all. Refunds and reversals may tell of the same money (PayPal).
    DisputeSettled,
    /// A dispute was closed. Where the money went is told by reversals alone (PayPal's IPN).
    DisputeClosed,
    /// Money came that this order can't be paid with: in another currency.
    WrongCurrency,
}

impl EntryKind {
    const ALL: [(EntryKind, &str); 15] = [
        (EntryKind::Paid, "paid"),
        (EntryKind::Pending, "pending"),
        (EntryKind::Failed, "failed"),
        (EntryKind::Declined, "declined"),
        (EntryKind::Refunded, "refunded"),
        (EntryKind::RefundFailed, "refund_failed"),
        (EntryKind::Reversed, "reversed"),
        (EntryKind::ReversalCanceled, "reversal_canceled"),
        (EntryKind::Inquiry, "inquiry"),
        (EntryKind::DisputeOpened, "dispute_opened"),
        (EntryKind::DisputeWon, "dispute_won"),
        (EntryKind::DisputeLost, "dispute_lost"),
        (EntryKind::DisputeSettled, "dispute_settled"),
        (EntryKind::DisputeClosed, "dispute_closed"),
        (EntryKind::WrongCurrency, "wrong_currency"),
    ];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub fn parse(name: &str) -> Option<EntryKind> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// A state of a dispute. A dispute can come to the same state again, so the latest time of each counts.
    pub fn is_dispute(self) -> bool {
        self >= EntryKind::Inquiry && self <= EntryKind::DisputeClosed
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The gateway's id of this fact; of a state of a dispute, the dispute's. With the kind it is the key under which it is kept once.
    pub id: String,
    pub kind: EntryKind,
    /// What it is about, by the gateway's id: the payment that is pending, has come, failed, or was taken back or disputed.
    pub of: String,
    /// Minor units of the order's currency, never negative; 0 where the kind says all.
    pub value: i64,
    /// When it happened by the gateway's clock, in milliseconds.
    pub at: i64,
    /// Of a payment by card.
    pub card: Option<Card>,
}

/// What a gateway says of the card that paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Card {
    /// The same for each payment by this card to one account; it says nothing else of the card.
    pub key: Option<String>,
    /// Of the bank that gave it out, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// How the gateway itself rates the payment.
    pub risk: Option<CardRisk>,
}

/// Stripe's rating of a payment (docs.stripe.com/radar/risk-evaluation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardRisk {
    Normal,
    Elevated,
    Highest,
}

impl CardRisk {
    pub const ALL: [CardRisk; 3] = [CardRisk::Normal, CardRisk::Elevated, CardRisk::Highest];

    /// Stripe's word, and the table's.
    pub fn word(self) -> &'static str {
        match self {
            CardRisk::Normal => "normal",
            CardRisk::Elevated => "elevated",
            CardRisk::Highest => "highest",
        }
    }

    pub fn parse(word: &str) -> Option<CardRisk> {
        Self::ALL.into_iter().find(|risk| risk.word() == word)
    }
}
