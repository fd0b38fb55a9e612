//! What Stripe says of a card, which is known once it has paid.

use serde_json::{Value, json};

use super::risk;
use crate::{
    actors::Link,
    gateway::stripe::session::Desk,
    purchase,
    world::{DAY, MINUTE, SECOND, World},
};

const HIGHEST: (&str, &str, &str) = ("Fp1xyzABCDEF2345", "SE", "highest");

/// Grace's shop has one product with the keys A, B and C, which is paid by card.
fn shop(world: &World) -> (Desk<'_>, String) {
    let desk = world.cards();
    let fields = json!({"info": "A,B,C", "gateways": ["stripe"]});
    let product = purchase::product(&desk.grace, fields);
    (desk, product)
}

/// Bob, in Sweden, begins to order.
fn begin(world: &World, desk: &Desk<'_>, product: &str) -> String {
    begin_as(world, desk, product, "bob@example.com")
}

fn begin_as(world: &World, desk: &Desk<'_>, product: &str, email: &str) -> String {
    let fields =
        json!({"product_id": product, "email": email, "gateway": "Stripe", "return_url": "https://grace.example/"});
    let link = Link::of(&desk.grace.post("/pay", fields).expect(201));
    world.buyer().post(&link.path, "").expect(303);
    link.order_id
}

fn cards_are(desk: &Desk<'_>, (fingerprint, country, risk): (&str, &str, &str)) {
    desk.stripe.cards_are(fingerprint, country, risk);
}

fn standing(desk: &Desk<'_>, order: &str) -> (Value, Value) {
    let order = desk.grace.order(order);
    (order["status"].clone(), order["delivered"].clone())
}

/// What each raised signal adds.
fn points(risk: &Value) -> Vec<(String, u64)> {
    let signals = risk["signals"].as_array().expect("a list").iter();
    let raised = signals.filter(|signal| signal["raised"] == true);
    raised.map(|it| (it["name"].as_str().unwrap().to_owned(), it["points"].as_u64().unwrap())).collect()
}

fn raised(risk: &Value) -> Vec<String> {
    points(risk).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_payment_that_stripe_rates_highest_waits_for_the_seller() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);
    let order = begin(&world, &desk, &product);
    let before = risk(&desk.grace, &order);
    assert_eq!((&before["outcome"], &before["card"]), (&json!("accepted"), &json!(null)));
    desk.told(desk.stripe.pay(&order));

    assert_eq!(standing(&desk, &order), (json!(52), json!(null)));
    assert_eq!(desk.grace.order(&order)["risk_level"], 60);
    let after = risk(&desk.grace, &order);
    assert_eq!(points(&after), [("stripe_highest".to_owned(), 60)]);
    assert_eq!((&after["outcome"], &after["decided_by"]["type"]), (&json!("review"), &json!("risk_level")));
    assert_eq!(after["risk_level"], 60);
    assert_eq!(after["card"], json!({"country": "SE", "risk": "highest"}));
    let told: Vec<Value> = desk.grace.logs().iter().rev().map(|log| log["event"].clone()).collect();
    assert_eq!(told, ["order:created", "order:updated"], "nobody is told that it is paid");
    purchase::is_whole(&world);

    desk.grace.post(&format!("/orders/{order}/complete"), json!({})).expect(200);
    assert_eq!(standing(&desk, &order), (json!(100), json!("A")));
    purchase::is_whole(&world);
}

#[test]
fn what_is_not_above_the_limit_is_delivered_and_its_signals_are_shown() {
    let world = World::new();
    let (desk, product) = shop(&world);
    for (card, signals) in [
        (("fp1", "SE", "normal"), vec![]),
        (("fp2", "SE", "elevated"), vec![("stripe_elevated".to_owned(), 25)]),
        (("fp3", "NG", "normal"), vec![("card_country_mismatch".to_owned(), 20)]),
    ] {
        cards_are(&desk, card);
        let order = begin(&world, &desk, &product);
        desk.told(desk.stripe.pay(&order));
        assert_eq!(standing(&desk, &order).0, 100, "{card:?}");
        assert_eq!(points(&risk(&desk.grace, &order)), signals, "{card:?}");
        assert_eq!(risk(&desk.grace, &order)["outcome"], "accepted", "{card:?}");
    }
}

#[test]
fn signals_of_a_card_add_to_those_of_the_start() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, ("fp1", "NG", "elevated"));
    let order = begin(&world, &desk, &product);
    desk.told(desk.stripe.pay(&order));
    assert_eq!(standing(&desk, &order).0, 52);
    assert_eq!(risk(&desk.grace, &order)["risk_level"], 45, "20 + 25 are more than 30");
}

