//! The specification of `/api/1.0`, made as that of `/api/v2` is: of the route table with its comments, and of the structs that it
//! names. It is committed as `public/api/1.0/openapi.json`. When the program changes, this says so:
//!
//!     UPDATE=1 cargo test --test it shoppy::openapi
//!
//! Every exchange of all native tests with this window is held against it (`held_against`).

use std::{fs, path::Path, sync::LazyLock};

use pushguard::{
    api::{
        route::Route,
        shoppy::{openapi::Pages, refusal, routes::ROUTES},
    },
    http::{Method, Request, Response},
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{Sold, example, sold};
use crate::world::World;

const FILE: &str = "public/api/1.0/openapi.json";

/// What an answer is, and what one says.
const STATUSES: [(u16, &str, &str); 8] = [
    (200, "Done.", ""),
    (
        400,
        "The request can't be read, or its fields are not acceptable: `message` has a sentence for each.",
        "Title can't be blank. Value can't be blank",
    ),
    (401, "The API key is missing or wrong, or the account is disabled.", "Unable to authenticate"),
    (404, "There is no such object in this account.", "The specified resource could not be found"),
    (406, "The request's `Accept` excludes JSON, and there is nothing else.", "You requested a format that isn't json"),
    (429, "Too many requests. `Retry-After` says when to ask again.", "You have reached the request limit"),
    (
        500,
        "Something broke here. Nothing of the request was done.",
        "Something went wrong on our side. Try again later.",
    ),
    (
        503,
        "It can't be done right now. `Retry-After` says when to ask again.",
        "No exchange rate is available right now",
    ),
];

/// A header of answers, its words, and whether it is a number.
const HEADERS: [(&str, &str, bool); 10] = [
    ("X-Total-Pages", "How many pages the list has; 0 when it is empty.", true),
    ("X-Current-Page", "The page that this is.", true),
    ("X-Items-Per-Page", "How many items a page has.", true),
    ("WWW-Authenticate", "How to authenticate.", false),
    ("Retry-After", "In how many seconds to ask again.", true),
    ("Idempotent-Replayed", "`true` when this is the answer of an earlier request with the same key.", false),
    ("X-RateLimit-Limit", "How many requests a minute you may send.", true),
    ("X-RateLimit-Remaining", "How many of them are left.", true),
    ("X-RateLimit-Reset", "When the count begins anew, in seconds since 1970.", true),
    ("X-Request-Id", "Names this answer in the logs of the shop.", false),
];

fn is_list(route: &Route) -> bool {
    route.method == Method::Get && !has_name(route)
}

fn has_name(route: &Route) -> bool {
    route.path.last() == Some(&"{id}")
}

fn statuses(route: &Route) -> Vec<u16> {
    let post = route.method == Method::Post;
    let kinds = [
        (200, true),
        (400, is_list(route) || route.method != Method::Get),
        (401, true),
        (404, has_name(route)),
        (406, true),
        (429, true),
        (500, true),
        (503, post),
    ];
    kinds.into_iter().filter_map(|(status, may)| may.then_some(status)).collect()
}

/// The headers of an answer beside those of all, and whether each is always there.
fn headers(route: &Route, status: u16) -> Vec<(&'static str, bool)> {
    let of_list = is_list(route) && status == 200;
    let own = [
        ("X-Total-Pages", of_list, true),
        ("X-Current-Page", of_list, true),
        ("X-Items-Per-Page", of_list, true),
        ("WWW-Authenticate", status == 401, true),
        ("Retry-After", [429, 503].contains(&status), true),
        ("Idempotent-Replayed", route.method == Method::Post && status == 200, false),
    ];
    let own = own.into_iter().filter_map(|(name, has, always)| has.then_some((name, always)));
    let of_all = HEADERS.iter().rev().take(4).rev().map(|(name, ..)| (*name, true));
    own.chain(of_all).collect()
}

fn method(route: &Route) -> String {
    route.method.names().split(", ").next().unwrap_or_default().to_ascii_lowercase()
}

/// Without what only programs in Rust want to know, and with sentences on one line.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, value)| {
                let width = value.as_str().is_some_and(|text| text.starts_with("int") || text.starts_with("uint"));
                !(name == "format" && width) && name != "$schema" && name != "title"
            });
            Value::Object(kept.map(|(name, value)| (name, plain(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::String(text) => Value::String(text.replace('\n', " ")),
        other => other,
    }
}

/// A struct's own comment is for those who read the program. A field that is called `title` must not be lost, so names of fields are
/// left alone.
fn schema(made: schemars::Schema) -> Value {
    let mut made: Value = made.into();
    if let Some(fields) = made.as_object_mut() {
        fields.shift_remove("description");
        let properties = fields.shift_remove("properties");
        let mut rest = plain(made);
        if let Some(Value::Object(properties)) = properties {
            let each = properties.into_iter().map(|(name, field)| (name, plain(field))).collect::<Map<_, _>>();
            rest.as_object_mut().expect("an object").insert("properties".into(), Value::Object(each));
        }
        return rest;
    }
    plain(made)
}

fn generator(serialize: bool) -> SchemaGenerator {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    if serialize { settings.for_serialize() } else { settings.for_deserialize() }.into_generator()
}

/// What each route answers in a shop that has one of everything.
fn examples() -> Vec<(&'static str, Option<Value>, Value)> {
    let world = World::new();
    let Sold { ada, query, .. } = sold(&world);
    world.run_jobs();
    let pay = example(json!({}));
    let made = ada.shoppy("POST", "/pay").json(&pay).send().expect(200).json();
    let name = made["url"].as_str().expect("a url").rsplit('/').next().expect("its end").to_owned();
    let deleted = ada.shoppy("DELETE", &format!("/pay/{name}")).send().expect(200).json();
    let one = |list: Value| Value::Array(list.as_array().expect("a list").iter().take(1).cloned().collect());
    vec![
        ("order_list", None, one(ada.shows("/orders"))),
        ("order_get", None, ada.shows("/orders/1")),
        ("product_list", None, one(ada.shows("/products"))),
        ("product_get", None, ada.shows("/products/1")),
        ("feedback_list", None, one(ada.shows("/feedbacks"))),
        ("feedback_get", None, ada.shows("/feedbacks/1")),
        ("query_list", None, one(ada.shows("/queries"))),
        ("query_get", None, ada.shows(&format!("/queries/{query}"))),
        ("webhook_list", None, one(ada.shows("/webhooks"))),
        ("webhook_get", None, ada.shows("/webhooks/1")),
        ("pay_create", Some(pay), made),
        ("pay_destroy", None, deleted),
    ]
}

fn specification(examples: &[(&'static str, Option<Value>, Value)]) -> Value {
    let (mut answers, mut requests) = (generator(true), generator(false));
    answers.subschema_for::<refusal::Body<'_>>();
    let mut pages: Value = requests.root_schema_for::<Pages>().into();
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for route in ROUTES {
        if !tags.contains(&route.tag) {
            tags.push(route.tag);
        }
        let (_, sent, shown) = examples.iter().find(|(id, ..)| *id == route.id).expect("an example of each route");
        let words = route.words.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let (summary, description) = words.split_once("\n\n").expect("a summary and a description");
        let mut made = json!({
            "operationId": route.id, "tags": [route.tag], "summary": summary,
            "description": description.trim().replace('\n', " "),
        });
        let mut parameters = Vec::new();
        if has_name(route) {
            let name = match (route.tag, shown["query"].as_str()) {
                ("Shoppy Pay", _) => "81971eae19ff0924026d7b2a7502b20372c15df5",
                (_, query) => query.unwrap_or("1"),
            };
            parameters.push(json!({
                "name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "example": name,
                "description": "What names the object. One of another account's is answered 404, like one that never was.",
            }));
        }
        if is_list(route) {
            let page = plain(pages["properties"]["page"].take());
            pages["properties"]["page"] = page.clone();
            parameters.push(json!({
                "name": "page", "in": "query", "description": page["description"],
                "schema": {"type": "integer", "minimum": 1, "maximum": page["maximum"], "default": 1},
            }));
        }
        if route.method == Method::Post {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255},
                "description": "Any text of yours. A request that comes again with the same key and body within 24 hours is not done again, but answered as before.",
            }));
        }
        if !parameters.is_empty() {
            made["parameters"] = Value::Array(parameters);
        }
        if let Some(takes) = route.takes {
            let body = takes(&mut requests);
            let media = json!({"schema": body, "examples": {"example": {"summary": "Example", "value": sent}}});
            let mut form = media.clone();
            form.as_object_mut().expect("an object").shift_remove("examples");
            made["requestBody"] = json!({
                "required": true, "content": {"application/json": media, "application/x-www-form-urlencoded": form},
            });
        }
        let responses = statuses(route).into_iter().map(|status| {
            let made = match status {
                401.. => json!({"$ref": format!("#/components/responses/{status}")}),
                200 => response(status, &headers(route, status), &(route.gives)(&mut answers).into(), shown),
                _ => refusal_of(status, &headers(route, status)),
            };
            (status.to_string(), made)
        });
        let responses: Map<String, Value> = responses.collect();
        made["responses"] = Value::Object(responses);
        let path = paths.entry(format!("/{}", route.path.join("/"))).or_insert_with(|| json!({}));
        path[method(route)] = made;
    }
    let named = |generator: &SchemaGenerator| -> Map<String, Value> {
        let all = generator.definitions().iter();
        all.map(|(name, made)| (name.clone(), schema(schemars::Schema::try_from(made.clone()).expect("a schema"))))
            .collect()
    };
    let mut schemas = named(&answers);
    schemas.extend(named(&requests));
    let headers: Map<String, Value> = HEADERS
        .iter()
        .map(|(name, ..)| {
            let mut made = header(name);
            made["required"] = json!(true);
            ((*name).to_owned(), made)
        })
        .collect();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Shoppy API",
            "version": "1.0",
            "description": "The shop in the words of Shoppy's API 1.0, for programs that were written for it. Objects are bare, errors are `{\"status\": false, \"message\": …}`, and times are UTC. [What stands where](/docs/shoppy) says which field is what. Products, endpoints and settings are made and changed by [/api/v2](/docs).\n\nA payment is deleted at `/api/1.0/{id}` as well, as the examples of Shoppy's document do it.",
            "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/api/1.0"}],
        "security": [{"key": []}],
        "tags": tags.iter().map(|name| json!({"name": name, "description": tag_words(name)})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "The API key as it is, without a word before it. `Bearer` before it is taken, too.",
                },
            },
            "schemas": schemas,
            "headers": headers,
            "responses": common(),
        },
    })
}

