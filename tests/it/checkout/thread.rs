//! The thread of a question, as its customer reads it.

use serde_json::{Value, json};

use crate::{
    actors::Seller,
    feedback::sold,
    world::{SECOND, World},
};

/// Ada, her query about an order, and its page.
fn asked(world: &World) -> (Seller<'_>, Value, String) {
    let ada = world.seller();
    let page = world.receipt(&sold(&ada, "The app"));
    let reply = world.buyer().post(&format!("{page}/query"), "subject=%3Ci%3EWhere&message=Is+it%3F").expect(303);
    let query = ada.get("/queries").json()[0].clone();
    (ada, query, reply.header("location").unwrap().to_owned())
}

#[test]
fn a_thread_shows_both_sides_and_goes_on_until_it_is_solved() {
    let world = World::new();
    let (ada, query, thread) = asked(&world);
    let text = || world.buyer().get(&thread).expect(200).text();
    let api = format!("/queries/{}", query["id"].as_str().unwrap());
    let status = || ada.get(&api).json()["status"].clone();
    for part in ["&lt;i&gt;Where", "Is it?", "Waits for an answer", "Ada's Apps", query["order_id"].as_str().unwrap()] {
        assert!(text().contains(part), "{part}: {}", text());
    }
    world.advance(SECOND);
    ada.post(&format!("{api}/reply"), json!({"message": "<b>Here</b>"})).expect(201);
    assert!(text().contains("&lt;b&gt;Here&lt;/b&gt;") && text().contains(">Answered<"), "{}", text());
    let led = world.buyer().post(&thread, "message=Thank+you").expect(303);
    assert_eq!(led.header("location"), Some(format!("{thread}#newest").as_str()));
    assert_eq!(status(), 1);
    let shown = text();
    let at = |part: &str| shown.find(part).unwrap_or_else(|| panic!("{part}: {shown}"));
    assert!(at("Is it?") < at("&lt;b&gt;Here") && at("&lt;b&gt;Here") < at("Thank you"), "as they were written");
    world.buyer().post(&thread, "message=+&action=solved").expect(303);
    assert_eq!(status(), 4);
    assert!(text().contains(">Solved<") && !text().contains("Mark as solved"));
    world.buyer().post(&thread, "message=Once+more").expect(303);
    assert_eq!(status(), 1, "a reply opens it again");
    let replies = ada.get(&api).json()["replies"].clone();
    assert_eq!((&replies[0]["from"], &replies[0]["message"]), (&json!("customer"), &json!("Once more")));
}

