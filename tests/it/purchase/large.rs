//! How large an order may be: what it is delivered passes through rows, events and answers, of which D1 holds 2,000,000 bytes
//! each. The test database refuses more, as D1 does.

use serde_json::json;

use super::{buy, id, is_whole, keys, product, stock};
use crate::{
    actors::Seller,
    mail::{desk, posts},
    world::{DAY, MINUTE, World},
};

/// Puts these in stock, one a line.
fn fill(seller: &Seller<'_>, product: &str, lines: &[String]) {
    let text = lines.join("\n");
    let file =
        seller.ask("PUT", &format!("/products/{product}/serials")).header("content-type", "text/plain").body(text);
    file.send().expect(200);
}

/// Serials of so many bytes, of which each quote and backslash is two in JSON.
fn quoted(count: usize, length: usize) -> Vec<String> {
    (0..count).map(|n| format!("{n:06}{}", "\"".repeat(length - 6))).collect()
}

#[test]
fn the_largest_order_is_paid_delivered_told_mailed_and_listed() {
    let world = desk();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:paid", "order:updated"]);
    world.web.says("https://hooks.example/", 200);
    let keys = keys(&ada, "");
    // Each is 400 bytes as JSON, with the quotes around it.
    fill(&ada, &keys, &quoted(1_001, 202));
    let refused = buy(&ada, &keys, json!({"quantity": 1_001})).expect(400);
    assert_eq!(refused.errors(), ["Quantity is too large: the serials of one order have at most 400000 bytes of text"]);
    assert_eq!((world.db.rows_in("orders"), stock(&ada, &keys)), (0, json!(1_001)));
    let order = id(&buy(&ada, &keys, json!({"quantity": 1_000})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    world.live_through(3 * MINUTE);
    let shown = ada.order(&order);
    assert_eq!((&shown["status"], &shown["delivery"]), (&json!(100), &json!("delivered")));
    let goods = shown["delivered"].as_str().unwrap();
    assert_eq!((goods.lines().count(), goods.len()), (1_000, 202_999));
    let told = world.web.sent_to("https://hooks.example/");
    assert!(!told.is_empty() && told.iter().all(|sent| sent.json()["delivered"] == json!(goods)));
    assert_eq!(ada.get("/orders").expect(200).json()[0]["delivered"], json!(goods));
    assert!(ada.get(&format!("/orders/{order}/history")).expect(200).json().as_array().is_some());
    assert!(ada.logs().iter().any(|log| log["payload"]["delivered"] == json!(goods)));
    let csv = ada.ask("GET", "/orders.csv").send().expect(200).text();
    assert!(csv.contains(&order));
    assert!(posts(&world).iter().any(|mail| mail.json()["text"].as_str().unwrap().contains(&order)));
    is_whole(&world);
}

#[test]
fn a_serial_is_not_replaced_by_one_that_makes_its_order_too_large() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "");
    fill(&ada, &keys, &quoted(1_000, 202));
    let order = id(&buy(&ada, &keys, json!({"quantity": 1_000})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    fill(&ada, &keys, &["x".repeat(4_096)]);
    let bad = quoted(1, 202).remove(0);
    let refused = ada.post(&format!("/orders/{order}/replace"), json!({"serial": bad})).expect(400);
    assert!(refused.errors()[0].starts_with("Quantity is too large"), "{:?}", refused.errors());
    is_whole(&world);
}

#[test]
fn who_pays_late_and_would_get_too_much_waits_for_other_serials() {
    let world = World::new();
    let ada = world.seller();
    let short: Vec<String> = (0..60).map(|n| format!("S{n}")).collect();
    let keys = keys(&ada, &short.join(","));
    let order = id(&buy(&ada, &keys, json!({"quantity": 50})).expect(201).json());
    world.advance(DAY);
    ada.put(&format!("/products/{keys}"), json!({"info": "A"})).expect(200);
    // Nobody has the first fifty any more.
    world.db.change("UPDATE products SET serials_left = 0; DELETE FROM serials WHERE state = 0; DELETE FROM holds");
    world.db.change("UPDATE products SET serials_left = 0; DELETE FROM serials WHERE state = 0");
    fill(&ada, &keys, &quoted(60, 4_096));
    ada.simulate(&order, "late", 1);
    let late = ada.order(&order);
    assert_eq!((&late["status"], &late["delivery"]), (&json!(100), &json!("out_of_stock")));
    ada.put(&format!("/products/{keys}"), json!({"info": short.join(",")})).expect(200);
    world.run_jobs();
    assert_eq!(ada.order(&order)["delivered"].as_str().unwrap().lines().count(), 50);
    is_whole(&world);
}

#[test]
fn fifty_thousand_uuids_come_in_one_file_and_are_shown() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "", "stock_delimiter": "\n"}));
    let uuids: Vec<String> = (0..50_000).map(|n| format!("{n:08x}-0000-4000-8000-{:012x}", n * 7)).collect();
    fill(&ada, &keys, &uuids);
    let shown = ada.get(&format!("/products/{keys}")).expect(200).json();
    assert_eq!((&shown["stock"], shown["info"].as_str().unwrap().len()), (&json!(50_000), 50_000 * 37 - 1));
    // All of them are read and written anew.
    ada.put(&format!("/products/{keys}"), json!({"unique_serials": true})).expect(200);
    assert_eq!(stock(&ada, &keys), 50_000);
    let order = id(&buy(&ada, &keys, json!({"quantity": 10_000})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    assert_eq!(ada.order(&order)["delivered"].as_str().unwrap().lines().count(), 10_000);
    let too_many = buy(&ada, &keys, json!({"quantity": 11_000})).expect(400).errors();
    assert!(too_many[0].starts_with("Quantity is too large"), "{too_many:?}");
    is_whole(&world);
}

#[test]
fn stock_that_a_row_can_not_show_is_refused_with_its_field() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": ""}));
    let full: Vec<String> = (0..480).map(|n| format!("{n:04}{}", "x".repeat(3_900))).collect();
    fill(&ada, &keys, &full);
    // Held ones may be in stock again.
    let order = id(&buy(&ada, &keys, json!({"quantity": 90})).expect(201).json());
    let other = id(&buy(&ada, &keys, json!({"quantity": 90})).expect(201).json());
    let more: Vec<String> = (0..250).map(|n| format!("{n:04}{}", "y".repeat(3_900))).collect();
    ada.put(&format!("/products/{keys}"), json!({"info": more.join(",")})).expect(200);
    assert_eq!([order, other].map(|order| ada.status(&order)), [0, 0]);
    world.advance(DAY);
    assert_eq!(stock(&ada, &keys), 250 + 180);
    fill(&ada, &keys, &full[..50]);
    // So many may not be held, and so many put in stock beside them.
    let third = (0..3).map(|_| id(&buy(&ada, &keys, json!({"quantity": 100})).expect(201).json()));
    assert_eq!(third.count(), 3);
    let refused = ada
        .put(&format!("/products/{keys}"), json!({"info": more.join(","), "allow_repeats": true}))
        .expect(400)
        .errors();
    assert!(refused[0].starts_with("Product would have too much text in stock"), "{refused:?}");
    // Quotes are two bytes in what crosses to the database: a form can bring more of them than JSON can.
    let keys = product(&ada, json!({"info": ""}));
    let quotes: Vec<String> = (0..258).map(|n| format!("{n:04}{}", "\"".repeat(4_000))).collect();
    let form = format!("info={}", quotes.join(","));
    let put = ada.ask("PUT", &format!("/products/{keys}"));
    let refused =
        put.header("content-type", "application/x-www-form-urlencoded").body(form).send().expect(400).errors();
    assert!(refused[0].starts_with("Info has too much text"), "{refused:?}");
}
