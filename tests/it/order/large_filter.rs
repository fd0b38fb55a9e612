//! Filters of accounts with very many orders: what they find, and what they cost in trips and steps.

use pushguard::shop::{
    account::Account,
    order::{self, Filter, Status},
};

use super::filter::{Made, insert, write};
use crate::world::{World, block_on};

/// Two parts of counts and more, some orders moved after they were counted: what a plain query says is the model.
#[test]
fn pages_behind_the_newest_blocks_are_those_of_a_plain_query() {
    const COUNT: i64 = 140_000;
    let world = World::new();
    let bought = "CASE i % 7 WHEN 0 THEN printf('%08x', i % 300) WHEN 1 THEN printf('%08x', i / 3000) ELSE 'pay' END";
    write(
        &world,
        &format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT})
             INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
               confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
               quote_expires_at, test, created_at, updated_at)
             SELECT 7, i, '7-' || i, 1, {bought}, 'An order', IIF(i % 3, NULL, 'B' || (i % 5) || '@example.com'), 1000, 'USD', 1,
               IIF(i % 11, 'bitcoin', 'litecoin'), 1, CASE WHEN i % 5 = 0 THEN 100 WHEN i % 20011 = 0 THEN 51 WHEN i > 90000 AND i < 93000 THEN 53 ELSE 0 END,
               1, 'bc1q', i, '50000', 'fixed', 0, 0, 1, i, i FROM n"
        ),
    );
    // Each moves to a status that occurs nowhere near, and some move twice.
    write(&world, "UPDATE orders SET status = 56 WHERE account_id = 7 AND seq % 4001 = 7");
    write(&world, "UPDATE orders SET status = 100 WHERE account_id = 7 AND seq % 8002 = 7");
    write(&world, "UPDATE orders SET status = 54 WHERE account_id = 7 AND seq > 139900 AND status = 0");
    let account = Account::acting(7, "DB", true);
    let of = |status: Option<i64>, product: Option<&str>, gateway: Option<&str>, email: Option<&str>| Filter {
        status: status.map(|code| Status::from_code(code).unwrap()),
        product_id: product.map(String::from),
        gateway: gateway.map(String::from),
        email: email.map(String::from),
        ..Filter::default()
    };
    let (bitcoin, pay, buyer) = (Some("bitcoin"), Some("pay"), Some("b0@example.com"));
    for (filter, condition) in [
        (of(Some(0), None, None, None), "status = 0"),
        (of(Some(100), None, None, None), "status = 100"),
        (of(Some(51), None, None, None), "status = 51"),
        (of(Some(53), None, None, None), "status = 53"),
        (of(Some(54), None, None, None), "status = 54"),
        (of(Some(55), None, None, None), "status = 55"),
        (of(Some(56), None, bitcoin, None), "status = 56 AND gateway = 'bitcoin'"),
        (of(None, pay, None, None), "product_id = 'pay'"),
        (of(None, Some("00000007"), None, None), "product_id = '00000007'"),
        (
            of(Some(100), Some("00000007"), Some("litecoin"), None),
            "status = 100 AND product_id = '00000007' AND gateway = 'litecoin'",
        ),
        (of(None, Some(","), None, None), "FALSE"),
        (of(None, Some(""), None, None), "FALSE"),
        (of(None, None, Some("monero"), None), "FALSE"),
        (of(None, None, None, buyer), "email = 'B0@example.com'"),
        (
            of(Some(100), pay, bitcoin, buyer),
            "email = 'B0@example.com' AND status = 100 AND product_id = 'pay' AND gateway = 'bitcoin'",
        ),
        (of(None, Some("00000007"), None, buyer), "email = 'B0@example.com' AND product_id = '00000007'"),
    ] {
        let total: u64 =
            world.db.one(&format!("SELECT COUNT(*) FROM orders WHERE account_id = 7 AND {condition}")).parse().unwrap();
        let pages = u32::try_from(total.div_ceil(20)).unwrap().max(1);
        for page in [1, 2, pages / 3 + 1, pages / 2 + 1, pages, pages + 1] {
            let (counts, found) =
                world.count(|| block_on(order::list(&world.app, &account, &filter, page, 20)).unwrap());
            let sql = format!(
                "SELECT COALESCE(group_concat(id), '') FROM (SELECT id FROM orders WHERE account_id = 7 AND {condition}
                 ORDER BY seq DESC LIMIT 20 OFFSET {})",
                (page - 1) * 20
            );
            let ids: Vec<&str> = found.rows.iter().map(|order| order.id.as_str()).collect();
            assert_eq!((found.total, ids.join(",")), (total, world.db.one(&sql)), "{condition}, page {page}");
            assert!(counts.reads <= 3, "{condition}, page {page}: {counts:?}");
        }
    }
}

