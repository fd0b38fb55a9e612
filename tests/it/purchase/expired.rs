//! Holds that are over: however many there are, a look reads some of them, and cron gives them back bit by bit.

use serde_json::json;

use super::{buy, is_whole, product, stock};
use crate::{
    actors::Seller,
    world::{MINUTE, World},
};

/// Holds of one unit each that were over long ago.
fn expired(world: &World, seller: &Seller<'_>, count: u32) -> String {
    let product = product(seller, json!({"product_type": 4, "stock_amount": count}));
    world.db.change(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO holds (account_id, order_id, product_id, product_type, units, until)
         SELECT account_id, printf('%s-%06d', id, i), id, 4, 1, i FROM products CROSS JOIN n WHERE id = '{product}'"
    ));
    product
}

fn held(world: &World) -> usize {
    world.db.rows_in("holds")
}

#[test]
fn a_look_at_twenty_thousand_costs_no_more_than_one_at_two_thousand() {
    let costs = |count: u32| {
        let world = World::new();
        let ada = world.seller();
        let product = expired(&world, &ada, count);
        let steps = |act: &dyn Fn()| {
            let before = world.db.steps();
            act();
            world.db.steps() - before
        };
        let list = steps(&|| assert!(ada.get("/products").expect(200).json()[0]["stock"].as_u64().unwrap() >= 1_000));
        let bought = steps(&|| drop(buy(&ada, &product, json!({"quantity": 3})).expect(201)));
        let shown = steps(&|| assert!(stock(&ada, &product).as_u64().unwrap() >= 985));
        [list, bought, shown]
    };
    let (few, many) = (costs(2_000), costs(20_000));
    for (few, many) in few.iter().zip(many) {
        assert!(many < few * 3 / 2, "{many} steps, and {few} with a tenth of them");
    }
}

#[test]
fn a_buyer_gives_back_what_they_need_and_cron_a_bounded_number_a_minute() {
    let world = World::new();
    let ada = world.seller();
    let product = expired(&world, &ada, 20_000);
    buy(&ada, &product, json!({"quantity": 3})).expect(201);
    assert!((19_980..=20_000).contains(&held(&world)), "{}", held(&world));
    assert!(buy(&ada, &product, json!({"quantity": 900})).status() == 201, "cron never ran");
    let before = held(&world);
    world.cron();
    let gone = before - held(&world);
    assert!((1_000..=2_000).contains(&gone), "{gone}");
    world.live_through(15 * MINUTE);
    assert_eq!(held(&world), 2, "those that aren't over");
    assert_eq!(stock(&ada, &product), 20_000 - 903);
    assert_eq!(world.db.one("SELECT stock_held FROM products"), "903");
    is_whole(&world);
}

#[test]
fn thousands_of_one_product_hide_none_of_another() {
    let world = World::new();
    let ada = world.seller();
    expired(&world, &ada, 3_000);
    let other = expired(&world, &ada, 1);
    world.db.change(&format!("UPDATE holds SET until = 100000 WHERE product_id = '{other}'"));
    assert_eq!(buy(&ada, &other, json!({})).status(), 201);
    assert_eq!(buy(&ada, &other, json!({})).status(), 400);
}

#[test]
fn an_order_that_is_never_paid_keeps_its_goods_for_hours_and_not_for_ever() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "A"}));
    let order = super::order(&ada, &keys);
    let page = world.receipt(&order);
    let mut held = 0;
    for _ in 0..40 {
        world.advance(21 * MINUTE);
        world.buyer().get(&page).expect(200);
        world.buyer().post(&page, "").expect(303);
        held += u32::from(stock(&ada, &keys) == 0);
    }
    assert!((2..10).contains(&held), "{held} of forty prices");
    let second = super::order(&ada, &keys);
    ada.simulate(&second, "exact", 1);
    assert_eq!(ada.order(&second)["delivered"], "A");
    world.advance(21 * MINUTE);
    let gone = world.buyer().post(&page, "");
    assert_eq!(gone.status(), 409, "nothing is left, and nobody is asked for money");
    is_whole(&world);
}
