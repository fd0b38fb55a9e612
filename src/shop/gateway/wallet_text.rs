//! What a seller gives as a wallet, as text: an extended public key alone, with its origin in brackets, or in an output
//! descriptor (BIP 380 and 389), as wallet programs export it. What can spend is told before anything else is read.

use super::key::{KeyError, ScriptKind};

/// An extended key in a text, and what the text says of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Given<'a> {
    /// In base58check.
    pub key: &'a str,
    /// The kind of its addresses, by a descriptor's function.
    pub script: Option<ScriptKind>,
    /// The first number of its origin's path, without what hardens it (BIP 43): 84 in `[d34db33f/84'/0'/0']`.
    pub purpose: Option<u32>,
}

/// Fails with `Private`, `Checksum` (a descriptor's own), `Script`, `Path`, or `Malformed`. Whether the key is one is not looked at.
pub fn read(text: &str) -> Result<Given<'_>, KeyError> {
    let text = text.trim();
    if is_private(text) {
        return Err(KeyError::Private);
    }
    let body = match text.rsplit_once('#') {
        Some((body, sum)) if checksum(body).is_some_and(|right| right == sum) => body,
        Some(_) => return Err(KeyError::Checksum),
        None => text,
    };
    let wrapped = |before: &str, after: &str| body.strip_prefix(before)?.strip_suffix(after);
    let (inner, script) = match (wrapped("wpkh(", ")"), wrapped("sh(wpkh(", "))")) {
        (Some(inner), _) => (inner, Some(ScriptKind::P2wpkh)),
        (None, Some(inner)) => (inner, Some(ScriptKind::P2shP2wpkh)),
        (None, None) => (body, None),
    };
    // pkh, tr, wsh and all that is of several keys.
    if inner.contains(['(', ')', ',']) {
        return Err(KeyError::Script);
    }
    let (origin, rest) = match inner.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map(|(origin, rest)| (Some(origin), rest)).ok_or(KeyError::Malformed)?,
        None => (None, inner),
    };
    let purpose = origin.map(purpose).transpose()?.flatten();
    let (key, path) = rest.split_once('/').unwrap_or((rest, ""));
    // Child 0 holds the addresses given out (BIP 44); child 1 beside it is the wallet's change.
    if !["", "0/*", "<0;1>/*", "**"].contains(&path) {
        return Err(KeyError::Path);
    }
    if !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(KeyError::Malformed);
    }
    Ok(Given { key, script, purpose })
}

/// Of `d34db33f/84'/0'/0'`. A path may be missing.
fn purpose(origin: &str) -> Result<Option<u32>, KeyError> {
    let mut parts = origin.split('/');
    let fingerprint = parts.next().unwrap_or_default();
    if fingerprint.len() != 8 || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(KeyError::Malformed);
    }
    let number =
        |part: &str| part.trim_end_matches(['\'', 'h', 'H', '’']).parse::<u32>().map_err(|_| KeyError::Malformed);
    let numbers = parts.map(number).collect::<Result<Vec<_>, _>>()?;
    Ok(numbers.first().copied())
}

/// Words of a seed: twelve and more, of which some may have got lost.
const MIN_WORDS: usize = 9;

/// Whether a text is, or holds, what can spend: an extended private key, a key as wallets write it alone (WIF, BIP 38, mini, or
/// in hex), or the words of a seed (BIP 39, Electrum), in whatever language. By its form: a mistyped one is one as well.
pub fn is_private(text: &str) -> bool {
    let pieces = || text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    let letters = |piece: &&str| piece.chars().all(char::is_alphabetic) && (piece.len() > 1);
    let words = pieces().filter(letters).count();
    let han = text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    starts_private(text) || words >= MIN_WORDS || han >= MIN_WORDS || pieces().any(is_private_key)
}

