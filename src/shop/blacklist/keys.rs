//! Under what a buyer could be listed, and what was found.

use std::{cmp::Reverse, net::IpAddr};

use serde::{Deserialize, Serialize};

use super::{
    fact::{self, Kind, MAX_LABELS},
    network::{self, Network},
};
use crate::{
    json,
    platform::{Fault, Value},
    shop::text::provider,
};

/// All spellings under which one buyer could be listed, by their seller (`sql::hits_column`) or by the operator
/// (`operator_list::lists_column`). It crosses as one text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Keys {
    /// The most particular first: the address, its domain, and what that is a subdomain of.
    email: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<u32>,
    /// The range around the address of each length, at the place of its length.
    ip: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// The address as `Network::ends` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The e-mail's domain and those above it that somebody can have bought.
    domains: Vec<String>,
}

impl Keys {
    /// The part of it that an e-mail makes, as JSON that is laid over the others' (RFC 7396).
    pub fn of_email(address: &str) -> String {
        let Keys { email, domains, .. } = Keys::of(Some(address), None, None);
        json::to_text(&json::Map::from_iter([
            ("email".to_owned(), email.into()),
            ("domains".to_owned(), domains.into()),
        ]))
    }

    /// What can't be read is listed nowhere.
    pub fn of(email: Option<&str>, ip: Option<IpAddr>, country: Option<&str>) -> Keys {
        let mut keys = Keys { country: country.and_then(fact::country), ..Keys::default() };
        if let Some(address) = email {
            let address = provider::key(address);
            if let Some((_, domain)) = address.rsplit_once('@') {
                let above = above(domain);
                keys.email = [address.clone(), format!("*@{domain}")].into();
                keys.email.extend(above.iter().map(|above| format!("*@*.{above}")));
                let bought = above.iter().filter(|above| above.contains('.')).map(|above| (*above).to_owned());
                keys.domains = std::iter::once(domain.to_owned()).chain(bought).collect();
            }
        }
        if let Some(ip) = ip.map(|ip| ip.to_canonical()) {
            keys.family = Some(network::family(ip));
            let longest = if ip.is_ipv4() { 32 } else { 128 };
            keys.ip = (0..=longest).map(|length| Network::around(ip, length).to_string()).collect();
            keys.at = Some(network::place(ip));
        }
        keys
    }
}

/// The domains above this one, the nearest first, none with more labels than an entry may have.
fn above(domain: &str) -> Vec<&str> {
    let labels = domain.split('.').count();
    let parents = domain.match_indices('.').filter_map(|(at, _)| domain.get(at + 1..));
    parents.skip(labels.saturating_sub(1).saturating_sub(MAX_LABELS)).collect()
}

impl From<&Keys> for Value {
    fn from(keys: &Keys) -> Value {
        json::to_text(keys).into()
    }
}

/// An entry that a buyer hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub id: String,
    /// `Kind`, by its number.
    #[serde(rename = "type")]
    pub kind: i64,
    /// As its seller typed it.
    pub blocked: String,
    /// As it was compared.
    pub matched: String,
    pub note: Option<String>,
    pub expires_at: Option<i64>,
    pub created_at: i64,
}

impl Hit {
    /// The one that decides is the lowest: an e-mail before an address before a country, and of each kind the most particular.
    fn rank(&self) -> (i64, Reverse<usize>) {
        let particular = match Kind::from_code(self.kind) {
            Some(Kind::Email) => match self.matched.strip_prefix("*@") {
                None => usize::MAX,
                Some(domain) => match domain.strip_prefix("*.") {
                    None => usize::MAX - 1,
                    Some(above) => above.len(),
                },
            },
            Some(Kind::Ip) => Network::parse(&self.matched).map_or(0, |network| network.length() as usize),
            _ => 0,
        };
        (self.kind, Reverse(particular))
    }
}

/// What `sql::hits_column` answered, the one that decides first.
pub fn hits(column: &str) -> Result<Vec<Hit>, Fault> {
    let mut hits: Vec<Hit> =
        json::from_text(column).ok_or_else(|| Fault("the blacklist's hits are none".to_owned()))?;
    // A fact stands in the list once, so no two rank the same.
    hits.sort_by_key(Hit::rank);
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::{Keys, above};

    #[test]
    fn a_buyer_is_looked_for_under_all_that_may_name_them() {
        let keys = Keys::of(Some("A.da+x@GoogleMail.com"), "::ffff:192.0.2.7".parse().ok(), Some("se"));
        assert_eq!(keys.email, ["ada@gmail.com", "*@gmail.com", "*@*.com"]);
        assert_eq!((keys.family, keys.ip.len(), keys.country.as_deref()), (Some(4), 33, Some("SE")));
        assert_eq!(
            (keys.ip[0].as_str(), keys.ip[24].as_str(), keys.ip[32].as_str()),
            ("0.0.0.0/0", "192.0.2.0/24", "192.0.2.7")
        );
        assert_eq!(keys.at.as_deref(), Some("4c0000207"));
        let keys = Keys::of(Some("ada@a.b.example.com"), "2001:db8::1".parse().ok(), Some("Sweden"));
        assert_eq!(
            keys.email,
            ["ada@a.b.example.com", "*@a.b.example.com", "*@*.b.example.com", "*@*.example.com", "*@*.com"]
        );
        assert_eq!(keys.domains, ["a.b.example.com", "b.example.com", "example.com"]);
        assert_eq!(
            (keys.family, keys.ip.len(), keys.ip[64].as_str(), keys.country),
            (Some(6), 129, "2001:db8::/64", None)
        );
        assert_eq!(Keys::of(None, None, None), Keys::of(Some("no address"), None, Some("")));
    }

    #[test]
    fn a_domain_of_many_labels_is_looked_for_under_its_last_ones() {
        assert_eq!(above("a.b.c"), ["b.c", "c"]);
        let deep = format!("{}com", "a.".repeat(100));
        assert_eq!(above(&deep).len(), 8);
        assert_eq!(above(&deep).last(), Some(&"com"));
        assert!(above("localhost").is_empty());
    }
}
