//! What the attribute [`proptest`](macro@crate::proptest) expands to, and how cuts are drawn.

use crate::api::Sim;
use crate::attribute::{Engine, Setting, TestError, TestResult};
use crate::cuts::Cuts;
use crate::panics;
use proptest::arbitrary::Arbitrary;
use proptest::prelude::RngExt as _;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{
    Config, RngSeed, TestCaseError, TestCaseResult, TestError as Failed, TestRunner,
};

/// Looks for inputs with which the test fails.
///
/// # Errors
/// With the smallest inputs that were found, and why the test fails with them.
pub fn property<S: Strategy, R: Into<Verdict>>(
    engine: Engine,
    setting: Setting,
    cases: u32,
    inputs: S,
    test: impl Fn(&mut Sim, S::Value) -> R,
) -> TestResult {
    // Where there is no module to play on, no input is to blame.
    drop(setting.sim(engine));
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(setting.seed);
    }
    let result = TestRunner::new(config).run(&inputs, |inputs| {
        // Every try that fails would print its panic otherwise, and there are many until the smallest is found.
        let run = || test(&mut setting.sim(engine), inputs).into();
        match panics::caught(run) {
            Ok(Verdict(result)) => result,
            Err(panic) => Err(TestCaseError::fail(panic)),
        }
    });
    result.map_err(|error| match error {
        Failed::Fail(reason, inputs) => {
            TestError(format!("{reason}\nthe smallest inputs that fail: {inputs:?}").into())
        }
        Failed::Abort(reason) => TestError(format!("no more inputs are drawn: {reason}").into()),
    })
}

/// What became of one try.
#[derive(Debug)]
pub struct Verdict(TestCaseResult);

impl From<()> for Verdict {
    fn from((): ()) -> Self {
        Self(Ok(()))
    }
}

impl From<TestResult> for Verdict {
    fn from(result: TestResult) -> Self {
        Self(result.map_err(|error| TestCaseError::fail(format!("{error:?}"))))
    }
}

impl From<TestCaseResult> for Verdict {
    fn from(result: TestCaseResult) -> Self {
        Self(result)
    }
}

/// Draws [`Cuts`]: up to 16 of them, from each byte to some KiB apart, because defects hide in both.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyCuts;

/// Most cuts of a body.
const MOST_CUTS: usize = 16;
/// Chunks have 1 to twice a power of two of bytes; the powers go up to this.
const MOST_DOUBLINGS: u32 = 12;

impl Arbitrary for Cuts {
    type Parameters = ();
    type Strategy = AnyCuts;

    fn arbitrary_with((): ()) -> AnyCuts {
        AnyCuts
    }
}

impl Strategy for AnyCuts {
    type Tree = FewerCuts;
    type Value = Cuts;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let random = runner.rng();
        // Small chunks are as likely as large ones: the size of a body is not known here.
        let largest = 2_usize << random.random_range(0..=MOST_DOUBLINGS);
        let mut place = 0;
        let places = (0..random.random_range(0..=MOST_CUTS)).map(|_| {
            place += random.random_range(1..=largest);
            place
        });
        Ok(FewerCuts::new(Cuts::at(places)))
    }
}

/// Makes cuts fewer: first many at a time, then one by one; moves what is left towards the start.
#[derive(Debug, Clone)]
pub struct FewerCuts {
    cuts: Cuts,
    /// As they were before the last change, for when it was one too many.
    before: Option<Cuts>,
    next: Step,
}

/// What is tried next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Leaves out so many cuts from this one on.
    LeaveOut { at: usize, count: usize },
    /// Moves this cut by so much towards the one before it.
    Move { at: usize, by: usize },
}

impl FewerCuts {
    fn new(cuts: Cuts) -> Self {
        let next = Step::LeaveOut { at: 0, count: cuts.at.len() };
        Self { cuts, before: None, next }
    }

    /// The distance of a cut from the one before it.
    fn gap(&self, at: usize) -> usize {
        let place = |at: usize| self.cuts.at.get(at).copied().unwrap_or(0);
        place(at).saturating_sub(at.checked_sub(1).map_or(0, place))
    }

