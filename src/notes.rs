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
    /// Written by a method that writes null at other times.
    pub maybe: bool,
    pub meanings: Vec<Meaning>,
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::{Listing, Writing, note, reader, shape_of, start, take};
#[cfg(target_arch = "wasm32")]
pub use nothing::{Listing, Writing, note, reader};

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::{cell::RefCell, collections::HashMap};

    use super::{Field, Meaning, Note, Shape};

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

    /// The fields of an object that is being written.
    #[derive(Default)]
    pub struct Writing(Vec<Field>);

    impl Writing {
        pub fn begin() -> Writing {
            Writing::default()
        }

        pub fn field(&mut self, name: &str, shape: impl FnOnce() -> Shape) {
            if listening(|_| ()).is_some() {
                let field = Field { name: name.to_owned(), shape: shape(), maybe: false, meanings: Vec::new() };
                self.0.push(field);
            }
        }

        pub fn raw(&mut self, name: &str, json: &str) {
            self.field(name, || match json {
                "null" => Shape::Null,
                json => shape_of(json).unwrap_or_else(|| Shape::Foreign(json.to_owned())),
            });
        }

        pub fn maybe(&mut self) {
            if let Some(field) = self.0.last_mut() {
                field.maybe = true;
            }
        }

        pub fn means(&mut self, name: &str, meaning: impl FnOnce() -> Meaning) {
            if let Some(field) = self.0.iter_mut().rfind(|field| field.name == name) {
                field.meanings.push(meaning());
            }
        }

        pub fn done(self, text: &str) {
            keep(text, Shape::Object(self.0));
        }
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
    use super::{Meaning, Note, Shape};

    pub fn note(_: impl FnOnce() -> Note) {}

    pub fn reader() -> u32 {
        0
    }

    pub struct Writing;

    impl Writing {
        pub fn begin() -> Writing {
            Writing
        }
        pub fn field(&mut self, _: &str, _: impl FnOnce() -> Shape) {}
        pub fn raw(&mut self, _: &str, _: &str) {}
        pub fn maybe(&mut self) {}
        pub fn means(&mut self, _: &str, _: impl FnOnce() -> Meaning) {}
        pub fn done(self, _: &str) {}
    }

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
