//! Values as `serde` asks for them.
//!
//! What does not depend on the type that is read is in `reader`, because all here is compiled for
//! each type anew.

use super::access::{Elements, Entries, Variant};
use super::error::Problem;
use super::float;
use super::reader::{Number, Reader};
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{Deserializer, Expected, Visitor};
use std::borrow::Cow;

impl<'de> Reader<'de> {
    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        match self.number_for(&visitor)? {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Signed(number) => visitor.visit_i64(number),
            other => Err(other.wrong(&visitor)),
        }
    }

    fn float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        match self.number_for(&visitor)? {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Signed(number) => visitor.visit_i64(number),
            Number::Other(text) => match float::parse(text) {
                Some(number) => visitor.visit_f64(number),
                None => Err(Problem::syntax("number out of range", self.at())),
            },
        }
    }

    /// A number of more than 64 bits, for the types that have them.
    fn long(&mut self, expected: &dyn Expected) -> Result<String, Problem> {
        Ok(match self.number_for(expected)? {
            Number::Unsigned(number) => number.to_string(),
            Number::Signed(number) => number.to_string(),
            Number::Other(text) => text.to_owned(),
        })
    }

    fn text(&mut self, expected: &dyn Expected) -> Result<Cow<'de, str>, Problem> {
        if self.peek() == Some(b'"') { self.string() } else { Err(self.wrong(expected)) }
    }

    fn elements<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        self.begin(b'[', &visitor)?;
        let mut elements = Elements::new(self);
        let value = visitor.visit_seq(&mut elements)?;
        elements.end().map(|()| value)
    }

    fn entries<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Problem> {
        self.begin(b'{', &visitor)?;
        let mut entries = Entries::new(self);
        let value = visitor.visit_map(&mut entries)?;
        entries.end().map(|()| value)
    }
}

macro_rules! forward {
    ($($method:ident)* => $to:ident) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            self.$to(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Problem;

    forward!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 => integer);
    forward!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer);
    forward!(deserialize_f32 deserialize_f64 => float);
    forward!(deserialize_char deserialize_string deserialize_identifier => deserialize_str);
    forward!(deserialize_byte_buf => deserialize_bytes);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b'n') => self.deserialize_unit(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'"') => self.deserialize_str(visitor),
            Some(b'[') => self.elements(visitor),
            Some(b'{') => self.entries(visitor),
            _ => self.float(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = self.long(&visitor)?;
        text.parse()
            .map_err(|_| Number::Other(&text).wrong(&visitor))
            .and_then(|long| visitor.visit_i128(long))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = self.long(&visitor)?;
        text.parse()
            .map_err(|_| Number::Other(&text).wrong(&visitor))
            .and_then(|long| visitor.visit_u128(long))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.text(&visitor)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'[') {
            return self.elements(visitor);
        }
        match self.text(&visitor)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Cow::Owned(text) => visitor.visit_byte_buf(text.into_bytes()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.peek() {
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.elements(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.entries(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if self.peek() == Some(b'{') {
            self.open()?;
            let variant = Variant::begin(self)?;
            return visitor.visit_enum(variant);
        }
        match self.text(&visitor)? {
            Cow::Borrowed(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => visitor.visit_enum(StrDeserializer::new(&name)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.skip()?;
        visitor.visit_unit()
    }
}
