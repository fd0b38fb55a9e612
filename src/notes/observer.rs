//! What a value is made of, as it serialises itself.

use std::fmt;

use serde::ser::{
    Error, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};

use super::{Field, Shape};

/// The shape, and whether the value is an `Option`. `passed_on` finds the shape of what is JSON already.
pub fn observe(value: &impl Serialize, passed_on: &dyn Fn(&str) -> Shape) -> Option<Shape> {
    value.serialize(Observer { passed_on }).ok().map(|seen| seen.shape)
}

#[derive(Clone, Copy)]
struct Observer<'a> {
    passed_on: &'a dyn Fn(&str) -> Shape,
}

struct Seen {
    shape: Shape,
    maybe: bool,
}

/// Nothing of the kind is in any answer.
#[derive(Debug)]
struct NotSeen;

type Observed = Result<Seen, NotSeen>;

impl fmt::Display for NotSeen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no answer is made of this")
    }
}

impl std::error::Error for NotSeen {}

impl Error for NotSeen {
    fn custom<T: fmt::Display>(_: T) -> NotSeen {
        NotSeen
    }
}

fn seen(shape: Shape) -> Observed {
    Ok(Seen { shape, maybe: false })
}

macro_rules! integers {
    ($($method:ident: $int:ty),*) => {
        $(fn $method(self, n: $int) -> Observed { seen(Shape::Int(n.to_string())) })*
    };
}

macro_rules! none_such {
    ($($method:ident($($argument:ty),*) -> $made:ty),* $(,)?) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$made, NotSeen> { Err(NotSeen) })*
    };
}

impl<'a> Serializer for Observer<'a> {
    type Ok = Seen;
    type Error = NotSeen;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Impossible<Seen, NotSeen>;
    type SerializeTupleVariant = Impossible<Seen, NotSeen>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Impossible<Seen, NotSeen>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);
    integers!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    none_such! {
        serialize_bytes(&[u8]) -> Seen,
        serialize_unit_struct(&'static str) -> Seen,
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant,
    }

    fn serialize_f32(self, _: f32) -> Observed {
        Err(NotSeen)
    }

    fn serialize_f64(self, _: f64) -> Observed {
        Err(NotSeen)
    }

    fn serialize_bool(self, _: bool) -> Observed {
        seen(Shape::Flag)
    }

    fn serialize_char(self, letter: char) -> Observed {
        seen(Shape::Text(letter.into()))
    }

    fn serialize_str(self, text: &str) -> Observed {
        seen(Shape::Text(text.to_owned()))
    }

    fn serialize_none(self) -> Observed {
        Ok(Seen { shape: Shape::Null, maybe: true })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Observed {
        Ok(Seen { maybe: true, ..value.serialize(self)? })
    }

    fn serialize_unit(self) -> Observed {
        seen(Shape::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Observed {
        seen(Shape::Text(name.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Observed {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Observed {
        Err(NotSeen)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, NotSeen> {
        Ok(Items { observer: self, items: Vec::new() })
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, NotSeen> {
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, NotSeen> {
        Ok(Fields { observer: self, fields: Vec::new(), name: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, NotSeen> {
        self.serialize_map(None)
    }
}

struct Items<'a> {
    observer: Observer<'a>,
    items: Vec<Shape>,
}

impl SerializeSeq for Items<'_> {
    type Ok = Seen;
    type Error = NotSeen;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), NotSeen> {
        self.items.push(item.serialize(self.observer)?.shape);
        Ok(())
    }

    fn end(self) -> Observed {
        seen(Shape::Array(self.items))
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = Seen;
    type Error = NotSeen;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), NotSeen> {
        SerializeSeq::serialize_element(self, item)
    }

    fn end(self) -> Observed {
        SerializeSeq::end(self)
    }
}

struct Fields<'a> {
    observer: Observer<'a>,
    fields: Vec<Field>,
    /// Of the field of a map that comes next.
    name: String,
}

/// The name of the only field of serde_json's `RawValue`: JSON that is passed on.
const PASSED_ON: &str = "$serde_json::private::RawValue";

impl Fields<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), NotSeen> {
        let Seen { shape, maybe } = value.serialize(self.observer)?;
        self.fields.push(Field { name: name.to_owned(), shape, maybe, meanings: Vec::new() });
        Ok(())
    }

    fn done(self) -> Observed {
        match self.fields.as_slice() {
            [Field { name, shape: Shape::Text(json), .. }] if name == PASSED_ON => {
                seen((self.observer.passed_on)(json))
            }
            _ => seen(Shape::Object(self.fields)),
        }
    }
}

impl SerializeStruct for Fields<'_> {
    type Ok = Seen;
    type Error = NotSeen;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NotSeen> {
        self.add(name, value)
    }

    fn end(self) -> Observed {
        self.done()
    }
}

impl SerializeMap for Fields<'_> {
    type Ok = Seen;
    type Error = NotSeen;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), NotSeen> {
        match name.serialize(self.observer)?.shape {
            Shape::Text(name) => self.name = name,
            _ => return Err(NotSeen),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotSeen> {
        let name = std::mem::take(&mut self.name);
        self.add(&name, value)
    }

    fn end(self) -> Observed {
        self.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Pairs, Raw};

    #[derive(serde::Serialize)]
    struct Answer<'a> {
        id: &'a str,
        count: u64,
        email: Option<&'a str>,
        note: Option<i64>,
        channel: (),
        list: Vec<bool>,
        custom: Raw<'a>,
    }

    #[test]
    fn an_answer_is_seen_field_by_field() {
        let list = vec![true];
        let answer = Answer { id: "x", count: 7, email: None, note: Some(-1), channel: (), list, custom: Raw("{}") };
        let field = |name: &str, shape, maybe| Field { name: name.into(), shape, maybe, meanings: Vec::new() };
        let fields = vec![
            field("id", Shape::Text("x".into()), false),
            field("count", Shape::Int("7".into()), false),
            field("email", Shape::Null, true),
            field("note", Shape::Int("-1".into()), true),
            field("channel", Shape::Null, false),
            field("list", Shape::Array(vec![Shape::Flag]), false),
            field("custom", Shape::Foreign("{}".into()), false),
        ];
        let passed_on = |json: &str| Shape::Foreign(json.to_owned());
        assert_eq!(observe(&answer, &passed_on), Some(Shape::Object(fields)));
        let pairs = Shape::Object(vec![field("a", Shape::Flag, false)]);
        assert_eq!(observe(&Pairs(&[("a", true)]), &passed_on), Some(pairs));
    }
}
