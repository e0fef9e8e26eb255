//! The configuration: Envoy's names for what Envoy has, read strictly, then made into what requests are judged by.
//!
//! `node` reads it as it stands; each part takes its fields, refuses what cannot be meant, and names the place.

mod action;
mod limit;
mod node;
mod reply;
mod rule;
mod service;

pub(crate) use reply::Share;

use crate::answer::Answers;
use crate::common::{self, Epoch};
use crate::exempt::Exempt;
use crate::keys::ClientAddress;
use crate::metrics::{Metrics, RuleMetrics};
use crate::rules::Rule;
use crate::service::Service;
use limit::Limits;
use mesh_filter::Setup;
use mesh_filter_policy::{Problem, metrics_prefix};
use node::{Node, Object, at};
use serde::{Deserialize, Deserializer};
use std::rc::Rc;

const FIELDS: [&str; 16] = [
    "rate_limits",
    "rate_limit_service",
    "stat_prefix",
    "filter_enabled",
    "filter_enforced",
    "exempt",
    "client_address",
    "on_contention",
    "status",
    "body",
    "enable_x_ratelimit_headers",
    "disable_x_envoy_ratelimited_header",
    "disable_retry_after_header",
    "rate_limited_as_resource_exhausted",
    "response_headers_to_add",
    "request_headers_to_add_when_not_enforced",
];

/// What stands in `pluginConfig`.
#[derive(Debug)]
pub struct Config(Node);

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Node::deserialize(deserializer).map(Self)
    }
}

/// What becomes of requests whose count could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnContention {
    /// They pass, and are not counted.
    Allow,
    Deny,
}

/// What requests are judged by.
pub(crate) struct Policy {
    pub(crate) rules: Vec<Rule>,
    /// Who counts for rules with `scope: global`.
    pub(crate) service: Option<Service>,
    /// Where windows find the calendar, if there are any.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) enabled: Share,
    pub(crate) enforced: Share,
    pub(crate) exempt: Exempt,
    pub(crate) client_address: ClientAddress,
    pub(crate) on_contention: OnContention,
    pub(crate) answers: Answers,
    pub(crate) metrics: Metrics,
}

/// What rules need of the proxy, asked for once.
struct Needs<'s> {
    setup: &'s mut Setup,
    /// What the names of metrics begin with.
    prefix: String,
    secret: Option<[u8; 16]>,
    limits: Limits,
    /// Whether there are rules of the rate limit service.
    service: bool,
}

impl Needs<'_> {
    /// The key of all hashes, which the workers share: that of the first who made one.
    fn secret(&mut self) -> Result<[u8; 16], Problem> {
        if let Some(secret) = self.secret {
            return Ok(secret);
        }
        let secret = common::secret().map_err(|error| Problem::new("rate_limits", error.to_string()))?;
        self.secret = Some(secret);
        Ok(secret)
    }

    fn metrics(&mut self, rule: &str) -> Result<RuleMetrics, Problem> {
        let metrics = RuleMetrics::new(self.setup, &self.prefix, rule);
        metrics.map_err(|error| Problem::new("name", error.to_string()))
    }
}

impl Config {
    /// Makes everything that requests are judged by, or says what cannot be.
    pub(crate) fn build(self, setup: &mut Setup) -> Result<Policy, Problem> {
        let mut object = Object::new(self.0, &FIELDS)?;
        let prefix = metrics_prefix("rate_limit", object.text("stat_prefix")?.as_deref())?;
        let limits = Limits { epoch: Rc::default(), windows: false };
        let mut needs = Needs { setup, prefix, secret: None, limits, service: false };
        let Node::List(nodes) = object.need("rate_limits")? else {
            return Err(Problem::new("rate_limits", "expected a list"));
        };
        let mut rules: Vec<Rule> = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let rule = rule::rule(node, &mut needs).map_err(|problem| at(problem, "rate_limits", index))?;
            if rules.iter().any(|other| other.name == rule.name) {
                let problem = Problem::new("name", format!("there is another rule `{}`", rule.name));
                return Err(at(problem, "rate_limits", index));
            }
            rules.push(rule);
        }
        if rules.is_empty() {
            return Err(Problem::new("rate_limits", "expected at least one"));
        }
        let metrics = Metrics::new(needs.setup, &needs.prefix);
        Ok(Policy {
            rules,
            service: service(&mut object, &mut needs)?,
            epoch: needs.limits.windows.then(|| Epoch::new(Rc::clone(&needs.limits.epoch))),
            enabled: Share::read(&mut object, "filter_enabled")?,
            enforced: Share::read(&mut object, "filter_enforced")?,
            exempt: exempt(&mut object)?,
            client_address: client_address(&mut object)?,
            on_contention: match object.word("on_contention", &["deny", "allow"])? {
                Some(1) => OnContention::Allow,
                _ => OnContention::Deny,
            },
            answers: reply::answers(&mut object)?,
            metrics: metrics.map_err(|error| Problem::new("stat_prefix", error.to_string()))?,
        })
    }
}

fn service(object: &mut Object, needs: &mut Needs<'_>) -> Result<Option<Service>, Problem> {
    const PLACE: &str = "rate_limit_service";
    match (object.take(PLACE), needs.service) {
        (Some(node), true) => {
            let service = service::service(node, needs.secret()?);
            service.map(Some).map_err(|problem| problem.inside(PLACE))
        }
        (None, false) => Ok(None),
        (Some(_), false) => Err(Problem::new(PLACE, "no rule has `scope: global`")),
        (None, true) => Err(Problem::new(PLACE, "rules with `scope: global` need it")),
    }
}

fn exempt(object: &mut Object) -> Result<Exempt, Problem> {
    const PLACE: &str = "exempt";
    let Some(node) = object.take(PLACE) else { return Ok(Exempt::default()) };
    let read = || {
        let mut object = Object::new(node, &["remote_addresses", "requests"])?;
        let ranges = action::ranges("remote_addresses", &object.texts("remote_addresses")?)?;
        let mut requests = Vec::new();
        for (index, config) in object.matches("requests").into_iter().enumerate() {
            requests.push(config.build().map_err(|problem| at(problem, "requests", index))?);
        }
        Ok(Exempt { ranges, requests })
    };
    read().map_err(|problem: Problem| problem.inside(PLACE))
}

fn client_address(object: &mut Object) -> Result<ClientAddress, Problem> {
    const PLACE: &str = "client_address";
    let Some(node) = object.take(PLACE) else { return Ok(ClientAddress::Connection) };
    let read = || {
        let mut object = Object::new(node, &["xff_num_trusted_hops", "header_name"])?;
        match (object.number("xff_num_trusted_hops", 0, 255)?, object.header("header_name")?) {
            (Some(hops), None) => Ok(ClientAddress::Forwarded(usize::try_from(hops).unwrap_or(0))),
            (None, Some(name)) if name.as_str() == "x-forwarded-for" => {
                let text = "use `xff_num_trusted_hops`: of this header clients write a part";
                Err(Problem::new("header_name", text))
            }
            (None, Some(name)) => Ok(ClientAddress::Header(name)),
            _ => Err(Problem::new("", "expected one of `xff_num_trusted_hops` and `header_name`")),
        }
    };
    read().map_err(|problem| problem.inside(PLACE))
}
