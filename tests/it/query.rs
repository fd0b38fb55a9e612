//! Queries: what customers ask, what is replied, and when it is over.

use futures_util::future::join_all;
use pushguard::shop::query::{MAX_BYTES, MAX_REPLIES, RECENT};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    feedback::{Differences, compare, sold},
    world::{Counts, Landed, SECOND, World, block_on},
};

const HOOK: &str = "https://hooks.example/";

fn question(changed: Value) -> Value {
    let mut fields = json!({"subject": "Test", "email": "bob@example.com", "message": "Do you also accept BTC?"});
    for (name, value) in changed.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

fn ask(seller: &Seller<'_>) -> Value {
    seller.post("/queries", question(json!({}))).expect(201).json()
}

fn path(object: &Value) -> String {
    format!("/queries/{}", object["id"].as_str().unwrap())
}

fn reply(seller: &Seller<'_>, query: &Value, from: &str, message: &str) -> Value {
    let fields = json!({"from": from, "message": message});
    seller.post(&format!("{}/reply", path(query)), fields).expect(201).json()
}

fn close(seller: &Seller<'_>, query: &Value, solved: bool) -> Value {
    seller.post(&format!("{}/close", path(query)), json!({"solved": solved})).expect(200).json()
}

fn messages(query: &Value) -> Vec<&str> {
    query["replies"].as_array().unwrap().iter().map(|reply| reply["message"].as_str().unwrap()).collect()
}

const DIFFERENCES: &Differences = &[
    ("query", "id", "the contract: 8 base-62 for queries, under the name that all objects have"),
    ("created_at", "created_at", "the contract's form of times"),
    ("replies", "replies", "compared one by one below"),
    ("reply", "", "tells a reply from a query, which here are different objects"),
    ("seller_reply", "", "of a query always 0; of a reply it is `from`"),
    ("", "replies_count", "a list shows the newest reply alone"),
    ("", "order_id", "the order that it is about"),
    ("", "updated_at", "as in all objects of this API"),
];

const REPLY_DIFFERENCES: &Differences = &[
    ("query", "id", "the reply's own id: it stands inside its query"),
    ("reply", "", "tells a reply from a query, which here are different objects"),
    ("seller_reply", "from", "the contract: seller or customer"),
    ("query_secret", "", "always empty"),
    ("subject", "", "the query's"),
    ("email", "", "the query's"),
    ("created_at", "created_at", "the contract's form of times"),
];

#[test]
fn the_references_queries_are_ours_field_by_field() {
    let world = World::new();
    let ada = world.seller();
    let open = json!({
        "query": "5a4a9fa7d8fdd", "status": 0, "subject": "Test", "email": "ui-test@shoppy.gg",
        "message": "Testing the Query System", "replies": [], "created_at": "2018-01-01 21:52:55",
    });
    let fields = json!({"subject": "Test", "email": "ui-test@shoppy.gg", "message": "Testing the Query System"});
    let ours = ada.post("/queries", fields).expect(201).json();
    compare(&open, &ours, DIFFERENCES);
    assert_eq!(ours["replies"], open["replies"]);

    let example_reply = |message: &str| {
        json!({
            "query": "5a4a7fbcca586", "reply": 1, "seller_reply": 0, "query_secret": "", "subject": "hello world",
            "email": "ui-test-reply1@shoppy.gg", "message": message, "created_at": "2018-01-01 20:09:21",
        })
    };
    let solved = json!({
        "query": "5a4a7fbcca586", "status": 4, "reply": 0, "seller_reply": 0, "subject": "Test",
        "email": "ui-test@shoppy.gg", "message": "Do you also accept BTC?", "created_at": "2018-01-01 19:36:44",
        "replies": [example_reply("Reply 1"), example_reply("Reply 2")],
    });
    let query = ada.post("/queries", question(json!({"email": "ui-test@shoppy.gg"}))).expect(201).json();
    // The later one stands first there too.
    for message in ["Reply 2", "Reply 1"] {
        reply(&ada, &query, "customer", message);
    }
    let ours = close(&ada, &query, true);
    compare(&solved, &ours, DIFFERENCES);
    for (theirs, ours) in solved["replies"].as_array().unwrap().iter().zip(ours["replies"].as_array().unwrap()) {
        compare(theirs, ours, REPLY_DIFFERENCES);
        assert_eq!(ours["from"], "customer");
    }
    assert_eq!(ours["replies"].as_array().unwrap().len(), 2);
}

#[test]
fn a_query_is_asked_answered_and_closed() {
    let world = World::new();
    let ada = world.seller();
    let order_id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    let made = ada.post("/queries", question(json!({"order_id": order_id}))).expect(201).json();
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let expected = json!({
        "id": id, "status": 0, "subject": "Test", "email": "bob@example.com", "message": "Do you also accept BTC?",
        "replies": [], "replies_count": 0, "order_id": order_id,
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    assert_eq!(made, expected);
    assert_eq!(ada.get(&path(&made)).expect(200).json(), expected);
    world.advance(SECOND);
    let answered = ada.post(&format!("{}/reply", path(&made)), json!({"message": "Yes."})).expect(201).json();
    let first = &answered["replies"][0];
    assert_eq!(
        (&first["from"], &first["message"], &first["created_at"]),
        (&json!("seller"), &json!("Yes."), &json!("2023-11-15T00:00:01.000+00:00")),
        "the seller speaks where nobody is named"
    );
    assert_eq!(first["id"].as_str().unwrap().len(), 8);
    assert_eq!((&answered["status"], &answered["replies_count"]), (&json!(2), &json!(1)));
    assert_eq!(answered["updated_at"], "2023-11-15T00:00:01.000+00:00");
    let back = reply(&ada, &made, "customer", "Thank you!");
    assert_eq!((&back["status"], messages(&back)), (&json!(1), vec!["Thank you!", "Yes."]));
    assert_eq!(ada.get(&path(&made)).json(), back);
    let closed = close(&ada, &made, false);
    assert_eq!((&closed["status"], messages(&closed)), (&json!(3), vec!["Thank you!", "Yes."]));
    assert_eq!(ada.get(&path(&made)).json(), closed);
    world.advance(SECOND);
    assert_eq!(close(&ada, &made, false), closed, "closing twice changes nothing");
    assert_eq!(close(&ada, &made, true)["status"], 4);
    assert_eq!(close(&ada, &made, false)["status"], 4, "what is solved is closed");
    assert_eq!(reply(&ada, &made, "customer", "Once more:")["status"], 1, "a reply opens it again");
    close(&ada, &made, false);
    assert_eq!(reply(&ada, &made, "seller", "And by the way")["status"], 2);
}

#[test]
fn a_query_that_says_nothing_or_too_much_is_refused() {
    let world = World::new();
    let ada = world.seller();
    let blank = ["Subject can't be blank", "Email can't be blank", "Message can't be blank"];
    let long = "Message is too long (maximum is 20000 characters)";
    let before = world.db.dump();
    for (body, sentences) in [
        (json!({}), blank.to_vec()),
        (json!({"subject": " ", "email": "", "message": null}), blank.to_vec()),
        (question(json!({"email": "bob"})), vec!["Email is not a valid email address"]),
        (question(json!({"subject": "x".repeat(256)})), vec!["Subject is too long (maximum is 255 characters)"]),
        (question(json!({"message": "x".repeat(20_001)})), vec![long]),
        (question(json!({"message": ["x"]})), vec!["Message must be a text"]),
        (
            question(json!({"subject": "", "email": "bob", "message": "x".repeat(20_001), "order_id": "x".repeat(65)})),
            vec![
                "Subject can't be blank",
                "Email is not a valid email address",
                long,
                "Order id is too long (maximum is 64 characters)",
            ],
        ),
    ] {
        assert_eq!(world.trips(|| assert_eq!(ada.post("/queries", body.clone()).errors(), sentences, "{body}")), 0);
    }
    let eve = world.seller_named("eve@example.com", true);
    let theirs = eve.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    for order_id in [&theirs, "x"] {
        assert_eq!(ada.post("/queries", question(json!({"order_id": order_id}))).errors(), ["Order must exist"]);
    }
    assert_eq!(world.db.rows_in("queries"), 0);
    assert!(before.lines().all(|line| !line.starts_with("queries")));

    let query = ada.post("/queries", question(json!({"message": "é".repeat(20_000), "order_id": ""})));
    let path = path(&query.expect(201).json());
    let from = "From is not included in the list (seller, customer)";
    for (body, sentences) in [
        (json!({}), vec!["Message can't be blank"]),
        (json!({"message": "x".repeat(20_001)}), vec![long]),
        (json!({"message": "x", "from": "admin"}), vec![from]),
        (json!({"from": 1}), vec!["Message can't be blank", from]),
    ] {
        assert_eq!(ada.post(&format!("{path}/reply"), body.clone()).errors(), sentences, "{body}");
    }
    let refused = ada.post(&format!("{path}/close"), json!({"solved": "perhaps"}));
    assert_eq!(refused.errors(), ["Solved must be true or false"]);
    assert_eq!(world.db.rows_in("query_replies"), 0);
    ada.ask("POST", &format!("{path}/close")).send().expect(200);
}

#[test]
fn endpoints_are_told_once_of_each_query_and_of_replies_from_both_sides() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:created", "query:replied"]);
    ada.endpoint("https://other.example/", &["order:created", "feedback:created"]);
    let made = ada.post("/queries", question(json!({"order_id": sold(&ada, "The app")}))).expect(201).json();
    world.run_jobs();
    let theirs = reply(&ada, &made, "customer", "Hello?");
    world.run_jobs();
    let ours = reply(&ada, &made, "seller", "Here I am.");
    world.run_jobs();
    close(&ada, &made, true);
    world.run_jobs();
    let sent = world.web.sent_to(HOOK);
    let events: Vec<_> = sent.iter().map(|sent| sent.header("X-PushGuard-Event").to_owned()).collect();
    assert_eq!(events, ["query:created", "query:replied", "query:replied"], "of a close there is no event");
    let bodies: Vec<_> = sent.iter().map(|sent| sent.json()).collect();
    assert_eq!(bodies, [made, theirs, ours], "the query object");
}

#[test]
fn replies_at_once_are_all_kept_each_with_its_number_and_its_event() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:replied"]);
    let query = ada.post("/queries", question(json!({}))).expect(201).json();
    let path = path(&query);
    world.db.interleaves.set(true);
    let say = |n: usize| {
        let from = ["seller", "customer"][n % 2];
        ada.ask("POST", &format!("{path}/reply"))
            .json(&json!({"from": from, "message": format!("Reply {n}")}))
            .together()
    };
    let replies = block_on(join_all((1..=5).map(say)));
    let counts = |objects: &[Value]| {
        let mut counts: Vec<i64> = objects.iter().map(|object| object["replies_count"].as_i64().unwrap()).collect();
        counts.sort_unstable();
        counts
    };
    let told: Vec<Value> = replies.into_iter().map(|reply| reply.expect(201).json()).collect();
    assert_eq!(counts(&told), [1, 2, 3, 4, 5]);
    for object in &told {
        assert_eq!(messages(object).len() as i64, object["replies_count"].as_i64().unwrap());
    }
    world.db.interleaves.set(false);
    let whole = ada.get(&path).json();
    let mut kept = messages(&whole);
    assert_eq!(whole["status"], if whole["replies"][0]["from"] == "seller" { 2 } else { 1 }, "the last one's");
    kept.sort_unstable();
    assert_eq!(kept, ["Reply 1", "Reply 2", "Reply 3", "Reply 4", "Reply 5"]);
    world.run_jobs();
    let sent: Vec<Value> = world.web.sent_to(HOOK).iter().map(|sent| sent.json()).collect();
    assert_eq!(counts(&sent), [1, 2, 3, 4, 5], "each event tells what was there when it happened");
}

#[test]
fn a_close_that_meets_a_reply_goes_after_it() {
    let world = World::new();
    let ada = world.seller();
    let query = ada.post("/queries", question(json!({}))).expect(201).json();
    world.db.interleaves.set(true);
    let at = |verb: &str, body: Value| ada.ask("POST", &format!("{}/{verb}", path(&query))).json(&body).together();
    let answers = block_on(join_all([
        at("reply", json!({"from": "customer", "message": "Wait!"})),
        at("close", json!({})),
        at("close", json!({"solved": true})),
    ]));
    let statuses: Vec<u16> = answers.iter().map(Reply::status).collect();
    assert_eq!(statuses, [201, 200, 200]);
    assert_eq!(messages(&ada.get(&path(&query)).json()), ["Wait!"]);
}

#[test]
fn a_commit_that_is_lost_leaves_neither_query_nor_reply_nor_event() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:created", "query:replied"]);
    let before = world.db.dump();
    world.db.break_commit(1, Landed::No);
    ada.post("/queries", question(json!({}))).expect(500);
    assert_eq!(world.db.dump(), before);
    let query = ask(&ada);
    let before = world.db.dump();
    world.db.break_commit(1, Landed::No);
    ada.post(&format!("{}/reply", path(&query)), json!({"message": "x"})).expect(500);
    assert_eq!(world.db.dump(), before);
}

