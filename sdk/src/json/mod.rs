//! JSON, read into types; an error says where, what is there and what was expected.
//!
//! Configurations are read by it, and what workers share. A filter that reads JSON of its own by it, too, has one reader in
//! its module and not two: the reader of `serde_json` has about 25 KiB. It also shows numbers in its errors, and with them it
//! links the printing of floating point, as much again. Here an error shows the text that stands in the source.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Reply { active: bool }
//!
//! let reply: Reply = mesh_filter::json::read(br#"{"active": true}"#)?;
//! assert!(reply.active);
//! # Ok::<(), mesh_filter::Error>(())
//! ```

mod access;
mod error;
mod float;
mod key;
mod reader;
mod value;

#[cfg(test)]
mod tests;

pub use error::JsonError;

use reader::Reader;
use serde::{Deserialize, Serialize};

/// Reads a whole text.
///
/// # Errors
/// Where the bytes are not JSON, or do not fit the type.
pub fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
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

/// Writes a value, without white space.
///
/// # Errors
/// Where the value cannot be written as JSON: a map whose keys are no texts, or what its type refuses to write.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    serde_json::to_vec(value).map_err(|error| JsonError::unwritten(&error))
}
