//! The API for tests in Rust: [`Sim`] and what it hands out.

mod check;
mod cluster;
mod exchange;
mod message;
mod reload;

pub use crate::grpc::{GrpcReply, grpc};
pub use check::{
    Check, Checked, body, complete, contains, ends, header, log, matches, metric, no_header,
    no_upstream_call, not, reset, set_property, starts, status, trailer,
};
pub use cluster::{Cluster, GrpcMock};
pub use exchange::{Exchange, Pending};
pub use message::{Reply, Request, get, post, reply, request};

pub use crate::sim::{LogLine, Paused};

use crate::attribute::TestResult;
#[cfg(feature = "wasm")]
use crate::module::CrateModule;
use crate::sim::{DEFAULT_START, Engine, FilterId, Mark, Setup};
use crate::traffic::Behaviour;
use crate::world::World;
use bytes::Bytes;
use mesh_filter::Filter;
use mesh_filter_runtime::guest::Usage;
use mesh_filter_runtime::plugin::StartError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A simulated proxy whose time, clusters and upstream belong to the test.
///
/// ```
/// use mesh_filter_test::prelude::*;
/// # use mesh_filter::prelude::*;
/// # struct Hello;
/// # impl mesh_filter::Filter for Hello {
/// #     type Config = ();
/// #     fn new((): (), _: &mut Setup) -> mesh_filter::Result<Self> { Ok(Self) }
/// #     async fn handle(&self, request: mesh_filter::Request, next: Next) -> mesh_filter::Result<Response> {
/// #         let mut response = next.run(request).await?;
/// #         response.headers_mut().set("x-hello", "world")?;
/// #         Ok(response)
/// #     }
/// # }
///
/// let sim = Sim::new();
/// let filter = sim.filter::<Hello>(json!(null)).unwrap();
/// filter.request(get("/cart")).expect(status(200)).expect(header("x-hello", "world"));
/// ```
#[derive(Clone)]
pub struct Sim {
    state: Rc<State>,
}

struct State {
    engine: RefCell<Engine>,
    allows_traps: Cell<bool>,
    settings: RefCell<Setup>,
    /// What modules had used before the first exchange and after each.
    readings: RefCell<Vec<Usage>>,
    /// What plays in place of native filters.
    #[cfg(feature = "wasm")]
    module: Option<Arc<CrateModule>>,
}

/// A filter that has been started.
#[derive(Clone)]
pub struct TestFilter {
    sim: Sim,
    filter: FilterId,
    world: World,
    /// As it was last configured.
    setup: Rc<RefCell<Setup>>,
    /// The worker that its requests go to; without it they take turns.
    worker: Option<usize>,
    upstream: Rc<RefCell<Behaviour>>,
}

/// A filter that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}", listed(.logs))]
pub struct FilterError {
    #[source]
    error: StartError,
    logs: Vec<LogLine>,
}

fn listed(logs: &[LogLine]) -> String {
    logs.iter().map(|line| format!("\n  {}: {}", line.level.name(), line.message)).collect()
}

impl FilterError {
    /// What the filter logged meanwhile: usually why it refused.
    #[must_use]
    pub fn logs(&self) -> &[LogLine] {
        &self.logs
    }
}

impl Default for Sim {
    fn default() -> Self {
        Self::new()
    }
}

impl Sim {
    /// A proxy at 2026-01-01T00:00:00Z, without clusters.
    #[must_use]
    pub fn new() -> Self {
        Self::with(DEFAULT_START, 0)
    }

    /// A proxy at this moment.
    #[must_use]
    pub fn at(start: SystemTime) -> Self {
        Self::with(start.duration_since(UNIX_EPOCH).unwrap_or_default(), 0)
    }

    pub(crate) fn with(start: Duration, seed: u64) -> Self {
        Self {
            state: Rc::new(State {
                engine: RefCell::new(Engine::new(start, seed, 1)),
                allows_traps: Cell::new(false),
                settings: RefCell::default(),
                readings: RefCell::default(),
                #[cfg(feature = "wasm")]
                module: None,
            }),
        }
    }

