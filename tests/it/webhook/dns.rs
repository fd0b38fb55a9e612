//! Where webhooks may go: names are resolved before something is sent there, and ports are those of web servers.

use std::{cell::Cell, rc::Rc};

use pushguard::platform::{FetchError, HttpResponse};
use serde_json::json;

use crate::{
    webhook::delivery::{HOOK, ada, log, sent},
    world::{MINUTE, SECOND, World, answer},
};

const RESOLVER: &str = "https://dns.example/dns-query";

fn world() -> World {
    let world = World::with(&[("DNS_OVER_HTTPS_URL", RESOLVER)]);
    world.web.says(HOOK, 200);
    world
}

/// The resolver answers A and AAAA with these addresses.
fn resolves(world: &World, a: &'static str, aaaa: &'static str) {
    world.web.on(RESOLVER, move |sent| {
        let (kind, data) = if sent.url.ends_with("&type=A") { (1, a) } else { (28, aaaa) };
        let alias = json!({"name": "hooks.example", "type": 5, "TTL": 300, "data": "edge.example."});
        let address = json!({"name": "edge.example", "type": kind, "TTL": 300, "data": data});
        let answers = if data.is_empty() { json!([alias]) } else { json!([alias, address]) };
        answer(200, json!({"Status": 0, "TC": false, "Answer": answers}).to_string())
    });
}

fn asked(world: &World) -> Vec<String> {
    world.web.sent_to(RESOLVER).into_iter().map(|sent| sent.url).collect()
}

#[test]
fn a_name_that_leads_into_a_private_network_is_not_called_and_the_log_says_so() {
    for (a, aaaa) in [
        ("10.0.0.1", ""),
        ("127.0.0.1", ""),
        ("169.254.169.254", ""),
        ("100.64.0.1", ""),
        ("0.0.0.0", ""),
        ("", "::1"),
        ("", "fd00::1"),
        ("", "fe80::1"),
        ("93.184.216.34", "::ffff:10.0.0.1"),
        ("93.184.216.34", "::ffff:93.184.216.34"),
        ("93.184.216.34", "::10.0.0.1"),
        ("93.184.216.34", "64:ff9b::a00:1"),
        ("93.184.216.34", "2002:a00:1::1"),
        ("93.184.216.34", "2001:0:a00:1::1"),
    ] {
        let world = world();
        resolves(&world, a, aaaa);
        let ada = ada(&world);
        ada.white_label(json!({}));
        world.run_jobs();
        assert!(sent(&world).is_empty(), "{a} {aaaa}");
        let log = log(&ada);
        assert_eq!((&log["error"], &log["response_code"]), (&json!("forbidden_url"), &json!(0)), "{a} {aaaa}");
        // Whoever mends it gets it.
        resolves(&world, "93.184.216.34", "2606:2800:220:1::1");
        world.live_through(10 * MINUTE);
        assert_eq!(sent(&world).len(), 1, "{a} {aaaa}");
    }
}

#[test]
fn a_public_name_is_asked_for_once_a_minute_however_busy_it_is() {
    let world = world();
    resolves(&world, "93.184.216.34", "");
    let ada = ada(&world);
    for _ in 0..20 {
        ada.white_label(json!({}));
        world.run_jobs();
    }
    assert_eq!(sent(&world).len(), 20);
    let questions = ["A", "AAAA"].map(|kind| format!("{RESOLVER}?name=hooks.example&type={kind}"));
    assert_eq!(asked(&world), questions);
    assert_eq!(world.web.sent_to(RESOLVER)[0].header("accept"), "application/dns-json");
    assert_eq!(world.web.sent_to(RESOLVER)[0].method, "GET");
    world.advance(61 * SECOND);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!(asked(&world).len(), 4, "and then anew");
    // A name may be turned into a private network later on.
    resolves(&world, "10.0.0.1", "");
    world.advance(61 * SECOND);
    ada.white_label(json!({}));
    world.run_jobs();
    assert_eq!((sent(&world).len(), &log(&ada)["error"]), (21, &json!("forbidden_url")));
}

