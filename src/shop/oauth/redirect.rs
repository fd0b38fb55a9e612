//! Where an application may have its sellers sent: what can be registered, and what of a request is one of them.

use std::net::IpAddr;

use ::url::{Host, Url};

use crate::shop::webhook::url::{self, BadUrl};

/// Characters.
pub const MAX: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRedirect {
    Url(BadUrl),
    /// RFC 6749, 3.1.2.
    Fragment,
    /// A scheme of an application's own is its domain turned round, `com.example.app` (RFC 8252, 7.1).
    Scheme,
}

/// HTTPS; of a public application also plain HTTP on its own machine, and a scheme of its own (RFC 8252). What stands in a page's
/// policy and in `Location` has no character that would end it.
pub fn check(text: &str, confidential: bool, insecure: bool) -> Result<(), BadRedirect> {
    if text.contains('#') {
        return Err(BadRedirect::Fragment);
    }
    match own_scheme(text) {
        Some(_) if confidential => return Err(BadRedirect::Url(BadUrl::NotHttps)),
        Some(scheme) => {
            let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'\\' | b';' | b',');
            let is_domain = scheme.contains('.') && !scheme.starts_with('.') && !scheme.ends_with('.');
            return if is_domain && text.bytes().all(plain) { Ok(()) } else { Err(BadRedirect::Scheme) };
        }
        None => {}
    }
    match url::check(text, insecure) {
        Ok(_) => Ok(()),
        Err(BadUrl::NotHttps) if !confidential && loopback(text).is_some() => Ok(()),
        Err(bad) => Err(BadRedirect::Url(bad)),
    }
}

/// The scheme, if it is neither HTTP nor HTTPS.
pub fn own_scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let shaped = scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    (shaped && !scheme.is_empty() && !matches!(scheme, "http" | "https")).then_some(scheme)
}

/// Whether what was sent is the registered one: to the letter, but for the port of a program on its own machine, which takes
/// whatever port is free (RFC 8252, 7.3).
pub fn matches(registered: &str, sent: &str) -> bool {
    if registered == sent {
        return true;
    }
    match (loopback(registered), loopback(sent)) {
        (Some(registered), Some(sent)) => registered == sent,
        _ => false,
    }
}

/// A URL of plain HTTP on the machine that reads it, by its address, without its port.
fn loopback(text: &str) -> Option<String> {
    let mut url = url::read(text).ok()?;
    let ip = match url.host()? {
        Host::Ipv4(ip) => IpAddr::V4(ip),
        Host::Ipv6(ip) => IpAddr::V6(ip),
        Host::Domain(_) => return None,
    };
    (url.scheme() == "http" && ip.is_loopback() && url.set_port(None).is_ok()).then(|| url.into())
}

/// The origin for a page's policy, or the scheme: `https://app.example`, `com.example.app:`.
pub fn source(text: &str) -> String {
    match own_scheme(text) {
        Some(scheme) => format!("{scheme}:"),
        None => Url::parse(text).map(|url| url::origin(&url)).unwrap_or_default(),
    }
}

/// The URI with these parameters behind those that it has. What it has stays as it is.
pub fn with(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let sign = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{sign}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_over_https_alone() {
        for good in ["https://app.example/cb", "https://app.example:8443/cb?a=b"] {
            assert_eq!(check(good, true, false), Ok(()), "{good}");
        }
        for bad in [
            "http://app.example/cb",
            "http://127.0.0.1/cb",
            "https://127.0.0.1/cb",
            "https://user@app.example/cb",
            "https://app.example/#cb",
            "https://app.example/ cb",
            "com.example.app:/cb",
            "javascript:alert(1)",
            "/cb",
            "",
        ] {
            assert!(check(bad, true, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_application_on_its_own_machine_may_listen_there_or_have_a_scheme() {
        for good in ["http://127.0.0.1/cb", "http://[::1]:8000/cb", "com.example.app:/cb", "com.example.app://cb"] {
            assert_eq!(check(good, false, false), Ok(()), "{good}");
        }
        for bad in
            ["http://app.example/cb", "http://10.0.0.1/cb", "javascript:alert(1)", "data:text/html,x", "myapp:/cb"]
        {
            assert!(check(bad, false, false).is_err(), "{bad}");
        }
        assert!(check("com.example.app:/cb;x", false, false).is_err(), "it would end a source of the policy");
    }

    #[test]
    fn an_uri_is_the_registered_one_to_the_letter_but_for_a_loopback_port() {
        assert!(matches("https://app.example/cb", "https://app.example/cb"));
        for other in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://app.example:443/cb",
            "https://app.example/cb?x=1",
            "https://app.example/cb/../cb",
            "https://app.example.evil.example/cb",
            "http://app.example/cb",
        ] {
            assert!(!matches("https://app.example/cb", other), "{other}");
        }
        assert!(matches("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb"));
        assert!(matches("http://[::1]/cb", "http://[::1]:51234/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb/x"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.2:51234/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://[::1]:51234/cb"));
    }

    #[test]
    fn parameters_go_behind_those_that_are_there() {
        let all = [("code", "a b"), ("state", "x&y=ü")];
        assert_eq!(with("https://a.example/cb", &all), "https://a.example/cb?code=a+b&state=x%26y%3D%C3%BC");
        assert_eq!(with("https://a.example/cb?k=%20", &[("code", "c")]), "https://a.example/cb?k=%20&code=c");
        assert_eq!(with("https://a.example/cb?", &[("code", "c")]), "https://a.example/cb?code=c");
        assert_eq!(with("com.example.app:/cb", &[("code", "c")]), "com.example.app:/cb?code=c");
        assert_eq!(source("com.example.app:/cb"), "com.example.app:");
        assert_eq!(source("https://a.example:8443/cb?k"), "https://a.example:8443");
    }
}
