//! Which URLs may be called or returned to. A shop's server must not become somebody's way into a private network.
//!
//! URLs are read by the `url` crate, which follows the WHATWG standard as the platform's `fetch` does: what is checked
//! here is what is sent. On top of that a few spellings are refused that the standard puts up with (`read` says which).
//! Names outside ASCII are given in Punycode.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use idna::uts46::verify_dns_length;
use url::{Host, ParseError, SyntaxViolation, Url};

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

/// Bytes.
const MAX: usize = 2_000;

/// `insecure` is the operator's development switch: plain http, loopback and private networks are allowed.
pub fn check(text: &str, insecure: bool) -> Result<Url, BadUrl> {
    let url = read(text)?;
    if url.scheme() != "https" && !insecure {
        return Err(BadUrl::NotHttps);
    }
    if has_private_host(&url) && !insecure { Err(BadUrl::Private) } else { Ok(url) }
}

/// Whether a webhook may be sent there. In development every port is allowed.
pub fn callable(text: &str, settings: &Settings) -> Result<Url, BadUrl> {
    let url = check(text, settings.allow_insecure_urls)?;
    let port = url.port_or_known_default().unwrap_or_default();
    if settings.allow_insecure_urls || settings.webhook_ports.contains(&port) { Ok(url) } else { Err(BadUrl::Port) }
}

/// One spelling for one receiver: the URL as it is sent. A fragment never is.
pub fn normal(text: &str) -> String {
    let Ok(mut url) = read(text) else {
        return text.to_owned();
    };
    url.set_fragment(None);
    url.into()
}

/// `https://host[:port]`, as browsers write an origin (RFC 6454).
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The host, when it is a name that has to be resolved.
pub fn name(url: &Url) -> Option<&str> {
    match url.host()? {
        Host::Domain(name) => Some(name.trim_end_matches('.')),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// `http[s]://host[:port][/path][?query][#fragment]`. The standard also reads what a browser's user may type, and mends
/// it silently. A seller's program that writes so has a mistake, which the seller hears of at once; so refused are
/// characters that must be percent-encoded, credentials, other than two slashes, a percent-encoded host, and a host that
/// is no name of the DNS. (Of these, only the host matters to whoever asks: it stands in a page's Content-Security-Policy.)
pub fn read(text: &str) -> Result<Url, BadUrl> {
    let plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'<' | b'>' | b'"' | b'^' | b'`' | b'{' | b'|' | b'}');
    if let Some(other) = text.chars().find(|c| !u8::try_from(*c).is_ok_and(plain)) {
        return Err(BadUrl::Character(other));
    }
    if text.len() > MAX {
        return Err(BadUrl::Unreadable);
    }
    let mended = Cell::new(None);
    let note = |violation| match violation {
        SyntaxViolation::ExpectedDoubleSlash => mended.set(Some(BadUrl::Unreadable)),
        SyntaxViolation::EmbeddedCredentials => mended.set(mended.get().or(Some(BadUrl::Credentials))),
        _ => {}
    };
    let parsed = Url::options().syntax_violation_callback(Some(&note)).parse(text);
    match (&parsed, mended.get()) {
        (Ok(url), _) if !matches!(url.scheme(), "https" | "http") => return Err(BadUrl::NotHttps),
        (_, Some(bad)) => return Err(bad),
        // `10.0.0.1:80` has no scheme, since none begins with a digit.
        (Err(ParseError::RelativeUrlWithoutBase), None) if text.contains(':') => return Err(BadUrl::NotHttps),
        _ => {}
    }
    let url = parsed.map_err(|_| BadUrl::Unreadable)?;
    // After `https:` and nothing.
    let host = text.split(['/', '?', '#']).nth(2).unwrap_or_default();
    let is_name = |name: &str| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && verify_dns_length(name, true)
    };
    match url.host() {
        Some(Host::Domain(name)) if !is_name(name) => Err(BadUrl::Unreadable),
        Some(_) if !host.contains('%') => Ok(url),
        _ => Err(BadUrl::Unreadable),
    }
}

fn has_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => v4_is_private(ip),
        Some(Host::Ipv6(ip)) => v6_is_private(ip),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let inside = ["localhost", "local", "internal", "home.arpa"];
            // Public names have a dot; a bare one is somebody's own network.
            !name.contains('.')
                || inside.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
        }
        None => true,
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
        let origin = |url: &str| origin(&read(url).unwrap());
        assert_eq!(origin("HTTPS://Example.COM:443/x?y#z"), "https://example.com");
        assert_eq!(origin("http://127.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(origin("https://[2001:0DB8::1]:8443/"), "https://[2001:db8::1]:8443");
    }

    proptest::proptest! {
        /// Whatever is read here has the origin that the standard gives it, and says so openly: there is no second meaning to
        /// abuse, and nothing in the host that means something in a Content-Security-Policy.
        #[test]
        fn what_is_read_is_read_the_same_by_the_standards_parser(
            text in "[hH]ttps?:(//)?[a-z0-9.:@%;,'*\\[\\]x_\\\\ -]{0,24}[/?#]?[a-z@:.\\\\]{0,6}"
        ) {
            if let Ok(ours) = read(&text) {
                let theirs = ::url::Url::parse(&text).unwrap().origin().ascii_serialization();
                proptest::prop_assert_eq!(origin(&ours), theirs);
                proptest::prop_assert!(ours.username().is_empty() && ours.password().is_none());
                if let Some(name) = ours.domain() {
                    let start = format!("{}://{name}", ours.scheme());
                    proptest::prop_assert!(text.to_ascii_lowercase().starts_with(&start), "{}", start);
                    proptest::prop_assert!(!name.contains([';', ',', '\'', '*', '%']));
                }
            }
        }
    }
}
