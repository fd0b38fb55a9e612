//! What sellers set in `/api/v2` for this window: a currency, the colour, and what a product says and warns of.

use serde_json::{Value, json};

use super::{Sold, sold};
use crate::{
    mail,
    purchase::{buy, id, product},
    world::{MINUTE, World},
};

#[test]
fn payments_are_in_the_currency_of_the_shop() {
    let world = World::new();
    let ada = world.seller();
    let account = ada.get("/account").expect(200).json();
    assert_eq!(account["shop"]["currency"], "USD");
    let usd = ada.shoppy_link(json!({"value": "9.999"}));
    world.buyer().chooses(&usd, "bitcoin");
    assert_eq!(ada.order(&usd.order_id)["currency"], "USD");
    assert_eq!(ada.order(&usd.order_id)["value"], "10.0", "rounded once, half up");
    let changed = ada.put("/account", json!({"shop": {"currency": "jpy"}})).expect(200).json();
    assert_eq!(changed["shop"]["currency"], "JPY");
    let yen = ada.shoppy_link(json!({"value": 1500}));
    world.buyer().chooses(&yen, "bitcoin");
    let order = ada.order(&yen.order_id);
    assert_eq!((&order["currency"], &order["value"]), (&json!("JPY"), &json!("1500.0")));
    assert_eq!(ada.shows(&format!("/orders/{}", yen.order_id))["original_price"], json!(1500));
    let errors = ada.put("/account", json!({"shop": {"currency": "XAU"}})).expect(400).errors();
    assert_eq!(errors, ["Shop currency is not a valid ISO 4217 code"]);
}

#[test]
fn the_colour_and_the_name_are_those_of_the_shop_as_soon_as_they_are_set() {
    let world = World::new();
    let Sold { ada, product, .. } = sold(&world);
    assert_eq!(ada.shows(&format!("/products/{product}"))["theme_color"], "#1b273d");
    ada.put("/account", json!({"shop": {"accent_color": null}})).expect(200);
    assert_eq!(ada.shows("/products")[0]["theme_color"], "#2451d6", "ours");
    ada.put("/account", json!({"shop_name": "Shoppy"})).expect(200);
    assert_eq!(ada.shows("/feedbacks")[0]["seller_name"], "Shoppy");
}

#[test]
fn what_a_product_says_stands_in_the_mail_of_its_purchase_and_in_no_second_one() {
    let world = mail::desk();
    let ada = world.seller();
    let says = product(&ada, json!({"info": "KEY-1", "email_message": "Thank <you> for\nyour support"}));
    let shown = ada.get(&format!("/products/{says}")).expect(200).json();
    assert_eq!(shown["email_message"], "Thank <you> for\nyour support");
    let order = id(&buy(&ada, &says, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    world.live_through(3 * MINUTE);
    let told = mail::mails(&world);
    assert_eq!(told.len(), 1 + 1, "the buyer's, and that nothing is left: {:?}", mail::subjects(&world));
    let to_buyer = told.iter().find(|mail| mail["to"] == "bob@example.com").unwrap();
    assert!(mail::text(to_buyer, "text").contains("> Thank <you> for\n> your support\n"), "{to_buyer}");
    assert!(mail::text(to_buyer, "html").contains("Thank &lt;you&gt; for"), "{to_buyer}");
    ada.put(&format!("/products/{says}"), json!({"email_message": null})).expect(200);
    assert_eq!(ada.get(&format!("/products/{says}")).expect(200).json()["email_message"], Value::Null);
    assert_eq!(ada.shows(&format!("/products/{says}"))["email_message"], "");
    let errors =
        ada.put(&format!("/products/{says}"), json!({"email_message": "x".repeat(2_001)})).expect(400).errors();
    assert_eq!(errors, ["Email message is too long (maximum is 2000 characters)"]);
}
