//! What a phase gets: headers, or a body.

use super::files::Folder;
use super::http1::{self, Pairs};
use super::tree::{Placed, Value};
use mesh_filter_runtime::document::{Place, Result};
use mesh_filter_runtime::exchange::Side;

/// What a phase gets.
#[derive(Debug, Clone, Default)]
pub(super) struct Input {
    /// Of a phase of headers, in the order of the file.
    pub(super) headers: Pairs,
    /// Of a phase of a body.
    pub(super) body: Vec<u8>,
    /// Headers that a phase of a body cannot have.
    pub(super) unread: Option<Place>,
}

/// Reads the input of headers.
pub(super) fn headers(value: &Value, side: Side, folder: &Folder) -> Result<Input> {
    let fields = value.message(&["header", "content", "file"])?;
    let mut headers: Pairs = Vec::new();
    for header in fields.each("header", header)? {
        headers.push((header.name.value.into_bytes(), header.value.value));
    }
    if let Some((name, value)) = fields.exclusive(&["content", "file"])? {
        let text = if name == "file" { folder.read(value)? } else { value.bytes()?.to_vec() };
        headers.extend(http1::headers(&text, side).map_err(|problem| value.error(problem))?);
    }
    Ok(Input { headers, ..Input::default() })
}

/// Reads the input of a body.
pub(super) fn body(value: &Value, folder: &Folder) -> Result<Input> {
    let fields = value.message(&["header", "content", "file"])?;
    fields.each("header", header)?;
    let unread = fields.place_of("header").cloned();
    let body = match fields.exclusive(&["content", "file"])? {
        Some(("file", value)) => folder.read(value)?,
        Some((_, value)) => value.bytes()?.to_vec(),
        None => Vec::new(),
    };
    Ok(Input { body, unread, ..Input::default() })
}

/// A header of an input or an expectation.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: Placed<String>,
    pub(super) value: Placed<Vec<u8>>,
}

/// Reads a header: its name and its value, which may be any bytes.
pub(super) fn header(value: &Value) -> Result<Header> {
    let fields = value.message(&["key", "value"])?;
    let key = fields.one("key")?.ok_or_else(|| value.error("a header needs `key`"))?;
    let name = Placed { place: key.place.clone(), value: key.text()?.to_owned() };
    if name.value.is_empty() {
        return Err(key.error("a header has a name"));
    }
    let value = match fields.one("value")? {
        Some(value) => Placed { place: value.place.clone(), value: value.bytes()?.to_vec() },
        None => Placed { place: key.place.clone(), value: Vec::new() },
    };
    Ok(Header { name, value })
}