#[test]
fn a_card_that_pays_four_orders_within_ten_minutes_is_fast() {
    let world = World::new();
    let (desk, _) = shop(&world);
    let product = purchase::product(&desk.grace, json!({"product_type": 4, "gateways": ["stripe"]}));
    let pay = |fingerprint: &str, n: usize| {
        world.advance(SECOND);
        desk.stripe.cards_are(fingerprint, "SE", "normal");
        let order = begin_as(&world, &desk, &product, &format!("x{n}@example.com"));
        desk.told(desk.stripe.pay(&order));
        raised(&risk(&desk.grace, &order))
    };
    for n in 0..3 {
        assert_eq!(pay("fp1", n), [""; 0], "{n}");
    }
    assert_eq!(pay("fp2", 3), [""; 0], "another card");
    assert_eq!(pay("fp1", 4), ["card_velocity"]);
    world.advance(10 * MINUTE);
    assert_eq!(pay("fp1", 5), [""; 0]);
    for n in 6..10 {
        world.advance(10 * MINUTE);
        assert_eq!(pay("fp1", n), [""; 0], "{n}");
    }
    world.advance(10 * MINUTE);
    assert_eq!(pay("fp1", 10), ["card_velocity"], "ten within a day");
    world.advance(DAY);
    assert_eq!(pay("fp1", 11), [""; 0]);
}

#[test]
fn another_account_s_payments_by_the_card_never_matter() {
    let world = World::new();
    let (desk, product) = shop(&world);
    desk.stripe.cards_are("fp1", "SE", "normal");
    for _ in 0..3 {
        let order = begin(&world, &desk, &product);
        desk.told(desk.stripe.pay(&order));
    }
    let heidi = world.cards_of(&world.seller_named("heidi@example.com", false));
    heidi.stripe.cards_are("fp1", "SE", "normal");
    let product = purchase::product(&heidi.grace, json!({"product_type": 4, "gateways": ["stripe"]}));
    let order = begin(&world, &heidi, &product);
    heidi.told(heidi.stripe.pay(&order));
    assert_eq!(raised(&risk(&heidi.grace, &order)), [""; 0]);
}

#[test]
fn what_is_told_twice_or_found_by_a_sync_is_judged_once() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);
    let order = begin(&world, &desk, &product);
    let event = desk.stripe.pay(&order);
    // The sync is first.
    world.advance(11 * MINUTE);
    world.run_jobs();
    assert_eq!(standing(&desk, &order).0, 52);
    let (seen, revision) = (risk(&desk.grace, &order), world.db.one("SELECT revision FROM orders"));
    desk.told(desk.stripe.sign(event.body));
    let paid = desk.grace.order(&order);
    assert_eq!(paid["status"], 52);
    assert_eq!((risk(&desk.grace, &order), world.db.one("SELECT revision FROM orders")), (seen, revision));
}

#[test]
fn a_later_charge_takes_the_place_of_an_earlier_one_whichever_is_heard_first() {
    for normal_first in [true, false] {
        let world = World::new();
        let (desk, product) = shop(&world);
        let order = begin(&world, &desk, &product);
        desk.stripe.cards_are("fp1", "SE", if normal_first { "normal" } else { "highest" });
        let event = desk.stripe.pay(&order);
        desk.told(event);
        let first = standing(&desk, &order).0;
        assert_eq!(first, if normal_first { json!(100) } else { json!(52) });
        world.advance(MINUTE);
        desk.stripe.cards_are("fp2", "SE", if normal_first { "highest" } else { "normal" });
        desk.told(desk.stripe.charge_again(&order));
        assert_eq!(standing(&desk, &order).0, first, "what is delivered stays, and so does a review");
        let after = risk(&desk.grace, &order);
        assert_eq!(raised(&after), ["stripe_highest"]);
        assert_eq!(world.db.one("SELECT COUNT(*) FROM movements WHERE card IS NOT NULL"), "1");
        purchase::is_whole(&world);
    }
}

#[test]
fn a_refund_of_a_held_payment_ends_it_and_nothing_is_delivered() {
    for by_hand in [true, false] {
        let world = World::new();
        let (desk, product) = shop(&world);
        cards_are(&desk, HIGHEST);
        let order = begin(&world, &desk, &product);
        desk.told(desk.stripe.pay(&order));
        if by_hand {
            desk.grace.post(&format!("/orders/{order}/refund"), json!({})).expect(200);
        } else {
            let units = desk.stripe.sessions()[0]["amount_total"].as_i64().unwrap();
            desk.told(desk.stripe.refund(&order, units, "succeeded").1);
        }
        assert_eq!(standing(&desk, &order), (json!(56), json!(null)), "by hand: {by_hand}");
        assert_eq!(world.db.one("SELECT COUNT(*) FROM holds"), "0", "its key is free");
        desk.grace.post(&format!("/orders/{order}/approve"), json!({})).expect(409);
        purchase::is_whole(&world);
    }
}

#[test]
fn paid_and_refunded_at_once_it_was_never_complete() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);
    let order = begin(&world, &desk, &product);
    desk.stripe.pay(&order);
    let units = desk.stripe.sessions()[0]["amount_total"].as_i64().unwrap();
    let (id, event) = desk.stripe.refund(&order, units, "succeeded");
    desk.told(event);
    assert_eq!(standing(&desk, &order), (json!(56), json!(null)));
    // The refund comes back: the money is here again, and so is the review.
    desk.told(desk.stripe.fail_refund(&order, &id));
    assert_eq!(standing(&desk, &order), (json!(52), json!(null)));
    purchase::is_whole(&world);
}

