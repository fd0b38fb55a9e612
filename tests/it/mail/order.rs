//! What buyers are told of their orders.

use pushguard::shop::signature::{self, Purpose};
use serde_json::{Value, json};

use super::{desk, link, mails, owed, posts, subjects, text};
use crate::{
    actors::{ORIGIN, Seller},
    purchase::{buy, id, keys, product},
    world::{DAY, HOUR, MINUTE, SECOND, World, answer},
};

const GOODS: &str = "https://goods.example/make";

/// An order of this product that was paid just now.
fn paid(ada: &Seller<'_>, product: &str) -> String {
    let order = id(&buy(ada, product, json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    order
}

/// The one mail that was sent since.
fn one(world: &World, before: usize) -> Value {
    let mails = mails(world);
    assert_eq!(mails.len(), before + 1, "{:?}", subjects(world));
    mails.last().unwrap().clone()
}

#[test]
fn a_paid_order_brings_its_buyer_the_goods_and_the_receipt() {
    let world = desk();
    let ada = world.seller();
    ada.put("/account", json!({"contact_email": "help@ada.example"})).expect(200);
    let order = paid(&ada, &keys(&ada, "KEY-1,KEY-2,KEY-3"));
    world.run_jobs();
    let mail = one(&world, 0);
    let names: Vec<&String> = mail.as_object().unwrap().keys().collect();
    assert_eq!(names, ["from", "to", "subject", "html", "text", "reply_to"]);
    assert_eq!(mail["from"], "\"Ada's Apps\" <shop@desk.example>");
    assert_eq!((&mail["to"], &mail["reply_to"]), (&json!("bob@example.com"), &json!("help@ada.example")));
    assert_eq!(mail["subject"], "Your order: Key");
    for part in ["text", "html"] {
        let part = text(&mail, part);
        for said in ["KEY-1", "10.00", &order, "test order"] {
            assert!(part.contains(said), "{said} is missing in {part}");
        }
        assert!(!part.contains("KEY-2"), "{part}");
    }
    let url = link(&mail, &format!("{ORIGIN}/order/{order}/"));
    let token = url.rsplit('/').next().unwrap();
    assert!(signature::verify(&world.app.platform.settings.token_keys, Purpose::Order, &order, token));
    assert!(text(&mail, "html").contains(&format!("href=\"{url}\"")));
    let sent = &posts(&world)[0];
    let account = world.db.one("SELECT account_id FROM shops");
    assert_eq!((sent.method, sent.url.as_str(), sent.timeout), ("POST", super::API, 15_000));
    assert_eq!(sent.header("authorization"), "Bearer mailKey7f3a");
    assert_eq!(sent.header("content-type"), "application/json");
    assert_eq!(sent.header("idempotency-key"), format!("{account}/paid:{order}"));
    assert!(!sent.header("user-agent").is_empty(), "Resend refuses requests without");
    assert_eq!(owed(&world).len(), 0, "nothing is owed any more");
    let line = world.log.last("mail.sent");
    assert_eq!((&line["mail"], &line["level"]), (&json!(format!("paid:{order}")), &json!("info")));
    world.live_through(2 * DAY);
    assert_eq!(mails(&world).len(), 1);
    assert!(!world.log.text().contains("bob@") && !world.log.text().contains("KEY-1"), "{}", world.log.text());
}

#[test]
fn a_payment_link_without_a_product_is_told_without_goods() {
    let world = desk();
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link);
    world.run_jobs();
    assert_eq!(mails(&world).len(), 0, "it isn't paid yet");
    ada.simulate(&link.order_id, "exact", 1);
    world.run_jobs();
    let mail = one(&world, 0);
    assert_eq!(mail["subject"], "Your order: The app");
    assert!(!text(&mail, "text").contains("Your goods"), "{mail}");
    assert_eq!(mail.get("reply_to"), None, "there is no contact");
}

#[test]
fn what_has_no_page_and_who_has_no_address_is_told_nothing() {
    let world = desk();
    let ada = world.seller();
    let order = id(&ada.white_label(json!({})));
    ada.simulate(&order, "exact", 1);
    let keys = keys(&ada, "A,B,C");
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    world.db.change("UPDATE orders SET email = NULL");
    ada.simulate(&order, "exact", 1);
    world.run_jobs();
    assert_eq!((mails(&world).len(), owed(&world).len()), (0, 0));
    assert_eq!(ada.status(&order), 100);
}

#[test]
fn goods_that_a_server_gives_at_once_are_in_the_mail_of_the_payment() {
    let world = desk();
    let ada = world.seller();
    world.web.on(GOODS, |_| answer(200, "MADE-1"));
    let dynamic = product(&ada, json!({"product_type": 3, "dynamic_url": GOODS}));
    paid(&ada, &dynamic);
    world.live_through(10 * SECOND);
    assert_eq!(mails(&world).len(), 0, "it waits for the goods");
    world.live_through(10 * MINUTE);
    assert!(text(&one(&world, 0), "text").contains("Your goods:\n\nMADE-1"), "{:?}", mails(&world));
    world.live_through(DAY);
    assert_eq!(mails(&world).len(), 1);
}

#[test]
fn goods_that_come_later_have_a_mail_of_their_own() {
    let world = desk();
    let ada = world.seller();
    world.web.says(GOODS, 500);
    let dynamic = product(&ada, json!({"product_type": 3, "dynamic_url": GOODS}));
    paid(&ada, &dynamic);
    world.live_through(MINUTE);
    let first = text(&one(&world, 0), "text");
    assert!(first.contains("being prepared") && first.contains("/order/"), "{first}");
    world.web.on(GOODS, |_| answer(200, "MADE-2"));
    world.live_through(HOUR);
    let second = one(&world, 1);
    assert_eq!(second["subject"], "Your goods: Key");
    assert!(text(&second, "text").contains("MADE-2") && text(&second, "html").contains("MADE-2"));
    world.live_through(DAY);
    assert_eq!(mails(&world).len(), 2);
}

#[test]
fn a_restock_a_replacement_and_a_new_text_are_told_once_each() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A-1");
    let late = id(&buy(&ada, &keys, json!({"email": "late@example.com"})).expect(201).json());
    world.advance(HOUR);
    let first = paid(&ada, &keys);
    ada.simulate(&late, "late", 1);
    world.run_jobs();
    let to_late = |world: &World| -> Vec<Value> {
        mails(world).into_iter().filter(|mail| mail["to"] == "late@example.com").collect()
    };
    assert!(text(&to_late(&world)[0], "text").contains("nothing was left"), "{:?}", to_late(&world));
    ada.put(&format!("/products/{keys}"), json!({"info": "B-1,B-2,B-3"})).expect(200);
    world.live_through(3 * MINUTE);
    let told = to_late(&world);
    assert_eq!((told.len(), text(&told[1], "subject")), (2, "Your goods: Key".to_owned()));
    assert!(text(&told[1], "text").contains("B-1"));
    ada.post(&format!("/orders/{first}/replace"), json!({})).expect(200);
    world.run_jobs();
    let replaced = mails(&world).pop().unwrap();
    assert_eq!((&replaced["to"], text(&replaced, "text").contains("B-2")), (&json!("bob@example.com"), true));
    let service = product(&ada, json!({"product_type": 4, "info": "We write to you."}));
    let order = paid(&ada, &service);
    world.run_jobs();
    assert!(text(&mails(&world).pop().unwrap(), "text").contains("We write to you."));
    ada.put(&format!("/products/{service}"), json!({"info": "We have written."})).expect(200);
    ada.post(&format!("/orders/{order}/deliver"), json!({"again": true})).expect(200);
    world.run_jobs();
    assert!(text(&mails(&world).pop().unwrap(), "text").contains("We have written."));
    let count = mails(&world).len();
    world.live_through(DAY);
    assert_eq!(mails(&world).len(), count);
}

