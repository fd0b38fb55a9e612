//! The specification of `/api/v2`: the route table with its comments, the schemas of the structs that
//! it names, `words.rs` and `prose.md` for the rest, and examples out of `scenes.rs`. The scenes also
//! prove that the program does what is said (`behaviour.rs`). The result is committed as
//! `public/api/v2/openapi.json`; when the program or the words change, this says so:
//!
//!     UPDATE=1 cargo test --test it openapi

use std::{cell::RefCell, fs, path::Path};

use pushguard::{api::v2::routes::ROUTES, http::Method, json::Value};

pub mod behaviour;
pub mod desk;
mod kept;
pub mod operations;
pub mod scenes;
pub mod tree;
pub mod words;

use behaviour::Faults;
use desk::{Exchange, name_of};
use operations::{Operation, Operations, pascal};
use tree::{object, parsed, put, reference, text, texts};
use words::{Header, prose};

const FILE: &str = "public/api/v2/openapi.json";

#[test]
fn the_specification_is_what_the_program_does() {
    let faults = Faults::default();
    let made = tree::pretty(&specification(&faults));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is there");
        fs::write(&file, &made).expect("the file is written");
    }
    faults.expect_none();
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept != made {
        let (n, (old, new)) =
            (1..).zip(kept.lines().zip(made.lines())).find(|(_, (old, new))| old != new).unwrap_or_default();
        panic!(
            "{FILE} is not what the program does now. `UPDATE=1 cargo test --test it openapi` writes it anew.\n\
             Line {n} has\n{old}\nand should have\n{new}"
        );
    }
}

/// JSON as specifications are written.
pub fn pretty(json: &str) -> String {
    tree::pretty(&parsed(json))
}

fn specification(faults: &Faults) -> Value {
    let exchanges = RefCell::new(Vec::new());
    let hooks = scenes::play(&exchanges, faults);
    let exchanges = exchanges.into_inner();
    let operations = Operations::read();
    behaviour::check(&operations, &exchanges, &hooks, faults);
    Specification { operations: &operations, exchanges: &exchanges }.whole(&hooks)
}

struct Specification<'a> {
    operations: &'a Operations,
    exchanges: &'a [Exchange],
}

