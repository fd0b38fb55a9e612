//! Servers that keep everybody waiting, servers whose URLs hold keys, and answers that are too large to be read whole.

use pushguard::platform::FetchError;
use serde_json::json;

use crate::{
    gateway::ethereum::payment::Scene as Ether,
    order::sync::Scene,
    world::{DAY, HOUR, MINUTE, Mood, SECOND, WEI, World, answer},
};

/// Requests to each of the two explorers.
fn asked(world: &World) -> [usize; 2] {
    ["https://one.chain.example", "https://two.chain.example"].map(|base| world.web.sent_to(base).len())
}

/// The timeouts of those to one of them.
fn timeouts(world: &World, base: &str) -> Vec<u32> {
    world.web.sent_to(base).iter().map(|sent| sent.timeout).collect()
}

#[test]
fn a_server_that_hangs_is_left_alone_for_a_minute_and_then_tried_once() {
    for hanging in 0..2 {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        // As many again, of which about half have the hanging server as their first.
        for _ in 0..7 {
            scene.grace.white_label(json!({}));
        }
        world.web.interleaves.set(true);
        scene.servers[hanging].takes.set(u32::MAX);
        world.web.forget();
        world.live_through(59 * SECOND);
        let [mine, others] = [asked(&world)[hanging], asked(&world)[1 - hanging]];
        assert!((1..=6).contains(&mine), "asked {mine} times: as many as were on their way together");
        assert_eq!(others, 2 * 8 * 3, "and no look is lost");
        world.web.forget();
        world.live_through(10 * MINUTE);
        let mine = asked(&world)[hanging];
        assert!((8..=11).contains(&mine), "asked {mine} times: once a minute, by one look");
        scene.servers[hanging].takes.set(10);
        world.live_through(2 * MINUTE);
        world.web.forget();
        world.live_through(MINUTE);
        assert!(asked(&world)[hanging] > 8, "it answers again");
    }
}

#[test]
fn a_server_has_three_seconds_while_another_is_there_and_eight_when_it_is_the_last() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let bases = ["https://one.chain.example", "https://two.chain.example"];
    scene.sees(1, 20_000);
    scene.look();
    let first = usize::from(timeouts(&world, bases[0]).is_empty());
    assert_eq!(timeouts(&world, bases[first]), [3_000, 3_000]);
    // Both are slow: the second is waited for, and so is the first once it is known that both are.
    scene.both(|server| server.takes.set(5_000));
    scene.both(|server| server.mines(1));
    world.web.forget();
    scene.look();
    assert_eq!(timeouts(&world, bases[first]), [3_000]);
    assert_eq!(timeouts(&world, bases[1 - first]), [8_000, 8_000]);
    assert_eq!(scene.status(), 100);
    // The only server of a deployment always has the whole time.
    let world = World::with(&[("BITCOIN_ESPLORA_URLS", "https://one.chain.example/api")]);
    let scene = Scene::new(&world, json!({}));
    scene.servers[0].takes.set(7_000);
    scene.sees(1, 20_000);
    scene.look();
    assert_eq!(scene.status(), 54);
}

#[test]
fn while_all_servers_rest_one_is_asked_all_the_same() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    scene.sees(1, 20_000);
    scene.both(|server| server.is(Mood::Silent(FetchError::Timeout)));
    world.live_through(45 * SECOND);
    world.web.forget();
    world.live_through(MINUTE);
    let all: usize = asked(&world).iter().sum();
    assert_eq!(all, 4, "one a look");
    scene.both(|server| server.is(Mood::Well));
    scene.look();
    assert_eq!(scene.status(), 54);
}

