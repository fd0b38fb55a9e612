//! Stock: serials, of which none is sold twice.

use std::rc::Rc;

use pushguard::platform::{Db as _, Statement};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    world::{Counts, World, block_on},
};

fn fields(changed: Value) -> Value {
    let mut fields = json!({
        "title": "Keys", "description": "d", "price": "9.99", "currency": "USD", "gateways": ["bitcoin"], "product_type": 2,
        "unique_serials": true,
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

fn make(seller: &Seller<'_>, changed: Value) -> Value {
    seller.post("/products", fields(changed)).expect(201).json()
}

fn path(product: &Value) -> String {
    format!("/products/{}", product["id"].as_str().expect("an id"))
}

/// A sale or a hold, as an order's commit does it: the next serials in stock move to another state, and the count with them.
fn take(world: &World, product: &Value, count: u32, state: u8) -> Vec<String> {
    let product = product["id"].as_str().expect("an id");
    let next =
        format!("SELECT seq FROM serials WHERE product_id = '{product}' AND state = 0 ORDER BY seq LIMIT {count}");
    let statements = [
        format!("UPDATE products SET serials_left = serials_left - {count} WHERE id = '{product}'"),
        format!(
            "UPDATE serials SET state = {state}, order_id = 'order'
             WHERE product_id = '{product}' AND state = 0 AND seq IN ({next}) RETURNING serial"
        ),
    ];
    let statements = statements.map(|sql| Statement::new(sql, vec![])).into();
    let rows = block_on(world.db.commit(statements)).expect("there are so many");
    rows.iter().flatten().map(|row| row.text().expect("a serial")).collect()
}

/// What the counter says and what there is.
fn is_counted(world: &World) {
    let wrong = "SELECT id FROM products p WHERE serials_left <>
        (SELECT COUNT(*) FROM serials s WHERE s.account_id = p.account_id AND s.product_id = p.id AND s.state = 0)";
    assert_eq!(world.db.query(wrong), Vec::<Vec<String>>::new());
}

#[test]
fn info_reads_back_as_it_was_sent_without_what_was_sold() {
    let world = World::new();
    let ada = world.seller();
    for (info, delimiter, left, shown) in [
        ("A1, B1, C1", ",", 3, "A1, B1, C1"),
        ("A2,B2,,  ,C2,", ",", 3, "A2,B2,C2"),
        ("A3\r\nB3\r\n", "\n", 2, "A3\r\nB3"),
        ("A4 | B4 | C4", "|", 3, "A4 | B4 | C4"),
        ("5", ",", 1, "5"),
        ("A6 B6  C6", " ", 3, "A6 B6 C6"),
        ("A7;B,7;\"'é😀\\", ";", 3, "A7;B,7;\"'é😀\\"),
    ] {
        let made = make(&ada, json!({"info": info, "stock_delimiter": delimiter}));
        assert_eq!((&made["stock"], &made["info"]), (&json!(left), &json!(shown)), "{info:?}");
        assert_eq!(ada.get(&path(&made)).expect(200).json(), made);
        assert_eq!(take(&world, &made, 1, 2).len(), 1);
        let rest = shown.split_once(delimiter).map(|(_, rest)| rest.trim_start().to_owned());
        let now = ada.get(&path(&made)).json();
        assert_eq!((&now["stock"], &now["info"]), (&json!(left - 1), &json!(rest)), "the first went first");
    }
    is_counted(&world);
}

#[test]
fn put_replaces_what_is_in_stock_and_leaves_what_is_held_or_sold() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A,B,C,D,E"}));
    assert_eq!(take(&world, &made, 1, 2), ["A"]);
    assert_eq!(take(&world, &made, 1, 1), ["B"]);
    let put = |info: Value| ada.put(&path(&made), json!({"info": info}));
    let shown = |reply: Value| (reply["stock"].clone(), reply["info"].clone());
    assert_eq!(shown(put(json!("X, E, C")).expect(200).json()), (json!(3), json!("X, E, C")));
    assert_eq!(shown(ada.get(&path(&made)).json()), (json!(3), json!("X, E, C")));
    let rows = "SELECT serial, state FROM serials ORDER BY state DESC, seq";
    assert_eq!(world.db.query(rows), [["A", "2"], ["B", "1"], ["X", "0"], ["E", "0"], ["C", "0"]]);
    is_counted(&world);

    let before = world.db.dump();
    let taken = "Info has serials that you have already: \"A\" (sold), \"B\" (held for an order)";
    assert_eq!(put(json!("Y,A,B")).errors(), [taken], "somebody who read it before the sale");
    assert_eq!(world.db.dump(), before);
    assert_eq!(shown(put(Value::Null).expect(200).json()), (json!(3), json!("X, E, C")), "as a list shows it");
    assert_eq!(shown(put(json!("")).expect(200).json()), (json!(0), Value::Null), "an empty text empties the stock");
    assert_eq!(shown(put(json!("C, D")).expect(200).json()), (json!(2), json!("C, D")));
    assert_eq!(take(&world, &made, 2, 2), ["C", "D"], "new ones are behind the old");
}

#[test]
fn a_serial_is_in_an_account_once() {
    let world = World::new();
    let ada = world.seller();
    let reply = ada.post("/products", fields(json!({"info": "K1\nK2\n\nK1 \nK3\nK2", "stock_delimiter": "\n"})));
    assert_eq!(reply.errors(), ["Info has serials more than once: \"K1\" (1 and 4), \"K2\" (2 and 6)"]);
    let many: Vec<String> = (0..30).map(|n| format!("K{}", n % 15)).collect();
    let sentence = ada.post("/products", fields(json!({"info": many.join(",")}))).errors().remove(0);
    assert!(sentence.starts_with("Info has serials more than once: \"K0\" (1 and 16), \"K1\""), "{sentence}");
    assert!(sentence.ends_with("\"K9\" (10 and 25) and 5 more"), "{sentence}");
    assert_eq!(world.db.rows_in("serials"), 0);

    let first = make(&ada, json!({"info": many[..15].join(",")}));
    let sentence = ada.post("/products", fields(json!({"info": many[3..15].join(",")}))).errors().remove(0);
    let product = first["id"].as_str().unwrap();
    assert!(
        sentence
            .starts_with(&format!("Info has serials that you have already: \"K10\" (in stock of product {product}), ")),
        "{sentence}"
    );
    assert!(sentence.ends_with(" and more"), "{sentence}");
    let second = make(&ada, json!({"info": "L"}));
    let reply = ada.put(&path(&second), json!({"info": "L,K1", "title": "Not this either"}));
    assert_eq!(
        reply.errors(),
        [format!("Info has serials that you have already: \"K1\" (in stock of product {product})")]
    );
    assert_eq!(ada.get(&path(&second)).json(), second);

    // A long one is named by its beginning; another account's are nobody's business; and a sold one stays sold.
    let long = "x".repeat(100);
    let sentence = ada.post("/products", fields(json!({"info": format!("{long},{long}")}))).errors().remove(0);
    assert!(sentence.contains(&format!("\"{}…\" (1 and 2)", "x".repeat(60))), "{sentence}");
    make(&world.seller_named("eve@example.com", true), json!({"info": "K1"}));
    assert_eq!(take(&world, &second, 1, 2), ["L"]);
    ada.delete(&path(&second)).expect(204);
    ada.delete(&path(&first)).expect(204);
    assert_eq!(
        ada.post("/products", fields(json!({"info": "L"}))).errors(),
        ["Info has serials that you have already: \"L\" (sold)"]
    );
    make(&ada, json!({"info": "K1,K2"}));
    is_counted(&world);
}

#[test]
fn repeated_serials_are_taken_and_reported() {
    let world = World::new();
    let ada = world.seller();
    let told = |reply: Reply| {
        let made = reply.json();
        (made["stock"].clone(), reply.header("x-duplicate-serials").map(str::to_owned))
    };
    let post = |info: &str| {
        let fields = fields(json!({"info": info, "stock_delimiter": "\n", "unique_serials": false}));
        ada.post("/products", fields).expect(201)
    };
    let some = |n: &str| Some(n.to_owned());
    let first = post("A\nB\nC");
    let path = path(&first.json());
    assert_eq!(told(first), (json!(3), None));
    assert_eq!(told(post("A\nB\nC")), (json!(3), some("3")), "the same product made again");
    assert_eq!(told(post("message me\n".repeat(50).as_str())), (json!(50), some("49")));
    assert_eq!(told(post("D\nD\nA\nA\nE")), (json!(5), some("3")), "one D and both As were there before");
    assert_eq!(told(post("\u{feff}C\u{200b}\r\nF")), (json!(2), some("1")), "it is compared as it is seen");

    let put = |fields: Value| ada.put(&path, fields).expect(200);
    assert_eq!(told(put(json!({"info": "X\nX"}))), (json!(2), some("1")));
    assert_eq!(ada.get(&path).json()["info"], "X\nX");
    assert_eq!(told(put(json!({"info": "X\nX", "title": "T"}))), (json!(2), None), "sent back as it was shown");
    assert_eq!(told(put(json!({"info": "X\nY"}))), (json!(2), None), "what is replaced was never there");
    is_counted(&world);

    // Another account's are nobody's business.
    let eve = world.seller_named("eve@example.com", true);
    let reply = eve.post("/products", fields(json!({"info": "A", "unique_serials": false}))).expect(201);
    assert_eq!(told(reply), (json!(1), None));
}

#[test]
fn a_product_becomes_one_of_unique_serials_when_its_stock_is() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A,B,A", "unique_serials": false}));
    let put = |fields: Value| ada.put(&path(&made), fields);
    let twice = "Info has serials more than once: \"A\" (1 and 3)";
    assert_eq!(put(json!({"unique_serials": true})).errors(), [twice]);
    let other = make(&ada, json!({"info": "B", "unique_serials": false}));
    let taken = format!(
        "Info has serials that you have already: \"B\" (in stock of product {})",
        other["id"].as_str().unwrap()
    );
    assert_eq!(put(json!({"unique_serials": true, "info": "A,B"})).errors(), std::slice::from_ref(&taken));
    put(json!({"info": "A,B"})).expect(200);
    assert_eq!(put(json!({"unique_serials": true})).errors(), [taken]);
    ada.delete(&path(&other)).expect(204);
    let unique = put(json!({"unique_serials": true})).expect(200).json();
    assert_eq!((&unique["unique_serials"], &unique["info"]), (&json!(true), &json!("A,B")));
    assert_eq!(ada.get(&path(&made)).json(), unique);
    is_counted(&world);
}

#[test]
fn invisible_characters_make_no_other_serial() {
    let world = World::new();
    let ada = world.seller();
    let first = make(&ada, json!({"info": "\u{feff}ZZZZ-1\r\nZZZZ-2", "stock_delimiter": "\n"}));
    assert_eq!(first["info"], "ZZZZ-1\r\nZZZZ-2");
    let taken = format!(
        "Info has serials that you have already: \"ZZZZ-1\" (in stock of product {})",
        first["id"].as_str().unwrap()
    );
    for serial in ["ZZZZ-1", "\u{200b}ZZZZ-1", "ZZZZ-1\u{202c}\u{ad}", "\u{2060} ZZZZ-1 \u{fe0f}"] {
        assert_eq!(
            ada.post("/products", fields(json!({"info": serial}))).errors(),
            std::slice::from_ref(&taken),
            "{serial:?}"
        );
    }
    let refused = |info: &str, delimiter: &str| {
        ada.post("/products", fields(json!({"info": info, "stock_delimiter": delimiter}))).errors()
    };
    assert_eq!(refused("\n\nA\r\nZZZZ\u{200b}-1", "\n"), ["Info has invisible characters: line 4 (U+200B)"]);
    assert_eq!(
        refused("A, B\u{ad}B, C\u{202e}D", ","),
        ["Info has invisible characters: serial 2 (U+00AD), serial 3 (U+202E)"]
    );
    assert_eq!(refused("A\u{feff}B", "\n\n"), ["Info has invisible characters: line 1 (U+FEFF)"]);
    assert_eq!(refused("A\u{200d}B", ","), ["Info has invisible characters: serial 1 (U+200D)"]);
    let shaped = "❤\u{fe0f} thanks,می\u{200c}خواهم,👨\u{200d}👩\u{200d}👧";
    assert_eq!(make(&ada, json!({"info": shaped}))["info"], shaped);
    assert_eq!(refused("A", "\u{200b}"), ["Stock delimiter has only invisible characters"]);
    assert_eq!(make(&ada, json!({"info": "P;Q", "stock_delimiter": ";\u{200b}"}))["stock"], 2);
}

#[test]
fn a_newline_tells_serials_apart_however_it_is_written() {
    let world = World::new();
    let ada = world.seller();
    let mut n = 0;
    for delimiter in ["\n", "\r\n", "\r", "\\n", "\\r\\n", "\u{2028}"] {
        for newline in ["\n", "\r\n", "\r"] {
            n += 1;
            let info = format!("A{n}{newline}B{n}{newline}C{n}");
            let made = make(&ada, json!({"info": info, "stock_delimiter": delimiter}));
            assert_eq!((&made["stock"], &made["info"]), (&json!(3), &json!(info)), "{delimiter:?} {newline:?}");
            assert_eq!(made["stock_delimiter"], delimiter, "as it was typed");
            let rows = || world.db.query("SELECT * FROM serials ORDER BY product_id, state, seq");
            let before = rows();
            ada.put(&path(&made), json!({"info": info})).expect(200);
            assert_eq!(rows(), before, "what is sent back as it was shown is not written");
            assert_eq!(take(&world, &made, 1, 2), [format!("A{n}")], "the first buyer gets one");
        }
    }
    let two = make(&ada, json!({"info": "A\nB\r\n\r\nC", "stock_delimiter": "\n\n"}));
    assert_eq!((&two["stock"], &two["info"]), (&json!(2), &json!("A\nB\r\n\r\nC")));
    is_counted(&world);
}

#[test]
fn serials_that_are_too_long_or_too_many_are_refused() {
    let world = World::new();
    let ada = world.seller();
    let long = "é".repeat(4_097);
    let errors = ada.post("/products", fields(json!({"info": format!("A,{long},B,x{long}")}))).errors();
    assert_eq!(errors, ["Info has serials that are too long (maximum is 4096 characters): 2, 4"]);
    make(&ada, json!({"info": &long[2..]}));
    let many: Vec<String> = (0..50_001).map(|n| n.to_string()).collect();
    assert_eq!(
        ada.post("/products", fields(json!({"info": many.join(",")}))).errors(),
        ["Info has too many serials (maximum is 50000)"]
    );
}

#[test]
fn ten_thousand_keys_are_one_trip_and_few_statements() {
    let world = World::new();
    let ada = world.seller();
    let keys = |letter: char| {
        let keys: Vec<String> = (0..10_000).map(|n| format!("{letter}BCDE-FGHIJ-KLMNO-PQRST-{n:05}")).collect();
        keys.join("\n")
    };
    let body = fields(json!({"info": keys('A'), "stock_delimiter": "\n"}));
    let ask = || ada.ask("POST", "/products").header("idempotency-key", "k").json(&body).send();
    let (counts, reply) = world.count(ask);
    let reply = reply.expect(201);
    let made = reply.json();
    assert_eq!((&made["stock"], &made["info"]), (&json!(10_000), &json!(keys('A'))));
    // The key's own look, and one commit.
    assert_eq!(Counts { statements: 0, ..counts }, Counts { reads: 1, commits: 1, ..Counts::default() });
    // Three events in the dialects that tell them are two each.
    assert!(counts.statements <= 9 + 6, "{counts:?}");
    assert_eq!(ask().text(), reply.text());
    let (counts, list) = world.count(|| ada.get("/products").expect(200));
    assert_eq!((counts.reads, list.json()[0]["stock"].clone()), (1, json!(10_000)));
    assert!(list.text().len() < 1_000, "the list shows no serials");
    assert_eq!(world.trips(|| ada.put(&path(&made), json!({"info": keys('B')})).expect(200)), 2);
    assert_eq!(ada.get(&path(&made)).json()["info"], json!(keys('B')));
    let serials = || world.db.query("SELECT * FROM serials ORDER BY product_id, state, seq");
    let before = serials();
    assert_eq!(ada.put(&path(&made), json!({"title": "T", "info": keys('B')})).expect(200).json()["title"], "T");
    assert!(before == serials(), "what is sent back as it was shown is not written");
    ada.delete(&path(&made)).expect(204);
    assert_eq!(world.db.rows_in("serials"), 0);
}

#[test]
fn another_delimiter_tells_what_is_in_stock_apart_anew() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A\nB\nC"}));
    assert_eq!(made["stock"], 1, "the delimiter was forgotten");
    let put = |fields: Value| {
        let product = ada.put(&path(&made), fields).expect(200).json();
        assert_eq!(ada.get(&path(&made)).json(), product);
        (product["stock"].clone(), product["info"].clone())
    };
    assert_eq!(put(json!({"stock_delimiter": "\n"})), (json!(3), json!("A\nB\nC")));
    take(&world, &made, 1, 2);
    assert_eq!(put(json!({"stock_delimiter": "\n", "title": "T"})), (json!(2), json!("B\nC")));
    assert_eq!(put(json!({"stock_delimiter": ";"})), (json!(1), json!("B\nC")));
    assert_eq!(put(json!({"stock_delimiter": ",", "info": "D,E"})), (json!(2), json!("D,E")));
    is_counted(&world);
}

