//! What all workers of a proxy have in common beside what clients owe: the key of hashes, and the calendar.

use mesh_filter::shared::Pages;
use mesh_filter::{Error, Result, clock, random};
use std::cell::Cell;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

/// The key of all hashes: that of the first worker that made one.
///
/// # Errors
/// When the proxy refuses shared data or random bytes.
pub(crate) fn secret() -> Result<[u8; 16]> {
    agreed("secret", random::bytes()?)
}

/// Where the calendar is: nanoseconds from 1970 to where the monotonic clock counts from, as the first worker saw it. Later the
/// wall clock may be set, and windows do not move.
#[derive(Debug)]
pub(crate) struct Epoch {
    value: Rc<Cell<u64>>,
    known: Cell<bool>,
}

impl Epoch {
    pub(crate) fn new(value: Rc<Cell<u64>>) -> Self {
        Self { value, known: Cell::new(false) }
    }

    /// Finds it, once. It is not done before the first request: until then a proxy may still set its clock.
    pub(crate) fn find(&self) -> Result<()> {
        if !self.known.get() {
            let wall = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let begun = wall.saturating_sub(clock::monotonic().since_start()).as_nanos();
            let fresh = u64::try_from(begun).unwrap_or(0).to_le_bytes();
            self.value.set(u64::from_le_bytes(agreed("epoch", fresh)?));
            self.known.set(true);
        }
        Ok(())
    }
}

/// The bytes that the first worker wrote.
fn agreed<const N: usize>(name: &str, fresh: [u8; N]) -> Result<[u8; N]> {
    let pages = Pages::new(name);
    for _ in 0..2 {
        let (bytes, version) = pages.read(0)?;
        if let Some(bytes) = bytes.and_then(|bytes| bytes.try_into().ok()) {
            return Ok(bytes);
        }
        if pages.replace(0, version, &fresh)? {
            return Ok(fresh);
        }
    }
    Err(Error::new("other workers write the same value again and again"))
}
