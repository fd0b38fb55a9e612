//! Who is led from a payment link to the receipt: the browser that paid, and whoever knows the order's e-mail.

use serde_json::json;

use crate::{
    actors::{Link, Reply, Seller},
    purchase::keys,
    world::World,
};

/// A link for a serial, its start, and what the starting browser was given.
fn paid<'w>(world: &'w World) -> (Seller<'w>, Link, String) {
    let ada = world.seller();
    let product = keys(&ada, "SECRET-SERIAL");
    let fields = json!({"product_id": product, "gateway": "Bitcoin", "email": "Bob@example.com", "return_url": "https://ada.example/"});
    let link = Link::of(&ada.post("/pay", fields).expect(201));
    let started = world.buyer().post(&link.path, "").expect(303);
    let cookie = given(&started);
    ada.simulate(&link.order_id, "exact", 1);
    (ada, link, cookie)
}

fn given(reply: &Reply) -> String {
    reply.header("set-cookie").expect("a cookie").split(';').next().unwrap().to_owned()
}

#[test]
fn the_browser_that_paid_ends_on_the_receipt() {
    let world = World::new();
    let (_ada, link, cookie) = paid(&world);
    let page =
        world.buyer().ask("GET", &link.order()).header("cookie", format!("a=b; {cookie}; c=d")).send().expect(303);
    assert_eq!(page.header("location"), Some(world.receipt(&link.order_id).as_str()));
    let (title, text) = world.buyer().page(&world.receipt(&link.order_id));
    assert_eq!(title, "Payment complete");
    assert!(text.contains("SECRET-SERIAL"), "{text}");
}

#[test]
fn the_cookie_is_for_its_link_alone_and_no_script_sees_it() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    let started = world.buyer().post(&link.path, "").expect(303);
    let cookie = started.header("set-cookie").unwrap().to_owned();
    for part in [&format!("Path=/pay/{}", link.id), "HttpOnly", "Secure", "SameSite=Lax", "Max-Age="] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    let again = world.buyer().post(&link.path, "").expect(303);
    assert_eq!(again.header("set-cookie"), None, "who starts it second isn't who started it");
    let plain = world.ask("POST", &ada.link(json!({})).path).insecurely().send().expect(303);
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"), "it would be lost");
}

#[test]
fn a_leaked_link_shows_neither_the_goods_nor_the_way_to_them() {
    let world = World::new();
    let (ada, link, cookie) = paid(&world);
    let other = ada.link(json!({}));
    let theirs = given(&world.buyer().post(&other.path, "").expect(303));
    let token = cookie.split_once('=').unwrap().1;
    for cookie in
        ["", "receipt=", "receipt=a.b", &theirs, &format!("Receipt={token}"), &format!("receipt={}", link.token)]
    {
        for path in [link.order(), format!("{}?stay", link.order())] {
            let page = world.buyer().ask("GET", &path).header("cookie", cookie).send().expect(200).text();
            assert!(page.contains("Payment complete") && page.contains("0.0002 BTC"), "{page}");
            assert!(!page.contains("SECRET-SERIAL") && !page.contains(token) && !page.contains("/order/"), "{page}");
        }
    }
    world.buyer().get(&format!("/order/{}/{}", link.order_id, link.token)).expect(404);
    // Nor does a webhook tell it.
    let order = ada.get(&format!("/orders/{}", link.order_id)).text();
    assert!(!order.contains(token));
}

#[test]
fn who_knows_the_orders_email_is_led_to_the_receipt() {
    let world = World::new();
    let (_ada, link, _) = paid(&world);
    let form = |email: &str| world.buyer().post(&format!("{}/receipt", link.path), &format!("email={email}"));
    let leaving = world.buyer().get(&link.order()).expect(200).text();
    assert!(
        leaving.contains(&format!("href=\"{}?stay\"", link.order())) && !leaving.contains("type=\"email\""),
        "{leaving}"
    );
    let staying = world.buyer().get(&format!("{}?stay", link.order())).expect(200).text();
    assert!(staying.contains("type=\"email\"") && !staying.contains("http-equiv=\"refresh\""), "{staying}");
    for (email, sentence) in [
        ("eve%40example.com", "This order has another e-mail."),
        ("", "Please enter your e-mail address."),
        ("bob", "That doesn&#39;t look like an e-mail address."),
    ] {
        let page = form(email).expect(422);
        assert!(page.text().contains(&sentence.replace("&#39;", "'")), "{}", page.text());
        assert!(!page.text().contains("SECRET-SERIAL") && page.header("set-cookie").is_none());
    }
    assert!(form("eve%40example.com").text().contains("value=\"eve@example.com\""), "what was typed stays");
    let led = form("+bob%40EXAMPLE.com").expect(303);
    assert_eq!(led.header("location"), Some(world.receipt(&link.order_id).as_str()));
    let page = world.buyer().ask("GET", &link.order()).header("cookie", given(&led)).send();
    page.expect(303);
}

