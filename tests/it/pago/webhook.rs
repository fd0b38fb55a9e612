//! Webhooks of applications: each topic from the place where its cause commits.

use pushguard::{api::pago::event::TOPICS, shop::webhook::sign};
use serde_json::{Value, json};

use super::{Client, app, by_key, id, product, register, token};
use crate::{
    actors::Seller,
    storefront::{self, buy, ordered},
    world::{DAY, HOUR, SECOND, World},
};

const URL: &str = "https://app.example/hook";

fn all() -> Vec<&'static str> {
    TOPICS.iter().map(|(name, _, _)| *name).collect()
}

fn hook(client: &Client<'_>, topics: &[&str]) -> String {
    id(&client.post("/webhooks", json!({"url": URL, "topics": topics})).expect(201).json())
}

/// A world in which an application of this seller's listens to everything.
fn listening<'w>(world: &'w World, seller: &Seller<'w>) -> Client<'w> {
    world.web.says("https://app.example", 200);
    let client = app(seller, "all");
    hook(&client, &all());
    client
}

/// What came since the last time: each topic with its one item.
fn told(world: &World) -> Vec<(String, Value)> {
    world.run_jobs();
    let sent = world.web.sent_to("https://app.example");
    world.web.forget();
    sent.iter()
        .map(|sent| (sent.json()["topic"].as_str().unwrap().to_owned(), sent.json()["data"][0].clone()))
        .collect()
}

#[track_caller]
fn topics(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(topic, _)| topic.as_str()).collect()
}

#[test]
fn a_webhook_is_made_read_changed_and_deleted() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    let made =
        client.post("/webhooks", json!({"url": URL, "topics": ["order_created", "order_created"]})).expect(201).json();
    let expected = json!({
        "id": made["id"], "url": URL, "topics": ["order_created"], "enabled": true, "disabled_at": null,
        "disabled_reason": null, "created_at": "2023-11-15T00:00:00Z", "updated_at": "2023-11-15T00:00:00Z",
    });
    assert_eq!(made, expected);
    let path = format!("/webhooks/{}", id(&made));
    assert_eq!(client.get(&path).expect(200).json(), expected);
    assert_eq!(client.get("/webhooks").expect(200).json(), json!([expected]));
    assert_eq!(super::trips(&client, "/webhooks"), 1);
    assert_eq!(super::trips(&client, &path), 1);
    world.advance(SECOND);
    let changed =
        client.put(&path, json!({"topics": ["cart_created", "coupon_updated"], "enabled": false})).expect(200).json();
    assert_eq!(changed["topics"], json!(["cart_created", "coupon_updated"]));
    assert_eq!((&changed["enabled"], &changed["url"]), (&json!(false), &json!(URL)));
    client.delete(&path).expect(204);
    for reply in [client.get(&path), client.put(&path, json!({"enabled": true})), client.delete(&path)] {
        reply.expect(404);
    }
}

#[test]
fn each_topic_needs_the_scope_to_read_what_it_tells() {
    let world = World::new();
    let ada = world.seller();
    let app_id = register(&world);
    assert_eq!(TOPICS.len(), 12, "those of the reference");
    for (topic, _, scope) in TOPICS {
        let others: Vec<&str> =
            TOPICS.iter().map(|(_, _, it)| it.name()).filter(|name| *name != scope.name()).collect();
        let (with, without) = (token(&ada, &app_id, scope.name()), token(&ada, &app_id, &others.join(" ")));
        let fields = json!({"url": URL, "topics": [topic]});
        let refused = without.post("/webhooks", fields.clone()).expect(403);
        assert_eq!(refused.message(), format!("This token lacks the scope {}", scope.name()));
        let made = id(&with.post("/webhooks", fields.clone()).expect(201).json());
        without.put(&format!("/webhooks/{made}"), json!({"topics": [topic]})).expect(403);
        without.post(&format!("/webhooks/{made}/test"), json!({})).expect(403);
        with.delete(&format!("/webhooks/{made}")).expect(204);
    }
}

#[test]
fn each_wrong_webhook_is_told_why() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    let errors = |fields: Value| client.post("/webhooks", fields).errors();
    assert_eq!(errors(json!({})), ["Url can't be blank", "Topics can't be blank"]);
    assert_eq!(errors(json!({"url": "http://app.example", "topics": "order_created"})), ["Url must be an HTTPS URL"]);
    assert_eq!(
        errors(json!({"url": "https://10.0.0.1", "topics": "order_created"})),
        ["Url must not point to a private network"]
    );
    let list = all().join(", ");
    for wrong in [json!(["order_paid"]), json!(["order:created"]), json!([7]), json!("x")] {
        assert_eq!(
            errors(json!({"url": URL, "topics": wrong})),
            [format!("Topics are not included in the list ({list})")]
        );
    }
}

