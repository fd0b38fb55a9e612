//! What sellers are told besides: low stock, and endpoints that we disabled.

use serde_json::{Value, json};

use super::{desk, mails, owed, subjects, text};
use crate::{
    purchase::{buy, id, product},
    world::{DAY, HOUR, MINUTE, World},
};

fn to_ada(world: &World) -> Vec<Value> {
    mails(world).into_iter().filter(|mail| mail["to"] == "ada@example.com").collect()
}

#[test]
fn running_low_and_out_are_told_once_each_time_with_what_is_left() {
    let world = desk();
    let ada = world.seller();
    let keys = product(&ada, json!({"title": "Licence", "info": "A,B,C", "stock_warning": 3}));
    let order = |count: u32| {
        let order = id(&buy(&ada, &keys, json!({"quantity": count})).expect(201).json());
        ada.simulate(&order, "exact", 1);
        world.live_through(2 * MINUTE);
    };
    order(1);
    assert_eq!(to_ada(&world).len(), 1, "{:?}", subjects(&world));
    let low = &to_ada(&world)[0];
    assert_eq!((text(low, "subject"), low.get("reply_to")), ("Low stock: Licence".to_owned(), None));
    assert!(text(low, "text").contains("There are 2 left"), "{low}");
    order(2);
    assert_eq!(text(&to_ada(&world)[1], "subject"), "Out of stock: Licence");
    world.live_through(DAY);
    assert_eq!(to_ada(&world).len(), 2);
    ada.put(&format!("/products/{keys}"), json!({"info": "D"})).expect(200);
    order(1);
    assert_eq!(to_ada(&world).len(), 3, "it ran out anew");
    assert_eq!(owed(&world).len(), 0);
}

#[test]
fn an_endpoint_that_was_disabled_is_told_to_its_seller_without_its_path() {
    let world = desk();
    let ada = world.seller();
    let hook = "https://hooks.example/secret-path";
    let endpoint = ada.endpoint(hook, &["order:created"]);
    world.web.says(hook, 410);
    ada.white_label(json!({}));
    world.live_through(3 * MINUTE);
    let told = to_ada(&world);
    assert_eq!(told.len(), 1, "{:?}", subjects(&world));
    assert_eq!(told[0]["subject"], "A webhook endpoint was disabled");
    let said = text(&told[0], "text");
    assert!(said.contains("410 Gone") && said.contains(&endpoint) && said.contains("https://hooks.example"), "{said}");
    assert!(!told[0].to_string().contains("secret-path"));
    world.live_through(DAY);
    assert_eq!(to_ada(&world).len(), 1);
}

#[test]
fn an_endpoint_that_only_fails_is_told_when_it_is_disabled() {
    let world = desk();
    let ada = world.seller();
    let hook = "https://hooks.example/hook";
    let endpoint = ada.endpoint(hook, &["order:created"]);
    world.web.says(hook, 500);
    for _ in 0..12 {
        ada.white_label(json!({}));
        world.live_through(12 * HOUR);
    }
    assert_eq!(ada.get(&format!("/webhooks/endpoints/{endpoint}")).json()["disabled_reason"], "failing");
    let told = to_ada(&world);
    assert_eq!(told.len(), 1, "{:?}", subjects(&world));
    assert!(text(&told[0], "text").contains("only failed for five days"), "{}", told[0]);
}

#[test]
fn one_that_is_enabled_again_before_the_mail_is_written_is_no_news() {
    let world = desk();
    let ada = world.seller();
    let hook = "https://hooks.example/hook";
    let endpoint = ada.endpoint(hook, &["order:created"]);
    world.web.says(hook, 410);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(owed(&world).len(), 1);
    world.web.says(hook, 200);
    ada.put(&format!("/webhooks/endpoints/{endpoint}"), json!({"enabled": true})).expect(200);
    world.live_through(DAY);
    assert_eq!((mails(&world).len(), owed(&world).len()), (0, 0));
}
