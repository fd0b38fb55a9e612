//! Addresses that are used again: whoever restores a seller's wallet finds all of its coins, since wallets look only twenty
//! unused addresses ahead.

use std::collections::HashSet;

use futures_util::future::join_all;
use pushguard::platform::FetchError;
use serde_json::{Value, json};

use crate::{
    actors::{Link, Seller},
    order::sync_schedule::scene,
    world::{DAY, HOUR, MINUTE, Mood, World, block_on},
};

fn index(world: &World, order_id: &str) -> String {
    world.db.one(&format!("SELECT crypto_index FROM orders WHERE id = '{order_id}'"))
}

fn free(world: &World) -> Vec<String> {
    world.db.query("SELECT address_index FROM free_addresses ORDER BY address_index").concat()
}

fn started(world: &World, seller: &Seller<'_>) -> Link {
    let link = seller.link(json!({}));
    world.buyer().start(&link).expect(200);
    link
}

fn id(order: &Value) -> String {
    order["id"].as_str().expect("an id").to_owned()
}

/// Time passes, and of each order's looks only the last of it is taken.
fn pass(world: &World, ms: i64) {
    world.advance(ms);
    world.cron();
    world.run_jobs();
}

#[test]
fn an_address_that_nobody_paid_is_used_again_after_a_week_and_its_first_order_lets_it_go() {
    let world = World::new();
    world.esploras();
    let (grace, link, address) = scene(&world);
    world.live_through(7 * DAY);
    assert_eq!((free(&world), index(&world, &link.order_id)), (vec![], "0".into()), "seven days after the quote's end");
    world.live_through(2 * HOUR);
    assert_eq!((free(&world), index(&world, &link.order_id)), (vec!["0".to_owned()], "null".into()));
    let order = grace.order(&link.order_id);
    assert_eq!((&order["status"], &order["crypto_address"]), (&json!(0), &Value::Null));
    let logs = world.db.rows_in("webhook_logs");
    let again = started(&world, &grace);
    assert_eq!(grace.order(&again.order_id)["crypto_address"], json!(address));
    assert_eq!(free(&world), [""; 0]);
    // The first one's page neither shows it nor gets it back, however often it is opened, started and asked for a price.
    for _ in 0..2 {
        let page = world.buyer().get(&link.order()).expect(200);
        assert!(page.text().contains("for a new link") && !page.text().contains(&address));
        world.buyer().post(&link.order(), "").expect(303);
        world.buyer().post(&link.path, "").expect(303);
        pass(&world, HOUR);
    }
    assert_eq!(index(&world, &link.order_id), "null");
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "1");
    assert_eq!(world.db.rows_in("webhook_logs"), logs, "nobody is told");
    assert_eq!(world.log.troubles(), "");
}

#[test]
fn money_at_a_used_address_is_the_second_orders_and_not_the_firsts() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = scene(&world);
    world.live_through(7 * DAY + 2 * HOUR);
    let again = id(&grace.white_label(json!({})));
    assert_eq!(index(&world, &again), "0", "orders without a link take them as well");
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.buyer().get(&link.order()).expect(200);
    world.live_through(MINUTE);
    assert_eq!((grace.status(&again), grace.status(&link.order_id)), (100, 0));
}

#[test]
fn an_address_is_kept_where_anything_ever_came_to_it_or_that_is_not_known_for_sure() {
    for case in ["seen and gone", "older than the order", "one server is silent", "both are", "a part is there"] {
        let world = World::new();
        let [one, two] = world.esploras();
        let (grace, link, address) = scene(&world);
        let servers = [&one, &two];
        let sees = || servers.map(|server| server.sees(1, &address, 5_000))[0].clone();
        match case {
            "seen and gone" => {
                let txid = sees();
                world.live_through(MINUTE);
                servers.iter().for_each(|server| server.loses(&txid));
                world.live_through(MINUTE);
            }
            "older than the order" => {
                let txid = sees();
                servers.iter().for_each(|server| server.mines(1));
                servers.iter().for_each(|server| server.ages(&txid, 30 * DAY));
            }
            "one server is silent" => two.is(Mood::Silent(FetchError::Timeout)),
            "both are" => {
                world.live_through(HOUR);
                servers.iter().for_each(|server| server.is(Mood::Silent(FetchError::Timeout)));
            }
            _ => drop(sees()),
        }
        pass(&world, 6 * DAY);
        world.live_through(26 * HOUR);
        assert_eq!((free(&world), index(&world, &link.order_id)), (vec![], "0".into()), "{case}");
        servers.iter().for_each(|server| server.is(Mood::Well));
        world.live_through(13 * HOUR);
        let late = ["one server is silent", "both are"].contains(&case);
        assert_eq!(free(&world).len(), usize::from(late), "{case}: an answer that comes later is as good");
        let order = grace.order(&link.order_id);
        assert_eq!(order["crypto_address"].is_null(), late, "{case}");
    }
}

#[test]
fn a_new_price_in_the_last_moment_keeps_the_address() {
    let world = World::new();
    world.esploras();
    let (grace, link, _) = scene(&world);
    pass(&world, 7 * DAY);
    world.advance(HOUR);
    let (other, path) = (world.redeployed(&[]), link.order());
    // The buyer asks for it while the look that gives the address back is about to commit.
    world.db.before_commit(1, move || drop(other.buyer().post(&path, "").expect(303)));
    world.run_jobs();
    assert_eq!((free(&world), index(&world, &link.order_id)), (vec![], "0".into()));
    assert!(world.buyer().get(&link.order()).text().contains("Waiting for payment"));
    assert_eq!(grace.status(&link.order_id), 0);
}

