//! Measures cases: what their exchanges cost a module when they go on and on, nothing of it judged.
//!
//! A case is gone through twice: in the engine that counts, whose numbers repeat exactly, and in the engine that
//! serves, whose CPU times are those of a proxy.

use super::budget::WARM_UP;
use super::run::{Broken, On, Play};
use super::stage::StartFailure;
use super::step::{Exchanges, Step};
use super::suite::{Case, Suite};
use crate::cost::{EnvoyCpu, Measured, Readings, Tally};
use crate::sim::Meter;
use crate::traffic::Chunking;
use crate::world::World;

/// Before so many exchanges V8 has not compiled hot code as well as it can.
const TIER_UP: usize = 200;

impl Suite {
    /// Measures the cases whose name is `wanted` over so many exchanges each.
    ///
    /// The steps of a case are gone through again and again in one VM, and nothing is expected of what happens; each
    /// time begins with the configuration and the mocks of the case. An error says why a case cannot be measured;
    /// cases without exchanges, and those that cannot be played in this world, are left out.
    #[must_use]
    pub fn measure(
        &self,
        world: &World,
        exchanges: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Result<Measured, String>> {
        let cases = self.cases.iter().filter(|case| wanted(&case.name) && case.is_measured());
        let cases = cases.filter(|case| case.not_portable(world).is_none());
        let mut serving = None;
        let mut measure = |case: &Case| {
            let serving = serving.get_or_insert_with(|| world.serving()).as_ref().map_err(Clone::clone)?;
            case.measure(world, serving, exchanges)
        };
        cases.map(|case| measure(case).map_err(|why| format!("{}: {why}", case.name))).collect()
    }
}

impl Suite {
    /// Measures the CPU time of Envoy for the cases whose name is `wanted`, over so many exchanges each: by name what was
    /// found, or why nothing can be.
    ///
    /// Cases are gone through as by [`Self::measure`].
    #[must_use]
    pub fn measure_envoy(
        &self,
        world: &World,
        exchanges: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<(String, Result<EnvoyCpu, String>)> {
        let cases = self.cases.iter().filter(|case| wanted(&case.name) && case.is_measured());
        let measure = |case: &Case| match case.not_portable(world) {
            Some(why) => Err(why),
            None => case.time(world, exchanges),
        };
        cases.map(|case| (case.name.clone(), measure(case))).collect()
    }
}

impl Case {
    fn time(&self, world: &World, exchanges: usize) -> Result<EnvoyCpu, String> {
        let mut play = Play::new(self, Chunking::AsWritten, On { world, traced: false, recorder: None });
        play.begin_unjudged()?;
        let (mut warm_up, mut readings) = (TIER_UP, Vec::new());
        play.rounds(self, |play, step, index| {
            let (plan, _) = play.plan(step, index).map_err(said)?;
            let timed = play.stage.timed().ok_or("its CPU time cannot be measured")?;
            let reading = timed.exchange(plan)?;
            if warm_up > 0 {
                warm_up -= 1;
                return Ok(true);
            }
            readings.push(reading);
            Ok(readings.len() < exchanges)
        })?;
        Ok(EnvoyCpu::of(&readings))
    }

    /// Whether it has exchanges.
    pub(super) fn is_measured(&self) -> bool {
        let has = |step: &Step| matches!(step, Step::Exchanges(exchanges) if exchanges.repeat > 0);
        self.refused.is_none() && self.steps.iter().any(has)
    }

    fn measure(&self, world: &World, serving: &World, exchanges: usize) -> Result<Measured, String> {
        let counted = self.soak(world, exchanges)?;
        let timed = self.soak(serving, exchanges)?;
        Ok(Measured::of(&self.name, counted, timed))
    }

    fn soak(&self, world: &World, exchanges: usize) -> Result<Readings, String> {
        let mut play = Play::new(self, Chunking::AsWritten, On { world, traced: false, recorder: None });
        play.begin_unjudged()?;
        let mut tally = Tally::new(WARM_UP, exchanges);
        play.rounds(self, |play, step, index| {
            let (plan, _) = play.plan(step, index).map_err(said)?;
            tally.begin(meter(play)?);
            let ticket = play.stage.open(plan);
            play.stage.finish(ticket)?;
            Ok(tally.end(meter(play)?))
        })?;
        Ok(tally.readings(meter(&play)?))
    }
}

fn meter<'a>(play: &'a Play<'_>) -> Result<&'a Meter, String> {
    play.stage.meter().ok_or_else(|| "nobody counts what it costs: only modules are measured".to_owned())
}

fn said((problems, _): Broken) -> String {
    problems.into_iter().next().map(|problem| problem.text).unwrap_or_default()
}

impl Play<'_> {
    /// Starts the filters.
    pub(super) fn begin_unjudged(&mut self) -> Result<(), String> {
        self.start().map_err(|failure| match failure {
            StartFailure::Refused(why) | StartFailure::Broken(why) => why,
        })
    }

    /// Goes through the steps of a case again and again, each exchange as `exchange` does it, for as long as that wants
    /// more.
    pub(super) fn rounds(
        &mut self,
        case: &Case,
        mut exchange: impl FnMut(&mut Self, &Exchanges, usize) -> Result<bool, String>,
    ) -> Result<(), String> {
        let begun_with = self.setup.clone();
        loop {
            for (cluster, rules) in &case.settings.mocks {
                self.stage.mock(cluster, rules.clone());
            }
            if self.setup.configuration != begun_with.configuration {
                let again = self.stage.replace(&begun_with, false);
                again.map_err(|failure| {
                    format!("it does not take its first configuration again: {failure:?}")
                })?;
                self.setup.clone_from(&begun_with);
            }
            for step in &case.steps {
                match step {
                    Step::Exchanges(step) => {
                        for index in 0..step.repeat {
                            if !exchange(self, step, index)? {
                                return Ok(());
                            }
                        }
                    }
                    Step::Reload(reload) => self.reload_unjudged(reload)?,
                    other => self.pass(other),
                }
            }
        }
    }
}
