//! Reads `properties` and `set_properties`: values by dotted path, encoded as Envoy does.

use super::body::bytes;
use super::expect::{Placed, placed};
use super::files::Folder;
use super::matchers::{KEYS, matcher};
use super::time::moment;
use crate::matcher::Matcher;
use crate::sim::Properties;
use bytes::Bytes;
use mesh_filter_runtime::abi::pairs;
use mesh_filter_runtime::document::{Entry, Error, Fields, Kind, Node, Result};
use std::time::Duration;

/// Values that are more than their text, and those that are bytes.
const TYPED: [&str; 7] = ["int", "uint", "double", "bool", "duration", "timestamp", "map"];
const BYTES: [&str; 5] = ["text", "json", "file", "base64", "hex"];

/// Reads what properties a test gives.
pub(super) fn properties(node: &Node, folder: &Folder) -> Result<Properties> {
    let property = |entry: &Entry| {
        path(entry)?;
        let absent = matches!(entry.value.kind(), Kind::Scalar { text, plain: true } if text == "absent");
        let value = if absent { None } else { Some(value(&entry.value, folder)?) };
        Ok((entry.key.clone(), value))
    };
    node.entries()?.iter().map(property).collect()
}

/// Reads what the filter shall have set.
pub(super) fn expected(node: &Node, folder: &Folder) -> Result<Vec<(String, Placed<Matcher>)>> {
    let property = |entry: &Entry| {
        path(entry)?;
        let node = &entry.value;
        let typed = matches!(node.kind(), Kind::Mapping(entries)
            if entries.iter().any(|entry| TYPED.contains(&entry.key.as_str())));
        let matcher = if typed {
            let known: Vec<_> = TYPED.iter().chain(KEYS).copied().collect();
            Matcher::Equals(encoded(&node.mapping(&known)?)?.to_vec())
        } else {
            matcher(node, folder)?
        };
        Ok((entry.key.clone(), placed(node, matcher)))
    };
    node.entries()?.iter().map(property).collect()
}

fn path(entry: &Entry) -> Result<()> {
    if entry.key.split('.').any(str::is_empty) {
        let problem = format!("`{}` is not the path of a property", entry.key);
        return Err(
            Error::new(&entry.place, problem).with_help("names with dots between them: `source.address`")
        );
    }
    Ok(())
}

fn value(node: &Node, folder: &Folder) -> Result<Bytes> {
    if node.scalar().is_some() {
        return bytes(node, folder);
    }
    let known: Vec<_> = BYTES.iter().chain(&TYPED).copied().collect();
    let fields = node.mapping(&known)?;
    match fields.one_of(&known)? {
        (form, _) if BYTES.contains(&form) => bytes(node, folder),
        _ => encoded(&fields),
    }
}

/// A typed value in the proxy's encoding.
fn encoded(fields: &Fields<'_>) -> Result<Bytes> {
    if let Some(other) = KEYS.iter().find_map(|key| fields.get(key)) {
        return Err(other.error("a typed value stands alone"));
    }
    let (form, node) = fields.one_of(&TYPED)?;
    let nanoseconds = |duration: Duration| {
        u64::try_from(duration.as_nanos()).map_err(|_| node.expected("less than 584 years"))
    };
    let number = match form {
        "int" => node.integer(i64::MIN..=i64::MAX)?.to_le_bytes(),
        "uint" => unsigned(node)?.to_le_bytes(),
        "double" => node.float()?.to_le_bytes(),
        "duration" => nanoseconds(node.span()?)?.to_le_bytes(),
        "timestamp" => nanoseconds(moment(node)?)?.to_le_bytes(),
        "bool" => return Ok(Bytes::from_static(if node.bool()? { &[1] } else { &[0] })),
        _ => return map(node),
    };
    Ok(Bytes::copy_from_slice(&number))
}

fn unsigned(node: &Node) -> Result<u64> {
    let number = node.scalar().and_then(|(text, _)| text.parse().ok());
    number.ok_or_else(|| node.expected("an integer from 0 to 18446744073709551615"))
}

fn map(node: &Node) -> Result<Bytes> {
    let entries = node.entries()?;
    if entries.is_empty() {
        // Not as short as an empty header map.
        return Ok(Bytes::from_static(&[0; 4]));
    }
    let pair = |entry: &Entry| Ok((entry.key.clone(), entry.value.string()?.to_owned()));
    let list = entries.iter().map(pair).collect::<Result<Vec<_>>>()?;
    Ok(pairs::encode(list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))).into())
}
