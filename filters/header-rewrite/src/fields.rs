//! The headers of a message as operations see them: the SDK's list, or a plain one in tests.

use mesh_filter::headers::{HeaderError, Headers};

/// Names and values in order, with repeated names. Names are in lower case.
pub(crate) trait Fields {
    /// All values of a name, in order.
    fn values(&self, name: &str) -> Vec<&[u8]>;

    /// The same, to be changed.
    fn copies(&self, name: &str) -> Vec<Vec<u8>> {
        self.values(name).into_iter().map(<[u8]>::to_vec).collect()
    }

    /// The first value of a name.
    fn first(&self, name: &str) -> Option<&[u8]>;

    /// All names in order, pseudo headers included; a repeated one as often as it occurs.
    fn names(&self) -> Vec<&str>;

    /// Leaves exactly one value of this name, where the first stood.
    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError>;

    /// Adds one more value at the end.
    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError>;

    /// Removes all values of this name.
    fn remove(&mut self, name: &str) -> Result<(), HeaderError>;
}

/// The SDK's list reads the proxy's when it is first asked, and writes only what is changed.
impl Fields for Headers {
    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.get_all(name).map(|value| value.as_bytes()).collect()
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.get(name).map(|value| value.as_bytes())
    }

    fn names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| name).collect()
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        Headers::set(self, name, value)
    }

    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        Headers::append(self, name, value)
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        Headers::remove(self, name)
    }
}
