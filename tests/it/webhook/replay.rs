//! Sending again: one log, or those of a time, each as a new log that names the first one.

use futures_util::future::join;
use pushguard::platform::{Db as _, Statement};
use serde_json::{Value, json};

use crate::{
    actors::{Reply, Seller},
    webhook::delivery::{HOOK, hex_sha512, log, sent},
    world::{HOUR, MINUTE, SECOND, World, answer, block_on},
};

fn retry(seller: &Seller<'_>, id: &Value) -> Reply {
    seller.post(&format!("/webhooks/logs/{}/retry", id.as_str().unwrap()), json!({}))
}

fn replay(seller: &Seller<'_>, body: Value) -> Value {
    seller.post("/webhooks/replay", body).expect(201).json()
}

/// All that the database holds, but how much its accounts have looked for.
fn but_scans(world: &World) -> String {
    let dump = world.db.dump();
    dump.lines().filter(|line| !line.starts_with("webhook_scans")).collect::<Vec<_>>().join("\n")
}

/// An endpoint for new orders, and so many orders while its receiver says this.
fn after(seller: &Seller<'_>, orders: usize, status: u16) -> String {
    let id = seller.endpoint(HOOK, &["order:created"]);
    more(seller, orders, status);
    id
}

fn more(seller: &Seller<'_>, orders: usize, status: u16) {
    seller.world.web.says(HOOK, status);
    for _ in 0..orders {
        seller.white_label(json!({}));
        seller.world.run_jobs();
    }
}

fn seqs_are_dense(world: &World) -> bool {
    world.db.one("SELECT COUNT(*) = MAX(seq) AND MIN(seq) = 1 FROM webhook_logs GROUP BY account_id") == "1"
}

const SINCE: &str = "2023-11-15T00:00:00Z";

#[test]
fn a_retry_sends_the_same_payload_again_as_a_new_log_that_names_the_first() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 1, 500);
    let first = log(&ada);
    assert!(first["next_retry_at"].is_string());
    world.web.says(HOOK, 200);
    world.advance(SECOND);
    let reply = retry(&ada, &first["id"]).expect(201).json();
    assert_eq!((&reply["replay_of"], &reply["simulated"]), (&first["id"], &json!(false)));
    assert_eq!((&reply["response_code"], &reply["retries"], &reply["error"]), (&json!(0), &json!(0), &Value::Null));
    assert_eq!((&reply["payload"], &reply["event"], &reply["url"]), (&first["payload"], &first["event"], &json!(HOOK)));
    assert_eq!(reply["created_at"], "2023-11-15T00:00:01.000+00:00");
    assert_eq!(log(&ada), reply, "it stands in the log before it is sent, and first in the list");
    world.live_through(HOUR);
    let sent = sent(&world);
    assert_eq!(sent.len(), 2, "the first one's own attempts are over");
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!(sent[1].header("X-PushGuard-Replay-Of"), first["id"]);
    assert_eq!(sent[1].header("X-PushGuard-Webhook"), reply["id"]);
    assert_eq!(sent[1].header("webhook-id"), reply["id"]);
    assert!(!sent[0].headers.iter().any(|(name, _)| name.contains("Replay")));
    let logs = ada.logs();
    assert_eq!((&logs[0]["response_code"], &logs[1]["response_code"]), (&json!(200), &json!(500)));
    assert!(logs[1]["next_retry_at"].is_null());
    assert!(seqs_are_dense(&world));
    // A repetition of a repetition names the first one as well; what was delivered can be had again.
    assert_eq!(retry(&ada, &logs[0]["id"]).expect(201).json()["replay_of"], first["id"]);
    assert_eq!(retry(&ada, &first["id"]).expect(201).json()["replay_of"], first["id"]);
}

