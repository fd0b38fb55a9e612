//! A payment link of several gateways: its buyer chooses one.

use serde_json::{Value, json};

use crate::{
    actors::{Link, Reply, Seller},
    gateway::paypal::scene::SELLER,
    purchase::product,
    world::{DAY, MINUTE, World, answer},
};

#[track_caller]
fn shows(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not on the page: {text}");
    }
}

/// The radio buttons of a page: the gateway's slug, and `chosen`, `closed` or neither.
fn ways(page: &Reply) -> Vec<(String, &'static str)> {
    let text = page.text();
    let inputs = text.split("<input type=\"radio\"").skip(1).map(|rest| rest.split('>').next().unwrap().to_owned());
    let way = |input: String| {
        let slug = input.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let state = match (input.contains(" checked"), input.contains(" disabled")) {
            (true, false) => "chosen",
            (false, true) => "closed",
            (false, false) => "",
            (true, true) => "both",
        };
        (slug, state)
    };
    inputs.map(way).collect()
}

#[track_caller]
fn offers(page: &Reply, expected: &[(&str, &str)]) {
    let ways = ways(page);
    let ways: Vec<_> = ways.iter().map(|(slug, state)| (slug.as_str(), *state)).collect();
    assert_eq!(ways, expected);
}

/// A test account with coins and PayPal's button.
fn seller(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.put("/account", json!({"gateways": {"paypal": {"email": SELLER}}})).expect(200);
    ada
}

fn link(seller: &Seller<'_>, mut changed: Value) -> Link {
    changed["gateway"] = json!(["Litecoin", "PayPal", "Bitcoin"]);
    seller.link(changed)
}

fn choose(world: &World, link: &Link, gateway: &str) -> Reply {
    world.buyer().post(&link.path, &format!("gateway={gateway}"))
}

#[test]
fn the_page_asks_how_to_pay_and_makes_nothing() {
    let world = World::new();
    let ada = seller(&world);
    let link = link(&ada, json!({}));
    let before = world.db.dump();
    assert_eq!(world.trips(|| world.buyer().get(&link.path).expect(200)), 0);
    let page = world.buyer().get(&link.path).expect(200);
    shows(&page, &["Choose how to pay", "You pay at PayPal and come back here.", "Next you get the exact amount"]);
    offers(&page, &[("litecoin", "chosen"), ("paypal", ""), ("bitcoin", "")]);
    assert!(!page.text().contains("data-auto"), "nobody chooses for the buyer");
    assert_eq!(world.db.dump(), before);
    let german = world.buyer().ask("GET", &link.path).header("accept-language", "de").send().expect(200);
    shows(&german, &["<html lang=\"de\">", "<legend>Bezahlen mit</legend>"]);
}

#[test]
fn what_is_chosen_is_what_the_order_is_paid_through() {
    let world = World::new();
    let ada = seller(&world);
    for (slug, name, go) in [("litecoin", "Litecoin", ""), ("paypal", "PayPal", "?go=1"), ("bitcoin", "Bitcoin", "")] {
        let link = link(&ada, json!({"confirmations": 2}));
        let trips = world.trips(|| {
            let started = choose(&world, &link, slug).expect(303);
            assert_eq!(started.header("location"), Some(format!("{}{go}", link.order()).as_str()));
        });
        assert_eq!(trips, 2, "{slug}");
        let order = ada.order(&link.order_id);
        assert_eq!(order["gateway"], name);
        assert_eq!(order["crypto_address"].is_string(), go.is_empty(), "{order}");
        let needed = format!("SELECT confirmations_needed FROM orders WHERE id = '{}'", link.order_id);
        assert_eq!(world.db.one(&needed), "2");
    }
}

