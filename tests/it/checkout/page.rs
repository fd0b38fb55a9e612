//! What every page owes a buyer: its errors, its headers, its assets, and that nothing on it is somebody else's markup.

use serde_json::json;

use crate::{
    actors::{Link, Reply},
    world::{DAY, MINUTE, World},
};

fn title(page: &Reply) -> String {
    let text = page.text();
    text.split("<h1").nth(1).and_then(|rest| rest.split(['>', '<']).nth(1)).expect("a heading").to_owned()
}

#[test]
fn a_token_with_a_flipped_bit_is_a_page_that_does_not_exist() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    let mut spoilt = Vec::new();
    for place in 0..link.path.len() {
        // The first five characters say that it is a pay page at all.
        let mut bytes = link.path.clone().into_bytes();
        bytes[place] ^= 1 << (place % 7);
        if let (Ok(path), true) = (String::from_utf8(bytes), place > 4) {
            spoilt.push(path);
        }
    }
    let Link { id, token, .. } = &link;
    let parts: Vec<&str> = token.split('.').collect();
    spoilt.extend([
        format!("/pay/{id}"),
        format!("/pay/{id}/"),
        format!("/pay/{id}/{token}."),
        format!("/pay/{id}/{token}.x"),
        format!("/pay/{id}/{token}="),
        format!("/pay/{id}/{}", &token[..token.len() - 1]),
        format!("/pay/{id}/{}", token.to_uppercase()),
        format!("/pay/{id}/.{}.{}", parts[1], parts[2]),
        format!("/pay/{id}/{}.{}.", parts[0], parts[1]),
        format!("/pay/{}/{token}", id.to_uppercase()),
        format!("/pay/{}/{token}", "0".repeat(40)),
        "/pay".into(),
        "/pay/".into(),
        "/pay/x/y/z".into(),
    ]);
    for path in spoilt {
        if path == link.path || path.contains('?') {
            continue;
        }
        for reply in [world.buyer().get(&path), world.buyer().post(&path, "")] {
            assert_eq!((reply.status(), title(&reply).as_str()), (404, "No such payment link"), "{path}");
        }
        world.buyer().get(&format!("{path}/order")).expect(404);
    }
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn a_token_opens_no_other_payment() {
    let world = World::new();
    let ada = world.seller();
    let (one, two) = (ada.link(json!({})), ada.link(json!({})));
    world.buyer().get(&format!("/pay/{}/{}", one.id, two.token)).expect(404);
    world.buyer().get(&format!("/pay/{}/{}", one.order_id, one.token)).expect(404);
}

#[test]
fn a_page_that_breaks_says_that_no_money_is_lost_and_nothing_of_the_inside() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    world.buyer().start(&link).expect(200);
    world.db.break_read();
    let page = world.buyer().get(&link.order()).expect(500);
    assert_eq!(title(&page), "Something broke on our side");
    let id = page.header("x-request-id").unwrap();
    assert!(page.text().contains(id) && page.text().contains("don't send it again"));
    assert!(world.log.text().contains(id) && world.log.text().contains("the database did not answer"));
    assert!(!page.text().contains("did not answer"));
    assert!(!world.log.text().contains(&link.token), "the address is the buyer's key to his order");
}

#[test]
fn without_a_rate_the_page_says_when_to_come_back() {
    let world = World::new();
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    world.no_rates();
    let page = world.buyer().post(&link.path, "").expect(503);
    assert_eq!((title(&page).as_str(), page.header("retry-after")), ("No price right now", Some("30")));
    assert!(page.text().contains(&format!("href=\"{}\"", link.path)), "and how to try again");
    assert_eq!(world.db.rows_in("orders"), 0);
    assert_eq!(world.db.one("SELECT next_index FROM wallets WHERE active = 1"), "0", "no address is used up");
}

#[test]
fn a_seller_who_took_his_wallet_away_takes_no_payments() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    ada.put("/account", json!({"gateways": {"bitcoin": null}})).expect(200);
    let page = world.buyer().post(&link.path, "").expect(403);
    assert_eq!(title(&page), "This can't be paid right now");
    assert_eq!(world.db.rows_in("orders"), 0);
}

#[test]
fn an_address_takes_its_own_methods() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    for path in [link.path.clone(), link.order()] {
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
            let reply = world.buyer().ask(method, &path).send().expect(405);
            assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
        }
    }
    let reply = world.buyer().post(&format!("{}/live", link.path), "");
    assert!([404, 405].contains(&reply.status()));
    let reply = world.buyer().post("/pay/assets/0000000000000000.svg", "").expect(405);
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
}

