//! The page itself: what it says, what it lets nobody do, and how often.

use serde_json::json;

use super::{CALLBACK, client, form, parameter, post, sign_in, step};
use crate::{
    actors::{ORIGIN, Reply},
    world::{SECOND, World},
};

#[track_caller]
fn shows(page: &Reply, texts: &[&str]) {
    let text = page.text();
    texts.iter().for_each(|part| assert!(text.contains(part), "{part} is not in {text}"));
}

#[test]
fn the_page_names_the_application_and_each_scope_in_words() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[("scope", "order_read script_write READ:PURCHASE")]);
    let first = world.ask("GET", &url).send().expect(200);
    shows(&first, &["Shelf", "app.example", "name=\"email\"", "name=\"api_key\"", "Cancel"]);
    assert!(!first.text().contains("Ada's Apps") && !first.text().contains("name=\"step\""));
    let asked = sign_in(&ada, &url).expect(200);
    shows(
        &asked,
        &["see your orders and their buyers", "add scripts to the pages", "be told of purchases", "Ada", "Allow"],
    );
    assert!(!asked.text().contains("coupons"), "only what is asked");
    assert!(!asked.text().contains("<script"), "it has none");
    let german = world.ask("GET", &url).header("accept-language", "de").send().expect(200);
    shows(&german, &["lang=\"de\"", "API-Schlüssel", "Abbrechen"]);
}

#[test]
fn cancel_leads_back_and_says_so() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    for page in [world.ask("GET", &app.authorize_url(&[])).send(), sign_in(&ada, &app.authorize_url(&[]))] {
        let text = page.expect(200).text();
        let link =
            text.split("class=\"plain\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert!(link.starts_with(CALLBACK), "{link}");
        assert_eq!(parameter(&link, "error").as_deref(), Some("access_denied"));
        assert_eq!(parameter(&link, "state").as_deref(), Some("x y&z=ü"));
        assert_eq!(parameter(&link, "iss").as_deref(), Some(ORIGIN));
    }
    assert_eq!(world.db.rows_in("oauth_codes"), 0);
}

#[test]
fn nobody_frames_the_page_or_keeps_it_and_a_key_is_sent_nowhere_else() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[]);
    let policy = |page: &Reply| page.header("content-security-policy").unwrap().to_owned();
    let first = world.ask("GET", &url).send().expect(200);
    let asked = sign_in(&ada, &url).expect(200);
    let broken = world.ask("GET", "/oauth/authorize").send().expect(400);
    for page in [&first, &asked, &broken] {
        let policy = policy(page);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert_eq!((page.header("x-frame-options"), page.header("cache-control")), (Some("DENY"), Some("no-store")));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    }
    assert!(policy(&first).contains("form-action 'self';"), "where the key is typed");
    assert!(
        policy(&asked).contains("form-action 'self' https: https://app.example;"),
        "where a redirect follows the form"
    );
    let native =
        client(&world, json!({"confidential": false, "redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"]}));
    for (uri, source) in
        [("http://127.0.0.1:8000/cb", "http://127.0.0.1:8000"), ("com.example.app:/cb", "com.example.app:")]
    {
        let asked = sign_in(&ada, &native.authorize_url(&[("redirect_uri", uri)])).expect(200);
        assert!(policy(&asked).contains(&format!("form-action 'self' https: {source};")), "{}", policy(&asked));
    }
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[]);
    let signed = step(&sign_in(&ada, &url).expect(200));
    let fields = [form(&[("step", &signed)]), form(&[("email", &ada.email), ("api_key", &ada.key)])];
    for body in &fields {
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")]
        {
            let ask = world.ask("POST", &url).header("content-type", "application/x-www-form-urlencoded");
            ask.header(name, value).body(body.as_str()).send().expect(403);
        }
    }
    assert_eq!(world.db.rows_in("oauth_codes"), 0);
}

#[test]
fn a_wrong_key_says_so_and_is_never_shown_again() {
    let world = World::new();
    let (ada, app) = (world.seller(), client(&world, json!({})));
    let url = app.authorize_url(&[]);
    for (email, key) in [("ada@example.com", "wrong-key"), ("nobody@example.com", "wrong-key"), ("ada@example.com", "")]
    {
        let page = post(&world, &url, &[("email", email), ("api_key", key)]).expect(422);
        shows(&page, &["don't belong together", email, "aria-invalid=\"true\""]);
        assert!(!page.text().contains("wrong-key"));
    }
    let id = world.db.one("SELECT id FROM accounts");
    super::operator(&world, "PUT", &format!("/accounts/{id}"), json!({"disabled": true})).expect(200);
    shows(&sign_in(&ada, &url).expect(403), &["This account is disabled."]);
}

#[test]
fn who_tries_keys_is_slowed_down_by_address_and_by_mailbox() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "100"), ("RATE_LIMIT_ANONYMOUS", "3")]);
    let app = client(&world, json!({}));
    world.advance(60 * SECOND);
    let url = app.authorize_url(&[]);
    let attempt = |ip: String, email: &str| {
        let ask = world.ask("POST", &url).header("content-type", "application/x-www-form-urlencoded");
        ask.header("cf-connecting-ip", ip).body(form(&[("email", email), ("api_key", "x")])).send()
    };
    for n in 0..3 {
        attempt("203.0.113.1".into(), &format!("a{n}@example.com")).expect(422);
    }
    let refused = attempt("203.0.113.1".into(), "b@example.com").expect(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    for n in 2..5 {
        attempt(format!("203.0.113.{n}"), "ada@example.com").expect(422);
    }
    attempt("203.0.113.9".into(), "Ada@Example.com").expect(429);
    assert_eq!(
        world.trips(|| attempt("203.0.113.10".into(), "ada@example.com").expect(429)),
        1,
        "that of the application"
    );
}

#[test]
fn strange_requests_get_an_answer() {
    let world = World::new();
    let app = client(&world, json!({}));
    world.ask("PUT", &app.authorize_url(&[])).send().expect(405);
    world.ask("GET", &app.authorize_url(&[])).insecurely().send().expect(403);
    let ask = world.ask("POST", &app.authorize_url(&[])).header("sec-fetch-site", "same-origin");
    ask.body("%%%=&&&\u{0}=x").send().expect(422);
    let long = "x".repeat(3_000);
    let reply = world.ask("GET", &app.authorize_url(&[("state", &long)])).send().expect(303);
    assert_eq!(parameter(reply.header("location").unwrap(), "error").as_deref(), Some("invalid_request"));
    let name = client(&world, json!({"name": "<b>&\"'"}));
    let page = world.ask("GET", &name.authorize_url(&[("state", "\"><script>")])).send().expect(200);
    assert!(!page.text().contains("<b>") && !page.text().contains("<script"), "{}", page.text());
    world.db.break_read();
    let broken = world.ask("GET", &app.authorize_url(&[])).send().expect(500);
    assert!(broken.text().contains("Nothing was allowed"));
    world.db.mend();
}
