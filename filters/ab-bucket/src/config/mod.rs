//! The configuration, read strictly, then made into what requests are decided by.
//!
//! Reading refuses unknown fields and wrong types; `build` in each part refuses what cannot be meant. Both name the place.

mod cookie;
mod decision;
mod experiment;
mod refuse;
mod unit;
mod variation;

pub(crate) use cookie::CookieConfig;

use crate::client::Block;
use crate::cohort::is_key;
use crate::experiment::Experiment;
use crate::exposure::ExposureLog;
use crate::metrics::define;
use crate::seal::Seal;
use crate::sticky::Sticky;
use crate::trusted::Trusted;
use crate::unit::{Source, Units};
use experiment::ExperimentConfig;
use mesh_filter::{HeaderName, Setup};
use mesh_filter_policy::{Owned, Problem, SecretConfig, metrics_prefix};
use refuse::{in_item, refuse};
use serde::Deserialize;
use std::rc::Rc;
use unit::UnitConfig;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    unit: Vec<UnitConfig>,
    experiments: Vec<ExperimentConfig>,
    sticky_cookie: Option<CookieConfig>,
    secret: Option<SecretConfig>,
    #[serde(default)]
    trusted_cidrs: Vec<String>,
    trusted_token_header: Option<HeaderName>,
    trusted_token: Option<SecretConfig>,
    unit_header: Option<HeaderName>,
    experiments_header: Option<HeaderName>,
    exposure_log: Option<f64>,
    #[serde(default)]
    filter_state: bool,
    #[serde(default)]
    private_responses: bool,
    stat_prefix: Option<String>,
}

/// What requests are decided by.
pub(crate) struct Policy {
    pub(crate) units: Units,
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) sticky: Option<Sticky>,
    pub(crate) trusted: Option<Trusted>,
    /// The header that tells the upstream the unit's id.
    pub(crate) unit_header: Option<HeaderName>,
    /// The header that tells the upstream all decisions.
    pub(crate) experiments_header: Option<HeaderName>,
    pub(crate) exposure_log: Option<ExposureLog>,
    pub(crate) filter_state: bool,
    pub(crate) private_responses: bool,
    /// Headers that only this filter sets, or that are for it alone.
    pub(crate) owned: Owned,
}

impl Config {
    /// Makes everything that requests are decided by, or says what cannot be.
    pub(crate) fn build(&self, setup: &mut Setup) -> Result<Policy, Problem> {
        let prefix = metrics_prefix("ab_bucket", self.stat_prefix.as_deref())?;
        let mut seal = None;
        if let Some(secret) = &self.secret {
            let secret = secret.read(setup).map_err(|problem| problem.inside("secret"))?;
            seal = Some(Rc::new(Seal::new(&secret)));
        }
        let generated = define(setup, &format!("{prefix}unit_generated"))?;
        let mut policy = Policy {
            units: Units::new(self.sources(seal.as_ref())?, generated),
            experiments: Vec::new(),
            sticky: None,
            trusted: None,
            unit_header: self.unit_header.clone(),
            experiments_header: self.experiments_header.clone(),
            exposure_log: None,
            filter_state: self.filter_state,
            private_responses: self.private_responses,
            owned: Owned::default(),
        };
        policy.trusted = self.trusted(setup)?;
        policy.experiments = self.experiments()?;
        for experiment in &mut policy.experiments {
            experiment.count(setup, &prefix)?;
        }
        if let Some(cookie) = &self.sticky_cookie {
            let cookie = cookie.build().map_err(|problem| problem.inside("sticky_cookie"))?;
            if policy.units.cookie().is_some_and(|other| other.name() == cookie.name()) {
                return refuse("sticky_cookie.name", "ids are in the cookie of this name");
            }
            let rejected = define(setup, &format!("{prefix}cookie_rejected"))?;
            policy.sticky = Some(Sticky::new(cookie, seal.clone(), rejected));
        }
        if let Some(share) = self.exposure_log {
            if !(0.0..=1.0).contains(&share) {
                return refuse("exposure_log", "expected a number from 0 to 1");
            }
            policy.exposure_log = Some(ExposureLog::new(share, seal));
        }
        policy.owned = self.owned(&policy)?;
        Ok(policy)
    }

    /// Who may choose a variation; none where nobody may.
    fn trusted(&self, setup: &Setup) -> Result<Option<Trusted>, Problem> {
        let mut blocks = Vec::new();
        for (index, text) in self.trusted_cidrs.iter().enumerate() {
            let Some(block) = Block::parse(text) else {
                let problem = Problem::new("", "expected a block such as `10.0.0.0/8`");
                return Err(in_item(problem, "trusted_cidrs", index));
            };
            blocks.push(block);
        }
        let token = match (&self.trusted_token_header, &self.trusted_token) {
            (Some(header), Some(token)) => {
                let token = token.read(setup).map_err(|problem| problem.inside("trusted_token"))?;
                Some((header.clone(), token))
            }
            (None, None) if blocks.is_empty() => return Ok(None),
            (None, None) => None,
            _ => {
                return refuse("trusted_token", "expected both of it and `trusted_token_header`, or neither");
            }
        };
        Ok(Some(Trusted::new(blocks, token)))
    }

    fn sources(&self, seal: Option<&Rc<Seal>>) -> Result<Vec<Source>, Problem> {
        let mut sources = Vec::new();
        for (index, unit) in self.unit.iter().enumerate() {
            let mut source = unit.build(seal);
            if matches!(source, Ok(Source::Generated(_))) && index + 1 < self.unit.len() {
                source = refuse("generate", "it always finds an id, so nothing after it is ever asked");
            }
            sources.push(source.map_err(|problem| in_item(problem, "unit", index))?);
        }
        Ok(sources)
    }

    fn experiments(&self) -> Result<Vec<Experiment>, Problem> {
        let mut experiments: Vec<Experiment> = Vec::new();
        for (index, experiment) in self.experiments.iter().enumerate() {
            let mut built = experiment.build(self);
            if experiments.iter().any(|other| other.key == experiment.key) {
                built = refuse("key", "another experiment has this key");
            }
            experiments.push(built.map_err(|problem| in_item(problem, "experiments", index))?);
        }
        if experiments.is_empty() {
            return refuse("experiments", "expected at least one");
        }
        Ok(experiments)
    }

    /// What decides over requests is what this filter or a trusted peer says, never what a client writes into the same header.
    fn owned(&self, policy: &Policy) -> Result<Owned, Problem> {
        let mut own: Vec<&HeaderName> = Vec::new();
        for experiment in &policy.experiments {
            experiment.own_headers(&mut own);
        }
        own.extend(policy.trusted.as_ref().and_then(Trusted::token_header));
        own.extend(&self.unit_header);
        own.extend(&self.experiments_header);
        let owned = Owned::new(own);
        if policy.units.has_header(|header| owned.contains(header)) {
            return refuse("unit", "a header of ids is one that this filter takes out of requests");
        }
        Ok(owned)
    }

    /// Whether experiments may remember their decisions.
    fn has_sticky(&self) -> bool {
        self.sticky_cookie.is_some()
    }

    fn has_trusted(&self) -> bool {
        !self.trusted_cidrs.is_empty() || self.trusted_token.is_some()
    }

    fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    fn has_unit(&self) -> bool {
        !self.unit.is_empty()
    }
}

/// A key of an experiment or a variation: it stands in metrics, cookies and headers.
fn check_key(key: &str) -> Result<(), Problem> {
    match is_key(key) {
        true => Ok(()),
        false => refuse("key", "expected up to 64 letters, digits, `_`, `-` and `.`"),
    }
}
