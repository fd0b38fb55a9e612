//! Shapes of ids, after the reference: UUIDv4 for orders, 40 hex for payments, 8 base-62 for webhook logs, snowflakes
//! for webhook endpoints. All take their randomness as an argument.

use sha2::{Digest, Sha256};

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The bytes of an even number of lower-case hex digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    base16ct::lower::decode_vec(text).ok()
}

/// Eight base-62 digits, for webhook logs. 62⁸ is 218 trillion: two in one account that are alike are refused by the
/// unique index and the commit is repeated.
pub fn short(random: [u8; 8]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut n = u64::from_le_bytes(random);
    (0..8)
        .map(|_| {
            let digit = DIGITS.get((n % 62) as usize).copied().unwrap_or(b'0');
            n /= 62;
            char::from(digit)
        })
        .collect()
}

/// A UUIDv4 of these random bytes (RFC 9562, 5.4).
pub fn uuid(random: [u8; 16]) -> String {
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

/// The UUID of something that has another name here: always the same of the same name (RFC 9562, 5.8, by SHA-256).
pub fn named_uuid(kind: &str, name: &str) -> String {
    let hash = Sha256::digest(format!("pushguard:{kind}:{name}"));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A UUIDv1 (RFC 9562, 5.1) of a time in milliseconds and, for clock and node, of a name.
pub fn timed_uuid(at: i64, name: &str) -> String {
    /// From 1582 to 1970, in steps of 100 ns.
    const EPOCH: u64 = 0x01b2_1dd2_1381_4000;
    let ticks = u64::try_from(at).unwrap_or(0).saturating_mul(10_000).saturating_add(EPOCH);
    let hash = Sha256::digest(name);
    let mut node = [0; 8];
    node.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    let [high, low, a, b, c, d, e, f] = node;
    // No network card has the lowest bit of its first byte set.
    uuid::Builder::from_gregorian_timestamp(ticks, u16::from_be_bytes([high, low]), &[a | 1, b, c, d, e, f])
        .into_uuid()
        .to_string()
}

/// The canonical form of a UUIDv1, as clients make them.
pub fn parse_timed_uuid(text: &str) -> Option<String> {
    let uuid = uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    (uuid.get_version_num() == 1).then(|| uuid.to_string())
}

/// A snowflake: milliseconds since 4 November 2010 in the upper bits, 22 random bits below, so that ids sort by age.
pub fn snowflake(now: i64, random: [u8; 4]) -> String {
    const EPOCH: i64 = 1_288_834_974_657;
    let time = u64::try_from(now - EPOCH).unwrap_or(0);
    (time << 22 | u64::from(u32::from_le_bytes(random) & 0x3f_ffff)).to_string()
}

/// An account's id: random, positive, and small enough to be exact as a 64-bit float, which is how D1 passes numbers.
pub fn account(random: [u8; 8]) -> i64 {
    (i64::from_le_bytes(random) & ((1 << 53) - 1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shapes_of_the_reference() {
        assert_eq!(hex(&[0, 171, 255]), "00abff");
        assert_eq!(unhex("00abff"), Some(vec![0, 171, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0G"), None);
        assert_eq!(short([255; 8]).len(), 8);
        assert!(short([7; 8]).bytes().all(|b| b.is_ascii_alphanumeric()));
        let uuid = uuid([255; 16]);
        assert_eq!(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn snowflakes_sort_by_time() {
        let now = 1_576_605_242_667; // the reference's own example: 2019-12-17T17:54:02.667Z
        assert!(snowflake(now, [0; 4]) < snowflake(now + 1, [0; 4]));
        assert_eq!(snowflake(now, [0; 4]).len(), "1206995986220584961".len());
        assert_eq!(&snowflake(now, [0; 4])[..9], "120699598");
    }

    #[test]
    fn a_name_has_one_uuid_and_a_time_another() {
        let named = named_uuid("product", "06e53c79");
        assert_eq!(named, named_uuid("product", "06e53c79"));
        assert_ne!(named, named_uuid("variant", "06e53c79"));
        assert_eq!(&named[14..15], "8");
        let timed = timed_uuid(1_576_605_242_667, "a");
        assert_eq!((&timed[14..15], parse_timed_uuid(&timed)), ("1", Some(timed.clone())));
        assert_ne!(timed, timed_uuid(1_576_605_242_667, "b"));
        for text in [named.as_str(), "", "f02f80f88f3511eb8dcd0242ac130003", "{f02f80f8-8f35-11eb-8dcd-0242ac130003}"] {
            assert_eq!(parse_timed_uuid(text), None, "{text}");
        }
        let upper = "F02F80F8-8F35-11EB-8DCD-0242AC130003";
        assert_eq!(parse_timed_uuid(upper), Some(upper.to_lowercase()));
    }

    #[test]
    fn account_ids_are_exact_as_floats() {
        for byte in [0, 1, 127, 128, 255] {
            let id = account([byte; 8]);
            assert!(id > 0 && (id as f64) as i64 == id);
        }
    }
}
