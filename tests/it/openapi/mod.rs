//! The specification of `/api/v2`, made from what the program does: every route of its table is used in `scenes.rs`, what
//! the handlers look at and write is noted (`src/notes.rs`), and `glossary.md` has the words. The result is committed as
//! `public/api/v2/openapi.json`; when the program or the words change, this says so:
//!
//!     UPDATE=1 cargo test --test it openapi

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path};

use pushguard::{api::v2::ROUTES, http::Method, json::Value, notes};

pub mod desk;
mod glossary;
mod kept;
mod request;
pub mod scenes;
mod schema;
mod tree;

use desk::{Exchange, name_of, operation};
use glossary::{Glossary, Section};
use schema::Answers;
use tree::{object, parsed, pretty, put, reference, text, texts, title_case};

const FILE: &str = "public/api/v2/openapi.json";

#[test]
fn the_specification_is_what_the_program_does() {
    let made = pretty(&specification());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is there");
        fs::write(&file, &made).expect("the file is written");
    }
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

fn specification() -> Value {
    notes::start();
    let exchanges = RefCell::new(Vec::new());
    let hooks = scenes::play(&exchanges);
    let exchanges = exchanges.into_inner();
    let glossary = Glossary::read(include_str!("glossary.md"));
    let named = glossary.sections.iter().flat_map(|section| {
        let objects = section.objects.iter();
        objects.map(|(name, fields, more)| (name.as_str(), section.title.as_str(), fields.as_slice(), *more))
    });
    let answers = Answers { glossary: &glossary, named: named.collect() };
    let spec = Specification { glossary: &glossary, answers, exchanges: &exchanges };
    let made = spec.whole(&hooks);
    let (lacking, stale) = glossary.faults();
    assert!(lacking.is_empty(), "tests/it/openapi/glossary.md lacks\n{}", lacking.join("\n"));
    assert!(stale.is_empty(), "tests/it/openapi/glossary.md speaks of what is not there:\n{}", stale.join("\n"));
    made
}

struct Specification<'a> {
    glossary: &'a Glossary,
    answers: Answers<'a>,
    exchanges: &'a [Exchange],
}

/// Headers that every answer of any server has, or that are nobody's business here.
const PLAIN_HEADERS: [&str; 4] =
    ["Content-Type", "Strict-Transport-Security", "X-Content-Type-Options", "Cache-Control"];

