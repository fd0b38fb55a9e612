//! What the program does, held against the specification: whatever it answers in the scenes is
//! described, whatever is described comes in a scene, and each limit is where it is said to be.

use std::{cell::RefCell, collections::BTreeSet};

use pushguard::json::{Value, ValueExt};

use super::{
    desk::{Desk, Exchange, name_of},
    operations::{Operation, Operations},
    scenes::Hook,
    tree::{parsed, text},
    words::{EVENT_HEADERS, EVENTS, Header},
};
use crate::world::MINUTE;

/// Headers that every answer of any server has, or that are nobody's business here.
const PLAIN_HEADERS: [&str; 6] = [
    "content-type",
    "content-length",
    "content-security-policy",
    "strict-transport-security",
    "x-content-type-options",
    "cache-control",
];

/// What isn't as it is described, each once.
#[derive(Default)]
pub struct Faults(RefCell<BTreeSet<String>>);

impl Faults {
    fn unless(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.borrow_mut().insert(otherwise());
        }
    }

    fn if_not(&self, place: &str, checked: Result<(), String>) {
        self.unless(checked.is_ok(), || format!("{place}: {}", checked.err().unwrap_or_default()));
    }

    pub fn expect_none(self) {
        let all: Vec<String> = self.0.into_inner().into_iter().collect();
        assert!(all.is_empty(), "the specification and the program differ:\n{}", all.join("\n"));
    }
}

pub fn check(operations: &Operations, exchanges: &[Exchange], hooks: &[Hook], faults: &Faults) {
    for operation in &operations.all {
        let name = &operation.name;
        let own: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.operation == *name).collect();
        let statuses: BTreeSet<u16> = own.iter().map(|exchange| exchange.status).collect();
        let described = operation.statuses();
        faults
            .unless(statuses.iter().eq(&described), || format!("{name}: {described:?}, and scenes have {statuses:?}"));
        own.iter().for_each(|exchange| answered_as_described(operations, operation, exchange, faults));
        for header in own.iter().flat_map(|exchange| operation.headers(exchange.status)).map(|(header, _)| header) {
            let found = own.iter().any(|exchange| has(exchange, header));
            faults.unless(found, || format!("{name}: no scene answers {}", header.0));
        }
        let asked: BTreeSet<&str> = own.iter().flat_map(|exchange| &exchange.asked).map(String::as_str).collect();
        let mut described: BTreeSet<&str> = operation.query.iter().map(|(name, _)| name.as_str()).collect();
        operation.body.iter().for_each(|body| names(body, &mut described));
        faults.unless(asked == described, || {
            let lacks: Vec<_> = asked.difference(&described).collect();
            let unread: Vec<_> = described.difference(&asked).collect();
            format!("{name}: its handler reads {lacks:?} besides, and nobody reads {unread:?}")
        });
    }
    for hook in hooks {
        let (.., object) = EVENTS.iter().find(|(event, ..)| *event == hook.event).expect("an event with words");
        let (_, schema) = operations.named.iter().find(|(name, _)| name == object).expect("its object");
        faults.if_not(&hook.event, fits(operations, schema, &parsed(&hook.body)));
        // Those of what is sent again and of samples: `prose.md` tells of them.
        let rare = ["X-PushGuard-Replay-Of", "X-PushGuard-Simulated"];
        let usual = hook.headers.iter().filter(|name| !rare.contains(&name.as_str()));
        let known = EVENT_HEADERS.map(|(name, _)| name);
        faults.unless(usual.eq(&known), || format!("{} comes with {:?}", hook.event, hook.headers));
    }
    for (event, ..) in EVENTS {
        faults.unless(hooks.iter().any(|hook| hook.event == event), || format!("no scene brings {event}"));
    }
}

fn has(exchange: &Exchange, header: &Header) -> bool {
    exchange.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header.0))
}

