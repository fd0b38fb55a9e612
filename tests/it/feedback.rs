//! Feedbacks: one an order, told to the seller's endpoints, answered by the seller.

use futures_util::future::join_all;
use pushguard::shop::{
    account::Account,
    feedback::{self, Opinion, Rating},
};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    world::{Counts, Landed, SECOND, World, block_on},
};

const HOOK: &str = "https://hooks.example/";

/// An order that is completed.
pub fn sold(seller: &Seller<'_>, title: &str) -> String {
    let id = seller.white_label(json!({"title": title}))["id"].as_str().unwrap().to_owned();
    seller.simulate(&id, "exact", 1);
    id
}

fn praise(seller: &Seller<'_>, order_id: &str) -> Value {
    let fields = json!({"order_id": order_id, "rating": 1, "stars": 5, "comment": "Very good seller"});
    seller.post("/feedbacks", fields).expect(201).json()
}

fn path(object: &Value) -> String {
    format!("/feedbacks/{}", object["id"].as_str().unwrap())
}

/// What is not as in a reference's example: its field, ours, and why. An empty name is a field that the other has not.
pub type Differences = [(&'static str, &'static str, &'static str)];

/// Every field of the example is ours, with its value, but for the differences; and nothing is there besides.
#[track_caller]
pub fn compare(example: &Value, ours: &Value, differences: &Differences) {
    let (example, ours) = (example.as_object().unwrap(), ours.as_object().unwrap());
    for (name, value) in example {
        match differences.iter().find(|(theirs, ..)| theirs == name) {
            Some((_, "", why)) => assert!(!ours.contains_key(name), "{name}: {why}"),
            Some((_, renamed, why)) => assert!(ours.contains_key(*renamed), "{name}: {why}"),
            None => assert_eq!(ours.get(name), Some(value), "{name}"),
        }
    }
    for name in ours.keys().filter(|name| !example.contains_key(*name)) {
        assert!(differences.iter().any(|(_, known, _)| known == name), "{name} is not in the example");
    }
}

const DIFFERENCES: &Differences = &[
    ("feedback_id", "id", "the contract: 8 base-62 for feedbacks, under the name that all objects have"),
    ("invoice_id", "order_id", "this API calls the order's id so"),
    ("created_at", "created_at", "the contract's form of times"),
    ("reply_id", "", "names the page on which that shop's buyers rate; here the seller's own page does it"),
    ("seller_name", "", "always the account itself, and left out in the reference's second example too"),
    ("", "product_id", "as in orders, which have no other link to their product"),
    ("", "updated_at", "as in all objects of this API: when the seller replied"),
];

#[test]
fn the_references_feedback_is_ours_field_by_field() {
    let world = World::new();
    let ada = world.seller();
    let answered = json!({
        "feedback_id": 7, "created_at": "2017-12-28 00:00:25", "response": "Thanks! :)", "rating": 1, "stars": 5,
        "comment": "", "reply_id": "5a44294950d4a", "product_title": "Nulled VIP 3 months",
        "invoice_id": "666ca8d1-d616-4794-8258-8f60aec8ef94", "seller_name": "finn",
    });
    let commented = json!({
        "feedback_id": 13, "created_at": "2018-01-01 23:08:26", "response": "", "rating": 1, "stars": 5,
        "comment": "Very good seller", "reply_id": "5a4ab15aabd7c", "product_title": "Nulled VIP 3 months",
        "invoice_id": "bb646d79-97bc-4151-9a83-0bc7269857b0",
    });
    let made = ada.post("/feedbacks", json!({"order_id": sold(&ada, "Nulled VIP 3 months"), "rating": 1, "stars": 5}));
    let first = ada.post(&format!("{}/reply", path(&made.expect(201).json())), json!({"response": "Thanks! :)"}));
    compare(&answered, &first.expect(200).json(), DIFFERENCES);
    compare(&commented, &praise(&ada, &sold(&ada, "Nulled VIP 3 months")), DIFFERENCES);
}

#[test]
fn a_feedback_is_made_read_and_answered() {
    let world = World::new();
    let ada = world.seller();
    let order_id = sold(&ada, "The app");
    let made = praise(&ada, &order_id);
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let expected = json!({
        "id": id, "order_id": order_id, "product_id": "pay", "product_title": "The app", "rating": 1, "stars": 5,
        "comment": "Very good seller", "response": "",
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    assert_eq!(made, expected);
    assert_eq!(ada.get(&path(&made)).expect(200).json(), expected);
    for response in ["Thanks!", "Thank you, Bob."] {
        world.advance(SECOND);
        let answered = ada.post(&format!("{}/reply", path(&made)), json!({"feedback": {"response": response}}));
        let answered = answered.expect(200).json();
        assert_eq!(answered["response"], response, "a later reply takes the first one's place");
        assert_eq!(ada.get(&path(&made)).json(), answered);
    }
    let now = ada.get(&path(&made)).json();
    assert_eq!(now["updated_at"], "2023-11-15T00:00:02.000+00:00");
    assert_eq!(now["created_at"], expected["created_at"]);
    world.advance(SECOND);
    let same = ada.post(&format!("{}/reply", path(&made)), json!({"response": "Thank you, Bob."})).expect(200);
    assert_eq!(same.json(), now, "the same reply changes nothing");
}

#[test]
fn stars_say_the_rating_and_the_rating_says_the_stars() {
    let world = World::new();
    let ada = world.seller();
    for (sent, rating, stars) in [
        (json!({"stars": 1}), -1, 1),
        (json!({"stars": "2"}), -1, 2),
        (json!({"stars": 3}), 0, 3),
        (json!({"stars": 4, "rating": null}), 1, 4),
        (json!({"stars": 5, "rating": ""}), 1, 5),
        (json!({"rating": -1}), -1, 1),
        (json!({"rating": 0}), 0, 3),
        (json!({"rating": "1"}), 1, 5),
        // Both are the buyer's own words: three stars can be praise.
        (json!({"rating": 1, "stars": 3}), 1, 3),
        (json!({"rating": -1, "stars": 5}), -1, 5),
    ] {
        let mut fields = sent.clone();
        fields["order_id"] = json!(sold(&ada, "The app"));
        let made = ada.post("/feedbacks", fields).expect(201).json();
        assert_eq!((&made["rating"], &made["stars"]), (&json!(rating), &json!(stars)), "{sent}");
    }
}

#[test]
fn a_feedback_that_says_nothing_or_too_much_is_refused() {
    let world = World::new();
    let ada = world.seller();
    let order_id = sold(&ada, "The app");
    let order = "Order id can't be blank";
    let rating = "Rating or stars can't be blank";
    let long = "Comment is too long (maximum is 2000 characters)";
    let before = world.db.dump();
    for (body, sentences) in [
        (json!({}), vec![order, rating]),
        (json!({"rating": 1}), vec![order]),
        (json!({"order_id": order_id}), vec![rating]),
        (json!({"order_id": order_id, "rating": null, "stars": ""}), vec![rating]),
        (json!({"order_id": order_id, "rating": 2}), vec!["Rating must be less than or equal to 1"]),
        (json!({"order_id": order_id, "rating": -2}), vec!["Rating must be greater than or equal to -1"]),
        (json!({"order_id": order_id, "rating": "good"}), vec!["Rating is not a number"]),
        (json!({"order_id": order_id, "stars": 0}), vec!["Stars must be greater than or equal to 1"]),
        (json!({"order_id": order_id, "stars": 6}), vec!["Stars must be less than or equal to 5"]),
        (json!({"order_id": order_id, "stars": 4.5}), vec!["Stars must be an integer"]),
        (json!({"order_id": order_id, "stars": [5]}), vec!["Stars is not a number"]),
        (json!({"order_id": order_id, "rating": 1, "comment": "x".repeat(2_001)}), vec![long]),
        (json!({"order_id": order_id, "rating": 1, "comment": {}}), vec!["Comment must be a text"]),
        (
            json!({"order_id": "x".repeat(65), "rating": 9, "stars": 9, "comment": "x".repeat(2_001)}),
            vec![
                "Order id is too long (maximum is 64 characters)",
                "Rating must be less than or equal to 1",
                "Stars must be less than or equal to 5",
                long,
            ],
        ),
    ] {
        assert_eq!(world.trips(|| assert_eq!(ada.post("/feedbacks", body.clone()).errors(), sentences, "{body}")), 0);
    }
    assert_eq!(world.db.dump(), before);
    let most = ada.post("/feedbacks", json!({"order_id": order_id, "rating": 1, "comment": "é".repeat(2_000)}));
    let reply = format!("{}/reply", path(&most.expect(201).json()));
    for (body, sentence) in [
        (json!({}), "Response can't be blank"),
        (json!({"response": " "}), "Response can't be blank"),
        (json!({"response": "x".repeat(2_001)}), "Response is too long (maximum is 2000 characters)"),
    ] {
        assert_eq!(ada.post(&reply, body).errors(), [sentence]);
    }
}

#[test]
fn only_a_completed_order_has_a_feedback_and_one_alone() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let say = |order_id: &str| ada.post("/feedbacks", json!({"order_id": order_id, "stars": 5})).errors();
    let open = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    let theirs = sold(&eve, "The app");
    for missing in ["x", "00000000-0000-4000-8000-000000000000", &theirs, "' OR 1=1 --"] {
        assert_eq!(say(missing), ["Order must exist"]);
    }
    assert_eq!(say(&open), ["Order is not completed"]);
    ada.simulate(&open, "exact", 0);
    assert_eq!(ada.status(&open), 54);
    assert_eq!(say(&open), ["Order is not completed"]);
    let done = sold(&ada, "The app");
    praise(&ada, &done);
    assert_eq!(say(&done), ["Order already has a feedback"]);
    assert_eq!(world.db.rows_in("feedbacks"), 1);
    // Refunded between the read and the commit.
    let late = sold(&ada, "The app");
    let db = world.db.clone();
    world.db.before_commit(1, move || {
        db.change("UPDATE orders SET status = 56");
    });
    assert_eq!(say(&late), ["Order is not completed"]);
    assert_eq!(world.db.rows_in("feedbacks"), 1);
}

#[test]
fn endpoints_are_told_once_of_each_feedback_and_each_reply() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created", "feedback:updated"]);
    ada.endpoint("https://other.example/", &["order:created"]);
    world.web.says("https://own.example/", 200);
    world.web.says("https://other.example/", 200);
    let order = ada.white_label(json!({"webhook_url": "https://own.example/"}))["id"].as_str().unwrap().to_owned();
    ada.simulate(&order, "exact", 1);
    world.run_jobs();
    let told = world.web.sent_to("https://own.example/").len();
    let made = praise(&ada, &order);
    world.run_jobs();
    let answered = ada.post(&format!("{}/reply", path(&made)), json!({"response": "<Thanks>"})).expect(200).json();
    ada.post(&format!("{}/reply", path(&made)), json!({"response": "<Thanks>"})).expect(200);
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    let events: Vec<_> = sent.iter().map(|sent| sent.header("X-PushGuard-Event").to_owned()).collect();
    assert_eq!(events, ["feedback:created", "feedback:updated"]);
    assert_eq!((sent[0].json(), sent[1].json()), (made, answered), "the feedback object");
    assert_eq!(world.web.sent_to("https://own.example/").len(), told, "an order's own URL is told of the order alone");
    assert_eq!(world.web.sent_to("https://other.example/").len(), 1);
    let subject = "SELECT DISTINCT subject_id FROM webhook_logs WHERE event LIKE 'feedback:%'";
    assert_eq!(format!("/feedbacks/{}", world.db.one(subject)), path(&ada.get("/feedbacks").json()[0]));
}

#[test]
fn a_nudge_that_is_lost_costs_a_minute_and_no_event() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created"]);
    let order = sold(&ada, "The app");
    world.queue.loses.set(true);
    praise(&ada, &order);
    world.queue.loses.set(false);
    world.live_through(3 * 60 * SECOND);
    assert_eq!(world.web.sent_to(HOOK).len(), 1);
}

#[test]
fn of_many_at_once_for_one_order_one_is_kept_and_told() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created"]);
    let order_id = sold(&ada, "The app");
    world.db.interleaves.set(true);
    let say =
        |stars: u32| ada.ask("POST", "/feedbacks").json(&json!({"order_id": order_id, "stars": stars})).together();
    let replies = block_on(join_all((1..=5).map(say)));
    let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status() == 201).collect();
    assert_eq!(made.len(), 1);
    for refused in replies.iter().filter(|reply| reply.status() != 201) {
        assert_eq!(refused.errors(), ["Order already has a feedback"]);
    }
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].json(), made[0].json());
}

