//! Buying products: what an order holds, what it is sold, and what comes back.

use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    world::{DAY, HOUR, MINUTE, World},
};

mod broken;
mod coupon;
mod delivery;
mod expired;
mod large;
mod link;
mod stock;

/// A product for 10.00 USD, with these fields changed.
pub fn product(seller: &Seller<'_>, changed: Value) -> String {
    let mut fields = json!({
        "title": "Key", "description": "d", "price": "10.00", "currency": "USD", "gateways": ["bitcoin"], "product_type": 2,
        "crypto_confirmations": 1,
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    let is_file = fields["product_type"] == 1;
    let product = seller.post("/products", fields).expect(201).json()["id"].as_str().expect("an id").to_owned();
    if is_file {
        give_file(seller, &product);
    }
    product
}

/// Without a file nobody buys a product of that type.
pub fn give_file(seller: &Seller<'_>, product: &str) {
    let path = format!("/products/{product}/file?filename=a.zip");
    seller.ask("PUT", &path).header("content-type", "application/zip").body(b"x".to_vec()).send().expect(200);
}

/// A product of serials.
pub fn keys(seller: &Seller<'_>, serials: &str) -> String {
    product(seller, json!({"info": serials}))
}

/// Buys it without a page.
pub fn buy(seller: &Seller<'_>, product: &str, changed: Value) -> Reply {
    let mut fields =
        json!({"product_id": product, "gateway": "Bitcoin", "white_label": true, "email": "bob@example.com"});
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    seller.post("/pay", fields)
}

/// Buys it and answers the order's id.
pub fn order(seller: &Seller<'_>, product: &str) -> String {
    id(&buy(seller, product, json!({})).expect(201).json())
}

pub fn id(order: &Value) -> String {
    order["id"].as_str().expect("an id").to_owned()
}

pub fn stock(seller: &Seller<'_>, product: &str) -> Value {
    seller.get(&format!("/products/{product}")).expect(200).json()["stock"].clone()
}

/// Each counter says what the rows say, no serial is two orders', and who was delivered serials has exactly these.
pub fn is_whole(world: &World) {
    let counted = "SELECT id FROM products p WHERE product_type = 2 AND (
        serials_left <> (SELECT COUNT(*) FROM serials s WHERE s.product_id = p.id AND s.state = 0)
        OR stock_held <> (SELECT COUNT(*) FROM serials s WHERE s.product_id = p.id AND s.state = 1))";
    assert_eq!(world.db.query(counted), Vec::<Vec<String>>::new(), "counters");
    let owed = "SELECT id FROM products p WHERE stock_owed <> (SELECT COALESCE(SUM(held), 0) FROM orders o
        WHERE o.product_id = p.id AND delivery = 'out_of_stock' AND status = 100)";
    assert_eq!(world.db.query(owed), Vec::<Vec<String>>::new(), "what paid orders wait for");
    let delivered = "SELECT id FROM orders o WHERE product_type = 2 AND delivery = 'delivered' AND delivered IS NOT (
        SELECT group_concat(serial, char(10)) FROM (SELECT serial FROM serials s WHERE s.order_id = o.id AND state = 2 ORDER BY seq))";
    assert_eq!(world.db.query(delivered), Vec::<Vec<String>>::new(), "deliveries");
    let held = "SELECT order_id FROM serials WHERE state = 1 AND order_id NOT IN (SELECT order_id FROM holds)";
    assert_eq!(world.db.query(held), Vec::<Vec<String>>::new(), "holds");
}

#[test]
fn title_price_and_confirmations_are_the_products() {
    let world = World::new();
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "A,B,C", "crypto_confirmations": 3, "maximum_quantity": 3}));
    let order = buy(&ada, &keys, json!({"quantity": 2})).expect(201).json();
    assert_eq!((&order["product_id"], &order["product_title"]), (&json!(keys), &json!("Key")));
    assert_eq!(
        (&order["value"], &order["quantity"], &order["confirmations_needed"]),
        (&json!("20.0"), &json!(2), &json!(3))
    );
    assert_eq!((&order["subtotal"], &order["discount"]), (&json!("20.0"), &json!("0.0")));
    assert_eq!((&order["delivery"], &order["delivered"]), (&Value::Null, &Value::Null));
    let link = ada.post("/pay", json!({"product_id": keys, "gateway": "Bitcoin", "return_url": "https://a.example/"}));
    assert!(link.expect(201).json()["url"].as_str().unwrap().contains("/pay/"));
}

