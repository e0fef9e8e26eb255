//! Bytes under the numbers of one name, for tables with a form of their own.

use super::{Result, Version, store};
use std::cell::{RefCell, RefMut};

/// Bytes under the numbers of one name: what [`super::Slots`] is made of, for filters that decide themselves what stands in a
/// table and whether a decision needs a write.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run(client: u32) -> Result<()> {
/// let pages = shared::Pages::new("seen");
/// let (bytes, version) = pages.read(client % 1024)?;
/// if bytes.is_none() && !pages.replace(client % 1024, version, b"seen")? {
///     log::debug!("another worker was faster");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Pages {
    /// Name and number of the page that was asked for last: every request needs one, so it is not made anew.
    key: RefCell<String>,
    /// How long the name is.
    name: usize,
}

impl Pages {
    /// The pages that this plugin keeps under a name. Each number that is ever written stays as long as the proxy runs.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = store::name(name) + "/";
        Self { name: key.len(), key: RefCell::new(key) }
    }

    /// The bytes of a page, `None` until somebody writes it, and the version for [`Pages::replace`].
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn read(&self, page: u32) -> Result<(Option<Vec<u8>>, Version)> {
        let (bytes, version) = store::read(&self.key(page))?;
        Ok((bytes, Version(version)))
    }

    /// Writes a page if it is still of this version; answers whether it was.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn replace(&self, page: u32, version: Version, bytes: &[u8]) -> Result<bool> {
        store::write(&self.key(page), bytes, version.0)
    }

    fn key(&self, page: u32) -> RefMut<'_, String> {
        let mut key = self.key.borrow_mut();
        key.truncate(self.name);
        let mut above = 1_u32;
        while page / above >= 10 {
            above *= 10;
        }
        while above > 0 {
            key.push(char::from(b'0' + u8::try_from(page / above % 10).unwrap_or_default()));
            above /= 10;
        }
        key
    }
}
