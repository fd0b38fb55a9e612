//! Whether an e-mail domain is one at which anybody has an address for a minute.

use sha2::{Digest, Sha256};

use super::{data, files::has_domain};
use crate::shop::{App, text::email};

/// Files of domains (`scripts/data/shards.mjs`).
const SHARDS: u8 = 128;

/// Whether a domain, or one that it is below, is listed. One file is read: the last two labels say which.
pub async fn is_disposable(app: &App, domain: &str) -> Option<bool> {
    // What is no domain can't be listed.
    let Some(domain) = email::ascii(domain) else { return Some(false) };
    let domain = domain.trim_end_matches('.');
    let names = suffixes(domain);
    let Some(last) = names.last() else { return Some(false) };
    let [first, ..] = hash(last);
    let path = format!("/data/domains/{}.bin", first % SHARDS);
    let file = data::file(app, &path).await?;
    let mut is_listed = false;
    for name in names {
        let Some(found) = has_domain(&file, hash(name)) else {
            data::spoilt(app, &path);
            return None;
        };
        is_listed |= found;
    }
    Some(is_listed)
}

/// A domain and those above it that have two labels or more.
fn suffixes(domain: &str) -> Vec<&str> {
    let dots = domain.match_indices('.').filter_map(|(at, _)| domain.get(at + 1..));
    let all = std::iter::once(domain).chain(dots);
    all.filter(|name| name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && !rest.is_empty())).collect()
}

fn hash(name: &str) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::suffixes;

    #[test]
    fn a_domain_is_below_those_that_have_two_labels() {
        assert_eq!(suffixes("a.b.example.com"), ["a.b.example.com", "b.example.com", "example.com"]);
        assert_eq!(suffixes("example.com"), ["example.com"]);
        for none in ["", "com", ".", ".com", "com."] {
            assert_eq!(suffixes(none), [""; 0], "{none}");
        }
    }
}
