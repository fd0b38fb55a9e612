//! From the shapes of answers to JSON Schema.

use pushguard::{
    json::Value,
    notes::{Field, Meaning, Shape},
};

use super::{
    glossary::Glossary,
    tree::{object, parsed, put, reference, text, texts},
};

/// Answers to schemas, where some objects have names.
pub struct Answers<'a> {
    pub glossary: &'a Glossary,
    /// Name, section, first fields, and whether others follow.
    pub named: Vec<(&'a str, &'a str, &'a [String], bool)>,
}

/// What was observed in one place.
#[derive(Default, Clone)]
struct Place<'s> {
    shapes: Vec<&'s Shape>,
    maybe: bool,
    meanings: Vec<&'s Meaning>,
}

impl<'a> Answers<'a> {
    fn name_of(&self, fields: &[Field]) -> Option<(&'a str, &'a str)> {
        let is = |first: &[String], more: bool| {
            (if more { fields.len() > first.len() } else { fields.len() == first.len() })
                && first.iter().zip(fields).all(|(name, field)| *name == field.name)
        };
        self.named.iter().find(|(_, _, first, more)| is(first, *more)).map(|(name, section, ..)| (*name, *section))
    }

    /// The schema of what these are, in `path` of a noun.
    pub fn schema(&self, section: &str, path: &str, shapes: Vec<&Shape>) -> Value {
        self.of(section, path, &Place { shapes, ..Place::default() })
    }

    /// The named objects among all that was written.
    pub fn components(&self, all: &[&Shape]) -> Vec<(String, Value)> {
        let mut objects = Vec::new();
        for shape in all {
            collect(shape, &mut objects);
        }
        let of = |(name, section, ..): &(&str, &str, &[String], bool)| {
            let own = objects.iter().filter(|fields| self.name_of(fields).is_some_and(|(known, _)| known == *name));
            let own: Vec<&[Field]> = own.copied().collect();
            assert!(!own.is_empty(), "no answer has the fields that the glossary gives for {name}");
            ((*name).to_owned(), self.object(section, "", &own))
        };
        self.named.iter().map(of).collect()
    }

    fn of(&self, section: &str, path: &str, place: &Place) -> Value {
        let (mut objects, mut named, mut items) = (Vec::new(), Vec::new(), Vec::new());
        let (mut types, mut free, mut null, mut words) = (Vec::new(), false, place.maybe, Vec::new());
        let (mut array, mut fields_of) = (false, Vec::new());
        let mut add = |kind: &'static str| {
            if !types.contains(&kind) {
                types.push(kind);
            }
        };
        for shape in &place.shapes {
            match shape {
                Shape::Null => null = true,
                Shape::Flag => add("boolean"),
                Shape::Int(_) => add("integer"),
                Shape::Text(word) => {
                    add("string");
                    words.push(word.as_str());
                }
                Shape::Array(all) => {
                    array = true;
                    items.extend(all);
                }
                Shape::Object(fields) => match self.name_of(fields) {
                    Some((name, _)) => {
                        fields_of.push((name, fields.len()));
                        if !named.contains(&name) {
                            named.push(name);
                        }
                    }
                    None => objects.push(fields.as_slice()),
                },
                Shape::Foreign(json) => match parsed(json) {
                    Value::Null => null = true,
                    Value::Bool(_) => add("boolean"),
                    Value::Number(_) => add("number"),
                    Value::String(_) => add("string"),
                    Value::Array(_) => array = true,
                    Value::Object(_) => free = true,
                },
            }
        }
        // A field that was only ever null, written as a text that may be absent.
        if types.is_empty() && place.maybe && objects.is_empty() && named.is_empty() && !array && !free {
            types.push("string");
        }
        // Who takes the first that fits must not find one that is only a part of another.
        let size = |name: &&str| fields_of.iter().filter(|(known, _)| known == name).map(|(_, count)| *count).max();
        named.sort_by_key(|name| std::cmp::Reverse(size(name)));
        let mut ways: Vec<Value> = named.iter().map(|name| reference("schemas", name)).collect();
        if free {
            ways.push(object([("type", text("object")), ("additionalProperties", Value::Bool(true))]));
        } else if !objects.is_empty() {
            ways.push(self.object(section, path, &objects));
        }
        if array {
            let items = Place { shapes: items, maybe: false, meanings: place.meanings.clone() };
            ways.push(object([("type", text("array")), ("items", self.of(section, path, &items))]));
        }
        if !types.is_empty() {
            let mut scalar = object([("type", texts(&types))]);
            if let [one] = types.as_slice() {
                put(&mut scalar, "type", text(one));
            }
            if !words.is_empty() && words.iter().all(|word| is_time(word)) {
                put(&mut scalar, "format", text("date-time"));
            }
            constrain(&mut scalar, place.meanings.iter().copied());
            ways.push(scalar);
        }
        one_of(ways, null)
    }

    fn object(&self, section: &str, path: &str, all: &[&[Field]]) -> Value {
        let mut names: Vec<&str> = Vec::new();
        for field in all.iter().copied().flatten() {
            if !names.contains(&field.name.as_str()) {
                names.push(&field.name);
            }
        }
        let mut properties = Vec::new();
        let mut required = Vec::new();
        for name in names {
            let found: Vec<&Field> = all.iter().copied().flatten().filter(|field| field.name == name).collect();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let mut place = Place::default();
            for field in &found {
                place.shapes.push(&field.shape);
                place.maybe |= field.maybe;
                let new = field.meanings.iter().filter(|meaning| !place.meanings.contains(meaning));
                let new: Vec<&Meaning> = new.collect();
                place.meanings.extend(new);
            }
            let mut schema = self.of(section, &path, &place);
            if let Some(words) = self.glossary.word(section, &path) {
                put(&mut schema, "description", text(words));
            }
            if found.len() == all.len() {
                required.push(name);
            }
            properties.push((name.to_owned(), schema));
        }
        object([("type", text("object")), ("properties", object(properties)), ("required", texts(required))])
    }
}