fn response(status: u16, headers: &[(&str, bool)], schema: &Value, shown: &Value) -> Value {
    let (_, words, _) = STATUSES.iter().find(|(known, ..)| *known == status).expect("a status with words");
    let headers = headers.iter().map(|(name, always)| {
        let made = if *always { json!({"$ref": format!("#/components/headers/{name}")}) } else { header(name) };
        ((*name).to_owned(), made)
    });
    let headers: Map<String, Value> = headers.collect();
    let media = json!({"schema": schema, "examples": {"example": {"summary": "Example", "value": shown}}});
    json!({"description": words, "headers": headers, "content": {"application/json": media}})
}

fn refusal_of(status: u16, headers: &[(&str, bool)]) -> Value {
    let (.., said) = STATUSES.iter().find(|(known, ..)| *known == status).expect("a status with words");
    let schema = json!({"$ref": "#/components/schemas/Error"});
    response(status, headers, &schema, &json!({"status": false, "message": said}))
}

/// Refusals that are the same wherever they come.
fn common() -> Map<String, Value> {
    let post = ROUTES.iter().find(|route| route.method == Method::Post).expect("a POST");
    let of = |status: &u16| (status.to_string(), refusal_of(*status, &headers(post, *status)));
    STATUSES.iter().map(|(status, ..)| status).filter(|status| **status > 400).map(of).collect()
}

