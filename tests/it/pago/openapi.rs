//! The specification of this window: the route table with its comments, the schemas of its structs, and examples out of `play`,
//! which also shows that each route answers what is said. It is committed as `public/api/openapi.json`:
//!
//!     UPDATE=1 cargo test --test it pago::openapi

use std::{fs, path::Path};

use pushguard::{
    api::{
        failure,
        pago::{
            event::{Body as Hook, TOPICS},
            openapi::{Pages, Route},
            routes::ROUTES,
        },
    },
    http::Method,
    json::Value,
    shop::oauth::Scope,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::json;

use super::{
    by_key,
    play::{Exchange, play},
};
use crate::{
    openapi::{
        behaviour::fits,
        operations::{Operations, named, parameters, pascal},
        tree::{object, parsed, pretty, put, reference, text, texts},
        words::{self, Header},
    },
    world::World,
};

const FILE: &str = "public/api/openapi.json";

const ABOUT: &str = "Products, orders, coupons, customers, abandoned carts, scripts and webhooks of a shop, for applications \
that a seller has let in (OAuth 2.0), and for the seller with the API key. What needs no application is at `/api/v2`.\n\n\
**Requests** are JSON and have `X-Api-Version: 2`. `PUT` and `PATCH` are one: they change only what is sent.\n\n\
**Answers.** Every refusal has a `message`; a validation that failed also has `errors`, all of them at once. What was queued \
is answered by 202.\n\n**Lists** come in pages: `page` counts from 1, `per_page` is 1 to 100. `X-Total` says how many items \
there are, `X-Page` and `X-Per-Page` which these are, and `Link` has the addresses of other pages.\n\n**Times** are ISO 8601, \
in any zone when they are sent, and in UTC when they are answered: `2017-12-03T13:55:30Z`. **Money** is a decimal text with \
as many decimals as its currency has.\n\n**Limits.** An app has 300 requests a minute of each account.\n\n**Sending again.** \
Give every `POST` an `Idempotency-Key`: the same request under it is done once.";

const STATUSES: [(u16, &str); 14] = [
    (200, "Done."),
    (201, "Made."),
    (202, "Queued."),
    (204, "Done; there is nothing to say."),
    (400, "The version is missing, or the request can't be read, or its fields are not acceptable."),
    (401, "The token or the API key is missing or wrong."),
    (403, "The token lacks a scope, which `message` names, or this may not be done."),
    (404, "There is no such object for whoever asks."),
    (409, "Not in this state, or a request with this `Idempotency-Key` is still running."),
    (413, "The body is larger than 1 MiB."),
    (415, "The body has a `Content-Encoding` other than `identity`."),
    (422, "This `Idempotency-Key` was used for another request."),
    (429, "Too many requests. `Retry-After` says when to ask again."),
    (503, "A gateway does not answer. `Retry-After` says when to ask again."),
];

const OF_LISTS: [Header; 4] = [
    Header("X-Total", "How many items the list has.", "1"),
    Header("X-Page", "The page that this is.", "1"),
    Header("X-Per-Page", "How many items a page has.", "20"),
    Header(
        "Link",
        "Addresses of other pages (RFC 8288).",
        "<https://desk.example/api/products?page=1&per_page=20>; rel=\"first\"",
    ),
];

/// A route with its schemas.
struct Operation {
    route: &'static Route,
    body: Option<Value>,
    query: Vec<(String, Value)>,
    answer: Option<Value>,
}

impl Operation {
    fn read(route: &'static Route, answers: &mut SchemaGenerator, requests: &mut SchemaGenerator) -> Operation {
        let answer = Some(named((route.gives)(answers))).filter(|_| route.status != 204);
        let is_list = answer.as_ref().is_some_and(|answer| answer.get("items").is_some());
        let mut query = if is_list { parameters(named(requests.root_schema_for::<Pages>())) } else { Vec::new() };
        let takes = route.takes.map(|takes| {
            let schema = takes(requests);
            let name = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
            named(name.and_then(|name| requests.definitions().get(name)).expect("a request has a name").clone())
        });
        let mut body = None;
        match takes {
            Some(fields) if route.method == Method::Get => query.extend(parameters(fields)),
            takes => body = takes,
        }
        if let (Method::Put, Some(Value::Object(body)), false) = (route.method, &mut body, route.id == "cart_update") {
            body.remove("required");
        }
        Operation { route, body, query, answer }
    }

    fn path(&self) -> String {
        format!("/{}", self.route.path.join("/"))
    }

    fn is_list(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.get("items").is_some())
    }

    fn has_id(&self) -> bool {
        self.route.path.iter().any(|part| part.starts_with('{'))
    }

    fn statuses(&self) -> Vec<u16> {
        let (post, put) = (self.route.method == Method::Post, self.route.method == Method::Put);
        let kinds = [(404, self.has_id()), (409, post), (413, post || put), (415, post || put), (422, post)];
        let kinds = kinds.into_iter().filter_map(|(status, may)| may.then_some(status));
        let mut all: Vec<u16> = [self.route.status, 400, 401, 403, 429]
            .into_iter()
            .chain(kinds)
            .chain(self.route.refuses.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[test]
fn the_specification_of_this_window_is_what_the_program_does() {
    let world = World::new();
    let exchanges = play(&world);
    let settings =
        || SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut answers = settings().for_serialize().into_generator();
    let mut requests = settings().for_deserialize().into_generator();
    answers.subschema_for::<failure::Body<'_>>();
    let hook = named(answers.subschema_for::<Hook<'_>>());
    let mut all: Vec<Operation> =
        ROUTES.iter().map(|route| Operation::read(route, &mut answers, &mut requests)).collect();
    let schemas = answers.definitions().iter().map(|(name, schema)| (name.clone(), named(schema.clone()))).collect();
    let known = Operations { all: Vec::new(), named: schemas };
    for operation in &mut all {
        if let (Some(body), Some(answer)) = (&mut operation.body, &operation.answer) {
            known.describe(body, answer);
        }
        let done: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.id == operation.route.id).collect();
        assert!(!done.is_empty(), "{} is in no scene", operation.route.id);
        for exchange in done {
            if let Some(answer) = &operation.answer {
                fits(&known, answer, &parsed(&exchange.answer)).unwrap_or_else(|why| panic!("{}: {why}", exchange.id));
            }
            if let (Some(schema), Some(body)) = (&operation.body, &exchange.body) {
                fits(&known, schema, body).unwrap_or_else(|why| panic!("{}, sent: {why}", exchange.id));
            }
        }
    }
    let hooks: Vec<Value> = world.web.sent_to("https://app.example").iter().map(|sent| parsed(&sent.body)).collect();
    for sent in &hooks {
        fits(&known, &hook, sent).unwrap_or_else(|why| panic!("a webhook: {why}"));
        let topic = sent.get("topic").and_then(Value::as_str).expect("a topic");
        let item = sent.get("data").and_then(|data| data.get(0)).expect("an item");
        fits(&known, &reference("schemas", subject(topic)), item).unwrap_or_else(|why| panic!("{topic}: {why}"));
    }
    refusals_fit(&known);
    let made = pretty(&whole(&all, &known, &exchanges, &hooks));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &made).expect("the file is written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == made,
        "{FILE} is not what the program does now: `UPDATE=1 cargo test --test it pago::openapi` writes it"
    );
}

/// The schema of what a topic tells.
fn subject(topic: &str) -> &'static str {
    match topic.split('_').next() {
        Some("order") => "Order",
        Some("customer") => "Customer",
        Some("product") => "Product",
        Some("coupon") => "Coupon",
        _ => "AbandonedCart",
    }
}

fn refusals_fit(known: &Operations) {
    let world = World::new();
    let client = by_key(&world.seller());
    let error = reference("schemas", "Error");
    for reply in [
        client.bare("GET", "/orders").send().expect(400),
        client.post("/products", json!({})).expect(400),
        client.get("/orders/x").expect(404),
        client.delete("/orders").expect(405),
        client
            .post(
                "/scripts",
                json!({"src": "https://a.example/a.js", "integrity": format!("sha384-{}", "A".repeat(64))}),
            )
            .expect(403),
        world.ask("GET", "/api/orders").send().expect(401),
    ] {
        fits(known, &error, &parsed(&reply.text())).expect("an error");
    }
}

fn whole(all: &[Operation], known: &Operations, exchanges: &[Exchange], hooks: &[Value]) -> Value {
    let mut paths: Vec<(String, Vec<(String, Value)>)> = Vec::new();
    let mut tags: Vec<&str> = Vec::new();
    let mut schemas = known.named.clone();
    for operation in all {
        let (path, route) = (operation.path(), operation.route);
        let made = described(operation, exchanges);
        if paths.last().is_none_or(|(last, _)| *last != path) {
            paths.push((path, Vec::new()));
        }
        let methods = &mut paths.last_mut().expect("one was pushed").1;
        let name = route.method.names().split(", ").next().unwrap_or_default();
        methods.push((name.to_ascii_lowercase(), made.clone()));
        if route.method == Method::Put {
            let mut patch = made;
            put(&mut patch, "operationId", text(format!("{}_patch", route.id)));
            methods.push(("patch".to_owned(), patch));
        }
        schemas.extend(operation.body.clone().map(|body| (pascal(route.id), body)));
        if !tags.contains(&route.tag) {
            tags.push(route.tag);
        }
    }
    let scopes = Scope::ALL.into_iter().filter(|scope| !scope.name().contains(':'));
    let flow = object([
        ("authorizationUrl", text("/oauth/authorize")),
        ("tokenUrl", text("/oauth/token")),
        ("refreshUrl", text("/oauth/token")),
        ("scopes", object(scopes.map(|scope| (scope.name(), text(scope.name().replace('_', " ")))))),
    ]);
    let oauth = object([("type", text("oauth2")), ("flows", object([("authorizationCode", flow)]))]);
    let basic = object([
        ("type", text("http")),
        ("scheme", text("basic")),
        ("description", text("The seller's e-mail and API key; it has all scopes.")),
    ]);
    let common = STATUSES.into_iter().filter(|(status, _)| *status > 400);
    let common: Vec<_> =
        common.map(|(status, _)| (status.to_string(), response(&all[0], status, &exchanges[0]))).collect();
    let headers =
        words::OF_ALL.iter().chain(&OF_LISTS).chain([&words::RETRY_AFTER, &words::AUTHENTICATE, &words::REPLAYED]);
    object([
        ("openapi", text("3.1.1")),
        (
            "info",
            object([
                ("title", text("PushGuard API for applications")),
                ("version", text(env!("CARGO_PKG_VERSION"))),
                ("description", text(ABOUT)),
            ]),
        ),
        ("servers", Value::Array(vec![object([("url", text("/api"))])])),
        (
            "tags",
            Value::Array(
                tags.into_iter().map(|tag| object([("name", text(tag)), ("description", text(about(tag)))])).collect(),
            ),
        ),
        ("paths", object(paths.into_iter().map(|(path, methods)| (path, object(methods))))),
        ("webhooks", webhooks(hooks)),
        (
            "components",
            object([
                ("securitySchemes", object([("oauth", oauth), ("basic", basic)])),
                ("schemas", object(schemas)),
                ("responses", object(common)),
                ("headers", object(headers.map(|described| (described.0, header(described))))),
            ]),
        ),
    ])
}

fn about(tag: &str) -> &'static str {
    match tag {
        "Products" => "What the shop sells. What buyers get is written here, and never shown.",
        "Orders" => "What was bought, and what a seller does to an order by hand.",
        "Coupons" => "Codes with which buyers pay less.",
        "Customers" => "The e-mails that orders came from, and what these come to.",
        "Abandoned carts" => "Orders of links and of the storefront whose time was over before anything came.",
        "Scripts" => "Scripts on the shop's lists, once the seller has turned them on.",
        "Webhooks" => "Where an application is told of what happens.",
        _ => panic!("nothing is said about {tag}"),
    }
}

