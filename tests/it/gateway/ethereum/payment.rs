//! Ether: an address for each order, seen as a balance; or one address, whose amounts tell the orders apart.

use std::rc::Rc;

use proptest::prelude::*;
use pushguard::platform::FetchError;
use serde_json::{Value, json};

use crate::{
    actors::{Link, Seller, ZPUB},
    world::{HOUR, MINUTE, Mood, Node, SECOND, WEI, World},
};

/// m/44'/60'/0' of "abandon … about", and its first addresses as MetaMask and Ledger show them.
const XPUB: &str =
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";
const FIRST: &str = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
pub const SECOND_ADDRESS: &str = "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0";
pub const SINGLE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

pub struct Scene<'w> {
    pub world: &'w World,
    pub grace: Seller<'w>,
    pub nodes: [Rc<Node>; 2],
}

impl<'w> Scene<'w> {
    pub fn new(world: &'w World, wallet: Value) -> Scene<'w> {
        let nodes = world.nodes();
        let grace = world.seller_named("grace@example.com", false);
        grace.put("/account", json!({"gateways": {"ethereum": wallet}})).expect(200);
        Scene { world, grace, nodes }
    }

    pub fn with_key(world: &'w World) -> Scene<'w> {
        Scene::new(world, json!({"xpub": XPUB, "confirmations": 3}))
    }

    pub fn with_address(world: &'w World) -> Scene<'w> {
        Scene::new(world, json!({"address": SINGLE, "confirmations": 3}))
    }

    pub fn order(&self) -> Link {
        let link = self.grace.link(json!({"gateway": "Ethereum"}));
        self.world.buyer().start(&link).expect(200);
        link
    }

    pub fn both(&self, act: impl Fn(&Node)) {
        self.nodes.iter().for_each(|node| act(node));
    }

    /// What both see, and the next look.
    pub fn then(&self, act: impl Fn(&Node)) {
        self.both(act);
        self.world.live_through(16 * SECOND);
    }

    /// Status, received, confirmations.
    pub fn is(&self, link: &Link) -> (i64, i64, i64) {
        let order = self.grace.order(&link.order_id);
        let int = |name: &str| order[name].as_i64().unwrap();
        (int("status"), int("crypto_received"), int("crypto_confirmations"))
    }

    pub fn asked(&self) -> usize {
        self.world.web.sent_to("https://one.node.example").len()
            + self.world.web.sent_to("https://two.node.example").len()
    }

    pub fn value(&self, link: &Link) -> u128 {
        u128::from(self.grace.order(&link.order_id)["crypto_value"].as_u64().unwrap())
    }

    pub fn page(&self, link: &Link) -> String {
        self.world.buyer().get(&link.order()).expect(200).text()
    }
}

#[test]
fn each_order_has_an_address_of_its_own_and_is_paid_when_its_balance_is_old_enough() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let [one, other] = [scene.order(), scene.order()];
    let address = |link: &Link| scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    assert_eq!([address(&one), address(&other)], [FIRST, SECOND_ADDRESS]);
    let page = scene.page(&one);
    assert!(page.contains(&format!("ethereum:{FIRST}@1?value=5000000000000000")), "{page}");
    assert!(page.contains("0.005") && !page.contains("it is how your payment is recognised"));
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    assert_eq!((scene.is(&one), scene.is(&other)), ((54, 500_000, 1), (0, 0, 0)));
    scene.then(|node| node.mines(1));
    assert_eq!(scene.is(&one), (54, 500_000, 2));
    scene.then(|node| node.mines(1));
    assert_eq!(scene.is(&one), (100, 500_000, 3));
    assert!(scene.page(&one).contains("has received 0.005 ETH"));
}

#[test]
fn twelve_confirmations_are_needed_where_nobody_says_otherwise_and_none_means_one() {
    let world = World::new();
    let scene = Scene::new(&world, json!({"xpub": XPUB}));
    let ethereum = &scene.grace.get("/account").json()["gateways"]["ethereum"];
    let shown = json!({"xpub": "xpub6DCo…nATt", "address": null, "confirmations": 12, "addresses": [
        FIRST, SECOND_ADDRESS, "0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A"]});
    assert_eq!(ethereum, &shown);
    let white = |confirmations: Value| {
        scene.grace.white_label(json!({"gateway": "Ethereum", "confirmations": confirmations}))["confirmations_needed"]
            .clone()
    };
    assert_eq!((white(json!(null)), white(json!(6))), (json!(12), json!(6)));
    let none = scene.grace.white_label(json!({"gateway": "Ethereum", "confirmations": 0}));
    let address = none["crypto_address"].as_str().unwrap();
    scene.then(|node| node.pays(1, address, 500_000 * WEI));
    assert_eq!(scene.grace.status(none["id"].as_str().unwrap()), 100, "what is in no block is not seen");
    let set =
        |n: i64| scene.grace.put("/account", json!({"gateways": {"ethereum": {"xpub": XPUB, "confirmations": n}}}));
    set(64).expect(200);
    assert_eq!(set(65).errors(), ["Gateways ethereum confirmations must be less than or equal to 64"]);
}

#[test]
fn a_look_at_a_balance_is_one_request() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let link = scene.order();
    let asked = |act: &dyn Fn()| {
        let before = scene.asked();
        act();
        scene.asked() - before
    };
    assert_eq!(asked(&|| world.live_through(15 * SECOND)), 1);
    scene.then(|node| node.pays(1, FIRST, 100_000 * WEI));
    assert_eq!(asked(&|| world.live_through(15 * SECOND)), 1);
    scene.then(|node| node.pays(2, FIRST, 100_000 * WEI));
    assert_eq!(asked(&|| world.live_through(15 * SECOND)), 1, "with two payments as well");
    assert_eq!(scene.is(&link).1, 200_000);
}

#[test]
fn parts_add_up_and_more_than_enough_is_shown() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let link = scene.order();
    scene.then(|node| node.pays(1, FIRST, 200_000 * WEI));
    assert_eq!(scene.is(&link), (53, 200_000, 1));
    assert!(scene.page(&link).contains("Send 0.003 ETH more"));
    // Sent by a contract, as exchanges do, and with some wei that are no unit of ours.
    scene.then(|node| node.pays_inside(FIRST, 400_000 * WEI + 123));
    assert_eq!(scene.is(&link), (54, 600_000, 1));
    scene.then(|node| node.mines(2));
    assert_eq!(scene.is(&link), (100, 600_000, 3));
    assert!(scene.page(&link).contains("0.001 ETH"));
}

