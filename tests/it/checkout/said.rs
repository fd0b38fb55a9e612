//! What a buyer says of an order on its page: feedback, and questions.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    feedback::sold,
    world::{DAY, SECOND, World},
};

const HOOK: &str = "https://hooks.example/";

fn said(ada: &Seller<'_>) -> Value {
    ada.get("/feedbacks").expect(200).json()[0].clone()
}

#[test]
fn a_buyer_gives_feedback_and_changes_it_for_thirty_days() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created", "feedback:updated"]);
    let page = world.receipt(&sold(&ada, "The app"));
    let say = |form: &str| world.buyer().post(&format!("{page}/feedback"), form);
    let text = || world.buyer().page(&format!("{page}?stay")).1;
    assert!(text().contains("Give feedback") && text().contains("name=\"stars\""));
    let led = say("stars=4&comment=Good%0D%0A%3Cb%3E").expect(303);
    assert_eq!(led.header("location"), Some(format!("{page}?stay#feedback").as_str()));
    let given = said(&ada);
    assert_eq!((&given["stars"], &given["rating"], &given["comment"]), (&json!(4), &json!(1), &json!("Good\n<b>")));
    assert!(
        text().contains("Your feedback")
            && text().contains("value=\"4\" required checked")
            && text().contains("Good\n&lt;b&gt;</textarea>")
    );
    world.advance(SECOND);
    say("stars=4&comment=Good%0A%3Cb%3E").expect(303);
    assert_eq!(said(&ada), given, "the same again changes nothing");
    say("stars=2").expect(303);
    let changed = said(&ada);
    assert_eq!(
        (&changed["id"], &changed["stars"], &changed["rating"], &changed["comment"]),
        (&given["id"], &json!(2), &json!(-1), &json!(""))
    );
    let id = given["id"].as_str().unwrap();
    ada.post(&format!("/feedbacks/{id}/reply"), json!({"response": "Why?"})).expect(200);
    assert!(text().contains("Ada's Apps</bdi> answered:") && text().contains(">Why?</p>"));
    world.advance(30 * DAY - SECOND);
    say("stars=3").expect(303);
    world.advance(SECOND);
    let last = said(&ada);
    say("stars=5").expect(303);
    assert_eq!(said(&ada), last, "it is too late");
    assert!(text().contains(">3 stars</p>") && !text().contains("name=\"stars\""));
    world.run_jobs();
    let events: Vec<_> =
        world.web.sent_to(HOOK).iter().map(|sent| sent.header("X-PushGuard-Event").to_owned()).collect();
    assert_eq!(events[..2], ["feedback:created", "feedback:updated"]);
    assert_eq!(events.len(), 4);
    assert_eq!(world.db.rows_in("feedbacks"), 1);
}

#[test]
fn a_feedback_that_is_refused_keeps_what_was_typed_at_its_field() {
    let world = World::new();
    let ada = world.seller();
    let page = world.receipt(&sold(&ada, "The app"));
    let say = |form: &str| world.buyer().post(&format!("{page}/feedback"), form);
    for form in ["", "stars=", "stars=0", "stars=6", "stars=x&comment=%3Cscript%3E", "stars=4.5"] {
        let text = say(form).expect(422).text();
        assert!(text.contains("Please choose one to five stars.") && text.contains("stars-problem"), "{form}");
        assert!(
            !text.contains("<script>") && (!form.contains("script") || text.contains("&lt;script&gt;</textarea>")),
            "{text}"
        );
    }
    let long = say(&format!("stars=3&comment={}", "x".repeat(2_001))).expect(422).text();
    assert!(long.contains("at most 2000 characters fit") && long.contains("value=\"3\" required checked"), "{long}");
    say("stars=3&comment=a%00b").expect(422);
    say(&format!("stars=3&comment={}", "%C3%A9".repeat(2_000))).expect(303);
    let open = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    world.buyer().post(&format!("{}/feedback", world.receipt(&open)), "stars=5").expect(303);
    assert_eq!(world.db.rows_in("feedbacks"), 1, "only of a completed order");
}

