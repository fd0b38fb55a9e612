//! Texts of others in mails: they stay texts, in every place that they have.

use serde_json::{Value, json};

use super::{desk, mails, text};
use crate::{
    actors::Seller,
    purchase::{buy, id, keys, product},
    world::World,
};

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>";

fn pay(ada: &Seller<'_>, order: &str) -> Value {
    ada.simulate(order, "exact", 1);
    ada.world.run_jobs();
    mails(ada.world).pop().expect("a mail")
}

/// A mail whose every header is one line, and whose HTML has nothing of others in it.
fn is_tame(mail: &Value) {
    for field in ["from", "to", "subject"] {
        let value = text(mail, field);
        assert!(
            !value.contains(|c: char| c.is_control() || "\u{2028}\u{2029}\u{202e}".contains(c)),
            "{field}: {value:?}"
        );
    }
    let from = text(mail, "from");
    assert!(
        from.starts_with('"') && from.ends_with("\" <shop@desk.example>") && from.matches('"').count() == 2,
        "{from}"
    );
    let html = text(mail, "html");
    for inert in ["<script", "<img", "<style", "<link", "javascript:", " src=\"", "url("] {
        assert!(!html.contains(inert), "{inert} in {html}");
    }
    assert!(!html.contains(|c: char| c.is_control() && c != '\n'), "{html}");
    assert!(html.contains("name=\"color-scheme\" content=\"light dark\""));
    // No colour is set, so that none is wrong on a dark ground; and nothing is fetched.
    assert!(!html.contains("color:") && !html.contains("background"), "{html}");
}

#[test]
fn names_and_titles_end_no_header_and_begin_no_markup() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    let wild = format!("x' || char(13, 10) || 'Bcc: eve@example.com' || char(8232, 0, 8238) || '\"{SCRIPT}");
    world.db.change(&format!("UPDATE orders SET product_title = '{wild}'"));
    world.db.change(&format!("UPDATE shops SET shop_name = '{wild}'"));
    let mail = pay(&ada, &order);
    is_tame(&mail);
    assert!(text(&mail, "html").contains("&lt;script&gt;"), "{mail}");
    assert_eq!(mail["to"], "bob@example.com");
    assert!(text(&mail, "subject").len() < 400);
}

#[test]
fn goods_are_whole_and_inert_and_huge_ones_stay_on_the_receipt() {
    let world = desk();
    let ada = world.seller();
    let goods = format!("{SCRIPT} &amp; \"quoted\" — Grüße");
    let service = product(&ada, json!({"product_type": 4, "info": goods}));
    let mail = pay(&ada, &id(&buy(&ada, &service, json!({})).expect(201).json()));
    is_tame(&mail);
    assert!(text(&mail, "text").contains(&goods), "plain text has them as they are");
    let huge = "k".repeat(60_000);
    world.web.on("https://goods.example/", move |_| crate::world::answer(200, huge.clone()));
    let dynamic = product(&ada, json!({"product_type": 3, "dynamic_url": "https://goods.example/"}));
    let order = id(&buy(&ada, &dynamic, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    world.live_through(60_000);
    let mail = mails(&world).pop().unwrap();
    let said = text(&mail, "text");
    assert!(said.contains("too long for a mail") && said.contains("/order/") && !said.contains("kkkk"), "{said}");
    assert!(mail.to_string().len() < 10_000);
}

#[test]
fn what_a_stranger_writes_to_the_seller_is_quoted_and_inert() {
    let world = desk();
    let ada = world.seller();
    let message = format!("{SCRIPT}\r\nYour receipt:\nhttps://evil.example/");
    let fields = json!({"subject": SCRIPT, "email": "bob@example.com", "message": message});
    ada.post("/queries", fields).expect(201);
    // The API takes no control characters: as if an earlier version had.
    world.db.change("UPDATE queries SET message = message || char(27, 0) || '[2J'");
    world.run_jobs();
    let mail = mails(&world).pop().unwrap();
    is_tame(&mail);
    let said = text(&mail, "text");
    assert!(said.contains("> Your receipt:\n> https://evil.example/") && !said.contains('\u{1b}'), "{said}");
    assert!(!text(&mail, "html").contains("href=\"https://evil"));
    // And a very long one is cut off between its letters.
    let fields = json!({"subject": "long", "email": "bob@example.com", "message": "a"});
    ada.post("/queries", fields).expect(201);
    world.db.change("UPDATE queries SET message = message || replace(hex(zeroblob(20000)), '00', 'é')");
    world.run_jobs();
    let said = text(&mails(&world).pop().unwrap(), "text");
    assert!((20_000..25_000).contains(&said.len()) && said.contains("é…"), "{}", said.len());
}

#[test]
fn an_address_that_no_mail_can_go_to_costs_one_mail_and_no_order() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    for wild in
        ["x", "a@b.co' || char(13, 10) || 'Bcc: eve@example.com", "a b@example.com", "<a@example.com>", "a@b.co,c@d.co"]
    {
        let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
        world.db.change(&format!("UPDATE orders SET email = '{wild}' WHERE id = '{order}'"));
        ada.simulate(&order, "exact", 1);
        world.run_jobs();
        assert_eq!((mails(&world).len(), ada.status(&order)), (0, 100), "{wild}");
        assert_eq!(world.db.rows_in("mails"), 0, "{wild}");
        world.db.change(
            "UPDATE serials SET state = 0, order_id = NULL; UPDATE products SET serials_left = 3, stock_held = 0",
        );
    }
}

#[test]
fn a_domain_in_its_own_script_is_written_as_the_dns_has_it() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C");
    let order = id(&buy(&ada, &keys, json!({"email": "bob@bücher.example"})).expect(201).json());
    assert_eq!(pay(&ada, &order)["to"], "bob@xn--bcher-kva.example");
}

#[test]
fn a_mail_names_the_seller_that_its_account_has_and_no_other() {
    let world: World = desk();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    eve.put("/account", json!({"shop_name": "Eve's"})).expect(200);
    let keys = keys(&eve, "A,B,C");
    let order = id(&buy(&eve, &keys, json!({})).expect(201).json());
    let mail = pay(&eve, &order);
    assert_eq!(mail["from"], "\"Eve's\" <shop@desk.example>");
    ada.post("/queries", json!({"subject": "s", "email": "bob@example.com", "message": "m"})).expect(201);
    world.run_jobs();
    assert_eq!(mails(&world).pop().unwrap()["to"], "ada@example.com");
}
