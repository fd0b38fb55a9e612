//! Watching a real chain, as one or two Esplora servers tell of it.

use std::rc::Rc;

use pushguard::platform::FetchError;
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{DAY, Esplora, HOUR, Landed, MINUTE, Mood, SECOND, Sent, World, answer},
};

/// An order of 20,000 satoshi, watched on two servers.
pub struct Scene<'w> {
    world: &'w World,
    pub grace: Seller<'w>,
    pub servers: [Rc<Esplora>; 2],
    pub id: String,
    pub address: String,
}

impl<'w> Scene<'w> {
    pub fn new(world: &'w World, changed: Value) -> Scene<'w> {
        let servers = world.esploras();
        world.web.says("https://hooks.example", 200);
        let grace = world.live_seller();
        grace.endpoint("https://hooks.example/", &["order:created", "order:updated", "order:paid"]);
        let order = grace.white_label(changed);
        let text = |name: &str| order[name].as_str().unwrap().to_owned();
        assert_eq!(order["crypto_value"], 20_000);
        Scene { world, grace, servers, id: text("id"), address: text("crypto_address") }
    }

    /// Both servers see a transaction.
    pub fn sees(&self, name: u8, value: u64) -> String {
        self.servers.each_ref().map(|server| server.sees(name, &self.address, value)).concat()[..64].to_owned()
    }

    pub fn both(&self, act: impl Fn(&Esplora)) {
        self.servers.iter().for_each(|server| act(server));
    }

    /// The server that is asked first about the order's address.
    pub fn first(&self) -> usize {
        self.address.bytes().map(usize::from).sum::<usize>() % 2
    }

    /// The next look of the order's chain of looks.
    pub fn look(&self) {
        self.world.live_through(15 * SECOND);
    }

    pub fn status(&self) -> i64 {
        self.grace.status(&self.id)
    }

    pub fn order(&self) -> Value {
        self.grace.order(&self.id)
    }

    /// Events that were sent, in their order.
    pub fn told(&self) -> Vec<String> {
        let sent = self.world.web.sent_to("https://hooks.example/");
        sent.iter().map(|sent| sent.header("x-pushguard-event").to_owned()).collect()
    }

    /// Looks that were taken at the chain: each asks one server for its tip.
    pub fn asked(&self) -> usize {
        self.world.web.sent().iter().filter(|sent| sent.url.ends_with("/tip/height")).count()
    }

    /// What is known of the order, apart from when it is looked at again.
    fn facts(&self) -> Vec<Vec<String>> {
        let mut facts = self.world.db.query(
            "SELECT id, revision, status, crypto_value, crypto_received, crypto_confirmations, updated_at FROM orders",
        );
        facts.extend(self.world.db.query("SELECT * FROM transactions ORDER BY txid, vout"));
        facts.extend(self.world.db.query("SELECT COUNT(*) FROM webhook_logs"));
        facts
    }
}

#[test]
fn an_order_is_seen_confirmed_and_paid() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    scene.look();
    assert_eq!((scene.status(), scene.told()), (0, vec!["order:created".to_owned()]));
    scene.sees(1, 20_000);
    scene.look();
    let order = scene.order();
    assert_eq!(
        (&order["status"], &order["crypto_received"], &order["crypto_confirmations"]),
        (&json!(54), &json!(20_000), &json!(0))
    );
    scene.both(|server| server.mines(1));
    scene.look();
    let order = scene.order();
    assert_eq!((&order["status"], &order["crypto_confirmations"]), (&json!(100), &json!(1)));
    assert_eq!(scene.told(), ["order:created", "order:updated", "order:updated", "order:paid"]);
    world.web.forget();
    world.live_through(50 * MINUTE);
    assert_eq!(scene.asked(), 0, "what is paid is looked at rarely");
    scene.both(|server| server.mines(5));
    world.live_through(20 * MINUTE);
    assert_eq!((scene.asked(), &scene.order()["crypto_confirmations"]), (1, &json!(6)));
    world.live_through(2 * DAY);
    assert_eq!(scene.asked(), 1, "what six blocks bury is not looked at any more");
    assert_eq!(world.db.one("SELECT sync_lease FROM orders"), "null");
    assert_eq!(world.db.rows_in("webhook_logs"), 4, "and nobody was told of its confirmations");
}

