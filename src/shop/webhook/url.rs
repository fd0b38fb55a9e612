//! Which URLs a webhook may go to. A shop's server must not become somebody's way into a private network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadUrl {
    Unreadable,
    NotHttps,
    Credentials,
    /// Loopback, private, link-local, carrier-grade NAT, multicast, documentation or metadata.
    Private,
}

/// Odd spellings of IPv4 addresses (decimal, octal, hex, short) are one address to the `url` crate, as the WHATWG
/// standard has it, so they need no rules of their own. `insecure` is the operator's development switch.
pub fn check(text: &str, insecure: bool) -> Result<Url, BadUrl> {
    if text.len() > 2_000 {
        return Err(BadUrl::Unreadable);
    }
    let url = Url::parse(text).map_err(|_| BadUrl::Unreadable)?;
    match url.scheme() {
        "https" => {}
        "http" if insecure => {}
        _ => return Err(BadUrl::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUrl::Credentials);
    }
    let private = match url.host() {
        None => return Err(BadUrl::Unreadable),
        Some(Host::Ipv4(ip)) => v4_is_private(ip),
        Some(Host::Ipv6(ip)) => v6_is_private(ip),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let inside = ["localhost", "local", "internal", "home.arpa"];
            inside.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")))
                // Public names have a dot; a bare one is somebody's own network.
                || !name.contains('.')
        }
    };
    if private && !insecure { Err(BadUrl::Private) } else { Ok(url) }
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

fn v6_is_private(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return v4_is_private(v4);
    }
    let [a, b, ..] = ip.segments();
    // Public unicast is 2000::/3; out of it go Teredo, ORCHID, documentation and 6to4, which can carry a private v4.
    !(0x2000..0x4000).contains(&a)
        || (a == 0x2001 && (b < 0x200 || b == 0xdb8))
        || a == 0x2002
        || (a == 0x3fff && b < 0x1000)
        || ip.to_canonical() != IpAddr::V6(ip)
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
        assert_eq!(check("not a url", false), Err(BadUrl::Unreadable));
        assert_eq!(check("", false), Err(BadUrl::Unreadable));
    }
}