#[test]
fn a_commit_that_is_lost_leaves_neither_feedback_nor_event() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created"]);
    let order_id = sold(&ada, "The app");
    let before = world.db.dump();
    world.db.break_commit(1, Landed::No);
    ada.post("/feedbacks", json!({"order_id": order_id, "stars": 5})).expect(500);
    assert_eq!(world.db.dump(), before);
    praise(&ada, &order_id);
}

#[test]
fn a_feedback_or_a_reply_that_is_sent_again_under_its_key_is_done_once() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created", "feedback:updated"]);
    let order_id = sold(&ada, "The app");
    let post = |path: &str, body: &Value| ada.ask("POST", path).header("idempotency-key", path).json(body).send();
    let body = json!({"order_id": order_id, "stars": 5});
    let first = post("/feedbacks", &body).expect(201);
    let again = post("/feedbacks", &body).expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    let reply = format!("{}/reply", path(&first.json()));
    let body = json!({"response": "Thanks"});
    let first = post(&reply, &body).expect(200);
    ada.post(&reply, json!({"response": "Thank you"})).expect(200);
    let again = post(&reply, &body).expect(200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    assert_eq!(ada.get("/feedbacks").json()[0]["response"], "Thank you", "a repeated request changes nothing");
    assert_eq!(world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE event LIKE 'feedback:%'"), "3");
    // At once, where none has an answer yet.
    world.db.interleaves.set(true);
    let body = json!({"order_id": sold(&ada, "The app"), "stars": 5});
    let ask = || ada.ask("POST", "/feedbacks").header("idempotency-key", "together").json(&body).together();
    let replies = block_on(join_all([ask(), ask(), ask()]));
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status())));
    assert_eq!(world.db.rows_in("feedbacks"), 2);
}

