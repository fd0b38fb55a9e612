//! Sealed texts: what sellers entrust to us, encrypted at rest with a key that only the Worker has (AES-256-GCM, NIST
//! SP 800-38D). A sealed text names its key, so that keys can be replaced one text at a time.

use aes_gcm::{
    Aes256Gcm, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::platform::{Fault, Keys};

pub mod rotate;

/// `id.nonce.ciphertext`. `place` says what it is and whose (`webhook_secret:42`): a sealed text that was moved to
/// another account or column doesn't open.
pub fn seal(keys: &Keys, place: &str, plain: &str, nonce: [u8; 12]) -> Result<String, Fault> {
    let (id, key) = keys.first();
    let payload = Payload { msg: plain.as_bytes(), aad: place.as_bytes() };
    let sealed =
        cipher(key)?.encrypt(&Nonce::from(nonce), payload).map_err(|_| Fault("a text could not be sealed".into()))?;
    Ok(format!("{id}.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed)))
}

pub fn open(keys: &Keys, place: &str, sealed: &str) -> Result<String, Fault> {
    let fault = || {
        Fault(format!(
            "the sealed {place} does not open: was VAULT_KEY replaced without keeping the old key in the list?"
        ))
    };
    let mut parts = sealed.split('.');
    let (Some(id), Some(nonce), Some(sealed)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(fault());
    };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| fault());
    let nonce: [u8; 12] = decode(nonce)?.try_into().map_err(|_| fault())?;
    let sealed = decode(sealed)?;
    let payload = Payload { msg: &sealed, aad: place.as_bytes() };
    let plain =
        cipher(keys.named(id).ok_or_else(fault)?)?.decrypt(&Nonce::from(nonce), payload).map_err(|_| fault())?;
    String::from_utf8(plain).map_err(|_| fault())
}

/// The first 32 bytes of the key; `Keys` refuses shorter ones.
fn cipher(key: &[u8]) -> Result<Aes256Gcm, Fault> {
    let key: [u8; 32] =
        key.get(..32).and_then(|key| key.try_into().ok()).ok_or_else(|| Fault("VAULT_KEY is too short".into()))?;
    Ok(Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::parse("VAULT_KEY", text).unwrap()
    }
    const A: &str = "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

    #[test]
    fn a_sealed_text_opens_only_in_its_place() {
        let sealed = seal(&keys(A), "xpub:1", "zpub…", [1; 12]).unwrap();
        assert!(!sealed.contains("zpub"));
        assert_eq!(open(&keys(A), "xpub:1", &sealed).unwrap(), "zpub…");
        assert!(open(&keys(A), "xpub:2", &sealed).is_err());
        assert!(open(&keys(B), "xpub:1", &sealed).is_err());
        assert!(open(&keys(A), "xpub:1", "a.b").is_err());
    }

    #[test]
    fn an_old_key_in_the_list_still_opens() {
        let sealed = seal(&keys(A), "xpub:1", "zpub…", [1; 12]).unwrap();
        assert_eq!(open(&keys(&format!("{B},{A}")), "xpub:1", &sealed).unwrap(), "zpub…");
    }
}
