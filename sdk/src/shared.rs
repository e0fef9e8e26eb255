//! Values that all VMs of a plugin share in one proxy.
//!
//! A proxy runs a VM per worker thread; what they must agree on goes here. Keys are one namespace
//! per VM id, values live until the last of those VMs goes, and a key once written stays: use a
//! fixed set of keys, never one per client.

use crate::host::{HostError, Status, host};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// How often [`Cell::update`] tries again when other workers write at the same time.
const MAX_TRIES: usize = 100;
/// A version that no value has. Proxies ignore the version of a key that does not exist yet, so
/// that a write with this one creates the key or fails.
const CREATE: u32 = u32::MAX;

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

/// A shared value that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The proxy refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The bytes under the key are not a value of this type: another version of the filter, or
    /// another filter with the same VM id, wrote them.
    #[error("the shared value `{key}` is not of the type that the filter expects")]
    Type {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Other workers wrote between every read and write.
    #[error("the shared value `{key}` was changed by others in each of {tries} tries")]
    Contended {
        /// The key.
        key: String,
        /// How often it was tried.
        tries: usize,
    },
}

impl<T: Serialize + DeserializeOwned> Cell<T> {
    /// The value under a key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), kind: PhantomData }
    }

    /// The value; `None` until somebody writes it.
    ///
    /// # Errors
    /// When the proxy refuses, or the value is of another type.
    pub fn get(&self) -> Result<Option<T>, SharedError> {
        Ok(self.read()?.0)
    }

    /// Writes the value, whatever it was.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn set(&self, value: &T) -> Result<(), SharedError> {
        Ok(self.write(value, 0)?.map_err(|status| self.error("proxy_set_shared_data", status))?)
    }

    /// Makes a new value out of the old one, and answers the new one.
    ///
    /// No other write comes between: where one did, `change` runs again on the newer value.
    ///
    /// # Errors
    /// When the proxy refuses, the value is of another type, or others write all the time.
    pub fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T, SharedError> {
        for _ in 0..MAX_TRIES {
            let (old, version) = self.read()?;
            let new = change(old);
            match self.write(&new, version)? {
                Ok(()) => return Ok(new),
                Err(Status::CAS_MISMATCH) => {}
                Err(status) => return Err(self.error("proxy_set_shared_data", status).into()),
            }
        }
        Err(SharedError::Contended { key: self.key.clone(), tries: MAX_TRIES })
    }

    /// The value and the version with which to replace it.
    fn read(&self) -> Result<(Option<T>, u32), SharedError> {
        match host().get_shared_data(&self.key) {
            Ok((bytes, version)) if bytes.is_empty() => Ok((None, version)),
            Ok((bytes, version)) => Ok((Some(self.parse(&bytes)?), version)),
            Err(Status::NOT_FOUND) => Ok((None, CREATE)),
            Err(status) => Err(self.error("proxy_get_shared_data", status).into()),
        }
    }

    fn write(&self, value: &T, version: u32) -> Result<Result<(), Status>, SharedError> {
        let bytes = serde_json::to_vec(value).map_err(|source| self.wrong_type(source))?;
        Ok(host().set_shared_data(&self.key, &bytes, version))
    }

    fn parse(&self, bytes: &[u8]) -> Result<T, SharedError> {
        serde_json::from_slice(bytes).map_err(|source| self.wrong_type(source))
    }

    fn wrong_type(&self, source: serde_json::Error) -> SharedError {
        SharedError::Type { key: self.key.clone(), source }
    }

    fn error(&self, hostcall: &'static str, status: Status) -> HostError {
        HostError::new(hostcall, self.key.as_str(), status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::host::{Host, install};
    use std::rc::Rc;

    #[test]
    fn a_value_is_none_until_it_is_written_and_of_its_type_after() {
        let fake = Rc::new(Fake::default());
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        let cell: Cell<u64> = Cell::new("hits");
        assert_eq!(cell.get().unwrap(), None);
        cell.set(&7).unwrap();
        assert_eq!(cell.get().unwrap(), Some(7));
        fake.shared.borrow_mut().insert("hits".to_owned(), (b"\"text\"".to_vec(), 1));
        assert!(matches!(cell.get(), Err(SharedError::Type { .. })));
    }

    #[test]
    fn an_update_that_loses_a_race_is_made_again_on_the_newer_value() {
        let fake = Rc::new(Fake::default());
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        let cell: Cell<u64> = Cell::new("hits");
        let mut seen = Vec::new();
        let last = cell.update(|hits| {
            // Another worker creates the key between our read and our write, then changes it.
            let rival = match seen.len() {
                0 => Some((b"10".to_vec(), 1)),
                1 => Some((b"20".to_vec(), 2)),
                _ => None,
            };
            seen.push(hits);
            fake.shared.borrow_mut().extend(rival.map(|value| ("hits".to_owned(), value)));
            hits.unwrap_or(0) + 1
        });
        assert_eq!((last.unwrap(), seen), (21, vec![None, Some(10), Some(20)]));
        assert_eq!(cell.get().unwrap(), Some(21));
    }

    #[test]
    fn an_update_gives_up_when_others_write_all_the_time() {
        let fake = Rc::new(Fake::default());
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        let cell: Cell<u32> = Cell::new("hits");
        let mut version = 0;
        let result = cell.update(|_| {
            version += 1;
            fake.shared.borrow_mut().insert("hits".to_owned(), (b"1".to_vec(), version));
            0
        });
        assert!(matches!(result, Err(SharedError::Contended { tries: MAX_TRIES, .. })));
    }
}
