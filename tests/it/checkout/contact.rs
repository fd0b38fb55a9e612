//! How a buyer reaches the seller: every page that says "contact" leads there, and an error page still says what was bought.

use serde_json::json;

use crate::{
    actors::{Link, Reply, Seller},
    world::{DAY, MINUTE, World},
};

const EMAIL: &str = "help@ada.example";
const URL: &str = "https://ada.example/help";

fn reachable(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.put("/account", json!({"contact_email": EMAIL, "contact_url": URL})).expect(200);
    ada
}

fn started<'w>(world: &'w World, ada: &Seller<'w>, changed: serde_json::Value) -> Link {
    let link = ada.link(changed);
    world.buyer().start(&link).expect(200);
    link
}

#[track_caller]
fn shows(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not on the page: {text}");
    }
}

/// Both addresses, with the order's id in them.
#[track_caller]
fn leads_to_the_seller(page: &Reply, order_id: &str) {
    shows(page, &[&format!("mailto:{EMAIL}?subject=Order%20{order_id}"), &format!("{URL}?order_id={order_id}")]);
    shows(page, &[&format!(">{EMAIL}</a>"), ">ada.example/help</a>"]);
}

#[test]
fn an_account_keeps_how_buyers_reach_it() {
    let world = World::new();
    let ada = world.seller();
    let contact = |account: &serde_json::Value| [account["contact_email"].clone(), account["contact_url"].clone()];
    assert_eq!(contact(&ada.get("/account").json()), [json!(null), json!(null)]);
    let put = |fields: serde_json::Value| contact(&ada.put("/account", fields).expect(200).json());
    assert_eq!(put(json!({"contact_email": EMAIL})), [json!(EMAIL), json!(null)]);
    assert_eq!(put(json!({"contact_url": URL})), [json!(EMAIL), json!(URL)], "what is not sent stays");
    assert_eq!(put(json!({"shop_name": "Ada's"})), [json!(EMAIL), json!(URL)]);
    assert_eq!(put(json!({"contact_email": null})), [json!(null), json!(URL)]);
    assert_eq!(put(json!({"contact_url": "", "contact_email": EMAIL})), [json!(EMAIL), json!(null)]);
    for (field, value, sentence) in [
        ("contact_email", "ada", "Contact email is not a valid email address"),
        ("contact_email", "a@b.co?bcc=c@d.ef,e@f.gh", "Contact email is not a valid email address"),
        ("contact_url", "javascript:alert(1)", "Contact url must be an HTTPS URL"),
        ("contact_url", "http://ada.example/", "Contact url must be an HTTPS URL"),
        ("contact_url", "https://ada:secret@ada.example/", "Contact url must not contain credentials"),
        ("contact_url", "ada.example", "Contact url is not a valid URL"),
    ] {
        assert_eq!(ada.put("/account", json!({field: value})).expect(400).errors(), [sentence], "{value}");
    }
    assert_eq!(contact(&ada.get("/account").json()), [json!(EMAIL), json!(null)]);
}

#[test]
fn each_page_that_says_contact_leads_to_the_seller() {
    let world = World::new();
    let ada = reachable(&world);
    let page = |link: &Link| world.buyer().ask("GET", &format!("{}?news", link.order())).send().expect(200);
    let set = |link: &Link, what: &str| {
        world.db.change(&format!("UPDATE orders SET {what}, revision = revision + 1 WHERE id = '{}'", link.order_id));
    };
    let over = started(&world, &ada, json!({}));
    ada.simulate(&over.order_id, "over", 1);
    let said = format!(
        "Ask <a href=\"mailto:{EMAIL}?subject=Order%20{}\"><bdi dir=\"auto\">Ada's Apps</bdi></a> to send it back",
        over.order_id
    );
    shows(&page(&over), &[&said]);
    leads_to_the_seller(&page(&over), &over.order_id);
    let strange = started(&world, &ada, json!({}));
    set(&strange, "wrong_currency = 1");
    let part = started(&world, &ada, json!({}));
    ada.simulate(&part.order_id, "partial", 1);
    let [back, gone, refunded, review] = [
        ("51", "session_url = ''"),
        ("51", "session_id = NULL"),
        ("56", "wrong_currency = 0"),
        ("52", "wrong_currency = 0"),
    ]
    .map(|(status, more)| {
        let link = started(&world, &ada, json!({}));
        set(&link, &format!("status = {status}, {more}"));
        link
    });
    let late = started(&world, &ada, json!({}));
    world.advance(21 * MINUTE);
    for link in [&strange, &part, &back, &gone, &refunded, &review, &late] {
        leads_to_the_seller(&page(link), &link.order_id);
    }
    shows(&page(&part), &["Your money is not lost", ">Ada's Apps</bdi></a> and name your order"]);
    world.advance(9 * DAY);
    world.run_jobs();
    leads_to_the_seller(&page(&late), &late.order_id);
}

#[test]
fn without_an_address_a_page_leads_to_the_shop_that_sent_the_buyer() {
    let world = World::new();
    let ada = world.seller();
    let link = started(&world, &ada, json!({"return_url": "https://shop.ada.example:8443/thanks?a=1"}));
    ada.simulate(&link.order_id, "over", 1);
    let page = world.buyer().get(&link.order()).expect(200);
    shows(&page, &["href=\"https://shop.ada.example:8443/\"", ">shop.ada.example:8443</a>"]);
    assert!(!page.text().contains("mailto:") && !page.text().contains(&ada.email), "a user name is nobody's business");
}