#[test]
fn whoever_chooses_nothing_or_what_is_not_offered_is_asked_again_with_what_they_typed() {
    let world = World::new();
    let ada = seller(&world);
    let link = link(&ada, json!({"email": null}));
    let wild = "%22%3E%3Cscript%3E";
    for sent in
        ["", "gateway=", "gateway=stripe", "gateway=ethereum", "gateway=Bitcoin,PayPal", &format!("gateway={wild}")]
    {
        let page = world.buyer().post(&link.path, &format!("{sent}&email=bob%40example.com")).expect(422);
        shows(&page, &["id=\"gateway-problem\" role=\"alert\">Please choose how to pay.", "value=\"bob@example.com\""]);
        offers(&page, &[("litecoin", "chosen"), ("paypal", ""), ("bitcoin", "")]);
        assert!(!page.text().contains("<script>"));
    }
    let page = world.buyer().post(&link.path, "gateway=bitcoin&email=bob").expect(422);
    shows(&page, &["look like an e-mail address", "value=\"bob\""]);
    offers(&page, &[("litecoin", ""), ("paypal", ""), ("bitcoin", "chosen")]);
    let page = world.buyer().post(&link.path, "").expect(422);
    shows(&page, &["Please enter your e-mail address.", "Please choose how to pay."]);
    assert_eq!((world.db.rows_in("orders"), world.db.one("SELECT MAX(next_index) FROM wallets")), (0, "0".into()));
    world.buyer().post(&link.path, "gateway=bitcoin&email=bob%40example.com").expect(303);
    assert_eq!(ada.order(&link.order_id)["email"], "bob@example.com");
}

#[test]
fn two_who_choose_differently_share_the_order_of_whoever_was_first() {
    let world = World::new();
    let ada = seller(&world);
    for (first, second) in [("litecoin", "bitcoin"), ("paypal", "bitcoin"), ("bitcoin", "paypal")] {
        let link = link(&ada, json!({}));
        choose(&world, &link, first).expect(303);
        let other = choose(&world, &link, second).expect(303);
        assert_eq!(other.header("set-cookie"), None, "who comes second isn't who started it");
        assert!(other.header("location").unwrap().starts_with(&link.order()));
        assert_eq!(ada.order(&link.order_id)["gateway"].as_str().unwrap().to_lowercase(), first);
    }
    for (first, second) in [("litecoin", "bitcoin"), ("paypal", "bitcoin"), ("bitcoin", "paypal")] {
        let link = link(&ada, json!({}));
        let (other, path) = (world.redeployed(&[]), link.path.clone());
        // The second's order is made between the first one's two commits.
        world.db.before_commit(2, move || {
            other.buyer().post(&path, &format!("gateway={second}")).expect(303);
        });
        choose(&world, &link, first).expect(303);
        assert_eq!(ada.order(&link.order_id)["gateway"].as_str().unwrap().to_lowercase(), second);
    }
    assert_eq!(world.db.rows_in("orders"), 6);
}

#[test]
fn whoever_has_chosen_is_led_back_to_the_order_and_others_are_asked() {
    let world = World::new();
    let link = link(&seller(&world), json!({}));
    let started = choose(&world, &link, "bitcoin").expect(303);
    let cookie = started.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = world.buyer().ask("GET", &link.path).header("cookie", cookie).send().expect(303);
    assert_eq!(back.header("location"), Some(link.order().as_str()));
    shows(&world.buyer().get(&link.path).expect(200), &["Choose how to pay"]);
}

