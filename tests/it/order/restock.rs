//! Paid orders that found nothing left, and get their goods when there are some again.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    purchase::{buy, id, is_whole, keys, order, product},
    world::{DAY, Landed, MINUTE, World, answer},
};

/// Orders whose buyers paid after the last unit had gone.
fn late(world: &World, ada: &Seller<'_>, product: &str, quantities: &[u32]) -> Vec<String> {
    let mut orders = Vec::new();
    for quantity in quantities {
        orders.push(id(&buy(ada, product, json!({"quantity": quantity})).expect(201).json()));
        world.advance(DAY);
    }
    let filler = id(&buy(ada, product, json!({"quantity": quantities.iter().max()})).expect(201).json());
    ada.simulate(&filler, "exact", 1);
    for order in &orders {
        ada.simulate(order, "late", 1);
        assert_eq!(ada.order(order)["delivery"], "out_of_stock");
    }
    orders
}

fn goods(ada: &Seller<'_>, order: &str) -> Value {
    ada.order(order)["delivered"].clone()
}

#[test]
fn a_restock_delivers_what_waits_oldest_first_and_tells_of_it() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:updated"]);
    world.web.says("https://hooks.example/", 200);
    let keys = keys(&ada, "A");
    let orders = late(&world, &ada, &keys, &[1, 1, 1]);
    ada.put(&format!("/products/{keys}"), json!({"info": "B,C"})).expect(200);
    world.run_jobs();
    assert_eq!(
        [&orders[0], &orders[1], &orders[2]].map(|order| goods(&ada, order)),
        [json!("B"), json!("C"), Value::Null]
    );
    let told = world.web.sent_to("https://hooks.example/");
    let told =
        told.iter().filter(|sent| sent.json()["delivery"] == "delivered" && sent.json()["id"] == json!(orders[1]));
    assert_eq!(told.count(), 1);
    let history = ada.get(&format!("/orders/{}/history", orders[1])).expect(200).json();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["by"], &last["action"], &last["from"], &last["to"]),
        (&json!("system"), &json!("delivery"), &json!(100), &json!(100))
    );
    ada.put(&format!("/products/{keys}"), json!({"info": "D,E"})).expect(200);
    world.run_jobs();
    assert_eq!(goods(&ada, &orders[2]), "D");
    assert_eq!(ada.get(&format!("/products/{keys}")).json()["stock"], 1);
    is_whole(&world);
}

#[test]
fn who_needs_less_is_not_kept_waiting_by_who_needs_more_than_there_is() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    let orders = late(&world, &ada, &keys, &[3, 1]);
    ada.put(&format!("/products/{keys}"), json!({"info": "D,E"})).expect(200);
    world.run_jobs();
    assert_eq!((goods(&ada, &orders[0]), goods(&ada, &orders[1])), (Value::Null, json!("D")));
    ada.put(&format!("/products/{keys}"), json!({"info": "E,F,G"})).expect(200);
    world.run_jobs();
    assert_eq!(goods(&ada, &orders[0]), "E\nF\nG");
    is_whole(&world);
}

#[test]
fn cron_delivers_where_no_message_came_and_where_a_hold_ran_out() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let waiting = late(&world, &ada, &keys, &[1, 1]);
    world.queue.loses.set(true);
    ada.put(&format!("/products/{keys}"), json!({"info": "B,C"})).expect(200);
    world.queue.loses.set(false);
    // Another buyer holds one of them, and never pays.
    let holder = order(&ada, &keys);
    world.live_through(3 * MINUTE);
    assert_eq!((goods(&ada, &waiting[0]), goods(&ada, &waiting[1])), (json!("C"), Value::Null));
    world.live_through(60 * MINUTE);
    assert_eq!(goods(&ada, &waiting[1]), "B", "the other buyer's hold is over");
    assert_eq!(ada.status(&holder), 0);
    is_whole(&world);
}

#[test]
fn counted_stock_and_dynamic_products_wait_in_the_same_way() {
    let world = World::new();
    let ada = world.seller();
    world.web.on("https://goods.example/", |_| answer(200, "made"));
    let fields = json!({"product_type": 3, "dynamic_url": "https://goods.example/", "stock_amount": 1});
    let dynamic = product(&ada, fields);
    let waiting = late(&world, &ada, &dynamic, &[1]);
    ada.put(&format!("/products/{dynamic}"), json!({"stock_amount": 2})).expect(200);
    world.run_jobs();
    assert_eq!(goods(&ada, &waiting[0]), "made");
    assert_eq!(ada.get(&format!("/products/{dynamic}")).json()["stock"], 1);
}

#[test]
fn one_that_was_refunded_waits_no_more() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let waiting = late(&world, &ada, &keys, &[1]);
    ada.post(&format!("/orders/{}/refund", waiting[0]), json!({"txid": "ab"})).expect(200);
    ada.put(&format!("/products/{keys}"), json!({"info": "B"})).expect(200);
    world.live_through(5 * MINUTE);
    assert_eq!((ada.status(&waiting[0]), goods(&ada, &waiting[0])), (56, Value::Null));
    assert_eq!(ada.get(&format!("/products/{keys}")).json()["stock"], 1);
    is_whole(&world);
}

#[test]
fn more_than_one_message_takes_are_all_delivered() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let waiting = late(&world, &ada, &keys, &[1; 25]);
    let serials: Vec<String> = (0..25).map(|n| format!("S{n:02}")).collect();
    ada.put(&format!("/products/{keys}"), json!({"info": serials.join(",")})).expect(200);
    world.run_jobs();
    for (order, serial) in waiting.iter().zip(&serials) {
        assert_eq!(goods(&ada, order), json!(serial));
    }
    is_whole(&world);
}

#[test]
fn a_crash_at_each_write_delivers_in_the_end() {
    for landed in [Landed::No, Landed::Yes] {
        for n in 1..=4 {
            let world = World::new();
            let ada = world.seller();
            let keys = keys(&ada, "A");
            let waiting = late(&world, &ada, &keys, &[1, 1]);
            world.db.break_commit(n, landed);
            let _ = ada.put(&format!("/products/{keys}"), json!({"info": "B,C"}));
            world.run_jobs();
            world.db.mend();
            if ada.get(&format!("/products/{keys}")).json()["stock"] == 0 && goods(&ada, &waiting[0]).is_null() {
                let held = world.db.one("SELECT COUNT(*) FROM holds");
                if held == "0" {
                    ada.put(&format!("/products/{keys}"), json!({"info": "B,C"})).expect(200);
                }
            }
            world.live_through(30 * MINUTE);
            let mut both = [goods(&ada, &waiting[0]), goods(&ada, &waiting[1])].map(|it| it.to_string());
            both.sort();
            assert_eq!(both, ["\"B\"", "\"C\""], "write {n}, landed {landed:?}");
            is_whole(&world);
        }
    }
}
