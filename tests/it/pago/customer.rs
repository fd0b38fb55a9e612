//! Customers: what the orders of an e-mail come to.

use serde_json::json;

use super::{app, id, trips};
use crate::world::{DAY, SECOND, World};

#[test]
fn a_customer_is_what_the_orders_of_one_mailbox_come_to() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "customer_read");
    assert_eq!(client.get("/customers").expect(200).text(), "[]");
    let first = id(&ada.white_label(json!({"email": "Bob@Example.com", "value": "10.50"})));
    world.advance(SECOND);
    let second = id(&ada.white_label(json!({"email": "bob@example.com", "value": "2.25"})));
    ada.white_label(json!({"email": "eve@example.com"}));
    let bob = |orders: u32, paid: u32, total: &str, at: &str| {
        json!({
            "id": 1, "email": "bob@example.com", "orders_count": orders, "paid_orders_count": paid, "total_spent": total,
            "currency": "USD", "first_order_id": first, "first_order_at": "2023-11-15T00:00:00Z",
            "last_order_id": second, "last_order_at": "2023-11-15T00:00:01Z",
            "created_at": "2023-11-15T00:00:00Z", "updated_at": at,
        })
    };
    assert_eq!(client.get("/customers/1").expect(200).json(), bob(2, 0, "0.00", "2023-11-15T00:00:01Z"));
    world.advance(SECOND);
    ada.simulate(&first, "exact", 1);
    ada.simulate(&second, "exact", 1);
    let paid = client.get("/customers/1").expect(200).json();
    assert_eq!(paid, bob(2, 2, "12.75", paid["updated_at"].as_str().unwrap()));
    let list = client.get("/customers").expect(200);
    let emails: Vec<_> = list.json().as_array().unwrap().iter().map(|it| it["email"].clone()).collect();
    assert_eq!((emails, list.header("x-total")), (vec![json!("eve@example.com"), json!("bob@example.com")], Some("2")));
    // What goes back is spent no more.
    ada.post(&format!("/orders/{second}/refund"), json!({"txid": "0xabc"})).expect(200);
    let refunded = client.get("/customers/1").expect(200).json();
    assert_eq!((&refunded["paid_orders_count"], &refunded["total_spent"]), (&json!(1), &json!("10.50")));
}

#[test]
fn an_order_that_is_completed_by_hand_counts_as_paid() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "customer_read");
    let order = id(&ada.white_label(json!({})));
    ada.post(&format!("/orders/{order}/complete"), json!({})).expect(200);
    assert_eq!(client.get("/customers/1").json()["total_spent"], "10.00");
}

#[test]
fn an_order_without_an_email_has_no_customer() {
    let world = World::new();
    let ada = world.seller();
    ada.white_label(json!({"email": null}));
    assert_eq!(app(&ada, "customer_read").get("/customers").expect(200).header("x-total"), Some("0"));
}

#[test]
fn what_is_no_number_of_a_customer_is_not_found() {
    let world = World::new();
    let ada = world.seller();
    ada.white_label(json!({}));
    let client = app(&ada, "customer_read");
    for id in ["0", "2", "-1", "1.0", "x", "99999999999999999999", "9007199254740993", "%31%00", "bob@example.com"] {
        client.get(&format!("/customers/{id}")).expect(404);
    }
    assert_eq!(world.trips(|| client.get("/customers/x").expect(404)), 0);
}

/// Steps of SQLite's machine, some forty for each row that is read.
#[test]
fn a_page_reads_its_own_rows_however_many_customers_and_orders_there_are() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "customer_read");
    let order = |n: usize| ada.white_label(json!({"email": format!("b{n}@example.com")}));
    for n in 0..25 {
        order(n);
    }
    let steps = || {
        let before = world.db.steps();
        assert_eq!(client.get("/customers?per_page=10").expect(200).json().as_array().unwrap().len(), 10);
        world.db.steps() - before
    };
    steps();
    let few = steps();
    for n in 0..150 {
        order(n);
        order(0);
    }
    assert_eq!(steps(), few);
    assert!(few < 10 * 40, "{few}");
    assert_eq!(trips(&client, "/customers?per_page=100&page=2"), 1);
    world.advance(DAY);
}
