//! The pay page: from a link to an order to "paid", as a buyer with or without script meets it.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha512;

use crate::{
    actors::{Link, Reply, Seller},
    world::{Landed, MINUTE, SECOND, World},
};

/// The text of the page's heading.
fn heading(page: &Reply) -> String {
    let text = page.text();
    let from = text.find("<h1").expect("a heading");
    let rest = &text[from..];
    rest[rest.find('>').unwrap() + 1..rest.find("</h1>").unwrap()].to_owned()
}

#[track_caller]
fn shows(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not on the page: {text}");
    }
}

fn started<'w>(world: &'w World) -> (Seller<'w>, Link) {
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link).expect(200);
    (ada, link)
}

#[test]
fn looking_at_a_link_makes_nothing() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"title": "Two apps", "quantity": 2, "currency": "JPY", "value": 1500}));
    let before = world.db.dump();
    for _ in 0..3 {
        let page = world.buyer().get(&link.path).expect(200);
        assert_eq!(heading(&page), "Pay with Bitcoin");
        shows(&page, &["Two apps", "× 2", "1500 JPY", "Ada's Apps", "Nothing is charged yet", "Test payment"]);
        world.buyer().ask("HEAD", &link.path).send().expect(200);
        let reply = world.buyer().get(&link.order()).expect(303);
        assert_eq!(reply.header("location"), Some(link.path.as_str()), "not started: the link starts it");
    }
    assert_eq!(world.db.dump(), before);
    assert!(world.queue.waiting().is_empty());
}

#[test]
fn a_payment_link_becomes_one_order_however_often_it_is_started() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    let link = ada.link(json!({}));
    for _ in 0..5 {
        let page = world.buyer().start(&link).expect(200);
        assert_eq!(heading(&page), "Waiting for payment");
        world.advance(SECOND);
    }
    assert_eq!(world.db.rows_in("orders"), 1);
    assert_eq!(world.db.rows_in("webhook_logs"), 1);
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "1");
    let order = ada.order(&link.order_id);
    for (name, value) in [
        ("ip_address", json!("203.0.113.7")),
        ("country_code", json!("SE")),
        ("user_agent", json!("Lynx/2.9")),
        ("email", json!("bob@example.com")),
        ("product_id", json!("pay")),
        ("value", json!("10.0")),
    ] {
        assert_eq!(order[name], value, "{name}");
    }
}

#[test]
fn two_buyers_who_start_a_link_at_the_same_time_share_one_order() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint("https://hooks.example/", &["order:created"]);
    let link = ada.link(json!({}));
    let (other, path) = (world.redeployed(&[]), link.path.clone());
    // The second is done in between the first one's taking of an address and his making of the order.
    world.db.before_commit(2, move || {
        other.buyer().post(&path, "").expect(303);
    });
    world.buyer().start(&link).expect(200);
    assert_eq!((world.db.rows_in("orders"), world.db.rows_in("webhook_logs")), (1, 1));
    let address = ada.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    assert!(world.buyer().get(&link.order()).text().contains(&format!("bitcoin:{address}?amount=0.0002")));
}

#[test]
fn a_start_whose_commit_breaks_can_be_repeated() {
    for (n, landed) in [(1, Landed::No), (1, Landed::Yes), (2, Landed::No), (2, Landed::Yes)] {
        let world = World::new();
        let ada = world.seller();
        ada.endpoint("https://hooks.example/", &["order:created"]);
        let link = ada.link(json!({}));
        world.db.break_commit(n, landed);
        let page = world.buyer().post(&link.path, "").expect(500);
        shows(&page, &["Something broke on our side", page.header("x-request-id").unwrap(), "Try again"]);
        assert!(!page.text().contains("connection was lost"), "no internals");
        world.buyer().start(&link).expect(200);
        assert_eq!((world.db.rows_in("orders"), world.db.rows_in("webhook_logs")), (1, 1), "{n} {landed:?}");
        ada.simulate(&link.order_id, "exact", 1);
        assert_eq!(ada.status(&link.order_id), 100);
    }
}

