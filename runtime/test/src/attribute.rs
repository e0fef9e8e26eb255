//! What the attribute [`test`](macro@crate::test) expands to: a test that plays in each world.

use crate::api::{Sim, fail};
use crate::sim::DEFAULT_START;
use std::fmt;

/// What a test of a filter returns, so that `?` may stand in it.
pub type TestResult<T = ()> = Result<T, TestError>;

/// Why a test cannot go on: any error, shown with its causes.
pub struct TestError(pub(crate) Box<dyn std::error::Error>);

impl<E: std::error::Error + 'static> From<E> for TestError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// As a reader wants it: `cargo test` prints errors by this.
impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut shown = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            // Many messages name their cause already.
            let text = error.to_string();
            if !shown.contains(&text) {
                write!(f, "\n  because: {text}")?;
            }
            shown = text;
            cause = error.source();
        }
        Ok(())
    }
}

/// What plays a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The test program itself.
    Native,
    /// The Wasm engine, with the crate's module.
    Wasm,
}

/// How a test is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Of the crate under test.
    pub folder: &'static str,
    /// Where the wall clock stands at first.
    pub clock: Option<&'static str>,
    /// From which random bytes come.
    pub seed: u64,
}

/// What a test gives back.
pub trait Outcome {
    /// Fails the test where it is an error.
    ///
    /// # Panics
    /// Then, because a test that should panic may return nothing.
    fn succeed(self);
}

impl Outcome for () {
    fn succeed(self) {}
}

impl<T, E: fmt::Debug> Outcome for Result<T, E> {
    #[track_caller]
    fn succeed(self) {
        if let Err(error) = self {
            fail(&format!("{error:?}"));
        }
    }
}

/// Plays a test with a simulation of its own.
pub fn play<R>(engine: Engine, setting: Setting, case: impl FnOnce(&mut Sim) -> R) -> R {
    case(&mut setting.sim(engine))
}

impl Setting {
    pub(crate) fn sim(&self, engine: Engine) -> Sim {
        let start = match self.clock.map(crate::scenario::moment) {
            None => DEFAULT_START,
            Some(Some(moment)) => moment,
            Some(None) => fail(&format!(
                "`clock` is `{}`: expected a moment such as `2026-01-01T00:00:00Z`",
                self.clock.unwrap_or_default()
            )),
        };
        let sim = Sim::with(start, self.seed);
        match engine {
            Engine::Native => sim,
            Engine::Wasm => self.on_module(sim),
        }
    }

    #[cfg(feature = "wasm")]
    fn on_module(&self, sim: Sim) -> Sim {
        match crate::module::of_crate(std::path::Path::new(self.folder)) {
            Ok(module) => sim.playing(module),
            Err(problem) => fail(&problem),
        }
    }

    #[cfg(not(feature = "wasm"))]
    fn on_module(&self, _: Sim) -> Sim {
        fail("this test plays on the module only: run it with `--features mesh-filter-test/wasm`")
    }
}

/// The test on the module, where there is an engine.
#[cfg(feature = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __wasm {
    ($($attributes:tt)*) => {
        #[::core::prelude::v1::test]
        $($attributes)*
        fn wasm() {
            play($crate::private::Engine::Wasm)
        }
    };
}

/// The test on the module, where there is an engine.
#[cfg(not(feature = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __wasm {
    ($($attributes:tt)*) => {};
}

/// As `__wasm`, for tests that play nowhere else.
#[cfg(feature = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __only_wasm {
    ($($attributes:tt)*) => { $crate::__wasm! { $($attributes)* } };
}

/// As `__wasm`, for tests that play nowhere else.
#[cfg(not(feature = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __only_wasm {
    ($($attributes:tt)*) => {
        #[::core::prelude::v1::test]
        #[ignore = "needs the feature `wasm` of mesh-filter-test"]
        fn wasm() {
            play($crate::private::Engine::Wasm)
        }
    };
}
