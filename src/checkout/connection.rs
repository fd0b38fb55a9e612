//! From where a buyer comes, as far as the platform knows.

use crate::{
    http::Request,
    shop::{fraud::Visitor, network::Connection},
};

pub fn visitor(request: &Request) -> Visitor {
    let connection = Connection {
        asn: request.asn,
        name: request.asn_name.clone(),
        country: request.country.clone(),
        is_tor: request.is_tor,
    };
    Visitor { connection, language: request.header("accept-language").and_then(first_language) }
}

/// The first language of the header (RFC 9110, 12.5.4): `de` of `de,en;q=0.8`. Rules compare texts letter by letter, so it is in lower
/// case.
fn first_language(accepted: &str) -> Option<String> {
    let tag = accepted.split([',', ';']).next()?.trim();
    let good = !tag.is_empty() && tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    good.then(|| tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::first_language;

    #[test]
    fn the_first_language_is_the_buyers() {
        for (header, language) in [
            ("de,en;q=0.8", Some("de")),
            ("pt-BR;q=0.9, en", Some("pt-br")),
            (" fr ", Some("fr")),
            ("*", None),
            ("", None),
            ("<script>", None),
        ] {
            assert_eq!(first_language(header).as_deref(), language, "{header}");
        }
    }
}