#[test]
fn only_who_is_slow_or_asks_for_less_rests() {
    for (mood, rests) in [
        (Mood::Silent(FetchError::Timeout), true),
        (Mood::Says(429, b"slow down".to_vec()), true),
        (Mood::Silent(FetchError::Refused), false),
        (Mood::Silent(FetchError::Dns), false),
        (Mood::Says(503, Vec::new()), false),
        (Mood::Says(200, b"<html>".to_vec()), false),
    ] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        scene.look();
        let first = usize::from(asked(&world)[0] == 0);
        scene.servers[first].is(mood.clone());
        world.web.forget();
        world.live_through(45 * SECOND);
        assert_eq!(asked(&world)[first], if rests { 1 } else { 3 }, "{mood:?}");
        assert_eq!(world.log.text().contains("rests_seconds"), rests, "{mood:?}");
    }
}

#[test]
fn a_server_that_rests_is_asked_when_those_that_don_t_rest_all_fail() {
    let failures = [
        Mood::Says(500, Vec::new()),
        Mood::Says(429, b"slow down".to_vec()),
        Mood::Says(200, b"<html>".to_vec()),
        Mood::Says(200, br#"{"jsonrpc":"2.0","error":{"code":-32005,"message":"none of your business"}}"#.to_vec()),
        Mood::Silent(FetchError::Refused),
        Mood::Silent(FetchError::Timeout),
    ];
    for fails in failures {
        for rests in [Mood::Says(429, Vec::new()), Mood::Silent(FetchError::Timeout)] {
            for resting in 0..2 {
                let world = World::new();
                let scene = Scene::new(&world, json!({}));
                let first = scene.first();
                let other = (first + resting) % 2;
                // Only the first is asked when both are well, so each in turn is made to rest.
                scene.servers[other].is(rests.clone());
                scene.servers[1 - other].is(if other == first { Mood::Well } else { Mood::Silent(FetchError::Dns) });
                scene.look();
                scene.servers[other].is(Mood::Well);
                scene.servers[1 - other].is(fails.clone());
                scene.sees(1, 20_000);
                scene.look();
                assert_eq!(scene.status(), 54, "{fails:?} after {rests:?}: {}", world.log.text());
            }
        }
    }
}

#[test]
fn a_node_that_rests_is_asked_when_the_other_fails_for_a_payment_and_for_an_address() {
    let error = json!({"jsonrpc": "2.0", "error": {"code": -32005, "message": "none of your business"}});
    for fails in [
        Mood::Tells(error.to_string()),
        Mood::Tells(format!("[{}0]", "0,".repeat(8 << 20))),
        Mood::Says(503, Vec::new()),
        Mood::Silent(FetchError::Timeout),
    ] {
        for resting in 0..2 {
            let world = World::new();
            let scene = Ether::with_key(&world);
            let link = scene.order();
            let address = scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
            scene.both(|node| node.is(Mood::Silent(FetchError::Dns)));
            scene.nodes[resting].is(Mood::Says(429, Vec::new()));
            scene.then(|_| {});
            scene.nodes[resting].is(Mood::Well);
            scene.nodes[1 - resting].is(fails.clone());
            scene.then(|node| node.pays(1, &address, 500_000 * WEI));
            assert_eq!(scene.is(&link).0, 54, "{}", world.log.text());

            scene.nodes[resting].is(Mood::Says(429, Vec::new()));
            scene.then(|_| {});
            scene.nodes[resting].is(Mood::Well);
            scene.both(|node| node.pays(2, crate::gateway::ethereum::payment::SECOND_ADDRESS, 7 * WEI));
            let second = scene.order();
            assert_eq!(
                scene.grace.order(&second.order_id)["crypto_address"],
                crate::gateway::ethereum::payment::SECOND_ADDRESS
            );
            scene.then(|_| {});
            assert_eq!(scene.is(&second), (0, 0, 0), "what the address held before pays nothing");
        }
    }
}

#[test]
fn a_slow_server_is_waited_for_while_the_other_is_down() {
    for slow in 0..2 {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        scene.servers[slow].takes.set(5_000);
        scene.servers[1 - slow].is(Mood::Says(500, Vec::new()));
        scene.sees(1, 20_000);
        world.live_through(MINUTE);
        assert_eq!(scene.status(), 54, "{}", world.log.text());
    }
}

#[test]
fn a_server_that_rests_gives_no_second_word_while_another_answers() {
    for fault in [FetchError::Timeout, FetchError::Dns] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        let txid = scene.sees(1, 20_000);
        scene.look();
        let first = scene.first();
        scene.servers[first].is(Mood::Silent(fault));
        scene.look();
        // It would be well again, and both have lost the payment.
        scene.servers[first].is(Mood::Well);
        scene.both(|server| server.loses(&txid));
        world.web.forget();
        scene.look();
        let rests = fault == FetchError::Timeout;
        assert_eq!(asked(&world)[first] == 0, rests, "{fault:?}");
        assert_eq!(scene.status(), if rests { 54 } else { 0 }, "{fault:?}");
        world.live_through(2 * MINUTE);
        assert_eq!(scene.status(), 0, "after its rest both say so");
    }
}

