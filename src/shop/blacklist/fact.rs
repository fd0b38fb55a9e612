//! What an entry blocks, in the one spelling under which it is kept and looked for.

use super::network::Network;
use crate::shop::text::{
    clean,
    email::{self, BadEmail},
    hidden, provider,
};

/// What an entry blocks; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Email = 1,
    Ip = 2,
    Country = 3,
}

/// Why a text is no fact of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFact {
    Email(BadEmail),
    /// Behind `*@` stands no domain.
    Pattern,
    Ip,
    Country,
}

/// Labels that a domain may have whose subdomains are blocked: a buyer's domain is looked for under so many of its ends, and each
/// is a look.
pub const MAX_LABELS: usize = 8;

impl Kind {
    pub fn from_code(code: i64) -> Option<Kind> {
        [Kind::Email, Kind::Ip, Kind::Country].into_iter().find(|kind| *kind as i64 == code)
    }

    /// What a text without a type is, by its shape: an at sign, two letters, or else an address.
    pub fn of(text: &str) -> Kind {
        match text {
            _ if text.contains('@') => Kind::Email,
            _ if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) => Kind::Country,
            _ => Kind::Ip,
        }
    }

    pub fn fact(self, text: &str) -> Result<Fact, BadFact> {
        let blocked = self.normal(text)?;
        let typed = Some(text.to_lowercase()).filter(|typed| self == Kind::Email && *typed != blocked);
        Ok(Fact { kind: self, blocked, typed })
    }

    /// The one spelling under which a fact is kept: e-mails as `provider::key` folds them, addresses as RFC 5952 writes
    /// them, ranges by their first address, countries in capitals.
    fn normal(self, text: &str) -> Result<String, BadFact> {
        match self {
            Kind::Email => match clean(text).strip_prefix("*@") {
                Some(domain) => pattern(domain).ok_or(BadFact::Pattern),
                None => email::parse(text).map(provider::key).map_err(BadFact::Email),
            },
            Kind::Ip => Network::parse(text).map(|network| network.to_string()).ok_or(BadFact::Ip),
            Kind::Country => country(text).ok_or(BadFact::Country),
        }
    }
}

/// `example.com`, all addresses at this domain, or `*.example.com`, those at its subdomains.
fn pattern(text: &str) -> Option<String> {
    // The form of the DNS drops them, and then would name another domain.
    hidden(text).is_none().then_some(())?;
    match text.strip_prefix("*.") {
        Some(above) => {
            let domain = email::domain(above).filter(|domain| domain.split('.').count() <= MAX_LABELS)?;
            Some(format!("*@*.{domain}"))
        }
        None => {
            let domain = email::domain(text).filter(|domain| domain.contains('.'))?;
            Some(format!("*@{}", provider::domain(&domain)))
        }
    }
}

/// A country's code in capitals, if there is one of it.
pub fn country(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    (code.len() == 2 && COUNTRIES.split(' ').any(|known| known == code)).then_some(code)
}

/// ISO 3166-1 alpha-2 as assigned, and XK, under which Kosovo's buyers come.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU \
MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ \
UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub kind: Kind,
    /// Normalised: what the order start compares.
    pub blocked: String,
    /// An e-mail as it was typed, where that is another text.
    pub typed: Option<String>,
}

impl Fact {
    /// As it was typed.
    pub fn shown(&self) -> &str {
        self.typed.as_deref().unwrap_or(&self.blocked)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadFact, Kind};
    use crate::shop::text::email::BadEmail;

    #[test]
    fn facts_are_kept_in_one_spelling() {
        for (kind, written, kept) in [
            (Kind::Email, "Ada@Example.COM", "ada@example.com"),
            (Kind::Email, "A.da+shop@GoogleMail.com", "ada@gmail.com"),
            (Kind::Email, " *@Example.com", "*@example.com"),
            (Kind::Email, "*@googlemail.com", "*@gmail.com"),
            (Kind::Email, "*@BÜCHER.example", "*@xn--bcher-kva.example"),
            (Kind::Email, "*@*.Example.com", "*@*.example.com"),
            (Kind::Email, "*@*.ru", "*@*.ru"),
            (Kind::Email, "a*b@example.com", "a*b@example.com"),
            (Kind::Ip, "192.0.2.7/24", "192.0.2.0/24"),
            (Kind::Ip, "::ffff:192.0.2.7", "192.0.2.7"),
            (Kind::Country, "zw", "ZW"),
            (Kind::Country, "xk", "XK"),
        ] {
            assert_eq!(kind.normal(written).as_deref(), Ok(kept), "{written}");
        }
        assert_eq!(Kind::Email.fact("*@Bücher.example").unwrap().shown(), "*@bücher.example");
    }

    #[test]
    fn what_is_of_another_kind_is_refused() {
        for ip in ["", "192.0.2", "192.0.2.7/33", "ada@example.com"] {
            assert_eq!(Kind::Ip.normal(ip), Err(BadFact::Ip), "{ip}");
        }
        for country in ["", "ZZ", "USA", "U", "US ", "  "] {
            assert_eq!(Kind::Country.normal(country), Err(BadFact::Country), "{country}");
        }
        for pattern in [
            "*@",
            "*@com",
            "*@*",
            "*@*.",
            "*@a@b.co",
            "*@.com",
            "*@a..b",
            "*@**.com",
            "*@*.a.b.c.d.e.f.g.h.i",
            "*@a\u{200b}b.com",
        ] {
            assert!(Kind::Email.normal(pattern).is_err(), "{pattern}");
        }
        assert_eq!(Kind::Email.normal("ada"), Err(BadFact::Email(BadEmail::Malformed)));
        assert_eq!(super::COUNTRIES.split(' ').count(), 250, "249 assigned codes and XK");
    }

    #[test]
    fn a_fact_without_a_type_is_known_by_its_shape() {
        for (text, kind) in [
            ("a@b.co", Kind::Email),
            ("*@b.co", Kind::Email),
            ("se", Kind::Country),
            ("10.0.0.0/8", Kind::Ip),
            ("::", Kind::Ip),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