#[test]
fn what_is_sent_again_under_its_key_is_done_once() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:created", "query:replied"]);
    let post = |path: &str, body: &Value| ada.ask("POST", path).header("idempotency-key", path).json(body).send();
    let made = post("/queries", &question(json!({}))).expect(201);
    let path = path(&made.json());
    for (path, body, status) in [
        ("/queries".to_owned(), question(json!({})), 201),
        (format!("{path}/reply"), json!({"message": "Yes."}), 201),
        (format!("{path}/close"), json!({}), 200),
    ] {
        let first = post(&path, &body).expect(status);
        let again = post(&path, &body).expect(status);
        assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")), "{path}");
    }
    // A close that changes nothing has its answer kept as well.
    let closed =
        |key: &str| ada.ask("POST", &format!("{path}/close")).header("idempotency-key", key).send().expect(200);
    assert_eq!(closed("again").header("idempotent-replayed"), None);
    assert_eq!(closed("again").header("idempotent-replayed"), Some("true"));
    let rows = |table: &str| world.db.rows_in(table);
    assert_eq!((rows("queries"), rows("query_replies"), rows("webhook_logs")), (1, 1, 2));
    world.db.interleaves.set(true);
    let reply = || {
        let ask = ada.ask("POST", &format!("{path}/reply")).header("idempotency-key", "together");
        ask.json(&json!({"message": "Once."})).together()
    };
    let replies = block_on(join_all([reply(), reply(), reply()]));
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status())));
    assert_eq!(rows("query_replies"), 2);
}

