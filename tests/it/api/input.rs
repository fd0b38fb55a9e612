//! What may come over the wire, and what is said about the rest. Nothing here may leave a row behind.

use serde_json::json;

use crate::{actors::payment, world::World};

/// A request for a payment without a page, whose value is this piece of JSON.
fn valued(literal: &str) -> String {
    payment(json!({"white_label": true, "value": "@"})).to_string().replace("\"@\"", literal)
}

#[test]
fn an_amount_that_is_no_price_has_its_sentence_and_leaves_no_row() {
    let world = World::new();
    let ada = world.seller();
    let zero = "must be greater than 0";
    let blank = "can't be blank";
    let number = "is not a number";
    let range = "is out of range";
    let most = "must be less than or equal to 999999999";
    let many_digits = "9".repeat(40);
    let many_decimals = format!("0.{}1", "0".repeat(60));
    let long = "1".repeat(100_000);
    let cases = [
        ("0", zero),
        ("-0", zero),
        ("0.00", zero),
        ("0e999999", zero),
        ("0.001", zero),
        ("0.004999", zero),
        ("-1", zero),
        ("-0.01", zero),
        ("-1e400", zero),
        ("\"-5\"", zero),
        ("1e400", range),
        ("1e-400", range),
        ("1E+99999999999999999999", range),
        (&many_digits, range),
        (&many_decimals, range),
        (&long, range),
        ("0.000000001", zero),
        ("1e-9", zero),
        ("1000000000", most),
        ("999999999.01", most),
        ("1e12", most),
        ("99999999999999999999", most),
        ("9223372036854775808", most),
        ("\"NaN\"", number),
        ("\"Infinity\"", number),
        ("\"-Infinity\"", number),
        ("\"null\"", number),
        ("\"ten\"", number),
        ("\"0x10\"", number),
        ("\"1,50\"", number),
        ("\"1,000.00\"", number),
        ("\"1_000\"", number),
        ("\"$10\"", number),
        ("\"10 USD\"", number),
        ("\"+5\"", number),
        ("\"--5\"", number),
        ("\"1 0\"", number),
        ("\"1.\"", number),
        ("\".\"", number),
        ("\"1e\"", number),
        ("\"١٢\"", number),
        ("\"１２\"", number),
        ("\"10\\u0000\"", number),
        ("true", number),
        ("[]", number),
        ("[10]", number),
        ("{}", number),
        ("null", blank),
        ("\"\"", blank),
        ("\"  \"", blank),
    ];
    let before = world.db.dump();
    for (literal, problem) in cases {
        let shown: String = literal.chars().take(60).collect();
        let reply = ada.ask("POST", "/pay").body(valued(literal)).send();
        assert_eq!(reply.errors(), [format!("Value {problem}")], "{shown}");
        let link = valued(literal).replace("\"white_label\":true", "\"white_label\":false");
        assert_eq!(ada.ask("POST", "/pay").body(link).send().errors(), [format!("Value {problem}")], "{shown}");
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn an_amount_is_taken_digit_for_digit_and_rounded_once() {
    let world = World::new();
    let ada = world.seller();
    let cases = [
        ("12.99", "12.99"),
        ("\"12.99\"", "12.99"),
        ("\"10.00\"", "10.0"),
        ("1e3", "1000.0"),
        ("\"1e3\"", "1000.0"),
        ("1.5E-1", "0.15"),
        ("\" 9.99 \"", "9.99"),
        ("\".5\"", "0.5"),
        ("\"0012.50\"", "12.5"),
        ("0.01", "0.01"),
        ("0.005", "0.01"),
        ("12.994999", "12.99"),
        ("12.995", "13.0"),
        ("1.005", "1.01"),
        ("0.00500000", "0.01"),
        ("12.500000000000000000", "12.5"),
        ("999999999", "999999999.0"),
        ("4.35", "4.35"),
        ("1.1", "1.1"),
        ("100000.07", "100000.07"),
    ];
    for (literal, value) in cases {
        // A cent is too little for Bitcoin.
        let body = valued(literal).replace("Bitcoin", "Ethereum");
        let reply = ada.ask("POST", "/pay").body(body).send().expect(201);
        assert_eq!(reply.json()["value"], value, "{literal}");
    }
}

#[test]
fn a_body_that_does_not_parse_is_refused_with_the_place_and_leaves_no_row() {
    let world = World::new();
    let ada = world.seller();
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(50_000);
    let nested = format!(r#"{{"custom":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let located: Vec<&[u8]> = vec![
        b"{",
        b"{\"title\":\"The app\"",
        b"{\"title\":}",
        b"{\"title\":\"x\",}",
        b"{'title':'x'}",
        b"{title:1}",
        b"{\"title\" \"x\"}",
        b"{\"title\":\"x\"}{}",
        b"{\"title\":\"x\"} trailing",
        b"{\"value\":012}",
        b"{\"value\":+1}",
        b"{\"value\":.5}",
        b"{\"value\":1.}",
        b"{\"value\":0x10}",
        b"{\"value\":NaN}",
        b"{\"value\":Infinity}",
        b"{\"value\":1e}",
        b"{\"title\":\"a\nb\"}",
        b"{\"title\":\"a\0b\"}",
        b"\0",
        b"{\"title\":\"\\x\"}",
        b"{\"title\":\"\\u12\"}",
        b"{\"title\":\"\\ud800\"}",
        b"{\"title\":\"\\udc00\\ud800\"}",
        b"{\"title\":tru}",
        b"{\"title\":\"x\"/* comment */}",
        b"[",
        b"[1,",
        b"\"text",
        deep.as_bytes(),
        deep_object.as_bytes(),
        nested.as_bytes(),
        b"nonsense",
        b"12",
        b"true",
        b"<payment><title>x</title></payment>",
    ];
    let other: [(&[u8], &str); 6] = [
        (b"[1,2]", "object"),
        (b"[{\"title\":\"x\"}]", "object"),
        (b"\"text\"", "object"),
        (b"{\"title\":\"\xff\"}", "UTF-8"),
        (b"\xc3\x28", "UTF-8"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
    ];
    let before = world.db.dump();
    for path in ["/pay", "/webhooks/endpoints", "/test/payments", "/test/blocks"] {
        for body in &located {
            let reply = ada.ask("POST", path).body(*body).send().expect(400);
            let message = reply.message();
            assert!(message.contains("line") && message.contains("column"), "{message}");
        }
        for (body, word) in other {
            let message = ada.ask("POST", path).body(body).send().expect(400).message();
            assert!(message.contains(word), "{message}");
        }
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_body_with_nothing_in_it_is_a_form_with_nothing_filled_in() {
    let world = World::new();
    let ada = world.seller();
    for body in ["", " \n", "{}", "[]", "null", "\u{feff}{}", "{\"payment\":{}}", "{\"no_such\":1}", "a=b"] {
        assert_eq!(ada.ask("POST", "/pay").body(body).send().errors().len(), 5, "{body:?}");
    }
}

#[test]
fn a_body_may_be_written_as_old_and_new_clients_do() {
    let world = World::new();
    let ada = world.seller();
    let plain = payment(json!({"white_label": true, "custom": {"0": "ada"}}));
    let form =
        "title=The+app&email=bob%40example.com&currency=USD&value=10.00&gateway=Bitcoin&white_label=1&custom[0]=ada";
    let nested = "payment[title]=The+app&payment[currency]=USD&payment[value]=10&payment[gateway]=Bitcoin\
                  &payment[white_label]=1&payment[custom]=ada";
    let escaped = form.replace('[', "%5B").replace(']', "%5D");
    let cases = [
        ("application/json", plain.to_string()),
        ("application/json; charset=utf-8", plain.to_string()),
        ("APPLICATION/JSON", plain.to_string()),
        ("application/x-www-form-urlencoded", plain.to_string()),
        ("text/plain", format!("\u{feff} \r\n{plain}\n")),
        ("", plain.to_string()),
        ("application/json", json!({"payment": plain}).to_string()),
        ("application/x-www-form-urlencoded", form.to_owned()),
        ("application/json", form.to_owned()),
        ("", escaped),
        ("application/x-www-form-urlencoded; charset=UTF-8", nested.to_owned()),
        ("application/json", plain.to_string().replace("The app", "\\u0054he\\u0020app")),
        ("application/json", format!("{{\"title\":\"first\",{}", &plain.to_string()[1..])),
    ];
    for (label, body) in cases {
        let ask = ada.ask("POST", "/pay").body(body.clone());
        let ask = if label.is_empty() { ask } else { ask.header("content-type", label) };
        let order = ask.send().expect(201).json();
        assert_eq!((&order["product_title"], &order["value"]), (&json!("The app"), &json!("10.0")), "{label}: {body}");
        assert_eq!(order["custom"], json!({"0": "ada"}), "{label}: {body}");
    }
}

#[test]
fn a_rails_form_keeps_every_item_of_a_list_under_its_root_key() {
    let world = World::new();
    let ada = world.seller();
    let url = "url=https%3A%2F%2Fhooks.example%2F";
    let cases = [
        format!("{url}&events[]=order:created&events[]=order:paid"),
        format!("{url}&events[0]=order:created&events[1]=order:paid"),
        format!("endpoint[{url}&endpoint[events][]=order:created&endpoint[events][]=order:paid")
            .replacen("[url=", "[url]=", 1),
    ];
    for body in cases {
        let reply = ada.ask("POST", "/webhooks/endpoints").body(body.clone()).send().expect(201);
        assert_eq!(reply.json()["events"], json!(["order:created", "order:paid"]), "{body}");
    }
    let body = "account[gateways][bitcoin][confirmations]=3&account[gateways][bitcoin][xpub]=".to_owned()
        + crate::actors::ZPUB;
    let account = ada.ask("PUT", "/account").body(body).send().expect(200).json();
    assert_eq!(account["gateways"]["bitcoin"]["confirmations"], 3);
}

#[test]
fn the_buyers_address_is_the_first_of_what_proxies_write() {
    let world = World::new();
    let ada = world.seller();
    let kept = |text: &str| ada.white_label(json!({"ip_address": text}))["ip_address"].clone();
    for (written, expected) in [
        ("203.0.113.7", json!("203.0.113.7")),
        ("203.0.113.7, 10.0.0.1, 172.16.0.9", json!("203.0.113.7")),
        ("203.0.113.7:52814", json!("203.0.113.7")),
        ("[2001:db8::1]:443, 10.0.0.1", json!("2001:db8::1")),
        ("2001:DB8::1", json!("2001:db8::1")),
        ("::ffff:203.0.113.7", json!("203.0.113.7")),
        ("unknown", json!(null)),
        ("Unknown, 10.0.0.1", json!(null)),
    ] {
        assert_eq!(kept(written), expected, "{written}");
    }
    for odd in ["203.0.113", "203.0.113.7:x", "[2001:db8::1", ", 203.0.113.7", "ada@example.com"] {
        let reply = ada.pay(json!({"white_label": true, "ip_address": odd}));
        assert_eq!(reply.errors(), ["Ip address is not a valid IP address"], "{odd}");
    }
}

#[test]
fn of_a_field_that_comes_twice_the_last_one_counts() {
    let world = World::new();
    let ada = world.seller();
    let json = r#"{"title":"no","title":"yes","currency":"EUR","currency":"USD","value":1,"gateway":"bitcoin",
                   "white_label":true,"custom":{"0":"no","0":"yes"}}"#;
    let form =
        "title=no&title=yes&currency=EUR&currency=USD&value=1&gateway=bitcoin&white_label=1&custom[0]=no&custom[0]=yes";
    let nested = "payment[title]=no&payment[title]=yes&payment[currency]=USD&payment[value]=1&payment[gateway]=bitcoin\
                  &payment[white_label]=1&payment[custom]=yes";
    for body in [json, form, nested] {
        let reply = ada.ask("POST", "/pay").body(body).send().expect(201);
        let order = reply.json();
        assert_eq!((&order["product_title"], &order["currency"]), (&json!("yes"), &json!("USD")), "{body}");
        assert_eq!(order["custom"], json!({"0": "yes"}), "{body}");
        assert_eq!(reply.text().matches("\"yes\"").count(), 2, "no name stands twice: {}", reply.text());
    }
}

#[test]
fn a_text_is_handed_back_as_it_was_sent() {
    let world = World::new();
    let ada = world.seller();
    for title in [
        "Grüße, 世界 😀",
        "\"quoted\" \\ back/slash",
        "<b>&amp;</b>",
        "a\tb\nc",
        "a\u{2028}b\u{2029}\u{200f}",
        "%41+%00",
    ] {
        let order = ada.white_label(json!({"title": title, "custom": {title: title}}));
        let order = ada.order(order["id"].as_str().unwrap());
        assert_eq!(order["product_title"], title);
        assert_eq!(order["custom"], json!({title: title}));
    }
}

#[test]
fn a_body_of_many_fields_is_read_without_delay() {
    let world = World::new();
    let ada = world.seller();
    let fields: Vec<String> = (0..30_000).map(|n| format!("\"field_{n:06}\":1")).collect();
    let form: Vec<String> = (0..30_000).map(|n| format!("field_{n:06}=1")).collect();
    let begun = std::time::Instant::now();
    for body in [format!("{{{}}}", fields.join(",")), form.join("&")] {
        assert!(body.len() < 1 << 20);
        // Whether it is refused for being too many or for what is missing doesn't matter.
        ada.ask("POST", "/pay").body(body).send().expect(400);
    }
    assert!(begun.elapsed().as_secs() < 5, "it took {:?}", begun.elapsed());
}

#[test]
fn a_body_that_is_too_large_is_413_wherever_one_is_read() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    for (method, path) in [
        ("POST", "/pay"),
        ("POST", "/webhooks/endpoints"),
        ("PUT", "/account"),
        ("PUT", "/webhooks/endpoints/1"),
        ("POST", "/test/payments"),
        ("POST", "/test/blocks"),
        ("POST", "/test/double_spend"),
    ] {
        let mut ask = ada.ask(method, path);
        ask.request.body = None;
        assert!(ask.send().expect(413).message().contains("too large"), "{method} {path}");
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn a_body_full_of_nonsense_is_refused_in_few_words_and_little_time() {
    let world = World::new();
    let ada = world.seller();
    let many = |text: &str| text.repeat((1 << 20) / text.len() - 300);
    let gateways = ada.post("/products", json!({"gateways": many("a,")}));
    // The other fields' own sentences, and at most one for each of twenty gateways.
    assert!(gateways.errors().len() <= 30 && gateways.text().len() < 4_000);
    let repeated = ada.post("/products", json!({"product_type": 2, "info": many("a,")}));
    assert!(repeated.text().len() < 2_000);
    let ids: Vec<String> = (0..90_000).map(|n| format!("{n:08x}")).collect();
    for (path, fields) in [
        ("/categories", json!({"title": "All", "product_ids": ids})),
        ("/coupons", json!({"code": "ALL", "discount": "1", "product_ids": ids})),
    ] {
        assert_eq!(ada.post(path, fields).errors().len(), 1, "{path}");
    }
}

#[test]
fn of_a_long_list_nothing_is_dropped_in_silence() {
    let world = World::new();
    let ada = world.seller();
    let mut gateways = vec!["bitcoin"; 20];
    gateways.push("cash");
    let reply = ada.post("/products", json!({"gateways": gateways}));
    assert!(reply.errors().contains(&"Gateways is too long (maximum is 20 gateways)".to_owned()));
    let mut ids = vec!["00000000"; 2_000];
    ids.push("ffffffff");
    let reply = ada.post("/coupons", json!({"code": "A", "discount": "1", "product_ids": ids}));
    assert_eq!(reply.errors().len(), 2, "both are looked for: {}", reply.text());
}
