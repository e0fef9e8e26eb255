//! The rules of `check`: what proxies, their agents and control planes would refuse, ignore or do differently than meant.
//!
//! Pure: facts in, findings out. What a registry or a file has to say stands in [`Facts`] before a rule looks at it. A
//! rule that lacks a fact is silent, or says as information what it could not see. Ids are stable: scripts and people
//! search for them.

mod attachment;
mod configuration;
mod credentials;
mod environment;
mod envoy_filter;
mod facts;
mod finding;
pub mod fix;
mod gateway;
mod image;
mod module;
mod order;
mod other;
mod pinning;
mod versions;

pub use facts::{Crate, Facts, Image, Index, Loaded, Module, Other, Plugin, Refusal, Signature, Transport};
pub use finding::{Change, Finding, Fix, Level, Where};

use crate::{Resource, crd};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// `L01` and so on; never reused.
    pub id: &'static str,
    /// How much its findings matter at most.
    pub level: Level,
    /// What it finds, in one line.
    pub title: &'static str,
    /// What the proxy, its agent or its control plane does, and what to do about it.
    pub explanation: &'static str,
    /// Where people met it.
    pub evidence: &'static [&'static str],
    check: fn(&Facts, &mut Vec<Finding>),
}

/// All rules, in the order of their ids.
pub const RULES: &[&Rule] = &[
    &image::L01,
    &image::L02,
    &image::L03,
    &pinning::L04,
    &pinning::L05,
    &configuration::L06,
    &configuration::L07,
    &module::L08,
    &module::L09,
    &module::L10,
    &attachment::L11,
    &attachment::L12,
    &order::L13,
    &order::L14,
    &order::L15,
    &versions::L16,
    &credentials::L17,
    &environment::L18,
    &credentials::L19,
    &envoy_filter::L20,
    &environment::L21,
    &attachment::L22,
    &gateway::L23,
    &image::L24,
];

/// The id of findings that are what an API server refuses.
pub const CRD: &str = "crd";
/// The id of images that cannot be fetched, so that nothing is known of them.
pub const FETCH: &str = "fetch";

impl Rule {
    /// The rule of this id, in any case.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// A finding at a field.
    fn at(&self, resource: &Resource, path: &str, message: impl Into<String>) -> Finding {
        Finding::new(self.id, self.level, Where::field(resource, path), message)
    }

    /// A finding about a module or an image as a whole.
    fn about(&self, name: &str, message: impl Into<String>) -> Finding {
        Finding::new(self.id, self.level, Where::whole(name), message)
    }
}

/// What all rules find, what the API server refuses, and what could not be fetched; in the order of files and lines.
#[must_use]
pub fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.check)(facts, &mut findings);
    }
    for resource in &facts.resources {
        for violation in crd::validate(resource) {
            let place = Where::field(resource, &violation.path);
            // A rule that speaks of the same field says more.
            let known = |finding: &Finding| finding.place == place && finding.level == Level::Error;
            if !findings.iter().any(known) {
                findings.push(
                    Finding::new(CRD, Level::Error, place, violation.problem)
                        .help("the API server refuses the resource: see the definition of its kind"),
                );
            }
        }
    }
    for (reference, image) in &facts.images {
        if let Some(Refusal::Fetch(problem)) = &image.refused {
            let finding = Finding::new(FETCH, Level::Error, Where::whole(reference), problem.clone());
            findings.push(finding.help(
                "nothing of the image could be checked; `--offline` checks the files alone, without their images",
            ));
        }
    }
    findings.sort_by(|a, b| (&a.place, a.rule).cmp(&(&b.place, b.rule)));
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
