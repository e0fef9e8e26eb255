//! Reads serialised protobuf messages, as arguments of gRPC callouts and foreign functions are written.
//!
//! Only what these need: the fields of a message in order. What protobuf's own parser refuses is
//! refused here too, because Envoy decides by that whether bytes are a message or a cluster's name.

/// Nesting of groups that is followed, as in protobuf's own parsers.
const MAX_DEPTH: usize = 100;

/// The bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a protobuf message")]
pub struct Malformed;

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An integer, boolean or enumeration.
    Number(u64),
    /// A string, bytes or a message.
    Bytes(&'a [u8]),
    /// Something of fixed width, or a group: no field that is read here.
    Other,
}

impl<'a> Value<'a> {
    /// Of a string, as proto3 has them.
    ///
    /// # Errors
    /// [`Malformed`] where it is not UTF-8.
    pub fn text(bytes: &'a [u8]) -> Result<&'a str, Malformed> {
        std::str::from_utf8(bytes).map_err(|_| Malformed)
    }
}

/// The fields of a message in the order in which they are written: number and value.
///
/// # Errors
/// [`Malformed`] where the bytes are no message.
pub fn fields(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, Malformed> {
    let mut rest = bytes;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        fields.push(field(&mut rest, 0)?.ok_or(Malformed)?);
    }
    Ok(fields)
}

/// One field; `None` for the end of a group.
fn field<'a>(rest: &mut &'a [u8], depth: usize) -> Result<Option<(u32, Value<'a>)>, Malformed> {
    let (number, wire) = tag(rest)?;
    let value = match wire {
        0 => Value::Number(varint(rest)?),
        1 => take(rest, 8).map(|_| Value::Other)?,
        2 => {
            let size = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
            Value::Bytes(take(rest, size)?)
        }
        3 => group(rest, number, depth + 1).map(|()| Value::Other)?,
        4 if depth > 0 => return Ok(None),
        5 => take(rest, 4).map(|_| Value::Other)?,
        _ => return Err(Malformed),
    };
    Ok(Some((number, value)))
}

/// Passes over a group up to the end that has its number.
fn group(rest: &mut &[u8], number: u32, depth: usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    loop {
        let before = *rest;
        if field(rest, depth)?.is_none() {
            let mut end = before;
            return if tag(&mut end)?.0 == number { Ok(()) } else { Err(Malformed) };
        }
    }
}

fn tag(rest: &mut &[u8]) -> Result<(u32, u64), Malformed> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag).map_err(|_| Malformed)? >> 3;
    if number == 0 { Err(Malformed) } else { Ok((number, tag & 7)) }
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let [byte] = take(rest, 1)? else { return Err(Malformed) };
        // Of the tenth byte one bit fits; protobuf drops the others.
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Result<&'a [u8], Malformed> {
    let (taken, after) = rest.split_at_checked(size).ok_or(Malformed)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let bytes = [0x0a, 2, b'a', b'b', 0x10, 0x96, 1, 0x1d, 1, 2, 3, 4, 0x0a, 0];
        let expected =
            [(1, Value::Bytes(b"ab")), (2, Value::Number(150)), (3, Value::Other), (1, Value::Bytes(b""))];
        assert_eq!(fields(&bytes).unwrap(), expected);
        assert_eq!(fields(b"").unwrap(), []);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for bytes in [&b"upstream"[..], b"callee", b"\x0a\x05abc", b"\x08", b"\x00\x01", b"\x0c", b"\x0b\x14"]
        {
            assert_eq!(fields(bytes), Err(Malformed), "{bytes:?}");
        }
        let endless = [0x0b; 1000];
        assert_eq!(fields(&endless), Err(Malformed));
    }

    #[test]
    fn groups_are_passed_over() {
        assert_eq!(
            fields(&[0x0b, 0x10, 1, 0x0c, 0x10, 2]).unwrap(),
            [(1, Value::Other), (2, Value::Number(2))]
        );
    }
}
