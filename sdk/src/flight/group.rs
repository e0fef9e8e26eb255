//! Work that is done once for all exchanges of one VM that need it at the same time.

use super::FlightError;
use super::landing::{Landing, Outcome};
use crate::error::Result;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
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
    under_way: Rc<UnderWay<K, V>>,
}

type UnderWay<K, V> = RefCell<BTreeMap<K, Rc<Landing<V>>>>;

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
        let work = async move || match work().await {
            Ok(value) => Ok(Rc::new(value)),
            Err(error) => Err(FlightError::Failed(Rc::new(error))),
        };
        self.join(key, work).await
    }

    /// [`Group::run`] of work whose result is shared already.
    pub(super) async fn join(&self, key: K, work: impl AsyncFnOnce() -> Outcome<V> + 'static) -> Outcome<V> {
        let under_way = self.under_way.borrow().get(&key).map(Rc::clone);
        let landing = under_way.unwrap_or_else(|| self.start(key, work));
        landing.wait().await
    }

    fn start(&self, key: K, work: impl AsyncFnOnce() -> Outcome<V> + 'static) -> Rc<Landing<V>> {
        let (under_way, own) = (Rc::downgrade(&self.under_way), key.clone());
        let landing = Landing::start(async move { work().await }, move |_| {
            if let Some(under_way) = under_way.upgrade() {
                let landed = under_way.borrow_mut().remove(&own);
                drop(landed);
            }
        });
        // Outside a filter it has been given up already.
        if !landing.has_landed() {
            self.under_way.borrow_mut().insert(key, Rc::clone(&landing));
        }
        landing
    }
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Self {
        Self { under_way: Rc::default() }
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Group<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.under_way.borrow().keys()).finish()
    }
}