    /// The next step that changes something.
    fn settle(&mut self) -> Option<Step> {
        loop {
            self.next = match self.next {
                step @ Step::LeaveOut { at, count } if count > 0 && at < self.cuts.at.len() => {
                    return Some(step);
                }
                Step::LeaveOut { count: 0 | 1, .. } => Step::Move { at: 0, by: self.gap(0) / 2 },
                Step::LeaveOut { count, .. } => Step::LeaveOut { at: 0, count: count / 2 },
                Step::Move { at, .. } if at >= self.cuts.at.len() => return None,
                Step::Move { at, by: 0 } => Step::Move { at: at + 1, by: self.gap(at + 1) / 2 },
                Step::Move { at, by } if by >= self.gap(at) => Step::Move { at, by: by / 2 },
                step @ Step::Move { .. } => return Some(step),
            }
        }
    }
}

impl ValueTree for FewerCuts {
    type Value = Cuts;

    fn current(&self) -> Cuts {
        self.cuts.clone()
    }

    fn simplify(&mut self) -> bool {
        let Some(step) = self.settle() else { return false };
        self.before = Some(self.cuts.clone());
        match step {
            Step::LeaveOut { at, count } => {
                let end = at.saturating_add(count).min(self.cuts.at.len());
                self.cuts.at.drain(at..end);
            }
            Step::Move { at, by } => {
                // The later ones keep their distances, so that the chunks after it stay as they are.
                self.cuts.at.iter_mut().skip(at).for_each(|place| *place -= by);
            }
        }
        true
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.cuts = before;
        self.next = match self.next {
            Step::LeaveOut { at, count } => Step::LeaveOut { at: at.saturating_add(count), count },
            Step::Move { at, by } => Step::Move { at, by: by / 2 },
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Budget;

    const SETTING: Setting = Setting {
        folder: "",
        clock: None,
        seed: 0,
        budget: Budget { fuel: None, hostcalls: None, memory: None, heap_growth: None },
    };

    fn smallest(fails: impl Fn(&Cuts) -> bool) -> String {
        let test = |_: &mut Sim, cuts: Cuts| assert!(!fails(&cuts), "such cuts");
        let found = property(Engine::Native, SETTING, 1000, AnyCuts, test);
        let text = format!("{:?}", found.unwrap_err());
        assert!(text.contains("property.rs") && text.contains("such cuts"), "{text}");
        text.split_once("that fail: ").unwrap().1.to_owned()
    }

    #[test]
    fn of_cuts_that_fail_those_remain_that_matter() {
        let between = |cuts: &Cuts| cuts.places().iter().any(|place| (7..90).contains(place));
        assert_eq!(smallest(between), "Cuts { at: [7] }");
        let two = |cuts: &Cuts| cuts.of("abcdefgh").len() > 2;
        assert_eq!(smallest(two), "Cuts { at: [1, 2] }");
        let wide = |cuts: &Cuts| cuts.places().windows(2).any(|pair| pair[1] - pair[0] >= 1000);
        assert_eq!(smallest(wide), "Cuts { at: [1, 1001] }");
        assert_eq!(smallest(|_| true), "Cuts { at: [] }");
    }

    #[test]
    fn draws_are_the_same_in_every_run_and_others_by_another_seed() {
        let drawn = |seed| {
            let all = std::cell::RefCell::new(Vec::new());
            let setting = Setting { seed, ..SETTING };
            let test = |_: &mut Sim, cuts: Cuts| all.borrow_mut().push(cuts);
            property(Engine::Native, setting, 50, AnyCuts, test).unwrap();
            all.into_inner()
        };
        assert_eq!(drawn(0), drawn(0));
        assert_ne!(drawn(0), drawn(1));
        assert_eq!(drawn(0).len(), 50);
    }

    #[test]
    fn inputs_that_are_assumed_away_are_no_failures() {
        let test = |sim: &mut Sim, cuts: Cuts| -> TestCaseResult {
            proptest::prop_assume!(cuts.places().len() > 8);
            proptest::prop_assert_eq!(sim.metric("none"), 0);
            Ok(())
        };
        property(Engine::Native, SETTING, 20, AnyCuts, test).unwrap();
    }
}