#[test]
fn what_sellers_and_buyers_write_is_text_on_every_page() {
    let wild = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'` onmouseover=\"alert(3)";
    let world = World::new();
    let made = world.create_account(json!({"email": "ada@example.com", "shop_name": wild, "test": true})).expect(201);
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    let ada = crate::actors::Seller { world: &world, email: "ada@example.com".into(), key, secret: String::new() };
    let return_url = "https://ada.example/?a=';alert(4)&b=%22%3E%3Cscript%3E";
    let link = ada.link(json!({"title": wild, "email": null, "return_url": return_url}));
    let buyer = world.buyer();
    let mut pages = vec![buyer.get(&link.path), buyer.post(&link.path, "email=%22%3E%3Cscript%3E")];
    buyer.post(&link.path, "email=eve%40example.com").expect(303);
    let page = || buyer.get(&link.order()).expect(200);
    pages.push(page());
    ada.simulate(&link.order_id, "partial", 0);
    pages.push(page());
    ada.simulate(&link.order_id, "over", 0);
    pages.push(page());
    ada.mine(1);
    pages.push(page());
    pages.push(buyer.get("/pay/%3Cscript%3Ealert(5)%3C/script%3E/x"));
    for page in pages {
        let text = page.text();
        assert!(text.contains("<script src=\"/pay/assets/"), "ours");
        assert_eq!(text.matches("<script").count(), 1, "and no other: {text}");
        assert!(!text.contains("<img") && !text.contains("\"alert(3)"), "{text}");
        assert!(!text.contains("=\"javascript:"), "{text}");
    }
}

/// The directives of the page's content security policy.
fn policy(page: &Reply) -> Vec<String> {
    let policy = page.header("content-security-policy").expect("a policy");
    policy.split(';').map(|directive| directive.trim().to_owned()).collect()
}

#[test]
fn a_page_loads_nothing_from_anybody_else_and_cannot_be_framed() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"return_url": "https://ada.example:8443/thanks"}));
    let pages = [
        world.buyer().get(&link.path).expect(200),
        world.buyer().start(&link).expect(200),
        world.buyer().get("/pay/x/y").expect(404),
    ];
    for page in &pages {
        let policy = policy(page);
        for directive in ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.iter().any(|known| known == directive), "{directive}: {policy:?}");
        }
        assert!(!policy.join(";").contains("unsafe"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert!(page.header("cache-control").unwrap().contains("no-"), "an order's page is nobody else's");
        let text = page.text();
        for part in text.split(['"', '\'']).filter(|part| part.contains("://") || part.starts_with("//")) {
            assert!(part.starts_with("https://ada.example:8443/"), "{part}");
        }
        assert!(!text.contains("style=\"") && !text.contains(" onclick"), "the policy would refuse it");
    }
    assert!(policy(&pages[0]).contains(&"form-action 'self' https://ada.example:8443".to_owned()));
}

#[test]
fn a_return_url_puts_nothing_of_its_own_into_the_policy() {
    let world = World::new();
    let ada = world.seller();
    let plain = policy(&world.buyer().get(&ada.link(json!({})).path)).len();
    for host in
        ["a;sandbox.example", "a.example;sandbox", "a,b.example", "*.example", "'unsafe-inline'.example", "a b.example"]
    {
        let reply = ada.pay(json!({"return_url": format!("https://{host}/")}));
        if reply.status() == 400 {
            continue;
        }
        let path = reply.json()["url"].as_str().unwrap().to_owned();
        let policy = policy(&world.buyer().get(&path).expect(200));
        assert_eq!(policy.len(), plain, "{policy:?}");
        assert!(!policy.join(";").contains(host), "{policy:?}");
    }
}

#[test]
fn a_style_of_another_version_leads_to_the_one_of_this() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    let text = world.buyer().get(&link.path).text();
    let assets: Vec<&str> = text.split('"').filter_map(|part| part.strip_prefix("/pay/assets/")).collect();
    let (hashes, ends): (Vec<_>, Vec<_>) = assets.iter().map(|name| name.split_once('.').unwrap()).unzip();
    assert_eq!(ends, ["svg", "css", "js"]);
    for (hash, end) in hashes.iter().zip(ends) {
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        let reply = world.buyer().get(&format!("/pay/assets/0123456789abcdef.{end}")).expect(303);
        assert_eq!(reply.header("location"), Some(format!("/pay/assets/{hash}.{end}").as_str()));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        // The file is served before the Worker is asked: where it is missing, nothing goes in circles.
        world.buyer().get(&format!("/pay/assets/{hash}.{end}")).expect(404);
    }
    for name in ["x.css", ".css", "", "../x", "0123456789abcdef", "0123456789abcdef.png", "0123456789abcdef.css.map"] {
        world.buyer().get(&format!("/pay/assets/{name}")).expect(404);
    }
}

#[test]
fn a_link_that_ran_out_or_was_closed_says_which() {
    let world = World::new();
    let ada = world.seller();
    let (old, closed) = (ada.link(json!({})), ada.link(json!({})));
    ada.delete(&format!("/pay/{}", closed.id)).expect(204);
    assert_eq!(title(&world.buyer().get(&closed.path).expect(410)), "This link is closed");
    world.advance(30 * DAY + MINUTE);
    assert_eq!(title(&world.buyer().post(&old.path, "").expect(410)), "This link has expired");
}

