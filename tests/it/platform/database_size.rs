//! How many bytes things take on disk, indexes included: a database of D1 ends at ten gigabytes. The numbers that these
//! tests print stand in ARCHITECTURE.md.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{MINUTE, World, answer},
};

const ENDPOINTS: [&str; 3] = ["https://one.example/hook", "https://two.example/hook", "https://three.example/hook"];
const TEN_GIGABYTES: usize = 10_000_000_000;
/// So many orders are made of each kind.
const ORDERS: usize = 300;

fn world() -> World {
    let world = World::new();
    world.esploras();
    for place in ENDPOINTS {
        world.web.on(place, |_| {
            let mut answer = answer(200, "OK")?;
            let headers = [
                ("content-type", "text/html; charset=UTF-8"),
                ("date", "Wed, 15 Nov 2023 00:00:00 GMT"),
                ("server", "nginx/1.24.0 (Ubuntu)"),
                ("cache-control", "no-cache, private"),
                ("x-frame-options", "SAMEORIGIN"),
                ("content-length", "2"),
            ];
            answer.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            Ok(answer)
        });
    }
    world
}

fn page(n: usize) -> Value {
    json!({
        "title": format!("Licence key no. {n} of the example app"),
        "email": format!("customer.{n}@mail.example.com"),
        "value": "12.99",
        "return_url": "https://shop.example.com/orders/thank-you",
        "custom": {"cart": format!("c-{n:08}"), "customer": n},
    })
}

/// Bytes of these tables and their indexes in whole pages, as the file has them.
fn bytes(world: &World, tables: &[&str]) -> usize {
    let list = tables.iter().map(|table| format!("'{table}'")).collect::<Vec<_>>().join(", ");
    world
        .db
        .one(&format!(
            "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat
             WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name IN ({list}))"
        ))
        .parse()
        .unwrap()
}

const LOGS: [&str; 2] = ["webhook_logs", "webhook_payloads"];
const OF_ORDERS: [&str; 4] = ["orders", "order_blocks", "transactions", "simulated_transactions"];

/// Orders that were paid through links. Each owes four logs to each endpoint.
fn sell(ada: &Seller<'_>) {
    let buyer = ada.world.buyer();
    for n in 0..ORDERS {
        let link = ada.link(page(n));
        buyer.start(&link).expect(200);
        ada.simulate(&link.order_id, "exact", 0);
        ada.world.run_jobs();
        ada.mine(1);
        ada.world.run_jobs();
        ada.world.advance(MINUTE);
    }
}

#[test]
fn a_paid_order_and_its_logs_take_few_kilobytes() {
    let mut per_log = Vec::new();
    for count in [1, 3] {
        let world = world();
        let ada = world.seller();
        for place in &ENDPOINTS[..count] {
            ada.endpoint(place, &["order:created", "order:updated", "order:paid"]);
        }
        let empty = (bytes(&world, &OF_ORDERS), bytes(&world, &LOGS), bytes(&world, &["payments"]));
        sell(&ada);
        let orders = world.db.rows_in("orders");
        let logs = world.db.rows_in("webhook_logs");
        let order = (bytes(&world, &OF_ORDERS) - empty.0) / orders;
        let log = (bytes(&world, &LOGS) - empty.1) / logs;
        let link = (bytes(&world, &["payments"]) - empty.2) / orders;
        let kept = link + order + log * logs / orders;
        println!(
            "{count} endpoint(s): a link {link} bytes, its order {order}, a log {log}; a sale with {} logs {kept}: \
             10 GB hold {} of them with their logs, {} without",
            logs / orders,
            TEN_GIGABYTES / kept,
            TEN_GIGABYTES / (link + order),
        );
        assert!(link <= 700 && order <= 2_500, "link {link}, order {order}");
        per_log.push(log);
    }
    // With one endpoint each payload belongs to one log, or to two of one commit; with three to three times as many.
    assert!(per_log[0] <= 1_500 && per_log[1] <= 800, "{per_log:?}");
}

/// A row of more than a kilobyte takes no page of its own: twice the text is less than twice the room.
#[test]
fn no_table_with_texts_of_any_length_gives_each_row_a_page() {
    let world = World::new();
    let ada = world.seller();
    let text = "x".repeat(1_400);
    let before = |table: &str| bytes(&world, &[table]);
    let mut sizes: Vec<(&str, usize)> = Vec::new();
    let mut grown = |table: &'static str, act: &dyn Fn(usize)| {
        let empty = before(table);
        (0..200).for_each(act);
        sizes.push((table, (before(table) - empty) / 200));
    };
    grown("queries", &|n| {
        let fields = json!({"subject": format!("{n}"), "email": "bob@example.com", "message": text});
        ada.post("/queries", fields).expect(201);
    });
    grown("payments", &|_| drop(ada.link(json!({"custom": {"text": text}}))));
    // It is kept twice: as it came, and among the facts that rules read.
    grown("orders", &|_| drop(ada.white_label(json!({"custom": {"text": text[..700]}}))));
    grown("products", &|n| {
        let fields = json!({"title": format!("Tea {n}"), "price": "1", "currency": "EUR", "product_type": 4,
            // It is kept twice: as it was written, and as HTML.
            "description": text[..700], "gateways": ["Bitcoin"]});
        ada.post("/products", fields).expect(201);
    });
    grown("idempotency", &|n| {
        let body = json!({"title": "Tea", "currency": "EUR", "value": "3", "gateway": "Bitcoin", "white_label": true,
            "return_url": "https://shop.example/", "custom": {"text": text[..300]}});
        ada.ask("POST", "/pay").header("idempotency-key", format!("{n}")).json(&body).send().expect(201);
    });
    println!("bytes a row with a text of 1,400: {sizes:?}");
    for (table, size) in sizes {
        // An order has what was known of its buyer beside its own texts, which fills a page.
        let most = if table == "orders" { 4_300 } else { 3_000 };
        assert!(size < most, "a row of {table} takes {size} bytes");
    }
}
