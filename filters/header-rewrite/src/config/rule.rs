//! A rule: for which exchanges, and what is done to them. Names of rewrites are those of Envoy's `RouteAction`.

use super::conditions::MatchConfig;
use super::mutation::{MutationConfig, RegexRewriteConfig};
use super::parameter::ParameterConfig;
use super::{Scope, header_name};
use crate::operation::{Operation, is_method};
use crate::place::{HostRewrite, PathRewrite};
use crate::rules::Rule;
use crate::safety::Safety;
use crate::target;
use crate::template::Phase;
use mesh_filter_policy::{PathMatch, Problem, build_all};
use serde::Deserialize;
use std::cell::{Cell, RefCell};

/// A rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleConfig {
    #[serde(rename = "match")]
    matches: Option<MatchConfig>,
    #[serde(default)]
    request_mutations: Vec<MutationConfig>,
    #[serde(default)]
    query_parameter_mutations: Vec<ParameterConfig>,
    prefix_rewrite: Option<String>,
    regex_rewrite: Option<RegexRewriteConfig>,
    path_rewrite: Option<String>,
    host_rewrite_literal: Option<String>,
    host_rewrite_header: Option<String>,
    host_rewrite_path_regex: Option<RegexRewriteConfig>,
    host_rewrite: Option<String>,
    method_rewrite: Option<String>,
    #[serde(default)]
    response_mutations: Vec<MutationConfig>,
}