#[test]
fn what_an_address_held_before_is_not_the_orders() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    scene.both(|node| node.pays(1, FIRST, 700_000 * WEI + 9));
    let link = scene.order();
    scene.then(|node| node.mines(20));
    assert_eq!(scene.is(&link), (0, 0, 0));
    scene.then(|node| node.pays(2, FIRST, 500_000 * WEI));
    assert_eq!(scene.is(&link), (54, 500_000, 1));
}

#[test]
fn an_order_is_opened_although_no_node_answers_and_is_paid_all_the_same() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    scene.both(|node| node.is(Mood::Silent(FetchError::Timeout)));
    let before = scene.asked();
    let link = scene.order();
    assert_eq!(scene.asked() - before, 2, "two are asked, and no more");
    let haste = world.web.sent_to("https://").last().unwrap().timeout;
    assert!(haste <= 3_000, "a buyer waits");
    scene.both(|node| node.is(Mood::Well));
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    assert_eq!(scene.is(&link).0, 54);
}

#[test]
fn what_the_seller_moves_on_takes_nothing_away() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let link = scene.order();
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    scene.then(|node| node.sweeps(2, FIRST, 499_000 * WEI));
    assert_eq!(scene.is(&link), (54, 500_000, 2));
    scene.then(|node| node.mines(1));
    assert_eq!(scene.is(&link), (100, 500_000, 3));
    // Long after: the nodes have forgotten what it held then.
    scene.both(|node| node.mines(500));
    world.live_through(HOUR);
    assert_eq!(scene.is(&link).0, 100);
}

