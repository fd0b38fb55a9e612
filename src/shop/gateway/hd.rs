//! Watch-only wallets: from a seller's extended public key to one address per order.
//!
//! Keys are read and children derived by the `bip32` crate. It takes any version bytes; what those of
//! SLIP-132 and of Litecoin say of a key is told here. Only public derivation exists here: a private
//! key is refused before it is decoded, and no error carries any of the text.

use bech32::{Hrp, segwit};
use bip32::{ChildNumber, PublicKey as _};
use k256::PublicKey;
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

pub use super::key::{KeyError, ScriptKind};
use super::wallet_text::{self, Given};
use crate::platform::Network;

/// Serialised extended key with its checksum: 4 version, 1 depth, 4 parent, 4 child, 32 chain code,
/// 33 key, 4 checksum.
const KEY_BYTES: usize = 82;
/// Child 0 of an account holds the addresses given out, child 1 the wallet's change (BIP 44).
const EXTERNAL: u32 = 0;

/// SLIP-132 and Litecoin: xprv yprv zprv tprv uprv vprv, Ltpv Mtpv ttpv, and Yprv Zprv Uprv Vprv of
/// multisig wallets.
const PRIVATE_VERSIONS: [u32; 13] = [
    0x0488_ade4,
    0x049d_7878,
    0x04b2_430c,
    0x0435_8394,
    0x044a_4e28,
    0x045f_18bc,
    0x019d_9cfe,
    0x01b2_6792,
    0x0436_ef7d,
    0x0295_b005,
    0x02aa_7a99,
    0x0242_85b5,
    0x0257_5048,
];

/// How a chain's addresses begin.
pub struct Prefixes {
    /// The human-readable part of segwit addresses (BIP 173).
    pub segwit: Hrp,
    /// The version byte of P2SH addresses (BIP 13).
    pub p2sh: u8,
}

/// Whose version bytes a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// BIP 32's own, xpub and tpub: any coin's.
    Plain,
    /// SLIP-132's for segwit: zpub, ypub, vpub and upub, which wallets of Bitcoin and of Litecoin give.
    Segwit,
    /// Litecoin's, Ltub and Mtub (SLIP-132), and ttub.
    Litecoin,
}

/// An account's extended public key, checked.
// No `Debug`: who holds this key sees every payment of the seller, so it stays out of logs.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct ExtendedKey {
    main: bool,
    dialect: Dialect,
    script: ScriptKind,
    chain_code: [u8; 32],
    public_key: [u8; 33],
    text: String,
}

impl ExtendedKey {
    /// Reads an extended public key of a coin of outputs, which may stand in a descriptor (`wallet_text`): that, the path of
    /// its origin, or its version say what kind its addresses are.
    pub fn described(text: &str) -> Result<ExtendedKey, KeyError> {
        let Given { key, script, purpose } = wallet_text::read(text)?;
        let key = ExtendedKey::parse(key)?;
        let by_purpose = match purpose {
            Some(84) => Some(ScriptKind::P2wpkh),
            Some(49) => Some(ScriptKind::P2shP2wpkh),
            // BIP 44, 45, 48, 86 and 87.
            Some(44 | 45 | 48 | 86 | 87) if script.is_none() => return Err(KeyError::Script),
            _ => None,
        };
        match script.or(by_purpose) {
            None => Ok(key),
            // Versions but BIP 32's own say it themselves.
            Some(script) if key.says_script() && script != key.script => Err(KeyError::Script),
            Some(script) => Ok(ExtendedKey { script, ..key }),
        }
    }

    fn says_script(&self) -> bool {
        self.dialect == Dialect::Segwit || self.script == ScriptKind::P2shP2wpkh
    }

