//! Orders by status, e-mail, product, gateway and time. What it costs in rows is asserted in tests/worker/lists.test.mjs.

use proptest::prelude::*;
use pushguard::shop::{
    account::Account,
    order::{self, Filter, Status},
};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    world::{SECOND, START, World, block_on},
};

/// An order as far as filters go.
#[derive(Debug, Clone)]
pub struct Made {
    pub status: i64,
    pub product_id: String,
    pub gateway: &'static str,
    pub email: Option<String>,
    pub created_at: i64,
}

const STATUSES: [i64; 8] = [0, 51, 52, 53, 54, 55, 56, 100];

fn made() -> impl Strategy<Value = Made> {
    let email = prop_oneof![
        3 => Just(None),
        2 => Just(Some("bob@example.com".to_owned())),
        2 => Just(Some("Bob@Example.COM".to_owned())),
        1 => Just(Some("eve@example.com".to_owned())),
    ];
    let product = prop_oneof![2 => Just("pay".to_owned()), 3 => (0_u32..40).prop_map(|n| format!("{n:08x}"))];
    // What was made by other versions has gateways that this one can't read; it must not be in the way.
    let gateway = prop_oneof![5 => Just("bitcoin"), 1 => Just("monero")];
    (prop::sample::select(&STATUSES[..]), product, gateway, email, 0_i64..50).prop_map(
        |(status, product_id, gateway, email, created_at)| Made { status, product_id, gateway, email, created_at },
    )
}

/// One statement appends them all to the account's orders, so that three thousand are made in no time.
pub fn insert(made: &[Made], account_id: i64) -> String {
    let values: Vec<Value> = made
        .iter()
        .map(|made| json!([made.status, made.product_id, made.gateway, made.email, made.created_at]))
        .collect();
    format!(
        "INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
           confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
           quote_expires_at, test, created_at, updated_at)
         SELECT {account_id}, key + 1 + (SELECT COUNT(*) FROM orders WHERE account_id = {account_id}), {account_id} || '-' || key,
           1, value ->> 1, 'An order', value ->> 3, 1000, 'USD', 1, value ->> 2, 1, value ->> 0, 1, 'bc1q', key, '50000', 'fixed',
           0, 0, 1, value ->> 4, value ->> 4
         FROM json_each('{}') ORDER BY key",
        Value::Array(values)
    )
}

pub fn write(world: &World, sql: &str) {
    world.db.change_at_once(sql);
}

/// All pages of the filter, as places in what was made, and the total.
fn pages(world: &World, filter: &Filter, per_page: u32) -> (Vec<usize>, u64) {
    let account = Account::acting(7, "DB", true);
    let mut all = Vec::new();
    for number in 1.. {
        let page = block_on(order::list(&world.app, &account, filter, number, per_page)).expect("a page");
        let last = page.rows.len() < per_page as usize;
        all.extend(page.rows.into_iter().map(|order| order.id[2..].parse::<usize>().expect("a place")));
        if last {
            return (all, page.total);
        }
    }
    unreachable!("pages end")
}

fn filter() -> impl Strategy<Value = Filter> {
    let text = |choices: &'static [&'static str]| {
        prop::option::weighted(0.4, prop::sample::select(choices).prop_map(String::from))
    };
    let status =
        prop::option::weighted(0.5, prop::sample::select(&STATUSES[..]).prop_map(|n| Status::from_code(n).unwrap()));
    let email = text(&["bob@example.com", "BOB@EXAMPLE.COM", "nobody@example.com"]);
    let product = text(&["pay", "00000001", "00000002", "ffffffff", "pay,00000001", "", "%"]);
    // Almost all have this gateway, and only these can be read.
    let gateway = Just(Some("bitcoin".to_owned()));
    let time = || prop::option::weighted(0.4, 0_i64..3_200);
    (status, email, product, gateway, time(), time()).prop_map(|(status, email, product_id, gateway, after, before)| {
        Filter { status, email, product_id, gateway, after, before }
    })
}

