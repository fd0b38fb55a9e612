//! `payments` in `/account`: how exact a payment in coins has to be.

use serde::Serialize;

use super::wire::DecimalText;
use crate::{
    api::fields::Fields,
    json::{self, Value},
    shop::{account::policy::Policy, money::Decimal, seller::Change},
};

/// The numbers of a policy, in the order of its columns: name, decimals of a percentage, the least and the most.
const NUMBERS: [(&str, Option<u8>, u32, u32); 4] = [
    ("underpayment_tolerance", Some(1), 0, 100),
    ("rate_spread", Some(2), 0, 2_000),
    ("quote_minutes", None, 5, 120),
    ("watch_hours", None, 1, 168),
];

/// `{"underpayment_tolerance": "0.5", "rate_spread": "0.0", "quote_minutes": 20, "watch_hours": 24}`
pub fn object(policy: &Policy) -> String {
    let [tolerance, spread, quote_minutes, watch_hours] = policy.numbers();
    let percent = |number: u32, places| Decimal::new(number.into(), places).map(Decimal::wire).unwrap_or_default();
    let body = Body {
        underpayment_tolerance: DecimalText(percent(tolerance, 1)),
        rate_spread: DecimalText(percent(spread, 2)),
        quote_minutes,
        watch_hours,
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "AccountPayments"))]
pub(super) struct Body {
    /// How many percent of an amount of coins may be missing (0 to 10, one decimal): wallets and
    /// exchanges shave off fees. 0.5 in a new account.
    underpayment_tolerance: DecimalText,
    /// How many percent less than on the market a coin is worth in your quotes (0 to 20, two
    /// decimals), against prices that move. 0 in a new account.
    rate_spread: DecimalText,
    /// How long a quote holds. What comes later is worth what it is worth then. 20 in a new
    /// account.
    quote_minutes: u32,
    /// For how long after a quote has run out its address is watched closely; then hourly, until
    /// seven days after it. 24 in a new account.
    watch_hours: u32,
}

/// What is absent is left as it is; null makes it what it is in a new account, one number or all of them.
pub fn read(fields: &mut Fields, change: &mut Change) {
    let defaults = Policy::default().numbers();
    if !fields.has("payments") {
        return;
    }
    let mut inner = match fields.value("payments") {
        None => {
            change.policy = defaults.map(Some);
            return;
        }
        Some(Value::Object(numbers)) => Fields::of(numbers.clone()),
        Some(_) => return fields.error("Payments must be an object"),
    };
    for (((name, places, least, most), default), wanted) in NUMBERS.into_iter().zip(defaults).zip(&mut change.policy) {
        if inner.has(name) {
            let number = match places {
                Some(places) => inner.percent(name, places, most),
                None => inner.int(name, least.into(), most.into()).and_then(|number| u32::try_from(number).ok()),
            };
            *wanted = Some(number.unwrap_or(default));
        }
    }
    for mut error in inner.errors {
        if let Some(first) = error.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        fields.error(format!("Payments {error}"));
    }
}
