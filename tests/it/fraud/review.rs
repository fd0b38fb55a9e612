//! Orders in review: paid as any other, and delivered by their seller.

use serde_json::json;

use super::{newest_order, risk, shop};
use crate::{
    purchase, storefront,
    world::{DAY, World},
};

#[test]
fn an_order_in_review_is_paid_and_its_goods_wait_for_its_seller() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let keys = purchase::keys(&ada, "A,B");
    ada.put(&format!("/products/{keys}"), json!({"max_risk_level": 10})).expect(200);
    world.list("vpn", "203.0.113.7\n");
    let path = storefront::buy(&world.buyer(), &keys, "").expect(303).header("location").unwrap().to_owned();
    let order = newest_order(&world);
    assert_eq!(ada.status(&order), 52);
    let (heading, page) = world.buyer().page(&path);
    assert_eq!(heading, "Waiting for payment");
    assert!(page.contains("looks at this order before handing out the goods"), "{page}");

    ada.simulate(&order, "exact", 1);
    world.advance(DAY / 24);
    let paid = ada.order(&order);
    assert_eq!((paid["status"].clone(), paid["delivered"].clone()), (json!(52), json!(null)));
    assert_ne!(paid["crypto_received"], json!(0), "the money is seen");
    let (heading, page) = world.buyer().page(&path);
    assert_eq!(heading, "Payment in review");
    assert!(page.contains("Your payment has arrived"), "{page}");

    ada.post(&format!("/orders/{order}/complete"), json!({})).expect(200);
    let done = ada.order(&order);
    assert_eq!((done["status"].clone(), done["delivered"].clone()), (json!(100), json!("A")));
    assert_eq!(risk(&ada, &order)["outcome"], "review", "the reasons stay");
    purchase::is_whole(&world);
}

#[test]
fn a_part_of_the_money_is_asked_for_as_ever() {
    let world = World::new();
    let (ada, product) = shop(&world);
    ada.put(&format!("/products/{product}"), json!({"max_risk_level": 10})).expect(200);
    world.list("vpn", "203.0.113.7\n");
    let path = storefront::buy(&world.buyer(), &product, "").expect(303).header("location").unwrap().to_owned();
    let order = newest_order(&world);
    ada.simulate(&order, "partial", 1);
    assert_eq!(ada.status(&order), 52);
    let (heading, _) = world.buyer().page(&path);
    assert!(heading.starts_with("Send "), "{heading}");
}

#[test]
fn what_costs_nothing_waits_as_well() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let keys = purchase::product(&ada, json!({"info": "A,B", "max_risk_level": 10}));
    ada.post("/coupons", json!({"code": "ALL", "discount": "100", "discount_type": "percent"})).expect(201);
    world.list("vpn", "203.0.113.7\n");
    let path = storefront::buy(&world.buyer(), &keys, "coupon=all").expect(303).header("location").unwrap().to_owned();
    let order = newest_order(&world);
    assert_eq!((ada.status(&order), ada.order(&order)["delivered"].clone()), (52, json!(null)));
    assert_eq!(world.buyer().page(&path).0, "Payment in review");
    ada.post(&format!("/orders/{order}/complete"), json!({})).expect(200);
    assert_eq!(ada.order(&order)["delivered"], "A");
}

#[test]
fn nobody_pays_for_an_order_in_review_and_its_address_goes_back() {
    let world = World::new();
    let (ada, product) = shop(&world);
    ada.put(&format!("/products/{product}"), json!({"max_risk_level": 10})).expect(200);
    world.list("vpn", "203.0.113.7\n");
    storefront::buy(&world.buyer(), &product, "").expect(303);
    let order = newest_order(&world);
    for _ in 0..10 {
        world.advance(DAY);
        world.cron();
        world.run_jobs();
    }
    assert_eq!(ada.status(&order), 52);
    assert_eq!(ada.order(&order)["crypto_address"], json!(null));
}
