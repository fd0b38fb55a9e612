//! Mail providers that give one mailbox many spellings: what stands behind a plus, dots that they ignore, and a second
//! domain. For telling whether two orders are of the same buyer. Where a mail goes to, and what is shown, is what was typed.

use super::email;

struct Provider {
    /// With `one_mailbox` the first stands for all.
    domains: &'static [&'static str],
    /// The same name is the same mailbox in each of the domains. Elsewhere it is another person's.
    one_mailbox: bool,
    /// Characters that it ignores in a name.
    ignored: &'static [char],
}

/// Only what the provider itself documents. All of them ignore what stands behind a plus.
const PROVIDERS: &[Provider] = &[
    // https://support.google.com/mail/answer/7436150 (dots), https://support.google.com/mail/answer/22370 (plus),
    // https://support.google.com/mail/answer/10313 (googlemail.com)
    Provider { domains: &["gmail.com", "googlemail.com"], one_mailbox: true, ignored: &['.'] },
    // https://support.microsoft.com/office/add-or-remove-an-email-alias-in-outlook-com-459b1989-356d-40fa-a689-8f285b13f1f2
    // and, of plus addresses, https://learn.microsoft.com/exchange/recipients-in-exchange-online/plus-addressing-in-exchange-online
    Provider {
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr", "outlook.fr"],
        one_mailbox: false,
        ignored: &[],
    },
    // https://support.apple.com/108799: who had me.com or mac.com has the same name at icloud.com.
    // https://support.apple.com/guide/icloud/mm6b1a490a (plus)
    Provider { domains: &["icloud.com", "me.com", "mac.com"], one_mailbox: true, ignored: &[] },
    // https://proton.me/support/addresses-and-aliases (domains, plus). Dots, hyphens and underscores: `removeEmailAlias` of
    // https://github.com/ProtonMail/WebClients.
    Provider {
        domains: &["proton.me", "protonmail.com", "pm.me", "protonmail.ch"],
        one_mailbox: true,
        ignored: &['.', '-', '_'],
    },
    // https://www.fastmail.help/hc/en-us/articles/360060591053 (plus)
    Provider { domains: &["fastmail.com", "fastmail.fm"], one_mailbox: false, ignored: &[] },
];

fn of(domain: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.domains.contains(&domain))
}

/// An address in the one spelling that all of its mailbox's share, and which `email::key` begins from.
pub fn key(address: &str) -> String {
    let key = email::key(address);
    let Some((name, at)) = key.rsplit_once('@') else { return key };
    let Some(provider) = of(at) else { return key };
    let base = name.split('+').next().unwrap_or_default();
    let plain: String = base.chars().filter(|c| !provider.ignored.contains(c)).collect();
    // Nobody has such a name; whatever it is, it is told apart from others.
    let plain = if plain.is_empty() { name } else { &plain };
    format!("{plain}@{}", domain(at))
}

/// A domain in the DNS's spelling, or the one that stands for it.
pub fn domain(domain: &str) -> &str {
    match of(domain) {
        Some(Provider { domains: [first, ..], one_mailbox: true, .. }) => first,
        _ => domain,
    }
}

#[cfg(test)]
mod tests {
    use super::{domain, key};

    #[test]
    fn one_mailbox_has_one_key_however_its_provider_lets_it_be_written() {
        for (written, one) in [
            ("Ada.Love.Lace+shop@GoogleMail.com", "adalovelace@gmail.com"),
            ("ada+a+b@gmail.com", "ada@gmail.com"),
            ("a.da+x@outlook.com", "a.da@outlook.com"),
            ("ada+x@hotmail.com", "ada@hotmail.com"),
            ("ada+x@mac.com", "ada@icloud.com"),
            ("a-d_a.+x@PM.me", "ada@proton.me"),
            ("ada+x@fastmail.fm", "ada@fastmail.fm"),
        ] {
            assert_eq!(key(written), one, "{written}");
            assert_eq!(key(one), one, "{one}");
        }
    }

    #[test]
    fn what_may_be_another_mailbox_stays_apart() {
        for apart in [
            "a.da+x@example.com",
            "ada@gmail.com.example",
            "ada+x@yahoo.com",
            "a.da@fastmail.com",
            "+x@gmail.com",
            "...@gmail.com",
            "ada@sub.gmail.com",
        ] {
            assert_eq!(key(apart), apart);
        }
        assert_eq!(key("no address"), "no address");
        assert_ne!(key("ada@outlook.com"), key("ada@hotmail.com"));
        assert_eq!(
            (domain("me.com"), domain("live.com"), domain("example.com")),
            ("icloud.com", "live.com", "example.com")
        );
    }
}
