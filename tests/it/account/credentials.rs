//! Accounts: who makes them, who is let in, and what is kept of the keys.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    actors::{Reply, basic},
    world::{ADMIN_TOKEN, Landed, MINUTE, SECOND, World},
};

#[test]
fn only_the_operator_makes_accounts() {
    let world = World::new();
    let fields = json!({"email": "ada@example.com", "shop_name": "Ada's Apps"});
    let ask = |token: Option<String>| {
        let ask = world.ask("POST", "/admin/accounts").json(&fields);
        token.into_iter().fold(ask, |ask, token| ask.header("authorization", token)).send()
    };
    let wrong = [
        None,
        Some(String::new()),
        Some("Bearer".into()),
        Some("Bearer ".into()),
        Some(ADMIN_TOKEN.into()),
        Some(format!("Basic {ADMIN_TOKEN}")),
        Some(format!("Bearer {ADMIN_TOKEN}x")),
        Some(format!("Bearer {}", &ADMIN_TOKEN[1..])),
        Some(format!("Bearer {}", ADMIN_TOKEN.to_uppercase())),
    ];
    for token in wrong {
        let reply = ask(token.clone()).expect(401);
        assert_eq!(reply.text(), r#"{"message":"Unable to authenticate"}"#, "{token:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(world.db.rows_in("accounts"), 0);
    ask(Some(format!("bearer {ADMIN_TOKEN}"))).expect(201);
    assert_eq!(world.db.rows_in("accounts"), 1);
}

#[test]
fn the_operators_token_is_not_taken_over_plain_http() {
    let world = World::new();
    let ask = world.ask("POST", "/admin/accounts").header("authorization", format!("Bearer {ADMIN_TOKEN}"));
    let reply = ask.json(&json!({"email": "ada@example.com", "shop_name": "Ada's Apps"})).insecurely().send();
    assert_eq!(reply.expect(403).message(), "All API requests must be made over HTTPS");
    assert_eq!(world.db.rows_in("accounts"), 0);
}

#[test]
fn an_account_needs_an_email_and_a_name_for_its_shop() {
    let world = World::new();
    let cases = [
        (json!({}), vec!["Email can't be blank", "Shop name can't be blank"]),
        (json!({"email": "", "shop_name": "  "}), vec!["Email can't be blank", "Shop name can't be blank"]),
        (json!({"email": "ada", "shop_name": "A"}), vec!["Email is not a valid email address"]),
        (
            json!({"email": "a@b.co", "shop_name": "x".repeat(101)}),
            vec!["Shop name is too long (maximum is 100 characters)"],
        ),
        (json!({"email": "a@b.co", "shop_name": "A", "test": "maybe"}), vec!["Test must be true or false"]),
        (json!({"email": ["a@b.co"], "shop_name": {}}), vec!["Email must be a text", "Shop name must be a text"]),
        (json!({"email": "a@b.co", "shop_name": "A\u{7}"}), vec!["Shop name has characters that are not allowed"]),
    ];
    for (fields, sentences) in cases {
        assert_eq!(world.create_account(fields.clone()).errors(), sentences, "{fields}");
    }
    assert_eq!(world.db.rows_in("accounts") + world.db.rows_in("shops"), 0);
}

#[test]
fn an_email_belongs_to_one_account_however_it_is_written() {
    let world = World::new();
    world.seller();
    let before = world.db.dump();
    for email in ["ada@example.com", "ADA@Example.COM"] {
        let reply = world.create_account(json!({"email": email, "shop_name": "Another"}));
        assert_eq!(reply.errors(), ["Email has already been taken"]);
    }
    assert_eq!(world.db.dump(), before, "nothing was written");
}

#[test]
fn the_admin_paths_answer_as_all_do() {
    let world = World::new();
    for (path, allowed) in [
        ("/admin/accounts", "GET, HEAD, POST"),
        ("/admin/accounts/1", "PUT, PATCH"),
        ("/admin/accounts/1/api_key", "POST"),
        ("/admin/vault/rotate", "POST"),
    ] {
        let reply = world.ask("DELETE", path).send().expect(405);
        assert_eq!(reply.header("allow"), Some(allowed), "{path}");
    }
    world.ask("POST", "/admin/other").send().expect(404);
}

#[test]
fn a_new_account_shows_its_secrets_once_and_keeps_none_of_them_readable() {
    let world = World::new();
    let made = world.create_account(json!({"email": "Ada@Example.com", "shop_name": "Ada's Apps"})).expect(201);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made = made.json();
    let (key, secret) = (made["api_key"].as_str().unwrap(), made["webhook_secret"].as_str().unwrap());
    assert_eq!(made["email"], "ada@example.com");
    assert!(key.starts_with("pg_live_") && key.len() > 48, "{key}");
    assert_eq!(STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
    let tables = world.db.dump();
    assert!(!tables.contains(key) && !tables.contains(&key[8..]), "the key is kept as a hash");
    assert!(!tables.contains(secret) && !tables.contains(&secret[6..]), "the secret is sealed");
    let cached = format!("{:?}", world.cache.snapshot());
    assert!(!cached.contains(&key[8..]) && !cached.contains(&secret[6..]));
    let profile = world.ask("GET", "/api/v2/account").header("authorization", basic("ada@example.com", key)).send();
    assert!(!profile.expect(200).text().contains(secret));
}

#[test]
fn a_request_without_good_credentials_is_refused() {
    let world = World::new();
    let ada = world.seller();
    let grace = world.seller_named("grace@example.com", true);
    let encoded = |text: &str| Some(format!("Basic {}", STANDARD.encode(text)));
    let cases = [
        ("no header", None),
        ("an empty one", Some(String::new())),
        ("another scheme", Some(format!("Bearer {}", ada.key))),
        ("no base64", Some("Basic ???".into())),
        ("no colon", encoded(&ada.email)),
        ("no e-mail", encoded(&format!(":{}", ada.key))),
        ("no key", encoded(&format!("{}:", ada.email))),
        ("the key's hash", encoded(&format!("{}:{}", ada.email, world.db.one("SELECT key_hash FROM accounts")))),
        ("another's key", encoded(&format!("{}:{}", ada.email, grace.key))),
        ("a shortened key", encoded(&format!("{}:{}", ada.email, &ada.key[..ada.key.len() - 1]))),
        ("an unknown e-mail", encoded(&format!("eve@example.com:{}", ada.key))),
        ("an SQL text", encoded(&format!("' OR 1=1 --:{}", ada.key))),
        ("not UTF-8", Some(format!("Basic {}", STANDARD.encode(b"\xff\xfe:x")))),
        ("a novel", encoded(&"x".repeat(100_000))),
    ];
    for (case, header) in cases {
        for path in ["/api/v2/account", "/api/v2/orders", "/api/v2/no/such/path"] {
            let ask = world.ask("GET", path);
            let reply = header.iter().fold(ask, |ask, value| ask.header("authorization", value)).send().expect(401);
            assert_eq!(reply.text(), r#"{"message":"Unable to authenticate"}"#, "{case}");
            assert!(reply.header("www-authenticate").unwrap().starts_with("Basic"), "{case}");
        }
    }
}

#[test]
fn the_email_and_the_scheme_may_be_written_in_any_case() {
    let world = World::new();
    let ada = world.seller();
    for (scheme, email) in [("Basic", "Ada@Example.COM"), ("basic", "ada@example.com"), ("BASIC", "ADA@EXAMPLE.COM")] {
        let credentials = basic(email, &ada.key).replacen("Basic", scheme, 1);
        let reply = world.ask("GET", "/api/v2/account").header("authorization", credentials).send().expect(200);
        assert_eq!(reply.json()["email"], "ada@example.com");
    }
}

#[test]
fn knowing_a_sender_costs_no_database_trip_when_warm_and_one_when_cold() {
    let world = World::new();
    let ada = world.seller();
    let know = || world.trips(|| ada.get("/no/such/path").expect(404));
    assert_eq!(know(), 0, "right after the account was made");
    world.cache.empty();
    assert_eq!(know(), 1, "where nobody has seen it yet");
    assert_eq!(know(), 0, "and warm from then on");
    world.cache.broken.set(true);
    assert_eq!(know(), 1, "a broken cache only makes it slower");
}

#[test]
fn what_another_version_wrote_into_the_cache_is_read_again_from_the_database() {
    let world = World::new();
    let grace = world.live_seller();
    grace.white_label(json!({}));
    for garbage in ["", "{}", "[1]", "[\"x\",2,3,4]", "null", "\u{0}"] {
        let mut cached = world.cache.snapshot();
        assert!(cached.len() >= 2, "an account and the rates");
        cached.values_mut().for_each(|(_, value)| *value = garbage.into());
        world.cache.restore(cached);
        grace.white_label(json!({}));
    }
}

#[test]
fn a_regenerated_key_works_everywhere_and_the_old_one_is_dead_at_once() {
    let world = World::new();
    let ada = world.seller();
    let stale = world.cache.snapshot();
    let reply = ada.post("/account/api_key", json!({})).expect(201);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let new = reply.json()["api_key"].as_str().unwrap().to_owned();
    assert!(new.starts_with("pg_test_") && new != ada.key);
    let with = |key: &str| world.ask("GET", "/api/v2/account").header("authorization", basic(&ada.email, key)).send();
    with(&ada.key).expect(401);
    with(&new).expect(200);
    world.cache.restore(stale);
    with(&new).expect(200);
    with(&ada.key).expect(401);
    assert!(!world.db.dump().contains(&new[8..]));
    assert_eq!(world.db.rows_in("accounts"), 1);
}

#[test]
fn an_old_key_that_a_race_put_back_into_the_cache_is_dead_after_ten_minutes() {
    let world = World::new();
    let ada = world.seller();
    let stale = world.cache.snapshot();
    ada.post("/account/api_key", json!({})).expect(201);
    world.cache.restore(stale);
    world.advance(10 * MINUTE + SECOND);
    ada.get("/account").expect(401);
}

#[test]
fn a_cache_that_fails_while_a_key_is_replaced_locks_nobody_out() {
    let world = World::new();
    let ada = world.seller();
    world.cache.broken.set(true);
    let reply = ada.post("/account/api_key", json!({}));
    world.cache.broken.set(false);
    // Either he was told a key that works, or the one he has still does, and not only where it is remembered.
    let key =
        if reply.status() == 201 { reply.json()["api_key"].as_str().unwrap().to_owned() } else { ada.key.clone() };
    world.cache.empty();
    world.ask("GET", "/api/v2/account").header("authorization", basic(&ada.email, &key)).send().expect(200);
}

#[test]
fn a_key_whose_change_was_not_committed_goes_on_working() {
    let world = World::new();
    let ada = world.seller();
    world.db.break_commit(1, Landed::No);
    let reply = ada.post("/account/api_key", json!({})).expect(500);
    assert!(!reply.text().contains("connection"), "no internals: {}", reply.text());
    ada.get("/account").expect(200);
    world.cache.empty();
    ada.get("/account").expect(200);
}

#[test]
fn the_settings_of_an_account_can_be_read() {
    let world = World::new();
    let ada = world.seller();
    let account = ada.get("/account").expect(200).json();
    assert_eq!(account["email"], "ada@example.com");
    assert_eq!(account["shop_name"], "Ada's Apps");
    assert_eq!(account["test"], true);
    assert_eq!(account["created_at"], "2023-11-15T00:00:00.000+00:00");
    assert_eq!(account["updated_at"], account["created_at"]);
    let masked = account["webhook_secret"].as_str().unwrap();
    assert!(masked.starts_with("whsec_…") && masked.chars().count() == 11, "{masked}");
}

#[test]
fn a_shop_gets_another_name() {
    let world = World::new();
    let ada = world.seller();
    world.advance(1_500);
    for body in [json!({"shop_name": "Lovelace & Co"}), json!({"account": {"shop_name": "Lovelace & Co"}})] {
        let account = ada.put("/account", body).expect(200).json();
        assert_eq!(account["shop_name"], "Lovelace & Co");
        assert_eq!(account["updated_at"], "2023-11-15T00:00:01.500+00:00");
    }
    ada.ask("PATCH", "/account").json(&json!({"shop_name": "Babbage"})).send().expect(200);
    assert_eq!(ada.get("/account").json()["shop_name"], "Babbage");
    for blank in [json!({"shop_name": ""}), json!({"shop_name": null}), json!({"shop_name": " \t"})] {
        assert_eq!(ada.put("/account", blank).errors(), ["Shop name can't be blank"]);
    }
}

#[test]
fn an_update_of_nothing_changes_nothing() {
    let world = World::new();
    let ada = world.seller();
    world.advance(SECOND);
    let before = world.db.dump();
    for body in ["", "{}", "[]", "null", r#"{"no_such_field":1}"#] {
        ada.ask("PUT", "/account").body(body).send().expect(200);
    }
    assert_eq!(world.db.dump(), before);
}

#[test]
fn the_operators_log_and_the_answers_hold_no_secret() {
    let world = World::new();
    let ada = world.seller();
    let mut replies: Vec<Reply> = Vec::new();
    for path in ["/account", "/orders", "/webhooks/endpoints", "/webhooks/logs"] {
        replies.push(ada.get(path));
        world.db.break_read();
        replies.push(ada.get(path).expect(500));
    }
    world.db.break_commit(1, Landed::No);
    replies.push(ada.put("/account", json!({"shop_name": "X"})).expect(500));
    let said = replies.iter().map(Reply::text).collect::<String>() + &world.log.text();
    assert!(world.log.lines().len() >= 5, "faults are logged");
    for secret in [&ada.key[8..], &ada.secret[6..], &ada.email] {
        let log = world.log.text();
        assert!(!log.contains(secret), "{log}");
    }
    assert!(!said.contains(&ada.key[8..]) && !said.contains(&ada.secret[6..]));
}
