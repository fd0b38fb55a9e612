//! The requests that the specification is made from. Every route needs one that goes well, with every field that it
//! knows; refusals of its own are worth showing. What any route may answer to anybody, `Desk::probe` asks.

use std::{cell::RefCell, collections::BTreeSet};

use pushguard::json::Value;
use serde_json::json;

use super::{
    behaviour::{self, Faults},
    desk::{Desk, Exchange},
    operations::{Operation, Operations},
};
use crate::{
    actors::ZPUB,
    world::{SECOND, World},
};

mod authorized;
mod by_hand;
mod uploads;

use uploads::{LOGO, bad_uploads, upload};

/// A webhook as it arrived.
pub struct Hook {
    pub event: String,
    pub headers: Vec<String>,
    pub body: String,
}

/// A scene is played at a desk of its own, and leaves there what the probes then use.
type Scene = fn(&Desk<'_>);

const SCENES: &[Scene] = &[
    account,
    authorized::authorizations,
    blacklist,
    blacklist_rules,
    categories,
    coupons,
    feedbacks,
    orders,
    by_hand::order_actions,
    pay,
    products,
    uploads::serials,
    queries,
    rehearsal,
    webhooks,
];

pub fn play(exchanges: &RefCell<Vec<Exchange>>, faults: &Faults) -> Vec<Hook> {
    let (operations, mut hooks, mut probed) = (Operations::read(), Vec::new(), BTreeSet::new());
    for scene in SCENES {
        // As a deployment has them, unless its operator says otherwise.
        let world = World::with(&[("RATE_LIMIT_ACCOUNT", "300"), ("RATE_LIMIT_ANONYMOUS", "60")]);
        world.web.says("https://ada.example", 200);
        let desk = Desk::new(&world, world.seller(), exchanges);
        let before = exchanges.borrow().len();
        scene(&desk);
        world.run_jobs();
        hooks.extend(world.web.sent_to("https://ada.example").into_iter().map(|sent| {
            let header = |name: &&String| !["content-type", "user-agent"].contains(&name.to_ascii_lowercase().as_str());
            let names: Vec<String> = sent.headers.iter().map(|(name, _)| name).filter(header).cloned().collect();
            let event = sent.header("X-PushGuard-Event").to_owned();
            Hook { event, headers: names, body: sent.body }
        }));
        let good = |operation: &Operation| {
            let good = |exchange: &&Exchange| exchange.operation == operation.name && exchange.status < 300;
            let found = exchanges.borrow();
            let found = found.iter().skip(before).find(good);
            found.map(|exchange| (exchange.path.clone(), exchange.body.clone()))
        };
        let all = operations.all.iter().filter_map(|operation| Some((operation, good(operation)?)));
        let asked: Vec<_> = all.filter(|(operation, _)| probed.insert(operation.name.clone())).collect(); // once each
        for (operation, (path, body)) in &asked {
            desk.probe(operation, path, body.as_ref());
        }
        for (operation, (path, body)) in &asked {
            behaviour::limits(&desk, operation, path, body.as_ref().unwrap_or(&Value::Null), faults);
        }
    }
    hooks
}

fn id(made: &serde_json::Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

fn account(desk: &Desk<'_>) {
    desk.get("/account");
    desk.put(
        "/account",
        json!({
            "shop_name": "Ada's Apps", "contact_email": "help@ada.example", "contact_url": "https://ada.example/help",
            "gateways": {"bitcoin": {"xpub": ZPUB, "confirmations": 2}},
        }),
    );
    let short = json!({"shop_name": "", "gateways": {"bitcoin": {"xpub": "zpub6rFR7y4Q2AijBEqTUquhVz398"}}});
    desk.refused(400, "PUT", "/account", Some(short));
    let key = ["sk_", "test_51HxxAbCdEfGhIjKlMnOpQrS"].concat();
    let paypal = json!({
        "email": "money@ada.example", "client_id": "AeA1QIZXiflr1_-fN4rc0N8Nd0GEiGaC",
        "client_secret": "EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHP", "webhook_id": "1JE4291016473214C",
    });
    let stripe = json!({"secret_key": key, "webhook_secret": "whsec_Zm9vYmFyYmF6cXV4cXV1eA"});
    desk.put("/account", json!({"gateways": {"paypal": paypal, "stripe": stripe}}));
    let address = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
    let (ethereum, litecoin) = (json!({"address": address, "confirmations": 12}), json!({"xpub": ZPUB}));
    desk.put("/account", json!({"gateways": {"ethereum": ethereum, "litecoin": litecoin}}));
    let payments =
        json!({"underpayment_tolerance": "1.0", "rate_spread": "0.75", "quote_minutes": 15, "watch_hours": 48});
    desk.put("/account", json!({"payments": payments}));
    by_hand::risk_weights(desk);
    desk.refused(400, "PUT", "/account", Some(json!({"payments": {"rate_spread": "21", "quote_minutes": 1}})));
    let shop = json!({
        "slug": "ada", "name": "Ada's Apps", "description": "Apps for **everybody**.", "accent_color": "#2451d6",
        "contact_email": "help@ada.example", "contact_url": "https://ada.example/help", "listed": true, "language": "en", "currency": "EUR", "scripts": false,
        "terms_url": "https://ada.example/terms", "privacy_url": "https://ada.example/privacy",
    });
    desk.put("/account", json!({"shop": shop}));
    desk.refused(400, "PUT", "/account", Some(json!({"shop": {"slug": "no spaces", "accent_color": "#7a7a7a"}})));
    upload(desk, "/account/logo?filename=logo.png", "image/png", LOGO, 200);
    bad_uploads(desk, "/account/logo");
    desk.delete("/account/logo");
    desk.refused(404, "DELETE", "/account/logo", None);
    desk.post("/account/webhook_secret", json!({}));
    desk.get("/account");
    // Twice within a second: the copies near the readers take one change.
    let grace = desk.as_another("grace@example.com", true);
    desk.world.advance(SECOND);
    desk.world.cache.paced.set(true);
    let new = grace.post("/account/api_key", json!({}))["api_key"].as_str().expect("a key").to_owned();
    let owner =
        crate::actors::Seller { world: desk.world, email: "grace@example.com".into(), key: new, secret: String::new() };
    desk.record(owner.ask("POST", "/account/api_key").json(&json!({})).request, true).expect(503);
    desk.world.cache.paced.set(false);
    let live = desk.as_another("alan@example.com", false);
    live.get("/account");
}

fn blacklist(desk: &Desk<'_>) {
    let entry = desk.post(
        "/blacklist",
        json!({
            "blacklist_type": 1, "blocked_data": "eve@example.com", "note": "Charged back twice",
            "expires_at": "2030-01-01T00:00:00Z",
        }),
    );
    let path = format!("/blacklist/{}", id(&entry));
    desk.refused(400, "POST", "/blacklist", Some(json!({"blacklist_type": 2, "blocked_data": "192.0.2.300"})));
    desk.get("/blacklist");
    desk.get(&path);
    desk.world.advance(SECOND);
    desk.put(&path, json!({"blacklist_type": 2, "blocked_data": "192.0.2.0/24", "note": null, "expires_at": null}));
    let other = desk.post("/blacklist", json!({"blacklist_type": 3, "blocked_data": "XK"}));
    desk.delete(&format!("/blacklist/{}", id(&other)));
    uploads::entries(desk);
    by_hand::blocked(desk);
}

fn blacklist_rules(desk: &Desk<'_>) {
    let rule = "customer.email_domain == \"gmail.com\" and customer.email contains \"+\"";
    let name = "Block gmail customers if using \"+\" bypass";
    let made = desk.post(
        "/blacklist_rules",
        json!({
            "action_type": "block", "name": name, "rule": rule, "enabled": true, "priority": 1,
            "expires_at": "2030-01-01T00:00:00Z",
        }),
    );
    let path = format!("/blacklist_rules/{}", id(&made));
    desk.refused(400, "POST", "/blacklist_rules", Some(json!({"action_type": "deny", "name": name, "rule": ""})));
    desk.get("/blacklist_rules");
    desk.get(&path);
    desk.world.advance(SECOND);
    desk.put(&path, json!({"action_type": "allow", "name": name, "rule": rule, "enabled": false, "priority": 2, "expires_at": null}));
    let other = desk.post("/blacklist_rules", json!({"action_type": "allow", "name": "Friends", "rule": "true"}));
    let order = id(&desk.seller.white_label(json!({"ip_address": "203.0.113.7"})));
    desk.post("/blacklist_rules/test", json!({"rule": "order.value >= 10", "limit": 100}));
    desk.refused(
        400,
        "POST",
        "/blacklist_rules/test",
        Some(json!({"rule": "customer.emial == \"x\"", "since": "then"})),
    );
    desk.get(&format!("/orders/{order}/risk"));
    desk.delete(&format!("/blacklist_rules/{}", id(&other)));
}

fn coupons(desk: &Desk<'_>) {
    let made = desk.showing("A percentage").post("/coupons", json!({"code": "SUMMER", "discount": "15"}));
    let path = format!("/coupons/{}", id(&made));
    let everything = json!({
        "code": "WINTER-5", "discount_type": "amount", "discount": "5.00", "currency": "EUR", "product_ids": [],
        "max_uses": 100, "expires_at": "2030-01-01T00:00:00Z",
    });
    let other = desk.showing("An amount").post("/coupons", everything.clone());
    desk.refused(400, "POST", "/coupons", Some(json!({"code": "summer", "discount": "101"})));
    desk.get("/coupons");
    desk.get(&path);
    desk.delete(&format!("/coupons/{}", id(&other)));
    desk.world.advance(SECOND);
    desk.put(&path, everything);
}

fn feedbacks(desk: &Desk<'_>) {
    desk.seller.endpoint("https://ada.example/hook", &["feedback:created", "feedback:updated"]);
    let order = id(&desk.seller.white_label(json!({})));
    let fields = json!({"order_id": order, "rating": 1, "stars": 5, "comment": "Very good seller"});
    desk.refused(400, "POST", "/feedbacks", Some(fields.clone()));
    desk.seller.simulate(&order, "exact", 1);
    let path = format!("/feedbacks/{}", id(&desk.post("/feedbacks", fields)));
    desk.refused(400, "POST", "/feedbacks", Some(json!({"order_id": order, "rating": 2})));
    desk.get("/feedbacks");
    desk.world.advance(SECOND);
    desk.post(&format!("{path}/reply"), json!({"response": "Thanks! :)"}));
    desk.get(&path);
}

fn product(changed: serde_json::Value) -> serde_json::Value {
    let mut fields = json!({
        "title": "Example product", "description": "Example description with _markdown_ support", "price": "9.99",
        "currency": "USD", "product_type": 2, "gateways": ["bitcoin", "ethereum", "paypal"],
        "info": "SERIAL1, SERIAL2, SERIAL3", "stock_delimiter": ",",
    });
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    fields
}

fn categories(desk: &Desk<'_>) {
    let product = id(&desk.seller.post("/products", product(json!({}))).expect(201).json());
    let made = desk.post("/categories", json!({"title": "Demo category", "product_ids": [product], "unlisted": true}));
    let path = format!("/categories/{}", id(&made));
    desk.refused(400, "POST", "/categories", Some(json!({"title": "", "product_ids": ["00000000"]})));
    desk.put(&path, json!({"title": "Updated title", "product_ids": [product], "unlisted": false}));
    upload(desk, &format!("{path}/image?filename=logo.png"), "image/png", LOGO, 200);
    bad_uploads(desk, &format!("{path}/image"));
    desk.get("/categories");
    desk.get(&path);
    let other = format!("/categories/{}", id(&desk.post("/categories", json!({"title": "Other", "product_ids": []}))));
    upload(desk, &format!("{other}/image"), "image/png", LOGO, 200);
    desk.delete(&format!("{other}/image"));
    desk.delete(&other);
}

fn products(desk: &Desk<'_>) {
    let made = desk.showing("Serials").post("/products", product(json!({})));
    let path = format!("/products/{}", id(&made));
    let everything = json!({
        "product_type": 3, "info": null, "private": false, "unlisted": true, "vpn_block": false,
        "seller_note": "Renew the server in May", "maximum_quantity": 5, "minimum_quantity": 1, "stock_amount": 100,
        "theme": 1, "crypto_confirmations": 2, "max_risk_level": 50, "dynamic_url": "https://ada.example/make",
        "paypal_email_delivery": false, "webhook_url": "https://ada.example/hook", "unique_serials": false, "stock_warning": 3,
        "email_message": "Thank you", "volume_discounts": [{"quantity": 5, "percent": "10"}], "custom": [
            {"name": "Discord", "type": "text", "required": true},
            {"name": "Size", "type": "select", "required": false, "options": ["S", "M"]},
        ],
    });
    let dynamic = desk.showing("Made by your server").post("/products", product(everything.clone()));
    desk.showing("Serials that repeat").post("/products", product(json!({"info": "Write to me, Write to me"})));
    let bad = product(json!({"title": "", "product_type": 7, "gateways": ["cash"], "info": "A,A"}));
    desk.refused(400, "POST", "/products", Some(bad));
    desk.get("/products");
    desk.get(&path);
    desk.world.advance(SECOND);
    desk.put(&path, product(json!({"title": "Updated title", "info": "SERIAL4, SERIAL5"})));
    desk.put(&path, json!({"info": "SERIAL4, SERIAL4"}));
    let path = format!("/products/{}", id(&dynamic));
    desk.put(&path, everything);
    desk.put(&path, json!({"product_type": 1}));
    upload(desk, &format!("{path}/image?filename=logo.png"), "image/png", LOGO, 200);
    upload(desk, &format!("{path}/image"), "image/png", b"<svg/>", 400);
    bad_uploads(desk, &format!("{path}/image"));
    bad_uploads(desk, &format!("{path}/file"));
    uploads::file(desk, &path);
    desk.get(&path);
    desk.get("/products");
    for place in ["image", "file"] {
        let other = id(&desk.seller.post("/products", product(json!({"info": null}))).expect(201).json());
        desk.seller.ask("PUT", &format!("/products/{other}/{place}")).body(LOGO).send().expect(200);
        desk.delete(&format!("/products/{other}/{place}"));
        desk.delete(&format!("/products/{other}"));
    }
}

fn orders(desk: &Desk<'_>) {
    let id = id(&desk.seller.white_label(json!({"custom": {"0": "ada"}})));
    desk.seller.simulate(&id, "exact", 1);
    desk.get("/orders");
    desk.get("/orders?status=100&gateway=Bitcoin&product_id=pay&created_after=2023-01-01T00%3A00%3A00Z");
    desk.get("/orders?email=bob%40example.com&created_before=2030-01-01T00%3A00%3A00Z");
    desk.refused(400, "GET", "/orders?status=1&gateway=cash", None);
    desk.get(&format!("/orders/{id}"));
    let table = |query: &str| desk.record(desk.seller.ask("GET", &format!("/orders.csv{query}")).request, true);
    table("?status=100&gateway=Bitcoin&product_id=pay&created_after=2023-01-01T00%3A00%3A00Z&per_page=10").expect(200);
    table("?email=bob%40example.com&created_before=2030-01-01T00%3A00%3A00Z&page=1").expect(200);
    table("?status=1").expect(400);
}

fn pay(desk: &Desk<'_>) {
    let fields = |changed: serde_json::Value| {
        let mut fields = json!({
            "title": "The app", "email": "bob@example.com", "currency": "USD", "value": "10.00", "gateway": "Bitcoin",
            "confirmations": 1, "return_url": "https://ada.example/thanks", "webhook_url": "https://ada.example/hook",
            "custom": {"0": "ada"}, "quantity": 1,
        });
        for (name, value) in changed.as_object().expect("fields") {
            fields[name] = value.clone();
        }
        fields
    };
    let made = desk.showing("A payment link").post("/pay", fields(json!({})));
    let payment = made["url"].as_str().expect("a url").split('/').nth(4).expect("an id").to_owned();
    let several = fields(json!({"gateway": ["Bitcoin", "Litecoin"]}));
    desk.showing("A payment link whose buyer chooses how to pay").post("/pay", several);
    desk.refused(400, "POST", "/pay", Some(fields(json!({"gateway": ["Bitcoin", "bitcoin", "Stripe", "Dogecoin"]}))));
    let mut bare = fields(json!({"white_label": true, "ip_address": "203.0.113.7", "crypto_confirmations": 1}));
    for name in ["return_url", "confirmations"] {
        bare.as_object_mut().expect("fields").remove(name);
    }
    desk.showing("An order without a page (white-label)").post("/pay", bare);
    desk.refused(400, "POST", "/pay", Some(fields(json!({"title": "", "currency": "DOLLAR", "value": "0"}))));
    let keys = json!({"title": "Key", "description": "A key", "price": "5.00", "currency": "USD", "product_type": 2,
        "gateways": ["bitcoin"], "info": "A-1,A-2"});
    let product = desk.seller.post("/products", keys).expect(201).json()["id"].clone();
    let bought = json!({"product_id": product, "gateway": "Bitcoin", "quantity": 2, "white_label": true});
    desk.showing("A product that is bought, without a page").post("/pay", bought.clone());
    desk.refused(400, "POST", "/pay", Some(bought));
    desk.seller.delete(&format!("/products/{}", product.as_str().expect("an id"))).expect(204);
    desk.delete(&format!("/pay/{payment}"));
    let link = desk.seller.link(json!({}));
    desk.world.buyer().start(&link);
    desk.seller.simulate(&link.order_id, "partial", 1);
    desk.refused(403, "DELETE", &format!("/pay/{}", link.id), None);
    let live = desk.as_another("alan@example.com", false);
    live.seller.put("/account", json!({"gateways": {"bitcoin": {"xpub": ZPUB}}})).expect(200);
    live.refused(503, "POST", "/pay", Some(fields(json!({"white_label": true}))));
}

fn queries(desk: &Desk<'_>) {
    desk.seller.endpoint("https://ada.example/hook", &["query:created", "query:replied"]);
    let order = id(&desk.seller.white_label(json!({})));
    let fields = json!({
        "subject": "Before I buy", "email": "bob@example.com", "message": "Do you also accept BTC?", "order_id": order,
    });
    let path = format!("/queries/{}", id(&desk.post("/queries", fields)));
    desk.post("/queries", json!({"subject": "Test", "email": "bob@example.com", "message": "Is anybody there?"}));
    desk.refused(400, "POST", "/queries", Some(json!({"subject": "", "email": "bob", "message": "?"})));
    desk.world.advance(SECOND);
    desk.post(&format!("{path}/reply"), json!({"message": "Nothing but.", "from": "seller"}));
    desk.refused(400, "POST", &format!("{path}/reply"), Some(json!({"message": "?", "from": "nobody"})));
    desk.seller.post(&format!("{path}/reply"), json!({"message": "Thank you!", "from": "customer"})).expect(201);
    desk.get("/queries");
    desk.get(&path);
    desk.world.advance(SECOND);
    desk.post(&format!("{path}/close"), json!({"solved": true}));
}

fn rehearsal(desk: &Desk<'_>) {
    let id = id(&desk.seller.white_label(json!({"confirmations": 2})));
    let fields = json!({"order_id": id, "kind": "partial", "amount": 5_000, "confirmations": 0});
    desk.post("/test/payments", fields);
    desk.post("/test/double_spend", json!({"order_id": id}));
    desk.post("/test/payments", json!({"order_id": id, "kind": "exact"}));
    desk.post("/test/blocks", json!({"count": 2, "order_id": id}));
    for path in ["payments", "double_spend", "blocks"] {
        let fields = json!({"order_id": "nobody's", "kind": "exact", "count": 1});
        desk.refused(404, "POST", &format!("/test/{path}"), Some(fields));
    }
    let live = desk.as_another("alan@example.com", false);
    for path in ["payments", "double_spend", "blocks"] {
        let fields = json!({"order_id": id, "kind": "exact", "count": 1});
        live.refused(403, "POST", &format!("/test/{path}"), Some(fields));
    }
}

fn webhooks(desk: &Desk<'_>) {
    let made = desk.post(
        "/webhooks/endpoints",
        json!({
            "url": "https://ada.example/hook", "events": ["order:created", "order:updated", "order:paid"],
            "enabled": true, "format": "pushguard",
        }),
    );
    let path = format!("/webhooks/endpoints/{}", id(&made));
    let bad = json!({"url": "http://ada.example", "events": ["order:eaten"]});
    desk.refused(400, "POST", "/webhooks/endpoints", Some(bad));
    desk.get("/webhooks/endpoints");
    desk.get(&path);
    let order = id(&desk.seller.white_label(json!({})));
    desk.get("/webhooks/logs");
    desk.seller.simulate(&order, "partial", 0);
    desk.seller.simulate(&order, "exact", 1);
    desk.seller.mine(1);
    desk.world.run_jobs();
    let logs = desk.get("/webhooks/logs");
    let log = id(&logs[0]);
    desk.get(&format!("/webhooks/logs/{log}"));
    desk.post(&format!("/webhooks/logs/{log}/retry"), json!({}));
    for event in ["order:paid", "feedback:created", "query:replied"] {
        let sample = desk.post("/webhooks/simulate", json!({"url": "https://ada.example/hook", "event": event}));
        desk.get(&format!("/webhooks/logs/{}", id(&sample)));
        desk.world.run_jobs();
        desk.post(&format!("/webhooks/logs/{}/retry", id(&sample)), json!({}));
    }
    // No real event yet: its sample is what logs may hold.
    let sample = json!({"url": "https://samples.example/", "event": "product:out_of_stock"});
    desk.world.web.says("https://samples.example", 200);
    desk.post("/webhooks/simulate", sample);
    desk.get("/webhooks/logs");
    desk.post(
        "/webhooks/replay",
        json!({
            "endpoint_id": id(&made), "since": "2023-11-15T00:00:00Z", "until": "2030-01-01T00:00:00Z", "only": "all",
            "latest_per_subject": true, "dry_run": false,
        }),
    );
    desk.world.run_jobs();
    let after = json!({"since": "2023-11-15T00:00:00Z", "after": log, "dry_run": true});
    desk.post("/webhooks/replay", after);
    let other = desk.post("/webhooks/endpoints", json!({"url": "https://ada.example/x", "events": ["order:paid"]}));
    desk.put(&path, json!({"url": "https://ada.example/other", "events": ["order:paid"], "enabled": false}));
    desk.delete(&format!("/webhooks/endpoints/{}", id(&other)));
    failing(desk);
}

/// An endpoint that fails, is disabled, and comes back; another one is told.
fn failing(desk: &Desk<'_>) {
    const AWAY: &str = "https://ada-is-away.example/";
    let told = ["endpoint:failing", "endpoint:disabled"];
    desk.seller.endpoint("https://ada.example/alerts", &told);
    let away = format!("/webhooks/endpoints/{}", desk.seller.endpoint(AWAY, &["order:created"]));
    for status in [500, 500, 410] {
        desk.world.web.says(AWAY, status);
        desk.seller.white_label(json!({}));
        desk.world.run_jobs();
        desk.world.advance(13 * 60 * 60 * SECOND);
    }
    desk.get(&away);
    desk.refused(400, "PUT", &away, Some(json!({"enabled": true})));
    desk.world.web.says(AWAY, 200);
    desk.put(&away, json!({"enabled": true}));
    for event in told {
        desk.post("/webhooks/simulate", json!({"url": "https://ada.example/hook", "event": event}));
    }
}
