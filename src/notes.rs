//! What handlers ask of requests and write into answers, noted for the specification (`tests/it/openapi`). Only native
//! builds note anything, and only while somebody listens; in the module every function here is empty.

/// One thing that was asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A body was opened by this reader; some clients wrap it under `root`.
    Body { reader: u32, root: String },
    /// This reader reads an object inside a body: its text.
    Inside { reader: u32, object: String },
    /// A field of a body, and how it was read. A field has several notes, which hold together.
    Field { reader: u32, name: String, meaning: Meaning },
    /// A parameter of the query.
    Param { name: String, meaning: Meaning },
    /// A header of the request.
    Header { name: String, meaning: Meaning },
}

/// What a value has to be, or is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is known but that it was looked at.
    Asked,
    /// It can't be left out or blank.
    Needed,
    Text {
        most: usize,
    },
    Flag,
    Int {
        least: i64,
        most: i64,
    },
    Default(i64),
    /// Digits with a point, as text.
    Decimal,
    Currency,
    Price,
    Email,
    Url,
    Time,
    /// One of these; of a list, each of its items is.
    Words(Vec<String>),
    Codes(Vec<i64>),
}

impl Meaning {
    pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Meaning {
        Meaning::Words(words.into_iter().map(str::to_owned).collect())
    }
}

/// What a JSON text is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Null,
    Flag,
    Int(String),
    Text(String),
    Array(Vec<Shape>),
    Object(Vec<Field>),
    /// JSON that came from elsewhere and is passed on.
    Foreign(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub shape: Shape,
    /// An `Option`, which is null at other times.
    pub maybe: bool,
    pub meanings: Vec<Meaning>,
}

/// A field's name and what it means, which is asked only where somebody listens.
pub type Meant = (&'static str, fn() -> Meaning);

#[cfg(not(target_arch = "wasm32"))]
mod observer;

#[cfg(not(target_arch = "wasm32"))]
pub use native::{Listing, note, reader, shape_of, start, take, written};
#[cfg(target_arch = "wasm32")]
pub use nothing::{Listing, note, reader, written};

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::{cell::RefCell, collections::HashMap};

    use serde::Serialize;

    use super::{Meant, Note, Shape, observer};

    #[derive(Default)]
    struct Listener {
        notes: Vec<Note>,
        /// Of every text that was written since it listens.
        shapes: HashMap<String, Shape>,
        readers: u32,
    }

    thread_local! {
        static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
    }

    fn listening<T>(then: impl FnOnce(&mut Listener) -> T) -> Option<T> {
        LISTENER.with_borrow_mut(|listener| listener.as_mut().map(then))
    }

    /// From now on this thread's doings are noted.
    pub fn start() {
        LISTENER.with_borrow_mut(|listener| *listener = Some(Listener::default()));
    }

    /// What was noted since the last time.
    pub fn take() -> Vec<Note> {
        listening(|listener| std::mem::take(&mut listener.notes)).unwrap_or_default()
    }

    pub fn note(make: impl FnOnce() -> Note) {
        listening(|listener| listener.notes.push(make()));
    }

    /// A number for whoever reads a body next.
    pub fn reader() -> u32 {
        let next = |listener: &mut Listener| {
            listener.readers += 1;
            listener.readers
        };
        listening(next).unwrap_or(0)
    }

    /// What a text that was written here is made of, however it came back.
    pub fn shape_of(text: &str) -> Option<Shape> {
        listening(|listener| listener.shapes.get(text).cloned()).flatten()
    }

    fn keep(text: &str, shape: Shape) {
        listening(|listener| listener.shapes.insert(text.to_owned(), shape));
    }

    /// An answer was written, or a part of one. A list's meaning is that of its items.
    pub fn written(value: &impl Serialize, text: &str, meanings: &[Meant]) {
        if listening(|_| ()).is_none() {
            return;
        }
        let passed_on = |json: &str| match json {
            "null" => Shape::Null,
            json => shape_of(json).unwrap_or_else(|| Shape::Foreign(json.to_owned())),
        };
        let Some(mut shape) = observer::observe(value, &passed_on) else {
            return;
        };
        if let Shape::Object(fields) = &mut shape {
            for (name, meaning) in meanings {
                if let Some(field) = fields.iter_mut().find(|field| field.name == *name) {
                    field.meanings.push(meaning());
                }
            }
        }
        keep(text, shape);
    }

    /// The items of a list that is being written.
    #[derive(Default)]
    pub struct Listing(Vec<Shape>);

    impl Listing {
        pub fn begin() -> Listing {
            Listing::default()
        }

        pub fn item(&mut self, json: &str) {
            self.0.push(shape_of(json).unwrap_or_else(|| Shape::Foreign(json.to_owned())));
        }

        pub fn done(self, text: &str) {
            keep(text, Shape::Array(self.0));
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod nothing {
    use serde::Serialize;

    use super::{Meant, Note};

    pub fn note(_: impl FnOnce() -> Note) {}

    pub fn reader() -> u32 {
        0
    }

    pub fn written(_: &impl Serialize, _: &str, _: &[Meant]) {}

    pub struct Listing;

    impl Listing {
        pub fn begin() -> Listing {
            Listing
        }
        pub fn item(&mut self, _: &str) {}
        pub fn done(self, _: &str) {}
    }
}

/// How a field of a body was read.
pub fn field(reader: u32, name: &str, meaning: impl FnOnce() -> Meaning) {
    note(|| Note::Field { reader, name: name.to_owned(), meaning: meaning() });
}

/// How a parameter of the query was read.
pub fn param(name: &str, meaning: impl FnOnce() -> Meaning) {
    note(|| Note::Param { name: name.to_owned(), meaning: meaning() });
}

/// How a header was read.
pub fn header(name: &str, meaning: impl FnOnce() -> Meaning) {
    note(|| Note::Header { name: name.to_owned(), meaning: meaning() });
}
