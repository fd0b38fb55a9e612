//! Coupons: kept and listed. The reference has none (only orders that carry a `coupon_id`), so there is no example to replay.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{SECOND, World},
};

fn coupon(seller: &Seller<'_>, changed: Value) -> Value {
    seller.post("/coupons", fields(changed)).expect(201).json()
}

fn fields(changed: Value) -> Value {
    let mut fields = json!({"code": "SUMMER", "discount": "15"});
    for (name, value) in changed.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

/// Products with these ids.
fn products(seller: &Seller<'_>, ids: &[&str]) {
    for id in ids {
        let fields = json!({
            "title": "The app", "description": "An app", "price": "9.99", "currency": "USD", "product_type": 4,
            "gateways": ["bitcoin"],
        });
        let made = seller.post("/products", fields).expect(201).json();
        seller
            .world
            .db
            .change(&format!("UPDATE products SET id = '{id}' WHERE id = '{}'", made["id"].as_str().unwrap()));
    }
}

fn path(coupon: &Value) -> String {
    format!("/coupons/{}", coupon["id"].as_str().unwrap())
}

#[test]
fn a_coupon_is_made_read_changed_and_destroyed() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.post("/coupons", json!({"coupon": {"code": " SUMMER ", "discount": 15}})).expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()));
    let expected = r#"{"id":"ID","code":"SUMMER","discount_type":"percent","discount":"15.0","currency":null,"product_ids":[],"max_uses":null,"uses":0,"expires_at":null,"created_at":"2023-11-15T00:00:00.000+00:00","updated_at":"2023-11-15T00:00:00.000+00:00","max_uses_per_email":null,"minimum":null,"starts_at":null}"#;
    assert_eq!(made.text(), expected.replace("ID", &id));
    let path = format!("/coupons/{id}");
    assert_eq!(ada.get(&path).expect(200).text(), made.text());
    assert_eq!(ada.get("/coupons").expect(200).text(), format!("[{}]", made.text()));
    products(&ada, &["0a1b2c3d", "00000000"]);
    world.advance(SECOND);
    let changed = ada.put(
        &path,
        json!({
            "code": "winter-5", "discount_type": "amount", "discount": "5.00", "currency": "eur", "max_uses": "100",
            "product_ids": ["0a1b2c3d", "00000000", "0a1b2c3d"], "expires_at": "2024-01-01T01:00:00+01:00", "uses": 99,
        }),
    );
    let changed = changed.expect(200).json();
    let expected = json!({
        "id": id, "code": "winter-5", "discount_type": "amount", "discount": "5.0", "currency": "EUR", "max_uses": 100,
        "product_ids": ["0a1b2c3d", "00000000"], "uses": 0, "expires_at": "2024-01-01T00:00:00.000+00:00",
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:01.000+00:00", "max_uses_per_email": null, "minimum": null, "starts_at": null,
    });
    assert_eq!(changed, expected);
    assert_eq!(ada.get(&path).json(), expected);
    let mut kept = ada.put(&path, json!({})).json();
    kept["updated_at"] = expected["updated_at"].clone();
    assert_eq!(kept, expected, "what isn't sent stays");
    let changed = ada.put(&path, json!({"max_uses": null, "product_ids": null, "expires_at": null})).expect(200).json();
    assert_eq!(
        (&changed["max_uses"], &changed["product_ids"], &changed["expires_at"]),
        (&Value::Null, &json!([]), &Value::Null)
    );
    assert_eq!(ada.delete(&path).expect(204).text(), "");
    for reply in [ada.get(&path), ada.put(&path, json!({})), ada.delete(&path)] {
        reply.expect(404);
    }
    assert_eq!(ada.get("/coupons").header("x-total-count"), Some("0"));
}

#[test]
fn a_coupon_is_for_products_that_are_there() {
    let world = World::new();
    let (ada, eve) = (world.seller(), world.seller_named("eve@example.com", true));
    products(&ada, &["0a1b2c3d"]);
    products(&eve, &["eeeeeeee"]);
    let refused = ada.post("/coupons", fields(json!({"product_ids": ["eeeeeeee", "0a1b2c3d", "00000000"]})));
    let unknown = |id: &str| format!("Product ids \"{id}\" could not be found");
    assert_eq!(refused.errors(), [unknown("eeeeeeee"), unknown("00000000")], "another account's is as good as none");
    let made = coupon(&ada, json!({"product_ids": ["0a1b2c3d"]}));
    assert_eq!(ada.put(&path(&made), json!({"product_ids": ["00000000"]})).errors(), [unknown("00000000")]);
    ada.delete("/products/0a1b2c3d").expect(204);
    let kept = ada.put(&path(&made), json!({"discount": "20"})).expect(200).json();
    assert_eq!(kept["product_ids"], json!(["0a1b2c3d"]), "for nothing now; without it, it would be for all");
}