#[test]
fn what_can_not_be_bought_is_said_with_its_reason_and_all_at_once() {
    let world = World::new();
    let ada = world.seller();
    let custom = json!([{"name": "UID", "type": "number", "required": true}, {"name": "Server", "type": "select", "required": false, "options": ["EU"]}]);
    let keys =
        product(&ada, json!({"info": "A,B,C,D,E", "maximum_quantity": 3, "custom": custom, "gateways": ["stripe"]}));
    let errors = |changed: Value| buy(&ada, &keys, changed).expect(400).errors();
    assert_eq!(
        errors(json!({"quantity": 4, "coupon": "NONE", "custom": ["x", "US"]})),
        [
            "Quantity must be between 1 and 3",
            "Gateway is not enabled for this product",
            "Custom field \"UID\" is not a number",
            "Custom field \"Server\" is not included in the list",
            "Coupon is not valid",
        ]
    );
    assert_eq!(
        errors(json!({"quantity": 4, "return_url": "x", "custom": ["1"], "gateway": "Stripe"})),
        ["Return url is not a valid URL", "Quantity must be between 1 and 3"],
        "what is wrong with the fields, and with what is wished"
    );
    let odd = errors(json!({"custom": ["1", "E\u{202e}U"]}));
    assert!(odd.contains(&"Custom field \"Server\" has characters that are not allowed".to_owned()), "{odd:?}");
    let blank = errors(json!({}));
    assert!(blank.contains(&"Custom field \"UID\" can't be blank".to_owned()), "{blank:?}");
    let two = product(&ada, json!({"info": "A,B", "maximum_quantity": 3}));
    assert_eq!(buy(&ada, &two, json!({"quantity": 3})).expect(400).errors(), ["Quantity must be between 1 and 2"]);
    let none = product(&ada, json!({"info": ""}));
    assert_eq!(buy(&ada, &none, json!({})).expect(400).errors(), ["Product is out of stock"]);
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("holds")), (0, 0));
}

#[test]
fn the_reason_is_the_right_one() {
    let world = World::new();
    let ada = world.seller();
    let dear = product(&ada, json!({"product_type": 4, "price": "99999999.00"}));
    assert_eq!(
        buy(&ada, &dear, json!({"quantity": 900_000})).expect(400).errors(),
        ["Quantity is too large: the sum is more than an order can cost"]
    );
    let plain = product(&ada, json!({"product_type": 4}));
    assert_eq!(
        buy(&ada, &plain, json!({"custom": {"reference": "A-7", "none": ""}})).expect(400).errors(),
        ["Custom field \"reference\" is none of this product's"]
    );
    let number = json!([{"name": "UID", "type": "number", "required": true}]);
    let asks = product(&ada, json!({"product_type": 4, "custom": number}));
    for odd in ["--5", "- 5", "1,5"] {
        let errors = buy(&ada, &asks, json!({"custom": [odd]})).expect(400).errors();
        assert_eq!(errors, ["Custom field \"UID\" is not a number"], "{odd}");
    }
    let errors = buy(&ada, &plain, json!({"email": "b\u{fffd}b@example.com"})).expect(400).errors();
    assert_eq!(errors, ["Email is not a valid email address"]);
}

#[test]
fn who_buys_many_pays_less_for_each() {
    let world = World::new();
    let ada = world.seller();
    let discounts = json!([{"quantity": 5, "percent": "20"}, {"quantity": 3, "percent": "12.5"}]);
    let keys = product(&ada, json!({"info": "A,B,C,D,E,F,G,H,I", "volume_discounts": discounts}));
    let shown = ada.get(&format!("/products/{keys}")).json()["volume_discounts"].clone();
    assert_eq!(shown, json!([{"quantity": 3, "percent": "12.5"}, {"quantity": 5, "percent": "20.0"}]));
    let value = |quantity: u32| buy(&ada, &keys, json!({"quantity": quantity})).expect(201).json()["value"].clone();
    assert_eq!((value(2), value(3)), (json!("20.0"), json!("26.25")));
    let errors = |discounts: Value| {
        ada.put(&format!("/products/{keys}"), json!({"volume_discounts": discounts})).expect(400).errors()
    };
    assert_eq!(errors(json!("x")), ["Volume discounts must be a list"]);
    assert_eq!(
        errors(json!([{"quantity": 1, "percent": "10"}, {"quantity": 2}, {"quantity": 3, "percent": "0"}, 4])),
        [
            "Volume discounts 0 quantity must be greater than or equal to 2",
            "Volume discounts 1 percent can't be blank",
            "Volume discounts 2 percent must be greater than 0",
            "Volume discounts 3 must be an object",
        ]
    );
}

