//! A value that is loaded again and again.

use super::Refresh;
use crate::clock::{Instant, monotonic};
use crate::dispatch::{TOLERANCE, Task};
use crate::error::Result;
use crate::flight::{FlightError, Landed, Landing, Outcome, WorkerGroup, typed};
use crate::setup::Setup;
use crate::task;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

/// A value that is loaded in the background, and again every so often.
///
/// The last good value is there while the next one loads, and when that fails, until it is too old.
/// Only where there is none do exchanges wait, all for the same load.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// use mesh_filter::cache::{Refresh, Refreshed};
///
/// # struct Keys(String);
/// # impl Keys { fn parse(text: &str) -> Result<Self> { Ok(Self(text.to_owned())) } fn has(&self, id: &str) -> bool { self.0.contains(id) } }
/// struct Verify { keys: Refreshed<Keys> }
///
/// impl Verify {
///     fn new(cluster: ClusterName, setup: &mut Setup) -> Self {
///         let keys = Refreshed::new(setup, Refresh::every(secs(300)), async move || {
///             Keys::parse(call::get(&cluster, "/jwks.json").send().await?.text()?)
///         });
///         Self { keys }
///     }
///
///     async fn is_known(&self, key_id: &str) -> Result<bool> {
///         if self.keys.get().await?.has(key_id) {
///             return Ok(true);
///         }
///         // It may be newer than the set.
///         Ok(self.keys.refetch().await?.has(key_id))
///     }
/// }
/// ```
pub struct Refreshed<T> {
    state: Rc<State>,
    kind: PhantomData<fn() -> T>,
}

/// Loads a value; one that others loaded so short a time ago will do.
type Load = Box<dyn Fn(Duration) -> Task<Outcome>>;

/// What becomes of the value, of which it knows not what it is.
struct State {
    refresh: Refresh,
    load: Load,
    loaded: RefCell<Option<Rc<Landed>>>,
    loading: RefCell<Option<Rc<Landing>>>,
    /// When the last load began.
    begun: Cell<Option<Instant>>,
    /// Loads that failed since the last that did not, and the error of the last one.
    failures: Cell<u32>,
    failure: RefCell<Option<FlightError>>,
}

impl<T: 'static> Refreshed<T> {
    /// A value that each VM loads for itself.
    ///
    /// The first load begins about a millisecond after the configuration was accepted. Each load is
    /// a task of the plugin's root context and runs until it ends, so each of its calls needs its
    /// timeout. One that fails is logged as a warning, and tried again after
    /// [`Refresh::min_interval`], after twice that, and so on up to the period.
    pub fn new(setup: &mut Setup, refresh: Refresh, load: impl AsyncFn() -> Result<T> + 'static) -> Self {
        let load = Rc::new(load);
        Self::loading(
            setup,
            refresh,
            Box::new(move |_| {
                let load = Rc::clone(&load);
                Box::pin(async move {
                    let at = monotonic();
                    match load().await {
                        Ok(value) => Ok(Rc::new(Landed { value: Rc::new(value), at }) as Rc<dyn Any>),
                        Err(error) => Err(FlightError::Failed(Rc::new(error))),
                    }
                })
            }),
        )
    }

    /// A value that one worker loads for all of them, by [`WorkerGroup`]: under a name, which all
    /// workers of the plugin know it by.
    ///
    /// A worker takes what another one has loaded if it is younger than half a period, and for
    /// [`Refreshed::refetch`] if it is younger than [`Refresh::min_interval`]. A value larger than
    /// 64 KiB as JSON is loaded by each worker itself.
    pub fn across_workers(
        setup: &mut Setup,
        name: &str,
        refresh: Refresh,
        load: impl AsyncFn() -> Result<T> + 'static,
    ) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let load = Rc::new(load);
        let workers = Rc::new(WorkerGroup::new(&format!("refreshed/{name}"), refresh.lease).places(1));
        Self::loading(
            setup,
            refresh,
            Box::new(move |max_age| {
                let (load, workers) = (Rc::clone(&load), Rc::clone(&workers));
                Box::pin(async move {
                    let landed = workers.newer("", max_age, async move || load().await).await?;
                    Ok(landed as Rc<dyn Any>)
                })
            }),
        )
    }

    fn loading(setup: &mut Setup, refresh: Refresh, load: Load) -> Self {
        Self { state: State::start(setup, refresh, load), kind: PhantomData }
    }

    /// The value. Where there is none that may be used, waits for one.
    ///
    /// # Errors
    /// That of the load, where there is no value that may be used. Between two tries it is that of
    /// the last one.
    pub async fn get(&self) -> Result<Rc<T>, FlightError> {
        self.state.get().await?.typed()
    }

    /// The value, unless there is none that may be used.
    #[must_use]
    pub fn current(&self) -> Option<Rc<T>> {
        self.state.current()?.typed().ok()
    }

    /// A value newer than the one at hand, for an exchange to which that one is not enough: all who
    /// ask wait for one load. Where the last load began less than [`Refresh::min_interval`] ago, it
    /// is the value at hand, so that exchanges with nonsense in them do not load on and on.
    ///
    /// # Errors
    /// That of the load.
    pub async fn refetch(&self) -> Result<Rc<T>, FlightError> {
        self.refetch_older_than(self.state.refresh.min_interval).await
    }

    /// [`Refreshed::refetch`], unless the value at hand, or the one that another worker has loaded, is younger than this:
    /// then it is that one. So all workers together load no more often for exchanges with nonsense in them, while a load
    /// that failed is tried again after [`Refresh::min_interval`].
    ///
    /// # Errors
    /// That of the load.
    pub async fn refetch_older_than(&self, age: Duration) -> Result<Rc<T>, FlightError> {
        self.state.refetch_older_than(age).await?.typed()
    }
}

