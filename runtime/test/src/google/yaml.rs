//! Reads the YAML form into the fields that the text format gives.

use super::tree::{Field, Form, Kind, Value};
use mesh_filter_runtime::document::{Document, Entry, Kind as NodeKind, Node, Result};

/// Reads a file's text as one message.
pub(super) fn parse(file: &str, text: &str) -> Result<Value> {
    let document = Document::parse(file, text)?;
    let root = document.root();
    Ok(value(root).unwrap_or_else(|| Value { place: root.place().clone(), kind: Kind::Message(Vec::new()) }))
}

/// The value of a node; none of `null`, which is the same as no field.
fn value(node: &Node) -> Option<Value> {
    let kind = match node.kind() {
        NodeKind::Null => return None,
        NodeKind::Scalar { text, .. } => Kind::Scalar { bytes: text.clone().into_bytes(), form: Form::Any },
        NodeKind::List(items) => Kind::List(items.iter().filter_map(value).collect()),
        NodeKind::Mapping(entries) => Kind::Message(entries.iter().filter_map(field).collect()),
    };
    Some(Value { place: node.place().clone(), kind })
}

fn field(entry: &Entry) -> Option<Field> {
    Some(Field { name: entry.key.clone(), place: entry.place.clone(), value: value(&entry.value)? })
}
