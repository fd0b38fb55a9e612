//! Fraud: who may order. At the start of every order it is looked at what is known of the buyer, in the round trip that the start
//! takes anyway; rules, the blacklist and the product's limits decide; and the reasons are kept with the order, or with the attempt
//! that was refused (`blocked`).

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    App, Outcome as Result,
    account::Account,
    blacklist::keys::{Hit, Keys},
    gateway::Gateway,
    money::Amount,
    network::{self, Connection, Network},
    product::{Kind, Product, input},
    rule::{self, Facts},
    text::email,
    time,
};
use crate::{
    json::{self, Map, Value},
    platform::{Row, Statement},
};
use decision::Case;
use rule_set::RuleSets;

pub mod decision;
mod rule_set;
pub mod signal;
mod sql;
#[cfg(test)]
mod tests;

pub use decision::{Decider, Listed, Outcome, Reasons, Sign, Tried};
pub use signal::{CARD_TIMES, Signal, Weights};
pub use sql::Subject;

/// From where somebody orders, as far as the platform knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visitor {
    pub connection: Connection,
    /// The first language that their browser asks for, in lower case: `de` or `pt-br`.
    pub language: Option<String>,
}

/// What somebody wants to order, as the order will have it.
pub struct Attempt<'a> {
    pub product_id: &'a str,
    pub product_title: &'a str,
    pub email: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub language: Option<&'a str>,
    pub referral: Option<&'a str>,
    pub value: Amount,
    pub usd_value: Option<Amount>,
    pub quantity: u32,
    pub gateway: Gateway,
    /// JSON.
    pub custom: Option<&'a str>,
}

/// What is asked about an attempt, before anything is read.
pub struct Inquiry {
    ip: Option<IpAddr>,
    /// Of the buyer; `None`: nobody knows.
    pub country: Option<String>,
    network: Network,
    email: Option<String>,
}

/// What was decided, and all that the decision saw.
pub struct Judgement {
    pub reasons: Reasons,
    pub facts: Facts,
    /// How the inputs were called that the buyer answered, by the keys of their answers.
    pub names: BTreeMap<String, String>,
    /// As `orders.network`.
    pub network: Option<String>,
}

/// What is known of an attempt.
pub struct Known {
    pub facts: Facts,
    /// When this e-mail began other orders, and this network; in milliseconds since 1970.
    pub email_times: Vec<i64>,
    pub network_times: Vec<i64>,
}

impl Inquiry {
    /// `ip` and `country` are the buyer's. What the platform says of their connection is believed; otherwise the packaged lists
    /// say whose the address is.
    pub async fn of(
        app: &App,
        email: Option<&str>,
        ip: Option<&str>,
        country: Option<&str>,
        visitor: &Visitor,
    ) -> Inquiry {
        let ip = ip.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
        let network = match ip {
            _ if visitor.connection != Connection::default() => {
                network::of_visitor(app, visitor.connection.clone()).await
            }
            Some(ip) => network::look_up(app, ip).await,
            None => Network::default(),
        };
        let country = country.map(str::to_owned).or_else(|| network.country.clone());
        Inquiry { ip, country, network, email: email.map(str::to_owned) }
    }

    /// The statement whose row `judge` reads.
    pub fn look(&self, app: &App, account: &Account, subject: Subject<'_>) -> Statement {
        let who = sql::Who {
            email_key: self.email.as_deref().map(email::key),
            keys: json::to_text(&Keys::of(self.email.as_deref(), self.ip, self.country.as_deref())),
            network: self.ip.map(network_of),
            revision: app.memory.of::<RuleSets>().revision(account.id),
        };
        sql::look(account.id, subject, who, app.now())
    }

    pub async fn judge(self, app: &App, account: &Account, row: &Row, attempt: &Attempt<'_>) -> Result<Judgement> {
        let found = sql::read(row)?;
        let sets = app.memory.of::<RuleSets>();
        let rules = sets.of(app, account.id, found.revision, found.rules.as_deref())?;
        let disposable = match attempt
            .email
            .and_then(|email| email::key(email).rsplit_once('@').map(|(_, domain)| domain.to_owned()))
        {
            Some(domain) => network::is_disposable(app, &domain).await,
            None => None,
        };
        let now = app.now();
        let network = self.ip.map(network_of);
        let names = names(attempt.custom, found.product.as_ref().and_then(|product| product.3.as_deref()));
        let max_risk_level = found.product.as_ref().map_or(Product::MAX_RISK_LEVEL, |product| product.2);
        let case = Case {
            weights: found.weights.as_deref().map_or_else(Weights::default, Weights::read),
            rules: rules.as_deref().map_or(&[], |set| &set.rules),
            entries: found.hits.iter().map(Listed::from).collect(),
            vpn_block: found.product.as_ref().is_some_and(|product| product.1 != 0),
            max_risk_level: u32::try_from(max_risk_level).unwrap_or_default(),
            known: self.known(&found, attempt, &names, disposable, now),
        };
        let (reasons, facts) = case.decide(now);
        Ok(Judgement { reasons, facts, names, network })
    }

