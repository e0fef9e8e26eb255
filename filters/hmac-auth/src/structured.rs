//! Structured fields (RFC 8941), as far as signatures need them, and more strictly: a name that stands twice is refused, where
//! the RFC takes the last one.
//!
//! Signatures are made over the canonical form, so everything that is read can be written again.

use mesh_filter_policy::Encoding;

/// More members are nobody's signatures.
const MOST_MEMBERS: usize = 128;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bare {
    Integer(i64),
    /// In thousandths.
    Decimal(i64),
    Text(String),
    Token(String),
    Bytes(Vec<u8>),
    Bool(bool),
}

/// Names and values behind an item, in order.
pub(crate) type Parameters = Vec<(String, Bare)>;

/// A value and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) value: Bare,
    pub(crate) parameters: Parameters,
}

/// An item, or a list of them in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Member {
    Item(Item),
    Inner(Vec<Item>, Parameters),
}

/// Reads a dictionary; `None` where it is none, or a name stands in it twice.
pub(crate) fn dictionary(text: &[u8]) -> Option<Vec<(String, Member)>> {
    let mut reader = Reader(text.trim_ascii());
    let mut members: Vec<(String, Member)> = Vec::new();
    while !reader.0.is_empty() {
        let key = reader.key()?;
        let member = match reader.take(b'=') {
            true => reader.member()?,
            false => Member::Item(Item { value: Bare::Bool(true), parameters: reader.parameters()? }),
        };
        if members.len() >= MOST_MEMBERS || members.iter().any(|(known, _)| *known == key) {
            return None;
        }
        members.push((key, member));
        reader.next_member()?;
    }
    Some(members)
}

/// Reads a list.
pub(crate) fn list(text: &[u8]) -> Option<Vec<Member>> {
    let mut reader = Reader(text.trim_ascii());
    let mut members = Vec::new();
    while !reader.0.is_empty() {
        members.push(reader.member()?);
        if members.len() > MOST_MEMBERS {
            return None;
        }
        reader.next_member()?;
    }
    Some(members)
}

/// Reads an item and nothing else.
pub(crate) fn item(text: &[u8]) -> Option<Item> {
    let mut reader = Reader(text);
    let item = reader.item()?;
    reader.0.is_empty().then_some(item)
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !fits(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// The comma between two members, or the end.
    fn next_member(&mut self) -> Option<()> {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
        if self.0.is_empty() {
            return Some(());
        }
        let comma = self.take(b',');
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
        (comma && !self.0.is_empty()).then_some(())
    }

    fn member(&mut self) -> Option<Member> {
        if !self.take(b'(') {
            return self.item().map(Member::Item);
        }
        let mut items = Vec::new();
        loop {
            let spaces = self.take_while(|byte| byte == b' ').len();
            if self.take(b')') {
                return Some(Member::Inner(items, self.parameters()?));
            }
            if (spaces == 0 && !items.is_empty()) || items.len() >= MOST_MEMBERS {
                return None;
            }
            items.push(self.item()?);
        }
    }

    fn item(&mut self) -> Option<Item> {
        Some(Item { value: self.bare()?, parameters: self.parameters()? })
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut parameters = Parameters::new();
        while self.take(b';') {
            self.take_while(|byte| byte == b' ');
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { Bare::Bool(true) };
            if parameters.len() >= MOST_MEMBERS || parameters.iter().any(|(known, _)| *known == key) {
                return None;
            }
            parameters.push((key, value));
        }
        Some(parameters)
    }

    fn key(&mut self) -> Option<String> {
        if !matches!(self.peek()?, b'a'..=b'z' | b'*') {
            return None;
        }
        let key =
            self.take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'));
        text(key)
    }

    fn bare(&mut self) -> Option<Bare> {
        match self.peek()? {
            b'"' => self.quoted().map(Bare::Text),
            b':' => {
                self.take(b':');
                let encoded = self.take_while(|byte| byte != b':');
                if !self.take(b':') {
                    return None;
                }
                Encoding::Base64.decode(encoded).map(Bare::Bytes)
            }
            b'?' => {
                self.take(b'?');
                match (self.take(b'1'), self.take(b'0')) {
                    (true, false) => Some(Bare::Bool(true)),
                    (false, true) => Some(Bare::Bool(false)),
                    _ => None,
                }
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'A'..=b'Z' | b'a'..=b'z' | b'*' => text(self.take_while(is_of_token)).map(Bare::Token),
            _ => None,
        }
    }

    /// Up to 15 digits, or up to 12 and up to three behind a point.
    fn number(&mut self) -> Option<Bare> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        let whole = self.take_while(|byte| byte.is_ascii_digit());
        let number: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
        if !self.take(b'.') {
            return (whole.len() <= 15).then_some(Bare::Integer(sign * number));
        }
        let fraction = self.take_while(|byte| byte.is_ascii_digit());
        let digits: i64 = std::str::from_utf8(fraction).ok()?.parse().ok()?;
        let scale = [100, 10, 1].get(fraction.len().checked_sub(1)?)?;
        (whole.len() <= 12).then_some(Bare::Decimal(sign * (number * 1000 + digits * scale)))
    }

    fn quoted(&mut self) -> Option<String> {
        let mut characters = Vec::new();
        self.take(b'"');
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return text(&characters),
                b'\\' => {
                    let (escaped @ (b'"' | b'\\'), rest) = self.0.split_first()? else { return None };
                    self.0 = rest;
                    characters.push(*escaped);
                }
                b' '..=b'~' => characters.push(*byte),
                _ => return None,
            }
        }
    }
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

