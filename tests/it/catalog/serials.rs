//! Files of serials that are added to a product's stock.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    purchase::{buy, id, is_whole, keys, product},
    world::{Counts, DAY, Landed, World},
};

fn put(seller: &Seller<'_>, product: &str, kind: &str, file: &str) -> Reply {
    seller.ask("PUT", &format!("/products/{product}/serials")).header("content-type", kind).body(file).send()
}

fn info(seller: &Seller<'_>, product: &str) -> (Value, Value) {
    let product = seller.get(&format!("/products/{product}")).expect(200).json();
    (product["stock"].clone(), product["info"].clone())
}

/// A product whose serials stand on lines.
fn lines(seller: &Seller<'_>, serials: &str) -> String {
    product(seller, json!({"info": serials, "stock_delimiter": "\n"}))
}

#[test]
fn a_text_adds_its_lines_behind_what_is_in_stock() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "A\nB");
    let reply = put(&ada, &keys, "text/plain", "\u{feff}C\r\n\r\nA\r\nD\tE\r\nC\r\nF\u{200b}G\r\nH I").expect(200);
    assert_eq!(
        reply.text(),
        r#"{"added":2,"duplicates":[3,5],"refused":[{"line":4,"reason":"has a control character (U+0009)"},{"line":6,"reason":"has an invisible character (U+200B)"}],"refused_count":2}"#
    );
    assert_eq!(info(&ada, &keys), (json!(4), json!("A\nB\nC\nH I")));
    // What is sent back as it was shown changes nothing.
    ada.put(&format!("/products/{keys}"), json!({"info": "A\nB\nC\nH I", "title": "T"})).expect(200);
    let again = put(&ada, &keys, "text/plain; charset=UTF-8", "C\nH I").expect(200).json();
    assert_eq!(again, json!({"added": 0, "duplicates": [1, 2], "refused": [], "refused_count": 0}));
    is_whole(&world);
}

#[test]
fn a_table_adds_its_first_column() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "A");
    let table = "serial,note\r\n\"B, or \"\"C\"\"\",\"two\r\nlines\"\r\nD,\r\n\"E\"x,\r\n";
    let reply = put(&ada, &keys, "text/csv", table).expect(200).json();
    let refused = json!([{"line": 5, "reason": "has text behind its closing quote"}]);
    assert_eq!(reply, json!({"added": 2, "duplicates": [], "refused": refused, "refused_count": 1}));
    assert_eq!(info(&ada, &keys), (json!(3), json!("A\nB, or \"C\"\nD")));
    put(&ada, &keys, "Text/CSV; header=present", "code\nF").expect(200);
    put(&ada, &keys, "text/csv; header=\"absent\"", "serial\nG").expect(200);
    assert_eq!(info(&ada, &keys).1, json!("A\nB, or \"C\"\nD\nF\nserial\nG"));
    is_whole(&world);
}

#[test]
fn a_serial_that_info_would_show_as_two_is_refused() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A, B");
    let reply = put(&ada, &keys, "text/plain", "C,D\nE").expect(200).json();
    assert_eq!(reply["refused"], json!([{"line": 1, "reason": "has the product's stock_delimiter in it"}]));
    assert_eq!(info(&ada, &keys), (json!(3), json!("A, B, E")));
}

