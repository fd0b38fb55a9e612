//! Which URLs may be called or returned to. A shop's server must not become somebody's way into a private network.
//!
//! The grammar is narrower than the WHATWG standard's, on purpose: whatever is read here is read the same by the
//! platform that sends the request (a property test compares it with that standard's parser), so no spelling means one
//! host to us and another to the wire. Names outside ASCII are given in Punycode.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::platform::Settings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadUrl {
    Unreadable,
    /// A character that a URL can't hold as it is.
    Character(char),
    NotHttps,
    Credentials,
    /// Loopback, private, link-local, carrier-grade NAT, multicast, documentation or metadata.
    Private,
    /// Webhooks go to the ports of web servers only (`WEBHOOK_PORTS`).
    Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// A URL that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    secure: bool,
    host: Host,
    port: Option<u16>,
}

impl Url {
    /// `https://host[:port]`, as browsers write an origin (RFC 6454).
    pub fn origin(&self) -> String {
        let (scheme, usual) = if self.secure { ("https", 443) } else { ("http", 80) };
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::V4(ip) => ip.to_string(),
            Host::V6(ip) => format!("[{ip}]"),
        };
        match self.port.filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// The host, when it is a name that has to be resolved.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) => Some(name.trim_end_matches('.')),
            Host::V4(_) | Host::V6(_) => None,
        }
    }

    fn is_private(&self) -> bool {
        match &self.host {
            Host::V4(ip) => v4_is_private(*ip),
            Host::V6(ip) => v6_is_private(*ip),
            Host::Name(name) => {
                let name = name.trim_end_matches('.');
                let inside = ["localhost", "local", "internal", "home.arpa"];
                // Public names have a dot; a bare one is somebody's own network.
                !name.contains('.')
                    || inside.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
            }
        }
    }
}

/// `insecure` is the operator's development switch: plain http, loopback and private networks are allowed.
pub fn check(text: &str, insecure: bool) -> Result<Url, BadUrl> {
    let url = read(text)?;
    if !url.secure && !insecure {
        return Err(BadUrl::NotHttps);
    }
    if url.is_private() && !insecure { Err(BadUrl::Private) } else { Ok(url) }
}

/// Whether a webhook may be sent there. In development every port is allowed.
pub fn callable(text: &str, settings: &Settings) -> Result<Url, BadUrl> {
    let url = check(text, settings.allow_insecure_urls)?;
    let port = url.port.unwrap_or(443);
    if settings.allow_insecure_urls || settings.webhook_ports.contains(&port) { Ok(url) } else { Err(BadUrl::Port) }
}

/// One spelling for one receiver: the origin as browsers write it, and the rest as it is.
pub fn normal(text: &str) -> String {
    let Ok(url) = read(text) else {
        return text.to_owned();
    };
    let after_scheme = text.find("//").map_or(0, |at| at + 2);
    let rest = text.get(after_scheme..).unwrap_or_default();
    // A fragment is never sent.
    let rest = rest.split('#').next().unwrap_or_default();
    let rest = rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or_default();
    let slash = if rest.starts_with('/') { "" } else { "/" };
    format!("{}{slash}{rest}", url.origin())
}

/// `http[s]://host[:port][/path][?query][#fragment]`.
pub fn read(text: &str) -> Result<Url, BadUrl> {
    // What other parsers drop or turn round (tabs, spaces, backslashes) has no place here.
    let plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'<' | b'>' | b'"' | b'^' | b'`' | b'{' | b'|' | b'}');
    if let Some(other) = text.chars().find(|c| !u8::try_from(*c).is_ok_and(plain)) {
        return Err(BadUrl::Character(other));
    }
    if text.len() > 2_000 {
        return Err(BadUrl::Unreadable);
    }
    let (scheme, rest) = text.split_once(':').ok_or(BadUrl::Unreadable)?;
    let secure = match () {
        () if scheme.eq_ignore_ascii_case("https") => true,
        () if scheme.eq_ignore_ascii_case("http") => false,
        () => return Err(BadUrl::NotHttps),
    };
    let rest = rest.strip_prefix("//").ok_or(BadUrl::Unreadable)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(BadUrl::Credentials);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(BadUrl::Unreadable)?;
            (Host::V6(host.parse().map_err(|_| BadUrl::Unreadable)?), port.strip_prefix(':').unwrap_or(port))
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
            (name_or_v4(host)?, port)
        }
    };
    let port = match port {
        "" => None,
        _ if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().map_err(|_| BadUrl::Unreadable)?),
        _ => return Err(BadUrl::Unreadable),
    };
    Ok(Url { secure, host, port })
}