/// By its first letters: xprv, Ltpv and their kin (SLIP 132).
fn starts_private(text: &str) -> bool {
    let letters = text.as_bytes().get(1..4);
    letters.is_some_and(|letters| letters.eq_ignore_ascii_case(b"prv") || letters.eq_ignore_ascii_case(b"tpv"))
}

fn is_private_key(piece: &str) -> bool {
    let first = piece.bytes().next().unwrap_or_default();
    let hex = piece.strip_prefix("0x").or_else(|| piece.strip_prefix("0X")).unwrap_or(piece);
    match piece.len() {
        // Bitcoin's and Litecoin's, main and test networks, without and with a mark for compressed keys.
        51 => b"569".contains(&first),
        52 => b"KLTc".contains(&first),
        // BIP 38: behind a passphrase.
        58 => piece.starts_with("6P"),
        // A mini key.
        22 | 30 => first == b'S' && piece.bytes().any(|b| b.is_ascii_digit()),
        64 | 66 if hex.len() == 64 => hex.bytes().all(|b| b.is_ascii_hexdigit()),
        length => length > 16 && starts_private(piece),
    }
}

/// BIP 380's letters, in its order.
const LETTERS: &str =
    "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
const SUM_LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// A descriptor's checksum (BIP 380); `None` for a letter that stands in none.
fn checksum(descriptor: &str) -> Option<String> {
    const GENERATOR: [u64; 5] = [0xf5_dee5_1989, 0xa9_fdca_3312, 0x1b_ab10_e32d, 0x37_06b1_677a, 0x64_4d62_6ffd];
    let step = |sum: u64, value: u64| {
        let top = sum >> 35;
        let shifted = ((sum & 0x7_ffff_ffff) << 5) ^ value;
        let chosen = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        chosen.fold(shifted, |sum, (_, generator)| sum ^ generator)
    };
    let positions = descriptor.chars().map(|c| LETTERS.find(c).and_then(|at| u64::try_from(at).ok()));
    let positions = positions.collect::<Option<Vec<u64>>>()?;
    let mut sum = 1;
    for three in positions.chunks(3) {
        sum = three.iter().fold(sum, |sum, at| step(sum, at & 31));
        sum = step(sum, three.iter().fold(0, |group, at| group * 3 + (at >> 5)));
    }
    let sum = (0..8).fold(sum, |sum, _| step(sum, 0)) ^ 1;
    let letter = |n: u64| SUM_LETTERS.get(usize::try_from(sum >> (5 * (7 - n)) & 31).ok()?).copied().map(char::from);
    (0..8).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";

    #[test]
    fn descriptors_have_the_checksums_of_bip_380() {
        // The proposal's own, and Bitcoin Core's.
        for (descriptor, sum) in [("raw(deadbeef)", "89f8spxm"), ("", "h00t6hm4")] {
            if !descriptor.is_empty() {
                assert_eq!(checksum(descriptor).as_deref(), Some(sum));
            }
        }
        assert_eq!(checksum("raw(Ü)"), None);
    }

    #[test]
    fn a_key_is_found_in_whatever_stands_around_it() {
        use ScriptKind::{P2shP2wpkh, P2wpkh};
        for (text, script, purpose) in [
            (KEY.to_owned(), None, None),
            (format!(" {KEY}\n"), None, None),
            (format!("[d34db33f/84'/0'/0']{KEY}"), None, Some(84)),
            (format!("[D34DB33F/49h/0h/0h]{KEY}/0/*"), None, Some(49)),
            (format!("[d34db33f]{KEY}"), None, None),
            (format!("wpkh({KEY})"), Some(P2wpkh), None),
            (format!("wpkh([d34db33f/84h/0h/0h]{KEY}/<0;1>/*)"), Some(P2wpkh), Some(84)),
            (format!("sh(wpkh([d34db33f/49'/0'/0']{KEY}/0/*))"), Some(P2shP2wpkh), Some(49)),
            (format!("wpkh({KEY}/**)"), Some(P2wpkh), None),
        ] {
            assert_eq!(read(&text), Ok(Given { key: KEY, script, purpose }), "{text}");
            let descriptor = text.trim();
            let sum = checksum(descriptor).unwrap();
            assert_eq!(read(&format!("{descriptor}#{sum}")), Ok(Given { key: KEY, script, purpose }), "{text}");
            let wrong = sum.replace(&sum[..1], if sum.starts_with('q') { "p" } else { "q" });
            assert_eq!(read(&format!("{descriptor}#{wrong}")), Err(KeyError::Checksum), "{text}");
        }
    }

    #[test]
    fn what_gives_other_addresses_is_refused() {
        for (text, error) in [
            (format!("pkh({KEY})"), KeyError::Script),
            (format!("tr({KEY}/0/*)"), KeyError::Script),
            (format!("sh({KEY})"), KeyError::Script),
            (format!("wsh(sortedmulti(2,{KEY},{KEY}))"), KeyError::Script),
            (format!("wpkh({KEY}"), KeyError::Script),
            (format!("wpkh({KEY}/1/*)"), KeyError::Path),
            (format!("wpkh({KEY}/*)"), KeyError::Path),
            (format!("{KEY}/0/*h"), KeyError::Path),
            (format!("{KEY}/0/5"), KeyError::Path),
            (format!("[d34db33/84'/0'/0']{KEY}"), KeyError::Malformed),
            (format!("[d34db33f/84'/0'/x]{KEY}"), KeyError::Malformed),
            (format!("[d34db33f/84'/0'/0'{KEY}"), KeyError::Malformed),
        ] {
            assert_eq!(read(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_can_spend_is_told_in_every_form() {
        let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
        let xprv = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
        for text in [
            words.to_owned(),
            words.to_uppercase(),
            words.replace(' ', "\n"),
            words.replace(' ', ", "),
            words.replace(' ', "-"),
            words.split(' ').enumerate().map(|(n, word)| format!("{}. {word}\n", n + 1)).collect(),
            format!("my seed: {words} (25th word: hunter2)"),
            "あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あいこくしん　あおぞら".into(),
            "的 的 的 的 的 的 的 的 的 的 的 在".into(),
            // A key of one, as WIF for Bitcoin and Litecoin, main and test network; BIP 38's and the mini key's examples.
            "5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf".into(),
            "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn".into(),
            "91avARGdfge8E4tZfYLoxeJ5sGBdNJQH4kvjJoQFacbgwmaKkrx".into(),
            "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA".into(),
            "6u823ozcyt2rjPH8Z2ErsSXJB5PPQwK7VVTwwN4mxLBFrao69XQ".into(),
            "T33ydQRKp4FCW5LCLLUB7deioUMoveiwekdwUwyfRDeGZm76aUjV".into(),
            "6PRVWUbkzzsbcVac2qwfssoUJAN1Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg".into(),
            "S6c56bnXQiBjk9mqSYE7ykVQ7NzrRy".into(),
            format!("0x{}", "4c".repeat(32)),
            "4C".repeat(32),
            xprv.into(),
            xprv[..60].into(),
            format!("wpkh([d34db33f/84'/0'/0']{xprv}/0/*)"),
            "wpkh(KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn)".into(),
            "p2wpkh:KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn".into(),
        ] {
            assert_eq!(read(&text), Err(KeyError::Private), "{text}");
        }
        for text in [
            KEY,
            "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf",
            "my wallet's key",
            "zpub",
            "",
        ] {
            assert!(!is_private(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = read(&text);
        }

        #[test]
        fn pieces_in_any_order_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
            "wpkh(", "sh(", "[", "]", "d34db33f", "/84'", "/0'", KEY, "/0/*", "/<0;1>/*", ")", "#", "89f8spxm", "é", " ", ",",
        ]), 0..10)) {
            if let Ok(given) = read(&pieces.concat()) {
                prop_assert!(!given.key.contains(['(', ')', '[', '/', '#']));
            }
        }
    }
}