#[test]
fn an_email_is_guessed_slowly_and_only_of_what_is_paid() {
    let world = World::with(&[("RATE_LIMIT_ANONYMOUS", "5")]);
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link);
    let form =
        |n: usize| world.buyer().post(&format!("{}/receipt", link.path), &format!("email=guess{n}%40example.com"));
    assert_eq!(form(0).expect(303).header("location"), Some(link.order().as_str()), "nothing is told of an open order");
    ada.simulate(&link.order_id, "exact", 1);
    let statuses: Vec<u16> = (1..8).map(|n| form(n).status()).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 429, 429, 429]);
}

#[test]
fn who_starts_a_link_again_with_its_email_is_its_buyer() {
    let world = World::new();
    let ada = world.seller();
    let product = keys(&ada, "SECRET-SERIAL");
    let fields =
        json!({"product_id": product, "gateway": "Bitcoin", "email": null, "return_url": "https://ada.example/"});
    let link = Link::of(&ada.post("/pay", fields).expect(201));
    let start = |email: &str| world.buyer().post(&link.path, &format!("email={email}"));
    // The answer to the first was lost.
    start("b%C3%B6b%40B%C3%BCcher.example").expect(303);
    let again = start("B%C3%96B%40xn--bcher-kva.example").expect(303);
    assert_eq!(again.header("location"), Some(link.order().as_str()));
    ada.simulate(&link.order_id, "exact", 1);
    let later = start("+b%C3%B6b%40b%C3%BCcher.example").expect(303);
    for cookie in [given(&again), given(&later)] {
        let page = world.buyer().ask("GET", &link.order()).header("cookie", cookie).send().expect(303);
        assert_eq!(page.header("location"), Some(world.receipt(&link.order_id).as_str()));
    }
}

#[test]
fn who_starts_a_link_with_another_email_is_told_at_the_field() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"email": null}));
    let start = |email: &str| world.buyer().post(&link.path, &format!("email={email}"));
    start("bob%40example.com").expect(303);
    for paid in [false, true] {
        let page = start("eve%40example.com").expect(422);
        let text = page.text();
        for part in [
            "already started with another e-mail",
            "value=\"eve@example.com\"",
            "aria-invalid=\"true\"",
            &format!("href=\"{}\">see the payment", link.order()),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(page.header("set-cookie").is_none() && !text.contains("bob@") && !text.contains("data-auto"), "{text}");
        if !paid {
            ada.simulate(&link.order_id, "exact", 1);
        }
    }
    assert_eq!((world.db.rows_in("orders"), ada.order(&link.order_id)["email"].clone()), (1, json!("bob@example.com")));
}

#[test]
fn two_who_start_a_link_at_the_same_time_with_two_addresses_are_one_buyer_and_one_who_is_told() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"email": null}));
    let (other, path) = (world.redeployed(&[]), link.path.clone());
    world.db.before_commit(2, move || drop(other.buyer().post(&path, "email=bob%40example.com").expect(303)));
    world.buyer().post(&link.path, "email=eve%40example.com").expect(422);
    assert_eq!(ada.order(&link.order_id)["email"], "bob@example.com");
}

#[test]
fn a_started_links_email_is_guessed_as_slowly_as_a_receipts() {
    let world = World::with(&[("RATE_LIMIT_ANONYMOUS", "5")]);
    let ada = world.seller();
    let link = ada.link(json!({"email": null}));
    let start = |email: &str| world.buyer().post(&link.path, &format!("email={email}%40example.com")).status();
    assert_eq!(start("bob"), 303);
    let statuses: Vec<u16> = (0..6).map(|n| start(&format!("guess{n}"))).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    ada.simulate(&link.order_id, "exact", 1);
    world.buyer().post(&format!("{}/receipt", link.path), "email=bob%40example.com").expect(429);
    assert_eq!(start("bob"), 429, "nor does it tell that one is right");
}