#[test]
fn thirty_who_start_at_once_take_each_address_once_and_the_free_ones_first() {
    let world = World::new();
    let ada = world.seller();
    for _ in 0..8 {
        ada.white_label(json!({}));
    }
    pass(&world, 7 * DAY + HOUR);
    assert_eq!(free(&world), ["0", "1", "2", "3", "4", "5", "6", "7"]);
    world.db.change("DELETE FROM free_addresses WHERE address_index IN (1, 4, 6)");
    let links: Vec<Link> = (0..15).map(|_| ada.link(json!({}))).collect();
    world.db.interleaves.set(true);
    let body = crate::actors::payment(json!({"white_label": true}));
    // Half have a link, and each of those is started twice.
    let starts = links.iter().chain(&links).map(|link| world.buyer().ask("POST", &link.path).body("").together());
    let orders = (0..15).map(|_| ada.ask("POST", "/pay").json(&body).together());
    let replies = block_on(join_all(
        starts.map(futures_util::FutureExt::boxed_local).chain(orders.map(futures_util::FutureExt::boxed_local)),
    ));
    world.db.interleaves.set(false);
    assert!(replies.iter().all(|reply| [201, 303].contains(&reply.status())));
    let mut taken: Vec<u32> = world
        .db
        .query("SELECT crypto_index FROM orders WHERE crypto_index IS NOT NULL")
        .concat()
        .iter()
        .map(|n| n.parse().unwrap())
        .collect();
    taken.sort_unstable();
    let expected: Vec<u32> = [0, 2, 3, 5, 7].into_iter().chain(8..33).collect();
    assert_eq!(taken, expected);
    let addresses = world.db.query("SELECT crypto_address FROM orders WHERE crypto_index IS NOT NULL").concat();
    assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), 30);
    assert_eq!((free(&world).len(), world.db.one("SELECT next_index FROM wallets")), (0, "33".into()));
}

#[test]
fn taking_a_used_address_costs_no_round_trip_more() {
    let world = World::new();
    let ada = world.seller();
    ada.white_label(json!({}));
    started(&world, &ada);
    pass(&world, 7 * DAY + HOUR);
    assert_eq!(free(&world).len(), 2);
    ada.get("/account").expect(200);
    assert_eq!(world.trips(|| ada.white_label(json!({}))), 2);
    let link = ada.link(json!({}));
    assert_eq!(world.trips(|| world.buyer().post(&link.path, "").expect(303)), 2);
    assert_eq!((free(&world).len(), world.db.one("SELECT next_index FROM wallets")), (0, "2".into()));
}

#[test]
fn giving_an_address_back_is_three_trips_once() {
    let world = World::new();
    world.esploras();
    scene(&world);
    pass(&world, 6 * DAY);
    pass(&world, DAY);
    world.advance(HOUR);
    // The order, its account's wallets, and the commit; its looks ask one server, and then both.
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!((counts.reads, counts.commits, counts.fetches), (2, 1, 2 + 4));
    pass(&world, DAY);
    let (counts, _) = world.count(|| world.run_jobs());
    assert_eq!((counts.reads, counts.commits, counts.fetches), (0, 0, 0));
}

#[test]
fn a_wallet_finds_its_coins_however_many_links_are_left_unpaid() {
    let world = World::new();
    let ada = world.seller();
    // Two links a day that nobody pays, for fifty days; each tenth order is paid.
    let (mut highest, mut used) = (0, 0);
    for n in 0..110 {
        let order = match n % 2 {
            0 => started(&world, &ada).order_id,
            _ => id(&ada.white_label(json!({}))),
        };
        let index: i64 = index(&world, &order).parse().unwrap();
        highest = highest.max(index);
        assert!(highest - used <= 20, "the {n}th address is {highest}, and the last used one {used}");
        if n % 11 == 10 {
            ada.simulate(&order, "exact", 6);
            used = used.max(index);
        }
        pass(&world, 12 * HOUR);
    }
    assert!(highest < 40, "a hundred were left, and {highest} addresses were needed");
}

#[test]
fn a_wallets_free_addresses_wait_for_its_return() {
    let world = World::new();
    world.esploras();
    let (grace, link, address) = scene(&world);
    let wallet = |xpub: &str| {
        grace.put("/account", json!({"gateways": {"bitcoin": {"xpub": xpub}}})).expect(200);
    };
    // The order's wallet is another one by the time that it gives its address back.
    wallet(crate::actors::YPUB);
    pass(&world, 6 * DAY);
    pass(&world, DAY);
    world.live_through(2 * HOUR);
    assert_eq!((free(&world).len(), index(&world, &link.order_id)), (1, "null".into()));
    let other = grace.white_label(json!({}));
    assert_eq!((index(&world, &id(&other)), free(&world).len()), ("0".into(), 1), "the other one has none");
    wallet(crate::actors::ZPUB);
    assert_eq!(grace.white_label(json!({}))["crypto_address"], json!(address));
}

#[test]
fn an_address_whose_wallet_is_written_otherwise_now_is_not_given_back() {
    let world = World::new();
    world.esploras();
    let (_, link, _) = scene(&world);
    // As after a change of the network: the index leads to another address.
    world.db.change("UPDATE orders SET crypto_address = 'bc1qother'");
    pass(&world, 6 * DAY);
    pass(&world, DAY);
    world.live_through(3 * DAY);
    assert_eq!((free(&world).len(), index(&world, &link.order_id)), (0, "0".into()));
    assert_eq!(world.db.one("SELECT sync_lease FROM orders"), "null", "and it is not looked at for ever");
}
