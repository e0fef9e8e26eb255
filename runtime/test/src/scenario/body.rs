//! Reads bodies and the configuration: text, JSON, files, chunks.

use super::files::Folder;
use super::jwt::key_set;
use crate::base64;
use bytes::Bytes;
use mesh_filter_runtime::document::{Kind, Node, Result};

/// Reads a body as the chunks in which it is sent.
pub(crate) fn body(node: &Node, folder: &Folder) -> Result<Vec<Bytes>> {
    if let Some((text, _)) = node.scalar() {
        return Ok(vec![text.to_owned().into()]);
    }
    let forms = ["text", "json", "file", "base64", "hex", "chunks", "jwks"];
    let (form, value) = node.mapping(&forms)?.one_of(&forms)?;
    Ok(match form {
        "text" => vec![value.string()?.to_owned().into()],
        "json" => vec![value.to_json()?.to_string().into()],
        "file" => vec![folder.read(value)?.into()],
        "base64" => vec![decode_base64(value)?.into()],
        "hex" => vec![decode_hex(value)?.into()],
        "jwks" => vec![key_set(value, folder)?.into()],
        _ => {
            let chunk = |item: &Node| item.string().map(|text| Bytes::from(text.to_owned()));
            value.list()?.iter().map(chunk).collect::<Result<_>>()?
        }
    })
}

/// Reads bytes that are sent as a whole.
pub(crate) fn bytes(node: &Node, folder: &Folder) -> Result<Bytes> {
    Ok(body(node, folder)?.concat().into())
}

/// Reads a plugin's configuration: any mapping is JSON, `{file: ..}` and `{text: ..}` are bytes.
pub(crate) fn configuration(node: &Node, folder: &Folder) -> Result<Vec<u8>> {
    if let Kind::Mapping(entries) = node.kind()
        && let [entry] = entries.as_slice()
        && entry.value.scalar().is_some()
    {
        match entry.key.as_str() {
            "file" => return folder.read(&entry.value),
            "text" => return Ok(entry.value.string()?.as_bytes().to_vec()),
            _ => {}
        }
    }
    match node.kind() {
        Kind::Mapping(_) | Kind::List(_) => Ok(node.to_json()?.to_string().into_bytes()),
        Kind::Null => Ok(Vec::new()),
        Kind::Scalar { .. } => Err(node
            .expected("a mapping, which becomes JSON")
            .with_help("for a configuration that is not JSON write `{text: \"..\"}`")),
    }
}

/// Decodes hexadecimal digits; white space is skipped.
pub(crate) fn decode_hex(node: &Node) -> Result<Vec<u8>> {
    let wrong = || node.expected("bytes as pairs of hexadecimal digits");
    let text: Vec<u8> = node.string()?.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?),
        _ => None,
    };
    text.chunks(2).map(|pair| byte(pair).ok_or_else(wrong)).collect()
}

/// Decodes RFC 4648 base64 with the standard alphabet; white space is skipped.
pub(crate) fn decode_base64(node: &Node) -> Result<Vec<u8>> {
    base64::decode(node.string()?).ok_or_else(|| node.expected("base64 (standard alphabet)"))
}