fn collect<'s>(shape: &'s Shape, into: &mut Vec<&'s [Field]>) {
    match shape {
        Shape::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Shape::Object(fields) => {
            into.push(fields);
            fields.iter().for_each(|field| collect(&field.shape, into));
        }
        _ => {}
    }
}

fn is_time(word: &str) -> bool {
    word.len() == 29 && word.get(10..11) == Some("T") && word.ends_with("+00:00")
}

/// One of several schemas, or null.
pub fn one_of(mut ways: Vec<Value>, null: bool) -> Value {
    let nothing = object([("type", text("null"))]);
    match (ways.len(), null) {
        (0, true) => nothing,
        (0, false) => object::<&str>([]),
        (1, false) => ways.remove(0),
        (1, true) if ways[0].get("type").is_some() => nullable(ways.remove(0)),
        _ => {
            ways.extend(null.then_some(nothing));
            object([("anyOf", Value::Array(ways))])
        }
    }
}

/// The same, or null.
pub fn nullable(mut schema: Value) -> Value {
    let mut types = match schema.get("type") {
        Some(Value::Array(types)) => types.clone(),
        Some(one) => vec![one.clone()],
        None => panic!("{schema:?} has no type"),
    };
    types.push(text("null"));
    put(&mut schema, "type", Value::Array(types));
    if let Some(Value::Array(choices)) = schema.get("enum") {
        let mut choices = choices.clone();
        choices.push(Value::Null);
        put(&mut schema, "enum", Value::Array(choices));
    }
    schema
}

/// What is meant, as keywords of a scalar.
pub fn constrain<'m>(schema: &mut Value, meanings: impl Iterator<Item = &'m Meaning>) {
    let meanings: Vec<&Meaning> = meanings.collect();
    let known = meanings.iter().any(|meaning| matches!(meaning, Meaning::Currency | Meaning::Words(_)));
    for meaning in meanings {
        match meaning {
            Meaning::Asked | Meaning::Needed | Meaning::Flag => {}
            // Longer than any of what it may be.
            Meaning::Text { .. } if known => {}
            Meaning::Text { most } => put(schema, "maxLength", (*most as i64).into()),
            Meaning::Int { least, most } => {
                for (name, bound) in [("minimum", *least), ("maximum", *most)] {
                    if bound != i64::MIN && bound != i64::MAX {
                        put(schema, name, bound.into());
                    }
                }
            }
            Meaning::Default(n) => put(schema, "default", (*n).into()),
            Meaning::Decimal => put(schema, "pattern", text("^-?[0-9]+\\.[0-9]+$")),
            Meaning::Currency => put(schema, "pattern", text("^[A-Z]{3}$")),
            Meaning::Price => {
                put(schema, "pattern", text("^[0-9]{1,9}(\\.[0-9]{1,8})?$"));
                put(schema, "exclusiveMinimum", 0.into());
                put(schema, "maximum", 999_999_999.into());
            }
            Meaning::Email => put(schema, "format", text("email")),
            Meaning::Url => {
                put(schema, "format", text("uri"));
                put(schema, "pattern", text("^https://"));
            }
            Meaning::Time => put(schema, "format", text("date-time")),
            Meaning::Words(words) => put(schema, "enum", texts(words)),
            Meaning::Codes(codes) => put(schema, "enum", Value::Array(codes.iter().map(|n| (*n).into()).collect())),
        }
    }
}
