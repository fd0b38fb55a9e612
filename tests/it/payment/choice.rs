//! Payments that name several gateways, as sellers make them.

use serde_json::{Value, json};

use crate::{
    actors::{Link, Seller, XPUB, payment},
    purchase::product,
    world::World,
};

/// How many confirmations each gateway of the only payment needs.
fn needed(world: &World) -> Value {
    serde_json::from_str(&world.db.one("SELECT gateways FROM payments")).expect("JSON")
}

fn with_pages<'w>(world: &'w World) -> Seller<'w> {
    let ada = world.seller();
    ada.put("/account", json!({"gateways": {"paypal": {"email": "money@ada.example"}}})).expect(200);
    ada
}

#[test]
fn a_list_of_one_is_that_one() {
    let world = World::new();
    let ada = world.seller();
    let answer = ada.pay(json!({"gateway": ["BITCOIN"]})).expect(201).json();
    assert_eq!(answer.as_object().expect("an object").keys().collect::<Vec<_>>(), ["url"]);
    assert_eq!(ada.white_label(json!({"gateway": ["Bitcoin"]}))["gateway"], "Bitcoin");
    for bad in [json!("Dogecoin"), json!("PayPal"), json!(true), json!(null), json!(""), json!(7)] {
        let (alone, listed) = (ada.pay(json!({"gateway": bad})).errors(), ada.pay(json!({"gateway": [bad]})).errors());
        assert_eq!(alone, listed, "{bad}");
    }
}

#[test]
fn the_answer_names_the_gateways_in_their_order() {
    let world = World::new();
    let ada = with_pages(&world);
    let named = json!(["paypal", "LITECOIN", "Bitcoin"]);
    let reply = ada.pay(json!({"gateway": named})).expect(201);
    assert_eq!(reply.json()["gateway"], json!(["PayPal", "Litecoin", "Bitcoin"]));
    assert!(Link::of(&reply).token.len() - ada.link(json!({})).token.len() < 30, "an address stays short");
    assert_eq!(
        world.trips(|| ada.pay(json!({"gateway": named})).expect(201)),
        world.trips(|| ada.pay(json!({})).expect(201))
    );
}

#[test]
fn forms_name_several_as_they_write_lists() {
    let world = World::new();
    let ada = world.seller();
    let base = "title=T&currency=USD&value=1&return_url=https%3A%2F%2Fada.example%2F";
    for names in [
        "gateway[]=bitcoin&gateway[]=litecoin",
        "gateway=bitcoin&gateway=litecoin",
        "gateway[0]=bitcoin&gateway[1]=litecoin",
    ] {
        let form = ada.ask("POST", "/pay").header("content-type", "application/x-www-form-urlencoded");
        let made = form.body(format!("{base}&{names}")).send().expect(201).json();
        assert_eq!(made["gateway"], json!(["Bitcoin", "Litecoin"]), "{names}");
    }
}