#[test]
fn a_retry_goes_to_where_the_endpoint_is_by_now() {
    let world = World::new();
    world.web.says("https://", 200);
    let ada = world.seller();
    let endpoint = format!("/webhooks/endpoints/{}", after(&ada, 1, 500));
    let first = log(&ada)["id"].clone();
    let urls = || world.web.sent().into_iter().map(|sent| sent.url).collect::<Vec<_>>();
    world.web.forget();
    ada.put(&endpoint, json!({"url": "https://new.example/"})).expect(200);
    assert_eq!(retry(&ada, &first).expect(201).json()["url"], "https://new.example/");
    world.run_jobs();
    assert_eq!(urls(), ["https://new.example/"]);
    ada.put(&endpoint, json!({"enabled": false})).expect(200);
    let before = world.db.dump();
    assert_eq!(retry(&ada, &first).errors(), ["Endpoint is disabled"]);
    assert_eq!(world.db.dump(), before);
    ada.delete(&endpoint).expect(204);
    assert_eq!(retry(&ada, &first).expect(201).json()["url"], HOOK, "without it, to where the log went");
    world.run_jobs();
    assert_eq!(urls(), ["https://new.example/", HOOK]);
}

#[test]
fn a_retry_is_signed_with_the_secret_of_now() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 1, 200);
    let new = ada.post("/account/webhook_secret", json!({})).expect(201).json()["webhook_secret"].clone();
    world.advance(25 * HOUR);
    retry(&ada, &log(&ada)["id"]).expect(201);
    world.run_jobs();
    let again = sent(&world).remove(1);
    assert_eq!(again.header("X-PushGuard-Signature"), hex_sha512(new.as_str().unwrap(), &again.body));
}

#[test]
fn a_retry_whose_nudge_was_lost_is_found_by_cron_and_failing_has_attempts_of_its_own() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 1, 500);
    world.queue.forget();
    world.queue.loses.set(true);
    retry(&ada, &log(&ada)["id"]).expect(201);
    world.queue.loses.set(false);
    world.live_through(4 * MINUTE);
    assert_eq!(log(&ada)["retries"], 2, "tried, and again after five seconds");
    assert!(log(&ada)["next_retry_at"].is_string());
}

#[test]
fn other_accounts_logs_and_endpoints_can_not_be_sent_again() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let endpoint = after(&ada, 1, 500);
    let id = log(&ada)["id"].clone();
    let before = but_scans(&world);
    retry(&eve, &id).expect(404);
    retry(&ada, &json!("AAAAAAAA")).expect(404);
    for body in [json!({"since": SINCE, "endpoint_id": endpoint}), json!({"since": SINCE, "after": id})] {
        eve.post("/webhooks/replay", body).expect(404);
    }
    ada.post("/webhooks/replay", json!({"since": SINCE, "endpoint_id": "7"})).expect(404);
    let nothing = json!({"matched": 0, "replayed": 0, "remaining": 0, "next": null, "dry_run": false, "log_ids": []});
    assert_eq!(replay(&eve, json!({"since": SINCE, "only": "all"})), nothing);
    assert_eq!(but_scans(&world), before);
    ada.get("/webhooks/replay").expect(405);
    ada.get(&format!("/webhooks/logs/{}/retry", id.as_str().unwrap())).expect(405);
}