fn admits(filter: &Filter, made: &Made) -> bool {
    let email = made.email.as_ref().map(|email| email.to_lowercase());
    filter.status.is_none_or(|status| status.code() == made.status)
        && filter.email.as_ref().is_none_or(|wanted| Some(wanted.to_lowercase()) == email)
        && filter.product_id.as_ref().is_none_or(|wanted| *wanted == made.product_id)
        && filter.gateway.as_ref().is_none_or(|wanted| *wanted == made.gateway)
        && filter.after.is_none_or(|after| made.created_at > after)
        && filter.before.is_none_or(|before| made.created_at < before)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    /// A plain list is the model: the pages together are what is left of it, newest first, also after orders moved on.
    #[test]
    fn the_pages_of_a_filter_are_what_a_plain_list_leaves(
        mut all in prop::collection::vec(made(), 2_100..2_600),
        filters in prop::collection::vec(filter(), 8),
        moves in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&STATUSES[..])), 200),
        per_page in 30_u32..=50,
    ) {
        // Made one after the other, but by clocks that differ.
        for (n, made) in all.iter_mut().enumerate() {
            made.created_at += n as i64;
        }
        let world = World::new();
        let (early, late) = all.split_at(1_500);
        write(&world, &insert(early, 7));
        write(&world, &insert(&all[..700], 8));
        let text = insert(late, 7);
        // Ids go on where the first batch ended.
        write(&world, &text.replace("7 || '-' || key", "7 || '-' || (key + 1500)"));
        for round in 0..2 {
            for filter in &filters {
                let (seen, total) = pages(&world, filter, per_page);
                let expected: Vec<usize> = (0..all.len()).rev().filter(|n| admits(filter, &all[*n])).collect();
                prop_assert_eq!(total, expected.len() as u64, "round {}: {:?}", round, filter);
                prop_assert_eq!(seen, expected, "round {}: {:?}", round, filter);
            }
            for (place, status) in &moves {
                let place = place.index(all.len());
                all[place].status = *status;
                write(&world, &format!("UPDATE orders SET status = {status} WHERE account_id = 7 AND seq = {}", place + 1));
            }
        }
    }
}

fn order(world: &World, seller: &Seller<'_>, changed: Value) -> String {
    world.advance(SECOND);
    seller.white_label(changed)["id"].as_str().unwrap().to_owned()
}

fn ids(reply: &Reply) -> Vec<String> {
    let id = |order: &Value| order["id"].as_str().unwrap().to_owned();
    reply.json().as_array().unwrap().iter().map(id).collect()
}

