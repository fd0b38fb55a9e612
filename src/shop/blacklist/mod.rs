//! The blacklist: e-mails, IP addresses and ranges, and countries that may not buy. Entries are kept and listed here; the
//! checkout does not ask them yet.

use std::net::IpAddr;

use super::{
    App, Outcome, Refusal,
    account::Account,
    error::BlacklistRefusal,
    id,
    list::{self, Page},
    prepared::Prepared,
    text::email,
};
use crate::platform::Statement;

mod sql;

/// What an entry blocks; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Email = 1,
    Ip = 2,
    Country = 3,
}

impl Kind {
    pub fn from_code(code: i64) -> Option<Kind> {
        [Kind::Email, Kind::Ip, Kind::Country].into_iter().find(|kind| *kind as i64 == code)
    }

    /// The fact, or `None` if it isn't of this kind.
    pub fn fact(self, text: &str) -> Option<Fact> {
        let blocked = self.normal(text)?;
        let typed = Some(text.to_lowercase()).filter(|typed| self == Kind::Email && *typed != blocked);
        Some(Fact { blocked, typed })
    }

    /// The one spelling under which a fact is kept: e-mails in their form for comparing, addresses as RFC 5952 writes
    /// them, ranges by their first address, countries in capitals.
    fn normal(self, text: &str) -> Option<String> {
        match self {
            Kind::Email => email::parse(text).ok().map(email::key),
            Kind::Ip => range(text),
            Kind::Country => {
                let code = text.to_ascii_uppercase();
                (code.len() == 2 && COUNTRIES.split(' ').any(|known| known == code)).then_some(code)
            }
        }
    }
}

/// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
fn range(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let Some(length) = length else {
        return Some(address.to_canonical().to_string());
    };
    let width = if address.is_ipv4() { 32 } else { 128 };
    let length: u32 = length.parse().ok().filter(|length| *length <= width)?;
    // A range of v4 addresses in v6 spelling is the same range.
    let (address, length, width) = match address.to_canonical() {
        mapped @ IpAddr::V4(_) if address.is_ipv6() && length >= 96 => (mapped, length - 96, 32),
        _ => (address, length, width),
    };
    // Shifting by the whole width is no shift at all to the machine, hence `checked`.
    let first = match address {
        IpAddr::V4(ip) => IpAddr::V4((u32::from(ip) & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into()),
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into()),
    };
    Some(if length == width { first.to_canonical().to_string() } else { format!("{first}/{length}") })
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
    /// Normalised: what the checkout compares.
    blocked: String,
    /// An e-mail as it was typed, where that is another text.
    typed: Option<String>,
}

impl Fact {
    /// As it was typed.
    pub fn shown(&self) -> &str {
        self.typed.as_deref().unwrap_or(&self.blocked)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub kind: Kind,
    pub fact: Fact,
    pub note: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Entry>> {
    let statements = list::page(account.id, sql::TABLE, sql::COLUMNS, page, per_page);
    Ok(list::read(account.db(app)?.batch(statements).await?, sql::entry)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Entry> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::entry(&row)?)
}

pub fn create(app: &App, account: &Account, kind: Kind, fact: Fact, note: Option<String>) -> Outcome<Prepared<Entry>> {
    let now = app.now();
    let entry = Entry { id: id::short(app.random()), kind, fact, note, created_at: now, updated_at: now };
    let statements = vec![list::grow(account.id, sql::TABLE), sql::insert(account.id, &entry)];
    prepare(app, account, entry, statements)
}

/// Writes the whole entry, unless it is gone.
pub async fn update(app: &App, account: &Account, entry: Entry) -> Outcome<Entry> {
    let before = entry.updated_at;
    let entry = Entry { updated_at: list::moved(app.now(), before), ..entry };
    let statements = vec![list::unmoved(account.id, sql::TABLE, &entry.id, before), sql::update(account.id, &entry)];
    let (entry, rows) = prepare(app, account, entry, statements)?.commit(app, Vec::new()).await?;
    match rows.last() {
        Some(rows) if !rows.is_empty() => Ok(entry),
        _ => Err(Refusal::NotFound.into()),
    }
}

pub async fn destroy(app: &App, account: &Account, id: &str) -> Outcome<()> {
    match account.db(app)?.commit(list::delete(account.id, sql::TABLE, id).into()).await?.last() {
        Some(rows) if !rows.is_empty() => Ok(()),
        _ => Err(Refusal::NotFound.into()),
    }
}

fn prepare(app: &App, account: &Account, entry: Entry, statements: Vec<Statement>) -> Outcome<Prepared<Entry>> {
    Ok(Prepared::new(account.db(app)?, entry, statements)
        .on_taken("blacklist", "blocked_data", BlacklistRefusal::AlreadyListed)
        .on_stale(Refusal::Conflict))
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn facts_are_kept_in_one_spelling() {
        assert_eq!(Kind::Email.normal("Ada@Example.COM").as_deref(), Some("ada@example.com"));
        assert_eq!(Kind::Country.normal("zw").as_deref(), Some("ZW"));
        assert_eq!(Kind::Country.normal("xk").as_deref(), Some("XK"));
        assert_eq!(Kind::Ip.normal("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(Kind::Ip.normal("192.0.2.7/24").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(Kind::Ip.normal("192.0.2.7/32").as_deref(), Some("192.0.2.7"));
        assert_eq!(Kind::Ip.normal("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(Kind::Ip.normal("2001:DB8:0::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(Kind::Ip.normal("2001:db8::1/32").as_deref(), Some("2001:db8::/32"));
        for (written, kept) in [
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::FFFF:c000:0207/128", "192.0.2.7"),
            ("::ffff:192.0.2.7/96", "0.0.0.0/0"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:0:0/95", "::fffe:0:0/95"),
        ] {
            assert_eq!(Kind::Ip.normal(written).as_deref(), Some(kept), "{written}");
        }
    }

    #[test]
    fn what_is_of_another_kind_is_refused() {
        for ip in ["", "192.0.2", "192.0.2.7/33", "2001:db8::/129", "192.0.2.7/", "192.0.2.7/-1", "ada@example.com"] {
            assert_eq!(Kind::Ip.normal(ip), None, "{ip}");
        }
        for country in ["", "ZZ", "USA", "U", "US ", "  "] {
            assert_eq!(Kind::Country.normal(country), None, "{country}");
        }
        assert_eq!(Kind::Email.normal("ada"), None);
        assert_eq!(super::COUNTRIES.split(' ').count(), 250, "249 assigned codes and XK");
    }
}