#[test]
fn another_accounts_feedbacks_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let made = praise(&ada, &sold(&ada, "The app"));
    let before = world.db.dump();
    for id in [path(&made).as_str(), "/feedbacks/x", "/feedbacks/%27", "/feedbacks/00000000"] {
        eve.get(id).expect(404);
        eve.post(&format!("{id}/reply"), json!({"response": "mine"})).expect(404);
    }
    assert_eq!(eve.get("/feedbacks").text(), "[]");
    assert_eq!(eve.get("/feedbacks").header("x-total-count"), Some("0"));
    assert_eq!(world.db.dump(), before);
}

#[test]
fn feedbacks_are_listed_newest_first_in_pages() {
    let world = World::new();
    let ada = world.seller();
    for n in 1..=23 {
        praise(&ada, &sold(&ada, &format!("App {n}")));
    }
    let page = |query: &str| ada.get(&format!("/feedbacks{query}")).expect(200);
    let titles = |reply: &Reply| -> Vec<String> {
        let title = |object: &Value| object["product_title"].as_str().unwrap().to_owned();
        reply.json().as_array().unwrap().iter().map(title).collect()
    };
    let names = |from: u32, to: u32| (to..=from).rev().map(|n| format!("App {n}")).collect::<Vec<_>>();
    assert_eq!(titles(&page("")), names(23, 4));
    assert_eq!(titles(&page("?page=2")), names(3, 1));
    assert_eq!(titles(&page("?page=2&per_page=10")), names(13, 4));
    assert_eq!(page("?page=3").text(), "[]");
    let first = page("");
    for (name, value) in
        [("x-total-pages", "2"), ("x-total-count", "23"), ("x-current-page", "1"), ("x-items-per-page", "20")]
    {
        assert_eq!(first.header(name), Some(value));
    }
    assert!(first.header("link").unwrap().contains("rel=\"next\""));
    assert_eq!(first.json()[0], ada.get(&path(&first.json()[0])).json(), "a listed feedback is the feedback");
    assert_eq!(ada.get("/feedbacks?page=x").errors(), ["Page is not a number"]);
}