#[test]
fn a_node_that_hangs_keeps_nobody_waiting_for_an_address() {
    let world = World::new();
    let scene = Ether::with_key(&world);
    scene.nodes[0].is(Mood::Silent(FetchError::Timeout));
    for _ in 0..4 {
        scene.order();
    }
    let hung = world.web.sent_to("https://one.node.example").len();
    assert!(hung <= 1, "asked {hung} times");
    let link = scene.order();
    let address = scene.grace.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    scene.then(|node| node.pays(1, &address, 500_000 * WEI));
    assert_eq!(scene.is(&link).0, 54);
}

#[test]
fn no_key_in_a_servers_url_is_logged_whatever_goes_wrong() {
    const KEY: &str = "serverKey7f3a";
    let explorers = format!("https://one.chain.example/api/{KEY},https://user:{KEY}@two.chain.example/api?key={KEY}");
    let nodes = format!("https://one.node.example/v2/{KEY},https://two.node.example/?apikey={KEY}");
    let moods = [
        Mood::Silent(FetchError::Timeout),
        Mood::Silent(FetchError::Dns),
        Mood::Says(403, format!("the key {KEY} is not allowed").into_bytes()),
        Mood::Says(200, format!("{{\"error\":{{\"code\":-32600,\"message\":\"no batch for {KEY}\"}}}}").into_bytes()),
        Mood::Says(500, format!("{{\"message\":\"https://one.node.example/v2/{KEY} failed\"}}").into_bytes()),
        Mood::Says(200, KEY.into()),
    ];
    for mood in moods {
        let world = World::with(&[("BITCOIN_ESPLORA_URLS", &explorers), ("ETHEREUM_RPC_URLS", &nodes)]);
        for base in ["https://one.", "https://two.", "https://user:"] {
            let mood = mood.clone();
            world.web.on(base, move |_| match &mood {
                Mood::Silent(fault) => Err(*fault),
                Mood::Says(status, body) => answer(*status, body.clone()),
                other => panic!("{other:?}"),
            });
        }
        let grace = world.live_seller();
        world.web.on("https://coinbase.example/v2/exchange-rates?currency=ETH", |_| {
            answer(200, json!({"data": {"currency": "ETH", "rates": {"USD": "2000"}}}).to_string())
        });
        let address = crate::gateway::ethereum::payment::SINGLE;
        grace.put("/account", json!({"gateways": {"ethereum": {"address": address}}})).expect(200);
        grace.white_label(json!({}));
        grace.white_label(json!({"gateway": "Ethereum"}));
        world.live_through(3 * MINUTE);
        let log = world.log.text();
        assert!(log.contains("gateway.sync_failed") && log.contains("one.chain.example"), "{log}");
        assert!(!log.contains(KEY), "{mood:?}: {log}");
        let known = world.log.last("gateway.server_failed");
        assert!(
            ["one.node.example", "two.node.example", "one.chain.example", "two.chain.example"]
                .contains(&known["server"].as_str().unwrap()),
            "{known}"
        );
        // With its key, each is asked all the same, and a query stays where it belongs.
        assert!(!world.web.sent_to(&format!("https://one.chain.example/api/{KEY}/blocks/tip/height")).is_empty());
        let two = world.web.sent_to(&format!("https://user:{KEY}@two.chain.example/api/blocks/tip/height?key={KEY}"));
        assert!(!two.is_empty());
    }
}

