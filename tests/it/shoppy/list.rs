//! Pages of lists, at any depth.

use serde_json::{Value, json};

use super::refused;
use crate::{
    actors::Seller,
    feedback::sold,
    world::{Counts, World},
};

const PER_PAGE: usize = 20;

fn ids(page: &Value, name: &str) -> Vec<i64> {
    page.as_array().expect("a bare list").iter().map(|row| row[name].as_i64().expect("a number")).collect()
}

/// All pages of a list: the numbers from the newest down, the headers, and one round trip each.
fn pages(world: &World, ada: &Seller<'_>, path: &str, name: &str, total: usize) {
    let last = total.div_ceil(PER_PAGE);
    for page in 1..=last + 1 {
        let (counts, reply) = world.count(|| ada.shoppy("GET", &format!("{path}?page={page}")).send().expect(200));
        assert_eq!(
            counts,
            Counts { reads: 1, commits: 0, statements: counts.statements, fetches: 0 },
            "{path}, page {page}"
        );
        let header = |name: &str| reply.header(name).expect("a header").parse::<usize>().expect("a number");
        assert_eq!(
            (header("x-total-pages"), header("x-current-page"), header("x-items-per-page")),
            (last, page, PER_PAGE),
            "{path}"
        );
        let newest = total.saturating_sub((page - 1) * PER_PAGE);
        let expected: Vec<i64> = (1..=newest as i64).rev().take(PER_PAGE).collect();
        assert_eq!(ids(&reply.json(), name), expected, "{path}, page {page}");
    }
}

#[test]
fn every_list_has_its_pages_in_one_round_trip_each() {
    let world = World::new();
    let ada = world.seller();
    world.web.says("https://ada.example/hook", 200);
    ada.endpoint("https://ada.example/hook", &["order:created"]);
    for n in 0..41 {
        let order = sold(&ada, &format!("Tea {n}"));
        ada.post("/feedbacks", json!({"order_id": order, "stars": 5})).expect(201);
        crate::purchase::product(&ada, json!({"title": format!("Tea {n}"), "product_type": 4}));
        ada.post("/queries", json!({"subject": format!("{n}"), "email": "bob@example.com", "message": "?"}))
            .expect(201);
    }
    ada.shows("/orders");
    pages(&world, &ada, "/orders", "order_id", 41);
    pages(&world, &ada, "/products", "product_id", 41);
    pages(&world, &ada, "/feedbacks", "feedback_id", 41);
    pages(&world, &ada, "/webhooks", "webhook_id", 41);
    let subjects = |page: u32| -> Vec<String> {
        let list = ada.shows(&format!("/queries?page={page}"));
        list.as_array().unwrap().iter().map(|query| query["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(subjects(3), ["0"]);
    assert_eq!(subjects(1)[0], "40");
    assert_eq!(subjects(4), Vec::<String>::new());
}

#[test]
fn numbers_of_products_that_are_gone_come_back_to_nobody() {
    let world = World::new();
    let ada = world.seller();
    let made: Vec<String> = (0..3).map(|_| crate::purchase::keys(&ada, "A")).collect();
    ada.delete(&format!("/products/{}", made[1])).expect(204);
    assert_eq!(ids(&ada.shows("/products"), "product_id"), [3, 1]);
    refused(ada.shoppy("GET", "/products/2").send(), 404);
    crate::purchase::keys(&ada, "B");
    assert_eq!(ids(&ada.shows("/products"), "product_id"), [4, 3, 1]);
}

#[test]
fn nothing_is_an_empty_list_and_no_object() {
    let world = World::new();
    let ada = world.seller();
    for path in ["/orders", "/products", "/feedbacks", "/queries", "/webhooks"] {
        let reply = ada.shoppy("GET", path).send().expect(200);
        assert_eq!((reply.text().as_str(), reply.header("x-total-pages")), ("[]", Some("0")), "{path}");
    }
}

#[test]
fn a_page_is_a_number_and_the_least_is_the_first() {
    let world = World::new();
    let ada = world.seller();
    for page in ["", "0", "1", "%201%20"] {
        let reply = ada.shoppy("GET", &format!("/orders?page={page}")).send().expect(200);
        assert_eq!(reply.header("x-current-page"), Some("1"), "{page}");
    }
    for page in ["99999999999999999999999", "100000000"] {
        let reply = ada.shoppy("GET", &format!("/orders?page={page}")).send().expect(200);
        assert_eq!(reply.header("x-current-page"), Some("100000000"), "{page}");
    }
    for page in ["x", "-1", "1.5", "1e3", "%00"] {
        let reply = ada.shoppy("GET", &format!("/orders?page={page}")).send();
        assert_eq!(refused(reply, 400), "Page is not a number", "{page}");
    }
}

#[test]
fn an_object_is_named_by_its_number_or_by_its_id() {
    let world = World::new();
    let super::Sold { ada, product, paid, feedback, .. } = super::sold(&world);
    world.run_jobs();
    for (path, number, id, field) in [
        ("orders", "1", paid.order_id.as_str(), "order_id"),
        ("products", "1", &product, "product_id"),
        ("feedbacks", "1", &feedback, "feedback_id"),
        ("webhooks", "1", &world.db.one("SELECT id FROM webhook_logs WHERE seq = 1"), "webhook_id"),
    ] {
        let (by_number, by_id) = (ada.shows(&format!("/{path}/{number}")), ada.shows(&format!("/{path}/{id}")));
        assert_eq!(by_number, by_id, "{path}");
        assert_eq!(by_number[field], 1, "{path}");
    }
    // An id of digits alone is an id before it is a number.
    world.db.change(&format!("UPDATE products SET id = '00000001' WHERE id = '{product}'"));
    let other = crate::purchase::keys(&ada, "A");
    world.db.change(&format!("UPDATE products SET id = '1' WHERE id = '{other}'"));
    assert_eq!(ada.shows("/products/00000001")["product_id"], 1);
    assert_eq!(ada.shows("/products/1")["product_id"], 2);
}
