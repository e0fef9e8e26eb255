//! What may stand in a header, checked before a hostcall sees it.

use super::HeaderError;
use crate::host::MapKind;

/// What is done to a header, for the rules about pseudo headers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Set,
    Append,
    Remove,
}

/// For each byte whether it may stand in an RFC 9110 token.
const IN_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let known = matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        #[expect(clippy::indexing_slicing, reason = "checked by the compiler, which runs this")]
        {
            table[byte as usize] = known || byte.is_ascii_alphanumeric();
        }
        byte += 1;
    }
    table
};

/// Whether a name is an RFC 9110 token.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| IN_TOKEN.get(usize::from(byte)).is_some_and(|known| *known))
}

/// Checks that a name may be changed this way in this map.
pub(crate) fn check_name(map: MapKind, name: &str, action: Action) -> Result<(), HeaderError> {
    if is_token(name) {
        return Ok(());
    }
    if !name.starts_with(':') {
        return Err(HeaderError::Name { name: name.to_owned() });
    }
    let known: &[&str] = match map {
        MapKind::RequestHeaders => &[":method", ":path", ":authority", ":scheme"],
        MapKind::ResponseHeaders => &[":status"],
        _ => &[],
    };
    // A message without one of these, or with two, is no message any more.
    match action {
        Action::Set if known.contains(&name) => Ok(()),
        Action::Set => Err(HeaderError::Pseudo { name: name.to_owned(), action: "set" }),
        Action::Append => Err(HeaderError::Pseudo { name: name.to_owned(), action: "appended" }),
        Action::Remove => Err(HeaderError::Pseudo { name: name.to_owned(), action: "removed" }),
    }
}

/// Checks that a value cannot break a message apart.
pub(crate) fn check_value(name: &str, value: &[u8]) -> Result<(), HeaderError> {
    match value.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        Some(position) => Err(HeaderError::Value {
            name: name.to_owned(),
            byte: value.get(position).copied().unwrap_or_default(),
            position,
        }),
        None if name == ":status" => check_status(value),
        None => Ok(()),
    }
}

/// Checks that a status is one that a proxy can send.
pub(crate) fn check_status(status: &[u8]) -> Result<(), HeaderError> {
    let number = std::str::from_utf8(status).ok().and_then(|text| text.parse::<u16>().ok());
    match number {
        Some(200..=599) if status.len() == 3 => Ok(()),
        _ => Err(HeaderError::Status { status: String::from_utf8_lossy(status).into_owned() }),
    }
}
