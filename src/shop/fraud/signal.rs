//! Signals: what may be odd about an attempt to order, and how much each adds to its risk.

use serde::{Deserialize, Serialize};

use super::Known;
use crate::shop::{
    gateway::{Card, CardRisk},
    time::{DAY, MINUTE},
};

/// What can be odd. The order is that of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The address is an exit of Tor.
    Tor,
    /// The address is a VPN's or an open proxy's.
    Vpn,
    /// The address belongs to a network that hosts servers, not people.
    Hosting,
    /// The e-mail's domain gives out mailboxes that vanish.
    DisposableEmail,
    /// The e-mail's domain is a country's, and the address is another's.
    CountryMismatch,
    /// The e-mail has begun several orders within a short time.
    EmailVelocity,
    /// The network has begun several orders within a short time, refused ones included.
    IpVelocity,
    /// The buyer took money back before.
    PastDisputes,
    /// The card that paid is of another country than the address.
    CardCountryMismatch,
    /// The card has paid several orders within a short time.
    CardVelocity,
    /// Stripe rates the payment's risk as elevated.
    StripeElevated,
    /// Stripe rates the payment's risk as highest.
    StripeHighest,
}

impl Signal {
    pub const ALL: [Signal; 12] = [
        Signal::Tor,
        Signal::Vpn,
        Signal::Hosting,
        Signal::DisposableEmail,
        Signal::CountryMismatch,
        Signal::EmailVelocity,
        Signal::IpVelocity,
        Signal::PastDisputes,
        Signal::CardCountryMismatch,
        Signal::CardVelocity,
        Signal::StripeElevated,
        Signal::StripeHighest,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Signal::Tor => "tor",
            Signal::Vpn => "vpn",
            Signal::Hosting => "hosting",
            Signal::DisposableEmail => "disposable_email",
            Signal::CountryMismatch => "country_mismatch",
            Signal::EmailVelocity => "email_velocity",
            Signal::IpVelocity => "ip_velocity",
            Signal::PastDisputes => "past_disputes",
            Signal::CardCountryMismatch => "card_country_mismatch",
            Signal::CardVelocity => "card_velocity",
            Signal::StripeElevated => "stripe_elevated",
            Signal::StripeHighest => "stripe_highest",
        }
    }

    /// What it adds in a new account. One signal that says little stays below 30, the limit of a new product, and so do the two
    /// velocities together, since a family or a mobile network may share an address.
    pub fn default_weight(self) -> u32 {
        match self {
            Signal::Tor => 50,
            Signal::Vpn => 25,
            Signal::Hosting => 20,
            Signal::DisposableEmail => 35,
            Signal::CountryMismatch => 10,
            Signal::EmailVelocity | Signal::IpVelocity | Signal::CardVelocity => 15,
            Signal::CardCountryMismatch => 20,
            Signal::PastDisputes => 60,
            Signal::StripeElevated => 25,
            Signal::StripeHighest => 60,
        }
    }
}

/// How much each signal adds, in the order of `Signal::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights([u32; Signal::ALL.len()]);

impl Default for Weights {
    fn default() -> Weights {
        Weights(Signal::ALL.map(Signal::default_weight))
    }
}

impl Weights {
    /// Reads what `to_text` wrote. What isn't there has the weight of a new account.
    pub fn read(text: &str) -> Weights {
        let kept: std::collections::HashMap<String, u32> = serde_json::from_str(text).unwrap_or_default();
        Weights(Signal::ALL.map(|signal| kept.get(signal.name()).copied().unwrap_or(signal.default_weight())))
    }

    /// JSON of those that aren't as in a new account.
    pub fn to_text(self) -> String {
        let own = self.all().filter(|(signal, weight)| *weight != signal.default_weight());
        let own: serde_json::Map<_, _> =
            own.map(|(signal, weight)| (signal.name().to_owned(), weight.into())).collect();
        serde_json::Value::Object(own).to_string()
    }

    pub fn of(self, signal: Signal) -> u32 {
        self.all().find(|(one, _)| *one == signal).map_or(0, |(_, weight)| weight)
    }

    pub fn set(&mut self, signal: Signal, weight: u32) {
        for (one, kept) in Signal::ALL.into_iter().zip(&mut self.0) {
            if one == signal {
                *kept = weight;
            }
        }
    }

    pub fn all(self) -> impl Iterator<Item = (Signal, u32)> {
        Signal::ALL.into_iter().zip(self.0)
    }
}

/// So many orders of one e-mail within ten minutes, this one included, are many; and so many within a day.
const EMAIL: (usize, usize) = (4, 10);
/// The same of one network, and of one card.
const NETWORK: (usize, usize) = (6, 20);
const CARD: (usize, usize) = (4, 10);

