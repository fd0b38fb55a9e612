//! Texts that are as good as a password: client secrets, codes, access tokens and refresh tokens. Each begins with letters of
//! its own, so that whoever searches published code for secrets finds it. Only hashes of them are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::shop::{App, id};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ClientSecret,
    Code,
    Access,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::ClientSecret => "pg_cs_",
            Kind::Code => "pg_ac_",
            Kind::Access => "pg_at_",
        }
    }
}

const REFRESH: &str = "pg_rt_";
/// Bytes of the half that all refresh tokens of a grant share.
const FAMILY: usize = 16;
/// Bytes of the half that is used once: 256 random bits.
const TURN: usize = 32;

/// A new text of this kind, of 256 random bits.
pub fn generate(app: &App, kind: Kind) -> String {
    format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(app.random::<32>()))
}

/// Whether it could be one: what can't be is looked for nowhere.
pub fn is_shaped(kind: Kind, text: &str) -> bool {
    let decoded = text.strip_prefix(kind.prefix()).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    decoded.is_some_and(|bytes| bytes.len() == 32)
}

/// SHA-256, hex.
pub fn hash(text: &str) -> String {
    id::hex(&Sha256::digest(text.as_bytes()))
}

/// Takes no longer the more of it is right.
pub fn is_hash(known: &str, text: &str) -> bool {
    hash(text).as_bytes().ct_eq(known.as_bytes()).into()
}

/// A refresh token: which grant it is of, and which of its tokens. Any of them names the grant, so one that was used can be told
/// from one that was made up, and needs no row.
pub struct Refresh {
    family: [u8; FAMILY],
    turn: [u8; TURN],
}

impl Refresh {
    /// The first of a new grant.
    pub fn first(app: &App) -> Refresh {
        Refresh { family: app.random(), turn: app.random() }
    }

    pub fn parse(text: &str) -> Option<Refresh> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(REFRESH)?).ok()?;
        let (family, turn) = bytes.split_at_checked(FAMILY)?;
        Some(Refresh { family: family.try_into().ok()?, turn: turn.try_into().ok()? })
    }

    pub fn to_text(&self) -> String {
        format!("{REFRESH}{}", URL_SAFE_NO_PAD.encode([&self.family[..], &self.turn[..]].concat()))
    }

    pub fn family_hash(&self) -> String {
        id::hex(&Sha256::digest(self.family))
    }

    pub fn hash(&self) -> String {
        hash(&self.to_text())
    }

    /// The one that follows it. Both this token and the salt are needed to make it: neither who has read the database nor who has
    /// kept an old token can.
    pub fn next(&self, salt: &[u8]) -> Option<Refresh> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.turn).ok()?;
        mac.update(b"refresh token 1.");
        mac.update(salt);
        Some(Refresh { family: self.family, turn: mac.finalize().into_bytes().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh() -> Refresh {
        Refresh { family: [7; FAMILY], turn: [9; TURN] }
    }

    #[test]
    fn a_refresh_token_is_read_back() {
        let text = refresh().to_text();
        assert_eq!(text.len(), REFRESH.len() + 64);
        let read = Refresh::parse(&text).unwrap();
        assert_eq!((read.to_text(), read.hash()), (text.clone(), hash(&text)));
        for broken in ["", "pg_rt_", &text[..text.len() - 1], &format!("{text}A"), &text.replace("pg_rt_", "pg_at_")] {
            assert!(Refresh::parse(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn the_next_one_is_of_the_same_family_and_needs_token_and_salt() {
        let (first, salt) = (refresh(), [1; 32]);
        let next = first.next(&salt).unwrap();
        assert_eq!(next.family_hash(), first.family_hash());
        assert_ne!(next.hash(), first.hash());
        assert_eq!(first.next(&salt).unwrap().hash(), next.hash());
        assert_ne!(first.next(&[2; 32]).unwrap().hash(), next.hash());
        assert_ne!(next.next(&salt).unwrap().hash(), next.hash());
    }

    #[test]
    fn a_text_of_another_kind_has_another_shape() {
        let access = format!("pg_at_{}", URL_SAFE_NO_PAD.encode([3; 32]));
        assert!(is_shaped(Kind::Access, &access));
        assert!(!is_shaped(Kind::Code, &access) && !is_shaped(Kind::ClientSecret, &access));
        assert!(!is_shaped(Kind::Access, &access[..40]) && !is_shaped(Kind::Access, "pg_at_"));
        assert!(is_hash(&hash(&access), &access) && !is_hash(&hash("x"), &access));
    }
}
