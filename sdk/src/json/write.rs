//! Values as JSON, without white space.

use super::JsonError;
use serde::ser::{self, Error as _, Serialize, Serializer};
use std::fmt::{Display, Write as _};

/// Writes a value, without white space.
///
/// # Errors
/// Where the value cannot be written as JSON: a map with keys that are no text, or what its type refuses to write.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    let mut writer = Writer { text: String::new() };
    value.serialize(&mut writer)?;
    Ok(writer.text)
}

impl ser::Error for JsonError {
    #[cold]
    fn custom<T: Display>(problem: T) -> Self {
        Self::unwritten(problem.to_string())
    }
}

/// Text that grows.
struct Writer {
    text: String,
}

impl Writer {
    fn word(&mut self, word: impl Display) -> Result<(), JsonError> {
        // Writing to memory does not fail.
        write!(self.text, "{word}").map_err(JsonError::custom)
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut rest = text;
        // What is escaped has one byte.
        while let Some((at, byte)) =
            rest.bytes().enumerate().find(|(_, byte)| matches!(byte, ..b' ' | b'"' | b'\\'))
        {
            let (before, after) = rest.split_at_checked(at).unwrap_or_default();
            self.text.push_str(before);
            self.escape(byte);
            rest = after.get(1..).unwrap_or_default();
        }
        self.text.push_str(rest);
        self.text.push('"');
    }

    fn escape(&mut self, byte: u8) {
        let letter = match byte {
            b'\n' => 'n',
            b'\r' => 'r',
            b'\t' => 't',
            0x08 => 'b',
            0x0c => 'f',
            b'"' | b'\\' => byte.into(),
            _ => {
                self.text.push_str(if byte < 16 { "\\u000" } else { "\\u001" });
                self.text.extend(char::from_digit(u32::from(byte & 15), 16));
                return;
            }
        };
        self.text.extend(['\\', letter]);
    }

    /// Begins what ends with `end`.
    fn open(&mut self, begin: &str, end: &'static str) -> Parts<'_> {
        self.text.push_str(begin);
        Parts { writer: self, first: true, end }
    }

    /// Begins the one entry of a variant.
    fn variant(&mut self, name: &str) {
        self.text.push('{');
        self.string(name);
        self.text.push(':');
    }
}

/// What stands between commas, and how it ends.
struct Parts<'a> {
    writer: &'a mut Writer,
    first: bool,
    end: &'static str,
}

impl Parts<'_> {
    fn comma(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.writer.text.push(',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.comma();
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), JsonError> {
        self.comma();
        self.writer.string(name);
        self.writer.text.push(':');
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.text.push_str(self.end);
    }

    /// Makes a key of what was written last: text as it is, numbers and booleans in quotes.
    fn key_from(&mut self, start: usize) -> Result<(), JsonError> {
        match self.writer.text.as_bytes().get(start) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.writer.text.insert(start, '"');
                self.writer.text.push('"');
            }
            _ => return Err(JsonError::unwritten("key must be a string".to_owned())),
        }
        self.writer.text.push(':');
        Ok(())
    }
}

macro_rules! words {
    ($($method:ident: $kind:ty),*) => {$(
        fn $method(self, value: $kind) -> Result<(), JsonError> {
            self.word(value)
        }
    )*};
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    words!(serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);
    words!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);
    words!(serialize_i128: i128, serialize_u128: u128);

    fn serialize_f32(self, value: f32) -> Result<(), JsonError> {
        if !value.is_finite() {
            return self.serialize_unit();
        }
        self.text.push_str(zmij::Buffer::new().format_finite(value));
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), JsonError> {
        if !value.is_finite() {
            return self.serialize_unit();
        }
        self.text.push_str(zmij::Buffer::new().format_finite(value));
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), JsonError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), JsonError> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), JsonError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.text.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.text.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, JsonError> {
        self.variant(variant);
        Ok(self.open("[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, JsonError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, JsonError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, JsonError> {
        self.variant(variant);
        Ok(self.open("{", "}}"))
    }
}

macro_rules! parts {
    ($($kind:ident $method:ident($($name:ident)?) => $as:ident),*) => {$(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), JsonError> {
                self.$as($($name,)? value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

parts!(
    SerializeSeq serialize_element() => element,
    SerializeTuple serialize_element() => element,
    SerializeTupleStruct serialize_field() => element,
    SerializeTupleVariant serialize_field() => element,
    SerializeStruct serialize_field(name) => field,
    SerializeStructVariant serialize_field(name) => field
);

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.comma();
        let start = self.writer.text.len();
        key.serialize(&mut *self.writer)?;
        self.key_from(start)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), JsonError> {
        self.close();
        Ok(())
    }
}
