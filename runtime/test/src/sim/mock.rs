//! Clusters that plugins call out to: what they answer, and what they have been asked.

use super::journal::Journal;
use super::shared::{Common, lock};
use crate::grpc::{GrpcAnswer, GrpcCondition, GrpcRule, Moment};
use crate::matcher::{HeaderMatcher, Matcher};
use crate::traffic::{Answer, Behaviour, Fault, Received};
use mesh_filter_runtime::host::Clusters;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// All mocked clusters of a simulation.
#[derive(Debug)]
pub(crate) struct Mocks {
    journal: Arc<Journal>,
    clusters: Mutex<BTreeMap<String, Mock>>,
    /// Names that plugins have called and nobody has mocked.
    unknown: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Mock {
    rules: Rules,
    calls: Vec<Received>,
}

/// What a cluster answers, by protocol; of the rules that fit the first one does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) http: Vec<Rule>,
    pub(crate) grpc: Vec<GrpcRule>,
}

/// What a cluster answers to some requests.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) when: Condition,
    pub(crate) behaviour: Behaviour,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    /// By name, pseudo headers included.
    pub(crate) headers: Vec<(String, HeaderMatcher)>,
    pub(crate) body: Option<Matcher>,
}

impl Rules {
    /// Every callout fails, of whichever protocol.
    pub(crate) fn fail(&mut self, fault: Fault, delay: Duration) {
        let behaviour = Behaviour { answer: Answer::Fail(fault), delay };
        self.http.push(Rule { when: Condition::default(), behaviour });
        let when = GrpcCondition { at: Moment::Open, ..GrpcCondition::default() };
        self.grpc.push(GrpcRule { when, answer: GrpcAnswer::Fail(fault), delay });
    }
}

impl Condition {
    fn holds(&self, call: &Received) -> bool {
        self.headers.iter().all(|(name, matcher)| matcher.check(&call.headers, name).is_ok())
            && self.body.as_ref().is_none_or(|body| body.check(&call.body).is_ok())
    }
}

impl Mocks {
    pub(crate) fn new(journal: Arc<Journal>) -> Self {
        Self { journal, clusters: Mutex::default(), unknown: Mutex::default() }
    }

    /// Sets what a cluster answers; its calls stay counted.
    pub(crate) fn set(&self, cluster: &str, rules: Rules) {
        lock(&self.clusters).entry(cluster.to_owned()).or_default().rules = rules;
    }

    /// Takes a callout down and finds its answer; `None` where no rule is for it.
    pub(crate) fn call(&self, cluster: &str, call: Received) -> Option<Behaviour> {
        let mut clusters = lock(&self.clusters);
        let mock = clusters.get_mut(cluster)?;
        let rule = mock.rules.http.iter().find(|rule| rule.when.holds(&call));
        let behaviour = rule.map(|rule| rule.behaviour.clone());
        mock.calls.push(call);
        behaviour
    }

    /// Changes what a cluster answers.
    pub(crate) fn change(&self, cluster: &str, change: impl FnOnce(&mut Rules)) {
        change(&mut lock(&self.clusters).entry(cluster.to_owned()).or_default().rules);
    }

    /// The rules for a gRPC callout; which of them answers depends on its messages.
    pub(crate) fn grpc_rules(&self, cluster: &str, call: &Received) -> Vec<GrpcRule> {
        let clusters = lock(&self.clusters);
        let rules = clusters.get(cluster).into_iter().flat_map(|mock| &mock.rules.grpc);
        rules.filter(|rule| rule.when.is_for(call)).cloned().collect()
    }

    /// Takes a gRPC callout down; returns which of the cluster's calls it is.
    pub(crate) fn add(&self, cluster: &str, call: Received) -> usize {
        let mut clusters = lock(&self.clusters);
        let calls = &mut clusters.entry(cluster.to_owned()).or_default().calls;
        calls.push(call);
        calls.len() - 1
    }

    /// Takes down what more has become of a callout; returns it as it is now.
    pub(crate) fn update(
        &self,
        cluster: &str,
        call: usize,
        update: impl FnOnce(&mut Received),
    ) -> Option<Received> {
        let mut clusters = lock(&self.clusters);
        let call = clusters.get_mut(cluster)?.calls.get_mut(call)?;
        update(call);
        Some(call.clone())
    }

    /// Callouts to a cluster since the beginning.
    pub(crate) fn calls(&self, cluster: &str) -> Vec<Received> {
        lock(&self.clusters).get(cluster).map(|mock| mock.calls.clone()).unwrap_or_default()
    }

    /// Number of callouts so far, by cluster.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        lock(&self.clusters).iter().map(|(name, mock)| (name.clone(), mock.calls.len())).collect()
    }

    /// The clusters that have been called though nobody has mocked them; then forgets them.
    pub(crate) fn take_unknown(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.unknown))
    }

    /// All names.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.clusters).keys().cloned().collect()
    }
}

impl Clusters for Common<Mocks> {
    fn knows(&self, name: &str) -> bool {
        self.0.knows(name)
    }
}

impl Mocks {
    fn knows(&self, name: &str) -> bool {
        let clusters = lock(&self.clusters);
        let Some(mock) = clusters.get(name) else {
            self.journal.note(format!("  callout to the unknown cluster `{name}`"));
            lock(&self.unknown).push(name.to_owned());
            return false;
        };
        let gone = |rule: &Rule| matches!(rule.behaviour.answer, Answer::Fail(Fault::NoCluster));
        let known = !mock.rules.http.first().is_some_and(gone);
        if !known {
            self.journal.note(format!("  callout to `{name}`, which the proxy shall not know"));
        }
        known
    }
}
