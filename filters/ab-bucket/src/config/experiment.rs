//! An experiment.

use super::decision::DecisionConfig;
use super::refuse::{in_item, refuse};
use super::variation::VariationConfig;
use super::{Config, check_key};
use crate::assign::{Algorithm, Assignment, Namespace};
use crate::experiment::{Decides, Experiment, Schedule, Variation};
use mesh_filter::HeaderName;
use mesh_filter_policy::{MatchConfig, Moment, Named, Problem};
use serde::Deserialize;

/// One experiment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExperimentConfig {
    pub(super) key: String,
    #[serde(rename = "match")]
    matches: Option<MatchConfig>,
    targeting: Option<MatchConfig>,
    hash: Option<Algorithm>,
    seed: Option<String>,
    coverage: Option<f64>,
    #[serde(default)]
    ramp: Named<f64>,
    #[serde(default)]
    variations: Vec<VariationConfig>,
    namespace: Option<String>,
    namespace_range: Option<[f64; 2]>,
    #[serde(default)]
    override_ids: Named<Vec<String>>,
    override_header: Option<HeaderName>,
    override_query_parameter: Option<String>,
    decision_service: Option<DecisionConfig>,
    sticky: Option<bool>,
    #[serde(default)]
    version: u32,
    request_header: Option<HeaderName>,
    response_header: Option<HeaderName>,
    start: Option<Moment>,
    end: Option<Moment>,
}

impl ExperimentConfig {
    pub(super) fn build(&self, config: &Config) -> Result<Experiment, Problem> {
        check_key(&self.key)?;
        // It is made whole first and filled then: each step that can fail has one thing to drop.
        let mut experiment = Experiment::new(&self.key, self.decides()?);
        experiment.version = self.version.to_string();
        if let Some(matches) = &self.matches {
            experiment.matches = Some(matches.build().map_err(|problem| problem.inside("match"))?);
        }
        if let Some(targeting) = &self.targeting {
            experiment.targeting = Some(targeting.build().map_err(|problem| problem.inside("targeting"))?);
        }
        experiment.namespace = match (&self.namespace, self.namespace_range) {
            (Some(name), Some(range)) => Some(Namespace::new(name, range)?),
            (None, None) => None,
            _ => return refuse("namespace_range", "expected it beside `namespace`"),
        };
        for (index, variation) in self.variations.iter().enumerate() {
            let mut built = variation.build();
            if experiment.known_index(&variation.key).is_some() {
                built = refuse("key", "another variation has this key");
            }
            experiment.variations.push(built.map_err(|problem| in_item(problem, "variations", index))?);
        }
        experiment.schedule = self.schedule()?;
        self.overrides(config, &mut experiment)?;
        experiment.sticky = self.sticky.unwrap_or(config.has_sticky());
        experiment.request_header.clone_from(&self.request_header);
        experiment.response_header.clone_from(&self.response_header);
        self.check(config, &experiment)?;
        Ok(experiment)
    }

    /// Looks for what cannot be meant with the rest of the configuration.
    fn check(&self, config: &Config, experiment: &Experiment) -> Result<(), Problem> {
        let by_id = matches!(experiment.decides, Decides::Hash(_))
            || experiment.namespace.is_some()
            || !experiment.override_ids.is_empty();
        if by_id && !config.has_unit() {
            return refuse("", "it is decided by ids, and `unit` says nowhere to find them");
        }
        if self.sticky == Some(true) && !config.has_sticky() {
            return refuse("sticky", "there is no `sticky_cookie` in which it would be");
        }
        if experiment.sticky && self.variations.is_empty() && !config.has_secret() {
            let text = "the service may say anything, so a cookie with it counts only where it is signed: set `secret`, \
                        name the `variations`, or set `sticky: false`";
            return refuse("sticky", text);
        }
        let acts = experiment.variations.iter().any(Variation::acts);
        let told = self.request_header.is_some() || self.response_header.is_some() || acts;
        if !told && config.experiments_header.is_none() && !config.filter_state {
            let text = "nobody would be told of its decisions: set `request_header`, or `experiments_header` of the configuration";
            return refuse("", text);
        }
        Ok(())
    }

