//! Plays a test many times in one VM, as a benchmark does, and measures it.

use super::driver::{Driver, Record, Stop, Stream};
use super::play::{Subject, play, setup};
use super::suite::{Suite, Test};
use crate::cost::{Measured, Readings, Tally};
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::guest::Usage;

/// So many streams warm up before those that are counted.
const WARM_UP: usize = 10;

/// A test that is played again and again.
pub struct Repeat<'a> {
    test: &'a Test,
    driver: Driver,
    /// Streams that live beside the one that is measured, each with the phase that is next.
    others: Vec<(Stream, usize)>,
    next: usize,
    rate: u32,
}

impl Suite {
    /// Starts the plugin of the test with this index, and the streams that live beside the measured one
    /// (`env.num_additional_streams`). Less than critical is not logged. `None` where there is no such test.
    ///
    /// # Errors
    /// When the plugin does not start or traps; says why.
    pub fn repeat<'a>(&'a self, index: usize, subject: Subject<'_>) -> Option<Result<Repeat<'a>, String>> {
        let test = self.tests.get(index)?;
        Some(self.start(test, subject).map_err(|stop| stop.describe("plugin_init")))
    }

    /// Measures the tests that are benchmarks and whose name is `wanted`, over so many streams each.
    ///
    /// A test is played again and again in one VM, and nothing is expected of what happens; streams beside the measured
    /// one cost memory, and otherwise do not count. An error says why a benchmark cannot be measured.
    #[must_use]
    pub fn measure(
        &self,
        subject: Subject<'_>,
        streams: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Result<Measured, String>> {
        let mut serving = None;
        let mut measure = |test: &Test| {
            let serving = serving.get_or_insert_with(|| subject.world.serving());
            let served = Subject { world: serving.as_ref().map_err(Clone::clone)?, ..subject };
            let counted = self.soak(test, subject, streams)?;
            Ok(Measured::of(&test.name, counted, self.soak(test, served, streams)?))
        };
        let tests = self.tests.iter().filter(|test| test.benchmark && wanted(&test.name));
        tests.map(|test| measure(test).map_err(|why: String| format!("{}: {why}", test.name))).collect()
    }

    fn soak(&self, test: &Test, subject: Subject<'_>, streams: usize) -> Result<Readings, String> {
        let mut repeat = self.start(test, subject).map_err(|stop| stop.describe("plugin_init"))?;
        let mut tally = Tally::new(WARM_UP, streams);
        loop {
            tally.begin(repeat.driver.meter());
            repeat.once()?;
            if !tally.end(repeat.driver.meter()) {
                return Ok(tally.readings(repeat.driver.meter()));
            }
        }
    }

    fn start<'a>(&'a self, test: &'a Test, subject: Subject<'_>) -> Result<Repeat<'a>, Stop> {
        let setup = setup(self, test, subject, LogLevel::Critical, Record::Callbacks);
        let mut driver = Driver::start(subject.world, setup, Driver::journal(self.env.time))?;
        let others = (0..self.env.additional_streams).map(|_| Ok((driver.open()?, 0)));
        let others = others.collect::<Result<_, Stop>>()?;
        Ok(Repeat { test, driver, others, next: 0, rate: self.env.advance_rate })
    }
}

impl Repeat<'_> {
    /// Plays the test once, from the beginning of a stream to its end. After each of its phases so many of
    /// the other streams go on by one phase as `env.additional_stream_advance_rate` says.
    ///
    /// # Errors
    /// When the plugin traps; says where.
    pub fn once(&mut self) -> Result<(), String> {
        let stopped = |phase: &'static str| move |stop: Stop| stop.describe(phase);
        let stream = self.driver.open().map_err(stopped("stream_init"))?;
        for invocation in &self.test.phases {
            let name = invocation.phase.name();
            play(&mut self.driver, &stream, invocation, self.test.chunks).map_err(stopped(name))?;
            self.driver.meter().pause(true);
            let advanced = self.advance();
            self.driver.meter().pause(false);
            advanced.map_err(stopped("an additional stream"))?;
        }
        self.driver.destroy(&stream).map_err(stopped("stream_destroy"))
    }

    /// What the VM has used since its beginning; `None` where nobody counts.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.driver.usage()
    }

    fn advance(&mut self) -> Result<(), Stop> {
        for _ in 0..self.rate {
            if self.others.is_empty() {
                return Ok(());
            }
            self.next %= self.others.len();
            let Some((stream, phase)) = self.others.get_mut(self.next) else { return Ok(()) };
            match self.test.phases.get(*phase) {
                Some(invocation) => {
                    play(&mut self.driver, stream, invocation, self.test.chunks)?;
                    *phase += 1;
                }
                None => {
                    self.driver.destroy(stream)?;
                    (*stream, *phase) = (self.driver.open()?, 0);
                }
            }
            self.next += 1;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Repeat<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeat").field("test", &self.test.name).finish_non_exhaustive()
    }
}