fn tag_words(tag: &str) -> &'static str {
    match tag {
        "Orders" => "What somebody buys.",
        "Products" => "What you sell.",
        "Feedbacks" => "What buyers say of their orders.",
        "Queries" => "What customers ask.",
        "Webhooks" => "What was sent to your receivers.",
        _ => "Payments of any price, through any gateway that you have set up.",
    }
}

fn header(name: &str) -> Value {
    let (_, words, number) = HEADERS.iter().find(|(known, ..)| *known == name).expect("a header with words");
    json!({"description": words, "schema": {"type": if *number { "integer" } else { "string" }}})
}

/// As the other specification is written.
fn pretty(value: &Value) -> String {
    crate::openapi::pretty(&value.to_string())
}

#[test]
fn the_specification_is_what_the_program_does() {
    let made = pretty(&specification(&examples()));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is there");
        fs::write(&file, &made).expect("the file is written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(made.lines()).position(|(old, new)| old != new).map(|n| n + 1);
    assert!(
        kept == made,
        "{FILE} is not what the program does now (line {differs:?}). \
         `UPDATE=1 cargo test --test it shoppy::openapi` writes it anew."
    );
}

/// The specification as it is kept.
static KEPT: LazyLock<Value> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    fs::read_to_string(file).map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
});

