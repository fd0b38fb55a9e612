//! What a rule can read of an order: facts about its buyer, about what is bought, and how risky it looks.
//!
//! They are kept with the order as JSON in the same shape, so that an old order can be judged as it was. What isn't known
//! is left out. Fields that came later are missing in old orders; fields that went are skipped.

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::shop::money::Decimal;

/// Texts are compared letter by letter, so whoever fills this in brings them to one form: e-mails, domains and languages in
/// lower case, codes of countries and currencies in capitals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    #[serde(skip_serializing_if = "is_default")]
    pub customer: Customer,
    #[serde(skip_serializing_if = "is_default")]
    pub order: Order,
    #[serde(skip_serializing_if = "is_default")]
    pub product: Product,
    /// What the buyer answered to the seller's own questions, by their names.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    pub risk: Risk,
}

/// The buyer, and the connection from which they order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_is_disposable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<IpAddr>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_vpn: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_hosting: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_tor: Option<bool>,
    /// Earlier orders of this buyer, whatever became of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disputed_count: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// In the order's currency.
    #[serde(with = "decimal", skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    #[serde(with = "decimal", skip_serializing_if = "Option::is_none")]
    pub usd_value: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u64>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// As the API names it: `bitcoin`, `paypal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<String>,
    /// 0 to 23, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<u64>,
    /// 1 is Monday and 7 is Sunday (ISO 8601), in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekday: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number that the API has for it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_ids: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Risk {
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Decimals are texts in JSON, so that no reader makes floats of them.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Decimal;

    pub fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_str(&value.to_text()),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Decimal::parse(&text).map_err(|_| D::Error::custom("not a decimal number"))).transpose()
    }
}
