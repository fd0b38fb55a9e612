//! The fields by their names, and what they hold.

use std::{borrow::Cow, fmt, net::IpAddr};

use super::{
    error::shown,
    facts::Facts,
    quote::quoted,
    suggest::{nearest, related},
};
use crate::shop::money::Decimal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Address,
    Flag,
    /// Of texts.
    List,
}

impl Kind {
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Address => "an IP address",
            Kind::Flag => "a boolean",
            Kind::List => "a list of texts",
        }
    }
}

/// What a field holds in an order, or a function makes of it.
pub enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
    Number(Decimal),
    Address(IpAddr),
    Flag(bool),
    List(&'a [String]),
}

macro_rules! fields {
    ($($field:ident $kind:ident $name:literal $room:ident.$member:ident;)*) => {
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field {
            $($field,)*
            Custom(String),
        }

        const NAMED: &[(&str, Field)] = &[$(($name, Field::$field)),*];

        impl Field {
            pub fn kind(&self) -> Kind {
                match self {
                    $(Field::$field => Kind::$kind,)*
                    Field::Custom(_) => Kind::Text,
                }
            }

            pub fn value<'a>(&self, facts: &'a Facts) -> Value<'a> {
                match self {
                    $(Field::$field => facts.$room.$member.as_ref().map_or(Value::Missing, Value::from),)*
                    Field::Custom(name) => facts.custom.get(name).map_or(Value::Missing, Value::from),
                }
            }
        }

        impl fmt::Display for Field {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Field::$field => f.write_str($name),)*
                    Field::Custom(name) => write!(f, "custom[{}]", quoted(name)),
                }
            }
        }
    };
}

fields! {
    CustomerEmail Text "customer.email" customer.email;
    CustomerEmailDomain Text "customer.email_domain" customer.email_domain;
    CustomerEmailIsDisposable Flag "customer.email_is_disposable" customer.email_is_disposable;
    CustomerIpAddress Address "customer.ip_address" customer.ip_address;
    CustomerCountryCode Text "customer.country_code" customer.country_code;
    CustomerAsn Number "customer.asn" customer.asn;
    CustomerAsnName Text "customer.asn_name" customer.asn_name;
    CustomerUserAgent Text "customer.user_agent" customer.user_agent;
    CustomerLanguage Text "customer.language" customer.language;
    CustomerIsVpn Flag "customer.is_vpn" customer.is_vpn;
    CustomerIsHosting Flag "customer.is_hosting" customer.is_hosting;
    CustomerIsTor Flag "customer.is_tor" customer.is_tor;
    CustomerOrderCount Number "customer.order_count" customer.order_count;
    CustomerPaidCount Number "customer.paid_count" customer.paid_count;
    CustomerDisputedCount Number "customer.disputed_count" customer.disputed_count;
    OrderValue Number "order.value" order.value;
    OrderUsdValue Number "order.usd_value" order.usd_value;
    OrderQuantity Number "order.quantity" order.quantity;
    OrderCurrency Text "order.currency" order.currency;
    OrderGateway Text "order.gateway" order.gateway;
    OrderCoupon Text "order.coupon" order.coupon;
    OrderReferral Text "order.referral" order.referral;
    OrderHour Number "order.hour" order.hour;
    OrderWeekday Number "order.weekday" order.weekday;
    ProductId Text "product.id" product.id;
    ProductTitle Text "product.title" product.title;
    ProductType Number "product.type" product.kind;
    ProductCategoryIds List "product.category_ids" product.category_ids;
    RiskLevel Number "risk.level" risk.level;
}

impl Field {
    pub fn find(name: &str) -> Option<Field> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, field)| field.clone())
    }
}

/// What a word is that names no field.
pub fn unknown(word: &str) -> String {
    let found = format!("unknown field {}", shown(word));
    if let Some(name) = word.strip_prefix("custom.") {
        return format!("{found}, did you mean custom[{}]?", quoted(name));
    }
    let names = || NAMED.iter().map(|(name, _)| *name);
    match nearest(word, names()).or_else(|| related(word, names())) {
        Some(name) => format!("{found}, did you mean {name}?"),
        None => found,
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Value<'a> {
        Value::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a Vec<String>> for Value<'a> {
    fn from(list: &'a Vec<String>) -> Value<'a> {
        Value::List(list)
    }
}

impl From<&Decimal> for Value<'_> {
    fn from(number: &Decimal) -> Self {
        Value::Number(*number)
    }
}

impl From<&u64> for Value<'_> {
    fn from(count: &u64) -> Self {
        Decimal::new((*count).into(), 0).map_or(Value::Missing, Value::Number)
    }
}

impl From<&bool> for Value<'_> {
    fn from(flag: &bool) -> Self {
        Value::Flag(*flag)
    }
}

impl From<&IpAddr> for Value<'_> {
    fn from(address: &IpAddr) -> Self {
        // A v4 address in v6 spelling is the same address.
        Value::Address(address.to_canonical())
    }
}
