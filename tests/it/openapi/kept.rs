//! What programs and people count on in the specification, read from the file that is kept.

use std::{fs, path::Path};

use super::FILE;

/// The specification as it is kept.
fn kept() -> serde_json::Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("JSON")
}

#[test]
fn each_operation_is_described_and_promises_forms_only_of_plain_fields() {
    let spec = kept();
    for (path, methods) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(operation["description"].as_str().is_some_and(|text| text.len() > 20), "{method} {path}");
            let form = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["$ref"];
            let Some(name) = form.as_str().and_then(|name| name.rsplit('/').next()) else { continue };
            for (field, schema) in spec["components"]["schemas"][name]["properties"].as_object().expect("fields") {
                let kind = schema["type"].to_string();
                assert!(
                    kind != "null" && !kind.contains("object") && !kind.contains("array"),
                    "{method} {path}: {field}"
                );
            }
        }
    }
    let takes_forms = |path: &str, method: &str| {
        spec["paths"][path][method]["requestBody"]["content"].get("application/x-www-form-urlencoded").is_some()
    };
    assert!(takes_forms("/blacklist", "post") && takes_forms("/feedbacks", "post") && takes_forms("/queries", "post"));
    for nested in ["/account", "/products/{id}", "/categories/{id}", "/webhooks/endpoints/{id}"] {
        assert!(!takes_forms(nested, "put") && !takes_forms(nested, "patch"), "{nested}");
    }
}

#[test]
fn what_has_the_most_fields_is_named_first() {
    // A program that takes the first schema that fits would take an order for a link, since both have a `url`.
    let spec = kept();
    let made = &spec["paths"]["/pay"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]["anyOf"];
    let names = |list: &serde_json::Value| -> Vec<String> {
        let all = list.as_array().expect("a list").iter();
        all.filter_map(|one| Some(one["$ref"].as_str()?.rsplit('/').next().expect("a name").to_owned())).collect()
    };
    assert_eq!(names(made), ["WhiteLabelOrder", "PaymentLink"]);
    let payload = names(&spec["components"]["schemas"]["WebhookLog"]["properties"]["payload"]["anyOf"]);
    for body in ["Order", "Product", "Feedback", "Query", "WebhookEndpoint"] {
        assert!(payload.iter().any(|name| name == body), "{body} is not in {payload:?}");
    }
}

#[test]
fn gateways_and_statuses_are_listed_where_they_stand() {
    let spec = kept();
    let gateways = serde_json::json!(["Bitcoin", "Litecoin", "Ethereum", "PayPal", "Stripe"]);
    let statuses = serde_json::json!([0, 51, 52, 53, 54, 55, 56, 100]);
    let schemas = &spec["components"]["schemas"];
    let [order, bare, sent, made] = ["Order", "WhiteLabelOrder", "PayCreate", "PaymentLink"]
        .map(|name| (name, &schemas[name]["properties"]["gateway"]));
    // One, or a list of them.
    let ways = &sent.1["oneOf"];
    for (name, schema) in [order, bare, (sent.0, &ways[0]), (sent.0, &ways[1]["items"]), (made.0, &made.1["items"])] {
        let mut listed = schema["enum"].as_array().cloned().unwrap_or_default();
        for gateway in gateways.as_array().expect("a list") {
            assert!(listed.contains(gateway), "{gateway} is not in {name}: {listed:?}");
        }
        listed.retain(|word| !gateways.as_array().expect("a list").contains(word));
        assert!(listed.is_empty(), "{name} has {listed:?} as well");
    }
    for name in ["Order", "WhiteLabelOrder"] {
        assert_eq!(schemas[name]["properties"]["status"]["enum"], statuses, "{name}");
    }
}
