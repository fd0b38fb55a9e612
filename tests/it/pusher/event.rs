//! The ten events, each from where its cause is committed, and signed.

use serde_json::{Value, json};

use super::{EVENTS, HOOK, bearer, read, subscription};
use crate::{
    actors::Seller,
    oauth,
    purchase::{keys, order, product},
    world::{Sent, World},
};

struct Told<'w> {
    ada: Seller<'w>,
    key: String,
}

impl<'w> Told<'w> {
    /// Ada is told of everything.
    fn by(world: &'w World) -> Told<'w> {
        world.web.says("https://webhook.site", 200);
        let ada = world.seller();
        let made = ada.subscribes(1, json!({"eventNames": []})).expect(200).json();
        assert_eq!(made["eventNames"], json!(EVENTS));
        let key = made["signingKey"].as_str().unwrap().to_owned();
        let test = world.web.sent_to(HOOK);
        let (message, payload) = read(&test[0], &key);
        assert_eq!((&message["eventName"], payload), (&json!("TestMessage"), json!({"data": "payload"})));
        world.web.forget();
        Told { ada, key }
    }

    /// What was sent since the last time: names and payloads.
    #[track_caller]
    fn news(&self) -> Vec<(String, Value)> {
        self.ada.world.run_jobs();
        let sent: Vec<Sent> = self.ada.world.web.sent_to(HOOK);
        self.ada.world.web.forget();
        let read = sent.iter().map(|sent| {
            let (message, payload) = read(sent, &self.key);
            (message["eventName"].as_str().unwrap().to_owned(), payload)
        });
        read.collect()
    }
}

fn names(news: &[(String, Value)]) -> Vec<&str> {
    news.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_product_is_told_when_it_is_created_changed_and_deleted() {
    let world = World::new();
    let told = Told::by(&world);
    let id = product(&told.ada, json!({"product_type": 4, "title": "A & <B>"}));
    let news = told.news();
    assert_eq!(names(&news), ["ProductCreated"]);
    let (created, at) = (&news[0].1, "2023-11-15T00:00:00.000+0000");
    let variant = &created["variants"][0];
    assert_eq!(
        (&created["name"], &variant["price"]),
        (&json!("A & <B>"), &json!({"amount": 1_000, "currencyId": "USD"}))
    );
    assert_eq!(
        (&created["created"], &created["updated"], &created["online"]["status"]),
        (&json!(at), &json!(at), &json!("PUBLISHED"))
    );
    let fields: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "uuid",
            "organizationUuid",
            "name",
            "description",
            "variants",
            "vatPercentage",
            "online",
            "variantOptionDefinitions",
            "etag",
            "updated",
            "updatedByUserUuid",
            "created",
            "createdByUserUuid",
            "category",
            "taxExempt"
        ]
    );
    world.clock.pass(1_000);
    told.ada.put(&format!("/products/{id}"), json!({"price": "12.99", "unlisted": true})).expect(200);
    let news = told.news();
    assert_eq!(names(&news), ["ProductUpdated"]);
    let (old, new) = (&news[0].1["oldEntity"], &news[0].1["newEntity"]);
    assert_eq!(old, created);
    assert_eq!((&new["uuid"], &new["variants"][0]["price"]["amount"]), (&created["uuid"], &json!(1_299)));
    assert_eq!(new["online"]["status"], "HIDDEN");
    assert_ne!(new["etag"], old["etag"]);
    told.ada.delete(&format!("/products/{id}")).expect(204);
    let news = told.news();
    assert_eq!(names(&news), ["ProductDeleted"]);
    assert_eq!(&news[0].1, new);
    told.ada.delete(&format!("/products/{id}")).expect(404);
    assert_eq!(names(&told.news()), Vec::<&str>::new());
}

