//! What is read of Stripe's objects (docs.stripe.com/api). A field that isn't there, or is something else, is missing.

use serde::{Deserialize, de::DeserializeOwned};

use crate::json::{Items, Maybe};

/// A name of Stripe's, such as an id: letters, digits and underscores, which mean nothing in an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Name, &'static str> {
        let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if good && (1..=255).contains(&text.len()) { Ok(Name(text)) } else { Err("not a name") }
    }
}

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Maybe<Name> {
    pub fn text(&self) -> Option<&str> {
        self.as_ref().map(Name::as_str)
    }
}

/// A page of a list (docs.stripe.com/api/pagination).
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub struct List<T> {
    #[serde(default)]
    pub data: Maybe<Vec<Maybe<T>>>,
}

impl<T> List<T> {
    pub fn into_first(self) -> Option<T> {
        self.data.0?.into_iter().next()?.0
    }
}

/// docs.stripe.com/api/checkout/sessions/object, with its payment expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CheckoutSession {
    pub id: Maybe<Name>,
    pub url: Maybe<String>,
    /// `open`, `complete` or `expired`.
    pub status: Maybe<Name>,
    pub payment_status: Maybe<String>,
    /// Seconds since 1970.
    pub expires_at: Maybe<i64>,
    pub amount_total: Maybe<i64>,
    pub currency: Maybe<Name>,
    pub payment_intent: Maybe<PaymentIntent>,
    metadata: Maybe<Metadata>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    order: Maybe<String>,
}

/// docs.stripe.com/api/payment_intents/object
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PaymentIntent {
    pub id: Maybe<Name>,
    pub latest_charge: Maybe<Charge>,
}

/// docs.stripe.com/api/charges/object
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Charge {
    /// Seconds since 1970.
    pub created: Maybe<i64>,
    pub amount_refunded: Maybe<i64>,
    pub disputed: Maybe<bool>,
    outcome: Maybe<ChargeOutcome>,
    payment_method_details: Maybe<PaymentMethodDetails>,
}

/// docs.stripe.com/api/charges/object#charge_object-outcome
#[derive(Default, Deserialize)]
#[serde(default)]
struct ChargeOutcome {
    /// `normal`, `elevated`, `highest`, `not_assessed` or `unknown`.
    risk_level: Maybe<Name>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PaymentMethodDetails {
    card: Maybe<CardDetails>,
}

/// docs.stripe.com/api/charges/object#charge_object-payment_method_details-card
#[derive(Default, Deserialize)]
#[serde(default)]
struct CardDetails {
    country: Maybe<Name>,
    /// Of the card's number; the same in all payments to one account of Stripe's.
    fingerprint: Maybe<Name>,
}

impl Charge {
    pub fn risk(&self) -> Option<&str> {
        self.outcome.as_ref()?.risk_level.text()
    }

    /// Country and fingerprint.
    pub fn card(&self) -> (Option<&str>, Option<&str>) {
        let card = self.payment_method_details.as_ref().and_then(|details| details.card.as_ref());
        card.map_or((None, None), |card| (card.country.text(), card.fingerprint.text()))
    }
}

/// docs.stripe.com/api/refunds/object and docs.stripe.com/api/disputes/object
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Reversal {
    pub id: Maybe<Name>,
    pub status: Maybe<Name>,
    pub amount: Maybe<i64>,
    pub currency: Maybe<Name>,
    /// Seconds since 1970.
    created: Maybe<i64>,
    /// Of a dispute: when its money moved.
    balance_transactions: Items<BalanceTransaction>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BalanceTransaction {
    created: Maybe<i64>,
}

impl CheckoutSession {
    /// The order that it was opened for. `client_reference_id` says so as well, but a buyer can write that (into the address
    /// of a payment link), and the metadata nobody but the seller.
    pub fn order(&self) -> Option<&str> {
        self.metadata.as_ref()?.order.as_deref()
    }
}

impl Reversal {
    /// A dispute moves on when its money does; it was created long before.
    pub fn moved_at(&self) -> Option<i64> {
        **self.balance_transactions.last().map_or(&self.created, |moved| &moved.created)
    }
}

/// docs.stripe.com/api/events/object
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub id: Maybe<Name>,
    #[serde(rename = "type")]
    pub kind: Maybe<String>,
    pub livemode: Maybe<bool>,
    data: Maybe<EventData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EventData {
    object: Maybe<EventObject>,
}

/// A session, a charge, a refund or a dispute.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct EventObject {
    pub id: Maybe<Name>,
    pub payment_intent: Maybe<Name>,
    metadata: Maybe<Metadata>,
}

impl Event {
    pub fn object(&self) -> Option<&EventObject> {
        self.data.as_ref()?.object.as_ref()
    }
}

impl EventObject {
    /// Of a session: as `CheckoutSession::order`.
    pub fn order(&self) -> Option<&str> {
        self.metadata.as_ref()?.order.as_deref()
    }
}

/// docs.stripe.com/api/errors
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    pub error: Maybe<ApiError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ApiError {
    pub code: Maybe<Name>,
    #[serde(rename = "type")]
    pub kind: Maybe<Name>,
    /// The field that is wrong.
    pub param: Maybe<Name>,
}
