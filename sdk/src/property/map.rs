//! A property that is a map: headers, trailers, metadata.

use super::Value;
use crate::host::Pairs;

/// A property that is a map.
///
/// Its values are the bytes of properties, of the kinds that these have: text for headers; in
/// metadata text, [`f64`], [`bool`] or again a map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map(Pairs);

impl Map {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        Pairs::decode(bytes.to_vec()).map(Self)
    }

    /// The value under a name, as bytes.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(have, _)| *have == name.as_bytes()).map(|(_, value)| value)
    }

    /// The value under a name; `None` where there is none or it is of another kind.
    #[must_use]
    pub fn get<T: Value>(&self, name: &str) -> Option<T> {
        T::from_bytes(self.bytes(name)?.to_vec()).ok()
    }

    /// Names and values, in the proxy's order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter()
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
