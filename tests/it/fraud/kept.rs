//! What is kept with an order: no fact twice.

use serde_json::json;

use super::{newest_order, risk};
use crate::{purchase, storefront, world::World};

const AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

#[test]
fn facts_that_the_order_has_are_kept_once_and_shown_as_they_were() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let custom = json!([{"name": "Discord", "type": "text", "required": true}]);
    let product = purchase::product(&ada, json!({"product_type": 4, "title": "A key for the game", "custom": custom}));
    let buyer = world.buyer();
    let path = format!("/product/{product}");
    let page = buyer.get(&path).expect(200);
    let form = format!(
        "once={}&quantity=1&email=Bob.Builder%2Bgames@Example.com&gateway=bitcoin&custom%5B0%5D=bob%231234",
        storefront::once(&page)
    );
    let ask =
        buyer.ask("POST", &format!("{path}?ref=blog")).header("content-type", "application/x-www-form-urlencoded");
    let mut ask = ask.body(form);
    ask.request.headers.retain(|(name, _)| *name != "user-agent");
    ask.header("user-agent", AGENT).send().expect(303);
    let order = newest_order(&world);
    let seen = risk(&ada, &order);
    let facts = &seen["facts"];
    for (group, name, value) in [
        ("customer", "email", json!("bob.builder+games@example.com")),
        ("customer", "email_domain", json!("example.com")),
        ("customer", "ip_address", json!("203.0.113.7")),
        ("customer", "country_code", json!("SE")),
        ("customer", "user_agent", json!(AGENT)),
        ("order", "value", json!("10")),
        ("order", "usd_value", json!("10")),
        ("order", "quantity", json!(1)),
        ("order", "currency", json!("USD")),
        ("order", "gateway", json!("bitcoin")),
        ("product", "id", json!(product)),
        ("product", "title", json!("A key for the game")),
        ("product", "type", json!(4)),
        ("product", "category_ids", json!([])),
        ("custom", "Discord", json!("bob#1234")),
        ("risk", "level", json!(0)),
    ] {
        assert_eq!(facts[group][name], value, "{group}.{name}");
    }
    assert!(facts.get("names").is_none());
    let trial =
        |rule: &str| ada.post("/blacklist_rules/test", json!({"rule": rule})).expect(200).json()["hits"].clone();
    assert_eq!(trial(r##"custom["Discord"] == "bob#1234" and customer.user_agent contains "Chrome""##), 1);
    assert_eq!(trial(r#"custom["0"] == "bob#1234""#), 0);

    let number = |sql: &str| world.db.one(sql).parse::<usize>().expect("a number");
    let (kept, reasons) = (number("SELECT length(facts) FROM orders"), number("SELECT length(reasons) FROM orders"));
    // Written out they would be over a kilobyte.
    let whole = facts.to_string().len() + seen["signals"].to_string().len();
    assert_eq!(world.db.one("SELECT facts FROM orders"), r#"{"names":{"0":"Discord"}}"#);
    assert!(kept + reasons < 320 && whole > 1_300, "{kept} + {reasons} bytes for {whole}");
}