impl Specification<'_> {
    fn whole(&self, hooks: &[scenes::Hook]) -> Value {
        let mut paths: Vec<(String, Vec<(String, Value)>)> = Vec::new();
        let mut bodies = Vec::new();
        for (route, method, verb) in ROUTES {
            let path = format!("/{}", route.join("/"));
            let made = self.operation(route, *method, verb, &mut bodies);
            if paths.last().is_none_or(|(last, _)| *last != path) {
                paths.push((path.clone(), Vec::new()));
            }
            let methods = &mut paths.last_mut().expect("one was pushed").1;
            methods.push((name_of(*method).to_ascii_lowercase(), made.clone()));
            if *method == Method::Put {
                methods.push(("patch".to_owned(), patch(made)));
            }
        }
        let all = self.exchanges.iter().filter_map(|exchange| exchange.shape.as_ref());
        let all: Vec<_> = all.chain(hooks.iter().map(|hook| &hook.shape)).collect();
        let mut schemas = self.answers.components(&all);
        schemas.extend(bodies);
        let tagged = |section: &&Section| !section.operations.is_empty() || section.title == "Events";
        let tags = self.glossary.sections.iter().filter(tagged);
        let tags = tags.map(|section| {
            let about = self.glossary.about(&section.title);
            object([("name", text(&section.title)), ("description", text(about))])
        });
        let description = self.glossary.about("PushGuard API");
        let version = env!("CARGO_PKG_VERSION");
        object([
            ("openapi", text("3.1.1")),
            (
                "info",
                object([
                    ("title", text("PushGuard API")),
                    ("version", text(version)),
                    ("description", text(description)),
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
            ("webhooks", self.webhooks(hooks)),
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
                                ("description", text(self.glossary.about("Authentication"))),
                            ]),
                        )]),
                    ),
                    ("schemas", object(schemas)),
                    ("headers", self.headers()),
                    ("responses", self.common()),
                ]),
            ),
        ])
    }

    fn operation(&self, route: &[&str], method: Method, verb: &[&str; 2], bodies: &mut Vec<(String, Value)>) -> Value {
        let name = operation(method, route);
        let all: Vec<&Exchange> = self.exchanges.iter().filter(|exchange| exchange.operation == name).collect();
        let good: Vec<&Exchange> = all.iter().copied().filter(|exchange| exchange.status < 300).collect();
        assert!(!good.is_empty(), "{name} is in the route table and in no scene of tests/it/openapi/scenes.rs");
        let id = format!("{}_{}", verb[0], verb[1]);
        let Some((section, words)) = self.glossary.operation(&name) else { return Value::Null };
        let mut made =
            object([("operationId", text(&id)), ("tags", texts([&section.title])), ("summary", text(&words.summary))]);
        assert!(!words.about.is_empty(), "{name} has no description in tests/it/openapi/glossary.md");
        put(&mut made, "description", text(&words.about));
        let mut params = self.ids(route, section, good[0]);
        params.extend(request::params(self.glossary, &section.title, &all));
        if !params.is_empty() {
            put(&mut made, "parameters", Value::Array(params));
        }
        if let Some(schema) = request::body(self.glossary, &section.title, &name, &all) {
            let schema_name = pascal(&id);
            let required = schema.get("required").is_some();
            let media = |examples: Option<Value>| {
                let mut media = object([("schema", reference("schemas", &schema_name))]);
                if let Some(examples) = examples {
                    put(&mut media, "examples", examples);
                }
                media
            };
            let examples = examples(&good, &|exchange| exchange.body.as_ref().map(|body| ordered(body, &schema)));
            let mut content = object([("application/json", media(examples))]);
            if is_flat(&schema) {
                put(&mut content, "application/x-www-form-urlencoded", media(None));
            }
            put(&mut made, "requestBody", object([("required", Value::Bool(required)), ("content", content)]));
            bodies.push((schema_name, schema));
        }
        if let (Method::Put, Some(place @ ("image" | "file"))) = (method, route.last().copied()) {
            put(&mut made, "requestBody", upload(place));
        }
        put(&mut made, "responses", self.responses(&section.title, &id, &all));
        made
    }

    fn ids(&self, route: &[&str], section: &Section, good: &Exchange) -> Vec<Value> {
        let at = route.iter().position(|part| part.starts_with('{'));
        let param = at.map(|at| {
            let name = route[at].trim_matches(['{', '}']);
            let mut param = object([
                ("name", text(name)),
                ("in", text("path")),
                ("required", Value::Bool(true)),
                ("schema", object([("type", text("string"))])),
                ("example", text(good.path.split('/').nth(at + 1).unwrap_or_default())),
            ]);
            if let Some(words) = self.glossary.word(&section.title, &format!("{{{name}}}")) {
                put(&mut param, "description", text(words));
            }
            param
        });
        param.into_iter().collect()
    }

    fn responses(&self, section: &str, id: &str, all: &[&Exchange]) -> Value {
        let mut by_status: BTreeMap<u16, Vec<&Exchange>> = BTreeMap::new();
        for exchange in all {
            by_status.entry(exchange.status).or_default().push(exchange);
        }
        let of = |(status, exchanges): (u16, Vec<&Exchange>)| {
            // A refusal of its own is shown; what every operation may answer is said once.
            let common = status > 400 && !exchanges.iter().any(|exchange| exchange.in_scene);
            let made = if common {
                reference("responses", &status.to_string())
            } else {
                self.response(section, status, &exchanges)
            };
            (status.to_string(), made)
        };
        let mut responses: Vec<(String, Value)> = by_status.into_iter().map(of).collect();
        let links = links(id, all);
        if let Some((_, created)) = responses.iter_mut().find(|(status, _)| status == "201")
            && let Some(links) = links
        {
            put(created, "links", links);
        }
        object(responses)
    }

    fn response(&self, section: &str, status: u16, all: &[&Exchange]) -> Value {
        let words = self.glossary.word("Answers", &status.to_string()).unwrap_or_default();
        let mut made = object([("description", text(words))]);
        let mut headers: Vec<&str> = Vec::new();
        for (name, _) in all.iter().flat_map(|exchange| &exchange.headers) {
            if !PLAIN_HEADERS.contains(name) && !headers.contains(name) {
                headers.push(name);
            }
        }
        let headers = headers.into_iter().map(|name| {
            let always = all.iter().all(|exchange| exchange.headers.iter().any(|(known, _)| *known == name));
            (title_case(name), if always { reference("headers", &title_case(name)) } else { self.header(name) })
        });
        put(&mut made, "headers", object(headers));
        let shapes: Vec<_> = all.iter().filter_map(|exchange| exchange.shape.as_ref()).collect();
        if !shapes.is_empty() {
            let schema = match status {
                400.. => reference("schemas", "Error"),
                _ => self.answers.schema(section, "", shapes),
            };
            let mut media = object([("schema", schema)]);
            let shown: Vec<&Exchange> = all.iter().copied().filter(|exchange| exchange.in_scene).collect();
            let shown = if shown.is_empty() { all.to_vec() } else { shown };
            if let Some(examples) = examples(&shown, &|exchange| Some(parsed(&exchange.answer))) {
                put(&mut media, "examples", examples);
            }
            put(&mut made, "content", object([("application/json", media)]));
        }
        made
    }

    /// Answers that any operation may give, each once.
    fn common(&self) -> Value {
        let mut statuses: BTreeMap<u16, Vec<&Exchange>> = BTreeMap::new();
        for exchange in self.exchanges.iter().filter(|exchange| exchange.status > 400 && !exchange.in_scene) {
            statuses.entry(exchange.status).or_default().push(exchange);
        }
        let made =
            statuses.into_iter().map(|(status, all)| (status.to_string(), self.response("Answers", status, &all)));
        object(made)
    }

    /// Those that are always there where they are mentioned.
    fn headers(&self) -> Value {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.exchanges.iter().flat_map(|exchange| &exchange.headers) {
            if !PLAIN_HEADERS.contains(name) && !names.contains(name) {
                names.push(name);
            }
        }
        object(names.into_iter().map(|name| {
            let mut header = self.header(name);
            put(&mut header, "required", Value::Bool(true));
            (title_case(name), header)
        }))
    }

    fn header(&self, name: &str) -> Value {
        let all = self.exchanges.iter().flat_map(|exchange| &exchange.headers);
        let values: Vec<&str> = all.filter(|(known, _)| *known == name).map(|(_, value)| value.as_str()).collect();
        let number = values.iter().all(|value| !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()));
        let words = self.glossary.word("Headers", &title_case(name)).unwrap_or_default();
        object([
            ("description", text(words)),
            ("schema", object([("type", text(if number { "integer" } else { "string" }))])),
            ("example", if number { parsed(values[0]) } else { text(values[0]) }),
        ])
    }

    fn webhooks(&self, hooks: &[scenes::Hook]) -> Value {
        let mut events: Vec<&str> = Vec::new();
        for hook in hooks {
            if !events.contains(&hook.event.as_str()) {
                events.push(&hook.event);
            }
        }
        let made = events.into_iter().map(|event| {
            let own: Vec<&scenes::Hook> = hooks.iter().filter(|hook| hook.event == event).collect();
            let schema = self.answers.schema("Events", "", own.iter().map(|hook| &hook.shape).collect());
            let media = object([("schema", schema), ("example", parsed(&own[0].body))]);
            let params = own[0].headers.iter().map(|name| {
                let words = self.glossary.word("Events", name).unwrap_or_default();
                let schema = object([("type", text("string"))]);
                let fields = [("name", text(name)), ("in", text("header")), ("required", Value::Bool(true))];
                let mut param = object(fields);
                put(&mut param, "schema", schema);
                put(&mut param, "description", text(words));
                param
            });
            let taken =
                object([("2XX", object([("description", text("Taken. Any other answer is tried again later."))]))]);
            let post = object([
                ("operationId", text(event.replace([':'], "_"))),
                ("tags", texts(["Events"])),
                ("summary", text(self.glossary.word("Events", event).unwrap_or_default())),
                ("security", Value::Array(Vec::new())),
                ("parameters", Value::Array(params.collect())),
                ("requestBody", object([("content", object([("application/json", media)]))])),
                ("responses", taken),
            ]);
            (event, object([("post", post)]))
        });
        object(made.collect::<Vec<_>>())
    }
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