#[test]
fn money_that_went_back_before_the_mail_was_written_takes_it_back() {
    let world = desk();
    let ada = world.seller();
    let order = paid(&ada, &keys(&ada, "A,B,C"));
    ada.post(&format!("/orders/{order}/refund"), json!({"txid": "ab12"})).expect(200);
    world.live_through(HOUR);
    assert_eq!(mails(&world).len(), 0);
    let waits = [format!("paid:{order}"), "1".into(), "0".into(), "not_completed".into()];
    assert_eq!(owed(&world), [waits], "should it come back");
    world.advance(300 * DAY);
    world.live_through(2 * MINUTE);
    assert_eq!(owed(&world).len(), 0);
}

#[test]
fn an_order_that_costs_nothing_or_was_completed_by_hand_is_told_as_well() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A,B,C,D");
    ada.post("/coupons", json!({"code": "FREE", "discount": "100"})).expect(201);
    buy(&ada, &keys, json!({"coupon": "FREE"})).expect(201);
    world.run_jobs();
    assert!(text(&one(&world, 0), "text").contains("Your goods:\n\nA\n"));
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    ada.post(&format!("/orders/{order}/complete"), json!({"note": "cash"})).expect(200);
    world.run_jobs();
    assert!(text(&one(&world, 1), "text").contains("Your goods:\n\nB\n"));
}

#[test]
fn a_file_is_a_link_to_its_download() {
    let world = desk();
    let ada = world.seller();
    let file = product(&ada, json!({"product_type": 1}));
    let put = ada.ask("PUT", &format!("/products/{file}/file")).header("content-type", "text/plain");
    put.body("the whole file").send().expect(200);
    let order = paid(&ada, &file);
    world.run_jobs();
    let mail = one(&world, 0);
    let url = link(&mail, &format!("{ORIGIN}/order/{order}/"));
    assert!(url.ends_with("/file") && text(&mail, "text").contains("Download your file:"), "{mail}");
}

#[test]
fn a_shop_writes_in_its_own_language() {
    let world = desk();
    let ada = world.seller();
    ada.put("/account", json!({"shop": {"language": "de"}})).expect(200);
    paid(&ada, &keys(&ada, "KEY-1"));
    world.run_jobs();
    let mail = mails(&world).into_iter().find(|mail| mail["to"] == "bob@example.com").expect("a mail to the buyer");
    assert_eq!(mail["subject"], "Ihre Bestellung: Key");
    let html = text(&mail, "html");
    assert!(html.contains("lang=\"de\"") && html.contains("KEY-1") && html.contains("10,00 USD"), "{html}");
}

#[test]
fn what_nobody_paid_for_is_complete_and_not_paid() {
    let world = desk();
    let ada = world.seller();
    let keys = keys(&ada, "A,B");
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    ada.post(&format!("/orders/{order}/complete"), json!({"note": "cash"})).expect(200);
    world.run_jobs();
    let text = text(&one(&world, 0), "text");
    assert!(text.contains("is complete") && !text.contains("your payment"), "{text}");
    let page = world.buyer().page(&world.receipt(&order)).1;
    assert!(!page.contains("Paid with"), "{page}");
}