#[test]
fn a_link_that_is_destroyed_while_it_is_started_makes_no_order() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    let (other, email, key, id) = (world.redeployed(&[]), ada.email.clone(), ada.key.clone(), link.id.clone());
    world.db.before_commit(2, move || {
        let basic = crate::actors::basic(&email, &key);
        other.ask("DELETE", &format!("/api/v2/pay/{id}")).header("authorization", basic).send().expect(204);
    });
    shows(&world.buyer().post(&link.path, "").expect(410), &["This link is closed"]);
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn a_page_asks_for_the_email_that_the_seller_did_not_know() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"email": null}));
    shows(
        &world.buyer().get(&link.path).expect(200),
        &["Ada's Apps</bdi> asks for your e-mail, to reach you", "type=\"email\""],
    );
    let attempts = [
        ("", "Please enter your e-mail address."),
        ("email=", "Please enter your e-mail address."),
        ("email=+", "Please enter your e-mail address."),
        ("email=bob", "That doesn't look like an e-mail address."),
        ("email=%3Cscript%3E%40example.com", "That doesn't look like an e-mail address."),
        ("email=a%40b.co%0d%0aBcc%3A+c%40d.ef", "That doesn't look like an e-mail address."),
    ];
    for (form, sentence) in attempts {
        let page = world.buyer().post(&link.path, form).expect(422);
        shows(&page, &[sentence, "role=\"alert\""]);
        assert!(!page.text().contains("data-auto"), "a script must not press the button for ever");
    }
    assert_eq!(world.db.rows_in("orders"), 0);
    assert_eq!(world.db.one("SELECT next_index FROM wallets"), "0");
    world.buyer().post(&link.path, "email=+eve%40example.com+").expect(303);
    assert_eq!(ada.order(&link.order_id)["email"], "eve@example.com");
    let known = ada.link(json!({}));
    assert!(!world.buyer().get(&known.path).text().contains("type=\"email\""));
    world.buyer().post(&known.path, "email=mallory%40example.com").expect(303);
    assert_eq!(ada.order(&known.order_id)["email"], "bob@example.com", "the seller's word stands");
}

#[test]
fn a_waiting_page_has_all_that_a_wallet_needs() {
    let world = World::new();
    let (ada, link) = started(&world);
    let address = ada.order(&link.order_id)["crypto_address"].as_str().unwrap().to_owned();
    world.advance(61 * SECOND);
    let page = world.buyer().get(&link.order()).expect(200);
    let uri = format!("href=\"bitcoin:{address}?amount=0.0002\"");
    let copy = format!("data-copy=\"{address}\"");
    shows(&page, &["Waiting for payment", &uri, &copy, "data-copy=\"0.0002\"", "1 BTC = 50,000 USD", "<svg", "18:59"]);
    shows(&page, &["data-left=\"1139\"", &format!("data-live=\"{}/live\"", link.path), "Check for my payment"]);
}

#[test]
fn a_page_that_has_not_changed_is_not_sent_again() {
    let world = World::new();
    let (ada, link) = started(&world);
    let ask = |etag: &str| world.buyer().ask("GET", &link.order()).header("if-none-match", etag).send();
    let etag = world.buyer().get(&link.order()).header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), format!("W/\"x\",W/{etag}")] {
        let reply = ask(&known).expect(304);
        assert_eq!((reply.text().as_str(), reply.header("etag")), ("", Some(etag.as_str())));
    }
    ask("\"other\"").expect(200);
    ask("").expect(200);
    let mut seen = vec![etag];
    let mut changed = |what: &str| {
        let reply = ask(seen.last().unwrap()).expect(200);
        let etag = reply.header("etag").unwrap().to_owned();
        assert!(!seen.contains(&etag), "{what}");
        seen.push(etag);
    };
    ada.simulate(&link.order_id, "partial", 0);
    changed("partially paid");
    world.advance(21 * MINUTE);
    changed("the clock alone ran out");
    world.buyer().post(&link.order(), "").expect(303);
    changed("a new price");
    ada.simulate(&link.order_id, "exact", 0);
    changed("seen");
    ada.mine(1);
    changed("paid");
}

