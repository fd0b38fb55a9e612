//! Ethereum's addresses: the last 20 bytes of the Keccak-256 of a public key, with a checksum in the case of their letters
//! (EIP-55).

use k256::elliptic_curve::sec1::ToSec1Point;
use sha3::{Digest, Keccak256};

use crate::shop::{
    gateway::hd::{self, KeyError},
    id,
};

/// Reads an address and writes it as EIP-55 does; `None` for what doesn't look like one. All capitals or none carry no
/// checksum. Fails with `Private` for what has the length of a private key, `Checksum`, or `Malformed`: another length, or the
/// address 0, of which nobody has the key.
pub fn parse(text: &str) -> Result<Option<String>, KeyError> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let bare = digits.unwrap_or(text);
    if bare.len() == 64 && bare.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(KeyError::Private);
    }
    let Some(digits) = digits else { return Ok(None) };
    let plain = digits.to_ascii_lowercase();
    let bytes = id::unhex(&plain).and_then(|bytes| <[u8; 20]>::try_from(bytes).ok()).ok_or(KeyError::Malformed)?;
    if bytes == [0; 20] {
        return Err(KeyError::Malformed);
    }
    let checked = checksummed(&bytes);
    let mixed = digits != plain && digits != digits.to_ascii_uppercase();
    if mixed && !checked.ends_with(digits) {
        return Err(KeyError::Checksum);
    }
    Ok(Some(checked))
}

/// The address of a compressed public key.
pub fn of_key(public_key: &[u8; 33]) -> Result<String, KeyError> {
    let point = hd::point(public_key)?.to_uncompressed_point();
    // Without the byte that tells the form.
    let (_, coordinates) = point.split_first().ok_or(KeyError::Malformed)?;
    let hash: [u8; 32] = Keccak256::digest(coordinates).into();
    Ok(checksummed(hash.last_chunk().ok_or(KeyError::Malformed)?))
}

/// EIP-55: a letter is a capital where the hash of the lower-case digits has a nibble of 8 or more.
fn checksummed(bytes: &[u8; 20]) -> String {
    let digits = id::hex(bytes);
    let hash = Keccak256::digest(digits.as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let letters = digits.chars().zip(nibbles);
    "0x".chars().chain(letters.map(|(c, nibble)| if nibble >= 8 { c.to_ascii_uppercase() } else { c })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::gateway::{ethereum::TEST_XPUB, hd::ExtendedKey};

    #[test]
    fn addresses_have_the_checksums_of_eip_55() {
        // The proposal's own examples.
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(parse(address), Ok(Some(address.to_owned())));
            let digits = &address[2..];
            for same in [digits.to_lowercase(), digits.to_uppercase()] {
                assert_eq!(parse(&format!(" 0x{same}\n")), Ok(Some(address.to_owned())), "no case, no checksum");
                assert_eq!(parse(&format!("0X{same}")), Ok(Some(address.to_owned())));
            }
        }
        assert_eq!(parse("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), Err(KeyError::Checksum));
        assert_eq!(parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAfd"), Err(KeyError::Checksum));
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_private_key_is_told_as_one() {
        let key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
        for private in [key.to_owned(), format!("0x{key}"), format!(" 0x{} ", key.to_uppercase())] {
            assert_eq!(parse(&private), Err(KeyError::Private));
        }
        let zero = format!("0x{}", "0".repeat(40));
        for bad in [
            "0x",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0xg",
            "0x+aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            &zero,
        ] {
            assert_eq!(parse(bad), Err(KeyError::Malformed), "{bad}");
        }
        assert_eq!(parse("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), Ok(None));
        assert_eq!(parse("xpub"), Ok(None));
    }

    #[test]
    fn an_xpub_gives_the_addresses_that_wallets_show() {
        let branch = ExtendedKey::parse(TEST_XPUB).unwrap().external().unwrap();
        assert_eq!(of_key(&branch.key(0).unwrap()).unwrap(), "0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
        assert_eq!(of_key(&branch.key(1).unwrap()).unwrap(), "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0");
    }
}
