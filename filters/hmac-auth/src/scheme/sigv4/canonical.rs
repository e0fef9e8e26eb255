//! The canonical request: method, path, query and headers in the one form that both sides make of them.

use crate::head::Head;
use crate::refusal::Refusal;
use mesh_filter_policy::Encoding;
use std::collections::BinaryHeap;

/// The canonical request up to the hash of its body. `normalize`: whether the path is put in order and encoded again.
///
/// # Errors
/// Where the request does not have a header that is signed.
pub(super) fn request(head: &Head<'_>, signed: &[&str], normalize: bool) -> Result<Vec<u8>, Refusal> {
    let mut request = head.method.to_vec();
    request.push(b'\n');
    write_path(head.path(), normalize, &mut request);
    request.push(b'\n');
    write_query(head.query().unwrap_or_default(), &mut request);
    request.push(b'\n');
    for name in signed {
        request.extend_from_slice(name.as_bytes());
        request.push(b':');
        match *name {
            "host" => request.extend_from_slice(head.authority),
            name => {
                let value = head.joined(name, b",").ok_or(Refusal::ComponentUnknown)?;
                write_without_double_spaces(&value, &mut request);
            }
        }
        request.push(b'\n');
    }
    request.push(b'\n');
    request.extend_from_slice(signed.join(";").as_bytes());
    request.push(b'\n');
    Ok(request)
}

fn write_path(path: &[u8], normalize: bool, into: &mut Vec<u8>) {
    match (path, normalize) {
        (b"", _) => into.push(b'/'),
        // What came is encoded once more.
        (path, true) => write_encoded(&without_dots(path), true, into),
        // One encoding: that of what the path means. A slash that came encoded parts nothing, so it stays encoded.
        (path, false) => {
            for (index, segment) in path.split(|byte| *byte == b'/').enumerate() {
                if index > 0 {
                    into.push(b'/');
                }
                write_encoded(&decoded(segment), false, into);
            }
        }
    }
}

/// Without empty segments, `.` and `..`.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let ends = path.ends_with(b"/") || path.ends_with(b"/.") || path.ends_with(b"/..");
    let mut normal = b"/".to_vec();
    normal.extend(segments.join(&b'/'));
    if ends && normal.len() > 1 {
        normal.push(b'/');
    }
    normal
}

/// Names and values, each encoded, in the order of their bytes.
fn write_query(query: &[u8], into: &mut Vec<u8>) {
    // A heap sorts as well, and is a fifth of the code.
    let mut pairs: BinaryHeap<(Vec<u8>, Vec<u8>)> = BinaryHeap::new();
    for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut parts = pair.splitn(2, |byte| *byte == b'=').map(|part| {
            let mut encoded = Vec::with_capacity(part.len());
            // A `+` stays one: forms take it for a space, and `%2B` for a plus.
            for (index, words) in part.split(|byte| *byte == b'+').enumerate() {
                if index > 0 {
                    encoded.push(b'+');
                }
                write_encoded(&decoded(words), false, &mut encoded);
            }
            encoded
        });
        pairs.push((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
    }
    for (index, (name, value)) in pairs.into_sorted_vec().iter().enumerate() {
        if index > 0 {
            into.push(b'&');
        }
        into.extend_from_slice(name);
        into.push(b'=');
        into.extend_from_slice(value);
    }
}

/// All but letters, digits, `-`, `.`, `_`, `~` is encoded; `slashes`: they stay.
fn write_encoded(text: &[u8], slashes: bool, into: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'-' | b'.' | b'_' | b'~' => into.push(*byte),
            b'/' if slashes => into.push(*byte),
            byte if byte.is_ascii_alphanumeric() => into.push(*byte),
            byte => {
                into.push(b'%');
                into.extend(Encoding::Hex.encode(&[*byte]).to_ascii_uppercase());
            }
        }
    }
}

/// `%41` is `A`; what is no escape stays.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => Encoding::Hex.decode(&[*high, *low]).map(|byte| (byte, after)),
            _ => None,
        };
        match escaped {
            Some((byte, after)) => {
                bytes.extend(byte);
                rest = after;
            }
            None => bytes.push(*first),
        }
    }
    bytes
}

fn write_without_double_spaces(value: &[u8], into: &mut Vec<u8>) {
    let mut before = b'x';
    for byte in value {
        if *byte != b' ' || before != b' ' {
            into.push(*byte);
        }
        before = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str, normalize: bool) -> String {
        let mut into = Vec::new();
        write_path(path.as_bytes(), normalize, &mut into);
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn paths_are_put_in_order_unless_they_are_of_s3() {
        for (text, normal, plain) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("/a/./b/../c//d/", "/a/c/d/", "/a/./b/../c//d/"),
            ("/..", "/", "/.."),
            ("/a/..", "/", "/a/.."),
            ("/a%20b/c~d", "/a%2520b/c~d", "/a%20b/c~d"),
            ("/a+b!", "/a%2Bb%21", "/a%2Bb%21"),
            ("/%c3%a9", "/%25c3%25a9", "/%C3%A9"),
            ("/a%2Fb/", "/a%252Fb/", "/a%2Fb/"),
        ] {
            assert_eq!((path(text, true).as_str(), path(text, false).as_str()), (normal, plain), "{text}");
        }
    }

    #[test]
    fn queries_are_sorted_by_what_is_encoded() {
        let mut into = Vec::new();
        write_query(b"b=2&a&a=%7e&a=%2F&a-b=x=y&&A=+%2b%20", &mut into);
        assert_eq!(String::from_utf8(into).unwrap(), "A=+%2B%20&a=&a=%2F&a=~&a-b=x%3Dy&b=2");
    }
}