#[test]
fn whatever_is_wrong_with_a_list_is_said_with_the_name() {
    let world = World::new();
    let ada = with_pages(&world);
    let long = "x".repeat(65);
    let deep = (0..30).fold(json!("Bitcoin"), |inner, _| json!([inner]));
    let cases = [
        (json!([]), vec!["Gateway can't be blank"]),
        (json!(["Bitcoin", "bitcoin"]), vec!["Gateway Bitcoin is named twice"]),
        (json!(["Bitcoin", "Dogecoin"]), vec![r#"Gateway "Dogecoin" is not included in the list"#]),
        (json!(["Bitcoin", "Stripe"]), vec!["Gateway Stripe is not configured"]),
        (
            json!(["Stripe", "Bitcoin", "Bitcoin", "x"]),
            vec!["Gateway Bitcoin is named twice", r#"Gateway "x" is not included in the list"#],
        ),
        (json!(["Bitcoin", null]), vec!["Gateway can't be blank"]),
        (json!(["Bitcoin", 7]), vec![r#"Gateway "7" is not included in the list"#]),
        (json!(["Bitcoin", true]), vec!["Gateway must be a text"]),
        (json!(["Bitcoin", ["Litecoin"]]), vec!["Gateway must be a text"]),
        (json!(["Bitcoin", {"a": 1}]), vec!["Gateway must be a text"]),
        (json!(["Bitcoin", "bit\u{0}coin"]), vec!["Gateway has characters that are not allowed"]),
        (json!(["Bitcoin", long]), vec!["Gateway is too long (maximum is 64 characters)"]),
        (json!({"name": "Bitcoin"}), vec!["Gateway must be a text"]),
        (json!({}), vec!["Gateway must be a text"]),
        (deep, vec!["Gateway must be a text"]),
        (json!(vec!["Bitcoin"; 6]), vec!["Gateway is too long (maximum is 5 gateways)"]),
        (json!(vec!["x"; 1_000]), vec!["Gateway is too long (maximum is 5 gateways)"]),
    ];
    let before = world.db.dump();
    for (sent, sentences) in cases {
        assert_eq!(ada.pay(json!({"gateway": sent})).errors(), sentences, "{sent}");
    }
    assert_eq!(world.db.dump(), before, "nothing was written");
}

#[test]
fn all_that_are_not_set_up_are_named() {
    let world = World::new();
    let grace = world.live_seller();
    let all = json!(["Stripe", "Bitcoin", "Ethereum", "PayPal"]);
    let sentences = ["Stripe", "Ethereum", "PayPal"].map(|name| format!("Gateway {name} is not configured"));
    assert_eq!(grace.pay(json!({"gateway": all})).errors(), sentences);
    assert_eq!(world.db.rows_in("payments"), 0);
}

#[test]
fn each_gateway_must_take_the_currency_and_the_amount() {
    let world = World::new();
    let ada = with_pages(&world);
    let key = ["sk_", "test_51HxxAbCdEfGhIjKlMnOpQrS"].concat();
    ada.put("/account", json!({"gateways": {"stripe": {"secret_key": key}}})).expect(200);
    let errors = |gateways: [&str; 3], currency: &str, value: &str| {
        ada.pay(json!({"gateway": gateways, "currency": currency, "value": value})).errors()
    };
    assert_eq!(errors(["Bitcoin", "PayPal", "Stripe"], "TRY", "100"), ["Currency TRY is not taken by PayPal"]);
    let small = "Value is too small for Stripe (minimum is 0.50 USD)";
    assert_eq!(errors(["Bitcoin", "PayPal", "Stripe"], "USD", "0.40"), [small]);
    let unquotable = "Currency AFN has no exchange rate for Litecoin right now";
    assert_eq!(
        ada.pay(json!({"gateway": ["Litecoin", "Stripe"], "currency": "AFN", "value": "900"})).errors(),
        [unquotable]
    );
    let dust = "Value is too small for Bitcoin (minimum is 0.36 USD right now)";
    assert_eq!(ada.pay(json!({"gateway": ["Litecoin", "Bitcoin"], "value": "0.10"})).errors(), [dust]);
    ada.pay(json!({"gateway": ["Litecoin", "Bitcoin"], "value": "0.36"})).expect(201);
}

#[test]
fn a_product_must_be_sold_through_each() {
    let world = World::new();
    let ada = world.seller();
    let app = product(&ada, json!({"product_type": 4, "gateways": ["bitcoin", "litecoin"]}));
    let ask = |gateways: Value| {
        ada.post("/pay", json!({"product_id": app, "gateway": gateways, "return_url": "https://ada.example/"}))
    };
    assert_eq!(ask(json!(["Bitcoin", "Ethereum"])).errors(), ["Gateway Ethereum is not enabled for this product"]);
    assert_eq!(ask(json!("Ethereum")).errors(), ["Gateway is not enabled for this product"]);
    ask(json!(["Litecoin", "Bitcoin"])).expect(201);
    assert_eq!(needed(&world), json!({"litecoin": 1, "bitcoin": 1}));
}

#[test]
fn an_order_without_a_page_is_paid_through_one() {
    let world = World::new();
    let ada = world.seller();
    let several = ada.pay(json!({"gateway": ["Bitcoin", "Litecoin"], "white_label": true}));
    assert_eq!(several.errors(), ["White label needs one gateway: an order is paid through one"]);
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn each_coin_needs_its_own_confirmations_unless_the_seller_says() {
    let several = json!(["Litecoin", "Bitcoin", "PayPal"]);
    for (sent, kept) in [
        (json!({"gateway": several}), json!({"litecoin": 4, "bitcoin": 1, "paypal": 0})),
        (json!({"gateway": several, "confirmations": 3}), json!({"litecoin": 3, "bitcoin": 3, "paypal": 3})),
        (json!({"gateway": several, "confirmations": 0}), json!({"litecoin": 0, "bitcoin": 0, "paypal": 0})),
    ] {
        let world = World::new();
        let ada = with_pages(&world);
        ada.put("/account", json!({"gateways": {"litecoin": {"xpub": XPUB, "confirmations": 4}}})).expect(200);
        ada.pay(sent).expect(201);
        assert_eq!(needed(&world), kept);
        let beyond = ada.pay(json!({"gateway": several, "confirmations": 7})).errors();
        assert_eq!(beyond, ["Confirmations must be less than or equal to 6"]);
    }
}

#[test]
fn a_link_of_several_is_made_once_under_its_key() {
    let world = World::new();
    let ada = world.seller();
    let ask = |gateways: Value| {
        let fields = payment(json!({"gateway": gateways}));
        ada.ask("POST", "/pay").header("idempotency-key", "k1").json(&fields).send()
    };
    let first = ask(json!(["Bitcoin", "Litecoin"])).expect(201);
    let again = ask(json!(["Bitcoin", "Litecoin"])).expect(201);
    assert_eq!((first.text(), again.header("idempotent-replayed")), (again.text(), Some("true")));
    ask(json!(["Litecoin", "Bitcoin"])).expect(422);
    assert_eq!(world.db.rows_in("payments"), 1);
}