#[test]
fn answers_are_kept_by_the_index_of_their_input() {
    let world = World::new();
    let ada = world.seller();
    let custom = json!([{"name": "UID", "type": "number", "required": true}, {"name": "Gift", "type": "checkbox", "required": false}]);
    let keys = product(&ada, json!({"info": "A,B,C", "custom": custom}));
    for answers in [json!({"UID": 42, "Gift": "on"}), json!(["42", true]), json!({"0": " 42 ", "1": "1", "9": ""})] {
        let order = buy(&ada, &keys, json!({"custom": answers})).expect(201).json();
        assert_eq!(order["custom"], json!({"0": "42", "1": true}), "{answers}");
    }
}

#[test]
fn a_price_of_zero_is_an_order_that_completes_at_once() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let order = buy(&ada, &keys, json!({"coupon": "free"})).expect(201).json();
    assert_eq!(
        (&order["value"], &order["subtotal"], &order["discount"]),
        (&json!("0.0"), &json!("10.0"), &json!("10.0"))
    );
    assert_eq!(order["crypto_value"], Value::Null, "no gateway is asked");
    world.run_jobs();
    let order = ada.order(&id(&order));
    assert_eq!(
        (&order["status"], &order["delivered"], &order["delivery"]),
        (&json!(100), &json!("A"), &json!("delivered"))
    );
    let link = ada.post("/pay", json!({"product_id": keys, "gateway": "Bitcoin", "coupon": "FREE", "email": "b@example.com", "return_url": "https://a.example/"}));
    let url = link.expect(201).json()["url"].as_str().unwrap().to_owned();
    let started = world.buyer().post(&url, "").expect(303);
    let cookie = started.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let led = world.buyer().ask("GET", started.header("location").unwrap()).header("cookie", cookie).send().expect(303);
    let page = world.buyer().get(led.header("location").unwrap()).expect(200).text();
    assert!(page.contains("Order complete") && page.contains(">B<"), "{page}");
    assert_eq!(stock(&ada, &keys), 0);
    is_whole(&world);
}

#[test]
fn many_buyers_of_few_serials_never_share_one() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, &(0..10).map(|n| format!("S{n}")).collect::<Vec<_>>().join(","));
    let replies: Vec<Reply> = (0..25).map(|_| buy(&ada, &keys, json!({}))).collect();
    let sold: Vec<String> =
        replies.iter().filter(|reply| reply.status() == 201).map(|reply| id(&reply.json())).collect();
    assert_eq!(sold.len(), 10);
    for reply in replies.iter().filter(|reply| reply.status() != 201) {
        assert_eq!(reply.errors(), ["Product is out of stock"]);
    }
    for order in &sold {
        ada.simulate(order, "exact", 1);
    }
    let mut goods: Vec<String> =
        sold.iter().map(|order| ada.order(order)["delivered"].as_str().unwrap().to_owned()).collect();
    goods.sort();
    goods.dedup();
    assert_eq!(goods.len(), 10);
    is_whole(&world);
}

#[test]
fn an_expired_hold_is_free_at_once_and_a_paid_one_never_is() {
    let world = World::new();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let (first, second) = (order(&ada, &keys), order(&ada, &keys));
    assert_eq!(stock(&ada, &keys), 0);
    ada.simulate(&first, "exact", 0);
    assert_eq!(ada.status(&first), 54, "seen, not confirmed");
    world.advance(DAY);
    assert_eq!(stock(&ada, &keys), 1, "no cron has run");
    let third = order(&ada, &keys);
    assert_eq!(stock(&ada, &keys), 0);
    ada.mine(1);
    ada.simulate(&third, "exact", 1);
    assert_eq!(
        (ada.order(&first)["delivered"].clone(), ada.order(&third)["delivered"].clone()),
        (json!("A"), json!("B"))
    );
    // Who pays after all finds nothing, and is told.
    ada.simulate(&second, "late", 1);
    let late = ada.order(&second);
    assert_eq!(
        (&late["status"], &late["delivery"], &late["delivered"]),
        (&json!(100), &json!("out_of_stock"), &Value::Null)
    );
    is_whole(&world);
    world.advance(HOUR + MINUTE);
}
