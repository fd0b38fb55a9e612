//! The token of a payment link: `key id . contents . HMAC-SHA256`, in URL-safe base64. It carries all that the first
//! paint of the page needs, so that no database is asked for it, and it can't be altered: one flipped bit and the link
//! is a page that doesn't exist.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::choice::Choice;
use crate::{
    json,
    platform::Keys,
    shop::{
        money::{Amount, Currency},
        webhook,
    },
    words::Language,
};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub account_id: i64,
    pub shard: String,
    pub test: bool,
    pub shop_name: String,
    pub title: String,
    pub price: Amount,
    pub quantity: u32,
    /// As a list with commas: a link of one gateway is as it was before there were several.
    pub choice: Choice,
    /// The seller didn't know the buyer's e-mail: the page asks for it.
    pub needs_email: bool,
    /// Where the page may send the buyer afterwards.
    pub return_origin: String,
    /// Milliseconds since 1970.
    pub expires_at: i64,
    /// The shop's; without it the page takes the buyer's own.
    pub language: Option<Language>,
}

/// What stands in a token, as a JSON array. Links that were made before there were languages end without one, and so does
/// every link of a shop that has set none.
#[derive(Serialize, Deserialize)]
struct Wire<T>(
    i64,
    T,
    bool,
    T,
    T,
    i64,
    T,
    u32,
    T,
    bool,
    T,
    i64,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<T>,
);

