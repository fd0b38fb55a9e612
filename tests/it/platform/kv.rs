//! What is written into KV, and how often: the free plan has a thousand writes a day.

use pushguard::shop::gateway::exchange_rates;
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller, XPUB},
    world::{ADMIN_TOKEN, DAY, HOUR, MINUTE, SECOND, World, answer, block_on},
};

const COINS: [(&str, &str); 3] = [("BTC", "Bitcoin"), ("LTC", "Litecoin"), ("ETH", "Ethereum")];

/// A seller who takes every coin, whose prices both sources know.
fn seller_of_all(world: &World) -> Seller<'_> {
    let grace = world.live_seller();
    world.nodes();
    for (symbol, _) in COINS {
        let body = json!({"data": {"currency": symbol, "rates": {"USD": "2000"}}}).to_string();
        world.web.on(&coinbase(symbol), move |_| answer(200, body.clone()));
    }
    world.ecb("2023-11-14", &[("USD", "1.25"), ("CHF", "1")]);
    let ether = json!({"address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"});
    let wallets = json!({"gateways": {"litecoin": {"xpub": XPUB}, "ethereum": ether}});
    grace.put("/account", wallets).expect(200);
    grace
}

fn coinbase(symbol: &str) -> String {
    format!("https://coinbase.example/v2/exchange-rates?currency={symbol}")
}

/// An order in this coin, which nobody looks at.
fn quote(seller: &Seller<'_>, gateway: &str) {
    seller.white_label(json!({"gateway": gateway}));
    seller.world.queue.forget();
}

/// Cron's part for the rates, each minute. Answers how often KV was written, and how often each coin was asked for.
fn a_day(world: &World) -> (u32, [usize; 3]) {
    let before = world.cache.writes();
    world.web.forget();
    for _ in 0..24 * 60 {
        world.advance(MINUTE);
        block_on(exchange_rates::keep_fresh(&world.app));
    }
    (world.cache.writes() - before, COINS.map(|(symbol, _)| world.web.sent_to(&coinbase(symbol)).len()))
}

fn operator(world: &World, path: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    world.ask("PUT", &format!("/admin{path}")).header("authorization", bearer).json(&body).send()
}

fn id_of(world: &World, seller: &Seller<'_>) -> String {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let list = world.ask("GET", "/admin/accounts").header("authorization", bearer).send().expect(200).json();
    let found = list.as_array().unwrap().iter().find(|account| account["email"] == seller.email.as_str());
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_rates_of_all_coins_and_the_banks_file_are_288_writes_a_day() {
    let world = World::new();
    let grace = seller_of_all(&world);
    assert_eq!(a_day(&world), (0, [0, 0, 0]), "nobody ever quoted here");
    // The coins are first quoted at different times, and go together from then on.
    for (_, gateway) in COINS {
        let before = world.cache.writes();
        quote(&grace, gateway);
        assert_eq!(world.cache.writes() - before, 1, "{gateway}");
        world.live_through(2 * MINUTE);
    }
    assert_eq!(a_day(&world), (288, [288, 288, 288]));
    assert_eq!(world.web.sent_to("https://ecb.example").len(), 22, "when five minutes bring it past an hour");
    let before = world.cache.writes();
    world.live_through(HOUR);
    assert_eq!(world.cache.writes() - before, 12, "whatever else cron does");
    world.web.forget();
    let before = world.cache.writes();
    COINS.iter().for_each(|(_, gateway)| quote(&grace, gateway));
    assert_eq!(world.cache.writes(), before);
    assert!(world.web.sent_to("https://coin").is_empty(), "no buyer waits");
}

#[test]
fn one_coin_alone_is_288_writes_as_well() {
    for (n, (_, gateway)) in COINS.into_iter().enumerate() {
        let world = World::new();
        let grace = seller_of_all(&world);
        quote(&grace, gateway);
        let mut asked = [0, 0, 0];
        asked[n] = 288;
        assert_eq!(a_day(&world), (288, asked), "{gateway}");
    }
}

#[test]
fn a_coin_whose_sources_are_silent_costs_no_writes_and_takes_no_other_with_it() {
    let world = World::new();
    let grace = seller_of_all(&world);
    COINS.iter().for_each(|(_, gateway)| quote(&grace, gateway));
    world.web.says(&coinbase("LTC"), 500);
    let (writes, [bitcoin, litecoin, ether]) = a_day(&world);
    assert_eq!((bitcoin, ether), (288, 288));
    assert_eq!(litecoin, 1436, "each minute, once it was five minutes old");
    assert_eq!(writes, 288 + 19, "and with those questions the bank's file, once an hour");
    world.web.forget();
    quote(&grace, "Bitcoin");
    quote(&grace, "Ethereum");
    assert!(world.web.sent_to("https://coin").is_empty());
    grace.pay(json!({"gateway": "Litecoin", "white_label": true})).expect(503);
    for (symbol, _) in COINS {
        world.web.says(&coinbase(symbol), 500);
    }
    world.web.says("https://ecb.example", 500);
    assert_eq!(a_day(&world).0, 0, "what nobody says is not written");
}

#[test]
fn what_cannot_be_read_is_not_written_over() {
    let world = World::new();
    let grace = seller_of_all(&world);
    COINS.iter().for_each(|(_, gateway)| quote(&grace, gateway));
    let before = world.cache.snapshot();
    world.cache.unreadable.set(true);
    quote(&grace, "Litecoin");
    assert!(world.log.text().contains("rates.not_stored"));
    world.cache.unreadable.set(false);
    let rates = |kept: &std::collections::HashMap<String, (Option<i64>, String)>| kept["rates"].clone();
    assert_eq!(rates(&world.cache.snapshot()), rates(&before));
}

#[test]
fn an_account_that_is_active_all_day_writes_nothing_and_asks_the_directory_every_ten_minutes() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    world.advance(MINUTE);
    let before = world.cache.writes();
    let trips = world.trips(|| {
        for _ in 0..24 * 60 {
            ada.get("/no/such/path").expect(404);
            eve.get("/no/such/path").expect(404);
            world.advance(MINUTE);
        }
    });
    // Once in eleven minutes, since ten are believed; where the account lives in another database, that says the shop's name.
    assert_eq!((world.cache.writes() - before, trips), (0, 130 + 2 * 130));
    // A second isolate has to ask for itself, and writes as little.
    let other = world.redeployed(&[]);
    let trips = other.trips(|| (0..5).for_each(|_| drop(ada.at(&other).get("/no/such/path").expect(404))));
    assert_eq!((world.cache.writes() - before, trips), (0, 1));
}

