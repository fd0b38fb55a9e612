//! Signals, and what they add.

use serde_json::{Value, json};

use super::{at, newest_order, risk, shop};
use crate::{
    purchase, storefront,
    world::{DAY, MINUTE, World},
};

/// The signals that are raised.
fn raised(risk: &Value) -> Vec<String> {
    let signals = risk["signals"].as_array().expect("a list").iter();
    signals
        .filter(|signal| signal["raised"] == true)
        .map(|signal| signal["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_the_lists_say_of_an_address_or_a_domain_adds_up() {
    let world = World::new();
    let (ada, product) = shop(&world);
    ada.put(&format!("/products/{product}"), json!({"max_risk_level": 100})).expect(200);
    world.list("tor", "203.0.113.7\n");
    world.list("vpn", "203.0.113.0/25\n");
    world.list("hosting", "203.0.112.0/23\n");
    world.list("disposable", "vanishes.example\n");
    storefront::buy(&world.buyer(), &product, "email=bob@mail.vanishes.example").expect(303);
    let risk = risk(&ada, &newest_order(&world));
    assert_eq!(raised(&risk), ["tor", "vpn", "hosting", "disposable_email"]);
    assert_eq!(risk["risk_level"], 100, "50 + 25 + 20 + 35, and never more than 100");
}

#[test]
fn an_e_mail_of_another_country_adds_a_little() {
    let world = World::new();
    let (ada, product) = shop(&world);
    storefront::buy(&world.buyer(), &product, "email=bob@example.de").expect(303);
    let mismatch = risk(&ada, &newest_order(&world));
    assert_eq!((raised(&mismatch), &mismatch["risk_level"]), (vec!["country_mismatch".to_owned()], &json!(10)));
    world.advance(1);
    storefront::buy(&world.buyer(), &product, "email=bob@example.se").expect(303);
    assert_eq!(raised(&risk(&ada, &newest_order(&world))), [""; 0]);
}

#[test]
fn many_attempts_within_ten_minutes_are_seen_of_an_e_mail_and_of_a_network() {
    let world = World::new();
    let (ada, product) = shop(&world);
    let attempt = |email: &str, ip: &str| {
        world.advance(1);
        purchase::buy(&ada, &product, json!({"email": email, "ip_address": ip})).expect(201);
        raised(&risk(&ada, &newest_order(&world)))
    };
    for n in 0..3 {
        assert_eq!(attempt("carl@example.com", &format!("203.0.113.{n}")), [""; 0], "{n}");
    }
    assert_eq!(attempt("Carl@Example.com", "203.0.113.9"), ["email_velocity"]);
    world.advance(10 * MINUTE);
    assert_eq!(attempt("carl@example.com", "203.0.113.10"), [""; 0]);

    for n in 0..5 {
        assert_eq!(attempt(&format!("dora{n}@example.com"), &format!("2001:db8::{n}")), [""; 0], "{n}");
    }
    assert_eq!(attempt("dora9@example.com", "2001:db8::ffff"), ["ip_velocity"], "64 bits are one network");
    assert_eq!(attempt("dora8@example.com", "2001:db8:0:1::1"), [""; 0]);
    world.advance(DAY);
    assert_eq!(attempt("dora9@example.com", "2001:db8::1"), [""; 0]);
}

#[test]
fn refused_attempts_count_for_their_network() {
    let world = World::new();
    let (ada, product) = shop(&world);
    super::block(&ada, 1, "*@example.net");
    for n in 0..5 {
        let buyer = world.buyer();
        let page = buyer.get(&format!("/product/{product}")).expect(200);
        let form = format!("once={}&quantity=1&email=x{n}@example.net&gateway=bitcoin", storefront::once(&page));
        at(&buyer, &format!("/product/{product}"), &form, "203.0.113.7", Some("SE")).expect(403);
    }
    purchase::buy(&ada, &product, json!({"ip_address": "203.0.113.7"})).expect(201);
    assert_eq!(raised(&risk(&ada, &newest_order(&world))), ["ip_velocity"]);
}

#[test]
fn a_buyer_who_took_money_back_is_remembered() {
    let world = World::new();
    let (ada, product) = shop(&world);
    purchase::buy(&ada, &product, json!({})).expect(201);
    world.db.change("UPDATE orders SET status = 51");
    world.advance(DAY);
    purchase::buy(&ada, &product, json!({"email": "BOB@example.com"})).expect(201);
    let order = newest_order(&world);
    let risk = risk(&ada, &order);
    assert_eq!(raised(&risk), ["past_disputes"]);
    assert_eq!((ada.status(&order), &risk["risk_level"]), (52, &json!(60)));
    assert_eq!(risk["facts"]["customer"]["disputed_count"], 1);
}

#[test]
fn weights_are_the_sellers_to_change() {
    let world = World::new();
    let (ada, product) = shop(&world);
    world.list("vpn", "203.0.113.7\n");
    let weights = |fields: Value| ada.put("/account", json!({"risk_weights": fields}));
    assert_eq!(ada.get("/account").expect(200).json()["risk_weights"]["vpn"], 25);
    let after = weights(json!({"vpn": 3, "tor": 90})).expect(200).json()["risk_weights"].clone();
    assert_eq!((&after["vpn"], &after["tor"], &after["hosting"]), (&json!(3), &json!(90), &json!(20)));
    storefront::buy(&world.buyer(), &product, "").expect(303);
    assert_eq!(risk(&ada, &newest_order(&world))["risk_level"], 3);
    let after = weights(json!({"vpn": null})).expect(200).json()["risk_weights"].clone();
    assert_eq!((&after["vpn"], &after["tor"]), (&json!(25), &json!(90)));
    assert_eq!(ada.put("/account", json!({"risk_weights": null})).expect(200).json()["risk_weights"]["tor"], 50);
    assert_eq!(
        weights(json!({"vpn": 101, "tor": "x", "age": 1})).expect(400).errors(),
        [
            "Risk weights \"age\" is no signal",
            "Risk weights tor is not a number",
            "Risk weights vpn must be less than or equal to 100",
        ]
    );
    assert_eq!(
        ada.put("/account", json!({"risk_weights": [1]})).expect(400).errors(),
        ["Risk weights must be an object"]
    );
}
