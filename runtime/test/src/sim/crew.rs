//! Where workers run: on the thread of the test.

use super::lane::Lane;

/// A worker's place.
pub(super) struct Seat(pub(super) Box<Lane>);

impl Seat {
    /// Does something with the worker, and waits for it.
    pub(super) fn with<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Lane) -> R + Send + 'static,
    ) -> R {
        work(&mut self.0)
    }
}
