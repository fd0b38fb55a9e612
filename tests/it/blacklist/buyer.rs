//! Listing an order's buyer.

use pushguard::shop::blacklist::Keys;
use serde_json::{Value, json};

use super::lookup::{account_id, look};
use crate::{
    actors::Seller,
    world::{DAY, World},
};

fn list(seller: &Seller<'_>, order: &str, body: Value) -> Vec<Value> {
    let answer = seller.post(&format!("/orders/{order}/blacklist"), body).expect(200).json();
    answer["entries"].as_array().expect("entries").clone()
}

fn facts(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["blocked_data"].as_str().unwrap()).collect()
}

fn history(seller: &Seller<'_>, order: &str) -> Vec<Value> {
    let all = seller.get(&format!("/orders/{order}/history")).expect(200).json();
    let all = all.as_array().unwrap().iter();
    all.map(|entry| json!([entry["from"], entry["to"], entry["by"], entry["action"], entry["note"]])).collect()
}

#[test]
fn a_buyer_is_listed_by_e_mail_and_address_with_a_note_of_the_order() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"email": "Bo.b+shop@gmail.com"}));
    world.buyer().start(&link);
    let order = &link.order_id;
    let before = ada.order(order);
    let entries = list(&ada, order, json!({}));
    assert_eq!(facts(&entries), ["bo.b+shop@gmail.com", "203.0.113.7"]);
    assert!(entries.iter().all(|entry| entry["note"] == format!("Order {order}") && entry["expires_at"].is_null()));
    assert_eq!(history(&ada, order), [json!([0, 0, "seller", "blacklist", "bo.b+shop@gmail.com, 203.0.113.7"])]);
    assert_eq!(ada.order(order), before, "the order itself stays as it is");
    assert_eq!(list(&ada, order, json!({})), entries, "once more changes nothing");
    assert_eq!(history(&ada, order).len(), 1);
    let with_country = list(&ada, order, json!({"country": true, "ip": false}));
    assert_eq!(facts(&with_country), ["bo.b+shop@gmail.com", "SE"]);
    assert_eq!(with_country[0], entries[0]);
    assert_eq!(history(&ada, order).last().unwrap()[4], "SE");
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("3"));
    let keys = Keys::of(Some("bob@gmail.com"), None, None);
    assert_eq!(look(&world, account_id(&world, &ada), &keys).0.len(), 1);
}

#[test]
fn an_address_of_ipv6_is_listed_with_its_network() {
    let world = World::new();
    let ada = world.seller();
    let order = ada.white_label(json!({"ip_address": "2001:DB8:1:2:3:4:5:6"}));
    let order = order["id"].as_str().unwrap();
    assert_eq!(facts(&list(&ada, order, json!({"email": false}))), ["2001:db8:1:2::/64"]);
}

#[test]
fn a_fact_that_the_order_lacks_is_refused_when_it_was_asked_for() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.white_label(json!({}));
    let order = made["id"].as_str().unwrap();
    let path = format!("/orders/{order}/blacklist");
    assert_eq!(ada.post(&path, json!({"ip": true})).errors(), ["Ip is not known of this order's buyer"]);
    assert_eq!(ada.post(&path, json!({"country": true})).errors(), ["Country is not known of this order's buyer"]);
    assert_eq!(ada.post(&path, json!({"email": false})).errors(), ["Ip is not known of this order's buyer"]);
    let none = json!({"email": false, "ip": false});
    assert_eq!(ada.post(&path, none).errors(), ["Email, ip or country must be true"]);
    assert_eq!(ada.post(&path, json!({"email": "perhaps"})).errors(), ["Email must be true or false"]);
    assert_eq!(world.db.rows_in("blacklist"), 0);
    assert_eq!(facts(&list(&ada, order, json!({}))), ["bob@example.com"], "what is there is listed");
    // What the platform says of Tor is no country, and what an old order has may be no address.
    world.db.change("UPDATE orders SET country_code = 'T1', ip_address = 'unknown'");
    assert_eq!(ada.post(&path, json!({"country": true})).errors(), ["Country is not known of this order's buyer"]);
    assert_eq!(ada.post(&path, json!({"ip": "1"})).errors(), ["Ip is not known of this order's buyer"]);
    ada.post("/orders/00000000-0000-4000-8000-000000000000/blacklist", json!({})).expect(404);
    world.seller_named("eve@example.com", true).post(&path, json!({})).expect(404);
}

#[test]
fn what_has_expired_is_listed_anew() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.white_label(json!({"ip_address": "203.0.113.9"}));
    let order = made["id"].as_str().unwrap();
    let fields = json!({"blacklist_type": 1, "blocked_data": "bob@example.com", "expires_at": "2023-11-16"});
    let old = ada.post("/blacklist", fields).expect(201).json();
    assert_eq!(list(&ada, order, json!({"ip": false}))[0], old, "it is as it is");
    world.advance(DAY);
    let new = list(&ada, order, json!({"ip": false}));
    assert_eq!((&new[0]["expires_at"], &new[0]["note"]), (&Value::Null, &json!(format!("Order {order}"))));
    assert_ne!(new[0]["id"], old["id"]);
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("1"));
}

#[test]
fn two_who_list_one_buyer_at_once_list_them_once() {
    let world = World::new();
    let ada = world.seller();
    let orders = [(); 2].map(|()| ada.white_label(json!({}))["id"].as_str().unwrap().to_owned());
    let [first, second] = orders.clone();
    let fact = "INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at)";
    let id = account_id(&world, &ada);
    let db = world.db.clone();
    let meanwhile = format!(
        "{fact} VALUES ({id}, 1, 'theirs', 1, 'bob@example.com', 0, 0);
         INSERT INTO lists VALUES ({id}, 'blacklist', 1)"
    );
    world.db.before_commit(1, move || db.change_in(0, &meanwhile));
    let entries = list(&ada, &first, json!({}));
    assert_eq!(entries[0]["id"], "theirs", "the other one came first");
    assert_eq!(history(&ada, &first).len(), 0);
    assert_eq!(list(&ada, &second, json!({})), entries);
}
