//! What things cost in database round trips, warm: where a seller or a buyer waits, each trip is a fifth of a second to
//! somebody on the other side of the world.

use serde_json::json;

use crate::{
    actors::payment,
    gateway::ethereum::payment::Scene,
    world::{Counts, MINUTE, SECOND, WEI, World},
};

#[test]
fn reading_an_order_is_one_trip_and_a_list_is_one() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    let one = Counts { reads: 1, ..Counts::default() };
    for path in [format!("/orders/{id}"), "/orders".into(), "/orders?page=2".into(), "/webhooks/logs".into()] {
        let (counts, _) = world.count(|| ada.get(&path).expect(200));
        assert_eq!(Counts { statements: 0, ..counts }, one, "{path}");
        assert!(counts.statements <= 2, "{path}: {counts:?}");
    }
    for path in ["/account", "/webhooks/endpoints"] {
        assert_eq!(world.trips(|| ada.get(path).expect(200)), 1, "{path}");
    }
}

#[test]
fn a_page_costs_the_same_however_deep_it_lies_and_however_much_was_replied() {
    let world = World::new();
    let ada = world.seller();
    let ask = || {
        let fields = json!({"subject": "?", "email": "bob@example.com", "message": "?"});
        ada.post("/queries", fields).expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let reply = |id: &str| ada.post(&format!("/queries/{id}/reply"), json!({"message": "!"})).expect(201);
    let say = || {
        let id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
        ada.simulate(&id, "exact", 1);
        ada.post("/feedbacks", json!({"order_id": id, "stars": 5})).expect(201);
    };
    let steps = |path: &str| {
        let before = world.db.steps();
        assert_eq!(ada.get(path).expect(200).json().as_array().unwrap().len(), 20, "{path}");
        world.db.steps() - before
    };
    let ids: Vec<String> = (0..20).map(|_| ask()).collect();
    for id in &ids {
        reply(id);
        say();
    }
    let (queries, feedbacks) = (steps("/queries"), steps("/feedbacks"));
    for id in &ids {
        (0..15).for_each(|_| drop(reply(id)));
    }
    assert_eq!(steps("/queries"), queries, "of each query one reply is read");
    for _ in 0..100 {
        reply(&ask());
        say();
    }
    for page in [1, 3, 6] {
        assert_eq!(steps(&format!("/queries?page={page}")), queries);
        assert_eq!(steps(&format!("/feedbacks?page={page}")), feedbacks);
    }
    // A row that is read costs some forty steps: no page reads many that it doesn't show.
    assert!(queries < 20 * 80 && feedbacks < 20 * 40, "{queries} {feedbacks}");
}

#[test]
fn a_payment_link_costs_one_trip_and_an_order_without_a_page_two() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    assert_eq!(world.trips(|| ada.link(json!({}))), 1);
    assert_eq!(world.trips(|| ada.white_label(json!({}))), 2);
    assert_eq!(
        world.trips(|| ada.post("/pay", payment(json!({"value": "NaN"}))).expect(400)),
        0,
        "bad input costs none"
    );
    let link = ada.link(json!({}));
    assert_eq!(world.trips(|| ada.delete(&format!("/pay/{}", link.id)).expect(204)), 1);
}

#[test]
fn a_pay_page_is_painted_without_a_trip_and_its_order_is_made_in_two() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    let link = ada.link(json!({}));
    let buyer = world.buyer();
    let (counts, _) = world.count(|| buyer.get(&link.path).expect(200));
    assert_eq!(counts, Counts::default(), "nobody is asked for anything");
    assert_eq!(world.trips(|| buyer.post(&link.path, "").expect(303)), 2);
    assert_eq!(world.trips(|| buyer.get(&link.order()).expect(200)), 1);
    assert_eq!(world.trips(|| buyer.post(&link.path, "").expect(303)), 1, "starting again finds the order");
    assert_eq!(world.trips(|| buyer.get("/pay/0000/x").expect(404)), 0);
    assert_eq!(
        world.trips(|| buyer.get(&format!("{}x", link.path)).expect(404)),
        0,
        "guessing tokens costs us nothing"
    );
}