#[test]
fn what_changes_an_account_is_one_write() {
    let world = World::new();
    let mut ada = world.seller();
    let id = id_of(&world, &ada);
    world.cache.paced.set(true);
    let changes: [fn(&World, &mut Seller<'_>, &str); 4] = [
        |_, ada, _| drop(ada.put("/account", json!({"shop_name": "Another"})).expect(200)),
        |_, ada, _| {
            let made = ada.post("/account/api_key", json!({})).expect(201).json();
            ada.key = made["api_key"].as_str().unwrap().to_owned();
        },
        |world, ada, id| {
            operator(world, &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
            ada.get("/account").expect(403);
        },
        |world, ada, id| {
            operator(world, &format!("/accounts/{id}"), json!({"disabled": false})).expect(200);
            ada.get("/account").expect(200);
        },
    ];
    for (n, change) in changes.into_iter().enumerate() {
        world.advance(11 * MINUTE);
        ada.get("/account").expect(if n == 3 { 403 } else { 200 });
        let before = world.cache.writes();
        change(&world, &mut ada, &id);
        world.advance(DAY);
        let status = ada.get("/account").status();
        assert_eq!(status, if n == 2 { 403 } else { 200 });
        assert_eq!(world.cache.writes() - before, 1, "change {n}");
    }
    world.cache.empty();
    let before = world.cache.writes();
    ada.get("/account").expect(200);
    ada.get("/account").expect(200);
    assert_eq!(world.cache.writes() - before, 1, "where there is no copy there is one afterwards");
}

/// A copy that an isolate has had confirmed says nothing about another copy: a disabled account and an old key die everywhere
/// as soon as KV tells.
#[test]
fn a_confirmed_copy_lets_nobody_in_who_was_shut_out_since() {
    let shut: [fn(&World, &Seller<'_>) -> u16; 2] = [
        |world, ada| {
            operator(world, &format!("/accounts/{}", id_of(world, ada)), json!({"disabled": true})).expect(200);
            403
        },
        |_, ada| {
            ada.post("/account/api_key", json!({})).expect(201);
            401
        },
    ];
    for shut in shut {
        let world = World::new();
        let ada = world.seller();
        let other = world.redeployed(&[]);
        world.advance(HOUR);
        assert_eq!(other.trips(|| ada.at(&other).get("/no/such/path").expect(404)), 1, "confirmed");
        assert_eq!(other.trips(|| ada.at(&other).get("/no/such/path").expect(404)), 0);
        let stale = world.cache.snapshot();
        world.advance(9 * MINUTE);
        let status = shut(&world, &ada);
        ada.at(&other).get("/account").expect(status);
        // A race puts the old copy back: it is believed no longer than ten minutes after it was confirmed.
        world.cache.restore(stale);
        world.advance(MINUTE + SECOND);
        ada.at(&other).get("/account").expect(status);
    }
}
