//! Looking for a buyer: in whatever spelling they come, and at the same cost however long the list is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use pushguard::{
    platform::Statement,
    shop::{
        blacklist::{self, Hit, Keys},
        operator_list,
    },
};
use serde_json::json;

use crate::{
    actors::Seller,
    world::{World, block_on},
};

/// What an order start reads of a buyer: the entries that they hit, the one that decides first, and the operator's lists.
pub fn look(world: &World, account_id: i64, keys: &Keys) -> (Vec<Hit>, Vec<String>) {
    let (hits, lists) = (blacklist::sql::hits_column("?3"), operator_list::sql::lists_column("?3"));
    let sql = format!("SELECT {hits} AS hits, {lists} AS lists");
    let statement = Statement::new(sql, vec![account_id.into(), world.now().into(), keys.into()]);
    let db = world.app.platform.databases.shard("DB").expect("a shard");
    let row = block_on(db.row(statement)).expect("it answers").expect("a row");
    let (hits, lists) = row.read(|row| Ok((row.text(), row.text()))).expect("two texts");
    (blacklist::keys::hits(&hits).expect("hits"), serde_json::from_str(&lists).expect("names"))
}

pub fn account_id(world: &World, seller: &Seller<'_>) -> i64 {
    world.db.one(&format!("SELECT id FROM accounts WHERE email = '{}'", seller.email)).parse().expect("an id")
}

fn block(seller: &Seller<'_>, kind: u8, data: &str) {
    seller.post("/blacklist", json!({"blacklist_type": kind, "blocked_data": data, "note": data})).expect(201);
}

#[test]
fn a_buyer_is_found_in_whatever_spelling_they_come() {
    let world = World::new();
    let ada = world.seller();
    let id = account_id(&world, &ada);
    for (kind, data) in [
        (1, "M.allory+shop@GoogleMail.com"),
        (1, "eve@bücher.example"),
        (1, "*@Trash.example"),
        (1, "*@*.sub.example"),
        (1, "joan@mac.com"),
        (2, "10.0.0.0/8"),
        (2, "10.1.2.3"),
        (2, "2001:db8::/32"),
        (3, "kp"),
    ] {
        block(&ada, kind, data);
    }
    let found = |email: Option<&str>, ip: Option<&str>, country: Option<&str>| -> Vec<String> {
        let keys = Keys::of(email, ip.map(|ip| ip.parse().expect("an address")), country);
        look(&world, id, &keys).0.into_iter().map(|hit| hit.note.expect("a note")).collect()
    };
    for (email, entry) in [
        ("mallory@gmail.com", Some("M.allory+shop@GoogleMail.com")),
        ("MAL.LORY+2@gmail.com", Some("M.allory+shop@GoogleMail.com")),
        ("eve@XN--BCHER-KVA.example", Some("eve@bücher.example")),
        ("anybody@trash.example", Some("*@Trash.example")),
        ("anybody@a.trash.example", None),
        ("anybody@a.b.sub.example", Some("*@*.sub.example")),
        ("anybody@sub.example", None),
        ("joan+x@icloud.com", Some("joan@mac.com")),
        ("mallory@gmail.com.example", None),
        ("*@trash.example.com", None),
        ("e've\"@example.com", None),
        ("no address", None),
        ("", None),
    ] {
        assert_eq!(found(Some(email), None, None), entry.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{email}");
    }
    for (ip, entries) in [
        ("10.1.2.3", vec!["10.1.2.3", "10.0.0.0/8"]),
        ("::ffff:10.1.2.3", vec!["10.1.2.3", "10.0.0.0/8"]),
        ("10.1.2.4", vec!["10.0.0.0/8"]),
        ("11.0.0.0", vec![]),
        ("2001:db8::7", vec!["2001:db8::/32"]),
        ("2001:db9::7", vec![]),
    ] {
        assert_eq!(found(None, Some(ip), None), entries, "{ip}");
    }
    assert_eq!(found(None, None, Some("KP")), ["kp"]);
    assert!(found(None, None, Some("SE")).is_empty() && found(None, None, None).is_empty());
    let all = found(Some("a@trash.example"), Some("10.1.2.3"), Some("kp"));
    assert_eq!(all, ["*@Trash.example", "10.1.2.3", "10.0.0.0/8", "kp"], "the first one decides");
    let eve = world.seller_named("eve@example.com", true);
    world.db.change(&format!("UPDATE blacklist SET account_id = -1 WHERE account_id = {id}"));
    block(&eve, 3, "kp");
    assert!(found(Some("mallory@gmail.com"), Some("10.1.2.3"), Some("kp")).is_empty(), "others' entries never matter");
}

/// A list of so many entries, a tenth of them ranges, v4 and v6, some of each length and some in others.
pub fn fill(world: &World, account_id: i64, entries: usize) {
    let ranges = entries / 10;
    world.db.change_in(
        0,
        &format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {entries})
         INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at)
         SELECT {account_id}, n, printf('%08d', n), IIF(n <= {ranges}, 2, 1), CASE
           WHEN n <= {ranges} / 2 THEN printf('10.%d.%d.0/24', n / 250, n % 250)
           WHEN n <= {ranges} THEN printf('2001:db8:%x::/48', n)
           ELSE printf('buyer%d@example.com', n) END, 0, 0 FROM n"
        ),
    );
    for (n, length) in (8..24).zip(8..24) {
        let range = blacklist::Network::around(Ipv4Addr::new(10, 3, 4, 5).into(), length);
        world.db.change_in(
            0,
            &format!(
                "INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at)
             VALUES ({account_id}, {entries} + {n}, 'nested{n}', 2, '{range}', 0, 0)"
            ),
        );
    }
}

