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
    assert_eq!(purchase::stock(&ada, &keys), 1, "it holds its goods while somebody looks at it");
    let uses = || ada.get("/coupons").json()[0]["uses"].clone();
    assert_eq!(uses(), 1);
    storefront::buy(&world.buyer(), &keys, "coupon=all").expect(303);
    let second = newest_order(&world);
    assert_eq!((purchase::stock(&ada, &keys), uses()), (json!(0), json!(2)));
    world.advance(13 * DAY);
    assert_eq!((purchase::stock(&ada, &keys), uses()), (json!(0), json!(2)));
    for (order, goods) in [(&order, "A"), (&second, "B")] {
        ada.post(&format!("/orders/{order}/complete"), json!({})).expect(200);
        assert_eq!(ada.order(order)["delivered"], goods);
    }
    purchase::is_whole(&world);
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

/// An order in review for one of two keys, and its page.
fn held(world: &World) -> (crate::actors::Seller<'_>, String, String) {
    let ada = storefront::shop(world);
    let keys = purchase::product(&ada, json!({"info": "A,B", "max_risk_level": 10, "crypto_confirmations": 2}));
    world.list("vpn", "203.0.113.7\n");
    let path = storefront::buy(&world.buyer(), &keys, "").expect(303).header("location").unwrap().to_owned();
    let order = newest_order(world);
    assert_eq!(ada.status(&order), 52);
    (ada, order, path)
}

#[test]
fn an_approved_order_goes_on_as_any_other() {
    let world = World::new();
    let (ada, order, path) = held(&world);
    ada.endpoint("https://ada.example/hook", &["order:updated", "order:paid"]);
    world.web.says("https://ada.example/hook", 200);
    let approved = ada.post(&format!("/orders/{order}/approve"), json!({"note": "I know Bob"})).expect(200).json();
    assert_eq!((&approved["status"], &approved["delivered"]), (&json!(0), &json!(null)));
    let (heading, page) = world.buyer().page(&path);
    assert_eq!(heading, "Waiting for payment");
    assert!(!page.contains("looks at this order"), "{page}");
    let history = ada.get(&format!("/orders/{order}/history")).expect(200).json();
    let line = &history[0];
    assert_eq!(
        (&line["from"], &line["to"], &line["by"], &line["action"], &line["note"]),
        (&json!(52), &json!(0), &json!("seller"), &json!("approve"), &json!("I know Bob"))
    );
    ada.simulate(&order, "exact", 2);
    assert_eq!((ada.status(&order), &ada.order(&order)["delivered"]), (100, &json!("A")));
    let told: Vec<_> = ada.logs().iter().rev().map(|log| log["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.first().map(String::as_str), Some("order:updated"));
    assert_eq!(told.iter().filter(|event| *event == "order:paid").count(), 1);
    assert_eq!(risk(&ada, &order)["outcome"], "review", "the reasons stay");
    purchase::is_whole(&world);
}

#[test]
fn an_approved_order_is_what_its_payment_makes_of_it() {
    for (paid, confirmations, status, delivered) in [
        (None, 0, 0, json!(null)),
        (Some("partial"), 1, 53, json!(null)),
        (Some("exact"), 1, 54, json!(null)),
        (Some("exact"), 2, 100, json!("A")),
        (Some("over"), 2, 100, json!("A")),
    ] {
        let world = World::new();
        let (ada, order, _) = held(&world);
        if let Some(paid) = paid {
            ada.simulate(&order, paid, confirmations);
        }
        assert_eq!(ada.status(&order), 52, "{paid:?}");
        ada.post(&format!("/orders/{order}/approve"), json!({})).expect(200);
        let after = ada.order(&order);
        assert_eq!((&after["status"], &after["delivered"]), (&json!(status), &delivered), "{paid:?}");
        purchase::is_whole(&world);
        if status == 54 {
            ada.mine(1);
            assert_eq!(ada.order(&order)["delivered"], "A", "its syncs go on");
        }
    }
}

#[test]
fn long_after_its_syncs_have_ended_an_approved_payment_is_still_confirmed() {
    let world = World::new();
    let (ada, order, _) = held(&world);
    ada.simulate(&order, "exact", 1);
    world.db.change("UPDATE orders SET sync_lease = NULL");
    ada.post(&format!("/orders/{order}/approve"), json!({})).expect(200);
    assert_ne!(world.db.one("SELECT sync_lease IS NULL FROM orders"), "1");
}

#[test]
fn what_costs_nothing_is_delivered_once_it_is_approved() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let keys = purchase::product(&ada, json!({"info": "A,B", "max_risk_level": 10}));
    ada.post("/coupons", json!({"code": "ALL", "discount": "100", "discount_type": "percent"})).expect(201);
    world.list("vpn", "203.0.113.7\n");
    storefront::buy(&world.buyer(), &keys, "coupon=all").expect(303);
    let order = newest_order(&world);
    ada.post(&format!("/orders/{order}/approve"), json!({})).expect(200);
    assert_eq!((ada.status(&order), &ada.order(&order)["delivered"]), (100, &json!("A")));
}

#[test]
fn only_orders_in_review_are_approved_and_each_once() {
    let world = World::new();
    let (ada, order, _) = held(&world);
    let path = format!("/orders/{order}/approve");
    assert_eq!(
        ada.post(&path, json!({"note": "x".repeat(1_001)})).expect(400).errors(),
        ["Note is too long (maximum is 1000 characters)"]
    );
    let ask = || ada.ask("POST", &path).header("idempotency-key", "once").body("{}").send();
    let first = ask().expect(200).text();
    assert_eq!(ask().expect(200).text(), first, "under one key it is one approval");
    assert_eq!(ada.post(&path, json!({})).expect(409).json()["message"], "Order is not in review");
    let bob = world.seller_named("bob@example.com", true);
    bob.post(&path, json!({})).expect(404);
}

#[test]
fn orders_in_review_count_among_those_that_wait_for_coins() {
    let world = World::new();
    let (ada, order, _) = held(&world);
    assert_eq!(
        world.db.query(
            "SELECT status FROM orders INDEXED BY orders_unpaid WHERE status IN (0, 52) AND crypto_index IS NOT NULL"
        ),
        [["52".to_owned()]]
    );
    ada.post(&format!("/orders/{order}/approve"), json!({})).expect(200);
}
