//! Every example of the document, replayed: the same fields in the same order, of the same types. The e-mail and the address of
//! the document's buyer are replaced in the copies beside this file; their values are not compared.

use serde_json::{Value, json};

use super::{HOOK, Sold, sold};
use crate::world::World;

/// What is not as in an example: where, what, and why.
type Differences = &'static [(&'static str, &'static str)];

macro_rules! example {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("document/", $name, ".json"))).expect($name)
    };
}

/// Ours against the document's: a line for each field that one of them has alone, that stands elsewhere, or is of another type.
fn compare(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let common = |one: &serde_json::Map<String, Value>, other: &serde_json::Map<String, Value>| {
                one.keys().filter(|name| other.contains_key(*name)).cloned().collect::<Vec<_>>()
            };
            if common(theirs, ours) != common(ours, theirs) {
                found.push(format!("{place} has another order"));
            }
            for (name, value) in theirs {
                match ours.get(name) {
                    None => found.push(format!("{place}.{name} is missing")),
                    Some(our) => compare(&format!("{place}.{name}"), value, our, found),
                }
            }
            found.extend(
                ours.keys().filter(|name| !theirs.contains_key(*name)).map(|name| format!("{place}.{name} is more")),
            );
        }
        // Each of theirs has the fields that all of theirs have, so any of ours is compared with the fullest.
        (Value::Array(theirs), Value::Array(ours)) => {
            let fullest = theirs.iter().max_by_key(|item| item.as_object().map_or(0, serde_json::Map::len));
            if let (Some(theirs), Some(ours)) = (fullest, ours.first()) {
                compare(&format!("{place}[]"), theirs, ours, found);
            }
        }
        // An example that shows nothing says nothing of its type.
        (Value::Null, _) => {}
        _ => {
            let kind = |value: &Value| match value {
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) => "a text",
                Value::Array(_) => "a list",
                Value::Object(_) => "an object",
            };
            if kind(theirs) != kind(ours) {
                found.push(format!("{place} is {}, not {}", kind(ours), kind(theirs)));
            }
        }
    }
}

#[track_caller]
fn replay(name: &str, theirs: &Value, ours: &Value, differences: Differences) {
    let mut found = Vec::new();
    compare(name, theirs, ours, &mut found);
    let expected: Vec<&str> = differences.iter().map(|(what, _)| *what).collect();
    assert_eq!(found, expected, "{ours}");
}

const LATER: &str = "the document has it in another example of the same object";
const NOT_PAID: &str = "nothing is paid in coins yet, so there is nothing to count";

#[test]
fn orders_are_as_in_the_document() {
    let world = World::new();
    let Sold { ada, open, .. } = sold(&world);
    let theirs = example!("order");
    let list = ada.shows("/orders");
    let seq = list[0]["order_id"].as_i64().expect("a number");
    let ours = ada.shows(&format!("/orders/{seq}"));
    replay("order", &theirs, &ours, &[]);
    replay(
        "object",
        &example!("order_object"),
        &ours,
        &[("object.order_id is more", LATER), ("object.pay_id is more", LATER)],
    );
    replay("orders", &example!("orders"), &list, &[("orders[].pay_id is more", LATER)]);
    // What the example says of an order that nobody has paid.
    for name in ["paid_at", "transaction_id", "delivered", "confirmations", "received_amount", "disputed_at"] {
        assert_eq!(ours[name], theirs[name], "{name}: {NOT_PAID}");
    }
    for name in ["email", "ip_address", "payment_gateway", "original_price", "custom_fields", "http_referer"] {
        assert_eq!(ours[name], theirs[name], "{name}");
    }
    assert_eq!(ours["invoice_id"], json!(open.order_id));
    assert_eq!(ours["pay_id"], json!(open.id));
    assert_eq!(ours["http_useragent"], "Lynx/2.9");
    assert_eq!(ours["product_id"], 1);
    assert_eq!(ours["crypto_amount"].to_string(), "0.0002", "10 USD at 50,000 a bitcoin");
    assert!(ours["crypto_address"].as_str().is_some_and(|address| address.starts_with("tb1")), "{ours}");
}