#[test]
fn a_form_is_a_coupon_too() {
    let world = World::new();
    let form = "code=A&discount_type=amount&discount=9.99&currency=usd&product_ids[]=0a1b2c3d&product_ids[]=ffffffff&max_uses=";
    let ada = world.seller();
    products(&ada, &["0a1b2c3d", "ffffffff"]);
    let made = ada.ask("POST", "/coupons").body(form).send().expect(201).json();
    assert_eq!((&made["discount"], &made["currency"]), (&json!("9.99"), &json!("USD")));
    assert_eq!((&made["product_ids"], &made["max_uses"]), (&json!(["0a1b2c3d", "ffffffff"]), &Value::Null));
    let grace = world.seller_named("grace@example.com", true);
    products(&grace, &["0a1b2c3d"]);
    let one = grace.ask("POST", "/coupons");
    let made = one.body("code=A&discount=1&product_ids=0a1b2c3d&expires_at=2030-01-01").send().expect(201).json();
    assert_eq!(made["product_ids"], json!(["0a1b2c3d"]));
    assert_eq!(made["expires_at"], "2030-01-01T00:00:00.000+00:00");
}

#[test]
fn all_that_is_wrong_with_a_coupon_is_said_at_once() {
    let world = World::new();
    let ada = world.seller();
    let ids = "Product ids must be ids of products";
    let many: Vec<String> = (0..101).map(|n| format!("{n:08x}")).collect();
    for (body, sentences) in [
        (json!({}), vec!["Code can't be blank", "Discount can't be blank"]),
        (
            json!({"discount_type": "amount", "max_uses": 0, "expires_at": "soon", "product_ids": ["x"]}),
            vec![
                "Code can't be blank",
                "Discount can't be blank",
                "Currency can't be blank",
                ids,
                "Max uses must be greater than or equal to 1",
                "Expires at is not a valid ISO 8601 time",
            ],
        ),
        (fields(json!({"code": "S P"})), vec!["Code must be letters, digits and signs of ASCII, without spaces"]),
        (fields(json!({"code": "ÅRE"})), vec!["Code must be letters, digits and signs of ASCII, without spaces"]),
        (fields(json!({"code": "x".repeat(65)})), vec!["Code is too long (maximum is 64 characters)"]),
        (fields(json!({"discount_type": "gift"})), vec!["Discount type is not included in the list"]),
        (fields(json!({"discount": "0"})), vec!["Discount must be greater than 0"]),
        (fields(json!({"discount": -1})), vec!["Discount must be greater than 0"]),
        (fields(json!({"discount": "100.01"})), vec!["Discount must be less than or equal to 100"]),
        (fields(json!({"discount": "12.345"})), vec!["Discount has too many decimals (maximum is 2)"]),
        (fields(json!({"discount": "half"})), vec!["Discount is not a number"]),
        (fields(json!({"discount_type": "amount", "currency": "XXX"})), vec!["Currency is not a valid ISO 4217 code"]),
        (
            fields(json!({"discount_type": "amount", "currency": "USD", "discount": "0.001"})),
            vec!["Discount must be greater than 0"],
        ),
        (
            fields(json!({"discount_type": "amount", "currency": "USD", "discount": "1000000000"})),
            vec!["Discount must be less than or equal to 999999999"],
        ),
        (fields(json!({"product_ids": ["0A1B2C3D"]})), vec![ids]),
        (fields(json!({"product_ids": ["0a1b2c3"]})), vec![ids]),
        (fields(json!({"product_ids": [12345678]})), vec![ids]),
        (fields(json!({"product_ids": "pay"})), vec![ids]),
        (fields(json!({"product_ids": many})), vec!["Product ids are too many (maximum is 100)"]),
        (fields(json!({"max_uses": "often"})), vec!["Max uses is not a number"]),
        (fields(json!({"expires_at": 1_700_000_000})), vec!["Expires at is not a valid ISO 8601 time"]),
        (fields(json!({"expires_at": "2024-02-30T00:00:00Z"})), vec!["Expires at is not a valid ISO 8601 time"]),
    ] {
        assert_eq!(ada.post("/coupons", body.clone()).errors(), sentences, "{body}");
    }
    assert_eq!(world.db.rows_in("coupons"), 0);
}

