//! The blacklist, and with it the lists whose rows can be deleted.

use proptest::prelude::*;
use pushguard::shop::{
    account::Account,
    blacklist::{self, Draft, Kind},
};
use serde_json::{Value, json};

use crate::{
    actors::Seller,
    world::{SECOND, World, block_on},
};

fn block(seller: &Seller<'_>, kind: u8, data: &str) -> Value {
    let entry = seller.post("/blacklist", json!({"blacklist_type": kind, "blocked_data": data})).expect(201);
    entry.json()
}

#[test]
fn an_entry_is_made_read_changed_and_destroyed() {
    let world = World::new();
    let ada = world.seller();
    let entry =
        ada.post("/blacklist", json!({"blacklist_type": 1, "blocked_data": "Eve@Example.COM", "note": "again"}));
    let entry = entry.expect(201).json();
    let id = entry["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 8);
    let expected = json!({
        "id": id, "blocked_data": "eve@example.com", "blacklist_type": 1, "note": "again", "expires_at": null,
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    assert_eq!(entry, expected);
    let path = format!("/blacklist/{id}");
    assert_eq!(ada.get(&path).expect(200).json(), expected);
    world.advance(SECOND);
    let changed = ada.put(&path, json!({"note": null})).expect(200).json();
    assert_eq!((&changed["note"], &changed["blocked_data"]), (&Value::Null, &json!("eve@example.com")));
    assert_eq!(changed["updated_at"], "2023-11-15T00:00:01.000+00:00");
    let changed = ada.put(&path, json!({"blacklist_type": "3", "blocked_data": "se"})).expect(200).json();
    assert_eq!((&changed["blacklist_type"], &changed["blocked_data"]), (&json!(3), &json!("SE")));
    assert_eq!(ada.get(&path).json(), changed);
    assert_eq!(ada.delete(&path).expect(204).text(), "");
    ada.get(&path).expect(404);
    ada.put(&path, json!({"note": "x"})).expect(404);
    ada.delete(&path).expect(404);
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("0"), "deleting twice counts once");
}

#[test]
fn an_entry_must_be_of_its_type() {
    let world = World::new();
    let ada = world.seller();
    let mail = "Blocked data is not a valid email address";
    let pattern = "Blocked data is not *@ and a domain, or *@*. and a domain of at most 8 labels";
    let ip = "Blocked data is not a valid IP address or range";
    let country = "Blocked data is not a valid ISO 3166-1 alpha-2 code";
    let kind = "Blacklist type is not included in the list";
    for (body, sentences) in [
        (json!({}), vec!["Blacklist type can't be blank", "Blocked data can't be blank"]),
        (json!({"blacklist_type": 4, "blocked_data": "x"}), vec![kind]),
        (json!({"blacklist_type": -1, "blocked_data": "x"}), vec![kind]),
        (json!({"blacklist_type": "email", "blocked_data": "x"}), vec!["Blacklist type is not a number"]),
        (json!({"blacklist_type": 1, "blocked_data": "x"}), vec![mail]),
        (json!({"blacklist_type": 1, "blocked_data": "*@com"}), vec![pattern]),
        (json!({"blacklist_type": 1, "blocked_data": "*@*.a.b.c.d.e.f.g.h.i"}), vec![pattern]),
        (
            json!({"blacklist_type": 3, "blocked_data": "SE", "expires_at": "soon"}),
            vec!["Expires at is not a valid ISO 8601 time"],
        ),
        (
            json!({"blacklist_type": 3, "blocked_data": "SE", "expires_at": "2023-11-15T00:00:00Z"}),
            vec!["Expires at must be in the future"],
        ),
        (json!({"blacklist_type": 2, "blocked_data": "10.0.0.256"}), vec![ip]),
        (json!({"blacklist_type": 2, "blocked_data": "10.0.0.0/33"}), vec![ip]),
        (json!({"blacklist_type": 3, "blocked_data": "Sweden"}), vec![country]),
        (json!({"blacklist_type": 3, "blocked_data": "ZZ"}), vec![country]),
    ] {
        assert_eq!(ada.post("/blacklist", body.clone()).errors(), sentences, "{body}");
    }
    let id = block(&ada, 3, "SE")["id"].as_str().unwrap().to_owned();
    let reply = ada.put(&format!("/blacklist/{id}"), json!({"blacklist_type": 1}));
    assert_eq!(reply.errors(), [mail], "a new type must fit what is kept");
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("1"));
}

#[test]
fn a_fact_stands_in_the_list_once_however_it_is_written() {
    let world = World::new();
    let ada = world.seller();
    block(&ada, 2, "2001:DB8:0::1");
    block(&ada, 2, "10.1.2.3/8");
    block(&ada, 1, "M.allory+shop@GoogleMail.com");
    let other = block(&ada, 1, "eve@example.com")["id"].as_str().unwrap().to_owned();
    let before = world.db.dump();
    for (kind, data) in [(2, "2001:db8::1"), (2, "10.0.0.0/8"), (1, "EVE@example.com"), (1, "mallory@gmail.com")] {
        let reply = ada.post("/blacklist", json!({"blacklist_type": kind, "blocked_data": data}));
        assert_eq!(reply.errors(), ["Blocked data has already been taken"]);
    }
    let reply = ada.put(&format!("/blacklist/{other}"), json!({"blacklist_type": 2, "blocked_data": "10.9.9.9/8"}));
    assert_eq!(reply.errors(), ["Blocked data has already been taken"]);
    assert_eq!(world.db.dump(), before);
    block(&world.seller_named("grace@example.com", true), 1, "eve@example.com");
}

#[test]
fn another_accounts_entries_do_not_exist() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let id = block(&ada, 3, "SE")["id"].as_str().unwrap().to_owned();
    let path = format!("/blacklist/{id}");
    eve.get(&path).expect(404);
    eve.put(&path, json!({"note": "mine"})).expect(404);
    eve.delete(&path).expect(404);
    assert_eq!(eve.get("/blacklist").text(), "[]");
    assert_eq!(eve.get("/blacklist").header("x-total-count"), Some("0"));
    assert_eq!(ada.get("/blacklist").header("x-total-count"), Some("1"));
}