#[test]
fn a_coin_without_a_rate_is_shown_as_closed_and_the_others_work() {
    let world = World::new();
    let desk = world.cards_of(&world.live_seller());
    let link = desk.grace.link(json!({"gateway": ["Bitcoin", "Stripe"]}));
    offers(&world.buyer().get(&link.path), &[("bitcoin", "chosen"), ("stripe", "")]);
    // Somebody's quote puts the rates near the readers.
    desk.grace.white_label(json!({}));
    offers(&world.buyer().get(&link.path), &[("bitcoin", "chosen"), ("stripe", "")]);
    world.no_rates();
    world.advance(16 * MINUTE);
    let fetches = world.web.sent().len();
    let page = world.buyer().get(&link.path).expect(200);
    offers(&page, &[("bitcoin", "closed"), ("stripe", "chosen")]);
    shows(&page, &["No exchange rate right now", "Card (Stripe)"]);
    assert_eq!(world.web.sent().len(), fetches, "a look asks nobody");
    // A page that was opened before.
    let page = choose(&world, &link, "bitcoin").expect(503);
    assert_eq!(page.header("retry-after"), Some("30"));
    shows(&page, &["Bitcoin can't be used right now. Nothing was charged."]);
    offers(&page, &[("bitcoin", "closed"), ("stripe", "chosen")]);
    assert_eq!(world.db.rows_in("orders"), 1);
    choose(&world, &link, "stripe").expect(303);
    assert_eq!(desk.grace.order(&link.order_id)["gateway"], "Stripe");
}

#[test]
fn without_any_rate_the_page_says_so_and_how_to_try_again() {
    let world = World::new();
    let grace = world.live_seller();
    grace.put("/account", json!({"gateways": {"litecoin": {"xpub": crate::actors::XPUB}}})).expect(200);
    let link = grace.link(json!({"gateway": ["Bitcoin", "Litecoin"]}));
    world.no_rates();
    // Litecoin was never asked for: it may have one.
    let page = choose(&world, &link, "bitcoin").expect(503);
    offers(&page, &[("bitcoin", "chosen"), ("litecoin", "")]);
    choose(&world, &link, "litecoin").expect(503);
    assert_eq!(world.db.one("SELECT MAX(next_index) FROM wallets"), "0", "no address is used up");
    world.coinbase(json!({"USD": "50000"}));
    let litecoin = json!({"data": {"currency": "LTC", "rates": {"USD": "100"}}}).to_string();
    world.web.on("https://coinbase.example/v2/exchange-rates?currency=LTC", move |_| answer(200, litecoin.clone()));
    for gateway in ["Bitcoin", "Litecoin"] {
        grace.white_label(json!({"gateway": gateway}));
    }
    world.no_rates();
    world.advance(16 * MINUTE);
    let page = world.buyer().get(&link.path).expect(200);
    offers(&page, &[("bitcoin", "closed"), ("litecoin", "closed")]);
    shows(&page, &["None of these can be used right now.", "Try again", &format!("href=\"{}\"", link.path)]);
    assert!(!page.text().contains(">Continue<"));
}