#[test]
fn what_a_receiver_missed_while_it_was_down_is_sent_again_at_once() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 2, 200);
    world.advance(HOUR);
    more(&ada, 3, 503);
    let missed: Vec<Value> = ada.logs().iter().take(3).map(|log| log["id"].clone()).collect();
    world.advance(HOUR);
    let before = but_scans(&world);
    let counted = replay(&ada, json!({"since": SINCE, "dry_run": true}));
    assert_eq!(
        counted,
        json!({"matched": 3, "replayed": 0, "remaining": 3, "next": null, "dry_run": true, "log_ids": []})
    );
    assert_eq!(but_scans(&world), before, "counting writes nothing but how much was counted");
    world.web.forget();
    world.web.says(HOOK, 200);
    let reply = replay(&ada, json!({"since": SINCE}));
    assert_eq!((&reply["matched"], &reply["replayed"], &reply["remaining"]), (&json!(3), &json!(3), &json!(0)));
    world.run_jobs();
    world.live_through(5 * HOUR);
    assert_eq!(sent(&world).len(), 3, "each once: their own attempts are over");
    let logs = ada.logs();
    let made: Vec<Value> = logs.iter().take(3).map(|log| log["id"].clone()).rev().collect();
    assert_eq!(reply["log_ids"], json!(made), "oldest first");
    let named: Vec<Value> = logs.iter().take(3).map(|log| log["replay_of"].clone()).collect();
    assert_eq!(named, missed);
    assert!(logs.iter().take(3).all(|log| log["response_code"] == 200));
    assert!(seqs_are_dense(&world));
    assert_eq!(replay(&ada, json!({"since": SINCE}))["matched"], 0, "nothing is missing any more");
    assert_eq!(replay(&ada, json!({"since": SINCE, "only": "all", "dry_run": true}))["matched"], 5);
}

#[test]
fn only_what_is_asked_for_is_sent_again() {
    let world = World::new();
    let ada = world.seller();
    let one = after(&ada, 1, 200);
    world.advance(HOUR);
    more(&ada, 1, 500);
    world.advance(HOUR);
    world.web.says("https://own.example/", 410);
    world.web.says("https://two.example/", 410);
    let two = ada.endpoint("https://two.example/", &["order:created"]);
    let three = ada.endpoint("https://three.example/", &["order:created"]);
    ada.white_label(json!({"webhook_url": "https://own.example/"}));
    world.run_jobs();
    // 00:00 one: 200. 01:00 one: 500. 02:00 one: 500, two: 410 and disabled by it, three: no such host, own: 410.
    ada.delete(&format!("/webhooks/endpoints/{three}")).expect(204);
    ada.post("/webhooks/simulate", json!({"url": "https://own.example/", "event": "order:paid"})).expect(201);
    world.run_jobs();
    for (asked, matched) in [
        (json!({}), 3),
        (json!({"only": "failed"}), 3),
        (json!({"only": "all"}), 4),
        (json!({"only": "all", "latest_per_subject": "1"}), 4),
        (json!({"endpoint_id": one}), 2),
        (json!({"endpoint_id": one, "only": "all"}), 3),
        (json!({"since": "2023-11-15T01:00:00.001Z"}), 2),
        (json!({"since": "2023-11-15T01:00:00.000Z"}), 3),
        (json!({"since": "2023-11-15T02:00:00+01:00"}), 3),
        (json!({"until": "2023-11-15T01:00:00Z", "only": "all"}), 1),
        (json!({"until": "2023-11-15T01:00:00.001Z", "only": "all"}), 2),
        (json!({"since": "2030-01-01"}), 0),
        (json!({"since": "1970-01-01", "until": "2023-11-14"}), 0),
    ] {
        let mut body = json!({"since": SINCE, "dry_run": true});
        for (name, value) in asked.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert_eq!(replay(&ada, body)["matched"], matched, "{asked}");
    }
    let refused = ada.post("/webhooks/replay", json!({"since": SINCE, "endpoint_id": two}));
    assert_eq!(refused.errors(), ["Endpoint is disabled"]);
    world.web.says("https://two.example/", 200);
    ada.put(&format!("/webhooks/endpoints/{two}"), json!({"enabled": true})).expect(200);
    assert_eq!(replay(&ada, json!({"since": SINCE, "endpoint_id": two}))["replayed"], 1, "enabled again, it gets it");
}