#[test]
fn another_accounts_queries_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let query = ask(&ada);
    reply(&ada, &query, "customer", "Hello?");
    let before = world.db.dump();
    for id in [path(&query).as_str(), "/queries/x", "/queries/%27", "/queries/00000000"] {
        eve.get(id).expect(404);
        eve.post(&format!("{id}/reply"), json!({"message": "mine"})).expect(404);
        eve.post(&format!("{id}/close"), json!({})).expect(404);
    }
    assert_eq!(eve.get("/queries").text(), "[]");
    assert_eq!(eve.get("/queries").header("x-total-count"), Some("0"));
    assert_eq!(world.db.dump(), before);
}

#[test]
fn queries_are_listed_newest_first_each_with_its_newest_reply() {
    let world = World::new();
    let ada = world.seller();
    let made: Vec<Value> = (1..=23)
        .map(|n| ada.post("/queries", question(json!({"subject": format!("Query {n}")}))).expect(201).json())
        .collect();
    for n in 1..=12 {
        reply(&ada, &made[22], "customer", &format!("Reply {n}"));
    }
    reply(&ada, &made[0], "seller", "The only one");
    let list = |query: &str| ada.get(&format!("/queries{query}")).expect(200);
    let subjects = |reply: &Reply| -> Vec<String> {
        let subject = |object: &Value| object["subject"].as_str().unwrap().to_owned();
        reply.json().as_array().unwrap().iter().map(subject).collect()
    };
    let names = |from: u32, to: u32| (to..=from).rev().map(|n| format!("Query {n}")).collect::<Vec<_>>();
    assert_eq!(subjects(&list("")), names(23, 4));
    assert_eq!(subjects(&list("?page=2")), names(3, 1));
    assert_eq!(subjects(&list("?page=2&per_page=10")), names(13, 4));
    assert_eq!(list("?page=3").text(), "[]");
    let first = list("");
    for (name, value) in
        [("x-total-pages", "2"), ("x-total-count", "23"), ("x-current-page", "1"), ("x-items-per-page", "20")]
    {
        assert_eq!(first.header(name), Some(value));
    }
    assert!(first.header("link").unwrap().contains("rel=\"next\""));
    let first = first.json();
    assert_eq!((messages(&first[0]), &first[0]["replies_count"]), (vec!["Reply 12"], &json!(12)));
    assert_eq!(first[1], made[21], "without replies it is the query as it was made");
    assert_eq!(list("?page=2").json()[2], ada.get(&path(&made[0])).json(), "with one it is the query as it is read");
}

