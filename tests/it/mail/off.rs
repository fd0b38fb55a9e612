//! While e-mail is off: not a row, not a statement, not a request more.

use serde_json::{Value, json};

use super::{API, ON, desk, mails, owed};
use crate::{
    purchase::{buy, id, product},
    world::{Counts, DAY, HOUR, World, answer},
};

const GOODS: &str = "https://goods.example/make";

/// What it takes to pay an order for the last serials, to ask and to reply.
fn cost(world: &World) -> (Counts, Counts) {
    let ada = world.seller();
    let keys = product(&ada, json!({"info": "A", "stock_warning": 5}));
    let order = id(&buy(&ada, &keys, json!({})).expect(201).json());
    let (paying, _) = world.count(|| ada.simulate(&order, "exact", 1));
    let question = json!({"subject": "Test", "email": "bob@example.com", "message": "Do you?"});
    let (asking, query) = world.count(|| ada.post("/queries", question).expect(201).json());
    let path = format!("/queries/{}/reply", query["id"].as_str().unwrap());
    ada.post(&path, json!({"message": "Yes"})).expect(201);
    (paying, asking)
}

#[test]
fn without_email_nothing_is_owed_and_nothing_costs_more() {
    let (off, on) = (World::new(), desk());
    let ((paying, asking), (paying_on, asking_on)) = (cost(&off), cost(&on));
    // One statement of the same commits for each fact: paid, low and out of stock; asked.
    assert_eq!(paying_on, Counts { statements: paying.statements + 3, ..paying });
    assert_eq!(asking_on, Counts { statements: asking.statements + 1, ..asking });
    off.live_through(DAY);
    assert_eq!((owed(&off).len(), off.web.sent_to(API).len()), (0, 0));
    on.live_through(DAY);
    assert_eq!((owed(&on).len(), mails(&on).len()), (0, 4), "paid, out of stock, asked, replied");
}

#[test]
fn mails_that_were_owed_when_it_was_turned_off_are_given_up_after_days() {
    let world = desk();
    world.queue.loses.set(true);
    cost(&world);
    world.queue.loses.set(false);
    let before = owed(&world).len();
    assert_eq!(before, 4);
    let off = world.redeployed(&[]);
    off.live_through(2 * DAY);
    assert!(owed(&off).iter().all(|mail| mail[1..] == ["0", "1", "off"]), "{:?}", owed(&off));
    assert!(!off.log.text().contains("mail.given_up"));
    off.live_through(DAY + HOUR);
    assert!(owed(&off).iter().all(|mail| mail[1..] == ["0", "0", "off"]), "{:?}", owed(&off));
    assert_eq!((owed(&off).len(), mails(&off).len()), (before, 0));
    let line = off.log.last("mail.given_up");
    assert_eq!((&line["level"], &line["error"]), (&json!("error"), &json!("off")));
    assert_eq!(off.log.text().matches("mail.given_up").count(), before);
    // The order's seller sees it as well.
    let notes = "SELECT actor, action, note, from_status = to_status FROM order_history WHERE action = 'mail'";
    assert_eq!(off.db.query(notes), [["system", "mail", "Not sent: off", "1"]]);
    off.advance(90 * DAY);
    off.cron();
    assert_eq!(owed(&off).len(), 0, "they go with the retention");
}

#[test]
fn development_lists_its_mails_and_nothing_else_does() {
    let lists = |settings: &[(&str, &str)], method: &str| {
        let world = World::with(settings);
        let reply = world.ask(method, "/dev/mail").send();
        (reply.status(), reply.header("location").map(str::to_owned))
    };
    let local = |url| {
        [
            ("EMAIL_FROM", "a@example.com"),
            ("EMAIL_API_URL", url),
            ("EMAIL_API_KEY", "mailKey7f3a"),
            ("ALLOW_INSECURE_URLS", "1"),
        ]
    };
    let development = local("http://127.0.0.1:8025/emails");
    assert_eq!(lists(&development, "GET"), (302, Some("http://127.0.0.1:8025/".to_owned())));
    assert_eq!(lists(&development, "POST").0, 404);
    assert_eq!(lists(&development[..3], "GET").0, 404, "it isn't development");
    assert_eq!(lists(&local("https://mail.example/emails"), "GET").0, 404);
    assert_eq!(lists(&local("http://mail.example/emails"), "GET").0, 404);
    assert_eq!(lists(&ON, "GET").0, 404);
    assert_eq!(lists(&[("ALLOW_INSECURE_URLS", "1")], "GET").0, 404);
}

#[test]
fn turned_on_again_it_sends_what_is_owed() {
    let world = desk();
    world.queue.loses.set(true);
    cost(&world);
    world.queue.loses.set(false);
    let off = world.redeployed(&[]);
    off.live_through(2 * DAY);
    let on = off.redeployed(&ON);
    on.web.says(API, 500);
    on.live_through(HOUR);
    assert_eq!(owed(&on).len(), 4, "a service that is down first");
    // The days begin anew: it was on in between.
    let off = on.redeployed(&[]);
    off.live_through(2 * DAY);
    assert!(owed(&off).iter().all(|mail| mail[2..] == ["1", "off"]), "{:?}", owed(&off));
    let on = off.redeployed(&ON);
    let before = mails(&on).len();
    on.web.says(API, 200);
    on.live_through(DAY);
    assert_eq!((owed(&on).len(), mails(&on).len() - before), (0, 4));
}

#[test]
fn goods_that_come_later_are_told_though_the_first_mail_was_given_up() {
    let world = desk();
    let ada = world.seller();
    world.web.says(GOODS, 500);
    let dynamic = product(&ada, json!({"product_type": 3, "dynamic_url": GOODS}));
    let order = id(&buy(&ada, &dynamic, json!({})).expect(201).json());
    world.queue.loses.set(true);
    ada.simulate(&order, "exact", 1);
    world.queue.loses.set(false);
    let off = world.redeployed(&[]);
    off.live_through(4 * DAY);
    assert_eq!(owed(&off), [[format!("paid:{order}"), "0".into(), "0".into(), "off".into()]]);
    let on = off.redeployed(&ON);
    assert_eq!(ada.at(&on).order(&order)["delivery"], "failed");
    on.web.on(GOODS, |_| answer(200, "MADE-2"));
    ada.at(&on).post(&format!("/orders/{order}/deliver"), json!({"again": true})).expect(200);
    on.live_through(HOUR);
    let told = mails(&on);
    assert_eq!((told.len(), told[0]["subject"].clone()), (1, json!("Your goods: Key")));
    let history = ada.at(&on).get(&format!("/orders/{order}/history")).expect(200).json();
    let given_up = |line: &Value| line["action"] == "mail" && line["by"] == "system" && line["note"] == "Not sent: off";
    assert!(history.as_array().unwrap().iter().any(given_up), "{history}");
}