#[test]
fn of_a_subject_only_the_newest_state_is_sent_again_when_that_is_asked_for() {
    let world = World::new();
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:created", "order:updated", "order:paid"]);
    let [stale, paid] = [(); 2].map(|()| ada.white_label(json!({}))["id"].as_str().unwrap().to_owned());
    // It takes one webhook of all, the newest of an order.
    let taken = stale.clone();
    world.web.on(HOOK, move |sent| {
        let takes = sent.header("X-PushGuard-Event") == "order:updated" && sent.json()["id"] == taken;
        answer(if takes { 200 } else { 500 }, "")
    });
    ada.simulate(&paid, "exact", 1);
    ada.simulate(&stale, "partial", 0);
    // Until none is held for those before it.
    world.live_through(150 * SECOND);
    assert_eq!(replay(&ada, json!({"since": SINCE, "dry_run": true}))["matched"], 4);
    world.web.says(HOOK, 200);
    world.web.forget();
    let reply = replay(&ada, json!({"since": SINCE, "latest_per_subject": true}));
    assert_eq!(reply["replayed"], 1, "of the other order the receiver has a newer state");
    world.live_through(MINUTE);
    let sent = sent(&world).remove(0);
    assert_eq!((sent.header("X-PushGuard-Event"), &sent.json()["id"]), ("order:paid", &json!(paid)));
}

#[test]
fn a_replay_needs_a_time_and_says_all_that_is_wrong() {
    let world = World::new();
    let ada = world.seller();
    for (body, sentences) in [
        (json!({}), vec!["Since can't be blank"]),
        (
            json!({"since": "yesterday", "until": "2023-02-30", "only": "some", "dry_run": 7, "latest_per_subject": "x"}),
            vec![
                "Since is not a valid ISO 8601 time",
                "Until is not a valid ISO 8601 time",
                "Only is not included in the list (failed, all)",
                "Latest per subject must be true or false",
                "Dry run must be true or false",
            ],
        ),
        (json!({"since": SINCE, "until": SINCE}), vec!["Until must be later than since"]),
    ] {
        assert_eq!(ada.post("/webhooks/replay", body).errors(), sentences);
    }
    let body = "since=2023-11-15T00:00:00+00:00&only=all&dry_run=1";
    ada.ask("POST", "/webhooks/replay").body(body).send().expect(201);
}

/// Logs as if they had been sent long ago, a second apart: the first account's, appended.
fn fill(world: &World, count: u32, status: u32) {
    let numbers = format!("WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})");
    let last = "(SELECT COALESCE(MAX(seq), 0) FROM webhook_logs)";
    let payloads = format!(
        "{numbers} INSERT INTO webhook_payloads (id, account_id, payload, last_seq)
         SELECT 1000000 + n + {last}, (SELECT account_id FROM shops LIMIT 1), '{{\"n\":' || n || '}}', n + {last} FROM n"
    );
    let logs = format!(
        "{numbers} INSERT INTO webhook_logs (account_id, seq, id, endpoint_id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
         SELECT (SELECT account_id FROM shops LIMIT 1), n + {last}, printf('%08d', n + {last}), NULL, 'order:created', printf('s%d', n),
           '{HOOK}', 1000000 + n + {last}, {status}, {start} + n * 1000, {start} + n * 1000 FROM n",
        start = world.now() - i64::from(count) * SECOND,
    );
    let statements = [payloads, logs].map(|sql| Statement::new(sql, Vec::new()));
    block_on(world.db.commit(statements.into())).expect("the logs are there");
}

#[test]
fn a_call_sends_five_hundred_at_most_and_the_next_goes_on_where_it_stopped() {
    for only in ["failed", "all"] {
        let world = World::new();
        world.web.says(HOOK, 200);
        let ada = world.seller();
        fill(&world, 1_203, 500);
        let mut body = json!({"since": "2023-11-14", "only": only});
        for (replayed, remaining) in [(500, 703), (500, 203), (203, 0)] {
            let (counts, reply) = world.count(|| replay(&ada, body.clone()));
            assert_eq!((&reply["replayed"], &reply["remaining"]), (&json!(replayed), &json!(remaining)));
            assert_eq!(counts.reads + counts.commits, 2);
            assert_eq!(reply["next"].is_null(), remaining == 0);
            body["after"] = reply["next"].clone();
            world.live_through(2 * MINUTE);
        }
        let doubled = "SELECT COUNT(*) FROM (SELECT 1 FROM webhook_logs GROUP BY replay_of, url HAVING COUNT(*) > 1 AND replay_of IS NOT NULL)";
        assert_eq!(world.db.one(doubled), "0");
        assert_eq!((sent(&world).len(), world.db.rows_in("webhook_logs")), (1_203, 2_406));
        assert!(seqs_are_dense(&world));
        let order =
            "SELECT COUNT(*) FROM webhook_logs l JOIN webhook_logs o ON o.id = l.replay_of WHERE l.seq <> o.seq + 1203";
        assert_eq!(world.db.one(order), "0", "in the order in which they came");
    }
}