impl Specification<'_> {
    fn whole(&self, hooks: &[scenes::Hook]) -> Value {
        let mut paths: Vec<(String, Vec<(String, Value)>)> = Vec::new();
        let mut schemas = self.operations.named.clone();
        let mut tags: Vec<&str> = Vec::new();
        for operation in &self.operations.all {
            let path = format!("/{}", operation.route.path.join("/"));
            let made = self.operation(operation);
            if paths.last().is_none_or(|(last, _)| *last != path) {
                paths.push((path.clone(), Vec::new()));
            }
            let methods = &mut paths.last_mut().expect("one was pushed").1;
            methods.push((name_of(operation.route.method).to_ascii_lowercase(), made.clone()));
            if operation.route.method == Method::Put {
                methods.push(("patch".to_owned(), patch(made)));
            }
            schemas.extend(operation.body.clone().map(|body| (pascal(operation.route.id), body)));
            if !tags.contains(&operation.route.tag) {
                tags.push(operation.route.tag);
            }
        }
        let tags = tags.into_iter().chain(["Events"]);
        let tags = tags.map(|tag| object([("name", text(tag)), ("description", text(prose(tag)))]));
        object([
            ("openapi", text("3.1.1")),
            (
                "info",
                object([
                    ("title", text("PushGuard API")),
                    ("version", text(env!("CARGO_PKG_VERSION"))),
                    ("description", text(prose("PushGuard API"))),
                    (
                        "license",
                        object([
                            ("name", text(env!("CARGO_PKG_LICENSE"))),
                            ("identifier", text(env!("CARGO_PKG_LICENSE"))),
                        ]),
                    ),
                ]),
            ),
            ("servers", Value::Array(vec![object([("url", text("/api/v2"))])])),
            ("security", Value::Array(vec![object([("basic", Value::Array(Vec::new()))])])),
            ("tags", Value::Array(tags.collect())),
            ("paths", object(paths.into_iter().map(|(path, methods)| (path, object(methods))))),
            ("webhooks", webhooks(hooks)),
            (
                "components",
                object([
                    (
                        "securitySchemes",
                        object([(
                            "basic",
                            object([
                                ("type", text("http")),
                                ("scheme", text("basic")),
                                ("description", text(prose("Authentication"))),
                            ]),
                        )]),
                    ),
                    ("schemas", object(schemas)),
                    ("headers", headers()),
                    ("responses", self.common()),
                ]),
            ),
        ])
    }

    fn operation(&self, operation: &Operation) -> Value {
        let route = operation.route;
        let all: Vec<&Exchange> =
            self.exchanges.iter().filter(|exchange| exchange.operation == operation.name).collect();
        let good: Vec<&Exchange> = all.iter().copied().filter(|exchange| exchange.status < 300).collect();
        let lines: Vec<&str> = route.words.lines().map(str::trim).collect();
        let words = lines.join("\n");
        let (summary, description) = words.split_once("\n\n").unwrap_or_else(|| panic!("{}: no description", route.id));
        let mut made = object([
            ("operationId", text(route.id)),
            ("tags", texts([route.tag])),
            ("summary", text(summary)),
            ("description", text(description.trim())),
        ]);
        let params = parameters(operation, good[0]);
        if !params.is_empty() {
            put(&mut made, "parameters", Value::Array(params));
        }
        if let Some(schema) = &operation.body {
            let media = |examples: Option<Value>| {
                let mut media = object([("schema", reference("schemas", &pascal(route.id)))]);
                if let Some(examples) = examples {
                    put(&mut media, "examples", examples);
                }
                media
            };
            let examples = examples(&good, &|exchange| exchange.body.as_ref().map(|body| ordered(body, schema)));
            let mut content = object([("application/json", media(examples))]);
            if is_flat(schema) {
                put(&mut content, "application/x-www-form-urlencoded", media(None));
            }
            let required = Value::Bool(schema.get("required").is_some());
            put(&mut made, "requestBody", object([("required", required), ("content", content)]));
        }
        if let Some(place) = operation.upload() {
            put(&mut made, "requestBody", upload(place));
        }
        put(&mut made, "responses", self.responses(operation, &all));
        made
    }

    fn responses(&self, operation: &Operation, all: &[&Exchange]) -> Value {
        let of = |status: u16| {
            let exchanges: Vec<&Exchange> = all.iter().copied().filter(|exchange| exchange.status == status).collect();
            // A refusal of its own is shown; what every operation may answer is said once.
            let common = status > 400 && !exchanges.iter().any(|exchange| exchange.in_scene);
            let made = if common {
                reference("responses", &status.to_string())
            } else {
                response(operation, status, &exchanges)
            };
            (status.to_string(), made)
        };
        let mut responses: Vec<(String, Value)> = operation.statuses().into_iter().map(of).collect();
        if let Some((_, created)) = responses.iter_mut().find(|(status, _)| status == "201")
            && let Some(links) = links(operation.route.path, all)
        {
            put(created, "links", links);
        }
        object(responses)
    }

    /// Answers that any operation may give, each once.
    fn common(&self) -> Value {
        let made = words::STATUSES.iter().filter_map(|(status, _)| {
            let common = |exchange: &&Exchange| exchange.status == *status && *status > 400 && !exchange.in_scene;
            let all: Vec<&Exchange> = self.exchanges.iter().filter(common).collect();
            let operation = self.operations.of(&all.first()?.operation);
            Some((status.to_string(), response(operation, *status, &all)))
        });
        object(made.collect::<Vec<_>>())
    }
}

