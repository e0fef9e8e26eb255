//! Work that is done once for all who need its result at the same time.
//!
//! When a token must be looked up or a key set loaded, the exchanges that need it come together.
//! The first one starts the work, the others wait for what it brings:
//!
//! | | shares work among | keeps results |
//! |---|---|---|
//! | [`Group`] | the exchanges of one VM, by key | no |
//! | [`WorkerGroup`] | all workers of the proxy, by key | as long as it is told |
//! | [`crate::cache::Refreshed`] | either | one value, made new again and again |
//!
//! The work is a task of the plugin's root context: that the exchange which started it is reset
//! neither ends it nor keeps its result from the others.

mod coordinate;
mod error;
mod group;
mod landing;
mod record;
mod wakeup;
mod workers;

pub use error::FlightError;
pub use group::Group;
pub(crate) use landing::{Landing, Outcome, typed};
pub(crate) use workers::Landed;
pub use workers::WorkerGroup;
