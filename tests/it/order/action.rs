//! What a seller does to an order by hand: complete, deliver, replace; and the order's history.

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    purchase::{buy, id, is_whole, keys, order, product, stock},
    world::{DAY, HOUR, Landed, MINUTE, World},
};

fn act(seller: &Seller<'_>, order: &str, action: &str, body: Value) -> Reply {
    seller.post(&format!("/orders/{order}/{action}"), body)
}

/// Of each entry: from, to, by, action and note.
fn history(seller: &Seller<'_>, order: &str) -> Vec<Value> {
    let history = seller.get(&format!("/orders/{order}/history")).expect(200).json();
    let entry = |entry: &Value| json!([entry["from"], entry["to"], entry["by"], entry["action"], entry["note"]]);
    history.as_array().expect("a list").iter().map(entry).collect()
}

fn told(world: &World, event: &str, order: &str) -> usize {
    let sent = world.web.sent_to("https://hooks.example/");
    let its = sent.iter().filter(|sent| sent.header("x-pushguard-event") == event && sent.json()["id"] == order);
    its.count()
}

fn seller(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:updated", "order:paid"]);
    world.web.says("https://hooks.example/", 200);
    ada
}

#[test]
fn an_order_is_completed_with_what_has_come_and_its_goods_are_told_with_the_payment() {
    let world = World::new();
    let ada = seller(&world);
    let keys = keys(&ada, "A,B,C,D");
    let unpaid = order(&ada, &keys);
    let part = order(&ada, &keys);
    ada.simulate(&part, "partial", 1);
    let seen = order(&ada, &keys);
    ada.simulate(&seen, "exact", 0);
    assert_eq!([&unpaid, &part, &seen].map(|order| ada.status(order)), [0, 53, 54]);
    for (order, from, serial) in [(&unpaid, 0, "A"), (&part, 53, "B"), (&seen, 54, "C")] {
        let done = act(&ada, order, "complete", json!({"note": "Paid in cash"})).expect(200).json();
        assert_eq!(
            (&done["status"], &done["delivery"], &done["delivered"]),
            (&json!(100), &json!("delivered"), &json!(serial))
        );
        world.run_jobs();
        assert_eq!((told(&world, "order:paid", order), ada.status(order)), (1, 100));
        assert_eq!(history(&ada, order).last(), Some(&json!([from, 100, "seller", "complete", "Paid in cash"])));
        let again = act(&ada, order, "complete", json!({})).expect(409);
        assert_eq!(again.message(), "Order is completed, was refunded or reversed, or is pending at its gateway");
    }
    assert_eq!(ada.order(&part)["exceptions"], json!(["underpaid"]));
    is_whole(&world);
}

#[test]
fn an_order_that_is_held_for_its_risk_is_completed_too() {
    let world = World::new();
    let ada = seller(&world);
    let held = id(&ada.white_label(json!({})));
    world.db.change(&format!("UPDATE orders SET status = 52 WHERE id = '{held}'"));
    assert_eq!(act(&ada, &held, "complete", json!({})).expect(200).json()["status"], 100);
    assert_eq!(history(&ada, &held), [json!([52, 100, "seller", "complete", null])]);
}

#[test]
fn money_that_comes_later_changes_nothing() {
    let world = World::new();
    let ada = seller(&world);
    let keys = keys(&ada, "A,B");
    let order = order(&ada, &keys);
    act(&ada, &order, "complete", json!({})).expect(200);
    world.live_through(2 * HOUR);
    assert_eq!(ada.status(&order), 100, "no money is there, and none is missed");
    ada.simulate(&order, "exact", 0);
    ada.post("/test/double_spend", json!({"order_id": order})).expect(201);
    assert_eq!(ada.status(&order), 100, "it came and went");
    ada.simulate(&order, "late", 1);
    world.live_through(DAY);
    let after = ada.order(&order);
    assert_eq!((&after["status"], &after["delivered"]), (&json!(100), &json!("A")));
    assert_eq!(told(&world, "order:paid", &order), 1);
    assert_eq!(stock(&ada, &keys), 1);
    assert_eq!(history(&ada, &order).len(), 1);
}

