//! How exact a payment in coins has to be: each seller's own rules, and each order's copy of them.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{MINUTE, World},
};

fn set(seller: &Seller<'_>, payments: Value) -> Value {
    seller.put("/account", json!({"payments": payments})).expect(200).json()["payments"].clone()
}

fn usual() -> Value {
    json!({"underpayment_tolerance": "0.5", "rate_spread": "0.0", "quote_minutes": 20, "watch_hours": 24})
}

#[test]
fn a_new_account_has_good_rules_and_null_brings_them_back() {
    let world = World::new();
    let ada = world.seller();
    assert_eq!(ada.get("/account").json()["payments"], usual());
    let own = json!({"underpayment_tolerance": "1.5", "rate_spread": "12.25", "quote_minutes": 5, "watch_hours": 168});
    assert_eq!(set(&ada, own.clone()), own);
    assert_eq!(set(&ada, json!({})), own, "what is left out stays");
    assert_eq!(ada.put("/account", json!({"shop_name": "X"})).json()["payments"], own);
    assert_eq!(set(&ada, json!({"rate_spread": null}))["rate_spread"], "0.0");
    assert_eq!(set(&ada, json!({"quote_minutes": ""}))["quote_minutes"], 20);
    assert_eq!(set(&ada, Value::Null), usual());
    let eve = world.seller_named("eve@example.com", true);
    set(&ada, own);
    assert_eq!(eve.get("/account").json()["payments"], usual(), "and nobody else's");
}

#[test]
fn numbers_are_read_as_texts_and_as_numbers_and_kept_exactly() {
    let world = World::new();
    let ada = world.seller();
    for (given, kept) in
        [(json!("0.1"), "0.1"), (json!(10), "10.0"), (json!(0.7), "0.7"), (json!("1e-1"), "0.1"), (json!("0"), "0.0")]
    {
        assert_eq!(set(&ada, json!({"underpayment_tolerance": given}))["underpayment_tolerance"], kept);
    }
    for (given, kept) in [("0.01", "0.01"), ("20.00", "20.0"), ("19.99", "19.99")] {
        assert_eq!(set(&ada, json!({"rate_spread": given}))["rate_spread"], kept);
    }
    let form = ada.ask("PUT", "/account").body("payments[quote_minutes]=30&payments[rate_spread]=1.5").send();
    assert_eq!(form.expect(200).json()["payments"]["quote_minutes"], 30);
}

#[test]
fn what_is_no_rule_is_refused_with_its_reason() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    for (name, given, problem) in [
        ("underpayment_tolerance", json!("10.1"), "must be less than or equal to 10"),
        ("underpayment_tolerance", json!("0.05"), "has too many decimals (maximum is 1)"),
        ("underpayment_tolerance", json!("-1"), "must be greater than or equal to 0"),
        ("underpayment_tolerance", json!("half"), "is not a number"),
        ("underpayment_tolerance", json!([1]), "is not a number"),
        ("underpayment_tolerance", json!("1e99"), "is out of range"),
        ("rate_spread", json!("20.01"), "must be less than or equal to 20"),
        ("rate_spread", json!(1e30), "must be less than or equal to 20"),
        ("rate_spread", json!("0.001"), "has too many decimals (maximum is 2)"),
        ("quote_minutes", json!(4), "must be greater than or equal to 5"),
        ("quote_minutes", json!(121), "must be less than or equal to 120"),
        ("quote_minutes", json!(5.5), "must be an integer"),
        ("watch_hours", json!(0), "must be greater than or equal to 1"),
        ("watch_hours", json!(169), "must be less than or equal to 168"),
    ] {
        let refused = ada.put("/account", json!({"payments": {name: given}}));
        assert_eq!(refused.errors(), [format!("Payments {} {problem}", name.replace('_', " "))], "{given}");
    }
    let several = ada.put("/account", json!({"shop_name": "", "payments": {"quote_minutes": 1, "watch_hours": "x"}}));
    assert_eq!(several.errors().len(), 3, "all at once");
    assert_eq!(ada.put("/account", json!({"payments": "0.5"})).errors(), ["Payments must be an object"]);
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_spread_has_the_buyer_pay_more_coin_and_is_exact() {
    let world = World::new();
    let ada = world.seller();
    for (spread, value) in [("0", 20_000), ("20", 25_000), ("1.5", 20_305), ("0.01", 20_003), ("12.34", 22_816)] {
        set(&ada, json!({"rate_spread": spread}));
        // 10 dollars ÷ (50,000 × (1 − spread)), rounded up.
        let order = ada.white_label(json!({}));
        assert_eq!((&order["crypto_value"], &order["usd_value"]), (&json!(value), &json!("10.0")), "{spread}");
    }
}

#[test]
fn a_seller_who_tolerates_more_is_paid_by_less_and_sees_it() {
    let world = World::new();
    let ada = world.seller();
    set(&ada, json!({"underpayment_tolerance": "10"}));
    let pay = |order: &Value, amount: u32| {
        let fields = json!({"order_id": order["id"], "kind": "exact", "amount": amount, "confirmations": 1});
        let order = ada.post("/test/payments", fields).expect(201).json()["order"].clone();
        (order["status"].as_i64().unwrap(), order["exceptions"].clone())
    };
    let (one, two) = (ada.white_label(json!({})), ada.white_label(json!({})));
    assert_eq!(pay(&one, 18_000), (100, json!(["underpaid"])));
    set(&ada, json!({"underpayment_tolerance": "0"}));
    assert_eq!(pay(&two, 17_999), (53, json!([])));
    assert_eq!(pay(&two, 1), (100, json!(["underpaid"])), "an order keeps what was promised when it was made");
    let three = ada.white_label(json!({}));
    assert_eq!(pay(&three, 19_999), (53, json!([])));
    assert_eq!(pay(&three, 1), (100, json!([])));
}

#[test]
fn a_price_holds_as_long_as_the_seller_says() {
    let world = World::new();
    let ada = world.seller();
    set(&ada, json!({"quote_minutes": 5}));
    let link = ada.link(json!({}));
    world.buyer().start(&link).expect(200);
    let says = |text: &str| world.buyer().get(&link.order()).expect(200).text().contains(text);
    world.advance(4 * MINUTE);
    assert!(says("Waiting for payment"));
    world.advance(2 * MINUTE);
    assert!(says("This price has expired"));
}
