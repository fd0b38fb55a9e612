//! What is known of a buyer's connection and e-mail domain without asking anybody: lists that the build makes of packages
//! (`scripts/data.mjs`) and serves as static files (`public/data/`), which an isolate reads when it needs them. `None`
//! stands for what no list tells, or for a list that can't be read: no order is refused for that.

mod data;
mod domain;
mod files;

use std::net::IpAddr;

pub use data::{Source, sources};
pub use domain::is_disposable;

use super::App;
use files::{Key, Listed, Ranges, marks};

/// The network that an address belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// The number of its autonomous system.
    pub asn: Option<u32>,
    /// Who runs it.
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Whether it rents out machines, as far as its name says so: people don't sit there.
    pub is_hosting: Option<bool>,
    /// Whether it carries a VPN and little else. Most VPNs rent machines, and their networks are hosting networks alone.
    pub is_vpn: Option<bool>,
    /// Whether Tor ends there. No package lists its exits: of an address it is known of the few networks that have little else
    /// (never `Some(false)`), and of a visitor the platform knows it.
    pub is_tor: Option<bool>,
}

/// What the platform says of a visitor's own connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connection {
    pub asn: Option<u32>,
    pub name: Option<String>,
    pub country: Option<String>,
    pub is_tor: bool,
}

/// The network of an address that somebody else passes on. Two files are read, one of them once an isolate.
pub async fn look_up(app: &App, ip: IpAddr) -> Network {
    let key = Key::of(ip);
    let Some(path) = data::shard(app, key).await else { return Network::default() };
    let Some(file) = data::file(app, &path).await else { return Network::default() };
    let Some(found) = Ranges::read(key, &file).and_then(|ranges| ranges.find(key)) else {
        data::spoilt(app, &path);
        return Network::default();
    };
    let network = found.network;
    let has = |mark| network.map(|Listed { marks, .. }| marks & mark != 0);
    Network {
        asn: network.map(|network| network.number),
        name: network.map(|network| network.name.to_owned()).filter(|name| !name.is_empty()),
        country: found.country.map(str::to_owned),
        is_hosting: has(files::HOSTING),
        is_vpn: has(files::VPN),
        is_tor: has(files::TOR).filter(|is_tor| *is_tor),
    }
}

/// The network of a visitor. The platform knows it; only its marks are read, once an isolate.
pub async fn of_visitor(app: &App, seen: Connection) -> Network {
    let marks = match seen.asn {
        Some(number) => marks_of(app, number).await,
        None => None,
    };
    let has = |mark| marks.map(|marks| marks & mark != 0);
    Network {
        asn: seen.asn,
        name: seen.name,
        country: seen.country,
        is_hosting: has(files::HOSTING),
        is_vpn: has(files::VPN),
        // The platform says so where it is Tor; that it doesn't is as good as a no, where it says anything.
        is_tor: if seen.is_tor { Some(true) } else { has(files::TOR).or(seen.asn.map(|_| false)) },
    }
}

async fn marks_of(app: &App, number: u32) -> Option<u8> {
    let file = data::file(app, data::MARKED).await?;
    let marks = marks(&file, number);
    if marks.is_none() {
        data::spoilt(app, data::MARKED);
    }
    marks
}
