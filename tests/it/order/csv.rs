//! `GET /orders.csv`

use serde_json::json;

use crate::world::{SECOND, World};

/// The lines of a table without line breaks in its cells.
fn lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.last(), Some(&""), "the last line ends as well");
    lines[..lines.len() - 1].to_vec()
}

#[test]
fn the_list_comes_as_a_table_with_the_same_filters_and_counts() {
    let world = World::new();
    let ada = world.seller();
    for n in 0..12 {
        ada.white_label(json!({"title": format!("Tea, no. {n}"), "custom": {"0": "a\"b"}}));
        world.advance(SECOND);
    }
    let paid = ada.white_label(json!({"email": "eve@example.com"}))["id"].as_str().unwrap().to_owned();
    ada.simulate(&paid, "over", 1);
    let all = ada.ask("GET", "/orders.csv").header("accept", "text/csv").send().expect(200);
    assert_eq!(all.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(all.header("content-disposition"), Some("attachment; filename=\"orders.csv\""));
    assert_eq!((all.header("x-total-count"), all.header("x-total-pages")), (Some("13"), Some("1")));
    let text = all.text();
    let rows = lines(&text);
    assert_eq!(rows.len(), 14);
    assert!(rows[0].starts_with("id,created_at,updated_at,status,product_id,product_title,quantity,value,currency,"));
    let columns = rows[0].split(',').count();
    assert_eq!(rows[1].split(',').count(), columns);
    assert!(rows[1].starts_with(&format!("{paid},")) && rows[1].contains(",overpaid,"), "{}", rows[1]);
    assert!(
        rows[2].contains(",pay,\"Tea, no. 11\",1,10.0,USD,") && rows[2].ends_with(r#","{""0"":""a\""b""}""#),
        "{}",
        rows[2]
    );
    let some = ada.get("/orders.csv?status=100&email=EVE@example.com").expect(200);
    assert_eq!(lines(&some.text()).len(), 2);
    let page = ada.get("/orders.csv?page=2&per_page=5").expect(200);
    assert_eq!((page.header("x-current-page"), page.header("x-total-pages")), (Some("2"), Some("3")));
    assert!(page.header("link").unwrap().contains("/orders.csv?page=3&per_page=5>; rel=\"next\""));
    assert_eq!(lines(&page.text())[1..], rows[6..11]);
    assert_eq!(lines(&ada.get("/orders.csv?page=9").expect(200).text()).len(), 1, "the names alone");
    assert_eq!(ada.get("/orders.csv?status=7&page=x").expect(400).errors(), ["Page is not a number"]);
    assert_eq!(ada.get("/orders.csv?status=7").expect(400).errors(), ["Status is not included in the list"]);
    let other = ada.ask("GET", "/orders.csv").header("accept", "application/json").send().expect(406);
    assert_eq!(other.message(), "You requested a format that isn't csv");
}

#[test]
fn no_cell_is_a_formula() {
    let world = World::new();
    let ada = world.seller();
    for title in ["=HYPERLINK(\"https://eve.example\",\"x\")", "+1", "-1", "@SUM(A1)", "fine = fine"] {
        ada.white_label(json!({"title": title}));
    }
    let table = ada.get("/orders.csv").expect(200).text();
    for cell in [r#","'=HYPERLINK(""https://eve.example"",""x"")","#, ",'+1,", ",'-1,", ",'@SUM(A1),", ",fine = fine,"]
    {
        assert!(table.contains(cell), "{cell} in {table}");
    }
}

#[test]
fn a_filtered_page_has_more_rows_than_a_statement_has_parameters() {
    let world = World::new();
    let ada = world.seller();
    for n in 0..130 {
        ada.white_label(json!({"title": format!("no. {n}"), "email": "eve@example.com"}));
        world.advance(SECOND);
    }
    for filter in ["status=0", "email=eve@example.com", "created_after=2020-01-01T00:00:00Z"] {
        let table = ada.get(&format!("/orders.csv?{filter}")).expect(200).text();
        let rows = lines(&table);
        assert_eq!(rows.len(), 131, "{filter}");
        assert!(rows[1].contains("no. 129") && rows[130].contains("no. 0"), "{filter}");
    }
}

#[test]
fn long_goods_are_cut_and_the_order_has_all_of_them() {
    let world = World::new();
    let ada = world.seller();
    let id = |order: &serde_json::Value| order["id"].as_str().unwrap().to_owned();
    let (short, long) = (id(&ada.white_label(json!({}))), id(&ada.white_label(json!({}))));
    for order in [&short, &long] {
        ada.simulate(order, "exact", 1);
    }
    for (order, goods) in [(&short, "é".repeat(8_000)), (&long, "é".repeat(8_001))] {
        world.db.change(&format!("UPDATE orders SET delivered = '{goods}' WHERE id = '{order}'"));
    }
    for query in ["", "?status=100"] {
        let table = ada.get(&format!("/orders.csv{query}")).expect(200).text();
        let goods =
            |order: &str| lines(&table).into_iter().find(|row| row.starts_with(order)).unwrap().matches('é').count();
        assert_eq!((goods(&short), goods(&long), table.matches("é…,").count()), (8_000, 8_000, 1));
    }
    assert_eq!(ada.get(&format!("/orders/{long}")).json()["delivered"].as_str().unwrap().chars().count(), 8_001);
}