#[test]
fn a_payment_in_two_parts_is_partial_first() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    scene.sees(1, 12_000);
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (53, &json!(12_000)));
    scene.both(|server| server.mines(3));
    scene.look();
    assert_eq!(scene.status(), 53);
    scene.sees(2, 8_000);
    scene.look();
    let order = scene.order();
    assert_eq!(
        (&order["status"], &order["crypto_received"], &order["crypto_confirmations"]),
        (&json!(54), &json!(20_000), &json!(0))
    );
    scene.both(|server| server.mines(1));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_confirmations"]), (100, &json!(1)), "the lowest of both");
}

#[test]
fn half_a_percent_may_be_missing_and_no_more() {
    for (value, status) in [(20_000, 54), (19_900, 54), (19_899, 53), (1, 53), (20_001, 54), (40_000, 54)] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        scene.sees(1, value);
        scene.look();
        assert_eq!(scene.status(), status, "{value}");
    }
}

#[test]
fn a_double_spend_takes_an_unconfirmed_payment_back() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let txid = scene.sees(1, 20_000);
    scene.look();
    assert_eq!(scene.status(), 54);
    scene.both(|server| server.loses(&txid));
    scene.look();
    let order = scene.order();
    assert_eq!((&order["status"], &order["crypto_received"]), (&json!(0), &json!(0)));
    scene.sees(2, 20_000);
    scene.both(|server| server.mines(1));
    scene.look();
    assert_eq!(scene.status(), 100, "a bumped fee is another transaction");
    assert_eq!(world.db.rows_in("transactions"), 2, "both stay on record");
}

#[test]
fn a_reorganisation_takes_confirmations_back_and_the_payment_waits_again() {
    let world = World::new();
    let scene = Scene::new(&world, json!({"confirmations": 3}));
    let txid = scene.sees(1, 20_000);
    scene.both(|server| server.mines(2));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_confirmations"]), (54, &json!(2)));
    scene.both(|server| server.unconfirms(&txid));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_confirmations"]), (54, &json!(0)));
    scene.both(|server| server.mines(3));
    scene.look();
    assert_eq!(scene.status(), 100);
}

#[test]
fn a_paid_order_stays_paid_whatever_the_chain_does() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let txid = scene.sees(1, 20_000);
    scene.both(|server| server.mines(1));
    let message = world.queue.waiting().into_iter().map(|(_, text)| text).find(|text| text.contains("sync")).unwrap();
    scene.look();
    assert_eq!(scene.status(), 100);
    // Its block is reorganised away, and it waits for another one.
    scene.both(|server| server.unconfirms(&txid));
    // The queue delivers a message twice now and then.
    world.queue.put(message, 0);
    world.live_through(2 * HOUR);
    assert_eq!((scene.status(), &scene.order()["crypto_confirmations"]), (100, &json!(0)));
    assert_eq!(scene.told(), ["order:created", "order:updated", "order:paid"], "it is still there");
    // Then it is gone: paid is what it was, and what it is called now is reversed. It is never waited for again.
    scene.both(|server| server.loses(&txid));
    world.live_through(2 * HOUR);
    let order = scene.order();
    assert_eq!((&order["status"], &order["exceptions"]), (&json!(51), &json!(["vanished"])));
    let paid_at = world.db.one("SELECT paid_at FROM orders");
    assert_eq!(scene.told()[3..], ["order:updated"]);
    scene.sees(1, 20_000);
    world.live_through(2 * HOUR);
    assert_eq!(scene.status(), 51, "back, but in no block");
    scene.both(|server| server.mines(1));
    world.live_through(2 * HOUR);
    assert_eq!((scene.status(), &scene.order()["exceptions"]), (100, &json!([])));
    assert_eq!(scene.told()[4..], ["order:updated"; 2], "back, and deep enough; nobody is told twice that it is paid");
    assert_eq!(world.db.one("SELECT paid_at FROM orders"), paid_at);
}