impl State {
    fn start(setup: &mut Setup, refresh: Refresh, load: Load) -> Rc<Self> {
        let state = Rc::new(Self {
            refresh,
            load,
            loaded: RefCell::default(),
            loading: RefCell::default(),
            begun: Cell::default(),
            failures: Cell::default(),
            failure: RefCell::default(),
        });
        let background = Rc::clone(&state);
        setup.spawn(async move {
            loop {
                background.due().await;
                // What failed has been logged.
                let _ = background.load(background.refresh.period / 2).wait().await;
            }
        });
        state
    }

    async fn get(self: &Rc<Self>) -> Result<Rc<Landed>, FlightError> {
        if let Some(loaded) = self.current() {
            return Ok(loaded);
        }
        if self.is_too_early()
            && let Some(failure) = self.failure.borrow().clone()
        {
            return Err(failure);
        }
        typed(self.load(self.refresh.period / 2).wait().await)
    }

    fn current(&self) -> Option<Rc<Landed>> {
        let loaded = self.loaded.borrow();
        let usable = |loaded: &&Rc<Landed>| loaded.at.elapsed() <= self.refresh.max_age;
        loaded.as_ref().filter(usable).map(Rc::clone)
    }

    async fn refetch_older_than(self: &Rc<Self>, age: Duration) -> Result<Rc<Landed>, FlightError> {
        let is_young = |loaded: &Rc<Landed>| loaded.at.elapsed() < age;
        let young = self.loaded.borrow().as_ref().is_some_and(is_young);
        if young || self.is_too_early() {
            return self.get().await;
        }
        typed(self.load(age).wait().await)
    }

    /// No load is under way, and it is too early for another one.
    fn is_too_early(&self) -> bool {
        let early = |begun: Instant| begun.elapsed() < self.refresh.min_interval;
        self.loading.borrow().is_none() && self.begun.get().is_some_and(early)
    }

    /// Waits until the next load is due, by whatever began the last one.
    async fn due(&self) {
        while let Some(begun) = self.begun.get() {
            let wait = self.refresh.wait(self.failures.get());
            let due = begun + wait;
            if due <= monotonic() + TOLERANCE {
                break;
            }
            task::sleep(due - monotonic()).await;
            if self.begun.get() == Some(begun) {
                break;
            }
        }
    }

    /// Joins the load that is under way, or starts one. What others loaded will do if it
    /// is not older than this.
    fn load(self: &Rc<Self>, max_age: Duration) -> Rc<Landing> {
        if let Some(landing) = &*self.loading.borrow() {
            return Rc::clone(landing);
        }
        let now = monotonic();
        self.begun.set(Some(now));
        let state = Rc::clone(self);
        let landed = move |outcome: &Outcome| {
            let landing = state.loading.take();
            drop(landing);
            match typed(outcome.clone()) {
                Ok(loaded) => {
                    state.failures.set(0);
                    let before = (state.failure.take(), state.loaded.replace(Some(loaded)));
                    drop(before);
                }
                Err(error) => {
                    log::warn!("a value could not be refreshed: {error}");
                    state.failures.set(state.failures.get().saturating_add(1));
                    let before = state.failure.replace(Some(error));
                    drop(before);
                }
            }
        };
        let landing = Landing::start((self.load)(max_age), Box::new(landed));
        if !landing.has_landed() {
            let before = self.loading.replace(Some(Rc::clone(&landing)));
            drop(before);
        }
        landing
    }
}

impl<T> Clone for Refreshed<T> {
    fn clone(&self) -> Self {
        Self { state: Rc::clone(&self.state), kind: PhantomData }
    }
}

impl<T> fmt::Debug for Refreshed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshed")
            .field("refresh", &self.state.refresh)
            .field("failures", &self.state.failures)
            .finish_non_exhaustive()
    }
}
