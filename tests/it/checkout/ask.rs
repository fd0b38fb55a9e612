//! Every page of an order leads to the seller and to the shop, whether or not the shop names an address.

use serde_json::json;

use crate::{
    actors::{Reply, Seller},
    storefront,
    world::{DAY, MINUTE, World},
};

#[track_caller]
fn shows(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not on the page: {text}");
    }
}

fn order(ada: &Seller<'_>) -> String {
    ada.white_label(json!({"return_url": null}))["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_shop_without_an_address_is_asked_on_the_orders_own_page_in_every_state() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let set = |what: &str| {
        let id = order(&ada);
        world.db.change(&format!("UPDATE orders SET {what}, revision = revision + 1 WHERE id = '{id}'"));
        id
    };
    let [part, over, seen, paid] = [("partial", 1), ("over", 1), ("exact", 0), ("exact", 1)].map(|(kind, blocks)| {
        let id = order(&ada);
        ada.simulate(&id, kind, blocks);
        id
    });
    let states = [order(&ada), part, seen, set("status = 51, session_id = NULL"), set("status = 51, session_url = ''")];
    let more = [set("status = 56"), set("status = 52"), set("wrong_currency = 1"), over, paid];
    let check = |id: &str| {
        let page = world.receipt(id);
        let (asks, form) = (format!("href=\"{page}?stay=question#question\""), format!("action=\"{page}/query\""));
        let shown = world.buyer().get(&page).expect(200);
        shows(&shown, &[&asks, "<dt>Contact</dt>", "id=\"question\"", "Ask a question"]);
        let text = shown.text();
        assert!(!(text.contains("http-equiv") && text.contains(&form)), "what is typed would be lost: {text}");
        let asked = world.buyer().get(&format!("{page}?stay=question")).expect(200);
        shows(&asked, &[&form, "<details class=\"more\" open><summary>Ask a question</summary>"]);
        assert!(!asked.text().contains("http-equiv"), "{id}");
        // What is wrong stands at its field, with what was typed.
        let wrong = world.buyer().post(&format!("{page}/query"), "subject=&message=Where%3F").expect(422);
        shows(&wrong, &["Please fill this in.", "aria-invalid=\"true\"", "Where?</textarea>", "id=\"question\""]);
        let led = world.buyer().post(&format!("{page}/query"), "subject=a&message=b").expect(303);
        let thread = led.header("location").unwrap().to_owned();
        shows(&world.buyer().get(&page), &[&format!("href=\"{thread}\""), "Waits for an answer"]);
        shows(&world.buyer().get(&thread), &["href=\"/shop/ada\""]);
    };
    for id in states.iter().chain(&more) {
        check(id);
    }
    let late = order(&ada);
    world.advance(21 * MINUTE);
    check(&late);
    shows(&world.buyer().get(&world.receipt(&states[3])), &["contact <a href=\"/order/"]);
    world.advance(9 * DAY);
    world.run_jobs();
    check(&late);
}

#[test]
fn a_payment_link_leads_to_the_shops_form_and_to_no_secret_page() {
    let world = World::new();
    let ada = storefront::shop(&world);
    ada.put("/account", json!({"shop": {"listed": false}})).expect(200);
    // Shoppy's links know no other place.
    let start = || {
        let link = ada.shoppy_link(json!({}));
        world.buyer().post(&link.path, "gateway=bitcoin&email=bob%40example.com").expect(303);
        link
    };
    let link = start();
    let form = format!("/shop/ada/contact?order_id={}", link.order_id);
    let leads = format!("href=\"{form}\"");
    let shown = world.buyer().get(&link.order()).expect(200);
    shows(&shown, &[&leads, ">Ask the seller</a>"]);
    assert!(!shown.text().contains("/order/") || !shown.text().contains("question"), "{}", shown.text());
    shows(&world.buyer().get(&form).expect(200), &[&format!("value=\"Order {}\"", link.order_id)]);
    ada.simulate(&link.order_id, "over", 1);
    shows(&world.buyer().get(&link.order()), &[&format!("Ask <a {leads}")]);
    let closed = ada.shoppy_link(json!({}));
    ada.delete(&format!("/pay/{}", closed.id)).expect(204);
    shows(&world.buyer().get(&closed.path).expect(410), &["Ask the seller", "/shop/ada/contact?order_id="]);
    let old = ada.shoppy_link(json!({}));
    world.advance(31 * DAY);
    let shown = world.buyer().get(&old.order()).expect(410);
    shows(&shown, &[&format!("/shop/ada/contact?payment_id={}", old.id)]);
}

