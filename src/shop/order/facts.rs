//! The facts of an order's start, as they are kept: without what the order's row says anyway, or what is so of most. What is kept is a JSON Merge Patch
//! (RFC 7396) from what the row says to what was known, so both come to the same, whatever either is.

use std::collections::BTreeMap;

use super::{Buyer, Order};
use crate::{
    json::{self, Map, Value},
    platform::{Fault, Reader},
    shop::{
        fraud::{self, Judgement},
        money::{Amount, Currency},
        rule::{self, Facts},
        text::email,
        time,
    },
};

/// Columns of `InRow`, in the order of `InRow::read`.
pub const COLUMNS: &str = "email, ip_address, country_code, user_agent, referral, product_id, product_title, product_type, \
    value, currency, usd_value, quantity, gateway, custom, created_at, facts";

/// What of an order's row says something that rules read, and never changes.
pub struct InRow {
    buyer: Buyer,
    product_id: String,
    product_title: String,
    product_type: Option<i64>,
    price: Amount,
    usd_value: Option<Amount>,
    quantity: u32,
    gateway: String,
    custom: Option<String>,
    pub created_at: i64,
}

/// Of the patch, the names of the product's inputs. No fact is called so.
const NAMES: &str = "names";

/// JSON of the facts without what the row says.
pub fn keep(order: &Order, judgement: &Judgement) -> String {
    let row = InRow {
        buyer: order.buyer.clone(),
        product_id: order.product_id.clone(),
        product_title: order.product_title.clone(),
        product_type: order.item.as_ref().map(|item| item.kind as i64),
        price: order.price,
        usd_value: order.usd_value,
        quantity: order.quantity,
        gateway: order.gateway.slug().to_owned(),
        custom: order.custom.clone(),
        created_at: order.created_at,
    };
    keep_beside(&row, &judgement.facts, &judgement.names)
}

fn keep_beside(row: &InRow, facts: &Facts, names: &BTreeMap<String, String>) -> String {
    let (Value::Object(said), Value::Object(known)) = (value(&row.facts(names)), value(facts)) else {
        return json::to_text(facts);
    };
    let mut patch = difference(&said, known);
    if !names.is_empty() {
        patch.insert(NAMES.to_owned(), value(names));
    }
    json::to_text(&patch)
}

/// The facts as they were known; `None`: they can't be read.
pub fn put_back(row: &InRow, kept: &str) -> Option<Facts> {
    let mut patch: Map<String, Value> = json::from_text(kept)?;
    let names: BTreeMap<String, String> = match patch.shift_remove(NAMES) {
        Some(names) => serde_json::from_value(names).ok()?,
        None => BTreeMap::new(),
    };
    let Value::Object(mut facts) = value(&row.facts(&names)) else { return None };
    apply(&mut facts, patch);
    serde_json::from_value(Value::Object(facts)).ok()
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

fn difference(from: &Map<String, Value>, to: Map<String, Value>) -> Map<String, Value> {
    let gone = from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let mut patch: Map<String, Value> = gone.collect();
    for (key, new) in to {
        match (from.get(&key), new) {
            (Some(old), new) if *old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                patch.insert(key, Value::Object(difference(old, new)));
            }
            (_, new) => {
                patch.insert(key, new);
            }
        }
    }
    patch
}

fn apply(to: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, new) in patch {
        match (to.get_mut(&key), new) {
            (_, Value::Null) => {
                to.shift_remove(&key);
            }
            (Some(Value::Object(old)), Value::Object(new)) => apply(old, new),
            (_, new) => {
                to.insert(key, new);
            }
        }
    }
}

impl InRow {
    pub fn read(row: &mut Reader<'_>) -> Result<(InRow, Option<String>), Fault> {
        let buyer = Buyer {
            email: row.maybe_text(),
            ip_address: row.maybe_text(),
            country_code: row.maybe_text(),
            user_agent: row.maybe_text(),
            referral: row.maybe_text(),
        };
        let (product_id, product_title, product_type) = (row.text(), row.text(), row.maybe_int());
        let (minor, currency, dollars) = (row.int(), row.text(), row.maybe_int());
        let price = Currency::parse(&currency).and_then(|currency| Amount::new(minor, currency));
        let price = price.ok_or_else(|| Fault("an order's price can't be read".into()))?;
        let usd_value = dollars.and_then(|minor| Amount::new(minor, Currency::USD));
        let (quantity, gateway, custom, created_at) = (row.count(), row.text(), row.maybe_text(), row.int());
        let row_says = InRow {
            buyer,
            product_id,
            product_title,
            product_type,
            price,
            usd_value,
            quantity,
            gateway,
            custom,
            created_at,
        };
        Ok((row_says, row.maybe_text()))
    }

