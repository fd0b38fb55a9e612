//! What Stripe's books say of an order's payment, and refunds, which change them.

use sha2::{Digest, Sha256};

use super::{
    Api, NONSENSE, currency,
    document::{Charge, CheckoutSession, List, Reversal},
};
use crate::shop::{
    Outcome,
    error::GatewayRefusal,
    gateway::{Card, CardRisk, EntryKind, LedgerEntry, PaymentTarget, Refund, SyncError, ask::Unanswered},
    id,
    time::SECOND,
};

const REFUNDS: &str = "refunds";

/// What Stripe's books say of an order's session. Refunds and disputes are asked for where its
/// charge knows of any, or with `all`: a refund that failed leaves no trace on the charge.
pub async fn movements(
    api: &Api<'_>,
    order: PaymentTarget<'_>,
    session: &CheckoutSession,
    all: bool,
) -> Result<Vec<LedgerEntry>, SyncError> {
    let mut movements = Vec::new();
    if session.payment_status.as_deref() != Some("paid") {
        return Ok(movements);
    }
    let nonsense = || SyncError::Unreachable(NONSENSE.into());
    let payment = session.payment_intent.as_ref().ok_or_else(nonsense)?;
    let charge = payment.latest_charge.as_ref().ok_or_else(nonsense)?;
    let payment_id = payment.id.text().ok_or_else(nonsense)?;
    let total = (*session.amount_total, session.currency.text());
    let paid = fact(order, EntryKind::Paid, payment_id, total, *charge.created).ok_or_else(nonsense)?;
    movements.push(LedgerEntry { card: card_of(order.account_id, charge), ..paid });
    let refunded = *charge.amount_refunded != Some(0);
    let disputed = *charge.disputed != Some(false);
    for (list, some) in [(REFUNDS, refunded), ("disputes", disputed)] {
        if !some && !all {
            continue;
        }
        let answer: List<Reversal> = api.call(&format!("{list}?limit=100&payment_intent={payment_id}"), None).await?;
        for object in answer.data.as_ref().ok_or_else(nonsense)? {
            let object = object.as_ref().ok_or_else(nonsense)?;
            movements.extend(reversal(order, payment_id, list, object).ok_or_else(nonsense)?);
        }
    }
    Ok(movements)
}

/// What the charge says of its card; `None`: nothing. A fingerprint is kept as a hash: it is compared, and nobody needs it back.
/// Stripe draws it at random, so a hash without a secret hides it.
fn card_of(account_id: i64, charge: &Charge) -> Option<Card> {
    let (country, fingerprint) = charge.card();
    let hash = |fingerprint: &str| {
        let hash = id::hex(&Sha256::digest(format!("stripe card {account_id} {fingerprint}")));
        hash.chars().take(32).collect()
    };
    let is_country = |country: &&str| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
    let card = Card {
        key: fingerprint.map(hash),
        country: country.filter(is_country).map(str::to_owned),
        risk: charge.risk().and_then(CardRisk::parse),
    };
    Some(card).filter(|card| *card != Card::default())
}

/// What a refund or a dispute of a payment says.
fn reversal(order: PaymentTarget<'_>, payment_id: &str, list: &str, object: &Reversal) -> Option<Vec<LedgerEntry>> {
    let id = object.id.text()?;
    let kinds: &[EntryKind] = match (list, object.status.text().unwrap_or_default()) {
        (REFUNDS, "succeeded") => &[EntryKind::Refunded],
        (REFUNDS, "failed" | "canceled") => &[EntryKind::RefundFailed],
        (REFUNDS, _) => &[],
        (_, "won") => &[EntryKind::DisputeOpened, EntryKind::DisputeWon],
        (_, "lost") => &[EntryKind::DisputeOpened, EntryKind::DisputeLost],
        // The bank was content with what it was told: no money was taken.
        (_, "prevented" | "warning_closed") => &[EntryKind::DisputeClosed],
        (_, status) if status.starts_with("warning_") => &[EntryKind::Inquiry],
        _ => &[EntryKind::DisputeOpened],
    };
    let entry = |kind: &EntryKind| {
        let sum = (*object.amount, object.currency.text());
        Some(LedgerEntry { of: payment_id.to_owned(), ..fact(order, *kind, id, sum, object.moved_at())? })
    };
    kinds.iter().map(entry).collect()
}

/// Sends money of a payment back (docs.stripe.com/api/refunds/create). What the answer says is what
/// the event of this refund will say, under the same id.
pub async fn refund(api: &Api<'_>, order: PaymentTarget<'_>, wanted: &Refund) -> Outcome<Vec<LedgerEntry>> {
    let units = currency::units(wanted.amount).ok_or(GatewayRefusal::NotQuotable)?.to_string();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("payment_intent", wanted.payment_id.as_str()),
        ("amount", &units),
        ("metadata[order]", order.order_id),
    ]);
    let made: Reversal = api.call(REFUNDS, Some((&wanted.key, &form.finish()))).await.map_err(Unanswered::of_refund)?;
    reversal(order, &wanted.payment_id, REFUNDS, &made).ok_or_else(|| Unanswered::nonsense().of_refund())
}

/// A sum in Stripe's units and its currency, `at` so many seconds since 1970. In another currency
/// than the order's it pays nothing.
fn fact(
    order: PaymentTarget<'_>,
    kind: EntryKind,
    id: &str,
    (units, currency): (Option<i64>, Option<&str>),
    at: Option<i64>,
) -> Option<LedgerEntry> {
    let its = order.price.currency();
    let units = units?;
    let (kind, value) = match currency?.eq_ignore_ascii_case(its.code()) {
        true => (kind, currency::minor(units, its)),
        false => (EntryKind::WrongCurrency, 0),
    };
    let at = at?.saturating_mul(SECOND);
    Some(LedgerEntry { id: id.to_owned(), kind, of: id.to_owned(), value, at, card: None })
}