#[test]
fn a_discounts_type_number_and_currency_change_together() {
    let world = World::new();
    let ada = world.seller();
    let path = path(&coupon(&ada, json!({})));
    let shown = |body: Value| {
        let json = ada.put(&path, body).expect(200).json();
        [&json["discount_type"], &json["discount"], &json["currency"]].map(|value| value.as_str().map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ada.put(&path, json!({"discount_type": "amount"})).errors(), ["Currency can't be blank"]);
    assert_eq!(
        shown(json!({"discount_type": "amount", "currency": "JPY"})),
        [some("amount"), some("15.0"), some("JPY")],
        "the number stays"
    );
    assert_eq!(shown(json!({"discount": "1200"})), [some("amount"), some("1200.0"), some("JPY")]);
    assert_eq!(
        ada.put(&path, json!({"discount_type": "percent"})).errors(),
        ["Discount must be less than or equal to 100"]
    );
    assert_eq!(ada.put(&path, json!({"currency": null})).errors(), ["Currency can't be blank"]);
    assert_eq!(ada.put(&path, json!({"discount": null})).errors(), ["Discount can't be blank"]);
    assert_eq!(
        shown(json!({"discount_type": "percent", "discount": "33.33", "currency": "USD"})),
        [some("percent"), some("33.33"), None],
        "a percentage has no currency"
    );
}

#[test]
fn a_code_is_one_coupons_however_a_buyer_types_it() {
    let world = World::new();
    let ada = world.seller();
    let summer = coupon(&ada, json!({"code": "Summer"}));
    let winter = coupon(&ada, json!({"code": "winter"}));
    assert_eq!(summer["code"], "Summer", "it is shown as it was spelled");
    let before = world.db.dump();
    let taken = ["Code has already been taken"];
    assert_eq!(ada.post("/coupons", fields(json!({"code": "SUMMER"}))).errors(), taken);
    assert_eq!(ada.put(&path(&winter), json!({"code": "summer"})).errors(), taken);
    assert_eq!(world.db.dump(), before);
    assert_eq!(ada.put(&path(&summer), json!({"code": "SUMMER"})).expect(200).json()["code"], "SUMMER");
    coupon(&world.seller_named("grace@example.com", true), json!({"code": "Summer"}));
}

#[test]
fn another_accounts_coupons_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let path = path(&coupon(&ada, json!({})));
    eve.get(&path).expect(404);
    eve.put(&path, json!({"discount": "100"})).expect(404);
    eve.delete(&path).expect(404);
    assert_eq!(eve.get("/coupons").text(), "[]");
    assert_eq!(ada.get(&path).json()["discount"], "15.0");
}

#[test]
fn coupons_are_listed_newest_first_and_a_page_costs_a_trip() {
    let world = World::new();
    let ada = world.seller();
    let made: Vec<Value> = (1..=25).map(|n| coupon(&ada, json!({"code": format!("C{n}")}))).collect();
    for n in [3, 9, 24] {
        ada.delete(&path(&made[n])).expect(204);
    }
    let expected: Vec<&Value> = (0..25).rev().filter(|n| ![3, 9, 24].contains(n)).map(|n| &made[n]).collect();
    let pages: Vec<Value> = (1..=4)
        .flat_map(|page| {
            let reply = ada.get(&format!("/coupons?per_page=10&page={page}")).expect(200);
            let paging = ["x-total-pages", "x-total-count", "x-current-page", "x-items-per-page"];
            let page = page.to_string();
            assert_eq!(paging.map(|name| reply.header(name).unwrap().to_owned()), ["3", "22", &page, "10"]);
            reply.json().as_array().unwrap().clone()
        })
        .collect();
    assert_eq!(pages.iter().collect::<Vec<_>>(), expected);
    assert_eq!(world.trips(|| ada.get("/coupons?page=2").expect(200)), 1);
    assert_eq!(world.trips(|| coupon(&ada, json!({"code": "one"}))), 1);
}

#[test]
fn a_coupon_that_is_sent_twice_under_one_key_is_one_coupon() {
    let world = World::new();
    let ada = world.seller();
    let send = || ada.ask("POST", "/coupons").header("idempotency-key", "k").json(&fields(json!({}))).send();
    let first = send().expect(201);
    let again = send().expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!(world.db.rows_in("coupons"), 1);
    let other = ada.ask("POST", "/coupons").header("idempotency-key", "l").json(&fields(json!({}))).send();
    assert_eq!(other.errors(), ["Code has already been taken"]);
    assert_eq!(world.db.rows_in("idempotency"), 1);
}