/// An example as the page of the reference reads it.
fn example(value: Value) -> Value {
    object([("example", object([("summary", text("Example")), ("value", value)]))])
}

fn described(operation: &Operation, exchanges: &[Exchange]) -> Value {
    let route = operation.route;
    let done: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.id == route.id).collect();
    let lines = route.words.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let (summary, description) = lines.split_once("\n\n").unwrap_or_else(|| panic!("{}: no description", route.id));
    let scopes: Vec<&str> = route.scope.iter().map(|scope| scope.name()).collect();
    let security = [object([("oauth", texts(scopes))]), object([("basic", Value::Array(Vec::new()))])];
    let mut params = Vec::new();
    let param = |name: &str, place: &str, words: &str, schema: Value, required: bool| {
        object([
            ("name", text(name)),
            ("in", text(place)),
            ("required", Value::Bool(required)),
            ("description", text(words)),
            ("schema", schema),
        ])
    };
    if let Some(at) = route.path.iter().position(|part| part.starts_with('{')) {
        let mut id = param("id", "path", "The object's id.", object([("type", text("string"))]), true);
        put(&mut id, "example", text(done[0].path.split('/').nth(at + 1).unwrap_or_default()));
        params.push(id);
    }
    for (name, schema) in &operation.query {
        let mut schema = schema.clone();
        let words = schema.as_object_mut().and_then(|fields| fields.shift_remove("description"));
        let words = words.and_then(|words| words.as_str().map(str::to_owned)).unwrap_or_default();
        params.push(param(name, "query", &words, schema, false));
    }
    let version = object([("type", text("string")), ("enum", texts(["2"]))]);
    params.push(param("X-Api-Version", "header", "The version of this API.", version, true));
    if route.method == Method::Post {
        let schema = object([("type", text("string")), ("minLength", 1.into()), ("maxLength", 255.into())]);
        params.push(param("Idempotency-Key", "header", words::IDEMPOTENCY_KEY, schema, false));
    }
    let mut made = object([
        ("operationId", text(route.id)),
        ("tags", texts([route.tag])),
        ("summary", text(summary)),
        ("description", text(description.trim())),
        ("security", Value::Array(security.into())),
        ("parameters", Value::Array(params)),
    ]);
    if let Some(schema) = &operation.body {
        let mut media = object([("schema", reference("schemas", &pascal(route.id)))]);
        if let Some(body) = done.iter().find_map(|exchange| exchange.body.clone()) {
            put(&mut media, "examples", example(body));
        }
        let required = Value::Bool(schema.get("required").is_some());
        put(
            &mut made,
            "requestBody",
            object([("required", required), ("content", object([("application/json", media)]))]),
        );
    }
    let responses = operation.statuses().into_iter().map(|status| {
        // What any operation may answer is said once.
        let common = status > 400 && !route.refuses.contains(&status);
        let made =
            if common { reference("responses", &status.to_string()) } else { response(operation, status, done[0]) };
        (status.to_string(), made)
    });
    put(&mut made, "responses", object(responses.collect::<Vec<_>>()));
    made
}

