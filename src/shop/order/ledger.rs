//! Money that moves on somebody else's books: what PayPal and Stripe say of an order's payment. Each movement is a fact with
//! an id of theirs; what they come to is a plain function of the set, so that neither order nor repetition matters.

use super::Status;
use crate::shop::money::Amount;

/// A payment that was opened on a gateway's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The gateway's own id; empty where it has none.
    pub id: String,
    /// Where the buyer pays.
    pub url: String,
    /// Nothing can be paid there afterwards, in milliseconds since 1970; `None`: it doesn't end.
    pub expires_at: Option<i64>,
    pub state: SessionState,
    /// Ids of the pages that were opened before for the same order.
    pub past: Vec<String>,
}

/// Whether a payment can still be made on the gateway's page, apart from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SessionState {
    #[default]
    Open = 0,
    /// The buyer's payment was declined, and they may try another card on the same page.
    Declined = 1,
    /// The payment was declined for good: the gateway takes none on this page any more.
    Spent = 2,
}

impl SessionState {
    /// From the number that the table has.
    pub fn from_code(code: i64) -> SessionState {
        match code {
            1 => SessionState::Declined,
            2 => SessionState::Spent,
            _ => SessionState::Open,
        }
    }

    pub fn code(self) -> i64 {
        self as i64
    }
}

impl Session {
    /// Takes in what became of payments on its page. A payment that was declined once leaves it declined until it is renewed: what
    /// was heard first does not matter.
    pub fn take_in(&mut self, movements: &[LedgerEntry]) {
        for movement in movements {
            let state = match movement.kind {
                Kind::Declined => SessionState::Declined,
                // A button takes payments for ever.
                Kind::Failed if self.id.is_empty() => SessionState::Declined,
                Kind::Failed => SessionState::Spent,
                _ => continue,
            };
            self.state = self.state.max(state);
        }
    }

    /// Whether this id is that of a page of the order's, now or before.
    pub fn knows(&self, id: &str) -> bool {
        !id.is_empty() && (self.id == id || self.past.iter().any(|past| past == id))
    }

