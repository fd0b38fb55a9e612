//! What a buyer gets, by the type of the product.

use serde_json::{Value, json};

use super::{buy, id, is_whole, product};
use crate::world::{SECOND, World};

#[test]
fn each_type_is_delivered_in_its_way() {
    let world = World::new();
    let ada = world.seller();
    let paid = |fields: Value| {
        let product = product(&ada, fields);
        let order = id(&buy(&ada, &product, json!({})).expect(201).json());
        ada.simulate(&order, "exact", 1);
        let order = ada.order(&order);
        assert_eq!(order["status"], 100);
        (order["delivery"].as_str().unwrap().to_owned(), order["delivered"].clone())
    };
    assert_eq!(paid(json!({"product_type": 2, "info": "A,B"})), ("delivered".into(), json!("A")));
    let dynamic = json!({"product_type": 3, "dynamic_url": "https://goods.example/"});
    assert_eq!(paid(dynamic), ("preparing".into(), Value::Null));
    assert_eq!(
        paid(json!({"product_type": 4, "info": "We write to you."})),
        ("manual".into(), json!("We write to you."))
    );
}

#[test]
fn a_product_without_its_file_is_not_on_sale_and_what_was_paid_for_gets_it_when_it_comes() {
    let world = World::new();
    let ada = world.seller();
    let files = product(&ada, json!({"product_type": 1}));
    let (held, link) = (
        id(&buy(&ada, &files, json!({})).expect(201).json()),
        json!({"product_id": files, "gateway": "Bitcoin", "return_url": "https://a.example/"}),
    );
    ada.delete(&format!("/products/{files}/file")).expect(204);
    assert_eq!(buy(&ada, &files, json!({})).expect(400).errors(), ["Product has no file yet"]);
    assert_eq!(ada.post("/pay", link).expect(400).errors(), ["Product has no file yet"]);
    ada.simulate(&held, "exact", 1);
    assert_eq!(ada.order(&held)["delivery"], "out_of_stock");
    world.run_jobs();
    assert_eq!(ada.order(&held)["delivery"], "out_of_stock");
    super::give_file(&ada, &files);
    world.run_jobs();
    assert_eq!(ada.order(&held)["delivery"], "delivered");
    is_whole(&world);
}

#[test]
fn the_goods_are_in_the_webhook_that_tells_of_the_payment() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:paid", "order:updated"]);
    world.web.says("https://hooks.example/", 200);
    let keys = product(&ada, json!({"info": "A,B,C"}));
    let order = id(&buy(&ada, &keys, json!({"quantity": 2})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    world.advance(3 * SECOND);
    world.run_jobs();
    let sent = world.web.sent_to("https://hooks.example/");
    assert_eq!(sent.len(), 2);
    for sent in &sent {
        assert_eq!((&sent.json()["delivered"], &sent.json()["delivery"]), (&json!("A\nB"), &json!("delivered")));
    }
    is_whole(&world);
}

#[test]
fn an_order_gets_its_goods_once_however_its_payment_goes_on() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "A,B", "crypto_confirmations": 0}));
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 0);
    assert_eq!(ada.order(&order)["delivered"], "A");
    ada.post("/test/double_spend", json!({"order_id": order})).expect(201);
    assert_eq!(ada.status(&order), 51, "the coins are gone");
    ada.simulate(&order, "exact", 1);
    let goods = ada.order(&order);
    assert!(goods["delivered"] == "A" || goods["delivered"] == Value::Null, "{goods}");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM serials WHERE state = 2"), "1");
    is_whole(&world);
}