#[test]
fn a_completion_is_whole_or_absent_and_done_once_under_its_key() {
    for landed in [Landed::No, Landed::Yes] {
        for n in 1..=2 {
            let world = World::new();
            let ada = seller(&world);
            let keys = keys(&ada, "A,B");
            let order = order(&ada, &keys);
            let ask = || {
                ada.ask("POST", &format!("/orders/{order}/complete")).header("idempotency-key", "k").json(&json!({}))
            };
            world.db.break_commit(n, landed);
            let first = ask().send().status();
            world.db.mend();
            world.advance(2 * MINUTE);
            let again = ask().send().expect(200).json();
            assert_eq!((&again["status"], &again["delivered"]), (&json!(100), &json!("A")), "{first}");
            world.live_through(3 * MINUTE);
            assert_eq!((told(&world, "order:paid", &order), history(&ada, &order).len()), (1, 1));
            is_whole(&world);
        }
    }
}

#[test]
fn delivering_again_is_for_completed_orders_of_products() {
    let world = World::new();
    let ada = seller(&world);
    let keys = keys(&ada, "A,B");
    let unpaid = order(&ada, &keys);
    assert_eq!(act(&ada, &unpaid, "deliver", json!({})).expect(409).message(), "Order is not completed");
    ada.simulate(&unpaid, "exact", 1);
    for body in [json!({}), json!({"again": true})] {
        assert!(act(&ada, &unpaid, "deliver", body).expect(409).message().starts_with("Order was delivered already"));
    }
    let link = id(&ada.white_label(json!({})));
    ada.simulate(&link, "exact", 1);
    let none = act(&ada, &link, "deliver", json!({})).expect(409);
    assert_eq!(none.message(), "Order is not for a product: there is nothing to deliver");
    act(&ada, "nobody", "deliver", json!({})).expect(404);
}

#[test]
fn a_file_that_was_missing_a_service_and_stock_are_delivered_by_hand() {
    let world = World::new();
    let ada = seller(&world);
    let paid = |product: &str| {
        let order = order(&ada, product);
        ada.simulate(&order, "exact", 1);
        order
    };
    let files = product(&ada, json!({"product_type": 1, "stock_amount": 3}));
    let file = order(&ada, &files);
    ada.delete(&format!("/products/{files}/file")).expect(204);
    ada.simulate(&file, "exact", 1);
    assert_eq!(act(&ada, &file, "deliver", json!({})).expect(400).errors(), ["Product is out of stock"]);
    ada.ask("PUT", &format!("/products/{files}/file"))
        .header("content-type", "application/zip")
        .body("PK")
        .send()
        .expect(200);
    assert_eq!(act(&ada, &file, "deliver", json!({})).expect(200).json()["delivery"], "delivered");
    assert_eq!(stock(&ada, &files), 2, "it takes from the stock once");
    let services = product(&ada, json!({"product_type": 4, "info": "Soon."}));
    let service = paid(&services);
    ada.put(&format!("/products/{services}"), json!({"info": "Now."})).expect(200);
    assert_eq!(act(&ada, &service, "deliver", json!({})).expect(200).json()["delivered"], "Now.");
    let keys = keys(&ada, "A");
    let late = order(&ada, &keys);
    world.advance(DAY);
    paid(&keys);
    ada.simulate(&late, "late", 1);
    assert_eq!(act(&ada, &late, "deliver", json!({})).expect(400).errors(), ["Product is out of stock"]);
    world.queue.loses.set(true);
    ada.put(&format!("/products/{keys}"), json!({"info": "B"})).expect(200);
    assert_eq!(act(&ada, &late, "deliver", json!({})).expect(200).json()["delivered"], "B");
    is_whole(&world);
}

