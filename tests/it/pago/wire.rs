//! What all requests share: who asks, the version, scopes, pages and times.

use pushguard::{api::pago::routes::ROUTES, http::Method, shop::oauth::Scope};
use serde_json::json;

use super::{app, by_key, id, product, register, token, trips};
use crate::world::{SECOND, World};

/// A route's path with ids that are nobody's.
fn path(parts: &[&str]) -> String {
    parts
        .iter()
        .map(|part| if part.starts_with('{') { "/00000000" } else { part })
        .fold(String::new(), |path, part| if part.starts_with('/') { path + part } else { path + "/" + part })
}

#[test]
fn a_request_without_the_version_is_told_so() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    let refused = client.bare("GET", "/products").send().expect(400);
    assert_eq!(refused.message(), "The header X-Api-Version is required, and must be 2");
    client.bare("GET", "/products").header("x-api-version", "1").send().expect(400);
    client.bare("GET", "/products").header("x-api-version", "2").send().expect(200);
}

#[test]
fn whoever_has_neither_a_token_nor_a_key_is_asked_for_one() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "all");
    let nobody = world.ask("GET", "/api/products").header("x-api-version", "2").send().expect(401);
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer realm=\"api\""));
    let wrong = world.ask("GET", "/api/products").header("authorization", "Bearer pg_at_x").send().expect(401);
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer realm=\"api\", error=\"invalid_token\""));
    client.get("/products").expect(200);
    by_key(&ada).get("/products").expect(200);
    client.ask("GET", "/products").insecurely().send().expect(403);
    client.ask("POST", "/products").header("origin", "https://elsewhere.example").send().expect(403);
}

#[test]
fn each_route_needs_its_scope_and_says_which_is_missing() {
    let world = World::new();
    let ada = world.seller();
    let app_id = register(&world);
    for scope in Scope::ALL {
        let others: Vec<&str> = Scope::ALL.into_iter().filter(|it| *it != scope).map(Scope::name).collect();
        let (with, without) = (token(&ada, &app_id, scope.name()), token(&ada, &app_id, &others.join(" ")));
        for route in ROUTES.iter().filter(|route| route.scope == Some(scope)) {
            let path = path(route.path);
            let refused = without.any(route.method, &path).expect(403);
            assert_eq!(refused.message(), format!("This token lacks the scope {}", scope.name()), "{}", route.id);
            let challenge = format!("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"{}\"", scope.name());
            assert_eq!(refused.header("www-authenticate"), Some(challenge.as_str()));
            let text = with.any(route.method, &path).text();
            assert!(!text.contains("lacks the scope"), "{}: {text}", route.id);
        }
    }
}

#[test]
fn a_scope_is_asked_for_before_anything_is_looked_up() {
    let world = World::new();
    let client = app(&world.seller(), "order_read");
    client.get("/orders").expect(200);
    for route in ROUTES.iter().filter(|route| route.scope.is_some_and(|scope| scope != Scope::OrderRead)) {
        let trips = world.trips(|| client.any(route.method, &path(route.path)).expect(403));
        assert_eq!(trips, 0, "{}", route.id);
    }
}

#[test]
fn another_method_is_not_allowed_and_another_path_not_found() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    let refused = client.delete("/products").expect(405);
    assert_eq!(refused.header("allow"), Some("GET, HEAD, POST"));
    assert_eq!(client.post("/customers", json!({})).expect(405).header("allow"), Some("GET, HEAD"));
    for path in ["/products/x/y", "/orders/x/y/z", "/scripts/a/b"] {
        client.get(path).expect(404);
    }
    for path in ["/customer", "/feedbacks", "/account"] {
        client.get(path).expect(404);
    }
}

#[test]
fn lists_say_in_headers_how_many_there_are_and_where_the_other_pages_are() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    let made: Vec<String> =
        (0..5).map(|_| id(&client.post("/products", product(json!({}))).expect(201).json())).collect();
    let page = client.get("/products?per_page=2&page=2").expect(200);
    let headers = ["x-total", "x-page", "x-per-page"].map(|name| page.header(name));
    assert_eq!(headers, [Some("5"), Some("2"), Some("2")]);
    let ids: Vec<String> = page.json().as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [made[2].clone(), made[1].clone()]);
    let at = |page: u32| format!("<https://desk.example/api/products?page={page}&per_page=2>");
    let links =
        format!("{}; rel=\"first\", {}; rel=\"prev\", {}; rel=\"next\", {}; rel=\"last\"", at(1), at(1), at(3), at(3));
    assert_eq!(page.header("link"), Some(links.as_str()));
    assert_eq!(client.get("/products?page=99").expect(200).text(), "[]");
    assert_eq!(client.get("/products?per_page=100").expect(200).header("x-per-page"), Some("100"));
    for query in ["per_page=0", "per_page=101", "per_page=x", "per_page=-1", "per_page=99999999999999999999"] {
        let refused = client.get(&format!("/products?{query}"));
        assert_eq!(refused.errors(), ["Per page must be a number from 1 to 100"], "{query}");
    }
    for query in ["page=0", "page=x", "page=1.5", "page=99999999999"] {
        let refused = client.get(&format!("/products?{query}"));
        assert_eq!(refused.errors(), ["Page must be a number from 1 to 100000000"], "{query}");
    }
}

