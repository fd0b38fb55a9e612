//! While e-mail is off: not a row, not a statement, not a request more.

use serde_json::json;

use super::{API, ON, desk, mails, owed};
use crate::{
    purchase::{buy, id, product},
    world::{Counts, DAY, World},
};

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
fn mails_that_were_owed_when_it_was_turned_off_are_given_up() {
    let world = desk();
    world.queue.loses.set(true);
    cost(&world);
    world.queue.loses.set(false);
    let before = owed(&world).len();
    assert_eq!(before, 4);
    let off = world.redeployed(&[]);
    off.live_through(DAY);
    assert!(owed(&off).iter().all(|mail| mail[2] == "0" && mail[3] == "off"), "{:?}", owed(&off));
    assert_eq!((owed(&off).len(), mails(&off).len()), (before, 0));
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
