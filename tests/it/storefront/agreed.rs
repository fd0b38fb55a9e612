//! What a buyer was shown is what they are sold, and what they need not fill in isn't asked for.

use serde_json::{Value, json};

use super::{buy, hides, marks, ordered, product, send, shop, shows};
use crate::{
    actors::{Buyer, Reply, Seller},
    purchase::{self, is_whole},
    world::{Landed, World},
};

const CHANGED: &str = "The seller has changed this meanwhile.";

/// A buyer opens the page, the seller changes something, and the buyer sends the form: with all that the page had.
fn meanwhile(buyer: &Buyer<'_>, keys: &str, typed: &str, change: impl FnOnce()) -> Reply {
    let page = buyer.get(&format!("/product/{keys}")).expect(200);
    change();
    send(buyer, keys, "", &format!("{}&{typed}", marks(&page)))
}

fn puts<'a>(ada: &'a Seller<'_>, keys: &str, fields: Value) -> impl FnOnce() + 'a {
    let path = format!("/products/{keys}");
    move || drop(ada.put(&path, fields).expect(200))
}

#[test]
fn nothing_else_is_sold_than_what_the_buyer_saw() {
    for (fields, new) in [
        (json!({"price": "99.00"}), "99.00 USD"),
        (json!({"currency": "EUR"}), "10.00 EUR"),
        (json!({"title": "A box"}), "A box"),
        (json!({"product_type": 4, "info": "By hand"}), "In stock"),
        (json!({"custom": [{"name": "UID", "type": "text", "required": false}]}), "UID"),
    ] {
        let world = World::new();
        let ada = shop(&world);
        let keys = product(&ada, json!({}));
        let buyer = world.buyer();
        let page = meanwhile(&buyer, &keys, "email=eve%40example.com&quantity=1", puts(&ada, &keys, fields.clone()));
        let page = page.expect(409);
        shows(&page, &[CHANGED, new, "value=\"eve@example.com\""]);
        assert_eq!(world.db.rows_in("orders"), 0, "{fields}");
        // Who has seen it now may have it.
        ordered(send(&buyer, &keys, "", &marks(&page)));
    }
}

#[test]
fn a_discount_that_is_taken_away_is_asked_for_again() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"volume_discounts": [{"quantity": 2, "percent": "10"}]}));
    let buyer = world.buyer();
    let gone = |quantity: &str| {
        ada.put(&format!("/products/{keys}"), json!({"volume_discounts": [{"quantity": 2, "percent": "10"}]}))
            .expect(200);
        meanwhile(&buyer, &keys, quantity, puts(&ada, &keys, json!({"volume_discounts": []})))
    };
    shows(&gone("quantity=2").expect(409), &[CHANGED, "value=\"2\""]);
    ordered(gone("quantity=1"));
}

#[test]
fn other_terms_are_asked_for_again() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let terms = json!({"shop": {"terms_url": "https://ada.example/terms"}});
    let page = meanwhile(&world.buyer(), &keys, "", || drop(ada.put("/account", terms).expect(200)));
    shows(&page.expect(409), &[CHANGED, "https://ada.example/terms"]);
}

#[test]
fn what_does_not_touch_the_buyer_stops_nobody() {
    for fields in [
        json!({"description": "Another"}),
        json!({"info": "A,B,C,D"}),
        json!({"stock_warning": 1}),
        json!({"volume_discounts": [{"quantity": 2, "percent": "10"}]}),
    ] {
        let world = World::new();
        let ada = shop(&world);
        let keys = product(&ada, json!({}));
        ordered(meanwhile(&world.buyer(), &keys, "", puts(&ada, &keys, fields)));
    }
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    ordered(meanwhile(&world.buyer(), &keys, "", || drop(buy(&world.buyer(), &keys, ""))));
    // One isolate has shown what another one still remembers otherwise.
    world.buyer().get(&format!("/product/{keys}")).expect(200);
    let elsewhere = world.redeployed(&[]);
    ada.at(&elsewhere).put(&format!("/products/{keys}"), json!({"price": "12.00"})).expect(200);
    let page = elsewhere.buyer().get(&format!("/product/{keys}")).expect(200);
    let order = ordered(send(&world.buyer(), &keys, "", &marks(&page)));
    assert_eq!(ada.order(&order)["value"], "12.0");
}

#[test]
fn a_mark_that_is_not_ours_sells_nothing_and_none_is_none() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    for seen in ["x", "-", "0-5:1", &"-1:1".repeat(600), "0-99999999999:1"] {
        shows(&send(&world.buyer(), &keys, "", &format!("seen={seen}")).expect(409), &[CHANGED]);
    }
    ordered(send(&world.buyer(), &keys, "", ""));
}

