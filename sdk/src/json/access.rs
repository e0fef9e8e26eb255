//! Arrays, objects and variants, part by part; each adds its place to an error from within.

use super::error::Problem;
use super::key::Key;
use super::reader::Reader;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};
use std::borrow::Cow;

/// The elements of an array.
pub(super) struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    index: usize,
    ended: bool,
}

impl<'a, 'de> Elements<'a, 'de> {
    pub(super) fn new(reader: &'a mut Reader<'de>) -> Self {
        Self { reader, index: 0, ended: false }
    }

    /// All have been asked for, or there are no more.
    pub(super) fn end(self) -> Result<(), Problem> {
        if self.ended || !self.reader.element(b']', self.index == 0)? {
            return Ok(());
        }
        let more = format!("invalid length: expected no more than {} elements", self.index);
        Err(Problem::syntax(&more, self.reader.at()))
    }

    fn next(&mut self) -> Result<bool, Problem> {
        self.ended = self.ended || !self.reader.element(b']', self.index == 0)?;
        Ok(!self.ended)
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if !self.next()? {
            return Ok(None);
        }
        let index = self.index;
        self.index += 1;
        match seed.deserialize(&mut *self.reader) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => Err(problem.within_index(index, self.reader.at())),
        }
    }
}

/// The entries of an object.
pub(super) struct Entries<'a, 'de> {
    reader: &'a mut Reader<'de>,
    /// Where the entry's key begins. It is read again for errors: kept, it would have to be dropped in code of each type.
    key_at: usize,
    first: bool,
    ended: bool,
}

impl<'a, 'de> Entries<'a, 'de> {
    pub(super) fn new(reader: &'a mut Reader<'de>) -> Self {
        Self { reader, key_at: 0, first: true, ended: false }
    }

    /// All have been asked for, or there are no more.
    pub(super) fn end(self) -> Result<(), Problem> {
        if self.ended || !self.reader.element(b'}', self.first)? {
            return Ok(());
        }
        Err(self.reader.expected("expected `}`"))
    }

    fn next(&mut self) -> Result<Option<Cow<'de, str>>, Problem> {
        if self.ended || !self.reader.element(b'}', self.first)? {
            self.ended = true;
            return Ok(None);
        }
        self.first = false;
        self.reader.peek();
        self.key_at = self.reader.at();
        self.reader.key().map(Some)
    }

    #[cold]
    #[inline(never)]
    fn failed(&mut self, problem: Problem) -> Problem {
        self.reader.within_key(self.key_at, problem)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(key) = self.next()? else { return Ok(None) };
        match seed.deserialize(Key::new(&key)) {
            Ok(key) => Ok(Some(key)),
            Err(problem) => Err(self.failed(problem)),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        self.reader.colon();
        match seed.deserialize(&mut *self.reader) {
            Ok(value) => Ok(value),
            Err(problem) => Err(self.failed(problem)),
        }
    }
}

/// A variant that is written as an object with one entry.
pub(super) struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
    name_at: usize,
}

impl<'a, 'de> Variant<'a, 'de> {
    pub(super) fn begin(reader: &'a mut Reader<'de>) -> Result<Self, Problem> {
        if !reader.element(b'}', true)? {
            return Err(Problem::syntax("expected the name of a variant", reader.at()));
        }
        reader.peek();
        let name_at = reader.at();
        Ok(Self { reader, name_at })
    }

    fn end(&mut self) -> Result<(), Problem> {
        if self.reader.element(b'}', false)? { Err(self.reader.expected("expected `}`")) } else { Ok(()) }
    }

    fn with<T>(mut self, read: impl FnOnce(&mut Reader<'de>) -> Result<T, Problem>) -> Result<T, Problem> {
        match read(self.reader) {
            Ok(value) => self.end().map(|()| value),
            Err(problem) => Err(self.reader.within_key(self.name_at, problem)),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let name = self.reader.key()?;
        match seed.deserialize(Key::new(&name)) {
            Ok(variant) => {
                self.reader.colon();
                Ok((variant, self))
            }
            Err(problem) => Err(self.reader.within_key(self.name_at, problem)),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        self.with(|reader| match reader.peek() {
            Some(b'n') => reader.word("null"),
            _ => Err(reader.wrong(&"null")),
        })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        self.with(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.with(|reader| reader.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.with(|reader| reader.deserialize_map(visitor))
    }
}
