//! Shared data as proxies keep them, for tests in which several workers take turns.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Bytes and versions by number, as the proxy has them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pages(RefCell<BTreeMap<u32, (Vec<u8>, u32)>>);

impl Pages {
    pub(crate) fn read(&self, page: u32) -> (Option<Vec<u8>>, u32) {
        match self.0.borrow().get(&page) {
            Some((bytes, version)) => (Some(bytes.clone()), *version),
            None => (None, u32::MAX),
        }
    }

    /// A page that does not exist is written whatever the version; an existing one only with its own.
    pub(crate) fn replace(&self, page: u32, version: u32, bytes: &[u8]) -> bool {
        let mut pages = self.0.borrow_mut();
        let present = pages.get(&page).map(|(_, version)| *version);
        if present.is_some_and(|present| present != version) {
            return false;
        }
        pages.insert(page, (bytes.to_vec(), present.unwrap_or(0) + 1));
        true
    }
}
