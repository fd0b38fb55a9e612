//! What is read of PayPal's documents (developer.paypal.com/docs/api: orders/v2, payments/v2, customer-disputes/v1,
//! webhooks/v1), and what is sent there. A field that isn't there, or is something else, is missing.

use serde::{Deserialize, Serialize};

use super::{known_id, order_id};
use crate::json::{Items, Maybe};

/// An order, a capture, a refund or a dispute. Each has some of the fields, and an event is about any of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Resource {
    pub id: Maybe<String>,
    pub status: Maybe<String>,
    /// RFC 3339, as the other times.
    pub create_time: Maybe<String>,
    pub update_time: Maybe<String>,
    links: Items<Link>,
    custom_id: Maybe<String>,
    invoice_id: Maybe<String>,
    custom: Maybe<String>,
    invoice_number: Maybe<String>,
    /// Of an order, which has one.
    purchase_units: Items<PurchaseUnit>,
    /// Of a capture or a refund.
    pub amount: Maybe<Money>,
    supplementary_data: Maybe<SupplementaryData>,
    /// Of a dispute, as what follows.
    pub dispute_id: Maybe<String>,
    disputed_transactions: Items<DisputedTransaction>,
    pub dispute_amount: Maybe<Money>,
    pub dispute_outcome: Maybe<DisputeOutcome>,
    pub dispute_life_cycle_stage: Maybe<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Link {
    rel: Maybe<String>,
    href: Maybe<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PurchaseUnit {
    custom_id: Maybe<String>,
    invoice_id: Maybe<String>,
    custom: Maybe<String>,
    invoice_number: Maybe<String>,
    payments: Maybe<Payments>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Payments {
    captures: Items<Resource>,
    refunds: Items<Resource>,
}

/// A decimal text in major units, so that it stays exact.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Money {
    pub value: Maybe<String>,
    pub currency_code: Maybe<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct SupplementaryData {
    related_ids: Maybe<RelatedIds>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RelatedIds {
    order_id: Maybe<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct DisputedTransaction {
    seller_transaction_id: Maybe<String>,
    custom_id: Maybe<String>,
    invoice_id: Maybe<String>,
    custom: Maybe<String>,
    invoice_number: Maybe<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DisputeOutcome {
    pub outcome_code: Maybe<String>,
    pub amount_refunded: Maybe<Money>,
}

impl Resource {
    /// An order with these captures.
    pub fn with_captures(captures: Vec<Resource>) -> Resource {
        let payments = Payments { captures: Items(captures), ..Payments::default() };
        let unit = PurchaseUnit { payments: Maybe(Some(payments)), ..PurchaseUnit::default() };
        Resource { purchase_units: Items(vec![unit]), ..Resource::default() }
    }

    pub fn link(&self, rel: &str) -> Option<&str> {
        self.links.iter().find(|link| link.rel.as_deref() == Some(rel))?.href.as_deref()
    }

    /// Of an order.
    pub fn captures(&self) -> &[Resource] {
        self.payments().map_or(&[], |payments| &payments.captures)
    }

    /// Of an order.
    pub fn refunds(&self) -> &[Resource] {
        self.payments().map_or(&[], |payments| &payments.refunds)
    }

    fn payments(&self) -> Option<&Payments> {
        self.purchase_units.first()?.payments.as_ref()
    }

    /// The order at PayPal that a capture belongs to.
    pub fn related_order(&self) -> Option<&str> {
        self.supplementary_data.as_ref()?.related_ids.as_ref()?.order_id.as_deref()
    }

    /// The capture that a refund or a dispute is about.
    pub fn captured(&self) -> Option<&str> {
        let up = self.link("up").and_then(|href| href.split_once("/captures/")).map(|(_, id)| id);
        known_id(up.or_else(|| self.disputed_transactions.first()?.seller_transaction_id.as_deref()))
    }

    /// The order of ours that it names.
    pub fn named(&self) -> Option<String> {
        let own = [&self.custom_id, &self.invoice_id, &self.custom, &self.invoice_number];
        let unit = self.purchase_units.first();
        let unit = unit.map(|unit| [&unit.custom_id, &unit.invoice_id, &unit.custom, &unit.invoice_number]);
        let disputed = self.disputed_transactions.first();
        let disputed = disputed.map(|of| [&of.custom_id, &of.invoice_id, &of.custom, &of.invoice_number]);
        let places = [Some(own), unit, disputed];
        places.into_iter().flatten().flatten().find_map(|text| order_id(text.as_deref()))
    }
}

/// What a webhook tells.
#[derive(Deserialize)]
pub struct Event {
    pub event_type: String,
    pub resource: Resource,
}

/// An access token (developer.paypal.com/api/rest/authentication).
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AccessToken {
    pub access_token: Maybe<String>,
    /// Seconds.
    pub expires_in: Maybe<i64>,
}

/// Whether PayPal signed an event.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Verification {
    pub verification_status: Maybe<String>,
}

/// Why a call is refused (developer.paypal.com/api/rest/responses), or a token.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ErrorBody {
    pub details: Items<ErrorDetail>,
    pub error: Maybe<String>,
    pub name: Maybe<String>,
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct ErrorDetail {
    pub issue: Maybe<String>,
}

/// An order that is to be opened.
#[derive(Serialize)]
pub struct NewOrder<'a> {
    pub intent: &'static str,
    pub purchase_units: [NewUnit<'a>; 1],
    pub payment_source: PaymentSource<'a>,
}

#[derive(Serialize)]
pub struct NewUnit<'a> {
    pub description: &'a str,
    pub custom_id: &'a str,
    pub invoice_id: &'a str,
    pub amount: NewAmount<'a>,
}

#[derive(Serialize)]
pub struct NewAmount<'a> {
    pub currency_code: &'static str,
    pub value: &'a str,
}

#[derive(Serialize)]
pub struct NewRefund<'a> {
    pub amount: NewAmount<'a>,
    pub custom_id: &'a str,
}

#[derive(Serialize)]
pub struct PaymentSource<'a> {
    pub paypal: Wallet<'a>,
}

#[derive(Serialize)]
pub struct Wallet<'a> {
    pub experience_context: ExperienceContext<'a>,
}

#[derive(Serialize)]
pub struct ExperienceContext<'a> {
    pub return_url: &'a str,
    pub cancel_url: &'a str,
    pub shipping_preference: &'static str,
    pub user_action: &'static str,
}

/// The question whether PayPal signed an event, but for the event itself.
#[derive(Serialize)]
pub struct Signature<'a> {
    pub auth_algo: &'a str,
    pub cert_url: &'a str,
    pub transmission_id: &'a str,
    pub transmission_sig: &'a str,
    pub transmission_time: &'a str,
    pub webhook_id: &'a str,
}
