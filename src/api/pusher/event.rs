//! The events of this dialect: their names, the scopes that they take, and how they are told.

use serde::Serialize;

use super::{organization, payload};
use crate::{
    json,
    shop::{
        app::Form,
        id,
        oauth::{Scope, Scopes},
        time,
        webhook::{Envelope, Event},
    },
};

/// An event as the document names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub text: &'static str,
    pub event: Event,
    /// `None`: any of those that this API knows.
    scope: Option<Scope>,
}

const SCOPES: [Scope; 3] = [Scope::ReadPurchase, Scope::ReadProduct, Scope::ReadUserinfo];

impl Name {
    /// In the order of the document.
    pub const ALL: [Name; 10] = [
        Name { text: "PurchaseCreated", event: Event::OrderPaid, scope: Some(Scope::ReadPurchase) },
        Name { text: "OrganizationUpdated", event: Event::AccountUpdated, scope: Some(Scope::ReadUserinfo) },
        Name { text: "ProductCreated", event: Event::ProductCreated, scope: Some(Scope::ReadProduct) },
        Name { text: "ProductUpdated", event: Event::ProductUpdated, scope: Some(Scope::ReadProduct) },
        Name { text: "ProductDeleted", event: Event::ProductDeleted, scope: Some(Scope::ReadProduct) },
        Name { text: "InventoryBalanceChanged", event: Event::StockChanged, scope: Some(Scope::ReadProduct) },
        Name { text: "InventoryTrackingStarted", event: Event::StockTrackingStarted, scope: Some(Scope::ReadProduct) },
        Name { text: "InventoryTrackingStopped", event: Event::StockTrackingStopped, scope: Some(Scope::ReadProduct) },
        Name { text: "ApplicationConnectionRemoved", event: Event::AppDisconnected, scope: None },
        Name { text: "PersonalAssertionDeleted", event: Event::KeyReplaced, scope: None },
    ];

    pub fn parse(text: &str) -> Option<Name> {
        Self::ALL.into_iter().find(|name| name.text == text)
    }

    pub fn is_allowed(self, scopes: Scopes) -> bool {
        match self.scope {
            Some(scope) => scopes.has(scope),
            None => SCOPES.into_iter().any(|scope| scopes.has(scope)),
        }
    }

    /// For a sentence.
    pub fn needs(self) -> &'static str {
        self.scope.map_or("any scope", Scope::name)
    }
}

/// Its name, also of the message that tries a destination out.
pub fn text(event: Event) -> &'static str {
    match Name::ALL.into_iter().find(|name| name.event == event) {
        Some(name) => name.text,
        None => "TestMessage",
    }
}

const EVENTS: [Event; 11] = [
    Event::OrderPaid,
    Event::AccountUpdated,
    Event::ProductCreated,
    Event::ProductUpdated,
    Event::ProductDeleted,
    Event::StockChanged,
    Event::StockTrackingStarted,
    Event::StockTrackingStopped,
    Event::AppDisconnected,
    Event::KeyReplaced,
    Event::EndpointTest,
];

pub fn form() -> Form {
    Form::of(&EVENTS)
        .with(payload::purchase)
        .with(payload::organization)
        .with(payload::created)
        .with(payload::changed)
        .with(payload::removed)
        .with(payload::stock)
        .with(payload::disconnected)
        .with(payload::key_replaced)
        .with(payload::test)
        .within(envelope)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    organization_uuid: String,
    message_uuid: String,
    event_name: &'static str,
    message_id: String,
    /// JSON in a text: it is signed as it is.
    payload: &'a str,
    timestamp: String,
}

fn envelope(envelope: &Envelope<'_>) -> String {
    let Envelope { account_id, log_id, event, at, payload } = *envelope;
    let name = format!("{account_id}:{log_id}");
    json::to_text(&Message {
        organization_uuid: organization(account_id),
        message_uuid: id::timed_uuid(at, &name),
        event_name: text(event),
        message_id: id::named_uuid("message", &name),
        payload,
        timestamp: time::zulu(at),
    })
}