#[test]
fn an_order_that_is_paid_says_what_came_and_when() {
    let world = World::new();
    let Sold { ada, paid, .. } = sold(&world);
    let order = ada.shows(&format!("/orders/{}", paid.order_id));
    assert_eq!(order["created_at"], "2023-11-15 00:00:00");
    assert_eq!(order["paid_at"], "2023-11-15 00:00:01");
    assert_eq!((&order["confirmations"], order["received_amount"].to_string()), (&json!(1), "0.0002".to_owned()));
    let txid = world.db.one("SELECT txid FROM transactions");
    assert_eq!(order["transaction_id"], json!(txid));
    assert_eq!(order["delivered"], 0, "a service is delivered by its seller");
}

#[test]
fn products_are_as_in_the_document() {
    let world = World::new();
    let Sold { ada, product, .. } = sold(&world);
    let (theirs, ours) = (example!("product"), ada.shows("/products/1"));
    const MORE: Differences = &[
        ("product.custom_fields[].field_type is more", LATER),
        ("product.custom_fields[].value is more", LATER),
        ("product.custom_fields[].hidden is more", LATER),
        ("product.product_type_id is more", LATER),
        ("product.product_type_value is more", LATER),
        ("product.product_type_label is more", LATER),
    ];
    replay("product", &theirs, &ours, MORE);
    replay("product", &example!("product_object"), &ours, MORE);
    // Of the document's two examples the first has a URL, and the second has these three.
    const OF_LIST: Differences = &[
        ("products[].custom_fields[].field_type is more", LATER),
        ("products[].custom_fields[].value is more", LATER),
        ("products[].custom_fields[].hidden is more", LATER),
    ];
    let list = ada.shows("/products");
    let mut first = example!("products");
    first.as_array_mut().expect("a list").truncate(1);
    replay("products", &first, &list, OF_LIST);
    let mut second = example!("products");
    second.as_array_mut().expect("a list").remove(0);
    replay(
        "products",
        &second,
        &list,
        &[
            ("products[].attachment_id is null, not a number", "`null` stands where there is no file"),
            ("products[].webhook_urls is a list, not a boolean", "`false` stands where there is none"),
        ],
    );
    for name in [
        "title",
        "type",
        "email_message",
        "price",
        "minimum_quantity",
        "maximum_quantity",
        "unlisted",
        "gateways",
        "required_confirmations",
        "attachment_id",
        "attach_email_text",
        "theme",
        "webhook_urls",
        "theme_color",
    ] {
        assert_eq!(ours[name], theirs[name], "{name}");
    }
    assert_eq!(ours["hashed_id"], json!(product));
    assert_eq!(ours["stock_warning"], 5);
    assert_eq!(
        ours["custom_fields"],
        json!([{
            "name": "UID", "type": "2", "required": true, "iterator": "0", "field_type": "number", "value": "", "hidden": false,
        }])
    );
    let bare = crate::purchase::keys(&ada, "A");
    let bare = ada.shows(&format!("/products/{bare}"));
    let said = ["type", "product_type_value", "product_type_label", "webhook_urls", "stock_warning", "email_message"];
    assert_eq!(
        said.map(|name| bare[name].clone()),
        [json!(1), json!("Account"), json!("success"), json!(false), json!(0), json!("")]
    );
}

#[test]
fn feedbacks_are_as_in_the_document() {
    let world = World::new();
    let Sold { ada, paid, feedback, .. } = sold(&world);
    let (theirs, ours) = (example!("feedback"), ada.shows("/feedbacks/1"));
    replay("feedback", &theirs, &ours, &[]);
    replay("feedbacks", &example!("feedbacks"), &ada.shows("/feedbacks"), &[]);
    for name in ["response", "rating", "stars", "comment", "product_title", "seller_name"] {
        assert_eq!(ours[name], theirs[name], "{name}");
    }
    assert_eq!((&ours["reply_id"], &ours["invoice_id"]), (&json!(feedback), &json!(paid.order_id)));
    const INSTEAD: &str = "the document's own endpoints answer the flat object";
    replay(
        "object",
        &example!("feedback_object"),
        &ours,
        &[
            ("object has another order", INSTEAD),
            ("object.product is missing", INSTEAD),
            ("object.order is missing", INSTEAD),
            ("object.seller is missing", INSTEAD),
            ("object.reply_id is more", INSTEAD),
            ("object.product_title is more", INSTEAD),
            ("object.invoice_id is more", INSTEAD),
            ("object.seller_name is more", INSTEAD),
        ],
    );
}