#[test]
fn a_payment_that_is_reorganised_away_is_gone_and_may_come_back() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let link = scene.order();
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    assert_eq!(scene.is(&link), (54, 500_000, 1));
    let height = scene.nodes[0].tip();
    scene.then(|node| node.reorganises(height));
    assert_eq!(scene.is(&link), (0, 0, 0));
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    assert_eq!(scene.is(&link), (54, 500_000, 1));
    // It moves into a later block: younger, and not a second one.
    let height = scene.nodes[0].tip();
    scene.both(|node| {
        node.mines(1);
        node.reorganises(height);
        node.pays(1, FIRST, 500_000 * WEI);
    });
    world.live_through(16 * SECOND);
    assert_eq!(scene.is(&link), (54, 500_000, 1));
    scene.then(|node| node.mines(2));
    assert_eq!(scene.is(&link), (100, 500_000, 3));
    let height = scene.nodes[0].tip() - 2;
    scene.both(|node| node.reorganises(height));
    world.live_through(HOUR);
    assert_eq!(scene.is(&link).0, 51);
}

#[test]
fn one_node_is_not_enough_to_call_a_payment_gone() {
    let world = World::new();
    let scene = Scene::with_key(&world);
    let link = scene.order();
    scene.then(|node| node.pays(1, FIRST, 500_000 * WEI));
    for (node, other) in [(0, 1), (1, 0)] {
        let height = scene.nodes[node].tip();
        scene.nodes[node].reorganises(height);
        world.live_through(16 * SECOND);
        assert_eq!(scene.is(&link), (54, 500_000, 1), "the other still has it");
        scene.nodes[other].is(Mood::Silent(FetchError::Refused));
        world.live_through(16 * SECOND);
        assert_eq!(scene.is(&link), (54, 500_000, 1), "the other can't be asked");
        scene.nodes[other].is(Mood::Well);
        // It sees it again where the other has it.
        *scene.nodes[node].tip_mut() -= 1;
        scene.nodes[node].pays(1, FIRST, 500_000 * WEI);
    }
}

#[test]
fn nonsense_changes_nothing() {
    let good = |tip: &str, held: &str| {
        let results = ["0x1", tip, held, held, held].into_iter().enumerate();
        results.map(|(id, result)| json!({"id": id, "result": result})).collect::<Value>()
    };
    let long = "f".repeat(64);
    let cases: Vec<String> = vec![
        String::new(),
        "<html>It works!</html>".into(),
        "{}".into(),
        "[]".into(),
        "[[]]".into(),
        "null".into(),
        json!({"jsonrpc": "2.0", "error": {"code": -32005, "message": "rate limited"}}).to_string(),
        json!([{"id": "0", "result": "0x1"}, {"id": "1", "result": "0x1"}]).to_string(),
        json!([{"id": 99, "result": "0x1"}, {"id": -1, "result": "0x1"}]).to_string(),
        good("0x1312d00", "0x").to_string(),
        good("0x1312d00", "7").to_string(),
        good("0x1312d00", "0x+7a120").to_string(),
        good("0x1312d00", "-0x1").to_string(),
        good("0x1312d00", &format!("0x{long}")).to_string(),
        good("0x1312d00", "0x1000000000000000000000000000000000").to_string(),
        good("0x1312d00", "0x4a817c800000000000000000").to_string(),
        good("0xffffffff", "0x0").to_string(),
        good("0xfffffffff", "0x0").to_string(),
        json!([{"id": 0, "result": "0x1"}, {"id": 1, "result": 20_000_000}, {"id": 2, "result": 5}]).to_string(),
        json!([{"id": 1, "result": "0x1312d00"}, {"id": 2, "result": "0x11c37937e08000"}, {"id": 3, "result": "0x0"}])
            .to_string(),
        json!([{"id": 0, "result": 1}, {"id": 1, "result": "0x1312d00"}, {"id": 2, "result": "0x11c37937e08000"}])
            .to_string(),
        "[".repeat(100_000),
        format!("[{}]", "{\"id\":0,\"result\":\"0x1\"},".repeat(600_000)),
    ];
    for wallet in [json!({"xpub": XPUB}), json!({"address": SINGLE})] {
        let world = World::new();
        let scene = Scene::new(&world, wallet);
        let link = scene.order();
        let facts = || world.db.query("SELECT id, revision, status, crypto_received FROM orders");
        let before = facts();
        for body in &cases {
            scene.both(|node| node.is(Mood::Tells(body.clone())));
            world.live_through(20 * SECOND);
            assert_eq!(facts(), before, "{}", &body[..body.len().min(200)]);
            scene.grace.get("/orders").expect(200);
        }
        for status in [204, 302, 400, 429, 500] {
            scene.both(|node| node.is(Mood::Says(status, b"[]".to_vec())));
            world.live_through(20 * SECOND);
        }
        assert_eq!(facts(), before);
        scene.both(|node| node.is(Mood::Well));
        let (address, value) =
            (scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned(), scene.value(&link));
        scene.then(|node| node.pays(1, &address, value * WEI));
        assert_eq!(scene.is(&link).0, 54, "and nothing is lost");
    }
}