/// So many of the newest times are read of each: with this order they make a velocity.
pub const EMAIL_TIMES: usize = EMAIL.1;
pub const NETWORK_TIMES: usize = NETWORK.1;
pub const CARD_TIMES: usize = CARD.1;

/// Whether it is raised; `None`: nothing is known of it.
pub fn is_raised(signal: Signal, known: &Known, now: i64) -> Option<bool> {
    let customer = &known.facts.customer;
    match signal {
        Signal::Tor => customer.is_tor,
        Signal::Vpn => customer.is_vpn,
        Signal::Hosting => customer.is_hosting,
        Signal::DisposableEmail => customer.email_is_disposable,
        Signal::CountryMismatch => {
            let country = customer.country_code.as_deref()?;
            let of_email = country_of_domain(customer.email_domain.as_deref()?)?;
            Some(of_email != country)
        }
        Signal::EmailVelocity => customer.email.as_ref().map(|_| is_fast(&known.email_times, EMAIL, now)),
        Signal::IpVelocity => customer.ip_address.as_ref().map(|_| is_fast(&known.network_times, NETWORK, now)),
        Signal::PastDisputes => customer.disputed_count.map(|count| count > 0),
        // Known once it is paid.
        Signal::CardCountryMismatch | Signal::CardVelocity | Signal::StripeElevated | Signal::StripeHighest => None,
    }
}

/// What a card says of a signal, once it has paid; `None`: nothing. `country` is the buyer's, `times` are those at which the card has
/// paid other orders, and `at` is this one's.
pub fn is_raised_by(signal: Signal, card: &Card, country: Option<&str>, times: &[i64], at: i64) -> Option<bool> {
    match signal {
        Signal::CardCountryMismatch => Some(card.country.as_deref()? != country?),
        Signal::CardVelocity => card.key.as_ref().map(|_| is_fast(times, CARD, at)),
        Signal::StripeElevated => card.risk.map(|risk| risk == CardRisk::Elevated),
        Signal::StripeHighest => card.risk.map(|risk| risk == CardRisk::Highest),
        _ => None,
    }
}

/// `times`: those of earlier attempts.
fn is_fast(times: &[i64], (soon, in_a_day): (usize, usize), now: i64) -> bool {
    let since = |time: i64| times.iter().filter(|at| **at > now - time).count() + 1;
    since(10 * MINUTE) >= soon || since(DAY) >= in_a_day
}

/// The country that an e-mail's domain names, where people of other countries hardly have one: `GB` of `example.co.uk`. Endings
/// that are sold as words (.io, .me, .tv) say nothing.
fn country_of_domain(domain: &str) -> Option<String> {
    const WORDS: &str = "ac ag ai am as bz cc cd co dj eu fm gg gl im in io is it la ly md me ml mn ms mu nu pm pw re sc sh so \
        st sx tf tk tm to tv vc vg vu wf ws xyz yt";
    let ending = domain.rsplit('.').next()?;
    if ending.len() != 2 || WORDS.split_whitespace().any(|word| word == ending) {
        return None;
    }
    Some(if ending == "uk" { "GB".to_owned() } else { ending.to_ascii_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_a_country_unless_it_is_sold_as_a_word() {
        for (domain, country) in [("example.de", Some("DE")), ("example.co.uk", Some("GB")), ("example.fr", Some("FR"))]
        {
            assert_eq!(country_of_domain(domain).as_deref(), country, "{domain}");
        }
        for domain in ["example.com", "example.io", "example.co", "example.eu", "example.museum", "example", ""] {
            assert_eq!(country_of_domain(domain), None, "{domain}");
        }
    }

    #[test]
    fn many_orders_in_ten_minutes_or_in_a_day_are_fast() {
        let now = 10 * DAY;
        assert!(!is_fast(&[], EMAIL, now));
        assert!(!is_fast(&[now - 1, now - 2], EMAIL, now));
        assert!(is_fast(&[now - 1, now - 2, now - 3], EMAIL, now));
        let hours: Vec<i64> = (1..=9).map(|n| now - n * 60 * MINUTE).collect();
        assert!(is_fast(&hours, EMAIL, now));
        assert!(!is_fast(&hours[1..], EMAIL, now));
        assert!(!is_fast(&vec![now - DAY; 50], EMAIL, now), "a day is over");
    }

    #[test]
    fn weights_are_kept_where_they_are_not_those_of_a_new_account() {
        let mut weights = Weights::default();
        assert_eq!(weights.to_text(), "{}");
        weights.set(Signal::Tor, 0);
        weights.set(Signal::Hosting, 99);
        assert_eq!(weights.to_text(), r#"{"tor":0,"hosting":99}"#);
        assert_eq!(Weights::read(&weights.to_text()), weights);
        assert_eq!(Weights::read("no JSON"), Weights::default());
    }
}
