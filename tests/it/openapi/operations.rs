//! The operations: the lines of the route table with their schemas.

use pushguard::{
    api::{
        failure,
        v2::{
            openapi::{Pages, Route},
            routes::ROUTES,
        },
    },
    http::Method,
    json::Value,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};

use super::{
    tree::{object, put, text, title_case},
    words::{self, Header},
};

/// The type under which files are answered.
pub const FILE: &str = "application/octet-stream";

pub struct Operation {
    pub route: &'static Route,
    /// `POST /pay`
    pub name: String,
    /// The JSON object that it takes.
    pub body: Option<Value>,
    /// The fields of its query.
    pub query: Vec<(String, Value)>,
    /// What it answers when all goes well, unless that is nothing.
    pub answer: Option<Value>,
}

pub struct Operations {
    pub all: Vec<Operation>,
    /// Schemas of answers that have a name.
    pub named: Vec<(String, Value)>,
}

impl Operations {
    pub fn read() -> Operations {
        let settings =
            || SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
        let mut answers = settings().for_serialize().into_generator();
        let mut requests = settings().for_deserialize().into_generator();
        answers.subschema_for::<failure::Body<'_>>();
        let mut all: Vec<Operation> =
            ROUTES.iter().map(|route| Operation::read(route, &mut answers, &mut requests)).collect();
        let named: Vec<(String, Value)> =
            answers.definitions().iter().map(|(name, schema)| (name.clone(), named(schema.clone()))).collect();
        let operations = Operations { all: Vec::new(), named };
        for operation in &mut all {
            if let (Some(body), Some(answer)) = (&mut operation.body, &operation.answer) {
                operations.describe(body, answer);
            }
        }
        Operations { all, ..operations }
    }

    pub fn of(&self, name: &str) -> &Operation {
        self.all.iter().find(|operation| operation.name == name).unwrap_or_else(|| panic!("no operation {name}"))
    }

    /// The schema itself, where this one only names it.
    pub fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let choices = schema.get("anyOf").and_then(Value::as_array);
        let schema = choices.and_then(|choices| choices.first()).unwrap_or(schema);
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
        match name.and_then(|name| self.named.iter().find(|(known, _)| known == name)) {
            Some((_, schema)) => schema,
            None => schema,
        }
    }

    /// Fields of a request that say nothing for themselves are what the answer's fields of their names are.
    pub fn describe(&self, request: &mut Value, answer: &Value) {
        let answer = self.resolved(answer);
        if let (Some(items), Some(answers)) = (request.get_mut("items"), answer.get("items")) {
            self.describe(items, answers);
        }
        let Some(Value::Object(fields)) = request.get_mut("properties") else { return };
        for (name, field) in fields {
            let Some(known) = answer.get("properties").and_then(|fields| fields.get(name)) else { continue };
            if let (None, Some(words)) = (field.get("description"), known.get("description")) {
                put(field, "description", words.clone());
            }
            self.describe(field, known);
        }
    }
}

impl Operation {
    fn read(route: &'static Route, answers: &mut SchemaGenerator, requests: &mut SchemaGenerator) -> Operation {
        let takes = route.takes.map(|takes| {
            let schema = takes(requests);
            let name = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
            let schema = name.and_then(|name| requests.definitions().get(name)).expect("a request has a name");
            named(schema.clone())
        });
        let answer = Some(named((route.gives)(answers))).filter(|_| route.status != 204);
        let mut operation = Operation {
            route,
            name: format!("{} /{}", route.method.names().split(", ").next().unwrap_or_default(), route.path.join("/")),
            body: None,
            query: Vec::new(),
            answer,
        };
        if operation.is_list() {
            operation.query = parameters(named(requests.root_schema_for::<Pages>()));
        }
        match takes {
            Some(fields) if route.method == Method::Get || operation.upload().is_some() => {
                operation.query.extend(parameters(fields));
            }
            takes => operation.body = takes,
        }
        if let (Method::Put, Some(Value::Object(body))) = (route.method, &mut operation.body) {
            body.remove("required");
        }
        operation
    }

