//! Small protobuf messages as programs write bytes.

/// The value of a field.
pub(super) enum Field<'a> {
    Number(u8),
    Text(&'a str),
    /// A message in the message, as [`message`] writes it.
    Message(String),
}

/// A message of numbers, texts and messages by field, as text between quotes.
pub(super) fn message(fields: &[(u8, Field<'_>)]) -> String {
    let short = |size: usize| u8::try_from(size).expect("a short field");
    let byte = |byte: u8| format!("\\x{byte:02x}");
    let field = |(number, field): &(u8, Field<'_>)| match field {
        Field::Number(value) => byte(number << 3) + &byte(*value),
        Field::Text(text) => {
            let bytes: String = text.bytes().map(byte).collect();
            byte(number << 3 | 2) + &byte(short(text.len())) + &bytes
        }
        // Four characters stand for each byte.
        Field::Message(inner) => byte(number << 3 | 2) + &byte(short(inner.len() / 4)) + inner,
    };
    fields.iter().map(field).collect()
}