#[test]
fn a_link_works_when_the_cache_does_not() {
    // A tombstone that can't be read must not close every shop: the database has the last word when it is started.
    let world = World::new();
    let ada = world.seller();
    let (link, closed) = (ada.link(json!({})), ada.link(json!({})));
    ada.delete(&format!("/pay/{}", closed.id)).expect(204);
    world.cache.broken.set(true);
    world.buyer().get(&link.path).expect(200);
    world.buyer().start(&link).expect(200);
    assert_ne!(world.buyer().post(&closed.path, "").status(), 303);
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn a_form_that_was_refused_can_be_reloaded() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link);
    ada.simulate(&link.order_id, "exact", 1);
    let page = world.receipt(&link.order_id);
    for (form, fields, leads) in [
        (format!("{}/receipt", link.path), "email=x", format!("{}?stay", link.order())),
        (format!("{page}/feedback"), "stars=9", format!("{page}?stay#feedback")),
        (format!("{page}/query"), "subject=", format!("{page}?stay=question#question")),
    ] {
        world.buyer().post(&form, fields).expect(422);
        for method in ["GET", "HEAD"] {
            let again = world.buyer().ask(method, &form).send().expect(303);
            assert_eq!(again.header("location"), Some(leads.as_str()), "{method} {form}");
        }
        world.buyer().get(leads.split('#').next().unwrap()).expect(200);
        let other = world.buyer().ask("PUT", &form).send().expect(405);
        assert_eq!(other.header("allow"), Some("GET, HEAD, POST"));
    }
    for (form, leads) in [(format!("{}/test", link.path), link.order()), (format!("{page}/test"), page)] {
        assert_eq!(world.buyer().get(&form).expect(303).header("location"), Some(leads.as_str()));
    }
    let live = world.live_seller().link(json!({}));
    world.buyer().get(&format!("{}/test", live.path)).expect(404);
}

#[test]
fn what_goes_wrong_with_an_order_or_a_thread_names_the_seller() {
    let world = World::new();
    let ada = world.seller();
    let id = crate::feedback::sold(&ada, "The app");
    let page = world.receipt(&id);
    let ask = format!("href=\"{page}?stay=question#question\">Ask a question");
    world.db.change("UPDATE orders SET return_url = NULL");
    let unreachable = world.buyer().get(&format!("{page}/file")).expect(403).text();
    assert!(unreachable.contains(&ask), "{unreachable}");
    ada.put("/account", json!({"contact_email": "help@ada.example"})).expect(200);
    let asked = world.buyer().post(&format!("{page}/query"), "subject=a&message=b").expect(303);
    let thread = asked.header("location").unwrap().to_owned();
    let shown = |path: &str, status: u16, parts: &[&str]| {
        let text = world.buyer().get(path).expect(status).text();
        for part in parts {
            assert!(text.contains(part), "{part}: {text}");
        }
        text
    };
    let mailto = format!("href=\"mailto:help@ada.example?subject=Order%20{id}\"");
    let named = ["Ada's Apps", "The app", "10.00 USD", id.as_str(), mailto.as_str()];
    shown(&format!("{page}/file"), 403, &named);
    shown(&format!("{page}/x/y"), 404, &named);
    // The link of a file is in webhooks: it doesn't tell what was bought.
    let file = pushguard::shop::order::receipt::file_path(&world.app.platform.settings.token_keys, &id);
    let text = shown(&file, 403, &["Ada's Apps", &mailto]);
    assert!(!text.contains("The app") && !text.contains("10.00"), "{text}");
    world.db.break_read();
    let broken = shown(&page, 500, &["Ada's Apps", "The app", "Something broke on our side"]);
    assert!(!broken.contains("Nothing was charged."));
    world.db.change("DELETE FROM queries");
    shown(&thread, 404, &["Ada's Apps", "href=\"mailto:help@ada.example\""]);
    let text = world.buyer().get(&format!("{page}x/file")).expect(404).text();
    assert!(!text.contains("Ada") && !text.contains("mailto"), "{text}");
}

#[test]
fn nothing_says_that_nothing_was_charged_where_a_part_was_paid() {
    let world = World::new();
    let grace = world.live_seller();
    let link = grace.link(json!({}));
    world.buyer().start(&link).expect(200);
    let seen = "UPDATE orders SET status = 53, crypto_received = 1000, quote_expires_at = 1";
    world.db.change(seen);
    world.no_rates();
    world.advance(60 * MINUTE);
    let page = world.buyer().post(&link.order(), "").expect(503).text();
    assert!(page.contains("No price right now") && page.contains("Nothing was charged by this"), "{page}");
    assert!(!page.contains("Nothing was charged;") && !page.contains("Nothing was charged."), "{page}");
}