#[test]
fn a_delivery_is_signed_and_says_whose_it_is() {
    let world = World::new();
    let ada = world.seller();
    listening(&world, &ada);
    let order = id(&ada.white_label(json!({})));
    world.run_jobs();
    let sent =
        world.web.sent_to("https://app.example").into_iter().find(|it| it.json()["topic"] == "order_created").unwrap();
    let (body, account_id) = (sent.json(), world.db.query("SELECT id FROM accounts")[0][0].parse::<i64>().unwrap());
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "created_at", "topic", "data", "account_id"]);
    assert_eq!((&body["created_at"], &body["account_id"]), (&json!("2023-11-15T00:00:00Z"), &json!(account_id)));
    assert_eq!(body["data"], json!([by_key(&ada).get(&format!("/orders/{order}")).json()]));
    let hex = sign::hex_sha512(&ada.secret, &sent.body);
    assert_eq!(sent.header("X-PushGuard-Signature"), hex);
    sent.header("webhook-signature");
}

#[test]
fn an_order_and_its_customer_are_told_where_they_come_to_be_and_move() {
    let world = World::new();
    let ada = world.seller();
    let client = listening(&world, &ada);
    let first = id(&ada.white_label(json!({"value": "10.00"})));
    let came = told(&world);
    assert_eq!(topics(&came), ["order_created", "customer_created"]);
    assert_eq!(came[0].1, client.get(&format!("/orders/{first}")).json());
    assert_eq!(came[1].1, client.get("/customers/1").json());
    world.advance(SECOND);
    ada.white_label(json!({"email": "BOB@example.com"}));
    let came = told(&world);
    assert_eq!(topics(&came), ["order_created", "customer_updated"], "it is the same mailbox");
    assert_eq!(came[1].1, client.get("/customers/1").json());
    assert_eq!(came[1].1["orders_count"], 2);
    ada.simulate(&first, "exact", 1);
    let came = told(&world);
    let last = came.iter().rfind(|(topic, _)| topic == "customer_updated").unwrap();
    assert_eq!((&last.1["total_spent"], &last.1["paid_orders_count"]), (&json!("10.00"), &json!(1)));
    assert_eq!(last.1, client.get("/customers/1").json());
    assert!(topics(&came).contains(&"order_updated"));
    ada.post(&format!("/orders/{first}/refund"), json!({"txid": "0xabc"})).expect(200);
    let came = told(&world);
    assert_eq!(topics(&came), ["order_updated", "customer_updated"]);
    assert_eq!(came[1].1["total_spent"], "0.00");
    ada.white_label(json!({"email": null}));
    assert_eq!(topics(&told(&world)), ["order_created"]);
}

#[test]
fn a_commit_that_did_not_land_told_nothing_of_a_customer() {
    let world = World::new();
    let ada = world.seller();
    let client = listening(&world, &ada);
    world.db.break_commit(2, crate::world::Landed::No);
    let mut fields = crate::actors::payment(json!({}));
    fields["white_label"] = json!(true);
    ada.post("/pay", fields).expect(500);
    world.db.mend();
    world.live_through(120 * SECOND);
    assert_eq!(topics(&told(&world)), [""; 0]);
    assert_eq!(client.get("/customers").expect(200).text(), "[]");
}

#[test]
fn products_are_told_as_they_are_made_changed_and_deleted() {
    let world = World::new();
    let ada = world.seller();
    let client = listening(&world, &ada);
    let made = client.post("/products", product(json!({}))).expect(201).json();
    let path = format!("/products/{}", id(&made));
    let changed = ada.put(&path, json!({"title": "B"})).expect(200).json();
    client.delete(&path).expect(204);
    let came = told(&world);
    assert_eq!(topics(&came), ["product_created", "product_updated", "product_deleted"]);
    assert_eq!(came[0].1["url"], format!("/product/{}", id(&made)), "an event knows no origin");
    assert_eq!((&came[1].1["title"], &came[1].1["id"]), (&json!("B"), &changed["id"]));
    assert_eq!(came[2].1["id"], made["id"]);
}

#[test]
fn coupons_are_told_as_they_are_made_and_changed() {
    let world = World::new();
    let ada = world.seller();
    let client = listening(&world, &ada);
    let made = ada.post("/coupons", json!({"code": "A", "discount": "10"})).expect(201).json();
    let path = format!("/coupons/{}", id(&made));
    let shown = client.get(&path).json();
    world.advance(SECOND);
    let changed = client.put(&path, json!({"discount": "20"})).expect(200).json();
    client.post("/coupons", json!({"code": "a", "discount": "10"})).expect(400);
    client.delete(&path).expect(204);
    let came = told(&world);
    assert_eq!(topics(&came), ["coupon_created", "coupon_updated"]);
    assert_eq!([&came[0].1, &came[1].1], [&shown, &changed]);
}

