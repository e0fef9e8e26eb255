//! One shared value.

use super::{Result, SharedError, store};
use crate::json::{self, JsonError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// One shared value, kept as JSON.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run() -> Result<()> {
/// let hits: shared::Cell<u64> = shared::Cell::new("hits");
/// let now = hits.update(|hits| hits.unwrap_or(0) + 1)?;
/// assert_eq!(hits.get()?, Some(now));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Cell<T> {
    key: String,
    kind: PhantomData<fn() -> T>,
}

/// Which of a cell's values it is: every write makes another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(pub(super) u32);

impl<T: Serialize + DeserializeOwned> Cell<T> {
    /// The value that this plugin keeps under a key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self::across_plugins(store::name(key))
    }

    /// The value that all plugins of the VM id find under a key.
    #[must_use]
    pub fn across_plugins(key: impl Into<String>) -> Self {
        Self { key: key.into(), kind: PhantomData }
    }

    /// The value; `None` until somebody writes it.
    ///
    /// # Errors
    /// When the proxy refuses, or the value is of another type.
    pub fn get(&self) -> Result<Option<T>> {
        Ok(self.read()?.0)
    }

    /// The value, and the version for [`Cell::replace`].
    ///
    /// # Errors
    /// When the proxy refuses, or the value is of another type.
    pub fn read(&self) -> Result<(Option<T>, Version)> {
        let (bytes, version) = store::read(&self.key)?;
        Ok((self.parse(bytes)?, Version(version)))
    }

    /// Writes the value, whatever it was.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn set(&self, value: &T) -> Result<()> {
        store::write(&self.key, &self.bytes(value)?, store::ANY).map(drop)
    }

    /// Writes the value if it is still of this version; answers whether it was.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn replace(&self, version: Version, value: &T) -> Result<bool> {
        store::write(&self.key, &self.bytes(value)?, version.0)
    }

    /// Writes the value if there is none; answers whether it did. Of several workers that try at
    /// the same time, one does.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn create(&self, value: &T) -> Result<bool> {
        match store::read(&self.key)? {
            (None, version) => store::write(&self.key, &self.bytes(value)?, version),
            (Some(_), _) => Ok(false),
        }
    }

    /// Takes the value away. The proxy keeps the key.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn clear(&self) -> Result<()> {
        store::write(&self.key, b"", store::ANY).map(drop)
    }

    /// Makes a new value out of the old one, and answers the new one.
    ///
    /// No other write comes between: where one did, `change` runs again on the newer value.
    ///
    /// # Errors
    /// When the proxy refuses, the value is of another type, or others write all the time
    /// ([`SharedError::Contended`]).
    pub fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T> {
        store::update(&self.key, |old| {
            let new = change(self.parse(old)?);
            Ok((self.bytes(&new)?, new))
        })
    }

    fn bytes(&self, value: &T) -> Result<Vec<u8>> {
        json::write(value).map(String::into_bytes).map_err(|source| self.wrong_type(source))
    }

    fn parse(&self, bytes: Option<Vec<u8>>) -> Result<Option<T>> {
        bytes.map(|bytes| json::read(&bytes)).transpose().map_err(|source| self.wrong_type(source))
    }

    fn wrong_type(&self, source: JsonError) -> SharedError {
        SharedError::Type { key: self.key.clone(), source }
    }
}
