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
fn cron_delivers_where_no_message_came() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    let waiting = late(&world, &ada, &keys, &[1, 1]);
    world.queue.loses.set(true);
    ada.put(&format!("/products/{keys}"), json!({"info": "B,C"})).expect(200);
    world.queue.loses.set(false);
    buy(&ada, &keys, json!({})).expect(400);
    world.live_through(3 * MINUTE);
    assert_eq!((goods(&ada, &waiting[0]), goods(&ada, &waiting[1])), (json!("B"), json!("C")));
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
            if world.db.one("SELECT COUNT(*) FROM serials WHERE serial IN ('B', 'C')") == "0" {
                ada.put(&format!("/products/{keys}"), json!({"info": "B,C"})).expect(200);
            }
            world.live_through(30 * MINUTE);
            let mut both = [goods(&ada, &waiting[0]), goods(&ada, &waiting[1])].map(|it| it.to_string());
            both.sort();
            assert_eq!(both, ["\"B\"", "\"C\""], "write {n}, landed {landed:?}");
            is_whole(&world);
        }
    }
}

#[test]
fn what_a_paid_order_waits_for_is_no_new_buyers() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let waiting = late(&world, &ada, &keys, &[2]);
    world.queue.loses.set(true);
    ada.put(&format!("/products/{keys}"), json!({"info": "C"})).expect(200);
    let stock = || ada.get(&format!("/products/{keys}")).json()["stock"].clone();
    assert_eq!(stock(), 0);
    assert_eq!(buy(&ada, &keys, json!({})).expect(400).errors(), ["Product is out of stock"]);
    ada.put(&format!("/products/{keys}"), json!({"info": "C,D,E"})).expect(200);
    assert_eq!(stock(), 1);
    order(&ada, &keys);
    assert_eq!((stock(), buy(&ada, &keys, json!({})).status()), (json!(0), 400));
    world.queue.loses.set(false);
    world.live_through(2 * MINUTE);
    assert_eq!(goods(&ada, &waiting[0]), "D\nE");
    is_whole(&world);
}

/// The schema says so itself: whoever looked before the order waited takes nothing either.
#[test]
fn a_hold_of_a_new_buyer_is_refused_by_the_schema_while_all_is_owed() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A");
    late(&world, &ada, &keys, &[1]);
    world.queue.loses.set(true);
    ada.put(&format!("/products/{keys}"), json!({"info": "B"})).expect(200);
    let hold = format!(
        "INSERT INTO holds (account_id, order_id, product_id, product_type, units, until)
         SELECT account_id, 'new', id, 2, 1, 0 FROM products WHERE id = '{keys}'"
    );
    let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.db.change(&hold)));
    assert!(held.is_err(), "it was taken");
}

/// A product without serials for which these wait, though nothing but `left` is there.
fn waits(world: &World, seller: &Seller<'_>, quantities: &[u32], left: u32) -> (String, Vec<String>) {
    let fields = json!({"product_type": 4, "stock_amount": quantities.iter().sum::<u32>()});
    let product = product(seller, fields);
    let of = |quantity: &u32| id(&buy(seller, &product, json!({"quantity": quantity})).expect(201).json());
    let orders: Vec<String> = quantities.iter().map(of).collect();
    world.db.change(&format!(
        "UPDATE orders SET status = 100, delivery = 'out_of_stock', paid_at = 1, sync_lease = NULL WHERE product_id = '{product}';
         DELETE FROM holds WHERE product_id = '{product}'; UPDATE products SET stock_amount = {left} WHERE id = '{product}'"
    ));
    (product, orders)
}