#[test]
fn an_address_is_read_with_its_checksum_and_shown_as_it_is() {
    let world = World::new();
    let grace = world.seller_named("grace@example.com", false);
    let put = |settings: Value| grace.put("/account", json!({"gateways": {"ethereum": settings}}));
    let shown = json!({"xpub": null, "address": SINGLE, "confirmations": 12, "addresses": [SINGLE]});
    for given in [SINGLE.to_owned(), SINGLE.to_lowercase(), format!(" {SINGLE} ")] {
        assert_eq!(put(json!({"address": given})).expect(200).json()["gateways"]["ethereum"], shown);
    }
    let key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    let cases = [
        (json!({"address": SINGLE.replace('b', "B")}), "Address has a typing error (its checksum does not match)"),
        (json!({"address": "0x1234"}), "Address is not an Ethereum address (0x and 40 hexadecimal digits)"),
        (json!({"address": XPUB}), "Address is not an Ethereum address (0x and 40 hexadecimal digits)"),
        (
            json!({"address": format!("0x{}", "0".repeat(40))}),
            "Address is not an Ethereum address (0x and 40 hexadecimal digits)",
        ),
        (json!({"address": ""}), "Address can't be blank"),
        (json!({"xpub": SINGLE}), "Xpub is not a valid extended public key"),
        (json!({"xpub": ZPUB}), "Xpub is not an extended public key for single-signature Ethereum (xpub)"),
        (json!({"xpub": XPUB, "address": SINGLE}), "Address and xpub can't be given together"),
        (json!({}), "Xpub can't be blank"),
    ];
    let before = world.db.dump();
    for (settings, sentence) in cases {
        let sentence = sentence[..1].to_lowercase() + &sentence[1..];
        assert_eq!(put(settings).errors(), [format!("Gateways ethereum {sentence}")]);
    }
    for private in [key.to_owned(), format!("0x{key}")] {
        for field in ["address", "xpub"] {
            let reply = put(json!({ field: private }));
            assert!(reply.errors()[0].contains("is a private key. It was not stored."), "{}", reply.text());
            assert!(!reply.text().contains(&key[4..20]) && !world.log.text().contains(&key[4..20]));
        }
    }
    assert_eq!(world.db.dump(), before);
    let eve = world.seller_named("eve@example.com", false);
    let reply = eve.put("/account", json!({"gateways": {"ethereum": {"address": SINGLE.to_lowercase()}}}));
    assert_eq!(reply.errors(), ["Gateways ethereum address is used by another account"]);
    assert!(!world.db.dump().contains(SINGLE), "which address is whose is nobody's business");
}

