//! A question to the seller that is about no order.

use serde_json::json;

use super::{shop, shows};
use crate::world::World;

#[test]
fn a_question_reaches_the_seller_and_leads_to_its_thread() {
    let world = World::new();
    let ada = shop(&world);
    ada.put("/account", json!({"shop": {"contact_email": "help@ada.example", "listed": false}})).expect(200);
    let page = world.buyer().get("/shop/ada/contact").expect(200);
    shows(&page, &["mailto:help@ada.example", "name=\"subject\"", "name=\"message\"", "name=\"email\""]);
    let form = "email=bob%40example.com&subject=Hello&message=Two%0D%0Alines";
    let reply = world.buyer().post("/shop/ada/contact", form).expect(303);
    let query = ada.get("/queries").json()[0].clone();
    assert_eq!((&query["subject"], &query["message"]), (&json!("Hello"), &json!("Two\nlines")));
    assert_eq!((&query["email"], &query["order_id"]), (&json!("bob@example.com"), &json!(null)));
    let id = query["id"].as_str().unwrap();
    assert!(reply.header("location").unwrap().starts_with(&format!("/query/{id}/")));
}

#[test]
fn who_comes_from_an_order_has_its_number_in_the_subject() {
    let world = World::new();
    shop(&world);
    let subject = |query: &str, value: &str| {
        let page = world.buyer().get(&format!("/shop/ada/contact?{query}")).expect(200);
        shows(&page, &[value]);
    };
    subject("order_id=7f-0a", "name=\"subject\" type=\"text\" dir=\"auto\" value=\"Order 7f-0a\"");
    subject("payment_id=42", "value=\"Payment 42\"");
    for strange in ["order_id=%3Cb%3E", "order_id=a+b", &format!("order_id={}", "a".repeat(65)), "order_id="] {
        let page = world.buyer().get(&format!("/shop/ada/contact?{strange}")).expect(200);
        assert!(!page.text().contains("<b>") && !page.text().contains("aaaa"), "{strange}");
    }
}

#[test]
fn each_wrong_field_of_a_question_says_so() {
    let world = World::new();
    shop(&world);
    let page = world.buyer().post("/shop/ada/contact", "email=x&subject=&message=+").expect(422);
    shows(
        &page,
        &["look like an e-mail address", "value=\"x\"", "Please fill this in.", "subject-wrong", "message-wrong"],
    );
    let long = format!("email=b@example.com&subject=%E2%80%AEx&message={}", "x".repeat(5_001));
    let page = world.buyer().post("/shop/ada/contact", &long).expect(422);
    shows(&page, &["characters that can't be used here", "5000 characters at most"]);
    assert_eq!(world.db.rows_in("queries"), 0);
}
