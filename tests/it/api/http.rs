//! Paths, methods and headers: what every answer has, and what a client may ask for.

use serde_json::{Value, json};

use crate::{actors::Reply, world::World};

#[test]
fn a_path_takes_its_own_methods_and_says_which() {
    let world = World::new();
    let ada = world.seller();
    let table = [
        ("/account", vec!["GET", "HEAD", "PUT", "PATCH"]),
        ("/account/api_key", vec!["POST"]),
        ("/feedbacks", vec!["GET", "HEAD", "POST"]),
        ("/feedbacks/x", vec!["GET", "HEAD"]),
        ("/feedbacks/x/reply", vec!["POST"]),
        ("/categories", vec!["GET", "HEAD", "POST"]),
        ("/categories/x", vec!["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/categories/x/image", vec!["PUT", "PATCH", "DELETE"]),
        ("/orders", vec!["GET", "HEAD"]),
        ("/orders/x", vec!["GET", "HEAD"]),
        ("/pay", vec!["POST"]),
        ("/pay/x", vec!["DELETE"]),
        ("/queries", vec!["GET", "HEAD", "POST"]),
        ("/queries/x", vec!["GET", "HEAD"]),
        ("/queries/x/reply", vec!["POST"]),
        ("/queries/x/close", vec!["POST"]),
        ("/products", vec!["GET", "HEAD", "POST"]),
        ("/products/x", vec!["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/products/x/image", vec!["PUT", "PATCH", "DELETE"]),
        ("/products/x/file", vec!["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/products/x/serials", vec!["PUT", "PATCH"]),
        ("/webhooks/endpoints", vec!["GET", "HEAD", "POST"]),
        ("/webhooks/endpoints/x", vec!["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/webhooks/logs", vec!["GET", "HEAD"]),
        ("/webhooks/logs/x", vec!["GET", "HEAD"]),
        ("/test/payments", vec!["POST"]),
        ("/test/blocks", vec!["POST"]),
        ("/test/double_spend", vec!["POST"]),
    ];
    for (path, methods) in table {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"] {
            if path == "/account/api_key" && method == "POST" {
                continue; // It would end Ada's key.
            }
            let reply = ada.ask(method, path).send();
            if methods.contains(&method) {
                assert_ne!(reply.status(), 405, "{method} {path}");
            } else {
                let reply = reply.expect(405);
                assert_eq!(reply.header("allow"), Some(methods.join(", ").as_str()), "{method} {path}");
            }
        }
    }
    let reply = world.ask("POST", "/healthz").send().expect(405);
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
}

#[test]
fn what_does_not_exist_is_404_everywhere() {
    let world = World::new();
    let ada = world.seller();
    for path in
        ["/nothing", "/orders/1/2", "/ORDERS", "/account/", "/webhooks", "/test", "/account/password", "/pay/1/2"]
    {
        if path == "/account/" {
            ada.get(path).expect(200);
            continue;
        }
        let reply = ada.get(path).expect(404);
        assert_eq!(reply.message(), "The specified resource could not be found", "{path}");
    }
    for path in ["/api", "/api/v1/orders", "/favicon.ico", "/%2e%2e/api/v2", "/api%2fv2/orders"] {
        world.ask("GET", path).send().expect(404);
    }
}

#[test]
fn slashes_may_be_doubled_and_trailing() {
    let world = World::new();
    let ada = world.seller();
    let id = ada.white_label(json!({}))["id"].as_str().unwrap().to_owned();
    for path in ["/orders/", "//orders", "/orders//", "/orders?page=1", "/orders/?per_page=10"] {
        assert_eq!(ada.get(path).expect(200).json().as_array().unwrap().len(), 1, "{path}");
    }
    ada.get(&format!("//orders//{id}///")).expect(200);
}

#[test]
fn only_a_client_that_truly_refuses_json_gets_none() {
    let world = World::new();
    let ada = world.seller();
    let ask = |accept: &str| ada.ask("GET", "/orders").header("accept", accept).send();
    for accept in
        ["", "*/*", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/*", "Application/Json;q=0.1"]
    {
        ask(accept).expect(200);
    }
    for accept in ["text/html", "application/xml", "application/json;q=0", "*/*;q=0.0", "*/*, application/json;q=0.000"]
    {
        let reply = ask(accept).expect(406);
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
}

#[test]
fn in_production_the_api_is_https_only() {
    let world = World::new();
    let ada = world.seller();
    let reply = ada.ask("GET", "/orders").insecurely().send().expect(403);
    assert_eq!(reply.text(), r#"{"message":"All API requests must be made over HTTPS"}"#);
    let development = world.redeployed(&[("ALLOW_INSECURE_URLS", "1")]);
    ada.at(&development).ask("GET", "/orders").insecurely().send().expect(200);
}

#[test]
fn in_development_hooks_and_return_urls_may_be_local() {
    let world = World::with(&[("ALLOW_INSECURE_URLS", "true")]);
    let ada = world.seller();
    ada.link(json!({"return_url": "http://127.0.0.1:3000/back", "webhook_url": "http://localhost:3001/hook"}));
    ada.endpoint("http://192.168.0.2/hook", &["order:paid"]);
    assert_eq!(ada.pay(json!({"return_url": "ftp://x.example"})).errors(), ["Return url must be an HTTPS URL"]);
}

#[test]
fn every_answer_has_its_id_and_asks_for_https() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    let replies = [
        ada.get("/orders"),
        ada.get("/nothing"),
        ada.post("/pay", json!({})),
        ada.ask("PUT", "/orders").send(),
        ada.delete("/webhooks/endpoints/1"),
        ada.delete(&format!("/pay/{}", ada.link(json!({})).id)),
        world.ask("GET", "/").send(),
        world.ask("GET", "/healthz").send(),
        world.ask("GET", "/api/v2/orders").send(),
        world.buyer().get(&link.path),
        world.buyer().get("/pay/x/y"),
        world.buyer().get("/pay/assets/none.js"),
        world.buyer().post(&link.path, ""),
    ];
    let mut ids = Vec::new();
    for reply in &replies {
        let id = reply.header("x-request-id").expect("an id").to_owned();
        assert!(id.len() == 32 && !ids.contains(&id));
        ids.push(id);
        assert!(reply.header("strict-transport-security").unwrap().starts_with("max-age=31536000"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        for (name, _) in reply.headers() {
            assert_eq!(reply.headers().iter().filter(|(known, _)| known == name).count(), 1, "{name} comes twice");
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({}));
    ada.white_label(json!({}));
    let pairs = [
        (ada.get("/orders"), ada.ask("HEAD", "/orders").send()),
        (ada.get("/account"), ada.ask("HEAD", "/account").send()),
        (world.ask("GET", "/healthz").send(), world.ask("HEAD", "/healthz").send()),
        (world.buyer().get(&link.path), world.buyer().ask("HEAD", &link.path).send()),
    ];
    for (get, head) in pairs {
        assert_eq!((head.status(), head.text().as_str()), (200, ""));
        let without_id = |reply: &Reply| {
            let own = ["x-request-id", "x-ratelimit-remaining"];
            let is_own = |name: &str| own.iter().any(|known| known.eq_ignore_ascii_case(name));
            let headers = reply.headers().iter().filter(|(name, _)| !is_own(name));
            headers.cloned().collect::<Vec<_>>()
        };
        assert_eq!(without_id(&get), without_id(&head));
    }
}

#[test]
fn health_is_answered_without_asking_anybody() {
    let world = World::new();
    world.cache.broken.set(true);
    let (counts, reply) = world.count(|| world.ask("GET", "/healthz").send().expect(200));
    assert_eq!(counts, Default::default());
    let health = reply.json();
    assert_eq!((&health["status"], &health["version"]), (&json!("ok"), &json!(env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_connection_is_what_the_platform_says_of_it() {
    let world = World::new();
    let read = |seen: &str| {
        let mut request = world.ask("POST", "/").request;
        request.connect(seen);
        (request.country, request.asn, request.asn_name, request.is_tor)
    };
    let some = |text: &str| Some(text.to_owned());
    for (seen, expected) in [
        ("SE\n3301\nTelia Company AB", (some("SE"), Some(3301), some("Telia Company AB"), false)),
        ("T1\n60729\nStiftung", (None, Some(60729), some("Stiftung"), true)),
        ("XX\n\n", (None, None, None, false)),
        ("SE\n0\n", (some("SE"), None, None, false)),
        ("SE", (some("SE"), None, None, false)),
        ("se\n-1\n\n\n", (None, None, None, false)),
        ("Sweden\n99999999999\nx", (None, None, some("x"), false)),
        ("", (None, None, None, false)),
    ] {
        assert_eq!(read(seen), expected, "{seen:?}");
    }
}

#[test]
fn a_deployment_that_lacks_a_setting_says_which() {
    use pushguard::{platform::Settings, router};
    let whole = |name: &str| match name {
        "ADMIN_TOKEN" => Some("t".repeat(24)),
        "TOKEN_KEYS" | "VAULT_KEY" => Some(crate::world::KEY_A.to_owned()),
        _ => None,
    };
    assert!(Settings::read(whole).is_ok(), "everything else has a default");
    for missing in ["ADMIN_TOKEN", "TOKEN_KEYS", "VAULT_KEY"] {
        let error = Settings::read(|name| whole(name).filter(|_| name != missing)).unwrap_err();
        let response = router::unconfigured(&error, "id");
        assert_eq!(response.status, 503);
        let pushguard::http::Body::Bytes(body) = response.body else { panic!("no body") };
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(body["message"].as_str().unwrap().contains(missing), "{body}");
    }
    for (name, bad) in [
        ("TOKEN_KEYS", "a:short"),
        ("TOKEN_KEYS", "nocolon"),
        ("VAULT_KEY", "a:QUFBQQ=="),
        ("BITCOIN_NETWORK", "moon"),
        ("BITCOIN_ESPLORA_URLS", "ftp://x"),
        ("BRAND", "Two Words"),
        ("PUBLIC_URL", "desk.example"),
        ("WATCH_SECONDS", "0"),
        ("WEBHOOK_PORTS", "443,0"),
        ("WEBHOOK_PORTS", "443,any"),
        ("LOG_RETENTION_DAYS", "0"),
        ("LOG_RETENTION_DAYS", "for ever"),
        ("DNS_OVER_HTTPS_URL", "1.1.1.1"),
    ] {
        let error =
            Settings::read(|asked| if asked == name { Some(bad.to_owned()) } else { whole(asked) }).unwrap_err();
        assert!(error.0.contains(name) && !error.0.contains("QUFB"), "{error:?}");
    }
    // Whoever has keys in his log has lost them.
    let settings = Settings::read(whole).unwrap();
    assert!(!format!("{:?}", settings.token_keys).contains("65"), "{:?}", settings.token_keys);
}

#[test]
fn white_space_around_a_headers_value_is_no_part_of_it() {
    let world = World::new();
    let ada = world.seller();
    let fields = crate::actors::payment(json!({"white_label": true}));
    let keyed = |key: &str| ada.ask("POST", "/pay").header("idempotency-key", key).json(&fields).send().expect(201);
    let first = keyed("k").json();
    for key in ["k ", " k", "\tk", "k \t"] {
        let again = keyed(key);
        assert_eq!((again.json(), again.header("idempotent-replayed")), (first.clone(), Some("true")), "{key:?}");
    }
    ada.ask("GET", "/orders").header("accept", " application/json ").send().expect(200);
    assert_eq!(world.db.rows_in("orders"), 1);
}

#[test]
fn a_body_that_was_compressed_is_refused_by_the_name_of_its_coding() {
    let world = World::new();
    let ada = world.seller();
    let fields = crate::actors::payment(json!({}));
    for coding in ["gzip", "br", "deflate, gzip", "identity, gzip", "zstd", "aes128gcm"] {
        let reply = ada.ask("POST", "/pay").header("content-encoding", coding).json(&fields).send().expect(415);
        assert!(reply.message().contains(&format!("\"{coding}\"")), "{}", reply.message());
    }
    for coding in ["identity", "Identity", ""] {
        ada.ask("POST", "/pay").header("content-encoding", coding).json(&fields).send().expect(201);
    }
    world.ask("POST", "/admin/accounts").header("content-encoding", "gzip").send().expect(415);
}

#[test]
fn the_names_of_headers_are_written_as_their_documents_write_them() {
    let world = World::new();
    let ada = world.seller();
    let names = |reply: &Reply| reply.headers().iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let list = names(&ada.get("/orders"));
    for name in [
        "X-Total-Pages",
        "X-Total-Count",
        "X-Current-Page",
        "X-Items-Per-Page",
        "Link",
        "Content-Type",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "X-Request-Id",
        "Strict-Transport-Security",
    ] {
        assert!(list.contains(&name), "{name} in {list:?}");
    }
    assert!(names(&world.ask("GET", "/api/v2/orders").send().expect(401)).contains(&"WWW-Authenticate"));
    assert!(names(&ada.delete("/orders").expect(405)).contains(&"Allow"));
    let link = ada.link(json!({}));
    for reply in
        [world.buyer().get(&link.path), world.buyer().start(&link), ada.get("/orders"), world.ask("GET", "/x").send()]
    {
        for name in names(&reply) {
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name} is in the list of documented names");
        }
    }
}

#[test]
fn another_sites_page_changes_nothing_with_a_browsers_credentials() {
    let world = World::new();
    let ada = world.seller();
    let before = world.db.dump();
    let endpoint = json!({"url": "https://evil.example/", "events": ["order:paid"]}).to_string();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://desk.example.evil.example"),
        ("origin", "http://desk.example"),
    ] {
        for (method, path, body) in [
            ("POST", "/webhooks/endpoints", endpoint.as_str()),
            ("POST", "/account/api_key", ""),
            ("PUT", "/account", "shop_name=Evil"),
            ("DELETE", "/webhooks/endpoints/1", ""),
        ] {
            let ask = ada.ask(method, path).header("content-type", "text/plain").header(name, value).body(body);
            assert_eq!(
                ask.send().expect(403).message(),
                "Cross-site requests are not allowed",
                "{method} {path} {value}"
            );
        }
    }
    assert_eq!(world.db.dump(), before);
    // The deployment's own pages, and reading.
    for (name, value) in
        [("origin", "https://desk.example"), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
    {
        ada.ask("PUT", "/account").header(name, value).json(&json!({"shop_name": "Mine"})).send().expect(200);
    }
    ada.ask("GET", "/account").header("sec-fetch-site", "cross-site").send().expect(200);
    let named = world.redeployed(&[("PUBLIC_URL", "https://pay.example")]);
    ada.at(&named)
        .ask("PUT", "/account")
        .header("origin", "https://pay.example")
        .json(&json!({"shop_name": "Mine"}))
        .send()
        .expect(200);
}

#[test]
fn a_fetch_in_the_background_opens_no_dialog_for_credentials() {
    let world = World::new();
    let challenge = |mode: Option<&'static str>| {
        let ask = world.ask("GET", "/api/v2/orders").header("sec-fetch-site", "same-origin");
        let ask = match mode {
            Some(mode) => ask.header("sec-fetch-mode", mode),
            None => ask,
        };
        ask.send().expect(401).header("www-authenticate").unwrap().to_owned()
    };
    for mode in ["cors", "no-cors", "same-origin", "websocket"] {
        assert!(challenge(Some(mode)).starts_with("xBasic "), "{mode}");
    }
    for mode in [None, Some("navigate")] {
        assert!(challenge(mode).starts_with("Basic "), "{mode:?}");
    }
    // Node's fetch says its mode, and is no browser.
    let node = world.ask("GET", "/api/v2/orders").header("sec-fetch-mode", "cors").send().expect(401);
    assert!(node.header("www-authenticate").unwrap().starts_with("Basic "));
}