fn parameters(operation: &Operation, good: &Exchange) -> Vec<Value> {
    let param = |name: &str, place: &str, schema: Value| {
        object([("name", text(name)), ("in", text(place)), ("schema", schema)])
    };
    let mut all = Vec::new();
    if let Some(at) = operation.route.path.iter().position(|part| part.starts_with('{')) {
        let mut id = param("id", "path", object([("type", text("string"))]));
        put(&mut id, "required", Value::Bool(true));
        put(&mut id, "example", text(good.path.split('/').nth(at + 1).unwrap_or_default()));
        let words = if operation.route.tag == "Payments" { words::ID_OF_A_LINK } else { words::ID };
        put(&mut id, "description", text(words));
        all.push(id);
    }
    for (name, schema) in &operation.query {
        let mut schema = schema.clone();
        let words = schema.as_object_mut().and_then(|fields| fields.shift_remove("description"));
        let mut field = param(name, "query", schema);
        put(&mut field, "description", words.unwrap_or_else(|| panic!("?{name} has no comment")));
        all.push(field);
    }
    for (name, words) in words::OF_FILES.iter().filter(|_| operation.is_file()) {
        let mut header = param(name, "header", object([("type", text("string"))]));
        put(&mut header, "description", text(words));
        all.push(header);
    }
    if operation.takes_key() {
        let schema = object([("type", text("string")), ("maxLength", 255.into())]);
        let mut key = param("Idempotency-Key", "header", schema);
        put(&mut key, "description", text(words::IDEMPOTENCY_KEY));
        all.push(key);
    }
    all
}

fn response(operation: &Operation, status: u16, all: &[&Exchange]) -> Value {
    let (_, words) = words::STATUSES.iter().find(|(known, _)| *known == status).expect("a status with words");
    let mut made = object([("description", text(words))]);
    let headers = operation.headers(status).into_iter();
    let headers = headers.map(|(described, always)| {
        (described.0, if always { reference("headers", described.0) } else { header(described) })
    });
    put(&mut made, "headers", object(headers));
    let schema = if status < 300 { operation.answer.clone() } else { Some(reference("schemas", "Error")) };
    if operation.is_file() && status < 300 {
        // Bytes have no schema (OpenAPI 3.1, "Considerations for File Uploads").
        put(&mut made, "content", object([(operations::FILE, parsed("{}"))]));
        return made;
    }
    if let Some(schema) = schema.filter(|_| status != 304) {
        let table = operation.is_table() && status < 300;
        let kind = if table { "text/csv" } else { "application/json" };
        let mut media = object([("schema", schema)]);
        let shown: Vec<&Exchange> = all.iter().copied().filter(|exchange| exchange.in_scene).collect();
        let shown = if shown.is_empty() { all.to_vec() } else { shown };
        if let Some(examples) =
            examples(&shown, &|exchange| Some(if table { text(&exchange.answer) } else { parsed(&exchange.answer) }))
        {
            put(&mut media, "examples", examples);
        }
        put(&mut made, "content", object([(kind, media)]));
    }
    made
}

/// Those that are always there where they are mentioned.
fn headers() -> Value {
    let of_files = [&words::DISPOSITION, &words::CONTENT_RANGE, &words::ETAG, &words::ACCEPT_RANGES];
    let all = words::OF_ALL.iter().chain([&words::AUTHENTICATE, &words::RETRY_AFTER]).chain(of_files);
    let all = all.chain(&words::OF_LISTS);
    object(all.map(|described| {
        let mut made = header(described);
        put(&mut made, "required", Value::Bool(true));
        (described.0, made)
    }))
}

fn header(Header(_, words, example): &Header) -> Value {
    let number = example.bytes().all(|b| b.is_ascii_digit());
    object([
        ("description", text(words)),
        ("schema", object([("type", text(if number { "integer" } else { "string" }))])),
        ("example", if number { parsed(example) } else { text(example) }),
    ])
}

fn webhooks(hooks: &[scenes::Hook]) -> Value {
    let made = words::EVENTS.iter().map(|(event, words, name)| {
        let example = hooks.iter().find(|hook| hook.event == *event).expect("a scene");
        let media = object([("schema", reference("schemas", name)), ("example", parsed(&example.body))]);
        let params = words::EVENT_HEADERS.iter().map(|(name, words)| {
            object([
                ("name", text(name)),
                ("in", text("header")),
                ("required", Value::Bool(true)),
                ("schema", object([("type", text("string"))])),
                ("description", text(words)),
            ])
        });
        let taken = object([("2XX", object([("description", text("Taken. Any other answer is tried again later."))]))]);
        let post = object([
            ("operationId", text(event.replace(':', "_"))),
            ("tags", texts(["Events"])),
            ("summary", text(words)),
            ("security", Value::Array(Vec::new())),
            ("parameters", Value::Array(params.collect())),
            ("requestBody", object([("content", object([("application/json", media)]))])),
            ("responses", taken),
        ]);
        (*event, object([("post", post)]))
    });
    object(made)
}