#[test]
fn orders_are_found_by_what_they_are_now() {
    let world = World::new();
    let ada = world.seller();
    let bob = order(&world, &ada, json!({"email": "Bob@example.com"}));
    let eve = order(&world, &ada, json!({"email": "eve@example.com"}));
    let none = order(&world, &ada, json!({"email": null}));
    let found = |query: &str| ids(&ada.get(&format!("/orders?{query}")).expect(200));
    assert_eq!(found("status=0"), [none.clone(), eve.clone(), bob.clone()]);
    ada.simulate(&bob, "exact", 0);
    assert_eq!((found("status=0"), found("status=54")), (vec![none.clone(), eve.clone()], vec![bob.clone()]));
    ada.mine(1);
    assert_eq!((found("status=54").len(), found("status=100")), (0, vec![bob.clone()]));
    for query in ["email=bob%40EXAMPLE.com", "email=bob%40example.com&status=100&gateway=bitcoin&product_id=pay"] {
        assert_eq!(found(query), std::slice::from_ref(&bob), "{query}");
    }
    assert_eq!(found("email=bob%40example.com&status=0").len(), 0);
    assert_eq!(found("email=bob").len(), 0, "a part of an address is none");
    assert_eq!(found("gateway=BITCOIN").len(), 3);
    assert_eq!(found("gateway=PayPal").len(), 0, "a gateway without orders is one all the same");
    assert_eq!(found("product_id=pay&status=0"), [none.clone(), eve.clone()]);
    for product in ["PAY", "pa", "0a1b2c3d", "pay%2C", "%2C", "%25", "'"] {
        assert_eq!(found(&format!("product_id={product}")).len(), 0, "{product}");
    }
    // The orders were made one, two and three seconds after midnight.
    for (query, expected) in [
        ("created_after=2023-11-15T00:00:02.000%2B00:00", vec![&none]),
        ("created_after=2023-11-15T00:00:02.000+00:00", vec![&none]),
        ("created_after=2023-11-15T00:00:01.999Z", vec![&none, &eve]),
        ("created_before=2023-11-15T01:00:02%2B01:00", vec![&bob]),
        ("created_before=2023-11-15T00:00:02.001Z", vec![&eve, &bob]),
        ("created_after=2023-11-15T00:00:01Z&created_before=2023-11-15T00:00:03Z", vec![&eve]),
        ("created_after=2023-11-15T00:00:01Z&created_before=2023-11-15T00:00:03Z&status=100", vec![]),
        ("created_after=2023-11-15T00:00:03Z&created_before=2023-11-15T00:00:01Z", vec![]),
        ("created_after=2023-11-15&created_before=2023-11-16", vec![&none, &eve, &bob]),
        ("created_before=0000-01-01", vec![]),
        ("created_after=9999-12-31", vec![]),
        ("created_after=2023-11-15T00:00:01Z&email=eve@example.com", vec![&eve]),
        ("created_before=2023-11-15T00:00:02Z&email=eve@example.com", vec![]),
    ] {
        assert_eq!(found(query).iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[test]
fn a_filtered_order_is_the_order() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&world, &ada, json!({}));
    for query in ["status=0", "email=bob@example.com"] {
        assert_eq!(ada.get(&format!("/orders?{query}")).json()[0], ada.order(&id));
    }
}

#[test]
fn a_filtered_list_has_the_headers_of_what_it_lists() {
    let world = World::new();
    let ada = world.seller();
    ada.get("/orders?status=0").expect(200);
    let account = world.db.one("SELECT id FROM accounts").parse().unwrap();
    let made = |n: i64| Made {
        status: if n % 4 == 0 { 100 } else { 0 },
        product_id: "pay".into(),
        gateway: "bitcoin",
        email: Some(format!("{}@example.com", n % 2)),
        created_at: START + n,
    };
    write(&world, &insert(&(0..100).map(made).collect::<Vec<_>>(), account));
    let names = ["x-total-pages", "x-total-count", "x-current-page", "x-items-per-page"];
    for (query, count, pages, shown) in [
        ("status=100", "25", "3", 10),
        ("status=100&page=3", "25", "3", 5),
        ("status=100&page=4", "25", "3", 0),
        ("status=100&page=99999999", "25", "3", 0),
        ("status=51", "0", "0", 0),
        ("email=1@example.com", "50", "5", 10),
        ("email=1@example.com&page=5", "50", "5", 10),
        ("email=1@example.com&page=6", "50", "5", 0),
        ("email=1@example.com&status=100", "0", "0", 0),
        ("email=0@example.com&status=100&page=3", "25", "3", 5),
    ] {
        let reply = ada.get(&format!("/orders?per_page=10&{query}")).expect(200);
        let page = query.split("page=").nth(1).unwrap_or("1");
        assert_eq!(names.map(|name| reply.header(name).unwrap()), [pages, count, page, "10"], "{query}");
        assert_eq!(ids(&reply).len(), shown, "{query}");
    }
    let reply = ada.get("/orders?per_page=10&status=100&created_after=2023-11-14T00:00:00Z&page=2").expect(200);
    let next = "/api/v2/orders?status=100&created_after=2023-11-14T00%3A00%3A00Z&page=3&per_page=10>; rel=\"next\"";
    assert!(reply.header("link").unwrap().contains(next), "{:?}", reply.header("link"));
}

#[test]
fn a_filter_that_can_not_be_meant_is_refused_and_not_ignored() {
    let world = World::new();
    let ada = world.seller();
    let [status, gateway] = ["Status", "Gateway"].map(|name| format!("{name} is not included in the list"));
    let time = |name: &str| format!("Created {name} is not a valid ISO 8601 time");
    for (query, sentences) in [
        ("status=1", vec![status.clone()]),
        ("status=paid", vec![status.clone()]),
        ("status=-1", vec![status.clone()]),
        ("status=100.0", vec![status.clone()]),
        ("status=0&status=999", vec![status.clone()]),
        ("gateway=dogecoin", vec![gateway.clone()]),
        ("created_after=yesterday", vec![time("after")]),
        ("created_before=1700000000", vec![time("before")]),
        ("status=", vec!["Status can't be blank".into()]),
        (
            "status=&email=%20&product_id=&gateway=&created_after=&created_before=",
            ["Status", "Email", "Product id", "Gateway", "Created after", "Created before"]
                .map(|name| format!("{name} can't be blank"))
                .to_vec(),
        ),
        (
            "created_before=x&gateway=x&status=x&created_after=x",
            vec![status.clone(), gateway.clone(), time("after"), time("before")],
        ),
    ] {
        assert_eq!(ada.get(&format!("/orders?{query}")).errors(), sentences, "{query}");
    }
    assert_eq!(world.trips(|| ada.get("/orders?status=x").expect(400)), 0);
}

#[test]
fn another_accounts_orders_are_in_no_filter() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    order(&world, &ada, json!({}));
    for query in ["status=0", "email=bob@example.com", "product_id=pay", "gateway=bitcoin", "created_after=2023-01-01"]
    {
        let reply = eve.get(&format!("/orders?{query}")).expect(200);
        assert_eq!((reply.text().as_str(), reply.header("x-total-count")), ("[]", Some("0")), "{query}");
        assert_eq!(ids(&ada.get(&format!("/orders?{query}"))).len(), 1, "{query}");
    }
}