fn moods() -> Vec<(&'static str, Mood)> {
    let txid = "ab".repeat(32);
    let tell = |transactions: Value| Mood::Tells(transactions.to_string());
    let paid = |value: Value| json!([{"txid": txid, "vout": [{"scriptpubkey_address": "@", "value": value}], "status": {"confirmed": false}}]);
    let status = |status: Value| json!([{"txid": txid, "vout": [], "status": status}]);
    vec![
        ("a dead name", Mood::Silent(FetchError::Dns)),
        ("a timeout", Mood::Silent(FetchError::Timeout)),
        ("no TLS", Mood::Silent(FetchError::Tls)),
        ("500", Mood::Says(500, b"Internal Server Error".to_vec())),
        ("429", Mood::Says(429, b"Too Many Requests".to_vec())),
        ("a redirect", Mood::Says(302, Vec::new())),
        ("an empty answer", Mood::Says(200, Vec::new())),
        ("HTML", Mood::Says(200, b"<html>Checking your browser</html>".to_vec())),
        ("a negative tip", Mood::Says(200, b"-1".to_vec())),
        ("not UTF-8", Mood::Says(200, b"\xff\xff".to_vec())),
        ("3 MB", Mood::Tells("[".repeat(3 << 20))),
        ("a list that is cut off", Mood::Tells("[{\"txid\":\"ab".into())),
        ("an object", tell(json!({}))),
        ("a list of numbers", tell(json!([1, 2]))),
        ("a short txid", tell(json!([{"txid": "abc", "vout": [], "status": {"confirmed": false}}]))),
        ("no outputs", tell(json!([{"txid": txid, "status": {"confirmed": false}}]))),
        ("a confirmed one without height", tell(status(json!({"confirmed": true})))),
        ("a height that is a text", tell(status(json!({"confirmed": true, "block_height": "7"})))),
        ("a negative value", tell(paid(json!(-5)))),
        ("a fraction", tell(paid(json!(0.5)))),
        ("an exponent", tell(paid(json!("1e5")))),
    ]
}

#[test]
fn what_one_server_cannot_say_the_next_is_asked() {
    for (name, mood) in moods() {
        for broken in 0..2 {
            let world = World::new();
            let scene = Scene::new(&world, json!({}));
            let mood = with_address(&mood, &scene.address);
            scene.servers[broken].is(mood);
            scene.servers[1 - broken].sees(1, &scene.address, 20_000);
            scene.look();
            assert_eq!(scene.status(), 54, "{name} at server {broken}");
        }
    }
}

/// The order's own address in the place of the `@`.
fn with_address(mood: &Mood, address: &str) -> Mood {
    match mood {
        Mood::Tells(text) => Mood::Tells(text.replace('@', address)),
        other => other.clone(),
    }
}

#[test]
fn a_look_that_fails_changes_nothing_and_loses_nothing() {
    for (name, mood) in moods() {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        scene.sees(1, 12_000);
        scene.look();
        let facts = scene.facts();
        let mood = with_address(&mood, &scene.address);
        scene.both(|server| server.is(mood.clone()));
        world.live_through(10 * MINUTE);
        assert_eq!(scene.facts(), facts, "{name}");
        scene.both(|server| server.is(Mood::Well));
        scene.sees(2, 8_000);
        scene.both(|server| server.mines(1));
        world.live_through(MINUTE);
        assert_eq!(scene.status(), 100, "{name}: the chain of looks goes on");
    }
}

/// Both servers say that the chain is so high and that a transaction at this height pays so much.
fn claim(scene: &Scene<'_>, tip: &'static str, height: Value, value: Value) {
    let transactions = json!([{
        "txid": "ab".repeat(32), "vout": [{"scriptpubkey_address": scene.address, "value": value}],
        "status": {"confirmed": !height.is_null(), "block_height": height},
    }]);
    for base in ["https://one.chain.example/api", "https://two.chain.example/api"] {
        let body = transactions.to_string();
        let says = move |sent: &Sent| answer(200, if sent.url.ends_with("/height") { tip } else { &body });
        scene.world.web.on(base, says);
    }
}

