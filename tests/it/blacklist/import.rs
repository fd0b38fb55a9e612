//! A file of entries.

use serde_json::json;

use crate::{
    actors::{Reply, Seller},
    world::{Landed, World},
};

fn import(seller: &Seller<'_>, kind: &'static str, file: impl Into<Vec<u8>>) -> Reply {
    seller.ask("POST", "/blacklist/import").header("content-type", kind).body(file).send()
}

#[test]
fn a_text_is_imported_and_what_stands_twice_is_told_by_its_lines() {
    let world = World::new();
    let ada = world.seller();
    ada.post("/blacklist", json!({"blacklist_type": 1, "blocked_data": "e.ve@gmail.com"})).expect(201);
    let file = "mallory@example.com\r\neve+1@googlemail.com\r\n10.1.2.3/8\r\nse\r\nMALLORY@example.com\r\n10.0.0.0/8\r\nSweden\r\n*@*.ru";
    let answer = import(&ada, "text/plain; charset=UTF-8", file).expect(200).json();
    let refused = json!([{"line": 7, "reason": "is not a valid IP address or range"}]);
    assert_eq!(answer, json!({"added": 4, "duplicates": [2, 5, 6], "refused": refused, "refused_count": 1}));
    let listed = ada.get("/blacklist").expect(200);
    let facts: Vec<_> = listed.json().as_array().unwrap().iter().map(|entry| entry["blocked_data"].clone()).collect();
    assert_eq!(
        facts,
        ["*@*.ru", "SE", "10.0.0.0/8", "mallory@example.com", "e.ve@gmail.com"],
        "the last line is the newest"
    );
    assert_eq!(listed.header("x-total-count"), Some("5"));
    let again = import(&ada, "text/plain", file).expect(200).json();
    assert_eq!((&again["added"], &again["duplicates"]), (&json!(0), &json!([1, 2, 3, 4, 5, 6, 8])));
    assert_eq!(world.seller_named("eve@example.com", true).get("/blacklist").text(), "[]");
}

#[test]
fn a_table_brings_notes_and_ends() {
    let world = World::new();
    let ada = world.seller();
    let file = "blocked_data,blacklist_type,note,expires_at\n\"Eve@Example.com\",1,\"said \"\"no\"\", twice\",2030-01-01T00:00:00Z\nDE,3,,\nDE,2,,\n";
    let answer = import(&ada, "text/csv", file).expect(200).json();
    let refused = json!([{"line": 4, "reason": "is not a valid IP address or range"}]);
    assert_eq!(answer, json!({"added": 2, "duplicates": [], "refused": refused, "refused_count": 1}));
    let listed = ada.get("/blacklist").json();
    assert_eq!(listed[1]["note"], "said \"no\", twice");
    assert_eq!(
        (&listed[1]["blocked_data"], &listed[1]["expires_at"]),
        (&json!("eve@example.com"), &json!("2030-01-01T00:00:00.000+00:00"))
    );
    assert_eq!((&listed[0]["note"], &listed[0]["expires_at"]), (&json!(null), &json!(null)));
}

#[test]
fn what_is_no_file_of_entries_is_refused_with_what_is_wrong() {
    let world = World::new();
    let ada = world.seller();
    for (kind, file, sentence) in [
        (
            "text/csv",
            "eve@example.com\n",
            "Entries must begin with the names of its columns, such as blocked_data,blacklist_type,note,expires_at",
        ),
        (
            "text/csv",
            "blocked_data,country\nSE,x",
            "Entries has an unknown column \"country\" (known are blocked_data, blacklist_type, note, expires_at)",
        ),
        ("text/csv", "blocked_data,blocked_data\nSE,x", "Entries has the column blocked_data twice"),
        ("text/csv", "blocked_data\n\"SE", "Entries has a quote that is never closed: line 2"),
        ("text/plain", " \n\n", "Entries can't be blank"),
        ("text/csv", "blocked_data\n", "Entries can't be blank"),
        ("text/plain", &"SE\n".repeat(10_001), "Entries has too many lines (maximum is 10000)"),
    ] {
        assert_eq!(import(&ada, kind, file).errors(), [sentence]);
    }
    for kind in ["application/json", "", "text/plain; charset=utf-16"] {
        import(&ada, kind, "SE").expect(415);
    }
    assert_eq!(world.db.rows_in("blacklist"), 0);
    ada.get("/blacklist/import").expect(405);
}

#[test]
fn ten_thousand_lines_are_one_commit_and_the_list_stays_dense() {
    let world = World::new();
    let ada = world.seller();
    let note = "é\"\\".repeat(20);
    let rows: String = (0..10_000).map(|n| format!("b{n}@example.com,\"{}\"\n", note.replace('"', "\"\""))).collect();
    let file = format!("blocked_data,note\n{rows}");
    ada.get("/blacklist").expect(200);
    let (counts, answer) = world.count(|| import(&ada, "text/csv", file.clone()).expect(200).json());
    assert_eq!((&answer["added"], counts.reads, counts.commits), (&json!(10_000), 1, 1));
    assert!(counts.statements < 80, "{counts:?}");
    let last = ada.get("/blacklist?per_page=50&page=200").expect(200);
    assert_eq!(last.header("x-total-count"), Some("10000"));
    assert_eq!((&last.json()[49]["blocked_data"], &last.json()[49]["note"]), (&json!("b0@example.com"), &json!(note)));
    assert_eq!(
        world.db.one(
            "SELECT COUNT(DISTINCT seq) || ' ' || MIN(seq) || ' ' || MAX(seq) FROM blacklist WHERE account_id <> 0"
        ),
        "10000 1 10000"
    );
    let (counts, again) = world.count(|| import(&ada, "text/csv", file).expect(200).json());
    assert_eq!((again["duplicates"].as_array().unwrap().len(), counts.commits), (10_000, 0));
}

#[test]
fn an_import_is_whole_or_nothing_and_done_once_under_its_key() {
    let world = World::new();
    let ada = world.seller();
    let file: String = (0..1_000).map(|n| format!("10.{}.{}.0/24\n", n / 250, n % 250)).collect();
    let send = |key: &str| {
        let ask = ada.ask("POST", "/blacklist/import").header("content-type", "text/plain");
        ask.header("idempotency-key", key).body(file.clone()).send()
    };
    world.db.break_commit(1, Landed::No);
    send("k").expect(500);
    assert_eq!(world.db.rows_in("blacklist"), 0);
    // Somebody lists one of them while it is on its way.
    let id = super::lookup::account_id(&world, &ada);
    let db = world.db.clone();
    world.db.before_commit(1, move || {
        db.change_in(
            0,
            &format!(
                "INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at)
             VALUES ({id}, 1, 'theirs', 2, '10.0.7.0/24', 0, 0); INSERT INTO lists VALUES ({id}, 'blacklist', 1)"
            ),
        );
    });
    let answer = send("other").expect(200);
    assert_eq!((&answer.json()["added"], &answer.json()["duplicates"]), (&json!(999), &json!([8])));
    let again = send("other").expect(200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (answer.text(), Some("true")));
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("1000"));
}
