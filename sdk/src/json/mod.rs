//! JSON as configurations are written in it, read into types; an error says where, what is there and what was expected.
//!
//! The reader of `serde_json` shows numbers in its errors, and with them it links the printing and
//! reading of floating point: about 40 KiB in every filter, of which few ask for such a number.
//! Here an error shows the text that stands in the configuration.

mod access;
mod error;
mod key;
mod reader;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use error::JsonError;

use reader::Reader;
use serde::Deserialize;

/// Reads a whole text.
pub(crate) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(error::not_text(bytes, error.valid_up_to())),
    };
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader);
    let end = reader.end();
    match (value, end) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(problem), _) | (Ok(_), Err(problem)) => Err(problem.place(text, reader.at())),
    }
}
