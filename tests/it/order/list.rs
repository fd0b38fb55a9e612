//! Orders as their seller reads them: one, and the list.

use serde_json::{Value, json};

use crate::{
    actors::{ORIGIN, Reply, Seller},
    world::{SECOND, World},
};

/// So many orders, each a second younger than the one before, titled by their number.
fn orders(world: &World, seller: &Seller<'_>, count: usize) -> Vec<String> {
    let make = |n: usize| {
        world.advance(SECOND);
        seller.white_label(json!({"title": format!("Order {n}")}))["id"].as_str().unwrap().to_owned()
    };
    (1..=count).map(make).collect()
}

fn titles(reply: &Reply) -> Vec<String> {
    let title = |order: &Value| order["product_title"].as_str().unwrap().to_owned();
    reply.json().as_array().unwrap().iter().map(title).collect()
}

fn paging(reply: &Reply) -> [&str; 4] {
    ["x-total-pages", "x-total-count", "x-current-page", "x-items-per-page"]
        .map(|name| reply.header(name).unwrap_or_else(|| panic!("no {name}")))
}

#[test]
fn a_list_that_is_empty_has_its_headers_too() {
    let world = World::new();
    let reply = world.seller().get("/orders").expect(200);
    assert_eq!(reply.text(), "[]");
    assert_eq!(paging(&reply), ["0", "0", "1", "20"]);
    let page = |n: u32| format!("<{ORIGIN}/api/v2/orders?page={n}&per_page=20>");
    assert_eq!(reply.header("link").unwrap(), format!("{}; rel=\"first\", {}; rel=\"last\"", page(1), page(1)));
}

#[test]
fn a_list_is_newest_first_and_comes_in_pages() {
    let world = World::new();
    let ada = world.seller();
    orders(&world, &ada, 45);
    let names = |from: usize, to: usize| (to..=from).rev().map(|n| format!("Order {n}")).collect::<Vec<_>>();
    let first = ada.get("/orders").expect(200);
    assert_eq!(titles(&first), names(45, 26));
    assert_eq!(paging(&first), ["3", "45", "1", "20"]);
    assert_eq!(titles(&ada.get("/orders?page=2")), names(25, 6));
    assert_eq!(titles(&ada.get("/orders?page=3")), names(5, 1));
    let past = ada.get("/orders?page=4").expect(200);
    assert_eq!((past.text().as_str(), paging(&past)), ("[]", ["3", "45", "4", "20"]));
    assert_eq!(titles(&ada.get("/orders?page=0")), names(45, 26), "page 0 is page 1: a real dashboard asks for it");
    assert_eq!(paging(&ada.get("/orders?page=0")), ["3", "45", "1", "20"]);
    for (asked, used, pages) in
        [("1", "10", "5"), ("0", "10", "5"), ("15", "15", "3"), ("50", "50", "1"), ("9999", "50", "1")]
    {
        let reply = ada.get(&format!("/orders?per_page={asked}")).expect(200);
        assert_eq!(paging(&reply), [pages, "45", "1", used]);
        assert_eq!(titles(&reply).len(), 45.min(used.parse().unwrap()));
    }
    for huge in ["99999999", "4294967296", "18446744073709551616", "999999999999999999999999999"] {
        assert_eq!(ada.get(&format!("/orders?page={huge}&per_page={huge}")).expect(200).text(), "[]", "{huge}");
    }
}

#[test]
fn a_page_that_is_no_number_is_refused() {
    let world = World::new();
    let ada = world.seller();
    for (query, sentences) in [
        ("page=x", vec!["Page is not a number"]),
        ("page=-1", vec!["Page is not a number"]),
        ("page=1.5", vec!["Page is not a number"]),
        ("page=1e3", vec!["Page is not a number"]),
        ("page=%D9%A1", vec!["Page is not a number"]),
        ("per_page=ten", vec!["Per page is not a number"]),
        ("page=x&per_page=y", vec!["Page is not a number", "Per page is not a number"]),
        ("page=1;DROP+TABLE+orders", vec!["Page is not a number"]),
    ] {
        for list in ["/orders", "/webhooks/logs", "/webhooks/endpoints"] {
            assert_eq!(ada.get(&format!("{list}?{query}")).errors(), sentences, "{list}?{query}");
        }
    }
    for query in ["page=", "page=&per_page=", "page=+1+", "page=01", "page=1&page=1"] {
        ada.get(&format!("/orders?{query}")).expect(200);
    }
}