    /// The same, with this module in place of native filters.
    #[cfg(feature = "wasm")]
    pub(crate) fn playing(mut self, module: Arc<CrateModule>) -> Self {
        if let Some(state) = Rc::get_mut(&mut self.state) {
            state.module = Some(module);
        }
        self
    }

    /// Makes it a proxy with so many workers, each with a VM of each filter, which share shared data,
    /// queues and metrics; one by itself. Requests go to the workers in turn, unless [`TestFilter::on`] says
    /// otherwise.
    ///
    /// # Panics
    /// When a filter has been started already.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "it changes this proxy; the value is for chains of calls")]
    pub fn workers(&self, count: usize) -> Self {
        let mut engine = self.state.engine.borrow_mut();
        if engine.has_filters() {
            fail("the number of workers is set before the first filter starts");
        }
        engine.set_workers(count);
        drop(engine);
        self.clone()
    }

    /// Lets bodies come while a filter holds the headers (Envoy's
    /// `allow_on_headers_stop_iteration`), for filters started from now on.
    #[must_use]
    pub fn hold_headers(self) -> Self {
        self.state.settings.borrow_mut().hold_headers = true;
        self
    }

    /// Lets a panic of the filter be what it is in a proxy, a 503, instead of failing the test.
    #[must_use]
    pub fn allow_traps(self) -> Self {
        self.state.allows_traps.set(true);
        self
    }

    /// Gives a property that the proxy would have, as [`Request::property`] does, for all exchanges from
    /// now on. Of a path under `xds`, `node` or `plugin_..` filters know it outside of exchanges too.
    pub fn property(&self, path: &str, value: impl Into<Bytes>) {
        let given = [(path.to_owned(), Some(value.into()))].into();
        self.state.engine.borrow_mut().give_properties(&given);
    }

    /// Starts a filter with this configuration; `null` stands for no configuration.
    ///
    /// In a test that plays on the module (see [`test`](macro@crate::test)) this starts the crate's
    /// module, whose filter is the one that the crate registers.
    ///
    /// # Errors
    /// When the filter refuses it, or panics.
    ///
    /// # Panics
    /// When the test plays on the module of another crate than the filter's.
    #[expect(clippy::needless_pass_by_value, reason = "so that `json!` stands in the call")]
    pub fn filter<F: Filter>(&self, config: serde_json::Value) -> Result<TestFilter, FilterError> {
        let text = if config.is_null() { String::new() } else { config.to_string() };
        #[cfg(feature = "wasm")]
        if let Some(module) = &self.state.module {
            module.assert_has(std::any::type_name::<F>());
            return self.start(&module.world, text);
        }
        self.start(&World::native::<F>(), text)
    }

    /// Starts a plugin of this world, such as `proxy_wasm!(my_plugin)`, as [`Self::filter`] starts a filter: in a test
    /// that plays on the module, that one.
    ///
    /// # Errors
    /// When the plugin refuses it, or traps.
    #[expect(clippy::needless_pass_by_value, reason = "so that `json!` stands in the call")]
    pub fn plugin(&self, native: &World, config: serde_json::Value) -> Result<TestFilter, FilterError> {
        let text = if config.is_null() { String::new() } else { config.to_string() };
        #[cfg(feature = "wasm")]
        if let Some(module) = &self.state.module {
            return self.start(&module.world, text);
        }
        self.start(native, text)
    }

    /// Starts the filter of this world, such as a built module, with the bytes of its configuration.
    ///
    /// # Errors
    /// When the filter refuses it, or traps.
    pub fn start(&self, world: &World, config: impl Into<Vec<u8>>) -> Result<TestFilter, FilterError> {
        let mut setup = self.state.settings.borrow().clone();
        setup.configuration = config.into();
        let before = self.mark();
        let started = self.state.engine.borrow_mut().add(world, &setup);
        let filter = started.map_err(|error| FilterError { error, logs: self.logs_since(before) })?;
        let upstream = Rc::new(RefCell::new(reply(200).into_behaviour()));
        let (sim, world, setup) = (self.clone(), world.clone(), Rc::new(RefCell::new(setup)));
        Ok(TestFilter { sim, filter, world, setup, worker: None, upstream })
    }

