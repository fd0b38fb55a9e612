//! What the operator registers.

use serde_json::{Value, json};

use super::{CALLBACK, client, operator};
use crate::world::{ADMIN_TOKEN, World};

fn fields(changed: Value) -> Value {
    let mut fields =
        json!({"name": "Shelf", "site": "https://app.example", "redirect_uris": [CALLBACK], "scopes": ["order_read"]});
    for (name, value) in changed.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

#[test]
fn an_application_is_shown_without_its_secret_but_once() {
    let world = World::new();
    let made = operator(&world, "POST", "/apps", fields(json!({}))).expect(201);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let mut made = made.json();
    let secret = made["client_secret"].take();
    assert!(secret.as_str().unwrap().starts_with("pg_cs_"));
    made.as_object_mut().unwrap().remove("client_secret");
    let expected = json!({
        "client_id": made["client_id"], "name": "Shelf", "site": "https://app.example", "redirect_uris": [CALLBACK],
        "scopes": ["order_read"], "confidential": true, "require_pkce": true, "disabled": false, "disabled_at": null,
        "created_at": "2023-11-15T00:00:00.000+00:00", "updated_at": "2023-11-15T00:00:00.000+00:00",
    });
    assert_eq!(made, expected);
    assert_eq!(operator(&world, "GET", "/apps", json!({})).expect(200).json(), json!([expected]));
    let path = format!("/apps/{}", made["client_id"].as_str().unwrap());
    assert_eq!(operator(&world, "GET", &path, json!({})).expect(200).json(), expected);
    let disabled = operator(&world, "PUT", &path, json!({"disabled": true})).expect(200).json();
    assert_eq!((&disabled["disabled"], &disabled["disabled_at"]), (&json!(true), &disabled["updated_at"]));
    operator(&world, "DELETE", &path, json!({})).expect(204);
    operator(&world, "DELETE", &path, json!({})).expect(404);
    operator(&world, "PUT", &path, json!({"disabled": false})).expect(404);
    assert_eq!(operator(&world, "GET", "/apps", json!({})).json(), json!([]));
}

#[test]
fn each_field_that_is_wrong_says_so() {
    let world = World::new();
    for (changed, sentence) in [
        (json!({"name": ""}), "Name can't be blank"),
        (json!({"name": "x".repeat(61)}), "Name is too long (maximum is 60 characters)"),
        (json!({"site": null}), "Site can't be blank"),
        (json!({"site": "http://app.example"}), "Site must be an HTTPS URL"),
        (json!({"redirect_uris": []}), "Redirect uris can't be blank"),
        (
            json!({"redirect_uris": ["http://app.example/"]}),
            "Redirect uris \"http://app.example/\" must be an HTTPS URL",
        ),
        (
            json!({"redirect_uris": ["https://a.example/#x"]}),
            "Redirect uris \"https://a.example/#x\" must have no fragment",
        ),
        (json!({"redirect_uris": [7]}), "Redirect uris \"\" is not a valid URL"),
        (json!({"redirect_uris": vec![CALLBACK; 11]}), "Redirect uris are too many (maximum is 10)"),
        (json!({"scopes": ""}), "Scopes can't be blank"),
        (json!({"confidential": "maybe"}), "Confidential must be true or false"),
        (
            json!({"confidential": false, "require_pkce": false}),
            "Require pkce must be true unless the app is confidential",
        ),
        (
            json!({"confidential": false, "redirect_uris": ["myapp:/cb"]}),
            "Redirect uris \"myapp:/cb\" must be HTTPS, or have a scheme that is a domain turned round, such as com.example.app",
        ),
    ] {
        let errors = operator(&world, "POST", "/apps", fields(changed.clone())).expect(400).json();
        assert_eq!(errors["errors"], json!([sentence]), "{changed}");
    }
    let errors = operator(&world, "POST", "/apps", fields(json!({"scopes": "order_read all"}))).expect(400).json();
    assert!(
        errors["errors"][0].as_str().unwrap().starts_with("Scope \"all\" is none of abandoned_cart_read, "),
        "{errors}"
    );
    assert_eq!(world.db.rows_in("oauth_apps"), 0);
}

#[test]
fn a_registration_that_is_sent_twice_under_one_key_makes_one_application() {
    let world = World::new();
    let post = || {
        let ask = world.ask("POST", "/admin/apps").header("authorization", format!("Bearer {ADMIN_TOKEN}"));
        ask.header("idempotency-key", "one").json(&fields(json!({}))).send().expect(201).json()
    };
    assert_eq!(post(), post());
    assert_eq!(world.db.rows_in("oauth_apps"), 1);
    client(&world, json!({}));
    assert_eq!(world.db.rows_in("oauth_apps"), 2);
}

#[test]
fn only_the_operator_registers() {
    let world = World::new();
    let ada = world.seller();
    world.ask("POST", "/admin/apps").json(&fields(json!({}))).send().expect(401);
    let ask = world.ask("GET", "/admin/apps").header("authorization", crate::actors::basic(&ada.email, &ada.key));
    ask.send().expect(401);
    let put = world.ask("PUT", "/admin/apps").header("authorization", format!("Bearer {ADMIN_TOKEN}")).send();
    assert_eq!(put.expect(405).header("allow"), Some("GET, HEAD, POST"));
}