    fn known(
        self,
        found: &sql::Found,
        attempt: &Attempt<'_>,
        names: &BTreeMap<String, String>,
        disposable: Option<bool>,
        now: i64,
    ) -> Known {
        let on_list = |name: &str| self.ip.map(|_| found.lists.iter().any(|list| list == name));
        // Either says it; a list that says nothing doesn't deny it.
        let either = |one: Option<bool>, other: Option<bool>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one == Some(true) || other == Some(true)),
        };
        let email = attempt.email.map(email::key);
        let count = |wanted: &[char]| {
            email.as_ref()?;
            let statuses = found.statuses.as_deref().unwrap_or_default();
            u64::try_from(statuses.chars().filter(|c| wanted.is_empty() || wanted.contains(c)).count()).ok()
        };
        let (hour, weekday) = time::hour_and_weekday(now);
        let product = found.product.as_ref();
        let kind = product.and_then(|product| Kind::from_code(product.0));
        let facts = Facts {
            customer: rule::Customer {
                email_domain: email
                    .as_deref()
                    .and_then(|email| email.rsplit_once('@'))
                    .map(|(_, domain)| domain.to_owned()),
                email_is_disposable: either(
                    disposable,
                    email.as_ref().map(|_| found.lists.iter().any(|list| list == "disposable")),
                ),
                ip_address: self.ip,
                country_code: self.country,
                asn: self.network.asn.map(u64::from),
                asn_name: self.network.name,
                user_agent: attempt.user_agent.map(str::to_owned),
                language: attempt.language.map(str::to_owned),
                is_vpn: either(self.network.is_vpn, on_list("vpn")),
                is_hosting: either(self.network.is_hosting, on_list("hosting")),
                is_tor: either(self.network.is_tor, on_list("tor")),
                order_count: count(&[]),
                paid_count: count(&['X']),
                disputed_count: count(&['c']),
                email,
            },
            order: rule::Order {
                value: attempt.value.decimal(),
                usd_value: attempt.usd_value.and_then(Amount::decimal),
                quantity: Some(attempt.quantity.into()),
                currency: Some(attempt.value.currency().code().to_owned()),
                gateway: Some(attempt.gateway.slug().to_owned()),
                coupon: found.coupon.clone(),
                referral: attempt.referral.map(str::to_owned),
                hour: Some(hour.into()),
                weekday: Some(weekday.into()),
            },
            product: rule::Product {
                id: product.map(|_| attempt.product_id.to_owned()),
                title: Some(attempt.product_title.to_owned()),
                kind: kind.map(|kind| kind as u64),
                category_ids: product.map(|_| found.category_ids.clone()),
            },
            custom: custom(attempt.custom, names),
            risk: rule::Risk::default(),
        };
        Known { facts, email_times: found.email_times.clone(), network_times: found.network_times.clone() }
    }
}

impl From<&Hit> for Listed {
    fn from(hit: &Hit) -> Listed {
        Listed { id: hit.id.clone(), blacklist_type: hit.kind, blocked_data: hit.blocked.clone() }
    }
}

/// The names of the product's inputs that the buyer answered, by the keys of their answers.
fn names(answers: Option<&str>, inputs: Option<&str>) -> BTreeMap<String, String> {
    let Some(inputs) = inputs.map(|inputs| input::read(Some(inputs))) else { return BTreeMap::new() };
    let answers: Map<String, Value> = answers.and_then(json::from_text).unwrap_or_default();
    let named = answers.into_iter().filter_map(|(key, _)| {
        let input = inputs.get(key.parse::<usize>().ok()?)?;
        Some((key, input.name.clone()))
    });
    named.collect()
}

/// What the buyer answered, by the names of the product's inputs; of a payment without a product by the names that its seller gave.
pub fn custom(answers: Option<&str>, names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let answers: Map<String, Value> = answers.and_then(json::from_text).unwrap_or_default();
    let named = answers.into_iter().map(|(key, answer)| {
        let text = match answer {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (names.get(&key).cloned().unwrap_or(key), text)
    });
    named.collect()
}

/// The IPv4 address, or the first 64 bits of the IPv6 address: what one household or server has.
pub fn network_of(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{:x}", u128::from(ip) >> 64),
    }
}
