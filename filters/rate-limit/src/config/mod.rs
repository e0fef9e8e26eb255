//! The configuration: Envoy's names for what Envoy has, read strictly, then made into what requests are judged by.
//!
//! Reading refuses unknown fields and wrong types; `build` in each part refuses what cannot be meant. Both name the place.

mod action;
mod limit;
mod reply;
mod rule;

pub(crate) use reply::{HeadersVersion, Share};

use crate::answer::{Answers, Body};
use crate::common::{self, Epoch};
use crate::exempt::Exempt;
use crate::keys::ClientAddress;
use crate::metrics::RuleMetrics;
use crate::rules::Rule;
use mesh_filter::{HeaderName, Setup};
use mesh_filter_policy::{MatchConfig, Problem};
use reply::{BodyConfig, HeaderOptionConfig, PercentConfig, StatusConfig};
use rule::RuleConfig;
use serde::Deserialize;
use std::cell::Cell;
use std::rc::Rc;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    rate_limits: Vec<RuleConfig>,
    #[serde(default)]
    pub(crate) stat_prefix: Option<String>,
    filter_enabled: Option<PercentConfig>,
    filter_enforced: Option<PercentConfig>,
    exempt: Option<ExemptConfig>,
    client_address: Option<ClientAddressConfig>,
    #[serde(default)]
    on_contention: OnContention,
    status: Option<StatusConfig>,
    body: Option<BodyConfig>,
    #[serde(default)]
    enable_x_ratelimit_headers: HeadersVersion,
    #[serde(default)]
    disable_x_envoy_ratelimited_header: bool,
    #[serde(default)]
    disable_retry_after_header: bool,
    #[serde(default)]
    rate_limited_as_resource_exhausted: bool,
    #[serde(default)]
    response_headers_to_add: Vec<HeaderOptionConfig>,
    #[serde(default)]
    request_headers_to_add_when_not_enforced: Vec<HeaderOptionConfig>,
}

/// Requests that no rule is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptConfig {
    #[serde(default)]
    remote_addresses: Vec<String>,
    #[serde(default)]
    requests: Vec<MatchConfig>,
}

/// Where the client's address is taken from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientAddressConfig {
    xff_num_trusted_hops: Option<u8>,
    header_name: Option<HeaderName>,
}

/// What becomes of requests whose count could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnContention {
    /// They pass, and are not counted.
    Allow,
    #[default]
    Deny,
}

/// What requests are judged by.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rules: Vec<Rule>,
    /// Where windows find the calendar, if there are any.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) enabled: Share,
    pub(crate) enforced: Share,
    pub(crate) exempt: Exempt,
    pub(crate) client_address: ClientAddress,
    pub(crate) on_contention: OnContention,
    pub(crate) answers: Answers,
}

/// What rules need of the proxy, asked for once.
pub(crate) struct Needs<'s> {
    pub(crate) setup: &'s mut Setup,
    pub(crate) prefix: &'s str,
    secret: Option<[u8; 16]>,
    /// Where windows find the calendar; set before the first request is judged.
    pub(crate) epoch: Rc<Cell<u64>>,
    /// Whether there are windows.
    pub(crate) windows: bool,
}

impl Needs<'_> {
    /// The key of all hashes, which the workers share: that of the first who made one.
    pub(crate) fn secret(&mut self) -> Result<[u8; 16], Problem> {
        if let Some(secret) = self.secret {
            return Ok(secret);
        }
        let secret = common::secret().map_err(|error| Problem::new("rate_limits", error.to_string()))?;
        self.secret = Some(secret);
        Ok(secret)
    }

    pub(crate) fn metrics(&mut self, rule: &str) -> Result<RuleMetrics, Problem> {
        let metrics = RuleMetrics::new(self.setup, self.prefix, rule);
        metrics.map_err(|error| Problem::new("name", error.to_string()))
    }
}