fn answered_as_described(operations: &Operations, operation: &Operation, exchange: &Exchange, faults: &Faults) {
    let place = format!("{} answered {}", exchange.operation, exchange.status);
    let described = operation.headers(exchange.status);
    for (header, always) in &described {
        faults.unless(!always || has(exchange, header), || format!("{place} without {}", header.0));
    }
    for (name, _) in exchange.headers.iter().filter(|(name, _)| !PLAIN_HEADERS.contains(&&*name.to_ascii_lowercase())) {
        let known = described.iter().any(|(header, _)| header.0.eq_ignore_ascii_case(name));
        faults.unless(known, || format!("{place} with {name}"));
    }
    let (_, error) = operations.named.iter().find(|(name, _)| name == "Error").expect("an object of errors");
    let schema = if exchange.status < 300 { operation.answer.as_ref() } else { Some(error) };
    match schema {
        Some(_) if exchange.status == 304 => {
            faults.unless(exchange.answer.is_empty(), || format!("{place} with a body"))
        }
        Some(_) if operation.is_file() && exchange.status < 300 => {}
        Some(schema) => {
            let table = operation.is_table() && exchange.status < 300;
            let answer = if table { text(&exchange.answer) } else { parsed(&exchange.answer) };
            faults.if_not(&place, fits(operations, schema, &answer));
        }
        None => faults.unless(exchange.answer.is_empty(), || format!("{place} with a body")),
    }
    if let (true, true, Some(sent), Some(schema)) =
        (exchange.in_scene, exchange.status < 300, &exchange.body, &operation.body)
    {
        faults.if_not(&format!("{place} to a request that is not as described"), fits(operations, schema, sent));
    }
}

/// Every field, also of objects inside.
fn names<'a>(schema: &'a Value, into: &mut BTreeSet<&'a str>) {
    schema.get("items").into_iter().for_each(|items| names(items, into));
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        into.insert(name);
        names(field, into);
    }
}