#[test]
fn a_feedback_that_meets_the_sellers_reply_loses_neither() {
    let world = World::new();
    let ada = world.seller();
    let page = world.receipt(&sold(&ada, "The app"));
    let path = format!("{page}/feedback");
    world.buyer().post(&path, "stars=4").expect(303);
    let reply = format!("/feedbacks/{}/reply", said(&ada)["id"].as_str().unwrap());
    let other = world.redeployed(&[]);
    let form = path.clone();
    world.db.before_commit(1, move || drop(other.buyer().post(&form, "stars=1&comment=Bad").expect(303)));
    ada.post(&reply, json!({"response": "Sorry"})).expect(200);
    let now = said(&ada);
    assert_eq!((&now["stars"], &now["comment"], &now["response"]), (&json!(1), &json!("Bad"), &json!("Sorry")));
}

#[test]
fn a_buyer_asks_about_an_order_and_finds_the_thread_again() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:created"]);
    let id = sold(&ada, "The app");
    let page = world.receipt(&id);
    let asked = world.buyer().post(&format!("{page}/query"), "subject=Where%3F&message=%3Ci%3E+it%0D%0Ais").expect(303);
    let thread = asked.header("location").unwrap().to_owned();
    assert!(thread.starts_with("/query/"), "{thread}");
    let query = ada.get("/queries").json()[0].clone();
    assert_eq!(
        (&query["order_id"], &query["email"], &query["subject"], &query["message"]),
        (&json!(id), &json!("bob@example.com"), &json!("Where?"), &json!("<i> it\nis"))
    );
    let text = world.buyer().page(&format!("{page}?stay")).1;
    assert!(text.contains(&format!("href=\"{thread}\"")) && text.contains("Waits for an answer"), "{text}");
    assert_eq!(world.buyer().page(&thread).0, "", "the subject stands in an element of its own");
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK).len(), 1);
    let before = world.buyer().get(&page).header("etag").unwrap().to_owned();
    world.advance(SECOND);
    ada.post(&format!("/queries/{}/reply", query["id"].as_str().unwrap()), json!({"message": "Here."})).expect(201);
    assert_ne!(world.buyer().get(&page).header("etag").unwrap(), before, "the page has changed");
}

#[test]
fn a_question_that_is_refused_says_at_each_field_why() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.white_label(json!({"email": null}))["id"].as_str().unwrap().to_owned();
    ada.simulate(&id, "exact", 1);
    let page = world.receipt(&id);
    let ask = |form: &str| world.buyer().post(&format!("{page}/query"), form);
    let text = ask("subject=+&message=%3Cb%3E&email=bob").expect(422).text();
    for part in [
        "id=\"subject-problem\" role=\"alert\">Please fill this in.",
        "id=\"email-problem\" role=\"alert\">That doesn't look like an e-mail address.",
        "value=\"bob\"",
        "&lt;b&gt;</textarea>",
        "<details class=\"more\" open>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("message-problem"), "{text}");
    let long =
        ask(&format!("subject={}&message={}&email=b%40c.de", "x".repeat(256), "y".repeat(20_001))).expect(422).text();
    assert!(long.contains("at most 255 characters fit") && long.contains("at most 20000 characters fit"));
    ask("subject=a%E2%80%AEb&message=c&email=b%40c.de").expect(422);
    assert_eq!(world.db.rows_in("queries"), 0);
    ask("subject=a&message=c&email=b%40c.de").expect(303);
    assert_eq!(ada.get("/queries").json()[0]["email"], "b@c.de");
}

#[test]
fn an_order_has_so_many_questions_and_its_seller_any_number() {
    let world = World::new();
    let ada = world.seller();
    let id = sold(&ada, "The app");
    let ask = || world.buyer().post(&format!("{}/query", world.receipt(&id)), "subject=a&message=b");
    (0..20).for_each(|_| drop(ask().expect(303)));
    assert!(ask().expect(422).text().contains("often enough"));
    assert_eq!(world.db.rows_in("queries"), 20);
    ada.post("/queries", json!({"order_id": id, "subject": "a", "email": "b@c.de", "message": "b"})).expect(201);
}

#[test]
fn what_is_said_is_two_trips_more_than_the_page() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["feedback:created", "query:created"]);
    let page = world.receipt(&sold(&ada, "The app"));
    world.buyer().get(&page).expect(200);
    assert_eq!(world.trips(|| world.buyer().post(&format!("{page}/query"), "subject=a&message=b").expect(303)), 3);
    assert_eq!(world.trips(|| world.buyer().post(&format!("{page}/feedback"), "stars=4").expect(303)), 4);
}
