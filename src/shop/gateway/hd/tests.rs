use bech32::hrp;
use k256::{ProjectivePoint, elliptic_curve::sec1::ToSec1Point};

use super::*;
use crate::shop::gateway::bitcoin::prefixes;
use proptest::prelude::*;

// SLIP-132 and BIP 84: the accounts of "abandon abandon … about".
const ZPUB: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
const YPUB: &str =
    "ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP";
const ZPRV: &str =
    "zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE";
// BIP 49's test account m/49'/1'/0'.
const UPUB: &str =
    "upub5EFU65HtV5TeiSHmZZm7FUffBGy8UKeqp7vw43jYbvZPpoVsgU93oac7Wk3u6moKegAEWtGNF8DehrnHtv21XXEMYRUocHqguyjknFHYfgY";
// BIP 32, test vector 2: the root and its child 0.
const ROOT: &str =
    "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB";
const ROOT_0: &str =
    "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH";

/// From here up indexes are hardened, which needs the private key (BIP 32).
const HARDENED: u32 = ChildNumber::HARDENED_FLAG;

/// The base point G (SEC 2), compressed.
fn generator() -> [u8; 33] {
    ProjectivePoint::GENERATOR.to_affine().to_compressed_point().into()
}

fn address(key: &str, index: u32, network: Network) -> String {
    let branch = ExtendedKey::parse(key).unwrap().external().unwrap();
    branch.address(index, &prefixes(network)).unwrap()
}

/// The 78 bytes of a key, checksum left out.
fn bytes_of(key: &str) -> Vec<u8> {
    let mut bytes = bs58::decode(key).into_vec().unwrap();
    bytes.truncate(78);
    bytes
}

/// Base58check, so that a forged key has the right checksum.
fn sealed(bytes: &[u8]) -> String {
    let digest = Sha256::digest(Sha256::digest(bytes));
    bs58::encode([bytes, &digest[..4]].concat()).into_string()
}

/// A copy of `key` with other bytes from `at` on, and its checksum set right.
fn forged(key: &str, at: usize, other: &[u8]) -> String {
    let mut bytes = bytes_of(key);
    bytes[at..at + other.len()].copy_from_slice(other);
    sealed(&bytes)
}

#[test]
fn a_zpub_gives_the_native_segwit_addresses_of_bip_84() {
    for (index, expected) in
        [(0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"), (1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g")]
    {
        assert_eq!(address(ZPUB, index, Network::Mainnet), expected);
    }
}

#[test]
fn the_same_key_has_other_addresses_on_test_networks() {
    assert_eq!(address(ZPUB, 0, Network::Regtest), "bcrt1qcr8te4kr609gcawutmrza0j4xv80jy8zeqchgx");
    assert_eq!(address(ZPUB, 0, Network::Testnet), "tb1qcr8te4kr609gcawutmrza0j4xv80jy8zmfp6l0");
}

#[test]
fn a_ypub_and_a_upub_give_the_wrapped_addresses_of_bip_49() {
    assert_eq!(address(YPUB, 0, Network::Mainnet), "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf");
    for network in [Network::Testnet, Network::Regtest] {
        assert_eq!(address(UPUB, 0, network), "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2");
    }
}

#[test]
fn derivation_agrees_with_bip_32() {
    let derived = ExtendedKey::parse(ROOT).unwrap().external().unwrap();
    let expected = ExtendedKey::parse(ROOT_0).unwrap();
    assert_eq!(derived.chain_code, expected.chain_code);
    assert_eq!(derived.public_key, expected.public_key);
}

#[test]
fn one_wallet_has_one_identity_however_its_key_is_spelled() {
    let zpub = ExtendedKey::parse(ZPUB).unwrap();
    for (version, script) in [
        (0x0488_b21e_u32, ScriptKind::P2wpkh),
        (0x049d_7cb2, ScriptKind::P2shP2wpkh),
        (0x04b2_4746, ScriptKind::P2wpkh),
        (0x0435_87cf, ScriptKind::P2wpkh),
        (0x044a_5262, ScriptKind::P2shP2wpkh),
        (0x045f_1cf6, ScriptKind::P2wpkh),
    ] {
        let key = ExtendedKey::parse(&forged(ZPUB, 0, &version.to_be_bytes())).unwrap();
        assert_eq!(key.identity(), zpub.identity());
        assert_eq!(key.script(), script);
    }
    assert_eq!(zpub.identity()[..], bytes_of(ZPUB)[13..]);
    assert_ne!(zpub.identity(), ExtendedKey::parse(YPUB).unwrap().identity());
}

