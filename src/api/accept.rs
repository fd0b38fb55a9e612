//! Whether the client can read what it will be answered.

use super::failure::Failure;
use crate::http::Request;

/// What answers are: how it is called, and its media types.
pub type Format = (&'static str, &'static [&'static str]);

pub const JSON: Format = ("json", &["application/json", "text/json", "application/*"]);
pub const FILE: Format = ("octet-stream", &["application/octet-stream", "application/octet-stream", "application/*"]);
pub const CSV: Format = ("csv", &["text/csv", "text/csv", "text/*"]);

/// Refuses only an `Accept` that truly excludes this format (RFC 9110, 12.5.1): old clients send strange ones.
pub fn require_accepted(request: &Request, (format, types): Format) -> Result<(), Failure> {
    let Some(accept) = request.header("accept").map(str::trim).filter(|accept| !accept.is_empty()) else {
        return Ok(());
    };
    // The most specific range that names it decides: 3 exact, 2 application/* or text/*, 1 anything.
    let (mut best, mut accepted) = (0, false);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let rank = match kind.as_str() {
            kind if types.iter().take(2).any(|known| *known == kind) => 3,
            kind if format == "json" && kind.ends_with("+json") => 3,
            kind if types.last().is_some_and(|known| *known == kind) => 2,
            // Java's own default has a bare star.
            "*/*" | "*" => 1,
            _ => continue,
        };
        let refused = parts
            .filter_map(|part| part.split_once('='))
            .any(|(name, value)| name.trim().eq_ignore_ascii_case("q") && is_zero(value.trim()));
        if rank >= best {
            (best, accepted) = (rank, !refused || (rank == best && accepted));
        }
    }
    if accepted { Ok(()) } else { Err(Failure::new(406, &format!("You requested a format that isn't {format}"))) }
}

/// `0`, `0.0`, `0.000`: a quality of nothing.
fn is_zero(quality: &str) -> bool {
    quality.starts_with('0') && quality.bytes().all(|b| b == b'0' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn accepts(accept: &str) -> bool {
        let request = Request {
            method: Method::Get,
            head: false,
            origin: "https://example.com".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![("accept", accept.to_owned())],
            country: None,
            asn: None,
            asn_name: None,
            is_tor: false,
            body: Some(Vec::new()),
            pending: None,
            unread: None,
        };
        require_accepted(&request, JSON).is_ok()
    }

    #[test]
    fn only_an_accept_that_excludes_json_is_refused() {
        for accept in [
            "",
            "*/*",
            "*",
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/*",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "text/html, */*;q=0.1",
            "application/vnd.pushguard+json",
            "text/html;q=0, application/json",
        ] {
            assert!(accepts(accept), "{accept}");
        }
        for accept in [
            "text/html",
            "image/png, text/*",
            "application/json;q=0",
            "application/xml",
            "*/*;q=0",
            "*/*, application/json;q=0.0",
        ] {
            assert!(!accepts(accept), "{accept}");
        }
    }
}