#[test]
fn more_coins_than_there_will_ever_be_are_not_believed() {
    for value in [8_400_000_000_000_001, 1 << 53, (1 << 53) + 1, 1 << 60, i64::MAX as u64 + 1, u64::MAX] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        let facts = scene.facts();
        claim(&scene, "800000", json!(800_000), json!(value));
        scene.look();
        scene.grace.get(&format!("/orders/{}", scene.id)).expect(200);
        scene.grace.get("/orders").expect(200);
        assert_eq!(scene.facts(), facts, "{value}");
    }
}

#[test]
fn a_height_at_the_end_of_its_range_breaks_nothing() {
    for (tip, height) in
        [("4294967295", 800_000_u32), ("4294967295", u32::MAX), ("4294967294", u32::MAX), ("1", u32::MAX)]
    {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        claim(&scene, tip, json!(height), json!(20_000));
        scene.look();
        scene.grace.get(&format!("/orders/{}", scene.id)).expect(200);
    }
}

#[test]
fn outputs_to_others_are_not_counted_and_two_to_us_are() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let ours = |value: u64| json!({"scriptpubkey_address": scene.address, "value": value});
    let transactions = json!([{
        "txid": "cd".repeat(32), "status": {"confirmed": true, "block_height": 800_000},
        "vout": [ours(11_000), {"scriptpubkey_address": "bc1qother", "value": 1_000_000}, {"value": 5}, ours(9_000)],
    }]);
    scene.both(|server| server.is(Mood::Tells(transactions.to_string())));
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (100, &json!(20_000)));
    let outputs = world.db.query("SELECT vout, value FROM transactions ORDER BY vout");
    assert_eq!(outputs, [["0", "11000"], ["3", "9000"]]);
}

#[test]
fn coins_that_came_before_the_order_pay_nothing() {
    for (age, status) in [(30 * DAY, 0), (3 * HOUR, 0), (HOUR, 100), (0, 100)] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        let txid = scene.sees(1, 20_000);
        scene.both(|server| server.mines(1));
        scene.both(|server| server.ages(&txid, age));
        scene.look();
        // Miners' clocks may be two hours off: what is younger than that counts.
        assert_eq!(scene.status(), status, "{age}");
    }
}

#[test]
fn a_payment_in_many_pieces_is_counted_whole_across_the_pages() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    for name in 0..60 {
        scene.sees(name, 400);
        if name % 20 == 19 {
            scene.both(|server| server.mines(1));
        }
    }
    scene.look();
    assert_eq!((scene.status(), &scene.order()["crypto_received"]), (100, &json!(24_000)));
}

#[test]
fn the_same_sighting_as_often_as_it_comes_tells_of_it_once() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    scene.sees(1, 20_000);
    scene.both(|server| server.mines(1));
    let message = world.queue.waiting().into_iter().map(|(_, text)| text).find(|text| text.contains("sync")).unwrap();
    for _ in 0..5 {
        world.queue.put(message.clone(), 0);
    }
    world.run_jobs();
    world.live_through(HOUR);
    assert_eq!(scene.told(), ["order:created", "order:updated", "order:paid"]);
    assert_eq!(world.db.rows_in("webhook_logs"), 3);
    assert!(world.live.told().is_empty(), "an order without a page has nobody to tell");
}

#[test]
fn a_look_whose_commit_breaks_is_repeated_and_tells_once() {
    for landed in [Landed::No, Landed::Yes] {
        let world = World::new();
        let scene = Scene::new(&world, json!({}));
        scene.sees(1, 20_000);
        scene.both(|server| server.mines(1));
        world.run_jobs();
        world.advance(15 * SECOND);
        world.db.break_commit(1, landed);
        world.run_jobs();
        assert!(world.log.text().contains("queue.job_failed"), "{landed:?}");
        world.live_through(10 * MINUTE);
        assert_eq!(scene.status(), 100, "{landed:?}");
        assert_eq!(scene.told(), ["order:created", "order:updated", "order:paid"], "{landed:?}");
    }
}
