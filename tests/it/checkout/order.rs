//! The order's own page: live as that of a payment link, and afterwards its receipt for ever.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    purchase::{buy, id, product},
    world::{DAY, KEY_A, KEY_B, MINUTE, SECOND, World},
};

fn order(ada: &Seller<'_>, fields: Value) -> String {
    id(&ada.white_label(fields))
}

#[test]
fn an_order_is_paid_on_its_own_page() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({"return_url": null}));
    let page = world.receipt(&id);
    let shown = |heading: &str, parts: &[&str]| {
        let (title, text) = world.buyer().page(&page);
        assert_eq!(title, heading);
        for part in parts {
            assert!(text.contains(part), "{part}: {text}");
        }
        text
    };
    let live = format!("data-live=\"{page}/live\"");
    shown("Waiting for payment", &[&live, &format!("data-state=\"{page}\""), "Ada's Apps", "The app", "10.00 USD"]);
    shown("Waiting for payment", &["Simulate", &format!("action=\"{page}/test\"")]);
    world.advance(21 * MINUTE);
    shown("This price has expired", &["Get a new price", &format!("action=\"{page}\"")]);
    let again = world.buyer().post(&page, "").expect(303);
    assert_eq!(again.header("location"), Some(page.as_str()));
    let press = |form: &str| world.buyer().post(&format!("{page}/test"), form).expect(303);
    assert_eq!(press("action=pay&kind=partial").header("location"), Some(page.as_str()));
    shown("Send 0.0001 BTC more", &["has arrived"]);
    press("action=pay&kind=exact");
    shown("Payment seen", &[]);
    press("action=block");
    let text = shown(
        "Payment complete",
        &["0.0002 BTC", "<dt>Rate</dt><dd>1 BTC = 50,000 USD</dd>", "Give feedback"].map(|part| part),
    );
    assert!(!text.contains("http-equiv"), "there is no shop to go back to");
}

#[test]
fn a_page_is_one_trip_and_none_for_who_guesses() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({}));
    let page = world.receipt(&id);
    // These tests have three databases: each is asked, at the same time, until the order's is known.
    assert_eq!(world.trips(|| world.buyer().get(&page).expect(200)), 3);
    assert_eq!(world.trips(|| world.buyer().get(&page).expect(200)), 1);
    for path in [
        format!("{page}x"),
        page.replace(&id, "3b0c6d4e-0d39-4c3d-8a52-5b2f1c0f7a11"),
        format!("/order/{id}"),
        format!("/order/{id}/"),
    ] {
        assert_eq!(world.trips(|| world.buyer().get(&path).expect(404)), 0, "{path}");
    }
    let text = world.buyer().get(&format!("{page}x")).text();
    assert!(text.contains("There is nothing here") && !text.contains("The app"), "{text}");
    let unknown = world.receipt("3b0c6d4e-0d39-4c3d-8a52-5b2f1c0f7a11");
    world.buyer().get(&unknown).expect(404);
    for part in ["live", "file", "feedback", "query", "test", "receipt", "x/y"] {
        let reply = world.buyer().ask("PUT", &format!("{page}/{part}")).send();
        assert!([404, 405].contains(&reply.status()), "{part}");
    }
}

#[test]
fn an_order_is_found_in_whichever_database_it_is() {
    let world = World::new();
    let sellers = ["ada", "eve", "bob"].map(|name| world.seller_named(&format!("{name}@example.com"), true));
    for seller in &sellers {
        let id = order(seller, json!({"title": seller.email}));
        assert!(world.buyer().page(&world.receipt(&id)).1.contains(&seller.email));
        seller.simulate(&id, "exact", 1);
        assert_eq!(world.buyer().page(&world.receipt(&id)).0, "Payment complete");
    }
    let id = order(&sellers[1], json!({}));
    world.db.down.set(Some(0));
    world.buyer().get(&world.receipt(&id)).expect(200);
    let missing = world.receipt("3b0c6d4e-0d39-4c3d-8a52-5b2f1c0f7a11");
    world.buyer().get(&missing).expect(500);
    world.db.down.set(None);
    world.buyer().get(&missing).expect(404);
}

#[test]
fn a_receipt_never_expires_and_outlives_its_key_while_that_is_listed() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({}));
    let page = world.receipt(&id);
    ada.simulate(&id, "exact", 1);
    world.advance(3_650 * DAY);
    assert_eq!(world.buyer().page(&page).0, "Payment complete");
    let both = format!("{KEY_B},{KEY_A}");
    let rotated = world.redeployed(&[("TOKEN_KEYS", &both)]);
    assert_eq!(rotated.buyer().page(&page).0, "Payment complete");
    assert_ne!(rotated.receipt(&id), page, "new ones are of the new key");
    world.redeployed(&[("TOKEN_KEYS", KEY_B)]).buyer().get(&page).expect(404);
}

