//! Wallets: watch-only keys that sellers give, and never a key that can spend.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    actors::{Seller, XPUB, YPUB, ZPUB},
    world::{KEY_A, KEY_B, World},
};

const ZPRV: &str =
    "zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE";
/// BIP 32's first test vector, and a testnet key.
const XPRV: &str =
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
const UPUB: &str =
    "upub5EFU65HtV5TeiSHmZZm7FUffBGy8UKeqp7vw43jYbvZPpoVsgU93oac7Wk3u6moKegAEWtGNF8DehrnHtv21XXEMYRUocHqguyjknFHYfgY";

fn wallet(xpub: &str) -> Value {
    json!({"gateways": {"bitcoin": {"xpub": xpub}}})
}

fn addresses(account: &Value) -> Vec<String> {
    let all = account["gateways"]["bitcoin"]["addresses"].as_array().expect("addresses").iter();
    all.map(|address| address.as_str().expect("a text").to_owned()).collect()
}

fn grace(world: &World) -> Seller<'_> {
    world.coinbase(json!({"USD": "50000"}));
    world.seller_named("grace@example.com", false)
}

fn next_address(seller: &Seller<'_>) -> String {
    seller.white_label(json!({}))["crypto_address"].as_str().expect("an address").to_owned()
}

#[test]
fn a_wallet_shows_the_first_three_addresses_that_bip_84_says() {
    let world = World::new();
    let grace = grace(&world);
    assert_eq!(grace.get("/account").json()["gateways"], json!({}));
    let account = grace.put("/account", wallet(ZPUB)).expect(200).json();
    assert_eq!(
        addresses(&account),
        [
            "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
            "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g",
            "bc1qp59yckz4ae5c4efgw2s5wfyvrz0ala7rgvuz8z",
        ]
    );
    assert_eq!(account["gateways"]["bitcoin"]["confirmations"], 1);
    assert_eq!(account["gateways"]["bitcoin"]["xpub"], "zpub6rFR…tZYs");
    assert_eq!(grace.get("/account").json(), account);
    let account = grace.put("/account", wallet(YPUB)).expect(200).json();
    assert_eq!(addresses(&account)[0], "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf", "BIP 49");
}

#[test]
fn an_extended_public_key_is_sealed_in_the_table_and_stands_in_no_answer_and_no_log() {
    let world = World::new();
    let grace = grace(&world);
    let said = grace.put("/account", wallet(ZPUB)).expect(200).text() + &grace.get("/account").text();
    let kept = world.db.dump() + &world.log.text() + &format!("{:?}", world.cache.snapshot());
    assert!(!said.contains(ZPUB) && !kept.contains(ZPUB) && !kept.contains(&ZPUB[20..60]));
    // m/0's public key, in hex, from which the addresses are derived.
    assert!(!kept.contains("zpub") && !kept.to_lowercase().contains("xpub6"));
}

#[test]
fn a_private_key_is_refused_and_stands_nowhere_afterwards() {
    let world = World::new();
    let grace = grace(&world);
    let before = world.db.dump();
    let mistyped = ZPRV.replace('N', "M");
    for private in [ZPRV, XPRV, &mistyped, &format!("  {XPRV}\n"), &XPRV[..60]] {
        let reply = grace.put("/account", wallet(private));
        let sentences = reply.errors();
        assert_eq!(sentences.len(), 1);
        assert!(
            sentences[0].starts_with("Gateways bitcoin xpub is a private key. It was not stored."),
            "{sentences:?}"
        );
        assert!(!reply.text().contains(&private.trim()[4..20]), "it is not repeated");
        assert!(!world.log.text().contains(&private.trim()[4..20]), "nor logged");
    }
    assert_eq!(world.db.dump(), before, "nor stored");
}