#[test]
fn a_new_price_is_given_when_the_old_one_has_run_out_and_not_before() {
    let world = World::new();
    world.esploras();
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    world.buyer().start(&link).expect(200);
    world.coinbase(json!({"USD": "40000"}));
    world.advance(19 * MINUTE);
    world.buyer().post(&link.order(), "").expect(303);
    assert_eq!(grace.order(&link.order_id)["crypto_value"], 20_000, "while it holds, it holds");
    world.advance(2 * MINUTE);
    let page = world.buyer().get(&link.order()).expect(200);
    assert_eq!(heading(&page), "This price has expired");
    shows(&page, &["Get a new price", "Don't send again"]);
    let address = grace.order(&link.order_id)["crypto_address"].clone();
    let page = world.buyer().post(&link.order(), "action=requote").expect(303);
    assert_eq!(page.header("location"), Some(link.order().as_str()));
    let order = grace.order(&link.order_id);
    assert_eq!((&order["crypto_value"], &order["crypto_address"]), (&json!(25_000), &address), "the address stays");
    shows(&world.buyer().get(&link.order()).expect(200), &["Waiting for payment", "20:00", "amount=0.00025"]);
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn a_paid_page_sends_the_buyer_back_with_a_signature_that_verifies() {
    for (given, base) in [
        ("https://ada.example/thanks", "https://ada.example/thanks?"),
        ("https://ada.example/thanks?cart=7&x=a%20b", "https://ada.example/thanks?cart=7&x=a%20b&"),
        ("https://ada.example/", "https://ada.example/?"),
        ("https://ada.example", "https://ada.example?"),
        ("https://ada.example/spa?a=1#/done", "https://ada.example/spa?a=1&"),
    ] {
        let world = World::new();
        let ada = world.seller();
        let link = ada.link(json!({"return_url": given}));
        world.buyer().start(&link).expect(200);
        world.advance(90 * SECOND);
        ada.simulate(&link.order_id, "exact", 1);
        world.advance(90 * SECOND);
        let page = world.buyer().get(&link.order()).expect(200);
        assert_eq!(heading(&page), "Payment complete");
        shows(&page, &["Back to ada.example", &link.order_id, "0.0002 BTC"]);
        let text = page.text();
        let from = text.find("id=\"back\"").unwrap();
        let href = text[from..].split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let (url, fragment) = href.split_once('#').map_or((href.as_str(), ""), |(url, end)| (url, end));
        assert_eq!(fragment, if given.contains('#') { "/done" } else { "" });
        let timestamp = 1_700_006_490; // When it was paid, not when the page was asked for.
        let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(ada.secret.as_bytes()).unwrap();
        mac.update(format!("{}.100.{timestamp}", link.order_id).as_bytes());
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let order_id = &link.order_id;
        let added = format!("order_id={order_id}&status=100&timestamp={timestamp}&signature={signature}");
        assert_eq!(url, format!("{base}{added}"), "{given}");
        assert!(text.contains("http-equiv=\"refresh\""), "without script he goes there as well");
    }
}

#[test]
fn a_partial_payer_is_told_what_is_missing() {
    let world = World::new();
    let (ada, link) = started(&world);
    ada.post("/test/payments", json!({"order_id": link.order_id, "kind": "partial", "amount": 5_000})).expect(201);
    let page = world.buyer().get(&link.order()).expect(200);
    assert_eq!(heading(&page), "Send 0.00015 BTC more");
    shows(&page, &["<strong>0.00005 BTC</strong> has arrived", "amount=0.00015\"", "data-copy=\"0.00015\""]);
    world.advance(21 * MINUTE);
    let page = world.buyer().ask("GET", &format!("{}?news", link.order())).send().expect(200);
    assert_eq!(heading(&page), "This price has expired", "a page that was left open is not priced anew for ever");
    shows(&page, &["We received 0.00005 BTC", "Your money is not lost", "Get a new price"]);
    let page = world.buyer().get(&link.order()).expect(200);
    assert_eq!(heading(&page), "Send 0.00015 BTC more", "one that is opened is");
    shows(&page, &["20:00", "amount=0.00015\""]);
}

#[test]
fn a_partial_payer_who_comes_back_sees_what_is_missing_at_the_price_of_now() {
    let world = World::new();
    let [one, two] = world.esploras();
    let (grace, link, address) = crate::order::sync_schedule::scene(&world);
    for server in [&one, &two] {
        server.sees(1, &address, 10_000);
        server.mines(1);
    }
    world.live_through(MINUTE);
    world.no_rates();
    world.live_through(30 * MINUTE);
    let page = || world.buyer().get(&link.order()).expect(200);
    assert_eq!(heading(&page()), "This price has expired", "without a rate nothing is priced, and nothing breaks");
    world.coinbase(json!({"USD": "40000"}));
    // Half of ten dollars is paid; the other half is worth more coin now.
    assert_eq!(heading(&page()), "Send 0.000125 BTC more");
    shows(&page(), &["1 BTC = 40,000 USD", "amount=0.000125\""]);
    assert_eq!(grace.order(&link.order_id)["crypto_value"], 22_500);
    for server in [&one, &two] {
        server.sees(2, &address, 12_500);
        server.mines(1);
    }
    world.live_through(MINUTE);
    assert_eq!((heading(&page()).as_str(), grace.status(&link.order_id)), ("Payment complete", 100));
}

#[test]
fn each_way_in_which_a_payment_goes_wrong_is_said_on_its_page() {
    let world = World::new();
    let ada = world.seller();
    let started = |fields: serde_json::Value| {
        let link = ada.link(fields);
        world.buyer().start(&link).expect(200);
        link
    };
    let page = |link: &Link| world.buyer().get(&link.order()).expect(200);
    let pay = |link: &Link, amount: u32| {
        let fields = json!({"order_id": link.order_id, "kind": "exact", "amount": amount, "confirmations": 1});
        ada.post("/test/payments", fields).expect(201);
    };
    let short = started(json!({}));
    pay(&short, 19_950);
    shows(
        &page(&short),
        &["Payment complete", "It was <strong>0.0000005 BTC</strong> less than the price, and was accepted."],
    );
    assert_eq!(ada.order(&short.order_id)["exceptions"], json!(["underpaid"]));
    let late = started(json!({}));
    let part = json!({"order_id": late.order_id, "kind": "late", "amount": 5_000, "confirmations": 1});
    ada.post("/test/payments", part).expect(201);
    shows(&page(&late), &["Send 0.00015 BTC more", "counts at the rate of its time"]);
    let gone = started(json!({"confirmations": 0}));
    ada.simulate(&gone.order_id, "exact", 0);
    assert_eq!(heading(&page(&gone)), "Payment complete");
    ada.post("/test/double_spend", json!({"order_id": gone.order_id})).expect(201);
    assert_eq!(heading(&page(&gone)), "Payment vanished");
    shows(&page(&gone), &["is no longer on the chain", "data-live="]);
    world
        .db
        .change(&format!("UPDATE orders SET wrong_currency = 1, refunded_value = 250 WHERE id = '{}'", short.order_id));
    shows(&page(&short), &["Money has come in another currency", "<strong>2.50 USD</strong> has gone back to you."]);
}

#[test]
fn a_confirming_page_counts_confirmations() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"confirmations": 3}));
    world.buyer().start(&link).expect(200);
    ada.simulate(&link.order_id, "exact", 0);
    let page = || world.buyer().get(&link.order()).expect(200);
    assert_eq!(heading(&page()), "Payment seen");
    shows(&page(), &["Waiting for the first confirmation", "0 of 3", "There is nothing left to do"]);
    ada.mine(1);
    shows(&page(), &["1 of 3 confirmations.", "<progress id=\"progress\" max=\"3\" value=\"1\">"]);
    ada.mine(1);
    shows(&page(), &["2 of 3 confirmations."]);
    ada.mine(1);
    assert_eq!(heading(&page()), "Payment complete");
}

