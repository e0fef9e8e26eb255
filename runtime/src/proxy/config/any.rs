//! The bytes that a plugin is configured with: a protobuf `Any`.
//!
//! Envoy hands a `StringValue` and a `BytesValue` over as they are, and of any other type the
//! encoded message. So a `Struct` arrives as protobuf, not as JSON.

use super::proto::{Plain, Proto, plain};
use crate::document::{Kind, Node, Result};

/// Message levels that Envoy can encode and decode of a `Struct`: each takes three of protobuf's 100.
const MAX_STRUCT_DEPTH: usize = 30;

/// Reads the bytes of a `configuration`.
pub(super) fn bytes(node: &Node) -> Result<Vec<u8>> {
    const STRING: &str = "google.protobuf.StringValue";
    const BYTES: &str = "google.protobuf.BytesValue";
    const STRUCT: &str = "google.protobuf.Struct";
    let value = |name| -> Result<Option<&Node>> { Ok(node.typed(name, &["value"])?.get("value")) };
    match node.type_name()?.as_str() {
        STRING => Ok(value(STRING)?.map(Proto::text).transpose()?.unwrap_or_default().into_bytes()),
        BYTES => Ok(value(BYTES)?.map(Proto::base64).transpose()?.unwrap_or_default()),
        STRUCT => match value(STRUCT)? {
            Some(value) => structure(value, 0),
            None => Ok(Vec::new()),
        },
        other => Err(node
            .error(format!("the configuration type `{other}` is not supported"))
            .with_help(format!("known here: `{STRING}`, `{BYTES}`, `{STRUCT}`"))),
    }
}

/// `google.protobuf.Struct { map<string, Value> fields = 1; }`.
fn structure(node: &Node, depth: usize) -> Result<Vec<u8>> {
    if depth > MAX_STRUCT_DEPTH {
        return Err(node.error(format!("a struct nested deeper than {MAX_STRUCT_DEPTH} levels")));
    }
    let mut message = Vec::new();
    for entry in node.entries()? {
        let mut field = Vec::new();
        length_delimited(&mut field, 1, entry.key.as_bytes());
        length_delimited(&mut field, 2, &value(&entry.value, depth + 1)?);
        length_delimited(&mut message, 1, &field);
    }
    Ok(message)
}

/// `google.protobuf.Value`: null 1, number 2, string 3, bool 4, struct 5, list 6.
fn value(node: &Node, depth: usize) -> Result<Vec<u8>> {
    let mut message = Vec::new();
    match node.kind() {
        Kind::Null => message.extend_from_slice(&[1 << 3, 0]),
        Kind::Mapping(_) => length_delimited(&mut message, 5, &structure(node, depth)?),
        Kind::List(items) => {
            if depth > MAX_STRUCT_DEPTH {
                return Err(node.error(format!("a list nested deeper than {MAX_STRUCT_DEPTH} levels")));
            }
            let mut list = Vec::new();
            for item in items {
                length_delimited(&mut list, 1, &value(item, depth + 1)?);
            }
            length_delimited(&mut message, 6, &list);
        }
        Kind::Scalar { text, plain: true } if node.place().is_json() => match text.as_str() {
            "true" | "false" => boolean(&mut message, text == "true"),
            _ => number(&mut message, node.float()?),
        },
        Kind::Scalar { text, plain: true } => match plain(text) {
            Plain::Bool(value) => boolean(&mut message, value),
            // Envoy's loader keeps integers beyond 32 bits, and every decimal fraction, as text.
            Plain::Integer(value) => match i32::try_from(value) {
                Ok(value) => number(&mut message, f64::from(value)),
                Err(_) => length_delimited(&mut message, 3, value.to_string().as_bytes()),
            },
            Plain::Text(text) => length_delimited(&mut message, 3, text.as_bytes()),
        },
        Kind::Scalar { text, plain: false } => length_delimited(&mut message, 3, text.as_bytes()),
    }
    Ok(message)
}

fn boolean(message: &mut Vec<u8>, value: bool) {
    message.extend_from_slice(&[4 << 3, u8::from(value)]);
}

fn number(message: &mut Vec<u8>, value: f64) {
    message.push(2 << 3 | 1);
    message.extend_from_slice(&value.to_le_bytes());
}

fn length_delimited(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | 2);
    let mut length = bytes.len();
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        if length == 0 {
            message.push(low & 0x7f);
            break;
        }
        message.push(low | 0x80);
    }
    message.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::document::Document;

    const TYPE: &str = "\"@type\": \"type.googleapis.com/google.protobuf";

    fn configuration(json: bool, any: &str) -> Vec<u8> {
        let text = format!("{{{TYPE}.{any}}}");
        let document =
            if json { Document::parse_json("file", &text) } else { Document::parse("file", &text) };
        bytes(document.unwrap().root()).unwrap()
    }

    #[test]
    fn text_and_bytes_arrive_bare() {
        assert_eq!(configuration(false, "StringValue\", value: \"{}\""), b"{}");
        assert_eq!(configuration(false, "BytesValue\", value: aGk="), b"hi");
        assert_eq!(configuration(false, "StringValue\""), b"");
    }

    #[test]
    fn a_struct_arrives_as_protobuf() {
        let struct_of = |value: &[u8]| {
            let mut field = vec![0x0a, 1, b'a', 0x12, u8::try_from(value.len()).unwrap()];
            field.extend_from_slice(value);
            [&[0x0a, u8::try_from(field.len()).unwrap()], field.as_slice()].concat()
        };
        let one = [&[0x11u8][..], &1f64.to_le_bytes()].concat();
        let read =
            |json, value: &str| configuration(json, &format!("Struct\", \"value\": {{\"a\": {value}}}"));
        assert_eq!(read(false, "1"), struct_of(&one));
        assert_eq!(read(false, "~"), struct_of(&[0x08, 0]));
        assert_eq!(read(false, "yes"), struct_of(&[0x20, 1]));
        assert_eq!(read(false, "\"yes\""), struct_of(b"\x1a\x03yes"));
        assert_eq!(read(false, "[]"), struct_of(&[0x32, 0]));
        assert_eq!(read(false, "{a: ~}"), struct_of(&[&[0x2a, 9][..], &struct_of(&[0x08, 0])].concat()));
    }

    #[test]
    fn fractions_are_numbers_in_json_and_text_in_yaml() {
        let yaml = configuration(false, "Struct\", \"value\": {\"a\": 1.5}");
        let json = configuration(true, "Struct\", \"value\": {\"a\": 1.5}");
        assert!(yaml.ends_with(b"\x1a\x031.5") && json.ends_with(&1.5f64.to_le_bytes()));
    }
}
