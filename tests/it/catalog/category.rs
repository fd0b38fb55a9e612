//! Categories: products under a title.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{SECOND, World},
};

fn product(seller: &Seller<'_>, title: &str) -> String {
    let fields = json!({"title": title, "description": "d", "price": 1, "currency": "EUR", "gateways": ["stripe"], "product_type": 4});
    seller.post("/products", fields).expect(201).json()["id"].as_str().expect("an id").to_owned()
}

/// The reference's created example.
const CREATED: &str = r#"{"id":"1dd671f4","title":"Demo category","product_ids":["100bcf1e"],"image":null,"unlisted":true,"created_at":"2019-12-25T15:09:13.000+00:00","updated_at":"2019-12-25T15:31:40.000+00:00"}"#;

/// The only differences from it: ids and times.
fn as_here(id: &str, product: &str) -> String {
    let at = "2023-11-15T00:00:00.000+00:00";
    CREATED
        .replace("1dd671f4", id)
        .replace("100bcf1e", product)
        .replace("2019-12-25T15:09:13.000+00:00", at)
        .replace("2019-12-25T15:31:40.000+00:00", at) // never updated: equal to created_at
}

#[test]
fn the_references_example_is_made_as_the_reference_shows_it() {
    let world = World::new();
    let ada = world.seller();
    let product = product(&ada, "One");
    let reply = ada.post("/categories", json!({"title": "Demo category", "product_ids": [product]})).expect(201);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), id.bytes().all(|b| b.is_ascii_hexdigit())), (8, true), "{id}");
    assert_eq!(reply.text(), as_here(&id, &product));
    assert_eq!(ada.get(&format!("/categories/{id}")).expect(200).text(), reply.text());
    world.advance(SECOND);
    let updated = ada.put(&format!("/categories/{id}"), json!({"title": "Updated title"})).expect(200);
    let expected = reply
        .text()
        .replace("Demo category", "Updated title")
        .replace(r#""updated_at":"2023-11-15T00:00:00"#, r#""updated_at":"2023-11-15T00:00:01"#);
    assert_eq!(updated.text(), expected);
    assert_eq!(ada.get("/categories").text(), format!("[{expected}]"));
}

#[test]
fn products_stand_in_the_sellers_order_each_once() {
    let world = World::new();
    let ada = world.seller();
    let [one, two, three] = ["1", "2", "3"].map(|title| product(&ada, title));
    let ids = json!([three, one, three, "", two.to_ascii_uppercase()]);
    let made = ada
        .post("/categories", json!({"category": {"title": "C", "product_ids": ids, "unlisted": "false"}}))
        .expect(201)
        .json();
    assert_eq!((&made["product_ids"], &made["unlisted"]), (&json!([three, one, two]), &json!(false)));
    let path = format!("/categories/{}", made["id"].as_str().unwrap());
    let form = format!("product_ids[]={two}&product_ids[]={one}");
    let reply = ada.ask("PUT", &path).body(form).send().expect(200).json();
    assert_eq!(
        (&reply["product_ids"], &reply["title"], &reply["unlisted"]),
        (&json!([two, one]), &json!("C"), &json!(false))
    );
    assert_eq!(ada.put(&path, json!({"product_ids": []})).expect(200).json()["product_ids"], json!([]));
    assert_eq!(ada.put(&path, json!({"unlisted": null})).expect(200).json()["unlisted"], false);
}

#[test]
fn unknown_products_are_all_named_and_nothing_is_written() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let (mine, hers) = (product(&ada, "1"), product(&eve, "2"));
    let path = {
        let made = ada.post("/categories", json!({"title": "C", "product_ids": [mine]})).expect(201).json();
        format!("/categories/{}", made["id"].as_str().unwrap())
    };
    let before = world.db.dump();
    let ids = json!(["00000000", mine, hers, 7]);
    let sentences =
        ["\"00000000\"", &format!("\"{hers}\""), "\"7\""].map(|id| format!("Product ids {id} could not be found"));
    assert_eq!(ada.post("/categories", json!({"title": "C", "product_ids": ids})).errors(), sentences);
    assert_eq!(ada.put(&path, json!({"product_ids": ids})).errors(), sentences);
    for (fields, sentences) in [
        (json!({}), vec!["Title can't be blank", "Product ids can't be blank"]),
        (json!({"title": "x".repeat(256), "product_ids": "x"}), vec!["Title is too long (maximum is 255 characters)"]),
        // One value alone is a list of one.
        (json!({"title": "C", "product_ids": "x"}), vec!["Product ids \"x\" could not be found"]),
        (json!({"title": "C", "product_ids": [], "unlisted": "x"}), vec!["Unlisted must be true or false"]),
        (
            json!({"title": "C", "product_ids": (0..1001).collect::<Vec<_>>()}),
            vec!["Product ids is too long (maximum is 1000 products)"],
        ),
    ] {
        assert_eq!(ada.post("/categories", fields.clone()).errors(), sentences, "{fields}");
    }
    assert_eq!(ada.put(&path, json!({"title": null})).errors(), ["Title can't be blank"]);
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_product_that_goes_while_its_category_is_made_is_not_in_it() {
    let world = std::rc::Rc::new(World::new());
    let ada = world.seller();
    let id = product(&ada, "1");
    let (other, gone, email, key) = (world.clone(), id.clone(), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || {
        let ada = Seller { world: &other, email, key, secret: String::new() };
        ada.delete(&format!("/products/{gone}")).expect(204);
    });
    let reply = ada.post("/categories", json!({"title": "C", "product_ids": [id]}));
    assert_eq!(reply.errors(), [format!("Product ids \"{id}\" could not be found")]);
    assert_eq!(world.db.rows_in("categories"), 0);
}

#[test]
fn another_accounts_categories_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let made = ada.post("/categories", json!({"title": "C", "product_ids": []})).expect(201).json();
    let path = format!("/categories/{}", made["id"].as_str().unwrap());
    eve.get(&path).expect(404);
    eve.put(&path, json!({"title": "mine"})).expect(404);
    eve.delete(&path).expect(404);
    assert_eq!(eve.get("/categories").text(), "[]");
    assert_eq!(ada.get(&path).json(), made);
    ada.delete(&path).expect(204);
    ada.delete(&path).expect(404);
    ada.get(&path).expect(404);
    assert_eq!(ada.get("/categories").header("x-total-count"), Some("0"));
}

#[test]
fn a_create_is_repeated_under_its_key_and_everything_costs_a_trip() {
    let world = World::new();
    let ada = world.seller();
    let ids: Vec<String> = (0..30).map(|n| product(&ada, &n.to_string())).collect();
    let ask = || {
        ada.ask("POST", "/categories")
            .header("idempotency-key", "k")
            .json(&json!({"title": "C", "product_ids": ids}))
            .send()
    };
    let first = ask().expect(201);
    assert_eq!((ask().text(), world.db.rows_in("categories")), (first.text(), 1));
    let made: Value = first.json();
    let path = format!("/categories/{}", made["id"].as_str().unwrap());
    assert_eq!(world.trips(|| ada.get("/categories?page=3").expect(200)), 1);
    assert_eq!(world.trips(|| ada.get(&path).expect(200)), 1);
    assert_eq!(world.trips(|| ada.post("/categories", json!({"title": "C", "product_ids": ids})).expect(201)), 1);
    assert_eq!(world.trips(|| ada.put(&path, json!({"title": "D"})).expect(200)), 2);
    assert_eq!(world.trips(|| ada.delete(&path).expect(204)), 1);
}
