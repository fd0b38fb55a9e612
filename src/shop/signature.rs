//! Signatures that open a page: `key id . HMAC-SHA256`, in URL-safe base64. Each kind of page has a purpose of its own, so that the
//! signature for one opens no other, and says nothing but that we made it. It never expires, and keys that are replaced keep the old
//! ones valid while they stand in the list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::platform::Keys;

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The page of an order, which is its receipt later.
    Order,
    /// The file that was bought. Sellers' webhooks have its link, which must not open the order's page.
    File,
    /// A seller who has signed in, and is asked whether an application may act for them.
    Consent,
}

impl Purpose {
    fn text(self) -> &'static [u8] {
        match self {
            Purpose::Order => b"order page 1.",
            Purpose::File => b"order file 1.",
            Purpose::Consent => b"oauth consent 1.",
        }
    }
}

/// The token for what has this id.
pub fn sign(keys: &Keys, purpose: Purpose, id: &str) -> String {
    let (key_id, key) = keys.first();
    let tag = mac(key, purpose, id).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec());
    format!("{key_id}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// `/order/<id>/<token>`: the path of what this opens.
pub fn path(keys: &Keys, purpose: Purpose, id: &str) -> String {
    let page = format!("/order/{id}/{}", sign(keys, purpose, id));
    match purpose {
        Purpose::File => page + "/file",
        Purpose::Order | Purpose::Consent => page,
    }
}

/// Whether the token was made for this, with a key that is still in the list.
pub fn verify(keys: &Keys, purpose: Purpose, id: &str, token: &str) -> bool {
    let verified = || {
        let (key_id, tag) = token.split_once('.')?;
        // Decoding refuses stray bits in the last letter, so that a token has one spelling only.
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        mac(keys.named(key_id)?, purpose, id)?.verify_slice(&tag).ok()
    };
    verified().is_some()
}

fn mac(key: &[u8], purpose: Purpose, id: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(purpose.text());
    mac.update(id.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::parse("TOKEN_KEYS", text).unwrap()
    }
    const A: &str = "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
    const ID: &str = "3b0c6d4e-0d39-4c3d-8a52-5b2f1c0f7a11";

    fn token(keys: &Keys, purpose: Purpose) -> String {
        sign(keys, purpose, ID)
    }

    #[test]
    fn a_token_opens_its_own_page_only() {
        let keys = keys(A);
        let order = token(&keys, Purpose::Order);
        assert!(order.starts_with("a."));
        assert!(verify(&keys, Purpose::Order, ID, &order));
        assert!(!verify(&keys, Purpose::File, ID, &order));
        assert!(!verify(&keys, Purpose::Order, &ID.replace('3', "4"), &order));
    }

    #[test]
    fn any_flipped_bit_spoils_it() {
        let keys = keys(A);
        let order = token(&keys, Purpose::Order);
        for place in 0..order.len() {
            for bit in 0..7 {
                let mut bytes = order.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                let spoilt = String::from_utf8(bytes).unwrap();
                assert!(!verify(&keys, Purpose::Order, ID, &spoilt), "byte {place}, bit {bit}");
            }
            assert!(!verify(&keys, Purpose::Order, ID, &order[..place]));
        }
    }

    #[test]
    fn a_token_outlives_its_key_while_that_is_listed() {
        let old = token(&keys(A), Purpose::Order);
        let both = keys(&format!("{B},{A}"));
        assert!(verify(&both, Purpose::Order, ID, &old));
        assert!(token(&both, Purpose::Order).starts_with("b."));
        assert!(!verify(&keys(B), Purpose::Order, ID, &old));
    }
}
