//! The messages of `envoy.service.ratelimit.v3`, as far as this filter says and reads them: protobuf by hand, because what a
//! generator makes of them is larger than the rest of the filter.

/// Text by number of its field.
pub(super) fn text(message: &mut Vec<u8>, field: u8, text: &[u8]) {
    message.push(field << 3 | 2);
    varint(message, text.len() as u64);
    message.extend_from_slice(text);
}

/// A number by number of its field.
pub(super) fn number(message: &mut Vec<u8>, field: u8, number: u64) {
    message.push(field << 3);
    varint(message, number);
}

fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        message.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    message.push(u8::try_from(number).unwrap_or(0));
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

impl<'m> Value<'m> {
    pub(super) fn bytes(self) -> Option<&'m [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Number(_) => None,
        }
    }

    pub(super) fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }
}

/// The fields of a message in their order. What is no message ends early.
pub(super) struct Fields<'m>(pub(super) &'m [u8]);

impl<'m> Iterator for Fields<'m> {
    type Item = (u64, Value<'m>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let tag = self.varint()?;
            let value = match tag & 7 {
                0 => Value::Number(self.varint()?),
                2 => {
                    let length = usize::try_from(self.varint()?).ok()?;
                    Value::Bytes(self.take(length)?)
                }
                // Numbers of fixed size, of which these messages have none.
                1 => self.take(8).map(|_| Value::Number(0))?,
                5 => self.take(4).map(|_| Value::Number(0))?,
                _ => return None,
            };
            if matches!(tag & 7, 0 | 2) {
                return Some((tag >> 3, value));
            }
        }
    }
}

impl<'m> Fields<'m> {
    fn take(&mut self, length: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_filter_test::proptest::prelude::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut message = Vec::new();
        text(&mut message, 1, b"edge");
        number(&mut message, 3, 300);
        number(&mut message, 4, u64::MAX);
        let fields: Vec<_> = Fields(&message).collect();
        let all = [(1, Value::Bytes(b"edge")), (3, Value::Number(300)), (4, Value::Number(u64::MAX))];
        assert_eq!(fields, all);
        assert_eq!(message[..8], [0x0a, 4, b'e', b'd', b'g', b'e', 0x18, 0xac]);
    }

    #[test]
    fn fields_of_fixed_size_are_passed_over() {
        let message = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x08, 7];
        assert_eq!(Fields(&message).collect::<Vec<_>>(), [(1, Value::Number(7))]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(Fields(&bytes).count() <= bytes.len());
        }
    }
}
