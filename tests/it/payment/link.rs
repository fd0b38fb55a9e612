//! Payments: links and orders without a page, and everything that is said when they can't be made.

use serde_json::{Value, json};

use crate::{
    actors::{Seller, payment},
    world::{DAY, KEY_A, KEY_B, Landed, MINUTE, World},
};

#[test]
fn a_payment_link_is_an_address_with_an_id_and_a_signed_token() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    assert_eq!(link.id.len(), 40);
    assert!(link.id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    assert!(link.token.starts_with("a.") && link.path.len() < 600, "{}", link.path);
    assert_eq!(world.db.rows_in("payments"), 1);
    assert_eq!(world.db.rows_in("orders"), 0, "nothing is ordered yet");
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0", "and no address is taken");
}

#[test]
fn a_link_is_handed_out_under_the_operators_public_url() {
    let world = World::with(&[("PUBLIC_URL", "https://pay.example/")]);
    let url = world.seller().pay(json!({})).expect(201).json()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://pay.example/pay/"), "{url}");
}

#[test]
fn an_order_without_a_page_is_answered_whole() {
    let world = World::new();
    let ada = world.seller();
    let order =
        ada.white_label(json!({"ip_address": "2001:DB8::1", "custom": {"0": "ada", "note": "<&>"}, "quantity": 3}));
    let address = order["crypto_address"].as_str().unwrap();
    assert!(address.starts_with("tb1q"));
    assert_eq!(order["url"], format!("bitcoin:{address}?amount=0.0002"));
    let fields = json!({
        "confirmations_needed": 1, "product_id": "pay", "email": "bob@example.com", "ip_address": "2001:db8::1",
        "country_code": "SE", "product_title": "The app", "user_agent": null, "value": "10.0", "quantity": 3,
        "currency": "USD", "gateway": "Bitcoin", "risk_level": 0, "status": 0, "delivered": null,
        "crypto_value": 20_000, "crypto_channel": null, "crypto_received": 0, "crypto_confirmations": 0,
        "referral": null, "usd_value": "10.0", "exchange_rate": "1.0", "coupon_id": null,
        "custom": {"0": "ada", "note": "<&>"},
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&order[name], value, "{name}");
    }
    let id = order["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15]), (36, "4"), "a UUIDv4");
    let mut read = ada.order(id);
    for extra in ["confirmations_needed", "url"] {
        read[extra] = order[extra].clone();
    }
    assert_eq!(read, order, "and read back as it was answered");
}

#[test]
fn an_order_in_another_currency_says_what_it_is_in_dollars() {
    let world = World::new();
    let ada = world.seller();
    let order = ada.white_label(json!({"currency": "eur", "value": "46"}));
    assert_eq!((&order["currency"], &order["value"]), (&json!("EUR"), &json!("46.0")));
    assert_eq!((&order["usd_value"], &order["exchange_rate"]), (&json!("50.0"), &json!("1.086957")));
    assert_eq!(order["crypto_value"], 100_000);
    let order = ada.white_label(json!({"currency": "JPY", "value": 1500}));
    assert_eq!((&order["value"], &order["crypto_value"]), (&json!("1500.0"), &json!(20_000)));
    let order = ada.white_label(json!({"currency": "KWD", "value": "1.234"}));
    assert_eq!((&order["value"], &order["crypto_value"]), (&json!("1.234"), &json!(8_013)), "rounded up to a satoshi");
}

#[test]
fn every_field_has_its_sentence() {
    let world = World::new();
    let ada = world.seller();
    let long = "x".repeat(256);
    let cases = [
        ("title", json!(null), "Title can't be blank"),
        ("title", json!("   "), "Title can't be blank"),
        ("title", json!(long), "Title is too long (maximum is 255 characters)"),
        ("title", json!(["The app"]), "Title must be a text"),
        ("title", json!("The\u{0}app"), "Title has characters that are not allowed"),
        ("email", json!("nobody"), "Email is not a valid email address"),
        ("email", json!("a@b.co,c@d.ef"), "Email is not a valid email address"),
        ("email", json!({}), "Email must be a text"),
        ("currency", json!(null), "Currency can't be blank"),
        ("currency", json!("XYZ"), "Currency is not a valid ISO 4217 code"),
        ("currency", json!("XAU"), "Currency is not a valid ISO 4217 code"),
        ("currency", json!("US"), "Currency is not a valid ISO 4217 code"),
        ("currency", json!("USD EUR"), "Currency is not a valid ISO 4217 code"),
        ("currency", json!("ＵＳＤ"), "Currency is not a valid ISO 4217 code"),
        ("currency", json!(840), "Currency is not a valid ISO 4217 code"),
        ("gateway", json!(null), "Gateway can't be blank"),
        ("gateway", json!("Dogecoin"), "Gateway is not included in the list"),
        ("gateway", json!("PayPal"), "Gateway is not configured"),
        ("gateway", json!("Stripe"), "Gateway is not configured"),
        ("confirmations", json!(-1), "Confirmations must be greater than or equal to 0"),
        ("confirmations", json!(7), "Confirmations must be less than or equal to 6"),
        ("confirmations", json!("99999999999999999999"), "Confirmations must be less than or equal to 6"),
        ("confirmations", json!(1.5), "Confirmations must be an integer"),
        ("confirmations", json!("two"), "Confirmations is not a number"),
        ("crypto_confirmations", json!(7), "Crypto confirmations must be less than or equal to 6"),
        ("white_label", json!("perhaps"), "White label must be true or false"),
        ("white_label", json!(2), "White label must be true or false"),
        ("ip_address", json!("300.0.0.1"), "Ip address is not a valid IP address"),
        ("ip_address", json!("127.0.0.1; DROP TABLE orders"), "Ip address is not a valid IP address"),
        ("return_url", json!(null), "Return url can't be blank"),
        ("return_url", json!("not a url"), "Return url is not a valid URL (a space must be percent-encoded)"),
        ("return_url", json!("http://ada.example/"), "Return url must be an HTTPS URL"),
        ("return_url", json!("javascript:alert(1)"), "Return url must be an HTTPS URL"),
        ("return_url", json!("https://ada:secret@ada.example/"), "Return url must not contain credentials"),
        ("return_url", json!("https://127.0.0.1/"), "Return url must not point to a private network"),
        ("webhook_url", json!("http://ada.example/"), "Webhook url must be an HTTPS URL"),
        ("webhook_url", json!("https://localhost/"), "Webhook url must not point to a private network"),
        ("webhook_url", json!("https://169.254.169.254/latest"), "Webhook url must not point to a private network"),
        ("webhook_url", json!("https://[::ffff:10.0.0.1]/"), "Webhook url must not point to a private network"),
        ("webhook_url", json!("https://0x7f.1/"), "Webhook url must not point to a private network"),
        ("custom", json!("x".repeat(4_097)), "Custom is too long (maximum is 4096 bytes)"),
        ("quantity", json!(0), "Quantity must be greater than or equal to 1"),
        ("quantity", json!(1_000_001), "Quantity must be less than or equal to 1000000"),
        ("quantity", json!(1.25), "Quantity must be an integer"),
        ("quantity", json!("a dozen"), "Quantity is not a number"),
    ];
    let before = world.db.dump();
    for (name, value, sentence) in cases {
        let reply = ada.pay(json!({name: value}));
        assert_eq!(reply.errors(), [sentence], "{name}: {value}");
    }
    assert_eq!(world.db.dump(), before, "nothing was written");
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_the_order_of_the_fields() {
    let world = World::new();
    let ada = world.seller();
    assert_eq!(
        ada.post("/pay", json!({})).errors(),
        [
            "Title can't be blank",
            "Currency can't be blank",
            "Value can't be blank",
            "Gateway can't be blank",
            "Return url can't be blank",
        ]
    );
    let everything = json!({
        "quantity": 0, "custom": "x".repeat(5_000), "webhook_url": "ftp://x.example", "return_url": 1,
        "ip_address": "x", "white_label": 3, "confirmations": 7, "gateway": "x", "value": "x", "currency": "x",
        "email": "x", "title": [],
    });
    let said = ada.post("/pay", everything).errors();
    let first_words: Vec<&str> = said.iter().map(|sentence| sentence.split(' ').next().unwrap()).collect();
    let order = [
        "Title",
        "Email",
        "Currency",
        "Value",
        "Gateway",
        "Confirmations",
        "White",
        "Ip",
        "Return",
        "Webhook",
        "Custom",
        "Quantity",
    ];
    assert_eq!(first_words, order, "{said:?}");
}

#[test]
fn numbers_and_flags_may_be_written_as_texts() {
    let world = World::new();
    let ada = world.seller();
    let order = |changed: Value| ada.white_label(changed);
    for confirmations in [json!(3), json!("3"), json!(" 3 "), json!(3.0), json!("3.0")] {
        assert_eq!(order(json!({"confirmations": confirmations}))["confirmations_needed"], 3, "{confirmations}");
    }
    assert_eq!(order(json!({"crypto_confirmations": "2"}))["confirmations_needed"], 2);
    assert_eq!(order(json!({"confirmations": 5, "crypto_confirmations": 2}))["confirmations_needed"], 5);
    for yes in [json!(true), json!(1), json!("1"), json!("true"), json!(" true ")] {
        let reply = ada.post("/pay", payment(json!({"white_label": yes, "return_url": null}))).expect(201);
        assert!(reply.json()["crypto_address"].is_string(), "{yes}");
    }
    for no in [json!(false), json!(0), json!("0"), json!("false"), json!(""), json!(null)] {
        assert!(ada.pay(json!({"white_label": no})).expect(201).json()["url"].is_string(), "{no}");
    }
    for gateway in ["Bitcoin", "bitcoin", "BITCOIN"] {
        assert_eq!(order(json!({"gateway": gateway}))["gateway"], "Bitcoin");
    }
}

#[test]
fn a_whole_number_is_whole_however_json_writes_it() {
    let world = World::new();
    let ada = world.seller();
    for written in ["3", "3.00", "3e0", "30e-1", "0.3E1"] {
        let body = format!(
            r#"{{"title":"T","currency":"USD","value":1,"gateway":"bitcoin","white_label":1,"confirmations":{written}}}"#
        );
        let reply = ada.ask("POST", "/pay").body(body).send().expect(201);
        assert_eq!(reply.json()["confirmations_needed"], 3, "{written}");
    }
}

#[test]
fn custom_inputs_become_an_object_by_index() {
    let world = World::new();
    let ada = world.seller();
    let cases = [
        (json!(null), json!({})),
        (json!(""), json!({})),
        (json!({}), json!({})),
        (json!("ada"), json!({"0": "ada"})),
        (json!(7), json!({"0": 7})),
        (json!(["ada", 7]), json!({"0": "ada", "1": 7})),
        (json!({"0": "ada", "plan": {"deep": [1, null]}}), json!({"0": "ada", "plan": {"deep": [1, null]}})),
    ];
    for (given, kept) in cases {
        assert_eq!(ada.white_label(json!({"custom": given}))["custom"], kept, "{given}");
    }
}

#[test]
fn custom_inputs_stand_in_the_order_in_which_a_script_would_write_them_again() {
    // JavaScript puts keys that are whole numbers in their order; a receiver that parses and writes the body again gets
    // our bytes only if we do too.
    let world = World::new();
    let ada = world.seller();
    let inputs: Vec<String> = (0..12).map(|n| format!("input {n}")).collect();
    let text = ada.pay(json!({"white_label": true, "custom": inputs})).expect(201).text();
    let places: Vec<usize> = (0..12).map(|n| text.find(&format!(r#""{n}":"input {n}""#)).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_seller_without_a_wallet_is_told_so_and_nothing_is_written() {
    let world = World::new();
    world.coinbase(json!({"USD": "50000"}));
    let grace = world.seller_named("grace@example.com", false);
    let before = world.db.dump();
    for white_label in [false, true] {
        assert_eq!(grace.pay(json!({"white_label": white_label})).errors(), ["Gateway is not configured"]);
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_commit_that_breaks_makes_no_half_of_an_order() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    for landed in [Landed::No, Landed::Yes] {
        let orders = world.db.rows_in("orders");
        world.db.break_commit(2, landed);
        let reply = ada.pay(json!({"white_label": true})).expect(500).json();
        assert_eq!(reply["message"], "Something went wrong on our side. Try again later.");
        assert_eq!(reply["request_id"].as_str().unwrap().len(), 32);
        let made = usize::from(landed == Landed::Yes);
        assert_eq!(world.db.rows_in("orders") - orders, made);
        assert_eq!(world.db.rows_in("webhook_logs"), world.db.rows_in("orders"), "an order and its log are one");
        assert!(world.log.text().contains(reply["request_id"].as_str().unwrap()), "the log has the request's id");
    }
    ada.pay(json!({"white_label": true})).expect(201);
}

fn is_gone(world: &World, seller: &Seller<'_>, path: &str, id: &str) {
    let page = world.buyer().get(path).expect(410);
    assert!(page.text().contains("This link is closed"));
    world.buyer().post(path, "").expect(410);
    seller.delete(&format!("/pay/{id}")).expect(404);
}

#[test]
fn a_destroyed_link_is_gone_and_can_be_destroyed_once() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    let reply = ada.ask("DELETE", &format!("/pay/{}", link.id)).body("{}").send().expect(204);
    assert_eq!((reply.text().as_str(), reply.header("content-type")), ("", None));
    is_gone(&world, &ada, &link.path, &link.id);
    world.advance(29 * DAY);
    is_gone(&world, &ada, &link.path, &link.id);
    world.cache.empty();
    world.buyer().post(&link.path, "").expect(410);
    assert_eq!(world.db.rows_in("orders"), 0, "nothing can be started, whatever the cache says");
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0", "and no address is used up by trying");
}

#[test]
fn a_started_link_without_money_can_be_destroyed_and_its_order_stays() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link).expect(200);
    ada.delete(&format!("/pay/{}", link.id)).expect(204);
    world.buyer().get(&link.order()).expect(410);
    world.cache.empty();
    world.buyer().get(&link.order()).expect(410);
    world.buyer().post(&link.order(), "").expect(410);
    assert_eq!(ada.status(&link.order_id), 0);
    ada.simulate(&link.order_id, "exact", 1);
    assert_eq!(ada.status(&link.order_id), 100, "a buyer may have sent it already");
}

#[test]
fn a_payment_with_money_in_it_cannot_be_destroyed() {
    let world = World::new();
    let ada = world.seller();
    for (kind, confirmations) in [("partial", 0), ("exact", 0), ("exact", 1)] {
        let link = ada.link(json!({}));
        world.buyer().start(&link);
        ada.simulate(&link.order_id, kind, confirmations);
        let reply = ada.delete(&format!("/pay/{}", link.id)).expect(403);
        assert_eq!(reply.message(), "You are not authorized to perform this action");
        world.buyer().get(&link.order()).expect(200);
    }
}

#[test]
fn nobody_destroys_another_accounts_payment() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let link = ada.link(json!({}));
    for id in [link.id.as_str(), "0", "81971eae19ff0924026d7b2a7502b20372c15df5", "%00", "../orders"] {
        eve.delete(&format!("/pay/{id}")).expect(404);
    }
    world.buyer().start(&link).expect(200);
}

#[test]
fn a_destruction_that_the_cache_missed_is_made_good_by_asking_again() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.cache.broken.set(true);
    ada.delete(&format!("/pay/{}", link.id)).expect(500);
    world.cache.broken.set(false);
    ada.delete(&format!("/pay/{}", link.id));
    world.buyer().get(&link.path).expect(410);
}

#[test]
fn links_of_the_old_key_work_until_it_is_taken_away() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    let both = world.redeployed(&[("TOKEN_KEYS", &format!("{KEY_B},{KEY_A}"))]);
    both.buyer().get(&link.path).expect(200);
    both.buyer().start(&link).expect(200);
    let charles = both.seller_named("charles@example.com", true);
    assert!(charles.link(json!({})).token.starts_with("b."), "new links are signed with the new key");
    let new = world.redeployed(&[("TOKEN_KEYS", KEY_B)]);
    new.buyer().get(&link.path).expect(404);
}

