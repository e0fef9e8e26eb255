//! Work that is done once for all workers of a proxy that need it at the same time.

use super::FlightError;
use super::coordinate::{Terms, coordinate};
use super::group::UnderWay;
use super::landing::typed;
use super::record::Place;
use super::wakeup::Wakeup;
use crate::clock::Instant;
use crate::error::Result;
use crate::json::{self, JsonError};
use crate::shared::store;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

/// Unless it is set: how many results of one group are kept.
const PLACES: u32 = 64;
/// Unless it is set: how large a result may be to be shared.
const MAX_SIZE: usize = 64 * 1024;

/// Work that is shared by all workers of the proxy, by key.
///
/// The worker that asks first gets a *lease* and does the work; its result goes through shared data
/// to the others, as JSON. A worker that dies meanwhile loses the lease when its time is over, and
/// one of those that wait takes over.
///
/// The proxy keeps results of clients' keys in a fixed number of places, chosen by the key's hash.
/// Where another key's work is under way in its place, a worker does the work without the others.
/// The same where the proxy has no shared data.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// use mesh_filter::flight::WorkerGroup;
///
/// struct Exchange { cluster: ClusterName, tokens: WorkerGroup<String> }
///
/// impl Exchange {
///     fn new(cluster: ClusterName) -> Self {
///         // Twice the timeout of the call.
///         let tokens = WorkerGroup::new("tokens", secs(10)).keep(secs(60));
///         Self { cluster, tokens }
///     }
///
///     async fn token(&self, audience: &str) -> Result<String> {
///         let ask = call::post(&self.cluster, "/token").body(audience).timeout(secs(5));
///         let token = self.tokens.run(audience, async move || Ok(ask.send().await?.text()?.to_owned()));
///         Ok(token.await?.to_string())
///     }
/// }
/// ```
pub struct WorkerGroup<V> {
    here: UnderWay<String>,
    terms: Rc<Terms>,
    places: u32,
    keep: Duration,
    kind: PhantomData<fn() -> V>,
}

/// A result, and when the work for it was begun.
pub(crate) struct Landed {
    pub(crate) value: Rc<dyn Any>,
    pub(crate) at: Instant,
}

impl Landed {
    /// The result as what it is.
    pub(crate) fn typed<V: 'static>(&self) -> Result<Rc<V>, FlightError> {
        typed(Ok(Rc::clone(&self.value)))
    }
}

/// A result that can be told to other workers, whatever its type is.
pub(super) trait Told {
    fn json(&self) -> Result<Vec<u8>, JsonError>;
    fn value(self: Box<Self>) -> Rc<dyn Any>;
}

impl<V: Serialize + 'static> Told for V {
    fn json(&self) -> Result<Vec<u8>, JsonError> {
        json::write(self).map(String::into_bytes)
    }

    fn value(self: Box<Self>) -> Rc<dyn Any> {
        Rc::new(*self)
    }
}

/// What another worker has told.
fn heard<V: DeserializeOwned + 'static>(bytes: &[u8]) -> Option<Rc<dyn Any>> {
    json::read::<V>(bytes).ok().map(|value| Rc::new(value) as Rc<dyn Any>)
}

impl<V: Serialize + DeserializeOwned + 'static> WorkerGroup<V> {
    /// A group with a name, under which all workers of the plugin know it. It is made in
    /// [`crate::Filter::new`] and kept.
    ///
    /// The lease is how long a worker may be at work before another one does it too: twice the
    /// timeout of the calls that the work makes.
    #[must_use]
    pub fn new(name: &str, lease: Duration) -> Self {
        let terms = Terms {
            prefix: store::name(&format!("flight/{name}")),
            lease,
            max_size: MAX_SIZE,
            wakeup: Wakeup::default(),
        };
        Self {
            here: UnderWay::default(),
            terms: Rc::new(terms),
            places: PLACES,
            keep: Duration::ZERO,
            kind: PhantomData,
        }
    }

    /// For how long, counted from its beginning, the work is not done again: who asks later gets
    /// the result that is there. Not at all unless it is set.
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// In how many places the proxy keeps results; 64 unless it is set. One is enough where there
    /// is one key. All plugins of a name must say the same.
    #[must_use]
    pub fn places(mut self, places: u32) -> Self {
        self.places = places.max(1);
        self
    }

    /// How many bytes of JSON a result may have to be shared; 64 KiB unless it is set. A larger one
    /// is for the worker that has it, and the others do the work themselves. The proxy keeps as
    /// much for each place.
    #[must_use]
    pub fn max_size(mut self, bytes: usize) -> Self {
        // Nothing is under way yet, so that nobody else holds the terms.
        if let Some(terms) = Rc::get_mut(&mut self.terms) {
            terms.max_size = bytes;
        }
        self
    }

    /// Waits for the result of the work with this key; does it where no worker does.
    ///
    /// As in [`Group::run`], a reset exchange takes nothing from the others.
    ///
    /// # Errors
    /// What the work failed with, here or elsewhere, or [`FlightError::Abandoned`]. Failures are
    /// told to those who wait, and never kept.
    pub async fn run(
        &self,
        key: &str,
        work: impl AsyncFnOnce() -> Result<V> + 'static,
    ) -> Result<Rc<V>, FlightError> {
        self.newer(key, self.keep, work).await?.typed()
    }

    /// [`WorkerGroup::run`] that takes a result that is there if it is no older than this.
    pub(crate) async fn newer(
        &self,
        key: &str,
        max_age: Duration,
        work: impl AsyncFnOnce() -> Result<V> + 'static,
    ) -> Result<Rc<Landed>, FlightError> {
        let (terms, place, own) = (Rc::clone(&self.terms), self.place(key), key.to_owned());
        let work = Box::pin(async move { Ok(Box::new(work().await?) as Box<dyn Told>) });
        let work = coordinate(terms, place, own, max_age, heard::<V>, work);
        typed(self.here.join(key.to_owned(), work).await)
    }
}

impl<V> WorkerGroup<V> {
    fn place(&self, key: &str) -> Place {
        // All workers run the same module, so they hash the same way.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let number = hasher.finish() % u64::from(self.places);
        Place(format!("{}/{number}", self.terms.prefix))
    }
}

impl<V> fmt::Debug for WorkerGroup<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerGroup")
            .field("name", &self.terms.prefix)
            .field("here", &self.here)
            .finish_non_exhaustive()
    }
}
