//! Work that is done once for all exchanges of one VM that need it at the same time.

use super::FlightError;
use super::landing::{Landing, Outcome, Waiting, typed};
use crate::dispatch::Task;
use crate::error::Result;
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// Shared work, by key.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// use mesh_filter::flight::Group;
///
/// struct Introspect { cluster: ClusterName, asked: Group<String, bool> }
///
/// impl Introspect {
///     async fn is_active(&self, token: String) -> Result<bool> {
///         let ask = call::post(&self.cluster, "/introspect").body(token.clone());
///         let active = self.asked.run(token, async move || {
///             Ok(ask.send().await?.text()?.contains("\"active\":true"))
///         });
///         Ok(*active.await?)
///     }
/// }
/// ```
pub struct Group<K, V> {
    under_way: UnderWay<K>,
    kind: PhantomData<fn() -> V>,
}

impl<K: Ord + Clone + 'static, V: 'static> Group<K, V> {
    /// A group in which nothing is under way.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for the result of the work with this key; starts it where none is under way. With its
    /// result the work is over: who asks next starts it anew.
    ///
    /// An exchange that is reset while it waits, the one that started the work too, takes nothing
    /// from the others. The work runs until it ends, so each of its calls needs its timeout.
    ///
    /// # Errors
    /// What the work failed with, the same for all, or [`FlightError::Abandoned`].
    pub async fn run(
        &self,
        key: K,
        work: impl AsyncFnOnce() -> Result<V> + 'static,
    ) -> Result<Rc<V>, FlightError> {
        let work = Box::pin(async move {
            match work().await {
                Ok(value) => Ok(Rc::new(value) as Rc<dyn Any>),
                Err(error) => Err(FlightError::Failed(Rc::new(error))),
            }
        });
        typed(self.under_way.join(key, work).await)
    }
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Self {
        Self { under_way: UnderWay::default(), kind: PhantomData }
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Group<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.under_way.fmt(f)
    }
}

/// Work that has not landed, whatever it brings, in the order of its keys. A map of the standard library has 7 KiB.
pub(super) struct UnderWay<K>(Rc<RefCell<Sorted<K>>>);

type Sorted<K> = Vec<(K, Rc<Landing>)>;

impl<K: Ord + Clone + 'static> UnderWay<K> {
    /// Joins the work with this key, or starts it.
    pub(super) fn join(&self, key: K, work: Task<Outcome>) -> Waiting {
        let own = |under_way: &Sorted<K>| {
            let place = under_way.binary_search_by(|(other, _)| other.cmp(&key)).ok()?;
            under_way.get(place).map(|(_, landing)| Rc::clone(landing))
        };
        let under_way = own(&self.0.borrow());
        under_way.unwrap_or_else(|| self.start(key, work)).wait()
    }

    fn start(&self, key: K, work: Task<Outcome>) -> Rc<Landing> {
        let (under_way, own) = (Rc::downgrade(&self.0), key.clone());
        let landed = move |_: &Outcome| {
            if let Some(under_way) = under_way.upgrade() {
                let mut under_way = under_way.borrow_mut();
                let place = under_way.binary_search_by(|(key, _)| key.cmp(&own));
                let landed = place.ok().map(|place| under_way.remove(place));
                drop(under_way);
                drop(landed);
            }
        };
        let landing = Landing::start(work, Box::new(landed));
        // Outside a filter it has been given up already.
        if !landing.has_landed() {
            let mut under_way = self.0.borrow_mut();
            let place = under_way.partition_point(|(other, _)| *other < key);
            under_way.insert(place, (key, Rc::clone(&landing)));
        }
        landing
    }
}

impl<K> Default for UnderWay<K> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<K: fmt::Debug> fmt::Debug for UnderWay<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.borrow().iter().map(|(key, _)| key)).finish()
    }
}