#[test]
fn no_product_and_no_large_order_hides_another_from_cron() {
    let world = World::new();
    let sellers: Vec<Seller<'_>> =
        (0..3).map(|n| world.seller_named(&format!("seller{n}@example.com"), true)).collect();
    let mut products = Vec::new();
    for n in 0..149 {
        products.push((n % 3, waits(&world, &sellers[n % 3], &[5], 4)));
    }
    let mixed: Vec<u32> = (0..50).map(|n| [40, 1, 7, 2][n % 4]).collect();
    let (product, orders) = waits(&world, &sellers[2], &mixed, 30);
    products.push((2, (product.clone(), orders.clone())));
    world.queue.forget();
    world.live_through(3 * MINUTE);
    let gone = |n: usize, order: &str| sellers[n].order(order)["delivery"] != "out_of_stock";
    // 1, 7, 2, 1, 7, 2, 1, 7, 2: the oldest of those that fit.
    let delivered: Vec<usize> = (0..50).filter(|n| gone(2, &orders[*n])).collect();
    assert_eq!(delivered, [1, 2, 3, 5, 6, 7, 9, 10, 11]);
    assert_eq!(world.db.one("SELECT COUNT(*) FROM orders WHERE delivery = 'manual'"), "9");
    is_whole(&world);
    world.db.change("UPDATE products SET stock_amount = 5000");
    let before = world.db.counts().1;
    world.cron();
    assert!(world.db.counts().1 - before < 20, "cron itself only names products");
    world.live_through(10 * MINUTE);
    for (n, (_, orders)) in &products {
        assert!(orders.iter().all(|order| gone(*n, order)));
    }
    is_whole(&world);
}

/// Whatever comes in which order: no unit is sold twice, no new buyer takes what is owed, and in the end everybody who paid has
/// their goods.
#[test]
fn random_sequences_of_restocks_buys_payments_and_cron_lose_nobody() {
    for seed in 1..=8_u64 {
        let world = World::new();
        let ada = world.seller();
        let keys = keys(&ada, "A0,A1,A2");
        let mut state = seed;
        let mut random = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let (mut unpaid, mut late) = (Vec::<String>::new(), Vec::<String>::new());
        let (mut paid, mut added) = (Vec::<String>::new(), 0);
        for _ in 0..60 {
            match random(6) {
                0 => {
                    let lines: Vec<String> = (0..=random(3)).map(|n| format!("{added}-{n}")).collect();
                    added += 1;
                    let put = ada.ask("PUT", &format!("/products/{keys}/serials")).header("content-type", "text/plain");
                    put.body(lines.join("\n")).send().expect(200);
                    if random(2) == 0 {
                        world.run_jobs();
                    }
                }
                1 | 2 => {
                    let reply = buy(&ada, &keys, json!({"quantity": random(3) + 1}));
                    if reply.status() == 201 {
                        unpaid.push(id(&reply.json()));
                        let free: i64 = world.db.one("SELECT serials_left - stock_owed FROM products").parse().unwrap();
                        assert!(free >= 0, "seed {seed}: a new buyer took what was owed");
                    }
                }
                3 if !unpaid.is_empty() => {
                    let order = unpaid.remove(random(unpaid.len() as u64) as usize);
                    ada.simulate(&order, "exact", 1);
                    paid.push(order);
                }
                4 if !late.is_empty() => {
                    let order = late.remove(0);
                    ada.simulate(&order, "late", 1);
                    paid.push(order);
                }
                4 => {
                    world.advance(2 * 60 * MINUTE);
                    late.append(&mut unpaid);
                }
                _ => world.live_through(MINUTE),
            }
            is_whole(&world);
        }
        let lines: Vec<String> = (0..200).map(|n| format!("end-{n}")).collect();
        let put = ada.ask("PUT", &format!("/products/{keys}/serials")).header("content-type", "text/plain");
        put.body(lines.join("\n")).send().expect(200);
        world.live_through(5 * MINUTE);
        for order in &paid {
            let order = ada.order(order);
            assert_eq!((&order["status"], &order["delivery"]), (&json!(100), &json!("delivered")), "seed {seed}");
        }
        is_whole(&world);
    }
}
