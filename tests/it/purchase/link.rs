//! Links of products, which may be older than the product is now, and the addresses of orders that were refused.

use serde_json::{Value, json};

use super::{is_whole, keys, product, stock};
use crate::{
    actors::{Buyer, Seller},
    world::{DAY, World, block_on},
};

/// A link for one of the product, as a path.
fn link(seller: &Seller<'_>, product: &str, changed: Value) -> String {
    let mut fields = json!({
        "product_id": product, "gateway": "Bitcoin", "email": "bob@example.com", "return_url": "https://ada.example/",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    let url = seller.post("/pay", fields).expect(201).json()["url"].clone();
    url.as_str().expect("a url").to_owned()
}

fn start(buyer: &Buyer<'_>, link: &str) -> u16 {
    buyer.post(link, "").status()
}

#[test]
fn a_link_that_is_older_than_the_end_of_the_stock_takes_from_it() {
    let world = World::new();
    let ada = world.seller();
    let service = product(&ada, json!({"product_type": 4}));
    let links: Vec<String> = (0..3).map(|_| link(&ada, &service, json!({}))).collect();
    ada.put(&format!("/products/{service}"), json!({"stock_amount": 2})).expect(200);
    assert_eq!(links.iter().map(|link| start(&world.buyer(), link)).collect::<Vec<_>>(), [303, 303, 409]);
    assert_eq!(stock(&ada, &service), 0);
    // And without an end again nothing is taken.
    ada.put(&format!("/products/{service}"), json!({"stock_amount": null})).expect(200);
    assert_eq!(start(&world.buyer(), &links[2]), 303);
    assert_eq!(world.db.one("SELECT group_concat(held) FROM (SELECT held FROM orders ORDER BY seq)"), "1,1,0");
}

#[test]
fn a_link_whose_product_became_one_of_serials_sells_serials() {
    let world = World::new();
    let ada = world.seller();
    let service = product(&ada, json!({"product_type": 4}));
    let old = link(&ada, &service, json!({}));
    ada.put(&format!("/products/{service}"), json!({"product_type": 2, "info": "A"})).expect(200);
    assert_eq!(start(&world.buyer(), &old), 303);
    let order = world.db.one("SELECT id FROM orders");
    ada.simulate(&order, "exact", 1);
    assert_eq!(ada.order(&order)["delivered"], "A");
    is_whole(&world);
}

#[test]
fn a_link_of_a_product_that_is_gone_sells_nothing() {
    let world = World::new();
    let ada = world.seller();
    let service = product(&ada, json!({"product_type": 4}));
    let (old, started) = (link(&ada, &service, json!({})), link(&ada, &service, json!({})));
    assert_eq!(start(&world.buyer(), &started), 303);
    ada.delete(&format!("/products/{service}")).expect(204);
    assert_eq!(start(&world.buyer(), &old), 409);
    assert_eq!(start(&world.buyer(), &started), 303, "its order goes on");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM orders"), "1");
}

#[test]
fn links_of_what_is_sold_out_take_no_address() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let links: Vec<String> = (0..30).map(|_| link(&ada, &keys, json!({}))).collect();
    let started: Vec<u16> = links.iter().map(|link| start(&world.buyer(), link)).collect();
    assert_eq!(started.iter().filter(|status| **status == 303).count(), 1);
    assert_eq!(world.db.one("SELECT next_index FROM wallets WHERE gateway = 'bitcoin'"), "1");
    world.advance(DAY);
    assert_eq!(start(&world.buyer(), &links[7]), 303, "the first hold is over");
    assert_eq!(world.db.one("SELECT next_index FROM wallets WHERE gateway = 'bitcoin'"), "2");
    is_whole(&world);
}

#[test]
fn of_orders_that_come_too_late_for_the_stock_each_gives_its_address_back() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let fields = json!({"product_id": keys, "gateway": "Bitcoin", "white_label": true, "email": "bob@example.com"});
    let ask = || ada.ask("POST", "/pay").json(&fields).together();
    world.db.interleaves.set(true);
    let replies = block_on(futures_util::future::join_all((0..12).map(|_| ask())));
    world.db.interleaves.set(false);
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
    // What the refused ones took is free again, so the next orders leave no gap.
    let taken = "SELECT next_index - (SELECT COUNT(*) FROM free_addresses) FROM wallets WHERE gateway = 'bitcoin'";
    assert_eq!(world.db.one(taken), "2");
    ada.put(&format!("/products/{keys}"), json!({"info": "C"})).expect(200);
    super::order(&ada, &keys);
    assert_eq!(world.db.one(taken), "3");
    assert_eq!(world.db.one("SELECT COUNT(DISTINCT crypto_address) FROM orders"), "3");
    is_whole(&world);
}

#[test]
fn a_link_whose_every_start_was_refused_gives_its_address_back_when_it_goes() {
    let world = World::new();
    let ada = world.seller();
    let coupon = json!({"code": "ONCE", "discount": "10", "max_uses": 1});
    ada.post("/coupons", coupon).expect(201);
    let service = product(&ada, json!({"product_type": 4}));
    let (first, second) =
        (link(&ada, &service, json!({"coupon": "ONCE"})), link(&ada, &service, json!({"coupon": "ONCE"})));
    assert_eq!(start(&world.buyer(), &first), 303);
    assert_eq!(start(&world.buyer(), &second), 409, "the coupon was used up meanwhile");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM free_addresses"), "0");
    world.advance(32 * DAY);
    world.cron();
    assert_eq!(world.db.one("SELECT group_concat(address_index) FROM free_addresses"), "1");
}