#[test]
fn a_gateway_that_is_down_is_named_and_another_can_be_chosen() {
    let world = World::new();
    let desk = world.cards_of(&world.live_seller());
    let link = desk.grace.link(json!({"gateway": ["Stripe", "Bitcoin"]}));
    *desk.stripe.mood.borrow_mut() = Some(Err(pushguard::platform::FetchError::Timeout));
    let page = choose(&world, &link, "stripe").expect(503);
    assert_eq!(page.header("retry-after"), Some("30"));
    shows(&page, &["Stripe can't be used right now. Nothing was charged."]);
    offers(&page, &[("stripe", "chosen"), ("bitcoin", "")]);
    *desk.stripe.mood.borrow_mut() = Some(answer(400, r#"{"error":{"code":"amount_too_large"}}"#));
    let page = choose(&world, &link, "stripe").expect(422);
    shows(
        &page,
        &[
            "Stripe refused this payment. Nothing was charged. Please choose another way.",
            "Not available for this payment",
        ],
    );
    offers(&page, &[("stripe", "closed"), ("bitcoin", "chosen")]);
    assert_eq!(world.db.rows_in("orders"), 0);
    choose(&world, &link, "bitcoin").expect(303);
    assert_eq!(desk.grace.order(&link.order_id)["gateway"], "Bitcoin");
}

#[test]
fn what_the_seller_has_removed_is_named_and_the_others_work() {
    let world = World::new();
    let ada = seller(&world);
    let link = link(&ada, json!({}));
    ada.put("/account", json!({"gateways": {"litecoin": null, "paypal": null}})).expect(200);
    for (slug, name) in [("litecoin", "Litecoin"), ("paypal", "PayPal")] {
        let page = choose(&world, &link, slug).expect(422);
        shows(&page, &[&format!("{name} isn't set up for this shop yet. Please choose another way.")]);
        assert!(ways(&page).contains(&(slug.to_owned(), "closed")));
    }
    choose(&world, &link, "bitcoin").expect(303);
    assert_eq!(ada.order(&link.order_id)["gateway"], "Bitcoin");
}

#[test]
fn of_what_costs_nothing_nobody_chooses_how_to_pay() {
    let world = World::new();
    let ada = seller(&world);
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    let app = product(&ada, json!({"product_type": 4, "gateways": ["bitcoin", "paypal"]}));
    let fields = json!({"product_id": app, "gateway": ["PayPal", "Bitcoin"], "coupon": "FREE", "email": "bob@example.com",
        "return_url": "https://ada.example/"});
    let link = Link::of(&ada.post("/pay", fields).expect(201));
    let page = world.buyer().get(&link.path).expect(200);
    assert!(ways(&page).is_empty() && page.text().contains("data-auto"));
    world.buyer().post(&link.path, "").expect(303);
    assert_eq!(ada.status(&link.order_id), 100);
}

#[test]
fn a_link_takes_one_address_of_each_wallet_and_gives_those_back_that_no_order_has() {
    let world = World::new();
    let ada = world.seller();
    ada.post("/coupons", json!({"code": "ONCE", "discount": "10", "max_uses": 1})).expect(201);
    let app = product(&ada, json!({"product_type": 4, "gateways": ["bitcoin", "litecoin", "ethereum"]}));
    let made = || {
        let fields = json!({"product_id": app, "gateway": ["Bitcoin", "Litecoin", "Ethereum"], "coupon": "ONCE",
            "email": "bob@example.com", "return_url": "https://ada.example/"});
        Link::of(&ada.post("/pay", fields).expect(201))
    };
    let (used, refused) = (made(), made());
    choose(&world, &used, "bitcoin").expect(303);
    // However often it is tried, and whatever is chosen in between.
    for _ in 0..4 {
        for gateway in ["bitcoin", "litecoin", "bitcoin", "ethereum"] {
            choose(&world, &refused, gateway).expect(409);
        }
    }
    let indexes =
        "SELECT group_concat(gateway || ' ' || next_index, ', ') FROM (SELECT * FROM wallets ORDER BY gateway)";
    assert_eq!(world.db.one(indexes), "bitcoin 2, ethereum 1, litecoin 1");
    let addresses: Value = serde_json::from_str(&world.db.one(
        "SELECT json_group_object(taken.key, taken.value ->> 1) FROM payments, json_each(addresses) AS taken WHERE payments.addresses LIKE '%ethereum%'",
    )).unwrap();
    assert_eq!(addresses, json!({"bitcoin": 1, "litecoin": 0, "ethereum": 0}));
    // The coupon is free again, and the order is made.
    ada.simulate(&used.order_id, "exact", 1);
    let coupon = ada.get("/coupons").json()[0]["id"].as_str().unwrap().to_owned();
    ada.put(&format!("/coupons/{coupon}"), json!({"max_uses": 9})).expect(200);
    choose(&world, &refused, "litecoin").expect(303);
    assert_eq!(world.db.one(indexes), "bitcoin 2, ethereum 1, litecoin 1", "it takes the one that it has");
    ada.simulate(&refused.order_id, "exact", 1);
    world.advance(32 * DAY);
    world.cron();
    let free = "SELECT group_concat(gateway || ' ' || address_index, ', ') FROM (SELECT * FROM free_addresses ORDER BY gateway)";
    assert_eq!(world.db.one(free), "bitcoin 1, ethereum 0");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM payments WHERE started = 1"), "2");
}