#[test]
fn a_test_key_takes_no_real_money_but_a_real_key_may_be_tested() {
    let (real, test) = (ExtendedKey::parse(ZPUB).unwrap(), ExtendedKey::parse(UPUB).unwrap());
    assert_eq!(test.fits(Network::Mainnet), Err(KeyError::WrongNetwork));
    assert_eq!(real.fits(Network::Mainnet), Ok(()));
    for network in [Network::Testnet, Network::Regtest] {
        assert_eq!((real.fits(network), test.fits(network)), (Ok(()), Ok(())));
    }
}

#[test]
fn a_private_key_is_refused_even_when_mistyped() {
    let mistyped = ZPRV.replace('N', "M");
    let version = |version: u32| forged(ZPUB, 0, &version.to_be_bytes());
    for text in [ZPRV, &mistyped, "zprv", " xprv9s21 ", "TPRV8g", "Ltpv71G8", "Mtpv7R"] {
        assert_eq!(ExtendedKey::parse(text), Err(KeyError::Private), "{text}");
    }
    for private in PRIVATE_VERSIONS {
        let key = version(private);
        assert_eq!(ExtendedKey::parse(&key), Err(KeyError::Private), "{key}");
    }
}

#[test]
fn every_private_version_is_told_by_its_first_letters_too() {
    for private in PRIVATE_VERSIONS {
        let key = forged(ZPUB, 0, &private.to_be_bytes());
        assert!(wallet_text::is_private(&key), "{key}");
    }
    for public in [ZPUB, YPUB, UPUB, ROOT] {
        assert!(!wallet_text::is_private(public));
    }
}

#[test]
fn a_private_key_under_a_public_version_is_still_private() {
    let key = forged(ZPRV, 0, &0x04b2_4746_u32.to_be_bytes());
    assert!(key.starts_with("zpub"));
    assert_eq!(ExtendedKey::parse(&key), Err(KeyError::Private));
}

#[test]
fn a_mistyped_key_fails_its_checksum() {
    let mistyped = ZPUB.replace("Ys", "Yt");
    assert_eq!(ExtendedKey::parse(&mistyped), Err(KeyError::Checksum));
    assert_eq!(ExtendedKey::parse(&ZPUB.replacen('6', "7", 1)), Err(KeyError::Checksum));
    assert_eq!(ExtendedKey::parse(&format!(" {ZPUB}\n")), ExtendedKey::parse(ZPUB));
}

#[test]
fn keys_of_other_coins_and_of_multisig_wallets_are_unknown() {
    // Ypub, Zpub, Upub, Vpub, and none at all.
    for version in [0x0295_b43f_u32, 0x02aa_7ed3, 0x0242_89ef, 0x0257_5483, 0x0488_b21f] {
        let key = forged(ZPUB, 0, &version.to_be_bytes());
        assert_eq!(ExtendedKey::parse(&key), Err(KeyError::UnknownVersion), "{key}");
    }
}

#[test]
fn what_is_no_key_is_malformed() {
    let short = sealed(&bytes_of(ZPUB)[..77]);
    let long = sealed(&[&bytes_of(ZPUB)[..], &[0]].concat());
    let ones = "1".repeat(100_000);
    for text in [
        "",
        "zpub",
        "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
        "abandon abandon about",
        "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZY0",
        "zpüb",
        "€€€",
        &short,
        &long,
        &ones,
    ] {
        assert_eq!(ExtendedKey::parse(text), Err(KeyError::Malformed));
    }
}

#[test]
fn a_key_whose_parts_contradict_one_another_is_malformed() {
    // BIP 32, test vector 5: a root with a parent, a root with an index, wrong key prefixes, a
    // point off the curve.
    let off_curve = [&[2_u8][..], &[0; 31], &[7]].concat();
    for key in [
        forged(ROOT, 5, &[1]),
        forged(ROOT, 12, &[1]),
        forged(ROOT, 45, &[1]),
        forged(ROOT, 45, &[4]),
        forged(ROOT, 45, &[5]),
        forged(ROOT, 45, &off_curve),
        forged(ROOT, 45, &[[2_u8].as_slice(), &[0xff; 32]].concat()),
    ] {
        assert_eq!(ExtendedKey::parse(&key), Err(KeyError::Malformed), "{key}");
    }
}