const HUGE: usize = 3 << 20;

/// Two payments that make an order paid, where the answers are too large to be read whole.
fn paid_beside(swollen: &[u8], spent: &[u8], steps: &[(u8, u64)]) -> (i64, i64) {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    for (name, value) in steps {
        let txid = scene.sees(*name, *value);
        if swollen.contains(name) {
            scene.both(|server| server.swells(&txid, HUGE));
        }
        scene.both(|server| server.mines(1));
        scene.look();
        if spent.contains(name) {
            scene.both(|server| server.spends(&txid));
        }
        scene.look();
    }
    world.live_through(MINUTE);
    assert_eq!(world.log.troubles(), "");
    (scene.status(), scene.order()["crypto_received"].as_i64().unwrap())
}

#[test]
fn a_payment_among_thousands_of_others_is_seen_although_the_page_is_too_large() {
    assert_eq!(paid_beside(&[1], &[], &[(1, 20_000)]), (100, 20_000));
    assert_eq!(paid_beside(&[1, 2], &[], &[(1, 9_000), (2, 11_000)]), (100, 20_000), "both");
    assert_eq!(paid_beside(&[2], &[], &[(1, 9_000), (2, 11_000)]), (100, 20_000), "the second");
}

#[test]
fn what_the_seller_moves_on_stays_counted_although_the_page_is_too_large() {
    assert_eq!(paid_beside(&[1], &[1], &[(1, 9_000), (2, 11_000)]), (100, 20_000));
    assert_eq!(paid_beside(&[2], &[1, 2], &[(1, 9_000), (2, 11_000)]), (100, 20_000));
    assert_eq!(paid_beside(&[1, 2], &[1, 2], &[(1, 9_000), (2, 10_000)]), (53, 19_000));
}

#[test]
fn pages_that_are_too_large_together_are_read_one_by_one() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let confirmed = scene.sees(1, 9_000);
    scene.both(|server| server.mines(1));
    scene.both(|server| server.spends(&confirmed));
    let waiting = scene.sees(2, 11_000);
    for txid in [&confirmed, &waiting] {
        scene.both(|server| server.swells(txid, 1_200_000));
    }
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (54, &json!(20_000)), "spent before it was seen");
}

#[test]
fn a_payment_that_vanishes_beside_one_that_is_too_large_is_gone() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let large = scene.sees(1, 9_000);
    scene.both(|server| server.swells(&large, HUGE));
    let small = scene.sees(2, 11_000);
    scene.look();
    assert_eq!(scene.status(), 54);
    scene.both(|server| server.loses(&small));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(9_000)));
    scene.both(|server| server.loses(&large));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (0, &json!(0)));
}

#[test]
fn an_address_whose_history_cannot_be_read_whole_is_never_used_again() {
    for cut in [false, true] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        if cut {
            // Long before the order somebody was paid there, and has moved it on.
            let old = scene.sees(1, 9_000);
            scene.both(|server| server.mines(1));
            scene.both(|server| server.ages(&old, 300 * DAY));
            scene.both(|server| server.spends(&old));
            scene.both(|server| server.swells(&old, HUGE));
        }
        world.advance(7 * DAY);
        world.live_through(2 * DAY + HOUR);
        assert_eq!(world.db.rows_in("free_addresses"), usize::from(!cut));
    }
}
