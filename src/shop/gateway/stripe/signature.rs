//! The signature of Stripe's events.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::shop::{gateway::GatewayNotification, id, time::SECOND};

/// Seconds that a signature may be old, or early where clocks differ (the SDKs' default).
const TOLERANCE: u64 = 300;

/// `Stripe-Signature: t=<seconds>,v1=<hex>,…`: HMAC-SHA256 of `<seconds>.<body>` under the whole secret. While a secret is replaced
/// there are several, and one has to be right (docs.stripe.com/webhooks).
pub fn is_signed(secret: &str, notification: &GatewayNotification) -> bool {
    let header = notification.header("stripe-signature").unwrap_or_default();
    let parts = |scheme: &'static str| {
        let parts = header.split(',').filter_map(|part| part.split_once('='));
        parts.filter(move |(name, _)| name.trim() == scheme).map(|(_, value)| value.trim())
    };
    let Some(time) = parts("t").next_back() else { return false };
    let in_time = time.parse().is_ok_and(|at: i64| at.abs_diff(notification.received_at / SECOND) <= TOLERANCE);
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()) else { return false };
    if !in_time {
        return false;
    }
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(notification.body.as_bytes());
    parts("v1").any(|tag| id::unhex(tag).is_some_and(|tag| mac.clone().verify_slice(&tag).is_ok()))
}
