//! Where a receiver's name leads. A name can point into a private network, or be made to later on; so it is resolved
//! whenever something is sent, by DNS over HTTPS in JSON (as Cloudflare and Google answer it), and what it resolves to is
//! held to the rules for addresses that are written out.
//!
//! It is the second lock on that door. The platform resolves the name once more, for itself, and could be told another
//! address than we were; but the platform has no way into anybody's private network, and refuses to take one. That is why
//! a resolver that doesn't answer keeps nothing from being sent: a webhook that is lost harms a seller for certain, and
//! what the second lock alone would have kept out is little. An answer that says "private" is another matter.

use std::{cell::RefCell, net::IpAddr};

use serde::Deserialize;

use super::url;
use crate::{
    json::{self, Items, Maybe},
    platform::HttpRequest,
    shop::{
        App,
        time::{MINUTE, SECOND},
    },
};

/// What is known of a name. Of two answers the greater counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// It has no address at all.
    Nothing,
    Public,
    /// The resolver didn't say.
    Unknown,
    /// One of its addresses, at least, is not public.
    Private,
}

/// What was found, until when: this isolate's own memory, so that a busy receiver's name is asked for once a minute.
#[derive(Default)]
pub struct Names(RefCell<Vec<(String, i64, Found)>>);

/// More names than this are forgotten all at once.
const MAX: usize = 500;

/// Looks the name up, unless that is turned off, or was done just now.
pub async fn find(app: &App, name: &str) -> Found {
    let Some(resolver) = &app.platform.settings.dns_url else {
        return Found::Public;
    };
    let now = app.now();
    let names = app.memory.of::<Names>();
    let known = names.0.borrow().iter().find(|(known, until, _)| known == name && now < *until).map(|(.., f)| *f);
    if let Some(found) = known {
        return found;
    }
    let mut found = Found::Nothing;
    // One after the other: the platform lets six requests wait, and each delivery has one of those.
    for kind in ["A", "AAAA"] {
        found = found.max(ask(app, format!("{resolver}?name={name}&type={kind}")).await);
    }
    // Whoever mends a name shouldn't wait long for it.
    let until = now + if found == Found::Public { MINUTE } else { 10 * SECOND };
    let mut names = names.0.borrow_mut();
    if names.len() >= MAX {
        names.clear();
    }
    // An older one stays behind it, and counts no more.
    names.push((name.to_owned(), until, found));
    found
}

/// Whether something may be sent there, by what stands in the URL and by what its name leads to. Otherwise the word for why not.
pub async fn check(app: &App, url: &str) -> Result<(), &'static str> {
    let settings = &app.platform.settings;
    let url = url::callable(url, settings).map_err(|_| "forbidden_url")?;
    match url::name(&url) {
        Some(name) if !settings.allow_insecure_urls => match find(app, name).await {
            Found::Private => Err("forbidden_url"),
            Found::Nothing => Err("dns"),
            Found::Public | Found::Unknown => Ok(()),
        },
        _ => Ok(()),
    }
}

async fn ask(app: &App, url: String) -> Found {
    let request = HttpRequest {
        method: "GET",
        url,
        headers: vec![("accept".into(), "application/dns-json".into())],
        body: None,
        timeout: 2_000,
        limit: 64 << 10,
    };
    match app.platform.http.fetch(request).await {
        // What can't be read to its end can't be checked; no honest name has a thousand addresses.
        Ok(answer) if answer.status == 200 && answer.truncated => Found::Private,
        Ok(answer) if answer.status == 200 => read(&answer.body).unwrap_or(Found::Unknown),
        _ => Found::Unknown,
    }
}

/// An answer in JSON (developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/dns-json).
#[derive(Deserialize)]
struct HttpResponse {
    /// RFC 1035, 4.1.1: 0 is fine, 3 says that there is no such name.
    #[serde(rename = "Status")]
    status: i64,
    #[serde(rename = "Answer", default)]
    records: Items<Record>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    /// 1 is A, 28 is AAAA (RFC 3596); on the way there are aliases.
    #[serde(rename = "type")]
    kind: Maybe<i64>,
    data: Maybe<String>,
}

/// `None` for whatever is no answer to the question.
fn read(body: &[u8]) -> Option<Found> {
    let answer: HttpResponse = json::from_others(std::str::from_utf8(body).ok()?)?;
    match answer.status {
        0 => {}
        3 => return Some(Found::Nothing),
        _ => return None,
    }
    let addresses = answer.records.iter().filter(|record| matches!(*record.kind, Some(1 | 28)));
    let found = addresses.map(|record| {
        match record.data.as_deref().and_then(|data| data.parse::<IpAddr>().ok()) {
            Some(ip) if !url::is_private(ip) => Found::Public,
            // An address that can't be read is none that was checked.
            _ => Found::Private,
        }
    });
    Some(found.max().unwrap_or(Found::Nothing))
}

#[cfg(test)]
mod tests {
    use super::{Found, read};

    #[test]
    fn an_answer_is_as_private_as_its_most_private_address() {
        let answer = |records: &str| read(format!(r#"{{"Status":0,"Answer":[{records}]}}"#).as_bytes());
        let a = r#"{"name":"a.example","type":1,"TTL":60,"data":"93.184.216.34"}"#;
        let alias = r#"{"name":"a.example","type":5,"TTL":60,"data":"localhost."}"#;
        assert_eq!(answer(""), Some(Found::Nothing));
        assert_eq!(answer(a), Some(Found::Public));
        assert_eq!(answer(alias), Some(Found::Nothing));
        assert_eq!(answer(&format!("{alias},{a}")), Some(Found::Public));
        for data in ["10.0.0.1", "169.254.169.254", "127.1", "", "0.0.0.0", "100.64.0.1"] {
            assert_eq!(answer(&format!(r#"{a},{{"type":1,"data":"{data}"}}"#)), Some(Found::Private), "{data}");
        }
        for data in ["::1", "fd00::1", "fe80::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:a00:1::", "2001:0:1::1"] {
            assert_eq!(answer(&format!(r#"{a},{{"type":28,"data":"{data}"}}"#)), Some(Found::Private), "{data}");
        }
        assert_eq!(answer(r#"{"type":28,"data":"2606:2800:220:1::1"}"#), Some(Found::Public));
        assert_eq!(answer(r#"{"type":1}"#), Some(Found::Private));
    }

    #[test]
    fn what_is_no_answer_says_nothing() {
        assert_eq!(read(br#"{"Status":3}"#), Some(Found::Nothing), "there is no such name");
        for text in [r#"{"Status":2}"#, r#"{"Status":"0"}"#, "{}", "[]", "<html>", "", "\u{fffd}"] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
