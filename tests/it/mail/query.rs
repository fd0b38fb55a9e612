//! Questions and replies: each side is told of what the other wrote.

use pushguard::shop::query::thread;
use serde_json::{Value, json};

use super::{desk, link, mails, owed, posts, text};
use crate::{
    actors::{ORIGIN, Seller},
    world::{DAY, World},
};

fn ask(ada: &Seller<'_>, changed: Value) -> String {
    let mut fields = json!({"subject": "Linux?", "email": "bob@example.com", "message": "Does it run\nthere?"});
    for (name, value) in changed.as_object().unwrap() {
        fields[name] = value.clone();
    }
    ada.post("/queries", fields).expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn reply(ada: &Seller<'_>, query: &str, from: &str, message: &str) {
    ada.post(&format!("/queries/{query}/reply"), json!({"from": from, "message": message})).expect(201);
}

fn last(world: &World, count: usize) -> Value {
    world.run_jobs();
    assert_eq!(mails(world).len(), count);
    mails(world).pop().unwrap()
}

#[test]
fn the_seller_is_told_of_a_question_and_the_customer_of_the_reply() {
    let world = desk();
    let ada = world.seller();
    ada.put("/account", json!({"contact_email": "help@ada.example"})).expect(200);
    let order = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    let query = ask(&ada, json!({"order_id": order}));
    let asked = last(&world, 1);
    assert_eq!((&asked["to"], &asked["reply_to"]), (&json!("ada@example.com"), &json!("bob@example.com")));
    assert_eq!(
        (&asked["from"], &asked["subject"]),
        (&json!("\"PushGuard\" <shop@desk.example>"), &json!("Question: Linux?"))
    );
    let said = text(&asked, "text");
    assert!(said.contains("bob@example.com asks you:\n\n> Does it run\n> there?\n"), "{said}");
    assert!(said.contains(&order) && said.contains(&format!("/api/v2/queries/{query}/reply")), "{said}");

    reply(&ada, &query, "seller", "It does.");
    let replied = last(&world, 2);
    assert_eq!((&replied["to"], &replied["reply_to"]), (&json!("bob@example.com"), &json!("help@ada.example")));
    assert_eq!(replied["from"], "\"Ada's Apps\" <shop@desk.example>");
    assert_eq!(replied["subject"], "Reply: Linux?");
    assert!(text(&replied, "text").contains("> It does.") && text(&replied, "html").contains("It does."));
    let url = link(&replied, &format!("{ORIGIN}/query/{query}/"));
    let token = url.rsplit('/').next().unwrap();
    let keys = &world.app.platform.settings.token_keys;
    assert!(thread::verify(keys, &query, token).is_some());
    let page = world.buyer().get(url.strip_prefix(ORIGIN).unwrap()).expect(200).text();
    assert!(page.contains("It does."), "{page}");

    reply(&ada, &query, "customer", "Thanks!");
    let thanks = last(&world, 3);
    assert_eq!((&thanks["to"], &thanks["reply_to"]), (&json!("ada@example.com"), &json!("bob@example.com")));
    assert!(text(&thanks, "text").contains("bob@example.com has replied:\n\n> Thanks!"), "{thanks}");
    ada.post(&format!("/queries/{query}/close"), json!({"solved": true})).expect(200);
    world.live_through(DAY);
    assert_eq!((mails(&world).len(), owed(&world).len()), (3, 0), "closing is told to nobody");
}

#[test]
fn each_reply_has_one_mail_which_quotes_that_reply() {
    let world = desk();
    let ada = world.seller();
    let query = ask(&ada, json!({}));
    for n in 1..=4 {
        reply(&ada, &query, "seller", &format!("Reply {n}."));
    }
    world.run_jobs();
    let mut said: Vec<String> = posts(&world).iter().map(|sent| sent.header("idempotency-key").to_owned()).collect();
    said.sort();
    said.dedup();
    assert_eq!((said.len(), mails(&world).len()), (5, 5));
    for n in 1..=4 {
        let quoting = mails(&world).iter().filter(|mail| text(mail, "text").contains(&format!("> Reply {n}."))).count();
        assert_eq!(quoting, 1);
    }
}

#[test]
fn a_question_that_is_asked_again_under_its_key_is_told_once() {
    let world = desk();
    let ada = world.seller();
    let fields = json!({"subject": "Twice", "email": "bob@example.com", "message": "Once?"});
    for _ in 0..2 {
        ada.ask("POST", "/queries").header("idempotency-key", "k").json(&fields).send().expect(201);
    }
    world.run_jobs();
    assert_eq!(mails(&world).len(), 1);
}