#[test]
fn a_sale_while_the_stock_is_told_apart_anew_is_not_undone() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A\nB,C"}));
    let (other, product) = (world.clone(), made.clone());
    world.db.before_commit(1, move || assert_eq!(take(&other, &product, 1, 2), ["A\nB"]));
    // It is refused as stale, read once more, and told apart without what was sold meanwhile.
    let changed = ada.put(&path(&made), json!({"stock_delimiter": "\n"})).expect(200).json();
    assert_eq!((&changed["info"], &changed["stock"]), (&json!("C"), &json!(1)));
    assert_eq!(ada.get(&path(&made)).json(), changed);
    is_counted(&world);
}

#[test]
fn a_sale_while_other_fields_change_keeps_its_count() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A,B,C"}));
    let (other, product) = (world.clone(), made.clone());
    world.db.before_commit(1, move || assert_eq!(take(&other, &product, 1, 2), ["A"]));
    assert_eq!(ada.put(&path(&made), json!({"title": "T"})).expect(200).json()["stock"], 2);
    let (other, product) = (world.clone(), made.clone());
    world.db.before_commit(1, move || assert_eq!(take(&other, &product, 1, 2), ["B"]));
    let reply = ada.put(&path(&made), json!({"info": "B,C,D"}));
    assert_eq!(reply.errors(), ["Info has serials that you have already: \"B\" (sold)"]);
    assert_eq!(ada.put(&path(&made), json!({"info": "C,D"})).expect(200).json()["stock"], 2);
    is_counted(&world);
}