#[test]
fn a_list_links_to_its_neighbours_and_keeps_the_other_parameters() {
    let world = World::new();
    let ada = world.seller();
    orders(&world, &ada, 35);
    let link = |query: &str| ada.get(&format!("/orders?{query}")).header("link").unwrap().to_owned();
    let to =
        |page: u32, rel: &str| format!("<{ORIGIN}/api/v2/orders?a=%3Cb%3E&page={page}&per_page=10>; rel=\"{rel}\"");
    let all = |pages: &[(u32, &str)]| pages.iter().map(|(page, rel)| to(*page, rel)).collect::<Vec<_>>().join(", ");
    assert_eq!(link("a=%3Cb%3E&per_page=10"), all(&[(1, "first"), (2, "next"), (4, "last")]));
    assert_eq!(link("per_page=10&page=2&a=<b>"), all(&[(1, "first"), (1, "prev"), (3, "next"), (4, "last")]));
    assert_eq!(link("a=<b>&per_page=10&page=4"), all(&[(1, "first"), (3, "prev"), (4, "last")]));
    assert_eq!(link("a=<b>&per_page=10&page=9"), all(&[(1, "first"), (4, "prev"), (4, "last")]));
}

#[test]
fn another_accounts_orders_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let ids = orders(&world, &ada, 3);
    let hers = orders(&world, &eve, 1);
    assert_eq!(titles(&eve.get("/orders")), ["Order 1"]);
    assert_eq!(titles(&ada.get("/orders")).len(), 3);
    assert_eq!(eve.get("/orders").header("x-total-count"), Some("1"));
    for id in &ids {
        assert_eq!(
            eve.get(&format!("/orders/{id}")).expect(404).message(),
            "The specified resource could not be found"
        );
    }
    ada.get(&format!("/orders/{}", hers[0])).expect(404);
}

#[test]
fn an_order_that_does_not_exist_is_404_whatever_its_id_looks_like() {
    let world = World::new();
    let ada = world.seller();
    let real = orders(&world, &ada, 1).remove(0);
    let long = "a".repeat(5_000);
    let upper = real.to_uppercase();
    for id in
        ["0", "00000000-0000-4000-8000-000000000000", "' OR 1=1 --", "%27", "%00", "null", &long, &upper, &real[1..]]
    {
        ada.get(&format!("/orders/{id}")).expect(404);
    }
}

#[test]
fn a_listed_order_is_the_order() {
    let world = World::new();
    let ada = world.seller();
    let ids = orders(&world, &ada, 2);
    ada.simulate(&ids[0], "exact", 3);
    let list = ada.get("/orders").json();
    assert_eq!(list[1], ada.order(&ids[0]));
    assert_eq!(list[0], ada.order(&ids[1]));
    assert_eq!((&list[1]["status"], &list[1]["crypto_confirmations"]), (&json!(100), &json!(3)));
}

#[test]
fn an_order_says_when_it_was_changed() {
    let world = World::new();
    let ada = world.seller();
    let id = orders(&world, &ada, 1).remove(0);
    let order = ada.order(&id);
    assert_eq!(order["created_at"], "2023-11-15T00:00:01.000+00:00");
    assert_eq!(order["updated_at"], order["created_at"]);
    world.advance(61_234);
    ada.simulate(&id, "exact", 0);
    let order = ada.order(&id);
    assert_eq!(order["created_at"], "2023-11-15T00:00:01.000+00:00");
    assert_eq!(order["updated_at"], "2023-11-15T00:01:02.234+00:00");
}