#[test]
fn a_sale_is_a_purchase_and_a_change_of_the_balance() {
    let world = World::new();
    let told = Told::by(&world);
    let id = keys(&told.ada, "a,b,c");
    let news = told.news();
    assert_eq!(names(&news), ["ProductCreated", "InventoryTrackingStarted"]);
    let product_uuid = news[0].1["uuid"].clone();
    assert_eq!(news[1].1["productUuid"], product_uuid);
    assert_eq!(news[1].1["created"]["timestamp"], "2023-11-15T00:00:00.000+0000");
    let sold = order(&told.ada, &id);
    assert_eq!(names(&told.news()), Vec::<&str>::new(), "nothing is paid");
    told.ada.simulate(&sold, "exact", 1);
    let mut news = told.news();
    news.sort_by(|(one, _), (other, _)| other.cmp(one));
    assert_eq!(names(&news), ["PurchaseCreated", "InventoryBalanceChanged"]);
    let (purchase, moved) = (&news[0].1, &news[1].1);
    assert_eq!(
        (&purchase["purchaseUuid"], &purchase["amount"], &purchase["currency"], &purchase["purchaseNumber"]),
        (&json!(sold), &json!(1_000), &json!("USD"), &json!(1))
    );
    assert_eq!(purchase["products"].as_array().unwrap().len(), 1);
    let bought = &purchase["products"][0];
    assert_eq!(
        (&bought["productUuid"], &bought["name"], &bought["unitPrice"], &bought["quantity"]),
        (&product_uuid, &json!("Key"), &json!(1_000), &json!("1"))
    );
    assert_eq!(
        (&purchase["payments"][0]["type"], &purchase["payments"][0]["amount"]),
        (&json!("BITCOIN"), &json!(1_000))
    );
    assert_eq!(purchase["organizationUuid"], moved["organizationUuid"]);
    let (before, after) = (&moved["balanceBefore"][0], &moved["balanceAfter"][0]);
    assert_eq!(
        (&before["balance"], &after["balance"], &after["productUuid"]),
        (&json!("3"), &json!("2"), &product_uuid)
    );
    assert_eq!(moved["externalUuid"], sold, "the purchase that took it");
    let logged = told.ada.logs();
    assert!(logged.iter().any(|log| log["event"] == "order:paid" && log["payload"]["eventName"] == "PurchaseCreated"));
}

#[test]
fn what_a_seller_does_to_the_stock_is_told() {
    let world = World::new();
    let told = Told::by(&world);
    let id = product(&told.ada, json!({"product_type": 4}));
    told.news();
    let change = |fields: Value| {
        told.ada.put(&format!("/products/{id}"), fields).expect(200);
        told.news().into_iter().filter(|(name, _)| name.starts_with("Inventory")).collect::<Vec<_>>()
    };
    assert_eq!(names(&change(json!({"stock_amount": 5}))), ["InventoryTrackingStarted"]);
    let moved = change(json!({"stock_amount": 8}));
    assert_eq!(names(&moved), ["InventoryBalanceChanged"]);
    assert_eq!(
        (&moved[0].1["balanceBefore"][0]["balance"], &moved[0].1["balanceAfter"][0]["balance"]),
        (&json!("5"), &json!("8"))
    );
    assert_eq!(moved[0].1["externalUuid"], Value::Null);
    assert_eq!(names(&change(json!({"title": "New"}))), Vec::<&str>::new());
    let stopped = change(json!({"stock_amount": null}));
    assert_eq!(names(&stopped), ["InventoryTrackingStopped"]);
    assert!(stopped[0].1["changeInformation"]["timestamp"].is_string() && stopped[0].1["created"].is_null());
    let serials = keys(&told.ada, "a,b");
    told.news();
    let file = |text: &str| {
        let ask = told.ada.ask("PUT", &format!("/products/{serials}/serials")).header("content-type", "text/plain");
        ask.body(text).send()
    };
    file("c\nd\n").expect(200);
    let moved = told.news();
    assert_eq!(names(&moved), ["InventoryBalanceChanged"]);
    assert_eq!(moved[0].1["balanceAfter"][0]["balance"], "4");
    told.ada.put(&format!("/products/{serials}"), json!({"info": "x"})).expect(200);
    let moved = told.news();
    assert_eq!(names(&moved), ["ProductUpdated", "InventoryBalanceChanged"]);
    assert_eq!(moved[1].1["balanceAfter"][0]["balance"], "1");
}

