//! Components: the parts of a request that a signature covers (RFC 9421, section 2).

use crate::head::Head;
use crate::refusal::Refusal;
use crate::structured::{self, Bare, Item, Member};
use mesh_filter_policy::Encoding;

/// A part of a request, by its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    name: String,
    /// As they stand in the identifier, in order.
    parameters: structured::Parameters,
}

impl Component {
    /// A field without parameters, or a derived component.
    pub(crate) fn field(name: &str) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new() }
    }

    /// An identifier of a signature.
    ///
    /// # Errors
    /// Where it is none, or a parameter is not known here.
    pub(crate) fn of(item: Item) -> Result<Self, Refusal> {
        let Item { value: Bare::Text(name), parameters } = item else { return Err(Refusal::Malformed) };
        let component = Self { name, parameters };
        if !component.is_known() {
            return Err(Refusal::ComponentUnknown);
        }
        Ok(component)
    }

    /// As configurations write it: `@method`, `content-type`, or with parameters `"@query-param";name="id"`.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let component = match text.starts_with('"') {
            true => Self::of(structured::item(text.as_bytes())?).ok()?,
            false => Self::field(&text.to_ascii_lowercase()),
        };
        component.is_known().then_some(component)
    }

    /// The identifier.
    pub(crate) fn item(&self) -> Item {
        Item { value: Bare::Text(self.name.clone()), parameters: self.parameters.clone() }
    }

    /// Whether both mean the same; the order of parameters says nothing.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.parameters.len() == other.parameters.len()
            && self.parameters.iter().all(|parameter| other.parameters.contains(parameter))
    }

    /// The field, or the derived component.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is about a field of this name.
    pub(crate) fn is_field(&self, name: &str) -> bool {
        self.name == name
    }

    /// The member of a dictionary that it is about.
    pub(crate) fn member(&self) -> Option<&str> {
        self.text("key")
    }

    fn flag(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, value)| known == name && *value == Bare::Bool(true))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|(known, value)| match value {
            Bare::Text(text) if known == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// Whether it can be had of a request. Trailers come after the verdict, and requests have no request (`req`).
    fn is_known(&self) -> bool {
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        match self.name.as_str() {
            "@method" | "@target-uri" | "@authority" | "@scheme" | "@request-target" | "@path" | "@query" => {
                names.is_empty()
            }
            "@query-param" => names == ["name"] && self.text("name").is_some(),
            name => {
                let is_field = mesh_filter::HeaderName::new(name).is_ok_and(|valid| valid.as_str() == name);
                let known = match names.as_slice() {
                    [] => true,
                    ["sf"] | ["bs"] => self.parameters.iter().all(|(_, value)| *value == Bare::Bool(true)),
                    ["key"] => self.text("key").is_some(),
                    _ => false,
                };
                is_field && known
            }
        }
    }

    /// Writes the value.
    ///
    /// # Errors
    /// Where the request does not have it.
    pub(crate) fn write(&self, head: &Head<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        match self.name.as_str() {
            "@method" => into.extend_from_slice(head.method),
            "@authority" => write_authority(head, into),
            "@scheme" => into.extend(head.scheme.to_ascii_lowercase()),
            "@request-target" => into.extend_from_slice(head.target),
            "@path" => into.extend_from_slice(path(head)),
            "@query" => {
                into.push(b'?');
                into.extend_from_slice(head.query().unwrap_or_default());
            }
            "@target-uri" => {
                into.extend(head.scheme.to_ascii_lowercase());
                into.extend_from_slice(b"://");
                write_authority(head, into);
                into.extend_from_slice(path(head));
                if let Some(query) = head.query() {
                    into.push(b'?');
                    into.extend_from_slice(query);
                }
            }
            "@query-param" => into.extend(self.parameter(head)?),
            _ => self.write_field(head, into)?,
        }
        Ok(())
    }

    /// Section 2.2.8: the one parameter of this name, encoded anew.
    fn parameter(&self, head: &Head<'_>) -> Result<Vec<u8>, Refusal> {
        let name = self.text("name").ok_or(Refusal::ComponentUnknown)?;
        let pairs =
            head.query().unwrap_or_default().split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let mut values = pairs.filter_map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let same = form_encoded(parts.next().unwrap_or_default()) == name.as_bytes();
            same.then(|| form_encoded(parts.next().unwrap_or_default()))
        });
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Refusal::ComponentUnknown),
        }
    }

    /// Section 2.1.
    fn write_field(&self, head: &Head<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        if self.flag("bs") {
            let values: Vec<Vec<u8>> = head.all(&self.name).map(unfolded).collect();
            if values.is_empty() {
                return Err(Refusal::ComponentUnknown);
            }
            for (index, value) in values.into_iter().enumerate() {
                if index > 0 {
                    into.extend_from_slice(b", ");
                }
                Bare::Bytes(value).write(into);
            }
            return Ok(());
        }
        let value = unfolded(&head.joined(&self.name, b", ").ok_or(Refusal::ComponentUnknown)?);
        if self.flag("sf") {
            into.extend(structured::canonical(&value).ok_or(Refusal::ComponentUnknown)?);
        } else if let Some(key) = self.member() {
            let members = structured::dictionary(&value).ok_or(Refusal::ComponentUnknown)?;
            let member = members.iter().find(|(known, _)| known == key).map(|(_, member)| member);
            match member.ok_or(Refusal::ComponentUnknown)? {
                Member::Item(item) => item.write(into),
                inner @ Member::Inner(..) => inner.write(into),
            }
        } else {
            into.extend(value);
        }
        Ok(())
    }
}

/// A path is never empty.
fn path<'h>(head: &Head<'h>) -> &'h [u8] {
    match head.path() {
        b"" => b"/",
        path => path,
    }
}

/// Host and port in lower case, without the port that the scheme has anyway.
fn write_authority(head: &Head<'_>, into: &mut Vec<u8>) {
    let port: &[u8] = if head.scheme.eq_ignore_ascii_case(b"https") { b":443" } else { b":80" };
    let authority = head.authority.strip_suffix(port).unwrap_or(head.authority);
    into.extend(authority.to_ascii_lowercase());
}

/// A line that was folded (RFC 9112, section 5.2) has a space where it was.
fn unfolded(value: &[u8]) -> Vec<u8> {
    if !value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return value.to_vec();
    }
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.collect::<Vec<_>>().join(&b' ')
}

/// A name or a value of a query as the RFC wants it: decoded, and encoded by the percent-encode set of forms, spaces as `%20`.
fn form_encoded(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let byte = match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match Encoding::Hex.decode(&[*high, *low]).as_deref() {
                Some([byte]) => {
                    rest = after;
                    *byte
                }
                _ => b'%',
            },
            (byte, _) => *byte,
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_') {
            encoded.push(byte);
        } else {
            encoded.push(b'%');
            encoded.extend(Encoding::Hex.encode(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}
