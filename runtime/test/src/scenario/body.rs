//! Reads bodies and the configuration: text, JSON, files, chunks.

use super::files::Folder;
use bytes::Bytes;
use mesh_filter_runtime::document::{Kind, Node, Result};

/// Reads a body as the chunks in which it is sent.
pub(crate) fn body(node: &Node, folder: &Folder) -> Result<Vec<Bytes>> {
    if let Some((text, _)) = node.scalar() {
        return Ok(vec![text.to_owned().into()]);
    }
    let forms = ["text", "json", "file", "base64", "hex", "chunks"];
    let (form, value) = node.mapping(&forms)?.one_of(&forms)?;
    Ok(match form {
        "text" => vec![value.string()?.to_owned().into()],
        "json" => vec![value.to_json()?.to_string().into()],
        "file" => vec![folder.read(value)?.into()],
        "base64" => vec![decode_base64(value)?.into()],
        "hex" => vec![decode_hex(value)?.into()],
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
    let wrong = || node.expected("base64 (standard alphabet)");
    let text: Vec<u8> = node.string()?.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at_checked(end).ok_or_else(wrong)?;
    if digits.len() % 4 == 1 || padding.len() > 2 || (!padding.is_empty() && !text.len().is_multiple_of(4)) {
        return Err(wrong());
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let mut bits: u32 = 0;
    let mut count: u32 = 0;
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(wrong()),
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    Ok(out)
}