#[test]
fn the_settings_and_the_key_are_told_when_they_change() {
    let world = World::new();
    let told = Told::by(&world);
    told.ada.put("/account", json!({"quote_minutes": 30})).expect(200);
    assert_eq!(names(&told.news()), Vec::<&str>::new(), "nobody else sees that");
    told.ada.put("/account", json!({"shop_name": "Ada & Co", "contact_email": "hello@example.com"})).expect(200);
    let news = told.news();
    assert_eq!(names(&news), ["OrganizationUpdated"]);
    assert_eq!(
        (&news[0].1["name"], &news[0].1["contactEmail"], &news[0].1["currency"]),
        (&json!("Ada & Co"), &json!("hello@example.com"), &json!("USD"))
    );
    told.ada.post("/account/api_key", json!({})).expect(201);
    let news = told.news();
    assert_eq!(news, [("PersonalAssertionDeleted".to_owned(), json!({"type": "PersonalAssertionDeleted"}))]);
}

#[test]
fn an_application_is_told_that_it_was_disconnected_and_the_key_is_not() {
    let world = World::new();
    let told = Told::by(&world);
    let app = oauth::client(&world, json!({}));
    let tokens = app.connect(&told.ada, "READ:PRODUCT");
    let hook = "https://webhook.site/app";
    let made = bearer(&world, &tokens.access, "POST", "")
        .json(&subscription(
            2,
            json!({"eventNames": ["ApplicationConnectionRemoved", "PersonalAssertionDeleted"], "destination": hook}),
        ))
        .send()
        .expect(200)
        .json();
    told.ada.post("/account/api_key", json!({})).expect(201);
    assert_eq!(names(&told.news()), ["PersonalAssertionDeleted"]);
    world.web.forget();
    app.post("/oauth/revoke", &[("token", &tokens.refresh)]).expect(200);
    world.run_jobs();
    let sent = world.web.sent_to("https://webhook.site");
    assert_eq!(sent.len(), 1);
    assert!(sent[0].url == hook);
    let (message, payload) = read(&sent[0], made["signingKey"].as_str().unwrap());
    assert_eq!(message["eventName"], "ApplicationConnectionRemoved");
    assert_eq!(payload, json!({"type": "ApplicationConnectionRemoved"}));
}

#[test]
fn what_is_owed_is_a_row_of_its_causes_own_commit_and_costs_who_does_not_listen_no_trip() {
    let world = World::new();
    let quiet = world.seller_named("quiet@example.com", true);
    let id = product(&quiet, json!({"product_type": 4}));
    let trips = |seller: &Seller<'_>, id: &str| {
        world.trips(|| seller.put(&format!("/products/{id}"), json!({"title": "b"})).expect(200))
    };
    assert_eq!(trips(&quiet, &id), 2);
    assert_eq!(world.trips(|| quiet.delete(&format!("/products/{id}")).expect(204)), 1);
    assert_eq!(world.db.rows_in("webhook_logs"), 0);
    assert_eq!(world.db.rows_in("webhook_payloads"), 0);
    let told = Told::by(&world);
    let id = product(&told.ada, json!({"product_type": 4}));
    assert_eq!(trips(&told.ada, &id), 2);
    // Sent by the messages of the commit; cron finds what no message reached.
    assert_eq!(names(&told.news()), ["ProductCreated", "ProductUpdated"]);
    told.ada.put(&format!("/products/{id}"), json!({"title": "c"})).expect(200);
    world.queue.forget();
    world.advance(2 * 60_000);
    world.cron();
    assert_eq!(names(&told.news()), ["ProductUpdated"]);
    // A second subscription of the same place is signed with another key.
    told.ada.subscribes(2, json!({})).expect(200);
    told.ada.put(&format!("/products/{id}"), json!({"title": "d"})).expect(200);
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    assert_eq!(sent.len(), 2);
    let keys = told.ada.subscriptions();
    let keys: Vec<_> =
        keys.as_array().unwrap().iter().map(|one| one["signingKey"].as_str().unwrap().to_owned()).collect();
    let mut signed: Vec<_> = sent.iter().map(|sent| sent.header("x-izettle-signature").to_owned()).collect();
    signed.dedup();
    assert_eq!((signed.len(), keys.len()), (2, 2));
    let ids = world.db.query("SELECT DISTINCT id FROM webhook_logs ORDER BY seq DESC LIMIT 2");
    assert!(ids.len() == 2 && ids.iter().all(|id| id[0].len() == 12), "{ids:?}");
}