#[test]
fn a_call_looks_at_twenty_thousand_logs_and_says_where_to_go_on() {
    let world = World::new();
    world.web.says(HOOK, 200);
    let ada = world.seller();
    fill(&world, 45_000, 200);
    more(&ada, 1, 200);
    block_on(world.db.commit(vec![Statement::new(
        "UPDATE webhook_logs SET response_code = 500 WHERE seq IN (3, 30000, 44999)",
        Vec::new(),
    )]))
    .expect("three failed");
    let mut body = json!({"since": "2023-11-14"});
    let mut found = Vec::new();
    while found.len() < 10 {
        let reply = replay(&ada, body.clone());
        found.push(reply["replayed"].as_u64().unwrap());
        if reply["next"].is_null() {
            break;
        }
        body["after"] = reply["next"].clone();
    }
    assert_eq!(found, [1, 1, 1]);
    // From a time near the end nothing before it is looked at.
    let late = replay(&ada, json!({"since": "2023-11-14T23:59:50Z", "only": "all", "dry_run": true}));
    assert_eq!(
        (&late["matched"], &late["next"]),
        (&json!(10), &Value::Null),
        "the one that was replayed before is on its way"
    );
}

#[test]
fn two_replays_at_once_send_everything_once() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 5, 500);
    world.web.says(HOOK, 200);
    world.web.forget();
    world.db.interleaves.set(true);
    let ask = || ada.ask("POST", "/webhooks/replay").json(&json!({"since": SINCE, "only": "all"})).together();
    let (one, two) = block_on(join(ask(), ask()));
    world.db.interleaves.set(false);
    let (done, refused) = if one.status() == 201 { (one, two) } else { (two, one) };
    assert_eq!(done.expect(201).json()["replayed"], 5);
    let refused = refused.expect(429);
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(
        replay(&ada, json!({"since": SINCE, "only": "all"}))["replayed"],
        0,
        "it is over, and they are on their way"
    );
    world.live_through(HOUR);
    assert_eq!(sent(&world).len(), 5);
}

#[test]
fn under_a_key_a_retry_and_a_replay_are_done_once() {
    let world = World::new();
    let ada = world.seller();
    after(&ada, 2, 500);
    let path = format!("/webhooks/logs/{}/retry", log(&ada)["id"].as_str().unwrap());
    for (path, body) in [
        (path.as_str(), json!({})),
        ("/webhooks/replay", json!({"since": SINCE, "dry_run": true})),
        ("/webhooks/replay", json!({"since": SINCE, "only": "all"})),
    ] {
        let key = format!("{path}{body}");
        let ask = || ada.ask("POST", path).header("idempotency-key", &key).json(&body).send().expect(201);
        let first = ask();
        let rows = world.db.rows_in("webhook_logs");
        let again = ask();
        assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")), "{path}");
        assert_eq!(world.db.rows_in("webhook_logs"), rows);
    }
    let id = ada.logs().pop().unwrap()["id"].clone();
    assert_eq!(world.trips(|| retry(&ada, &id).expect(201)), 2);
    assert_eq!(world.trips(|| replay(&ada, json!({"since": SINCE, "dry_run": true}))), 1);
}
