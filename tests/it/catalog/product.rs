//! Products: what a seller may say of what he sells, and what he is shown of it.

use serde_json::{Value, json};

use crate::{
    actors::{ORIGIN, Reply, Seller},
    world::{Landed, SECOND, World},
};

/// The reference's own example of a request.
fn example(changed: Value) -> Value {
    let mut fields = json!({
        "title": "Example product", "description": "Example description with _markdown_ support",
        "price": "9.99", "currency": "USD", "gateways": ["bitcoin", "ethereum", "paypal"], "product_type": 2,
        "info": "SERIAL1, SERIAL2, SERIAL3", "stock_delimiter": ",",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

/// A service, which needs nothing but what all products need.
fn service(changed: Value) -> Value {
    let mut fields = example(json!({"product_type": 4}));
    for name in ["info", "stock_delimiter"] {
        fields.as_object_mut().expect("fields").remove(name);
    }
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

fn make(seller: &Seller<'_>, fields: Value) -> Value {
    seller.post("/products", fields).expect(201).json()
}

fn path(product: &Value) -> String {
    format!("/products/{}", product["id"].as_str().expect("an id"))
}

/// The reference's created example, as text: names, order, types and all.
const CREATED: &str = r#"{"id":"1a1ffd89","title":"Example product","description":"Example description with _markdown_ support","stock":1,"price":"9.99","currency":"USD","product_type":2,"gateways":["bitcoin","ethereum","paypal"],"private":false,"unlisted":false,"vpn_block":false,"seller_note":null,"maximum_quantity":null,"minimum_quantity":1,"stock_delimiter":",","stock_amount":null,"image":null,"theme":2,"crypto_confirmations":1,"max_risk_level":30,"dynamic_url":null,"info":"SERIAL1, SERIAL2, SERIAL3","file":null,"paypal_email_delivery":false,"webhook_url":null,"custom":null,"created_at":"2019-12-25T15:09:13.000+00:00","updated_at":"2019-12-25T15:31:40.000+00:00","unique_serials":false,"stock_warning":null,"volume_discounts":[],"email_message":null}"#;

/// The only differences from the reference's example, each with its reason.
fn as_here(text: &str, id: &str) -> String {
    let at = r#""2023-11-15T00:00:00.000+00:00""#;
    text.replace("1a1ffd89", id) // made at random
        .replace(r#""stock":1,"#, r#""stock":3,"#) // three serials are three (contract, "Resources")
        .replace(r#""2019-12-25T15:09:13.000+00:00""#, at)
        .replace(r#""2019-12-25T15:31:40.000+00:00""#, at) // never updated: equal to created_at (the reference's own words)
}

#[test]
fn the_references_example_is_made_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let reply = ada.post("/products", example(json!({}))).expect(201);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), id.bytes().all(|b| b.is_ascii_hexdigit())), (8, true), "{id}");
    assert_eq!(reply.text(), as_here(CREATED, &id));
    assert_eq!(ada.get(&format!("/products/{id}")).expect(200).text(), reply.text());

    // Its update example, over what was made.
    world.advance(SECOND);
    let update =
        json!({"title": "Updated title", "price": "19.49", "currency": "EUR", "gateways": ["paypal", "stripe"]});
    let updated = ada.put(&format!("/products/{id}"), update).expect(200).text();
    let expected = reply
        .text()
        .replace(r#""title":"Example product""#, r#""title":"Updated title""#)
        .replace(r#""price":"9.99","currency":"USD""#, r#""price":"19.49","currency":"EUR""#)
        .replace(r#"["bitcoin","ethereum","paypal"]"#, r#"["paypal","stripe"]"#)
        .replace(r#""updated_at":"2023-11-15T00:00:00"#, r#""updated_at":"2023-11-15T00:00:01"#);
    assert_eq!(updated, expected);
    assert_eq!(ada.get(&format!("/products/{id}")).text(), expected);
}

#[test]
fn the_example_comes_in_the_other_ways_that_clients_write() {
    let world = World::new();
    let same = |reply: Reply| {
        let reply = reply.expect(201);
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(reply.text(), as_here(CREATED, &id));
    };
    let seller = |n: u8| world.seller_named(&format!("ada{n}@example.com"), true);
    same(seller(1).post("/products", json!({"product": example(json!({}))})));
    same(seller(2).post("/products", example(json!({"price": 9.99, "product_type": "2", "gateways": "bitcoin,Ethereum, paypal", "custom": {}, "image": null, "unlisted": "0"}))));
    let form = "title=Example+product&description=Example+description+with+_markdown_+support&price=9.99&currency=usd\
        &gateways[]=bitcoin&gateways[]=ethereum&gateways[]=paypal&gateways[]=paypal&product_type=2&info=SERIAL1,+SERIAL2,+SERIAL3";
    same(
        seller(3)
            .ask("POST", "/products")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send(),
    );
}

#[test]
fn every_error_of_a_product_has_its_sentence_and_all_come_at_once() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    let all = [
        "Title can't be blank",
        "Description can't be blank",
        "Currency can't be blank",
        "Price can't be blank",
        "Product type can't be blank",
        "Gateways can't be blank",
    ];
    assert_eq!(ada.post("/products", json!({})).errors(), all);
    let long = |n: usize| "x".repeat(n);
    for (fields, sentences) in [
        (json!({"title": long(256)}), vec!["Title is too long (maximum is 255 characters)"]),
        (json!({"description": long(20_001)}), vec!["Description is too long (maximum is 20000 characters)"]),
        (json!({"price": 0}), vec!["Price must be greater than 0"]),
        (
            json!({"price": "ten", "currency": "XXY"}),
            vec!["Currency is not a valid ISO 4217 code", "Price is not a number"],
        ),
        (json!({"product_type": 5}), vec!["Product type is not included in the list"]),
        (json!({"product_type": "file"}), vec!["Product type is not a number"]),
        (json!({"product_type": null}), vec!["Product type can't be blank"]),
        (json!({"product_type": 3}), vec!["Dynamic url can't be blank"]),
        (json!({"product_type": 3, "dynamic_url": "x"}), vec!["Dynamic url is not a valid URL"]),
        (json!({"dynamic_url": "http://a.example/"}), vec!["Dynamic url must be an HTTPS URL"]),
        (json!({"dynamic_url": "https://127.0.0.1/"}), vec!["Dynamic url must not point to a private network"]),
        (json!({"webhook_url": "https://u:p@a.example/"}), vec!["Webhook url must not contain credentials"]),
        (json!({"gateways": []}), vec!["Gateways can't be blank"]),
        (json!({"gateways": [""]}), vec!["Gateways can't be blank"]),
        (json!({"gateways": 7}), vec!["Gateways must be a list"]),
        (
            json!({"gateways": ["dogecoin", "paypal", "cash app"]}),
            vec!["Gateways \"dogecoin\" is not supported", "Gateways \"cash app\" is not supported"],
        ),
        (
            json!({"private": "maybe", "unlisted": 2, "vpn_block": []}),
            vec!["Private must be true or false", "Unlisted must be true or false", "Vpn block must be true or false"],
        ),
        (json!({"paypal_email_delivery": "x"}), vec!["Paypal email delivery must be true or false"]),
        (json!({"seller_note": long(2_001)}), vec!["Seller note is too long (maximum is 2000 characters)"]),
        (json!({"minimum_quantity": 0}), vec!["Minimum quantity must be greater than or equal to 1"]),
        (json!({"maximum_quantity": 0}), vec!["Maximum quantity must be greater than or equal to 1"]),
        (
            json!({"maximum_quantity": 2, "minimum_quantity": 3}),
            vec!["Maximum quantity must be greater than or equal to 3"],
        ),
        (json!({"maximum_quantity": 1.5}), vec!["Maximum quantity must be an integer"]),
        (json!({"stock_amount": -1}), vec!["Stock amount must be greater than or equal to 0"]),
        (json!({"stock_delimiter": long(17)}), vec!["Stock delimiter is too long (maximum is 16 characters)"]),
        (json!({"stock_delimiter": 7}), vec!["Stock delimiter must be a text"]),
        (json!({"theme": 0}), vec!["Theme must be greater than or equal to 1"]),
        (json!({"crypto_confirmations": 7}), vec!["Crypto confirmations must be less than or equal to 6"]),
        (json!({"max_risk_level": 101}), vec!["Max risk level must be less than or equal to 100"]),
        (json!({"info": long(20_001)}), vec!["Info is too long (maximum is 20000 characters)"]),
        (json!({"info": ["A"]}), vec!["Info must be a text"]),
        (json!({"info": "a\u{0}b"}), vec!["Info has characters that are not allowed"]),
    ] {
        assert_eq!(ada.post("/products", service(fields.clone())).errors(), sentences, "{fields}");
    }
    assert_eq!(world.db.dump(), before, "nothing of it leaves a row");
}

#[test]
fn custom_inputs_are_checked_each_and_shown_as_a_list_or_null() {
    let world = World::new();
    let ada = world.seller();
    for (custom, sentences) in [
        (json!("x"), vec!["Custom must be a list"]),
        (json!([7]), vec!["Custom 0 must be an object"]),
        (json!([{}]), vec!["Custom 0 name can't be blank", "Custom 0 type can't be blank"]),
        (
            json!([{"name": "a", "type": "text"}, {"name": "b", "type": "date", "required": "x"}]),
            vec!["Custom 1 type is not included in the list", "Custom 1 required must be true or false"],
        ),
        (json!([{"name": "a", "type": "select"}]), vec!["Custom 0 options can't be blank"]),
        (json!([{"name": "a", "type": "select", "options": [1]}]), vec!["Custom 0 options must be a list of texts"]),
        (json!(vec![json!({"name": "a", "type": "text"}); 51]), vec!["Custom is too long (maximum is 50 inputs)"]),
        (
            json!(vec![json!({"name": "é".repeat(255), "type": "text"}); 40]),
            vec!["Custom is too long (maximum is 16384 bytes)"],
        ),
    ] {
        assert_eq!(ada.post("/products", service(json!({"custom": custom}))).errors(), sentences, "{custom}");
    }
    let custom = json!([
        {"type": "Text", "name": " Discord ", "required": "1", "options": ["dropped"], "more": 7},
        {"name": "How many", "type": "number"},
        {"name": "Terms", "type": "checkbox", "required": true},
        {"name": "Size", "type": "select", "required": false, "options": ["S", " M ", ""]},
    ]);
    let product = make(&ada, service(json!({"custom": custom})));
    let expected = r#"[{"name":"Discord","type":"text","required":true},{"name":"How many","type":"number","required":false},{"name":"Terms","type":"checkbox","required":true},{"name":"Size","type":"select","required":false,"options":["S","M"]}]"#;
    assert!(ada.get(&path(&product)).text().contains(&format!(r#""custom":{expected},"#)));
    for nothing in [json!([]), json!({}), json!(""), Value::Null] {
        let fields = json!({"custom": [{"name": "a", "type": "text"}]});
        assert_ne!(ada.put(&path(&product), fields).expect(200).json()["custom"], Value::Null);
        assert_eq!(ada.put(&path(&product), json!({"custom": nothing})).expect(200).json()["custom"], Value::Null);
    }
    let form =
        "custom[0][name]=Nick&custom[0][type]=text&custom[1][name]=Age&custom[1][type]=number&custom[1][required]=true";
    let reply = ada.ask("PUT", &path(&product)).header("content-type", "application/x-www-form-urlencoded").body(form);
    let custom = json!([{"name": "Nick", "type": "text", "required": false}, {"name": "Age", "type": "number", "required": true}]);
    assert_eq!(reply.send().expect(200).json()["custom"], custom);
}

#[test]
fn stock_is_what_the_type_makes_of_it() {
    let world = World::new();
    let ada = world.seller();
    let stock = |fields: Value| make(&ada, service(fields))["stock"].clone();
    assert_eq!(stock(json!({"product_type": 1})), "∞");
    assert_eq!(stock(json!({"product_type": 1, "stock_amount": 7})), 7);
    assert_eq!(stock(json!({"product_type": 1, "stock_amount": "0"})), 0);
    assert_eq!(stock(json!({"product_type": 2})), 0);
    assert_eq!(stock(json!({"product_type": 2, "info": "A,B", "stock_amount": 7})), 2);
    assert_eq!(stock(json!({"product_type": 3, "dynamic_url": "https://a.example/", "stock_amount": 7})), 7);
    assert_eq!(stock(json!({"product_type": 4, "stock_amount": 7})), 7);
    assert_eq!(stock(json!({"product_type": 4})), "∞");
}

#[test]
fn put_changes_what_is_sent_and_null_clears_what_may_be_null() {
    let world = World::new();
    let ada = world.seller();
    let full = json!({
        "private": true, "unlisted": true, "vpn_block": true, "seller_note": "n", "maximum_quantity": 9,
        "minimum_quantity": 2, "stock_delimiter": "\n", "stock_amount": 5, "theme": 1, "crypto_confirmations": 0,
        "max_risk_level": 99, "dynamic_url": "https://a.example/d", "info": "Thanks!", "paypal_email_delivery": true,
        "webhook_url": "https://a.example/w", "custom": [{"name": "a", "type": "text", "required": false}],
    });
    let made = make(&ada, service(full.clone()));
    for (name, value) in full.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    let put = |fields: Value| {
        let mut product = ada.put(&path(&made), fields).expect(200).json();
        product["updated_at"] = made["updated_at"].clone();
        product
    };
    assert_eq!(put(json!({})), made, "nothing is sent, nothing changes");
    assert_eq!(put(made.clone()), made, "sent back as it was shown");
    let nullable = ["seller_note", "maximum_quantity", "stock_amount", "dynamic_url", "info", "webhook_url", "custom"];
    for name in nullable {
        let changed = ada.put(&path(&made), json!({name: null})).expect(200).json();
        assert_eq!(changed[name], Value::Null, "{name}");
        assert_eq!(ada.get(&path(&made)).json()[name], Value::Null, "{name}");
    }
    let mut now = ada.get(&path(&made)).json();
    now["updated_at"] = made["updated_at"].clone();
    // The stock is `stock_amount`, or without end.
    assert_eq!(now["stock"], "∞");
    now["stock"] = made["stock"].clone();
    for (name, value) in made.as_object().unwrap().iter().filter(|(name, _)| !nullable.contains(&name.as_str())) {
        assert_eq!(&now[name], value, "{name}");
    }
    for name in ["private", "theme", "minimum_quantity", "max_risk_level"] {
        assert_eq!(
            ada.put(&path(&made), json!({name: null})).expect(200).json()[name],
            made[name],
            "{name} has no null"
        );
    }
    assert_eq!(ada.put(&path(&made), json!({"stock_delimiter": null})).expect(200).json()["stock_delimiter"], ",");
    for (name, sentence) in [
        ("title", "Title can't be blank"),
        ("description", "Description can't be blank"),
        ("price", "Price can't be blank"),
        ("currency", "Currency can't be blank"),
        ("product_type", "Product type can't be blank"),
        ("gateways", "Gateways can't be blank"),
    ] {
        assert_eq!(ada.put(&path(&made), json!({name: null})).errors(), [sentence]);
    }
}

#[test]
fn what_is_sent_must_fit_what_is_kept() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, service(json!({"price": "0.01", "maximum_quantity": 5})));
    let put = |fields: Value| ada.put(&path(&made), fields);
    assert_eq!(put(json!({"minimum_quantity": 6})).errors(), ["Maximum quantity must be greater than or equal to 6"]);
    assert_eq!(put(json!({"product_type": 3})).errors(), ["Dynamic url can't be blank"]);
    assert_eq!(put(json!({"currency": "JPY"})).errors(), ["Price can't be expressed in this currency"]);
    assert_eq!(put(json!({"currency": "KWD"})).expect(200).json()["price"], "0.01", "a price keeps its number");
    assert_eq!(put(json!({"price": "0.001"})).expect(200).json()["price"], "0.001", "in the currency that is kept");
    assert_eq!(put(json!({"price": 1500, "currency": "JPY"})).expect(200).json()["price"], "1500.0");
}

#[test]
fn another_accounts_products_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let made = make(&ada, example(json!({})));
    let before = world.db.dump();
    eve.get(&path(&made)).expect(404);
    eve.put(&path(&made), json!({"title": "mine"})).expect(404);
    eve.put(&path(&made), json!({"info": "MINE"})).expect(404);
    eve.delete(&path(&made)).expect(404);
    assert_eq!(eve.get("/products").text(), "[]");
    assert_eq!(world.db.dump(), before);
    ada.get("/products/00000000").expect(404);
}

#[test]
fn the_list_shows_all_but_serials_newest_first() {
    let world = World::new();
    let ada = world.seller();
    let first = make(&ada, service(json!({"title": "First", "info": "Thanks!"})));
    let second = make(&ada, example(json!({"title": "Second"})));
    let list = ada.get("/products").expect(200);
    assert_eq!(list.header("x-total-count"), Some("2"));
    let mut shown = second.clone();
    shown["info"] = Value::Null;
    assert_eq!(list.json(), json!([shown, first]));
    for n in 0..20 {
        make(&ada, service(json!({"title": n.to_string()})));
    }
    ada.delete(&path(&first)).expect(204);
    let page = ada.get("/products?page=2");
    assert_eq!(page.header("x-total-count"), Some("21"));
    assert_eq!(page.json(), json!([shown]));
}

#[test]
fn destroying_a_product_leaves_nothing_of_it_but_its_orders() {
    let world = World::new();
    let ada = world.seller();
    let (gone, stays) = (make(&ada, example(json!({}))), make(&ada, example(json!({"info": "X"}))));
    let both = json!([gone["id"], stays["id"]]);
    let category = ada.post("/categories", json!({"title": "All", "product_ids": both})).expect(201).json();
    let order = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    world.db.query(&format!(
        "UPDATE orders SET product_id = '{}', product_title = 'The old title'",
        gone["id"].as_str().unwrap()
    ));
    assert_eq!(ada.delete(&path(&gone)).expect(204).text(), "");
    ada.get(&path(&gone)).expect(404);
    ada.put(&path(&gone), json!({"title": "back"})).expect(404);
    ada.delete(&path(&gone)).expect(404);
    assert_eq!(world.db.rows_in("serials"), 1, "the other product's");
    let path = format!("/categories/{}", category["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).json()["product_ids"], json!([stays["id"]]));
    let order = ada.order(&order);
    assert_eq!((&order["product_id"], &order["product_title"]), (&gone["id"], &json!("The old title")));
}

#[test]
fn a_create_is_repeated_under_its_key_and_made_once() {
    let world = World::new();
    let ada = world.seller();
    let ask = || ada.ask("POST", "/products").header("idempotency-key", "k").json(&example(json!({}))).send();
    let first = ask().expect(201);
    let again = ask().expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!((world.db.rows_in("products"), world.db.rows_in("serials")), (1, 3));

    // Its serials are somebody's by the time it comes again: the first answer counts, not the clash.
    world.db.break_commit(1, Landed::Yes);
    let ask =
        || ada.ask("POST", "/products").header("idempotency-key", "l").json(&example(json!({"info": "A,B"}))).send();
    ask().expect(500);
    assert_eq!(ask().expect(201).header("idempotent-replayed"), Some("true"));
    world.db.break_commit(1, Landed::No);
    let ask =
        || ada.ask("POST", "/products").header("idempotency-key", "m").json(&example(json!({"info": "C"}))).send();
    ask().expect(500);
    assert_eq!(ask().expect(201).header("idempotent-replayed"), None);
    assert_eq!((world.db.rows_in("products"), world.db.rows_in("serials")), (3, 6));
}

#[test]
fn products_cost_a_trip_to_read_or_make_and_three_to_change_serials() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, example(json!({})));
    assert_eq!(world.trips(|| ada.get("/products?page=3").expect(200)), 1);
    assert_eq!(world.trips(|| ada.get(&path(&made)).expect(200)), 1);
    assert_eq!(world.trips(|| make(&ada, example(json!({"info": "A,B"})))), 1);
    assert_eq!(world.trips(|| ada.put(&path(&made), json!({"info": "C,D"})).expect(200)), 3);
    assert_eq!(world.trips(|| ada.delete(&path(&made)).expect(204)), 1);
    assert_eq!(world.trips(|| ada.post("/products", json!({})).expect(400)), 0);
}

#[test]
fn an_images_address_has_the_origin_that_is_told() {
    let world = World::with(&[("PUBLIC_URL", "https://shop.example")]);
    let ada = world.seller();
    let made = make(&ada, service(json!({})));
    let reply = ada.ask("PUT", &format!("{}/image", path(&made))).body(&b"GIF89a\x01\0\x01\0"[..]).send().expect(200);
    let url = reply.json()["image"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://shop.example/images/"), "{url}");
    assert!(!url.contains(ORIGIN));
}

#[test]
fn serials_stay_what_they_are_while_the_type_changes() {
    let world = World::new();
    let ada = world.seller();
    let made = make(&ada, example(json!({"info": "A,B,C"})));
    let path = path(&made);
    let kept = "Stock delimiter can't change while serials are kept that are not in stock";
    assert_eq!(ada.put(&path, json!({"product_type": 4, "stock_delimiter": "\n"})).errors(), [kept]);
    // The whole object, as it was shown, with another type: what was stock is not what every buyer gets.
    let mut whole = ada.get(&path).json();
    whole["product_type"] = json!(4);
    let service = ada.put(&path, whole).expect(200).json();
    assert_eq!((&service["info"], &service["stock"]), (&Value::Null, &json!("∞")));
    for body in [json!({"stock_delimiter": "\n"}), json!({"product_type": 2, "stock_delimiter": "\n"})] {
        assert_eq!(ada.put(&path, body.clone()).errors(), [kept], "{body}");
    }
    let back = ada.put(&path, json!({"product_type": 2})).expect(200).json();
    assert_eq!((&back["info"], &back["stock"]), (&json!("A,B,C"), &json!(3)));
    let fresh = json!({"product_type": 2, "stock_delimiter": "\n", "info": "D\nE"});
    assert_eq!(
        ada.put(&path, fresh).expect(200).json()["stock"],
        2,
        "others in their place may be told apart otherwise"
    );
}

#[test]
fn forms_number_their_lists_or_say_their_items_field_by_field() {
    let world = World::new();
    let ada = world.seller();
    let form = "title=T&description=D&price=1&currency=USD&product_type=4&gateways[0]=paypal&gateways[1]=bitcoin\
        &custom[][name]=Size&custom[][type]=text&custom[][required]=1&custom[][name]=Age&custom[][type]=number&custom[][required]=0&=lost";
    let made = ada.ask("POST", "/products").body(form).send().expect(201).json();
    assert_eq!((&made["title"], &made["gateways"]), (&json!("T"), &json!(["paypal", "bitcoin"])));
    assert_eq!(
        made["custom"],
        json!([
            {"name": "Size", "type": "text", "required": true}, {"name": "Age", "type": "number", "required": false},
        ])
    );
    let id = made["id"].as_str().unwrap();
    let form = format!("title=T&product_ids[0]={id}");
    let category = ada.ask("POST", "/categories").body(form).send().expect(201).json();
    assert_eq!(category["product_ids"], json!([id]));
}