#[test]
fn a_receipt_leads_back_to_the_shop_while_it_is_new() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({}));
    ada.simulate(&id, "exact", 1);
    let page = world.receipt(&id);
    let (_, new) = world.buyer().page(&page);
    for part in ["Back to ada.example", "data-return=\"5\"", "http-equiv=\"refresh\"", &format!("href=\"{page}?stay\"")]
    {
        assert!(new.contains(part), "{part}: {new}");
    }
    assert!(!new.contains("name=\"stars\""), "nobody is led away from a form");
    let (_, staying) = world.buyer().page(&format!("{page}?stay"));
    assert!(staying.contains("name=\"stars\"") && !staying.contains("http-equiv") && !staying.contains("data-return"));
    world.advance(11 * MINUTE);
    let (_, kept) = world.buyer().page(&page);
    assert!(
        kept.contains("name=\"stars\"") && kept.contains("Back to ada.example") && !kept.contains("http-equiv"),
        "{kept}"
    );
}

#[test]
fn a_transaction_leads_to_its_explorer_where_it_has_one() {
    let world = World::new();
    world.esploras();
    let [one, two] = world.esploras();
    let grace = world.live_seller();
    let order = grace.white_label(json!({}));
    let address = order["crypto_address"].as_str().unwrap().to_owned();
    for server in [&one, &two] {
        server.sees(1, &address, 20_000);
        server.mines(1);
    }
    world.live_through(MINUTE);
    let page = world.receipt(&id(&order));
    let shown = |world: &World| world.buyer().page(&page).1;
    let text = shown(&world);
    let txid = text.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(
        text.contains(&format!(
            "href=\"https://mempool.space/tx/{txid}\" target=\"_blank\" rel=\"noopener noreferrer\""
        )),
        "{text}"
    );
    let own = world.redeployed(&[("BITCOIN_EXPLORER_URL", "https://look.example/btc/")]);
    assert!(shown(&own).contains(&format!("href=\"https://look.example/btc/tx/{txid}\"")));
    let test = world.redeployed(&[("BITCOIN_NETWORK", "testnet")]);
    assert!(shown(&test).contains("https://mempool.space/testnet/tx/"));
    for none in [("BITCOIN_EXPLORER_URL", "off"), ("BITCOIN_NETWORK", "regtest")] {
        assert!(!shown(&world.redeployed(&[none])).contains("/tx/"), "{none:?}");
    }
    let ada = world.seller();
    let simulated = self::order(&ada, json!({}));
    ada.simulate(&simulated, "exact", 1);
    assert!(!world.buyer().page(&world.receipt(&simulated)).1.contains("/tx/"), "nobody has seen it");
}

#[test]
fn each_way_of_delivery_is_told_in_plain_words() {
    let world = World::new();
    let ada = world.seller();
    let paid = |fields: Value| {
        let id = id(&buy(&ada, &product(&ada, fields), json!({})).expect(201).json());
        ada.simulate(&id, "exact", 1);
        id
    };
    let text = |id: &str| world.buyer().page(&world.receipt(id)).1;
    let keys = paid(json!({"product_type": 2, "info": "AAA,BBB"}));
    assert!(text(&keys).contains(">AAA</pre>") && !text(&keys).contains("data-live"));
    let file = paid(json!({"product_type": 1}));
    assert!(text(&file).contains("Download the file"));
    let service = paid(json!({"product_type": 4, "info": "We write to you."}));
    assert!(text(&service).contains("delivers this by hand") && text(&service).contains(">We write to you.</pre>"));
    let dynamic = paid(json!({"product_type": 3, "dynamic_url": "https://goods.example/"}));
    assert!(text(&dynamic).contains("are being prepared") && text(&dynamic).contains("data-live"));
    world.web.says("https://goods.example/", 500);
    world.live_through(2 * DAY);
    assert!(text(&dynamic).contains("could not be delivered by themselves"));
    let one = product(&ada, json!({"product_type": 2, "info": "ONE"}));
    let [first, late] = [(); 2].map(|()| {
        let order = id(&buy(&ada, &one, json!({})).expect(201).json());
        world.advance(DAY);
        order
    });
    ada.simulate(&late, "late", 1);
    ada.simulate(&first, "late", 1);
    let (with, without) = if text(&first).contains(">ONE<") { (first, late) } else { (late, first) };
    assert!(text(&with).contains(">ONE</pre>"));
    assert!(
        text(&without).contains("Nothing was left when your payment arrived") && text(&without).contains("data-live")
    );
    ada.put(&format!("/products/{one}/serials"), json!({"serials": ["TWO"]}));
    world.advance(SECOND);
}

#[test]
fn what_costs_nothing_or_was_completed_by_hand_says_so() {
    let world = World::new();
    let ada = world.seller();
    let id = order(&ada, json!({}));
    ada.post(&format!("/orders/{id}/complete"), json!({"note": "Paid in cash"})).expect(200);
    let (title, text) = world.buyer().page(&world.receipt(&id));
    assert_eq!(title, "Order complete");
    assert!(text.contains("Ada's Apps</bdi> has completed this order.") && !text.contains("0 BTC"), "{text}");
}

#[test]
fn an_order_at_a_gateway_comes_back_to_the_page_it_left() {
    let world = World::new();
    let desk = world.cards();
    let link = desk.order(json!({"value": "10.01"}));
    let page = world.receipt(&link.order_id);
    let (title, text) = world.buyer().page(&page);
    assert!(title.starts_with("Pay by card"), "{title}");
    assert!(text.contains("Continue to Stripe"), "{text}");
    world.advance(DAY + MINUTE);
    let (_, text) = world.buyer().page(&page);
    assert!(text.contains(&format!("action=\"{page}\"")), "{text}");
}