impl Bare {
    /// Writes the canonical form.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => into.extend_from_slice(number.to_string().as_bytes()),
            Self::Decimal(thousandths) => write_decimal(*thousandths, into),
            Self::Text(text) => {
                into.push(b'"');
                for byte in text.bytes() {
                    if matches!(byte, b'"' | b'\\') {
                        into.push(b'\\');
                    }
                    into.push(byte);
                }
                into.push(b'"');
            }
            Self::Token(token) => into.extend_from_slice(token.as_bytes()),
            Self::Bytes(bytes) => {
                into.push(b':');
                into.extend_from_slice(&Encoding::Base64.encode(bytes));
                into.push(b':');
            }
            Self::Bool(value) => into.extend_from_slice(if *value { b"?1" } else { b"?0" }),
        }
    }
}

/// At least one digit on either side of the point, and no zero more than that.
fn write_decimal(thousandths: i64, into: &mut Vec<u8>) {
    if thousandths < 0 {
        into.push(b'-');
    }
    let (whole, mut rest) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    into.extend_from_slice(whole.to_string().as_bytes());
    into.push(b'.');
    let mut scale = 100;
    loop {
        into.push(b'0' + u8::try_from(rest / scale).unwrap_or_default());
        rest %= scale;
        scale /= 10;
        if rest == 0 {
            return;
        }
    }
}

/// Writes parameters.
pub(crate) fn write_parameters(parameters: &Parameters, into: &mut Vec<u8>) {
    for (name, value) in parameters {
        into.push(b';');
        into.extend_from_slice(name.as_bytes());
        if *value != Bare::Bool(true) {
            into.push(b'=');
            value.write(into);
        }
    }
}

impl Item {
    /// Writes the canonical form.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        self.value.write(into);
        write_parameters(&self.parameters, into);
    }
}

impl Member {
    /// Writes the canonical form.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Item(item) => item.write(into),
            Self::Inner(items, parameters) => write_inner(items, parameters, into),
        }
    }
}

/// Writes a list in parentheses.
pub(crate) fn write_inner(items: &[Item], parameters: &Parameters, into: &mut Vec<u8>) {
    into.push(b'(');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            into.push(b' ');
        }
        item.write(into);
    }
    into.push(b')');
    write_parameters(parameters, into);
}

/// A field in its canonical form: as a dictionary if it can be one, else as a list. Items are lists of one.
pub(crate) fn canonical(value: &[u8]) -> Option<Vec<u8>> {
    let mut into = Vec::new();
    if let Some(members) = dictionary(value) {
        for (index, (key, member)) in members.iter().enumerate() {
            if index > 0 {
                into.extend_from_slice(b", ");
            }
            into.extend_from_slice(key.as_bytes());
            match member {
                Member::Item(Item { value: Bare::Bool(true), parameters }) => {
                    write_parameters(parameters, &mut into);
                }
                member => {
                    into.push(b'=');
                    member.write(&mut into);
                }
            }
        }
        return Some(into);
    }
    for (index, member) in list(value)?.iter().enumerate() {
        if index > 0 {
            into.extend_from_slice(b", ");
        }
        member.write(&mut into);
    }
    Some(into)
}

#[cfg(test)]
mod tests;
