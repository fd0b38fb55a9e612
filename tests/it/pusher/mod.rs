//! Zettle Pusher: its document replayed, and what receivers of it rely on.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    actors::{Ask, Reply, Seller},
    world::{Sent, World},
};

mod access;
mod document;
mod event;
mod health;
mod isolation;
mod openapi;
mod wild;

pub const HOOK: &str = "https://webhook.site/f62e2311-1232-4d8f-b75e-80e9ce013dd4";
/// The document's first subscription.
pub const UUID: &str = "f02f80f8-8f35-11eb-8dcd-0242ac130003";

pub const EVENTS: [&str; 10] = [
    "PurchaseCreated",
    "OrganizationUpdated",
    "ProductCreated",
    "ProductUpdated",
    "ProductDeleted",
    "InventoryBalanceChanged",
    "InventoryTrackingStarted",
    "InventoryTrackingStopped",
    "ApplicationConnectionRemoved",
    "PersonalAssertionDeleted",
];

impl<'w> Seller<'w> {
    /// A request in his name, with his key as a token.
    pub fn pusher(&self, method: &str, path: &str) -> Ask<'w> {
        bearer(self.world, &self.key, method, path)
    }

    /// A subscription of this number, with these properties instead.
    pub fn subscribes(&self, number: u32, changed: Value) -> Reply {
        self.pusher("POST", "").json(&subscription(number, changed)).send()
    }

    pub fn subscriptions(&self) -> Value {
        self.pusher("GET", "").send().expect(200).json()
    }
}

pub fn bearer<'w>(world: &'w World, token: &str, method: &str, path: &str) -> Ask<'w> {
    let ask = world.ask(method, &format!("/organizations/self/subscriptions{path}"));
    ask.header("authorization", format!("Bearer {token}"))
}

/// The document's example, under a UUID for each number.
pub fn subscription(number: u32, changed: Value) -> Value {
    let mut fields = json!({
        "uuid": uuid(number), "transportName": "WEBHOOK", "eventNames": ["ProductUpdated"],
        "destination": HOOK, "contactEmail": "hooks@example.com",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

pub fn uuid(number: u32) -> String {
    format!("{number:08x}-8f35-11eb-8dcd-0242ac130003")
}

/// A refusal's type and the properties that it names.
#[track_caller]
pub fn refused(reply: &Reply, status: u16) -> (String, Vec<String>) {
    assert_eq!(reply.status(), status, "{}", reply.text());
    let json = reply.json();
    let names: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["errorType", "developerMessage", "violations"], "{json}");
    assert!(!json["developerMessage"].as_str().expect("a sentence").is_empty());
    let violated = json["violations"].as_array().expect("a list").iter().map(|violation| {
        assert!(violation["developerMessage"].is_string(), "{json}");
        violation["propertyName"].as_str().expect("a name").to_owned()
    });
    (json["errorType"].as_str().expect("a type").to_owned(), violated.collect())
}

/// HMAC (RFC 2104) by its definition, over the hash alone: the program's own comes from a library.
fn hmac_sha256(key: &[u8], text: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut padded = [0_u8; BLOCK];
    padded[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A message and what is in it, once its signature is that of the document: of `timestamp.payload` under the signing key.
#[track_caller]
pub fn read(sent: &Sent, key: &str) -> (Value, Value) {
    let message = sent.json();
    let names: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(names, ["organizationUuid", "messageUuid", "eventName", "messageId", "payload", "timestamp"]);
    let payload = message["payload"].as_str().expect("JSON in a text");
    let signed = format!("{}.{payload}", message["timestamp"].as_str().expect("a time"));
    assert_eq!(sent.header("x-izettle-signature"), hmac_sha256(key.as_bytes(), signed.as_bytes()));
    assert_eq!(sent.header("content-type"), "application/json");
    assert!(!sent.headers.iter().any(|(name, _)| name.starts_with("X-PushGuard")), "{:?}", sent.headers);
    let payload = serde_json::from_str(payload).expect("JSON");
    (message, payload)
}