#[test]
fn carts_are_told_when_they_are_opened_and_when_their_time_is_over() {
    let world = World::new();
    let ada = storefront::shop(&world);
    let client = listening(&world, &ada);
    let product = storefront::product(&ada, json!({}));
    told(&world);
    let order = ordered(buy(&world.buyer(), &product, ""));
    let came = told(&world);
    let mut all = topics(&came);
    all.sort_unstable();
    assert_eq!(all, ["cart_created", "customer_created", "order_created"]);
    let (_, cart) = came.iter().find(|(topic, _)| topic == "cart_created").unwrap();
    assert_eq!((&cart["status"], &cart["id"]), (&json!("open"), &json!(order)));
    assert_eq!(cart["url"], format!("https://desk.example{}", world.receipt(&order)));
    ada.white_label(json!({"email": null}));
    assert_eq!(topics(&told(&world)), ["order_created"], "nobody has a page of it");
    world.live_through(2 * HOUR);
    let came = told(&world);
    assert_eq!(topics(&came), ["cart_abandoned"]);
    assert_eq!(came[0].1, client.get(&format!("/abandoned_carts/{order}")).json());
    world.live_through(10 * DAY);
    assert!(!topics(&told(&world)).contains(&"cart_abandoned"), "it is told once");
}

#[test]
fn a_test_is_queued_for_each_topic() {
    let world = World::new();
    world.web.says("https://app.example", 200);
    let client = app(&world.seller(), "all");
    let made = hook(&client, &all());
    let path = format!("/webhooks/{made}/test");
    let queued = client.post(&path, json!({})).expect(202).json();
    assert_eq!(queued["topic"], "order_created");
    for topic in all() {
        client.post(&path, json!({"topic": topic})).expect(202);
    }
    assert_eq!(world.web.sent_to("https://app.example").len(), 0, "it was accepted, and not sent yet");
    world.run_jobs();
    let sent = world.web.sent_to("https://app.example");
    let mut came: Vec<String> = sent.iter().map(|it| it.json()["topic"].as_str().unwrap().to_owned()).collect();
    assert!(sent.iter().any(|it| it.json()["id"] == queued["id"]));
    assert!(sent.iter().all(|it| it.json()["data"][0].is_object()));
    came.sort();
    let mut expected: Vec<String> =
        all().iter().map(|topic| (*topic).to_owned()).chain(["order_created".to_owned()]).collect();
    expected.sort();
    assert_eq!(came, expected);
    assert_eq!(client.post(&path, json!({"topic": "x"})).expect(400).errors().len(), 1);
    client.post("/webhooks/1/test", json!({})).expect(404);
}

#[test]
fn an_app_sees_and_deletes_only_its_own_webhooks() {
    let world = World::new();
    let (ada, eve) = (world.seller(), world.seller_named("eve@example.com", true));
    let app_id = register(&world);
    let (one, two, seller) = (token(&ada, &app_id, "all"), app(&ada, "all"), by_key(&ada));
    let made = [&one, &two, &seller].map(|client| hook(client, &["order_created"]));
    let v2 = ada.endpoint("https://ada.example/", &["order:created"]);
    for (client, own) in [&one, &two, &seller].into_iter().zip(&made) {
        let list = client.get("/webhooks").expect(200).json();
        let ids: Vec<String> = list.as_array().unwrap().iter().map(id).collect();
        assert_eq!(ids, std::slice::from_ref(own));
    }
    // The same application of another account is a stranger.
    for stranger in [&two, &seller, &token(&eve, &app_id, "all"), &by_key(&eve)] {
        let unknown = stranger.get("/webhooks/1").expect(404).text();
        for id in [&made[0], &v2] {
            let path = format!("/webhooks/{id}");
            for reply in [stranger.get(&path), stranger.put(&path, json!({"enabled": false})), stranger.delete(&path)] {
                assert_eq!(reply.expect(404).text(), unknown);
            }
            assert_eq!(stranger.post(&format!("{path}/test"), json!({})).expect(404).text(), unknown);
        }
    }
    ada.get(&format!("/webhooks/endpoints/{}", made[2])).expect(404);
    assert_eq!(one.get(&format!("/webhooks/{}", made[0])).expect(200).json()["enabled"], true);
}

#[test]
fn who_listens_to_nothing_of_it_costs_an_order_nothing_more() {
    let world = World::new();
    let ada = world.seller();
    let (bare, _) = world.count(|| ada.white_label(json!({})));
    ada.endpoint("https://ada.example/", &["query:created"]);
    let (counted, _) = world.count(|| ada.white_label(json!({})));
    assert_eq!(counted.statements, bare.statements);
    hook(&app(&ada, "all"), &["customer_updated"]);
    let (told, _) = world.count(|| ada.white_label(json!({})));
    assert_eq!((told.reads + told.commits, told.statements), (bare.reads + bare.commits, bare.statements + 2));
}
