//! An experiment as requests meet it: whom it is for, how it decides, and what follows.

use crate::assign::{Assignment, Namespace};
use crate::cohort::{Cohort, is_key};
use crate::decision::DecisionService;
use crate::metrics::Counters;
use crate::trusted::Trusted;
use mesh_filter::{HeaderName, Request, Setup};
use mesh_filter_policy::{Moment, Problem, RouteMatch};
use std::rc::Rc;

/// One experiment.
pub(crate) struct Experiment {
    pub(crate) key: String,
    /// What was remembered with another version does not count.
    pub(crate) version: String,
    pub(crate) matches: Option<RouteMatch>,
    /// Who may come in.
    pub(crate) targeting: Option<RouteMatch>,
    pub(crate) schedule: Schedule,
    /// The part in which an id has to be.
    pub(crate) namespace: Option<Namespace>,
    /// Ids that get a variation without being put into it, and its number; in order of the ids.
    pub(crate) override_ids: Vec<(String, usize)>,
    /// Where trusted clients choose.
    pub(crate) override_header: Option<HeaderName>,
    pub(crate) override_query_parameter: Option<String>,
    pub(crate) decides: Decides,
    /// Whether decisions are remembered.
    pub(crate) sticky: bool,
    pub(crate) variations: Vec<Variation>,
    pub(crate) request_header: Option<HeaderName>,
    pub(crate) response_header: Option<HeaderName>,
    pub(crate) counters: Option<Counters>,
}

/// What decides.
pub(crate) enum Decides {
    Hash(Assignment),
    /// A service, and what holds while it does not answer.
    Service(DecisionService, Option<Rc<str>>),
}

/// When an experiment runs, and for how many.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) start: Option<Moment>,
    pub(crate) end: Option<Moment>,
    /// The coverage before the first step of the ramp.
    pub(crate) coverage: f64,
    /// From when on which coverage counts, in order.
    pub(crate) ramp: Vec<(Moment, f64)>,
}

/// A variation, and what becomes of its requests and responses.
#[derive(Debug)]
pub(crate) struct Variation {
    pub(crate) key: Rc<str>,
    pub(crate) request_headers: Vec<(HeaderName, String)>,
    pub(crate) response_headers: Vec<(HeaderName, String)>,
    /// The first that fits is done.
    pub(crate) rewrites: Vec<PrefixRewrite>,
    pub(crate) host_rewrite: Option<String>,
}

impl Variation {
    /// Whether a decision for it can be noticed.
    pub(crate) fn acts(&self) -> bool {
        !self.request_headers.is_empty()
            || !self.response_headers.is_empty()
            || !self.rewrites.is_empty()
            || self.host_rewrite.is_some()
    }
}

impl Schedule {
    /// Whether the clock has a say.
    fn is_timed(&self) -> bool {
        self.start.is_some() || self.end.is_some() || !self.ramp.is_empty()
    }

    /// For how many the experiment runs; none where it does not. The clock is asked only if it matters.
    pub(crate) fn coverage(&self, now: impl FnOnce() -> Moment) -> Option<f64> {
        if !self.is_timed() {
            return Some(self.coverage);
        }
        let now = now();
        if self.start.is_some_and(|start| now < start) || self.end.is_some_and(|end| now >= end) {
            return None;
        }
        let step = self.ramp.iter().rev().find(|(at, _)| *at <= now);
        Some(step.map_or(self.coverage, |(_, coverage)| *coverage))
    }
}

impl Experiment {
    /// One for every request, without variations.
    pub(crate) fn new(key: &str, decides: Decides) -> Self {
        Self {
            key: key.to_owned(),
            decides,
            version: String::new(),
            matches: None,
            targeting: None,
            schedule: Schedule::default(),
            namespace: None,
            override_ids: Vec::new(),
            override_header: None,
            override_query_parameter: None,
            sticky: false,
            variations: Vec::new(),
            request_header: None,
            response_header: None,
            counters: None,
        }
    }

    /// Defines its counters.
    pub(crate) fn count(&mut self, setup: &mut Setup, prefix: &str) -> Result<(), Problem> {
        let keys: Vec<&str> = self.variations.iter().map(|variation| &*variation.key).collect();
        self.counters = Some(Counters::new(setup, prefix, &self.key, &keys)?);
        Ok(())
    }