    /// Whether only a new page takes a payment.
    pub fn is_over(&self, now: i64) -> bool {
        self.state == SessionState::Spent || self.expires_at.is_some_and(|ends| ends < now)
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
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

impl Kind {
    const ALL: [(Kind, &str); 15] = [
        (Kind::Paid, "paid"),
        (Kind::Pending, "pending"),
        (Kind::Failed, "failed"),
        (Kind::Declined, "declined"),
        (Kind::Refunded, "refunded"),
        (Kind::RefundFailed, "refund_failed"),
        (Kind::Reversed, "reversed"),
        (Kind::ReversalCanceled, "reversal_canceled"),
        (Kind::Inquiry, "inquiry"),
        (Kind::DisputeOpened, "dispute_opened"),
        (Kind::DisputeWon, "dispute_won"),
        (Kind::DisputeLost, "dispute_lost"),
        (Kind::DisputeSettled, "dispute_settled"),
        (Kind::DisputeClosed, "dispute_closed"),
        (Kind::WrongCurrency, "wrong_currency"),
    ];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// A state of a dispute. A dispute can come to the same state again, so the latest time of each counts.
    pub fn is_dispute(self) -> bool {
        self >= Kind::Inquiry && self <= Kind::DisputeClosed
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The gateway's id of this fact; of a state of a dispute, the dispute's. With the kind it is the key under which it is kept once.
    pub id: String,
    pub kind: Kind,
    /// What it is about, by the gateway's id: the payment that is pending, has come, failed, or was taken back or disputed.
    pub of: String,
    /// Minor units of the order's currency, never negative; 0 where the kind says all.
    pub value: i64,
    /// When it happened by the gateway's clock, in milliseconds.
    pub at: i64,
}

/// What the movements come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// Minor units that have come, whatever became of them …
    pub paid: i64,
    /// … and that went back: refunded, reversed, or lost in a dispute. Never more than have come.
    pub refunded: i64,
    pub status: Status,
    /// One payment was of the whole price.
    pub whole: bool,
    /// Money came that this order can't be paid with.
    pub strange: bool,
    /// A buyer's inquiry is open.
    pub inquiry: bool,
}

/// An order is paid by one payment of its whole price. Parts don't add up to one, as they do on a chain: a part that the seller
/// sent back and that is paid again would complete what half was paid for, and which came first isn't known when they are
/// heard of in another order. Gateways ask for the whole; a part comes of a button that somebody changed.
///
/// While a dispute is open the order is reversed. Afterwards it is completed, unless all of its money went back.
pub fn books(price: Amount, movements: &[LedgerEntry]) -> Ledger {
    let sum = |holds: &dyn Fn(&LedgerEntry) -> bool| {
        movements.iter().filter(|it| holds(it)).fold(0_i64, |sum, it| sum.saturating_add(it.value.max(0)))
    };
    let count = |kind: Kind, of: &str| movements.iter().filter(|it| it.kind == kind && it.of == of).count();
    let is_whole = |it: &LedgerEntry| it.kind == Kind::Paid && it.value > 0 && it.value >= price.minor();
    let is_part = |of: &str| movements.iter().any(|it| it.kind == Kind::Paid && it.of == of && !is_whole(it));
    let arrived = |id: &str| !movements.iter().any(|it| it.kind == Kind::RefundFailed && it.id == id);
    let is_back = |it: &LedgerEntry| it.kind == Kind::Refunded && arrived(&it.id);
    let any = |kind: Kind, holds: &dyn Fn(&str) -> bool| movements.iter().any(|it| it.kind == kind && holds(&it.of));
    let paid = sum(&|it| it.kind == Kind::Paid);
    let refunds = sum(&is_back);
    let wholes = sum(&is_whole);
    let whole = wholes > 0;
    let taken =
        |counts: &dyn Fn(&str) -> bool| taken_back(movements, counts, &|of| sum(&|it| is_back(it) && it.of == of));
    let is_of_whole = |of: &str| !is_part(of);
    let (whole_refunds, whole_taken) = (sum(&|it| is_back(it) && is_of_whole(&it.of)), taken(&is_of_whole));
    let disputes = disputes(movements);
    let disputed = disputes.iter().any(|it| it.kind == Kind::DisputeOpened && is_of_whole(&it.of));
    let pending = any(Kind::Pending, &|of| count(Kind::Paid, of) + count(Kind::Failed, of) == 0);
    let refunded = refunds.saturating_add(taken(&|_| true)).min(paid);
    let status = match () {
        () if whole && whole_refunds >= wholes => Status::Refunded,
        // Of a part nothing was handed out that could be taken back: it stays a part, whichever was heard first.
        () if whole && disputed => Status::Reversed,
        () if whole && whole_refunds.saturating_add(whole_taken) >= wholes => Status::Reversed,
        () if whole => Status::Completed,
        () if paid > 0 && refunded >= paid => Status::Refunded,
        () if paid > 0 => Status::PartiallyPaid,
        () if pending => Status::PendingAtPayPal,
        () => Status::Unpaid,
    };
    let inquiry = disputes.iter().any(|it| it.kind == Kind::Inquiry);
    Ledger { paid, refunded, status, whole, strange: any(Kind::WrongCurrency, &|_| true), inquiry }
}

/// Of each dispute its latest state. A state that ends it stands above one of the same time that does not.
fn disputes(movements: &[LedgerEntry]) -> Vec<&LedgerEntry> {
    let mut latest: Vec<&LedgerEntry> = Vec::new();
    for it in movements.iter().filter(|it| it.kind.is_dispute()) {
        match latest.iter_mut().find(|known| known.id == it.id) {
            Some(known) if (known.at, known.kind) < (it.at, it.kind) => *known = it,
            Some(_) => {}
            None => latest.push(it),
        }
    }
    latest
}

/// Minor units that were taken back from the seller and not refunded by them, of the payments that count.
fn taken_back(movements: &[LedgerEntry], counts: &dyn Fn(&str) -> bool, refunds_of: &dyn Fn(&str) -> i64) -> i64 {
    let disputes = disputes(movements);
    let of_kind = |kind: Kind, of: &str| {
        let values = disputes.iter().filter(|it| it.kind == kind && it.of == of).map(|it| it.value.max(0));
        values.fold(0_i64, i64::saturating_add)
    };
    let mut payments: Vec<&str> = movements.iter().map(|it| it.of.as_str()).filter(|of| counts(of)).collect();
    payments.sort_unstable();
    payments.dedup();
    let taken = payments.into_iter().map(|of| {
        let refunds = refunds_of(of);
        let told = refunds.saturating_add(reversed(movements, of));
        let taken = told.max(of_kind(Kind::DisputeSettled, of)) - refunds;
        taken.saturating_add(of_kind(Kind::DisputeLost, of))
    });
    taken.fold(0_i64, i64::saturating_add)
}

/// Minor units of one payment that are reversed in the end. By time: what comes back are the reversals before.
fn reversed(movements: &[LedgerEntry], of: &str) -> i64 {
    let matters =
        |kind: Kind| matches!(kind, Kind::Reversed | Kind::ReversalCanceled | Kind::DisputeWon | Kind::DisputeSettled);
    let mut in_time: Vec<&LedgerEntry> = movements.iter().filter(|it| it.of == of && matters(it.kind)).collect();
    in_time.sort_by(|a, b| (a.at, a.kind, &a.id).cmp(&(b.at, b.kind, &b.id)));
    in_time.into_iter().fold(0, |reversed: i64, it| match (it.kind, it.value) {
        (Kind::Reversed, value) => reversed.saturating_add(value.max(0)),
        (Kind::ReversalCanceled, value) if value > 0 => (reversed - value).max(0),
        _ => 0,
    })
}

/// Those that aren't known yet. Of a dispute's state a later time is new.
pub fn fresh(known: &[LedgerEntry], seen: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let mut fresh: Vec<LedgerEntry> = Vec::new();
    for movement in seen {
        let same = |it: &LedgerEntry| it.id == movement.id && it.kind == movement.kind;
        let newer = |it: &LedgerEntry| movement.kind.is_dispute() && (movement.at, movement.value) > (it.at, it.value);
        if known.iter().any(|it| same(it) && !newer(it)) {
            continue;
        }
        match fresh.iter_mut().find(|it| same(it)) {
            Some(it) if newer(it) => *it = movement.clone(),
            Some(_) => {}
            None => fresh.push(movement.clone()),
        }
    }
    fresh
}

/// All that is known once these are.
pub fn merge(known: &[LedgerEntry], fresh: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let is_replaced = |it: &LedgerEntry| fresh.iter().any(|new| new.id == it.id && new.kind == it.kind);
    known.iter().filter(|it| !is_replaced(it)).chain(fresh).cloned().collect()
}
