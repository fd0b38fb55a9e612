//! What happens to an order after it was paid: how long its coins are looked at, and what that costs.

use serde_json::json;

use crate::{
    order::sync::Scene,
    world::{DAY, HOUR, MINUTE, SECOND, World},
};

#[test]
fn an_order_is_paid_at_as_many_confirmations_as_were_asked_for() {
    for needed in 0..=6 {
        let world = World::new();
        let scene = Scene::new(&world, json!({"confirmations": needed}));
        scene.sees(1, 20_000);
        for confirmations in 0..=needed {
            scene.look();
            let order = scene.order();
            let expected = if confirmations == needed { 100 } else { 54 };
            assert_eq!(
                (&order["status"], &order["crypto_confirmations"]),
                (&json!(expected), &json!(confirmations)),
                "of {needed}"
            );
            scene.both(|server| server.mines(1));
        }
        assert_eq!(scene.told().iter().filter(|event| *event == "order:paid").count(), 1);
    }
}

#[test]
fn a_paid_order_costs_as_many_messages_and_trips_over_its_life_as_this_says() {
    let world = World::new();
    let scene = Scene::new(&world, json!({}));
    let before = |what: &str, looks: usize, trips: u32, act: &dyn Fn()| {
        let asked = scene.asked();
        assert_eq!((world.trips(act), scene.asked() - asked), (trips, looks), "{what}");
    };
    world.run_jobs();
    before("three looks see nothing", 3, 3, &|| {
        (0..3).for_each(|_| {
            world.advance(15 * SECOND);
            world.run_jobs();
        })
    });
    scene.sees(1, 20_000);
    // A look and its commit, and a delivery's two.
    before("it is seen", 1, 2 + 2, &|| {
        world.advance(15 * SECOND);
        world.run_jobs();
    });
    scene.both(|server| server.mines(1));
    before("it is confirmed: paid", 1, 2 + 2, &|| {
        world.advance(15 * SECOND);
        world.run_jobs();
    });
    // From here on its life is one message, one look and one commit, if its blocks come within an hour.
    scene.both(|server| server.mines(5));
    before("it is buried", 1, 2, &|| {
        world.advance(HOUR);
        world.run_jobs();
    });
    before("a month passes", 0, 0, &|| {
        world.advance(30 * DAY);
        world.run_jobs();
    });
    assert!(world.queue.waiting().is_empty());
}

#[test]
fn what_is_handed_out_unconfirmed_is_looked_at_soon_and_then_ever_more_rarely() {
    let world = World::new();
    let scene = Scene::new(&world, json!({"confirmations": 0}));
    scene.sees(1, 20_000);
    scene.look();
    assert_eq!(scene.status(), 100);
    let looks = |ms: i64| {
        let before = scene.asked();
        world.live_through(ms);
        scene.asked() - before
    };
    assert_eq!(looks(MINUTE), 2, "each half minute at first");
    let (first, second) = (looks(9 * MINUTE), looks(50 * MINUTE));
    assert!((4..=8).contains(&first) && (3..=6).contains(&second), "{first} {second}");
    let (first, later) = (looks(DAY), looks(13 * DAY));
    assert!((20..=28).contains(&first) && (48..=56).contains(&later), "{first} {later}");
    assert_eq!(looks(7 * DAY), 0, "no pool keeps it for longer");
    assert_eq!(scene.status(), 100, "and never seen gone, it stays what it is");
}

#[test]
fn a_test_accounts_chain_is_not_looked_at_for_ever() {
    let world = World::new();
    let ada = world.seller();
    let order = |fields| ada.white_label(fields)["id"].as_str().unwrap().to_owned();
    let [paid, seen, part, open] = [json!({}), json!({"confirmations": 3}), json!({}), json!({})].map(order);
    ada.simulate(&paid, "exact", 1);
    assert!(world.db.one(&format!("SELECT sync_lease FROM orders WHERE id = '{paid}'")) == "null", "paid: at once");
    ada.simulate(&seen, "exact", 1);
    ada.simulate(&part, "partial", 1);
    world.live_through(8 * DAY);
    assert_eq!([&seen, &part, &open].map(|id| ada.status(id)), [54, 53, 0]);
    world.live_through(2 * DAY);
    assert!(world.queue.waiting().is_empty());
    assert_eq!(world.db.one("SELECT COUNT(*) FROM orders WHERE sync_lease IS NOT NULL"), "0");
    // Its buttons work all the same.
    ada.post("/test/blocks", json!({"count": 5, "order_id": paid})).expect(201);
    assert_eq!(ada.order(&paid)["crypto_confirmations"], 6);
}
