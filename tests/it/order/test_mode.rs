//! Test accounts: the seller plays the buyer and the chain, and everything after it is as it would be.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{Landed, World},
};

fn order(seller: &Seller<'_>, changed: Value) -> String {
    seller.white_label(changed)["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_kind_of_payment_does_what_its_name_says() {
    for (kind, value, status) in
        [("exact", 20_000, 54), ("partial", 10_000, 53), ("over", 22_001, 54), ("late", 20_000, 54)]
    {
        let world = World::new();
        let ada = world.seller();
        let id = order(&ada, json!({}));
        let paid = ada.simulate(&id, kind, 0);
        assert_eq!((&paid["value"], &paid["confirmations"]), (&json!(value), &json!(0)), "{kind}");
        assert_eq!(paid["txid"].as_str().unwrap().len(), 64);
        assert_eq!(
            (&paid["order"]["status"], &paid["order"]["crypto_received"]),
            (&json!(status), &json!(value)),
            "{kind}"
        );
        assert_eq!(paid["order"], ada.order(&id));
        ada.mine(1);
        assert_eq!(ada.status(&id), if kind == "partial" { 53 } else { 100 }, "{kind}");
    }
}

#[test]
fn a_payment_may_come_with_confirmations_and_with_an_amount_of_its_own() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({"confirmations": 3}));
    assert_eq!(ada.simulate(&id, "exact", 3)["order"]["status"], 100);
    let id = order(&ada, json!({}));
    let pay = |amount: Value| {
        ada.post("/test/payments", json!({"order_id": id, "kind": "exact", "amount": amount, "confirmations": 1}))
    };
    for (amount, status) in [(json!(1), 53), (json!("7999"), 53), (json!(12_000), 100)] {
        assert_eq!(pay(amount).expect(201).json()["order"]["status"], status);
    }
    assert_eq!(ada.order(&id)["crypto_received"], 20_000);
}

#[test]
fn blocks_confirm_one_order_or_all() {
    let world = World::new();
    let ada = world.seller();
    let (one, two) = (order(&ada, json!({"confirmations": 2})), order(&ada, json!({"confirmations": 2})));
    ada.simulate(&one, "exact", 0);
    ada.simulate(&two, "exact", 0);
    let mine = |body: Value| ada.post("/test/blocks", body).expect(201).json()["height"].as_i64().unwrap();
    let height = mine(json!({"count": 1, "order_id": one}));
    assert_eq!(
        (&ada.order(&one)["crypto_confirmations"], &ada.order(&two)["crypto_confirmations"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(mine(json!({"count": 1})), height + 1);
    assert_eq!((ada.status(&one), &ada.order(&two)["crypto_confirmations"]), (100, &json!(1)));
    assert_eq!(mine(json!({"count": "5"})), height + 6);
    assert_eq!(ada.status(&two), 100);
}

#[test]
fn a_double_spend_takes_away_what_is_unconfirmed_and_only_that() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({"confirmations": 2}));
    ada.simulate(&id, "partial", 1);
    ada.simulate(&id, "exact", 0);
    assert_eq!(ada.status(&id), 54);
    let order = ada.post("/test/double_spend", json!({"order_id": id})).expect(201).json();
    assert_eq!((&order["status"], &order["crypto_received"]), (&json!(53), &json!(10_000)));
    let again = ada.post("/test/double_spend", json!({"order_id": id})).expect(201).json();
    assert_eq!(again, order);
}

#[test]
fn only_what_makes_sense_is_played() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({}));
    for (path, body, sentences) in [
        ("payments", json!({}), vec!["Order id can't be blank", "Kind can't be blank"]),
        (
            "payments",
            json!({"order_id": id, "kind": "more"}),
            vec!["Kind is not included in the list (exact, partial, over, late)"],
        ),
        (
            "payments",
            json!({"order_id": id, "kind": "exact", "amount": 0}),
            vec!["Amount must be greater than or equal to 1"],
        ),
        (
            "payments",
            json!({"order_id": id, "kind": "exact", "amount": 1e30}),
            vec!["Amount must be less than or equal to 2100000000000000"],
        ),
        (
            "payments",
            json!({"order_id": id, "kind": "exact", "confirmations": -1}),
            vec!["Confirmations must be greater than or equal to 0"],
        ),
        ("blocks", json!({}), vec!["Count can't be blank"]),
        ("blocks", json!({"count": 0}), vec!["Count must be greater than or equal to 1"]),
        ("blocks", json!({"count": 1_001}), vec!["Count must be less than or equal to 1000"]),
        ("double_spend", json!({}), vec!["Order id can't be blank"]),
    ] {
        assert_eq!(ada.post(&format!("/test/{path}"), body.clone()).errors(), sentences, "{path} {body}");
    }
    ada.simulate(&id, "exact", 1);
    let paid = ada.post("/test/payments", json!({"order_id": id, "kind": "exact"}));
    assert_eq!(paid.errors(), ["Order is not waiting for a payment"]);
    for (path, body) in [
        ("payments", json!({"order_id": "nothing", "kind": "exact"})),
        ("blocks", json!({"count": 1, "order_id": "nothing"})),
        ("double_spend", json!({"order_id": "nothing"})),
    ] {
        ada.post(&format!("/test/{path}"), body).expect(404);
    }
}

