//! Amounts that no network carries: they are refused before anybody tries to pay them.

use serde_json::json;

use crate::world::World;

#[test]
fn what_no_network_carries_is_refused_with_the_least_that_works() {
    let ypub = crate::actors::YPUB;
    // At 50,000 dollars, 46,000 euros and 7,500,000 yen a bitcoin, and a litecoin at 30.8 dinars.
    for (gateway, key, currency, small, least) in [
        ("Bitcoin", None, "USD", "0.01", "0.36"),
        ("Bitcoin", None, "USD", "0.31", "0.36"),
        ("Bitcoin", None, "EUR", "0.29", "0.33"),
        ("Bitcoin", None, "JPY", "47", "53.0"),
        ("Bitcoin", Some(ypub), "USD", "0.36", "0.56"),
        ("Litecoin", None, "KWD", "0.001", "0.002"),
    ] {
        let world = World::new();
        let ada = world.seller();
        if let Some(key) = key {
            ada.put("/account", json!({"gateways": {"bitcoin": {"xpub": key}}})).expect(200);
        }
        let sentence = format!("Value is too small for {gateway} (minimum is {least} {currency} right now)");
        for white_label in [true, false] {
            let ask = |value: &str| {
                ada.pay(json!({"gateway": gateway, "currency": currency, "value": value, "white_label": white_label}))
            };
            assert_eq!(ask(small).errors(), std::slice::from_ref(&sentence), "{small} {currency}");
            assert_eq!((world.db.rows_in("orders"), world.db.rows_in("payments")), (0, 0));
            assert_eq!(world.db.one("SELECT MAX(next_index) FROM wallets"), "0", "no address was used up");
            ask(least).expect(201);
            world.db.change("DELETE FROM orders");
            world.db.change("DELETE FROM payments");
            world.db.change("UPDATE wallets SET next_index = 0");
        }
    }
    // Ether is no matter of outputs.
    World::new().seller().white_label(json!({"gateway": "Ethereum", "value": "0.01"}));
}