/// Whether OpenAPI's own encoding of forms and the one that we read are the same: there is nothing inside of a field.
fn is_flat(schema: &Value) -> bool {
    let plain = |field: &Value| match field.get("type") {
        Some(Value::String(kind)) => kind != "object" && kind != "array",
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| !["object", "array"].map(text).contains(kind)),
        _ => false,
    };
    schema.get("properties").and_then(Value::as_object).is_some_and(|fields| fields.iter().all(|(_, it)| plain(it)))
}

/// Rails takes both for an update. The examples stand with the other.
fn patch(mut put_operation: Value) -> Value {
    let id = put_operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    put(&mut put_operation, "operationId", text(format!("{id}_patch")));
    put(&mut put_operation, "description", text("PATCH and PUT are one: both change only what is sent."));
    without_examples(put_operation)
}

fn without_examples(value: Value) -> Value {
    match value {
        Value::Object(fields) => object(
            fields.into_iter().filter(|(name, _)| name != "examples").map(|(n, value)| (n, without_examples(value))),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_examples).collect()),
        other => other,
    }
}

/// A body that is no JSON: the file itself, or a form with it.
fn upload(place: &str) -> Value {
    if place == "serials" {
        let file = |example: &str| object([("schema", object([("type", text("string"))])), ("example", text(example))]);
        let content =
            [("text/csv", file("serial,note\r\nSERIAL6,from May\r\n")), ("text/plain", file("SERIAL7\nSERIAL8\n"))];
        return object([("required", Value::Bool(true)), ("content", object(content))]);
    }
    if place == "import" {
        let file = |example: &str| object([("schema", object([("type", text("string"))])), ("example", text(example))]);
        let table =
            "blocked_data,blacklist_type,note,expires_at\r\neve@example.com,1,Charged back,2030-01-01T00:00:00Z\r\n";
        let content = [("text/csv", file(table)), ("text/plain", file("*@trash.example\n192.0.2.0/24\nXK\n"))];
        return object([("required", Value::Bool(true)), ("content", object(content))]);
    }
    let binary = || object([("type", text("string")), ("format", text("binary"))]);
    let form = object([("type", text("object")), ("properties", object([(place, binary())]))]);
    let raw = if place == "image" { "image/*" } else { "application/octet-stream" };
    let content = object([(raw, object([("schema", binary())])), ("multipart/form-data", object([("schema", form)]))]);
    object([("required", Value::Bool(true)), ("content", content)])
}

/// What was made can be asked for by its id.
fn links(path: &[&str], all: &[&Exchange]) -> Option<Value> {
    let created = all.iter().find(|exchange| exchange.status == 201)?;
    parsed(&created.answer).get("id")?;
    let below = ROUTES.iter().filter(|route| route.path.len() == path.len() + 1 && route.path.starts_with(path));
    let below = below.filter(|route| route.path.last().is_some_and(|last| *last == "{id}"));
    let links = below.map(|route| {
        let params = object([("id", text("$response.body#/id"))]);
        (route.id, object([("operationId", text(route.id)), ("parameters", params)]))
    });
    let links: Vec<_> = links.collect();
    (!links.is_empty()).then(|| object(links))
}

/// Those that have a title, or the first.
fn examples(all: &[&Exchange], of: &dyn Fn(&Exchange) -> Option<Value>) -> Option<Value> {
    let titled: Vec<_> = all.iter().filter(|exchange| exchange.title.is_some()).collect();
    let shown = if titled.is_empty() { all.iter().take(1).collect() } else { titled };
    let made = shown.into_iter().filter_map(|exchange| {
        let title = exchange.title.unwrap_or("Example");
        let key = title.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        Some((key, object([("summary", text(title)), ("value", of(exchange)?)])))
    });
    let made: Vec<_> = made.collect();
    (!made.is_empty()).then(|| object(made))
}

/// In the order of the schema's properties, which is the order in which the handler reads.
fn ordered(body: &Value, schema: &Value) -> Value {
    let (Value::Object(fields), Some(properties)) = (body, schema.get("properties").and_then(Value::as_object)) else {
        return body.clone();
    };
    let place = |name: &String| properties.keys().position(|known| known == name);
    let mut fields: Vec<_> = fields.clone().into_iter().collect();
    fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    object(fields)
}
