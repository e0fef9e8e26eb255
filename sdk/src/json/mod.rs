//! JSON, read into types and written; an error says where, what is there and what was expected.
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
mod write;

#[cfg(test)]
mod tests;

pub use error::JsonError;
pub use write::write;

use reader::Reader;
use serde::Deserialize;

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
