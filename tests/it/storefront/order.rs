//! The order form: what it makes, and what it says when something is wrong.

use serde_json::json;

use super::{buy, hides, once, ordered, product, send, shop, shows};
use crate::{
    purchase::{is_whole, stock},
    world::{DAY, World},
};

#[test]
fn a_form_makes_an_order_and_leads_to_its_page() {
    let world = World::new();
    let ada = shop(&world);
    let custom = json!([{"name": "UID", "type": "number", "required": true}, {"name": "Gift", "type": "checkbox", "required": false}]);
    let keys = product(&ada, json!({"custom": custom, "volume_discounts": [{"quantity": 2, "percent": "10"}]}));
    ada.post("/coupons", json!({"code": "HALF", "discount": "50"})).expect(201);
    let form = "quantity=2&coupon=half&custom[0]=42&custom[1]=1";
    let order = ada.order(&ordered(buy(&world.buyer(), &keys, form)));
    assert_eq!((&order["value"], &order["subtotal"], &order["quantity"]), (&json!("9.0"), &json!("20.0"), &json!(2)));
    assert_eq!((&order["custom"], &order["email"]), (&json!({"0": "42", "1": true}), &json!("bob@example.com")));
    assert_eq!(
        (&order["product_id"], &order["gateway"], &order["status"]),
        (&json!(keys), &json!("Bitcoin"), &json!(0))
    );
    assert_eq!(stock(&ada, &keys), 1);
    ada.simulate(order["id"].as_str().unwrap(), "exact", 1);
    assert_eq!(ada.order(order["id"].as_str().unwrap())["delivered"], "A\nB");
    is_whole(&world);
}

#[test]
fn a_form_that_is_sent_twice_makes_one_order_and_a_changed_one_another() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let buyer = world.buyer();
    let once = once(&buyer.get(&format!("/product/{keys}")).expect(200));
    let first = ordered(send(&buyer, &keys, &once, ""));
    assert_eq!(ordered(send(&buyer, &keys, &once, "")), first);
    assert_eq!(world.db.rows_in("orders"), 1);
    assert_ne!(ordered(send(&buyer, &keys, &once, "email=eve@example.com")), first);
    assert_ne!(ordered(buy(&buyer, &keys, "")), first, "a page that is opened anew is another form");
    assert_eq!(world.db.rows_in("orders"), 3);
}

#[test]
fn each_wrong_field_says_so_and_keeps_what_was_typed() {
    let world = World::new();
    let ada = shop(&world);
    let custom = json!([{"name": "UID", "type": "number", "required": true}, {"name": "Server", "type": "select", "required": true, "options": ["EU"]}, {"name": "I agree", "type": "checkbox", "required": true}]);
    let keys = product(&ada, json!({"custom": custom, "maximum_quantity": 2}));
    let form = "quantity=9&email=bob%40&gateway=stripe&coupon=NONE&custom[0]=x%22y&custom[1]=US";
    let page = buy(&world.buyer(), &keys, form).expect(422);
    shows(
        &page,
        &[
            "Choose from 1 to 2.",
            "value=\"9\"",
            "look like an e-mail address",
            "value=\"bob@\"",
            "Please choose how to pay.",
            "This code isn't valid",
            "value=\"NONE\"",
            "Please enter a number.",
            "value=\"x&quot;y\"",
            "Please choose one of these.",
            "This has to be ticked.",
            "aria-invalid=\"true\" aria-describedby=\"custom-0-wrong\"",
            "role=\"alert\"",
        ],
    );
    let blank = buy(&world.buyer(), &keys, "email=&quantity=x&gateway=").expect(422);
    shows(&blank, &["Please enter your e-mail address.", "Please fill this in.", "Choose from 1 to 2."]);
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("holds")), (0, 0));
    for form in ["quantity=0", "quantity=-1", "quantity=99999999999999999999", "quantity=1.5"] {
        buy(&world.buyer(), &keys, form).expect(422);
    }
}

