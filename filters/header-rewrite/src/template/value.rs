//! What operators give for an exchange.

use super::{Kind, Operator};
use crate::claims::Claims;
use crate::fields::Fields;
use crate::target;
use crate::world::World;
use mesh_filter::headers::{Cookie, Query};
use mesh_filter::property::ResponseFlags;

/// What templates and conditions see of an exchange beside the headers that are here.
#[derive(Clone, Copy)]
pub(crate) struct Look<'v> {
    /// The groups of the expression that matched the path.
    pub(crate) captures: &'v [Option<String>],
    /// What operators of the request gave.
    pub(crate) saved: &'v [Option<Vec<u8>>],
    pub(crate) claims: &'v Claims<'v>,
    pub(crate) world: &'v dyn World,
}

impl<'v> Look<'v> {
    /// The same with the headers as they are now.
    pub(crate) fn over<'f>(self, fields: &'f dyn Fields) -> View<'f>
    where
        'v: 'f,
    {
        View { fields, look: self }
    }
}

/// What templates and conditions see of an exchange.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    /// The headers of the message that is here.
    pub(crate) fields: &'v dyn Fields,
    pub(crate) look: Look<'v>,
}

impl View<'_> {
    /// What an operator gives; `None` where it is missing.
    pub(crate) fn value(&self, operator: &Operator) -> Option<Vec<u8>> {
        let header = |name: &str| self.fields.first(name).map(<[u8]>::to_vec);
        match operator {
            Operator::Header(name, other) => header(name).or_else(|| header(other.as_deref()?)),
            Operator::Capture(group) => Some(self.look.captures.get(*group)?.as_ref()?.clone().into_bytes()),
            Operator::Claim(path) => self.look.claims.text(path, self.fields, self.look.world),
            Operator::Cookie(name) => self.cookies(name).next(),
            Operator::Parameter(name) => self.parameters(name).into_iter().next(),
            Operator::Path { query: true } => header(":path"),
            Operator::Path { query: false } => Some(target::split(self.fields.first(":path")?).0.to_vec()),
            Operator::Property(path, kind) => kind.text(&self.look.world.property(path)?),
            Operator::StartTime(format) => Some(format.write(self.look.world.start()).into_bytes()),
            Operator::UniqueId => self.look.world.unique_id().map(String::into_bytes),
            Operator::Secure(text) => {
                (self.fields.first(":scheme")? == b"https").then(|| text.as_bytes().to_vec())
            }
            Operator::Variable(_) => None,
            Operator::Saved(index) => self.look.saved.get(*index)?.clone(),
        }
    }

    /// The decoded values of a query parameter.
    pub(crate) fn parameters(&self, name: &str) -> Vec<Vec<u8>> {
        let query = self.fields.first(":path").and_then(|path| target::split(path).1).unwrap_or_default();
        let own = Query::new(query).iter().filter(|(known, _)| **known == *name.as_bytes());
        own.map(|(_, value)| value.into_owned()).collect()
    }

    /// The values of a cookie.
    pub(crate) fn cookies(&self, name: &str) -> impl Iterator<Item = Vec<u8>> {
        let cookies = self.fields.values("cookie").into_iter().flat_map(Cookie::all);
        cookies.filter(move |cookie| cookie.name() == name).map(|cookie| cookie.value().as_bytes().to_vec())
    }
}

impl Kind {
    /// The bytes of a property as text; `None` where they say nothing.
    pub(crate) fn text(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let number = || <[u8; 8]>::try_from(bytes).ok();
        let text = match self {
            Self::Text => bytes.to_vec(),
            Self::Number => i64::from_le_bytes(number()?).to_string().into_bytes(),
            Self::Host => {
                let end = bytes.iter().rposition(|byte| *byte == b':').unwrap_or(bytes.len());
                let host = bytes.get(..end)?;
                host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host).to_vec()
            }
            Self::Flags => ResponseFlags(u64::from_le_bytes(number()?)).to_string().into_bytes(),
            Self::Any => guess(bytes)?,
        };
        (!text.is_empty() && text != b"-").then_some(text)
    }
}

/// Attributes come without their kind. What has control characters is no text, and numbers and truth values have some.
fn guess(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_text = !bytes.iter().any(u8::is_ascii_control) && std::str::from_utf8(bytes).is_ok();
    match (is_text, <[u8; 8]>::try_from(bytes), bytes) {
        (true, ..) => Some(bytes.to_vec()),
        (_, Ok(number), _) => Some(decimal(number).into_bytes()),
        (_, _, [0]) => Some(b"false".to_vec()),
        (_, _, [1]) => Some(b"true".to_vec()),
        _ => None,
    }
}

/// Eight bytes as a number: small ones are integers, the others floating-point numbers, of which six decimals are written.
fn decimal(bytes: [u8; 8]) -> String {
    /// Floating-point numbers from about 1e-300 on are larger as integers.
    const INTEGERS: u64 = 1 << 52;
    let integer = i64::from_le_bytes(bytes);
    if integer.unsigned_abs() < INTEGERS {
        return integer.to_string();
    }
    number(f64::from_le_bytes(bytes)).unwrap_or_else(|| integer.to_string())
}

/// A floating-point number, of which six decimals are written; `None` where it is too large to say exactly which.
pub(crate) fn number(number: f64) -> Option<String> {
    if !number.is_finite() || number.abs() >= 9e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 2^53")]
    let (whole, millionths) = (number.abs().trunc() as u64, (number.abs().fract() * 1e6 + 0.5) as u64);
    let (whole, millionths) = if millionths >= 1_000_000 { (whole + 1, 0) } else { (whole, millionths) };
    let sign = if number < 0.0 { "-" } else { "" };
    Some(match format!("{millionths:06}").trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        decimals => format!("{sign}{whole}.{decimals}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], kind: Kind) -> Option<String> {
        kind.text(bytes).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn properties_are_written_by_their_kind() {
        let host = |text: &str| shown(text.as_bytes(), Kind::Host).unwrap();
        assert_eq!(host("10.0.0.7:4711"), "10.0.0.7");
        assert_eq!(host("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(shown(&404_u64.to_le_bytes(), Kind::Number).unwrap(), "404");
        assert_eq!(shown(&[1, 2], Kind::Number), None);
        assert_eq!(shown(b"", Kind::Text), None);
        assert_eq!(shown(&4_u64.to_le_bytes(), Kind::Flags).unwrap(), "UT");
        assert_eq!(shown(&0_u64.to_le_bytes(), Kind::Flags), None);
    }

    #[test]
    fn of_properties_without_a_kind_it_is_guessed() {
        let number = |number: f64| shown(&number.to_le_bytes(), Kind::Any).unwrap();
        assert_eq!(number(1.5), "1.5");
        assert_eq!(number(-0.25), "-0.25");
        assert_eq!(number(3.0), "3");
        assert_eq!(number(0.999_999_9), "1");
        assert_eq!(number(0.0), "0");
        assert_eq!(shown(&42_i64.to_le_bytes(), Kind::Any).unwrap(), "42");
        assert_eq!(shown(&(-7_i64).to_le_bytes(), Kind::Any).unwrap(), "-7");
        assert_eq!(shown(b"canaries", Kind::Any).unwrap(), "canaries");
        assert_eq!(shown(&[1], Kind::Any).unwrap(), "true");
        assert_eq!(shown(&[0], Kind::Any).unwrap(), "false");
        assert_eq!(shown(b"a\r\nb", Kind::Any), None);
    }
}
