//! How often the hosted checkout may be asked, and how often it asks a gateway while a buyer waits.

use serde_json::json;

use crate::{
    actors::Link,
    world::{CLIENT_ID, CLIENT_SECRET, MINUTE, SECOND, WEBHOOK_ID, World},
};

fn open(world: &World, method: &str, path: &str, address: &str) -> u16 {
    world.ask(method, path).header("cf-connecting-ip", address).send().status()
}

fn link(world: &World) -> Link {
    let link = world.seller().link(json!({}));
    world.buyer().start(&link);
    world.run_jobs();
    world.advance(MINUTE);
    link
}

#[test]
fn a_page_may_be_opened_so_often_by_an_address_and_is_free_to_refuse() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "300")]);
    let link = link(&world);
    let mut statuses = Vec::new();
    let trips = world.trips(|| {
        for _ in 0..400 {
            statuses.push(open(&world, "GET", &link.order(), "192.0.2.1"));
        }
    });
    let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(200), count(429), trips), (300, 100, 300));
    for (method, path) in [("POST", &link.path), ("GET", &link.path), ("POST", &link.order())] {
        let reply = world.ask(method, path).header("cf-connecting-ip", "192.0.2.1").send().expect(429);
        assert!(reply.text().contains("This page was opened too often"));
        assert!(reply.header("retry-after").is_some() && reply.header("content-security-policy").is_some());
    }
    world.advance(MINUTE);
    assert_eq!(open(&world, "GET", &link.order(), "192.0.2.1"), 200);
}

#[test]
fn many_addresses_share_what_a_payment_has_and_other_payments_are_as_open_as_before() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "30")]);
    let ada = world.seller();
    let [link, other] = [(); 2].map(|()| ada.link(json!({})));
    for each in [&link, &other] {
        world.buyer().start(each);
    }
    world.advance(MINUTE);
    let from = |n: usize| format!("192.0.2.{n}");
    for n in 0..40 {
        // Who doesn't have the token uses nothing up.
        assert_eq!(open(&world, "GET", &format!("{}x", link.path), &from(100 + n)), 404);
    }
    let statuses: Vec<u16> = (0..40).map(|n| open(&world, "GET", &link.order(), &from(n))).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 30);
    assert_eq!(open(&world, "GET", &other.order(), &from(1)), 200);
    ada.get("/account").expect(200);
    // A limit that doesn't answer refuses no buyer.
    world.limits.broken.set(true);
    assert_eq!(open(&world, "GET", &link.order(), &from(1)), 200);
}

#[test]
fn buyers_who_come_back_make_one_look_in_five_seconds() {
    let world = World::new();
    let paypal = world.paypal();
    let ada = world.seller();
    let app = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "webhook_id": WEBHOOK_ID});
    ada.put("/account", json!({"gateways": {"paypal": app}})).expect(200);
    let [link, other] = [(); 2].map(|()| ada.link(json!({"gateway": "PayPal"})));
    for each in [&link, &other] {
        world.buyer().post(&each.path, "").expect(303);
    }
    world.run_jobs();
    let fetches = |link: &Link, back: &str| {
        let (counts, reply) = world.count(|| world.buyer().get(&format!("{}?back={back}", link.order())));
        reply.expect(200);
        counts.fetches
    };
    let looks: Vec<u32> = (0..200).map(|n| fetches(&link, ["x", "paid", "cancelled", ""][n % 4])).collect();
    assert_eq!((looks[0], looks.iter().sum::<u32>()), (1, 1));
    assert_eq!(fetches(&other, "paid"), 1, "another order has a look of its own");
    world.advance(4 * SECOND);
    assert_eq!(fetches(&link, "paid"), 0);
    world.advance(SECOND);
    paypal.approves();
    assert!(fetches(&other, "paid") + fetches(&link, "paid") >= 2);
    assert_eq!(fetches(&link, "paid"), 0);
}