#[test]
fn who_paid_too_much_or_too_late_is_told_so() {
    let world = World::new();
    let (ada, link) = started(&world);
    ada.simulate(&link.order_id, "over", 1);
    let page = world.buyer().get(&link.order()).expect(200);
    shows(&page, &["Payment complete", "You sent <strong>0.00002001 BTC</strong> too much"]);
    assert!(!page.text().contains("after the price had expired"));
    let link = ada.link(json!({}));
    world.buyer().start(&link).expect(200);
    ada.simulate(&link.order_id, "late", 1);
    let page = world.buyer().get(&link.order()).expect(200);
    shows(&page, &["Payment complete", "It came after the price had expired, and was accepted."]);
    assert!(!page.text().contains("too much"));
}

#[test]
fn only_a_test_payment_says_so_and_has_buttons() {
    let world = World::new();
    let (ada, link) = started(&world);
    let press = |form: &str| world.buyer().post(&format!("{}/test", link.path), form);
    shows(&world.buyer().get(&link.order()), &["Test payment", "Simulate", "Pay exactly"]);
    press("action=dance").expect(404);
    press("action=pay&kind=nothing").expect(404);
    press("action=pay&kind=exact").expect(303);
    assert_eq!(ada.status(&link.order_id), 54);
    press("action=double_spend").expect(303);
    assert_eq!(ada.status(&link.order_id), 0);
    press("action=pay&kind=over").expect(303);
    press("action=block").expect(303);
    assert_eq!(ada.status(&link.order_id), 100);
    press("action=pay&kind=exact").expect(303);

    world.esploras();
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    let page = world.buyer().start(&link).expect(200);
    assert!(!page.text().contains("Test payment") && !page.text().contains("Simulate"));
    world.buyer().post(&format!("{}/test", link.path), "action=pay&kind=exact").expect(404);
    assert_eq!(grace.status(&link.order_id), 0);
}

#[test]
fn a_page_follows_its_order_over_a_websocket() {
    let world = World::new();
    let (ada, link) = started(&world);
    let live = format!("{}/live", link.path);
    let reply = world.buyer().ask("GET", &live).header("upgrade", "WebSocket").send().expect(101);
    assert!(matches!(reply.body(), pushguard::http::Body::Live(order_id) if *order_id == link.order_id));
    assert_eq!(world.buyer().get(&live).expect(426).header("upgrade"), Some("websocket"));
    let before = world.live.told().len();
    ada.simulate(&link.order_id, "exact", 1);
    assert_eq!(world.live.told()[before..].join(" "), link.order_id, "and is told of a change, once");
}
