//! A request that experiments decide over, and what of it is found out once for all of them.

use crate::cohort::Cohort;
use crate::config::Policy;
use crate::decision::Undecided;
use crate::experiment::{Decides, Experiment};
use crate::metrics::How;
use crate::sticky::Kept;
use mesh_filter::clock::secs;
use mesh_filter::{Request, log_every};
use mesh_filter_policy::Moment;
use std::cell::OnceCell;

/// A request, seen by experiments.
pub(crate) struct Visit<'p, 'r> {
    policy: &'p Policy,
    request: &'r Request,
    kept: OnceCell<Kept>,
    /// The id that the request has.
    known: OnceCell<Option<String>>,
    /// The one that was made up for it.
    made: OnceCell<Option<String>>,
    now: OnceCell<Moment>,
}

/// A decision of an experiment.
pub(crate) struct Decision {
    /// The number of the experiment.
    pub(crate) experiment: usize,
    pub(crate) cohort: Cohort,
    pub(crate) how: How,
}

/// What is left of a visit.
pub(crate) struct Found {
    /// The id, whether known or made up.
    pub(crate) id: Option<String>,
    /// Whether it was made up.
    pub(crate) is_new: bool,
    pub(crate) kept: Kept,
}

impl<'p, 'r> Visit<'p, 'r> {
    pub(crate) fn new(policy: &'p Policy, request: &'r Request) -> Self {
        let (kept, known, made, now) = Default::default();
        Self { policy, request, kept, known, made, now }
    }

    /// What all experiments decide.
    pub(crate) async fn decisions(&self) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for (number, experiment) in self.policy.experiments.iter().enumerate() {
            if let Some((cohort, how)) = self.decide(number, experiment).await {
                decisions.push(Decision { experiment: number, cohort, how });
            }
        }
        decisions
    }

    /// What was found out.
    pub(crate) fn into_found(mut self) -> Found {
        let made = self.made.take().flatten();
        let is_new = made.is_some();
        Found {
            id: made.or_else(|| self.known.take().flatten()),
            is_new,
            kept: self.kept.take().unwrap_or_default(),
        }
    }

    /// What an experiment decides: by override, by memory, or anew.
    async fn decide(&self, number: usize, experiment: &Experiment) -> Option<(Cohort, How)> {
        if experiment.matches.as_ref().is_some_and(|matches| !matches.matches(self.request)) {
            return None;
        }
        let coverage = experiment.schedule.coverage(|| *self.now.get_or_init(Moment::now))?;
        let known = || self.known().map(str::to_owned);
        if let Some(cohort) = experiment.forced(self.request, self.policy.trusted.as_ref(), known) {
            return Some((cohort, How::Override));
        }
        if let Some(cohort) = self.kept().cohort(number) {
            return Some((cohort.clone(), How::Sticky));
        }
        if experiment.targeting.as_ref().is_some_and(|targeting| !targeting.matches(self.request)) {
            return None;
        }
        if let Some(namespace) = &experiment.namespace
            && !namespace.contains(self.id()?)
        {
            return None;
        }
        match &experiment.decides {
            Decides::Hash(assignment) => {
                let index = assignment.variation(self.id()?, coverage)?;
                Some((experiment.cohort(index)?, How::Hash))
            }
            Decides::Service(service, fallback) => {
                let undecided = match service.ask(self.request, self.id()).await {
                    Ok(text) => match experiment.known(&text) {
                        Some(cohort) => return Some((cohort, How::Service)),
                        None => Undecided::Unknown,
                    },
                    Err(undecided) => undecided,
                };
                let key = &experiment.key;
                log_every!(secs(1), Warn, "no decision for `{key}`: {undecided}");
                Some((experiment.known(fallback.as_deref()?)?, How::Fallback))
            }
        }
    }

    fn kept(&self) -> &Kept {
        self.kept.get_or_init(|| match &self.policy.sticky {
            Some(sticky) => sticky.read(self.request, &self.policy.experiments),
            None => Kept::default(),
        })
    }

    fn known(&self) -> Option<&str> {
        self.known.get_or_init(|| self.policy.units.known(self.request)).as_deref()
    }

    /// The request's id, or one that is made up for it.
    fn id(&self) -> Option<&str> {
        self.known().or_else(|| self.made.get_or_init(|| self.policy.units.make()).as_deref())
    }
}
