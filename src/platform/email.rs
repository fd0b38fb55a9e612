//! Settings of e-mail: from whom, and through what. Without any of them no mail is sent.

use std::fmt;

use email_address::{EmailAddress, Options};
use url::Url;

/// The binding of the platform's own mail service. It counts as set where it is bound.
pub const EMAIL_BINDING: &str = "EMAIL";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// The sender's name, if the operator gives one; otherwise it is the shop's.
    pub name: Option<String>,
    pub address: String,
    pub service: EmailService,
}

#[derive(Clone, PartialEq, Eq)]
pub enum EmailService {
    /// The platform's own, by its binding.
    Binding,
    /// An API of Resend's shape.
    Api { url: String, key: String },
}

/// Never prints the key.
impl fmt::Debug for EmailService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EmailService::Binding => "Binding",
            EmailService::Api { .. } => "Api",
        })
    }
}

impl EmailSettings {
    /// `None`: e-mail is off. What is set by half is an error, which names it, because nobody would
    /// miss the mails before a buyer does. An API goes before the binding.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Option<EmailSettings>, String> {
        let error = |text: &str| Err(text.to_owned());
        let from = get("EMAIL_FROM");
        let service = match (get("EMAIL_API_URL"), get("EMAIL_API_KEY"), get(EMAIL_BINDING).is_some()) {
            (Some(url), Some(key), _) => {
                if !key.bytes().all(|b| b.is_ascii_graphic()) {
                    return error("EMAIL_API_KEY must be one word of visible characters: it is sent in a header");
                }
                if !Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
                    return error("EMAIL_API_URL must be a URL that starts with https:// or http://");
                }
                EmailService::Api { url, key }
            }
            (Some(_), None, _) => {
                return error("EMAIL_API_KEY is not set: the service at EMAIL_API_URL wants the key of your account");
            }
            (None, Some(_), _) => {
                return error(
                    "EMAIL_API_URL is not set: mails are posted there with EMAIL_API_KEY, as to https://api.resend.com/emails",
                );
            }
            (None, None, true) => EmailService::Binding,
            (None, None, false) if from.is_none() => return Ok(None),
            (None, None, false) => {
                return error(
                    "EMAIL_FROM is set, and nothing that sends: bind EMAIL (send_email in wrangler.toml), or set \
                     EMAIL_API_URL and EMAIL_API_KEY. Without EMAIL_FROM e-mail is off",
                );
            }
        };
        let Some(from) = from else {
            return error(
                "EMAIL_FROM is not set: mails need a sender, as shop@example.com or My shop <shop@example.com>",
            );
        };
        match mailbox(&from) {
            Some((name, address)) => Ok(Some(EmailSettings { name, address, service })),
            None => error("EMAIL_FROM must be an address, as shop@example.com or My shop <shop@example.com>"),
        }
    }
}

/// `My shop <shop@example.com>`, or the address alone.
fn mailbox(text: &str) -> Option<(Option<String>, String)> {
    let (name, address) = match text.strip_suffix('>') {
        Some(inside) => inside.rsplit_once('<')?,
        None => ("", text),
    };
    let (name, address) = (name.trim().trim_matches('"').trim(), address.trim());
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(address, options).ok()?;
    let odd = |c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '\\');
    if name.contains(odd) {
        return None;
    }
    Some((Some(name.to_owned()).filter(|name| !name.is_empty()), address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<EmailSettings>, String> {
        let get = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        EmailSettings::read(get)
    }

    const FROM: (&str, &str) = ("EMAIL_FROM", "shop@example.com");
    const URL: (&str, &str) = ("EMAIL_API_URL", "https://api.resend.com/emails");
    const KEY: (&str, &str) = ("EMAIL_API_KEY", "mailKey7f3a");
    const BOUND: (&str, &str) = (EMAIL_BINDING, "bound");

    #[test]
    fn it_is_off_until_it_is_set_and_half_of_it_says_what_is_missing() {
        assert_eq!(read(&[]), Ok(None));
        for (set, missing) in [
            (vec![FROM], "bind EMAIL (send_email in wrangler.toml), or set EMAIL_API_URL and EMAIL_API_KEY"),
            (vec![FROM, URL], "EMAIL_API_KEY is not set"),
            (vec![FROM, URL, BOUND], "EMAIL_API_KEY is not set"),
            (vec![FROM, KEY], "EMAIL_API_URL is not set"),
            (vec![URL, KEY], "EMAIL_FROM is not set"),
            (vec![BOUND], "EMAIL_FROM is not set"),
            (vec![FROM, ("EMAIL_API_URL", "api.resend.com"), KEY], "EMAIL_API_URL must be a URL"),
            (vec![FROM, URL, ("EMAIL_API_KEY", "two words")], "EMAIL_API_KEY must be one word"),
        ] {
            let error = read(&set).unwrap_err();
            assert!(error.contains(missing) && !error.contains("mailKey"), "{error}");
        }
        let service = |set: &[(&str, &str)]| read(set).unwrap().unwrap().service;
        assert_eq!(service(&[FROM, BOUND]), EmailService::Binding);
        let api = service(&[FROM, BOUND, URL, KEY]);
        assert!(matches!(&api, EmailService::Api { url, .. } if url == URL.1), "the API goes first");
        assert!(!format!("{api:?}").contains(KEY.1));
    }

    #[test]
    fn a_sender_is_one_address_with_or_without_a_name() {
        let from = |text: &str| read(&[("EMAIL_FROM", text), BOUND]).map(|set| set.map(|it| (it.name, it.address)));
        let is = |name: Option<&str>| Ok(Some((name.map(str::to_owned), "shop@example.com".to_owned())));
        assert_eq!(from("shop@example.com"), is(None));
        assert_eq!(from("<shop@example.com>"), is(None));
        assert_eq!(from("My shop <shop@example.com>"), is(Some("My shop")));
        assert_eq!(from("\"Grüße, Ada\" <shop@example.com>"), is(Some("Grüße, Ada")));
        for wrong in [
            "shop",
            "shop@",
            "@example.com",
            "shop@localhost",
            "a@b.co, c@d.co",
            "My shop shop@example.com",
            "<a@b.co",
            "a@b.co>",
            "x\r\nBcc: y <a@b.co>",
            "a\r\nb@c.co",
            "<<a@b.co>>",
            "a <b> <c@d.co>",
        ] {
            assert!(from(wrong).unwrap_err().starts_with("EMAIL_FROM must be"), "{wrong:?}");
        }
    }
}