#[test]
fn a_product_that_goes_while_its_stock_is_replaced_leaves_no_serials() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A,B"}));
    let (other, gone, email, key) = (world.clone(), path(&made), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || {
        Seller { world: &other, email, key, secret: String::new() }.delete(&gone).expect(204);
    });
    ada.put(&path(&made), json!({"info": "C"})).expect(404);
    assert_eq!(world.db.rows_in("serials"), 0);
}

#[test]
fn serials_are_never_what_every_buyer_gets() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, json!({"info": "A,B"}));
    let put = |fields: Value| {
        let product = ada.put(&path(&made), fields).expect(200).json();
        assert_eq!(ada.get(&path(&made)).json(), product);
        (product["stock"].clone(), product["info"].clone())
    };
    assert_eq!(put(json!({"product_type": 4})), (json!("∞"), Value::Null));
    assert_eq!(put(json!({"info": "Write to me"})), (json!("∞"), json!("Write to me")));
    assert_eq!(put(json!({"product_type": 2})), (json!(2), json!("A,B")), "they were kept");
    assert_eq!(put(json!({"product_type": 4, "info": "C,D"})), (json!("∞"), json!("C,D")));
    assert_eq!(put(json!({"product_type": 2, "info": ""})), (json!(0), Value::Null));
    assert_eq!(put(json!({"product_type": 1, "info": "E,F"})), (json!("∞"), json!("E,F")));
    assert_eq!(put(json!({"product_type": 2})), (json!(2), json!("E,F")), "a mistaken type is set right");
    is_counted(&world);
}

#[test]
fn no_row_can_say_that_a_serial_is_in_stock_and_somebodys() {
    let world = World::new();
    let ada = world.seller();
    make(&ada, json!({"info": "A"}));
    let tables = world.db.query("SELECT sql FROM sqlite_master WHERE name = 'serials'");
    assert!(tables[0][0].contains("serials_of_one_order"));
    // The next ones to be sold are a range of the key: nothing is sorted and nothing that was sold is passed over.
    let plan = world.db.query_in(
        0,
        "EXPLAIN QUERY PLAN SELECT serial FROM serials WHERE account_id = 1 AND product_id = 'x' AND state = 0 ORDER BY seq LIMIT 3",
    );
    assert_eq!(plan.len(), 1, "{plan:?}");
    assert!(plan[0][3].contains("USING PRIMARY KEY (account_id=? AND product_id=? AND state=?)"), "{plan:?}");
}