#[test]
fn the_shops_name_leads_back_to_the_shop() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let id = order(&ada);
    let page = world.receipt(&id);
    let home = "<a href=\"/shop/ada\"><strong>";
    shows(&world.buyer().get(&page), &[home]);
    shows(&world.buyer().get(&format!("{page}/file")).expect(403), &[home]);
    ada.simulate(&id, "exact", 1);
    shows(&world.buyer().get(&page), &["Payment complete", home]);
    ada.put("/account", json!({"shop": {"listed": false}})).expect(200);
    assert!(!world.buyer().get(&page).text().contains("/shop/ada\""), "it has no page to lead to");
    let sent = ada.white_label(json!({"return_url": "https://ada.example/thanks"}));
    let page = world.receipt(sent["id"].as_str().unwrap());
    shows(&world.buyer().get(&page), &["<a href=\"https://ada.example/\"><strong>"]);
}

#[test]
fn goods_that_are_being_prepared_come_by_themselves_without_script() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let id = order(&ada);
    ada.simulate(&id, "exact", 1);
    let page = world.receipt(&id);
    world.db.change("UPDATE orders SET delivery = 'preparing'");
    let shown = world.buyer().get(&page).expect(200);
    shows(&shown, &["this page updates itself", "http-equiv=\"refresh\"", "Look again", &format!("{page}?stay\"")]);
    assert!(!shown.text().contains("<textarea"), "what is typed would be lost");
    let stays = world.buyer().get(&format!("{page}?stay")).expect(200);
    shows(&stays, &["name=\"stars\"", "name=\"subject\"", "Look again"]);
    assert!(!stays.text().contains("http-equiv"));
}

#[test]
fn a_coupon_that_ran_out_before_a_new_price_is_asked_for_again_without_it() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let custom = json!([{"name": "UID", "type": "number", "required": true}, {"name": "Gift", "type": "checkbox", "required": false}]);
    let keys = storefront::product(&ada, json!({"info": "A,B,C,D", "custom": custom}));
    ada.post("/coupons", json!({"code": "ONCE", "discount": "50", "max_uses": 1})).expect(201);
    let buyer = world.buyer();
    let form = "quantity=2&coupon=ONCE&custom[0]=42&custom[1]=1";
    let page = world.receipt(&storefront::ordered(storefront::buy(&buyer, &keys, form)));
    world.advance(60 * MINUTE);
    let other = "coupon=ONCE&email=eve%40example.com&custom[0]=1";
    storefront::ordered(storefront::buy(&buyer, &keys, other));
    let gone = buyer.post(&page, "action=requote").expect(409);
    shows(
        &gone,
        &["Without it you pay 20.00 USD.", "Order without the coupon", &format!("action=\"/product/{keys}\"")],
    );
    assert!(!gone.text().contains("new link"));
    let anew = buyer.post(&format!("/product/{keys}"), &storefront::marks(&gone)).expect(200);
    shows(&anew, &["You pay", "20.00 USD", "value=\"bob@example.com\"", "value=\"42\"", "value=\"1\" checked"]);
    let again = format!("{}&quantity=2&custom[0]=42", storefront::marks(&anew));
    assert_eq!(ada.order(&storefront::ordered(storefront::send(&buyer, &keys, "", &again)))["value"], "20.0");
    // What isn't sold any more has no price.
    ada.put(&format!("/products/{keys}"), json!({"private": true})).expect(200);
    let gone = buyer.post(&page, "action=requote").expect(409);
    assert!(!gone.text().contains("Without it"));
    shows(&gone, &["Ask a question"]);
}

#[test]
fn a_link_that_costs_nothing_does_not_speak_of_paying() {
    let world = World::new();
    let ada = storefront::shop(&world);
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let keys = storefront::product(&ada, json!({}));
    let fields = json!({"product_id": keys, "gateway": "Bitcoin", "coupon": "FREE", "email": "bob@example.com", "return_url": "https://ada.example/"});
    let url = ada.post("/pay", fields).expect(201).json()["url"].as_str().unwrap().to_owned();
    let page = world.buyer().get(&url).expect(200);
    shows(&page, &["Nothing to pay", "This costs nothing."]);
    let text = page.text();
    assert!(!text.contains("Pay with") && !text.contains("exact amount"), "{text}");
}