    /// The headers of requests that this experiment writes, and that by which trusted clients choose.
    pub(crate) fn own_headers<'e>(&'e self, own: &mut Vec<&'e HeaderName>) {
        for variation in &self.variations {
            for (name, _) in &variation.request_headers {
                own.push(name);
            }
        }
        own.extend(&self.request_header);
        own.extend(&self.override_header);
    }

    /// What was decided before, if it could be decided today.
    pub(crate) fn remembered(&self, key: &str) -> Option<Cohort> {
        if self.sticky { self.known(key) } else { None }
    }

    /// The variation of this key; where the configuration names none, every key is one.
    pub(crate) fn known(&self, key: &str) -> Option<Cohort> {
        match self.known_index(key) {
            Some(index) => self.cohort(index),
            None if self.variations.is_empty() && is_key(key) => {
                Some(Cohort { key: key.into(), variation: None })
            }
            None => None,
        }
    }

    /// The number of the variation of this key.
    pub(crate) fn known_index(&self, key: &str) -> Option<usize> {
        self.variations.iter().position(|variation| *variation.key == *key)
    }

    /// The variation of this number.
    pub(crate) fn cohort(&self, index: usize) -> Option<Cohort> {
        let variation = self.variations.get(index)?;
        Some(Cohort { key: Rc::clone(&variation.key), variation: Some(index) })
    }

    /// What is decided for this request before anything else is asked.
    pub(crate) fn forced(
        &self,
        request: &Request,
        trusted: Option<&Trusted>,
        id: impl FnOnce() -> Option<String>,
    ) -> Option<Cohort> {
        let ids = &self.override_ids;
        if !ids.is_empty()
            && let Some(id) = id()
            && let Ok(place) = ids.binary_search_by(|(known, _)| known.as_str().cmp(&id))
        {
            return ids.get(place).and_then(|(_, index)| self.cohort(*index));
        }
        let header = self.override_header.as_ref().and_then(|name| request.headers().get(name));
        let wanted = match header {
            Some(value) => value.as_bytes().to_vec(),
            None => request.query().get(self.override_query_parameter.as_ref()?)?.into_owned(),
        };
        let cohort = self.known(std::str::from_utf8(&wanted).ok()?)?;
        trusted?.includes(request).then_some(cohort)
    }
}

/// Another beginning of the path, at the end of a segment.
#[derive(Debug)]
pub(crate) struct PrefixRewrite {
    from: String,
    to: String,
}

impl PrefixRewrite {
    pub(crate) fn new(from: &str, to: &str) -> Self {
        let trimmed = |path: &str| path.trim_end_matches('/').to_owned();
        Self { from: trimmed(from), to: trimmed(to) }
    }

    /// How much of a path it is about.
    pub(crate) fn length(&self) -> usize {
        self.from.len()
    }

    /// The target with the other beginning; none where it begins otherwise.
    pub(crate) fn of(&self, target: &[u8]) -> Option<Vec<u8>> {
        let rest = target.strip_prefix(self.from.as_bytes())?;
        let to = match rest.first() {
            None | Some(b'?') if self.to.is_empty() => "/",
            None | Some(b'?' | b'/') => &self.to,
            Some(_) => return None,
        };
        let mut target = to.as_bytes().to_vec();
        target.extend_from_slice(rest);
        Some(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_rewritten_where_a_segment_ends() {
        for (from, to, target, expected) in [
            ("/shop", "/shop-new", "/shop", Some("/shop-new")),
            ("/shop", "/shop-new", "/shop/cart?a=/shop", Some("/shop-new/cart?a=/shop")),
            ("/shop", "/shop-new", "/shop?a", Some("/shop-new?a")),
            ("/shop", "/shop-new", "/shopping", None),
            ("/shop", "/shop-new", "/", None),
            ("/shop/", "/new/", "/shop/cart", Some("/new/cart")),
            ("/shop", "/", "/shop", Some("/")),
            ("/shop", "/", "/shop?a", Some("/?a")),
            ("/shop", "/", "/shop/cart", Some("/cart")),
            ("/", "/v2", "/cart", Some("/v2/cart")),
            ("/", "/v2", "/", Some("/v2/")),
            ("/", "/v2", "*", None),
        ] {
            let moved = PrefixRewrite::new(from, to).of(target.as_bytes());
            assert_eq!(moved.as_deref(), expected.map(str::as_bytes), "{from} {to} {target}");
        }
    }

    #[test]
    fn a_schedule_has_a_beginning_steps_and_an_end() {
        let at = |seconds| Moment::from_secs(seconds).unwrap();
        let schedule = Schedule {
            start: Some(at(10)),
            end: Some(at(50)),
            coverage: 0.1,
            ramp: vec![(at(20), 0.2), (at(30), 1.0)],
        };
        for (second, coverage) in [
            (9, None),
            (10, Some(0.1)),
            (19, Some(0.1)),
            (20, Some(0.2)),
            (30, Some(1.0)),
            (49, Some(1.0)),
            (50, None),
        ] {
            assert_eq!(schedule.coverage(|| at(second)), coverage, "{second}");
        }
        let always = Schedule { start: None, end: None, coverage: 0.5, ramp: Vec::new() };
        assert_eq!(always.coverage(|| unreachable!("the clock does not matter")), Some(0.5));
    }
}
