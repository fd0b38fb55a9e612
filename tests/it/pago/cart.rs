//! Abandoned carts.

use serde_json::json;

use super::{app, id};
use crate::{
    storefront::{buy, ordered, product, shop},
    world::{DAY, HOUR, MINUTE, World},
};

#[test]
fn a_link_that_was_opened_and_expired_unpaid_is_an_abandoned_cart() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "abandoned_cart_read abandoned_cart_write");
    let link = ada.link(json!({"title": "The app", "value": "12.50"}));
    world.buyer().start(&link);
    world.live_through(HOUR);
    assert_eq!(client.get("/abandoned_carts").expect(200).text(), "[]", "its buyer may be about to pay");
    world.live_through(HOUR);
    let list = client.get("/abandoned_carts").expect(200);
    let cart = list.json()[0].clone();
    assert_eq!(list.header("x-total"), Some("1"));
    assert_eq!(
        cart,
        json!({
            "id": link.order_id, "order_id": link.order_id, "status": "abandoned", "email": "bob@example.com",
            "total": "12.50", "currency": "USD", "items": [{"product_id": null, "title": "The app", "quantity": 1}],
            "url": format!("https://desk.example{}", world.receipt(&link.order_id)), "notes": null,
            "created_at": "2023-11-15T00:00:00Z", "abandoned_at": cart["abandoned_at"], "recovered_at": null,
            "updated_at": cart["abandoned_at"],
        })
    );
    let at = cart["abandoned_at"].as_str().unwrap();
    assert!(("2023-11-15T01:20:00Z".."2023-11-15T01:30:00Z").contains(&at), "an hour after its price ran out: {at}");
    assert_eq!(client.get(&format!("/abandoned_carts/{}", link.order_id)).expect(200).json(), cart);
    let page = cart["url"].as_str().unwrap().to_owned();
    world.buyer().get(&page).expect(200);
    world.live_through(10 * DAY);
    assert_eq!(client.get("/abandoned_carts").expect(200).json(), json!([cart]), "it is noted once");
}

#[test]
fn so_is_an_order_of_the_storefront_and_none_without_a_page() {
    let world = World::new();
    let ada = shop(&world);
    let client = app(&ada, "abandoned_cart_read");
    let product = product(&ada, json!({}));
    let order = ordered(buy(&world.buyer(), &product, ""));
    ada.white_label(json!({}));
    world.live_through(2 * HOUR);
    let list = client.get("/abandoned_carts").expect(200).json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &json!(order)));
    assert_eq!(list[0]["items"][0]["product_id"], json!(product));
}

#[test]
fn what_was_paid_in_time_is_no_cart_and_what_is_paid_later_is_recovered() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "abandoned_cart_read");
    let [paid, seen, late] = [(); 3].map(|()| {
        let link = ada.link(json!({}));
        world.buyer().start(&link);
        link.order_id
    });
    ada.simulate(&paid, "exact", 1);
    ada.simulate(&seen, "partial", 0);
    world.live_through(2 * HOUR);
    let carts = client.get("/abandoned_carts").expect(200).json();
    assert_eq!((carts.as_array().unwrap().len(), &carts[0]["id"]), (1, &json!(late)), "what money came for is none");
    world.advance(MINUTE);
    ada.post(&format!("/orders/{late}/complete"), json!({})).expect(200);
    let cart = client.get(&format!("/abandoned_carts/{late}")).expect(200).json();
    assert_eq!(cart["status"], "recovered");
    assert_eq!(cart["recovered_at"], cart["updated_at"]);
}

#[test]
fn notes_are_written_and_taken_away() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "abandoned_cart_read abandoned_cart_write");
    let link = ada.link(json!({}));
    world.buyer().start(&link);
    world.live_through(2 * HOUR);
    let path = format!("/abandoned_carts/{}", link.order_id);
    let noted = client.put(&path, json!({"notes": "Wrote to Bob"})).expect(200).json();
    assert_eq!(noted["notes"], "Wrote to Bob");
    assert_eq!(client.get(&path).json(), noted);
    assert_eq!(client.put(&path, json!({"notes": null})).expect(200).json()["notes"], json!(null));
    assert_eq!(client.put(&path, json!({})).errors(), ["Notes must be sent: null takes them away"]);
    assert_eq!(
        client.put(&path, json!({"notes": "x".repeat(2_001)})).errors(),
        ["Notes is too long (maximum is 2000 characters)"]
    );
    client.put("/abandoned_carts/x", json!({"notes": "x"})).expect(404);
    assert_eq!(world.trips(|| client.put(&path, json!({"notes": "b"})).expect(200)), 1);
}

#[test]
fn a_cart_is_not_abandoned_while_its_chain_can_not_be_seen() {
    let world = World::new();
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    world.buyer().start(&link);
    world.live_through(3 * HOUR);
    let client = app(&grace, "abandoned_cart_read");
    assert_eq!(client.get("/abandoned_carts").expect(200).text(), "[]", "money may have come, and nobody looked");
    world.esploras();
    world.live_through(HOUR);
    assert_eq!(id(&client.get("/abandoned_carts").expect(200).json()[0]), link.order_id);
}
