//! The webhook secret and its replacement: for a day both sign, and a receiver that changes over misses nothing.

use std::{cell::RefCell, rc::Rc};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::{
    actors::Seller,
    webhook::delivery::{HOOK, ada, hex_sha512, log, sent},
    world::{HOUR, MINUTE, SECOND, Sent, World, answer, block_on},
};

fn rotate(seller: &Seller<'_>) -> String {
    let reply = seller.post("/account/webhook_secret", json!({})).expect(201);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()["webhook_secret"].as_str().unwrap().to_owned()
}

/// What a Standard Webhooks library does with the list.
fn standard_verifies(sent: &Sent, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
    let (id, seconds) = (sent.header("webhook-id"), sent.header("webhook-timestamp"));
    mac.update(format!("{id}.{seconds}.{}", sent.body).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    sent.header("webhook-signature").split(' ').any(|one| one == expected)
}

/// What the reference's own snippet does.
fn hex_verifies(sent: &Sent, header: &str, secret: &str) -> bool {
    let found = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header));
    found.is_some_and(|(_, value)| *value == hex_sha512(secret, &sent.body))
}

const SIGNATURE: &str = "X-PushGuard-Signature";
const NEW_SIGNATURE: &str = "X-PushGuard-New-Signature";

#[test]
fn a_new_secret_is_shown_once_and_kept_sealed() {
    let world = World::new();
    let ada = world.seller();
    world.advance(SECOND);
    let reply = ada.post("/account/webhook_secret", json!({})).expect(201).json();
    let new = reply["webhook_secret"].as_str().unwrap();
    assert_eq!(STANDARD.decode(new.strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
    assert_ne!(new, ada.secret);
    assert_eq!(reply["old_webhook_secret_valid_until"], "2023-11-16T00:00:01.000+00:00");
    let account = ada.get("/account").expect(200);
    for secret in [&new[6..], &ada.secret[6..]] {
        assert!(!world.db.dump().contains(secret), "sealed");
        assert!(!account.text().contains(secret) && !world.log.text().contains(secret));
    }
    let account = account.json();
    assert_eq!(account["webhook_secret"], format!("whsec_…{}", &new[new.len() - 4..]));
    assert_eq!(account["webhook_secret_rotated_at"], "2023-11-15T00:00:01.000+00:00");
    assert_eq!(account["old_webhook_secret_valid_until"], "2023-11-16T00:00:01.000+00:00");
    assert_eq!(account["updated_at"], "2023-11-15T00:00:01.000+00:00");
}

#[test]
fn old_and_new_sign_for_a_day_and_then_the_new_one_alone() {
    for (hours, both) in [(0, true), (23, true), (25, false)] {
        let world = World::new();
        let ada = ada(&world);
        world.web.says(HOOK, 200);
        let new = rotate(&ada);
        world.advance(hours * HOUR);
        ada.white_label(json!({}));
        world.run_jobs();
        let sent = &sent(&world)[0];
        assert!(standard_verifies(sent, &new), "{hours} h");
        assert_eq!(standard_verifies(sent, &ada.secret), both, "{hours} h");
        assert_eq!(hex_verifies(sent, SIGNATURE, &ada.secret), both, "{hours} h");
        assert_eq!(hex_verifies(sent, SIGNATURE, &new), !both, "{hours} h");
        assert_eq!(hex_verifies(sent, NEW_SIGNATURE, &new), both, "{hours} h: who looks at both needs no second try");
        assert_eq!(sent.header("webhook-signature").split(' ').count(), if both { 2 } else { 1 });
        let account = ada.get("/account").json();
        assert_eq!(account["old_webhook_secret_valid_until"].is_string(), both);
        assert!(account["webhook_secret_rotated_at"].is_string());
    }
}

#[test]
fn a_receiver_that_knows_one_secret_has_every_webhook_within_seconds_whenever_it_changes_over() {
    for hours in [0, 1, 12, 23, 24, 30] {
        let world = World::new();
        let ada = ada(&world);
        let known = Rc::new(RefCell::new(ada.secret.clone()));
        let known_there = known.clone();
        // It answers 401 to what it can't verify, and compares one header with one signature, as old receivers do.
        world.web.on(HOOK, move |sent| {
            let good = hex_verifies(sent, SIGNATURE, &known_there.borrow());
            answer(if good { 200 } else { 401 }, "")
        });
        let new = rotate(&ada);
        let mut orders = 0;
        for hour in 0..26 {
            // Whoever never changes over ends with the day.
            if hour == hours || hour == 24 {
                *known.borrow_mut() = new.clone();
            }
            ada.white_label(json!({}));
            orders += 1;
            world.live_through(10 * SECOND);
            let missing = world.db.one("SELECT COUNT(*) FROM webhook_logs WHERE response_code <> 200");
            assert_eq!(missing, "0", "changed over after {hours} h, now {hour} h");
            world.advance(HOUR - 10 * SECOND);
        }
        let tries = sent(&world).len();
        assert!(tries <= orders * 2, "each took two tries at most");
        assert!(hours != 24 || tries == orders, "who changes over at the day's end refuses nothing");
    }
}

#[test]
fn several_secrets_within_a_day_all_sign_and_a_fifth_replacement_is_refused() {
    let world = World::new();
    let ada = ada(&world);
    let mut secrets = vec![ada.secret.clone()];
    for _ in 0..4 {
        secrets.push(rotate(&ada));
        world.advance(HOUR);
    }
    let before = world.db.dump();
    let refused = ada.post("/account/webhook_secret", json!({}));
    assert_eq!(refused.errors(), ["Webhook secret can be replaced 4 times in 24 hours"]);
    assert_eq!(world.db.dump(), before);
    world.web.says(HOOK, 500);
    ada.white_label(json!({}));
    world.live_through(HOUR);
    let tried = sent(&world);
    for (n, sent) in tried.iter().enumerate() {
        assert!(secrets.iter().all(|secret| standard_verifies(sent, secret)));
        assert!(hex_verifies(sent, SIGNATURE, &secrets[n % 5]), "in turn, the oldest first");
    }
    // The first one's day is over, the others' isn't.
    world.advance(19 * HOUR);
    let fifth = rotate(&ada);
    world.web.forget();
    world.web.says(HOOK, 200);
    ada.white_label(json!({}));
    world.run_jobs();
    let sent = &sent(&world)[0];
    let verifies: Vec<bool> = secrets.iter().map(|secret| standard_verifies(sent, secret)).collect();
    assert_eq!(verifies, [false, true, true, true, true]);
    assert!(standard_verifies(sent, &fifth));
}

#[test]
fn what_signs_no_more_is_taken_out_of_the_database() {
    let world = World::new();
    let ada = world.seller();
    let sealed = world.db.one("SELECT webhook_secret FROM shops");
    rotate(&ada);
    assert!(world.db.dump().contains(&sealed));
    world.advance(24 * HOUR);
    world.cron();
    assert!(world.db.dump().contains(&sealed), "not before its time");
    world.advance(MINUTE);
    world.cron();
    assert!(!world.db.dump().contains(&sealed));
    assert!(ada.get("/account").json()["old_webhook_secret_valid_until"].is_null());
}

#[test]
fn a_rotation_is_one_trip_and_under_a_key_one_rotation() {
    let world = World::new();
    let ada = world.seller();
    assert_eq!(world.trips(|| rotate(&ada)), 1);
    let keyed = || {
        let ask = ada.ask("POST", "/account/webhook_secret").header("idempotency-key", "k").json(&json!({}));
        block_on(ask.together()).expect(201)
    };
    let first = keyed();
    let again = keyed();
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    let masked = ada.get("/account").json()["webhook_secret"].as_str().unwrap().to_owned();
    let secret = first.json()["webhook_secret"].as_str().unwrap().to_owned();
    assert!(secret.ends_with(&masked[masked.len() - 4..]) && !world.db.dump().contains(&secret[6..]));
}

#[test]
fn a_rotation_is_the_accounts_own() {
    let world = World::new();
    let ada = ada(&world);
    let eve = world.seller_named("eve@example.com", true);
    rotate(&eve);
    world.web.says(HOOK, 200);
    ada.white_label(json!({}));
    world.run_jobs();
    let sent = &sent(&world)[0];
    assert_eq!(sent.header(SIGNATURE), hex_sha512(&ada.secret, &sent.body));
    assert_eq!(log(&ada)["response_code"], 200);
    assert!(ada.get("/account").json()["webhook_secret_rotated_at"].is_null());
    ada.get("/account/webhook_secret").expect(405);
}

#[test]
fn the_return_url_is_signed_with_both() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    world.buyer().start(&link);
    ada.simulate(&link.order_id, "exact", 1);
    let new = rotate(&ada);
    let page = world.buyer().get(&link.order()).expect(200).text();
    let query = page.split("order_id=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let part = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("no {name} in {query}")).to_owned()
    };
    let signed = format!("{}.100.{}", link.order_id, part("timestamp"));
    assert_eq!(part("signature"), hex_sha512(&ada.secret, &signed));
    assert_eq!(part("new_signature"), hex_sha512(&new, &signed));
}