/// Whether a value is as the schema says: what of JSON Schema is used here, but for patterns and formats. Fields that are
/// not described are not taken, unless any are.
pub fn fits(operations: &Operations, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(choices) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let whys: Vec<String> = choices.iter().filter_map(|choice| fits(operations, choice, value).err()).collect();
        return if whys.len() < choices.len() { Ok(()) } else { Err(whys.join(", ")) };
    }
    let schema = operations.resolved(schema);
    let is = |kind: &Value| match (kind.as_str().unwrap_or_default(), value) {
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => true,
        ("string", Value::String(_)) | ("array", Value::Array(_)) | ("object", Value::Object(_)) => true,
        ("integer", Value::Number(_)) => value.as_i64().is_some(),
        _ => false,
    };
    let kinds = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.as_slice(),
        Some(kind) => std::slice::from_ref(kind),
        None => return Err(format!("{schema:?} has no type")),
    };
    let refused = |why: &str| Err(format!("{} is not as {why} says", value.to_text()));
    if !kinds.iter().any(is) {
        return refused("type");
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|words| !words.contains(value)) {
        return refused("enum");
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let number = value.as_i64();
    if number
        .is_some_and(|n| bound("minimum").is_some_and(|min| n < min) || bound("maximum").is_some_and(|max| n > max))
    {
        return refused("minimum or maximum");
    }
    if let (Some(max), Some(text)) = (bound("maxLength"), value.as_str())
        && text.chars().count() as i64 > max
    {
        return refused("maxLength");
    }
    if let (Some(items), Value::Array(all)) = (schema.get("items"), value) {
        all.iter().try_for_each(|item| fits(operations, items, item))?;
    }
    if let (Some(Value::Object(known)), Value::Object(fields)) = (schema.get("properties"), value) {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            fields.get(name).map(|_| ()).ok_or(format!("{name} is missing"))?;
        }
        for (name, field) in fields {
            let schema = known.get(name).ok_or(format!("{name} is not described"))?;
            fits(operations, schema, field).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}

/// Fields that are needed or not by what stands in others.
const DEPEND: [(&str, &str); 15] = [
    ("order_refund", "amount"),
    ("order_refund", "txid"),
    ("coupon_create", "minimum"),
    ("coupon_update", "minimum"),
    ("pay_create", "product_id"),
    ("pay_create", "title"),
    ("pay_create", "currency"),
    ("pay_create", "value"),
    ("pay_create", "coupon"),
    ("pay_create", "crypto_confirmations"),
    ("pay_create", "return_url"),
    ("coupon_create", "currency"),
    ("coupon_create", "discount"),
    ("coupon_update", "currency"),
    ("coupon_update", "discount"),
];

/// Sends every field of a request at its limits and beyond them, as null, and not at all.
pub fn limits(desk: &Desk<'_>, operation: &Operation, path: &str, sent: &Value, faults: &Faults) {
    let Some(schema) = &operation.body else { return };
    let errors = |body: Value| -> (u16, Vec<String>) {
        // A minute of its own: all of this is more than one allows.
        desk.world.advance(MINUTE);
        let reply = desk.seller.ask(name_of(operation.route.method), path).body(body.to_text()).send();
        let answer = reply.text();
        let list = if reply.status() == 400 { parsed(&answer) } else { Value::Null };
        let list = list.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        (reply.status(), list.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect())
    };
    let mut fields = Vec::new();
    leaves(schema, &[], &mut fields);
    for (place, field) in fields {
        let name = place.iter().rfind(|part| *part != "[]").expect("a name");
        if DEPEND.contains(&(operation.route.id, name)) {
            continue;
        }
        let label = name.replace('_', " ");
        let complaint = |value: Option<Value>, words: &str| {
            let (status, errors) = errors(changed(sent.clone(), &place, value));
            let found = errors.iter().any(|error| error.contains(&format!("{label} {words}")));
            faults.unless(status < 500, || format!("{} {place:?}: {status}", operation.name));
            found
        };
        let bounds = |name: &str| field.get(name).and_then(Value::as_i64);
        let held = |inside: Value, outside: Value, words: String| {
            let place = format!("{} {place:?}", operation.name);
            faults.unless(!complaint(Some(inside), &words), || format!("{place}: its limit is refused: {words}"));
            faults.unless(complaint(Some(outside), &words), || format!("{place}: nobody says that it {words}"));
        };
        if let Some(max) = bounds("maxLength") {
            let long = |count: i64| text("x".repeat(count as usize));
            held(long(max), long(max + 1), format!("is too long (maximum is {max} characters)"));
        }
        if let Some(max) = bounds("maximum") {
            held(max.into(), (max + 1).into(), format!("must be less than or equal to {max}"));
        }
        if let Some(min) = bounds("minimum") {
            held(min.into(), (min - 1).into(), format!("must be greater than or equal to {min}"));
        }
        if place.len() > 1 {
            continue;
        }
        let nullable = field.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&text("null")));
        let place = format!("{} {name}", operation.name);
        faults.unless(!nullable || !complaint(Some(Value::Null), ""), || format!("{place}: null is refused"));
        let required = schema.get("required").and_then(Value::as_array).is_some_and(|all| all.contains(&text(name)));
        let missed = complaint(None, "can't be blank");
        faults.unless(missed == required, || format!("{place}: required is {required}, and it is missed: {missed}"));
    }
}

/// The fields that hold no others, and where they stand; `[]` is an item of a list.
fn leaves<'a>(schema: &'a Value, place: &[String], into: &mut Vec<(Vec<String>, &'a Value)>) {
    let below = |name: &str| -> Vec<String> { place.iter().cloned().chain([name.to_owned()]).collect() };
    if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
        fields.iter().for_each(|(name, field)| leaves(field, &below(name), into));
    } else if let Some(items) = schema.get("items").filter(|items| items.get("properties").is_some()) {
        leaves(items, &below("[]"), into);
    } else {
        into.push((place.to_vec(), schema));
    }
}

/// The body with another value in that place, or with none.
fn changed(body: Value, place: &[String], value: Option<Value>) -> Value {
    let Some((first, rest)) = place.split_first() else { return value.unwrap_or(Value::Null) };
    if first == "[]" {
        let item = body.as_array().and_then(|items| items.first()).cloned().unwrap_or_default();
        return Value::Array(vec![changed(item, rest, value)]);
    }
    let mut fields = body.as_object().cloned().unwrap_or_default();
    if rest.is_empty() && value.is_none() {
        fields.shift_remove(first);
    } else {
        let inner = fields.get(first).cloned().unwrap_or_default();
        fields.insert(first.clone(), changed(inner, rest, value));
    }
    Value::Object(fields)
}
