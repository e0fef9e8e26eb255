//! What was decided before, as the client brings it back: one cookie for all experiments.
//!
//! Its value is a list of `EXPERIMENT:VERSION:COHORT`, joined by `~`, and with a secret a signature behind it. An entry
//! counts while its experiment is there, with the same version and the same variation.

use crate::cohort::Cohort;
use crate::cookie::SetCookie;
use crate::experiment::Experiment;
use crate::seal::Seal;
use mesh_filter::Request;
use mesh_filter::metrics::Counter;
use std::rc::Rc;

/// What signatures of decisions are for.
const PURPOSE: &str = "sticky";

/// The cookie of decisions.
pub(crate) struct Sticky {
    cookie: SetCookie,
    seal: Option<Rc<Seal>>,
    /// Cookies whose signature was wrong.
    rejected: Counter,
}

/// What a client has brought.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// By the number of the experiment.
    cohorts: Vec<Option<Cohort>>,
    /// The list as it came, without its signature.
    text: String,
}

impl Kept {
    /// What was decided for an experiment.
    pub(crate) fn cohort(&self, experiment: usize) -> Option<&Cohort> {
        self.cohorts.get(experiment)?.as_ref()
    }
}

impl Sticky {
    pub(crate) fn new(cookie: SetCookie, seal: Option<Rc<Seal>>, rejected: Counter) -> Self {
        Self { cookie, seal, rejected }
    }

    /// What the client has brought that still counts.
    pub(crate) fn read(&self, request: &Request, experiments: &[Experiment]) -> Kept {
        let value = request.headers().cookie(self.cookie.name());
        let Some(value) = value.and_then(|value| value.as_str().ok()) else { return Kept::default() };
        let text = match &self.seal {
            None => value,
            Some(seal) => {
                let Some(text) = seal.open(PURPOSE, value) else {
                    self.rejected.increment(1);
                    return Kept::default();
                };
                text
            }
        };
        let remembered = |experiment: &Experiment| {
            let entry = text.split('~').find_map(|entry| rest_of(entry, &experiment.key))?;
            experiment.remembered(rest_of(entry, &experiment.version)?)
        };
        let mut cohorts = Vec::new();
        for experiment in experiments {
            cohorts.push(remembered(experiment));
        }
        Kept { cohorts, text: text.to_owned() }
    }

    /// The header that gives the client what has been decided, if it does not have it already.
    pub(crate) fn set_cookie(
        &self,
        experiments: &[Experiment],
        kept: &Kept,
        new: impl Fn(usize) -> Option<Rc<str>>,
    ) -> Option<String> {
        let mut text = String::new();
        for (number, experiment) in experiments.iter().enumerate() {
            let cohort = new(number).or_else(|| kept.cohort(number).map(|cohort| Rc::clone(&cohort.key)));
            let Some(cohort) = cohort else { continue };
            let between = if text.is_empty() { "" } else { "~" };
            for part in [between, &experiment.key, ":", &experiment.version, ":", &cohort] {
                text.push_str(part);
            }
        }
        if text.is_empty() || text == kept.text {
            return None;
        }
        self.cookie.with(&self.seal.as_ref().map_or_else(|| text.clone(), |seal| seal.seal(PURPOSE, &text)))
    }
}

/// What stands behind `NAME:`.
fn rest_of<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.strip_prefix(':')
}
