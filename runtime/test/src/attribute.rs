//! What the attribute [`test`](macro@crate::test) expands to: a test that plays in each world.

use crate::api::{Sim, fail};
use crate::scenario::{WARM_UP, shown};
use crate::sim::DEFAULT_START;
use mesh_filter_runtime::guest::Usage;
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
    /// What the module may use.
    pub budget: Budget,
}

/// What a module may use in a test, after its first exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Fuel of one exchange.
    pub fuel: Option<u64>,
    /// Calls of host functions in one exchange.
    pub hostcalls: Option<u64>,
    /// Bytes of memory in the end.
    pub memory: Option<u64>,
    /// Bytes by which the memory grows.
    pub heap_growth: Option<u64>,
}

impl Budget {
    /// What does not hold of it, given the use before the first exchange and after each.
    fn problems(&self, readings: &[Usage]) -> Vec<String> {
        if *self == Self::default() {
            return Vec::new();
        }
        let counted = readings.get(WARM_UP..).unwrap_or_default();
        let (Some(first), Some(last), true) = (counted.first(), counted.last(), counted.len() > 1) else {
            return vec![format!(
                "the budget is for what comes after the first {WARM_UP} exchanges, which warm up: the test has too few"
            )];
        };
        let most = |of: fn(&Usage) -> u64| {
            let each = counted.iter().zip(counted.iter().skip(1));
            let each = each.map(|(before, after)| of(after).saturating_sub(of(before)));
            each.enumerate().rev().max_by_key(|(_, used)| *used)
        };
        let mut problems = Vec::new();
        for (what, limit, used) in [
            ("fuel", self.fuel, most(|usage| usage.fuel)),
            ("hostcalls", self.hostcalls, most(|usage| usage.hostcalls)),
        ] {
            if let Some(((index, used), limit)) = used.zip(limit).filter(|((_, used), limit)| used > limit) {
                let index = index + WARM_UP;
                problems.push(format!(
                    "{what} of an exchange: at most {limit}, got {used} in exchange {index} from 0"
                ));
            }
        }
        for (what, limit, used) in [
            ("memory", self.memory, last.memory),
            ("heap growth", self.heap_growth, last.memory.saturating_sub(first.memory)),
        ] {
            if let Some(limit) = limit.filter(|limit| used > *limit) {
                problems.push(format!("{what}: at most {}, got {}", shown(limit), shown(used)));
            }
        }
        problems
    }
}

/// What a test gives back.
pub trait Outcome {
    /// It ended without an error.
    fn holds(&self) -> bool;

    /// Fails the test where it is an error.
    ///
    /// # Panics
    /// Then, because a test that should panic may return nothing.
    fn succeed(self);
}

impl Outcome for () {
    fn holds(&self) -> bool {
        true
    }

    fn succeed(self) {}
}

impl<T, E: fmt::Debug> Outcome for Result<T, E> {
    fn holds(&self) -> bool {
        self.is_ok()
    }

    #[track_caller]
    fn succeed(self) {
        if let Err(error) = self {
            fail(&format!("{error:?}"));
        }
    }
}

/// Plays a test with a simulation of its own.
pub fn play<R: Outcome>(engine: Engine, setting: Setting, case: impl FnOnce(&mut Sim) -> R) -> R {
    let mut sim = setting.sim(engine);
    let outcome = case(&mut sim);
    if engine == Engine::Wasm && outcome.holds() {
        let problems = setting.budget.problems(&sim.readings());
        if !problems.is_empty() {
            fail(&format!("more than the budget\n  {}", problems.join("\n  ")));
        }
    }
    outcome
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A warm-up that costs a lot, then exchanges with this use of fuel.
    fn readings(fuel: &[u64]) -> Vec<Usage> {
        let page = 65_536;
        let mut now = Usage { memory: page, ..Usage::default() };
        let mut readings = vec![now];
        for fuel in [1_000_000; WARM_UP].iter().chain(fuel) {
            now.fuel += fuel;
            now.hostcalls += 2;
            now.memory += if *fuel == 7 { page } else { 0 };
            readings.push(now);
        }
        readings
    }

    #[test]
    fn a_budget_holds_for_each_exchange_after_the_first_ones() {
        let budget =
            Budget { fuel: Some(7), hostcalls: Some(2), memory: Some(1 << 17), heap_growth: Some(1 << 16) };
        assert_eq!(budget.problems(&readings(&[6, 7, 5])), Vec::<String>::new());
        let budget = Budget { fuel: Some(6), hostcalls: Some(1), memory: Some(1), heap_growth: Some(0) };
        assert_eq!(
            budget.problems(&readings(&[6, 7, 5])),
            [
                "fuel of an exchange: at most 6, got 7 in exchange 11 from 0",
                "hostcalls of an exchange: at most 1, got 2 in exchange 10 from 0",
                "memory: at most 1, got 128KiB",
                "heap growth: at most 0, got 64KiB",
            ]
        );
    }

    #[test]
    fn a_budget_of_a_test_that_only_warms_up_is_no_test() {
        let problems = Budget { fuel: Some(7), ..Budget::default() }.problems(&readings(&[]));
        assert!(problems.concat().contains("too few"), "{problems:?}");
        assert_eq!(Budget::default().problems(&[]), Vec::<String>::new());
    }
}