impl RuleConfig {
    pub(super) fn build(
        &self,
        claims: bool,
        variable: &dyn Fn(&str) -> Option<String>,
        safety: &Safety,
    ) -> Result<Rule, Problem> {
        let matches = self.matches.as_ref().map(MatchConfig::build).transpose();
        let (mut request, response) = matches.map_err(|problem| problem.inside("match"))?.unwrap_or_default();
        if !request.claims.is_empty() && !claims {
            return Err(Problem::new("match.claims", "`claims` has to say where they come from"));
        }
        let (saved, captured) = (RefCell::default(), Cell::new(false));
        let scope = |phase| Scope {
            phase,
            expression: request.path.as_ref().and_then(PathMatch::expression),
            captured: &captured,
            claims,
            variable,
            safety,
            saved: &saved,
        };
        let early = scope(Phase::Request);
        let late = scope(Phase::Response);
        let operations = |field: &str, mutations: &[MutationConfig], scope: &Scope<'_>| {
            let mut operations = Vec::new();
            for (index, mutation) in mutations.iter().enumerate() {
                let built = mutation.build(scope, &mut operations);
                built.map_err(|problem| problem.in_list(field, index))?;
            }
            Ok::<Vec<Operation>, Problem>(operations)
        };
        let request_operations = operations("request_mutations", &self.request_mutations, &early)?;
        let parameters =
            build_all("query_parameter_mutations", &self.query_parameter_mutations, |mutation| {
                mutation.build(&early)
            })?;
        let path = self.path(&early, request.path.as_ref())?;
        let host = self.host(&early)?;
        let method = self.method(safety)?;
        let response_operations = operations("response_mutations", &self.response_mutations, &late)?;
        let changes_request = !request_operations.is_empty()
            || !parameters.is_empty()
            || path.is_some()
            || host.is_some()
            || method.is_some();
        if !changes_request && response_operations.is_empty() {
            return Err(Problem::new("", "the rule changes nothing"));
        }
        if changes_request && !response.is_any() {
            let text = "a request is gone when its response comes: with `response_status` or `response_headers` only `response_mutations` can be meant";
            return Err(Problem::new("match", text));
        }
        if response_operations.is_empty() && !response.is_any() {
            return Err(Problem::new("", "the rule changes nothing"));
        }
        request.captures = captured.get();
        let saved = saved.into_inner();
        Ok(Rule {
            request,
            response,
            request_operations,
            parameters,
            path,
            host,
            method,
            response_operations,
            saved,
        })
    }

    fn path(&self, scope: &Scope<'_>, condition: Option<&PathMatch>) -> Result<Option<PathRewrite>, Problem> {
        let prefix = self.prefix_rewrite.as_ref().map(|prefix| {
            let problem = |text: &str| Problem::new("prefix_rewrite", text);
            if !target::is_path(prefix.as_bytes()) {
                return Err(problem("expected a path that begins with `/`, without `?`, `#` and `..`"));
            }
            let stem = condition.and_then(PathMatch::stem);
            let stem = stem.ok_or_else(|| {
                problem("`match` needs the `prefix`, `path` or `path_separated_prefix` that it replaces")
            })?;
            Ok(PathRewrite::Prefix(stem.len(), prefix.clone()))
        });
        let regex = self.regex_rewrite.as_ref().map(RegexRewriteConfig::build).transpose();
        let template = self.path_rewrite.as_ref().map(|text| {
            let template = scope.template("path_rewrite", text, None)?;
            let fits = template
                .literals()
                .all(|text| target::is_path(format!("/{}", text.trim_start_matches('/')).as_bytes()));
            match fits && (text.starts_with('/') || text.starts_with("%PATH(NQ)%")) {
                true => Ok(PathRewrite::Template(template)),
                false => Err(Problem::new(
                    "path_rewrite",
                    "expected a path that begins with `/`, without `?`, `#` and `..`: the query stays",
                )),
            }
        });
        let regex = regex.map_err(|problem| problem.inside("regex_rewrite"))?.map(PathRewrite::Regex);
        let (prefix, template) = (prefix.transpose()?, template.transpose()?);
        let set = [prefix.is_some(), regex.is_some(), template.is_some()];
        at_most_one(scope.safety, ":path", &set, "`prefix_rewrite`, `regex_rewrite` and `path_rewrite`")?;
        Ok(prefix.or(regex).or(template))
    }

    fn host(&self, scope: &Scope<'_>) -> Result<Option<HostRewrite>, Problem> {
        let literal =
            self.host_rewrite_literal.as_ref().map(|host| match target::is_authority(host.as_bytes()) {
                true => Ok(HostRewrite::Template(crate::template::Template::literal(host))),
                false => Err(Problem::new(
                    "host_rewrite_literal",
                    "expected a host, and a port behind `:` if there is one",
                )),
            });
        let regex = self.host_rewrite_path_regex.as_ref().map(RegexRewriteConfig::build).transpose();
        let template =
            self.host_rewrite.as_ref().map(|text| scope.template("host_rewrite", text, None)).transpose()?;
        let regex =
            regex.map_err(|problem| problem.inside("host_rewrite_path_regex"))?.map(HostRewrite::Path);
        let header = self.host_rewrite_header.as_ref().map(|name| header_name("host_rewrite_header", name));
        let header = header.transpose()?.map(HostRewrite::Header);
        let (literal, template) = (literal.transpose()?, template.map(HostRewrite::Template));
        let set = [literal.is_some(), header.is_some(), regex.is_some(), template.is_some()];
        let names =
            "`host_rewrite_literal`, `host_rewrite_header`, `host_rewrite_path_regex` and `host_rewrite`";
        at_most_one(scope.safety, ":authority", &set, names)?;
        Ok(literal.or(header).or(regex).or(template))
    }

    fn method(&self, safety: &Safety) -> Result<Option<String>, Problem> {
        let Some(method) = &self.method_rewrite else { return Ok(None) };
        if !is_method(method.as_bytes()) {
            return Err(Problem::new("method_rewrite", "expected a method such as `GET`, and not `CONNECT`"));
        }
        at_most_one(safety, ":method", &[true], "")?;
        Ok(Some(method.clone()))
    }
}

/// Checks that a rule rewrites something in one way, and may. What is rewritten explicitly needs no `allow_all_routing`.
fn at_most_one(safety: &Safety, name: &str, set: &[bool], names: &str) -> Result<(), Problem> {
    match set.iter().filter(|set| **set).count() {
        0 => Ok(()),
        1 => match safety.explicit_refusal(name) {
            Some(reason) => Err(Problem::new("", format!("`{name}` must not be changed: {reason}"))),
            None => Ok(()),
        },
        _ => Err(Problem::new("", format!("expected only one of {names}"))),
    }
}