#[test]
fn what_was_sold_meanwhile_is_a_page_with_what_is_left() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let buyer = world.buyer();
    let once = once(&buyer.get(&format!("/product/{keys}")).expect(200));
    ordered(buy(&buyer, &keys, "quantity=2"));
    let page = send(&buyer, &keys, &once, "quantity=3").expect(409);
    shows(&page, &["Only 1 left. Nothing was charged.", "value=\"3\"", "max=\"1\""]);
    ordered(buy(&buyer, &keys, ""));
    let page = send(&buyer, &keys, &once, "").expect(409);
    shows(&page, &["This was sold out a moment ago.", "Ask the seller"]);
    // At the very moment of the commit.
    ada.put(&format!("/products/{keys}"), json!({"info": "D"})).expect(200);
    let once = super::once(&buyer.get(&format!("/product/{keys}")).expect(200));
    world.db.before_commit(2, {
        let db = world.db.clone();
        move || {
            db.change(
                "UPDATE serials SET state = 2, order_id = 'x' WHERE state = 0; UPDATE products SET serials_left = 0",
            )
        }
    });
    let page = send(&buyer, &keys, &once, "").expect(409);
    shows(&page, &["This was sold out a moment ago."]);
}

#[test]
fn a_coupon_that_ran_out_meanwhile_shows_the_price_without_it() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    ada.post("/coupons", json!({"code": "ONCE", "discount": "50", "max_uses": 1})).expect(201);
    let buyer = world.buyer();
    let page = buy(&buyer, &keys, "coupon=once&check=1").expect(200);
    shows(&page, &["You pay", "5.00 USD"]);
    assert_eq!(world.db.rows_in("orders"), 0, "the price alone was asked for");
    let form = once(&page);
    ordered(buy(&buyer, &keys, "coupon=ONCE"));
    let page = send(&buyer, &keys, &form, "coupon=once&quantity=2").expect(422);
    shows(&page, &["Without it you pay 20.00 USD", "value=\"once\""]);
    let page = send(&buyer, &keys, &form, "coupon=&quantity=2");
    assert_eq!(ada.order(&ordered(page))["value"], "20.0");
}

#[test]
fn an_order_that_costs_nothing_is_completed_at_once() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let order = ada.order(&ordered(buy(&world.buyer(), &keys, "coupon=free")));
    assert_eq!((&order["status"], &order["delivered"], &order["value"]), (&json!(100), &json!("A"), &json!("0.0")));
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let buyer = world.buyer();
    let form = format!(
        "once={}&quantity=1&email=bob@example.com&gateway=bitcoin",
        once(&buyer.get(&format!("/product/{keys}")))
    );
    let post = |path: &str, name: &'static str, value: &str| {
        let ask = buyer.ask("POST", path).header(name, value);
        ask.header("content-type", "application/x-www-form-urlencoded").body(form.as_str()).send()
    };
    for path in [format!("/product/{keys}"), "/shop/ada/contact".into()] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            shows(&post(&path, name, value).expect(403), &["This came from another site"]);
        }
    }
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("queries")), (0, 0));
    ordered(post(&format!("/product/{keys}"), "sec-fetch-site", "same-origin"));
}

#[test]
fn what_can_not_be_paid_is_not_sold_and_says_whom_to_ask() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"gateways": ["stripe"]}));
    let page = world.buyer().get(&format!("/product/{keys}")).expect(200);
    shows(&page, &["This can't be bought at the moment.", "/shop/ada/contact"]);
    hides(&page, &["<form"]);
    let hidden = product(&ada, json!({}));
    world.buyer().get(&format!("/product/{hidden}")).expect(200);
    world.db.change(&format!("UPDATE products SET private = 1 WHERE id = '{hidden}'"));
    send(&world.buyer(), &hidden, &"0".repeat(32), "").expect(404);
}

#[test]
fn holds_that_are_over_can_be_bought_again() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"info": "A"}));
    ordered(buy(&world.buyer(), &keys, ""));
    shows(&world.buyer().get(&format!("/product/{keys}")).expect(200), &["Sold out"]);
    world.advance(DAY);
    shows(&world.buyer().get(&format!("/product/{keys}")).expect(200), &["1 left"]);
    ordered(buy(&world.buyer(), &keys, ""));
    is_whole(&world);
}
