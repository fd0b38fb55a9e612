//! Shapes of ids, after the reference: UUIDv4 for orders, 40 hex for payments, 8 base-62 for webhook logs, snowflakes
//! for webhook endpoints. All take their randomness as an argument.

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
    fn account_ids_are_exact_as_floats() {
        for byte in [0, 1, 127, 128, 255] {
            let id = account([byte; 8]);
            assert!(id > 0 && (id as f64) as i64 == id);
        }
    }
}
