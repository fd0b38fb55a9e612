//! Two Esplora servers that don't say the same, and one that is alone.

use pushguard::platform::FetchError;
use serde_json::json;

use crate::{
    order::sync::Scene,
    world::{Mood, SECOND, World},
};

#[test]
fn a_payment_is_gone_only_when_both_servers_say_so() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let txid = scene.sees(1, 20_000);
    scene.look();
    for server in &scene.servers {
        server.loses(&txid);
        scene.look();
        assert_eq!(scene.status(), 54, "the other still has it");
        server.sees(1, &scene.address, 20_000);
    }
    scene.both(|server| server.loses(&txid));
    scene.look();
    assert_eq!(scene.status(), 0);
}

#[test]
fn a_payment_and_what_replaced_it_are_not_both_counted_while_the_servers_differ() {
    for (quick, slow) in [(0, 1), (1, 0)] {
        let world = World::new();
        let scene = Scene::new(&world, json!({"confirmations": 0}));
        let half = scene.sees(1, 10_000);
        scene.look();
        scene.servers[quick].loses(&half);
        scene.servers[quick].sees(2, &scene.address, 10_000);
        for _ in 0..5 {
            scene.look();
            assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(10_000)));
        }
        // The other hears of it.
        scene.servers[slow].loses(&half);
        scene.servers[slow].sees(2, &scene.address, 10_000);
        scene.look();
        assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(10_000)));
        assert_eq!(world.db.one("SELECT COUNT(*) FROM transactions WHERE gone = 0"), "1");
        // A second payment of which one hears sooner counts as soon as nothing else is in doubt.
        scene.servers[quick].sees(3, &scene.address, 10_000);
        scene.servers[slow].sees(3, &scene.address, 10_000);
        scene.look();
        assert_eq!(scene.status(), 100);
    }
}

#[test]
fn nor_while_the_other_server_cannot_be_asked() {
    for (well, silent) in [(0, 1), (1, 0)] {
        let world = World::new();
        let scene = Scene::new(&world, json!({"confirmations": 0}));
        let half = scene.sees(1, 10_000);
        scene.look();
        scene.servers[silent].is(Mood::Silent(FetchError::Timeout));
        scene.servers[well].loses(&half);
        scene.servers[well].sees(2, &scene.address, 10_000);
        for _ in 0..5 {
            scene.look();
            assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(10_000)));
        }
        scene.servers[silent].is(Mood::Well);
        scene.servers[silent].loses(&half);
        scene.servers[silent].sees(2, &scene.address, 10_000);
        // It is asked again when its rest is over.
        world.live_through(75 * SECOND);
        assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(10_000)));
        assert_eq!(world.db.one("SELECT txid FROM transactions WHERE gone = 0"), "02".repeat(32));
    }
}

#[test]
fn a_payment_is_not_called_gone_by_one_server_while_the_other_is_silent() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let txid = scene.sees(1, 20_000);
    scene.look();
    let [one, two] = &scene.servers;
    for (forgets, silent) in [(one, two), (two, one)] {
        forgets.loses(&txid);
        silent.is(Mood::Silent(FetchError::Timeout));
        scene.look();
        assert_eq!(scene.status(), 54, "one server alone has no say in it");
        silent.is(Mood::Well);
        forgets.sees(1, &scene.address, 20_000);
    }
}

#[test]
fn the_only_server_is_believed() {
    let world = World::with(&[("BITCOIN_ESPLORA_URLS", "https://one.chain.example/api")]);
    let scene = Scene::new(&world, json!({}));
    let txid = scene.sees(1, 20_000);
    scene.look();
    assert_eq!(scene.status(), 54);
    scene.both(|server| server.loses(&txid));
    scene.look();
    assert_eq!(scene.status(), 0);
}