#[test]
fn what_is_no_usable_key_is_refused_with_its_reason() {
    let world = World::new();
    let grace = grace(&world);
    let before = world.db.dump();
    let mistyped = ZPUB.replace("6rFR", "6rFS");
    let long = "x".repeat(2_001);
    let cases = [
        (json!(mistyped), "has a typing error (its checksum does not match)"),
        (json!("bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"), "is not a valid extended public key"),
        (json!("zpub"), "is not a valid extended public key"),
        (json!(UPUB), "belongs to a test network, and this shop takes real coins"),
        (json!(""), "can't be blank"),
        (json!(null), "can't be blank"),
        (json!([ZPUB]), "must be a text"),
        (json!(long), "is too long (maximum is 2000 characters)"),
        // Litecoin's.
        (
            json!(
                "Ltub2SSUS19CirucWFod2ZsYA2J4v4U76YiCXHdcQttnoiy5aGanFHCPDBX7utfG6f95u1cUbZJNafmvzNCzZZJTw1EmyFoL8u1gJbGM8ipu491"
            ),
            "is not",
        ),
    ];
    for (xpub, reason) in cases {
        let sentences = grace.put("/account", json!({"gateways": {"bitcoin": {"xpub": xpub}}})).errors();
        assert_eq!(sentences.len(), 1, "{xpub}: {sentences:?}");
        assert!(sentences[0].starts_with(&format!("Gateways bitcoin xpub {reason}")), "{xpub}: {sentences:?}");
    }
    let shapes = [
        (json!({"gateways": "bitcoin"}), "Gateways must be an object"),
        (json!({"gateways": {"bitcoin": ZPUB}}), "Gateways bitcoin must be an object"),
        (json!({"gateways": {"dogecoin": {"xpub": ZPUB}}}), "Gateways dogecoin is not supported"),
    ];
    for (body, sentence) in shapes {
        assert_eq!(grace.put("/account", body).errors(), [sentence]);
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_test_networks_key_is_welcome_where_no_real_coin_is_taken() {
    let world = World::with(&[("BITCOIN_NETWORK", "regtest")]);
    let account = grace(&world).put("/account", wallet(UPUB)).expect(200).json();
    assert_eq!(addresses(&account)[0], "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2", "BIP 49");
    let account = world.seller().put("/account", wallet(ZPUB)).expect(200).json();
    assert!(addresses(&account)[0].starts_with("tb1q"), "a test account's addresses take no real coin");
}

#[test]
fn confirmations_are_between_none_and_six() {
    let world = World::new();
    let grace = grace(&world);
    let set = |confirmations: Value| {
        grace.put("/account", json!({"gateways": {"bitcoin": {"xpub": ZPUB, "confirmations": confirmations}}}))
    };
    for (given, kept) in [(json!(0), 0), (json!(6), 6), (json!("3"), 3), (json!(null), 3), (json!(2.0), 2)] {
        let account = set(given).expect(200).json();
        assert_eq!(account["gateways"]["bitcoin"]["confirmations"], kept);
    }
    for (given, reason) in [
        (json!(-1), "must be greater than or equal to 0"),
        (json!(7), "must be less than or equal to 6"),
        (json!(1.5), "must be an integer"),
        (json!("many"), "is not a number"),
        (json!([]), "is not a number"),
    ] {
        assert_eq!(set(given).errors(), [format!("Gateways bitcoin confirmations {reason}")]);
    }
    assert_eq!(grace.get("/account").json()["gateways"]["bitcoin"]["confirmations"], 2);
    set(json!(0)).expect(200);
    assert_eq!(grace.white_label(json!({}))["confirmations_needed"], 0);
    assert_eq!(
        grace.white_label(json!({"confirmations": 4}))["confirmations_needed"],
        4,
        "a payment may ask for others"
    );
}

#[test]
fn null_takes_the_wallet_away() {
    let world = World::new();
    let grace = grace(&world);
    grace.put("/account", wallet(ZPUB)).expect(200);
    let account = grace.put("/account", json!({"gateways": {"bitcoin": null}})).expect(200).json();
    assert_eq!(account["gateways"], json!({}));
    assert_eq!(grace.pay(json!({})).errors(), ["Gateway is not configured"]);
}

#[test]
fn a_wallet_that_is_left_out_of_an_update_stays() {
    let world = World::new();
    let grace = grace(&world);
    grace.put("/account", wallet(ZPUB)).expect(200);
    for body in [json!({"shop_name": "X"}), json!({"gateways": {}}), json!({"gateways": null})] {
        let account = grace.put("/account", body).expect(200).json();
        assert_eq!(addresses(&account).len(), 3);
    }
}

#[test]
fn a_wallet_that_comes_back_goes_on_with_its_next_address() {
    let world = World::new();
    let grace = grace(&world);
    grace.put("/account", wallet(ZPUB)).expect(200);
    assert_eq!(next_address(&grace), "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu");
    grace.put("/account", wallet(XPUB)).expect(200);
    let other = next_address(&grace);
    grace.put("/account", json!({"gateways": {"bitcoin": null}})).expect(200);
    grace.put("/account", wallet(ZPUB)).expect(200);
    assert_eq!(next_address(&grace), "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g", "never the same address twice");
    grace.put("/account", wallet(ZPUB)).expect(200);
    assert_eq!(next_address(&grace), "bc1qp59yckz4ae5c4efgw2s5wfyvrz0ala7rgvuz8z", "given again, it also goes on");
    grace.put("/account", wallet(XPUB)).expect(200);
    assert_ne!(next_address(&grace), other);
}

#[test]
fn a_wallet_serves_one_account() {
    let world = World::new();
    let grace = grace(&world);
    grace.put("/account", wallet(ZPUB)).expect(200);
    let eve = world.seller_named("eve@example.com", false);
    eve.put("/account", wallet(YPUB)).expect(200);
    let before = world.db.dump();
    let reply = eve.put("/account", json!({"shop_name": "Eve's", "gateways": {"bitcoin": {"xpub": ZPUB}}}));
    assert_eq!(reply.errors(), ["Gateways bitcoin xpub is used by another account"]);
    assert_eq!(world.db.dump(), before, "nor is the rest of the update done");
    assert_eq!(eve.get("/account").json()["gateways"]["bitcoin"]["addresses"][0], "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf");
}

#[test]
fn a_wallet_that_was_taken_away_is_free_and_its_next_owner_hands_out_no_address_twice() {
    let world = World::new();
    let grace = grace(&world);
    let eve = world.seller_named("eve@example.com", false);
    let none = json!({"gateways": {"bitcoin": null}});
    let mut seen = std::collections::HashSet::new();
    for owner in [&grace, &eve, &grace, &eve] {
        owner.put("/account", wallet(ZPUB)).expect(200);
        for _ in 0..2 {
            assert!(seen.insert(next_address(owner)), "{} repeats an address", owner.email);
        }
        owner.put("/account", none.clone()).expect(200);
    }
    let highest = world.db.query("SELECT COALESCE(MAX(next_index), 0) FROM wallets");
    assert!(highest.iter().flatten().any(|next_index| next_index == "8"), "{highest:?}");
    // Only its first owner gave these back, and only to them they come back.
    grace.put("/account", wallet(ZPUB)).expect(200);
    assert_eq!(eve.put("/account", wallet(ZPUB)).errors(), ["Gateways bitcoin xpub is used by another account"]);
}

const SINGLE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

#[test]
fn a_public_address_that_somebody_sat_on_is_its_owners_once_it_is_let_go() {
    let world = World::new();
    let [eve, grace] = ["eve@example.com", "grace@example.com"].map(|email| world.seller_named(email, false));
    let set = |address: Value| json!({"gateways": {"ethereum": address}});
    for spelled in [SINGLE.to_owned(), SINGLE.to_lowercase(), SINGLE.to_uppercase().replace("0X", "0x")] {
        eve.put("/account", set(json!({"address": spelled}))).expect(200);
        let refused = grace.put("/account", set(json!({"address": SINGLE}))).errors();
        assert_eq!(refused, ["Gateways ethereum address is used by another account"]);
        eve.put("/account", set(Value::Null)).expect(200);
        grace.put("/account", set(json!({"address": SINGLE}))).expect(200);
        eve.put("/account", set(json!({"address": SINGLE}))).expect(400);
        grace.put("/account", set(Value::Null)).expect(200);
    }
}

#[test]
fn the_operator_frees_a_wallet_that_somebody_sits_on() {
    let world = World::new();
    let [eve, grace] = ["eve@example.com", "grace@example.com"].map(|email| world.seller_named(email, false));
    let release = |body: Value| {
        let bearer = format!("Bearer {}", crate::world::ADMIN_TOKEN);
        world.ask("POST", "/admin/wallets/release").header("authorization", bearer).json(&body).send()
    };
    for (gateway, field, text, other) in [
        ("ethereum", "address", SINGLE, SINGLE.to_lowercase()),
        ("bitcoin", "xpub", ZPUB, spelled(ZPUB, [0x04, 0x88, 0xb2, 0x1e])),
        ("litecoin", "xpub", ZPUB, spelled(ZPUB, [0x01, 0x9d, 0xa4, 0x62])),
    ] {
        let set = || json!({"gateways": {gateway: {field: text}}});
        let asked = json!({"gateway": gateway, "wallet": other});
        release(asked.clone()).expect(404);
        eve.put("/account", set()).expect(200);
        grace.put("/account", set()).expect(400);
        assert_eq!(release(asked.clone()).expect(200).json(), json!({"email": "eve@example.com"}));
        assert!(eve.get("/account").json()["gateways"][gateway].is_null());
        grace.put("/account", set()).expect(200);
        eve.put("/account", set()).expect(400);
        assert_eq!(release(asked).expect(200).json()["email"], "grace@example.com", "it is the operator's word");
    }
    // A test account's wallet is in nobody's way.
    world.seller().put("/account", json!({"gateways": {"ethereum": {"address": SINGLE}}})).expect(200);
    release(json!({"gateway": "ethereum", "wallet": SINGLE})).expect(404);
    let sentence = ["Wallet is neither an address nor an extended public key of this gateway"];
    assert_eq!(release(json!({"gateway": "ethereum", "wallet": "0x12"})).errors(), sentence);
    assert_eq!(release(json!({"gateway": "bitcoin", "wallet": ZPRV})).errors(), sentence);
    let all = release(json!({"gateway": "paypal"})).errors();
    assert_eq!(all, ["Gateway is not bitcoin, litecoin or ethereum", "Wallet can't be blank"]);
    world
        .ask("POST", "/admin/wallets/release")
        .json(&json!({"gateway": "ethereum", "wallet": SINGLE}))
        .send()
        .expect(401);
}

#[test]
fn a_descriptor_gives_the_addresses_that_it_describes() {
    let world = World::new();
    let grace = grace(&world);
    let xpub = spelled(ZPUB, [0x04, 0x88, 0xb2, 0x1e]);
    let first = |text: &str| {
        let account = grace.put("/account", wallet(text)).expect(200).json();
        let shown = account["gateways"]["bitcoin"]["xpub"].as_str().unwrap().to_owned();
        assert!(["xpub6", "zpub6", "ypub6"].iter().any(|begin| shown.starts_with(begin)), "{shown}");
        addresses(&account)[0].clone()
    };
    let native = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu";
    for text in [
        format!("[73c5da0a/84'/0'/0']{ZPUB}"),
        format!("[73c5da0a/84h/0h/0h]{xpub}/0/*"),
        format!("wpkh({ZPUB})"),
        format!("wpkh([73c5da0a/84h/0h/0h]{xpub}/<0;1>/*)"),
        // Bitcoin Core's getdescriptorinfo.
        format!("wpkh([73c5da0a/84'/0'/0']{xpub}/0/*)#wc3n3van"),
    ] {
        assert_eq!(first(&text), native, "{text}");
    }
    let nested = first(&spelled(ZPUB, [0x04, 0x9d, 0x7c, 0xb2]));
    assert!(nested.starts_with('3'));
    for text in [
        format!("[73c5da0a/49'/0'/0']{xpub}"),
        format!("sh(wpkh({xpub}/0/*))"),
        format!("sh(wpkh([73c5da0a/84'/0'/0']{xpub}))"),
    ] {
        assert_eq!(first(&text), nested, "{text}");
    }
    let before = world.db.dump();
    for (text, reason) in [
        (format!("pkh({xpub})"), "is for addresses of another kind"),
        (format!("[73c5da0a/44'/0'/0']{xpub}"), "is for addresses of another kind"),
        (format!("[73c5da0a/86'/0'/0']{xpub}"), "is for addresses of another kind"),
        (format!("wpkh({YPUB})"), "is for addresses of another kind"),
        (format!("[73c5da0a/49'/0'/0']{ZPUB}"), "is for addresses of another kind"),
        (format!("wpkh({xpub}/1/*)"), "has a path that is not /0/* or /<0;1>/*"),
        (format!("wpkh({xpub})#aaaaaaaa"), "has a typing error"),
        (format!("wpkh([73c5da0a/84'/0'/0']{})", UPUB), "is for addresses of another kind"),
    ] {
        let errors = grace.put("/account", wallet(&text)).errors();
        assert!(errors[0].starts_with(&format!("Gateways bitcoin xpub {reason}")), "{text}: {errors:?}");
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn seed_words_and_single_private_keys_are_refused_with_the_warning_wherever_they_are_given() {
    let world = World::new();
    let grace = grace(&world);
    let before = world.db.dump();
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let long = format!("{words} {words}");
    let wif = "L1uyy5qTuGrVXrmrsvHWHgVzW9kKdrp27wBC7Vs6nZDTF2BRUVwy";
    let numbered: String = words.split(' ').enumerate().map(|(n, word)| format!("{}) {word}\n", n + 1)).collect();
    for private in [
        words,
        &long,
        &words.to_uppercase(),
        &numbered,
        wif,
        &format!("wpkh({wif})"),
        &format!("[73c5da0a/84'/0'/0']{ZPRV}/0/*"),
    ] {
        for (gateway, field) in
            [("bitcoin", "xpub"), ("litecoin", "xpub"), ("ethereum", "xpub"), ("ethereum", "address")]
        {
            let reply = grace.put("/account", json!({"gateways": {gateway: {field: private}}}));
            let errors = reply.errors();
            assert!(
                errors.len() == 1 && errors[0].contains("is a private key. It was not stored."),
                "{gateway} {errors:?}"
            );
            assert!(!reply.text().contains("winner") && !reply.text().contains(&wif[..20]), "it is not repeated");
        }
    }
    assert_eq!(world.db.dump(), before, "nor stored");
    assert!(!world.log.text().contains("winner") && !world.log.text().contains(&wif[..20]), "nor logged");
}

/// The same key under another version (SLIP 132): `xpub` 0488b21e, `ypub` 049d7cb2, `zpub` 04b24746.
fn spelled(key: &str, version: [u8; 4]) -> String {
    let mut bytes = bs58::decode(key).into_vec().expect("a key");
    bytes.truncate(78);
    bytes[..4].copy_from_slice(&version);
    let checksum = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&checksum[..4]);
    bs58::encode(bytes).into_string()
}

#[test]
fn a_wallet_serves_one_account_however_its_key_is_spelled() {
    for gateway in ["bitcoin", "litecoin"] {
        let world = World::new();
        let set =
            |seller: &Seller<'_>, key: &str| seller.put("/account", json!({"gateways": {gateway: {"xpub": key}}}));
        let (grace, eve) = (grace(&world), world.seller_named("eve@example.com", false));
        set(&grace, ZPUB).expect(200);
        for version in [[0x04, 0x88, 0xb2, 0x1e], [0x04, 0x9d, 0x7c, 0xb2], [0x04, 0xb2, 0x47, 0x46]] {
            let key = spelled(ZPUB, version);
            let errors = set(&eve, &key).errors();
            assert!(errors.len() == 1 && errors[0].ends_with("xpub is used by another account"), "{errors:?}");
            set(&grace, &key).expect(200);
        }
        assert_eq!(world.db.one("SELECT COUNT(*) FROM wallets"), "1", "to its own account it is one wallet");
    }
}

#[test]
fn a_developer_may_try_his_real_wallet_in_a_test_account_first() {
    let world = World::new();
    world.seller().put("/account", wallet(YPUB)).expect(200);
    world.seller_named("charles@example.com", true).put("/account", wallet(YPUB)).expect(200);
    grace(&world).put("/account", wallet(YPUB)).expect(200);
}

#[test]
fn secrets_that_were_sealed_under_the_old_key_still_open_after_a_rotation() {
    let world = World::new();
    let before = grace(&world);
    before.put("/account", wallet(ZPUB)).expect(200);
    let rotated = world.redeployed(&[("VAULT_KEY", &format!("{KEY_B},{KEY_A}"))]);
    let grace = before.at(&rotated);
    assert_eq!(addresses(&grace.get("/account").expect(200).json()).len(), 3);
    grace.put("/account", wallet(YPUB)).expect(200);
    let without = world.redeployed(&[("VAULT_KEY", KEY_B)]);
    let reply = before.at(&without).get("/account").expect(500);
    assert!(!reply.text().contains("VAULT"), "no internals: {}", reply.text());
    assert!(world.log.text().contains("was VAULT_KEY replaced"), "but the operator is told");
}

#[test]
fn real_litecoin_has_addresses_of_its_own_and_its_keys_give_the_same_ones() {
    let world = World::new();
    let grace = grace(&world);
    let set = |key: &str| grace.put("/account", json!({"gateways": {"litecoin": {"xpub": key}}}));
    let first = |reply: crate::actors::Reply| reply.expect(200).json()["gateways"]["litecoin"]["addresses"][0].clone();
    // BIP 84's example, under zpub and Ltub.
    for key in [ZPUB.to_owned(), spelled(ZPUB, [0x01, 0x9d, 0xa4, 0x62])] {
        assert_eq!(first(set(&key)), "ltc1qcr8te4kr609gcawutmrza0j4xv80jy8z4nqduv");
    }
    let wrapped = first(set(&spelled(ZPUB, [0x01, 0xb2, 0x6e, 0xf6])));
    assert!(wrapped.as_str().is_some_and(|address| address.starts_with('M')), "{wrapped}");
    let refused = set(&spelled(ZPUB, [0x04, 0x36, 0xf6, 0xe1])).errors();
    assert!(refused[0].contains("belongs to a test network"), "{refused:?}");
}
