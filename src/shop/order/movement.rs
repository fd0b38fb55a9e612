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
    /// Nothing can be paid there afterwards; `None`: it doesn't end.
    pub expires_at: Option<i64>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money has come.
    Paid,
    /// It is on its way, or held (PayPal's e-checks and reviews).
    Pending,
    /// It will not come after all.
    Failed,
    /// It was sent back.
    Refunded,
    /// The buyer or his bank takes it back.
    Disputed,
    /// A dispute ended in the seller's favour.
    Restored,
    /// Money came that this order can't be paid with: in another currency.
    Strange,
}

impl Kind {
    const ALL: [(Kind, &str); 7] = [
        (Kind::Paid, "paid"),
        (Kind::Pending, "pending"),
        (Kind::Failed, "failed"),
        (Kind::Refunded, "refunded"),
        (Kind::Disputed, "disputed"),
        (Kind::Restored, "restored"),
        (Kind::Strange, "strange"),
    ];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The gateway's id of this fact. With the kind it is the key under which it is kept once.
    pub id: String,
    pub kind: Kind,
    /// What it is about, by the gateway's id: the payment that is pending, has come or failed; the dispute that was opened or ended.
    pub of: String,
    /// Minor units of the order's currency, never negative; 0 where the kind says all.
    pub value: i64,
    /// When it happened by the gateway's clock, in milliseconds.
    pub at: i64,
}

/// What the movements come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Books {
    /// Minor units that have come, whatever became of them …
    pub paid: i64,
    /// … and that were sent back.
    pub refunded: i64,
    pub status: Status,
    /// One payment was of the whole price.
    pub whole: bool,
    /// Money came that this order can't be paid with.
    pub strange: bool,
}

/// An order is paid by one payment of its whole price. Parts don't add up to one, as they do on a chain: a part that the seller
/// sent back and that is paid again would complete what half was paid for, and which came first isn't known when they are
/// heard of in another order. Gateways ask for the whole; a part comes of a button that somebody changed.
pub fn books(price: Amount, movements: &[Movement]) -> Books {
    let sum = |holds: &dyn Fn(&Movement) -> bool| {
        movements.iter().filter(|it| holds(it)).fold(0_i64, |sum, it| sum.saturating_add(it.value.max(0)))
    };
    let count = |kind: Kind, of: &str| movements.iter().filter(|it| it.kind == kind && it.of == of).count();
    let is_whole = |it: &Movement| it.kind == Kind::Paid && it.value > 0 && it.value >= price.minor();
    let of_part = |of: &str| movements.iter().any(|it| it.kind == Kind::Paid && it.of == of && !is_whole(it));
    // What was sent back and did not arrive is the seller's again.
    let is_back = |it: &Movement| it.kind == Kind::Refunded && count(Kind::Failed, &it.of) == 0;
    let any = |kind: Kind, holds: &dyn Fn(&str) -> bool| movements.iter().any(|it| it.kind == kind && holds(&it.of));
    let paid = sum(&|it| it.kind == Kind::Paid);
    let refunded = sum(&is_back);
    let wholes = sum(&is_whole);
    let whole = wholes > 0;
    let disputed = any(Kind::Disputed, &|of| count(Kind::Disputed, of) > count(Kind::Restored, of));
    let pending = any(Kind::Pending, &|of| count(Kind::Paid, of) + count(Kind::Failed, of) == 0);
    let status = match () {
        () if whole && sum(&|it| is_back(it) && !of_part(&it.of)) >= wholes => Status::Refunded,
        // Of a part nothing was handed out that could be taken back: it stays a part, whichever was heard first.
        () if whole && disputed => Status::Reversed,
        () if whole => Status::Completed,
        () if paid > 0 && refunded >= paid => Status::Refunded,
        () if paid > 0 => Status::PartiallyPaid,
        () if pending => Status::PendingAtPayPal,
        () => Status::Unpaid,
    };
    Books { paid, refunded, status, whole, strange: any(Kind::Strange, &|_| true) }
}

/// Those that aren't known yet.
pub fn fresh(known: &[Movement], seen: &[Movement]) -> Vec<Movement> {
    let mut fresh: Vec<Movement> = Vec::new();
    for movement in seen {
        let same = |it: &Movement| it.id == movement.id && it.kind == movement.kind;
        if !known.iter().any(same) && !fresh.iter().any(same) {
            fresh.push(movement.clone());
        }
    }
    fresh
}
