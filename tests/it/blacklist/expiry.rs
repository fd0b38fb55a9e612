//! Entries and rules that end by themselves.

use pushguard::shop::blacklist::Keys;
use serde_json::{Value, json};

use super::lookup::{account_id, look};
use crate::world::{DAY, HOUR, World};

const TOMORROW: &str = "2023-11-16T00:00:00.000+00:00";

#[test]
fn an_entry_blocks_until_it_expires_and_is_listed_for_ninety_days_more() {
    let world = World::new();
    let ada = world.seller();
    let id = account_id(&world, &ada);
    let fields = json!({"blacklist_type": 3, "blocked_data": "SE", "expires_at": "2023-11-16T01:00:00+01:00"});
    let made = ada.post("/blacklist", fields).expect(201).json();
    assert_eq!(made["expires_at"], TOMORROW);
    ada.post("/blacklist", json!({"blacklist_type": 3, "blocked_data": "NO"})).expect(201);
    let blocks = |country: &str| look(&world, id, &Keys::of(None, None, Some(country))).0.len();
    world.advance(DAY - 1);
    assert_eq!((blocks("SE"), blocks("NO")), (1, 1));
    world.advance(1);
    assert_eq!((blocks("SE"), blocks("NO")), (0, 1));
    let path = format!("/blacklist/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).expect(200).json()["expires_at"], TOMORROW);
    let changed = ada.put(&path, json!({"note": "It stays over"})).expect(200).json();
    assert_eq!(changed["expires_at"], TOMORROW, "what isn't sent stays");
    assert_eq!(ada.put(&path, json!({"expires_at": TOMORROW})).errors(), ["Expires at must be in the future"]);
    world.advance(90 * DAY);
    world.cron();
    ada.get(&path).expect(200);
    world.advance(1);
    world.cron();
    ada.get(&path).expect(404);
    let left = ada.get("/blacklist").expect(200);
    assert_eq!((left.header("x-total-count"), left.json().as_array().unwrap().len()), (Some("1"), 1));
}

#[test]
fn an_entry_can_be_made_to_expire_no_more() {
    let world = World::new();
    let ada = world.seller();
    let id = account_id(&world, &ada);
    let fields = json!({"blacklist_type": 3, "blocked_data": "SE", "expires_at": TOMORROW});
    let made = ada.post("/blacklist", fields).expect(201).json();
    world.advance(2 * DAY);
    let path = format!("/blacklist/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.put(&path, json!({"expires_at": null})).expect(200).json()["expires_at"], Value::Null);
    assert_eq!(look(&world, id, &Keys::of(None, None, Some("SE"))).0.len(), 1);
    world.advance(100 * DAY);
    world.cron();
    ada.get(&path).expect(200);
}

#[test]
fn an_expired_entry_makes_room_for_another_of_its_fact() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({"blacklist_type": 1, "blocked_data": "eve@gmail.com", "expires_at": TOMORROW});
    let old = ada.post("/blacklist", fields.clone()).expect(201).json();
    let taken = ["Blocked data has already been taken"];
    assert_eq!(ada.post("/blacklist", fields).errors(), taken);
    world.advance(DAY);
    let again = json!({"blacklist_type": 1, "blocked_data": "e.v.e@gmail.com"});
    let new = ada.post("/blacklist", again.clone()).expect(201).json();
    assert_ne!(old["id"], new["id"]);
    ada.get(&format!("/blacklist/{}", old["id"].as_str().unwrap())).expect(404);
    let listed = ada.get("/blacklist").expect(200);
    assert_eq!((listed.header("x-total-count"), listed.json().as_array().unwrap().len()), (Some("1"), 1));
    assert_eq!(ada.post("/blacklist", again).errors(), taken);
    // By a change, and by a file, too.
    let path = format!("/blacklist/{}", new["id"].as_str().unwrap());
    ada.put(&path, json!({"expires_at": "2023-11-16T01:00:00Z"})).expect(200);
    let other = ada.post("/blacklist", json!({"blacklist_type": 3, "blocked_data": "SE"})).expect(201).json();
    let other = format!("/blacklist/{}", other["id"].as_str().unwrap());
    let fact = json!({"blacklist_type": 1, "blocked_data": "eve@googlemail.com", "expires_at": "2023-11-17"});
    assert_eq!(ada.put(&other, fact.clone()).errors(), taken);
    world.advance(HOUR);
    ada.put(&other, fact).expect(200);
    ada.get(&path).expect(404);
    world.advance(DAY);
    let ask = ada.ask("POST", "/blacklist/import").header("content-type", "text/plain").body("eve@gmail.com");
    assert_eq!(ask.send().expect(200).json()["added"], 1);
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("1"));
}

#[test]
fn many_expired_entries_go_within_a_minute_and_the_list_stays_whole() {
    let world = World::new();
    let ada = world.seller();
    let id = account_id(&world, &ada);
    let at = world.now();
    world.db.change_in(
        0,
        &format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
         INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, expires_at, created_at, updated_at)
         SELECT {id}, n, 'e' || n, 1, 'b' || n || '@example.com', IIF(n % 3, {at} + n, NULL), 0, 0 FROM n;
         INSERT INTO lists VALUES ({id}, 'blacklist', 5000)"
        ),
    );
    world.advance(91 * DAY);
    world.cron();
    assert_eq!(world.db.rows_in("blacklist"), 1_666);
    for (page, first) in [(1, "e4998"), (2, "e4848"), (34, "e48")] {
        let listed = ada.get(&format!("/blacklist?per_page=50&page={page}")).expect(200);
        assert_eq!((listed.header("x-total-count"), listed.json()[0]["id"].as_str()), (Some("1666"), Some(first)));
    }
}

#[test]
fn a_rule_tells_when_it_expires_and_goes_ninety_days_later() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({"action_type": "block", "name": "May", "rule": "true", "expires_at": TOMORROW});
    let made = ada.post("/blacklist_rules", fields).expect(201).json();
    assert_eq!(made["expires_at"], TOMORROW);
    let other = json!({"action_type": "block", "name": "For ever", "rule": "true"});
    assert_eq!(ada.post("/blacklist_rules", other).expect(201).json()["expires_at"], Value::Null);
    let past = json!({"action_type": "block", "name": "Past", "rule": "true", "expires_at": "2023-11-15T00:00:00Z"});
    assert_eq!(ada.post("/blacklist_rules", past).errors(), ["Expires at must be in the future"]);
    let path = format!("/blacklist_rules/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.put(&path, json!({"enabled": false})).expect(200).json()["expires_at"], TOMORROW);
    assert_eq!(ada.put(&path, json!({"expires_at": null})).expect(200).json()["expires_at"], Value::Null);
    assert_eq!(ada.put(&path, json!({"expires_at": TOMORROW})).expect(200).json()["expires_at"], TOMORROW);
    world.advance(91 * DAY);
    world.cron();
    ada.get(&path).expect(200);
    world.advance(1);
    world.cron();
    ada.get(&path).expect(404);
    assert_eq!(ada.get("/blacklist_rules").header("x-total-count"), Some("1"));
}