#[test]
fn many_names_are_remembered_and_never_too_many() {
    let world = world();
    resolves(&world, "93.184.216.34", "");
    world.web.says("https://", 200);
    resolves(&world, "93.184.216.34", "");
    let ada = world.seller();
    for n in 0..600 {
        ada.white_label(json!({"webhook_url": format!("https://host{n}.example/")}));
    }
    world.run_jobs();
    assert_eq!(asked(&world).len(), 1_200);
    ada.white_label(json!({"webhook_url": "https://host599.example/"}));
    world.run_jobs();
    assert_eq!(asked(&world).len(), 1_200, "the last ones are known");
}

#[test]
fn a_resolver_that_fails_keeps_nothing_from_being_sent() {
    for (n, broken) in (0..).zip([
        Err(FetchError::Timeout),
        Err(FetchError::Network),
        answer(500, "no"),
        answer(200, "<html>"),
        answer(200, r#"{"Status":2}"#),
        answer(302, r#"{"Status":0,"Answer":[{"type":1,"data":"10.0.0.1"}]}"#),
    ]) {
        let world = world();
        world.web.on(RESOLVER, move |_| broken.clone());
        let ada = ada(&world);
        ada.white_label(json!({}));
        world.run_jobs();
        assert_eq!((sent(&world).len(), &log(&ada)["response_code"]), (1, &json!(200)), "{n}");
    }
}

#[test]
fn half_an_answer_is_enough_to_refuse_and_one_that_never_ends_is_none_to_trust() {
    let world = world();
    world.web.on(RESOLVER, |sent| match sent.url.ends_with("&type=A") {
        true => Err(FetchError::Timeout),
        false => answer(200, r#"{"Status":0,"Answer":[{"type":28,"data":"fd00::1"}]}"#),
    });
    let ada = ada(&world);
    ada.white_label(json!({}));
    world.run_jobs();
    assert!(sent(&world).is_empty());
    let endless = json!({"Status": 0, "Answer": vec![json!({"type": 1, "data": "93.184.216.34"}); 3_000]}).to_string();
    world.web.on(RESOLVER, move |_| answer(200, endless.clone()));
    world.advance(MINUTE);
    ada.white_label(json!({}));
    world.run_jobs();
    assert!(sent(&world).is_empty());
    assert_eq!(log(&ada)["error"], "forbidden_url");
}

#[test]
fn a_name_without_an_address_is_a_dns_error_and_nothing_is_sent() {
    for nothing in [r#"{"Status":3}"#, r#"{"Status":0}"#, r#"{"Status":0,"Answer":[]}"#] {
        let world = world();
        world.web.on(RESOLVER, move |_| answer(200, nothing));
        let ada = ada(&world);
        ada.white_label(json!({}));
        world.run_jobs();
        let failed = log(&ada);
        assert_eq!((&failed["error"], &failed["retries"]), (&json!("dns"), &json!(1)));
        assert!(sent(&world).is_empty());
        resolves(&world, "93.184.216.34", "");
        world.live_through(10 * MINUTE);
        assert_eq!(log(&ada)["response_code"], 200);
    }
}

#[test]
fn addresses_development_and_an_operator_who_wants_none_ask_nobody() {
    let literal = World::with(&[("DNS_OVER_HTTPS_URL", RESOLVER)]);
    literal.web.says("https://93.184.216.34/", 200);
    literal.seller().white_label(json!({"webhook_url": "https://93.184.216.34/"}));
    let off = World::with(&[("DNS_OVER_HTTPS_URL", "off")]);
    let lax = World::with(&[("DNS_OVER_HTTPS_URL", RESOLVER), ("ALLOW_INSECURE_URLS", "1")]);
    for world in [&off, &lax] {
        world.web.says(HOOK, 200);
        ada(world).white_label(json!({}));
    }
    for world in [&literal, &off, &lax] {
        world.run_jobs();
        assert_eq!((world.web.sent().len(), asked(world).len()), (1, 0));
    }
    let usual = World::with(&[("DNS_OVER_HTTPS_URL", "")]);
    usual.web.says(HOOK, 200);
    ada(&usual).white_label(json!({}));
    usual.run_jobs();
    let cloudflare = usual.web.sent_to("https://cloudflare-dns.com/dns-query?name=hooks.example&type=A");
    assert_eq!(cloudflare.len(), 2, "A and AAAA");
}

#[test]
fn lookups_count_among_the_six_that_wait() {
    let world = world();
    resolves(&world, "93.184.216.34", "");
    let ada = ada(&world);
    for n in 0..20 {
        ada.white_label(json!({"webhook_url": format!("https://hooks.example/{n}")}));
    }
    world.web.interleaves.set(true);
    world.run_jobs();
    assert_eq!(sent(&world).len(), 40);
    assert!(world.web.most_waiting() <= 6, "{}", world.web.most_waiting());
}

#[test]
fn only_the_ports_of_web_servers_are_called_unless_the_operator_says_otherwise() {
    let sentence = "Url must use a port that webhooks may go to, such as 443";
    let create = |world: &World, url: &str| {
        world.advance(1);
        let ada = world.seller_named(&format!("{}@example.com", world.now()), true);
        ada.post("/webhooks/endpoints", json!({"url": url, "events": ["order:paid"]}))
    };
    let strict = World::new();
    for url in ["https://hooks.example/", "https://hooks.example:443/", "https://hooks.example:8443/"] {
        create(&strict, url).expect(201);
    }
    for url in [
        "https://hooks.example:80/",
        "https://hooks.example:22/",
        "https://hooks.example:0/",
        "https://93.184.216.34:25/",
    ] {
        assert_eq!(create(&strict, url).errors(), [sentence], "{url}");
    }
    let own = World::with(&[("WEBHOOK_PORTS", "443, 9000")]);
    create(&own, "https://hooks.example:9000/").expect(201);
    assert_eq!(create(&own, "https://hooks.example:8443/").errors(), [sentence]);
    let lax = World::with(&[("ALLOW_INSECURE_URLS", "1")]);
    create(&lax, "http://127.0.0.1:9797/").expect(201);

    let ada = strict.seller();
    let payment = json!({"webhook_url": "https://hooks.example:22/", "return_url": "https://shop.example:9443/"});
    assert_eq!(
        ada.pay(payment).errors(),
        ["Webhook url must use a port that webhooks may go to, such as 443"],
        "a buyer may be sent anywhere"
    );
    let simulation = json!({"url": "https://hooks.example:22/", "event": "order:paid"});
    assert_eq!(ada.post("/webhooks/simulate", simulation).errors(), [sentence]);

    // What was saved under another setting is refused when it is sent.
    own.web.says("https://", 200);
    let eve = own.seller_named("eve@example.com", true);
    eve.endpoint("https://hooks.example:9000/", &["order:created"]);
    eve.white_label(json!({}));
    let narrower = own.redeployed(&[]);
    narrower.run_jobs();
    assert!(own.web.sent().is_empty());
    assert_eq!(eve.at(&narrower).logs()[0]["error"], "forbidden_url");
}

#[test]
fn a_status_at_once_and_a_body_that_trickles_makes_an_endpoint_slow() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    ada.endpoint(HOOK, &["order:created"]);
    let (clock, took) = (world.clock.clone(), Rc::new(Cell::new(3_900)));
    let waits = took.clone();
    world.web.on(HOOK, move |_| {
        clock.pass(waits.get());
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"drop".to_vec(), truncated: true })
    });
    ada.white_label(json!({}));
    world.run_jobs();
    let first = log(&ada);
    assert_eq!((&first["response_code"], &first["response"]), (&json!(200), &json!("drop")));
    assert_eq!((&first["error"], &first["next_retry_at"]), (&json!("incomplete"), &json!(null)), "it has it");
    assert_ne!(world.db.one("SELECT MAX(slow_until) FROM webhook_receivers"), "null");
    ada.white_label(json!({}));
    let nudges = world.queue.waiting();
    assert!(nudges.iter().any(|(_, text)| text.contains("deliver") && text.ends_with(",1]")), "{nudges:?}");
    // One that is quick, whatever it says, is not.
    let other = World::new();
    let ada = crate::webhook::delivery::ada(&other);
    other.web.says(HOOK, 200);
    ada.white_label(json!({}));
    other.run_jobs();
    assert_eq!(other.db.one("SELECT MAX(slow_until) FROM webhook_receivers"), "null");
}
