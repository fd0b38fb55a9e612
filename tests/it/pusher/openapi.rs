//! The specification of this window, which is kept by hand: `public/organizations/openapi.json`. It is held against what the
//! program answers.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{EVENTS, subscription};
use crate::world::World;

fn specification() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("public/organizations/openapi.json");
    serde_json::from_str(&fs::read_to_string(file).expect("the file")).expect("JSON")
}

fn fields(object: &Value) -> Vec<String> {
    object.as_object().expect("an object").keys().cloned().collect()
}

#[test]
fn the_specification_says_what_the_program_does() {
    let world = World::new();
    world.web.says("https://webhook.site", 200);
    let ada = world.seller();
    let spec = specification();
    let schema = |name: &str| spec["components"]["schemas"][name].clone();
    let made = ada.subscribes(1, json!({})).expect(200).json();
    assert_eq!(fields(&made), fields(&schema("Subscription")["properties"]));
    assert_eq!(fields(&subscription(1, json!({}))), fields(&schema("NewSubscription")["properties"]));
    assert_eq!(schema("EventName")["enum"], json!(EVENTS));
    let refused = ada.subscribes(1, json!({})).expect(400).json();
    assert_eq!(fields(&refused), fields(&schema("Error")["properties"]));
    let statuses = |path: &str, method: &str| fields(&spec["paths"][path][method]["responses"]);
    let root = "/{organizationUuid}/subscriptions";
    let one = "/{organizationUuid}/subscriptions/{subscriptionUuid}";
    assert_eq!(fields(&spec["paths"]), [root, one]);
    assert_eq!(statuses(root, "get"), ["200", "400", "401", "403", "404", "429", "500", "503"]);
    assert_eq!(statuses(root, "post"), ["200", "400", "401", "403", "404", "422", "429", "500", "503"]);
    assert_eq!(statuses(one, "put"), ["200", "400", "401", "403", "404", "409", "422", "429", "500", "503"]);
    assert_eq!(statuses(one, "delete"), ["204", "401", "403", "404", "429", "500", "503"]);
}