#[test]
fn a_query_is_read_with_all_its_replies_and_told_with_the_newest() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    let query = ask(&ada);
    for n in 1..=24 {
        reply(&ada, &query, "customer", &format!("Reply {n}"));
    }
    ada.endpoint(HOOK, &["query:replied"]);
    let told = reply(&ada, &query, "seller", "Reply 25");
    let names = |down_to: u32| (down_to..=25).rev().map(|n| format!("Reply {n}")).collect::<Vec<_>>();
    assert_eq!(messages(&told), names(25 - RECENT + 1));
    assert_eq!(told["replies_count"], 25);
    assert_eq!(messages(&ada.get(&path(&query)).json()), names(1));
    world.run_jobs();
    assert_eq!(world.web.sent_to(HOOK)[0].json(), told);
    assert_eq!(close(&ada, &query, false)["replies"], told["replies"]);
}

#[test]
fn a_query_does_not_grow_for_ever() {
    let full = "Query is full (maximum is 500 replies and 1 MB of text)";
    let world = World::new();
    let ada = world.seller();
    let query = ask(&ada);
    let say = |query: &Value, message: &str| ada.post(&format!("{}/reply", path(query)), json!({"message": message}));
    for _ in 0..MAX_REPLIES {
        say(&query, "x").expect(201);
    }
    assert_eq!(say(&query, "x").errors(), [full]);
    assert_eq!(messages(&ada.get(&path(&query)).json()).len(), MAX_REPLIES as usize);
    assert_eq!(close(&ada, &query, true)["status"], 4, "it can be closed all the same");
    let long = "x".repeat(20_000);
    let query = ada.post("/queries", question(json!({"message": long}))).expect(201).json();
    let room = MAX_BYTES as usize / long.len() - 1;
    for _ in 0..room {
        say(&query, &long).expect(201);
    }
    assert_eq!(say(&query, &long).errors(), [full]);
    assert_eq!(ada.get(&path(&query)).json()["replies_count"], room);
    say(&query, "short").expect(201);
}

#[test]
fn what_queries_cost_in_trips() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["query:created", "query:replied"]);
    let order_id = sold(&ada, "The app");
    let both = Counts { reads: 1, commits: 1, ..Counts::default() };
    let (counts, query) =
        world.count(|| ada.post("/queries", question(json!({"order_id": order_id}))).expect(201).json());
    assert_eq!(Counts { statements: 0, ..counts }, both);
    for (verb, body) in [("reply", json!({"message": "Yes."})), ("close", json!({}))] {
        let (counts, _) = world.count(|| ada.post(&format!("{}/{verb}", path(&query)), body.clone()));
        assert_eq!(Counts { statements: 0, ..counts }, both, "{verb}");
    }
    let close = format!("{}/close", path(&query));
    assert_eq!(world.trips(|| ada.post(&close, json!({})).expect(200)), 1, "closing what is closed is a read");
    for path in [path(&query), "/queries".into(), "/queries?page=9".into()] {
        let (counts, _) = world.count(|| ada.get(&path).expect(200));
        assert_eq!(counts, Counts { reads: 1, statements: 2, ..Counts::default() }, "{path}");
    }
}