#[test]
fn what_the_product_has_or_had_is_a_duplicate_and_with_unique_serials_what_any_has() {
    let world = World::new();
    let ada = world.seller();
    let first = lines(&ada, "A\nB\nC");
    let order = id(&buy(&ada, &first, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    buy(&ada, &first, json!({})).expect(201);
    let reply = put(&ada, &first, "text/plain", "A\nB\nC\nD").expect(200).json();
    assert_eq!((&reply["added"], &reply["duplicates"]), (&json!(1), &json!([1, 2, 3])), "sold, held, in stock");
    let second = lines(&ada, "X");
    assert_eq!(put(&ada, &second, "text/plain", "A\nD\nX").expect(200).json()["added"], 2, "another product's");
    let unique = product(&ada, json!({"info": "", "stock_delimiter": "\n", "unique_serials": true}));
    let reply = put(&ada, &unique, "text/plain", "A\nY\nX").expect(200).json();
    assert_eq!((&reply["added"], &reply["duplicates"]), (&json!(1), &json!([1, 3])));
    let eve = world.seller_named("eve@example.com", true);
    let hers = lines(&eve, "E");
    assert_eq!(put(&eve, &hers, "text/plain", "A").expect(200).json()["added"], 1);
    put(&eve, &first, "text/plain", "A").expect(404);
    is_whole(&world);
}

#[test]
fn what_can_not_be_read_changes_nothing_and_says_why() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "A");
    let service = product(&ada, json!({"product_type": 4}));
    let before = world.db.dump();
    for (kind, message) in [
        ("", "The Content-Type must be text/csv or text/plain"),
        ("application/json", "The Content-Type must be text/csv or text/plain"),
        ("text/csv; charset=iso-8859-1", "Serials must be UTF-8"),
    ] {
        assert_eq!(put(&ada, &keys, kind, "B").expect(415).message(), message, "{kind}");
    }
    for (file, sentence) in [
        ("", "Serials can't be blank"),
        (" \r\n\r\n", "Serials can't be blank"),
        ("serial", "Serials can't be blank"),
        ("B\nC,\"D", "Serials has a quote that is never closed: line 2"),
    ] {
        assert_eq!(put(&ada, &keys, "text/csv", file).errors(), [sentence], "{file:?}");
    }
    let utf16 = ada.ask("PUT", &format!("/products/{keys}/serials")).header("content-type", "text/plain");
    assert_eq!(
        utf16.body(&b"\xff\xfeA\0"[..]).send().errors(),
        ["Serials is not valid UTF-8: it begins as UTF-16 does"]
    );
    assert_eq!(put(&ada, &service, "text/plain", "B").errors(), ["Product has no serials: its product type must be 2"]);
    let many = (0..50_001).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    assert_eq!(put(&ada, &keys, "text/plain", &many).errors(), ["Serials has too many lines (maximum is 50000)"]);
    let full = (0..50_000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    assert_eq!(
        put(&ada, &keys, "text/plain", &full).errors(),
        ["Product would have too many serials in stock (maximum is 50000)"]
    );
    let wide = (0..500).map(|n| format!("{n:04000}")).collect::<Vec<_>>().join("\n");
    assert_eq!(
        put(&ada, &keys, "text/plain", &wide).errors(),
        ["Product would have too much text in stock (maximum is 1900000 bytes, with what stands between serials)"]
    );
    let mut large = ada.ask("PUT", &format!("/products/{keys}/serials")).header("content-type", "text/csv");
    large.request.body = None;
    assert_eq!(large.send().expect(413).message(), "The upload is too large (maximum is 4194304 bytes)");
    put(&ada, "00000000", "text/plain", "B").expect(404);
    put(&ada, "00000000", "nonsense", "B").expect(404);
    assert_eq!(world.db.dump(), before);
}

#[test]
fn fifty_thousand_lines_are_two_trips() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "");
    let file = (0..50_000).map(|n| format!("\"{n:08}-abcd-efgh-ijkl\"")).collect::<Vec<_>>();
    let ask = |file: &str| {
        let ask = ada.ask("PUT", &format!("/products/{keys}/serials")).header("content-type", "text/csv");
        ask.header("idempotency-key", "k").body(file).send()
    };
    let whole = format!("serial\n{}", file.join("\r\n"));
    let (counts, reply) = world.count(|| ask(&whole).expect(200));
    assert_eq!(
        Counts { statements: 0, ..counts },
        Counts { reads: 2, commits: 1, ..Counts::default() },
        "a key's look"
    );
    assert_eq!(reply.json()["added"], 50_000);
    assert_eq!(info(&ada, &keys).0, 50_000);
    let rows = world.db.query("SELECT MIN(seq), MAX(seq), COUNT(DISTINCT seq), COUNT(DISTINCT serial) FROM serials");
    assert_eq!(rows[0], ["1", "50000", "50000", "50000"]);
    let first = "SELECT serial FROM serials ORDER BY seq LIMIT 1 OFFSET 49999";
    assert_eq!(world.db.one(first), "00049999-abcd-efgh-ijkl", "in the order of the file");
    let again = ask(&whole).expect(200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (reply.text(), Some("true")));
    ask("A").expect(422);
    is_whole(&world);
}

#[test]
fn an_answer_names_a_thousand_refused_lines_and_counts_them_all() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "");
    let reply = put(&ada, &keys, "text/plain", &format!("{}A", "B\tC\n".repeat(1_500))).expect(200).json();
    assert_eq!((&reply["added"], &reply["refused_count"]), (&json!(1), &json!(1_500)));
    assert_eq!(reply["refused"].as_array().unwrap().len(), 1_000);
}

#[test]
fn orders_that_wait_for_stock_are_delivered() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "A");
    let late = id(&buy(&ada, &keys, json!({})).expect(201).json());
    world.advance(DAY);
    let other = id(&buy(&ada, &keys, json!({})).expect(201).json());
    ada.simulate(&other, "exact", 1);
    ada.simulate(&late, "late", 1);
    assert_eq!(ada.order(&late)["delivery"], "out_of_stock");
    put(&ada, &keys, "text/plain", "B\nC").expect(200);
    world.run_jobs();
    assert_eq!((&ada.order(&late)["delivered"], info(&ada, &keys).0), (&json!("B"), json!(1)));
    is_whole(&world);
}

#[test]
fn a_file_is_added_whole_or_not_at_all() {
    let world = World::new();
    let ada = world.seller();
    let keys = lines(&ada, "A");
    for (landed, stock) in [(Landed::No, 1), (Landed::Yes, 3)] {
        world.db.break_commit(1, landed);
        put(&ada, &keys, "text/plain", "B\nC").expect(500);
        assert_eq!(info(&ada, &keys).0, stock);
        is_whole(&world);
    }
    let again = put(&ada, &keys, "text/plain", "B\nC").expect(200).json();
    assert_eq!((&again["added"], &again["duplicates"]), (&json!(0), &json!([1, 2])));
}

#[test]
fn another_change_at_the_same_time_loses_nothing_and_doubles_nothing() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let keys = lines(&ada, "A");
    let (other, product, email, key) = (world.clone(), keys.clone(), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || {
        let ada = Seller { world: &other, email, key, secret: String::new() };
        put(&ada, &product, "text/plain", "B\nC").expect(200);
        buy(&ada, &product, json!({})).expect(201);
    });
    let reply = put(&ada, &keys, "text/plain", "C\nD").expect(200).json();
    assert_eq!((&reply["added"], &reply["duplicates"]), (&json!(1), &json!([1])));
    assert_eq!(info(&ada, &keys), (json!(3), json!("B\nC\nD")));

    // Another product takes a serial that this one may not have twice.
    let unique = product_of_unique(&ada);
    let (other, email, key) = (world.clone(), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || {
        let ada = Seller { world: &other, email, key, secret: String::new() };
        lines(&ada, "Z");
    });
    let reply = put(&ada, &unique, "text/plain", "Y\nZ").expect(200).json();
    assert_eq!((&reply["added"], &reply["duplicates"]), (&json!(1), &json!([2])));
    is_whole(&world);
}

fn product_of_unique(ada: &Seller<'_>) -> String {
    product(ada, json!({"info": "", "stock_delimiter": "\n", "unique_serials": true}))
}
