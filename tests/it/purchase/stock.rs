//! Stock while it is edited, and the events about it.

use serde_json::{Value, json};

use super::{buy, id, is_whole, keys, order, product, stock};
use crate::world::{DAY, MINUTE, World, block_on};

#[test]
fn a_change_of_the_product_leaves_its_stock_alone() {
    let world = World::new();
    let ada = world.seller();
    let files = product(&ada, json!({"product_type": 1, "stock_amount": 5}));
    let first = id(&buy(&ada, &files, json!({"quantity": 2})).expect(201).json());
    assert_eq!(stock(&ada, &files), 3);
    ada.put(&format!("/products/{files}"), json!({"title": "Another"})).expect(200);
    assert_eq!(stock(&ada, &files), 3);
    ada.put(&format!("/products/{files}"), json!({"stock_amount": 10})).expect(200);
    assert_eq!(stock(&ada, &files), 8, "two of them are held");
    world.advance(DAY);
    assert_eq!(stock(&ada, &files), 10, "the hold was given back");
    ada.simulate(&first, "late", 1);
    assert_eq!(stock(&ada, &files), 8);
    assert_eq!(world.db.one("SELECT stock_held FROM products"), "0");
}

#[test]
fn a_product_that_is_sent_back_as_it_was_read_sells_nothing_twice() {
    let world = World::new();
    let ada = world.seller();
    let path = |product: &str| format!("/products/{product}");
    let keys = product(&ada, json!({"info": "a1,a2,a3", "unique_serials": false}));
    let read = ada.get(&path(&keys)).json();
    let held = order(&ada, &keys);
    let put = |changed: Value| {
        let mut sent = read.clone();
        changed.as_object().expect("fields").iter().for_each(|(name, value)| sent[name] = value.clone());
        ada.put(&path(&keys), sent).expect(200)
    };
    let back = put(json!({}));
    assert_eq!((&back.json()["info"], back.header("x-left-out-serials")), (&json!("a2,a3"), Some("1")));
    is_whole(&world);
    ada.simulate(&held, "exact", 1);
    let back = put(json!({"title": "Renamed"}));
    assert_eq!((&back.json()["stock"], back.header("x-left-out-serials")), (&json!(2), Some("1")), "sold as well");
    let second = order(&ada, &keys);
    ada.simulate(&second, "exact", 1);
    assert_eq!((&ada.order(&held)["delivered"], &ada.order(&second)["delivered"]), (&json!("a1"), &json!("a2")));

    let back = put(json!({"info": "a3,a4,a1,a2,a2"}));
    assert_eq!(back.json()["info"], "a3,a4,a2", "one a2 is an order's, and the other one is new");
    let back = put(json!({"info": "a1,a2", "allow_repeats": true}));
    assert_eq!((&back.json()["info"], back.header("x-left-out-serials")), (&json!("a1,a2"), None), "on purpose");
    is_whole(&world);

    let files = product(&ada, json!({"product_type": 1, "stock_amount": 5}));
    let read = ada.get(&path(&files)).json();
    let held = id(&buy(&ada, &files, json!({"quantity": 2})).expect(201).json());
    assert_eq!((&read["stock_amount"], stock(&ada, &files)), (&json!(5), json!(3)));
    assert_eq!(ada.get(&path(&files)).json()["stock_amount"], 5, "what is held is still the seller's");
    ada.put(&path(&files), read).expect(200);
    assert_eq!(stock(&ada, &files), 3);
    ada.put(&path(&files), json!({"stock_amount": 7})).expect(200);
    assert_eq!(stock(&ada, &files), 5);
    ada.put(&path(&files), json!({"stock_amount": 1})).expect(200);
    let left = ada.get(&path(&files)).json();
    assert_eq!((&left["stock"], &left["stock_amount"]), (&json!(0), &json!(2)), "what is held stays");
    ada.simulate(&held, "exact", 1);
    assert_eq!(ada.get(&path(&files)).json()["stock_amount"], 0);
}

#[test]
fn of_a_repeated_serial_as_many_come_back_as_nobody_has() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "x,x,x,x,x"}));
    let read = ada.get(&format!("/products/{keys}")).json();
    buy(&ada, &keys, json!({"quantity": 2})).expect(201);
    ada.put(&format!("/products/{keys}"), read.clone()).expect(200);
    assert_eq!(stock(&ada, &keys), 3);
    ada.put(&format!("/products/{keys}"), json!({"info": "x,x,x,y"})).expect(200);
    assert_eq!(stock(&ada, &keys), 4, "the three are those in stock, and y is new");
    is_whole(&world);
    world.advance(DAY);
    assert_eq!(stock(&ada, &keys), 6, "the hold was given back");
    is_whole(&world);
}

#[test]
fn put_replaces_what_is_in_stock_and_not_what_is_held() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    let first = order(&ada, &keys);
    ada.put(&format!("/products/{keys}"), json!({"info": "X"})).expect(200);
    assert_eq!(stock(&ada, &keys), 1);
    ada.simulate(&first, "exact", 1);
    assert_eq!(ada.order(&first)["delivered"], "A");
    is_whole(&world);
}

#[test]
fn a_product_that_is_gone_still_delivers_what_was_held() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let (first, second) = (order(&ada, &keys), order(&ada, &keys));
    ada.delete(&format!("/products/{keys}")).expect(204);
    ada.simulate(&first, "exact", 1);
    assert_eq!(ada.order(&first)["delivered"], "A");
    world.advance(DAY);
    ada.simulate(&second, "late", 1);
    let late = ada.order(&second);
    assert_eq!(late["status"], 100);
    assert!(["delivered", "out_of_stock"].contains(&late["delivery"].as_str().unwrap()), "{late}");
}