pub fn sign(keys: &Keys, payment_id: &str, link: &Link) -> String {
    let gateways = link.choice.to_text();
    let wire = json::to_text(&Wire(
        link.account_id,
        link.shard.as_str(),
        link.test,
        &link.shop_name,
        &link.title,
        link.price.minor(),
        link.price.currency().code(),
        link.quantity,
        &gateways,
        link.needs_email,
        &link.return_origin,
        link.expires_at,
        link.language.map(Language::code),
    ));
    let contents = URL_SAFE_NO_PAD.encode(wire);
    let (id, key) = keys.first();
    let tag = mac(key, payment_id, &contents).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec());
    format!("{id}.{contents}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// `None` for anything that `sign` didn't make for this payment with a key that is still in the list.
pub fn verify(keys: &Keys, payment_id: &str, token: &str) -> Option<Link> {
    let mut parts = token.split('.');
    let (id, contents, tag) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    // Decoding refuses stray bits in the last letter, so that a token has one spelling only.
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    mac(keys.named(id)?, payment_id, contents)?.verify_slice(&tag).ok()?;
    let wire = String::from_utf8(URL_SAFE_NO_PAD.decode(contents).ok()?).ok()?;
    let Wire::<String>(
        account_id,
        shard,
        test,
        shop_name,
        title,
        minor,
        currency,
        quantity,
        gateways,
        needs_email,
        return_origin,
        expires_at,
        language,
    ) = json::from_text(&wire)?;
    let price = Amount::new(minor, Currency::parse(&currency)?)?;
    let choice = Choice::parse(&gateways)?;
    Some(Link {
        account_id,
        shard,
        test,
        shop_name,
        title,
        price,
        quantity,
        choice,
        needs_email,
        return_origin,
        expires_at,
        language: language.and_then(|code| Language::parse(&code)),
    })
}

fn mac(key: &[u8], payment_id: &str, contents: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(b"payment link 1.");
    mac.update(payment_id.as_bytes());
    mac.update(b".");
    mac.update(contents.as_bytes());
    Some(mac)
}

/// `https://host[:port]` of a URL that was checked before.
pub fn origin(url: &str) -> String {
    webhook::url::read(url).map(|url| webhook::url::origin(&url)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shop::gateway::{Gateway, bitcoin, stripe};

    fn keys(text: &str) -> Keys {
        Keys::parse("TOKEN_KEYS", text).unwrap()
    }
    const A: &str = "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
    const ID: &str = "81971eae19ff0924026d7b2a7502b20372c15df5";

    fn link() -> Link {
        Link {
            account_id: 7,
            shard: "DB".into(),
            test: true,
            shop_name: "Ada's \"shop\"".into(),
            title: "Grüße <b>".into(),
            price: Amount::new(1_000, Currency::parse("EUR").unwrap()).unwrap(),
            quantity: 2,
            choice: Choice::one(bitcoin::GATEWAY),
            needs_email: true,
            return_origin: origin("https://example.com:8443/back?x=1"),
            expires_at: 9,
            language: None,
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of() {
        let token = sign(&keys(A), ID, &link());
        assert_eq!(verify(&keys(A), ID, &token), Some(link()));
        assert_eq!(link().return_origin, "https://example.com:8443");
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
    }

    fn contents(token: &str) -> String {
        let contents = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        String::from_utf8(contents).unwrap()
    }

    #[test]
    fn a_token_of_several_gateways_is_a_few_letters_longer() {
        let choice = |gateways: &[Gateway]| Link { choice: Choice::new(gateways.to_vec()).unwrap(), ..link() };
        let two = sign(&keys(A), ID, &choice(&[bitcoin::GATEWAY, stripe::GATEWAY]));
        assert!(contents(&two).contains(r#",2,"bitcoin,stripe",true,"#), "{}", contents(&two));
        let (all, one) = (sign(&keys(A), ID, &choice(&Gateway::ALL)), sign(&keys(A), ID, &link()));
        assert!(all.len() - one.len() < 50, "{all}");
    }

    proptest! {
        #[test]
        fn any_link_is_read_as_it_was_signed(
            account_id in any::<i64>(), test in any::<bool>(), shop_name in ".{0,80}", title in ".{0,255}",
            minor in 0_i64..=99_999_999_900, quantity in any::<u32>(), needs_email in any::<bool>(),
            gateways in Just(Gateway::ALL.to_vec()).prop_shuffle(), count in 1..=Gateway::ALL.len(),
            expires_at in any::<i64>(), language in proptest::option::of(proptest::sample::select(Language::ALL.to_vec())),
        ) {
            let link = Link {
                account_id, test, shop_name, title, quantity, needs_email, expires_at, language,
                price: Amount::new(minor, Currency::USD).unwrap(),
                choice: Choice::new(gateways.into_iter().take(count).collect()).unwrap(),
                ..link()
            };
            let token = sign(&keys(A), ID, &link);
            prop_assert_eq!(verify(&keys(A), ID, &token), Some(link));
        }
    }

    #[test]
    fn a_list_that_nobody_could_send_is_none() {
        for text in [
            "",
            ",",
            "bitcoin,",
            ",bitcoin",
            "bitcoin,bitcoin",
            "bitcoin,Bitcoin",
            "bitcoin,dogecoin",
            "bitcoin stripe",
        ] {
            assert_eq!(Choice::parse(text), None, "{text}");
        }
        assert_eq!(Choice::parse("stripe,bitcoin").map(|choice| choice.to_text()).as_deref(), Some("stripe,bitcoin"));
        assert_eq!(Choice::new(Vec::new()), None);
    }

    #[test]
    fn a_token_without_a_language_is_as_it_always_was() {
        let old =
            r#"[7,"DB",true,"Ada's \"shop\"","Grüße <b>",1000,"EUR",2,"bitcoin",true,"https://example.com:8443",9]"#;
        assert_eq!(contents(&sign(&keys(A), ID, &link())), old);
        let german = Link { language: Some(Language::German), ..link() };
        let token = sign(&keys(A), ID, &german);
        assert_eq!(contents(&token), old.replace(",9]", ",9,\"de\"]"));
        assert_eq!(verify(&keys(A), ID, &token), Some(german));
    }

    #[test]
    fn any_flipped_bit_spoils_it() {
        let token = sign(&keys(A), ID, &link());
        for place in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                if let Ok(spoilt) = String::from_utf8(bytes) {
                    assert_eq!(verify(&keys(A), ID, &spoilt), None, "byte {place}, bit {bit}");
                }
            }
        }
        assert_eq!(verify(&keys(A), &ID.replace('8', "9"), &token), None, "another payment's token");
        for cut in 0..token.len() {
            assert_eq!(verify(&keys(A), ID, &token[..cut]), None);
        }
    }

    #[test]
    fn during_a_rotation_links_of_both_keys_work() {
        let old = sign(&keys(A), ID, &link());
        let both = keys(&format!("{B},{A}"));
        assert!(verify(&both, ID, &old).is_some());
        assert!(sign(&both, ID, &link()).starts_with("b."));
        assert_eq!(verify(&keys(B), ID, &old), None, "after it, the old key's don't");
    }
}