#[test]
fn what_feedbacks_cost_in_trips() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created", "feedback:updated"]);
    let order_id = sold(&ada, "The app");
    let (counts, made) = world.count(|| praise(&ada, &order_id));
    assert_eq!(Counts { statements: 0, ..counts }, Counts { reads: 1, commits: 1, ..Counts::default() });
    let reply = format!("{}/reply", path(&made));
    let (counts, _) = world.count(|| ada.post(&reply, json!({"response": "Thanks"})).expect(200));
    assert_eq!(Counts { statements: 0, ..counts }, Counts { reads: 1, commits: 1, ..Counts::default() });
    for path in [path(&made), "/feedbacks".into(), "/feedbacks?page=9".into()] {
        assert_eq!(world.trips(|| ada.get(&path).expect(200)), 1, "{path}");
    }
}

#[test]
fn an_opinion_needs_an_account_and_finds_its_own_orders_alone() {
    let world = World::new();
    let ada = world.seller();
    let order_id = sold(&ada, "The app");
    let opinion = Opinion { order_id, rating: Rating::Positive, stars: 5, comment: String::new() };
    let nobody = Account::acting(7, "DB", true);
    assert!(block_on(feedback::create(&world.app, &nobody, opinion)).is_err());
    assert_eq!(world.db.rows_in("feedbacks"), 0);
}
