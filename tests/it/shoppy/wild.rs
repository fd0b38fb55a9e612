//! What clients of this API send that is odd, and what nobody should.

use serde_json::{Value, json};

use super::{example, refused};
use crate::world::World;

#[test]
fn slashes_that_are_doubled_or_behind_count_for_nothing() {
    let world = World::new();
    let ada = world.seller();
    for path in ["/orders/", "//orders", "/orders//", "/orders/?page=1"] {
        assert_eq!(ada.shows(path), json!([]), "{path}");
    }
    let reply = world.ask("GET", "//api//1.0//orders/").header("authorization", ada.key.clone()).send();
    assert_eq!(reply.expect(200).text(), "[]");
}

#[test]
fn a_wrong_method_is_told_which_is_right() {
    let world = World::new();
    let ada = world.seller();
    for (path, allowed, wrong) in [
        ("/orders", "GET, HEAD", ["POST", "PUT", "DELETE", "PATCH"].as_slice()),
        ("/orders/1", "GET, HEAD", &["POST", "PUT", "DELETE"]),
        ("/products/1", "GET, HEAD", &["POST", "PUT", "DELETE"]),
        ("/webhooks", "GET, HEAD", &["POST", "PUT", "DELETE"]),
        ("/pay", "POST", &["GET", "PUT", "DELETE"]),
        ("/pay/1", "DELETE", &["GET", "POST", "PUT"]),
    ] {
        for method in wrong {
            let reply = ada.shoppy(method, path).send();
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
            assert_eq!(refused(reply, 405), "This method is not allowed here", "{method} {path}");
        }
    }
    let head = ada.shoppy("HEAD", "/orders").send().expect(200);
    assert_eq!((head.text().as_str(), head.header("x-total-pages")), ("", Some("0")));
}

#[test]
fn whoever_wants_no_json_gets_406_and_whoever_takes_it_gets_it() {
    let world = World::new();
    let ada = world.seller();
    for accept in ["application/json", "*/*", "text/html, */*;q=0.1", "application/vnd.shoppy+json"] {
        ada.shoppy("GET", "/orders").header("accept", accept).send().expect(200);
    }
    for accept in ["text/html", "application/xml", "application/json;q=0"] {
        let reply = ada.shoppy("GET", "/orders").header("accept", accept).send();
        assert_eq!(refused(reply, 406), "You requested a format that isn't json", "{accept}");
    }
}

#[test]
fn json_is_json_whatever_it_is_labelled() {
    let world = World::new();
    let ada = world.seller();
    let body = example(json!({})).to_string();
    for label in ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream"] {
        ada.shoppy("POST", "/pay").header("content-type", label).body(body.clone()).send().expect(200);
    }
    ada.shoppy("POST", "/pay").body(body).send().expect(200);
    let form = "title=Shoppy+Pay+Example&value=9.99&email=seller%40shoppy.gg";
    ada.shoppy("POST", "/pay")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .expect(200);
}

#[test]
fn what_can_not_be_read_is_refused_and_says_where() {
    let world = World::new();
    let ada = world.seller();
    let send = |body: &[u8]| ada.shoppy("POST", "/pay").body(body).send();
    assert!(refused(send(b"{\"title\":"), 400).starts_with("The body is not valid JSON"));
    assert_eq!(refused(send(b"[1]"), 400), "The body must be a JSON object");
    assert!(refused(send(b"{\"title\":\"\xff\"}"), 400).starts_with("The body is not valid UTF-8"));
    let deep = "[".repeat(10_000);
    refused(send(format!("{{\"title\":{deep}").as_bytes()), 400);
    refused(send(format!(r#"{{"title":{}1{}}}"#, "[".repeat(200), "]".repeat(200)).as_bytes()), 400);
    refused(ada.shoppy("POST", "/pay").header("content-encoding", "gzip").body("{}").send(), 400);
    let mut large = ada.shoppy("POST", "/pay");
    large.request.body = None;
    assert_eq!(refused(large.send(), 400), "The body is too large (maximum is 1048576 bytes)");
    assert_eq!(world.db.rows_in("payments"), 0);
}

#[test]
fn nobody_is_served_in_the_clear_or_for_another_site() {
    let world = World::new();
    let ada = world.seller();
    let said = refused(ada.shoppy("GET", "/orders").insecurely().send(), 400);
    assert_eq!(said, "All API requests must be made over HTTPS");
    let ask = ada.shoppy("POST", "/pay").header("sec-fetch-site", "cross-site").json(&example(json!({})));
    assert_eq!(refused(ask.send(), 400), "Cross-site requests are not allowed");
}

#[test]
fn what_is_not_in_the_document_is_not_there() {
    let world = World::new();
    let ada = world.seller();
    for path in [
        "",
        "/",
        "/order",
        "/orders/1/2",
        "/pay/1/2/3",
        "/openapi",
        "/account",
        "/api_key",
        "/..",
        "/%2e%2e/v2/account",
    ] {
        let said = refused(ada.shoppy("GET", path).send(), 404);
        assert_eq!(said, "The specified resource could not be found", "{path}");
    }
}

#[test]
fn names_that_are_no_numbers_and_no_ids_are_not_found() {
    let world = World::new();
    let super::Sold { ada, .. } = super::sold(&world);
    let long = "9".repeat(300);
    for list in ["orders", "products", "feedbacks", "queries", "webhooks"] {
        for name in [
            "0",
            "-1",
            "01",
            "1.0",
            "1e0",
            "+1",
            "%201",
            "1%00",
            "'",
            "1' OR '1'='1",
            "null",
            &long,
            "9007199254740993",
            "%ff",
        ] {
            refused(ada.shoppy("GET", &format!("/{list}/{name}")).send(), 404);
        }
    }
}

#[test]
fn wild_texts_come_back_as_they_are() {
    let world = World::new();
    let ada = world.seller();
    let wild = "<b>\"\\/&'\u{e9}\u{1f600}\u{2028}</script>";
    let query = json!({"subject": wild, "email": "bob@example.com", "message": wild});
    let id = ada.post("/queries", query).expect(201).json()["id"].as_str().unwrap().to_owned();
    let shown = ada.shows(&format!("/queries/{id}"));
    assert_eq!((&shown["subject"], &shown["message"]), (&json!(wild), &json!(wild)));
    let custom = json!({"a\"b": wild, "n": 1.50, "list": [1, {"x": null}], "0": true});
    let order = ada.white_label(json!({"custom": custom}));
    let shown = ada.shows(&format!("/orders/{}", order["id"].as_str().unwrap()));
    let fields: Vec<(&str, &str)> = shown["custom_fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["name"].as_str().unwrap(), field["value"].as_str().unwrap()))
        .collect();
    assert_eq!(fields, [("0", "true"), ("a\"b", wild), ("n", "1.5"), ("list", r#"[1,{"x":null}]"#)]);
    assert_eq!(shown["http_referer"], "");
    assert_eq!(shown["ip_address"], Value::Null);
}