    pub fn is_list(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.get("items").is_some())
    }

    /// Whether it answers a table, which is a list in another form.
    pub fn is_table(&self) -> bool {
        !self.is_file() && self.answer.as_ref().is_some_and(|answer| answer.get("contentMediaType").is_some())
    }

    /// Whether it answers a file.
    pub fn is_file(&self) -> bool {
        let media = self.answer.as_ref().and_then(|answer| answer.get("contentMediaType")).and_then(Value::as_str);
        media == Some(FILE)
    }

    /// Whether a repetition under an Idempotency-Key is answered as the first time.
    pub fn takes_key(&self) -> bool {
        self.route.method == Method::Post || self.route.id == "product_put_serials"
    }

    pub fn has_id(&self) -> bool {
        self.route.path.iter().any(|part| part.starts_with('{'))
    }

    /// `image`, `file`, `serials` or `import`, where one is uploaded.
    pub fn upload(&self) -> Option<&'static str> {
        if self.route.id == "blacklist_import" {
            return Some("import");
        }
        let last = self.route.path.last().copied();
        last.filter(|last| self.route.method == Method::Put && ["image", "file", "serials"].contains(last))
    }

    /// The statuses that it may answer: those of its kind, and its own.
    pub fn statuses(&self) -> Vec<u16> {
        let Route { method, status, .. } = *self.route;
        let post = method == Method::Post;
        let reads = self.body.is_some() || self.upload().is_some();
        let kinds = [
            (status, true),
            (400, self.is_list() || self.is_table() || reads || post),
            (401, true),
            (403, true),
            (404, self.has_id()),
            (406, true),
            (409, post),
            (413, reads),
            (415, post || method == Method::Put),
            (422, post),
            (429, true),
            (500, true),
        ];
        let of_its_kind = kinds.into_iter().filter_map(|(status, may)| may.then_some(status));
        let mut all: Vec<u16> = of_its_kind.chain(self.route.refuses.iter().copied()).collect();
        all.sort_unstable();
        all
    }

    /// The headers of an answer, and whether each is always there.
    pub fn headers(&self, status: u16) -> Vec<(&'static Header, bool)> {
        let good = status < 300;
        let kinds = [(&words::AUTHENTICATE, status == 401), (&words::RETRY_AFTER, [429, 503].contains(&status))];
        let mut all: Vec<(&Header, bool)> =
            kinds.into_iter().filter_map(|(header, has)| has.then_some((header, true))).collect();
        if good && self.is_table() {
            all.push((&words::DISPOSITION, true));
        }
        if self.is_file() {
            all.extend((good).then_some((&words::DISPOSITION, true)));
            all.extend([206, 416].contains(&status).then_some((&words::CONTENT_RANGE, true)));
            let knows = good || [304, 412, 416].contains(&status);
            all.extend(knows.then_some([(&words::ETAG, true), (&words::ACCEPT_RANGES, true)]).into_iter().flatten());
        }
        if good && (self.is_list() || self.is_table()) {
            all.extend(words::OF_LISTS.iter().map(|header| (header, true)));
        }
        all.extend(words::OF_ALL.iter().map(|header| (header, true)));
        if good && self.takes_key() {
            all.push((&words::REPLAYED, false));
        }
        if good && ["product_create", "product_update"].contains(&self.route.id) {
            all.push((&words::DUPLICATES, false));
        }
        if good && self.route.id == "product_update" {
            all.push((&words::LEFT_OUT, false));
        }
        all
    }
}

/// Without what only programs in Rust want to know: the widths of integers, line breaks in sentences, and the comments of
/// whole structs.
pub fn named(schema: impl Into<Value>) -> Value {
    let mut schema = plain(schema.into());
    if let Value::Object(fields) = &mut schema {
        for name in ["description", "$schema", "title"] {
            fields.shift_remove(name);
        }
    }
    schema
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => object(fields.into_iter().filter_map(|(name, value)| {
            let value = match (name.as_str(), value) {
                ("format", Value::String(format)) if format.starts_with("int") || format.starts_with("uint") => {
                    return None;
                }
                ("description", Value::String(words)) => text(words.replace('\n', " ")),
                (_, value) => plain(value),
            };
            Some((name, value))
        })),
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

/// A query knows no null: what isn't sent isn't there.
pub fn parameters(schema: Value) -> Vec<(String, Value)> {
    let Some(Value::Object(fields)) = schema.get("properties").cloned() else { return Vec::new() };
    let fields = fields.into_iter().map(|(name, mut field)| {
        for list in ["type", "enum"] {
            let Some(Value::Array(choices)) = field.get(list).cloned() else { continue };
            let null = [Value::Null, text("null")];
            let mut choices: Vec<Value> = choices.into_iter().filter(|choice| !null.contains(choice)).collect();
            let one = list == "type" && choices.len() == 1;
            put(&mut field, list, if one { choices.remove(0) } else { Value::Array(choices) });
        }
        (name, field)
    });
    fields.collect()
}

/// `webhook_create_endpoint` → `WebhookCreateEndpoint`
pub fn pascal(id: &str) -> String {
    title_case(&id.replace('_', "-")).replace('-', "")
}
