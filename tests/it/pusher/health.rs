//! Destinations: what a new one has to show, and what becomes of one that fails.

use serde_json::json;

use super::{HOOK, refused};
use crate::{
    mail::{desk, mails},
    purchase::product,
    world::{DAY, HOUR, World, answer},
};

#[test]
fn a_new_destination_has_to_answer_a_test_message() {
    let world = World::new();
    let ada = world.seller();
    assert_eq!(refused(&ada.subscribes(1, json!({})), 400).0, "DESTINATION_NOT_ACCESSIBLE");
    world.web.says("https://webhook.site", 404);
    let reply = ada.subscribes(1, json!({}));
    assert_eq!(refused(&reply, 500).0, "DESTINATION_RESPONDED_WITH_ERROR_CODE");
    assert!(reply.json()["developerMessage"].as_str().unwrap().contains("404"));
    assert_eq!((ada.subscriptions(), world.db.rows_in("webhook_logs")), (json!([]), 0));
    world.web.says("https://webhook.site", 204);
    ada.subscribes(1, json!({})).expect(200);
    // One that moves is tried out where it goes, and stays where it was if nobody answers there.
    let put = |url: &str| ada.pusher("PUT", &format!("/{}", super::uuid(1))).json(&json!({"destination": url})).send();
    assert_eq!(refused(&put("https://nobody.example/"), 400).0, "DESTINATION_NOT_ACCESSIBLE");
    assert_eq!(ada.subscriptions()[0]["destination"], HOOK);
    assert!(world.log.troubles().is_empty(), "{}", world.log.troubles());
}

#[test]
fn what_fails_for_long_is_disabled_and_told_and_comes_back_by_an_update() {
    let world = desk();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    ada.subscribes(1, json!({"eventNames": ["ProductCreated"]})).expect(200);
    world.web.on("https://webhook.site", |_| answer(500, ""));
    product(&ada, json!({"product_type": 4}));
    world.run_jobs();
    assert_eq!(ada.subscriptions()[0]["status"], "FAILING");
    for _ in 0..14 {
        world.live_through(12 * HOUR);
        product(&ada, json!({"product_type": 4}));
    }
    world.live_through(DAY);
    let disabled = ada.subscriptions();
    assert_eq!((disabled.as_array().unwrap().len(), &disabled[0]["status"]), (1, &json!("DISABLED")));
    let mails = mails(&world);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].to_string().contains("hooks@example.com"), "its contact is written to: {}", mails[0]);
    let put = || ada.pusher("PUT", &format!("/{}", super::uuid(1))).json(&json!({})).send();
    assert_eq!(refused(&put(), 500).0, "DESTINATION_RESPONDED_WITH_ERROR_CODE");
    assert_eq!(ada.subscriptions()[0]["status"], "DISABLED");
    world.web.says("https://webhook.site", 200);
    put().expect(200);
    assert_eq!(ada.subscriptions()[0]["status"], "ACTIVE");
    product(&ada, json!({"product_type": 4}));
    world.web.forget();
    world.run_jobs();
    assert!(!world.web.sent_to(HOOK).is_empty());
}
