//! Several databases: where an account lives is chosen when it is made, and nothing but its directory row is elsewhere.

use serde_json::json;

use crate::{
    actors::Seller,
    world::{DAY, MINUTE, World, block_on},
};

const HOOK: &str = "https://hooks.example/";

fn named<'w>(world: &'w World, name: &str) -> Seller<'w> {
    world.seller_named(&format!("{name}@example.com"), true)
}

/// How many accounts live in each shard, by their shops.
fn spread(world: &World) -> Vec<String> {
    (0..3).map(|shard| world.db.query_in(shard, "SELECT COUNT(*) FROM shops")[0][0].clone()).collect()
}

#[test]
fn a_new_account_goes_where_the_fewest_are_and_all_of_it_lives_there() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let sellers = ["ada", "eve", "bob", "kim", "lea", "max", "zoe"].map(|name| named(&world, name));
    assert_eq!(spread(&world), ["3", "2", "2"]);
    let kept = world.db.query("SELECT name, accounts FROM shards ORDER BY name");
    assert_eq!(kept, [["DB", "3"], ["DB_1", "2"], ["DB_2", "2"]]);
    for seller in &sellers {
        seller.endpoint(HOOK, &["order:paid"]);
        let link = seller.link(json!({}));
        world.buyer().start(&link).expect(200);
        seller.simulate(&link.order_id, "exact", 1);
        world.run_jobs();
        assert_eq!(seller.status(&link.order_id), 100);
        assert_eq!(seller.logs()[0]["response_code"], 200);
    }
    for table in ["orders", "payments", "webhook_logs", "webhook_payloads", "order_blocks"] {
        let rows = |shard| world.db.query_in(shard, &format!("SELECT COUNT(*) FROM {table}"))[0][0].clone();
        assert_eq!([rows(0), rows(1), rows(2)], ["3", "2", "2"], "{table}");
    }
}

#[test]
fn a_shard_that_is_added_later_is_filled_first() {
    let world = World::new();
    world.db.change_in(0, "INSERT INTO shards (name, accounts) VALUES ('DB', 900), ('DB_1', 901)");
    for name in ["ada", "eve", "bob"] {
        named(&world, name);
    }
    assert_eq!(spread(&world), ["0", "0", "3"]);
}

#[test]
fn an_address_that_is_taken_leaves_nothing_behind_in_any_shard() {
    let world = World::new();
    named(&world, "ada");
    let before = (world.db.dump(), spread(&world));
    let fields = json!({"email": "Ada@example.com", "shop_name": "Other", "test": true});
    world.create_account(fields).expect(400);
    assert_eq!((world.db.dump(), spread(&world)), before);
    named(&world, "eve");
    assert_eq!(spread(&world), ["1", "1", "0"]);
}

#[test]
fn a_wallet_serves_one_account_of_all_shards() {
    const XPUB: &str = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
    let world = World::new();
    let accounts = ["ada", "eve", "bob", "kim"].map(|name| world.seller_named(&format!("{name}@example.com"), false));
    let gateways = json!({"gateways": {"bitcoin": {"xpub": XPUB}}});
    accounts[1].put("/account", gateways.clone()).expect(200);
    for other in [0, 2, 3] {
        let refused = accounts[other].put("/account", gateways.clone());
        assert_eq!(refused.expect(400).errors().len(), 1);
    }
    accounts[1].put("/account", gateways).expect(200);
}

#[test]
fn the_shops_name_in_another_shard_costs_no_trip_when_warm() {
    let world = World::new();
    let (_ada, eve) = (named(&world, "ada"), named(&world, "eve"));
    assert_eq!(world.trips(|| eve.link(json!({}))), 1);
    eve.put("/account", json!({"shop_name": "Renamed"})).expect(200);
    assert_eq!(world.trips(|| eve.link(json!({}))), 1);
    world.cache.empty();
    eve.get("/orders").expect(200);
    let link = eve.link(json!({}));
    assert_eq!(world.trips(|| eve.link(json!({}))), 1);
    assert!(world.buyer().get(&link.path).expect(200).text().contains("Renamed"));
    let key = eve.post("/account/api_key", json!({})).expect(201).json()["api_key"].as_str().unwrap().to_owned();
    Seller { key, ..eve }.get("/account").expect(200);
}

#[test]
fn the_sweep_walks_all_shards_and_the_trouble_of_one_is_its_own() {
    for down in 0..3 {
        let world = World::new();
        world.web.says(HOOK, 200);
        let sellers = ["ada", "eve", "bob"].map(|name| named(&world, name));
        for seller in &sellers {
            seller.endpoint(HOOK, &["order:created"]);
            seller.white_label(json!({}));
        }
        world.queue.forget();
        world.advance(2 * MINUTE);
        world.db.down.set(Some(down));
        let told = block_on(pushguard::shop::sweep::sweep(&world.app));
        assert!(told.unwrap_err().0.contains(["DB", "DB_1", "DB_2"][down]));
        world.db.down.set(None);
        world.run_jobs();
        assert_eq!(world.web.sent_to(HOOK).len(), 2, "those of the others were sent");
        world.advance(MINUTE);
        world.cron();
        world.run_jobs();
        assert_eq!(world.web.sent_to(HOOK).len(), 3, "and the last a minute later");
    }
}

#[test]
fn old_logs_go_in_all_shards() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let sellers = ["ada", "eve", "bob"].map(|name| named(&world, name));
    for seller in &sellers {
        seller.endpoint(HOOK, &["order:created"]);
        (0..3).for_each(|_| drop(seller.white_label(json!({}))));
    }
    world.run_jobs();
    world.advance(91 * DAY);
    world.cron();
    assert_eq!((world.db.rows_in("webhook_logs"), world.db.rows_in("webhook_payloads")), (3, 3));
}