#[test]
fn the_next_serial_takes_the_place_of_a_bad_one_which_is_never_sold_again() {
    let world = World::new();
    let ada = seller(&world);
    let keys = keys(&ada, "A,B,C,D");
    let one = order(&ada, &keys);
    ada.simulate(&one, "exact", 1);
    let replaced = act(&ada, &one, "replace", json!({})).expect(200).json();
    assert_eq!(
        (&replaced["delivered"], &replaced["delivery"], stock(&ada, &keys)),
        (&json!("B"), &json!("delivered"), json!(2))
    );
    assert_eq!(world.db.one("SELECT serial FROM serials WHERE state = 3"), "A");
    assert_eq!(history(&ada, &one).last(), Some(&json!([100, 100, "seller", "replace", "A"])));
    world.run_jobs();
    assert_eq!(told(&world, "order:updated", &one), 2);
    let two = id(&buy(&ada, &keys, json!({"quantity": 2})).expect(201).json());
    ada.simulate(&two, "exact", 1);
    let replace = |body: Value| act(&ada, &two, "replace", body);
    assert_eq!(replace(json!({})).expect(400).errors(), ["Serial must say which: the order has several"]);
    assert_eq!(replace(json!({"serial": "A"})).expect(400).errors(), ["Serial is none that the order was delivered"]);
    assert_eq!(replace(json!({"serial": "D"})).expect(400).errors(), ["Product is out of stock"]);
    ada.put(&format!("/products/{keys}"), json!({"info": "E,F"})).expect(200);
    assert_eq!(replace(json!({"serial": "C"})).expect(200).json()["delivered"], "D\nE");
    is_whole(&world);
}

#[test]
fn only_delivered_serials_are_replaced() {
    let world = World::new();
    let ada = seller(&world);
    let service = product(&ada, json!({"product_type": 4, "info": "Soon."}));
    let paid = order(&ada, &service);
    ada.simulate(&paid, "exact", 1);
    let unpaid = order(&ada, &keys(&ada, "A,B"));
    for order in [paid, unpaid] {
        let no = act(&ada, &order, "replace", json!({})).expect(409);
        assert_eq!(no.message(), "Order has no serials that were delivered");
    }
}

#[test]
fn a_serial_in_an_expired_hold_can_be_the_next_one_and_two_who_replace_get_two() {
    let world = World::new();
    let ada = seller(&world);
    let keys = keys(&ada, "A,B,C");
    let first = order(&ada, &keys);
    ada.simulate(&first, "exact", 1);
    order(&ada, &keys);
    order(&ada, &keys);
    world.advance(DAY);
    let (app, replaced) = (&world, act(&ada, &first, "replace", json!({})).expect(200).json());
    assert_eq!(replaced["delivered"], "B");
    is_whole(app);
    // Somebody takes the next one in between: it is read again.
    let db = world.db.clone();
    world.db.before_commit(1, move || {
        db.change("UPDATE serials SET state = 3, order_id = 'gone' WHERE serial = 'C'; UPDATE products SET serials_left = serials_left - 1");
    });
    assert_eq!(act(&ada, &first, "replace", json!({})).expect(400).errors(), ["Product is out of stock"]);
}

#[test]
fn a_replacement_is_whole_or_absent() {
    for landed in [Landed::No, Landed::Yes] {
        let world = World::new();
        let ada = seller(&world);
        let keys = keys(&ada, "A,B,C");
        let order = order(&ada, &keys);
        ada.simulate(&order, "exact", 1);
        let ask =
            || ada.ask("POST", &format!("/orders/{order}/replace")).header("idempotency-key", "k").json(&json!({}));
        world.db.break_commit(1, landed);
        ask().send().expect(500);
        world.db.mend();
        is_whole(&world);
        assert_eq!(ask().send().expect(200).json()["delivered"], "B", "{landed:?}");
        assert_eq!(ada.order(&order)["delivered"], "B");
        is_whole(&world);
    }
}

#[test]
fn the_history_tells_each_move_by_whom_and_why_and_an_old_order_has_none() {
    let world = World::new();
    let ada = seller(&world);
    let order = id(&ada.white_label(json!({"confirmations": 1})));
    assert_eq!(history(&ada, &order), Vec::<Value>::new());
    ada.simulate(&order, "partial", 0);
    ada.simulate(&order, "exact", 0);
    ada.mine(1);
    let payment = |from: i64, to: i64| json!([from, to, "gateway", "payment", null]);
    assert_eq!(history(&ada, &order), [payment(0, 53), payment(53, 54), payment(54, 100)]);
    let times = ada.get(&format!("/orders/{order}/history")).json();
    assert_eq!(times[0]["time"], "2023-11-15T00:00:00.000+00:00");
    let free = keys(&ada, "A");
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let gift = id(&buy(&ada, &free, json!({"coupon": "FREE"})).expect(201).json());
    world.run_jobs();
    assert_eq!(history(&ada, &gift), [json!([0, 100, "system", "payment", null])]);
    ada.get("/orders/nobody/history").expect(404);
}