fn response(operation: &Operation, status: u16, example: &Exchange) -> Value {
    let (_, words) = STATUSES.iter().find(|(known, _)| *known == status).expect("a status with words");
    let good = status < 300;
    let mut headers: Vec<&str> = words::OF_ALL.iter().map(|header| header.0).collect();
    if good && operation.is_list() {
        headers.extend(OF_LISTS.iter().map(|header| header.0));
    }
    headers.extend((status == 401).then_some("WWW-Authenticate"));
    headers.extend([429, 503].contains(&status).then_some("Retry-After"));
    let mut made = object([
        ("description", text(words)),
        ("headers", object(headers.into_iter().map(|name| (name, reference("headers", name))))),
    ]);
    let schema = if good { operation.answer.clone() } else { Some(reference("schemas", "Error")) };
    if let Some(schema) = schema {
        let mut media = object([("schema", schema)]);
        if good {
            put(&mut media, "examples", self::example(parsed(&example.answer)));
        } else if status == 400 {
            let refused = r#"{"message":"Validation failed","errors":["Title can't be blank"]}"#;
            put(&mut media, "examples", self::example(parsed(refused)));
        }
        put(&mut made, "content", object([("application/json", media)]));
    }
    made
}

fn header(Header(_, words, example): &Header) -> Value {
    let number = example.bytes().all(|b| b.is_ascii_digit());
    object([
        ("description", text(words)),
        ("schema", object([("type", text(if number { "integer" } else { "string" }))])),
        ("example", if number { parsed(example) } else { text(example) }),
    ])
}

fn webhooks(hooks: &[Value]) -> Value {
    let made = TOPICS.map(|(topic, _, scope)| {
        let of = |sent: &&Value| sent.get("topic").and_then(Value::as_str) == Some(topic);
        let example = hooks.iter().find(of).unwrap_or_else(|| panic!("no webhook {topic}")).clone();
        let item = object([("type", text("array")), ("items", reference("schemas", subject(topic)))]);
        let data = object([("properties", object([("data", item)]))]);
        let schema = object([("allOf", Value::Array(vec![reference("schemas", "WebhookBody"), data]))]);
        let media = object([("schema", schema), ("example", example)]);
        let taken = object([("2XX", object([("description", text("Taken. Any other answer is tried again later."))]))]);
        let post = object([
            ("operationId", text(topic)),
            ("summary", text(format!("Needs the scope {}.", scope.name()))),
            ("security", Value::Array(Vec::new())),
            ("requestBody", object([("content", object([("application/json", media)]))])),
            ("responses", taken),
        ]);
        (topic, object([("post", post)]))
    });
    object(made)
}