/// What was made can be asked for by its id.
/// A body that is no JSON: the file itself, or a form with it.
fn upload(place: &str) -> Value {
    let binary = || object([("type", text("string")), ("format", text("binary"))]);
    let form = object([("type", text("object")), ("properties", object([(place, binary())]))]);
    let raw = if place == "image" { "image/*" } else { "application/octet-stream" };
    let content = object([(raw, object([("schema", binary())])), ("multipart/form-data", object([("schema", form)]))]);
    object([("required", Value::Bool(true)), ("content", content)])
}

fn links(id: &str, all: &[&Exchange]) -> Option<Value> {
    let created = all.iter().find(|exchange| exchange.status == 201)?;
    parsed(&created.answer).get("id")?;
    let path: Vec<&str> = created.operation.split('/').skip(1).collect();
    let below = ROUTES.iter().filter(|(route, ..)| route.len() == path.len() + 1 && route.starts_with(&path));
    let below = below.filter(|(route, ..)| route.last().is_some_and(|last| *last == "{id}"));
    let links = below.map(|(_, _, verb)| {
        let target = format!("{}_{}", verb[0], verb[1]);
        let params = object([("id", text("$response.body#/id"))]);
        (target.clone(), object([("operationId", text(target)), ("parameters", params)]))
    });
    let links: Vec<_> = links.collect();
    (!links.is_empty() && !id.is_empty()).then(|| object(links))
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

/// `webhook_create_endpoint` → `WebhookCreateEndpoint`
fn pascal(id: &str) -> String {
    title_case(&id.replace('_', "-")).replace('-', "")
}