#[test]
fn a_branch_survives_storage_and_nothing_else_is_read() {
    for key in [ZPUB, UPUB] {
        let branch = ExtendedKey::parse(key).unwrap().external().unwrap();
        let mut bytes = branch.to_bytes().to_vec();
        assert_eq!(Branch::from_bytes(&bytes), Ok(branch));
        assert_eq!(Branch::from_bytes(&bytes[..65]), Err(KeyError::Malformed));
        bytes[65] = 2;
        assert_eq!(Branch::from_bytes(&bytes), Err(KeyError::Malformed));
        bytes[65] = 0;
        bytes.push(0);
        assert_eq!(Branch::from_bytes(&bytes), Err(KeyError::Malformed));
    }
    assert_eq!(Branch::from_bytes(&[]), Err(KeyError::Malformed));
    let blank = Branch::from_bytes(&[0; 66]).unwrap();
    assert_eq!(blank.address(0, &prefixes(Network::Mainnet)), Err(KeyError::Malformed));
}

#[test]
fn a_hardened_address_cannot_be_derived() {
    let branch = ExtendedKey::parse(ZPUB).unwrap().external().unwrap();
    assert!(branch.address(HARDENED - 1, &prefixes(Network::Mainnet)).is_ok());
    for index in [HARDENED, u32::MAX] {
        assert_eq!(branch.address(index, &prefixes(Network::Mainnet)), Err(KeyError::Hardened));
    }
}

#[test]
fn a_tweak_beyond_the_order_or_a_child_at_infinity_is_no_child() {
    let generator = point(&generator()).unwrap();
    // The order of secp256k1 (SEC 2), which is no valid tweak, and the number below it, which
    // is.
    let mut order = [0xff; 32];
    order[15..].copy_from_slice(&[
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ]);
    assert_eq!(tweaked(&generator, &order), Err(KeyError::NoSuchChild));
    assert_eq!(tweaked(&generator, &[0xff; 32]), Err(KeyError::NoSuchChild));
    // (n − 1)·G + G is infinity.
    order[31] -= 1;
    assert_eq!(tweaked(&generator, &order), Err(KeyError::NoSuchChild));
    order[31] -= 1;
    assert!(tweaked(&generator, &order).is_ok());
}

#[test]
fn only_compressed_points_are_read() {
    let mut bytes = generator();
    for tag in 0..=u8::MAX {
        bytes[0] = tag;
        assert_eq!(point(&bytes).is_ok(), matches!(tag, 2 | 3), "{tag}");
    }
}

#[test]
fn an_x_beyond_the_prime_is_no_point() {
    // p = 2²⁵⁶ − 2³² − 977. 1 is on the curve, and p + 1 is 1 once more.
    let mut beyond = [0xff; 33];
    beyond[29..].copy_from_slice(&0xffff_fc30_u32.to_be_bytes());
    beyond[28] = 0xfe;
    beyond[0] = 2;
    assert_eq!(point(&beyond), Err(KeyError::Malformed));
    let mut one = [0; 33];
    (one[0], one[32]) = (2, 1);
    assert!(point(&one).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_key_is_refused_without_panic(
        key in prop::sample::select(vec![ZPUB, YPUB, UPUB, ZPRV, ROOT]),
        at in 0..111_usize, other in any::<char>(), cut in 0..3_usize,
    ) {
        let mut letters: Vec<char> = key.chars().collect();
        letters.splice(at..(at + cut).min(letters.len()), [other]);
        let changed: String = letters.into_iter().collect();
        prop_assume!(changed.trim_ascii() != key);
        prop_assert!(ExtendedKey::parse(&changed).is_err());
    }

    #[test]
    fn any_text_is_refused_without_panic(text in "\\PC*") {
        prop_assert!(ExtendedKey::parse(&text).is_err());
    }

    #[test]
    fn any_bytes_under_a_right_checksum_are_refused_or_make_addresses(
        bytes in prop::collection::vec(any::<u8>(), 74), tag in 2..=3_u8, known: bool,
    ) {
        let mut bytes = [&[0x04, 0xb2, 0x47, 0x46][..], &bytes].concat();
        if known {
            bytes[45] = tag;
        }
        if let Ok(key) = ExtendedKey::parse(&sealed(&bytes)) {
            let address = key.external().unwrap().address(7, &prefixes(Network::Mainnet)).unwrap();
            let (hrp, version, program) = segwit::decode(&address).unwrap();
            prop_assert_eq!((hrp, version.to_u8(), program.len()), (hrp::BC, 0, 20));
        }
    }

    #[test]
    fn no_two_indexes_share_an_address(a in 0..HARDENED, b in 0..HARDENED) {
        prop_assume!(a != b);
        let branch = ExtendedKey::parse(YPUB).unwrap().external().unwrap();
        let at = |index| branch.address(index, &prefixes(Network::Mainnet)).unwrap();
        prop_assert_ne!(at(a), at(b));
    }

    #[test]
    fn any_stored_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(branch) = Branch::from_bytes(&bytes) {
            let _ = branch.address(0, &prefixes(Network::Testnet));
        }
    }
}