#[test]
fn a_filtered_page_is_two_trips_and_one_where_it_is_empty() {
    let world = World::new();
    let ada = world.seller();
    order(&world, &ada, json!({}));
    for (query, trips) in [
        ("status=0", 2),
        ("status=0&gateway=bitcoin&created_after=2023-01-01", 2),
        ("status=100", 1),
        ("status=0&page=2", 1),
        ("email=bob@example.com", 2),
        ("email=bob@example.com&status=0&product_id=pay&created_before=2030-01-01", 2),
    ] {
        assert_eq!(world.trips(|| ada.get(&format!("/orders?{query}")).expect(200)), trips, "{query}");
    }
}

#[test]
fn a_plus_in_a_filter_that_can_hold_no_space_is_a_plus() {
    let world = World::new();
    let ada = world.seller();
    ada.white_label(json!({"email": "plus+1@example.com"}));
    ada.white_label(json!({"email": "plus@example.com"}));
    let found = |query: &str| ada.get(&format!("/orders?{query}")).expect(200).json().as_array().unwrap().len();
    for email in ["plus+1@example.com", "plus%2B1@example.com", "plus%2b1%40example.com"] {
        assert_eq!(found(&format!("email={email}")), 1, "{email}");
    }
    assert_eq!(found("email=plus%201@example.com"), 0);
    let before = "2023-11-14T23:00:00+00:00";
    // A time's plus, as it is or encoded.
    for time in [before.to_owned(), before.replace('+', "%2B"), before.replace('+', "%20")] {
        assert_eq!(found(&format!("created_after={time}")), 2, "{time}");
    }
    assert_eq!(ada.get("/orders?email=caf%E9@example.com").errors(), ["Email is not valid UTF-8"]);
}