#[test]
fn a_reply_that_is_refused_says_why_and_stays() {
    let world = World::new();
    let (ada, query, thread) = asked(&world);
    let send = |form: &str| world.buyer().post(&thread, form);
    for form in ["", "message=", "message=++%0D%0A", "action=close"] {
        assert!(send(form).expect(422).text().contains("Please fill this in."), "{form}");
    }
    let long = send(&format!("message=%3Cb%3E{}", "x".repeat(20_000))).expect(422).text();
    assert!(long.contains("at most 20000 characters fit") && long.contains("\n&lt;b&gt;xxx"));
    assert_eq!(world.db.rows_in("query_replies"), 0);
    world.db.change("UPDATE queries SET replies = 500");
    assert!(send("message=more").expect(422).text().contains("This thread is full."));
    let id = query["id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("/queries/{id}")).json()["status"], 0);
}

#[test]
fn a_threads_link_opens_it_alone_and_costs_nothing_to_guess() {
    let world = World::new();
    let (ada, query, thread) = asked(&world);
    let id = query["id"].as_str().unwrap();
    let (_, token) = thread.rsplit_once('/').unwrap();
    let order = world.receipt(query["order_id"].as_str().unwrap());
    let (_, receipt) = order.rsplit_once('/').unwrap();
    let other = ada.post("/queries", json!({"subject": "a", "email": "b@c.de", "message": "b"})).expect(201).json();
    for path in [
        format!("/query/{}/{token}", other["id"].as_str().unwrap()),
        format!("/query/{id}/{receipt}"),
        format!("/query/{id}/{token}x"),
        format!("/query/{id}"),
        format!("{thread}/more"),
        format!("/order/{}/{token}", query["order_id"].as_str().unwrap()),
    ] {
        assert_eq!(world.trips(|| world.buyer().get(&path).expect(404)), 0, "{path}");
        world.buyer().post(&path, "message=x").expect(404);
    }
    assert_eq!(world.trips(|| world.buyer().get(&thread).expect(200)), 1);
    assert!(!world.buyer().get(&thread).text().contains(receipt), "and doesn't lead to the receipt");
    world.buyer().ask("DELETE", &thread).send().expect(405);
}

#[test]
fn a_long_thread_shows_its_newest_messages_and_all_on_request() {
    let world = World::new();
    let (_ada, _, thread) = asked(&world);
    for n in 1..=40 {
        world.buyer().post(&thread, &format!("message=number+{n}.")).expect(303);
    }
    let text = world.buyer().get(&thread).expect(200).text();
    assert!(text.contains("number 40.") && text.contains("number 11.") && !text.contains("number 10."), "{text}");
    assert!(text.contains(&format!("href=\"{thread}?all\"")));
    let all = world.buyer().get(&format!("{thread}?all")).expect(200).text();
    assert!(all.contains("number 1.") && all.contains("Is it?"));
}

#[test]
fn a_reply_that_meets_the_sellers_comes_after_it() {
    let world = World::new();
    let (ada, query, thread) = asked(&world);
    let id = query["id"].as_str().unwrap().to_owned();
    let (other, email, key) = (world.redeployed(&[]), ada.email.clone(), ada.key.clone());
    world.db.before_commit(1, move || {
        let basic = crate::actors::basic(&email, &key);
        let path = format!("/api/v2/queries/{}/reply", id);
        other.ask("POST", &path).header("authorization", basic).json(&json!({"message": "First"})).send().expect(201);
    });
    world.buyer().post(&thread, "message=Second").expect(303);
    let replies = ada.get(&format!("/queries/{}", query["id"].as_str().unwrap())).json()["replies"].clone();
    assert_eq!((&replies[0]["message"], &replies[1]["message"]), (&json!("Second"), &json!("First")));
}

#[test]
fn a_last_word_is_sent_with_the_word_that_it_is_solved() {
    let world = World::new();
    let (ada, query, thread) = asked(&world);
    let page = world.buyer().get(&thread).expect(200).text();
    assert_eq!(page.matches("<form").count(), 1, "what is typed goes with either button");
    assert!(page.contains("name=\"action\" value=\"solved\" formnovalidate"), "{page}");
    ada.endpoint("https://ada.example/hook", &["query:replied"]);
    world.buyer().post(&thread, "message=It+works%2C+thanks&action=solved").expect(303);
    let told: Vec<Value> = ada.logs().into_iter().map(|log| log["payload"]["status"].clone()).collect();
    assert_eq!(told, [json!(4)], "one webhook, which says both");
    let query = ada.get(&format!("/queries/{}", query["id"].as_str().unwrap())).json();
    assert_eq!((&query["status"], &query["replies"][0]["message"]), (&json!(4), &json!("It works, thanks")));
    // What can't be kept isn't dropped either.
    let long = world.buyer().post(&thread, &format!("message=%3Cb%3E{}&action=solved", "x".repeat(20_000))).expect(422);
    assert!(long.text().contains("\n&lt;b&gt;xxx"));
    world.db.change("UPDATE queries SET replies = 500, status = 0");
    let full = world.buyer().post(&thread, "message=more&action=solved").expect(422).text();
    assert!(full.contains("This thread is full.") && full.contains("\nmore</textarea>"), "{full}");
}