/// Fails when an answer of this window is none that the specification promises.
pub fn held_against(request: &Request, response: &Response) {
    let segments = request.segments();
    let (["api", "1.0", rest @ ..], false) = (segments.as_slice(), KEPT.is_null()) else { return };
    let said = String::from_utf8_lossy(match &response.body {
        pushguard::http::Body::Bytes(bytes) => bytes,
        _ => return,
    })
    .into_owned();
    let place = format!("{:?} {} answered {} {said}", request.method, request.path, response.status);
    let answer: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{place}, which is no JSON"));
    let template = match rest {
        [one] if ROUTES.iter().any(|route| route.path == [*one]) => format!("/{one}"),
        // The document's own way to delete a payment.
        [_] if request.method == Method::Delete => "/pay/{id}".to_owned(),
        [list, _] => format!("/{list}/{{id}}"),
        _ => String::new(),
    };
    let method = request.method.names().split(", ").next().unwrap_or_default().to_ascii_lowercase();
    let status = response.status.to_string();
    let promised = match &KEPT["paths"][&template][&method]["responses"][&status] {
        common if common.get("$ref").is_some() => &KEPT["components"]["responses"][&status],
        own => own,
    };
    let schema = match promised["content"]["application/json"].get("schema") {
        Some(schema) => schema.clone(),
        // What any path may be refused with: what isn't served, in the clear, or with what nobody reads.
        None => {
            assert!([400, 404, 405].contains(&response.status), "{place}, which is not in the specification");
            json!({"$ref": "#/components/schemas/Error"})
        }
    };
    if let Err(why) = fits(&schema, &answer) {
        panic!("{place}, which is not as the specification says: {why}");
    }
    for (name, described) in promised["headers"].as_object().into_iter().flatten() {
        // Those of all answers come after this one is made.
        let always = described.get("$ref").is_some() && !name.starts_with("X-R");
        assert!(!always || response.header(name).is_some(), "{place} without {name}");
    }
}

fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return fits(&KEPT["components"]["schemas"][name], value);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let whys: Vec<String> = choices.iter().filter_map(|choice| fits(choice, value).err()).collect();
        return if whys.len() < choices.len() { Ok(()) } else { Err(whys.join(", ")) };
    }
    let is = |kind: &str| match (kind, value) {
        ("integer", Value::Number(_)) => value.as_i64().is_some(),
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("string", Value::String(_)) | ("array", Value::Array(_)) | ("object", Value::Object(_)) => true,
        _ => false,
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        kinds => kinds.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    if !kinds.iter().any(|kind| is(kind)) {
        return Err(format!("{value} is none of {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !value.is_null() && !words.contains(value)) {
        return Err(format!("{value} is not in {}", schema["enum"]));
    }
    if let (Some(items), Value::Array(all)) = (schema.get("items"), value) {
        all.iter().try_for_each(|item| fits(items, item))?;
    }
    if let (Some(known), Value::Object(fields)) = (schema["properties"].as_object(), value) {
        let names: Vec<&String> = fields.keys().collect();
        let required: Vec<&String> = known.keys().collect();
        if names != required {
            return Err(format!("it has {names:?}, not {required:?}"));
        }
        for (name, field) in fields {
            fits(&known[name], field).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}