    /// The cluster with this name, for filters that call out to it. It answers 200 until told otherwise.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Cluster {
        Cluster::new(Arc::clone(self.state.engine.borrow().mocks()), name)
    }

    /// Lets time pass: timers fire and callouts end at their own moments.
    pub fn advance(&self, span: Duration) {
        self.state.engine.borrow_mut().advance(span);
    }

    /// Everything that filters have logged.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.logs_since(Mark::default())
    }

    /// The value of a counter or gauge, the number of samples of a histogram; 0 where there is none.
    #[must_use]
    pub fn metric(&self, name: &str) -> u64 {
        self.state.engine.borrow().metrics().get(name).copied().unwrap_or(0)
    }

    /// Everything that has happened, a line each: callbacks, callouts, log lines.
    #[must_use]
    pub fn timeline(&self) -> String {
        self.timeline_since(Mark::default())
    }

    /// Takes down what modules have used so far.
    fn take_reading(&self) {
        self.state.readings.borrow_mut().extend(self.state.engine.borrow().journal().meter.usage());
    }

    /// What modules had used before the first exchange and after each; nothing where nobody counts.
    pub(crate) fn readings(&self) -> Vec<Usage> {
        self.state.readings.borrow().clone()
    }

    fn mark(&self) -> Mark {
        self.state.engine.borrow().journal().mark()
    }

    fn logs_since(&self, mark: Mark) -> Vec<LogLine> {
        self.state.engine.borrow().journal().logs(mark)
    }

    fn timeline_since(&self, mark: Mark) -> String {
        self.state.engine.borrow().journal().timeline(mark).join("\n")
    }
}

impl TestFilter {
    /// Sets what the upstream answers from now on; 200 without a body until then.
    pub fn upstream(&self, reply: Reply) {
        self.upstream.replace(reply.into_behaviour());
    }

    /// The same filter, whose requests all go to this worker, counted from 0.
    ///
    /// # Panics
    /// When there is no such worker.
    #[track_caller]
    #[must_use]
    pub fn on(&self, worker: usize) -> Self {
        let workers = self.sim.state.engine.borrow().workers();
        if worker >= workers {
            fail(&format!("there is no worker {worker}: there are {workers}, counted from 0"));
        }
        Self { worker: Some(worker), ..self.clone() }
    }

    /// Sends a request and waits, in virtual time, for the end of the exchange.
    ///
    /// # Panics
    /// Where the test cannot go on: see [`Pending::finish`].
    #[track_caller]
    #[must_use = "an exchange about which nothing is expected tests nothing"]
    pub fn request(&self, request: Request) -> Exchange {
        self.open(request).finish()
    }

    /// Sends so many requests, one after the other, to see what a filter does in the long run.
    ///
    /// # Errors
    /// None of its own: it stands at the end of a test.
    ///
    /// # Panics
    /// As [`Self::request`], at the first request with which the test cannot go on.
    #[track_caller]
    pub fn soak(&self, count: usize, request: Request) -> TestResult {
        for _ in 0..count {
            let _over = self.request(request.clone());
        }
        Ok(())
    }

    /// Sends a request, and lets it go as far as it can without time passing.
    pub fn open(&self, request: Request) -> Pending {
        Pending::new(self, request)
    }
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sim").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for TestFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestFilter").field("filter", &self.filter).finish_non_exhaustive()
    }
}

/// Fails the test at the line that called.
#[track_caller]
#[expect(clippy::panic, reason = "a failed expectation is a failed test")]
pub(crate) fn fail(message: &str) -> ! {
    panic!("{message}")
}

#[cfg(test)]
mod tests;