impl Config {
    /// Makes everything that requests are judged by, or says what cannot be.
    pub(crate) fn build(&self, setup: &mut Setup, prefix: &str) -> Result<Policy, Problem> {
        if self.rate_limits.is_empty() {
            return Err(Problem::new("rate_limits", "expected at least one"));
        }
        let mut needs = Needs { setup, prefix, secret: None, epoch: Rc::default(), windows: false };
        let mut rules: Vec<Rule> = Vec::new();
        for (index, rule) in self.rate_limits.iter().enumerate() {
            if rules.iter().any(|other| other.name == rule.name) {
                let place = format!("rate_limits[{index}].name");
                return Err(Problem::new(place, format!("there is another rule `{}`", rule.name)));
            }
            let built = rule.build(&mut needs);
            rules.push(built.map_err(|problem| problem.inside(&format!("rate_limits[{index}]")))?);
        }
        let epoch = if needs.windows { Some(Epoch::new(needs.epoch)) } else { None };
        Ok(Policy {
            rules,
            epoch,
            enabled: share("filter_enabled", self.filter_enabled.as_ref())?,
            enforced: share("filter_enforced", self.filter_enforced.as_ref())?,
            exempt: self.exempt()?,
            client_address: self.client_address()?,
            on_contention: self.on_contention,
            answers: self.answers()?,
        })
    }

    fn exempt(&self) -> Result<Exempt, Problem> {
        let Some(exempt) = &self.exempt else { return Ok(Exempt::default()) };
        let ranges = action::ranges("exempt.remote_addresses", &exempt.remote_addresses)?;
        let requests = exempt.requests.iter().enumerate().map(|(index, one)| {
            one.build().map_err(|problem| problem.inside(&format!("exempt.requests[{index}]")))
        });
        Ok(Exempt { ranges, requests: requests.collect::<Result<_, _>>()? })
    }

    fn client_address(&self) -> Result<ClientAddress, Problem> {
        let Some(from) = &self.client_address else { return Ok(ClientAddress::Connection) };
        match (from.xff_num_trusted_hops, &from.header_name) {
            (Some(hops), None) => Ok(ClientAddress::Forwarded(hops.into())),
            (None, Some(name)) if name.as_str() == "x-forwarded-for" => {
                let text = "use `xff_num_trusted_hops`: of this header clients write a part";
                Err(Problem::new("client_address.header_name", text))
            }
            (None, Some(name)) => Ok(ClientAddress::Header(name.clone())),
            _ => Err(Problem::new(
                "client_address",
                "expected one of `xff_num_trusted_hops` and `header_name`",
            )),
        }
    }

    fn answers(&self) -> Result<Answers, Problem> {
        let status = self.status.as_ref().map_or(Ok(429), StatusConfig::build);
        let body = match &self.body {
            None => Body::Text("rate limited\n".to_owned(), "text/plain".to_owned()),
            Some(body) => {
                body.check().map_err(|problem| problem.inside("body"))?;
                match body.problem_details {
                    true => Body::Problem,
                    false => Body::Text(
                        body.inline_string.clone().unwrap_or_default(),
                        body.content_type.clone().unwrap_or_else(|| "text/plain".to_owned()),
                    ),
                }
            }
        };
        Ok(Answers {
            status: status.map_err(|problem| problem.inside("status"))?,
            body,
            headers: self.enable_x_ratelimit_headers,
            mark: !self.disable_x_envoy_ratelimited_header,
            retry_after: !self.disable_retry_after_header,
            resource_exhausted: self.rate_limited_as_resource_exhausted,
            added: reply::headers("response_headers_to_add", &self.response_headers_to_add)?,
            not_enforced: reply::headers(
                "request_headers_to_add_when_not_enforced",
                &self.request_headers_to_add_when_not_enforced,
            )?,
        })
    }
}

fn share(place: &str, percent: Option<&PercentConfig>) -> Result<Share, Problem> {
    percent.map_or(Ok(Share::ALL), |percent| percent.build().map_err(|problem| problem.inside(place)))
}