#[test]
fn running_out_and_running_low_are_told_once_each_time() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["product:out_of_stock", "product:stock_warning"]);
    world.web.says("https://hooks.example/", 200);
    let keys = product(&ada, json!({"info": "A,B,C", "stock_warning": 2}));
    let orders: Vec<String> = (0..3).map(|_| order(&ada, &keys)).collect();
    let told = || -> Vec<(String, Value)> {
        world.live_through(3 * MINUTE);
        let sent = world.web.sent_to("https://hooks.example/");
        let event = |sent: &crate::world::Sent| sent.header("X-PushGuard-Event").to_owned();
        sent.iter().map(|sent| (event(sent), sent.json()["stock"].clone())).collect()
    };
    assert_eq!(told(), [], "what is held may come back");
    ada.simulate(&orders[0], "exact", 1);
    assert_eq!(told(), []);
    ada.simulate(&orders[1], "exact", 1);
    // The third order holds the last one.
    assert_eq!(told(), [("product:stock_warning".to_owned(), json!(0))]);
    ada.simulate(&orders[2], "exact", 1);
    assert_eq!(told().last().unwrap(), &("product:out_of_stock".to_owned(), json!(0)));
    ada.put(&format!("/products/{keys}"), json!({"info": "D"})).expect(200);
    ada.simulate(&order(&ada, &keys), "exact", 1);
    assert_eq!(told().len(), 3, "again, since it was restocked");
    is_whole(&world);
}

#[test]
fn a_warning_that_is_raised_is_told_anew() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["product:stock_warning"]);
    world.web.says("https://hooks.example/", 200);
    let keys = product(&ada, json!({"info": "A,B,C,D,E,F", "stock_warning": 6}));
    let sold = || {
        let order = order(&ada, &keys);
        ada.simulate(&order, "exact", 1);
        world.live_through(3 * MINUTE);
        world.web.sent_to("https://hooks.example/").len()
    };
    assert_eq!((sold(), sold()), (1, 1));
    ada.put(&format!("/products/{keys}"), json!({"title": "Another", "stock_warning": 6})).expect(200);
    assert_eq!(sold(), 1, "it is the same warning");
    ada.put(&format!("/products/{keys}"), json!({"stock_warning": 5})).expect(200);
    assert_eq!((sold(), sold()), (2, 2));
}

#[test]
fn what_is_refunded_before_it_is_complete_is_free_at_once() {
    let world = World::new();
    let desk = world.cards();
    let grace = &desk.grace;
    let keys = product(grace, json!({"info": "A", "gateways": ["stripe"]}));
    let fields =
        json!({"product_id": keys, "gateway": "Stripe", "email": "b@example.com", "return_url": "https://a.example/"});
    let link = grace.post("/pay", fields).expect(201).json()["url"].as_str().unwrap().to_owned();
    world.buyer().post(&link, "").expect(303);
    assert_eq!(stock(grace, &keys), 0);
    let order = world.db.one("SELECT id FROM orders");
    let paid = desk.stripe.pay(&order);
    let (_, refunded) = desk.stripe.refund(&order, 1_000, "succeeded");
    // The news of the refund comes first, and says that it was paid.
    desk.told(refunded);
    desk.told(paid);
    assert_eq!(grace.status(&order), 56);
    assert_eq!((stock(grace, &keys), world.db.rows_in("holds")), (json!(1), 0));
    is_whole(&world);
}

#[test]
fn a_new_price_after_the_window_takes_the_goods_again_or_says_that_they_are_gone() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let fields =
        json!({"product_id": keys, "gateway": "Bitcoin", "email": "b@example.com", "return_url": "https://a.example/"});
    let url = ada.post("/pay", fields).expect(201).json()["url"].as_str().unwrap().to_owned();
    assert_eq!(stock(&ada, &keys), 1, "a link holds nothing");
    let page = world.buyer().post(&url, "").expect(303).header("location").unwrap().to_owned();
    assert_eq!(stock(&ada, &keys), 0);
    world.advance(60 * MINUTE);
    assert_eq!(stock(&ada, &keys), 1);
    world.buyer().post(&page, "").expect(303);
    assert_eq!(stock(&ada, &keys), 0, "held again");
    world.advance(60 * MINUTE);
    order(&ada, &keys);
    let gone = world.buyer().post(&page, "");
    assert_eq!(gone.status(), 409);
    assert!(gone.text().contains("It is sold out, or no longer for sale."), "{}", gone.text());
}

/// Who finds an order without a hold may be late: another has delivered it.
#[test]
fn an_order_that_is_delivered_meanwhile_takes_nothing_more() {
    for many in 2..7 {
        let world = World::new();
        let ada = world.seller();
        let keys = keys(&ada, "A,B,C");
        let order = order(&ada, &keys);
        let complete = || ada.ask("POST", &format!("/orders/{order}/complete")).json(&json!({})).together();
        world.db.interleaves.set(true);
        block_on(futures_util::future::join_all((0..many).map(|_| complete())));
        world.db.interleaves.set(false);
        assert_eq!(ada.order(&order)["delivered"], "A");
        assert_eq!((world.db.rows_in("holds"), stock(&ada, &keys)), (0, json!(2)), "{many} at once");
        world.advance(DAY);
        super::order(&ada, &keys);
        is_whole(&world);
    }
}

#[test]
fn the_schema_keeps_a_delivered_order_from_holding_more() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let order = order(&ada, &keys);
    ada.simulate(&order, "exact", 1);
    let hold = format!(
        "INSERT INTO holds (account_id, order_id, product_id, product_type, units, until)
         SELECT account_id, id, product_id, 2, 1, 0 FROM orders WHERE id = '{order}'"
    );
    let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.db.change(&hold)));
    assert!(held.is_err(), "it was taken");
    assert_eq!(stock(&ada, &keys), 1);
}