#[test]
fn a_dispute_that_is_won_leaves_it_in_review() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);
    let order = begin(&world, &desk, &product);
    desk.told(desk.stripe.pay(&order));
    desk.told(desk.stripe.dispute(&order, "needs_response"));
    assert_eq!(standing(&desk, &order), (json!(51), json!(null)));
    world.advance(DAY);
    desk.told(desk.stripe.close_dispute("won"));
    assert_eq!(standing(&desk, &order), (json!(52), json!(null)));
    desk.grace.post(&format!("/orders/{order}/approve"), json!({})).expect(200);
    assert_eq!(standing(&desk, &order), (json!(100), json!("A")));
}

#[test]
fn who_was_let_through_is_never_held() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);

    let completed = begin(&world, &desk, &product);
    desk.grace.post(&format!("/orders/{completed}/complete"), json!({})).expect(200);
    desk.told(desk.stripe.pay(&completed));
    assert_eq!(standing(&desk, &completed), (json!(100), json!("A")), "completed by hand before it was paid");
    assert_eq!(raised(&risk(&desk.grace, &completed)), ["stripe_highest"], "it is shown all the same");

    super::rule(&desk.grace, "allow", r#"customer.ip_address in {203.0.113.7}"#);
    let allowed = begin(&world, &desk, &product);
    desk.told(desk.stripe.pay(&allowed));
    assert_eq!(standing(&desk, &allowed), (json!(100), json!("B")), "allowed by a rule");
    let seen = risk(&desk.grace, &allowed);
    assert_eq!((&seen["outcome"], &seen["risk_level"]), (&json!("allowed"), &json!(60)));
}

#[test]
fn an_order_that_was_approved_before_its_payment_isn_t_held_by_its_card() {
    let world = World::new();
    let (desk, product) = shop(&world);
    desk.grace.put(&format!("/products/{product}"), json!({"max_risk_level": 10})).expect(200);
    world.list("vpn", "203.0.113.7\n");
    let order = begin(&world, &desk, &product);
    assert_eq!(standing(&desk, &order).0, 52);
    desk.grace.post(&format!("/orders/{order}/approve"), json!({"note": "I know Bob"})).expect(200);
    assert_eq!(standing(&desk, &order).0, 0);
    cards_are(&desk, HIGHEST);
    desk.told(desk.stripe.pay(&order));
    assert_eq!(standing(&desk, &order), (json!(100), json!("A")));
    assert_eq!(raised(&risk(&desk.grace, &order)), ["vpn", "stripe_highest"]);
}

#[test]
fn a_fingerprint_is_nowhere_in_clear() {
    let world = World::new();
    let (desk, product) = shop(&world);
    cards_are(&desk, HIGHEST);
    let order = begin(&world, &desk, &product);
    desk.told(desk.stripe.pay(&order));
    let all = format!("{:?} {} {}", world.db.dump(), risk(&desk.grace, &order), desk.grace.order(&order));
    assert!(!all.contains(HIGHEST.0));
    assert!(!world.log.text().contains(HIGHEST.0));
    assert_eq!(world.db.one("SELECT length(card) FROM movements"), "32");
}

#[test]
fn what_stripe_says_of_no_card_raises_nothing() {
    let world = World::new();
    let desk = world.cards();
    let product = purchase::product(&desk.grace, json!({"product_type": 4, "gateways": ["stripe"]}));
    for (n, said) in [
        json!({}),
        json!({"outcome": null, "payment_method_details": null}),
        json!({"outcome": {"risk_level": "not_assessed"}, "payment_method_details": {"type": "link"}}),
        json!({"outcome": {"risk_level": 7}, "payment_method_details": {"card": {"country": "Sweden", "fingerprint": ["a"]}}}),
    ]
    .into_iter()
    .enumerate()
    {
        *desk.stripe.charge.borrow_mut() = said.clone();
        let order = begin_as(&world, &desk, &product, &format!("x{n}@example.com"));
        desk.told(desk.stripe.pay(&order));
        assert_eq!(standing(&desk, &order).0, 100, "{said}");
        assert_eq!(raised(&risk(&desk.grace, &order)), [""; 0], "{said}");
        let before = world.db.one("SELECT group_concat(revision) FROM orders");
        desk.told(desk.stripe.charge_again(&order));
        assert_eq!(world.db.one("SELECT group_concat(revision) FROM orders"), before, "{said} is nothing new");
    }
}

#[test]
fn a_told_payment_is_judged_in_the_trips_that_it_takes_anyway() {
    let world = World::new();
    let desk = world.cards();
    let trips = |card: Option<(&str, &str, &str)>| {
        let link = desk.order(json!({}));
        match card {
            Some(card) => cards_are(&desk, card),
            None => *desk.stripe.charge.borrow_mut() = json!({}),
        }
        let event = desk.stripe.pay(&link.order_id);
        desk.tell(&event).expect(200);
        let (counts, _) = world.count(|| world.run_jobs());
        (counts.reads, counts.commits)
    };
    let plain = trips(None);
    assert_eq!(trips(Some(("fp1", "SE", "normal"))), plain);
}
