//! What the storefront costs in database round trips, and how old its pages may be.

use serde_json::json;

use super::{buy, hides, once, ordered, product, send, shop, shows};
use crate::world::{MINUTE, World};

#[test]
fn pages_that_were_asked_for_a_moment_ago_cost_nothing_and_an_order_three_trips() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"title": "The key"}));
    let made = ada.post("/categories", json!({"title": "All", "product_ids": [keys], "unlisted": false})).expect(201);
    let paths = [
        "/".to_owned(),
        "/shop/ada".into(),
        "/shop/ada?page=1".into(),
        "/shop/ada/contact".into(),
        format!("/category/{}", made.json()["id"].as_str().unwrap()),
        format!("/product/{keys}"),
    ];
    let buyer = world.buyer();
    let cold: Vec<u32> = paths.iter().map(|path| world.trips(|| buyer.get(path).expect(200))).collect();
    // The root asks which shops there are and where the only one is, and reads the shop; three shards are asked whose a product is.
    assert_eq!(cold, [3, 0, 0, 0, 3, 4]);
    for path in &paths {
        assert_eq!(world.trips(|| buyer.get(path).expect(200)), 0, "{path}");
    }
    let form = once(&buyer.get(&format!("/product/{keys}")).expect(200));
    assert_eq!(world.trips(|| ordered(send(&buyer, &keys, &form, ""))), 3);
    assert_eq!(world.trips(|| buyer.get("/product/0000").expect(404)), 0, "what is no id is asked of nobody");
}

#[test]
fn what_a_seller_changes_is_seen_at_once_where_it_was_changed() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"title": "Before"}));
    let path = format!("/product/{keys}");
    let see = |text: &str| {
        for path in [path.as_str(), "/shop/ada"] {
            shows(&world.buyer().get(path).expect(200), &[text]);
        }
    };
    see("Before");
    ada.put(&format!("/products/{keys}"), json!({"title": "After"})).expect(200);
    see("After");
    see("3 left");
    crate::purchase::order(&ada, &keys);
    see("2 left");
    ordered(buy(&world.buyer(), &keys, ""));
    see("1 left");
    ada.put("/account", json!({"shop_name": "Another name"})).expect(200);
    see("Another name");
    ada.put(&format!("/products/{keys}"), json!({"private": true})).expect(200);
    world.buyer().get(&path).expect(404);
    ada.delete(&format!("/products/{keys}")).expect(204);
    hides(&world.buyer().get("/shop/ada").expect(200), &["After"]);
}

#[test]
fn what_is_changed_elsewhere_is_seen_within_a_minute() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({"title": "Before"}));
    let path = format!("/product/{keys}");
    world.buyer().get(&path).expect(200);
    // Another isolate, with the same databases.
    let elsewhere = world.redeployed(&[]);
    ada.at(&elsewhere).put(&format!("/products/{keys}"), json!({"title": "After"})).expect(200);
    shows(&world.buyer().get(&path).expect(200), &["Before"]);
    world.advance(MINUTE);
    shows(&world.buyer().get(&path).expect(200), &["After"]);
}

#[test]
fn addresses_of_no_shop_push_out_none_that_is_there() {
    let world = World::new();
    let ada = shop(&world);
    let keys = product(&ada, json!({}));
    let paths = ["/shop/ada".to_owned(), format!("/product/{keys}")];
    let buyer = world.buyer();
    for path in &paths {
        buyer.get(path).expect(200);
    }
    assert_eq!(world.trips(|| buyer.get("/shop/nobody-000").expect(404)), 1);
    assert_eq!(world.trips(|| buyer.get("/shop/nobody-000").expect(404)), 0, "that there is none is remembered");
    for n in 0..3_000 {
        buyer.get(&format!("/shop/nobody-{n:03}")).expect(404);
        buyer.get(&format!("/product/{n:08x}")).expect(404);
    }
    for path in &paths {
        assert_eq!(world.trips(|| buyer.get(path).expect(200)), 0, "{path}");
    }
    let trips = world.trips(|| {
        for slug in ["ab", "a_b", "%61da", "ada%20", &"x".repeat(41), &"y".repeat(100_000)] {
            buyer.get(&format!("/shop/{slug}")).expect(404);
        }
    });
    assert_eq!(trips, 0, "what no shop can have is asked of nobody");
}
