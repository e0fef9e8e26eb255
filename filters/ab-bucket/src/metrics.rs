//! Counters of an experiment.

use mesh_filter::Setup;
use mesh_filter::metrics::Counter;
use mesh_filter_policy::Problem;

/// Counters below `ab_bucket.EXPERIMENT.`, or `ab_bucket.PREFIX.EXPERIMENT.`.
pub(crate) struct Counters {
    /// For each variation, or where there are none for whatever a service says: requests, and those decided for the first time.
    variations: Vec<(Counter, Counter)>,
    /// Requests that an override decided. They are in no other counter: they would spoil the shares.
    overridden: Counter,
    /// Requests for which the service had no answer.
    pub(crate) fallback: Counter,
}

/// How a decision came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Override,
    Sticky,
    Hash,
    Service,
    Fallback,
}

impl How {
    /// Whether it was decided now, by what the experiment is about.
    pub(crate) fn is_new(self) -> bool {
        matches!(self, Self::Hash | Self::Service)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::Sticky => "sticky",
            Self::Hash => "hash",
            Self::Service => "service",
            Self::Fallback => "fallback",
        }
    }
}

/// Defines a counter. This is no generic function, because each copy has its size.
#[inline(never)]
pub(crate) fn define(setup: &mut Setup, name: &str) -> Result<Counter, Problem> {
    setup.counter(name).map_err(|error| Problem::new("stat_prefix", error.to_string()))
}

impl Counters {
    pub(crate) fn new(
        setup: &mut Setup,
        prefix: &str,
        experiment: &str,
        variations: &[&str],
    ) -> Result<Self, Problem> {
        let variations = if variations.is_empty() { &["any"] } else { variations };
        let mut counter = |name: &str| define(setup, &format!("{prefix}{experiment}.{name}"));
        let mut both = Vec::new();
        for variation in variations {
            both.push((
                counter(&format!("{variation}.exposed"))?,
                counter(&format!("{variation}.assigned"))?,
            ));
        }
        Ok(Self { variations: both, overridden: counter("overridden")?, fallback: counter("fallback")? })
    }

    /// Counts a request that has a decision.
    pub(crate) fn count(&self, variation: Option<usize>, how: How) {
        match how {
            How::Override => self.overridden.increment(1),
            How::Fallback => self.fallback.increment(1),
            How::Sticky | How::Hash | How::Service => {
                let own = variation.and_then(|index| self.variations.get(index)).or(self.variations.last());
                let Some((exposed, assigned)) = own else { return };
                exposed.increment(1);
                if how.is_new() {
                    assigned.increment(1);
                }
            }
        }
    }
}