#[test]
fn a_total_that_was_shown_is_the_total_that_is_paid() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"info": "A,B,C,D,E"}));
    let made = ada.post("/coupons", json!({"code": "HALF", "discount": "50"})).expect(201).json();
    let coupon = format!("/coupons/{}", made["id"].as_str().unwrap());
    let buyer = world.buyer();
    let page = buy(&buyer, &keys, "coupon=half&check=1").expect(200);
    shows(&page, &["5.00 USD"]);
    ada.put(&coupon, json!({"discount": "10"})).expect(200);
    // A form that is refused for something else still knows what was shown.
    let page = send(&buyer, &keys, "", &format!("{}&coupon=half&email=bob", marks(&page))).expect(409);
    shows(&page, &[CHANGED, "9.00 USD"]);
    let order = ordered(send(&buyer, &keys, "", &format!("{}&coupon=half", marks(&page))));
    assert_eq!(ada.order(&order)["value"], "9.0");
    // Whoever changes the form knows that the total is another.
    let page = buy(&buyer, &keys, "coupon=half&check=1").expect(200);
    let order = ordered(send(&buyer, &keys, "", &format!("{}&coupon=&quantity=2", marks(&page))));
    assert_eq!(ada.order(&order)["value"], "20.0");
    // What was shown stays bound over a page that says what is missing.
    let page = buy(&buyer, &keys, "coupon=half&check=1").expect(200);
    let page = send(&buyer, &keys, "", &format!("{}&coupon=half&email=bob", marks(&page))).expect(422);
    ada.put(&coupon, json!({"discount": "5"})).expect(200);
    shows(&send(&buyer, &keys, "", &format!("{}&coupon=half", marks(&page))).expect(409), &[CHANGED, "9.50 USD"]);
}

#[test]
fn a_price_is_shown_before_anything_else_is_filled_in() {
    let world = World::new();
    let ada = shop(&world);
    let custom = json!([{"name": "UID", "type": "number", "required": true}]);
    let keys = product(&ada, json!({"custom": custom}));
    let buyer = world.buyer();
    shows(&buyer.get(&format!("/product/{keys}")), &["name=\"check\" value=\"1\" formnovalidate"]);
    let page = buy(&buyer, &keys, "email=&gateway=&quantity=2&check=1").expect(200);
    shows(&page, &["You pay", "20.00 USD"]);
    hides(&page, &["role=\"alert\"", "aria-invalid"]);
    let page = buy(&buyer, &keys, "email=bob&quantity=9&check=1").expect(409);
    shows(&page, &["Only 3 left.", "value=\"bob\""]);
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn who_has_nothing_to_pay_is_not_asked_how() {
    let world = World::new();
    let ada = shop(&world);
    let (buyer, keys) = (world.buyer(), product(&ada, json!({})));
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let page = buy(&buyer, &keys, "coupon=free&check=1&gateway=").expect(200);
    shows(&page, &["0.00 USD", "Nothing has to be paid"]);
    hides(&page, &["name=\"gateway\"", "Pay with", "says how to pay"]);
    // A mistake elsewhere changes nothing of that.
    let page = send(&buyer, &keys, "", &format!("{}&coupon=free&gateway=&email=bob", marks(&page))).expect(422);
    hides(&page, &["name=\"gateway\""]);
    assert_eq!(ada.order(&ordered(send(&buyer, &keys, "", "coupon=free&gateway=")))["status"], 100);
    shows(&send(&buyer, &keys, "", "gateway=").expect(422), &["Please choose how to pay.", "name=\"gateway\""]);
}

#[test]
fn who_comes_too_late_for_two_is_told_that_one_is_left() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let other = world.redeployed(&[]);
    let path = keys.clone();
    world.db.before_commit(2, move || drop(ordered(buy(&other.buyer(), &path, "quantity=2"))));
    let page = buy(&world.buyer(), &keys, "quantity=2").expect(409);
    shows(&page, &["Only 1 left. Nothing was charged.", "id=\"quantity-wrong\"", "value=\"2\"", "max=\"1\""]);
    hides(&page, &["sold out"]);
    is_whole(&world);
}

#[test]
fn a_form_that_is_too_long_is_answered_with_words() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let page = world.receipt(&purchase::order(&ada, &keys));
    for path in [format!("/product/{keys}"), "/shop/ada/contact".into(), page.clone(), format!("{page}/query")] {
        let mut ask = world.buyer().ask("POST", &path).header("content-type", "application/x-www-form-urlencoded");
        // So the platform hands over a body beyond the limit.
        ask.request.body = None;
        let reply = ask.send().expect(413);
        shows(&reply, &["This is too much", "send less text"]);
        let again = world.buyer().get(&path);
        assert!([200, 303].contains(&again.status()), "{path}");
    }
}

#[test]
fn a_free_order_that_is_seen_before_it_is_complete_has_not_expired() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    world.db.break_commit(3, Landed::No);
    buy(&world.buyer(), &keys, "coupon=FREE").expect(500);
    let id = ada.get("/orders").json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.status(&id), 0);
    let page = world.buyer().get(&world.receipt(&id)).expect(200);
    shows(&page, &["Nothing to pay", "Your order is being completed.", "http-equiv=\"refresh\"", "data-live="]);
    hides(&page, &["expired", "new link"]);
}