    fn schedule(&self) -> Result<Schedule, Problem> {
        if let (Some(start), Some(end)) = (self.start, self.end)
            && end <= start
        {
            return refuse("end", "expected a moment after `start`");
        }
        // Before its first step a ramp has nobody, unless `coverage` says otherwise.
        let first = self.coverage.unwrap_or(if self.ramp.iter().next().is_some() { 0.0 } else { 1.0 });
        if !is_share(first) {
            return refuse("coverage", "expected a number from 0 to 1");
        }
        let mut schedule = Schedule { start: self.start, end: self.end, coverage: first, ramp: Vec::new() };
        for (moment, coverage) in self.ramp.iter() {
            let Some(at) = Moment::from_rfc3339(moment) else {
                return refuse("ramp", "expected moments such as `2026-01-31T12:00:00Z`");
            };
            if !is_share(*coverage) {
                return refuse("ramp", "expected numbers from 0 to 1");
            }
            // Proxies do not keep the order of an object's members.
            let place = schedule.ramp.partition_point(|(earlier, _)| *earlier < at);
            schedule.ramp.insert(place, (at, *coverage));
        }
        Ok(schedule)
    }

    fn overrides(&self, config: &Config, experiment: &mut Experiment) -> Result<(), Problem> {
        for (key, listed) in self.override_ids.iter() {
            let Some(index) = experiment.known_index(key) else {
                return refuse(&format!("override_ids.{key}"), "there is no variation of this key");
            };
            for id in listed {
                let ids = &mut experiment.override_ids;
                let place = ids.partition_point(|(known, _)| known < id);
                if ids.get(place).is_some_and(|(known, _)| known == id) {
                    return refuse(
                        &format!("override_ids.{key}"),
                        &format!("`{id}` has a variation already"),
                    );
                }
                // In order, so that a long list costs little.
                ids.insert(place, (id.clone(), index));
            }
        }
        let by_client = self.override_header.is_some() || self.override_query_parameter.is_some();
        if by_client && !config.has_trusted() {
            let place =
                if self.override_header.is_some() { "override_header" } else { "override_query_parameter" };
            return refuse(place, "there are no `trusted_cidrs` and no `trusted_token`: nobody may choose");
        }
        experiment.override_header.clone_from(&self.override_header);
        experiment.override_query_parameter.clone_from(&self.override_query_parameter);
        Ok(())
    }

    fn decides(&self) -> Result<Decides, Problem> {
        let Some(service) = &self.decision_service else { return self.assignment().map(Decides::Hash) };
        let is_shared = |one: &VariationConfig| one.weight.is_some() || one.range.is_some();
        for (place, there) in [
            ("hash", self.hash.is_some()),
            ("seed", self.seed.is_some()),
            ("coverage", self.coverage.is_some()),
            ("ramp", self.ramp.iter().next().is_some()),
            ("variations", self.variations.iter().any(is_shared)),
        ] {
            if there {
                return refuse(place, "the service decides, so there is nothing to share out by hash");
            }
        }
        if let Some(fallback) = &service.fallback {
            let known = self.variations.is_empty() || self.variations.iter().any(|one| one.key == *fallback);
            if !known || check_key(fallback).is_err() {
                return refuse("decision_service.fallback", "expected the key of a variation");
            }
        }
        let built = service.build().map_err(|problem| problem.inside("decision_service"))?;
        Ok(Decides::Service(built, service.fallback.as_deref().map(Into::into)))
    }

    fn assignment(&self) -> Result<Assignment, Problem> {
        let algorithm = self.hash.unwrap_or_default();
        let seed = self.seed.as_ref().unwrap_or(&self.key);
        let (mut weights, mut ranges) = (Vec::new(), Vec::new());
        for variation in &self.variations {
            weights.extend(variation.weight);
            ranges.extend(variation.range);
        }
        let count = self.variations.len();
        let assignment = match (weights.len(), ranges.len()) {
            _ if count == 0 => return refuse("variations", "expected at least one"),
            (0, 0) => Assignment::equal(algorithm, seed, u32::try_from(count).unwrap_or_default())?,
            (some, 0) if some == count => Assignment::weighted(algorithm, seed, &weights)?,
            (0, some) if some == count => Assignment::ranged(algorithm, seed, &ranges)?,
            _ => return refuse("variations", "expected `weight` for all, `range` for all, or neither"),
        };
        if !assignment.has_coverage() && (self.coverage.is_some() || self.ramp.iter().next().is_some()) {
            return refuse("coverage", "each variation has its `range`, so there is nothing to cover");
        }
        Ok(assignment)
    }
}

fn is_share(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}
