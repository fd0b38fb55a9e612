//! IP addresses and ranges of them (CIDR), in one form: the range by its first address, v4 in v6 spelling as v4, and an
//! address alone as the range of its whole length.

use std::{fmt, net::IpAddr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    first: IpAddr,
    length: u32,
}

impl Network {
    /// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = width(address);
        let length = match length {
            // `+8` is a number to Rust, and `08` may be one of another base to others.
            Some(digits) if digits.len() > 1 && !digits.starts_with(|c: char| ('1'..='9').contains(&c)) => return None,
            Some(digits) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some(digits) => digits.parse().ok().filter(|length| *length <= width)?,
            None => width,
        };
        // A range of v4 addresses in v6 spelling is the same range.
        Some(match address.to_canonical() {
            mapped @ IpAddr::V4(_) if address.is_ipv6() && length >= 96 => Network::around(mapped, length - 96),
            _ => Network::around(address, length),
        })
    }

    /// The range of this length in which the address lies.
    pub fn around(address: IpAddr, length: u32) -> Network {
        // Shifting by the whole width is no shift at all to the machine, hence `checked`.
        let first = match address {
            IpAddr::V4(ip) => {
                IpAddr::V4((u32::from(ip) & u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0)).into())
            }
            IpAddr::V6(ip) => {
                IpAddr::V6((u128::from(ip) & u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0)).into())
            }
        };
        Network { first, length: length.min(width(first)) }
    }

    /// What a person has: of v4 the address, of v6 the /64, in which their machine takes another address each day
    /// (RFC 8981).
    pub fn of_buyer(address: IpAddr) -> Network {
        let address = address.to_canonical();
        Network::around(address, if address.is_ipv4() { 32 } else { 64 })
    }

    pub fn length(&self) -> u32 {
        self.length
    }

    /// 4 or 6.
    pub fn family(&self) -> u32 {
        family(self.first)
    }

    /// Its first and its last address as texts that sort as addresses do.
    pub fn ends(&self) -> (String, String) {
        let last = match self.first {
            IpAddr::V4(ip) => IpAddr::V4((u32::from(ip) | u32::MAX.checked_shr(self.length).unwrap_or(0)).into()),
            IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) | u128::MAX.checked_shr(self.length).unwrap_or(0)).into()),
        };
        (place(self.first), place(last))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Network { first, length } = self;
        if *length == width(*first) { write!(out, "{first}") } else { write!(out, "{first}/{length}") }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

pub fn family(address: IpAddr) -> u32 {
    if address.is_ipv4() { 4 } else { 6 }
}

/// An address as a text that sorts as addresses do: its family and its bytes in hex.
pub fn place(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => format!("4{:08x}", u32::from(ip)),
        IpAddr::V6(ip) => format!("6{:032x}", u128::from(ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, place};

    fn normal(text: &str) -> Option<String> {
        Network::parse(text).map(|network| network.to_string())
    }

    #[test]
    fn a_range_has_one_spelling() {
        for (written, kept) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::FFFF:c000:0207/128", "192.0.2.7"),
            ("::ffff:192.0.2.7/96", "0.0.0.0/0"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:0:0/95", "::fffe:0:0/95"),
        ] {
            assert_eq!(normal(written).as_deref(), Some(kept), "{written}");
        }
        for odd in [
            "",
            "192.0.2",
            "192.0.2.7/33",
            "2001:db8::/129",
            "192.0.2.7/",
            "192.0.2.7/-1",
            "192.0.2.7/+8",
            "10.0.0.0/08",
            "10.0.0.0/8/8",
            "010.0.0.1",
            "fe80::1%eth0",
            "[::1]",
            "10.0.0.1:80",
            "10.0.0.0/99999999999",
        ] {
            assert_eq!(normal(odd), None, "{odd}");
        }
    }

    #[test]
    fn ends_sort_as_addresses_do() {
        let ends = |text: &str| Network::parse(text).unwrap().ends();
        assert_eq!(ends("192.0.2.0/24"), ("4c0000200".into(), "4c00002ff".into()));
        assert_eq!(ends("0.0.0.0/0"), ("400000000".into(), "4ffffffff".into()));
        assert_eq!(ends("::/0").1, format!("6{}", "f".repeat(32)));
        assert_eq!(ends("2001:db8::1"), (place("2001:db8::1".parse().unwrap()), place("2001:db8::1".parse().unwrap())));
    }
}