fn name_or_v4(host: &str) -> Result<Host, BadUrl> {
    let host = host.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let bare = host.strip_suffix('.').unwrap_or(&host);
    if host.len() > 253 || !bare.split('.').all(label) {
        return Err(BadUrl::Unreadable);
    }
    // A name whose last label is a number is an IPv4 address in one of its odd spellings (WHATWG URL, 3.5).
    let last = bare.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|b| b.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hex);
    if number { v4(bare).map(Host::V4).ok_or(BadUrl::Unreadable) } else { Ok(Host::Name(host)) }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// One to four parts, each decimal, octal (`0…`) or hex (`0x…`); the last fills what the others leave.
fn v4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(v4_part).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    let room = 4_u32.checked_sub(u32::try_from(leading.len()).ok()?)?;
    if room == 0 || *last >= 1 << (8 * room) || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let high = leading.iter().fold(0, |sum, part| sum << 8 | part);
    u32::try_from(high << (8 * room) | last).ok().map(Ipv4Addr::from)
}

fn v4_part(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some("") => Some(0),
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

/// Whether an address is anything but a public unicast one.
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => v4_is_private(ip),
        IpAddr::V6(ip) => v6_is_private(ip),
    }
}

/// RFC 6890 and its successors: everything that isn't a public unicast address.
fn v4_is_private(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
}

/// Public unicast is 2000::/3; out of it go Teredo, ORCHID, documentation and 6to4. Whatever carries a v4 address in it (mapped,
/// compatible, NAT64, 6to4, Teredo) is refused, whichever that is: nobody's receiver has to be written so.
fn v6_is_private(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    !(0x2000..0x4000).contains(&a)
        || (a == 0x2001 && (b < 0x200 || b == 0xdb8))
        || a == 0x2002
        || (a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_https_urls_are_welcome() {
        for url in ["https://example.com/hook?x=1", "https://93.184.216.34/", "https://[2606:2800:220:1::1]:8443/x"] {
            assert!(check(url, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_spelled() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "127.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "intranet",
            "db.internal",
            "metadata.google.internal",
        ] {
            assert_eq!(check(&format!("https://{host}/"), false), Err(BadUrl::Private), "{host}");
            assert!(check(&format!("http://{host}/"), true).is_ok(), "{host} in development");
        }
    }

    #[test]
    fn other_schemes_and_credentials_are_refused() {
        assert_eq!(check("http://example.com", false), Err(BadUrl::NotHttps));
        assert_eq!(check("ftp://example.com", true), Err(BadUrl::NotHttps));
        assert_eq!(check("javascript:alert(1)", true), Err(BadUrl::NotHttps));
        assert_eq!(check("https://a:b@example.com", false), Err(BadUrl::Credentials));
        assert_eq!(check("not a url", false), Err(BadUrl::Character(' ')));
        assert_eq!(check("", false), Err(BadUrl::Unreadable));
    }

    #[test]
    fn spellings_that_parsers_disagree_on_are_refused() {
        for url in [
            "https:/example.com",
            "https:example.com",
            "https://ex%61mple.com",
            "https://[::1",
            "https://1.2.3.4.5",
            "https://256.1.1.1",
            "https://example.com:x",
            "https://example.com:99999",
            "https://a..b",
            "https://",
            "https://[::1%25eth0]/",
        ] {
            assert_eq!(check(url, true), Err(BadUrl::Unreadable), "{url}");
        }
    }

    #[test]
    fn a_character_that_a_url_cannot_hold_is_named() {
        for (url, character) in [
            ("https://exam ple.com", ' '),
            ("https://example.com\\@evil.example", '\\'),
            ("https://bücher.example", 'ü'),
            ("https://example.com/\u{200b}", '\u{200b}'),
            ("https://example.com/a\tb", '\t'),
            ("https://example.com/{id}", '{'),
        ] {
            assert_eq!(check(url, true), Err(BadUrl::Character(character)), "{url}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let origin = |url: &str| read(url).unwrap().origin();
        assert_eq!(origin("HTTPS://Example.COM:443/x?y#z"), "https://example.com");
        assert_eq!(origin("http://127.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(origin("https://[2001:0DB8::1]:8443/"), "https://[2001:db8::1]:8443");
    }

    proptest::proptest! {
        /// Whatever is read here, the WHATWG parser reads as the same origin: there is no second meaning to abuse.
        #[test]
        fn what_is_read_is_read_the_same_by_the_standards_parser(
            text in "[hH]ttps?:(//)?[a-z0-9.:@%\\[\\]x_\\\\ -]{0,24}[/?#]?[a-z@:.\\\\]{0,6}"
        ) {
            if let Ok(ours) = read(&text) {
                let theirs = ::url::Url::parse(&text).map(|url| url.origin().ascii_serialization());
                // They refuse some names (a label `xn--` of nonsense); then nothing is sent at all.
                if let Ok(theirs) = theirs {
                    proptest::prop_assert_eq!(ours.origin(), theirs);
                }
            }
        }
    }
}
