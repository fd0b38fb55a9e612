//! `risk_weights` in `/account`: how much each signal adds to the risk of an order.

use crate::{
    api::fields::Fields,
    json::{self, Map, Value},
    shop::{
        fraud::{Signal, Weights},
        seller::Change,
    },
};

/// `{"tor": 50, "vpn": 25, …}`
pub fn object(weights: Weights) -> String {
    let all: Map<String, Value> =
        weights.all().map(|(signal, weight)| (signal.name().to_owned(), weight.into())).collect();
    json::to_text(&all)
}

/// What is left out stays; `null` makes a weight, or all of them, what they are in a new account.
pub fn read(fields: &mut Fields, change: &mut Change) {
    if !fields.has("risk_weights") {
        return;
    }
    let given = match fields.value("risk_weights") {
        None => {
            change.risk_weights = Signal::ALL.map(|signal| (signal, signal.default_weight())).to_vec();
            return;
        }
        Some(Value::Object(given)) => given.clone(),
        Some(_) => return fields.error("Risk weights must be an object"),
    };
    // One that is ignored would be worse than one that is refused.
    for name in given.keys().filter(|name| Signal::ALL.iter().all(|signal| signal.name() != name.as_str())) {
        fields.error(format!("Risk weights {} is no signal", crate::api::failure::quoted(name)));
    }
    let mut inner = Fields::of(given);
    for signal in Signal::ALL {
        if inner.has(signal.name()) {
            let weight = inner.int(signal.name(), 0, 100).and_then(|weight| u32::try_from(weight).ok());
            change.risk_weights.push((signal, weight.unwrap_or(signal.default_weight())));
        }
    }
    for mut error in inner.errors {
        if let Some(first) = error.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        fields.error(format!("Risk weights {error}"));
    }
}

/// Every signal by its name.
#[cfg(not(target_arch = "wasm32"))]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "it is described, and never made")]
pub(super) struct Body {
    /// The address is an exit of Tor.
    tor: super::wire::Int<0, 100>,
    /// The address is a VPN's or an open proxy's.
    vpn: super::wire::Int<0, 100>,
    /// The address belongs to a network that hosts servers.
    hosting: super::wire::Int<0, 100>,
    /// The e-mail's domain gives out mailboxes that vanish.
    disposable_email: super::wire::Int<0, 100>,
    /// The e-mail's domain is of another country than the address.
    country_mismatch: super::wire::Int<0, 100>,
    /// Four orders of the e-mail within ten minutes, or ten within a day.
    email_velocity: super::wire::Int<0, 100>,
    /// Six attempts of the network within ten minutes, or twenty within a day.
    ip_velocity: super::wire::Int<0, 100>,
    /// The buyer took money back before.
    past_disputes: super::wire::Int<0, 100>,
    /// The card that paid is of another country than the address.
    card_country_mismatch: super::wire::Int<0, 100>,
    /// Four payments by the card within ten minutes, or ten within a day.
    card_velocity: super::wire::Int<0, 100>,
    /// Stripe rates the payment's risk as elevated.
    stripe_elevated: super::wire::Int<0, 100>,
    /// Stripe rates the payment's risk as highest.
    stripe_highest: super::wire::Int<0, 100>,
}