    /// The key as it was given, without what stood around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads xpub, zpub, Ltub (P2WPKH), ypub, Mtub (P2SH-P2WPKH) and their test network forms tpub, vpub, ttub, upub,
    /// in base58check. Whether its dialect is a coin's is for the coin to say. Fails with every [`KeyError`] but `WrongNetwork`, `Hardened` and
    /// `NoSuchChild`.
    pub fn parse(text: &str) -> Result<ExtendedKey, KeyError> {
        let text = text.trim_ascii();
        // By its first letters, so that a mistyped private key is still told as one.
        if wallet_text::is_private(text) {
            return Err(KeyError::Private);
        }
        let key: bip32::ExtendedKey = text.parse().map_err(|_| why_unreadable(text))?;
        let version = key.prefix.version();
        // A private key is 0x00 and 32 bytes, whatever its version claims.
        if PRIVATE_VERSIONS.contains(&version) || key.key_bytes.starts_with(&[0]) {
            return Err(KeyError::Private);
        }
        let (main, dialect, script) = match version {
            0x0488_b21e => (true, Dialect::Plain, ScriptKind::P2wpkh),
            0x0435_87cf => (false, Dialect::Plain, ScriptKind::P2wpkh),
            0x04b2_4746 => (true, Dialect::Segwit, ScriptKind::P2wpkh),
            0x049d_7cb2 => (true, Dialect::Segwit, ScriptKind::P2shP2wpkh),
            0x045f_1cf6 => (false, Dialect::Segwit, ScriptKind::P2wpkh),
            0x044a_5262 => (false, Dialect::Segwit, ScriptKind::P2shP2wpkh),
            0x019d_a462 => (true, Dialect::Litecoin, ScriptKind::P2wpkh),
            0x01b2_6ef6 => (true, Dialect::Litecoin, ScriptKind::P2shP2wpkh),
            0x0436_f6e1 => (false, Dialect::Litecoin, ScriptKind::P2wpkh),
            _ => return Err(KeyError::UnknownVersion),
        };
        // A root has no parent and is nobody's child (BIP 32, test vector 5).
        let attrs = &key.attrs;
        if attrs.depth == 0 && (attrs.parent_fingerprint != [0; 4] || attrs.child_number != ChildNumber(0)) {
            return Err(KeyError::Malformed);
        }
        point(&key.key_bytes)?;
        Ok(ExtendedKey {
            main,
            dialect,
            script,
            chain_code: attrs.chain_code,
            public_key: key.key_bytes,
            text: text.to_owned(),
        })
    }

    /// Whether addresses of this key may be shown on `network`: a test key never on mainnet, where
    /// its payments would be lost; any key on a test network, since developers paste what they
    /// have. Fails with `WrongNetwork`.
    pub fn fits(&self, network: Network) -> Result<(), KeyError> {
        if network == Network::Mainnet && !self.main { Err(KeyError::WrongNetwork) } else { Ok(()) }
    }

    /// Chain code and public key: the same for one wallet however its key is spelled, so a unique
    /// index on it keeps two sellers from handing out one address.
    pub fn identity(&self) -> [u8; 65] {
        joined(&self.chain_code, &self.public_key, &[])
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn script(&self) -> ScriptKind {
        self.script
    }

    /// The branch of receiving addresses, m/0: worth storing, as it halves the work per address.
    pub fn external(&self) -> Result<Branch, KeyError> {
        let (chain_code, public_key) = child(&self.chain_code, &self.public_key, EXTERNAL)?;
        Ok(Branch { chain_code, public_key, script: self.script })
    }
}

/// A branch of an account, whose children are addresses.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub struct Branch {
    pub chain_code: [u8; 32],
    pub public_key: [u8; 33],
    pub script: ScriptKind,
}

impl Branch {
    /// Chain code (32), public key (33), then 0 for P2WPKH or 1 for P2SH-P2WPKH.
    pub fn to_bytes(&self) -> [u8; 66] {
        let script = match self.script {
            ScriptKind::P2wpkh => 0,
            ScriptKind::P2shP2wpkh => 1,
        };
        joined(&self.chain_code, &self.public_key, &[script])
    }