#[test]
fn times_come_in_any_zone_and_go_out_in_utc() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    for text in [
        "2030-06-01T00:00:00Z",
        "2030-06-01T02:00:00+02:00",
        "2030-06-01T05:45:00+0545",
        "2030-05-31T14:15:00-09:45",
        "2030-06-01",
    ] {
        let fields = json!({"code": text.replace(':', "."), "discount": "10", "expires_at": text});
        let made = client.post("/coupons", fields).expect(201).json();
        assert_eq!(made["expires_at"], "2030-06-01T00:00:00Z", "{text}");
        assert_eq!(made["created_at"], "2023-11-15T00:00:00Z");
    }
    let odd = client.post("/coupons", json!({"code": "X", "discount": "10", "expires_at": "1.6.2030"}));
    assert_eq!(odd.errors(), ["Expires at is not a valid ISO 8601 time"]);
}

#[test]
fn a_repeated_request_gets_the_first_answer_and_each_app_has_keys_of_its_own() {
    let world = World::new();
    let ada = world.seller();
    let (one, two, seller) = (app(&ada, "all"), app(&ada, "all"), by_key(&ada));
    let make = |client: &super::Client<'_>| {
        client.ask("POST", "/products").header("idempotency-key", "k").json(&product(json!({}))).send().expect(201)
    };
    let first = make(&one);
    let again = make(&one);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    let ids: Vec<String> = [make(&two), make(&seller)].iter().map(|made| id(&made.json())).collect();
    assert!(ids[0] != ids[1] && !ids.contains(&id(&first.json())), "an app is shown no other's answer");
    let other = one.ask("POST", "/products").header("idempotency-key", "k").json(&product(json!({"title": "B"})));
    other.send().expect(422);
}

#[test]
fn lists_and_single_objects_are_read_in_one_trip() {
    let world = World::new();
    let ada = world.seller();
    let client = app(&ada, "all");
    let product = id(&client.post("/products", product(json!({}))).expect(201).json());
    let coupon = id(&client.post("/coupons", json!({"code": "A", "discount": "10"})).expect(201).json());
    let order = id(&ada.white_label(json!({})));
    for path in [
        "/products".to_owned(),
        format!("/products/{product}"),
        "/coupons".into(),
        format!("/coupons/{coupon}"),
        "/orders".into(),
        format!("/orders/{order}"),
        format!("/orders/{order}/notes"),
        "/customers".into(),
        "/customers/1".into(),
        "/abandoned_carts".into(),
        "/scripts".into(),
    ] {
        assert_eq!(trips(&client, &path), 1, "{path}");
    }
    // A token that isn't remembered any more is one trip to the directory.
    world.advance(60 * SECOND);
    assert_eq!(world.trips(|| client.get("/products").expect(200)), 2);
}

#[test]
fn an_app_has_three_hundred_requests_a_minute_of_each_account() {
    let world = World::with(&[("RATE_LIMIT_ACCOUNT", "300")]);
    let ada = world.seller();
    let (one, two) = (app(&ada, "all"), app(&ada, "all"));
    let first = one.get("/scripts").expect(200);
    assert_eq!(first.header("x-ratelimit-limit"), Some("300"));
    for _ in 1..300 {
        one.get("/scripts").expect(200);
    }
    let refused = one.get("/scripts").expect(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    two.get("/scripts").expect(200);
    ada.get("/account").expect(200);
}

#[test]
fn bodies_that_are_no_objects_are_refused() {
    let world = World::new();
    let client = app(&world.seller(), "all");
    for (body, message) in [
        ("[1]", "The body must be a JSON object"),
        ("\"x\"", "The body must be a JSON object"),
        ("{\"title\":", "The body is not valid JSON"),
    ] {
        let refused = client.ask("POST", "/products").body(body).send().expect(400);
        assert!(refused.message().starts_with(message), "{}", refused.message());
    }
    let (deep, large) = ("[".repeat(10_000), "x".repeat(1 << 21));
    client.ask("POST", "/products").body(format!("{{\"custom\":{deep}")).send().expect(400);
    let mut ask = client.ask("POST", "/products").json(&json!({"title": large}));
    ask.request.body = None;
    ask.send().expect(413);
    client.any(Method::Post, "/products").expect(400);
}