#[test]
fn reading_and_writing_entries_costs_a_trip_each() {
    let world = World::new();
    let ada = world.seller();
    let id = block(&ada, 3, "SE")["id"].as_str().unwrap().to_owned();
    assert_eq!(world.trips(|| ada.get("/blacklist?page=3").expect(200)), 1);
    assert_eq!(world.trips(|| ada.get(&format!("/blacklist/{id}")).expect(200)), 1);
    assert_eq!(world.trips(|| block(&ada, 3, "NO")), 1);
    assert_eq!(world.trips(|| ada.delete(&format!("/blacklist/{id}")).expect(204)), 1);
}

/// The account's list on one page after another.
fn pages(world: &World, account: &Account, per_page: u32) -> (Vec<String>, u64) {
    let mut all = Vec::new();
    for number in 1.. {
        let page = block_on(blacklist::list(&world.app, account, number, per_page)).expect("a page");
        let last = page.rows.len() < per_page as usize;
        all.extend(page.rows.into_iter().map(|entry| entry.id));
        if last {
            return (all, page.total);
        }
    }
    unreachable!("pages end")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    /// A plain list of ids is the model: whatever is added and deleted, the pages together are that list, newest first.
    #[test]
    fn the_pages_together_are_the_list_whatever_was_deleted(
        steps in prop::collection::vec((300_usize..700, 0_usize..100, 0.0_f64..1.0), 1..4),
        per_page in 10_u32..=50,
    ) {
        let world = World::new();
        let account = Account::acting(7, "DB", true);
        let mut model: Vec<String> = Vec::new();
        let mut made = 0;
        for (added, percent, place) in steps {
            for _ in 0..added {
                made += 1;
                let fact = Kind::Email.fact(&format!("buyer{made}@example.com")).expect("an address");
                let draft = Draft { fact, note: None, expires_at: None };
                let entry = blacklist::create(&world.app, &account, draft).expect("prepared");
                let (entry, _) = block_on(entry.commit(&world.app, Vec::new())).expect("made");
                model.insert(0, entry.id);
            }
            // A run of deletions, so that whole blocks of the table become empty now and then.
            let from = (model.len() as f64 * place) as usize;
            let count = (model.len() - from) * percent / 100;
            for id in model.drain(from..from + count).collect::<Vec<_>>() {
                block_on(blacklist::destroy(&world.app, &account, &id)).expect("deleted");
                prop_assert!(block_on(blacklist::destroy(&world.app, &account, &id)).is_err());
            }
            let (all, total) = pages(&world, &account, per_page);
            prop_assert_eq!(total, model.len() as u64);
            prop_assert_eq!(&all, &model);
        }
    }
}
