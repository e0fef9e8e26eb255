//! Keys of objects: strings, in which numbers and booleans may stand.

use super::error::Problem;
use super::float;
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error as _, Unexpected, Visitor};
use std::borrow::Cow;

/// A key, or the name of a variant.
pub(super) struct Key<'k, 'de>(&'k Cow<'de, str>);

impl<'k, 'de> Key<'k, 'de> {
    pub(super) fn new(text: &'k Cow<'de, str>) -> Self {
        Self(text)
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if let Ok(number) = self.0.parse() {
            visitor.visit_u64(number)
        } else if let Ok(number) = self.0.parse() {
            visitor.visit_i64(number)
        } else {
            Err(Problem::invalid_type(Unexpected::Str(self.0), &visitor))
        }
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match float::parse(self.0) {
            Some(number) => visitor.visit_f64(number),
            None => Err(Problem::invalid_type(Unexpected::Str(self.0), &visitor)),
        }
    }
}

macro_rules! forward {
    ($($method:ident)* => $to:ident) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            self.$to(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = Problem;

    forward!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 => integer);
    forward!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer);
    forward!(deserialize_f32 deserialize_f64 => float);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_str(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &**self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            text => Err(Problem::invalid_type(Unexpected::Str(text), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Cow::Owned(text) => visitor.visit_enum(StrDeserializer::new(text)),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