    /// What the row says, and for the rest what is so of most orders. Rows that are kept hang on it: what it says of anything must
    /// stay as it is.
    fn facts(&self, names: &BTreeMap<String, String>) -> Facts {
        let email = self.buyer.email.as_deref().map(email::key);
        let domain = email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
        let address = self.buyer.ip_address.as_deref().and_then(|text| text.parse::<std::net::IpAddr>().ok());
        let (hour, weekday) = time::hour_and_weekday(self.created_at);
        Facts {
            customer: rule::Customer {
                email,
                email_domain: domain,
                ip_address: address.map(|address| address.to_canonical()),
                country_code: self.buyer.country_code.clone(),
                user_agent: self.buyer.user_agent.clone(),
                email_is_disposable: Some(false),
                is_vpn: Some(false),
                is_hosting: Some(false),
                is_tor: Some(false),
                order_count: Some(0),
                paid_count: Some(0),
                disputed_count: Some(0),
                ..rule::Customer::default()
            },
            order: rule::Order {
                value: self.price.decimal(),
                usd_value: self.usd_value.and_then(Amount::decimal),
                quantity: Some(self.quantity.into()),
                currency: Some(self.price.currency().code().to_owned()),
                gateway: Some(self.gateway.clone()),
                referral: self.buyer.referral.clone(),
                hour: Some(hour.into()),
                weekday: Some(weekday.into()),
                ..rule::Order::default()
            },
            product: rule::Product {
                id: self.product_type.map(|_| self.product_id.clone()),
                title: Some(self.product_title.clone()),
                kind: self.product_type.and_then(|kind| u64::try_from(kind).ok()),
                category_ids: Some(Vec::new()),
            },
            custom: fraud::custom(self.custom.as_deref(), names),
            risk: rule::Risk { level: Some(0) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(minor: i64) -> Amount {
        Amount::new(minor, Currency::USD).unwrap()
    }

    fn row() -> InRow {
        InRow {
            buyer: Buyer {
                email: Some("Bob+a@Example.com".into()),
                ip_address: Some("::ffff:203.0.113.7".into()),
                country_code: Some("SE".into()),
                user_agent: Some("Lynx/2.9".into()),
                referral: Some("https://blog.example/".into()),
            },
            product_id: "p1".into(),
            product_title: "Key".into(),
            product_type: Some(2),
            price: price(1_999),
            usd_value: Some(price(1_999)),
            quantity: 2,
            gateway: "stripe".into(),
            custom: Some(r#"{"0":"bob#1","1":true}"#.into()),
            created_at: 1_700_000_000_000,
        }
    }

    #[test]
    fn what_the_row_says_is_not_kept() {
        let names = BTreeMap::from([("0".to_owned(), "Discord".to_owned())]);
        let mut facts = row().facts(&names);
        assert_eq!(keep_beside(&row(), &facts, &BTreeMap::new()), r#"{"custom":{"0":null,"Discord":"bob#1"}}"#);
        assert_eq!(keep_beside(&row(), &facts, &names), r#"{"names":{"0":"Discord"}}"#);
        facts.customer.is_vpn = Some(true);
        facts.customer.email = None;
        facts.product = rule::Product::default();
        let kept = keep_beside(&row(), &facts, &names);
        assert_eq!(kept, r#"{"product":null,"customer":{"email":null,"is_vpn":true},"names":{"0":"Discord"}}"#);
        assert_eq!(put_back(&row(), &kept).unwrap(), facts);
    }

    proptest! {
        #[test]
        fn what_was_known_comes_back_whatever_the_row_says(
            texts in proptest::array::uniform6(proptest::option::of("[a-z0-9@.:é\"{}]{0,12}")),
            numbers in proptest::array::uniform4(proptest::option::of(0_u64..5)),
            flags in proptest::array::uniform3(proptest::option::of(any::<bool>())),
            custom in prop::collection::btree_map("[0-2a-c]{1,2}", "[a-z]{0,3}", 0..4),
            names in prop::collection::btree_map("[0-2]", "[a-c]{1,2}", 0..3),
            as_in_row in any::<bool>(),
        ) {
            let mut facts = if as_in_row { row().facts(&names) } else { Facts::default() };
            let [email, country, agent, referral, title, category] = texts;
            let [asn, orders, quantity, level] = numbers;
            let [is_vpn, is_tor, disposable] = flags;
            facts.customer.email = email;
            facts.customer.country_code = country.or(facts.customer.country_code);
            facts.customer.user_agent = agent.or(facts.customer.user_agent);
            (facts.customer.asn, facts.customer.order_count) = (asn, orders);
            (facts.customer.is_vpn, facts.customer.is_tor) = (is_vpn, is_tor);
            facts.customer.email_is_disposable = disposable;
            facts.order.referral = referral.or(facts.order.referral);
            facts.order.quantity = quantity;
            facts.product.title = title;
            facts.product.category_ids = category.map(|id| vec![id]);
            facts.risk.level = level;
            if !as_in_row {
                facts.custom = custom;
            }
            let kept = keep_beside(&row(), &facts, &names);
            prop_assert_eq!(put_back(&row(), &kept), Some(facts), "{}", kept);
        }
    }
}
