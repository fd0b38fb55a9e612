//! E-mail addresses: as they were typed, for showing, and in one form for comparing. One mailbox has several spellings: a
//! domain in its own script or as Punycode (UTS 46), letters in another case, `é` as one character or two.

use std::borrow::Cow;

use email_address::EmailAddress;
use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;

use super::{clean, hidden};

/// Characters of an address (RFC 5321, 4.5.3.1: a path of 256 with its brackets).
const MAX: usize = 254;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadEmail {
    Malformed,
    /// It has this character inside, which nobody sees.
    Invisible(char),
}

/// The address as it was typed, without what stands at its ends unseen. Its form only: whether the mailbox exists, a
/// mail can tell.
pub fn parse(text: &str) -> Result<&str, BadEmail> {
    let text = clean(text);
    if let Some(c) = text.chars().find(|c| super::is_invisible(*c)) {
        return Err(BadEmail::Invisible(c));
    }
    let (local, domain) = text.rsplit_once('@').ok_or(BadEmail::Malformed)?;
    // Narrower than RFC 5322, which has quoted texts and, in any script, every space; and wider, since addresses with two dots
    // together exist (Japanese carriers gave them out).
    // And what stands for bytes that were no UTF-8.
    let odd = |c: char| c == '"' || c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let good = text.len() <= MAX
        && !local.contains(odd)
        && EmailAddress::is_valid_local_part(&local.replace("..", "."))
        && self::domain(domain).is_some_and(|domain| domain.contains('.'));
    if good { Ok(text) } else { Err(BadEmail::Malformed) }
}

/// A domain as the DNS has it; also one without a dot. `None` for what can't be one.
pub fn domain(text: &str) -> Option<Cow<'_, str>> {
    ascii(text).filter(|domain| EmailAddress::is_valid_domain(domain))
}

/// For comparing. What is no address has a form as well, which no address equals.
pub fn key(text: &str) -> String {
    let text = clean(text);
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    let lower: String = nfc.normalize(local).chars().flat_map(char::to_lowercase).collect();
    let lower = nfc.normalize(&lower);
    // `ascii` drops invisible characters, and then would find another address.
    match ascii(domain).filter(|_| hidden(text).is_none()) {
        Some(domain) => format!("{lower}@{domain}"),
        None => format!("{lower}@{}", domain.to_lowercase()),
    }
}

/// What a table keeps beside the address as typed: its form for comparing, where that isn't the address itself in lower
/// case. Most addresses are ASCII and have none.
pub fn kept_key(text: &str) -> Option<String> {
    (!text.is_ascii()).then(|| key(text))
}

/// The address as a mail goes to it: its domain as the DNS has it. `None` for what `parse` refuses.
pub fn mailbox(text: &str) -> Option<String> {
    let (local, domain) = parse(text).ok()?.rsplit_once('@')?;
    Some(format!("{local}@{}", ascii(domain)?))
}

pub fn same(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

/// The domain as the DNS has it: lower case, Punycode. `None` for what can be no domain.
pub fn ascii(domain: &str) -> Option<Cow<'_, str>> {
    idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3).ok()
}

#[cfg(test)]
mod tests {
    use super::{BadEmail, key, parse, same};

    #[test]
    fn e_mail_addresses_are_told_from_other_texts() {
        for good in ["a@b.co", "ada.lovelace+x@mail.example.com", "grüße@bücher.example", "ada@ab--cd.example"] {
            assert_eq!(parse(good), Ok(good));
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b..c",
            "a@-b.co",
            "a@@b.co",
            "<a@b.co>",
            "a@b.co,c@d.ef",
            "a@b_c.de",
            "ada@xn--a.example",
            "a@b.co.",
            "a@b\u{a0}.co",
        ] {
            assert_eq!(parse(bad), Err(BadEmail::Malformed), "{bad}");
        }
    }

    #[test]
    fn invisible_characters_leave_the_ends_and_are_refused_inside() {
        for text in ["\u{feff}ada@example.com", "ada@example.com\u{200b}\n", "\u{202a}ada@example.com\u{202c}"] {
            assert_eq!(parse(text), Ok("ada@example.com"), "{text:?}");
        }
        for (text, c) in [
            ("ada@exam\u{200b}ple.com", '\u{200b}'),
            ("a\u{ad}da@example.com", '\u{ad}'),
            ("ada\u{2060}@example.com", '\u{2060}'),
            ("é\u{200d}a@example.com", '\u{200d}'),
        ] {
            assert_eq!(parse(text), Err(BadEmail::Invisible(c)), "{text:?}");
        }
    }

    #[test]
    fn one_mailbox_has_one_form() {
        for (one, other) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("ada@bücher.example", "ADA@xn--bcher-kva.example"),
            ("ada@BÜCHER.example", "ada@bu\u{308}cher.example"),
            ("jose\u{301}@example.com", "JOSÉ@EXAMPLE.com"),
            ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
            ("ada@例え\u{3002}jp", "ada@例え.jp"),
            ("ada@faß.example", "ada@xn--fa-hia.example"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("ada@example.com", "ada@example.org"),
            ("jose@example.com", "josé@example.com"),
            ("ada@faß.example", "ada@fass.example"),
            ("ada@bü\u{200b}cher.example", "ada@bücher.example"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
        assert_eq!(key("no address é"), "no address é@");
    }
}
