//! Forms: lists in all the spellings of their clients, and bytes that are no text.

use serde_json::json;

use crate::world::World;

#[test]
fn a_name_that_comes_several_times_is_a_list_where_one_is_meant_and_the_last_value_elsewhere() {
    let world = World::new();
    let ada = world.seller();
    let post = |path: &str, body: &str| ada.ask("POST", path).body(body).send();
    let hook = "url=https%3A%2F%2Fhooks.example%2F";
    for events in [
        "events=order:paid&events=order:created",
        "events[]=order:paid&events[]=order:created",
        "events[0]=order:paid&events[1]=order:created",
    ] {
        let made = post("/webhooks/endpoints", &format!("{hook}&{events}")).expect(201).json();
        assert_eq!(made["events"], json!(["order:paid", "order:created"]), "{events}");
    }
    let made = post("/webhooks/endpoints", &format!("{hook}&events=order:paid")).expect(201).json();
    assert_eq!(made["events"], json!(["order:paid"]));
    let wrapped = "webhook_endpoint[url]=https://hooks.example/&webhook_endpoint[events]=order:paid&webhook_endpoint[events]=query:created";
    let reply = post("/webhooks/endpoints", wrapped);
    assert!(
        reply.status() == 400 || reply.json()["events"] == json!(["order:paid", "query:created"]),
        "{}",
        reply.text()
    );
    let fields = "title=App&description=d&price=1&currency=EUR&product_type=4&private=0&private=1";
    let made = post("/products", &format!("{fields}&gateways=stripe&gateways=paypal")).expect(201).json();
    assert_eq!((&made["gateways"], &made["private"]), (&json!(["stripe", "paypal"]), &json!(true)));
    let made = post("/products", &format!("{fields}&gateways=stripe,paypal")).expect(201).json();
    assert_eq!(made["gateways"], json!(["stripe", "paypal"]));
    let ids: Vec<String> = (0..2)
        .map(|_| post("/products", &format!("{fields}&gateways=stripe")).json()["id"].as_str().unwrap().to_owned())
        .collect();
    let made =
        post("/categories", &format!("title=C&product_ids={}&product_ids={}", ids[0], ids[1])).expect(201).json();
    assert_eq!(made["product_ids"], json!(ids));
    let made = post("/coupons", &format!("code=TWO&discount=10&product_ids={}&product_ids={}", ids[0], ids[1]))
        .expect(201)
        .json();
    assert_eq!(made["product_ids"], json!(ids));
}

#[test]
fn bytes_of_a_form_that_are_no_utf8_are_refused_by_the_name_of_their_field() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    let cases: [(&[u8], &[&str]); 7] = [
        (b"title=Caf%E9&value=1", &["Title is not valid UTF-8"]),
        (b"title=Caf\xe9&value=1", &["Title is not valid UTF-8"]),
        (b"product[info]=AAAA-1%0A%FF%FE&product[title]=x", &["Info is not valid UTF-8"]),
        (
            b"gateways[]=pay%C3pal&webhook_url=%ED%A0%80",
            &["Gateways is not valid UTF-8", "Webhook url is not valid UTF-8"],
        ),
        (b"ti%F6tle=x", &["A field's name is not valid UTF-8"]),
        (b"title=a%C3&title=b%C3", &["Title is not valid UTF-8"]),
        (b"custom[note]=%80", &["Note is not valid UTF-8"]),
    ];
    for (body, sentences) in cases {
        for path in ["/pay", "/products"] {
            assert_eq!(
                ada.ask("POST", path).body(body).send().errors(),
                sentences,
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
    assert_eq!(world.db.dump(), before);
    // What was sent as U+FFFD is one, and a plus is a space.
    let body = "title=%EF%BF%BD+x&currency=USD&value=1&gateway=bitcoin&white_label=1";
    let made = ada.ask("POST", "/pay").body(body).send().expect(201).json();
    assert_eq!(made["product_title"], "\u{fffd} x");
}