#[test]
fn a_link_can_be_started_for_thirty_days() {
    let world = World::new();
    let ada = world.seller();
    let (early, late) = (ada.link(json!({})), ada.link(json!({})));
    world.advance(30 * DAY - MINUTE);
    world.buyer().start(&early).expect(200);
    world.advance(2 * MINUTE);
    let reply = world.buyer().get(&late.path).expect(303);
    assert_eq!(reply.header("location"), Some(late.order().as_str()), "the order may have been started in time");
    assert!(world.buyer().get(&late.order()).expect(410).text().contains("This link has expired"));
    assert!(world.buyer().get(&early.order()).expect(200).text().contains("Waiting for payment"));
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn trying_to_start_an_expired_link_uses_up_no_address() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    world.advance(31 * DAY);
    for _ in 0..3 {
        world.buyer().post(&link.path, "").expect(410);
    }
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0");
}

#[test]
fn a_price_that_cannot_be_quoted_uses_up_no_address() {
    let world = World::new();
    let ada = world.seller();
    // Test rates know no Afghani.
    for white_label in [true, false, true] {
        let sentences = ada.pay(json!({"currency": "AFN", "white_label": white_label})).errors();
        assert_eq!(sentences, ["Currency AFN has no exchange rate for Bitcoin right now"]);
    }
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("payments")), (0, 0));
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0");
}

#[test]
fn title_currency_and_value_are_the_products_where_one_is_named() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({"product_id": "6DoMvUss", "title": "A", "currency": "USD", "value": "1", "gateway": "Bitcoin",
        "return_url": "https://ada.example/"});
    let own = |name: &str| format!("{name} can't be sent with a product id: it is the product's");
    let unknown = "Product must be a product of yours".to_owned();
    assert_eq!(ada.post("/pay", fields).expect(400).errors(), [own("Title"), own("Currency"), own("Value"), unknown]);
    let bare = json!({"product_id": "6DoMvUss", "gateway": "Bitcoin", "return_url": "https://ada.example/"});
    assert_eq!(ada.post("/pay", bare).expect(400).errors(), ["Product must be a product of yours"]);
    let nothing = ada.post("/pay", json!({"product_id": " ", "gateway": "Bitcoin"})).expect(400).errors();
    assert_eq!(nothing.first().map(String::as_str), Some("Title can't be blank"));
}