#[test]
fn ether_of_another_chain_pays_nothing() {
    for wallet in [json!({"xpub": XPUB, "confirmations": 3}), json!({"address": SINGLE, "confirmations": 3})] {
        let world = World::new();
        let scene = Scene::new(&world, wallet);
        let link = scene.order();
        let order = scene.grace.order(&link.order_id);
        let (address, value) = (order["crypto_address"].as_str().unwrap(), scene.value(&link));
        scene.both(|node| node.follows(11_155_111));
        scene.then(|node| node.pays(1, address, value * WEI));
        scene.then(|node| node.mines(3));
        assert_eq!(scene.is(&link), (0, 0, 0));
        assert!(world.log.lines().iter().any(|line| line.contains("it is no node of this chain")));
        // One that is believed is enough.
        scene.nodes[0].follows(1);
        world.live_through(MINUTE);
        scene.then(|node| node.mines(3));
        assert_eq!(scene.is(&link).0, 100);
    }
}

#[test]
fn another_chain_is_named_on_the_page_and_in_the_link() {
    let world = World::with(&[("ETHEREUM_CHAIN_ID", "11155111")]);
    let scene = Scene::with_key(&world);
    scene.both(|node| node.follows(11_155_111));
    let page = scene.page(&scene.order());
    assert!(page.contains("Ethereum (chain 11155111) address") && page.contains("@11155111?value="), "{page}");
}

#[test]
fn a_test_account_plays_with_both_kinds_of_wallet() {
    let world = World::new();
    let ada = world.seller();
    let pay = |kind: &str, link: &Link, n: u32| ada.simulate(&link.order_id, kind, n);
    for wallet in [json!(XPUB), json!(null)] {
        if wallet.is_null() {
            ada.put("/account", json!({"gateways": {"ethereum": {"address": SINGLE, "confirmations": 1}}})).expect(200);
        }
        let start = |changed: Value| {
            let link = ada.link(changed);
            world.buyer().start(&link).expect(200);
            link
        };
        let [one, parts, over] = [(); 3].map(|()| start(json!({"gateway": "Ethereum"})));
        let page = world.buyer().get(&one.order()).text();
        assert!(page.contains("Ethereum testnet") && page.contains("@11155111?value="), "{page}");
        pay("exact", &one, 1);
        pay("partial", &parts, 1);
        pay("over", &over, 1);
        assert_eq!([&one, &parts, &over].map(|link| ada.status(&link.order_id)), [100, 53, 100]);
        pay("exact", &parts, 1);
        ada.mine(1);
        assert_eq!([&one, &parts, &over].map(|link| ada.status(&link.order_id)), [100; 3]);
    }
}

#[derive(Debug, Clone)]
enum Deed {
    Pays(u32),
    Mines(u32),
    Reorganises(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (1_u32..400_000).prop_map(Deed::Pays),
        (1_u32..40).prop_map(Deed::Mines),
        (0_u32..5).prop_map(Deed::Reorganises),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the chain does between looks, as long as nothing is moved on what is counted is what the address holds: until the
    /// order is paid, at 64 confirmations, which is deeper than anything is looked at.
    #[test]
    fn what_is_counted_is_what_came(deeds in prop::collection::vec(deed(), 1..12)) {
        let world = World::new();
        let scene = Scene::new(&world, json!({"xpub": XPUB, "confirmations": 64}));
        let link = scene.order();
        let start = scene.nodes[0].tip();
        for (name, deed) in (1..).zip(&deeds) {
            match deed {
                Deed::Pays(units) => scene.then(|node| node.pays(name, FIRST, u128::from(*units) * WEI)),
                Deed::Mines(blocks) => scene.then(|node| node.mines(*blocks)),
                Deed::Reorganises(depth) => scene.then(|node| node.reorganises((node.tip() - depth).max(start + 1))),
            }
            let held = scene.nodes[0].holds(FIRST) / WEI;
            let (status, counted, _) = scene.is(&link);
            prop_assert_eq!(u128::try_from(counted).unwrap(), held);
            if status == 100 {
                break;
            }
        }
    }
}