#[test]
fn an_error_page_keeps_the_shop_the_title_and_the_price() {
    let world = World::new();
    let ada = reachable(&world);
    let made = |fields| ada.link(fields);
    let fields = json!({"title": "Two apps", "quantity": 2, "value": "12.50"});
    let kept = |page: &Reply| shows(page, &["Ada's Apps", "Two apps", "× 2", "12.50 USD", "Test payment"]);
    let (old, closed, bare, broken) = (made(fields.clone()), made(fields.clone()), made(fields.clone()), made(fields));
    ada.delete(&format!("/pay/{}", closed.id)).expect(204);
    for page in
        [world.buyer().get(&closed.path), world.buyer().post(&closed.path, ""), world.buyer().get(&closed.order())]
    {
        kept(&page.expect(410));
    }
    leads_to_the_seller(&world.buyer().get(&closed.path), &closed.order_id);
    world.buyer().start(&broken).expect(200);
    world.db.break_read();
    let page = world.buyer().get(&broken.order()).expect(500);
    kept(&page);
    assert!(!page.text().contains(">Contact<"), "nothing is asked of a database that is broken");
    ada.put("/account", json!({"gateways": {"bitcoin": null}})).expect(200);
    let page = world.buyer().post(&bare.path, "").expect(403);
    kept(&page);
    leads_to_the_seller(&page, &bare.order_id);
    world.buyer().get(&format!("{}/no/such/page", old.path)).expect(404);
    world.advance(30 * DAY + MINUTE);
    let page = world.buyer().get(&old.order()).expect(410);
    kept(&page);
    let (mail, page_of) = (format!("{EMAIL}?subject=Payment%20{}", old.id), format!("{URL}?payment_id={}", old.id));
    shows(&page, &["This link has expired", &mail, &page_of]);
    let strange = world.buyer().get(&format!("/pay/{}/{}x", old.id, old.token)).expect(404).text();
    assert!(!strange.contains("Ada's Apps") && !strange.contains("Two apps"), "a token that isn't ours says nothing");
}

#[test]
fn an_error_page_does_without_the_contact_when_the_database_is_away() {
    let world = World::new();
    let ada = reachable(&world);
    let link = ada.link(json!({}));
    ada.delete(&format!("/pay/{}", link.id)).expect(204);
    world.db.break_read();
    let page = world.buyer().get(&link.path).expect(410);
    shows(&page, &["This link is closed", "Ada's Apps", ">ada.example</a>"]);
}

#[test]
fn an_email_that_is_refused_stays_in_its_field() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"email": null}));
    shows(&world.buyer().get(&link.path), &["With it you can open your receipt later.", "type=\"email\" required"]);
    for (form, value) in [
        ("email=bob", "value=\"bob\""),
        ("email=bob%40example", "value=\"bob@example\""),
        ("email=++bob%40example..com+", "value=\"bob@example..com\""),
        (
            "email=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
            "value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"",
        ),
        ("email=gr%C3%BC%C3%9Fe%40b", "value=\"grüße@b\""),
    ] {
        let page = world.buyer().post(&link.path, form).expect(422);
        shows(&page, &[value, "aria-invalid=\"true\"", "aria-describedby=\"error mail\""]);
    }
    for form in ["", "email=", "email=+"] {
        assert!(!world.buyer().post(&link.path, form).expect(422).text().contains("type=\"email\" value"));
    }
}

#[test]
fn a_paid_page_is_a_receipt() {
    let world = World::new();
    let ada = world.seller();
    let link = started(&world, &ada, json!({"value": "10.00"}));
    let txid = ada.simulate(&link.order_id, "exact", 1)["txid"].as_str().unwrap().to_owned();
    let page = world.buyer().get(&link.order()).expect(200);
    let date = "<time datetime=\"2023-11-15T00:00:00.000+00:00\">15 Nov 2023, 00:00 UTC</time>";
    shows(&page, &[date, "<dt>Price</dt><dd>10.00 USD</dd>", "<dt>Paid</dt><dd>0.0002 BTC</dd>", &link.order_id]);
    shows(&page, &[&format!("<code>{txid}</code>"), &format!("data-copy=\"{txid}\"")]);
    // Paid in two parts, there are two.
    let link = started(&world, &ada, json!({}));
    let parts =
        ["partial", "exact"].map(|kind| ada.simulate(&link.order_id, kind, 1)["txid"].as_str().unwrap().to_owned());
    let page = world.buyer().get(&link.order()).expect(200).text();
    assert!(parts.iter().all(|txid| page.contains(&format!("<code>{txid}</code>"))), "{page}");
    // And on a gateway's books it is the gateway's.
    let desk = world.cards();
    let link = desk.order(json!({"value": "10.01"}));
    desk.told(desk.stripe.pay(&link.order_id));
    let page = desk.page(&link, "");
    for part in ["Payment complete", "<dd>10.01 USD</dd>", "<code>pi_", " UTC</time>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn the_clock_has_a_label_and_warns_before_the_end() {
    let world = World::new();
    let ada = world.seller();
    let link = started(&world, &ada, json!({}));
    let clock = || {
        let text = world.buyer().get(&link.order()).expect(200).text();
        text.split("<p class=\"left")
            .nth(1)
            .expect("a clock")
            .split('>')
            .next()
            .unwrap()
            .trim_matches(['"', ' '])
            .to_owned()
    };
    shows(&world.buyer().get(&link.order()), &["<span>Time left</span><span>Ends soon</span>"]);
    assert_eq!(clock(), "");
    world.advance(18 * MINUTE);
    assert_eq!(clock(), "", "two minutes are not less than two");
    world.advance(1_000);
    assert_eq!(clock(), "soon");
    world.advance(118_000);
    assert_eq!(clock(), "soon");
}
