//! Values of this dialect's answers: times without a zone, and numbers that are numbers.

use crate::{
    json::{self, Value},
    shop::{
        gateway::Gateway,
        money::{self, Amount, Decimal},
        time,
    },
};

pub(super) use crate::api::values::{Int, values};

values! {
    /// `2017-12-03 13:55:30`, UTC.
    Moment(String) = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"}

    /// Its digits as they are: no float is near it.
    Number(Value) = {"type": "number"}

    /// 0 or 1.
    Bit(u8) = {"type": "integer", "enum": [0, 1]}

    /// What isn't there.
    Never(()) = {"type": "null"}
}

impl Moment {
    /// Milliseconds since 1970.
    pub fn at(ms: i64) -> Moment {
        Moment(time::seconds(ms))
    }
}

impl Number {
    /// Money, in major units.
    pub fn money(amount: Amount) -> Number {
        Number::of(&amount.decimal().map_or_else(|| "0".to_owned(), Decimal::to_text))
    }

    /// Coins, of units of 10⁻⁸.
    pub fn coins(units: u64) -> Number {
        Number::of(&money::coin_text(units))
    }

    fn of(digits: &str) -> Number {
        Number(json::from_text(digits).unwrap_or_default())
    }
}

impl Bit {
    pub fn of(yes: bool) -> Bit {
        Bit(yes.into())
    }
}

/// As orders name a gateway: a coin by its code.
pub fn gateway(gateway: Gateway) -> &'static str {
    gateway.coin().map_or(gateway.name(), |coin| coin.symbol)
}