#[test]
fn a_look_that_sees_nothing_new_is_one_trip_and_one_that_does_is_two() {
    let world = World::new();
    let [one, two] = world.esploras();
    let grace = world.live_seller();
    let order = grace.white_label(json!({}));
    let look = || {
        world.advance(15 * SECOND);
        world.trips(|| world.run_jobs())
    };
    assert_eq!(look(), 1);
    let address = order["crypto_address"].as_str().unwrap();
    for server in [&one, &two] {
        server.sees(1, address, 20_000);
    }
    assert_eq!(look(), 2);
    assert_eq!(look(), 1);
}

/// Trips to D1 and requests to nodes of six orders' looks: at an unmoved chain, at one that has grown, when five of them were paid, and
/// when nothing came since. (Seen in their blocks, three of the five are paid for good by then.) What came in the last blocks,
/// which may be replaced, is read once more; and where a payment is found, whether it is another order's is one trip more.
#[test]
fn a_look_for_ether_is_as_many_trips_as_one_for_bitcoin_and_few_requests() {
    let cases = [("xpub", [[6, 6], [6, 6], [11, 6], [6, 6]]), ("address", [[6, 6], [6, 6], [16, 29], [3, 10]])];
    for (wallet, expected) in cases {
        let world = World::new();
        let scene = if wallet == "xpub" { Scene::with_key(&world) } else { Scene::with_address(&world) };
        let links = [(); 5].map(|()| scene.order());
        let (counts, _) = world.count(|| scene.grace.white_label(json!({"gateway": "Ethereum"})));
        assert_eq!([counts.reads + counts.commits, counts.fetches], [2, 1], "what is there before is asked once");
        let look = || {
            world.advance(15 * SECOND);
            let (counts, _) = world.count(|| world.run_jobs());
            [counts.reads + counts.commits, counts.fetches]
        };
        let still = look();
        scene.both(|node| node.mines(1));
        let grown = look();
        for (link, name) in links.iter().zip(1..) {
            let order = scene.grace.order(&link.order_id);
            let address = order["crypto_address"].as_str().unwrap().to_owned();
            scene.both(|node| node.pays(name, &address, scene.value(link) * WEI));
        }
        let paid = look();
        world.advance(MINUTE);
        let after = look();
        assert_eq!([still, grown, paid, after], expected, "{wallet}");
    }
}

#[test]
fn a_batch_of_deliveries_is_two_trips_however_many_it_holds() {
    let world = World::new();
    world.web.says("https://hooks.example/", 200);
    let ada = world.seller();
    for n in 0..5 {
        ada.endpoint(&format!("https://hooks.example/{n}"), &["order:created"]);
    }
    for _ in 0..4 {
        ada.white_label(json!({}));
    }
    let (counts, delivered) = world.count(|| world.run_jobs());
    assert_eq!((delivered, counts.fetches), (20, 20));
    assert_eq!((counts.reads, counts.commits), (1, 1));
}

#[test]
fn rates_are_asked_for_once_for_many_quotes() {
    let world = World::new();
    let grace = world.live_seller();
    let (counts, _) = world.count(|| {
        for _ in 0..5 {
            grace.white_label(json!({}));
        }
    });
    assert_eq!(counts.fetches, 3, "two sources and the bank");
    let ada = world.seller();
    let (counts, _) = world.count(|| ada.white_label(json!({})));
    assert_eq!(counts.fetches, 0, "a test account asks nobody");
}

#[test]
fn a_minute_in_which_nothing_is_due_costs_one_trip_a_shard_and_asks_nobody() {
    let world = World::new();
    world.seller();
    let (counts, _) = world.count(|| world.cron());
    assert_eq!(Counts { statements: 0, ..counts }, Counts { commits: 3, ..Counts::default() });
}

#[test]
fn no_more_than_six_requests_wait_for_their_answers_at_once() {
    let world = World::new();
    world.esploras();
    world.web.says("https://hooks.example/", 200);
    let grace = world.live_seller();
    grace.endpoint("https://hooks.example/", &["order:created"]);
    for _ in 0..20 {
        grace.white_label(json!({}));
    }
    world.advance(15 * SECOND);
    world.web.interleaves.set(true);
    world.run_jobs();
    assert_eq!(world.web.sent_to("https://hooks.example/").len(), 20);
    // A seventh would stand in line at the platform while its own time runs.
    assert!((4..=6).contains(&world.web.most_waiting()), "{}", world.web.most_waiting());
}