    /// Reads what [`Branch::to_bytes`] wrote; another shape is `Malformed`. Whether the key is on
    /// the curve shows when an address is asked for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Branch, KeyError> {
        let (chain_code, rest) = bytes.split_first_chunk().ok_or(KeyError::Malformed)?;
        let (public_key, script) = rest.split_first_chunk().ok_or(KeyError::Malformed)?;
        let script = match script {
            [0] => ScriptKind::P2wpkh,
            [1] => ScriptKind::P2shP2wpkh,
            _ => return Err(KeyError::Malformed),
        };
        Ok(Branch { chain_code: *chain_code, public_key: *public_key, script })
    }

    /// The public key of child `index`, compressed. Fails with `Hardened` or `NoSuchChild`, or `Malformed` for a branch
    /// that was never derived from a key.
    pub fn key(&self, index: u32) -> Result<[u8; 33], KeyError> {
        Ok(child(&self.chain_code, &self.public_key, index)?.1)
    }

    /// The address of child `index`; fails as [`Branch::key`] does.
    pub fn address(&self, index: u32, prefixes: &Prefixes) -> Result<String, KeyError> {
        let public_key = self.key(index)?;
        let key_hash = hash160(&public_key);
        match self.script {
            ScriptKind::P2wpkh => segwit::encode_v0(prefixes.segwit, &key_hash).map_err(|_| KeyError::Malformed),
            ScriptKind::P2shP2wpkh => {
                // The redeem script: witness version 0, then a push of the 20 bytes (BIP 141).
                let redeem: [u8; 22] = joined(&[0x00, 0x14], &key_hash, &[]);
                let payload: [u8; 21] = joined(&[prefixes.p2sh], &hash160(&redeem), &[]);
                let digest = Sha256::digest(Sha256::digest(payload));
                let checked: [u8; 25] = joined(&payload, digest.get(..4).unwrap_or_default(), &[]);
                Ok(bs58::encode(checked).into_string())
            }
        }
    }
}

/// The crate doesn't say which it is. Whoever mistyped a letter should hear that.
fn why_unreadable(text: &str) -> KeyError {
    let mut raw = [0; KEY_BYTES];
    match bs58::decode(text).onto(&mut raw) {
        Ok(KEY_BYTES) => match bs58::decode(text).with_check(None).onto(&mut raw) {
            Ok(_) => KeyError::UnknownVersion,
            Err(_) => KeyError::Checksum,
        },
        _ => KeyError::Malformed,
    }
}

/// BIP 32's CKDpub: the chain code and public key of child `index`.
fn child(chain_code: &[u8; 32], public_key: &[u8; 33], index: u32) -> Result<([u8; 32], [u8; 33]), KeyError> {
    let index = ChildNumber::new(index, false).map_err(|_| KeyError::Hardened)?;
    let parent = point(public_key)?;
    let (tweak, child_code) = parent.derive_tweak(chain_code, index).map_err(|_| KeyError::Malformed)?;
    Ok((child_code, tweaked(&parent, &tweak)?))
}

/// `tweak·G + parent`, compressed. Refuses a tweak not below the group's order, and the point at
/// infinity.
fn tweaked(parent: &PublicKey, tweak: &[u8; 32]) -> Result<[u8; 33], KeyError> {
    Ok(parent.derive_child(*tweak).map_err(|_| KeyError::NoSuchChild)?.to_bytes())
}

/// The curve point of a compressed public key (SEC 1, section 2.3.4). Fails with `Malformed` for another form.
pub fn point(public_key: &[u8; 33]) -> Result<PublicKey, KeyError> {
    // k256 also reads the "compact" form, tag 5, which no wallet writes.
    if !matches!(public_key, [2 | 3, ..]) {
        return Err(KeyError::Malformed);
    }
    PublicKey::from_sec1_bytes(public_key).map_err(|_| KeyError::Malformed)
}

/// The RIPEMD-160 of the SHA-256, by which Bitcoin and its kin name a public key or a script.
fn hash160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(bytes)).into()
}

/// The three parts one after another, cut or filled with zeros to `N` bytes.
fn joined<const N: usize>(first: &[u8], second: &[u8], third: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    for (place, byte) in all.iter_mut().zip([first, second, third].into_iter().flatten()) {
        *place = *byte;
    }
    all
}

#[cfg(test)]
mod tests;