#[test]
fn three_filters_over_ten_million_orders_hold_little_at_a_time() {
    let world = World::new();
    // As many blocks as ten million orders have, as the triggers would have written them.
    world.db.change_in(
        0,
        "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 9765)
         INSERT INTO order_blocks (account_id, block, first_at, last_at, statuses, gateways, products, gateway_names, product_ids)
         SELECT 7, n, n, n, replace(hex(zeroblob(256)), '00', 'X000'), replace(hex(zeroblob(256)), '00', '1111'),
           replace(hex(zeroblob(256)), '00', '1111'), ',bitcoin,', ',pay,' FROM n",
    );
    world.db.change_in(
        0,
        "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 76)
         INSERT INTO order_counts (account_id, product_id, gateway, part, counts)
         SELECT 7, 'pay', 'bitcoin', n, replace(hex(zeroblob(IIF(n < 76, 128, 9766 % 128))), '00', char(48 + 768) || '000000' || char(48 + 256)) FROM n",
    );
    let account = Account::acting(7, "DB", true);
    let filter = Filter {
        status: Status::from_code(100),
        gateway: Some("bitcoin".into()),
        product_id: Some("pay".into()),
        ..Filter::default()
    };
    for (page, trips) in [(1, 2), (60_000, 3)] {
        let (counts, found) = world.count(|| block_on(order::list(&world.app, &account, &filter, page, 20)).unwrap());
        assert_eq!(found.total, 9_766 * 256);
        assert_eq!(counts.reads, trips, "the blocks, those of the page, and the page");
    }
    // By time all blocks are read, a million orders a trip.
    let timed = Filter { after: Some(-1), ..filter };
    let (counts, found) = world.count(|| block_on(order::list(&world.app, &account, &timed, 1, 20)).unwrap());
    assert_eq!((found.total, counts.reads), (9_766 * 256, 10 + 1));
    assert!(world.db.largest() < 4_000_000, "{}", world.db.largest());
}

/// One e-mail in most of the orders: the shop's own, or one that somebody found to be a burden.
#[test]
fn an_email_in_most_of_the_orders_costs_a_row_for_each_block() {
    const COUNT: i64 = 50_000;
    let world = World::new();
    let made: Vec<Made> = (0..COUNT)
        .map(|n| Made {
            status: if n % 1_000 == 0 { 100 } else { 0 },
            product_id: "pay".into(),
            gateway: "bitcoin",
            email: Some(if n % 10 == 0 { format!("b{n}@example.com") } else { "Shop@example.com".into() }),
            created_at: n,
        })
        .collect();
    write(&world, &insert(&made, 7));
    let account = Account::acting(7, "DB", true);
    let list = |filter: &Filter, page: u32| {
        let before = world.db.steps();
        let found = block_on(order::list(&world.app, &account, filter, page, 20)).unwrap();
        (found.total, found.rows.len(), world.db.steps() - before)
    };
    let app = Filter { email: Some("shop@example.com".into()), ..Filter::default() };
    let paid = Filter { status: Status::from_code(100), ..app.clone() };
    let late = Filter { after: Some(COUNT - 1_500), ..app.clone() };
    let one = Filter { email: Some("b40@example.com".into()), ..Filter::default() };
    for (filter, page, total, rows, most) in [
        (&app, 1, 45_000, 20, 5_000),
        (&app, 2_000, 45_000, 20, 5_000),
        (&paid, 1, 0, 0, 5_000),
        (&late, 1, 1_350, 20, 60_000),
        (&one, 1, 1, 1, 500),
    ] {
        let (found, shown, steps) = list(filter, page);
        assert_eq!((found, shown), (total, rows), "{filter:?}");
        // A row that is read and shown costs some forty steps.
        assert!(steps < most, "{filter:?}, page {page}: {steps} steps");
    }
}
