//! What stands in the way of a price at a gateway, for sentences.

use crate::shop::{gateway::Gateway, money::Amount};

/// Gateways take some currencies only, and of some of them no fractions.
pub fn not_taken(price: Amount, gateway: Gateway) -> Option<String> {
    let (code, name) = (price.currency().code(), gateway.name());
    match gateway.decimals(price.currency()) {
        None => Some(format!("Currency {code} is not taken by {name}")),
        Some(decimals) if price.text(decimals).is_none() => {
            Some(format!("Value has fractions of {code} that {name} does not take"))
        }
        Some(_) => {
            let min = gateway.min_price(price.currency()).filter(|min| price.minor() < min.minor());
            min.map(|min| format!("Value is too small for {name} (minimum is {})", min.display()))
        }
    }
}