#[test]
fn a_look_costs_the_same_however_long_the_list_is() {
    let keys = Keys::of(Some("buyer99999@example.com"), "10.3.4.5".parse().ok(), Some("SE"));
    let [few, many] = [1_000, 100_000].map(|entries| {
        let world = World::new();
        fill(&world, 7, entries);
        let before = world.db.steps();
        let (hits, _) = look(&world, 7, &keys);
        assert_eq!(hits.iter().filter(|hit| hit.kind == 2).count(), 8, "the most particular ones are told");
        let v6 = Keys::of(None, "2001:db8:4::7".parse().ok(), None);
        look(&world, 7, &v6);
        world.db.steps() - before
    });
    assert!(many <= few + 100, "{few} and {many} steps");
}

#[test]
fn lengths_are_noted_whoever_writes_an_entry() {
    let world = World::new();
    let ada = world.seller();
    block(&ada, 2, "10.0.0.0/8");
    block(&ada, 2, "10.1.0.0/8".replace("10.1", "11.1").as_str());
    block(&ada, 2, "::/0");
    block(&ada, 1, "10.0.0.1/7@example.com".replace("/7", "").as_str());
    let made = ada.post("/blacklist", json!({"blacklist_type": 3, "blocked_data": "SE"})).expect(201).json();
    let path = format!("/blacklist/{}", made["id"].as_str().unwrap());
    ada.put(&path, json!({"blacklist_type": 2, "blocked_data": "2001:db8::1"})).expect(200);
    let lengths = world.db.query("SELECT family, length FROM blacklist_lengths ORDER BY family, length");
    assert_eq!(lengths.concat().join(" "), "4 8 6 0 6 128");
}

/// An address or a range of a small world, so that many lie in each other.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..64, 0_u32..4).prop_map(|(low, high)| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 | (high << 22) | low))),
        (0_u128..64, 0_u128..4)
            .prop_map(|(low, high)| IpAddr::V6(Ipv6Addr::from((0x2001_0db8 << 96) | (high << 62) | low))),
    ]
}

/// Whether an address lies in a range, bit by bit.
fn lies_in(address: IpAddr, first: IpAddr, length: u32) -> bool {
    let bits = |ip: IpAddr| -> Vec<bool> {
        let bytes = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
    };
    let (one, other) = (bits(address), bits(first));
    one.len() == other.len() && one.iter().zip(&other).take(length as usize).all(|(one, other)| one == other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_longest_range_around_an_address_comes_first(
        ranges in prop::collection::vec((address(), 0_u32..=128), 0..40),
        buyers in prop::collection::vec(address(), 1..8),
    ) {
        let world = World::new();
        let lines: Vec<String> = ranges.iter().map(|(first, length)| {
            format!("{first}/{}", if first.is_ipv4() { length % 33 } else { *length })
        }).collect();
        let ada = world.seller();
        if !lines.is_empty() {
            let ask = ada.ask("POST", "/blacklist/import").header("content-type", "text/plain").body(lines.join("\n"));
            ask.send().expect(200);
        }
        let id = account_id(&world, &ada);
        for buyer in buyers {
            let mut expected: Vec<u32> = lines.iter().filter_map(|line| {
                let (first, length) = line.split_once('/').unwrap();
                let length = length.parse().unwrap();
                lies_in(buyer, first.parse().unwrap(), length).then_some(length)
            }).collect();
            expected.sort_unstable_by(|one, other| other.cmp(one));
            expected.dedup();
            expected.truncate(8);
            let (hits, _) = look(&world, id, &Keys::of(None, Some(buyer), None));
            let found: Vec<u32> = hits.iter().map(|hit| blacklist::Network::parse(&hit.matched).unwrap().length()).collect();
            prop_assert_eq!(&found, &expected, "{} in {:?}", buyer, lines);
        }
    }
}