#[test]
fn queries_are_as_in_the_document() {
    let world = World::new();
    let Sold { ada, query, .. } = sold(&world);
    let ours = ada.shows(&format!("/queries/{query}"));
    const MORE: Differences = &[("query.reply is more", LATER), ("query.seller_reply is more", LATER)];
    replay("query", &example!("query"), &ours, MORE);
    replay("queries", &example!("queries"), &ada.shows("/queries"), &[]);
    let mut object = MORE.to_vec();
    object.insert(0, ("query has another order", "the endpoints have `created_at` before the replies"));
    replay("query", &example!("query_object"), &ours, object.leak());
    assert_eq!(ours["status"], 1, "the customer replied last");
    assert_eq!(
        ours["replies"],
        json!([{
            "query": query, "reply": 1, "seller_reply": 0, "query_secret": "", "subject": "Test",
            "email": "ui-test@shoppy.gg", "message": "Reply 1", "created_at": "2023-11-15 00:00:01",
        }])
    );
    ada.post(&format!("/queries/{query}/reply"), json!({"message": "Yes"})).expect(201);
    let replies = ada.shows(&format!("/queries/{query}"))["replies"].clone();
    assert_eq!((&replies[0]["seller_reply"], &replies[0]["email"]), (&json!(1), &json!("")));
    assert_eq!(replies.as_array().map(Vec::len), Some(2));
    assert_eq!(ada.shows("/queries")[0]["replies"].as_array().map(Vec::len), Some(1), "the newest");
}

#[test]
fn webhooks_are_as_in_the_document() {
    let world = World::new();
    let Sold { ada, open, .. } = sold(&world);
    ada.post("/webhooks/endpoints", json!({"url": HOOK, "events": ["order:paid"], "format": "shoppy"})).expect(201);
    ada.simulate(&open.order_id, "exact", 1);
    const TOLD: Differences = &[
        ("event.data.order.order_id is more", "a receiver has to know which order it is"),
        ("event.data.order.invoice_id is more", "the same"),
        ("event.data.order.pay_id is more", "the same, of a payment"),
        ("event.data.order.original_price is more", "and what was paid, before it delivers"),
        ("event.data.order.currency is more", "the same"),
        ("event.data.order.payment_gateway is more", "the same"),
        ("event.data.order.paid_at is more", "the same"),
        ("event.data.order.disputed_at is more", "the same, of a dispute"),
    ];
    // Before it is sent, as the document shows it.
    let list = ada.shows("/webhooks");
    let theirs = example!("webhook");
    let newest = list.as_array().expect("a list").iter().find(|log| log["endpoint"] == HOOK).expect("a log").clone();
    replay("event", &theirs["data"], &newest["data"], TOLD);
    let mut without = (theirs.clone(), newest.clone());
    without.0.as_object_mut().expect("an object").insert("data".into(), json!({}));
    without.1.as_object_mut().expect("an object").insert("data".into(), json!({}));
    replay("webhook", &without.0, &without.1, &[]);
    for name in ["webhook_type", "response_code", "response_body", "deleted_at"] {
        assert_eq!(newest[name], theirs[name], "{name}");
    }
    assert_eq!((&newest["referenced_id"], &newest["retries_left"]), (&json!(1), &json!(10)));
    assert_eq!(newest["order_id"], ada.shows("/orders")[0]["order_id"], "the document's is 0");
    let of_list = example!("webhooks");
    let (mut listed, mut ours) = (of_list[0].clone(), newest.clone());
    listed.as_object_mut().expect("an object").insert("data".into(), json!({}));
    ours.as_object_mut().expect("an object").insert("data".into(), json!({}));
    replay("webhook", &listed, &ours, &[]);
    world.run_jobs();
    let sent = world.web.sent_to(HOOK).pop().expect("it was sent");
    replay("event", &example!("event"), &sent.json(), TOLD);
    let seq = newest["webhook_id"].as_i64().expect("a number");
    let done = ada.shows(&format!("/webhooks/{seq}"));
    assert_eq!((&done["response_code"], &done["response_body"]), (&json!(200), &json!("")));
}

#[test]
fn payments_are_made_and_deleted_as_in_the_document() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.curls("/pay", &super::example(json!({}))).expect(200).json();
    replay("pay", &example!("pay"), &made, &[]);
    let url = made["url"].as_str().expect("a url").to_owned();
    let name = url.rsplit('/').next().expect("its last part");
    let deleted = ada.shoppy("DELETE", &format!("/{name}/")).send().expect(200).json();
    assert_eq!(deleted, example!("deleted"));
}