#[test]
fn another_test_accounts_orders_cannot_be_played_with() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let id = order(&ada, json!({}));
    eve.post("/test/payments", json!({"order_id": id, "kind": "exact"})).expect(404);
    eve.post("/test/blocks", json!({"count": 1, "order_id": id})).expect(404);
    eve.post("/test/double_spend", json!({"order_id": id})).expect(404);
    ada.simulate(&id, "exact", 0);
    eve.mine(3);
    assert_eq!(ada.status(&id), 54, "each has a chain of her own");
}

#[test]
fn two_test_accounts_whose_wallets_are_alike_do_not_see_each_others_money() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let (hers, his) = (order(&ada, json!({})), order(&eve, json!({})));
    assert_eq!(ada.order(&hers)["crypto_address"], eve.order(&his)["crypto_address"], "both use the published wallet");
    ada.simulate(&hers, "exact", 1);
    world.run_jobs();
    assert_eq!((ada.status(&hers), eve.status(&his)), (100, 0));
}

#[test]
fn a_live_account_has_no_simulated_chain() {
    let world = World::new();
    world.esploras();
    let grace = world.live_seller();
    let id = order(&grace, json!({}));
    let before = world.db.dump();
    for (path, body) in [
        ("payments", json!({"order_id": id, "kind": "exact"})),
        ("blocks", json!({"count": 1})),
        ("double_spend", json!({"order_id": id})),
    ] {
        let reply = grace.post(&format!("/test/{path}"), body).expect(403);
        assert_eq!(reply.message(), "You are not authorized to perform this action");
    }
    assert_eq!(world.db.dump(), before);
    assert_eq!(world.db.rows_in("simulated_transactions"), 0);
}

#[test]
fn a_test_order_is_delivered_and_signed_like_a_live_one_and_needs_no_network() {
    let world = World::new();
    world.web.says("https://hooks.example/", 200);
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created", "order:updated", "order:paid"]);
    let id = order(&ada, json!({}));
    ada.simulate(&id, "exact", 0);
    ada.mine(1);
    world.live_through(60_000);
    let events: Vec<String> = world.web.sent().iter().map(|sent| sent.header("x-pushguard-event").to_owned()).collect();
    assert_eq!(events, ["order:created", "order:updated", "order:updated", "order:paid"]);
    assert!(world.web.sent().iter().all(|sent| sent.url == "https://hooks.example/"), "and nobody else is asked");
}

#[test]
fn a_played_payment_whose_look_breaks_is_seen_by_the_next_one() {
    for n in [1, 2] {
        let world = World::new();
        let ada = world.seller();
        let id = order(&ada, json!({}));
        world.db.break_commit(n, Landed::Yes);
        ada.post("/test/payments", json!({"order_id": id, "kind": "exact", "confirmations": 1})).expect(500);
        world.live_through(60_000);
        assert_eq!(ada.status(&id), 100);
    }
}

#[test]
fn a_block_reads_the_open_orders_and_not_those_that_are_over() {
    let steps = [100, 5_000].map(|over| {
        let world = World::new();
        let ada = world.seller();
        ada.white_label(json!({}));
        world.db.change_in(
            0,
            &format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {over})
                 INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, value, currency, quantity, gateway,
                   confirmations_needed, status, test, created_at, updated_at)
                 SELECT account_id, n + 1, 'over-' || n, 1, 'pay', 'Tea', 1, 'EUR', 1, 'bitcoin', 1, 0, 1, 0, 0 FROM shops, n"
            ),
        );
        let before = world.db.steps();
        ada.mine(1);
        world.db.steps() - before
    });
    assert_eq!(steps[0], steps[1]);
}
